//! One connection that posts, kept open: a request, its answer, the next.

use std::io::{self, Read as _, Write as _};
use std::net::SocketAddr;
use std::time::Instant;

use mio::net::TcpStream;

use crate::answer::Answer;
use crate::error::{Error, Result};
use crate::lane::CONNECT_TIME;

/// What is under way on a connection.
#[derive(Clone, Copy)]
pub(super) struct UnderWay {
    /// The number of the request.
    pub(super) index: usize,
    /// When it was to be sent.
    pub(super) planned: Instant,
    written: usize,
}

/// A connection.
pub(super) struct Post {
    /// To be watched.
    pub(super) socket: TcpStream,
    /// The answer that is being read.
    pub(super) answer: Answer,
    /// What was asked last, until its answer was taken.
    pub(super) under_way: Option<UnderWay>,
}

impl Post {
    /// Connects, waiting for it. Keeps so many bytes of answers.
    pub(super) fn open(target: SocketAddr, keep: usize) -> Result<Self> {
        let socket =
            std::net::TcpStream::connect_timeout(&target, CONNECT_TIME).map_err(Error::io(format!("{target}")))?;
        socket.set_nodelay(true).map_err(Error::io("no delay"))?;
        socket.set_nonblocking(true).map_err(Error::io("not blocking"))?;
        Ok(Self { socket: TcpStream::from_std(socket), answer: Answer::keeping(keep), under_way: None })
    }

    /// Begins a request.
    pub(super) fn begin(&mut self, index: usize, planned: Instant, request: &[u8]) -> std::result::Result<(), String> {
        self.answer.reset();
        self.under_way = Some(UnderWay { index, planned, written: 0 });
        self.write(request)
    }

    fn write(&mut self, request: &[u8]) -> std::result::Result<(), String> {
        let Some(under_way) = &mut self.under_way else { return Ok(()) };
        while let Some(rest) = request.get(under_way.written..).filter(|rest| !rest.is_empty()) {
            match self.socket.write(rest) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                written => under_way.written += written.map_err(|error| format!("writing: {error}"))?,
            }
        }
        Ok(())
    }

    /// Goes on after something happened. The request whose answer is there whole.
    pub(super) fn go_on(&mut self, request: &[u8], buffer: &mut [u8]) -> std::result::Result<Option<UnderWay>, String> {
        self.write(request)?;
        loop {
            let count = match self.socket.read(buffer) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(None),
                Ok(0) => return Err("the server hung up".to_owned()),
                read => read.map_err(|error| format!("reading: {error}"))?,
            };
            let bytes = buffer.get(..count).unwrap_or_default();
            if self.answer.feed(bytes).map_err(|error| error.to_string())? {
                return Ok(self.under_way.take());
            }
            if count < buffer.len() {
                return Ok(None);
            }
        }
    }
}
