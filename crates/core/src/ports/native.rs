//! What Tidings' own clients have a node keep, as the engine asks a store for it. Each call is one transaction.

use super::Stored;
use crate::blob::BlobName;
use crate::delivery::DeliveryOutcome;
use crate::denial::Denial;
use crate::device::{AccountView, DeviceList, PackagesWaiting, PostingKey, PostingRight, Registration, TakenPackages};
use crate::envelope::Envelope;
use crate::group::{Appended, EntryPosting, GroupId, GroupView, Membership, NewGroup};
use crate::key::Ed25519Key;
use crate::knock::{Door, Knock};
use crate::known::Knowledge;
use crate::parcel::{Kept, ParcelPosting};
use crate::policy::Policy;
use crate::presence::{DeviceMark, Presences};
use crate::stream::{Seq, StreamName};
use crate::swap::{Answered, Swap, SwapId};
use crate::time::Timestamp;
use crate::token::TokenHash;
use crate::upload::{NewUpload, Upload};
use async_trait::async_trait;
use std::sync::Arc;

/// What a store answers where a rule may say no.
pub type Allowed<T> = Stored<Result<T, Denial>>;

/// How publishing a device list ended.
pub enum ListSet {
    /// It is stored. Devices that were removed, in case somebody remembers them.
    Done {
        /// The devices that are gone.
        gone: Vec<Ed25519Key>,
    },
    /// Another one is stored, and this is not the next.
    Stored(Vec<u8>),
}

/// Envelopes that were deleted from a stream.
#[derive(Debug, Default)]
pub struct Cleared {
    /// Their places.
    pub places: Vec<Seq>,
    /// Whether there are more.
    pub more: bool,
}

/// Accounts by identity key: devices, posting keys, key packages, profile.
#[async_trait]
pub trait People: Send + Sync {
    /// Makes an account, and uses up the token if one is needed. The same again changes nothing. The first account of all, if it came
    /// with a token, is the [owner](crate::ownership::OWNER)'s.
    async fn register(&self, registration: Registration, now: Timestamp) -> Allowed<()>;
    /// Whose device this is.
    async fn device_owner(&self, device: Ed25519Key) -> Stored<Option<Ed25519Key>>;
    /// The signed device list.
    async fn device_list(&self, identity: Ed25519Key) -> Stored<Option<Vec<u8>>>;
    /// Replaces the device list by the next one. What removed devices had goes at once.
    async fn set_device_list(&self, identity: Ed25519Key, list: DeviceList) -> Allowed<ListSet>;
    /// The account as its devices see it, without its limits.
    async fn account_view(&self, identity: Ed25519Key) -> Stored<Option<AccountView>>;
    /// All that is kept of the account, without when it goes by the rules of the node.
    async fn known(&self, identity: Ed25519Key) -> Stored<Option<Knowledge>>;
    /// Replaces the allow-list. False if there is no such account.
    async fn set_posting_keys(&self, owner: Ed25519Key, keys: Vec<PostingKey>) -> Stored<bool>;
    /// As what a key may post into the owner's inbox.
    async fn may_post(&self, owner: Ed25519Key, key: Ed25519Key) -> Stored<Option<PostingRight>>;
    /// Keeps key packages of a device, as many as there is room for, without those that were there before.
    async fn add_packages(
        &self,
        device: Ed25519Key,
        packages: Vec<Vec<u8>>,
        last_resort: Option<Vec<u8>>,
        now: Timestamp,
    ) -> Allowed<PackagesWaiting>;
    /// How many wait for a device.
    async fn packages_waiting(&self, device: Ed25519Key) -> Allowed<PackagesWaiting>;
    /// Gives one key package of each device of the owner that has any: those that are given once to the owner's own devices, and to
    /// others if they are `fresh`; otherwise last resorts, where there are any.
    async fn take_packages(&self, owner: Ed25519Key, caller: Ed25519Key, fresh: bool) -> Allowed<TakenPackages>;
    /// The profile and its counter.
    async fn profile(&self, identity: Ed25519Key) -> Stored<Option<(u64, Vec<u8>)>>;
    /// Replaces the profile of this counter (0: there is none). Gives the new counter, or the stored one if it is another.
    async fn set_profile(
        &self,
        identity: Ed25519Key,
        expected: u64,
        body: Vec<u8>,
        now: Timestamp,
    ) -> Allowed<Result<u64, u64>>;
}

/// Inboxes that several devices read, and exchanges, whose answers come into them.
#[async_trait]
pub trait Parcels: Send + Sync {
    /// Posts a parcel.
    async fn post_parcel(&self, posting: ParcelPosting) -> Allowed<Kept>;
    /// Notes that a device has everything up to `number`, never less than before. Gives whose it is.
    async fn note_taken(&self, device: Ed25519Key, number: Seq) -> Allowed<Ed25519Key>;
    /// Deletes at most `limit` parcels that all devices of the account have.
    async fn clear_taken(&self, identity: Ed25519Key, limit: usize) -> Stored<Cleared>;
    /// Makes an exchange. The same again changes nothing.
    async fn create_swap(&self, maker: Ed25519Key, swap: Swap, now: Timestamp) -> Allowed<()>;
    /// Looks an exchange up, with its maker.
    async fn swap(&self, id: SwapId, now: Timestamp) -> Stored<Option<(Swap, Ed25519Key)>>;
    /// Gives it its answer, and the maker's inbox, too. None where this answer was there already.
    async fn answer_swap(
        &self,
        id: SwapId,
        answer: Vec<u8>,
        policy: Policy,
        presences: Arc<Presences>,
        now: Timestamp,
    ) -> Allowed<Result<Option<(Ed25519Key, Envelope)>, Answered>>;
    /// Gives it its reply.
    async fn reply_swap(&self, maker: Ed25519Key, id: SwapId, reply: Vec<u8>, now: Timestamp) -> Allowed<()>;
    /// The maker's own ones, without what is in them.
    async fn swaps(&self, maker: Ed25519Key, now: Timestamp) -> Stored<Vec<Swap>>;
    /// Deletes one of the maker's. False if there is none.
    async fn delete_swap(&self, maker: Ed25519Key, id: SwapId) -> Stored<bool>;
}

/// Groups.
#[async_trait]
pub trait Groups: Send + Sync {
    /// Makes one. The same again changes nothing.
    async fn create_group(&self, new: NewGroup, policy: Policy, now: Timestamp) -> Allowed<()>;
    /// Appends an entry, if [`decide`](crate::group::decide) lets it.
    async fn append_entry(&self, posting: EntryPosting) -> Allowed<Appended>;
    /// The turn and the members.
    async fn membership(&self, group: GroupId) -> Stored<Option<Membership>>;
    /// All there is to know of a group.
    async fn group(&self, group: GroupId) -> Stored<Option<GroupView>>;
    /// Takes an access key off the list. False if it was not on it.
    async fn leave_group(&self, group: GroupId, key: Ed25519Key) -> Stored<bool>;
    /// Deletes a group, if the key is its owner's; [`Housekeeping::drain`](super::Housekeeping::drain) deletes its entries.
    async fn end_group(&self, group: GroupId, owner: Ed25519Key) -> Allowed<()>;
    /// Sets or removes the address at which a device of a member wants to be woken.
    async fn set_wake(&self, group: GroupId, key: Ed25519Key, device: DeviceMark, url: Option<String>) -> Allowed<()>;
}

/// Uploaded blobs.
#[async_trait]
pub trait Uploads: Send + Sync {
    /// Makes an empty one.
    async fn create_upload(&self, new: NewUpload) -> Allowed<()>;
    /// Looks one up.
    async fn upload(&self, file: BlobName) -> Stored<Option<Upload>>;
    /// Notes how many bytes are there. False if there is no such blob any more.
    async fn note_received(&self, file: BlobName, received: u64) -> Stored<bool>;
    /// Deletes one. False if there was none.
    async fn delete_upload(&self, file: BlobName) -> Stored<bool>;
}

/// Pushes and wakes.
#[async_trait]
pub trait Knocks: Send + Sync {
    /// Replaces or removes the push subscription of a device.
    async fn set_push(&self, device: Ed25519Key, subscription: Option<String>) -> Allowed<()>;
    /// The push subscription of a device.
    async fn push(&self, device: Ed25519Key) -> Allowed<Option<String>>;
    /// Keeps a token with which others may wake the device.
    async fn add_wake_token(&self, device: Ed25519Key, token: TokenHash) -> Allowed<()>;
    /// Queues a push for the device that made the token. False if there is no such token.
    async fn wake(&self, token: TokenHash, now: Timestamp) -> Stored<bool>;
    /// Queues a push for a device, if it wants any.
    async fn push_again(&self, device: Ed25519Key, now: Timestamp) -> Stored<()>;
    /// Queues a wake for a device of a member of a group, if it left an address.
    async fn wake_again(&self, group: GroupId, key: Ed25519Key, device: DeviceMark, now: Timestamp) -> Stored<()>;
    /// At most `limit` due knocks at such doors, which nobody else gets until `leased_until`.
    async fn lease_knocks(
        &self,
        door: Door,
        now: Timestamp,
        leased_until: Timestamp,
        limit: usize,
    ) -> Stored<Vec<Knock>>;
    /// Notes how an attempt ended: holds the next one back until `next`, deletes the row if there is none, or, for
    /// [`DeliveryOutcome::Gone`], forgets the address if it is still the one that was used.
    async fn finish_knock(&self, knock: Knock, outcome: DeliveryOutcome, next: Option<Timestamp>) -> Stored<()>;
    /// When the earliest knock at such a door is due.
    async fn next_knock(&self, door: Door) -> Stored<Option<Timestamp>>;
}

/// The stream of an identity's inbox.
pub fn inbox_of(identity: &Ed25519Key) -> StreamName {
    StreamName::inbox(&crate::Key::Ed25519(*identity))
}
