//! What the person sees and does who runs the node.

use crate::account::AccountNumber;
use crate::time::Timestamp;
use crate::token::TokenHash;

/// Under which name of the node's own values a store keeps the owner's identity key, if they use Tidings' own clients.
pub const OWNER: &str = "owner";

/// An invitation that nobody has used yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpenInvitation {
    /// What is kept of its token.
    pub token: TokenHash,
    /// Who made it; none for the node's owner.
    pub maker: Option<AccountNumber>,
    /// When.
    pub created_at: Timestamp,
    /// Until when it can be used.
    pub expires_at: Timestamp,
}

/// How much the node keeps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StorageUsed {
    /// Bytes of the database, with its free pages.
    pub database: u64,
    /// Bytes of all streams.
    pub streams: u64,
    /// Envelopes in all streams.
    pub envelopes: u64,
    /// Bytes of uploaded blobs.
    pub uploads: u64,
    /// Bytes of uploaded blobs that came since a moment.
    pub uploads_since: u64,
}
