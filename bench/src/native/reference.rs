//! A node that checks and stores nothing: it says yes to whatever is posted, and passes entries on to who follows the group. What
//! generator and kernel can do at most.

use std::collections::HashMap;
use std::io::{self, Read as _, Write as _};
use std::net::SocketAddr;
use std::time::Duration;

use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Token};

use super::key::b64;
use crate::answer::split_after;
use crate::chat::frame;
use crate::chat::line::ACCEPT;
use crate::chat::wallet::find;
use crate::error::{Error, Result};

/// The listener's token; connections have the numbers below.
const LISTENER: Token = Token(usize::MAX);
/// How many bytes are read at once.
const BUFFER: usize = 64 * 1024;
/// The longest request, in bytes; a connection with a longer one is ended.
const MAX_REQUEST: usize = 512 * 1024;
/// So many bytes may wait for a guest; one that does not read is ended.
const MAX_UNSENT: usize = 64 * 1024 * 1024;

/// The server.
pub(crate) struct Reference {
    listener: TcpListener,
    poll: Poll,
    /// By token; places of those who left stay empty.
    guests: Vec<Option<Guest>>,
    groups: HashMap<Vec<u8>, Room>,
}

/// Who follows a group, and how many entries it had.
#[derive(Default)]
struct Room {
    followers: Vec<usize>,
    end: u64,
}

/// A connection.
struct Guest {
    socket: TcpStream,
    carry: Vec<u8>,
    unsent: Vec<u8>,
    is_live: bool,
}

/// One whole thing that a guest said.
enum Said {
    /// A request: its first line and its body.
    Request(Vec<u8>, Vec<u8>),
    /// A text on a live connection.
    Text(Vec<u8>),
}

impl Reference {
    /// Listens there.
    pub(crate) fn bind(address: SocketAddr) -> Result<Self> {
        let mut listener = TcpListener::bind(address).map_err(Error::io("listening"))?;
        let poll = Poll::new().map_err(Error::io("epoll"))?;
        poll.registry().register(&mut listener, LISTENER, Interest::READABLE).map_err(Error::io("epoll"))?;
        Ok(Self { listener, poll, guests: Vec::new(), groups: HashMap::new() })
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> Result<SocketAddr> {
        self.listener.local_addr().map_err(Error::io("listening"))
    }

    /// Serves as long as `goes_on` says so; it is asked after everything that happens and ten times a second.
    pub(crate) fn serve(&mut self, goes_on: impl Fn() -> bool) -> Result<()> {
        let (mut events, mut buffer) = (Events::with_capacity(256), vec![0; BUFFER]);
        while goes_on() {
            match self.poll.poll(&mut events, Some(Duration::from_millis(100))) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                polled => polled.map_err(Error::io("epoll"))?,
            }
            for event in &events {
                match event.token() {
                    LISTENER => self.welcome(),
                    Token(place) => self.attend(place, &mut buffer),
                }
            }
        }
        Ok(())
    }

    fn welcome(&mut self) {
        while let Ok((mut socket, _)) = self.listener.accept() {
            let interest = Interest::READABLE | Interest::WRITABLE;
            let token = Token(self.guests.len());
            let is_ready = socket.set_nodelay(true).is_ok();
            if is_ready && self.poll.registry().register(&mut socket, token, interest).is_ok() {
                let (carry, unsent) = (Vec::new(), Vec::new());
                self.guests.push(Some(Guest { socket, carry, unsent, is_live: false }));
            }
        }
    }

    /// Reads what a guest says and does it.
    fn attend(&mut self, place: usize, buffer: &mut [u8]) {
        loop {
            let Some(guest) = self.guests.get_mut(place).and_then(Option::as_mut) else { return };
            let read = guest.read(buffer);
            let said = match read {
                Ok(Some(_)) => guest.said(),
                Ok(None) => return,
                Err(_) => Err("gone"),
            };
            let Ok(said) = said else {
                return self.guests.get_mut(place).map_or((), |slot| *slot = None);
            };
            said.into_iter().for_each(|said| self.answer(place, &said));
        }
    }

    fn answer(&mut self, place: usize, said: &Said) {
        match said {
            Said::Request(line, _) if line.starts_with(b"GET /v1/live ") => {
                let hello =
                    format!(r#"{{"hello":{{"challenge":"{}","incarnation":1,"heartbeat":45}}}}"#, b64(&[1; 32]));
                let head = format!(
                    "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
                     Sec-WebSocket-Accept: {ACCEPT}\r\n\r\n"
                );
                self.send(place, &[head.into_bytes(), server_text(hello.as_bytes())].concat());
            }
            Said::Request(line, body) => {
                let number = entries_group(line).map_or(0, |group| self.pass_on(group, body));
                let body = format!(r#"{{"number":{number},"at":1700000000000}}"#);
                let answer = format!("HTTP/1.1 201 Created\r\nContent-Length: {}\r\n\r\n{body}", body.len());
                self.send(place, answer.as_bytes());
            }
            Said::Text(text) => {
                let group = value(text, b"\"group\":\"", 22);
                if let Some(group) = group {
                    self.groups.entry(group.to_vec()).or_default().followers.push(place);
                }
                self.send(place, &server_text(br#"{"following":{"inbox":true,"end":0}}"#));
            }
        }
    }

    /// Sends an entry to who follows the group. Its number.
    fn pass_on(&mut self, group: &[u8], body: &[u8]) -> u64 {
        let room = self.groups.entry(group.to_vec()).or_default();
        room.end += 1;
        let (number, followers) = (room.end, room.followers.clone());
        let text = br#""body":""#;
        let sealed = find(body, text).and_then(|at| body.get(at + text.len()..)).unwrap_or_default();
        let sealed = sealed.split(|byte| *byte == b'"').next().unwrap_or_default();
        let fields = format!(
            r#"","entries":[{{"number":{number},"id":"AAAAAAAAAAAAAAAAAAAAAA","kind":"message","turn":0,"at":1700000000000,"#
        );
        let before = [br#"{"entries":{"group":""#, group, fields.as_bytes(), text].concat();
        let frame = server_text(&[before.as_slice(), sealed, br#""}]}}"#].concat());
        followers.into_iter().for_each(|place| self.send(place, &frame));
        number
    }

    fn send(&mut self, place: usize, bytes: &[u8]) {
        let Some(slot) = self.guests.get_mut(place) else { return };
        if slot.as_mut().is_some_and(|guest| guest.send(bytes).is_err()) {
            *slot = None;
        }
    }
}

impl Guest {
    /// Writes what waits, then reads. None if there is nothing.
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<Option<()>> {
        while !self.unsent.is_empty() {
            match self.socket.write(&self.unsent) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                written => drop(self.unsent.drain(..written?)),
            }
        }
        match self.socket.read(buffer) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(None),
            Ok(0) => Err(io::ErrorKind::UnexpectedEof.into()),
            read => {
                self.carry.extend_from_slice(buffer.get(..read?).unwrap_or_default());
                Ok(Some(()))
            }
        }
    }

    /// What has come whole.
    fn said(&mut self) -> std::result::Result<Vec<Said>, &'static str> {
        let mut all = Vec::new();
        let carry = std::mem::take(&mut self.carry);
        let mut rest = carry.as_slice();
        loop {
            if self.is_live {
                let Some((frame, after)) = frame::split(rest, true)? else { break };
                if frame.opcode == frame::TEXT {
                    all.push(Said::Text(frame.payload.to_vec()));
                }
                rest = after;
                continue;
            }
            let Some((line, body, after)) = request(rest) else { break };
            self.is_live = line.starts_with(b"GET /v1/live ");
            all.push(Said::Request(line.to_vec(), body.to_vec()));
            rest = after;
        }
        self.carry = rest.to_vec();
        if self.carry.len() > MAX_REQUEST { Err("too long") } else { Ok(all) }
    }

    fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        let mut written = 0;
        if self.unsent.is_empty() {
            written = match self.socket.write(bytes) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => 0,
                written => written?,
            };
        }
        self.unsent.extend_from_slice(bytes.get(written..).unwrap_or_default());
        if self.unsent.len() > MAX_UNSENT { Err(io::ErrorKind::OutOfMemory.into()) } else { Ok(()) }
    }
}

fn server_text(payload: &[u8]) -> Vec<u8> {
    [&frame::head(frame::TEXT, payload.len(), false), payload].concat()
}

/// The first request of the bytes: its line, its body, and what follows; none if it is not there whole.
fn request(bytes: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let (head, rest) = split_after(bytes, b"\r\n\r\n")?;
    let line = head.split(|byte| *byte == b'\r').next()?;
    let name = b"\r\nContent-Length: ";
    let length = find(head, name).and_then(|at| {
        let digits = head.get(at + name.len()..)?.split(|byte| *byte == b'\r').next()?;
        std::str::from_utf8(digits).ok()?.parse::<usize>().ok()
    });
    let (body, rest) = rest.split_at_checked(length.unwrap_or(0))?;
    Some((line, body, rest))
}

/// The group that a request line appends to.
fn entries_group(line: &[u8]) -> Option<&[u8]> {
    let (group, rest) = line.strip_prefix(b"POST /v1/groups/")?.split_at_checked(22)?;
    rest.starts_with(b"/entries ").then_some(group)
}

/// So many bytes behind a name.
fn value<'bytes>(bytes: &'bytes [u8], name: &[u8], length: usize) -> Option<&'bytes [u8]> {
    bytes.get(find(bytes, name)? + name.len()..)?.get(..length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_taken_whole() {
        let bytes = b"POST /v1/groups/AwMDAwMDAwMDAwMDAwMDAw/entries HTTP/1.1\r\nContent-Length: 2\r\n\r\nhiGET";
        let (line, body, rest) = request(bytes).unwrap();
        assert_eq!((entries_group(line), body, rest), (Some(&b"AwMDAwMDAwMDAwMDAwMDAw"[..]), &b"hi"[..], &b"GET"[..]));
        assert!((0..bytes.len() - 3).all(|cut| request(&bytes[..cut]).is_none()));
        assert_eq!(entries_group(b"POST /v1/accounts HTTP/1.1"), None);
    }
}
