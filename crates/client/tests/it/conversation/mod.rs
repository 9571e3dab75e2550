//! Conversations of several devices against a hub in memory.

mod cheats;
mod gaps;
mod hostile;
mod hub;
mod network;
mod plain;
mod rekeyed;
mod restored;
mod rosters;
mod storm;
mod unaware;
mod world;
