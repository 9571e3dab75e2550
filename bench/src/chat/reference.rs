//! A server that only passes messages on: no check, no store, one room and one channel for everybody. It speaks just enough of both
//! protocols for this generator, to show what the generator can do at most.

use std::collections::HashMap;
use std::io::{self, IoSlice, Read as _, Write as _};
use std::net::SocketAddr;
use std::time::Duration;

use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Token};

use super::frame;
use super::line::ACCEPT;
use super::wallet::find;
use crate::answer::split_after;
use crate::error::{Error, Result};

/// The listener's token; connections have the numbers below.
const LISTENER: Token = Token(usize::MAX);
/// How many bytes are read at once.
const BUFFER: usize = 512 * 1024;
/// So many bytes may wait for a guest; beyond that it is passed over, whole messages at a time.
const MAX_UNSENT: usize = 64 * 1024 * 1024;
/// So many messages that nobody listened to are kept to be pulled.
const MAX_KEPT: usize = 20_000;
/// How many pieces are written at once.
const PIECES: usize = 64;
/// The base fields of every reply in a room.
const BASE: &str =
    r#""serverId":"00000000-0000-4000-8000-000000000000","version":"1.0","timestamp":1700000000000,"status":200"#;
/// A message is longer than this, and everything else that a room is told is shorter, in bytes.
const SHORTEST: usize = 500;
/// How many messages a page has.
const PAGE: usize = 100;

/// The server.
pub(crate) struct Reference {
    listener: TcpListener,
    poll: Poll,
    /// By token; places of those who left stay empty.
    guests: Vec<Option<Guest>>,
    history: History,
}

/// The messages of the room to which nobody listened last, to be pulled.
#[derive(Default)]
struct History {
    room: Vec<u8>,
    kept: Vec<Vec<u8>>,
    /// The lists of pages that were asked for.
    pages: HashMap<usize, Vec<u8>>,
}

/// A connection.
struct Guest {
    socket: TcpStream,
    carry: Vec<u8>,
    unsent: Vec<u8>,
    is_upgraded: bool,
    is_room: bool,
    listens: bool,
}

/// What one guest said in one turn of the loop, as frames for the others.
struct Said {
    by: usize,
    is_room: bool,
    frames: Vec<u8>,
}

impl Reference {
    /// Listens there.
    pub(crate) fn bind(address: SocketAddr) -> Result<Self> {
        let mut listener = TcpListener::bind(address).map_err(Error::io("listening"))?;
        let poll = Poll::new().map_err(Error::io("epoll"))?;
        poll.registry().register(&mut listener, LISTENER, Interest::READABLE).map_err(Error::io("epoll"))?;
        Ok(Self { listener, poll, guests: Vec::new(), history: History::default() })
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
            let mut said = Vec::new();
            for event in &events {
                match event.token() {
                    LISTENER => self.welcome(),
                    Token(place) => said.extend(self.attend(place, &mut buffer)),
                }
            }
            self.pass_on(&said);
        }
        Ok(())
    }

    fn welcome(&mut self) {
        while let Ok((mut socket, _)) = self.listener.accept() {
            let interest = Interest::READABLE | Interest::WRITABLE;
            let token = Token(self.guests.len());
            let is_ready = socket.set_nodelay(true).is_ok();
            if is_ready && self.poll.registry().register(&mut socket, token, interest).is_ok() {
                self.guests.push(Some(Guest::new(socket)));
            }
        }
    }

    /// Reads what a guest says and answers it.
    fn attend(&mut self, place: usize, buffer: &mut [u8]) -> Option<Said> {
        let mut said = Said { by: place, is_room: false, frames: Vec::new() };
        loop {
            let guest = self.guests.get_mut(place)?.as_mut()?;
            let read = guest.read(buffer);
            // A short read was the last: going on would let one fast guest starve the others.
            let goes_on = matches!(read, Ok(Some(filled)) if filled == buffer.len());
            let handled = read.and_then(|filled| {
                self.handle(place, buffer.get(..filled.unwrap_or_default()).unwrap_or_default(), &mut said.frames)
            });
            if handled.is_err() {
                *self.guests.get_mut(place)? = None;
                return None;
            }
            if !goes_on {
                said.is_room = self.guests.get(place)?.as_ref()?.is_room;
                return Some(said).filter(|said| !said.frames.is_empty());
            }
        }
    }

    fn handle(&mut self, place: usize, bytes: &[u8], said: &mut Vec<u8>) -> io::Result<()> {
        if bytes.is_empty() {
            return Ok(());
        }
        let is_watched = self.guests.iter().flatten().any(|guest| guest.listens);
        let Some(Some(guest)) = self.guests.get_mut(place) else { return Ok(()) };
        let mut rest = bytes;
        let mut answer = Vec::new();
        if !guest.is_upgraded {
            let Some((head, after)) = split_after(bytes, b"\r\n\r\n") else {
                guest.carry = bytes.to_vec();
                return Ok(());
            };
            (guest.is_upgraded, guest.is_room) = (true, head.starts_with(b"GET /socket.io/"));
            rest = after;
            answer.extend(upgrade(guest.is_room));
        }
        while let Some((frame, after)) = frame::split(rest, true).map_err(|_| io::ErrorKind::InvalidData)? {
            rest = after;
            let text = frame.payload;
            if guest.is_room
                && let Some(page) = asked_page(text)
            {
                answer.extend(self.history.page(page, text));
                continue;
            }
            let reply = if guest.is_room { room(text, said) } else { channel(text, said) };
            guest.listens |= find(text.get(..24).unwrap_or_default(), b"join\"").is_some();
            if !is_watched && guest.is_room && text.len() > SHORTEST {
                self.history.keep(text);
            }
            answer.extend(reply);
        }
        guest.carry = rest.to_vec();
        guest.send(&[IoSlice::new(&answer)])
    }

    /// Hands on what was said, to all but those who said it.
    fn pass_on(&mut self, said: &[Said]) {
        if said.is_empty() {
            return;
        }
        for (place, slot) in self.guests.iter_mut().enumerate() {
            let Some(guest) = slot.as_mut().filter(|guest| guest.listens) else { continue };
            let of_others = said.iter().filter(|said| said.by != place && said.is_room == guest.is_room);
            let slices: Vec<IoSlice<'_>> = of_others.map(|said| IoSlice::new(&said.frames)).collect();
            if slices.chunks(PIECES).any(|slices| guest.send(slices).is_err()) {
                *slot = None;
            }
        }
    }
}

impl Guest {
    fn new(socket: TcpStream) -> Self {
        let (carry, unsent) = (Vec::new(), Vec::new());
        Self { socket, carry, unsent, is_upgraded: false, is_room: false, listens: false }
    }

    /// Writes what waits, then reads behind what is left of the last read. None if there is nothing.
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<Option<usize>> {
        while !self.unsent.is_empty() {
            match self.socket.write(&self.unsent) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                written => drop(self.unsent.drain(..written?)),
            }
        }
        let begun = self.carry.len();
        let (front, free) = buffer.split_at_mut_checked(begun).ok_or(io::ErrorKind::InvalidData)?;
        front.copy_from_slice(&self.carry);
        match self.socket.read(free) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(None),
            Ok(0) => Err(io::ErrorKind::UnexpectedEof.into()),
            read => Ok(Some(begun + read?)),
        }
    }

    fn send(&mut self, slices: &[IoSlice<'_>]) -> io::Result<()> {
        let length: usize = slices.iter().map(|slice| slice.len()).sum();
        if length == 0 || self.unsent.len() > MAX_UNSENT {
            return Ok(());
        }
        let mut written = 0;
        if self.unsent.is_empty() {
            written = match self.socket.write_vectored(slices) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => 0,
                written => written?,
            };
        }
        for slice in slices {
            let skipped = written.min(slice.len());
            self.unsent.extend_from_slice(slice.get(skipped..).unwrap_or_default());
            written -= skipped;
        }
        Ok(())
    }
}

fn server_frame(payload: &[u8]) -> Vec<u8> {
    [&frame::head(frame::TEXT, payload.len(), false), payload].concat()
}

fn upgrade(is_room: bool) -> Vec<u8> {
    let head = format!(
        "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: {ACCEPT}\r\n\r\n"
    );
    let open = br#"0{"sid":"a","upgrades":[],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}"#;
    [head.into_bytes(), if is_room { server_frame(open) } else { Vec::new() }].concat()
}

/// Answers in a room, and adds what others get.
fn room(text: &[u8], said: &mut Vec<u8>) -> Vec<u8> {
    if text == b"40" {
        return server_frame(br#"40{"sid":"b"}"#);
    }
    let Some(from) = text.iter().position(|byte| *byte == b'[') else { return Vec::new() };
    let (Some(id), Some(event)) = (text.get(2..from), text.get(from..)) else { return Vec::new() };
    if event.starts_with(b"[\"chat-message\"") {
        said.extend(frame::head(frame::TEXT, 2 + event.len(), false));
        said.extend_from_slice(b"42");
        said.extend_from_slice(event);
    }
    server_frame(&[b"43", id, b"[{", BASE.as_bytes(), br#","success":true}]"#].concat())
}

/// Answers in a channel, and adds what others get.
fn channel(text: &[u8], said: &mut Vec<u8>) -> Vec<u8> {
    if text.starts_with(br#"{"type":"connect""#) {
        return server_frame(br#"{"type":"verify","msg":"a1b2c3d4e5f6-4a7b-8c9d-0e1f2a3b4"}"#);
    }
    if text.starts_with(br#"{"type":"msg""#) {
        said.extend(server_frame(text));
        return server_frame(br#"{"type":"success","msg":"MESSAGE SENT"}"#);
    }
    server_frame(br#"{"type":"success","msg":"Connected"}"#)
}

/// The number of the page that is asked for, from 1.
fn asked_page(text: &[u8]) -> Option<usize> {
    if !text.starts_with(b"42") || text.len() > 400 {
        return None;
    }
    let key = b"\"pageNo\":";
    let digits = text.get(find(text, key)? + key.len()..)?;
    let end = digits.iter().position(|byte| !byte.is_ascii_digit())?;
    std::str::from_utf8(digits.get(..end)?).ok()?.parse().ok()
}

impl History {
    /// Keeps a `chat-message`.
    fn keep(&mut self, text: &[u8]) {
        let data = text.get(b"4210000000[\"chat-message\",".len()..text.len() - 1).unwrap_or_default();
        let room = find(data, b"\"roomId\":").and_then(|at| data.get(at..at + 55)).unwrap_or_default();
        if room != self.room.as_slice() {
            *self = Self { room: room.to_vec(), ..Self::default() };
        }
        if self.kept.len() < MAX_KEPT {
            self.kept.push(data.to_vec());
        }
    }

    /// Answers a request for a page.
    fn page(&mut self, page: usize, text: &[u8]) -> Vec<u8> {
        let list = self.pages.entry(page).or_insert_with(|| {
            let on_it = self.kept.iter().skip((page.max(1) - 1) * PAGE).take(PAGE);
            let items: Vec<Vec<u8>> = on_it
                .map(|data| [br#"{"channel":"x","timestamp":1700000000000,"data":"#, data.as_slice(), b"}"].concat())
                .collect();
            items.join(&b","[..])
        });
        let id = text.get(2..10).unwrap_or_default();
        let (before, after) = (format!(r#"[{{{BASE},"total":{PAGE},"pageKey":0,"list":["#), b"]}]");
        let head = frame::head(frame::TEXT, 2 + id.len() + before.len() + list.len() + after.len(), false);
        [head.as_slice(), b"43", id, before.as_bytes(), list, after].concat()
    }
}
