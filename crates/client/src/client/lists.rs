//! One's own device list: published, read, joined.

use super::Client;
use super::conversations::Call;
use super::purpose::{Known, Purpose};
use super::requests::{Ask, Reply};
use super::state::Stage;
use super::turn::Turn;
use crate::command::Fault;
use crate::view::Event;
use tidings_wire::api::Devices;
use tidings_wire::bytes::Blob;
use tidings_wire::device_list::{DeviceList, Freshness, ListFault, ProvenKey};
use tidings_wire::signed::Signed;

/// What a person is told when a node shows a device list that can't be right.
const WRONG_LIST: &str = "your node shows a list of your devices that contradicts the one known here, and it was refused: look at your \
                          devices, and remove what is not yours";
/// What a person is told when a list that contradicts the one known was joined with it.
const JOINED_LISTS: &str = "there were two lists of your devices that contradict each other, as happens when your node was restored from a \
                            backup, and they were joined: look at your devices, and remove what is not yours";
/// What a person is told when there would be more devices than an account can have.
const TOO_MANY: &str = "there are two lists of your devices that contradict each other, and together they have more devices than an account \
                        can have: remove some that you do not use";
/// What a person is told when the node refuses a device list.
const LIST_NOT_TAKEN: &str = "your node did not take the list of your devices: add or remove the device again later";
/// What a person is told when the node has forgotten a change of the list.
const OLD_LIST: &str = "your node showed an old list of your devices, as a node does that was restored from a backup; it was given the new \
                        one. If nobody restored it, ask who runs it";
/// What a person is told on a device that was removed.
const REMOVED: &str = "this device was removed from your account by another of your devices: what it has can be read on; to use the \
                       account here again, link this device anew or restore it from the phrase";

impl Client {
    fn asks_devices(&self) -> bool {
        self.requests.purposes().any(|purpose| matches!(purpose, Purpose::PublishDevices))
    }

    /// Publishes the newest own device list.
    pub(super) fn publish_devices(&mut self, _turn: &mut Turn<'_>) {
        if let Some(own) = &self.own {
            self.put_list(own.list().bytes().to_vec());
        }
    }

    /// Publishes the own list that comes after the one that the node has: one that was published before and that it has forgotten, if that
    /// one follows, or what the own list says now under the number that is next. Nobody is told of the latter.
    fn publish_after(&mut self, shown: &DeviceList) {
        let Some(own) = &self.own else { return };
        let counter = shown.counter.saturating_add(1).min(own.list().counter);
        let follows = |list: &&Signed<DeviceList>| list.counter == own.list().counter || list.succeeds(shown).is_ok();
        let known = own.list_at(counter).filter(follows).map(|list| list.bytes().to_vec());
        let between = DeviceList { counter, ..own.list().body().clone() };
        let between = || Signed::sign(between, &own.secrets.identity_key()).ok().map(Signed::into_bytes);
        if let Some(list) = known.or_else(between) {
            self.put_list(list);
        }
    }

    fn put_list(&mut self, list: Vec<u8>) {
        let Some(own) = self.own.as_ref().filter(|_| !self.asks_devices()) else { return };
        let body = Devices { devices: Blob(list) };
        let ask = Ask::new(&own.node, "PUT", "/v1/devices", Purpose::PublishDevices).json(&body);
        self.requests.ask(ask.signed(&own.secrets.identity_key()));
    }

    /// Reads the own device list as the node has it.
    pub(super) fn read_devices(&mut self) {
        let asked = self.requests.waits(|purpose| matches!(purpose, Purpose::ReadDevices(_)));
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
                let fault = reply.good().err().unwrap_or(Fault::Offline);
                self.enrolling_failed(turn, fault);
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
                let owed = own.owed.devices && at_node.is_some();
                if let Some(own) = self.own_mut().filter(|own| owed || own.published != list.counter) {
                    own.published = list.counter;
                    own.owed.devices &= !owed;
                }
                if owed {
                    // Not before: a list that another device's change has overtaken must never have been seen by anybody.
                    self.tell_devices(turn);
                    self.listed_again(turn);
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
            Err(_) => self.join_lists(turn, &list, at_node.is_some()),
        }
    }

    /// While this device is being put on the list, the list has become another.
    fn enrol_again(&mut self, turn: &mut Turn<'_>, list: &Signed<DeviceList>) {
        let Some(own) = self.own_mut() else { return };
        let device = own.device_public();
        if list.listed(&device).is_some() {
            return self.enrolled(turn);
        }
        let proven = ProvenKey::new(&own.device_key(), &list.identity);
        let signed = list.with(proven).map_err(|error| Fault::Refused(error.to_string())).and_then(|(list, serial)| {
            let certificate = super::account::certify(&own.secrets, device.0, serial, turn.now)?;
            Ok((Signed::sign(list, &own.secrets.identity_key())?, certificate))
        });
        match signed {
            Ok((list, certificate)) => {
                own.push_list(list);
                own.certificate = certificate;
                self.publish_devices(turn);
            }
            Err(fault) => self.enrolling_failed(turn, fault),
        }
    }

    /// This device can't be put on the list.
    fn enrolling_failed(&mut self, turn: &mut Turn<'_>, fault: Fault) {
        self.own = None;
        self.own_changed = true;
        let command = self.linking.waits_for_profile.take();
        turn.failed(command, fault);
    }

    fn take_own_list(&mut self, turn: &mut Turn<'_>, list: Signed<DeviceList>) {
        let Some(own) = self.own_mut() else { return };
        let before = own.list().clone();
        let there = list.listed(&own.device_public()).is_some();
        own.published = list.counter;
        own.push_list(list);
        own.owed.devices = false;
        let me = own.identity();
        if !there {
            return self.was_removed(turn);
        }
        self.take_serial(turn);
        self.listed_again(turn);
        self.refresh_oneself();
        self.calls.push_back(Call::Devices(me));
        self.link_published(turn);
        self.tell_changes(turn, &before);
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
        let may = self.may_repair();
        if !may {
            self.warn(turn, LIST_NOT_TAKEN);
        }
        let Some(own) = self.own_mut() else { return };
        own.owed.devices = may;
        let device = own.device_public();
        own.owed.listed |= list.listed(&device) != own.list().listed(&device);
        if may {
            self.publish_after(list);
        }
    }

    /// Two of one's devices changed the list without knowing of each other, at once or on both sides of a restored node: one list is made that
    /// follows both, so that whoever knows one of them takes it.
    fn join_lists(&mut self, turn: &mut Turn<'_>, other: &Signed<DeviceList>, at_node: bool) {
        if !self.may_repair() {
            return self.warn(turn, WRONG_LIST);
        }
        let Some(own) = self.own_mut() else { return };
        let (before, device) = (own.list().clone(), own.device_public());
        // Nobody has seen the own change: there are no two lists yet.
        let published = own.list_at(own.published).filter(|published| published.counter < before.counter);
        let overtaken = at_node && published.is_some_and(|published| other.against(published).is_ok());
        let joined = match before.joined(other) {
            Ok(joined) => joined,
            Err(fault) => {
                // Nothing can be published until the person has changed something.
                own.owed.devices = false;
                return self.warn(turn, if fault == ListFault::Full { TOO_MANY } else { WRONG_LIST });
            }
        };
        if joined.listed(&device).is_none() {
            return self.was_removed(turn);
        }
        let listed = joined.listed(&device) == other.listed(&device);
        let Ok(list) = Signed::sign(joined, &own.secrets.identity_key()) else {
            return self.warn(turn, WRONG_LIST);
        };
        own.push_list(list);
        own.owed.devices = true;
        own.owed.listed |= at_node && !listed;
        if !overtaken {
            self.warn(turn, JOINED_LISTS);
        }
        self.take_serial(turn);
        self.refresh_oneself();
        // The node takes one change after the other.
        self.publish_after(if at_node { other } else { &before });
        self.tell_changes(turn, &before);
        turn.show(Event::Changed);
    }

    /// This device has another serial on the own list than before: it certifies itself anew.
    fn take_serial(&mut self, turn: &mut Turn<'_>) {
        let Some(own) = self.own_mut() else { return };
        let (device, before) = (own.device_public(), own.certificate.serial);
        let Some(serial) = own.list().listed(&device).filter(|serial| *serial != before) else { return };
        let Ok(certificate) = super::account::certify(&own.secrets, device.0, serial, turn.now) else { return };
        own.certificate = certificate;
        own.owed.listed = true;
        if own.list().devices.iter().all(|device| device.serial != before)
            && self.book.set(turn, &crate::profile::Name::Device(before), None)
        {
            self.owe_profile(turn.now, super::conversations::PROFILE_WAIT);
        }
        self.name_device(turn);
        self.packages_anew();
    }

    /// The node has this device on the list as it was not before: it has thrown away what it had of it.
    fn listed_again(&mut self, turn: &mut Turn<'_>) {
        let Some(own) = self.own_mut() else { return };
        if own.owed.devices || !std::mem::take(&mut own.owed.listed) {
            return;
        }
        own.owed.push = own.push.is_some();
        // What was offered while it did not know this device was refused.
        self.owe_contacts();
        self.owe_profile(turn.now, 0);
        self.packages_anew();
        self.wake_me_anew(turn);
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
}
