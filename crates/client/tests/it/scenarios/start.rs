//! A cold start with many conversations reads small records only.

use super::NODES;
use crate::watched::Watched;
use crate::world::World;
use tidings_client::client::Client;
use tidings_client::command::Command;
use tidings_client::records::Table;

#[test]
fn messages_and_groups_are_read_when_they_are_needed() {
    let mut world = World::new(60, &NODES);
    let ada = world.person("Ada", NODES[0]);
    for number in 0..40 {
        world.good(ada, Command::CreateRoom { name: format!("room {number}"), passphrase: None });
    }
    world.settle();
    let records = Watched::new(&world.devices[ada].records, None, 0);
    let client = Client::open(&records, world.now).unwrap_or_else(|fault| panic!("{fault}"));
    assert_eq!(client.conversations().len(), 40);
    let read = records.read.into_inner();
    assert!(!read.iter().any(|table| matches!(
        table,
        Table::Mls | Table::Message | Table::MessageIndex | Table::Entry | Table::Written
    )));
    assert!(read.len() < 20, "{} reads", read.len());
}
