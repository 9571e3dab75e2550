//! Device lists that are told: of one's own to others, and of others.

use super::Client;
use super::conversations::Call;
use super::devices::DeviceRecord;
use super::turn::Turn;
use crate::conversation::step::ParcelBody;
use crate::profile::Name;
use crate::view::Identity;
use sha2::{Digest as _, Sha256};
use tidings_wire::bytes::Fixed;
use tidings_wire::device_list::{DeviceList, ListedDevice};
use tidings_wire::signed::Signed;

/// What a person is told of a contact's list that can't be right; after the name.
const CONTRADICTS: &str = "told two lists of devices that contradict each other, and the second was refused: ask them which devices are theirs";
/// What a person is told of a device that another device has put on the list; after what is known of it.
const CAME: &str = "was added to your account by another device: if it is not yours, remove it; who added it has your phrase, or a device of yours";
/// What a person is told of a device that another device has taken off the list; after what is known of it.
const WENT: &str = "was removed from your account by another of your devices: if that was not you, look at your devices; to use it again, link it \
                    anew";

/// Most characters of a device's name that are shown with it.
const NAME_SHOWN: usize = 60;

impl Client {
    /// Tells the person of devices that came or went without this device's doing. What this one changed itself is in the list before already.
    pub(super) fn tell_changes(&mut self, turn: &mut Turn<'_>, before: &DeviceList) {
        let Some(own) = &self.own else { return };
        let (after, this) = (own.list().body(), own.device_public());
        let others = |list: &DeviceList, than: &DeviceList| -> Vec<ListedDevice> {
            let other = |device: &&ListedDevice| device.key != this && than.listed(&device.key).is_none();
            list.devices.iter().filter(other).copied().collect()
        };
        let (came, went) = (others(after, before), others(before, after));
        for (devices, what) in [(came, CAME), (went, WENT)] {
            for device in devices {
                let record: DeviceRecord = self.book.get_as(&Name::Device(device.serial)).unwrap_or_default();
                let name: String = record.name.chars().filter(|c| !c.is_control()).take(NAME_SHOWN).collect();
                let name = if name.is_empty() { name } else { format!(", {name},") };
                self.warn(turn, &format!("device {}{name} {what}", device.serial));
            }
        }
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
        let own = self.own.as_ref().map(|own| Fixed(own.identity().0));
        match own.and_then(|own| Signed::<DeviceList>::verify_by(list, &own).ok()) {
            Some(list) => self.own_list(turn, list, None),
            None => self.heard_devices(turn, from, list),
        }
    }

    /// A signed device list was heard of.
    pub(super) fn heard_devices(&mut self, turn: &mut Turn<'_>, who: &Identity, said: &[u8]) {
        let Ok(list) = Signed::<DeviceList>::verify_by(said, &Fixed(who.0)) else { return };
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
                if let Some(known) = known.filter(|_| self.may_answer_list(turn, who, said)) {
                    self.post_parcel(turn, who, ParcelBody::Devices(known));
                }
                let name = self.book.own_name(who);
                self.warn_of_others(turn, &format!("{name} {CONTRADICTS}"));
            }
        }
    }

    /// Whether somebody is answered who is said to have a list that contradicts the known one.
    fn may_answer_list(&mut self, turn: &Turn<'_>, who: &Identity, said: &[u8]) -> bool {
        let hash = Fixed(Sha256::digest(said).into());
        let answers = self.own.as_mut().is_some_and(|own| own.answers(*who, hash, turn.now));
        self.own_changed |= answers;
        answers
    }
}
