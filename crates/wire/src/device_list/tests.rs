//! Tests of device lists.

use super::*;
use crate::signed::Signed;
use proptest::prelude::*;

fn proven(n: u8) -> ProvenKey {
    ProvenKey::new(&SigningKey::from_bytes(&[n; 32]), &owned())
}

fn key(n: u8) -> Fixed<32> {
    proven(n).key
}

fn owner() -> SigningKey {
    // None of the devices' seeds, which are one byte each.
    SigningKey::from_bytes(&std::array::from_fn(|place| u8::from(place == 0)))
}

fn owned() -> Fixed<32> {
    Fixed(owner().verifying_key().to_bytes())
}

fn first() -> DeviceList {
    DeviceList::first(owned(), proven(1))
}

fn certificate(list: &DeviceList, device: u8, serial: u64) -> DeviceCertificate {
    DeviceCertificate { identity: list.identity, device: key(device), serial, created: 0 }
}

#[test]
fn devices_come_and_go_by_serials() {
    let (two, serial) = first().with(proven(2)).unwrap();
    assert_eq!((serial, two.next, two.counter), (2, 3, 2));
    assert_eq!(two.with(proven(2)), Err(ListFault::Device));
    let one = two.without(1).unwrap();
    assert_eq!(one.without(1), Err(ListFault::Device));
    assert_eq!(one.gone, [GoneDevice { serial: 1, key: key(1) }]);
    assert_eq!(one.with(proven(1)), Err(ListFault::Device), "it was removed");
    for (device, serial, standing) in [
        (2, 2, Standing::Listed),
        (1, 1, Standing::Removed),
        (3, 2, Standing::Removed),
        (3, 3, Standing::Newer),
        (2, 1, Standing::Removed),
        (2, 3, Standing::Newer),
        (1, 3, Standing::Removed),
    ] {
        assert_eq!(one.standing(&certificate(&one, device, serial)), standing, "{device} {serial}");
    }
    let other = DeviceCertificate { identity: key(9), ..certificate(&one, 2, 2) };
    assert_eq!(one.standing(&other), Standing::Removed);
}

#[test]
fn a_list_follows_only_what_it_was_made_from() {
    let (two, _) = first().with(proven(2)).unwrap();
    let one = two.without(1).unwrap();
    assert_eq!(two.succeeds(&first()), Ok(()));
    assert_eq!(one.succeeds(&two), Ok(()));
    assert_eq!(one.succeeds(&first()), Err(ListFault::Counter { found: 3, known: 1 }));
    assert_eq!(one.against(&first()), Ok(Freshness::Newer));
    assert_eq!(one.against(&one), Ok(Freshness::Same));
    assert_eq!(first().against(&one), Err(ListFault::Counter { found: 1, known: 3 }));
    let revived = DeviceList { counter: 4, devices: two.devices.clone(), ..one.clone() };
    assert_eq!(revived.succeeds(&one), Err(ListFault::Serial));
    assert_eq!(revived.against(&one), Err(ListFault::Serial));
    let renumbered = ListedDevice { serial: 3, ..two.devices[0] };
    let devices = vec![two.devices[1], renumbered];
    let renumbered = DeviceList { counter: 4, next: 4, devices, gone: vec![], ..one.clone() };
    assert_eq!(renumbered.succeeds(&one), Err(ListFault::Gone), "it was removed, whatever its number");
    let forgetful = DeviceList { counter: 4, gone: vec![], ..one.clone() };
    assert_eq!(forgetful.against(&one), Err(ListFault::Gone));
    let silent = DeviceList { counter: 3, devices: vec![two.devices[1]], ..two.clone() };
    assert_eq!(silent.succeeds(&two), Err(ListFault::Gone), "nobody goes without being removed");
    let lower = DeviceList { counter: 4, gone: vec![GoneDevice { serial: 0, key: key(1) }], ..one.clone() };
    assert_eq!(lower.against(&one), Err(ListFault::Gone));
    let swapped = DeviceList { devices: vec![ListedDevice::new(proven(5), 2)], counter: 4, ..one.clone() };
    assert_eq!(swapped.against(&one), Err(ListFault::Serial));
    let back = DeviceList { next: 2, devices: vec![], counter: 4, ..one.clone() };
    assert_eq!(back.succeeds(&one), Err(ListFault::Serial));
    let (fork, _) = first().with(proven(3)).unwrap();
    assert_eq!(fork.against(&two), Err(ListFault::Conflict(2)));
    let foreign = DeviceList { identity: key(9), ..one.clone() };
    assert_eq!(foreign.against(&one), Err(ListFault::Identity));
    assert_eq!(foreign.succeeds(&two), Err(ListFault::Identity));
}

#[test]
fn a_full_list_fits_and_takes_no_more() {
    let mut list = first();
    for n in 2..=DEVICES_MAX as u8 {
        list = list.with(proven(n)).unwrap().0;
    }
    assert_eq!(list.with(proven(99)), Err(ListFault::Full));
    list.next = u64::MAX;
    list.counter = u64::MAX;
    list.gone = (0..GONE_MAX as u8)
        .map(|n| GoneDevice { serial: u64::MAX - 200 + u64::from(n), key: Fixed([n; 32]) })
        .collect();
    for (n, device) in list.devices.iter_mut().enumerate() {
        device.serial = u64::MAX - 100 + n as u64;
    }
    assert!(Signed::sign(list.clone(), &owner()).is_ok(), "the longest list fits");
    let more = [list.gone.clone(), vec![GoneDevice { serial: u64::MAX - 100, key: Fixed([99; 32]) }]].concat();
    assert!(Signed::sign(DeviceList { gone: more, ..list.clone() }, &owner()).is_err());
    assert_eq!(list.without(u64::MAX - 100), Err(ListFault::Device), "counters don't run over");
    list.devices.push(ListedDevice::new(proven(99), 1));
    assert!(Signed::sign(list, &owner()).is_err());
}

#[test]
fn lists_that_contradict_themselves_are_refused() {
    let list = first();
    let device = |n: u8, serial| ListedDevice::new(proven(n), serial);
    for devices in [
        vec![device(1, 1), device(1, 0)],
        vec![device(1, 1), device(2, 1)],
        vec![device(1, 2)],
        vec![ListedDevice::new(ProvenKey::new(&owner(), &list.identity), 1)],
    ] {
        assert!(DeviceList { devices, ..list.clone() }.check().is_err());
    }
    let gone = |n: u8, serial| GoneDevice { serial, key: key(n) };
    let list = DeviceList { next: 5, ..list };
    assert!(DeviceList { gone: vec![gone(3, 2), gone(2, 3)], ..list.clone() }.check().is_ok());
    for gone in [vec![gone(3, 3), gone(2, 2)], vec![gone(3, 2), gone(3, 3)], vec![gone(1, 2)], vec![gone(2, 5)]] {
        assert!(DeviceList { gone, ..list.clone() }.check().is_err());
    }
    assert!(DeviceList { counter: 0, ..list.clone() }.check().is_err());
    assert!(DeviceList { devices: vec![], ..list }.check().is_ok());
}

#[test]
fn two_lists_that_contradict_each_other_are_joined() {
    let (base, _) = first().with(proven(2)).unwrap();
    let here = base.with(proven(3)).unwrap().0.without(1).unwrap();
    let there = base.with(proven(4)).unwrap().0;
    let joined = here.joined(&there).unwrap();
    assert_eq!(joined, there.joined(&here).unwrap());
    let serials: Vec<_> = joined.devices.iter().map(|device| (device.key, device.serial)).collect();
    let (one, other) = (key(3).min(key(4)), key(3).max(key(4)));
    assert_eq!(serials, [(key(2), 2), (one, 4), (other, 5)], "1 was removed, 3 and 4 had the same serial");
    assert_eq!((joined.counter, joined.next), (5, 6));
    assert!(joined.against(&here).is_ok() && joined.against(&there).is_ok());
    let removes = base.without(2).unwrap();
    let joined = base.with(proven(3)).unwrap().0.joined(&removes).unwrap();
    assert_eq!(joined.devices.iter().map(|device| device.serial).collect::<Vec<_>>(), [1, 3]);
    let foreign = DeviceList { identity: key(9), ..base.clone() };
    assert_eq!(base.joined(&foreign), Err(ListFault::Identity));
}

/// The devices that two sides of a node that had forgotten have each put on the list, and the joined list.
fn forked() -> (DeviceList, DeviceList, DeviceList) {
    let (base, _) = first().with(proven(2)).unwrap();
    let (here, there) = (base.with(proven(3)).unwrap().0, base.with(proven(4)).unwrap().0);
    let joined = here.joined(&there).unwrap();
    (here, there, joined)
}

#[test]
fn who_was_removed_on_one_side_stays_removed_under_whatever_number() {
    let (here, there, joined) = forked();
    for (side, lost) in [(&there, 4), (&here, 3)] {
        let without = side.without(3).unwrap();
        // The one with the higher counter, and the same.
        for joined in [&joined, &DeviceList { counter: without.counter, ..joined.clone() }] {
            assert!(joined.against(&without).is_err());
            let again = joined.joined(&without).unwrap();
            assert_eq!(again, without.joined(joined).unwrap());
            assert!(again.listed(&key(lost)).is_none() && again.removed(&key(lost)));
            assert_eq!(again.devices.len(), 3);
            assert!(again.against(joined).is_ok() && again.against(&without).is_ok());
        }
    }
    // Its own device comes with what it knows.
    let removed = joined.without(joined.listed(&key(3)).unwrap()).unwrap();
    assert!(removed.joined(&here).unwrap().listed(&key(3)).is_none());
}

#[test]
fn a_device_whose_number_another_one_had_and_lost_is_not_taken_for_removed() {
    let (here, there, _) = forked();
    let there = there.without(3).unwrap();
    assert_eq!(there.against(&here), Err(ListFault::Gone), "the device that had 3 here was not removed");
    let joined = there.joined(&here).unwrap();
    assert_eq!(joined.listed(&key(3)), Some(4));
    assert!(joined.removed(&key(4)) && joined.against(&here).is_ok() && joined.against(&there).is_ok());
}

#[test]
fn joining_with_what_is_joined_already_changes_nothing() {
    let (here, there, joined) = forked();
    let between = DeviceList { counter: here.counter, ..joined.clone() };
    for known in [&here, &there, &between] {
        let again = known.joined(&joined).unwrap();
        assert_eq!(again, DeviceList { counter: joined.counter + 1, ..joined.clone() });
    }
    assert_eq!(here.joined(&between).unwrap(), joined, "whoever meets a list between gets the same");
}

#[test]
fn of_two_proofs_of_one_device_the_lower_counts() {
    let (here, there, joined) = forked();
    for (one, other, serial) in [(&here, &there, 1), (&here, &joined, joined.listed(&key(3)).unwrap())] {
        let mut other = other.clone();
        other.devices.iter_mut().for_each(|device| device.proof = Fixed([0; 64]));
        let joined = one.joined(&other).unwrap();
        assert_eq!(joined, other.joined(one).unwrap());
        assert_eq!(joined.devices.iter().find(|device| device.serial == serial).unwrap().proof, Fixed([0; 64]));
    }
}

#[test]
fn of_many_removed_devices_the_last_are_remembered() {
    let mut list = first();
    let mut known = vec![list.clone()];
    for n in 2..=100 {
        let (with, serial) = list.with(proven(n)).unwrap();
        list = with.without(serial).unwrap();
        known.push(list.clone());
    }
    assert_eq!(list.gone.len(), GONE_MAX);
    assert_eq!(list.gone.first().map(|gone| gone.serial), Some(100 - GONE_MAX as u64 + 1));
    for old in known.iter().rev().skip(1) {
        assert_eq!(list.against(old), Ok(Freshness::Newer));
    }
    let without = list.without(1).unwrap();
    assert!(!without.removed(&key(1)) && without.against(&list).is_ok(), "the oldest makes room at once");
    assert_eq!(without.joined(&first().with(proven(200)).unwrap().0).unwrap().listed(&key(1)), None);
    // One that does not remember what is not that old.
    let mut gone = without.gone.clone();
    gone[40] = GoneDevice { serial: gone[40].serial, key: key(201) };
    let other = DeviceList { counter: without.counter + 1, gone, ..without.clone() };
    assert_eq!(other.against(&without), Err(ListFault::Gone));
}

#[test]
fn nobody_lists_a_device_that_has_not_agreed() {
    let agreed = first();
    let other = ProvenKey::new(&SigningKey::from_bytes(&[2; 32]), &key(9));
    for devices in [
        // A proof for another identity, of another key, and none.
        vec![ListedDevice::new(other, 1)],
        vec![ListedDevice { key: key(2), ..agreed.devices[0] }],
        vec![ListedDevice { proof: Fixed([0; 64]), ..agreed.devices[0] }],
        vec![agreed.devices[0], ListedDevice { key: key(2), serial: 0, ..agreed.devices[0] }],
    ] {
        assert!(Signed::sign(DeviceList { devices, ..agreed.clone() }, &owner()).is_err());
    }
    // Under another serial the device is still one that agreed.
    let devices = vec![ListedDevice { serial: 0, ..agreed.devices[0] }];
    assert!(DeviceList { devices, ..agreed }.check().is_ok());
}

/// On which side, whether a device comes or goes, and which.
fn changes() -> impl Strategy<Value = Vec<(bool, bool, u8)>> {
    proptest::collection::vec((any::<bool>(), any::<bool>(), any::<u8>()), 1..24)
}

/// Who was ever on any of the lists, and who was removed from any.
#[derive(Default)]
struct People {
    listed: BTreeSet<Fixed<32>>,
    removed: BTreeSet<Fixed<32>>,
}

impl People {
    /// A list after a change that one side makes to it, or the list as it was.
    fn change(&mut self, last: &DeviceList, (side, add, pick): (bool, bool, u8)) -> DeviceList {
        if add && last.devices.len() < 12 {
            // The two sides add devices of their own.
            let new = proven(2 + pick % 98 + if side { 100 } else { 0 });
            let Ok((next, _)) = last.with(new) else { return last.clone() };
            self.listed.insert(new.key);
            return next;
        }
        let at = usize::from(pick) % last.devices.len().max(1);
        let Some(device) = last.devices.get(at) else { return last.clone() };
        self.removed.insert(device.key);
        last.without(device.serial).unwrap()
    }

    fn fits(&self, joined: &DeviceList, [one, other]: [&DeviceList; 2]) -> Result<(), TestCaseError> {
        prop_assert_eq!(joined, &other.joined(one).unwrap());
        prop_assert_eq!(joined.check(), Ok(()));
        prop_assert_eq!(joined.against(one), Ok(Freshness::Newer));
        prop_assert_eq!(joined.against(other), Ok(Freshness::Newer));
        let listed: BTreeSet<_> = joined.devices.iter().map(|device| device.key).collect();
        prop_assert_eq!(listed, self.listed.difference(&self.removed).copied().collect());
        Ok(())
    }
}

proptest! {
    /// Whatever was done on either side of a node that had forgotten, and on one of them after the join: each joined list follows what it was
    /// made of, has nobody whom any of them has removed, under whatever number, and everybody else.
    #[test]
    fn a_joined_list_follows_both(choices in changes(), later in changes(), side in any::<bool>()) {
        let (base, _) = first().with(proven(200)).unwrap();
        let mut people = People::default();
        people.listed.extend(base.devices.iter().map(|device| device.key));
        let mut sides = [base.clone(), base];
        for change in choices {
            let side = &mut sides[usize::from(change.0)];
            *side = people.change(side, change);
        }
        let [here, there] = &sides;
        let joined = here.joined(there).unwrap();
        people.fits(&joined, [here, there])?;
        let mut third = sides[usize::from(side)].clone();
        for change in later {
            third = people.change(&third, (side, change.1, change.2));
        }
        let again = joined.joined(&third).unwrap();
        people.fits(&again, [&joined, &third])?;
        for part in [&joined, &third, here, there] {
            let same = again.joined(part).unwrap();
            prop_assert_eq!(&same, &DeviceList { counter: again.counter + 1, ..again.clone() });
        }
    }

    /// Whatever a person does to the devices, each list follows the one before, and no removed device ever comes back.
    #[test]
    fn histories_are_one_line(choices in proptest::collection::vec((any::<bool>(), any::<u8>()), 1..60)) {
        let mut lists = vec![first()];
        for (add, pick) in choices {
            let last = lists.last().unwrap();
            let next = if add {
                last.with(proven(pick)).map(|(list, _)| list)
            } else {
                let at = usize::from(pick) % last.devices.len().max(1);
                last.devices.get(at).ok_or(ListFault::Device).and_then(|device| last.without(device.serial))
            };
            if let Ok(next) = next {
                prop_assert!(next.check().is_ok());
                prop_assert_eq!(next.succeeds(last), Ok(()));
                lists.push(next);
            }
        }
        for (i, old) in lists.iter().enumerate() {
            for new in &lists[i + 1..] {
                prop_assert_eq!(new.against(old), Ok(Freshness::Newer));
                prop_assert!(old.against(new).is_err());
                for device in &old.devices {
                    let certificate = DeviceCertificate { identity: old.identity, device: device.key, serial: device.serial, created: 0 };
                    let listed = new.key_of(device.serial) == Some(device.key);
                    prop_assert_eq!(new.standing(&certificate), if listed { Standing::Listed } else { Standing::Removed });
                }
            }
        }
    }
}
