//! A store in which one record can't be opened any more.

use tidings_client::records::{Direction, MemoryRecords, Page, RecordKey, Records, RecordsError, Table};

/// Records of which one is damaged.
pub(super) struct Torn<'a> {
    pub(super) records: &'a MemoryRecords,
    pub(super) torn: Option<&'a RecordKey>,
}

impl Records for Torn<'_> {
    fn get(&self, key: &RecordKey) -> Result<Option<Vec<u8>>, RecordsError> {
        if self.torn == Some(key) { Err(RecordsError("damaged".to_owned())) } else { self.records.get(key) }
    }

    fn scan(
        &self,
        table: Table,
        owner: &[u8],
        from: Option<&[u8]>,
        direction: Direction,
        limit: usize,
    ) -> Result<Page, RecordsError> {
        let is_torn = |order: &[u8]| {
            self.torn.is_some_and(|torn| torn.table == table && torn.owner == owner && torn.order == order)
        };
        let mut found = self.records.scan(table, owner, from, direction, usize::MAX)?;
        found.retain(|(order, _)| !is_torn(order));
        found.truncate(limit);
        Ok(found)
    }

    fn all(&self, table: Table, limit: usize) -> Result<Vec<(RecordKey, Vec<u8>)>, RecordsError> {
        self.records.all(table, limit)
    }
}
