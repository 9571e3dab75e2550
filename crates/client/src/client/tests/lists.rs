//! Tests of what a client makes of device lists that it is shown.

use super::*;
use crate::client::jobs::Job;
use tidings_wire::api::Devices;
use tidings_wire::device_list::{DeviceList, ListedDevice};
use tidings_wire::failure::{Code, Failure};
use tidings_wire::signed::Signed;

impl Alone {
    fn list(&mut self) -> DeviceList {
        self.own().list().body().clone()
    }

    fn with(&mut self, list: &DeviceList, n: u8) -> DeviceList {
        let who = crate::view::Identity(list.identity.0);
        list.with(device(n, &who)).unwrap().0
    }

    /// What this device changes itself. The node has taken it, if that is said.
    fn change(&mut self, list: &DeviceList, taken: bool) {
        let list = list.clone();
        self.turn(|client, turn| client.change_own_list(turn, list)).unwrap();
        if taken {
            let list = self.list();
            self.shown(&list);
            assert!(!self.own().owed.devices);
        }
    }

    fn signed(&mut self, list: &DeviceList) -> Signed<DeviceList> {
        Signed::sign(list.clone(), &self.own().secrets.identity_key()).unwrap()
    }

    /// The node shows a list.
    fn shown(&mut self, list: &DeviceList) {
        // What was asked before is answered.
        self.client.requests = crate::client::requests::Requests::default();
        let (known, devices) = (self.client.known(), Blob(self.signed(list).into_bytes()));
        let found = answer(200, &Devices { devices });
        self.turn(|client, turn| client.devices_read(turn, known, Reply::Answer(found)));
    }

    /// The list that is on its way to the node.
    fn put(&mut self) -> Option<DeviceList> {
        let mut put = None;
        for action in self.give(Input::Tick) {
            if let Action::Request(_, asked) = action
                && (asked.method, asked.target.as_str()) == ("PUT", "/v1/devices")
            {
                let devices: Devices = serde_json::from_slice(&asked.body.unwrap()).unwrap();
                put = Some(Signed::<DeviceList>::verify(&devices.devices.0).unwrap().into_body());
            }
        }
        put
    }
}

fn keys(list: &DeviceList) -> Vec<Fixed<32>> {
    list.devices.iter().map(|device| device.key).collect()
}

const JOINED: &str = "contradict";

#[test]
fn a_node_that_did_not_know_this_device_is_offered_all_again() {
    let mut alone = Alone::new();
    let list = alone.list();
    // What it was offered meanwhile it has refused.
    (alone.own().owed.contacts, alone.own().owed.profile) = (false, None);
    (alone.own().owed.devices, alone.own().owed.listed) = (true, true);
    alone.shown(&list);
    assert!(alone.own().owed.contacts && alone.own().owed.profile.is_some());
    // Or refuses only now.
    let refused = answer(403, &Failure { error: Code::NotAccepted, message: String::new() });
    alone.own().owed.profile = None;
    alone.turn(|client, turn| client.profile_written(turn, Reply::Answer(refused)));
    assert!(alone.own().owed.profile.is_some());
}

#[test]
fn a_change_that_another_device_was_faster_than_is_made_on_top_of_it() {
    let mut alone = Alone::new();
    let first = alone.list();
    let base = alone.with(&first, 2);
    alone.change(&base, true);
    alone.change(&base.without(2).unwrap(), false);
    let other = alone.with(&base, 3);
    alone.shown(&other);
    let next = alone.put().unwrap();
    assert_eq!(next.counter, other.counter + 1);
    assert_eq!(keys(&next), [first.devices[0].key, other.devices[2].key]);
    assert!(!alone.warned(JOINED), "nobody has seen the own one");
    assert!(alone.warned("device 3 was added to your account"));
    assert!(!alone.warned("device 2"), "that was this device's doing");
    // It stands until the person has seen it.
    alone.give(Input::Tick);
    alone.client = Client::open(&alone.records, alone.now).unwrap();
    assert!(alone.warned("device 3 was added"));
}

#[test]
fn two_devices_that_are_added_at_once_both_stay() {
    let mut alone = Alone::new();
    let base = alone.list();
    let (mine, other) = (alone.with(&base, 2), alone.with(&base, 3));
    alone.change(&mine, false);
    alone.shown(&other);
    let next = alone.put().unwrap();
    assert!(next.listed(&mine.devices[1].key).is_some() && next.listed(&other.devices[1].key).is_some());
    assert!(!alone.warned(JOINED));
}

#[test]
fn what_nobody_has_removed_is_not_removed_while_a_joined_list_waits() {
    let mut alone = Alone::new();
    let base = alone.list();
    let (mine, other) = (alone.with(&base, 2), alone.with(&base, 3));
    alone.change(&mine, true);
    alone.shown(&other);
    assert!(alone.warned(JOINED));
    let joined = alone.put().unwrap();
    assert_eq!(joined.devices.len(), 3);
    // Meanwhile the other branch went on, without the device that it had added.
    let later = other.without(2).unwrap();
    alone.shown(&later);
    let next = alone.put().unwrap();
    assert_eq!(keys(&next), [base.devices[0].key, mine.devices[1].key]);
    assert!(next.succeeds(&later).is_ok() && next.removed(&other.devices[1].key));
    assert!(alone.warned("was removed from your account by another"));
}

#[test]
fn a_list_between_leads_to_the_joined_one() {
    let mut alone = Alone::new();
    let base = alone.list();
    let (two, other) = (alone.with(&base, 2), alone.with(&base, 3));
    let mine = alone.with(&two, 4);
    alone.change(&two, true);
    alone.change(&mine, true);
    let joined = mine.joined(&other).unwrap();
    // Another device is giving it to the node.
    alone.shown(&DeviceList { counter: other.counter + 1, ..joined.clone() });
    assert_eq!(alone.list(), joined);
    alone.shown(&joined);
    assert!(!alone.own().owed.devices);
}

#[test]
fn a_node_that_is_behind_gets_only_lists_that_follow_its_own() {
    let mut alone = Alone::new();
    let base = alone.list();
    let mut mine = base.clone();
    for n in [2, 4, 5, 6] {
        mine = alone.with(&mine, n);
        alone.change(&mine, true);
    }
    let mut node = alone.with(&base, 3);
    let mut asked = 0;
    while alone.list() != node {
        alone.shown(&node);
        let next = alone.put().unwrap();
        next.succeeds(&node).unwrap();
        node = next;
        asked += 1;
    }
    assert_eq!((asked, node.counter, node.devices.len()), (4, 6, 6));
    alone.shown(&node);
    assert_eq!(alone.put(), None);
    // What it has forgotten of them it gets as it was.
    let lost = alone.with(&node, 7);
    alone.change(&lost, true);
    let last = alone.with(&lost, 8);
    alone.change(&last, true);
    alone.shown(&node);
    assert_eq!(alone.put(), Some(lost));
}

#[test]
fn a_device_with_another_serial_is_pushed_to_again_once_the_node_knows() {
    let mut alone = Alone::new();
    alone.give(Input::Command(CommandId(2), Command::CreateGroup { name: "Us".to_owned(), members: Vec::new() }));
    let push =
        state::Push { endpoint: "https://push.example/x".to_owned(), p256dh: "AA".to_owned(), auth: "AA".to_owned() };
    let own = alone.own();
    (own.push, own.owed.push, own.owed.packages) = (Some(push), false, false);
    let wakes =
        |alone: &Alone| alone.client.jobs.all().filter(|(_, job)| matches!(job, Job::WakeAddress { .. })).count();
    let base = alone.list();
    let moved = ListedDevice { serial: base.next, ..base.devices[0] };
    let moved = DeviceList { counter: 2, next: base.next + 1, devices: vec![moved], ..base };
    alone.shown(&moved);
    assert!(alone.own().owed.push && alone.own().owed.packages);
    assert_eq!((wakes(&alone), alone.own().certificate.serial), (1, 2));
    // A node that had forgotten this device has nothing of it either.
    let own = alone.own();
    (own.owed.push, own.owed.packages) = (false, false);
    let known = alone.list();
    alone.shown(&DeviceList { counter: 1, next: 2, devices: vec![], ..known.clone() });
    assert!(!alone.own().owed.push, "not before it knows it");
    alone.shown(&known);
    assert!(alone.own().owed.push && alone.own().owed.packages);
}

#[test]
fn a_list_that_contradicts_the_known_one_is_answered_once_a_day() {
    let mut alone = Alone::new();
    let (one, day) = (crate::view::Identity([1; 32]), 24 * 3_600_000);
    let own = alone.own();
    let answered = (0..100).filter(|_| own.answers(one, Fixed([1; 32]), 1_000)).count();
    assert_eq!(answered, 1);
    assert!(!own.answers(one, Fixed([1; 32]), 999 + day) && own.answers(one, Fixed([1; 32]), 1_000 + day));
    // Nor can somebody make many.
    let answered = (0..100).filter(|n| own.answers(one, Fixed([*n; 32]), 2_000 + day)).count();
    assert_eq!(answered, 3);
    let others = (0..200).filter(|n| own.answers(crate::view::Identity([*n; 32]), Fixed([7; 32]), 2_000 + day)).count();
    assert_eq!(others, 199);
}
