//! Which archives this device has taken up, so that none is replaced that holds something which is not here.

use super::super::Client;
use super::super::jobs::Job;
use super::super::turn::Turn;
use super::{HistoryRecord, Part, United, united_place};
use crate::io::Time;
use crate::profile::Name;
use crate::view::GroupId;
use tidings_wire::bytes::Fixed;

/// How often a device writes the same archive again in the place of another device's, before it leaves that one alone.
const REPLACED_MAX: u32 = 3;
/// For how long then, in milliseconds.
const THEIRS_FOR: Time = super::DAY;

impl Default for United {
    fn default() -> Self {
        Self { hash: Fixed([0; 32]), mine: None, unread: false, wrote: None, again: 0, theirs_until: 0 }
    }
}

impl United {
    /// Whether another device's archive stays although this device would write another: it has written the same in its place several times
    /// and always found it replaced, so what differs can't be had by one of them.
    pub(super) fn leaves_theirs(&self, now: Time, hash: Fixed<32>) -> bool {
        self.wrote == Some(hash) && self.mine.is_none() && now < self.theirs_until
    }
}

impl Client {
    /// Another device has written or dropped an archive.
    pub(in crate::client) fn archive_merged(&mut self, turn: &mut Turn<'_>, group: &GroupId, number: u64) {
        let record: Option<HistoryRecord> = self.book.get_as(&Name::History(*group, number));
        let united = self.archives.united.get(&(*group, number)).cloned();
        let Some(record) = record else {
            // Who dropped it has destroyed it. What was written is remembered: if it is written again and again, that ends.
            self.unite(turn, group, number, Fixed([0; 32]), None);
            return;
        };
        let mine = united.as_ref().and_then(|united| united.mine.clone());
        if let Some((url, secret)) = mine.filter(|(url, _)| *url != record.blob.url) {
            // The other's stands in the place of this device's, which nobody needs any more.
            self.add_job(turn, Job::DestroyBlob { url, secret });
            self.unite(turn, group, number, united.as_ref().map_or(Fixed([0; 32]), |united| united.hash), None);
        }
        self.wanted_anew(turn, group, number);
        match united {
            _ if !self.conversations.contains_key(group) => {}
            None => self.want_archive(turn, group, number),
            Some(united) if united.hash != record.hash => self.archive_soon(turn, group),
            Some(_) => {}
        }
    }

    pub(super) fn unite(
        &mut self,
        turn: &mut Turn<'_>,
        group: &GroupId,
        number: u64,
        hash: Fixed<32>,
        mine: Option<(String, Fixed<16>)>,
    ) {
        let united = self.archives.united.remove(&(*group, number)).unwrap_or_default();
        let united = United { hash, mine, unread: false, ..united };
        turn.put(united_place(group, number), &united);
        self.archives.united.insert((*group, number), united);
    }

    /// This device wrote an archive.
    pub(super) fn wrote(&mut self, turn: &mut Turn<'_>, group: &GroupId, number: u64, record: &HistoryRecord) {
        let place = (*group, number);
        let known = self.archives.united.remove(&place).unwrap_or_default();
        let same = known.wrote == Some(record.hash) && known.mine.is_none();
        let again = if same { known.again.saturating_add(1) } else { 0 };
        let theirs_until = if again >= REPLACED_MAX { turn.now.saturating_add(THEIRS_FOR) } else { 0 };
        let mine = Some((record.blob.url.clone(), Fixed(record.blob.delete)));
        let united = United { hash: record.hash, mine, unread: false, wrote: Some(record.hash), again, theirs_until };
        turn.put(united_place(group, number), &united);
        self.archives.united.insert(place, united);
    }

    pub(super) fn forget_united(&mut self, turn: &mut Turn<'_>, group: &GroupId, number: u64) {
        if self.archives.united.remove(&(*group, number)).is_some() {
            turn.remove(united_place(group, number));
        }
    }

    /// Archives that hold what this device may not have: neither taken up yet nor the same as it would write.
    pub(super) fn strange_archives(&self, group: &GroupId, parts: &[Part]) -> Vec<u64> {
        let strange = |number: &u64| {
            let record: Option<HistoryRecord> = self.book.get_as(&Name::History(*group, *number));
            let own = usize::try_from(*number).ok().and_then(|number| parts.get(number)).map(|part| part.hash);
            let united = self.archives.united.get(&(*group, *number)).map(|united| united.hash);
            record.is_some_and(|record| Some(record.hash) != own && Some(record.hash) != united)
        };
        self.archive_numbers(group).into_iter().filter(strange).collect()
    }
}
