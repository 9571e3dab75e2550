//! The whole client of Tidings without input or output: identity, devices, contacts, conversations, blobs, history.
//!
//! [`Client::handle`](client::Client::handle) takes an [`Input`](io::Input), the time and a source of randomness, and gives
//! [`Action`](io::Action)s. Whoever runs it (a terminal, a browser, a simulation) does them in their order. The same code runs
//! natively and as WebAssembly. The protocol is in docs/protocol/.

pub mod blob;
pub mod card;
pub mod client;
pub mod command;
pub mod content;
pub mod conversation;
pub mod entry;
pub mod invitation;
pub mod io;
pub mod keys;
pub mod link;
pub mod node_url;
mod notice;
pub mod outcome;
pub mod parcel;
pub mod phrase;
pub mod profile;
mod reason;
pub mod record_keys;
pub mod records;
pub mod roster;
pub mod safety;
pub mod sealing;
pub mod transfer;
// They are files, which WebAssembly can't read.
#[cfg(test)]
#[cfg(not(target_family = "wasm"))]
mod vectors;
pub mod view;
