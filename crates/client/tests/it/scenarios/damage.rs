//! Records that are cut, changed or of another version: the rest works, and what can be had again comes back.

use super::NODES;
use crate::world::World;
use tidings_client::client::Client;
use tidings_client::command::Command;
use tidings_client::records::{Change, Direction, MemoryRecords, RecordKey, Records as _, Table};
use tidings_client::view::{GroupId, Standing};

/// How a record is spoilt.
#[derive(Clone, Copy, Debug)]
enum Spoil {
    Cut,
    Flip,
    Empty,
    Gone,
    /// What an older version wrote may lack what this one wants.
    Older,
}

fn spoilt(value: &[u8], spoil: Spoil) -> Option<Vec<u8>> {
    let mut value = value.to_vec();
    match spoil {
        Spoil::Cut => value.truncate(value.len() / 2),
        Spoil::Flip => {
            // The first byte says what kind of CBOR it is.
            value[0] ^= 0xe0;
        }
        Spoil::Empty => value.clear(),
        Spoil::Gone => return None,
        Spoil::Older => value = vec![0xa1, 0x61, b'v', 0x00],
    }
    Some(value)
}

/// Spoils all records of an owner in a table.
fn spoil(records: &mut MemoryRecords, table: Table, owner: &[u8], how: Spoil) {
    let found = records.scan(table, owner, None, Direction::Up, usize::MAX).unwrap();
    assert!(!found.is_empty(), "there is something to spoil");
    let change = |(order, value): (Vec<u8>, Vec<u8>)| Change {
        key: RecordKey::new(table, owner, order),
        value: spoilt(&value, how),
    };
    records.apply(found.into_iter().map(change).collect());
}

/// A world in which Ada talks with Bob and, in a group, with Bob and Cleo.
fn talk(seed: u64) -> (World, [usize; 3], GroupId, GroupId) {
    let mut world = World::new(seed, &NODES);
    let people = [("Ada", 0), ("Bob", 1), ("Cleo", 2)].map(|(name, node)| world.person(name, NODES[node]));
    let [ada, bob, cleo] = people;
    let pair = world.meet(ada, bob);
    world.meet(ada, cleo);
    let members = vec![world.identity(bob), world.identity(cleo)];
    let done = world.good(ada, Command::CreateGroup { name: "Walks".to_owned(), members });
    let tidings_client::command::Done::Conversation(group) = done else { panic!("no group") };
    world.settle();
    for from in people {
        world.say(from, group, &format!("{from} before"));
        world.settle();
    }
    world.say(bob, pair, "between us");
    world.settle();
    // Everything that the profile is to know stands at the node.
    world.run(60_000);
    (world, people, pair, group)
}

fn damage_and_go_on(seed: u64, table: Table, how: Spoil) {
    let (mut world, people, pair, group) = talk(seed);
    let [ada, bob, cleo] = people;
    spoil(&mut world.devices[ada].records, table, &group.0, how);
    world.restart(ada);
    world.say(ada, pair, "the others are fine");
    world.settle();
    world.run(120_000);
    world.settle();
    let view =
        world.devices[ada].client.conversation(&group).unwrap_or_else(|| panic!("{table:?} {how:?}: it is back"));
    assert_eq!(view.standing, Standing::Ready, "{table:?} {how:?}");
    for from in [cleo, ada, bob, ada] {
        world.say(from, group, &format!("{from} after"));
        world.settle();
    }
    world.run(120_000);
    world.settle();
    let mut expected: Vec<_> = people.iter().map(|from| format!("{from} before")).collect();
    expected.extend([cleo, ada, bob, ada].iter().map(|from| format!("{from} after")));
    for device in people {
        assert_eq!(world.texts(device, &group), expected, "{table:?} {how:?}, device {device}: each once");
        let lost = world
            .messages(device, &group)
            .into_iter()
            .any(|view| matches!(view.shown, tidings_client::view::Shown::Gap(_)));
        assert!(!lost, "{table:?} {how:?}: nobody misses anything");
    }
    assert_eq!(world.texts(bob, &pair), ["between us", "the others are fine"]);
}

#[test]
fn one_damaged_conversation_comes_back_and_the_rest_works() {
    let ways = [
        (Table::Conversation, Spoil::Cut),
        (Table::Conversation, Spoil::Flip),
        (Table::Conversation, Spoil::Older),
        (Table::Part, Spoil::Cut),
        (Table::Part, Spoil::Gone),
        (Table::Mls, Spoil::Flip),
        (Table::Mls, Spoil::Empty),
        (Table::Mls, Spoil::Gone),
    ];
    for (number, (table, how)) in ways.into_iter().enumerate() {
        damage_and_go_on(8000 + number as u64, table, how);
    }
}

#[test]
fn the_person_is_told_which_conversation_is_damaged() {
    let (mut world, [ada, ..], pair, group) = talk(8100);
    spoil(&mut world.devices[ada].records, Table::Conversation, &group.0, Spoil::Cut);
    let found = Client::open(&world.devices[ada].records, world.now).unwrap_or_else(|fault| panic!("{fault}"));
    assert!(found.conversation(&pair).is_some() && found.conversation(&group).is_none());
    world.restart(ada);
    world.settle();
    let warnings = world.devices[ada].client.me().unwrap().warnings;
    assert!(warnings.iter().any(|warning| warning.contains("Walks")), "{warnings:?}");
}

#[test]
fn damaged_contacts_and_jobs_lock_nobody_out() {
    let (mut world, [ada, bob, _], pair, _) = talk(8200);
    let contact = format!("contact/{}", world.identity(bob));
    let place = RecordKey::new(Table::Own, *b"profile", contact.as_bytes());
    let kept = world.devices[ada].records.get(&place).unwrap().expect("Bob stands in the profile");
    world.devices[ada].records.apply(vec![
        Change { key: place, value: spoilt(&kept, Spoil::Cut) },
        Change { key: RecordKey::new(Table::Own, *b"job", 7u64.to_be_bytes()), value: Some(vec![0xff]) },
    ]);
    world.restart(ada);
    world.run(60_000);
    world.settle();
    assert_eq!(world.contact(ada, bob).conversation, Some(pair), "the profile at the node brought the contact back");
    let warnings = world.devices[ada].client.me().unwrap().warnings;
    assert!(warnings.iter().any(|warning| warning.starts_with("2 records")), "{warnings:?}");
    world.say(ada, pair, "still here");
    world.settle();
    assert_eq!(world.texts(bob, &pair), ["between us", "still here"]);
}

#[test]
fn records_of_a_newer_version_are_refused_with_words_that_help() {
    let (mut world, [ada, ..], ..) = talk(8300);
    let records = &mut world.devices[ada].records;
    let place = RecordKey::new(Table::Own, *b"layout", []);
    assert_eq!(records.get(&place).unwrap(), Some(vec![1]), "the version stands there");
    let refusal = |records: &MemoryRecords| Client::open(records, 0).err().map(|fault| fault.to_string());
    for (value, words) in [(vec![2], "newer version"), (vec![0xff], "damaged")] {
        records.apply(vec![Change { key: place.clone(), value: Some(value) }]);
        let said = refusal(records).expect("it is refused");
        assert!(said.contains(words) && said.contains("log in with your"), "{said}");
    }
    records.apply(vec![Change { key: place, value: None }]);
    assert_eq!(refusal(records), None, "what is older is read");
    spoil(records, Table::Own, b"state", Spoil::Cut);
    assert!(refusal(records).expect("it is refused").contains("log in with your"));
}
