//! Accounts of Tidings' own clients: an identity key with its devices, posting keys, key packages and profile
//! (docs/protocol/identity.md and node.md). Signatures and signed objects are checked by the door; here they are plain values.

use crate::key::Ed25519Key;
use crate::time::Timestamp;
use crate::token::TokenHash;
use std::time::Duration;

/// Most devices of an account.
pub const DEVICES_MAX: usize = 32;

/// Most bytes of a signed device list.
pub const LIST_BYTES_MAX: usize = 16 * 1024;

/// Most key packages that wait for one device.
pub const PACKAGES_MAX: usize = 100;

/// Key packages of each device that one posting key is given in a day (UTC); then it is given last resorts. So no contact can use up
/// what others need.
pub const PACKAGES_PER_DAY: u32 = 20;

/// Most bytes of a key package.
pub const PACKAGE_BYTES_MAX: usize = 16 * 1024;

/// Hashes of given key packages that are remembered for a device, so that a request that is repeated does not bring one back.
pub const GIVEN_MAX: usize = 400;

/// Most posting keys on an allow-list.
pub const POSTING_KEYS_MAX: usize = 10_000;

/// Most bytes of a sealed profile.
pub const PROFILE_BYTES_MAX: usize = 16 * 1024 * 1024;

/// The longest that a token which lets somebody in can be accepted.
pub const TOKEN_LIFE_MAX: Duration = Duration::from_secs(30 * 86_400);

/// A device list as its account published it.
#[derive(Clone, PartialEq, Eq)]
pub struct DeviceList {
    /// The signed object.
    pub list: Vec<u8>,
    /// Its counter.
    pub counter: u64,
    /// The devices that it lists.
    pub devices: Vec<Ed25519Key>,
    /// Those of them that the list before had under another serial: what they had goes, as if they had been removed and added.
    pub anew: Vec<Ed25519Key>,
}

/// An account to be made.
pub struct Registration {
    /// Whose.
    pub identity: Ed25519Key,
    /// Its devices.
    pub devices: DeviceList,
    /// The token that lets in, if one was shown.
    pub token: Option<TokenHash>,
    /// Whether this node lets anybody in.
    pub open: bool,
}

/// An account as its devices see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountView {
    /// When it was made.
    pub created: Timestamp,
    /// The signed device list.
    pub list: Vec<u8>,
    /// Its counter.
    pub counter: u64,
    /// The counter of the profile; 0 if there is none.
    pub profile: u64,
    /// Bytes of blobs that are kept for it.
    pub blob_bytes: u64,
    /// Most bytes of blobs.
    pub blob_bytes_max: u64,
}

/// A posting key on an allow-list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PostingKey {
    /// Whoever signs with it may post.
    pub key: Ed25519Key,
    /// What it posts is answered as if it were accepted, and dropped.
    pub dropped: bool,
}

/// As what a key may post into an inbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PostingRight {
    /// It is on the allow-list.
    Kept,
    /// It is on the allow-list, but what it posts is dropped.
    Dropped,
    /// It is a device of the owner.
    Device,
}

/// How many key packages wait for a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PackagesWaiting {
    /// Without the last resort.
    pub waiting: u64,
    /// Whether there is a last resort.
    pub last_resort: bool,
    /// The incarnation of the node: in another one all of these are gone.
    pub incarnation: u64,
}

/// A key package that was given out.
#[derive(Clone, PartialEq, Eq)]
pub struct TakenPackage {
    /// Whose.
    pub device: Ed25519Key,
    /// The key package.
    pub package: Vec<u8>,
    /// Whether it may be given again.
    pub last_resort: bool,
}

/// One key package of each device of an account that has any.
#[derive(Clone, PartialEq, Eq)]
pub struct TakenPackages {
    /// The signed device list as of the same moment.
    pub list: Vec<u8>,
    /// The key packages.
    pub packages: Vec<TakenPackage>,
}
