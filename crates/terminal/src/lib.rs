//! The client in a terminal: its encrypted store, its connections, its commands and its screen.

pub mod edge;
pub mod media;
pub mod names;
pub mod place;
pub mod show;
pub mod store;
