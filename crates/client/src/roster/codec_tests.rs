use super::samples::{id, member, roster};
use super::*;
use crate::roster::statement::{STAFF_MAX, STATEMENT_BYTES_MAX, STATEMENTS_MAX};
use proptest::prelude::*;

#[test]
fn rosters_lead_back_and_their_rules_hold() {
    let read = |roster: &Roster| roster.encode().and_then(|bytes| Roster::decode(&bytes));
    assert!(read(&roster()) == Ok(roster()));
    let full = Roster {
        v: u64::MAX,
        name: "x".repeat(NAME_BYTES_MAX),
        picture: Some(vec![0; PICTURE_BYTES_MAX]),
        members: (0..MEMBERS_MAX as u64)
            .map(|n| {
                let mut key = [0; 32];
                key[..8].copy_from_slice(&n.to_be_bytes());
                RosterMember {
                    id: Identity(key),
                    access: key,
                    salt: [9; 16],
                    role: if n == 0 { 0 } else { 2 },
                    since: u64::MAX,
                }
            })
            .collect(),
        signed: vec![Blob(vec![0; STATEMENT_BYTES_MAX]); STATEMENTS_MAX],
        ..roster()
    };
    assert!(read(&full) == Ok(full), "the longest fits");
    let twice = |other: RosterMember| Roster { members: vec![member(1, 0), other], ..roster() };
    for wrong in [
        Roster { members: vec![], ..roster() },
        Roster { members: vec![member(1, 1)], ..roster() },
        Roster { members: vec![member(1, 0), member(2, 3)], ..roster() },
        twice(RosterMember { id: id(1), ..member(2, 2) }),
        twice(RosterMember { access: member(1, 0).access, ..member(2, 2) }),
        Roster { kind: ConversationKind::Pair, ..roster() },
        Roster { hub: "hub.example".to_owned(), ..roster() },
        Roster { name: "x".repeat(NAME_BYTES_MAX + 1), ..roster() },
        Roster { picture: Some(vec![0; PICTURE_BYTES_MAX + 1]), ..roster() },
        Roster { expire: Some(0), ..roster() },
        Roster { signed: vec![Blob(vec![0; STATEMENT_BYTES_MAX + 1])], ..roster() },
        Roster { signed: vec![Blob(vec![]); STATEMENTS_MAX + 1], ..roster() },
        Roster { gone: vec![(0, id(5), 5)], ..roster() },
        Roster { gone: vec![(7, id(7), 5)], ..roster() },
        Roster { gone: vec![(1, id(7), 5), (1, id(8), 5)], ..roster() },
        Roster { members: (0..STAFF_MAX + 1).map(|n| member(n as u8, 1 - u8::from(n == 0))).collect(), ..roster() },
    ] {
        assert!(matches!(wrong.encode(), Err(RosterError::Rule(_))));
        assert!(matches!(Roster::decode(&cbor::encode(&wrong)), Err(RosterError::Rule(_))));
    }
}

proptest! {
    #[test]
    fn any_bytes_are_answered(bytes: Vec<u8>) {
        let _ = Roster::decode(&bytes);
    }

    /// What the hub is told leads from the one list to the other.
    #[test]
    fn access_changes_lead_there(
        before in proptest::collection::btree_map(0u8..8, 0u8..3, 1..8),
        after in proptest::collection::btree_map(0u8..8, 0u8..3, 1..8),
    ) {
        let with = |members: BTreeMap<u8, u8>| Roster { members: members.into_iter().map(|(n, role)| member(n, role)).collect(), ..roster() };
        let (before, after) = (with(before), with(after));
        let changes = access_changes(&before, &after);
        let mut list: BTreeMap<_, _> = before.access_list().into_iter().map(|m| (m.key, m.role)).collect();
        changes.remove.iter().for_each(|key| assert!(list.remove(key).is_some()));
        list.extend(changes.add.into_iter().map(|m| (m.key, m.role)));
        let expected: BTreeMap<_, _> = after.access_list().into_iter().map(|m| (m.key, m.role)).collect();
        prop_assert_eq!(list, expected);
    }
}
