//! Conversations of several devices against a hub in memory.

mod hostile;
mod hub;
mod network;
mod plain;
mod storm;
mod world;
