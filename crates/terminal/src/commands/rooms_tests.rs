//! Members, owners, seconds: what is told without asking a node.

use super::*;
use crate::screen::fixture::{conversation, member};

#[test]
fn one_is_found_by_ones_own_name_and_seconds_are_seconds() {
    let mut all = vec![member(1, "You", 0), member(2, "Bob", 2)];
    all[0].me = true;
    let me = (all[0].identity, "Alice".to_owned());
    assert!(member_of("alice", &all, Some(&me)).unwrap().me);
    assert_eq!(member_of("bob", &all, Some(&me)).unwrap().name, "Bob");
    assert!(member_of("carol", &all, Some(&me)).is_err());
    assert_eq!(has_role(&all[0]), "you are owner there already");
    assert_eq!(read_seconds("3600"), Ok(3600));
    assert_eq!((read_seconds("1h"), read_seconds("0")), (Ok(3600), Ok(0)));
    assert!(read_seconds("soon").is_err_and(|why| why.contains("seconds")) && read_seconds("31536001").is_err());
}

#[test]
fn who_would_leave_a_contact_is_told_what_there_is_instead() {
    let told = no_room("Bob B");
    for command in ["contacts block 'Bob B'", "contacts remove 'Bob B'", "rooms archive 'Bob B'"] {
        assert!(told.contains(&format!("`tidings {command}`")), "{told}");
    }
}

#[test]
fn the_only_owner_is_told_before_leaving() {
    let of = |members: &[(&str, u8, bool)]| {
        let mut view = conversation(3, "fam");
        view.kind = ConversationKind::Group;
        let one = |(name, role, me): &(&str, u8, bool)| MemberView { me: *me, ..member(1, name, *role) };
        view.members = members.iter().map(one).collect();
        leaves_no_owner(&view)
    };
    assert!(of(&[("me", 0, true), ("Bob", 2, false)]));
    assert!(!of(&[("me", 0, true), ("Bob", 0, false)]));
    assert!(!of(&[("me", 2, true), ("Bob", 0, false)]));
    assert!(!of(&[("me", 0, true)]));
}
