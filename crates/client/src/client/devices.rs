//! Devices of one's own.

use super::Client;
use super::conversations::PROFILE_WAIT;
use super::turn::Turn;
use crate::command::{Done, Fault, Reason};
use crate::io::Time;
use crate::view::DeviceView;
use serde::{Deserialize, Serialize};
use tidings_wire::cbor;
use tidings_wire::device_list::ListedDevice;

/// The record `device/<serial>` of the profile (docs/protocol/profile.md).
#[derive(Clone, Default, Serialize, Deserialize)]
pub(crate) struct DeviceRecord {
    pub name: String,
    pub added: Time,
}

impl Client {
    /// Lets one's other devices know what this one is called.
    pub(super) fn name_device(&mut self, turn: &mut Turn<'_>) {
        let Some(own) = &self.own else { return };
        let record = DeviceRecord { name: own.device_name.clone(), added: own.certificate.created };
        let name = crate::profile::Name::Device(own.certificate.serial);
        if self.book.set(turn, &name, Some(cbor::encode(&record))) {
            self.owe_profile(turn.now, PROFILE_WAIT);
        }
    }

    /// [`Command::RemoveDevice`](crate::command::Command::RemoveDevice).
    pub(super) fn remove_device(&mut self, turn: &mut Turn<'_>, serial: u64) -> Result<Option<Done>, Fault> {
        let own = self.account()?;
        if own.certificate.serial == serial {
            return Err(Fault::Cannot(Reason::ThisDevice));
        }
        let unknown = |_| Fault::Unknown("this device".to_owned());
        let list = own.list().without(serial).map_err(unknown)?;
        self.change_own_list(turn, list)?;
        if self.book.set(turn, &crate::profile::Name::Device(serial), None) {
            self.owe_profile(turn.now, PROFILE_WAIT);
        }
        Ok(Some(Done::Well))
    }

    /// One's devices, by serial.
    pub fn devices(&self) -> Vec<DeviceView> {
        let Some(own) = &self.own else { return Vec::new() };
        let this = own.certificate.serial;
        let view = |device: &ListedDevice| {
            let (serial, key) = (device.serial, device.key.0);
            let record: DeviceRecord = self.book.get_as(&crate::profile::Name::Device(serial)).unwrap_or_default();
            let name = if serial == this { own.device_name.clone() } else { record.name };
            let added = if serial == this { own.certificate.created } else { record.added };
            DeviceView { serial, key, name, this: serial == this, added }
        };
        let mut views: Vec<_> = own.list().devices.iter().map(view).collect();
        views.sort_by_key(|view| view.serial);
        views
    }
}
