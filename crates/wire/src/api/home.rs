//! What an account's devices are told of what the node keeps, and what the node's owner sees and does.

use serde::{Deserialize, Serialize};
use std::fmt;

macro_rules! told {
    ($(#[$about:meta])* $name:ident { $($(#[$field_about:meta])* $field:ident: $kind:ty,)* }) => {
        $(#[$about])*
        #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
        #[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
        #[cfg_attr(feature = "types", derive(ts_rs::TS))]
        pub struct $name { $($(#[$field_about])* pub $field: $kind,)* }
    };
}

/// What rows are about that a node keeps of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum KnownKind {
    /// The account itself.
    Account,
    /// The signed list of devices.
    DeviceList,
    /// Key packages that wait to be taken by others.
    KeyPackages,
    /// Digests of key packages that were taken, so that none is given twice.
    UsedKeyPackages,
    /// The sealed profile.
    Profile,
    /// Keys of those who may post here.
    PostingKeys,
    /// Sealed parcels that wait for a device.
    Parcels,
    /// Exchanges of invitations and new devices.
    Exchanges,
    /// Tokens that let others in.
    Tokens,
    /// Uploaded sealed blobs.
    Blobs,
    /// Groups that were made here, with their sealed entries.
    Groups,
    /// Addresses by which other nodes wake a device.
    WakeAddresses,
    /// Devices that are to be told by a push that something came.
    Pushes,
}

told! {
    /// A row that the node keeps.
    KnownRow {
        /// Since when it is there, in milliseconds, where the node notes that.
        at: Option<u64>,
        /// Its bytes.
        bytes: u64,
        /// When it goes by itself, in milliseconds, if it does.
        expires: Option<u64>,
    }
}
told! {
    /// All rows of one kind.
    KnownRows {
        /// What they are about.
        kind: KnownKind,
        /// How many there are.
        count: u64,
        /// Their bytes together.
        bytes: u64,
        /// At most 100 of them, of kinds whose rows have a time of their own; what goes first stands first.
        rows: Vec<KnownRow>,
    }
}
told! {
    /// A device, as the node knows it.
    KnownDevice {
        /// Its key, in base64url.
        key: String,
        /// The push service that is told when something came, if one is: its host.
        push: Option<String>,
    }
}
told! {
    /// `GET /v1/account/known`: all that the node keeps of the account.
    Known {
        /// When the account was made, in milliseconds.
        created: Option<u64>,
        /// When one of its devices was last here, in milliseconds.
        seen: Option<u64>,
        /// Whether somebody with an account here let it in, and the node notes who.
        invited: bool,
        /// How many accounts it has let in.
        invites: u64,
        /// Its devices.
        devices: Vec<KnownDevice>,
        /// Everything else, a kind in each.
        rows: Vec<KnownRows>,
        /// Whether it is the account of the node's owner, to whom `/v1/owner` answers.
        owner: bool,
    }
}

/// What a key belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum AccountKind {
    /// Tidings' own clients.
    Tidings,
    /// Clients of piqchat.
    Piqchat,
}

told! {
    /// An account in the tree of invitations.
    TreeAccount {
        /// Its number, from 1.
        number: u64,
        /// Whose invitation made it; none for the node's own.
        creator: Option<u64>,
        /// Of which kind it is; none if it was deleted, and only its place is left.
        kind: Option<AccountKind>,
        /// Its key as text, for `tidings accounts`.
        key: Option<String>,
        /// When it was made, in milliseconds.
        created: Option<u64>,
        /// When it was last here, in milliseconds.
        seen: Option<u64>,
        /// Parcels that wait for it.
        waiting: u64,
        /// Their bytes.
        bytes: u64,
    }
}
told! {
    /// An invitation that nobody has used yet.
    OpenInvitation {
        /// What is kept of its token, in base64url: it can be taken back by this.
        id: String,
        /// The number of the account that made it; none for the owner.
        maker: Option<u64>,
        /// When it was made, in milliseconds.
        created: u64,
        /// Until when it is good, in milliseconds.
        expires: u64,
    }
}
told! {
    /// Room on the node's disk, in bytes.
    Storage {
        /// The database.
        database: u64,
        /// Uploaded pictures and files.
        uploads: u64,
        /// What is free on the disk.
        free: u64,
        /// What of that is kept back: nothing is accepted when only this is left.
        reserve: u64,
        /// What came in a day, on the average of the last seven, and takes room.
        daily: u64,
        /// In how many days nothing is accepted any more if that goes on and nothing goes; none if that is beyond ten years.
        days_left: Option<u64>,
    }
}
told! {
    /// A setting in force.
    Setting {
        /// The heading under which it stands.
        section: String,
        /// Its name.
        name: String,
        /// Its value, as text; of secrets only that they are set.
        value: String,
        /// Where it comes from.
        source: String,
        /// Whether it is not the default.
        changed: bool,
    }
}
told! {
    /// `GET /v1/owner`: the node as its owner sees it.
    Overview {
        /// What it calls itself.
        name: String,
        /// The version of its software.
        version: String,
        /// When it was started, in milliseconds.
        started: u64,
        /// Accounts that are not deleted.
        accounts: u64,
        /// Of these, seen in the last seven days.
        seen_last_7_days: u64,
        /// Room on its disk.
        storage: Storage,
        /// At most 1000 accounts by number, deleted ones too.
        tree: Vec<TreeAccount>,
        /// Whether there are more accounts.
        more: bool,
        /// At most 100 invitations that nobody has used yet.
        invitations: Vec<OpenInvitation>,
        /// All settings.
        settings: Vec<Setting>,
    }
}

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// All is well.
    Ok,
    /// It works, but better is possible.
    Warn,
    /// Something does not work.
    Fail,
}

told! {
    /// What was looked at, and what was found.
    Finding {
        /// What was looked at.
        check: String,
        /// How bad it is.
        level: Level,
        /// What was found.
        text: String,
        /// What to do about it.
        advice: Option<String>,
    }
}
told! {
    /// `GET /v1/owner/findings`: what `tidings doctor` finds.
    Findings {
        /// One for each check.
        findings: Vec<Finding>,
    }
}
/// `POST /v1/owner/invitations`: an invitation of the node's own.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct OwnersInvitation {
    /// The link for whom it is for. It is kept nowhere.
    pub link: String,
    /// Until when it is good, in milliseconds.
    pub expires: u64,
}

impl fmt::Debug for OwnersInvitation {
    /// Without the link, which lets in whoever has it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OwnersInvitation").field("expires", &self.expires).finish_non_exhaustive()
    }
}
