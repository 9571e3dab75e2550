//! Contacts who mean ill.

use super::NODES;
use crate::world::World;
use tidings_client::command::Command;
use tidings_client::invitation::{Invitation, InvitationLink};

#[test]
fn nobody_but_the_one_who_was_suggested_can_answer() {
    let mut world = World::new(95, &NODES);
    let (ada, bob, carol) =
        (world.person("Ada", NODES[0]), world.person("Bob", NODES[1]), world.person("Carol", NODES[2]));
    let eve = world.person("Eve", NODES[2]);
    world.meet(ada, bob);
    world.meet(ada, carol);
    let (first, second) = (world.identity(bob), world.identity(carol));
    world.good(ada, Command::Introduce { first, second });
    world.settle();
    let introduction = world.devices[bob].client.introductions()[0].introduction;
    world.good(bob, Command::AnswerIntroduction { introduction, accept: true });
    world.settle();
    // Whoever suggests knows the secret, too, and may give it to anybody.
    let secret = Invitation(introduction.0);
    let link = InvitationLink { node: NODES[1].to_owned(), secret, token: None }.text();
    world.command(eve, Command::Accept { link, passphrase: None });
    world.settle();
    assert_eq!(world.devices[bob].client.contacts().len(), 1, "Ada alone");
    assert_eq!(world.devices[bob].client.conversations().len(), 1);
}

#[test]
fn a_blocked_contact_does_not_come_back_by_an_invitation() {
    let mut world = World::new(96, &NODES);
    let (ada, bob) = (world.person("Ada", NODES[0]), world.person("Bob", NODES[1]));
    world.meet(ada, bob);
    let (adas, bobs) = (world.identity(ada), world.identity(bob));
    world.good(ada, Command::SetBlocked { contact: bobs, blocked: true });
    world.settle();
    world.good(bob, Command::RemoveContact { contact: adas });
    world.settle();
    let link = world.invite(ada);
    world.command(bob, Command::Accept { link, passphrase: None });
    world.settle();
    assert!(world.contact(ada, bob).blocked);
    assert_eq!(world.devices[ada].client.conversations().len(), 1);
}
