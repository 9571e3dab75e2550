//! One's own device list: published, read, compared.

use super::Client;
use super::conversations::Call;
use super::purpose::{Known, Purpose};
use super::requests::{Ask, Reply};
use super::state::Stage;
use super::turn::Turn;
use crate::command::Fault;
use crate::conversation::step::ParcelBody;
use crate::view::{Event, Identity};
use tidings_wire::api::Devices;
use tidings_wire::bytes::Blob;
use tidings_wire::device_list::{DeviceList, Freshness, ProvenKey};
use tidings_wire::signed::Signed;

/// What a person is told when a node shows a device list that can't be right.
const WRONG_LIST: &str = "your node shows a list of your devices that contradicts the one known here, and it was refused: look at your \
                          devices, and remove what is not yours";
/// What a person is told when a list that contradicts the one known was joined with it.
const JOINED_LISTS: &str = "there were two lists of your devices that contradict each other, as happens when your node was restored from a \
                            backup, and they were joined: look at your devices, and remove what is not yours";
/// What a person is told when the node refuses a device list.
const LIST_NOT_TAKEN: &str = "your node did not take the list of your devices: add or remove the device again later";
/// What a person is told when the node has forgotten a change of the list.
const OLD_LIST: &str = "your node showed an old list of your devices, as a node does that was restored from a backup; it was given the new \
                        one. If nobody restored it, ask who runs it";
/// What a person is told on a device that was removed.
const REMOVED: &str = "this device was removed from your account by another of your devices: what it has can be read on; to use the \
                       account here again, link this device anew or restore it from the phrase";
/// What a person is told of a contact's list that can't be right; after the name.
const CONTRADICTS: &str = "told two lists of devices that contradict each other, and the second was refused: ask them which devices are theirs";

impl Client {
    fn asks_devices(&self) -> bool {
        self.requests.purposes().any(|purpose| matches!(purpose, Purpose::PublishDevices))
    }

    /// Publishes the newest own device list.
    pub(super) fn publish_devices(&mut self, _turn: &mut Turn<'_>) {
        let counter = self.own.as_ref().map(|own| own.list().counter);
        counter.into_iter().for_each(|counter| self.publish_list(counter));
    }

    /// Publishes the own list with this counter. A node that was restored gets them one after the other.
    fn publish_list(&mut self, counter: u64) {
        if self.asks_devices() {
            return;
        }
        let Some(own) = &self.own else { return };
        let known = own.list_at(counter).map(|list| list.bytes().to_vec());
        // One that came before this device did, or between two that were joined: nobody is told of it.
        let between = DeviceList { counter, ..own.list().body().clone() };
        let between = || Signed::sign(between, &own.secrets.identity_key()).ok().map(Signed::into_bytes);
        let Some(list) = known.or_else(between).filter(|_| counter <= own.list().counter) else { return };
        let body = Devices { devices: Blob(list) };
        let ask = Ask::new(&own.node, "PUT", "/v1/devices", Purpose::PublishDevices).json(&body);
        self.requests.ask(ask.signed(&own.secrets.identity_key()));
    }

    /// Reads the own device list as the node has it.
    pub(super) fn read_devices(&mut self) {
        let asked = self.requests.purposes().any(|purpose| matches!(purpose, Purpose::ReadDevices(_)));
        let known = self.known();
        if let Some(own) = self.own.as_ref().filter(|_| !asked) {
            let ask = Ask::new(&own.node, "GET", "/v1/devices", Purpose::ReadDevices(known));
            self.requests.ask(ask.signed(&own.secrets.identity_key()));
        }
    }

    pub(super) fn devices_published(&mut self, turn: &mut Turn<'_>, reply: Reply) {
        let Some(own) = &self.own else { return };
        let stage = own.stage.clone();
        match (reply.status(), stage) {
            (200..300, Stage::Enrolling) => self.enrolled(turn),
            (200..300, _) => {
                self.warn_no_more(turn, LIST_NOT_TAKEN);
                // Whether it was the newest is seen here; it may have been changed again meanwhile.
                self.read_devices();
            }
            // Somebody else changed it meanwhile, or the node lost some: look.
            (409 | 412, _) if self.may_repair() => self.read_devices(),
            (_, Stage::Enrolling) => {
                self.own = None;
                self.own_changed = true;
                let command = self.linking.waits_for_profile.take();
                let fault = reply.good().err().unwrap_or(Fault::Offline);
                turn.failed(command, fault);
            }
            _ => {
                if let Some(own) = self.own_mut() {
                    own.owed.devices = false;
                }
                self.warn(turn, LIST_NOT_TAKEN);
            }
        }
    }

    pub(super) fn devices_read(&mut self, turn: &mut Turn<'_>, known: Known, reply: Reply) {
        let Some(own) = &self.own else { return };
        let Ok(found) = reply.read::<Devices>() else { return };
        match Signed::<DeviceList>::verify_by(&found.devices.0, &tidings_wire::bytes::Fixed(own.identity().0)) {
            Ok(list) => self.own_list(turn, list, Some(known)),
            Err(_) => self.warn(turn, WRONG_LIST),
        }
    }

    /// An own list was heard of: from the node, with what was known when it was asked, or in a conversation.
    pub(super) fn own_list(&mut self, turn: &mut Turn<'_>, list: Signed<DeviceList>, at_node: Option<Known>) {
        let Some(own) = &self.own else { return };
        if own.stage == Stage::Enrolling {
            return self.enrol_again(turn, &list);
        }
        match list.against(own.list()) {
            Ok(Freshness::Same) => {
                let told = at_node.is_some() && self.own_mut().is_some_and(|own| std::mem::take(&mut own.owed.devices));
                if told {
                    // Not before: a list that another device's change has overtaken must never have been seen by anybody.
                    self.tell_devices(turn);
                }
                self.link_published(turn);
            }
            Ok(Freshness::Newer) => {
                self.take_own_list(turn, list);
                if at_node.is_none() && self.is_ready() {
                    // The node may have forgotten it.
                    self.read_devices();
                }
            }
            // The own one is newer.
            Err(_) if own.list().against(&list).is_ok() => match at_node {
                Some(known) if own.owed.devices || list.counter < known.list => self.repair_node_list(turn, &list),
                // How the node had it before a change that it has taken since, or told late.
                _ => {}
            },
            Err(_) if at_node.is_some() && self.was_overtaken(&list) => self.rebase_list(turn, &list),
            Err(_) => self.join_lists(turn, &list, at_node.is_some()),
        }
    }

    /// Whether nothing but the own last change, which nobody has seen, contradicts a list.
    fn was_overtaken(&self, list: &DeviceList) -> bool {
        let Some(own) = self.own.as_ref().filter(|own| own.owed.devices && list.counter >= own.list().counter) else {
            return false;
        };
        let before = own.list().counter.checked_sub(1).and_then(|counter| own.list_at(counter));
        before.is_some_and(|before| list.against(before).is_ok())
            && list.listed(&own.device_public()) == Some(own.certificate.serial)
    }

    /// While this device is being put on the list, the list has become another.
    fn enrol_again(&mut self, turn: &mut Turn<'_>, list: &Signed<DeviceList>) {
        let Some(own) = self.own_mut() else { return };
        let device = own.device_public();
        if list.listed(&device).is_some() {
            return self.enrolled(turn);
        }
        let proven = ProvenKey::new(&own.device_key(), &list.identity);
        let signed = list.with(proven).ok().and_then(|(list, serial)| {
            let certificate = super::account::certify(&own.secrets, device.0, serial, turn.now).ok()?;
            Some((Signed::sign(list, &own.secrets.identity_key()).ok()?, certificate))
        });
        if let Some((list, certificate)) = signed {
            own.push_list(list);
            own.certificate = certificate;
            self.publish_devices(turn);
        }
    }

    fn take_own_list(&mut self, turn: &mut Turn<'_>, list: Signed<DeviceList>) {
        let Some(own) = self.own_mut() else { return };
        let known: Vec<_> = own.list().devices.iter().map(|device| device.serial).collect();
        let came = list.devices.iter().any(|device| !known.contains(&device.serial));
        let there = list.listed(&own.device_public()).is_some();
        own.push_list(list);
        own.owed.devices = false;
        let me = own.identity();
        if !there {
            return self.was_removed(turn);
        }
        self.take_serial(turn);
        self.refresh_oneself();
        self.calls.push_back(Call::Devices(me));
        self.link_published(turn);
        if came {
            turn.show(Event::Warning("a device was added to your account".to_owned()));
        }
        turn.show(Event::Changed);
    }

    /// Another device has taken this one off the list.
    fn was_removed(&mut self, turn: &mut Turn<'_>) {
        if let Some(own) = self.own_mut() {
            own.stage = Stage::Removed;
        }
        self.warn(turn, REMOVED);
        self.stop();
        turn.show(Event::Changed);
    }

    /// This device takes no part in anything any more. What it has stays to be read.
    fn stop(&mut self) {
        self.live.stop();
        self.requests = super::requests::Requests::default();
        self.wakes.clear();
        self.missing.clear();
    }

    /// The node has an older list than this device: it was restored from a backup, or it hides a change.
    fn repair_node_list(&mut self, turn: &mut Turn<'_>, list: &Signed<DeviceList>) {
        if !self.own.as_ref().is_some_and(|own| own.owed.devices) {
            self.warn(turn, OLD_LIST);
        }
        if let Some(own) = self.own_mut() {
            own.owed.devices = true;
        }
        self.publish_list(list.counter.saturating_add(1));
    }

    /// Two of one's devices changed the list on both sides of a restored node, each without knowing of the other: one list is made that follows
    /// both, so that whoever knows one of them takes it.
    fn join_lists(&mut self, turn: &mut Turn<'_>, other: &Signed<DeviceList>, at_node: bool) {
        if !self.may_repair() {
            return self.warn(turn, WRONG_LIST);
        }
        let Some(own) = self.own_mut() else { return };
        let Ok(joined) = own.list().joined(other) else { return };
        if joined.listed(&own.device_public()).is_none() {
            return self.was_removed(turn);
        }
        // The node takes one change after the other.
        let first = if at_node { other.counter } else { own.list().counter }.saturating_add(1);
        let Ok(list) = Signed::sign(joined, &own.secrets.identity_key()) else {
            return self.warn(turn, WRONG_LIST);
        };
        own.push_list(list);
        own.owed.devices = true;
        self.warn(turn, JOINED_LISTS);
        self.take_serial(turn);
        self.refresh_oneself();
        self.publish_list(first);
        turn.show(Event::Changed);
    }

    /// This device has another serial on the own list than before: it certifies itself anew.
    fn take_serial(&mut self, turn: &mut Turn<'_>) {
        let Some(own) = self.own_mut() else { return };
        let (device, before) = (own.device_public(), own.certificate.serial);
        let Some(serial) = own.list().listed(&device).filter(|serial| *serial != before) else { return };
        let Ok(certificate) = super::account::certify(&own.secrets, device.0, serial, turn.now) else { return };
        own.certificate = certificate;
        if own.list().devices.iter().all(|device| device.serial != before)
            && self.book.set(turn, &crate::profile::Name::Device(before), None)
        {
            self.owe_profile(turn.now, super::conversations::PROFILE_WAIT);
        }
        self.name_device(turn);
        self.packages_anew();
    }

    /// Two devices changed the list at once, and the other was first: the own change is made anew on top of it.
    fn rebase_list(&mut self, turn: &mut Turn<'_>, list: &Signed<DeviceList>) {
        let Some(own) = self.own_mut() else { return };
        let kept =
            |serial: u64| own.list().devices.iter().any(|device| device.serial == serial) || serial >= own.list().next;
        let gone: Vec<_> = list.devices.iter().map(|device| device.serial).filter(|serial| !kept(*serial)).collect();
        let mut next = list.body().clone();
        for serial in gone {
            let Ok(without) = next.without(serial) else { return };
            next = without;
        }
        next.counter = list.counter.saturating_add(1);
        let Ok(signed) = Signed::sign(next, &own.secrets.identity_key()) else { return };
        own.push_list(signed);
        self.refresh_oneself();
        self.publish_devices(turn);
    }

    /// This device changed the own list.
    pub(super) fn change_own_list(&mut self, turn: &mut Turn<'_>, list: DeviceList) -> Result<(), Fault> {
        let own = self.own_mut().ok_or(Fault::NoAccount)?;
        let list = Signed::sign(list, &own.secrets.identity_key())?;
        own.push_list(list);
        own.owed.devices = true;
        self.refresh_oneself();
        self.publish_devices(turn);
        turn.show(Event::Changed);
        Ok(())
    }

    /// Tells contacts and conversations of the own device list as it is now.
    pub(super) fn tell_devices(&mut self, turn: &mut Turn<'_>) {
        let Some((me, list)) = self.own.as_ref().map(|own| (own.identity(), own.list().bytes().to_vec())) else {
            return;
        };
        let contacts: Vec<_> = self.book.contacts().map(|(who, _, _)| *who).collect();
        for who in contacts {
            self.post_parcel(turn, &who, ParcelBody::Devices(list.clone()));
        }
        self.calls.push_back(Call::Devices(me));
    }

    /// A contact tells of a change of their devices, or which list of one's own they know and heard contradicted.
    pub(super) fn told_devices(&mut self, turn: &mut Turn<'_>, from: &Identity, list: &[u8]) {
        let own = self.own.as_ref().map(|own| tidings_wire::bytes::Fixed(own.identity().0));
        match own.and_then(|own| Signed::<DeviceList>::verify_by(list, &own).ok()) {
            Some(list) => self.own_list(turn, list, None),
            None => self.heard_devices(turn, from, list),
        }
    }

    /// A signed device list was heard of.
    pub(super) fn heard_devices(&mut self, turn: &mut Turn<'_>, who: &Identity, list: &[u8]) {
        let Ok(list) = Signed::<DeviceList>::verify_by(list, &tidings_wire::bytes::Fixed(who.0)) else { return };
        if self.own.as_ref().is_some_and(|own| own.identity() == *who) {
            return self.own_list(turn, list, None);
        }
        let (heard, changed) = self.book.heard_devices(turn, who, list);
        if changed {
            self.owe_profile(turn.now, super::conversations::PROFILE_WAIT);
        }
        match heard {
            super::book::Heard::Newer => {
                self.calls.push_back(Call::Devices(*who));
                let name = self.book.own_name(who);
                self.warn_no_more(turn, &format!("{name} {CONTRADICTS}"));
            }
            super::book::Heard::Known => {}
            super::book::Heard::Refused => {
                // They may not know of the one that is known here: their node may have forgotten it.
                let known = crate::conversation::People::signed_devices(&self.book, who);
                known.into_iter().for_each(|list| self.post_parcel(turn, who, ParcelBody::Devices(list)));
                let name = self.book.own_name(who);
                self.warn(turn, &format!("{name} {CONTRADICTS}"));
            }
        }
    }
}
