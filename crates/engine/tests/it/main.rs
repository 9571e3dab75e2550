//! Stories of the engine on its real store.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    unreachable_pub,
    reason = "tests may be blunt"
)]

mod deliveries;
mod feeds;
mod groups;
mod house;
mod knocks;
mod live;
mod native;
mod rooms;
mod schedule;
mod sweeping;
mod uploads;
mod warnings;
