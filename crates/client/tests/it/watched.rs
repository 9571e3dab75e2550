//! Records of which a test sees what is read, and in which some can't be had. The unit tests of the client use this file, too.

use super::{Direction, MemoryRecords, Page, RecordKey, Records, RecordsError, Table};
use std::cell::RefCell;

/// Records as a client reads them.
pub(crate) struct Watched<'a> {
    below: &'a MemoryRecords,
    /// One that can't be opened any more.
    torn: Option<&'a RecordKey>,
    /// How many the store says that it has left out.
    left_out: u64,
    /// The table of each reading, in order.
    pub(crate) read: RefCell<Vec<Table>>,
}

impl<'a> Watched<'a> {
    pub(crate) fn new(below: &'a MemoryRecords, torn: Option<&'a RecordKey>, left_out: u64) -> Self {
        Self { below, torn, left_out, read: RefCell::default() }
    }
}

impl Records for Watched<'_> {
    fn get(&self, key: &RecordKey) -> Result<Option<Vec<u8>>, RecordsError> {
        self.read.borrow_mut().push(key.table);
        if self.torn == Some(key) { Err(RecordsError("damaged".to_owned())) } else { self.below.get(key) }
    }

    fn scan(
        &self,
        table: Table,
        owner: &[u8],
        from: Option<&[u8]>,
        direction: Direction,
        limit: usize,
    ) -> Result<Page, RecordsError> {
        self.read.borrow_mut().push(table);
        let here = self.torn.filter(|torn| torn.table == table && torn.owner == owner);
        let mut found = self.below.scan(table, owner, from, direction, limit.saturating_add(1))?;
        found.retain(|(order, _)| here.is_none_or(|torn| torn.order != *order));
        found.truncate(limit);
        Ok(found)
    }

    fn all(&self, table: Table, limit: usize) -> Result<Vec<(RecordKey, Vec<u8>)>, RecordsError> {
        self.read.borrow_mut().push(table);
        self.below.all(table, limit)
    }

    fn left_out(&self) -> u64 {
        self.left_out
    }
}
