//! Fetching a file from whatever node has it.

use super::pace::Pace;
use super::{Ask, PIECES_AT_ONCE, TransferFault, TransferStep};
use crate::blob::{BlobPointer, CONTENT_MAX, PIECE, SEALED_PIECE, content_in_piece, open_piece, pieces};
use crate::io::{HttpAnswer, Time};
use serde::{Deserialize, Serialize};

/// A file on its way from a node.
#[derive(Clone, Serialize, Deserialize)]
pub struct Download {
    pointer: BlobPointer,
    /// Pieces that were written.
    done: u32,
    pace: Pace,
    #[serde(skip)]
    doing: Doing,
}

/// For what it waits.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Doing {
    #[default]
    Nothing,
    Fetching,
    /// So many pieces are being written.
    Writing(u32),
    Done,
}

impl Download {
    /// Fetches a blob. Fails if the pointer is none.
    pub fn new(pointer: BlobPointer) -> Result<Self, TransferFault> {
        if pointer.place().is_none() || pointer.size > CONTENT_MAX {
            return Err(TransferFault::Damaged);
        }
        Ok(Self { pointer, done: 0, pace: Pace::default(), doing: Doing::Nothing })
    }

    /// The URL of the node that has it.
    pub fn node(&self) -> &str {
        self.pointer.place().map_or("", |(node, _)| node)
    }

    /// What is fetched.
    pub fn pointer(&self) -> &BlobPointer {
        &self.pointer
    }

    /// Bytes that were written, and in all.
    pub fn progress(&self) -> (u64, u64) {
        (u64::from(self.done).saturating_mul(PIECE as u64).min(self.pointer.size), self.pointer.size)
    }

    /// Begins, or goes on after a restart. If the file is not there any more that was written so far, begin with a new [`Download`].
    pub fn start(&mut self) -> Vec<TransferStep> {
        if self.pointer.size == 0 {
            self.doing = Doing::Writing(1);
            return vec![TransferStep::Write { offset: 0, bytes: Vec::new() }];
        }
        self.next()
    }

    /// A wait is over.
    pub fn tick(&mut self) -> Vec<TransferStep> {
        if self.doing == Doing::Nothing { self.start() } else { Vec::new() }
    }

    /// The node did not answer.
    pub fn unanswered(&mut self, now: Time) -> Vec<TransferStep> {
        self.doing = Doing::Nothing;
        self.pace.failed(now, None)
    }

    /// The node answered.
    pub fn answered(&mut self, now: Time, answer: &HttpAnswer) -> Vec<TransferStep> {
        if self.doing != Doing::Fetching {
            return Vec::new();
        }
        self.doing = Doing::Nothing;
        match answer.status {
            206 => self.fetched(now, &answer.body),
            // The whole blob, from a node that does not know ranges.
            200 => self.fetched(now, answer.body.get(self.range().0..).unwrap_or_default()),
            404 | 410 => self.failed(TransferFault::Gone),
            416 => self.failed(TransferFault::Damaged),
            _ => {
                let refused = self.pace.refused(now, answer);
                refused.unwrap_or_else(|fault| self.failed(fault))
            }
        }
    }

    /// What was to be written was, or could not be.
    pub fn written(&mut self, worked: bool) -> Vec<TransferStep> {
        let Doing::Writing(count) = self.doing else { return Vec::new() };
        if !worked {
            return self.failed(TransferFault::File);
        }
        self.done = self.done.saturating_add(count);
        self.next()
    }

    fn failed(&mut self, fault: TransferFault) -> Vec<TransferStep> {
        self.doing = Doing::Nothing;
        vec![TransferStep::Failed(fault)]
    }

    /// Pieces that hold content; those of padding alone are not fetched.
    fn needed(&self) -> u32 {
        u32::try_from(self.pointer.size.div_ceil(PIECE as u64)).unwrap_or(u32::MAX)
    }

    /// From which sealed byte on, and how many pieces, are fetched next.
    fn range(&self) -> (usize, u32) {
        let count = self.needed().saturating_sub(self.done).min(PIECES_AT_ONCE);
        (usize::try_from(self.done).unwrap_or(usize::MAX).saturating_mul(SEALED_PIECE), count)
    }

    fn next(&mut self) -> Vec<TransferStep> {
        if self.done >= self.needed() {
            self.doing = Doing::Done;
            return vec![TransferStep::Finished];
        }
        let Some((_, id)) = self.pointer.place() else { return self.failed(TransferFault::Damaged) };
        self.doing = Doing::Fetching;
        let (from, count) = self.range();
        let bytes = usize::try_from(count).unwrap_or_default().saturating_mul(SEALED_PIECE);
        let last = from.saturating_add(bytes).saturating_sub(1);
        vec![TransferStep::Ask(Ask {
            method: "GET",
            path: format!("/v1/blobs/{id}"),
            headers: vec![("range", format!("bytes={from}-{last}"))],
            body: None,
            signed: false,
        })]
    }

    fn fetched(&mut self, now: Time, body: &[u8]) -> Vec<TransferStep> {
        let (_, asked) = self.range();
        let last = pieces(self.pointer.size).saturating_sub(1);
        let mut content = Vec::new();
        let mut count = 0u32;
        for sealed in body.chunks_exact(SEALED_PIECE).take(usize::try_from(asked).unwrap_or_default()) {
            let index = self.done.saturating_add(count);
            let Ok(mut piece) = open_piece(&self.pointer.key, index, index == last, sealed) else {
                return self.failed(TransferFault::Damaged);
            };
            piece.truncate(content_in_piece(self.pointer.size, index));
            content.extend_from_slice(&piece);
            count = count.saturating_add(1);
        }
        if count == 0 {
            // Broken off before the first piece was whole.
            return self.pace.failed(now, None);
        }
        self.pace.worked();
        self.doing = Doing::Writing(count);
        let offset = u64::from(self.done).saturating_mul(PIECE as u64);
        vec![TransferStep::Write { offset, bytes: content }]
    }
}
