//! Contacts who mean ill.

use super::NODES;
use crate::world::World;
use ed25519_dalek::SigningKey;
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use tidings_client::card::Card;
use tidings_client::command::Command;
use tidings_client::invitation::{Answer, Invitation, InvitationLink, Link};
use tidings_client::io::HttpRequest;
use tidings_client::view::Identity;
use tidings_wire::api::NewAnswer;
use tidings_wire::bytes::{Blob, Fixed};
use tidings_wire::device_list::{DeviceList, ProvenKey};
use tidings_wire::signed::{Body, Signed};

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

#[test]
fn an_answer_brings_no_conversation_that_is_there_already() {
    let mut world = World::new(97, &NODES);
    let (ada, bob) = (world.person("Ada", NODES[0]), world.person("Bob", NODES[1]));
    let group = world.meet(ada, bob);
    let link = world.invite(ada);
    let Ok(Link::Contact(InvitationLink { secret, .. })) = Link::parse(&link.0) else { panic!("no invitation") };
    let key = SigningKey::from_bytes(&[9; 32]);
    let identity = Identity(key.verifying_key().to_bytes());
    let (node, name) = (NODES[2].to_owned(), "Eve".to_owned());
    let card = Card { identity, node, inbox: [1; 32], name, picture: None, counter: 1, posting: Some([8; 32]) };
    let device = ProvenKey::new(&SigningKey::from_bytes(&[7; 32]), &Fixed(identity.0));
    let answer = Answer {
        exchange: secret.exchange_id(),
        to: Fixed(world.identity(ada).0),
        card: signed(card, &key),
        devices: signed(DeviceList::first(Fixed(identity.0), device), &key),
        welcome: vec![1],
        group,
        hub: NODES[0].to_owned(),
    };
    let sealed = secret.seal_answer(&signed(answer, &key), &mut StdRng::seed_from_u64(97));
    let request = HttpRequest {
        node: NODES[0].to_owned(),
        method: "POST",
        target: format!("/v1/exchanges/{}/answer", Fixed(secret.exchange_id())),
        headers: Vec::new(),
        body: serde_json::to_vec(&NewAnswer { answer: Blob(sealed) }).ok(),
    };
    let now = world.now;
    assert_eq!(world.nodes.get_mut(NODES[0]).unwrap().answer(&request, now).status, 204);
    world.settle();
    assert_eq!(world.devices[ada].client.contacts().len(), 1, "Bob alone");
}

fn signed<T: Body>(body: T, key: &SigningKey) -> Signed<T> {
    Signed::sign(body, key).unwrap_or_else(|error| panic!("{error}"))
}
