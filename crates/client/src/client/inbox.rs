//! The inbox: parcels of contacts and answers to one's exchanges, in order, each once.

use super::Client;
use super::layout::Damage;
use super::purpose::Purpose;
use super::requests::{Ask, Reply, back_off};
use super::turn::Turn;
use crate::command::Fault;
use crate::conversation::step::ParcelBody;
use crate::io::Time;
use crate::parcel::{self, Parcel};
use crate::records::{Direction, RecordKey, Records, Table};
use crate::view::{GroupId, Identity};
use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;
use std::collections::BTreeMap;
use tidings_wire::api;
use tidings_wire::signed::Signed;

/// Parcels kept that can't be understood yet.
const HELD_MAX: usize = 64;
/// Most bytes of one.
const HELD_BYTES_MAX: usize = 2 * 1024 * 1024;
/// How long they are kept, in milliseconds: until another device has told of the contact or the invitation.
const HELD_LASTS: Time = 24 * 3600 * 1000;

/// Milliseconds between two knocks of one person at one conversation that count, and how far ahead of one's own a clock may be.
const KNOCK_EVERY: Time = 50_000;
const KNOCK_AHEAD: Time = 24 * 3600 * 1000;
/// How long somebody's word that one is in a conversation counts, in milliseconds by their clock: a node could bring it again when one has left
/// long since, and the profile has forgotten that.
const WORD_LASTS: Time = 60 * 24 * 3600 * 1000;
/// Most people in a conversation who can have knocked at it.
const KNOCKS_MAX: usize = api::MEMBERS_MAX;

/// A parcel whose sender or invitation is not known here yet.
#[derive(Clone, Serialize, Deserialize)]
struct Held {
    answer: bool,
    body: ByteBuf,
    until: Time,
}

/// How far the inbox was read.
pub(crate) struct InboxState {
    held: BTreeMap<u64, Held>,
    /// The node's end when it began to be followed.
    end: Option<u64>,
    /// How often the node has refused to let it be followed, one after the other.
    refused: u32,
    /// When that is tried again.
    follow_at: Option<Time>,
}

/// Why a parcel did nothing.
enum Unused {
    /// Something that it needs may come from another device.
    NotYet,
    /// It never will.
    Never,
}

fn place(number: u64) -> RecordKey {
    RecordKey::new(Table::Own, b"held", number.to_be_bytes())
}

fn knock_place(group: &GroupId, from: &Identity) -> RecordKey {
    RecordKey::new(Table::Own, b"knock", [group.0.as_slice(), &from.0].concat())
}

/// When people knocked at a conversation that is forgotten means nothing any more.
pub(super) fn forget_knocks(turn: &mut Turn<'_>, group: &GroupId) {
    let known = turn.records.scan(Table::Own, b"knock", Some(&group.0), Direction::Up, KNOCKS_MAX);
    let of_group = |order: &Vec<u8>| order.starts_with(&group.0);
    for (order, _) in known.unwrap_or_default().into_iter().take_while(|(order, _)| of_group(order)) {
        turn.remove(RecordKey::new(Table::Own, b"knock", order));
    }
}

impl InboxState {
    /// Reads what was kept.
    pub(super) fn open(records: &dyn Records, damage: &mut Damage) -> Result<Self, Fault> {
        let mut held = BTreeMap::new();
        for (order, value) in records.scan(Table::Own, b"held", None, Direction::Up, HELD_MAX)? {
            let Ok(number) = order.try_into().map(u64::from_be_bytes) else { continue };
            held.extend(damage.read(&value, HELD_BYTES_MAX).map(|found| (number, found)));
        }
        Ok(Self { held, end: None, refused: 0, follow_at: None })
    }

    /// A live connection is gone.
    pub(super) fn lost_connection(&mut self, home: bool) {
        if home {
            (self.end, self.follow_at) = (None, None);
        }
    }

    /// Whether everything that waited when it was followed was read.
    pub(super) fn caught_up(&self, read: u64) -> bool {
        self.end.is_some_and(|end| read >= end)
    }

    /// Whether the node has not let this device follow it, more than once.
    pub(super) fn is_refused(&self) -> bool {
        self.refused > 1
    }

    pub(super) fn next_due(&self) -> Option<Time> {
        self.held.values().map(|held| held.until).chain(self.follow_at).min()
    }
}

impl Client {
    /// The node follows the inbox for this device. If it gave fewer numbers than were read, it was restored: all is read again.
    pub(super) fn inbox_followed(&mut self, turn: &mut Turn<'_>, end: u64) {
        self.inbox.end = Some(end);
        if std::mem::take(&mut self.inbox.refused) > 0 {
            // It did not know this device for a while: what this device asked and wanted to give it meanwhile was refused, too.
            self.node_restored(turn);
        }
        // Of what has changed between the answer to the hello and now, nothing is told.
        self.ask_account();
        let behind = self.own.as_ref().is_some_and(|own| own.inbox > end);
        if let Some(own) = self.own_mut().filter(|_| behind) {
            own.inbox = 0;
            own.taken = 0;
            self.follow_inbox();
        }
        self.ask_inbox_end(end);
    }

    /// The node does not know this device: the list of devices, which is asked for now, says whether it was removed. If not, one of
    /// one's devices gives the node the list that it has lost, and it is tried again.
    pub(super) fn inbox_refused(&mut self, turn: &mut Turn<'_>) {
        self.inbox.end = None;
        self.inbox.refused = self.inbox.refused.saturating_add(1);
        self.inbox.follow_at = Some(turn.now.saturating_add(back_off(self.inbox.refused, turn.random)));
        self.ask_account();
    }

    /// Asks whether there is anything at all up to the end: what all other devices had is deleted.
    fn ask_inbox_end(&mut self, end: u64) {
        let asked = self.requests.purposes().any(|purpose| matches!(purpose, Purpose::InboxEnd(_)));
        if let Some(own) = self.own.as_ref().filter(|own| own.inbox < end && !asked) {
            let after = own.inbox;
            let target = format!("/v1/inbox?after={after}&limit=1");
            let ask = Ask::new(&own.node, "GET", target, Purpose::InboxEnd(after)).signed(&own.device_key());
            self.requests.ask(ask);
        }
    }

    pub(super) fn inbox_end(&mut self, turn: &mut Turn<'_>, after: u64, reply: Reply) {
        let Ok(found) = reply.read::<api::Inbox>() else { return };
        let read = self.own.as_ref().map_or(0, |own| own.inbox);
        if read >= after {
            let empty = found.parcels.is_empty();
            self.parcels(turn, found.parcels);
            if let Some(own) = self.own_mut().filter(|own| own.inbox == after && empty) {
                own.inbox = found.end;
            }
        }
        // Behind the last one there may be numbers of which nothing is left.
        if let (Some(end), true) = (self.inbox.end, self.own.as_ref().is_some_and(|own| own.inbox != after)) {
            self.ask_inbox_end(end);
        }
    }

    /// Parcels came, in order. What was read before is passed over.
    pub(super) fn parcels(&mut self, turn: &mut Turn<'_>, parcels: Vec<api::Parcel>) {
        for parcel in parcels {
            let Some(own) = self.own_mut() else { return };
            if parcel.number <= own.inbox {
                continue;
            }
            own.inbox = parcel.number;
            let number = own.inbox;
            if parcel.body.0.len() > api::PARCEL_BYTES_MAX + 16 || !own.first_sight(parcel.id) {
                continue;
            }
            let answer = parcel.label == "answer";
            if let Err(Unused::NotYet) = self.unpack(turn, answer, &parcel.body.0) {
                self.hold(turn, number, answer, parcel.body.0);
            }
        }
        if let Some(own) = &self.own {
            self.live.read_inbox(&own.node, own.inbox);
        }
    }

    fn hold(&mut self, turn: &mut Turn<'_>, number: u64, answer: bool, body: Vec<u8>) {
        // Alone, nobody else could tell of what is missing.
        if self.inbox.held.len() >= HELD_MAX || !self.own.as_ref().is_some_and(super::state::Own::has_others) {
            return;
        }
        let held = Held { answer, body: ByteBuf::from(body), until: turn.now.saturating_add(HELD_LASTS) };
        turn.put(place(number), &held);
        self.inbox.held.insert(number, held);
        self.ask_account();
    }

    /// The profile has changed: what was held may be understood now.
    pub(super) fn hold_no_longer(&mut self, turn: &mut Turn<'_>) {
        let held: Vec<_> = self.inbox.held.iter().map(|(number, held)| (*number, held.clone())).collect();
        for (number, held) in held {
            let again = self.unpack(turn, held.answer, &held.body);
            if !matches!(again, Err(Unused::NotYet)) {
                self.inbox.held.remove(&number);
                turn.remove(place(number));
            }
        }
    }

    pub(super) fn tick_inbox(&mut self, turn: &mut Turn<'_>) {
        if self.inbox.follow_at.is_some_and(|at| at <= turn.now) {
            self.inbox.follow_at = None;
            if self.is_ready() {
                self.follow_inbox();
            }
        }
        let old: Vec<_> =
            self.inbox.held.iter().filter(|(_, held)| held.until <= turn.now).map(|(number, _)| *number).collect();
        for number in old {
            self.inbox.held.remove(&number);
            turn.remove(place(number));
        }
    }

    fn unpack(&mut self, turn: &mut Turn<'_>, answer: bool, body: &[u8]) -> Result<(), Unused> {
        if answer {
            let (id, sealed) = body.split_first_chunk::<16>().ok_or(Unused::Never)?;
            return if self.exchange_answered(turn, *id, sealed) { Ok(()) } else { Err(Unused::NotYet) };
        }
        let own = self.own.as_ref().ok_or(Unused::Never)?;
        let opened = parcel::open(own.secrets.inbox_secret(), &own.identity(), body).map_err(|_| Unused::Never)?;
        self.take_parcel(turn, opened)
    }

    fn take_parcel(&mut self, turn: &mut Turn<'_>, parcel: Signed<Parcel>) -> Result<(), Unused> {
        let (from, at) = (parcel.from, parcel.at);
        let own = self.own.as_ref().is_some_and(|own| own.identity() == from);
        if !own && self.book.contact(&from).is_none() {
            return Err(Unused::NotYet);
        }
        if self.book.contact(&from).is_some_and(|(_, contact)| contact.blocked) {
            return Ok(());
        }
        match parcel.into_body().body {
            Some(welcome @ ParcelBody::Welcome { .. }) => {
                let done = self.welcomed(turn, &from, &welcome);
                self.warn_of_refused(turn, &from, done.map(|_| ()));
            }
            Some(ParcelBody::Member { group, roster, devices }) if at.saturating_add(WORD_LASTS) > turn.now => {
                let done = self.told_of(turn, &from, GroupId(group), &roster, &devices);
                self.warn_of_refused(turn, &from, done);
            }
            Some(ParcelBody::Card(card)) => self.heard_card(turn, &from, &card),
            Some(ParcelBody::Devices(list)) => self.told_devices(turn, &from, &list),
            Some(ParcelBody::Knock(group)) if self.knock_counts(turn, &GroupId(group), &from, at) => {
                self.with(turn, &GroupId(group), |conversation, scene| conversation.knocked(scene, &from));
            }
            Some(ParcelBody::Salt { group, salt }) => {
                self.with(turn, &GroupId(group), |conversation, scene| conversation.told_salt(scene, &from, salt));
            }
            Some(ParcelBody::Left { group, since }) => {
                let (group, answer) = (GroupId(group), self.knock_counts(turn, &GroupId(group), &from, at));
                self.with(turn, &group, |conversation, scene| conversation.told_left(scene, &from, since, answer));
            }
            // Told before, or of a newer kind.
            Some(ParcelBody::Knock(_) | ParcelBody::Member { .. }) | None => {}
        }
        Ok(())
    }

    /// Whether a knock, or what asks for the same answer, is later than the last one of this person at this conversation, by their own clock: each
    /// makes a commit, and a node could bring an old one again and again.
    pub(super) fn knock_counts(&self, turn: &mut Turn<'_>, group: &GroupId, from: &Identity, at: Time) -> bool {
        if !self.conversations.get(group).is_some_and(|conversation| conversation.has_member(from)) {
            return false;
        }
        let place = knock_place(group, from);
        let last = turn.batch.get(turn.records, &place).ok().flatten();
        let last = last.and_then(|value| value.try_into().ok()).map_or(0, u64::from_be_bytes);
        let counts = at >= last.saturating_add(KNOCK_EVERY) && at <= turn.now.saturating_add(KNOCK_AHEAD);
        if counts {
            turn.batch.put(place, at.to_be_bytes().to_vec());
        }
        counts
    }

    /// What can't be joined is not for this device, or can't be right: a member sees the leaf stay away, and adds it again after a knock.
    fn warn_of_refused(&mut self, turn: &mut Turn<'_>, from: &Identity, done: Result<(), Fault>) {
        if let Err(Fault::Distrust(why)) = done {
            let name = self.book.own_name(from);
            self.warn_of_others(turn, &format!("a conversation of which {name} told was refused: {why}"));
        }
    }
}
