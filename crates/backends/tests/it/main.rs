//! The stories that every store must tell, and what only SQLite can show.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests may be blunt"
)]

mod people;
mod sqlite;
mod stories;
