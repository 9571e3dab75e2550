//! What is kept of a conversation.

use super::chain::Chain;
use super::commit::Comings;
use super::part::{Part, Parts, no_roster, no_seats};
use crate::entry::PassphraseKey;
use crate::io::Time;
use crate::roster::Roster;
use crate::view::{ConversationKind, GroupId, Identity, MessageId};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use tidings_wire::api::EntryKind;
use tidings_wire::bytes::{Blob, Fixed};

/// The first 8 bytes of the SHA-256 of a device's key.
pub(super) type Mark = Fixed<8>;

/// Epochs whose tags are remembered.
pub(super) const EPOCHS_MAX: usize = 64;
/// Older seals that are still tried, beside the newest.
pub(super) const SEALS_MAX: usize = 4;
/// Messages that wait to be sent.
pub(super) const OUTBOX_MAX: usize = 10_000;
/// Answers and questions without memory that wait to be sent.
pub(super) const CONTROLS_MAX: usize = 32;
/// Reactions, edits and deletions that wait for the message that they mean.
pub(super) const ORPHANS_MAX: usize = 64;
/// Entries that were placed and have not come along yet.
pub(super) const PLACED_MAX: usize = 256;
/// Entries of one's own that are remembered as such.
pub(super) const POSTED_MAX: usize = 64;
/// Most bytes of all that waits for messages that are not here.
pub(super) const ORPHANS_BYTES_MAX: usize = 256 * 1024;
/// People whose rights were taken from them that are remembered.
pub(super) const TAKEN_MAX: usize = 256;
/// Devices whose chains are followed: those of 1,000 members, and some that are gone.
pub(super) const CHAINS_MAX: usize = 4_096;

/// How far one has come into the group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Phase {
    /// The hub has not yet said that it made the group.
    Creating,
    /// Not in it yet, or fallen out: an external commit is to come.
    Joining,
    /// In it.
    Member,
    /// A passphrase is needed first.
    Locked,
    /// Removed, or gone by oneself.
    Out,
}

/// A fresh identity for an anonymous room.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct RoomSelf {
    pub(super) identity_seed: Fixed<32>,
    pub(super) device_seed: Fixed<32>,
    pub(super) certificate: Blob,
}

/// A leaf of the group, its certificate verified.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Seat {
    pub(super) leaf: u32,
    pub(super) mark: Mark,
    pub(super) identity: Identity,
    pub(super) serial: u64,
    pub(super) key: Fixed<32>,
}

/// An epoch that this device was in.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Epoch {
    pub(super) number: u64,
    pub(super) tag: Fixed<8>,
    /// Whether somebody else was seen to be in it, too.
    pub(super) shared: bool,
}

/// What the person wants of the group, until it is so.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Goal {
    Add(Identity),
    /// Devices of somebody who is a member; `again`: also those that are in it.
    Devices {
        who: Identity,
        again: bool,
    },
    Remove(Identity),
    Role(Identity, u8),
    Name(String),
    Picture(Option<Blob>),
    Expire(u32),
    NewSeal,
    Leave,
}

/// A goal on its way.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Want {
    /// Tells it from others.
    pub(super) number: u32,
    pub(super) goal: Goal,
    /// Key packages that were taken for it.
    pub(super) packages: Option<Vec<Blob>>,
    /// When to ask for key packages (again).
    pub(super) ask_at: Time,
    pub(super) tries: u32,
    /// When it was first wanted.
    pub(super) since: Time,
    /// The number of what this device had last written by then.
    #[serde(default)]
    pub(super) after: u64,
}

/// One's own commit or external commit on its way through the hub.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Pending {
    pub(super) id: Fixed<16>,
    pub(super) turn: u64,
    /// The wants that it fulfils.
    pub(super) wants: Vec<u32>,
    /// Who gets the welcome.
    pub(super) welcome: Vec<Identity>,
    /// The salt of one's own new access key, if it brings one.
    #[serde(default)]
    pub(super) salt: Option<Fixed<16>>,
    /// Whether the hub has answered that another was first; the stream will show it.
    pub(super) lost: bool,
    /// Whether the hub has answered that it stands there.
    pub(super) placed: bool,
    pub(super) post: Post,
}

/// When to post something (again).
#[derive(Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Post {
    /// Not before this time.
    pub(super) at: Time,
    pub(super) tries: u32,
}

/// A group that takes the place of the present one when its entry comes along.
#[derive(Clone, Serialize, Deserialize)]
pub(super) enum Incoming {
    /// Made by an external commit of one's own.
    External(Pending),
    /// From a welcome; from the entry with this number on, which took this turn.
    Welcome {
        number: u64,
        turn: u64,
        /// It is by an owner of the newest roster that was known when it came.
        #[serde(default)]
        by_owner: bool,
    },
}

/// A message of one's own on its way to the hub.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Flight {
    pub(super) id: Fixed<16>,
    /// 0: without memory.
    pub(super) seq: u64,
    pub(super) turn: u64,
    /// Whether it is the first of `controls`, which stays there until it stands at the hub.
    #[serde(default)]
    pub(super) control: bool,
    pub(super) post: Post,
}

/// An entry of one's own that stands at the hub and has not come along yet.
#[derive(Clone, Copy, Serialize, Deserialize)]
pub(super) struct Placed {
    pub(super) number: u64,
    pub(super) id: Fixed<16>,
    pub(super) seq: u64,
}

/// How far one person's devices have the messages of one of one's own.
#[derive(Clone, Copy, Default, Serialize, Deserialize)]
pub(super) struct Heard {
    pub(super) delivered: u64,
    pub(super) read: u64,
}

/// A reaction, edit or deletion whose message is not here (yet).
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Orphan {
    pub(super) to: MessageId,
    pub(super) by: Identity,
    /// What it says.
    pub(super) message: Blob,
}

/// The hub was restored and does not know this member: it may have lost the conversation.
#[derive(Clone, Copy, Serialize, Deserialize)]
pub(super) struct Remake {
    /// Its incarnation.
    pub(super) incarnation: u64,
    /// When that was seen.
    pub(super) since: Time,
    /// When this device gives it back, if it may.
    pub(super) at: Time,
    /// The hub has it; it does not know this member.
    pub(super) over: bool,
}

/// Where this device is in coming back.
#[derive(Clone, Copy, Serialize, Deserialize)]
pub(super) struct Heal {
    /// When to look at the hub next.
    pub(super) next: Time,
    pub(super) tries: u32,
    /// Whether it is certain that this device is out; else it is only looked.
    pub(super) out: bool,
    /// Whether it was said that what the hub shows can't be right.
    #[serde(default)]
    pub(super) told: bool,
    /// How often the hub has shown a list of members without oneself.
    #[serde(default)]
    pub(super) absent: u32,
    /// Whether there was a message meanwhile that this device can't read.
    #[serde(default)]
    pub(super) unread: bool,
}

impl Heal {
    /// It is looked at the hub now. `out`: this device certainly has to come back.
    pub(super) fn begun(now: Time, out: bool) -> Self {
        Self { next: now, tries: 0, out, told: false, absent: 0, unread: false }
    }
}

/// What the hub has lost and gets back.
#[derive(Clone, Default, Serialize, Deserialize)]
pub(super) struct Lost {
    /// Entries that were there: id, the number that they had, what they are, one's own `seq`.
    pub(super) entries: VecDeque<LostEntry>,
    pub(super) post: Post,
    /// When it is given up.
    pub(super) until: Time,
    /// Whether messages stood between that this device can't read: said since by somebody in whose epoch it was not.
    #[serde(default)]
    pub(super) unread: bool,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
pub(super) struct LostEntry {
    pub(super) id: Fixed<16>,
    pub(super) number: u64,
    pub(super) kind: EntryKind,
    pub(super) turn: u64,
    pub(super) seq: u64,
    /// Whether the hub has answered that it stands there again.
    pub(super) posted: bool,
}

/// A line for the list of conversations.
#[derive(Clone, Default, Serialize, Deserialize)]
pub(super) struct Last {
    pub(super) at: Time,
    pub(super) id: Option<MessageId>,
    pub(super) text: String,
}

/// What was delivered and read: when to say it next, and when it was said last.
#[derive(Clone, Default, Serialize, Deserialize)]
pub(super) struct Receipt {
    pub(super) at: Option<Time>,
    pub(super) last: Time,
    /// What others said of it.
    pub(super) heard: BTreeMap<Identity, BTreeMap<Mark, Heard>>,
    /// How far devices of one's own have read what is not here (yet).
    pub(super) ahead: BTreeMap<Mark, u64>,
}

/// Salts other than the one in use, from which one's own access key is or was derived.
#[derive(Clone, Default, Serialize, Deserialize)]
pub(super) struct Rekey {
    /// Another one of which the hub may know the key instead: the one before, or the next.
    pub(super) spare: Option<Fixed<16>>,
    /// Those before, newest last.
    #[serde(default)]
    pub(super) older: VecDeque<Fixed<16>>,
    /// What members have said was the roster's, newest last.
    #[serde(default)]
    pub(super) hinted: VecDeque<Fixed<16>>,
    /// Salts of others that were in the roster and are not any more, newest last: a hub that was restored may know one of them.
    #[serde(default)]
    pub(super) others: VecDeque<(Identity, Fixed<16>)>,
    /// That which a removed device of one's own knows: as long as it is the roster's, another one is wanted.
    pub(super) known: Option<Fixed<16>>,
    /// That of the roster, if the hub has refused the key from it and accepted the one in use.
    #[serde(default)]
    pub(super) unknown: Option<Fixed<16>>,
    /// Whether the profile has another one, of a roster that is not newer.
    #[serde(default)]
    pub(super) untold: bool,
}

/// What others propose.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Proposals {
    /// When to commit it.
    pub(super) due: Option<Time>,
    /// Whether any may wait in the group; false spares reading it.
    pub(super) waiting: bool,
}

/// What is kept of the stream as it came: the first number, and how many bytes in all.
#[derive(Clone, Default, Serialize, Deserialize)]
pub(super) struct Kept {
    pub(super) first: u64,
    pub(super) bytes: u64,
}

/// The own device list that was said last.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct ListSaid {
    /// The beginning of its hash.
    pub(super) mark: Mark,
    /// The `seq` with which this device said it; zero if another one of one's own did.
    pub(super) seq: u64,
}

/// What only oneself sees.
#[derive(Clone, Default, Serialize, Deserialize)]
pub(super) struct Own {
    pub(super) muted: bool,
    pub(super) archived: bool,
    pub(super) left: bool,
    /// The profile says that one is out: on another device of one's own.
    #[serde(default)]
    pub(super) out_elsewhere: bool,
    /// The hub may have lost the conversation.
    #[serde(default)]
    pub(super) remake: Option<Remake>,
    /// When it is looked again whether the hub knows that one has gone.
    #[serde(default)]
    pub(super) farewell: Post,
    /// Commits in a row that the hub did not let this device make.
    #[serde(default)]
    pub(super) forbidden: u32,
    /// Who was blocked when the unread messages were counted: none of theirs is among them.
    pub(super) uncounted: BTreeSet<Identity>,
    /// How often this device has come back lately, and when it may again.
    #[serde(default)]
    pub(super) returns: Post,
    /// Members who may not know that they are in it, and when they are told; at the end of all times who were.
    #[serde(default)]
    pub(super) unaware: BTreeMap<Identity, Time>,
    /// By whose word alone one is in it, until one has come in.
    #[serde(default)]
    pub(super) word_of: Option<Identity>,
}

/// Somebody was removed, or has a lower role.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Taken {
    pub(super) id: Identity,
    /// The turn at which they had been added.
    pub(super) since: u64,
    /// Roles up to this number are not theirs any more.
    pub(super) role: u8,
}

/// Rights that were taken from members.
#[derive(Default, Serialize, Deserialize)]
pub(super) struct Rights {
    /// Who has rights in the roster that were taken from them before, as far as was seen here.
    pub(super) expelled: Vec<Identity>,
    /// Whose rights were taken from them here, newest last.
    pub(super) taken: VecDeque<Taken>,
}

/// Everything but messages, MLS and what is in flight. A part that is a [`Part`] or [`Parts`] has records of its own.
#[derive(Serialize, Deserialize)]
pub(super) struct State {
    pub(super) group: GroupId,
    pub(super) hub: String,
    pub(super) kind: ConversationKind,
    pub(super) phase: Phase,
    pub(super) me: Identity,
    pub(super) mark: Mark,
    pub(super) room: Option<RoomSelf>,
    /// The other, in a pair.
    pub(super) other: Option<Identity>,
    /// From which one's own access key is derived.
    pub(super) salt: Fixed<16>,
    pub(super) rekey: Rekey,
    /// The roster of the group as it is.
    #[serde(skip, default = "no_roster")]
    pub(super) roster: Part<Roster>,
    /// The newest roster ever seen here.
    #[serde(skip, default = "no_roster")]
    pub(super) newest: Part<Roster>,
    pub(super) rights: Rights,
    /// Newest first.
    pub(super) seals: Vec<Fixed<32>>,
    pub(super) locked: bool,
    pub(super) pass: Option<PassphraseKey>,
    #[serde(skip, default = "no_seats")]
    pub(super) seats: Part<Vec<Seat>>,
    /// Which of the two places of the MLS state is in use.
    pub(super) slot: u8,

    pub(super) cursor: u64,
    pub(super) turn: u64,
    /// As the hub said last.
    pub(super) end: u64,
    pub(super) incarnation: u64,
    /// Number of the oldest raw entry that is kept, and how many bytes they are.
    pub(super) kept: Kept,
    /// When to ask for entries that should have come.
    pub(super) fetch: Post,
    pub(super) epochs: VecDeque<Epoch>,

    pub(super) wants: Vec<Want>,
    pub(super) next_want: u32,
    pub(super) pending: Option<Pending>,
    pub(super) incoming: Option<Incoming>,
    pub(super) proposals: Proposals,
    #[serde(default)]
    pub(super) comings: Comings,
    /// When to renew the own leaf.
    pub(super) update_at: Time,

    pub(super) seq: u64,
    pub(super) prev: Fixed<16>,
    pub(super) outbox: VecDeque<u64>,
    pub(super) controls: VecDeque<Blob>,
    pub(super) flight: Option<Flight>,
    /// When the next may be sealed, after the hub refused one.
    pub(super) say: Post,
    pub(super) placed: VecDeque<Placed>,
    /// Entries that this device has sealed last.
    #[serde(default)]
    pub(super) posted: VecDeque<Fixed<16>>,
    /// In which epoch the last ones were sealed: seq, epoch.
    pub(super) sealed: VecDeque<(u64, u64)>,

    #[serde(skip)]
    pub(super) chains: Parts<Mark, Chain>,
    /// Devices whose messages were seen since one last wrote.
    pub(super) fresh: Vec<Mark>,
    pub(super) receipt: Receipt,
    pub(super) orphans: VecDeque<Orphan>,
    /// When one's own `backup` was said last.
    pub(super) backup_said: Time,
    pub(super) expiry_next: Option<Time>,
    pub(super) list: ListSaid,

    pub(super) heal: Option<Heal>,
    /// How often this device stayed where it is though the hub showed another branch.
    #[serde(default)]
    pub(super) stays: u32,
    /// The turn of the last commit, if it was void by the roster's rules.
    pub(super) void_turn: Option<u64>,
    pub(super) lost: Option<Lost>,
    pub(super) knocks: Post,

    pub(super) own: Own,
    pub(super) unread: u64,
    pub(super) last: Last,
}

/// Puts at the end, and drops at the front what is too much.
pub(super) fn push_bounded<T>(queue: &mut VecDeque<T>, item: T, max: usize) {
    queue.push_back(item);
    while queue.len() > max {
        queue.pop_front();
    }
}

impl Post {
    /// The longest wait between two tries.
    const WAIT_MAX: u64 = 60_000;

    /// Marks a try; the next, if nothing comes of it, later and later.
    pub(super) fn tried(&mut self, now: Time, first: u64) {
        let wait = first.saturating_mul(1 << self.tries.min(10)).min(Self::WAIT_MAX);
        self.at = now.saturating_add(wait);
        self.tries = self.tries.saturating_add(1);
    }
}

impl State {
    pub(super) fn epoch(&self) -> Option<&Epoch> {
        self.epochs.back()
    }

    pub(super) fn tag_of(&self, number: u64) -> Option<Fixed<8>> {
        self.epochs.iter().rev().find(|epoch| epoch.number == number).map(|epoch| epoch.tag)
    }

    pub(super) fn in_group(&self) -> bool {
        self.phase == Phase::Member
    }
}
