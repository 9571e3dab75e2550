//! A server that only reads requests to their end and answers each with the same bytes: what the generator can do at most.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;

use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Token, Waker};

use crate::answer::split_after;
use crate::error::{Error, Result};

/// The listener's token; connections have the numbers below.
const LISTENER: Token = Token(usize::MAX);
/// The token that wakes the server to end it.
const END: Token = Token(usize::MAX - 1);
/// How many bytes are read at once.
const READ_SIZE: usize = 256 * 1024;
/// How many connections it takes in all; further ones are hung up.
const MAX_CONNECTIONS: usize = 10_000;

/// A running server; dropping it ends it.
pub(crate) struct Trivial {
    address: SocketAddr,
    ending: Arc<AtomicBool>,
    served: Arc<AtomicU64>,
    waker: Waker,
    thread: Option<JoinHandle<()>>,
}

impl Trivial {
    /// Starts a server on a free port of the loopback interface that answers everything with these bytes.
    pub(crate) fn start(answer: Vec<u8>) -> Result<Self> {
        let mut listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0).into()).map_err(Error::io("listening"))?;
        let address = listener.local_addr().map_err(Error::io("listening"))?;
        let poll = Poll::new().map_err(Error::io("epoll"))?;
        poll.registry().register(&mut listener, LISTENER, Interest::READABLE).map_err(Error::io("epoll"))?;
        let waker = Waker::new(poll.registry(), END).map_err(Error::io("epoll"))?;
        let ending = Arc::new(AtomicBool::new(false));
        let served = Arc::new(AtomicU64::new(0));
        let buffer = vec![0; READ_SIZE];
        let room = Room { listener, poll, answer, guests: Vec::new(), buffer, served: Arc::clone(&served) };
        let seen = Arc::clone(&ending);
        let thread = std::thread::spawn(move || room.serve(&seen));
        Ok(Self { address, ending, served, waker, thread: Some(thread) })
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// How many requests it has read to their ends so far.
    pub(crate) fn served(&self) -> u64 {
        self.served.load(Ordering::Acquire)
    }
}

impl Drop for Trivial {
    fn drop(&mut self) {
        self.ending.store(true, Ordering::Release);
        if self.waker.wake().is_ok()
            && let Some(thread) = self.thread.take()
        {
            // The server's thread gives nothing back; if it crashed, the requests failed and were counted.
            let _ended = thread.join();
        }
    }
}

struct Room {
    listener: TcpListener,
    poll: Poll,
    answer: Vec<u8>,
    guests: Vec<Guest>,
    buffer: Vec<u8>,
    served: Arc<AtomicU64>,
}

/// A connection and what has come of its current request.
struct Guest {
    socket: TcpStream,
    head: Vec<u8>,
    /// How many bytes of the body are missing; none while the head is.
    missing: Option<usize>,
    /// How many bytes of the answer are still to be written.
    unsent: usize,
}

impl Room {
    fn serve(mut self, ending: &AtomicBool) {
        let mut events = Events::with_capacity(256);
        while !ending.load(Ordering::Acquire) {
            match self.poll.poll(&mut events, None) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(_) => return,
                Ok(()) => {}
            }
            for event in &events {
                match event.token() {
                    LISTENER => self.welcome(),
                    END => {}
                    Token(place) => {
                        if let Some(guest) = self.guests.get_mut(place) {
                            // A connection that fails is left alone: the generator sees and counts it.
                            let _served = guest.go_on(&self.answer, &mut self.buffer, &self.served);
                        }
                    }
                }
            }
        }
    }

    fn welcome(&mut self) {
        while let Ok((mut socket, _)) = self.listener.accept() {
            let interest = Interest::READABLE | Interest::WRITABLE;
            let token = Token(self.guests.len());
            let is_ready = self.guests.len() < MAX_CONNECTIONS && socket.set_nodelay(true).is_ok();
            if is_ready && self.poll.registry().register(&mut socket, token, interest).is_ok() {
                self.guests.push(Guest { socket, head: Vec::new(), missing: None, unsent: 0 });
            }
        }
    }
}

impl Guest {
    fn go_on(&mut self, answer: &[u8], buffer: &mut [u8], served: &AtomicU64) -> io::Result<()> {
        self.send(answer)?;
        loop {
            let count = match self.socket.read(buffer) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                read => read?,
            };
            if count == 0 {
                return Ok(());
            }
            if self.take(buffer.get(..count).unwrap_or_default())? {
                served.fetch_add(1, Ordering::Release);
                self.unsent = answer.len();
                self.send(answer)?;
            }
            if count < buffer.len() {
                return Ok(());
            }
        }
    }

    /// Takes bytes of a request; true at its end.
    fn take(&mut self, bytes: &[u8]) -> io::Result<bool> {
        let missing = match self.missing {
            Some(missing) => missing.saturating_sub(bytes.len()),
            None => {
                self.head.extend_from_slice(bytes);
                let Some((head, body)) = split_after(&self.head, b"\r\n\r\n") else { return Ok(false) };
                let missing = announced(head)?.saturating_sub(body.len());
                self.head.clear();
                missing
            }
        };
        self.missing = Some(missing).filter(|missing| *missing > 0);
        Ok(missing == 0)
    }

    fn send(&mut self, answer: &[u8]) -> io::Result<()> {
        while self.unsent > 0 {
            let from = answer.len().saturating_sub(self.unsent);
            match self.socket.write(answer.get(from..).unwrap_or_default()) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                written => self.unsent = self.unsent.saturating_sub(written?),
            }
        }
        Ok(())
    }
}

/// The length of the body that a request's head announces, in bytes.
fn announced(head: &[u8]) -> io::Result<usize> {
    let head = std::str::from_utf8(head).map_err(|_| io::ErrorKind::InvalidData)?;
    let value = head.split("\r\n").find_map(|line| line.strip_prefix("Content-Length: "));
    value.map_or(Ok(0), |value| value.parse().map_err(|_| io::ErrorKind::InvalidData.into()))
}

/// An answer with the given status line and body.
pub(crate) fn answer(status: &str, body: &[u8]) -> Vec<u8> {
    [format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\n\r\n", body.len()).as_bytes(), body].concat()
}
