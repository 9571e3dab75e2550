//! What time changes by itself is told to whoever shows it.

use super::NODES;
use crate::world::World;
use tidings_client::command::Command;
use tidings_client::view::Event;

#[test]
fn a_message_whose_time_begins_with_reading_is_shown_anew() {
    let mut world = World::new(47, &NODES);
    let (ada, bob) = (world.person("Ada", NODES[0]), world.person("Bob", NODES[1]));
    let group = world.meet(ada, bob);
    world.good(ada, Command::SendText { group, text: "burn this".to_owned(), reply: None, expire: Some(60) });
    world.until(|world| !world.texts(bob, &group).is_empty(), "it comes");
    let unread = world.messages(bob, &group);
    let [message] = unread.as_slice() else { panic!("one message: {unread:?}") };
    assert_eq!(message.expires, None);
    world.devices[bob].events.clear();
    world.good(bob, Command::MarkRead { group, message: None });
    let told =
        |event: &Event| matches!(event, Event::Message { message: shown, new: false, .. } if *shown == message.id);
    assert!(world.devices[bob].events.iter().any(told), "{:?}", world.devices[bob].events);
    assert!(world.messages(bob, &group)[0].expires.is_some());
}

#[test]
fn who_stops_typing_is_not_shown_for_ever() {
    let mut world = World::new(48, &NODES);
    let (ada, bob) = (world.person("Ada", NODES[0]), world.person("Bob", NODES[1]));
    let group = world.meet(ada, bob);
    let typing = |world: &World| !world.devices[bob].client.conversation(&group).unwrap().typing.is_empty();
    world.good(ada, Command::Typing { group });
    world.until(typing, "Bob sees it");
    world.devices[bob].events.clear();
    let told = |event: &Event| matches!(event, Event::Conversation(shown) if *shown == group);
    world.until(|world| world.devices[bob].events.iter().any(told), "Bob is told of something");
    assert!(!typing(&world), "it was told that it is over");
}
