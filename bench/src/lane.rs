//! One connection that sends a request, reads the answer, and so on.

use std::io::{self, IoSlice, Read as _, Write as _};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use mio::net::TcpStream;

use crate::answer::Answer;
use crate::error::{Error, Result};
use crate::script::Script;
use crate::sign::Nonces;

/// How long opening a connection may take.
pub(crate) const CONNECT_TIME: Duration = Duration::from_secs(5);
/// How much of each answer is kept for complaints, in bytes.
const KEPT: usize = 200;

/// How far the current request has come.
pub(crate) enum Progress {
    /// The socket has to become ready first.
    Waiting,
    /// The answer is there.
    Answered,
    /// The connection is of no use any more, for this reason.
    Lost(String),
}

/// One connection and its current request.
pub(crate) struct Lane {
    /// The socket, to be registered for events.
    pub(crate) socket: TcpStream,
    /// The answer that is being read.
    pub(crate) answer: Answer,
    /// When the current request began; none if there is none.
    pub(crate) begun: Option<Instant>,
    nonces: Nonces,
    /// The request without the script's tail.
    head: Vec<u8>,
    written: usize,
    is_written: bool,
}

impl Lane {
    /// Connects, waiting for it.
    pub(crate) fn open(target: SocketAddr) -> Result<Self> {
        let socket =
            std::net::TcpStream::connect_timeout(&target, CONNECT_TIME).map_err(Error::io(format!("{target}")))?;
        socket.set_nodelay(true).map_err(Error::io("no delay"))?;
        socket.set_nonblocking(true).map_err(Error::io("not blocking"))?;
        let answer = Answer::keeping(KEPT);
        let socket = TcpStream::from_std(socket);
        let (nonces, head) = (Nonces::new()?, Vec::new());
        Ok(Self { socket, answer, begun: None, nonces, head, written: 0, is_written: true })
    }

    /// Begins to send the request with this number.
    pub(crate) fn begin(&mut self, script: &Script, request: usize, now: Instant) -> Progress {
        self.answer.reset();
        (self.begun, self.written, self.is_written) = (Some(now), 0, false);
        match script.write(request, &mut self.nonces, &mut self.head) {
            Ok(()) => self.write(script),
            Err(error) => Progress::Lost(error.to_string()),
        }
    }

    /// Goes on after the socket became ready.
    pub(crate) fn go_on(&mut self, script: &Script, can_read: bool, buffer: &mut [u8]) -> Progress {
        // A server may answer, and hang up, before it has read everything: look for an answer even if writing fails.
        let written = if self.is_written { Progress::Waiting } else { self.write(script) };
        match (written, can_read) {
            (Progress::Lost(reason), true) => match self.read(buffer) {
                Progress::Answered => Progress::Answered,
                _ => Progress::Lost(reason),
            },
            (Progress::Waiting, true) => self.read(buffer),
            (written, _) => written,
        }
    }

    /// Whether another request can be sent after the current answer.
    pub(crate) fn can_go_on(&self) -> bool {
        self.is_written && !self.answer.closes()
    }

    fn write(&mut self, script: &Script) -> Progress {
        loop {
            let [head, tail] = rest(&self.head, script.tail(), self.written);
            let left = head.len() + tail.len();
            if left == 0 {
                self.is_written = true;
                return Progress::Waiting;
            }
            let result = match (head, tail) {
                (head, []) => self.socket.write(head),
                ([], tail) => self.socket.write(tail),
                (head, tail) => self.socket.write_vectored(&[IoSlice::new(head), IoSlice::new(tail)]),
            };
            match result {
                Ok(0) => return Progress::Lost("the connection takes nothing more".to_owned()),
                Ok(count) => self.written += count,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Progress::Waiting,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Progress::Lost(format!("writing: {error}")),
            }
        }
    }

    fn read(&mut self, buffer: &mut [u8]) -> Progress {
        loop {
            let count = match self.socket.read(buffer) {
                Ok(0) if self.begun.is_some() && !self.answer.is_untouched() => {
                    return Progress::Lost("the connection was closed within an answer".to_owned());
                }
                Ok(0) => return Progress::Lost("the connection was closed".to_owned()),
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Progress::Waiting,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Progress::Lost(format!("reading: {error}")),
            };
            match self.answer.feed(buffer.get(..count).unwrap_or_default()) {
                Ok(true) => return Progress::Answered,
                // Less than asked for means that the socket is empty; the next event tells of more (see epoll(7)).
                Ok(false) if count < buffer.len() => return Progress::Waiting,
                Ok(false) => {}
                Err(error) => return Progress::Lost(error.to_string()),
            }
        }
    }
}

/// What is left of two pieces after so many bytes.
fn rest<'bytes>(head: &'bytes [u8], tail: &'bytes [u8], written: usize) -> [&'bytes [u8]; 2] {
    let of_tail = written.saturating_sub(head.len());
    [head.get(written..).unwrap_or_default(), tail.get(of_tail..).unwrap_or_default()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splits_where_writing_stopped() {
        let table: [(usize, [&[u8]; 2]); 5] =
            [(0, [b"abc", b"de"]), (2, [b"c", b"de"]), (3, [b"", b"de"]), (4, [b"", b"e"]), (5, [b"", b""])];
        for (written, left) in table {
            assert_eq!(rest(b"abc", b"de", written), left, "after {written}");
        }
    }
}
