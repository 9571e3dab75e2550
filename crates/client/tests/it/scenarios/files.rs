//! Files.

use super::NODES;
use crate::world::World;
use tidings_client::command::{Command, Done, Fault, Look};
use tidings_client::io::FileId;
use tidings_client::view::{Event, GroupId, MessageId, Shown};

fn send(world: &mut World, from: usize, group: GroupId, content: Vec<u8>, look: Look) -> MessageId {
    let attachment = world.attachment(from, content, look);
    let Done::Message(id) = world.good(from, Command::SendFile { group, attachment, reply: None }) else {
        panic!("no message")
    };
    world.settle();
    id
}

fn open(world: &mut World, who: usize, group: GroupId, message: MessageId) -> Result<Vec<u8>, Fault> {
    let file = FileId(1000 + world.devices[who].files.len() as u64);
    match world.command(who, Command::Open { group, message, file }) {
        Done::File(name, kind) => {
            assert_eq!((name.as_str(), kind.as_str()), ("leaves.bin", "application/octet-stream"));
            Ok(world.devices[who].files[&file.0].clone())
        }
        Done::Failed(fault) => Err(fault),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_file_goes_both_ways_though_requests_are_lost() {
    let mut world = World::new(40, &NODES);
    let (ada, bob) = (world.person("Ada", NODES[0]), world.person("Bob", NODES[1]));
    let group = world.meet(ada, bob);
    world.loss = 4;
    for (from, to, size) in [(ada, bob, 1_000_000usize), (bob, ada, 70_000), (ada, bob, 0)] {
        let content: Vec<u8> = (0..size).map(|place| (place % 251) as u8).collect();
        let message = send(&mut world, from, group, content.clone(), Look::Keep);
        assert!(open(&mut world, to, group, message).is_ok_and(|read| read == content));
        for device in [from, to] {
            let far =
                |event: &Event| if let Event::Progress { done, all, .. } = event { Some((*done, *all)) } else { None };
            let last = world.devices[device].events.iter().rev().find_map(far);
            assert!(last.is_some_and(|(done, all)| done == all), "nothing is under way any more: {last:?}");
        }
    }
}

#[test]
fn a_file_that_was_under_way_goes_on_after_a_crash() {
    let mut world = World::new(41, &NODES);
    let (ada, bob) = (world.person("Ada", NODES[0]), world.person("Bob", NODES[1]));
    let group = world.meet(ada, bob);
    let content: Vec<u8> = (0..900_000usize).map(|place| (place % 241) as u8).collect();
    let attachment = world.attachment(ada, content.clone(), Look::Keep);
    let saves = world.devices[ada].saves;
    world.devices[ada].crash_at = Some((saves + 6, true));
    world.order(ada, Command::SendFile { group, attachment, reply: None });
    world.until(|world| world.devices[ada].crashes > 0, "it crashes");
    world.settle();
    let views = world.messages(bob, &group);
    let [view] = &views[..] else { panic!("{} messages", views.len()) };
    assert!(matches!(view.shown, Shown::File(_)));
    assert!(open(&mut world, bob, group, view.id).is_ok_and(|read| read == content));
}

#[test]
fn what_may_be_seen_once_is_gone_everywhere_afterwards() {
    let mut world = World::new(42, &NODES);
    let (ada, bob) = (world.person("Ada", NODES[0]), world.person("Bob", NODES[1]));
    let group = world.meet(ada, bob);
    let message = send(&mut world, ada, group, vec![9; 5000], Look::Once);
    assert_eq!(world.nodes[NODES[0]].blobs.len(), 1);
    assert!(open(&mut world, bob, group, message).is_ok_and(|read| read == vec![9; 5000]));
    world.settle();
    assert!(matches!(open(&mut world, bob, group, message), Err(Fault::Gone(_))));
    assert!(world.nodes[NODES[0]].blobs.is_empty());
    for who in [ada, bob] {
        let view = world.messages(who, &group).into_iter().find(|view| view.id == message);
        assert!(view.is_none_or(|view| matches!(view.shown, Shown::File(file) if file.gone)), "{who}");
    }
}

#[test]
fn a_file_that_is_stopped_goes_nowhere_and_leaves_nothing_at_the_node() {
    let mut world = World::new(43, &NODES);
    let (ada, bob) = (world.person("Ada", NODES[0]), world.person("Bob", NODES[1]));
    let group = world.meet(ada, bob);
    let attachment = world.attachment(ada, vec![5; 2_000_000], Look::Keep);
    let file = attachment.file;
    world.order(ada, Command::SendFile { group, attachment, reply: None });
    let partly = |world: &World| world.nodes[NODES[0]].blobs.values().any(|blob| !blob.bytes.is_empty());
    world.until(partly, "the node has some of it");
    assert!(matches!(world.command(ada, Command::StopFile { file }), Done::Well));
    world.settle();
    assert!(world.nodes[NODES[0]].blobs.is_empty() && world.messages(bob, &group).is_empty());
    assert!(matches!(world.command(ada, Command::StopFile { file }), Done::Failed(Fault::Unknown(_))));
}
