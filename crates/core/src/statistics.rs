//! Counts that a node publishes.

/// Counts over the whole node (wire/piqchat.md, section 7).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Statistics {
    /// Accounts that are not deleted.
    pub accounts: u64,
    /// Accounts seen since 00:00 UTC seven days ago.
    pub seen_last_7_days: u64,
    /// Accounts seen since 00:00 UTC thirty days ago.
    pub seen_last_30_days: u64,
    /// Waiting envelopes of the label that pictures have.
    pub media_waiting: u64,
    /// Messages stored in rooms.
    pub room_messages: u64,
    /// Entries stored in groups.
    pub group_entries: u64,
    /// Uploaded blobs, whole or in part.
    pub uploads: u64,
    /// Envelopes received today and on the six UTC days before.
    pub received_last_7_days: u64,
}

/// The label of pictures, which alone are counted as waiting.
pub const MEDIA: &str = "MEDIA";
