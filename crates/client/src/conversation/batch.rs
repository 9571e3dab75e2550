//! The changes of one call, and reading through them.

use crate::records::{Change, Direction, RecordKey, Records, RecordsError, Table};
use std::collections::BTreeMap;

/// Records of one owner: each with its order.
pub type Found = Vec<(Vec<u8>, Vec<u8>)>;

/// What one call of the client changes, in one place: what was written is read again before it is on the disk.
#[derive(Default)]
pub struct Batch {
    changes: BTreeMap<RecordKey, Option<Vec<u8>>>,
}

impl Batch {
    /// Writes a record.
    pub fn put(&mut self, key: RecordKey, value: Vec<u8>) {
        self.changes.insert(key, Some(value));
    }

    /// Deletes a record.
    pub fn remove(&mut self, key: RecordKey) {
        self.changes.insert(key, None);
    }

    /// A record as it will be. Fails as the store does.
    pub fn get(&self, records: &dyn Records, key: &RecordKey) -> Result<Option<Vec<u8>>, RecordsError> {
        match self.changes.get(key) {
            Some(value) => Ok(value.clone()),
            None => records.get(key),
        }
    }

    /// As [`Records::scan`], with what was changed since.
    pub fn scan(
        &self,
        records: &dyn Records,
        table: Table,
        owner: &[u8],
        from: Option<&[u8]>,
        direction: Direction,
        limit: usize,
    ) -> Result<Found, RecordsError> {
        let changed = self.changed(table, owner, from, direction);
        if changed.is_empty() {
            return records.scan(table, owner, from, direction, limit);
        }
        let limit_below = limit.saturating_add(changed.len());
        let mut found: BTreeMap<Vec<u8>, Option<Vec<u8>>> = records
            .scan(table, owner, from, direction, limit_below)?
            .into_iter()
            .map(|(order, value)| (order, Some(value)))
            .collect();
        found.extend(changed);
        let present = found.into_iter().filter_map(|(order, value)| Some((order, value?)));
        Ok(match direction {
            Direction::Up => present.take(limit).collect(),
            Direction::Down => {
                let mut all: Vec<_> = present.collect();
                all.reverse();
                all.truncate(limit);
                all
            }
        })
    }

    fn changed(
        &self,
        table: Table,
        owner: &[u8],
        from: Option<&[u8]>,
        direction: Direction,
    ) -> Vec<(Vec<u8>, Option<Vec<u8>>)> {
        let first = RecordKey::new(table, owner, []);
        let of_owner = self.changes.range(first..).take_while(|(key, _)| key.table == table && key.owner == owner);
        let beyond = |order: &[u8]| match (from, direction) {
            (None, _) => true,
            (Some(from), Direction::Up) => order > from,
            (Some(from), Direction::Down) => order < from,
        };
        of_owner.filter(|(key, _)| beyond(&key.order)).map(|(key, value)| (key.order.clone(), value.clone())).collect()
    }

    /// Whether nothing was changed.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    /// For [`Action::Save`](crate::io::Action::Save).
    pub fn into_changes(self) -> Vec<Change> {
        self.changes.into_iter().map(|(key, value)| Change { key, value }).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::records::MemoryRecords;

    #[test]
    fn what_was_changed_is_read_before_it_is_kept() {
        let mut records = MemoryRecords::default();
        let key = |order: u8| RecordKey::new(Table::Message, *b"a", [order]);
        let mut batch = Batch::default();
        for order in [1, 3, 5] {
            batch.put(key(order), vec![order]);
        }
        records.apply(std::mem::take(&mut batch).into_changes());
        batch.remove(key(3));
        batch.put(key(4), vec![4]);
        let scan = |from: Option<&[u8]>, direction, limit| {
            let found = batch.scan(&records, Table::Message, b"a", from, direction, limit).unwrap();
            found.into_iter().map(|(order, _)| order[0]).collect::<Vec<_>>()
        };
        assert_eq!(scan(None, Direction::Up, 9), [1, 4, 5]);
        assert_eq!(scan(None, Direction::Down, 2), [5, 4]);
        assert_eq!(scan(Some(&[1]), Direction::Up, 1), [4]);
        assert_eq!(scan(Some(&[5]), Direction::Down, 1), [4]);
        assert_eq!(batch.get(&records, &key(3)).unwrap(), None);
        assert_eq!(batch.get(&records, &key(5)).unwrap(), Some(vec![5]));
    }
}
