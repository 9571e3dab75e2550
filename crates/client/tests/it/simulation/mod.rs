//! A deterministic simulation: people with several devices at three nodes, whose traffic is lost, late and out of order, whose clients and
//! nodes crash, and whose nodes come back from backups. After it has healed everybody has everything exactly once.
//!
//! All that happens follows from the seed: `cargo run --release -p tidings-client --example simulate -- --seeds 7..8 --trace` plays seed 7.

mod acts;
mod check;
mod faults;
mod ledger;
mod people;
mod queue;
mod story;
mod world;

pub(crate) use story::{Size, Summary, play};
