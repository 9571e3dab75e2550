//! What a client keeps, as its surroundings must keep it: records in tables, changed in transactions.
//!
//! A store may blind `owner` (only equality matters) and seals the value. It must keep `order` comparable; what stands there
//! reveals no more than a time or a number, but for [`Table::Mls`] and [`Table::Part`], which are to be blinded and are read as a whole.

use thiserror::Error;

/// What a record is. The numbers are for stores; never change one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Table {
    /// State of the client itself: secrets, node, own devices, outbox.
    Own = 1,
    /// A person known to this one. Owner: identity key.
    Contact = 2,
    /// State of a conversation, and what it has in flight. Owner: group id.
    Conversation = 3,
    /// State of the MLS group, and of key packages. Owner: group id, or `packages`.
    Mls = 4,
    /// Messages. Owner: group id. Order: time (8 bytes, big-endian milliseconds), then the message's id (its first 8 bytes in stores
    /// of before).
    Message = 5,
    /// Where a message stands in [`Table::Message`]. Owner: group id. Order: message id.
    MessageIndex = 6,
    /// Own messages as they were written, for those who missed them. Owner: group id. Order: `seq` (8 bytes, big-endian).
    Written = 7,
    /// Entries of the last days as they came from the hub. Owner: group id. Order: number (8 bytes, big-endian).
    Entry = 8,
    /// Transfers of blobs that are under way. Order: number.
    Transfer = 9,
    /// What expires. Order: time (8 bytes, big-endian milliseconds), then what tells them apart.
    Expiry = 10,
    /// Parts of a conversation's state that seldom change, or change one by one. Owner: group id.
    Part = 11,
}

/// Where a record is.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RecordKey {
    /// What it is.
    pub table: Table,
    /// Whose it is.
    pub owner: Vec<u8>,
    /// Its place among those of its owner.
    pub order: Vec<u8>,
}

impl RecordKey {
    /// The record of this place.
    pub fn new(table: Table, owner: impl Into<Vec<u8>>, order: impl Into<Vec<u8>>) -> Self {
        Self { table, owner: owner.into(), order: order.into() }
    }
}

/// A record is written (`Some`) or deleted (`None`). Deleted means gone from the disk, too.
#[derive(Clone, PartialEq, Eq)]
pub struct Change {
    /// Which.
    pub key: RecordKey,
    /// Its new content.
    pub value: Option<Vec<u8>>,
}

/// In which direction to look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// From the first on.
    Up,
    /// From the last back.
    Down,
}

/// Why records could not be read.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("the local store can't be read: {0}")]
pub struct RecordsError(pub String);

/// Records of one owner: each with its `order`, and its value.
pub type Page = Vec<(Vec<u8>, Vec<u8>)>;

/// Reads what was kept. Everything that was in a finished [`Action::Save`](crate::io::Action::Save) is visible, nothing else.
pub trait Records {
    /// One record.
    fn get(&self, key: &RecordKey) -> Result<Option<Vec<u8>>, RecordsError>;
    /// Records of one owner whose `order` lies strictly beyond `from` in the direction (from the very end if `None`), at most
    /// `limit`: each with its `order`.
    fn scan(
        &self,
        table: Table,
        owner: &[u8],
        from: Option<&[u8]>,
        direction: Direction,
        limit: usize,
    ) -> Result<Page, RecordsError>;
    /// All records of a table, at most `limit`: each with its owner and `order`. A store that blinds owners keeps them sealed
    /// beside the value.
    fn all(&self, table: Table, limit: usize) -> Result<Vec<(RecordKey, Vec<u8>)>, RecordsError>;
    /// How many records were come upon that are damaged, and are still kept: [`Records::scan`] and [`Records::all`] leave them out,
    /// [`Records::get`] fails. The store may delete them once [`Client::left_out_seen`](crate::client::Client::left_out_seen).
    fn left_out(&self) -> u64 {
        0
    }
}

/// A page of all records of an owner, for a store that does not know their order: what [`Records::scan`] gives of them.
pub fn page_of(mut all: Page, from: Option<&[u8]>, direction: Direction, limit: usize) -> Page {
    all.sort();
    if direction == Direction::Down {
        all.reverse();
    }
    let beyond = |order: &[u8]| match (direction, from) {
        (_, None) => true,
        (Direction::Up, Some(from)) => order > from,
        (Direction::Down, Some(from)) => order < from,
    };
    all.into_iter().filter(|(order, _)| beyond(order)).take(limit).collect()
}

/// Records in memory: for a browser that loads them at its start, for tests and simulations.
#[derive(Clone, Default)]
pub struct MemoryRecords(std::collections::BTreeMap<RecordKey, Vec<u8>>);

impl MemoryRecords {
    /// Does all changes.
    pub fn apply(&mut self, changes: Vec<Change>) {
        for change in changes {
            match change.value {
                Some(value) => self.0.insert(change.key, value),
                None => self.0.remove(&change.key),
            };
        }
    }
}

impl Records for MemoryRecords {
    fn get(&self, key: &RecordKey) -> Result<Option<Vec<u8>>, RecordsError> {
        Ok(self.0.get(key).cloned())
    }

    fn scan(
        &self,
        table: Table,
        owner: &[u8],
        from: Option<&[u8]>,
        direction: Direction,
        limit: usize,
    ) -> Result<Page, RecordsError> {
        use std::ops::Bound::{Excluded, Included, Unbounded};
        let same = |key: &RecordKey| key.table == table && key.owner == owner;
        let at = |order: &[u8]| RecordKey::new(table, owner, order);
        let pair = |(key, value): (&RecordKey, &Vec<u8>)| (key.order.clone(), value.clone());
        Ok(match direction {
            Direction::Up => {
                let low = from.map_or_else(|| Included(at(&[])), |from| Excluded(at(from)));
                self.0.range((low, Unbounded)).take_while(|(key, _)| same(key)).take(limit).map(pair).collect()
            }
            Direction::Down => {
                let high = from.map_or_else(
                    || Excluded(RecordKey::new(table, [owner, &[0]].concat(), [])),
                    |from| Excluded(at(from)),
                );
                self.0.range((Unbounded, high)).rev().take_while(|(key, _)| same(key)).take(limit).map(pair).collect()
            }
        })
    }

    fn all(&self, table: Table, limit: usize) -> Result<Vec<(RecordKey, Vec<u8>)>, RecordsError> {
        let low = RecordKey::new(table, [], []);
        let range = self.0.range(low..).take_while(|(key, _)| key.table == table);
        Ok(range.take(limit).map(|(key, value)| (key.clone(), value.clone())).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scans_go_both_ways_and_stay_with_their_owner() {
        let mut records = MemoryRecords::default();
        let put = |owner: &[u8], order: u8| Change {
            key: RecordKey::new(Table::Message, owner, [order]),
            value: Some(vec![order]),
        };
        records.apply(vec![put(b"a", 1), put(b"a", 2), put(b"a", 3), put(b"b", 1), put(b"", 9)]);
        let scan = |from: Option<&[u8]>, direction, limit| {
            let found = records.scan(Table::Message, b"a", from, direction, limit).unwrap();
            found.into_iter().map(|(order, _)| order[0]).collect::<Vec<_>>()
        };
        assert_eq!(scan(None, Direction::Up, 9), [1, 2, 3]);
        assert_eq!(scan(Some(&[1]), Direction::Up, 1), [2]);
        assert_eq!(scan(None, Direction::Down, 2), [3, 2]);
        assert_eq!(scan(Some(&[2]), Direction::Down, 9), [1]);
        assert_eq!(records.all(Table::Message, 9).unwrap().len(), 5);
    }
}
