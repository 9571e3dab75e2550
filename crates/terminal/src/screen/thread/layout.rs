//! Which rows of the messages are seen. The cost depends on the size of the window, not of the history.

use super::Thread;
use super::rows::{Look, Row, message_rows};
use tidings_client::view::MessageId;

/// What is seen.
pub(crate) struct Window {
    /// From top to bottom.
    pub(crate) rows: Vec<Placed>,
    /// The index of the first message that is seen.
    pub(crate) first: usize,
    /// The last message that is seen to its end.
    pub(crate) last: Option<MessageId>,
}

/// A row and what it belongs to.
pub(crate) struct Placed {
    /// The row.
    pub(crate) row: Row,
    /// The message.
    pub(crate) message: MessageId,
}

impl Thread {
    /// The rows of one message.
    fn rows_of(&self, index: usize, look: &mut Look<'_>) -> Vec<Row> {
        let Some(message) = self.messages.get(index) else { return Vec::new() };
        let before = index.checked_sub(1).and_then(|before| self.messages.get(before));
        look.selected = self.selected == Some(message.id);
        look.unfolded = self.unfolded.contains(&message.id);
        look.marked = self.mark == Some(message.id);
        look.first = index == 0 && self.complete;
        message_rows(message, before, look)
    }

    /// Moves what is seen by so many rows.
    pub(crate) fn scroll(&mut self, up: bool, rows: usize, look: &mut Look<'_>) {
        if up { self.scroll_up(rows, look) } else { self.scroll_down(rows, look) }
    }

    fn scroll_up(&mut self, rows: usize, look: &mut Look<'_>) {
        self.skip += rows;
        while self.below + 1 < self.messages.len() {
            let height = self.rows_of(self.messages.len() - 1 - self.below, look).len();
            if self.skip < height {
                break;
            }
            self.skip -= height;
            self.below += 1;
        }
        if self.below + 1 >= self.messages.len() {
            // Above the first row there is nothing.
            self.skip = self.skip.min(self.rows_of(0, look).len());
        }
    }

    fn scroll_down(&mut self, rows: usize, look: &mut Look<'_>) {
        let mut left = rows;
        while left > self.skip && self.below > 0 {
            left -= self.skip;
            self.below -= 1;
            self.skip = self.rows_of(self.messages.len() - 1 - self.below, look).len();
        }
        self.skip = self.skip.saturating_sub(left);
    }

    /// What is seen in so many rows.
    pub(crate) fn window(&mut self, height: usize, look: &mut Look<'_>) -> Window {
        self.below = self.below.min(self.messages.len().saturating_sub(1));
        if let Some(index) = self.reveal.take().and_then(|id| self.index(&id)) {
            self.bring_into_sight(index, height, look);
        }
        let mut window = self.gather(height, look);
        let missing = height.saturating_sub(window.rows.len());
        // All that is there was shown, and it hangs too high: move down.
        if missing > 0 && (self.below > 0 || self.skip > 0) {
            self.scroll_down(missing, look);
            window = self.gather(height, look);
        }
        window
    }

    fn gather(&self, height: usize, look: &mut Look<'_>) -> Window {
        let mut reversed: Vec<Placed> = Vec::with_capacity(height);
        let mut index = self.messages.len().saturating_sub(self.below);
        let mut skip = self.skip;
        let mut last = None;
        while reversed.len() < height && index > 0 {
            index -= 1;
            let Some(message) = self.messages.get(index).map(|message| message.id) else { break };
            let rows = self.rows_of(index, look);
            let parts = rows.len();
            if skip == 0 && last.is_none() {
                last = Some(message);
            }
            reversed.extend(rows.into_iter().rev().skip(skip).map(|row| Placed { row, message }));
            skip = skip.saturating_sub(parts);
        }
        reversed.truncate(height);
        reversed.reverse();
        Window { rows: reversed, first: index, last }
    }

    /// Moves as little as is needed to have this message in sight.
    fn bring_into_sight(&mut self, index: usize, height: usize, look: &mut Look<'_>) {
        let count = self.messages.len();
        let lowest = count.saturating_sub(1 + self.below);
        if index > lowest || (index == lowest && self.skip > 0) {
            (self.below, self.skip) = (count - 1 - index, 0);
            return;
        }
        // From the selected one down: does it fit above the lower edge?
        let mut rows = 0;
        for at in index..=lowest {
            rows += self.rows_of(at, look).len();
            let cut = if at == lowest { self.skip } else { 0 };
            if rows - cut.min(rows) > height {
                (self.below, self.skip) = (count - 1 - at, rows - height);
                return;
            }
        }
    }
}
