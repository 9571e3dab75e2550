//! What waits to be written to a socket.

use super::frame::Frame;
use bytes::{Buf, Bytes};
use std::collections::VecDeque;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio::io::AsyncWrite;

/// Parts that one vectored write takes at most.
const SLICES_MAX: usize = 64;

/// Bytes reckoned for a part beside what it says: one that says little takes more memory than bytes on the wire, and a client
/// that asks for many without reading them must not get more room for it.
const PART_OVERHEAD: usize = 64;

/// Places that an empty queue keeps for what comes next; more are given back.
const IDLE_PLACES: usize = 16;

/// Bytes that are put together for a stream without vectored writes.
const COPY_MAX: usize = 16 * 1024;

/// Frames and parts of frames, in order.
#[derive(Default)]
pub(super) struct Queue {
    parts: VecDeque<Bytes>,
    bytes: usize,
    unflushed: bool,
}

impl Queue {
    pub(super) fn push(&mut self, frame: Frame) {
        self.push_part(frame.into_bytes());
    }

    /// Part of a frame, of which the others are pushed, too.
    pub(super) fn push_part(&mut self, part: Bytes) {
        if !part.is_empty() {
            self.bytes += part.len();
            self.parts.push_back(part);
        }
    }

    /// Bytes of memory that what waits takes, about.
    pub(super) fn taken(&self) -> usize {
        self.bytes + self.parts.len() * PART_OVERHEAD
    }

    /// Writes all that waits, as far as the stream takes it.
    pub(super) fn poll_write<T: AsyncWrite + Unpin>(
        &mut self,
        io: &mut T,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        while self.bytes > 0 {
            let written = ready!(self.poll_write_once(io, cx))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.unflushed = true;
            self.advance(written);
        }
        if self.unflushed {
            ready!(Pin::new(io).poll_flush(cx))?;
            self.unflushed = false;
        }
        Poll::Ready(Ok(()))
    }

    fn poll_write_once<T: AsyncWrite + Unpin>(&self, io: &mut T, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        match self.parts.front() {
            Some(only) if self.parts.len() == 1 => Pin::new(io).poll_write(cx, only),
            _ if io.is_write_vectored() => {
                let mut slices = [IoSlice::new(&[]); SLICES_MAX];
                let filled =
                    slices.iter_mut().zip(&self.parts).map(|(slice, part)| *slice = IoSlice::new(part)).count();
                Pin::new(io).poll_write_vectored(cx, slices.get(..filled).unwrap_or_default())
            }
            _ => {
                let mut copied = Vec::with_capacity(self.bytes.min(COPY_MAX));
                for part in &self.parts {
                    let room = COPY_MAX - copied.len();
                    copied.extend_from_slice(part.get(..room).unwrap_or(part));
                    if copied.len() == COPY_MAX {
                        break;
                    }
                }
                Pin::new(io).poll_write(cx, &copied)
            }
        }
    }

    /// Forgets what was written.
    fn advance(&mut self, mut written: usize) {
        self.bytes = self.bytes.saturating_sub(written);
        while let Some(part) = self.parts.front_mut() {
            if written < part.len() {
                part.advance(written);
                return;
            }
            written -= part.len();
            self.parts.pop_front();
        }
        if self.parts.capacity() > IDLE_PLACES {
            self.parts = VecDeque::new();
        }
    }
}
