//! Conversations of several devices against a hub in memory.

mod hub;
mod network;
mod plain;
mod storm;
mod world;
