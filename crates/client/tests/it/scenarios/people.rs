//! Contacts and conversations of two.

use super::NODES;
use crate::world::World;
use tidings_client::command::{Command, Done, Fault};
use tidings_client::view::{ConversationKind, Delivery, Standing};

#[test]
fn two_people_of_two_nodes_meet_and_talk_both_ways() {
    let mut world = World::new(10, &NODES);
    let (ada, bob) = (world.person("Ada", NODES[0]), world.person("Bob", NODES[1]));
    let group = world.meet(ada, bob);
    for (who, other, name) in [(ada, bob, "Bob"), (bob, ada, "Ada")] {
        let contact = world.contact(who, other);
        assert_eq!((contact.name.as_str(), contact.conversation), (name, Some(group)));
        let view = world.devices[who].client.conversation(&group).unwrap();
        assert_eq!((view.kind, view.title.as_str(), view.standing), (ConversationKind::Pair, name, Standing::Ready));
    }
    assert_eq!(world.contact(ada, bob).safety_number, world.contact(bob, ada).safety_number);
    assert!(world.devices[ada].client.invitations().is_empty());
    world.say(bob, group, "Good morning");
    world.settle();
    world.say(ada, group, "Good morning to you");
    world.settle();
    for who in [ada, bob] {
        assert_eq!(world.texts(who, &group), ["Good morning", "Good morning to you"]);
    }
    assert!(matches!(world.messages(ada, &group).last().unwrap().delivery, Some(Delivery::Delivered(1))));
    world.good(bob, Command::MarkRead { group, message: None });
    world.run(5_000);
    world.settle();
    assert!(matches!(world.messages(ada, &group).last().unwrap().delivery, Some(Delivery::Seen(1))));
    assert!(world.nodes.values().all(|node| node.accounts.values().all(|account| account.inbox.is_empty())));
}

#[test]
fn an_answer_whose_confirmation_was_lost_counts_though_the_invitation_is_gone() {
    let mut world = World::new(13, &NODES);
    let (ada, bob) = (world.person("Ada", NODES[0]), world.person("Bob", NODES[1]));
    let link = world.invite(ada);
    world.order(bob, Command::Accept { link, passphrase: None });
    let answered = |world: &World| world.nodes[NODES[0]].exchanges.values().any(|(_, one)| one.answer.is_some());
    world.until(answered, "Bob's answer stands at the node");
    // The program ends before it reads that, and Ada takes the answer meanwhile.
    world.set_offline(bob, true);
    world.restart(bob);
    world.run(60_000);
    assert!(world.nodes[NODES[0]].exchanges.is_empty() && world.devices[ada].client.contacts().len() == 1);
    world.set_offline(bob, false);
    world.run(600_000);
    world.settle();
    let group = world.contact(bob, ada).conversation.unwrap();
    world.say(bob, group, "Good morning");
    world.settle();
    assert_eq!(world.texts(ada, &group), ["Good morning"]);
}

#[test]
fn an_invitation_is_good_once_until_it_is_revoked() {
    let mut world = World::new(11, &NODES);
    let (ada, bob, eve) = (world.person("Ada", NODES[0]), world.person("Bob", NODES[1]), world.person("Eve", NODES[2]));
    let link = world.invite(ada);
    assert!(matches!(
        world.command(ada, Command::Accept { link: link.clone(), passphrase: None }),
        Done::Failed(Fault::Link(_))
    ));
    world.good(bob, Command::Accept { link: link.clone(), passphrase: None });
    assert!(matches!(world.command(eve, Command::Accept { link, passphrase: None }), Done::Failed(Fault::Expired)));
    world.settle();
    let link = world.invite(ada);
    let id = world.devices[ada].client.invitations()[0].id;
    world.good(ada, Command::CancelInvitation { id });
    world.settle();
    assert!(matches!(world.command(eve, Command::Accept { link, passphrase: None }), Done::Failed(Fault::Expired)));
    assert!(world.devices[eve].client.contacts().is_empty() && world.devices[eve].client.conversations().is_empty());
    assert_eq!(world.devices[ada].client.contacts().len(), 1);
}

#[test]
fn two_answers_at_once_make_one_contact() {
    let mut world = World::new(12, &NODES);
    let (ada, bob, eve) = (world.person("Ada", NODES[0]), world.person("Bob", NODES[1]), world.person("Eve", NODES[2]));
    let link = world.invite(ada);
    let first = world.order(bob, Command::Accept { link: link.clone(), passphrase: None });
    let second = world.order(eve, Command::Accept { link, passphrase: None });
    let ended =
        |world: &World| world.devices[bob].done.contains_key(&first) && world.devices[eve].done.contains_key(&second);
    world.until(ended, "both have ended");
    world.settle();
    let good = [&world.devices[bob].done[&first], &world.devices[eve].done[&second]];
    assert_eq!(good.iter().filter(|done| matches!(done, Done::Conversation(_))).count(), 1, "{good:?}");
    assert_eq!(world.devices[ada].client.contacts().len(), 1);
    let others = world.devices[bob].client.contacts().len() + world.devices[eve].client.contacts().len();
    assert_eq!(others, 1);
}

#[test]
fn what_a_blocked_contact_says_does_not_come_and_they_do_not_notice() {
    let mut world = World::new(13, &NODES);
    let (ada, bob) = (world.person("Ada", NODES[0]), world.person("Bob", NODES[1]));
    let group = world.meet(ada, bob);
    let bobs = world.identity(bob);
    world.good(ada, Command::SetBlocked { contact: bobs, blocked: true });
    world.settle();
    assert!(world.contact(ada, bob).blocked);
    world.say(bob, group, "Do you hear me?");
    world.good(
        bob,
        Command::SetProfile {
            name: Some("Robert".to_owned()),
            picture: None,
            statement: None,
            read_receipts: None,
            history: None,
        },
    );
    world.settle();
    assert_eq!(world.texts(ada, &group), Vec::<String>::new());
    assert_eq!(world.contact(ada, bob).name, "Bob");
    assert!(matches!(world.messages(bob, &group)[0].delivery, Some(Delivery::Accepted | Delivery::Delivered(_))));
    world.good(ada, Command::SetBlocked { contact: bobs, blocked: false });
    world.settle();
    world.say(bob, group, "And now?");
    world.settle();
    assert_eq!(world.texts(ada, &group).last().map(String::as_str), Some("And now?"));
}

#[test]
fn what_a_blocked_contact_said_does_not_count_as_unread() {
    let mut world = World::new(17, &NODES);
    let (ada, bob) = (world.person("Ada", NODES[0]), world.person("Bob", NODES[1]));
    let group = world.meet(ada, bob);
    let second = world.link(ada, "Ada's second");
    world.say(bob, group, "one");
    world.say(bob, group, "two");
    world.settle();
    let unread = |world: &World| [ada, second].map(|at| world.devices[at].client.conversation(&group).unwrap().unread);
    assert_eq!(unread(&world), [2, 2]);
    let contact = world.identity(bob);
    world.good(ada, Command::SetBlocked { contact, blocked: true });
    world.run(60_000);
    assert_eq!(unread(&world), [0, 0]);
    world.say(bob, group, "three");
    world.settle();
    assert_eq!(unread(&world), [0, 0]);
    world.good(second, Command::SetBlocked { contact, blocked: false });
    world.run(60_000);
    assert_eq!(unread(&world), [2, 2], "they are shown again, and were not read");
    world.good(ada, Command::MarkRead { group, message: None });
    world.run(60_000);
    assert_eq!(unread(&world), [0, 0]);
}

#[test]
fn a_name_and_a_verified_number_are_known_to_the_other_side_and_to_oneself() {
    let mut world = World::new(14, &NODES);
    let (ada, bob) = (world.person("Ada", NODES[0]), world.person("Bob", NODES[1]));
    world.meet(ada, bob);
    let name = Command::SetProfile {
        name: Some("Ada L.".to_owned()),
        picture: Some(vec![7; 900]),
        statement: None,
        read_receipts: None,
        history: None,
    };
    world.good(ada, name);
    let contact = world.identity(ada);
    world.good(bob, Command::SetVerified { contact, verified: true });
    world.settle();
    let seen = world.contact(bob, ada);
    assert_eq!(
        (seen.name.as_str(), seen.picture.map(|picture| picture.len()), seen.verified),
        ("Ada L.", Some(900), true)
    );
    world.good(bob, Command::RenameContact { contact, name: "My Ada".to_owned() });
    assert_eq!(
        (world.contact(bob, ada).name.as_str(), world.contact(bob, ada).own_name.as_str()),
        ("My Ada", "Ada L.")
    );
}

#[test]
fn somebody_else_under_a_verified_name_must_be_looked_at_first() {
    let mut world = World::new(15, &NODES);
    let (ada, bob, false_ada) =
        (world.person("Ada", NODES[0]), world.person("Bob", NODES[1]), world.person("ada ", NODES[2]));
    world.meet(ada, bob);
    let contact = world.identity(ada);
    world.good(bob, Command::SetVerified { contact, verified: true });
    let group = world.meet(false_ada, bob);
    assert!(world.contact(bob, false_ada).key_changed);
    let text = Command::SendText { group, text: "Hello".to_owned(), reply: None, expire: None };
    assert!(matches!(world.command(bob, text.clone()), Done::Failed(Fault::KeyChanged(_))));
    let contact = world.identity(false_ada);
    world.good(bob, Command::SetVerified { contact, verified: false });
    world.good(bob, text);
}

#[test]
fn whoever_is_introduced_finds_the_other() {
    let mut world = World::new(16, &NODES);
    let (ada, bob, carol) =
        (world.person("Ada", NODES[0]), world.person("Bob", NODES[1]), world.person("Carol", NODES[2]));
    world.meet(ada, bob);
    world.meet(ada, carol);
    let (first, second) = (world.identity(bob), world.identity(carol));
    world.good(ada, Command::Introduce { first, second });
    world.settle();
    for who in [carol, bob] {
        let open = world.devices[who].client.introductions();
        assert_eq!(open.len(), 1);
        world.good(who, Command::AnswerIntroduction { introduction: open[0].introduction, accept: true });
        world.run(20_000);
    }
    world.settle();
    let group = world.contact(bob, carol).conversation.unwrap();
    assert_eq!(world.contact(carol, bob).conversation, Some(group));
    world.say(carol, group, "Ada says you like birds");
    world.settle();
    assert_eq!(world.texts(bob, &group), ["Ada says you like birds"]);
    assert!(world.devices[bob].client.introductions().is_empty());
}

#[test]
fn a_removed_contact_is_not_let_in_any_more() {
    let mut world = World::new(17, &NODES);
    let (ada, bob) = (world.person("Ada", NODES[0]), world.person("Bob", NODES[1]));
    let group = world.meet(ada, bob);
    let contact = world.identity(bob);
    world.good(ada, Command::RemoveContact { contact });
    world.settle();
    assert!(world.devices[ada].client.contacts().is_empty());
    assert!(world.nodes[NODES[0]].accounts.values().all(|account| account.contacts.is_empty()));
    assert_eq!(world.devices[ada].client.conversation(&group).unwrap().standing, Standing::Out);
    world.good(ada, Command::Forget { group });
    assert!(world.devices[ada].client.conversations().is_empty());
    // They may meet again.
    let again = world.meet(bob, ada);
    world.say(bob, again, "Friends?");
    world.settle();
    assert_eq!(world.texts(ada, &again), ["Friends?"]);
}
