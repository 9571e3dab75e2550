use super::samples::{GROUP, attest, device_key, id, member, number, roster};
use super::*;
use proptest::prelude::*;

const TURN: u64 = 9;

/// The first or second device of somebody.
fn leaf(n: u8, device: u8) -> Leaf {
    Leaf { identity: id(n), device: device_key(n, device).verifying_key().to_bytes(), removed: false }
}

fn leaves(roster: &Roster) -> Vec<Leaf> {
    roster.members.iter().flat_map(|member| [leaf(number(&member.id), 0), leaf(number(&member.id), 1)]).collect()
}

/// Device key, access key, salt.
type Package = ([u8; 32], [u8; 32], [u8; 16]);

/// A commit that can be changed before it is judged.
struct Case {
    before: Roster,
    after: Roster,
    committer: Leaf,
    leaves_before: Vec<Leaf>,
    leaves_after: Vec<Leaf>,
    external: bool,
    asked: Vec<[u8; 32]>,
    access: Option<AccessChanges>,
    homeless: Vec<Identity>,
    /// Who signs instead of the committer, and what is changed after that.
    signed_by: u8,
    spoil: fn(&mut Roster),
    /// The access keys in the key packages of those who come, if not those in the roster.
    packages: Option<Vec<Package>>,
}

impl Case {
    fn by(committer: u8) -> Self {
        let before = roster();
        let all = leaves(&before);
        Self {
            after: before.clone(),
            committer: leaf(committer, 0),
            leaves_before: all.clone(),
            leaves_after: all,
            external: false,
            asked: Vec::new(),
            access: None,
            homeless: Vec::new(),
            signed_by: 0,
            spoil: |_| {},
            packages: None,
            before,
        }
    }

    fn with(mut self, change: impl FnOnce(&mut Roster)) -> Self {
        change(&mut self.after);
        self.after.v = self.before.v + u64::from(self.after != self.before);
        self
    }

    fn leaves(mut self, change: impl FnOnce(&mut Vec<Leaf>)) -> Self {
        change(&mut self.leaves_after);
        self
    }

    /// Somebody is taken off the roster with all leaves, and a successor appointed where one is needed.
    fn without(self, n: u8) -> Self {
        self.with(|roster| *roster = roster.without(&[id(n)]))
            .leaves(|leaves| leaves.retain(|leaf| leaf.identity != id(n)))
    }

    /// Both devices of somebody have asked to leave.
    fn asked(mut self, n: u8) -> Self {
        self.asked.extend([leaf(n, 0).device, leaf(n, 1).device]);
        self
    }

    fn verdict(&self) -> Result<(), RosterFault> {
        let access = self.access.clone().unwrap_or_else(|| access_changes(&self.before, &self.after));
        let mut after = self.after.clone();
        if after != self.before {
            let committer = if self.signed_by == 0 { number(&self.committer.identity) } else { self.signed_by };
            attest(&self.before, &mut after, committer);
            (self.spoil)(&mut after);
        }
        let new = self.leaves_after.iter().filter(|leaf| !self.leaves_before.contains(leaf));
        let package =
            |leaf: &Leaf| Some((leaf.device, after.member(&leaf.identity)?.access, after.member(&leaf.identity)?.salt));
        let packages = self.packages.clone().unwrap_or_else(|| new.filter_map(package).collect());
        let facts = CommitFacts {
            group: GROUP,
            packages: &packages,
            before: &self.leaves_before,
            after: &self.leaves_after,
            external: self.external,
            asked: &self.asked,
            add: &access.add,
            remove: &access.remove,
            turn: TURN,
            has_devices: &|identity| !self.homeless.contains(identity),
        };
        Roster::allows(&self.before, &after, &self.committer, &facts)
    }
}

fn expect(allowed: bool) -> Result<(), RosterFault> {
    if allowed { Ok(()) } else { Err(RosterFault::Role) }
}

fn add(roster: &mut Roster, n: u8, role: u8) {
    roster.members.push(RosterMember { since: TURN, ..member(n, role) });
}

/// One of each role.
const COMMITTERS: [(u8, u8); 3] = [(1, OWNER), (3, MODERATOR), (5, MEMBER)];

#[test]
fn an_update_is_everybodys() {
    for (committer, _) in COMMITTERS {
        assert_eq!(Case::by(committer).verdict(), Ok(()));
    }
    assert_eq!(Case::by(9).verdict(), Err(RosterFault::Committer));
}

#[test]
fn settings_by_role() {
    type Change = fn(&mut Roster);
    let moderators: [Change; 3] = [|r| r.name = "x".to_owned(), |r| r.picture = Some(vec![1]), |r| r.expire = Some(60)];
    let owners: [Change; 3] =
        [|r| r.hub = "https://other.example".to_owned(), |r| r.seal = [9; 32], |r| r.locked = true];
    for (committer, role) in COMMITTERS {
        for change in moderators {
            assert_eq!(Case::by(committer).with(change).verdict(), expect(role <= MODERATOR));
        }
        for change in owners {
            assert_eq!(Case::by(committer).with(change).verdict(), expect(role == OWNER));
        }
    }
}

#[test]
fn adding_by_role() {
    for (committer, role) in COMMITTERS {
        for given in [OWNER, MODERATOR, MEMBER] {
            let case = Case::by(committer).with(|r| add(r, 7, given)).leaves(|l| l.push(leaf(7, 0)));
            assert_eq!(
                case.verdict(),
                expect(role == OWNER || (role == MODERATOR && given == MEMBER)),
                "{committer} {given}"
            );
        }
    }
}

#[test]
fn whoever_comes_has_the_key_of_their_package() {
    let come = || Case::by(3).with(|r| add(r, 7, MEMBER)).leaves(|l| l.extend([leaf(7, 1), leaf(7, 0)]));
    let first = (leaf(7, 1).device, [107; 32], [7; 16]);
    let other = (leaf(7, 0).device, [9; 32], [9; 16]);
    assert_eq!(Case { packages: Some(vec![first, other]), ..come() }.verdict(), Ok(()));
    for packages in [vec![other, first], vec![], vec![(first.0, [8; 32], first.2)], vec![(first.0, first.1, [8; 16])]] {
        assert_eq!(Case { packages: Some(packages), ..come() }.verdict(), Err(RosterFault::Key));
    }
}

#[test]
fn removing_by_role() {
    for (committer, role) in COMMITTERS {
        for (n, theirs) in [(2, OWNER), (4, MODERATOR), (6, MEMBER)] {
            let allowed = role == OWNER || (role == MODERATOR && theirs == MEMBER);
            assert_eq!(Case::by(committer).without(n).verdict(), expect(allowed), "{committer} removes {n}");
            assert_eq!(Case::by(committer).without(n).asked(n).verdict(), Ok(()), "{n} has asked");
        }
    }
}

#[test]
fn roles_and_keys_are_changed_by_owners() {
    for (committer, role) in COMMITTERS {
        for n in [1, 3, 5] {
            for given in [OWNER, MODERATOR, MEMBER] {
                let case = Case::by(committer).with(|r| r.members[n].role = given);
                let same = roster().members[n].role == given;
                assert_eq!(case.verdict(), expect(same || role == OWNER), "{committer} makes {n} {given}");
            }
        }
        let rekeyed = |at: usize| {
            Case::by(committer).with(|r| (r.members[at].access, r.members[at].salt) = ([9; 32], [9; 16])).verdict()
        };
        assert_eq!(rekeyed(5), expect(false), "somebody else's");
        assert_eq!(rekeyed(usize::from(committer) - 1), Ok(()), "one's own");
    }
}

#[test]
fn an_owner_remains() {
    let only = |case: Case| {
        let members = vec![member(1, 0), member(5, 2), member(3, 1), member(4, 1)];
        let before = Roster { members, ..roster() };
        let all = leaves(&before);
        Case { after: before.clone(), leaves_before: all.clone(), leaves_after: all, before, ..case }
    };
    assert_eq!(only(Case::by(1)).with(|r| r.members[0].role = MEMBER).verdict(), Err(RosterFault::Form));
    let left = only(Case::by(5)).without(1).asked(1);
    assert_eq!(left.after.role(&id(3)), Some(OWNER), "the first moderator, though a member stands before");
    assert_eq!(left.verdict(), Ok(()));
    for other in [1, 4, 5] {
        let usurped = only(Case::by(5)).asked(1).without(1).with(|r| {
            r.members.iter_mut().for_each(|m| m.role = member(number(&m.id), if m.id == id(5) { 2 } else { 1 }).role);
            if let Some(chosen) = r.members.iter_mut().find(|m| m.id == id(other)) {
                chosen.role = OWNER;
            }
        });
        assert!(usurped.verdict().is_err(), "{other} is not the successor");
    }
    let members = vec![member(1, 0), member(6, 2), member(5, 2)];
    let next = Roster { members, ..roster() }.without(&[id(1)]);
    assert_eq!(next.role(&id(6)), Some(OWNER), "the first member, if there is no moderator");
}

#[test]
fn leaving_takes_all_of_ones_devices() {
    let mut half = Case::by(5).without(6);
    half.asked = vec![leaf(6, 0).device];
    assert_eq!(half.verdict(), Err(RosterFault::Role), "the other device has not asked");
    half.leaves_before.iter_mut().filter(|l| l.device == leaf(6, 1).device).for_each(|l| l.removed = true);
    assert_eq!(half.verdict(), Ok(()), "the other device is none any more");
    let stays = Case::by(1).with(|r| *r = r.without(&[id(6)])).leaves(|l| l.retain(|l| l.device != leaf(6, 0).device));
    assert_eq!(stays.verdict(), Err(RosterFault::Stranger));
}

#[test]
fn own_devices_come_and_go() {
    for (committer, role) in COMMITTERS {
        assert_eq!(Case::by(committer).leaves(|l| l.push(leaf(committer, 2))).verdict(), Ok(()));
        assert_eq!(
            Case::by(committer).leaves(|l| l.retain(|l| l.device != leaf(committer, 1).device)).verdict(),
            Ok(())
        );
        let theirs = Case::by(committer).leaves(|l| l.push(leaf(6, 2)));
        assert_eq!(theirs.verdict(), expect(role <= MODERATOR), "a device of somebody else comes");
        let taken = Case::by(committer).leaves(|l| l.retain(|l| l.device != leaf(6, 1).device));
        assert_eq!(taken.verdict(), expect(role <= MODERATOR), "a device of somebody else is taken");
    }
    let taken = Case::by(3).leaves(|l| l.retain(|l| l.device != leaf(4, 1).device));
    assert_eq!(taken.verdict(), Err(RosterFault::Role), "moderators leave each other's devices alone");
}

#[test]
fn removed_devices_are_taken_out_by_anybody_and_never_come_in() {
    for (committer, _) in COMMITTERS {
        let mut case = Case::by(committer).leaves(|l| l.retain(|l| l.device != leaf(2, 1).device));
        case.leaves_before.iter_mut().filter(|l| l.device == leaf(2, 1).device).for_each(|l| l.removed = true);
        assert_eq!(case.verdict(), Ok(()));
        let lost = Leaf { removed: true, ..leaf(committer, 2) };
        assert_eq!(Case::by(committer).leaves(|l| l.push(lost)).verdict(), Err(RosterFault::Removed));
    }
    let mut stays = Case::by(1);
    stays.leaves_after[3].removed = true;
    assert_eq!(stays.verdict(), Ok(()), "its committer may not know yet");
}

#[test]
fn with_the_last_device_goes_the_entry() {
    let mut case = Case::by(5).leaves(|l| l.retain(|l| l.identity != id(6)));
    case.leaves_before.iter_mut().filter(|l| l.identity == id(6)).for_each(|l| l.removed = true);
    assert_eq!(case.verdict(), Ok(()), "other devices may come");
    case.homeless = vec![id(6)];
    assert_eq!(case.verdict(), Ok(()), "its committer may not know that none will");
    let mut gone = case.without(6);
    assert_eq!(gone.verdict(), Ok(()), "anybody may, since nothing is left");
    gone.homeless.clear();
    assert_eq!(gone.verdict(), Err(RosterFault::Role), "there are other devices");
    gone.leaves_before.retain(|leaf| leaf.identity != id(6));
    gone.homeless = vec![id(6)];
    assert_eq!(gone.verdict(), Ok(()), "later, too");
    assert_eq!(
        Case::by(1).with(|r| add(r, 7, MEMBER)).verdict(),
        Err(RosterFault::Ghost),
        "nobody comes without a device"
    );
}

#[test]
fn versions_kinds_orders_and_turns_hold() {
    let changed = || Case::by(1).with(|r| r.name = "x".to_owned());
    for v in [0, 4, 5, 6 + V_STEP_MAX] {
        let case = changed();
        let after = Roster { v, ..case.after.clone() };
        assert_eq!(Case { after, ..case }.verdict(), Err(RosterFault::Version), "{v}");
    }
    let leap = Case::by(1).with(|r| r.name = "x".to_owned());
    let after = Roster { v: 5 + V_STEP_MAX, ..leap.after.clone() };
    assert_eq!(Case { after, ..leap }.verdict(), Ok(()), "above one that was seen elsewhere");
    assert_eq!(Case::by(1).with(|r| r.v = 6).verdict(), Err(RosterFault::Version), "nothing else changed");
    assert_eq!(Case::by(1).with(|r| r.kind = ConversationKind::Room).verdict(), Err(RosterFault::Kind));
    assert_eq!(Case::by(1).with(|r| r.members.swap(4, 5)).verdict(), Err(RosterFault::Order));
    let first = Case::by(1)
        .with(|r| r.members.insert(0, RosterMember { since: TURN, ..member(7, 2) }))
        .leaves(|l| l.push(leaf(7, 0)));
    assert_eq!(first.verdict(), Err(RosterFault::Order));
    assert_eq!(Case::by(1).with(|r| r.members[4].since = 0).verdict(), Err(RosterFault::Since));
    let early = Case::by(1).with(|r| r.members.push(member(7, 2))).leaves(|l| l.push(leaf(7, 0)));
    assert_eq!(early.verdict(), Err(RosterFault::Since));
}

#[test]
fn nobody_fills_a_group_with_devices() {
    let crowd = |count: u8| {
        let others = move |l: &mut Vec<Leaf>| l.extend((0..count).map(|device| leaf(6, 10 + device)));
        Case::by(6).leaves(|l| l.retain(|l| l.identity != id(6))).leaves(others).verdict()
    };
    assert_eq!(crowd(64), Ok(()));
    assert_eq!(crowd(65), Err(RosterFault::Crowd));
}

#[test]
fn leaves_are_of_members_and_once() {
    assert_eq!(Case::by(1).leaves(|l| l.push(leaf(7, 0))).verdict(), Err(RosterFault::Stranger));
    assert_eq!(Case::by(1).leaves(|l| l.push(leaf(1, 0))).verdict(), Err(RosterFault::Twice));
    let stolen = Leaf { identity: id(5), ..leaf(6, 0) };
    assert_eq!(Case::by(1).leaves(|l| l.push(stolen)).verdict(), Err(RosterFault::Twice));
    let turned =
        Case::by(5).leaves(|l| l.iter_mut().filter(|l| l.device == leaf(5, 0).device).for_each(|l| l.identity = id(1)));
    assert_eq!(turned.verdict(), Err(RosterFault::Role), "a leaf can't become another person's");
}

#[test]
fn the_hub_is_told_what_the_roster_says() {
    let case = || Case::by(1).without(6).with(|r| r.members[4].role = MODERATOR);
    let right = access_changes(&case().before, &case().after);
    assert_eq!((right.add.len(), right.remove.len()), (1, 1));
    assert_eq!(case().verdict(), Ok(()));
    let more = api::Member { key: Fixed([99; 32]), role: Role::Owner };
    for wrong in [
        AccessChanges::default(),
        AccessChanges { add: vec![], ..right.clone() },
        AccessChanges { remove: vec![], ..right.clone() },
        AccessChanges { add: vec![right.add[0].clone(), more.clone()], ..right.clone() },
        AccessChanges { add: vec![right.add[0].clone(), right.add[0].clone()], ..right.clone() },
        AccessChanges { add: vec![api::Member { role: Role::Owner, ..right.add[0].clone() }], ..right.clone() },
        AccessChanges { remove: vec![right.remove[0], Fixed([105; 32])], ..right.clone() },
    ] {
        assert_eq!(Case { access: Some(wrong), ..case() }.verdict(), Err(RosterFault::Access));
    }
    let again = case().after.access_list();
    let named = AccessChanges { add: again.clone(), ..right.clone() };
    assert_eq!(Case { access: Some(named), ..case() }.verdict(), Ok(()), "whom the hub may have forgotten");
    let raised = again.iter().map(|member| api::Member { role: Role::Owner, ..member.clone() }).collect();
    let raised = AccessChanges { add: raised, ..right };
    assert_eq!(Case { access: Some(raised), ..case() }.verdict(), Err(RosterFault::Access));
    let quiet = AccessChanges { add: vec![more], remove: vec![] };
    assert_eq!(Case { access: Some(quiet), ..Case::by(1) }.verdict(), Err(RosterFault::Access));
}

#[test]
fn who_leaves_takes_the_own_key_off_where_a_plain_member_can_not() {
    for (committer, role) in COMMITTERS {
        let told = Case::by(committer).without(6).asked(6);
        assert_eq!(told.verdict(), Ok(()));
        let untold = Case { access: Some(AccessChanges::default()), ..told };
        let expected = if role == MEMBER { Ok(()) } else { Err(RosterFault::Access) };
        assert_eq!(untold.verdict(), expected, "{committer}");
    }
    let unasked = Case { access: Some(AccessChanges::default()), ..Case::by(1).without(6) };
    assert_eq!(unasked.verdict(), Err(RosterFault::Access));
}

#[test]
fn a_device_that_comes_back_changes_nothing() {
    let back = || Case { external: true, ..Case::by(5) };
    assert_eq!(back().verdict(), Ok(()), "in the place of its old leaf");
    let new = Case { committer: leaf(5, 2), ..back() };
    assert_eq!(new.verdict(), Err(RosterFault::External), "it is not there after");
    assert_eq!(
        Case { committer: leaf(5, 2), ..back() }.leaves(|l| l.push(leaf(5, 2))).verdict(),
        Ok(()),
        "a new device"
    );
    assert_eq!(
        Case { committer: leaf(7, 0), ..back() }.leaves(|l| l.push(leaf(7, 0))).verdict(),
        Err(RosterFault::Stranger)
    );
    assert_eq!(back().leaves(|l| l.retain(|l| l.device != leaf(6, 0).device)).verdict(), Err(RosterFault::External));
    assert_eq!(back().leaves(|l| l.push(leaf(6, 2))).verdict(), Err(RosterFault::External));
    let owner = Case { external: true, ..Case::by(1) };
    assert_eq!(owner.with(|r| r.name = "x".to_owned()).verdict(), Err(RosterFault::External), "not even by an owner");
}

#[test]
fn a_room_takes_strangers_but_no_orders_from_them() {
    let room = |committer: u8| {
        let before = Roster { kind: ConversationKind::Room, members: vec![member(1, 0)], ..roster() };
        let all = vec![leaf(1, 0), leaf(8, 0), leaf(9, 0)];
        Case { after: before.clone(), leaves_before: all.clone(), leaves_after: all, before, ..Case::by(committer) }
    };
    let joins = Case { external: true, ..room(7) }.leaves(|l| l.push(leaf(7, 0)));
    assert_eq!(joins.verdict(), Ok(()));
    assert_eq!(room(8).verdict(), Ok(()), "an update");
    let put_out = |committer: u8| room(committer).leaves(|l| l.retain(|l| l.identity != id(9)));
    assert_eq!(put_out(8).verdict(), Err(RosterFault::Role));
    assert_eq!(put_out(9).verdict(), Ok(()), "its own leaf is its own affair");
    assert_eq!(put_out(1).verdict(), Ok(()));
    let mut left = put_out(8);
    left.asked = vec![leaf(9, 0).device];
    assert_eq!(left.verdict(), Ok(()));
    assert_eq!(room(8).with(|r| r.name = "x".to_owned()).verdict(), Err(RosterFault::Role));
    assert_eq!(room(8).leaves(|l| l.retain(|l| l.identity != id(1))).verdict(), Err(RosterFault::Role));
    let stays = room(1).with(|r| add(r, 8, MODERATOR));
    assert_eq!(stays.verdict(), Ok(()), "somebody who is there already gets a role");
    let before = Roster { members: vec![member(1, 0), member(8, 2)], ..room(1).before };
    let after = Roster { v: before.v + 1, ..before.without(&[id(8)]) };
    let deposed = Case { before, after, ..room(1) };
    assert_eq!(deposed.verdict(), Err(RosterFault::Stranger), "who is taken off goes with all leaves");
}

#[test]
fn who_may_change_signs_what_was_changed() {
    for committer in [1, 3] {
        let case = || Case::by(committer).with(|r| r.name = "x".to_owned());
        assert_eq!(case().verdict(), Ok(()));
        let other = 4 - committer;
        assert_eq!(Case { signed_by: other, ..case() }.verdict(), Err(RosterFault::Signature), "by another");
        let spoilers: [fn(&mut Roster); 5] = [
            |r| r.signed.clear(),
            |r| r.name.push('y'),
            |r| r.v += 1,
            |r| r.signed.insert(0, r.signed[0].clone()),
            |r| r.gone = vec![(0, id(9), 1)],
        ];
        for spoil in spoilers {
            assert_eq!(Case { spoil, ..case() }.verdict(), Err(RosterFault::Signature));
        }
    }
    let leaves = || Case::by(5).without(6).asked(6);
    assert_eq!(leaves().verdict(), Ok(()));
    assert_eq!(Case { spoil: |r| r.gone.clear(), ..leaves() }.verdict(), Err(RosterFault::Signature));
    assert_eq!(Case { spoil: |r| r.signed.push(Blob(vec![1])), ..leaves() }.verdict(), Err(RosterFault::Signature));
}

proptest! {
    /// Whatever somebody who is no owner does to the roster, it is void if it raises anybody's role or touches an owner.
    #[test]
    fn nobody_rises_by_own_hand(
        committer in 3u8..7,
        roles in proptest::collection::vec(0u8..3, 6),
        keep in proptest::collection::vec(any::<bool>(), 6),
    ) {
        let mut case = Case::by(committer).with(|roster| {
            for (member, role) in roster.members.iter_mut().zip(&roles) {
                member.role = *role;
            }
            let mut keep = keep.iter().copied();
            roster.members.retain(|_| keep.next().unwrap_or(true));
        });
        let after = case.after.clone();
        case.leaves_after.retain(|leaf| after.member(&leaf.identity).is_some());
        if case.verdict().is_ok() {
            for member in &case.before.members {
                let now = after.role(&member.id);
                prop_assert!(now == Some(member.role) || (now.is_none() && member.role == MEMBER && committer < 5));
            }
        }
    }
}
