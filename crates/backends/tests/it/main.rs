//! The stories that every store must tell, and what only SQLite can show.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests may be blunt"
)]

mod concurrency;
mod conversations;
mod damage;
mod dump;
mod durability;
mod migration;
mod model;
mod people;
mod plans;
mod rooms;
mod sqlite;
mod stories;
