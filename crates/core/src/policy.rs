//! Policies: what makes an inbox, a room, a channel and a feed of one and the same thing (design, section 2).

use crate::stream::StreamKind;
use std::time::Duration;

const DAY: Duration = Duration::from_secs(86_400);

/// How many envelopes and bytes something holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Number of envelopes.
    pub count: u64,
    /// Their bytes, with those of their blobs.
    pub bytes: u64,
}

impl Usage {
    /// This and one envelope of `bytes` more.
    #[must_use]
    pub fn and(self, bytes: u64) -> Self {
        Self { count: self.count.saturating_add(1), bytes: self.bytes.saturating_add(bytes) }
    }
}

/// The most that something may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// Most envelopes.
    pub count: u64,
    /// Most bytes.
    pub bytes: u64,
}

impl Budget {
    /// Whether `usage` is within the budget.
    pub fn holds(&self, usage: Usage) -> bool {
        usage.count <= self.count && usage.bytes <= self.bytes
    }

    /// This budget without one part of so many, which is kept for something else.
    pub fn without_part(&self, of: u64) -> Self {
        let rest = |whole: u64| whole.saturating_sub(whole.checked_div(of).unwrap_or(0));
        Self { count: rest(self.count), bytes: rest(self.bytes) }
    }
}

/// Who may append.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AppendRule {
    /// Keys on the owner's allow-list.
    AllowListed,
    /// Whoever can sign.
    AnySigner,
    /// Sessions that have joined.
    Joined,
    /// The owner alone.
    Author,
    /// Members, in turns (see [`group`](crate::group)).
    Members,
}

/// Who may read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReadRule {
    /// The owner's devices.
    Owner,
    /// Whoever knows the stream's name.
    NameHolder,
    /// Sessions that have joined.
    Joined,
    /// Holders of a token for it.
    TokenHolder,
    /// Members.
    Members,
}

/// How long envelopes are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keep {
    /// Until the reader takes them, and never longer than this.
    UntilTaken(Duration),
    /// For this long.
    For(Duration),
    /// In memory only, for those who listen now.
    Live,
    /// Until the author deletes them.
    UntilDeleted,
}

/// How envelopes reach other nodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Travel {
    /// They don't: the sender posts at the recipient's node.
    SenderPosts,
    /// By the mesh, with catch-up.
    MeshCatchUp,
    /// By the mesh, flooded to those who are there.
    MeshFlood,
    /// By WebSub notification and fetching.
    WebSub,
}

/// The rules of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Who may append.
    pub append: AppendRule,
    /// Who may read.
    pub read: ReadRule,
    /// How long it is kept.
    pub keep: Keep,
    /// How it crosses nodes.
    pub travel: Travel,
    /// The most one envelope may have, in bytes with its blob.
    pub envelope_bytes: u64,
    /// The most the stream may hold.
    pub stream: Budget,
    /// The most one sender may have waiting on this node, in all its streams together.
    pub sender: Budget,
}

/// The policy of each kind of stream, as the owner of the node set it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policies {
    /// Inboxes.
    pub inbox: Policy,
    /// Rooms.
    pub room: Policy,
    /// Channels.
    pub channel: Policy,
    /// Feeds.
    pub feed: Policy,
    /// What is said to one key while it is connected.
    pub direct: Policy,
    /// Groups. The sender's budget is that of the account which made them, for all of its groups together.
    pub group: Policy,
}

impl Policies {
    /// The policy of a kind.
    pub fn of(&self, kind: StreamKind) -> &Policy {
        match kind {
            StreamKind::Inbox => &self.inbox,
            StreamKind::Room => &self.room,
            StreamKind::Channel => &self.channel,
            StreamKind::Feed => &self.feed,
            StreamKind::Direct => &self.direct,
            StreamKind::Group => &self.group,
        }
    }
}

impl Default for Policies {
    fn default() -> Self {
        const MIB: u64 = 1024 * 1024;
        let base = Policy {
            append: AppendRule::AllowListed,
            read: ReadRule::Owner,
            keep: Keep::UntilTaken(90 * DAY),
            travel: Travel::SenderPosts,
            envelope_bytes: 24 * MIB,
            stream: Budget { count: 10_000, bytes: 2048 * MIB },
            sender: Budget { count: 20_000, bytes: 4096 * MIB },
        };
        let endless = Budget { count: u64::MAX, bytes: u64::MAX };
        let live = Policy {
            append: AppendRule::Joined,
            read: ReadRule::Joined,
            keep: Keep::Live,
            travel: Travel::MeshFlood,
            envelope_bytes: MIB + MIB / 8,
            stream: endless,
            sender: endless,
        };
        Self {
            inbox: base,
            room: Policy {
                append: AppendRule::AnySigner,
                read: ReadRule::NameHolder,
                keep: Keep::For(90 * DAY),
                travel: Travel::MeshCatchUp,
                envelope_bytes: MIB / 8,
                stream: Budget { count: u64::MAX, bytes: 256 * MIB },
                // Keys are free to make; what a sender may do in rooms is limited by rate.
                sender: endless,
            },
            channel: live,
            feed: Policy {
                append: AppendRule::Author,
                read: ReadRule::TokenHolder,
                keep: Keep::UntilDeleted,
                travel: Travel::WebSub,
                ..base
            },
            direct: Policy { append: AppendRule::AnySigner, read: ReadRule::Owner, ..live },
            group: Policy {
                append: AppendRule::Members,
                read: ReadRule::Members,
                keep: Keep::For(90 * DAY),
                travel: Travel::SenderPosts,
                // A body of 4 MiB, and a thousand keys that come and go.
                envelope_bytes: 4 * MIB + MIB / 8,
                stream: Budget { count: 4_000_000, bytes: 2048 * MIB },
                sender: Budget { count: u64::MAX, bytes: 8192 * MIB },
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_budget_counts_both_ways() {
        let budget = Budget { count: 2, bytes: 10 };
        assert!(budget.holds(Usage { count: 1, bytes: 4 }.and(6)));
        assert!(!budget.holds(Usage { count: 2, bytes: 0 }.and(0)));
        assert!(!budget.holds(Usage { count: 0, bytes: 5 }.and(6)));
        assert!(!budget.holds(Usage { count: 0, bytes: u64::MAX }.and(1)));
    }
}
