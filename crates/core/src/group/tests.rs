use super::*;
use crate::envelope::EnvelopeId;
use crate::policy::Policies;
use crate::stream::Seq;
use proptest::prelude::*;

fn key(number: u8) -> Ed25519Key {
    let mut bytes = [9; 32];
    bytes[0] = number;
    Ed25519Key::from_bytes(bytes).unwrap()
}

fn member(number: u8, role: Role) -> Member {
    Member { key: key(number), role }
}

fn entry(caller: u8, turn: u64, commit: Option<Commit>) -> NewEntry {
    NewEntry { group: [1; 16], caller: key(caller), id: [2; 16], turn, body: vec![7; 50], commit, notify: false }
}

fn commit(add: Vec<Member>, remove: Vec<u8>) -> Option<Commit> {
    Some(Commit { info: vec![1; 9], add, remove: remove.into_iter().map(key).collect() })
}

/// A group kept in the simplest way: a list of members and a list of what was appended.
#[derive(Clone, Debug)]
struct Naive {
    members: Vec<(u8, Role)>,
    taken: Vec<(u64, bool)>,
}

impl Naive {
    fn role(&self, number: u8) -> Option<Role> {
        self.members.iter().find(|(other, _)| *other == number).map(|(_, role)| *role)
    }

    /// The turn is the number of commits.
    fn turn(&self) -> u64 {
        self.taken.iter().filter(|(_, commit)| *commit).count() as u64
    }

    fn facts(&self, caller: u8) -> GroupFacts {
        GroupFacts {
            turn: self.turn(),
            role: self.role(caller),
            owned: self.members.iter().any(|(_, role)| *role == Role::Owner),
            members: self.members.len(),
            ..GroupFacts::default()
        }
    }

    /// What the pages of the protocol say, word by word. `None`: it is refused; `Some(false)`: the turn is another's.
    fn expects(&self, act: &Act) -> Option<bool> {
        let own = self.role(act.caller)?;
        let Some((add, remove)) = &act.change else {
            return Some((0..=3).any(|behind| act.turn + behind == self.turn()));
        };
        if act.turn != self.turn() + 1 {
            return Some(false);
        }
        let named: Vec<u8> = add.iter().map(|(number, _)| *number).chain(remove.iter().copied()).collect();
        if named.iter().enumerate().any(|(at, number)| named.iter().skip(at + 1).any(|other| other == number)) {
            return None;
        }
        let owner = own == Role::Owner || !self.members.iter().any(|(_, role)| *role == Role::Owner);
        let mut swaps = usize::from(remove.contains(&act.caller));
        for (number, role) in add {
            let in_own_place = swaps > 0 && self.role(*number).is_none() && *role == own;
            let nothing_changes = self.role(*number) == Some(*role);
            let brings_in = self.role(*number).is_none() && *role == Role::Member && own == Role::Moderator;
            swaps -= usize::from(in_own_place);
            if !(owner || nothing_changes || brings_in || in_own_place) {
                return None;
            }
        }
        for number in remove {
            let puts_out = own == Role::Moderator && self.role(*number) == Some(Role::Member);
            if !(owner || puts_out || *number == act.caller || self.role(*number).is_none()) {
                return None;
            }
        }
        Some(true)
    }

    fn apply(&mut self, act: &Act) {
        self.taken.push((act.turn, act.change.is_some()));
        if let Some((add, remove)) = &act.change {
            self.members.retain(|(number, _)| !remove.contains(number) && !add.iter().any(|(new, _)| new == number));
            self.members.extend(add.iter().copied());
        }
    }
}

/// Keys that come, with their roles, and keys that go.
type Change = (Vec<(u8, Role)>, Vec<u8>);

#[derive(Clone, Debug)]
struct Act {
    caller: u8,
    turn: u64,
    change: Option<Change>,
}

impl Act {
    fn entry(&self) -> NewEntry {
        let change = self.change.clone();
        let change = change.and_then(|(add, remove)| {
            commit(add.into_iter().map(|(number, role)| member(number, role)).collect(), remove)
        });
        entry(self.caller, self.turn, change)
    }
}

fn role() -> impl Strategy<Value = Role> {
    prop_oneof![Just(Role::Owner), Just(Role::Moderator), Just(Role::Member)]
}

fn act() -> impl Strategy<Value = (u8, i8, Option<Change>)> {
    let change = (prop::collection::vec((0..6u8, role()), 0..3), prop::collection::vec(0..6u8, 0..3));
    (0..6u8, -5..3i8, prop::option::weighted(0.6, change))
}

proptest! {
    #[test]
    fn decisions_are_those_of_a_naive_hub(acts in prop::collection::vec(act(), 1..60)) {
        let policy = Policies::default().group;
        let mut hub = Naive { members: vec![(0, Role::Owner), (1, Role::Moderator), (2, Role::Member)], taken: vec![] };
        for (caller, ahead, change) in acts {
            let turn = hub.turn().saturating_add_signed(i64::from(ahead));
            let act = Act { caller, turn, change };
            let decided = decide(&policy, &hub.facts(caller), &act.entry(), 60, |key| hub.role(key.as_bytes()[0]));
            match hub.expects(&act) {
                None => prop_assert!(matches!(decided, Err(Denial::NotAccepted | Denial::Malformed(_))), "{decided:?}"),
                Some(false) => prop_assert_eq!(decided, Ok(Decision::Lost)),
                Some(true) => {
                    let Ok(Decision::Append { turn, set, gone }) = decided else {
                        return Err(TestCaseError::fail(format!("{decided:?} for {act:?}")));
                    };
                    // What the decision says, done to the list, is what the act says.
                    let mut told = hub.members.clone();
                    told.retain(|(number, _)| !gone.contains(&key(*number)) && !set.iter().any(|new| new.key == key(*number)));
                    told.extend(set.iter().map(|new| (new.key.as_bytes()[0], new.role)));
                    hub.apply(&act);
                    let sorted = |mut members: Vec<(u8, Role)>| { members.sort(); members };
                    prop_assert_eq!(sorted(told), sorted(hub.members.clone()));
                    prop_assert_eq!(turn, hub.turn());
                }
            }
        }
    }

    #[test]
    fn entries_lead_back(body in prop::collection::vec(any::<u8>(), 0..99), turn: u64, add in prop::collection::vec((6..99u8, role()), 0..9), remove in prop::collection::vec(0..99u8, 0..9), message: bool) {
        let add: Vec<_> = add.into_iter().map(|(number, role)| member(number, role)).collect();
        let commit = if message { None } else { commit(add.clone(), remove.clone()) };
        let new = NewEntry { body: body.clone(), ..entry(1, turn, commit) };
        let id = envelope_id(&new.group, &new.id);
        let (seq, at) = (Seq::from_number(8), Timestamp::from_millis(5));
        let envelope = Envelope { id, seq, sender: None, label: label(&new), body: Some(content(&new)), at, time: None };
        let seen = view(&envelope).unwrap();
        prop_assert_eq!((seen.number, seen.id, seen.turn, seen.at, seen.commit), (8, new.id, turn, at, !message));
        prop_assert_eq!(seen.body, body);
        prop_assert_eq!(commit_turn(&envelope.label), (!message).then_some(turn));
        if !message {
            prop_assert_eq!(seen.add, add);
            prop_assert_eq!(seen.remove, remove.into_iter().map(key).collect::<Vec<_>>());
        }
    }

    #[test]
    fn any_envelope_is_answered(label in "[cm]?[0-9]{0,22}", body in prop::collection::vec(any::<u8>(), 0..99)) {
        let (id, seq, at) = (EnvelopeId::from_bytes([1; 16]), Seq::START, Timestamp::EPOCH);
        let label = crate::Label::new(label);
        let _ = view(&Envelope { id, seq, sender: None, label, body: Some(body.into()), at, time: None });
    }
}

#[test]
fn repetition_comes_before_turns_and_budgets_after() {
    let mut policy = Policies::default().group;
    policy.stream.bytes = 100;
    let facts = |known| GroupFacts { role: Some(Role::Member), known, turn: 9, ..GroupFacts::default() };
    let decide = |facts: &GroupFacts, entry: &NewEntry, bytes| decide(&policy, facts, entry, bytes, |_| None);
    assert_eq!(decide(&facts(Known::Same), &entry(1, 2, None), 60), Ok(Decision::Repeat));
    assert_eq!(decide(&facts(Known::Other), &entry(1, 9, None), 60), Err(Denial::Exists));
    assert_eq!(decide(&facts(Known::New), &entry(1, 2, None), 60), Ok(Decision::Lost));
    assert_eq!(decide(&facts(Known::New), &entry(1, 9, None), 101), Err(Denial::Full));
    let used = GroupFacts { used: Usage { count: 1, bytes: 50 }, ..facts(Known::New) };
    assert_eq!(decide(&used, &entry(1, 9, None), 51), Err(Denial::Full));
    let full = GroupFacts { used: Usage { count: 1, bytes: 94 }, ..facts(Known::New) };
    let change =
        |role| decide(&GroupFacts { role: Some(role), owned: true, ..full }, &entry(1, 10, commit(vec![], vec![])), 5);
    assert_eq!(change(Role::Member), Err(Denial::Full));
    assert!(matches!(change(Role::Moderator), Ok(Decision::Append { .. })), "they can still remove somebody");
    assert_eq!(decide(&GroupFacts { role: Some(Role::Owner), ..full }, &entry(1, 9, None), 5), Err(Denial::Full));
    let gone = GroupFacts { role: None, ..facts(Known::Same) };
    assert_eq!(decide(&gone, &entry(1, 9, None), 60), Err(Denial::NotAccepted), "who is removed learns nothing");
    let large = NewEntry { body: vec![0; ENTRY_BYTES_MAX + 1], ..entry(1, 9, None) };
    assert_eq!(decide(&facts(Known::New), &large, 60), Err(Denial::TooLarge));
}

#[test]
fn a_group_begins_with_an_owner_and_each_key_once() {
    let made = |members: &[Member], info: usize, turn: u64, end: u64| {
        let new =
            NewGroup { account: key(1), group: [7; 16], members: members.to_vec(), info: vec![0; info], turn, end };
        may_make(&new)
    };
    let one = [member(1, Role::Owner)];
    assert_eq!(made(&[member(1, Role::Owner), member(2, Role::Member)], 9, 0, 0), Ok(()));
    assert!(matches!(made(&[member(1, Role::Moderator)], 9, 0, 0), Err(Denial::Malformed(_))));
    assert!(matches!(made(&[], 9, 0, 0), Err(Denial::Malformed(_))));
    assert!(matches!(made(&[member(1, Role::Owner), member(1, Role::Member)], 9, 0, 0), Err(Denial::Malformed(_))));
    assert_eq!(made(&one, ENTRY_BYTES_MAX + 1, 0, 0), Err(Denial::TooLarge));
    assert_eq!(made(&one, 9, BEGIN_MAX, BEGIN_MAX), Ok(()));
    assert!(matches!(made(&one, 9, BEGIN_MAX + 1, 0), Err(Denial::Malformed(_))));
    assert!(matches!(made(&one, 9, 0, BEGIN_MAX + 1), Err(Denial::Malformed(_))));
}
