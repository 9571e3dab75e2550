//! A new device of an identity that has an account already: by the phrase, or by what another device gave it.

use super::Client;
use super::account::{certify, home, secrets};
use super::purpose::Purpose;
use super::requests::{Ask, Patience, Reply};
use super::state::{Own, Stage};
use super::turn::Turn;
use crate::command::{Done, Fault, Reason, Secret};
use crate::io::CommandId;
use crate::keys::Secrets;
use crate::link::LinkReply;
use crate::view::Event;
use ed25519_dalek::SigningKey;
use tidings_wire::api::Devices;
use tidings_wire::bytes::Fixed;
use tidings_wire::device_list::{DeviceList, ProvenKey};
use tidings_wire::signed::Signed;

/// A restoring that waits for the device list.
pub(crate) struct Restoring {
    command: Option<CommandId>,
    secrets: Secrets,
    node: String,
    device: String,
}

impl Client {
    /// [`Command::Restore`](crate::command::Command::Restore).
    pub(super) fn restore(
        &mut self,
        command: CommandId,
        node: &str,
        phrase: &Secret,
        device: String,
    ) -> Result<Option<Done>, Fault> {
        let secrets = secrets(phrase)?;
        let node = home(node)?;
        if self.own.as_ref().is_some_and(|own| own.stage == Stage::Enrolling && own.identity() == secrets.identity()) {
            self.linking.waits_for_profile = Some(command);
            return Ok(None);
        }
        if self.own.is_some() {
            return Err(Fault::HasAccount);
        }
        self.not_being_linked()?;
        let ask = Ask::new(&node, "GET", "/v1/devices", Purpose::RestoreList).signed(&secrets.identity_key());
        self.requests.ask(ask.patience(Patience::Now));
        self.restoring = Some(Box::new(Restoring { command: Some(command), secrets, node, device }));
        Ok(None)
    }

    /// The device list of the identity that comes back: this device is put on it.
    pub(super) fn restore_list(&mut self, turn: &mut Turn<'_>, reply: Reply) {
        let Some(restoring) = self.restoring.take() else { return };
        let command = restoring.command;
        if self.own.is_some() {
            return turn.failed(command, Fault::HasAccount);
        }
        if let Err(fault) = self.enrol(turn, *restoring, reply) {
            turn.failed(command, fault);
        }
    }

    fn enrol(&mut self, turn: &mut Turn<'_>, restoring: Restoring, reply: Reply) -> Result<(), Fault> {
        let Restoring { command, secrets, node, device: name } = restoring;
        if matches!(reply.status(), 403 | 404) {
            return Err(Fault::Cannot(Reason::NoSuchAccount));
        }
        let found: Devices = reply.read()?;
        let identity = Fixed(secrets.identity().0);
        let list = Signed::<DeviceList>::verify_by(&found.devices.0, &identity)?;
        let device = SigningKey::from_bytes(&turn.bytes());
        let public = device.verifying_key().to_bytes();
        let (list, serial) =
            list.with(ProvenKey::new(&device, &identity)).map_err(|error| Fault::Refused(error.to_string()))?;
        let list = Signed::sign(list, &secrets.identity_key())?;
        let certificate = certify(&secrets, public, serial, turn.now)?;
        self.own = Some(Own::new(secrets, node, &device, list, certificate, Stage::Enrolling, name));
        self.own_changed = true;
        self.linking.waits_for_profile = command;
        self.refresh_oneself();
        self.publish_devices(turn);
        Ok(())
    }

    /// The list with this device is published, or was by another device: the account works here.
    pub(super) fn enrolled(&mut self, turn: &mut Turn<'_>) {
        let Some(own) = self.own_mut() else { return };
        own.stage = Stage::Ready;
        own.published = own.list().counter;
        own.owed.devices = false;
        own.owed.contacts = false;
        self.refresh_oneself();
        self.name_device(turn);
        self.read_profile();
        self.ready(turn);
        turn.show(Event::Changed);
    }

    /// This device was linked by another one.
    pub(super) fn linked(
        &mut self,
        turn: &mut Turn<'_>,
        device: &SigningKey,
        name: String,
        reply: LinkReply,
    ) -> Result<(), Fault> {
        let LinkReply { secrets, certificate, devices, node } = reply;
        let (identity, public) = (secrets.identity(), device.verifying_key().to_bytes());
        let fits = certificate.identity.0 == identity.0
            && certificate.device.0 == public
            && devices.identity.0 == identity.0
            && devices.listed(&Fixed(public)) == Some(certificate.serial);
        if !fits {
            return Err(Fault::Distrust("the other device's answer does not fit this device".to_owned()));
        }
        let node = home(&node)?;
        self.own = Some(Own::new(secrets, node, device, devices, certificate, Stage::Ready, name));
        self.own_changed = true;
        self.enrolled(turn);
        Ok(())
    }
}
