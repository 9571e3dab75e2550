//! The messages of the conversation that is open: a window of its history that moves.

mod layout;
mod rows;

pub(crate) use layout::Placed;
pub(crate) use rows::{Look, file_words};

use super::effect::Effect;
use std::collections::{BTreeSet, VecDeque};
use tidings_client::view::{GroupId, MessageId, MessageView};

/// Messages that are loaded at once.
pub(crate) const PAGE: usize = 60;
/// Messages that are kept here. Those farthest away are let go.
pub(crate) const MAX_KEPT: usize = 2_000;
/// How near to the end of what is loaded one may come before more is.
const MARGIN: usize = 25;

/// The open conversation's messages.
pub(crate) struct Thread {
    /// Which conversation.
    pub(crate) group: GroupId,
    messages: VecDeque<MessageView>,
    /// There is nothing older.
    complete: bool,
    /// A page was asked for.
    loading: bool,
    /// There are newer ones that are not loaded.
    detached: bool,
    /// Messages that lie wholly below what is seen.
    below: usize,
    /// Rows of the lowest message that lie below it.
    skip: usize,
    selected: Option<MessageId>,
    /// This one must be brought into sight.
    reveal: Option<MessageId>,
    /// The first message that was not read when the conversation was opened.
    mark: Option<MessageId>,
    /// How many were not read then.
    unread: u64,
    unfolded: BTreeSet<MessageId>,
    /// A message to go to once it is loaded.
    sought: Option<(MessageId, Vec<u8>)>,
}

impl Thread {
    /// An empty one, and what to load.
    pub(crate) fn open(group: GroupId, unread: u64) -> (Self, Effect) {
        let thread = Self {
            group,
            messages: VecDeque::new(),
            complete: false,
            loading: true,
            detached: false,
            below: 0,
            skip: 0,
            selected: None,
            reveal: None,
            mark: None,
            unread,
            unfolded: BTreeSet::new(),
            sought: None,
        };
        // What was not read should be there at once, as far as that is sensible.
        let limit = usize::try_from(unread).unwrap_or(PAGE).saturating_add(10).clamp(PAGE, 400);
        (thread, Effect::Page { group, before: None, limit })
    }

    /// The messages, oldest first.
    pub(crate) fn messages(&self) -> impl DoubleEndedIterator<Item = &MessageView> + ExactSizeIterator {
        self.messages.iter()
    }

    /// Whether nothing was loaded yet.
    pub(crate) fn is_loading(&self) -> bool {
        self.loading && self.messages.is_empty()
    }

    /// A message that is loaded.
    pub(crate) fn message(&self, id: &MessageId) -> Option<&MessageView> {
        self.index(id).and_then(|index| self.messages.get(index))
    }

    /// The selected message.
    pub(crate) fn selected(&self) -> Option<&MessageView> {
        self.selected.as_ref().and_then(|id| self.message(id))
    }

    /// Whether the newest message is in sight.
    pub(crate) fn at_end(&self) -> bool {
        self.below == 0 && self.skip == 0 && !self.detached
    }

    /// Whether the newest loaded message is in sight, but newer ones are not loaded.
    pub(crate) fn is_detached_at_end(&self) -> bool {
        self.detached && self.below == 0 && self.skip == 0 && !self.loading
    }

    /// How many messages are below what is seen.
    pub(crate) fn below(&self) -> usize {
        self.below
    }

    fn index(&self, id: &MessageId) -> Option<usize> {
        self.messages.iter().rposition(|message| message.id == *id)
    }

    /// Takes in messages that were loaded, oldest first.
    pub(crate) fn page(&mut self, before: Option<&[u8]>, limit: usize, messages: Vec<MessageView>) {
        self.loading = false;
        let short = messages.len() < limit;
        match before {
            None if self.messages.is_empty() || self.detached => self.replace(messages, short),
            None => messages.into_iter().for_each(|message| self.put(message)),
            Some(before)
                if self.sought.is_some()
                    && self.messages.front().is_none_or(|first| first.order.as_slice() != before) =>
            {
                self.replace(messages, short);
                self.detached = true;
            }
            Some(before) if self.joins(before, &messages) => {
                self.complete = short;
                for message in messages.into_iter().rev() {
                    if self.messages.front().is_none_or(|first| message.order < first.order) {
                        self.messages.push_front(message);
                    }
                }
                self.trim();
            }
            // It was asked for before one went elsewhere.
            Some(_) => {}
        }
        self.set_mark();
        self.go_to_sought();
    }

    /// Whether older messages touch those that are here, so that there is no hole between.
    fn joins(&self, before: &[u8], older: &[MessageView]) -> bool {
        let Some(first) = self.messages.front() else { return true };
        first.order.as_slice() == before || older.last().is_some_and(|last| last.order >= first.order)
    }

    fn replace(&mut self, messages: Vec<MessageView>, complete: bool) {
        self.messages = messages.into();
        (self.complete, self.detached, self.below, self.skip) = (complete, false, 0, 0);
    }

    /// Lets go of the newest if there are too many, since older ones are being read.
    fn trim(&mut self) {
        while self.messages.len() > MAX_KEPT && self.below > 0 {
            self.messages.pop_back();
            self.below -= 1;
            self.detached = true;
        }
    }

    fn set_mark(&mut self) {
        if self.unread == 0 || self.mark.is_some() || self.detached {
            return;
        }
        let first = self.messages.iter().find(|message| !message.read && !message.mine).map(|message| message.id);
        self.mark = first;
        if let Some(first) = first {
            self.unread = 0;
            // One begins to read here: it is at the top if what follows fills the screen.
            self.reveal = Some(first);
        }
    }

    /// A message is new or has changed.
    pub(crate) fn put(&mut self, message: MessageView) {
        if let Some(old) = self.index(&message.id) {
            let same = self.messages.get(old).is_some_and(|known| known.order == message.order);
            if same {
                if let Some(place) = self.messages.get_mut(old) {
                    *place = message;
                }
                return;
            }
            self.remove_at(old);
        }
        let place = self.messages.partition_point(|known| known.order < message.order);
        let (oldest, newest) = (place == 0, place == self.messages.len());
        // It belongs to what is not loaded.
        if (oldest && !self.complete && !self.messages.is_empty()) || (newest && self.detached) {
            return;
        }
        if !self.at_end() && place + self.below >= self.messages.len() {
            self.below += 1;
        }
        self.messages.insert(place, message);
        while self.messages.len() > MAX_KEPT && self.at_end() {
            self.messages.pop_front();
            self.complete = false;
        }
        self.trim();
    }

    /// A message is gone.
    pub(crate) fn gone(&mut self, id: &MessageId) {
        if let Some(index) = self.index(id) {
            self.remove_at(index);
        }
        if self.selected.as_ref() == Some(id) {
            self.selected = None;
        }
    }

    fn remove_at(&mut self, index: usize) {
        if index + self.below >= self.messages.len() {
            self.below = self.below.saturating_sub(1);
        }
        self.messages.remove(index);
    }

    /// What to load, if one comes near to the oldest that is here.
    pub(crate) fn wanted(&mut self, first_seen: usize) -> Option<Effect> {
        if self.loading || self.complete || first_seen > MARGIN {
            return None;
        }
        self.loading = true;
        let before = self.messages.front().map(|message| message.order.clone());
        Some(Effect::Page { group: self.group, before, limit: PAGE })
    }

    /// Loads the newest again, when something was missed.
    pub(crate) fn refresh(&mut self) -> Option<Effect> {
        if self.detached {
            return None;
        }
        let limit = self.messages.len().clamp(PAGE, 400);
        Some(Effect::Page { group: self.group, before: None, limit })
    }

    /// Goes to the newest.
    pub(crate) fn go_to_end(&mut self) -> Option<Effect> {
        (self.below, self.skip, self.selected) = (0, 0, None);
        if !self.detached {
            return None;
        }
        self.loading = true;
        Some(Effect::Page { group: self.group, before: None, limit: PAGE })
    }

    /// Goes to a message, loading what is around it.
    pub(crate) fn seek(&mut self, message: &MessageView) -> Option<Effect> {
        if self.message(&message.id).is_some() {
            self.select(Some(message.id));
            return None;
        }
        self.sought = Some((message.id, message.order.clone()));
        self.loading = true;
        // The place just behind it, so that it is the last of the page.
        let mut before = message.order.clone();
        before.push(0);
        Some(Effect::Page { group: self.group, before: Some(before), limit: PAGE })
    }

    fn go_to_sought(&mut self) {
        if let Some((id, _)) = self.sought.take()
            && self.message(&id).is_some()
        {
            self.select(Some(id));
        }
    }

    /// Selects a message and brings it into sight.
    pub(crate) fn select(&mut self, id: Option<MessageId>) {
        self.selected = id;
        self.reveal = id;
    }

    /// Selects the next message above (false) or below (true). False if there is none.
    pub(crate) fn select_next(&mut self, down: bool) -> bool {
        let count = self.messages.len();
        let now = self.selected.and_then(|id| self.index(&id));
        let next = match (now, down) {
            (None, false) => count.checked_sub(1 + self.below.min(count.saturating_sub(1))),
            (None, true) => None,
            (Some(index), false) => index.checked_sub(1),
            (Some(index), true) => Some(index + 1).filter(|next| *next < count),
        };
        if let Some(id) = next.and_then(|index| self.messages.get(index)).map(|message| message.id) {
            self.select(Some(id));
        }
        next.is_some()
    }

    /// Shows all of a long message, or not any more.
    pub(crate) fn unfold(&mut self, id: MessageId) {
        if !self.unfolded.remove(&id) {
            // Nobody unfolds so many; the oldest key may go.
            if self.unfolded.len() >= 64 {
                self.unfolded.pop_first();
            }
            self.unfolded.insert(id);
        }
    }

    /// Takes the line away that says where the unread messages begin.
    pub(crate) fn forget_mark(&mut self) {
        self.mark = None;
    }

    /// Notes that it was read from here on, for the next message that comes while nobody looks.
    pub(crate) fn mark_unread(&mut self, id: MessageId) {
        if self.mark.is_none() {
            self.mark = Some(id);
        }
    }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
