//! What a node keeps of an account, as its owner is shown it: counts, sizes and times of rows, never what is in them.

use crate::key::Ed25519Key;
use crate::time::Timestamp;

/// Rows of one kind that are told one by one; of more only the count and the bytes are.
pub const ROWS_MAX: usize = 100;

/// What a row is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
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

/// One row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct KnownRow {
    /// Since when it is there, where the node notes that.
    pub at: Option<Timestamp>,
    /// Its bytes.
    pub bytes: u64,
    /// When it goes by itself, if it does.
    pub expires: Option<Timestamp>,
}

/// All rows of one kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownRows {
    /// What they are about.
    pub kind: KnownKind,
    /// How many.
    pub count: u64,
    /// Their bytes together.
    pub bytes: u64,
    /// The first [`ROWS_MAX`] of them that go, of kinds whose rows have a time of their own.
    pub rows: Vec<KnownRow>,
}

/// A device, as the node knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownDevice {
    /// Its key.
    pub key: Ed25519Key,
    /// The push subscription, as the door wrote it.
    pub subscription: Option<String>,
}

/// Everything that is kept of an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Knowledge {
    /// When it was made.
    pub created: Option<Timestamp>,
    /// When one of its devices was last here.
    pub seen: Option<Timestamp>,
    /// Whether an account here let it in, and the node notes which.
    pub invited: bool,
    /// How many accounts it has let in.
    pub invites: u64,
    /// Its devices.
    pub devices: Vec<KnownDevice>,
    /// All rows.
    pub rows: Vec<KnownRows>,
}
