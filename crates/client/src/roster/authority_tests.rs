use super::samples::{GROUP, attest, id, member, roster};
use super::*;

/// A roster that somebody signed after another one.
fn next(before: &Roster, by: u8, change: impl FnOnce(&mut Roster)) -> Roster {
    let mut after = before.clone();
    change(&mut after);
    after.v = before.v + 1;
    attest(before, &mut after, by);
    after
}

/// Owners 1 and 2, moderators 3 and 4, members 5 and 6; signed by 1.
fn signed() -> Roster {
    next(&roster(), 1, |_| {})
}

fn named(before: &Roster, by: u8, name: &str) -> Roster {
    next(before, by, |roster| roster.name = name.to_owned())
}

fn role(roster: &mut Roster, n: u8, role: u8) {
    roster.members.iter_mut().filter(|member| member.id == id(n)).for_each(|member| member.role = role);
}

fn without(before: &Roster, by: u8, n: u8) -> Roster {
    next(before, by, |roster| *roster = roster.without(&[id(n)]))
}

fn add(before: &Roster, by: u8, n: u8, role: u8) -> Roster {
    next(before, by, |roster| roster.members.push(member(n, role)))
}

fn weigh(known: &Roster, shown: &Roster) -> Result<Weighed, Unproven> {
    known.weigh(&GROUP, shown)
}

#[test]
fn what_those_with_the_right_did_is_believed() {
    let known = signed();
    let mut shown = named(&known, 3, "by a moderator");
    assert_eq!(weigh(&known, &shown), Ok(Weighed::Newer));
    shown = next(&shown, 2, |roster| role(roster, 5, OWNER));
    shown = without(&shown, 5, 1);
    shown = add(&shown, 5, 7, OWNER);
    shown = next(&shown, 7, |roster| roster.seal = [9; 32]);
    shown = next(&shown, 6, |roster| *roster = roster.without(&[id(3)]));
    assert_eq!(weigh(&known, &shown), Ok(Weighed::Newer), "a chain of owners, and a moderator who left");
    assert!(Roster::decode(&cbor::encode(&shown)).is_ok());
    let bytes = cbor::encode(&shown).len();
    assert!(bytes < 5_000, "{bytes}");
}

#[test]
fn a_plain_member_shows_nothing_but_who_went() {
    let known = signed();
    let gone = next(&known, 5, |roster| *roster = roster.without(&[id(6)]));
    assert_eq!(weigh(&known, &gone), Ok(Weighed::Newer));
    let later = next(&gone, 5, |roster| *roster = roster.without(&[id(4)]));
    assert_eq!(weigh(&known, &later), Ok(Weighed::Newer));
    assert_eq!(weigh(&later, &gone), Ok(Weighed::Older), "who left is there again");
    let inflated = Roster { v: 100, ..gone.clone() };
    assert_eq!(weigh(&later, &inflated), Ok(Weighed::Older), "a plain member's version counts for nothing");
    assert_eq!(later.excess(&inflated), [id(4)]);
    let changes: [fn(&mut Roster); 5] = [
        |roster| roster.members.push(member(7, MEMBER)),
        |roster| roster.name = "mine".to_owned(),
        |roster| roster.seal = [9; 32],
        |roster| roster.members[2].since += 1,
        |roster| roster.gone.clear(),
    ];
    for change in changes {
        let mut forged = gone.clone();
        change(&mut forged);
        forged.v += 1;
        assert_eq!(weigh(&known, &forged), Err(Unproven::Content));
    }
    let mut usurped = gone.clone();
    role(&mut usurped, 5, OWNER);
    assert_eq!(weigh(&known, &usurped), Err(Unproven::Authority));
}

#[test]
fn whoever_was_never_given_the_right_is_not_believed() {
    let known = signed();
    let mut crowned = known.clone();
    role(&mut crowned, 5, OWNER);
    assert_eq!(weigh(&known, &named(&crowned, 5, "mine")), Err(Unproven::Authority), "crowned by oneself");
    let owns = next(&known, 3, |roster| roster.seal = [9; 32]);
    assert_eq!(weigh(&known, &owns), Err(Unproven::Authority), "a moderator does what is an owner's");
    assert_eq!(weigh(&known, &add(&known, 3, 7, MODERATOR)), Err(Unproven::Authority));
    assert_eq!(weigh(&known, &add(&known, 3, 7, MEMBER)), Ok(Weighed::Newer));
    let another = named(&roster(), 2, "another beginning");
    assert_eq!(weigh(&known, &named(&another, 1, "x")), Err(Unproven::Unrelated));
    assert_eq!(known.weigh(&[8; 16], &named(&known, 1, "x")), Err(Unproven::Statement), "of another group");
    let mut twice = named(&known, 1, "x");
    twice.signed.swap(0, 1);
    assert_eq!(weigh(&known, &twice), Err(Unproven::Statement));
}

#[test]
fn a_moderator_takes_no_role_away() {
    let known = signed();
    // Moderator 3 makes owner 2 a moderator, and moderator 4 a member: neither is theirs to do, though both have less by it.
    for (who, less) in [(2, MODERATOR), (2, MEMBER)] {
        let shown = next(&known, 3, |roster| role(roster, who, less));
        assert_eq!(weigh(&known, &shown), Err(Unproven::Authority), "{who} {less}");
    }
    let left = next(&known, 3, |roster| *roster = roster.without(&[id(4)]));
    assert_eq!(weigh(&known, &left), Ok(Weighed::Newer), "who proposed to go");
}

#[test]
fn who_was_removed_goes_on_alone() {
    let before = signed();
    let known = without(&before, 1, 2);
    let mut branch = add(&before, 2, 7, OWNER);
    branch = Roster { v: before.v, ..branch };
    assert_eq!(weigh(&known, &before), Ok(Weighed::Older), "the old branch");
    assert_eq!(known.excess(&before), [id(2)]);
    branch.v = known.v + 50;
    branch.members[0].role = OWNER;
    attest(&before, &mut branch, 2);
    assert_eq!(weigh(&known, &branch), Err(Unproven::Authority), "however high the version");
    let same = named(&before, 2, "the same version");
    assert_eq!(weigh(&known, &same), Err(Unproven::Authority));
    let unaware = named(&before, 1, "an owner who does not know of it");
    assert_eq!(weigh(&known, &unaware), Ok(Weighed::Older));
    assert_eq!(weigh(&known, &named(&unaware, 1, "goes on")), Ok(Weighed::Newer));
}

#[test]
fn who_was_expelled_is_shown_it_by_those_with_the_right_only() {
    let known = signed();
    let expelled = without(&known, 1, 5);
    let expels = |known: &Roster, shown: &Roster, n: u8| known.expels(&GROUP, shown, &id(n));
    assert!(expels(&known, &expelled, 5) && !expels(&known, &expelled, 6));
    assert!(expels(&named(&known, 3, "meanwhile"), &expelled, 5), "on another branch of the same length");
    let again = add(&expelled, 1, 5, MEMBER);
    assert!(!expels(&again, &expelled, 5), "an old list");
    let gone = next(&known, 6, |roster| *roster = roster.without(&[id(5)]));
    assert!(!expels(&known, &gone, 5), "a plain member says so");
    let forged = Roster { signed: known.signed.clone(), ..expelled };
    assert!(!expels(&known, &forged, 5));
}

#[test]
fn of_two_branches_that_which_was_signed_later_overtakes_the_other() {
    let known = signed();
    let later = without(&next(&known, 1, |roster| role(roster, 5, OWNER)), 5, 1);
    assert!(later.overtakes(&GROUP, &known) && !known.overtakes(&GROUP, &later));
    let other = named(&known, 3, "meanwhile");
    assert!(later.overtakes(&GROUP, &other) && !other.overtakes(&GROUP, &later));
    let as_late = named(&other, 3, "and again");
    assert!(!later.overtakes(&GROUP, &as_late) && !as_late.overtakes(&GROUP, &later), "signed at the same version");
    let gone = next(&known, 6, |roster| *roster = roster.without(&[id(6)]));
    assert!(!gone.overtakes(&GROUP, &known), "nobody else sees that it is newer");
    let forged = named(&known, 6, "by a member");
    assert!(!later.overtakes(&GROUP, &forged), "this one nobody goes to");
}

#[test]
fn a_role_that_was_taken_is_noticed() {
    let before = signed();
    let known = next(&before, 1, |roster| role(roster, 2, MEMBER));
    assert_eq!(weigh(&known, &before), Ok(Weighed::Older));
    assert_eq!(known.excess(&before), [id(2)]);
    assert_eq!(before.excess(&known), []);
}

#[test]
fn the_list_of_statements_stays_short() {
    let mut now = signed();
    let known = now.clone();
    for round in 0..30u64 {
        now = named(&now, 3, &round.to_string());
        assert_eq!(weigh(&known, &now), Ok(Weighed::Newer));
        assert!(now.signed.len() <= 2, "what changes no staff is carried as long as it is the last");
    }
    for round in 0..30 {
        now = next(&now, 1, |roster| role(roster, 6, round % 3));
        assert!(now.check().is_ok());
    }
    assert_eq!(now.signed.len(), STATEMENTS_MAX);
    assert_eq!(weigh(&known, &now), Err(Unproven::Unrelated), "too long ago");
}

#[test]
fn of_two_branches_one_ranks_higher() {
    let known = signed();
    let (one, other) = (named(&known, 1, "one"), named(&known, 2, "other"));
    assert_eq!((weigh(&one, &other), weigh(&other, &one)), (Ok(Weighed::Older), Ok(Weighed::Older)));
    assert!(one.rank() != other.rank() && known.rank() < one.rank());
    assert_eq!(one.excess(&other), []);
}
