//! Outgoing Web Push: notices to people's browsers through the push services of their vendors (RFC 8030).
//!
//! A [`Subscription`] says where to and under which keys, [`encrypt`] seals a payload for it (RFC 8291, or the older draft
//! that some browsers still speak), [`vapid`] signs who is asking (RFC 8292), and [`send`] makes one attempt. Queueing,
//! repeating and collapsing are the engine's work. The wire is wire/piqchat.md, section 6.

pub mod encrypt;
pub mod payload;
pub mod send;
pub mod subscription;
pub mod vapid;

pub use encrypt::{EncryptError, MAX_PAYLOAD};
pub use payload::parcel_notice;
pub use send::{Outcome, Push, RefusedBecause, RetryCause, attempt};
pub use subscription::{Encoding, Subscription, SubscriptionError};
pub use vapid::{VapidError, VapidKey, VapidSigner};

use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL;
