//! Tests of what a client makes of single answers.

use super::requests::Reply;
use super::turn::Turn;
use super::*;
use crate::command::Command;
use crate::io::{CommandId, HttpAnswer, RequestId};
use crate::phrase::{Phrase, Words};
use crate::profile::Name;
use crate::records::{Direction, MemoryRecords, Page, RecordKey, RecordsError, Table};
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use tidings_wire::bytes::{Blob, Fixed};
use tidings_wire::live::{Changed, FromNode};

mod lists;
#[path = "../../tests/it/watched.rs"]
mod watched;

use watched::Watched;

const NODE: &str = "https://home.example";

pub(crate) fn answer(status: u16, body: &impl serde::Serialize) -> HttpAnswer {
    HttpAnswer { status, headers: Vec::new(), body: serde_json::to_vec(body).unwrap() }
}

/// A client with an account, and what it lives in.
pub(crate) struct Alone {
    pub client: Client,
    pub records: MemoryRecords,
    pub random: StdRng,
    pub now: Time,
}

impl Alone {
    pub(crate) fn new() -> Self {
        let records = MemoryRecords::default();
        let client = Client::open(&records, 1_000_000).unwrap_or_else(|fault| panic!("{fault}"));
        let mut alone = Self { client, records, random: StdRng::from_seed([1; 32]), now: 1_000_000 };
        let phrase = Phrase::generate(Words::Twelve, &mut alone.random).unwrap().text();
        let (name, device) = ("Ada".to_owned(), "Laptop".to_owned());
        let command = Command::CreateAccount { node: NODE.to_owned(), token: None, phrase, name, device };
        let asked = alone.give(Input::Command(CommandId(1), command));
        let id = asked.iter().find_map(|action| if let Action::Request(id, _) = action { Some(*id) } else { None });
        alone.give(Input::Answer(id.unwrap(), answer(201, &())));
        assert!(alone.client.is_ready());
        alone
    }

    pub(crate) fn give(&mut self, input: Input) -> Vec<Action> {
        let mut surroundings = Surroundings { now: self.now, random: &mut self.random, records: &self.records };
        let actions = self.client.handle(input, &mut surroundings);
        for action in &actions {
            if let Action::Save(changes) = action {
                self.records.apply(changes.clone());
            }
        }
        actions
    }

    /// Does something inside of one call.
    pub(crate) fn turn<R>(&mut self, call: impl FnOnce(&mut Client, &mut Turn<'_>) -> R) -> R {
        let mut surroundings = Surroundings { now: self.now, random: &mut self.random, records: &self.records };
        let mut turn = Turn::new(&mut surroundings);
        call(&mut self.client, &mut turn)
    }

    fn own(&mut self) -> &mut Own {
        self.client.own.as_mut().unwrap()
    }

    fn account(&mut self, known: Known, profile: u64) {
        let own = self.own();
        let (identity, devices) = (Fixed(own.identity().0), Blob(own.list().bytes().to_vec()));
        let found = serde_json::json!({"identity": identity, "devices": devices, "profile": profile, "created": 1, "blob_bytes": 0, "blob_bytes_max": 0});
        self.turn(|client, turn| client.account_read(turn, known, Reply::Answer(answer(200, &found))));
    }

    fn warned(&self, of: &str) -> bool {
        self.client.me().unwrap().warnings.iter().any(|warning| warning.contains(of))
    }
}

/// The key of somebody's device.
fn device(n: u8, of: &crate::view::Identity) -> tidings_wire::device_list::ProvenKey {
    let key = ed25519_dalek::SigningKey::from_bytes(&[n; 32]);
    tidings_wire::device_list::ProvenKey::new(&key, &Fixed(of.0))
}

const OLD: &str = "old copy";

#[test]
fn an_answer_that_was_asked_for_before_the_own_write_is_no_old_copy() {
    let mut alone = Alone::new();
    alone.own().profile = state::ProfileState { at_node: 5, highest: 5, written: 0, read: true };
    let list = alone.own().list().counter;
    // Asked when the node had said 4; then one's own write was taken.
    alone.account(Known { profile: 4, list, doubts: 0 }, 4);
    assert!(!alone.warned(OLD) && alone.own().profile.at_node == 5);
    alone.account(Known { profile: 5, list, doubts: 0 }, 4);
    assert!(alone.warned(OLD) && alone.own().profile.at_node == 4 && alone.own().owed.profile.is_some());
}

/// What is asked of the home node: method, target and id.
fn asked(actions: &[Action], method: &str, target: &str) -> Vec<RequestId> {
    let id = |action: &Action| match action {
        Action::Request(id, asked) if asked.method == method && asked.target == target => Some(*id),
        _ => None,
    };
    actions.iter().filter_map(id).collect()
}

#[test]
fn what_changes_while_an_answer_is_on_its_way_is_asked_for_again() {
    let mut alone = Alone::new();
    alone.own().profile = state::ProfileState { at_node: 5, highest: 5, written: 0, read: true };
    let text = |said: &FromNode| serde_json::to_string(said).unwrap();
    let say = |alone: &mut Alone, said: &FromNode| alone.give(Input::Heard { node: NODE.to_owned(), text: text(said) });
    alone.give(Input::Connected { node: NODE.to_owned() });
    say(&mut alone, &FromNode::Hello { challenge: Fixed([1; 32]), incarnation: 1, heartbeat: 30 });
    let changed = FromNode::Changed(Changed::Profile);
    let [first, second] = [0, 1].map(|_| asked(&say(&mut alone, &changed), "GET", "/v1/account"));
    assert_eq!((first.len(), second.len()), (1, 1), "what was said second may be newer than the first answer");
}

#[test]
fn a_node_that_knows_the_device_again_is_asked_what_it_has() {
    let mut alone = Alone::new();
    let say = |alone: &mut Alone, text: &str| alone.give(Input::Heard { node: NODE.to_owned(), text: text.to_owned() });
    alone.give(Input::Connected { node: NODE.to_owned() });
    say(&mut alone, &format!(r#"{{"hello":{{"challenge":"{}","incarnation":2,"heartbeat":30}}}}"#, Fixed([1; 32])));
    say(&mut alone, r#"{"refused":{"inbox":true,"error":"not_accepted"}}"#);
    let known = say(&mut alone, r#"{"following":{"inbox":true,"end":0}}"#);
    assert_eq!(asked(&known, "GET", "/v1/account").len(), 1);
}

#[test]
fn a_warning_goes_when_it_was_seen_and_comes_again_with_its_cause() {
    let mut alone = Alone::new();
    alone.own().profile = state::ProfileState { at_node: 5, highest: 5, written: 0, read: true };
    let known = alone.client.known();
    alone.account(known, 4);
    let warnings = alone.client.me().unwrap().warnings;
    alone.give(Input::Command(CommandId(2), Command::DismissWarnings(warnings)));
    assert!(!alone.warned(OLD));
    // The same cause is not told again.
    alone.account(known, 4);
    assert!(!alone.warned(OLD));
    for counter in [5, 6] {
        alone.turn(|client, turn| {
            client.profile_written(turn, Reply::Answer(answer(200, &serde_json::json!({"counter": counter}))))
        });
    }
    alone.account(alone.client.known(), 3);
    assert!(alone.warned(OLD));
}

#[test]
fn contacts_who_know_more_than_the_node_are_heard_and_the_node_is_asked_first() {
    let newer = "newer copy";
    let (bob, carol) = (crate::view::Identity([8; 32]), crate::view::Identity([9; 32]));
    let mut alone = Alone::new();
    alone.own().profile = state::ProfileState { at_node: 5, highest: 5, written: 0, read: true };
    let before = alone.client.known();
    for who in [bob, carol] {
        alone.client.witnessed(who, 7, 0, alone.now);
        alone.client.witnessed(who, 7, 0, alone.now);
    }
    assert!(!alone.warned(newer));
    alone.account(before, 5);
    assert!(!alone.warned(newer), "it was asked before they said so");
    alone.account(alone.client.known(), 5);
    assert_eq!(alone.client.me().unwrap().warnings.len(), 2, "each of them is named");
    // Each word that says more would be one warning more.
    alone.client.witnessed(bob, 8, 0, alone.now);
    alone.account(alone.client.known(), 5);
    assert!(!alone.warned("number 8"));
    alone.client.witnessed(bob, 9, 0, alone.now + 24 * 3_600_000);
    alone.account(alone.client.known(), 5);
    assert!(alone.warned("number 9"), "a day later it counts again");
    alone.account(alone.client.known(), 9);
    assert!(!alone.warned(newer), "the node has shown it");
}

#[test]
fn a_profile_on_its_way_when_the_process_ends_is_written_again() {
    let mut alone = Alone::new();
    assert!(alone.client.upkeep.writing_profile, "nobody has answered yet");
    alone.client = Client::open(&alone.records, alone.now).unwrap();
    let writes = |action: &Action| matches!(action, Action::Request(_, asked) if asked.method == "PUT" && asked.target == "/v1/profile");
    assert!(alone.give(Input::Started).iter().any(writes));
}

#[test]
fn a_list_of_devices_that_comes_late_is_no_reason_to_warn() {
    let mut alone = Alone::new();
    let key = ed25519_dalek::SigningKey::from_bytes(&[7; 32]);
    let who = crate::view::Identity(key.verifying_key().to_bytes());
    let first = tidings_wire::device_list::DeviceList::first(Fixed(who.0), device(1, &who));
    let (second, _) = first.with(device(2, &who)).unwrap();
    let (other, _) = first.with(device(3, &who)).unwrap();
    let (third, _) = second.with(device(4, &who)).unwrap();
    let mut hear = |list: &tidings_wire::device_list::DeviceList| {
        let list = tidings_wire::signed::Signed::sign(list.clone(), &key).unwrap();
        alone.turn(|client, turn| client.heard_devices(turn, &who, list.bytes()));
        alone.client.me().unwrap().warnings.len()
    };
    assert_eq!([hear(&second), hear(&first), hear(&second)], [0; 3]);
    assert_eq!(hear(&other), 1, "it contradicts the one known");
    assert_eq!(hear(&third), 0, "a newer one was told");
}

#[test]
fn an_own_list_from_before_the_own_change_is_no_old_list() {
    let mut alone = Alone::new();
    let before = alone.client.known();
    let old = alone.own().list().clone();
    let (list, _) = old.with(device(2, &crate::view::Identity(old.identity.0))).unwrap();
    alone.turn(|client, turn| client.change_own_list(turn, list)).unwrap();
    alone.own().owed.devices = false;
    alone.turn(|client, turn| client.own_list(turn, old.clone(), Some(before)));
    assert!(!alone.warned("old list"));
    let known = alone.client.known();
    alone.turn(|client, turn| client.own_list(turn, old, Some(known)));
    assert!(alone.warned("old list"));
}

#[test]
fn a_node_that_never_has_key_packages_does_not_fill_the_store() {
    let mut alone = Alone::new();
    let made =
        |alone: &Alone, owner: &[u8]| alone.records.scan(Table::Mls, owner, None, Direction::Up, 10_000).unwrap().len();
    let make = |alone: &mut Alone, last_resort: bool, count: usize| {
        for _ in 0..count {
            let mut surroundings = Surroundings { now: 1, random: &mut alone.random, records: &alone.records };
            let mut turn = Turn::new(&mut surroundings);
            alone.client.make_package(&mut turn, last_resort).unwrap();
            for action in turn.finish() {
                if let Action::Save(changes) = action {
                    alone.records.apply(changes);
                }
            }
        }
    };
    make(&mut alone, true, 5);
    assert_eq!(made(&alone, crate::conversation::LAST_RESORT), 3);
    make(&mut alone, false, 300);
    alone.give(Input::Command(CommandId(9), Command::Flush));
    alone.client = Client::open(&alone.records, alone.now).unwrap();
    make(&mut alone, false, 260);
    assert_eq!(made(&alone, crate::conversation::PACKAGES), 500);
}

#[test]
fn an_old_knock_does_nothing() {
    let mut alone = Alone::new();
    alone.give(Input::Command(CommandId(2), Command::CreateGroup { name: "Us".to_owned(), members: Vec::new() }));
    let group = alone.client.conversations()[0].id;
    let (me, now) = (alone.client.me().unwrap().identity, alone.now);
    let stranger = crate::view::Identity([9; 32]);
    let knock = |client: &mut Client, turn: &mut Turn<'_>, who, at| client.knock_counts(turn, &group, &who, at);
    let counted = alone.turn(|client, turn| {
        [now, now, now + 49_999, now + 50_000, now, now + 48 * 3_600_000].map(|at| knock(client, turn, me, at))
    });
    assert_eq!(counted, [true, false, false, true, false, false]);
    assert!(!alone.turn(|client, turn| knock(client, turn, stranger, now)));
    // What was noted goes with the conversation.
    let noted = |alone: &Alone| alone.records.scan(Table::Own, b"knock", None, Direction::Up, 9).unwrap().len();
    let other = RecordKey::new(Table::Own, b"knock", [[0xff; 16].as_slice(), &me.0].concat());
    let mine = RecordKey::new(Table::Own, b"knock", [group.0.as_slice(), &me.0].concat());
    let change = |key| crate::records::Change { key, value: Some(now.to_be_bytes().to_vec()) };
    alone.records.apply([mine, other].map(change).into());
    let mut surroundings = Surroundings { now, random: &mut alone.random, records: &alone.records };
    let mut turn = Turn::new(&mut surroundings);
    alone.client.forget_conversation(&mut turn, &group);
    let kept: Vec<_> = turn.finish().into_iter().collect();
    for action in kept {
        if let Action::Save(changes) = action {
            alone.records.apply(changes);
        }
    }
    assert_eq!(noted(&alone), 1);
}

#[test]
fn what_the_profile_says_of_a_conversation_outlives_somebodys_word_of_it() {
    let mut alone = Alone::new();
    alone.give(Input::Command(CommandId(2), Command::CreateGroup { name: "Us".to_owned(), members: Vec::new() }));
    let group = alone.client.conversations()[0].id;
    let name = Name::Conversation(group);
    assert!(alone.client.book.get(&name).is_some());
    // Here it is somebody's word alone; another device has come in and has told the profile.
    let doubt = |alone: &mut Alone| {
        alone.client.conversations.get_mut(&group).unwrap().doubt(crate::view::Identity([9; 32]));
    };
    doubt(&mut alone);
    alone.turn(|client, turn| client.forget_word(turn, &group));
    assert!(alone.client.book.get(&name).is_some() && alone.client.conversations.is_empty());
    // So it is joined as the profile knows it.
    alone.turn(|client, turn| client.join_known(turn, group));
    assert!(alone.client.founded(&group).is_some());
    // And what the profile brings takes the place of the word.
    doubt(&mut alone);
    alone.turn(|client, turn| client.merged(turn, &name.text()));
    assert!(!alone.client.conversations.contains_key(&group));
    alone.client.find_missing(alone.now);
    assert!(alone.client.missing.contains_key(&group));
}

#[test]
fn what_the_store_left_out_is_read_from_the_node_before_the_profile_is_written_there() {
    let mut alone = Alone::new();
    alone.own().profile = state::ProfileState { at_node: 5, highest: 5, written: 5, read: true };
    alone.client.own_changed = true;
    alone.give(Input::Tick);
    let read = |records: &dyn Records| Client::open(records, 0).is_ok_and(|client| client.own.unwrap().profile.read);
    assert!(read(&alone.records));
    assert!(!read(&Watched::new(&alone.records, None, 1)));
}

#[test]
fn what_the_store_left_out_may_go_once_the_person_has_put_the_warning_away() {
    let mut alone = Alone::new();
    let give = |alone: &mut Alone, input: Input| {
        let records = Watched::new(&alone.records, None, 1);
        let mut surroundings = Surroundings { now: alone.now, random: &mut alone.random, records: &records };
        alone.client.handle(input, &mut surroundings);
    };
    give(&mut alone, Input::Tick);
    let warnings = alone.client.me().unwrap().warnings;
    assert_eq!((warnings.len(), alone.client.left_out_seen()), (1, false), "{warnings:?}");
    give(&mut alone, Input::Tick);
    assert_eq!(alone.client.me().unwrap().warnings.len(), 1, "said once");
    give(&mut alone, Input::Command(CommandId(7), Command::DismissWarnings(vec!["another".to_owned()])));
    assert!(!alone.client.left_out_seen());
    give(&mut alone, Input::Command(CommandId(8), Command::DismissWarnings(warnings)));
    assert!(alone.client.left_out_seen());
    alone.give(Input::Tick);
    assert!(!alone.client.left_out_seen(), "they are gone");
}
