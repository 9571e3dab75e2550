//! Groups: the hub's side of conversations.

use super::bytes;
use super::memory::KnownGroup;
use crate::Engine;
use crate::accept::to_the_end;
use crate::error::Error;
use crate::feed::Batch;
use std::sync::Arc;
use tidings_core::denial::Denial;
use tidings_core::group::{
    Appended, Commit, EntryPosting, GroupId, GroupView, LostTurn, NewEntry, NewGroup, Role, group_stream,
};
use tidings_core::knock::WAKE_URL_MAX;
use tidings_core::parcel::{Kept, Placed};
use tidings_core::presence::{DeviceMark, Presence};
use tidings_core::{Ed25519Key, Hint, Refusal, Seq, Timestamp};

/// Bytes reckoned for a member's row.
const MEMBER: u64 = 96;

impl Engine {
    /// Makes a group. The same again changes nothing. Fails with [`Error::NoAccount`], [`Error::Exists`], [`Error::TooLarge`],
    /// [`Error::Malformed`], or [`Error::Refused`] if the account has too much.
    pub async fn create_group(&self, new: NewGroup, now: Timestamp) -> Result<(), Error> {
        let members = bytes(new.members.len()).saturating_mul(MEMBER);
        self.allow_stored(bytes(new.info.len()).saturating_add(members), now)?;
        let (group, policy) = (new.group, self.policies().group);
        self.inner.store.create_group(new, policy, now).await??;
        self.inner.memberships.forget(&group);
        Ok(())
    }

    /// Appends an entry. The same again gets the same answer; who is not in turn learns who has it. Fails with [`Error::Refused`] for
    /// strangers, members that may not do this, and full groups, [`Error::Exists`] for another content under a known id,
    /// [`Error::TooLarge`] and [`Error::Malformed`].
    pub async fn append_entry(&self, entry: NewEntry, now: Timestamp) -> Result<Result<Placed, LostTurn>, Error> {
        let commit = entry.commit.as_ref().map_or(0, |commit: &Commit| commit.info.len());
        self.allow_stored(bytes(entry.body.len().saturating_add(commit)), now)?;
        let engine = self.clone();
        to_the_end(async move {
            let (group, commits) = (entry.group, entry.commit.is_some());
            let (policy, presences) = (engine.policies().group, Arc::clone(&engine.inner.presences));
            let posting = EntryPosting { entry, policy, presences, now };
            // What was remembered must not outlive the commit: who is removed gets nothing from it on.
            let changing = commits.then(|| engine.inner.memberships.change(&group));
            let appended = engine.inner.store.append_entry(posting).await?;
            drop(changing);
            metrics::counter!("tidings_group_entries_total", "outcome" => outcome(appended.as_ref())).increment(1);
            let (envelope, knocks) = match appended? {
                Appended::Lost(lost) => return Ok(Err(lost)),
                Appended::Kept(Kept::Before(placed)) => return Ok(Ok(placed)),
                Appended::Kept(Kept::Dropped) => return Err(Error::Refused(Refusal::NotAccepted)),
                Appended::Kept(Kept::New { envelope, knocks }) => (envelope, knocks),
            };
            let placed = Placed { number: u64::try_from(envelope.seq.number()).unwrap_or(0), at: envelope.at };
            engine.announce(group_stream(&group), envelope, true);
            if knocks {
                engine.tell_knocks();
            }
            Ok(Ok(placed))
        })
        .await
    }

    async fn known_group(&self, group: &GroupId) -> Result<Option<Arc<KnownGroup>>, Error> {
        self.inner.memberships.ask(group, async || Ok(self.inner.store.membership(*group).await?)).await
    }

    /// What a key is in a group; none if there is no such group or member. Mostly from memory.
    pub async fn member(&self, group: &GroupId, key: &Ed25519Key) -> Result<Option<Role>, Error> {
        Ok(self.known_group(group).await?.and_then(|known| known.role(key)))
    }

    /// The end and the turn of a group for one of its members; none for others.
    pub async fn group_place(&self, group: &GroupId, key: &Ed25519Key) -> Result<Option<(Seq, u64)>, Error> {
        match self.known_group(group).await? {
            Some(known) if known.role(key).is_some() => Ok(Some((self.end(&group_stream(group)).await?, known.turn))),
            _ => Ok(None),
        }
    }

    /// All there is to know of a group, for its members. Fails with [`Error::Refused`].
    pub async fn group(&self, group: &GroupId, caller: Ed25519Key) -> Result<GroupView, Error> {
        let view = self.inner.store.group(*group).await?;
        let own = view.filter(|view| view.members.iter().any(|member| member.key == caller));
        own.ok_or(Error::Refused(Refusal::NotAccepted))
    }

    /// Entries after the cursor, with the end and the turn, for members. Fails with [`Error::Refused`].
    pub async fn entries(&self, group: &GroupId, caller: Ed25519Key, after: Seq) -> Result<(Batch, Seq, u64), Error> {
        let batch = self.read(&group_stream(group), after).await?;
        // Asked after it was read, or what came with the removal of the caller might be in it.
        let place = self.group_place(group, &caller).await?;
        let (end, turn) = place.ok_or(Error::Refused(Refusal::NotAccepted))?;
        let last = batch.items.last().map_or(end, |item| item.envelope.seq);
        Ok((batch, end.max(last), turn))
    }

    /// Takes a member off the list. Fails with [`Error::Refused`] if it was not on it.
    pub async fn leave_group(&self, group: &GroupId, caller: Ed25519Key) -> Result<(), Error> {
        let (engine, group) = (self.clone(), *group);
        to_the_end(async move {
            let changing = engine.inner.memberships.change(&group);
            let left = engine.inner.store.leave_group(group, caller).await?;
            drop(changing);
            engine.group_changed(&group);
            if left { Ok(()) } else { Err(Error::Refused(Refusal::NotAccepted)) }
        })
        .await
    }

    /// Deletes a group with all its entries. Fails with [`Error::Refused`] unless the caller is its owner.
    pub async fn end_group(&self, group: &GroupId, caller: Ed25519Key) -> Result<(), Error> {
        let (engine, group) = (self.clone(), *group);
        to_the_end(async move {
            let changing = engine.inner.memberships.change(&group);
            let ended = engine.inner.store.end_group(group, caller).await?;
            drop(changing);
            ended?;
            engine.inner.tail.forget(&group_stream(&group));
            engine.group_changed(&group);
            engine.sweep_ended().await;
            Ok(())
        })
        .await
    }

    /// Calls all who follow the group, here and in other processes, to look whether they still may.
    fn group_changed(&self, group: &GroupId) {
        self.inner.feeds.tell(&group_stream(group), |_| ());
        if self.inner.bus.reaches_others() {
            self.inner.bus.wake(Hint::Stream(group_stream(group)));
        }
    }

    /// While what this gives lives, this device of a member is not woken: it follows the group.
    pub fn following(&self, group: GroupId, key: Ed25519Key, device: DeviceMark) -> Presence {
        self.inner.presences.enter_group(group, key, device)
    }

    /// Sets or removes the address at which a device of a member wants to be woken. Fails with [`Error::Refused`] for strangers and beyond
    /// 256 addresses of one key or 4,096 of a group, and [`Error::TooLarge`].
    pub async fn set_wake(
        &self,
        group: &GroupId,
        caller: Ed25519Key,
        device: DeviceMark,
        url: Option<String>,
        now: Timestamp,
    ) -> Result<(), Error> {
        let size = url.as_ref().map_or(0, String::len);
        if size > WAKE_URL_MAX {
            return Err(Error::TooLarge);
        }
        if url.is_some() {
            self.allow_stored(bytes(size), now)?;
        }
        Ok(self.inner.store.set_wake(*group, caller, device, url).await??)
    }
}

/// What became of an entry, in a word.
fn outcome(appended: Result<&Appended, &Denial>) -> &'static str {
    match appended {
        Ok(Appended::Kept(Kept::New { .. })) => "kept",
        Ok(Appended::Kept(Kept::Before(_))) => "repeated",
        Ok(Appended::Lost(_)) => "lost",
        Ok(Appended::Kept(Kept::Dropped)) | Err(_) => "refused",
    }
}
