//! Bodies of requests and answers, in the order of the table in docs/protocol/node.md.
//!
//! Signed objects (device lists, certificates) travel here as opaque bytes; [`crate`]'s other modules read them.

use crate::bytes::{Blob, Fixed};
use serde::{Deserialize, Serialize};

/// Most parcels or entries in one answer.
pub const PAGE_MAX: u32 = 1000;
/// Most bytes of bodies in one answer; one item may be larger by itself.
pub const PAGE_BYTES_MAX: usize = 1024 * 1024;
/// Most bytes of a parcel's body.
pub const PARCEL_BYTES_MAX: usize = 1024 * 1024;
/// Most bytes of an entry's body, and of a sealed group info.
pub const ENTRY_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Most key packages that wait for one device.
pub const PACKAGES_MAX: usize = 100;
/// Most bytes of a key package.
pub const PACKAGE_BYTES_MAX: usize = 16 * 1024;
/// Most bytes of a sealed profile.
pub const PROFILE_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Most bytes of an exchange's offer, answer or reply.
pub const EXCHANGE_BYTES_MAX: usize = 1024 * 1024;
/// Most posting keys on an allow-list.
pub const CONTACTS_MAX: usize = 10_000;
/// Most access keys of a group.
pub const MEMBERS_MAX: usize = 1000;
/// Most bytes of a sealed blob: 100 MiB of content, padded, with the seals of its pieces.
pub const BLOB_BYTES_MAX: u64 = 2048 * 65_552;
/// How many turns a message may be behind.
pub const TURNS_BEHIND_MAX: u64 = 3;
/// Seconds that the clocks of a request's sender and the node may differ.
pub const CLOCK_SLACK_SECONDS: u64 = 300;

macro_rules! body {
    ($(#[$about:meta])* $name:ident { $($(#[$field_about:meta])* $field:ident: $kind:ty,)* }) => {
        $(#[$about])*
        #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
        #[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
        pub struct $name { $($(#[$field_about])* pub $field: $kind,)* }
    };
}

/// Whether strangers may make accounts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Registration {
    /// Only with a token of an invitation.
    Invitation,
    /// Anybody.
    Open,
}

body! {
    /// `GET /v1/node`.
    Node {
        /// What the node calls itself.
        name: String,
        /// The version of its software.
        version: String,
        /// The version of the protocol.
        protocol: u32,
        /// How many times it was restored from a backup, from 1.
        incarnation: u64,
        /// Its clock, in milliseconds.
        time: u64,
        /// Who may register.
        registration: Registration,
        /// The public key of its pushes (VAPID), if it sends any.
        vapid: Option<String>,
        /// The most bytes of a blob.
        blob_bytes: u64,
    }
}
body! {
    /// `POST /v1/accounts`.
    NewAccount {
        /// The signed device list; its counter may be any.
        devices: Blob,
        /// The one-time token that lets in, if one is needed.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        token: Option<String>,
    }
}
body! {
    /// `GET /v1/account`.
    Account {
        /// Whose.
        identity: Fixed<32>,
        /// When it was made, in milliseconds.
        created: u64,
        /// The signed device list.
        devices: Blob,
        /// The counter of the stored profile; 0 if there is none.
        profile: u64,
        /// Bytes of blobs kept for it.
        blob_bytes: u64,
        /// Most bytes of blobs.
        blob_bytes_max: u64,
    }
}
body! {
    /// `PUT /v1/devices`, and what is answered where a device list is asked for.
    Devices {
        /// The signed device list.
        devices: Blob,
    }
}
body! {
    /// The body of a 409 `counter`.
    CounterTaken {
        /// Always `counter`.
        error: crate::Code,
        /// For a person.
        message: String,
        /// The signed device list that is stored.
        devices: Blob,
    }
}
body! {
    /// `POST /v1/tokens`.
    NewToken {
        /// Until when it is good, in milliseconds.
        expires: u64,
    }
}
body! {
    /// The answer to `POST /v1/tokens`.
    TokenMade {
        /// Whoever has it may make one account here.
        token: String,
        /// Until when, in milliseconds.
        expires: u64,
    }
}
body! {
    /// `PUT /v1/key-packages`.
    NewPackages {
        /// Key packages (MLSMessage), each to be given once. They replace none.
        packages: Vec<Blob>,
        /// The one to be given when no other is left; replaces the one before.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        last_resort: Option<Blob>,
    }
}
body! {
    /// How many key packages wait, to one of the caller's own devices.
    PackagesWaiting {
        /// Key packages that wait for this device, without the last resort.
        waiting: u64,
        /// Whether a last resort is there.
        last_resort: bool,
        /// Whose restored backup would have none of them.
        incarnation: u64,
    }
}
body! {
    /// One device's key package.
    Package {
        /// Whose.
        device: Fixed<32>,
        /// The key package.
        package: Blob,
        /// Whether it may be given again.
        last_resort: bool,
    }
}
body! {
    /// `POST /v1/inboxes/{identity}/key-packages`.
    TakenPackages {
        /// The signed device list.
        devices: Blob,
        /// One for each device that has any.
        packages: Vec<Package>,
    }
}
body! {
    /// `POST /v1/inboxes/{identity}/parcels`.
    NewParcel {
        /// Names it for good.
        id: Fixed<16>,
        /// The sealed content.
        body: Blob,
        /// Whether the owner's devices should be told by push.
        #[serde(default)]
        notify: bool,
    }
}
body! {
    /// Where something came to stand.
    Placed {
        /// Its number in its stream; 0 for a parcel in the inbox of somebody else.
        number: u64,
        /// When the node took it, in milliseconds.
        at: u64,
    }
}
body! {
    /// What waits in an inbox.
    Parcel {
        /// Its place.
        number: u64,
        /// Its name.
        id: Fixed<16>,
        /// When the node took it, in milliseconds.
        at: u64,
        /// `parcel`, or `answer` for the answer of an exchange.
        label: String,
        /// The sealed content.
        body: Blob,
    }
}
body! {
    /// `GET /v1/inbox`.
    Inbox {
        /// In order.
        parcels: Vec<Parcel>,
        /// The number given last.
        end: u64,
    }
}
body! {
    /// `POST /v1/inbox/taken`.
    TakenParcels {
        /// This device has everything up to here.
        number: u64,
    }
}
body! {
    /// A posting key on an allow-list.
    Contact {
        /// Whoever signs with it may post.
        key: Fixed<32>,
        /// Answer as if what it posts were accepted, and keep nothing.
        #[serde(default)]
        drop: bool,
    }
}
body! {
    /// `PUT /v1/contacts`.
    Contacts {
        /// All of them.
        contacts: Vec<Contact>,
    }
}
body! {
    /// `PUT /v1/profile`.
    NewProfile {
        /// The sealed document.
        body: Blob,
    }
}
body! {
    /// The counter after a change.
    Counter {
        /// What it is now.
        counter: u64,
    }
}
body! {
    /// `GET /v1/profile`.
    Profile {
        /// Rises by one with each change.
        counter: u64,
        /// The sealed document.
        body: Blob,
    }
}
body! {
    /// `POST /v1/exchanges`.
    NewExchange {
        /// Derived from the secret in the link.
        id: Fixed<16>,
        /// The sealed offer, if any.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        offer: Option<Blob>,
        /// Until when it can be answered, in milliseconds.
        expires: u64,
    }
}

/// How far an exchange has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ExchangeState {
    /// It takes an answer.
    Open,
    /// It has one.
    Answered,
    /// Its maker has replied.
    Replied,
}

body! {
    /// `GET /v1/exchanges/{id}`.
    Exchange {
        /// Which.
        id: Fixed<16>,
        /// How far it has come.
        state: ExchangeState,
        /// The sealed offer.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        offer: Option<Blob>,
        /// The sealed answer.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        answer: Option<Blob>,
        /// The sealed reply.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reply: Option<Blob>,
        /// Until when, in milliseconds.
        expires: u64,
    }
}
body! {
    /// `GET /v1/exchanges`: the caller's own.
    Exchanges {
        /// Without offers, answers and replies.
        exchanges: Vec<Exchange>,
    }
}
body! {
    /// `POST /v1/exchanges/{id}/answer`.
    NewAnswer {
        /// Sealed.
        answer: Blob,
    }
}
body! {
    /// `PUT /v1/exchanges/{id}/reply`.
    NewReply {
        /// Sealed.
        reply: Blob,
    }
}

mod group;
mod home;

pub use group::{Entries, Entry, EntryKind, Group, Member, NewEntry, NewGroup, NewWake, Role, TurnTaken, WakeUrl};
pub use home::{
    AccountKind, Finding, Findings, Known, KnownDevice, KnownKind, KnownRow, KnownRows, Level, OpenInvitation,
    Overview, OwnersInvitation, Setting, Storage, TreeAccount,
};

body! {
    /// `POST /v1/blobs`.
    NewBlob {
        /// Bytes in all, sealed and padded.
        size: u64,
        /// SHA-256 of the secret that deletes it.
        delete: Fixed<32>,
        /// When it is deleted, in milliseconds; 90 days from now if not said, a year at most.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        expires: Option<u64>,
    }
}
body! {
    /// The answer to `POST /v1/blobs`.
    BlobMade {
        /// Unguessable; the blob's address is `/v1/blobs/` and this.
        id: Fixed<32>,
        /// When it is deleted, in milliseconds.
        expires: u64,
    }
}
body! {
    /// `PUT /v1/push`.
    NewPush {
        /// Of the push service.
        endpoint: String,
        /// The client's public key (RFC 8291).
        p256dh: String,
        /// The client's secret (RFC 8291).
        auth: String,
    }
}

/// How a push to oneself ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum PushOutcome {
    /// The push service took it.
    Taken,
    /// The push service does not know the subscription any more; it was deleted here.
    Gone,
    /// The push service refused or could not be reached.
    Failed,
    /// This device has no subscription.
    None,
}

body! {
    /// `POST /v1/push/test`.
    PushTest {
        /// How it ended.
        outcome: PushOutcome,
        /// What the push service said, for a person.
        message: String,
    }
}
