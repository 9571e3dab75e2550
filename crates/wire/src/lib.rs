//! The native protocol as types: what devices and nodes say to each other (docs/protocol/node.md).
//!
//! Used by the native door and by the client core, so that both mean the same. No input or output; parsing gives types that cannot be
//! wrong or an error, and never panics.

pub mod api;
pub mod bytes;
pub mod cbor;
pub mod certificate;
pub mod device_list;
pub mod failure;
pub mod live;
pub mod signature;
pub mod signed;

pub use bytes::{Blob, Fixed};
pub use failure::{Code, Failure};
pub use signed::Signed;

/// The version of the protocol, as `GET /v1/node` says it.
pub const PROTOCOL: u32 = 1;
