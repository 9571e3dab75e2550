//! Coming into a conversation: by a welcome, by a room's link, or as a further device of somebody who is in it.

use super::Conversation;
use super::create::{Draft, derive, entering, room_self};
use super::profile::Entry as ProfileEntry;
use super::scene::Scene;
use super::slot::mls_fault;
use super::state::{Epoch, Heal, Incoming, Phase, Post};
use super::step::{ParcelBody, Step};
use crate::command::{Fault, Reason, Secret};
use crate::invitation::RoomLink;
use crate::records::{RecordKey, Table};
use crate::roster::{OWNER, Roster};
use crate::view::{ConversationKind, Event, GroupId, Identity};
use tidings_mls::Group;
use tidings_wire::bytes::Fixed;
use tidings_wire::device_list::DeviceList;
use tidings_wire::signed::Signed;

/// Owner of the records of own key packages in [`Table::Mls`], by reference.
pub const PACKAGES: &[u8] = b"packages";
/// Owner of those that may be used again: the last resort.
pub const LAST_RESORT: &[u8] = b"last resort";

/// A welcome, taken apart.
struct Welcome<'a> {
    bytes: &'a [u8],
    group: GroupId,
    hub: &'a str,
    turn: u64,
    number: u64,
    devices: &'a [Vec<u8>],
}

fn welcome(body: &ParcelBody) -> Result<Welcome<'_>, Fault> {
    match body {
        ParcelBody::Welcome { welcome, group, hub, turn, number, devices } => {
            let (turn, number) = (*turn, *number);
            Ok(Welcome { bytes: welcome, group: GroupId(*group), hub, turn, number, devices })
        }
        _ => Err(Fault::Distrust("this is no welcome".to_owned())),
    }
}

/// Joins the MLS group with one of the key packages that are kept; it is used up, unless it is the last resort.
fn open_welcome(scene: &mut Scene<'_>, bytes: &[u8]) -> Result<Group, Fault> {
    let references = tidings_mls::welcome_for(bytes).map_err(|_| Fault::Distrust("a welcome is broken".to_owned()))?;
    for reference in references {
        for owner in [PACKAGES, LAST_RESORT] {
            let key = RecordKey::new(Table::Mls, owner, reference.clone());
            let Some(record) = scene.get(&key)? else { continue };
            let group = Group::join(bytes, &reference, &record).map_err(|error| mls_fault(&error))?;
            if owner == PACKAGES {
                scene.batch.remove(key);
            }
            return Ok(group);
        }
    }
    Err(Fault::Unknown("the key package of this welcome".to_owned()))
}

impl Conversation {
    /// Joins a conversation that this device does not know yet. Fails with [`Fault::Unknown`] if the welcome is not for this
    /// device, and with [`Fault::Distrust`] if something in it can't be right.
    pub fn join(scene: &mut Scene<'_>, from: &Identity, body: &ParcelBody) -> Result<Self, Fault> {
        let welcome = welcome(body)?;
        let group = open_welcome(scene, welcome.bytes)?;
        let roster = super::heal::roster_of(&group)?;
        let member = roster.member(&scene.me.identity);
        let salt = member.ok_or_else(|| Fault::Distrust("you are not in this group's roster".to_owned()))?.salt;
        let other = (roster.kind == ConversationKind::Pair)
            .then(|| roster.members.iter().map(|member| member.id).find(|id| *id != scene.me.identity))
            .flatten();
        let draft =
            Draft { group: welcome.group, hub: welcome.hub, kind: roster.kind, salt, pass: None, room: None, other };
        let mut joined = Self::from_state(entering(scene, draft, &roster));
        joined.check_welcome(scene, from, &group, &roster)?;
        let epoch = Epoch { number: group.epoch(), tag: Fixed(group.tag()), shared: true };
        joined.group = Some(group);
        let state = joined.state();
        state.epochs.push_back(epoch);
        (state.cursor, state.end, state.turn) = (welcome.number, welcome.number, welcome.turn);
        state.phase = Phase::Member;
        joined.note_seats(scene)?;
        joined.note_latest(scene);
        joined.note_absent(scene, false, &roster);
        joined.hear_lists(scene, &roster, welcome.devices);
        scene.steps.push(Step::Follow(true));
        scene.steps.push(Step::Profile);
        scene.steps.push(Step::Show(Event::Changed));
        joined.settle(scene);
        Ok(joined)
    }

    /// What a welcome says of the devices of members: each list counts if it is signed by its person.
    pub(super) fn hear_lists(&self, scene: &mut Scene<'_>, roster: &Roster, lists: &[Vec<u8>]) {
        for bytes in lists {
            let Ok(list) = Signed::<DeviceList>::verify(bytes) else { continue };
            let who = Identity(list.identity.0);
            if roster.member(&who).is_some() {
                scene.steps.push(Step::DeviceList(who, bytes.clone()));
            }
        }
    }

    fn check_welcome(
        &mut self,
        scene: &Scene<'_>,
        from: &Identity,
        group: &Group,
        roster: &Roster,
    ) -> Result<(), Fault> {
        let distrust = |what: &str| Err(Fault::Distrust(what.to_owned()));
        if roster.proven(&self.owner()).is_err() {
            return distrust("the list of members is not signed as it must be");
        }
        if group.id() != self.owner() || roster.hub != self.state.hub || roster.kind == ConversationKind::Room {
            return distrust("a welcome to another group");
        }
        let leaves = group.leaves().map_err(|error| mls_fault(&error))?;
        let seats: Option<Vec<_>> = leaves.iter().map(|leaf| self.seat(leaf)).collect();
        let Some(seats) = seats else { return distrust("a device in the group has no good certificate") };
        if !seats.iter().all(|seat| roster.member(&seat.identity).is_some()) {
            return distrust("a device in the group belongs to no member");
        }
        let inviter = group.inviter().and_then(|leaf| seats.iter().find(|seat| seat.leaf == leaf));
        if inviter.is_none_or(|seat| seat.identity != *from) {
            return distrust("a welcome by somebody else than its sender");
        }
        let of_pair = |who: &Identity| *who == scene.me.identity || who == from || Some(*who) == self.state.other;
        let pair_fits = roster.members.len() <= 2 && roster.members.iter().all(|member| of_pair(&member.id));
        if roster.kind == ConversationKind::Pair && !pair_fits {
            return distrust("a third person is in a conversation of two");
        }
        Ok(())
    }

    /// A welcome to a conversation that is known here already: after a knock, or because one was removed and added again.
    pub fn welcomed(&mut self, scene: &mut Scene<'_>, from: &Identity, body: &ParcelBody) -> Result<(), Fault> {
        let welcome = welcome(body)?;
        let known = self.state.knocks.tries == 0;
        let healthy = known && self.state.in_group() && !self.state.heal.is_some_and(|heal| heal.out);
        if welcome.group != self.state.group || (healthy && welcome.number <= self.state.cursor) {
            return Ok(());
        }
        // Anybody can make another group with the same id: only a member puts somebody back in the place of an old leaf.
        if self.state.phase != Phase::Out && self.state.newest.member(from).is_none() {
            return Err(Fault::Distrust("a welcome by somebody who is not in the conversation".to_owned()));
        }
        let group = open_welcome(scene, welcome.bytes)?;
        let roster = super::heal::roster_of(&group)?;
        if roster.kind != self.state.kind {
            return Err(Fault::Distrust("a welcome to another kind of conversation".to_owned()));
        }
        if roster.member(&self.state.me).is_none() {
            return Err(Fault::Distrust("you are not in this group's roster".to_owned()));
        }
        self.check_welcome(scene, from, &group, &roster)?;
        let by_owner = self.state.newest.role(from) == Some(OWNER);
        if self.state.phase != Phase::Out && !by_owner {
            self.believes(&roster).map_err(|unproven| Fault::Distrust(unproven.to_string()))?;
        }
        self.hear_lists(scene, &roster, welcome.devices);
        self.drop_next(scene)?;
        self.next = Some(group);
        let (number, turn) = (welcome.number, welcome.turn);
        self.state().incoming = Some(Incoming::Welcome { number, turn, by_owner });
        if !healthy || number <= self.state.cursor {
            self.take_welcome(scene)?;
        } else {
            self.state().end = self.state.end.max(number);
        }
        self.settle(scene);
        Ok(())
    }

    /// The place in the stream is reached from which a welcome leads on.
    pub(super) fn take_welcome(&mut self, scene: &mut Scene<'_>) -> Result<(), Fault> {
        let Some(Incoming::Welcome { number, turn, by_owner }) = self.state.incoming.clone() else { return Ok(()) };
        let next = self.next(scene)?;
        let (epoch, tag, roster) = (next.epoch(), Fixed(next.tag()), super::heal::roster_of(next)?);
        if self.state.in_group() && self.state.tag_of(epoch) == Some(tag) {
            self.state().incoming = None;
            return self.drop_next(scene);
        }
        if by_owner && self.believes(&roster).is_err() {
            self.begin_with(roster);
        }
        let pending = self.state().pending.take();
        if pending.is_some() {
            self.forget_commit(scene);
        }
        self.switch(scene)?;
        let state = self.state();
        (state.cursor, state.turn) = (number, turn);
        state.end = state.end.max(number);
        (state.own.left, state.own.out_elsewhere) = (false, false);
        state.knocks = Post::default();
        let now = scene.now;
        self.joined_anew(scene, now)
    }

    /// Comes into a room by its link, with a fresh identity. Fails with [`Fault::Passphrase`] if one is needed.
    pub fn join_room(scene: &mut Scene<'_>, link: &RoomLink, passphrase: Option<&Secret>) -> Result<Self, Fault> {
        let pass = passphrase.map(|passphrase| derive(passphrase, &link.group)).transpose()?;
        let roster = Roster {
            v: 0,
            kind: ConversationKind::Room,
            name: String::new(),
            picture: None,
            hub: link.hub.clone(),
            seal: link.seal,
            locked: pass.is_some(),
            expire: None,
            members: Vec::new(),
            signed: Vec::new(),
            gone: Vec::new(),
        };
        let room = Some(room_self(scene, None)?);
        let kind = ConversationKind::Room;
        let draft = Draft { group: link.group, hub: &link.hub, kind, salt: [0; 16], pass, room, other: None };
        let mut joined = Self::from_state(entering(scene, draft, &roster));
        joined.begin_coming(scene);
        Ok(joined)
    }

    /// A conversation that another device of the same person is in, from the profile: comes in by an external commit.
    pub fn rejoin(scene: &mut Scene<'_>, group: GroupId, entry: &[u8]) -> Result<Self, Fault> {
        let entry =
            ProfileEntry::read(entry).ok_or_else(|| Fault::Distrust("a profile's record is broken".to_owned()))?;
        let roster = entry.roster;
        let room = match &entry.room {
            Some(seed) => Some(room_self(scene, Some(seed.0))?),
            None => None,
        };
        let (pass, other) = (entry.pass, entry.other);
        let draft = Draft { group, hub: &entry.hub, kind: entry.kind, salt: entry.salt.0, pass, room, other };
        let number = super::remains::clear(scene, &group)?;
        let mut back = Self::from_state(entering(scene, draft, &roster));
        back.take_up(scene, number)?;
        back.learn_older(&entry.older);
        let state = back.state();
        state.seals = vec![entry.seal];
        (state.own.muted, state.own.archived) = (entry.muted, entry.archived);
        if entry.left {
            state.phase = Phase::Out;
            (state.own.left, state.own.out_elsewhere) = (entry.wished, true);
            // The device that left may have been lost before the others heard of it.
            state.own.farewell = super::farewell::first(scene.now);
            back.settle(scene);
        } else if state.locked && state.pass.is_none() {
            state.phase = Phase::Locked;
            back.settle(scene);
        } else {
            back.begin_coming(scene);
        }
        Ok(back)
    }

    pub(super) fn begin_coming(&mut self, scene: &mut Scene<'_>) {
        let now = scene.now;
        let state = self.state();
        state.phase = Phase::Joining;
        state.heal = Some(Heal::begun(now, true));
        scene.steps.push(Step::Show(Event::Changed));
        self.settle(scene);
    }

    /// Opens a locked room on this device. Whether the passphrase fits shows when the hub's group info is read: if not, the room is locked
    /// again. Fails with [`Fault::Refused`] if it is open.
    pub fn unlock(&mut self, scene: &mut Scene<'_>, passphrase: &Secret) -> Result<(), Fault> {
        if !matches!(self.state.phase, Phase::Locked | Phase::Joining) {
            return Err(Fault::Cannot(Reason::RoomOpen));
        }
        let pass = derive(passphrase, &self.state.group)?;
        let state = self.state();
        state.pass = Some(pass);
        state.locked = true;
        self.begin_coming(scene);
        Ok(())
    }

    /// The link with which others come into this room.
    pub fn room_link(&self) -> Result<RoomLink, Fault> {
        match (self.state.kind, self.state.seals.first()) {
            (ConversationKind::Room, Some(seal)) => {
                Ok(RoomLink { hub: self.state.hub.clone(), group: self.state.group, seal: seal.0 })
            }
            _ => Err(Fault::Cannot(Reason::NoLink)),
        }
    }
}
