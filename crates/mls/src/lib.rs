//! Groups of RFC 9420 (MLS) behind plain types, as docs/protocol/conversations.md needs them: the only crate that names openmls.
//!
//! What is here is one device's view of groups: bytes and small structs go in and out. Nothing is read or written by itself:
//! a [`Group`] is loaded from records and says with [`Group::take_changes`] what is to be kept. Which change of a group is
//! *allowed* is not decided here but by the roster's rules; [`Judgement`] has what they need.
//!
//! # Time and randomness
//!
//! No clock decides what is valid: key packages have the one lifetime of the protocol ([`settings::LIFETIME`]). openmls reads the
//! clock all the same, to compare it with that lifetime and to date secrets of past epochs; neither has an effect.
//! Randomness comes from the source given, except that of HPKE encapsulation (path secrets of commits, welcomes, the
//! initial secret of external commits), for which openmls has no place for a source and which it does in several threads: that comes
//! from the operating system. So the same source gives the same keys and ids but not the same commits.

mod crypto;
mod error;
mod group;
mod info;
mod judgement;
mod leaf;
mod packages;
mod provider;
pub mod settings;
mod signer;
mod store;

pub use error::Error;
pub use group::{Committed, Group, Include, Plan, Proposal, Proposed, Received, Staged};
pub use info::{Info, inspect_info, welcome_for};
pub use judgement::{Judgement, Removed};
pub use leaf::Leaf;
pub use packages::{ACCESS_BYTES, MadePackage, Package, inspect_package, make_package};
pub use signer::Signer;
pub use store::Change;

/// What the functions of this crate give.
pub type Result<T> = std::result::Result<T, Error>;
