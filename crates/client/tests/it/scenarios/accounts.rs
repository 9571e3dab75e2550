//! Accounts.

use super::NODES;
use crate::world::World;
use tidings_client::command::{Command, Done, Fault, Secret};
use tidings_client::invitation::{InvitationLink, Link};

#[test]
fn an_account_is_made_and_there_again_after_a_restart() {
    let mut world = World::new(1, &NODES);
    let ada = world.person("Ada", NODES[0]);
    let me = world.devices[ada].client.me().unwrap();
    assert_eq!((me.name.as_str(), me.node.as_str(), me.connected), ("Ada", NODES[0], true));
    assert_eq!(me.backup.map(|(counter, _)| counter), Some(1));
    assert_eq!(me.warnings, Vec::<String>::new());
    let node = &world.nodes[NODES[0]];
    assert_eq!(node.accounts.len(), 1);
    let packages = &node.accounts.values().next().unwrap().packages;
    assert!(packages.values().all(|kept| kept.waiting.len() == 20 && kept.last_resort.is_some()));
    world.restart(ada);
    world.settle();
    assert_eq!(world.devices[ada].client.me().unwrap(), me);
}

#[test]
fn an_account_is_not_made_without_a_token_or_with_a_wrong_phrase() {
    let mut world = World::new(2, &NODES);
    world.nodes.get_mut(NODES[0]).unwrap().open = false;
    let ada = world.device("Ada");
    let phrase = world.phrase();
    let create = |token: Option<&str>, phrase: Secret| Command::CreateAccount {
        node: NODES[0].to_owned(),
        token: token.map(|token| Secret(token.to_owned())),
        phrase,
        name: "Ada".to_owned(),
        device: "first".to_owned(),
    };
    assert!(matches!(world.command(ada, create(None, phrase.clone())), Done::Failed(Fault::Refused(_))));
    assert!(!world.devices[ada].client.has_account());
    let wrong = Secret("these are no words".to_owned());
    assert!(matches!(world.command(ada, create(None, wrong)), Done::Failed(Fault::Phrase(_))));
    assert!(matches!(world.command(ada, Command::OfferLink), Done::Failed(Fault::NoAccount)));
    world.good(ada, create(Some("let-me-in"), phrase.clone()));
    assert!(matches!(world.command(ada, create(Some("let-me-in"), phrase)), Done::Failed(Fault::HasAccount)));
}

#[test]
fn an_account_is_deleted_once_or_twice() {
    let mut world = World::new(3, &NODES);
    let ada = world.person("Ada", NODES[0]);
    world.good(ada, Command::DeleteAccount);
    assert!(world.nodes[NODES[0]].accounts.is_empty());
    // As after a crash before what is here was deleted, too.
    world.good(ada, Command::DeleteAccount);
    let nobody = world.device("Bob");
    assert!(matches!(world.command(nobody, Command::DeleteAccount), Done::Failed(Fault::NoAccount)));
}

#[test]
fn an_invitation_can_let_a_newcomer_in() {
    let mut world = World::new(4, &NODES);
    let ada = world.person("Ada", NODES[0]);
    world.nodes.get_mut(NODES[0]).unwrap().open = false;
    let invite = Command::Invite { lasts: 3600, note: String::new(), token: None, account: true };
    let Done::Link(link) = world.good(ada, invite) else { panic!("no link") };
    let Ok(Link::Contact(InvitationLink { node, token, .. })) = Link::parse(&link.0) else { panic!("no invitation") };
    let bob = world.device("Bob");
    let (phrase, name, device) = (world.phrase(), "Bob".to_owned(), "first".to_owned());
    world.good(bob, Command::CreateAccount { node, token, phrase, name, device });
    world.good(bob, Command::Accept { link, passphrase: None });
    world.settle();
    assert_eq!(world.contact(ada, bob).name, "Bob");
}

#[test]
fn registration_goes_on_when_the_answer_was_lost() {
    let mut world = World::new(3, &NODES);
    let ada = world.device("Ada");
    let phrase = world.phrase();
    world.set_offline(ada, true);
    let create = Command::CreateAccount {
        node: NODES[0].to_owned(),
        token: None,
        phrase: phrase.clone(),
        name: "Ada".to_owned(),
        device: "first".to_owned(),
    };
    assert!(matches!(world.command(ada, create.clone()), Done::Failed(Fault::Offline)));
    world.set_offline(ada, false);
    world.good(ada, create);
    world.settle();
    assert_eq!(world.nodes[NODES[0]].accounts.len(), 1);
}
