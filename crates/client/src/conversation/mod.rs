//! A conversation: an MLS group, its roster and its stream at the hub (docs/protocol/conversations.md and messages.md).

pub mod step;
