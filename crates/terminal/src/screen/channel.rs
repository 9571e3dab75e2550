//! What was said in public channels since the screen was opened. Nothing of it is kept anywhere.

use std::collections::VecDeque;

/// Lines of one channel that are kept.
const MAX_LINES: usize = 1_000;

/// Something that was said.
pub(crate) struct Line {
    /// By whom, as the channel's own door names them. Empty: something about the channel itself.
    pub(crate) from: String,
    /// What.
    pub(crate) text: String,
    /// When (milliseconds).
    pub(crate) at: u64,
}

/// One channel.
#[derive(Default)]
pub(crate) struct Channel {
    lines: VecDeque<Line>,
    /// What was not read.
    pub(crate) unread: u64,
    /// Lines that lie below what is seen.
    pub(crate) below: usize,
}

impl Channel {
    /// Something was said.
    pub(crate) fn push(&mut self, line: Line) {
        self.lines.push_back(line);
        if self.lines.len() > MAX_LINES {
            self.lines.pop_front();
        }
        if self.below > 0 {
            self.below += 1;
        }
    }

    /// From the oldest to the newest.
    pub(crate) fn lines(&self) -> impl DoubleEndedIterator<Item = &Line> + ExactSizeIterator {
        self.lines.iter()
    }

    /// Moves what is seen.
    pub(crate) fn scroll(&mut self, up: bool, lines: usize) {
        self.below = if up {
            (self.below + lines).min(self.lines.len().saturating_sub(1))
        } else {
            self.below.saturating_sub(lines)
        };
    }
}
