//! Making a conversation (docs/protocol/contacts.md, Invitation, and conversations.md).

use super::Conversation;
use super::commit::Comings;
use super::keys::{own_access_key, room_key};
use super::part::{Part, Parts};
use super::scene::Scene;
use super::slot::mls_fault;
use super::state::{
    Epoch, Goal, Kept, Last, ListSaid, Mark, Own, Phase, Post, Proposals, Receipt, Rekey, Rights, RoomSelf, State,
};
use super::step::{HubRequest, Step};
use super::turn::UPDATE_EVERY;
use crate::command::{Fault, Secret};
use crate::entry::{Info, PassphraseKey};
use crate::records::Table;
use crate::roster::{Roster, RosterMember};
use crate::view::{ConversationKind, Event, GroupId, Identity};
use ed25519_dalek::SigningKey;
use std::collections::VecDeque;
use tidings_mls::{Group, Plan, Signer};
use tidings_wire::api::{Member, NewGroup, Role};
use tidings_wire::bytes::{Blob, Fixed};
use tidings_wire::cbor;
use tidings_wire::certificate::{DeviceCertificate, mark};
use tidings_wire::device_list::DeviceList;
use tidings_wire::signed::Signed;

/// Where the request that makes the group is kept until the hub has done it.
const CREATE: &[u8] = b"create";
/// Most bytes of that request.
const CREATE_BYTES_MAX: usize = 8 * 1024 * 1024;
/// Milliseconds before it is asked again.
const CREATE_AGAIN: u64 = 2_000;

/// What a new conversation is to be.
pub(super) struct Draft<'a> {
    pub(super) group: GroupId,
    pub(super) hub: &'a str,
    pub(super) kind: ConversationKind,
    pub(super) salt: [u8; 16],
    pub(super) pass: Option<PassphraseKey>,
    pub(super) room: Option<RoomSelf>,
    pub(super) other: Option<Identity>,
}

/// As whom one is in it, and with which device: in a room as nobody else.
fn selves(scene: &Scene<'_>, room: Option<&RoomSelf>) -> (Identity, Mark) {
    let public = |seed: &[u8; 32]| SigningKey::from_bytes(seed).verifying_key().to_bytes();
    match room {
        Some(room) => (Identity(public(&room.identity_seed.0)), mark(&public(&room.device_seed.0))),
        None => (scene.me.identity, mark(&scene.me.device.verifying_key().to_bytes())),
    }
}

/// The state of a conversation that one is not in yet.
pub(super) fn blank(scene: &Scene<'_>, draft: Draft<'_>, roster: &Roster) -> State {
    State {
        group: draft.group,
        hub: draft.hub.to_owned(),
        kind: draft.kind,
        phase: Phase::Joining,
        me: selves(scene, draft.room.as_ref()).0,
        mark: selves(scene, draft.room.as_ref()).1,
        room: draft.room,
        other: draft.other,
        salt: Fixed(draft.salt),
        rekey: Rekey::default(),
        roster: Part::new(roster.clone()),
        newest: Part::new(roster.clone()),
        rights: Rights::default(),
        seals: vec![Fixed(roster.seal)],
        locked: roster.locked,
        pass: draft.pass,
        seats: Part::new(Vec::new()),
        slot: 0,
        cursor: 0,
        turn: 0,
        end: 0,
        incarnation: 0,
        kept: Kept::default(),
        fetch: Post::default(),
        epochs: VecDeque::new(),
        wants: Vec::new(),
        next_want: 1,
        pending: None,
        incoming: None,
        proposals: Proposals { due: None, waiting: false },
        comings: Comings::default(),
        update_at: scene.now.saturating_add(UPDATE_EVERY),
        seq: 0,
        prev: Fixed([0; 16]),
        outbox: VecDeque::new(),
        controls: VecDeque::new(),
        flight: None,
        say: Post::default(),
        placed: VecDeque::new(),
        posted: VecDeque::new(),
        sealed: VecDeque::new(),
        chains: Parts::default(),
        fresh: Vec::new(),
        receipt: Receipt::default(),
        orphans: VecDeque::new(),
        backup_said: scene.now,
        expiry_next: None,
        list: ListSaid { mark: mark_of(&scene.me.devices), seq: 0 },
        heal: None,
        stays: 0,
        void_turn: None,
        lost: None,
        knocks: Post::default(),
        own: Own::default(),
        unread: 0,
        last: Last { at: scene.now, ..Last::default() },
    }
}

/// The state of a conversation of others, in which one may have been before.
pub(super) fn entering(scene: &Scene<'_>, draft: Draft<'_>, roster: &Roster) -> State {
    let mut state = blank(scene, draft, roster);
    state.go_on(scene);
    state
}

/// The beginning of the hash of a device list.
pub(super) fn mark_of(list: &[u8]) -> Fixed<8> {
    let [a, b, c, d, e, f, g, h, ..] = crate::content::chain(list);
    Fixed([a, b, c, d, e, f, g, h])
}

/// A fresh identity with one device, for a room.
pub(super) fn room_self(scene: &mut Scene<'_>, identity_seed: Option<[u8; 32]>) -> Result<RoomSelf, Fault> {
    let identity_seed = identity_seed.unwrap_or_else(|| scene.draw());
    let (identity, device_seed) = (SigningKey::from_bytes(&identity_seed), scene.draw());
    let device = SigningKey::from_bytes(&device_seed).verifying_key().to_bytes();
    let certificate = DeviceCertificate {
        identity: Fixed(identity.verifying_key().to_bytes()),
        device: Fixed(device),
        serial: 1,
        created: 0,
    };
    let signed = Signed::sign(certificate, &identity).map_err(|_| Fault::Store("no certificate".to_owned()))?;
    let certificate = Blob(signed.into_bytes());
    Ok(RoomSelf { identity_seed: Fixed(identity_seed), device_seed: Fixed(device_seed), certificate })
}

/// A key package whose certificate, key and access key were checked.
pub(super) struct CheckedPackage {
    pub(super) device: [u8; 32],
    pub(super) access: [u8; 32],
    pub(super) salt: [u8; 16],
}

/// Why a key package is not taken.
pub(super) enum PackageFault {
    /// It is not right.
    Wrong(&'static str),
    /// By the list, its certificate is none of this device any more.
    Removed([u8; 32]),
}

impl From<PackageFault> for Fault {
    fn from(fault: PackageFault) -> Self {
        Self::Distrust(match fault {
            PackageFault::Wrong(what) => what.to_owned(),
            PackageFault::Removed(_) => "a key package is of a device that was removed".to_owned(),
        })
    }
}

/// Checks a key package that somebody is to be added with (identity.md, Device list).
pub(super) fn check_package(
    who: &Identity,
    list: Option<&DeviceList>,
    package: &[u8],
) -> Result<CheckedPackage, PackageFault> {
    let wrong = |what: &'static str| PackageFault::Wrong(what);
    let found = tidings_mls::inspect_package(package).map_err(|_| wrong("a key package is broken"))?;
    let certificate = Signed::<DeviceCertificate>::verify_by(&found.credential, &Fixed(who.0))
        .map_err(|_| wrong("a key package is of another person"))?;
    if certificate.device.0 != found.key {
        return Err(wrong("a key package is of another device"));
    }
    if list.is_some_and(|list| list.standing(&certificate) == tidings_wire::device_list::Standing::Removed) {
        return Err(PackageFault::Removed(found.key));
    }
    let (salt, key) = found.access.split_first_chunk::<16>().ok_or_else(|| wrong("a key package has no access key"))?;
    let access = key.try_into().map_err(|_| wrong("a key package has no access key"))?;
    Ok(CheckedPackage { device: found.key, access, salt: *salt })
}

impl Conversation {
    /// Makes the conversation with the one who made an invitation, with the key packages of the offer. Gives the welcome for
    /// the answer. Fails with [`Fault::Distrust`] if a package is not right.
    pub fn create_pair(
        scene: &mut Scene<'_>,
        hub: &str,
        other: &Identity,
        packages: &[Vec<u8>],
    ) -> Result<(Self, Vec<u8>), Fault> {
        let mut checked = Vec::new();
        for package in packages {
            checked.push(check_package(other, scene.people.devices(other), package)?);
        }
        let first = checked.first().ok_or_else(|| Fault::Distrust("no key package is in the offer".to_owned()))?;
        let draft = new_draft(scene, hub, ConversationKind::Pair, Some(*other));
        let member = RosterMember { id: *other, access: first.access, salt: first.salt, role: 0, since: 0 };
        let mut made = Self::make(scene, draft, "", Some(member), packages)?;
        let welcome = made.1.take().ok_or_else(|| Fault::Store("no welcome was made".to_owned()))?;
        Ok((made.0, welcome))
    }

    /// Makes a group or a room with oneself as its owner. A room gets a fresh identity.
    pub fn create(
        scene: &mut Scene<'_>,
        hub: &str,
        kind: ConversationKind,
        name: &str,
        passphrase: Option<&Secret>,
    ) -> Result<Self, Fault> {
        let mut draft = new_draft(scene, hub, kind, None);
        if let Some(passphrase) = passphrase {
            draft.pass = Some(derive(passphrase, &draft.group)?);
        }
        if kind == ConversationKind::Room {
            draft.room = Some(room_self(scene, None)?);
        }
        Ok(Self::make(scene, draft, name, None, &[])?.0)
    }

    fn make(
        scene: &mut Scene<'_>,
        draft: Draft<'_>,
        name: &str,
        other: Option<RosterMember>,
        packages: &[Vec<u8>],
    ) -> Result<(Self, Option<Vec<u8>>), Fault> {
        let mut roster = Roster {
            v: 1,
            kind: draft.kind,
            name: name.to_owned(),
            picture: None,
            hub: draft.hub.to_owned(),
            seal: scene.draw(),
            locked: draft.pass.is_some(),
            expire: None,
            members: Vec::new(),
            signed: Vec::new(),
            gone: Vec::new(),
        };
        let mut state = blank(scene, draft, &roster);
        let access = own_access_key(scene.me, &state).verifying_key().to_bytes();
        roster.members.push(RosterMember { id: state.me, access, salt: state.salt.0, role: 0, since: 0 });
        roster.members.extend(other);
        state.phase = Phase::Creating;
        let mut made = Self::from_state(state);
        let nothing = Roster { members: Vec::new(), ..roster.clone() };
        made.sign_roster(scene.me, &nothing, &mut roster).map_err(|why| Fault::Store(why.to_owned()))?;
        (*made.state.roster, *made.state.newest) = (roster.clone(), roster);
        let welcome = made.make_group(scene, packages)?;
        let own_others = scene.people.devices(&made.state.me).is_some_and(|list| list.devices.len() > 1);
        if own_others && made.state.room.is_none() {
            let who = made.state.me;
            made.want(scene, Goal::Devices { who, again: false });
        }
        made.changed = true;
        scene.steps.push(Step::Profile);
        scene.steps.push(Step::Show(Event::Changed));
        made.settle(scene);
        Ok((made, welcome))
    }

    /// Makes the MLS group with its first members, and the request for the hub.
    fn make_group(&mut self, scene: &mut Scene<'_>, packages: &[Vec<u8>]) -> Result<Option<Vec<u8>>, Fault> {
        let signer: Signer = self.signer(scene.me);
        let roster = encoded(&self.state.roster)?;
        let mut group =
            Group::create(&self.owner(), &signer, roster, scene.random).map_err(|error| mls_fault(&error))?;
        let mut welcome = None;
        let info = if packages.is_empty() {
            group.info(&signer).map_err(|error| mls_fault(&error))?
        } else {
            let plan = Plan { add: packages.to_vec(), ..Plan::default() };
            let committed = group.commit(&signer, &plan, scene.random).map_err(|error| mls_fault(&error))?;
            group.merge_pending().map_err(|error| mls_fault(&error))?;
            welcome = committed.welcome;
            committed.info
        };
        let (epoch, tag) = (group.epoch(), group.tag());
        self.group = Some(group);
        self.state().epochs.push_back(Epoch { number: epoch, tag: Fixed(tag), shared: true });
        self.note_seats(scene)?;
        let key = self.entry_key().ok_or(Fault::Passphrase)?;
        let info = Info { turn: 0, epoch, tag, info };
        let request = NewGroup {
            group: Fixed(self.owner()),
            members: self.hub_members(),
            info: Blob(key.seal_info(&self.state.group, &info, scene.random)),
            turn: 0,
            end: 0,
        };
        scene.batch.put(self.record(Table::Conversation, CREATE), cbor::encode(&request));
        Ok(welcome)
    }

    pub(super) fn hub_members(&self) -> Vec<Member> {
        let mut members = self.state.roster.access_list();
        if let (ConversationKind::Room, Some(seal)) = (self.state.kind, self.state.seals.first()) {
            let key = Fixed(room_key(&self.state.group, seal).verifying_key().to_bytes());
            members.push(Member { key, role: Role::Member });
        }
        members
    }

    /// Asks the hub to make the group, as long as it has not answered.
    pub(super) fn ask_create(&mut self, scene: &mut Scene<'_>) -> Result<(), Fault> {
        if self.state.phase != Phase::Creating || self.state.fetch.at > scene.now {
            return Ok(());
        }
        let Some(kept) = scene.get(&self.record(Table::Conversation, CREATE))? else { return Ok(()) };
        let request =
            cbor::decode(&kept, CREATE_BYTES_MAX).map_err(|_| Fault::Store("a request is damaged".to_owned()))?;
        self.ask(scene, HubRequest::Create(request));
        self.state().fetch.tried(scene.now, CREATE_AGAIN);
        Ok(())
    }

    /// The hub has answered to [`HubRequest::Create`]. `Err(None)`: not now; `Err(Some)`: it refuses, and says why.
    pub fn created(&mut self, scene: &mut Scene<'_>, outcome: Result<(), Option<String>>) {
        if self.state.phase == Phase::Creating {
            match outcome {
                Ok(()) => {
                    scene.batch.remove(self.record(Table::Conversation, CREATE));
                    let state = self.state();
                    state.phase = Phase::Member;
                    state.fetch = Post::default();
                    scene.steps.push(Step::Follow(true));
                    self.show(scene);
                }
                Err(None) => {}
                Err(Some(reason)) => {
                    self.state().phase = Phase::Out;
                    scene
                        .steps
                        .push(Step::Show(Event::Warning(format!("the node refused the conversation: {reason}"))));
                    self.show(scene);
                }
            }
        }
        self.settle(scene);
    }
}

fn new_draft<'a>(scene: &mut Scene<'_>, hub: &'a str, kind: ConversationKind, other: Option<Identity>) -> Draft<'a> {
    Draft { group: GroupId(scene.draw()), hub, kind, salt: scene.draw(), pass: None, room: None, other }
}

/// The key that a passphrase gives.
pub(super) fn derive(passphrase: &Secret, group: &GroupId) -> Result<PassphraseKey, Fault> {
    PassphraseKey::derive(&passphrase.0, group).map_err(|error| Fault::Store(error.to_string()))
}

/// The bytes of a roster, for the group.
pub(super) fn encoded(roster: &Roster) -> Result<Vec<u8>, Fault> {
    roster.encode().map_err(|error| Fault::TooLarge(error.to_string()))
}
