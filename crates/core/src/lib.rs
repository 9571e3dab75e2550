//! The words and rules of Tidings.
//!
//! Nothing here reads a clock, a random source, a file or a socket: time and randomness are arguments, and what must be kept
//! is asked of the [`Store`]. Every rule about who may do what stands in [`admit`](mod@admit), [`group`], [`exchange`] and
//! [`retention`]; the doors only translate, the backends only keep.

pub mod account;
pub mod admit;
pub mod blob;
pub mod delivery;
pub mod denial;
pub mod device;
pub mod envelope;
pub mod exchange;
pub mod group;
pub mod history;
pub mod key;
pub mod knock;
pub mod known;
pub mod ownership;
pub mod parcel;
pub mod policy;
pub mod ports;
pub mod presence;
pub mod retention;
pub mod statistics;
pub mod stream;
pub mod swap;
pub mod time;
pub mod token;
pub mod upload;

pub use account::{Account, AccountNews, AccountNumber, Invited, Presence};
pub use admit::{Caller, PeerLink, Refusal, StreamFacts, admit};
pub use blob::{Blob, BlobContent, BlobName};
pub use delivery::{Delivery, DeliveryOutcome, Notice};
pub use denial::Denial;
pub use envelope::{Draft, Envelope, EnvelopeId, Label};
pub use exchange::{Exchange, ExchangeState};
pub use history::{Bound, HistoryQuery, Order};
pub use key::{BoxKey, Ed25519Key, Key, Secp256k1Key, WalletAddress};
pub use policy::{Budget, Policies, Policy, Usage};
pub use ports::{Bus, Hint, Hints, Store, StoreError};
pub use statistics::Statistics;
pub use stream::{Seq, StreamKind, StreamName};
pub use time::{Day, Timestamp};
pub use token::{Token, TokenHash};
