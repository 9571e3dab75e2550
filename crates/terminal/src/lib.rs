//! The client in a terminal: its encrypted store, its connections, its commands and its screen.
//!
//! [`commands`] are what `tidings send` and its like do, [`screen`] is `tidings chat`. Both talk to a [`Session`], which runs a client
//! ([`driver`]) on its [`store`].

pub mod commands;
pub mod driver;
pub mod edge;
pub mod media;
pub mod names;
pub mod place;
pub mod screen;
pub mod show;
pub mod store;

pub use driver::{AttachError, Events, Opened, SaveTo, Session};
