//! What the home node must have: key packages, the allow-list, how far the inbox was read.

use super::Client;
use super::doubts::Doubts;
use super::purpose::Purpose;
use super::requests::{Ask, Reply};
use super::turn::Turn;
use crate::command::Fault;
use crate::conversation::{LAST_RESORT, PACKAGES};
use crate::io::{CommandId, Time};
use crate::keys;
use crate::records::{Direction, RecordKey, Records, Table};
use crate::view::GroupId;
use std::collections::{BTreeMap, VecDeque};
use tidings_mls::{MadePackage, Signer, make_package};
use tidings_wire::api::{self, Contacts, NewPackages, PackagesWaiting, TakenParcels};
use tidings_wire::bytes::{Blob, Fixed};

/// What a person is told when the node refuses key packages.
const NO_PACKAGES: &str =
    "your node did not take key packages: nobody can add this device to a conversation until it does";
/// Key packages that wait at the node after a look.
const PACKAGES_KEPT: u64 = 20;
/// Fewer than this, and new ones are made.
const PACKAGES_LOW: u64 = 10;
/// Key packages whose secrets are kept, and last resorts: the newest of all that were ever made. Those before were used, or the node has
/// lost them.
const PACKAGES_MAX: usize = 500;
const LAST_RESORTS_MAX: usize = 3;
/// Where it is remembered which were made, by number.
const PACKAGES_MADE: &[u8] = b"package made";
const LAST_RESORTS_MADE: &[u8] = b"last resort made";
/// How often a node is given again what it should have, on one connection.
const REPAIRS_MAX: u32 = 100;
/// How often it is looked, in milliseconds.
const LOOK_EVERY: Time = 6 * 3600 * 1000;

/// What is under way with the home node.
#[derive(Default)]
pub(crate) struct Upkeep {
    /// The allow-list changed while it was being written.
    contacts_again: bool,
    /// Key packages are wanted with another certificate than those that are being put.
    packages_again: bool,
    /// When the key packages are counted.
    look_at: Option<Time>,
    pub writing_profile: bool,
    /// How often the profile and the allow-list were changed, and which change of the profile is being written, or was.
    pub profile_changes: u64,
    pub profile_writing: u64,
    pub profile_written: u64,
    pub contacts_changes: u64,
    /// Who waits until a room is open, and until when.
    pub entering: BTreeMap<GroupId, (CommandId, Time)>,
    /// The push subscription changed while it was being put.
    pub push_again: bool,
    /// The key packages and last resorts that were made, the oldest first: numbers and references.
    packages: VecDeque<(u64, Vec<u8>)>,
    last_resorts: VecDeque<(u64, Vec<u8>)>,
    /// Who waits for an invitation, and for its acceptance.
    pub invites: BTreeMap<[u8; 16], CommandId>,
    pub accepts: BTreeMap<GroupId, CommandId>,
    /// Commands that wait until the profile is written.
    pub backups: Vec<CommandId>,
    /// What contacts say of the profile that the node does not show.
    pub doubts: Doubts,
    /// The node shows an old copy, and the person was told.
    pub old_copy: bool,
    /// How often the node was given something that it then did not have: a hostile one could ask for it without end.
    pub(super) repairs: u32,
}

impl Upkeep {
    /// Reads what was kept.
    pub(super) fn open(records: &dyn Records) -> Result<Self, Fault> {
        let made = |kind: &[u8], most: usize| -> Result<VecDeque<_>, Fault> {
            let found = records.scan(Table::Own, kind, None, Direction::Up, most + 1)?;
            let row =
                |(order, reference): (Vec<u8>, Vec<u8>)| Some((u64::from_be_bytes(order.try_into().ok()?), reference));
            Ok(found.into_iter().filter_map(row).collect())
        };
        let packages = made(PACKAGES_MADE, PACKAGES_MAX)?;
        Ok(Self { packages, last_resorts: made(LAST_RESORTS_MADE, LAST_RESORTS_MAX)?, ..Self::default() })
    }

    /// Key packages may have been used up.
    pub(super) fn packages_used(&mut self, now: Time) {
        self.look_at = Some(now);
    }

    pub(super) fn next_due(&self) -> Option<Time> {
        self.look_at
    }

    /// When somebody need not wait any longer for a room.
    pub(super) fn entering_until(&self) -> Option<Time> {
        self.entering.values().map(|(_, until)| *until).min()
    }
}

impl Client {
    fn under_way(&self, wanted: impl Fn(&Purpose) -> bool) -> bool {
        self.requests.purposes().any(wanted)
    }

    /// Asks for what is owed to the home node.
    pub(super) fn pay(&mut self, turn: &mut Turn<'_>) {
        if !self.is_ready() {
            return;
        }
        self.pay_contacts();
        self.pay_push();
        self.pay_taken();
        self.pay_packages(turn);
        self.pay_profile(turn);
        if self.own.as_ref().is_some_and(|own| own.owed.devices)
            && !self.under_way(|p| matches!(p, Purpose::PublishDevices | Purpose::ReadDevices(_)))
        {
            self.publish_devices(turn);
        }
    }

    /// The allow-list of posting keys is another now.
    pub(super) fn owe_contacts(&mut self) {
        self.upkeep.contacts_again = true;
        self.upkeep.contacts_changes += 1;
        if let Some(own) = self.own_mut() {
            own.owed.contacts = true;
        }
    }

    fn pay_contacts(&mut self) {
        let Some(own) = self.own.as_ref().filter(|own| own.owed.contacts && own.profile.read) else { return };
        if self.under_way(|purpose| matches!(purpose, Purpose::PutContacts)) {
            return;
        }
        let row = |contact: &super::book::Contact| api::Contact { key: Fixed(contact.theirs), drop: contact.blocked };
        let mut contacts: Vec<_> =
            self.book.contacts().map(|(_, _, contact)| row(contact)).take(api::CONTACTS_MAX).collect();
        contacts.sort_by_key(|contact| contact.key);
        contacts.dedup_by_key(|contact| contact.key);
        contacts.truncate(api::CONTACTS_MAX);
        let ask = Ask::new(&own.node, "PUT", "/v1/contacts", Purpose::PutContacts).json(&Contacts { contacts });
        let ask = ask.signed(&own.device_key());
        self.requests.ask(ask);
        self.upkeep.contacts_again = false;
    }

    pub(super) fn contacts_put(&mut self, reply: Reply) {
        // What the node refuses for good is not offered again before something changes or it greets anew.
        if matches!(reply.status(), 401 | 403) {
            self.read_devices();
        }
        let again = self.upkeep.contacts_again;
        if let Some(own) = self.own_mut().filter(|_| !again) {
            own.owed.contacts = false;
        }
    }

    fn pay_taken(&mut self) {
        let Some(own) = self.own.as_ref().filter(|own| own.inbox > own.taken) else { return };
        if self.under_way(|purpose| matches!(purpose, Purpose::Taken(_))) {
            return;
        }
        let number = own.inbox;
        let ask = Ask::new(&own.node, "POST", "/v1/inbox/taken", Purpose::Taken(number)).json(&TakenParcels { number });
        let ask = ask.signed(&own.device_key());
        self.requests.ask(ask);
    }

    pub(super) fn taken(&mut self, number: u64, reply: Reply) {
        let good = reply.good().is_ok();
        if let Some(own) = self.own_mut() {
            // A node that does not want to know is not asked again before there is more.
            own.taken = if good { own.taken.max(number) } else { own.inbox };
        }
    }

    /// Whether key packages wait for an answer. Whether the list at the node is the right one is seen first: with another one this device may
    /// have another certificate.
    pub(super) fn packages_held(&self) -> bool {
        self.own.as_ref().is_some_and(|own| own.owed.devices)
            || self.under_way(|purpose| {
                let packages = matches!(purpose, Purpose::PackagesWaiting | Purpose::PutPackages);
                packages || matches!(purpose, Purpose::Account(_) | Purpose::ReadDevices(_) | Purpose::PublishDevices)
            })
    }

    fn pay_packages(&mut self, turn: &mut Turn<'_>) {
        let Some(own) = self.own.as_ref().filter(|_| !self.packages_held()) else { return };
        if own.owed.packages {
            return self.make_packages(turn, PACKAGES_KEPT, true);
        }
        if self.upkeep.look_at.is_some_and(|at| at <= turn.now) {
            let ask =
                Ask::new(&own.node, "GET", "/v1/key-packages", Purpose::PackagesWaiting).signed(&own.device_key());
            self.requests.ask(ask);
            self.upkeep.look_at = Some(turn.now.saturating_add(LOOK_EVERY));
        }
    }

    pub(super) fn packages_waiting(&mut self, turn: &mut Turn<'_>, reply: Reply) {
        let Ok(found) = reply.read::<PackagesWaiting>() else { return };
        if found.waiting < PACKAGES_LOW || !found.last_resort {
            let wanted = PACKAGES_KEPT.saturating_sub(found.waiting);
            self.make_packages(turn, wanted, !found.last_resort);
        }
    }

    fn make_packages(&mut self, turn: &mut Turn<'_>, wanted: u64, last_resort: bool) {
        let packages: Vec<_> = (0..wanted).filter_map(|_| self.make_package(turn, false)).map(Blob).collect();
        let last_resort = if last_resort { self.make_package(turn, true).map(Blob) } else { None };
        let Some(own) = self.own_mut() else { return };
        own.owed.packages = true;
        let body = NewPackages { packages, last_resort };
        let ask = Ask::new(&own.node, "PUT", "/v1/key-packages", Purpose::PutPackages).json(&body);
        let ask = ask.signed(&own.device_key());
        self.requests.ask(ask);
    }

    pub(super) fn packages_put(&mut self, turn: &mut Turn<'_>, reply: Reply) {
        match reply.status() {
            200..300 => self.warn_no_more(turn, NO_PACKAGES),
            // The list says whether this device was removed.
            401 | 403 => self.read_devices(),
            _ => self.warn(turn, NO_PACKAGES),
        }
        let again = std::mem::take(&mut self.upkeep.packages_again);
        if let Some(own) = self.own_mut() {
            own.owed.packages = again;
        }
    }

    /// This device has another certificate: those that the node has are no good, nor are those that are on their way.
    pub(super) fn packages_anew(&mut self) {
        self.upkeep.packages_again = self.under_way(|purpose| matches!(purpose, Purpose::PutPackages));
        if let Some(own) = self.own_mut() {
            own.owed.packages = true;
        }
    }

    /// A key package of this device, whose secrets are kept.
    pub(super) fn make_package(&mut self, turn: &mut Turn<'_>, last_resort: bool) -> Option<Vec<u8>> {
        let own = self.own.as_ref()?;
        let signer = Signer::new(&own.device_key().to_bytes(), own.certificate.bytes().to_vec());
        let salt: [u8; 16] = turn.bytes();
        let access = keys::access_key(own.secrets.access_root(), &salt).verifying_key().to_bytes();
        let MadePackage { package, reference, record } =
            make_package(&signer, last_resort, &access_of(&salt, &access), turn.random).ok()?;
        let owner = if last_resort { LAST_RESORT } else { PACKAGES };
        self.note_package(turn, last_resort, &reference);
        turn.batch.put(RecordKey::new(Table::Mls, owner, reference), record);
        Some(package)
    }

    /// Remembers a key package, and forgets the secrets of the oldest: a node that always says that it has none could fill the store.
    fn note_package(&mut self, turn: &mut Turn<'_>, last_resort: bool, reference: &[u8]) {
        let number = self.own_mut().map_or(0, |own| {
            own.next_package = own.next_package.saturating_add(1);
            own.next_package
        });
        let (list, kind, owner, most) = if last_resort {
            (&mut self.upkeep.last_resorts, LAST_RESORTS_MADE, LAST_RESORT, LAST_RESORTS_MAX)
        } else {
            (&mut self.upkeep.packages, PACKAGES_MADE, PACKAGES, PACKAGES_MAX)
        };
        turn.batch.put(RecordKey::new(Table::Own, kind, number.to_be_bytes()), reference.to_vec());
        list.push_back((number, reference.to_vec()));
        while list.len() > most {
            let Some((number, reference)) = list.pop_front() else { break };
            turn.batch.remove(RecordKey::new(Table::Own, kind, number.to_be_bytes()));
            turn.batch.remove(RecordKey::new(Table::Mls, owner, reference));
        }
    }

    /// Whether the node may be given once more what it should have had. It gets more chances when it greets anew.
    pub(super) fn may_repair(&mut self) -> bool {
        self.upkeep.repairs = self.upkeep.repairs.saturating_add(1);
        self.upkeep.repairs <= REPAIRS_MAX
    }

    /// The home node was restored from a backup: it is given again what it may have lost.
    pub(super) fn node_restored(&mut self, turn: &mut Turn<'_>) {
        if let Some(own) = self.own_mut() {
            own.owed.packages = true;
            own.owed.contacts = true;
            own.owed.push = own.push.is_some();
            // Numbers are given anew from where the backup was.
            own.inbox = 0;
            own.taken = 0;
        }
        self.wake_me_anew(turn);
        self.follow_inbox();
        self.owe_profile(turn.now, 0);
        self.reopen_exchanges(turn);
    }
}

fn access_of(salt: &[u8; 16], key: &[u8; 32]) -> [u8; 48] {
    let mut access = [0; 48];
    let (first, rest) = access.split_at_mut(16);
    first.copy_from_slice(salt);
    rest.copy_from_slice(key);
    access
}
