//! What a Tidings node stands on: its store and its bus.
//!
//! [`SqliteStore`] keeps everything in one SQLite file; [`LocalBus`] carries hints inside one process.

pub mod local;
pub mod sqlite;

pub use local::LocalBus;
pub use sqlite::{Options, SqliteStore};
