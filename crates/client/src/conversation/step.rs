//! What a conversation asks of the client around it.

use crate::content::Introduce;
use crate::io::Time;
use crate::view::{Event, Identity, MessageId};
use tidings_wire::api::{Group, NewEntry, NewGroup};

/// What is to be done, after the changes of the same call are kept.
#[derive(Clone)]
pub enum Step {
    /// Ask the hub, signed with the conversation's access key.
    Hub(HubRequest),
    /// Take key packages at the person's home node (own ones at one's own node). The outcome comes back by
    /// `Conversation::packages`.
    TakePackages(Identity),
    /// Post this as a parcel at the person's home node; repeated until it is accepted or the person is no contact any more.
    Parcel(Identity, ParcelBody),
    /// Follow the stream at the hub from the cursor on, or don't any more.
    Follow(bool),
    /// Call `Conversation::tick` at this time.
    WakeAt(Time),
    /// What the profile says of the conversation has changed (`Conversation::profile_entry`).
    Profile,
    /// The profile is written at once: one's other devices are shut out until they have read it.
    Hurry,
    /// What was read has changed, which is another record of the profile (`Conversation::read_marks`).
    ReadMarks,
    /// Somebody's device list was heard of: signed, not yet checked against what is known.
    DeviceList(Identity, Vec<u8>),
    /// Somebody's card was heard of: signed.
    Card(Identity, Vec<u8>),
    /// Somebody said what was last heard of one's own counters: who, profile, device list.
    Witness(Identity, u64, u64),
    /// Somebody said the counter of their own profile, for [`Step::Witness`] to others.
    Counter(Identity, u64),
    /// A suggestion of a contact came: by whom, in which message, and what it says.
    Introduced(Identity, MessageId, Box<Introduce>),
    /// Destroy this blob at its node: URL and secret.
    DestroyBlob(String, [u8; 16]),
    /// Forget the files that were fetched for a message.
    ForgetFile(MessageId),
    /// One is not in it, as somebody had said: it is forgotten.
    Unfounded,
    /// For the screen.
    Show(Event),
}

/// What is asked of the hub.
#[derive(Clone, Debug)]
pub enum HubRequest {
    /// Make the group (signed with the device key, at one's own home node).
    Create(NewGroup),
    /// Append; answered to `Conversation::appended`.
    Append(NewEntry),
    /// Entries after a number; answered to `Conversation::entries`.
    Fetch {
        /// The cursor.
        after: u64,
    },
    /// The group as the hub has it; answered to `Conversation::hub_state`.
    Look,
    /// Take one's own access key off.
    Leave,
}

/// How an append ended.
#[derive(Clone, Debug)]
pub enum Appended {
    /// It stands there, durably.
    Placed {
        /// Its number.
        number: u64,
        /// When, by the hub's clock.
        at: Time,
    },
    /// The turn was taken or is too old.
    Turn,
    /// Not now: no answer, too busy. Ask again with the same id.
    Later,
    /// Never: not accepted, too large. Says what the hub said.
    Refused(String),
}

/// The hub's state, as [`HubRequest::Look`] found it.
#[derive(Clone, Debug)]
pub enum Looked {
    /// It has the group.
    Found(Box<Group>),
    /// This member is not known there (any more).
    NotAccepted(super::Forgetful),
    /// No answer.
    Later,
}

/// What a parcel carries (docs/protocol/contacts.md).
#[derive(Clone, Debug)]
pub enum ParcelBody {
    /// An MLS welcome.
    Welcome {
        /// The welcome.
        welcome: Vec<u8>,
        /// Which group.
        group: [u8; 16],
        /// The hub's URL.
        hub: String,
        /// The turn it leads to.
        turn: u64,
        /// Reading begins after this entry.
        number: u64,
        /// The signed device lists of members who have removed a device.
        devices: Vec<Vec<u8>>,
    },
    /// A signed card.
    Card(Vec<u8>),
    /// A signed device list.
    Devices(Vec<u8>),
    /// "Add me again."
    Knock([u8; 16]),
    /// "I have left this group, and the hub does not know me any more: take me out where I am still shown, or tell me with what
    /// key I am."
    Left {
        /// Which group.
        group: [u8; 16],
        /// The sender's own `since` in its roster.
        since: u64,
    },
    /// "You are in this group, and may not know it."
    Member {
        /// Which group.
        group: [u8; 16],
        /// Its roster, encoded.
        roster: Vec<u8>,
        /// The signed device lists of members who have removed a device.
        devices: Vec<Vec<u8>>,
    },
    /// The answer to a knock: from what your access key in the roster comes.
    Salt {
        /// Which group.
        group: [u8; 16],
        /// The salt.
        salt: [u8; 16],
    },
}
