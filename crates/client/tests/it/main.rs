//! The client as a whole, and its conversations, against nodes in memory.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "tests may be blunt"
)]

mod conversation;
mod model_node;
mod scenarios;
#[allow(dead_code, unreachable_pub, reason = "the example that plays many seeds uses more of it")]
mod simulation;
mod watched;
mod world;

use tidings_client::records::{Direction, MemoryRecords, Page, RecordKey, Records, RecordsError, Table};
