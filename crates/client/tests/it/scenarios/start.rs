//! A cold start with many conversations reads small records only.

use super::NODES;
use crate::world::World;
use std::cell::RefCell;
use tidings_client::client::Client;
use tidings_client::command::Command;
use tidings_client::records::{Direction, MemoryRecords, RecordKey, Records, RecordsError, Table};

/// Counts what is read of which table.
struct Counting<'a> {
    below: &'a MemoryRecords,
    read: RefCell<Vec<Table>>,
}

impl Records for Counting<'_> {
    fn get(&self, key: &RecordKey) -> Result<Option<Vec<u8>>, RecordsError> {
        self.read.borrow_mut().push(key.table);
        self.below.get(key)
    }

    fn scan(
        &self,
        table: Table,
        owner: &[u8],
        from: Option<&[u8]>,
        direction: Direction,
        limit: usize,
    ) -> Result<Vec<(Vec<u8>, Vec<u8>)>, RecordsError> {
        self.read.borrow_mut().push(table);
        self.below.scan(table, owner, from, direction, limit)
    }

    fn all(&self, table: Table, limit: usize) -> Result<Vec<(RecordKey, Vec<u8>)>, RecordsError> {
        self.read.borrow_mut().push(table);
        self.below.all(table, limit)
    }
}

#[test]
fn messages_and_groups_are_read_when_they_are_needed() {
    let mut world = World::new(60, &NODES);
    let ada = world.person("Ada", NODES[0]);
    for number in 0..40 {
        world.good(ada, Command::CreateRoom { name: format!("room {number}"), passphrase: None });
    }
    world.settle();
    let records = Counting { below: &world.devices[ada].records, read: RefCell::new(Vec::new()) };
    let client = Client::open(&records, world.now).unwrap_or_else(|fault| panic!("{fault}"));
    assert_eq!(client.conversations().len(), 40);
    let read = records.read.into_inner();
    assert!(!read.iter().any(|table| matches!(
        table,
        Table::Mls | Table::Message | Table::MessageIndex | Table::Entry | Table::Written
    )));
    assert!(read.len() < 20, "{} reads", read.len());
}
