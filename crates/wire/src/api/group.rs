//! Groups, their entries, and how their members are woken.

use crate::bytes::{Blob, Fixed};
use serde::{Deserialize, Serialize};

/// Whether a number is the one that is left out.
fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// What an access key may do at the hub.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Changes members, ends the group.
    Owner,
    /// Changes members.
    Moderator,
    /// Reads and appends.
    Member,
}

body! {
    /// An access key of a group.
    Member {
        /// The key.
        key: Fixed<32>,
        /// What it may do.
        role: Role,
    }
}
body! {
    /// `POST /v1/groups`.
    NewGroup {
        /// Its id.
        group: Fixed<16>,
        /// Who may append and read.
        members: Vec<Member>,
        /// The sealed group info, of turn 0 unless another is said.
        info: Blob,
        /// For a group that the node has lost: the turn at which it goes on.
        #[serde(default, skip_serializing_if = "is_zero")]
        turn: u64,
        /// For such a group: the number of the entry after which it goes on.
        #[serde(default, skip_serializing_if = "is_zero")]
        end: u64,
    }
}
body! {
    /// `GET /v1/groups/{id}`.
    Group {
        /// How many commits the hub has accepted.
        turn: u64,
        /// The number given last.
        end: u64,
        /// The number of the oldest entry that is kept; `end + 1` if there is none.
        first: u64,
        /// The newest sealed group info.
        info: Blob,
        /// Of which turn it is.
        info_turn: u64,
        /// The hub's incarnation.
        incarnation: u64,
        /// Who may append and read.
        members: Vec<Member>,
    }
}

/// Whether an entry changes the group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum EntryKind {
    /// It takes the next turn.
    Commit,
    /// A message or a proposal.
    Message,
}

body! {
    /// `POST /v1/groups/{id}/entries`.
    NewEntry {
        /// Names it for good; the same again gets the same answer.
        id: Fixed<16>,
        /// What it is.
        kind: EntryKind,
        /// For a commit the turn it takes: one above the hub's. For a message the turn its writer was in.
        turn: u64,
        /// Sealed.
        body: Blob,
        /// With a commit: the sealed group info after it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        info: Option<Blob>,
        /// With a commit: access keys that come, or change their role.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        add: Vec<Member>,
        /// With a commit: access keys that go.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        remove: Vec<Fixed<32>>,
        /// Whether devices that do not follow should be told by push.
        #[serde(default)]
        notify: bool,
    }
}
body! {
    /// An entry of a group's stream.
    Entry {
        /// Its place, from 1, without holes.
        number: u64,
        /// Its name.
        id: Fixed<16>,
        /// What it is.
        kind: EntryKind,
        /// For a commit the turn it took; for a message the turn its writer was in.
        turn: u64,
        /// When the hub took it, in milliseconds.
        at: u64,
        /// Sealed.
        body: Blob,
        /// With a commit: access keys that came, or changed their role.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        add: Vec<Member>,
        /// With a commit: access keys that went.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        remove: Vec<Fixed<32>>,
    }
}
body! {
    /// `GET /v1/groups/{id}/entries`.
    Entries {
        /// In order.
        entries: Vec<Entry>,
        /// The number given last.
        end: u64,
        /// The hub's turn.
        turn: u64,
        /// The hub's incarnation.
        incarnation: u64,
    }
}
body! {
    /// The body of a 409 `turn`.
    TurnTaken {
        /// Always `turn`.
        error: crate::Code,
        /// For a person.
        message: String,
        /// The commit that took the turn that was asked for, if it is kept.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        winner: Option<Entry>,
        /// The hub's turn.
        turn: u64,
        /// The number given last.
        end: u64,
    }
}
body! {
    /// `PUT /v1/groups/{id}/wake`.
    NewWake {
        /// Where to post when something came; none to be left in peace.
        url: Option<String>,
        /// Which of the member's devices: the first 8 bytes of the SHA-256 of its key.
        device: Fixed<8>,
    }
}
body! {
    /// `POST /v1/wakes`.
    WakeUrl {
        /// Whoever posts there wakes the device.
        url: String,
    }
}
