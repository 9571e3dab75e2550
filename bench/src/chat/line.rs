//! One WebSocket connection to the server, as thin as it can be.

use std::io::{self, Read as _, Write as _};
use std::net::SocketAddr;

use mio::net::TcpStream;

use super::crowd::Listener;
use super::frame;
use crate::answer::split_after;
use crate::clock;
use crate::error::{Error, Result};

/// The key that every upgrade asks with: the one in RFC 6455, section 1.3.
pub(crate) const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
/// What a server must answer to [`KEY`], as the same section computes it.
pub(crate) const ACCEPT: &str = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";
/// The longest head of an answer to the upgrade, in bytes.
const MAX_HEAD: usize = 16 * 1024;

/// A connection.
pub(crate) struct Line {
    pub(super) socket: TcpStream,
    /// The beginning of a frame whose end has not come yet.
    carry: Vec<u8>,
    unsent: Vec<u8>,
    is_upgraded: bool,
    pub(super) is_lost: bool,
}

impl Line {
    /// Connects and asks for an upgrade of the given path.
    pub(super) fn open(target: SocketAddr, path: &str) -> Result<Self> {
        let socket = TcpStream::connect(target).map_err(Error::io(format!("connecting to {target}")))?;
        socket.set_nodelay(true).map_err(Error::io("setting TCP_NODELAY"))?;
        let head = format!(
            "GET {path} HTTP/1.1\r\nHost: {target}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {KEY}\r\n\r\n"
        );
        Ok(Self { socket, carry: Vec::new(), unsent: head.into_bytes(), is_upgraded: false, is_lost: false })
    }

    /// Writes frames, now or as soon as there is room. A failure shows when the line is read next.
    pub(crate) fn send(&mut self, bytes: &[u8]) {
        let written = if self.unsent.is_empty() { self.socket.write(bytes).unwrap_or(0) } else { 0 };
        self.unsent.extend_from_slice(bytes.get(written..).unwrap_or_default());
    }

    fn flush(&mut self) -> io::Result<()> {
        while !self.unsent.is_empty() {
            match self.socket.write(&self.unsent) {
                Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::NotConnected) => {
                    return Ok(());
                }
                written => drop(self.unsent.drain(..written?)),
            }
        }
        self.unsent = Vec::new();
        Ok(())
    }

    /// Goes on writing, then reads until nothing is left and hands on every frame.
    pub(super) fn serve(
        &mut self,
        place: usize,
        buffer: &mut [u8],
        listener: &mut impl Listener,
    ) -> std::result::Result<(), String> {
        self.flush().map_err(|error| error.to_string())?;
        loop {
            let begun = self.carry.len();
            let Some(free) = buffer.get_mut(begun..).filter(|free| !free.is_empty()) else {
                return Err("a frame is longer than the buffer".to_owned());
            };
            let count = match self.socket.read(free) {
                Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::NotConnected) => {
                    return Ok(());
                }
                read => read.map_err(|error| error.to_string())?,
            };
            if count == 0 {
                return Err("the server hung up".to_owned());
            }
            let was_full = begun + count == buffer.len();
            if let Some(front) = buffer.get_mut(..begun) {
                front.copy_from_slice(&self.carry);
            }
            self.take(place, buffer.get(..begun + count).unwrap_or_default(), listener)?;
            if !was_full {
                return Ok(());
            }
        }
    }

    fn take(&mut self, place: usize, bytes: &[u8], listener: &mut impl Listener) -> std::result::Result<(), String> {
        let now = clock::now();
        let mut rest = bytes;
        if !self.is_upgraded {
            let Some(after) = upgraded(bytes)? else {
                self.keep(bytes);
                return Ok(());
            };
            (rest, self.is_upgraded) = (after, true);
            listener.opened(place, self);
        }
        while let Some((frame, after)) = frame::split(rest, false)? {
            rest = after;
            match frame.opcode {
                // A ping of Engine.IO; on a channel nothing is as short as that.
                frame::TEXT if frame.payload == b"2" => self.send(&frame::text("3")),
                frame::TEXT => listener.frame(place, frame.payload, now),
                frame::PING => self.send(&frame::client(frame::PONG, frame.payload)),
                frame::PONG => {}
                frame::CLOSE => return Err(format!("the server closed the connection{}", closing(frame.payload))),
                other => return Err(format!("a frame of kind {other}")),
            }
        }
        self.keep(rest);
        listener.after(place, self, now);
        Ok(())
    }

    fn keep(&mut self, rest: &[u8]) {
        self.carry.clear();
        self.carry.extend_from_slice(rest);
    }
}

/// What follows the answer to the upgrade, if it is there whole.
fn upgraded(bytes: &[u8]) -> std::result::Result<Option<&[u8]>, String> {
    let Some((head, rest)) = split_after(bytes, b"\r\n\r\n") else {
        return if bytes.len() > MAX_HEAD { Err("the head of the answer is too long".to_owned()) } else { Ok(None) };
    };
    let text = String::from_utf8_lossy(head);
    let begins_well = text.starts_with("HTTP/1.1 101 ");
    if begins_well && text.contains(ACCEPT) {
        return Ok(Some(rest));
    }
    Err(format!("the upgrade was refused: {}", text.lines().next().unwrap_or_default()))
}

/// The code and words of a close frame, if it has any.
fn closing(payload: &[u8]) -> String {
    let Some((code, words)) = payload.split_first_chunk() else { return String::new() };
    format!(": {} {}", u16::from_be_bytes(*code), String::from_utf8_lossy(words))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_answer_to_the_upgrade_is_checked() {
        let good = format!("HTTP/1.1 101 Switching Protocols\r\nSec-WebSocket-Accept: {ACCEPT}\r\n\r\nframes");
        assert_eq!(upgraded(good.as_bytes()), Ok(Some(&b"frames"[..])));
        assert_eq!(upgraded(&good.as_bytes()[..40]), Ok(None));
        assert_eq!(
            upgraded(b"HTTP/1.1 429 Slow\r\n\r\n"),
            Err("the upgrade was refused: HTTP/1.1 429 Slow".to_owned())
        );
        assert!(upgraded(&vec![b' '; MAX_HEAD + 1]).is_err());
    }

    #[test]
    fn closing_frames_are_put_into_words() {
        assert_eq!(closing(&[0x03, 0xf1, b'n', b'o']), ": 1009 no");
        assert_eq!(closing(&[]), "");
    }
}
