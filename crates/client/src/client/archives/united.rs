//! Which archives this device has taken up, so that none is replaced that holds something which is not here.

use super::super::Client;
use super::super::jobs::Job;
use super::super::turn::Turn;
use super::{HistoryRecord, Part, United, united_place};
use crate::profile::Name;
use crate::view::GroupId;
use tidings_wire::bytes::Fixed;

impl Client {
    /// Another device has written or dropped an archive.
    pub(in crate::client) fn archive_merged(&mut self, turn: &mut Turn<'_>, group: &GroupId, number: u64) {
        let record: Option<HistoryRecord> = self.book.get_as(&Name::History(*group, number));
        let united = self.archives.united.get(&(*group, number)).cloned();
        let Some(record) = record else {
            self.forget_united(turn, group, number);
            return;
        };
        let mine = united.as_ref().and_then(|united| united.mine.clone());
        if let Some((url, secret)) = mine.filter(|(url, _)| *url != record.blob.url) {
            // The other's stands in the place of this device's, which nobody needs any more.
            self.add_job(turn, Job::DestroyBlob { url, secret });
            self.unite(turn, group, number, united.as_ref().map_or(Fixed([0; 32]), |united| united.hash), None);
        }
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
        let united = United { hash, mine };
        turn.put(united_place(group, number), &united);
        self.archives.united.insert((*group, number), united);
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
