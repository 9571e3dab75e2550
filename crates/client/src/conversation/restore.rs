//! A hub that lost something gets it back (docs/protocol/conversations.md, A hub that lost something).

use super::Conversation;
use super::kept::{self, KeptEntry};
use super::outbox::Written;
use super::scene::Scene;
use super::state::{Heal, Incoming, LostEntry, Post};
use super::step::{Appended, HubRequest, Step};
use super::turn::{POST_AGAIN, POST_LOST};
use crate::command::Fault;
use crate::content::{Backup, Content};
use crate::entry::Info;
use crate::io::Time;
use crate::records::{Direction, RecordKey, Table};
use crate::roster::{MEMBER, RosterMember};
use tidings_wire::api::{Entry, EntryKind, NewEntry};
use tidings_wire::bytes::{Blob, Fixed};
use tidings_wire::cbor;

/// Milliseconds after which what could not be put back is given up, since something of it last was.
const GIVE_UP_AFTER: u64 = 10 * 60 * 1000;
/// Milliseconds that plain members, from whom the hub does not take everything, wait before they begin, or go on after somebody else has put
/// something back; and as much again at random.
const LEFT_FOR: u64 = 1_000;

impl Conversation {
    /// By id: a hub that is restored again gives its numbers to other entries, of which some may be lost in turn.
    fn lost_record(&self, id: &Fixed<16>) -> RecordKey {
        RecordKey::new(Table::Entry, self.lost_owner(), id.0)
    }

    pub(super) fn lost_owner(&self) -> Vec<u8> {
        [self.owner().as_slice(), b"lost"].concat()
    }

    /// The hub is not as it was: reads again what is kept here, and notes what was there and may be gone.
    pub(super) fn rewind(&mut self, scene: &mut Scene<'_>, end: u64) -> Result<(), Fault> {
        let kept = self.raw(scene)?;
        let first = kept.first().map(|kept| kept.entry.number);
        let to = first.map_or(end, |first| first.saturating_sub(1)).min(end).min(self.state.cursor);
        if let Some(first) = kept.iter().find(|kept| kept.entry.number > to) {
            self.state().turn = first.turn_before;
        }
        for raw in &kept {
            self.note_lost(scene, raw);
        }
        if let Some(lost) = self.state().lost.as_mut() {
            // Some may be left from the time before.
            lost.entries.make_contiguous().sort_by_key(|entry| entry.number);
        }
        let (now, wait) = (scene.now, self.left_for(scene));
        let state = self.state();
        state.cursor = to;
        state.end = end.max(to);
        (state.kept.first, state.kept.bytes) = (0, 0);
        state.fetch = Post::default();
        let external = match &mut state.incoming {
            Some(Incoming::External(pending)) => Some(pending),
            _ => None,
        };
        for pending in state.pending.as_mut().into_iter().chain(external) {
            (pending.lost, pending.placed, pending.post) = (false, false, Post::default());
        }
        if let Some(lost) = state.lost.as_mut() {
            lost.until = now.saturating_add(GIVE_UP_AFTER);
            // What was put back may be gone again.
            lost.post = Post { at: now.saturating_add(wait), tries: 0 };
            lost.entries.iter_mut().for_each(|entry| entry.posted = false);
        }
        let unseen: Vec<u64> = state.placed.drain(..).map(|placed| placed.seq).filter(|seq| *seq > 0).collect();
        self.send_again(unseen);
        self.suspect(scene, false);
        if !self.link.followed {
            // From there on.
            scene.steps.push(Step::Follow(true));
        }
        self.link.fetching = None;
        self.fetch_now(scene);
        Ok(())
    }

    /// A hub that was given the conversation back begins later than this device reads it again from. What lies between was read before, or
    /// can't be had.
    pub(super) fn pass_hole(&mut self, scene: &mut Scene<'_>, entries: &[Entry], end: u64) {
        let next = entries.first().map_or(end.saturating_add(1), |entry| entry.number);
        let Some(lost) = self.state.lost.as_ref().filter(|_| next > self.state.cursor.saturating_add(1)) else {
            return;
        };
        let read = lost.entries.iter().map(|entry| entry.number).max().unwrap_or(0);
        let passed: Vec<LostEntry> = lost.entries.iter().filter(|entry| entry.number < next).copied().collect();
        let commits = passed.iter().filter(|entry| entry.kind == EntryKind::Commit);
        let turn = commits.map(|entry| entry.turn).max();
        for entry in &passed {
            scene.batch.remove(self.lost_record(&entry.id));
        }
        let state = self.state();
        if let Some(lost) = state.lost.as_mut() {
            lost.entries.retain(|entry| entry.number >= next);
        }
        state.cursor = next.saturating_sub(1);
        state.end = state.end.max(state.cursor);
        state.turn = turn.unwrap_or(state.turn);
        if state.cursor > read {
            self.suspect(scene, true);
        }
    }

    fn note_lost(&mut self, scene: &mut Scene<'_>, raw: &KeptEntry) {
        let entry = &raw.entry;
        scene.batch.remove(self.record(Table::Entry, entry.number.to_be_bytes()));
        scene.batch.put(self.lost_record(&entry.id), cbor::encode(raw));
        let lost = self.state().lost.get_or_insert_default();
        if lost.entries.iter().any(|known| known.id == entry.id) {
            return;
        }
        let (id, number, kind, turn) = (entry.id, entry.number, entry.kind, entry.turn);
        lost.entries.push_back(LostEntry { id, number, kind, turn, seq: raw.seq, posted: false });
    }

    /// A message that this device can't read: after the hub lost something, or since it stands before the commit that leads to its epoch, as when
    /// that was put back later.
    pub(super) fn note_unread(&mut self) {
        if self.state.heal.is_some_and(|heal| !heal.unread)
            && let Some(heal) = self.state().heal.as_mut()
        {
            heal.unread = true;
        }
        if self.state.lost.as_ref().is_some_and(|lost| !lost.unread)
            && let Some(lost) = self.state().lost.as_mut()
        {
            lost.unread = true;
        }
    }

    /// How long it is left to others to put something back: all see at once that it is lost, and it is enough if one does it.
    fn left_for(&self, scene: &mut Scene<'_>) -> u64 {
        let plain = self.state.roster.role(&self.state.me).is_none_or(|role| role == MEMBER);
        if plain { LEFT_FOR.saturating_add(u64::from(u16::from_be_bytes(scene.draw())) % LEFT_FOR) } else { 0 }
    }

    /// Whether this entry was read before the hub lost it: then it is only counted. Gives its `seq`, if it is one's own.
    pub(super) fn came_back(&mut self, scene: &mut Scene<'_>, entry: &Entry) -> Option<u64> {
        let known = self.state.lost.as_ref()?;
        let place = known.entries.iter().position(|lost| lost.id == entry.id)?;
        let waited_for = known.entries.iter().position(|lost| !lost.posted) == Some(place);
        let wait = self.left_for(scene);
        let own = self.link.putting_back == Some(entry.id);
        let state = self.state().lost.as_mut()?;
        state.until = scene.now.saturating_add(GIVE_UP_AFTER);
        if waited_for {
            // The stream may be faster than the answer: the next can go. What somebody else puts back is left to them.
            state.post = Post { at: if own { 0 } else { scene.now.saturating_add(wait) }, tries: 0 };
        }
        let lost = state.entries.remove(place)?;
        scene.batch.remove(self.lost_record(&lost.id));
        Some(lost.seq)
    }

    /// Posts what is still missing, one after the other, once everything that the hub has was read.
    pub(super) fn put_back(&mut self, scene: &mut Scene<'_>) -> Result<(), Fault> {
        let Some(lost) = &self.state.lost else { return Ok(()) };
        if self.state.cursor < self.state.end {
            return Ok(());
        }
        if lost.entries.is_empty() || lost.until <= scene.now {
            return self.end_putting_back(scene);
        }
        // Who is not in the group has no group info to give with a commit: it is left to the others, for as long as something comes back.
        if lost.post.at > scene.now || !self.state.in_group() {
            return Ok(());
        }
        let Some(next) = lost.entries.iter().find(|entry| !entry.posted).copied() else { return Ok(()) };
        let raw = scene.get(&self.lost_record(&next.id))?.and_then(|bytes| kept::read(&bytes));
        let Some(raw) = raw else {
            self.drop_lost(scene, next);
            return Ok(());
        };
        let request = self.as_it_was(scene, raw.entry)?;
        self.link.putting_back = Some(next.id);
        if let Some(lost) = self.state().lost.as_mut() {
            lost.post.at = scene.now.saturating_add(POST_LOST);
        }
        self.ask(scene, HubRequest::Append(request));
        Ok(())
    }

    fn as_it_was(&mut self, scene: &mut Scene<'_>, entry: Entry) -> Result<NewEntry, Fault> {
        let info = match entry.kind {
            EntryKind::Commit => Some(Blob(self.present_info(scene)?)),
            EntryKind::Message => None,
        };
        let Entry { id, kind, turn, body, add, remove, .. } = entry;
        Ok(NewEntry { id, kind, turn, body, info, add, remove, notify: false })
    }

    /// The group info of the group as this device has it.
    pub(super) fn present_info(&mut self, scene: &mut Scene<'_>) -> Result<Vec<u8>, Fault> {
        let turns = self.state.lost.iter().flat_map(|lost| &lost.entries).filter(|lost| lost.kind == EntryKind::Commit);
        let turn = turns.map(|lost| lost.turn).max().unwrap_or(0).max(self.state.turn);
        let signer = self.signer(scene.me);
        let group = self.group(scene)?;
        let info = group.info(&signer).map_err(|error| super::slot::mls_fault(&error))?;
        let info = Info { turn, epoch: group.epoch(), tag: group.tag(), info };
        let key = self.entry_key().ok_or(Fault::Passphrase)?;
        Ok(key.seal_info(&self.state.group, &info, scene.random))
    }

    /// The hub has answered to an entry that was put back; `None` if the entry was none of those.
    pub(super) fn lost_appended(&mut self, scene: &mut Scene<'_>, id: &[u8; 16], outcome: &Appended) -> Option<()> {
        let place = self.state.lost.as_ref()?.entries.iter().position(|lost| lost.id.0 == *id)?;
        let now = scene.now;
        let lost = self.state().lost.as_mut()?;
        let entry = lost.entries.get_mut(place)?;
        match outcome {
            Appended::Placed { number, .. } => {
                entry.posted = true;
                lost.post = Post::default();
                lost.until = now.saturating_add(GIVE_UP_AFTER);
                let end = self.state.end.max(*number);
                self.state().end = end;
            }
            Appended::Later => lost.post.tried(now, POST_AGAIN),
            Appended::Turn | Appended::Refused(_) => {
                lost.post = Post::default();
                let refused = *entry;
                // All that is of its turn or a later one was made on top of a commit, and has lost its place with it.
                let falls = |other: &LostEntry| refused.kind == EntryKind::Commit && other.turn >= refused.turn;
                let fallen = lost.entries.iter().filter(|other| other.id == refused.id || falls(other));
                for entry in fallen.copied().collect::<Vec<_>>() {
                    self.drop_lost(scene, entry);
                }
            }
        }
        Some(())
    }

    /// An entry that has no place any more. A message of one's own is written again.
    fn drop_lost(&mut self, scene: &mut Scene<'_>, entry: LostEntry) {
        scene.batch.remove(self.lost_record(&entry.id));
        if let Some(lost) = self.state().lost.as_mut() {
            lost.entries.retain(|known| known.id != entry.id);
        }
        if entry.seq > 0 {
            self.send_again(vec![entry.seq]);
        }
    }

    /// Deletes what was kept to be put back.
    pub(super) fn forget_lost(&self, scene: &mut Scene<'_>) -> Result<(), Fault> {
        for (order, _) in scene.scan(Table::Entry, &self.lost_owner(), None, Direction::Up, usize::MAX)? {
            scene.batch.remove(RecordKey::new(Table::Entry, self.lost_owner(), order));
        }
        Ok(())
    }

    fn end_putting_back(&mut self, scene: &mut Scene<'_>) -> Result<(), Fault> {
        let left: Vec<u64> = self.state.lost.iter().flat_map(|lost| &lost.entries).map(|lost| lost.seq).collect();
        self.forget_lost(scene)?;
        if self.state().lost.take().is_some_and(|lost| lost.unread) {
            self.ask_what_was_missed();
        }
        self.send_again(left.into_iter().filter(|seq| *seq > 0).collect());
        self.announce(scene, self.state.seq)?;
        // While it was put back, the looks at the hub came to nothing and became rarer.
        self.state().heal = self.state.heal.map(|heal| Heal { next: scene.now, tries: 0, ..heal });
        self.suspect(scene, false);
        Ok(())
    }

    /// Says something, so that whoever misses this message or one before notices: the message again if all may read it, else a new one
    /// that tells nobody anything.
    pub(super) fn announce(&mut self, scene: &mut Scene<'_>, seq: u64) -> Result<(), Fault> {
        if seq == 0 || !self.is_small() {
            return Ok(());
        }
        let room = self.is_room();
        let for_all = |written: &Written| {
            let since = |member: &RosterMember| member.since <= written.turn && self.floor_of(&member.id) < seq;
            room || self.state.roster.members.iter().all(since)
        };
        let again = self.written(scene, seq)?.is_some_and(|written| for_all(&written));
        if again {
            self.send_again(vec![seq]);
        } else if !room && scene.me.backup > 0 {
            self.write_message(scene, Content::Backup(Backup { counter: scene.me.backup }), None)?;
        }
        Ok(())
    }

    pub(super) fn restore_due(&self) -> Option<Time> {
        let lost = self.state.lost.as_ref().filter(|_| self.state.cursor >= self.state.end)?;
        let unposted = self.state.in_group() && lost.entries.iter().any(|entry| !entry.posted);
        Some(if unposted { lost.post.at } else { lost.until })
    }
}
