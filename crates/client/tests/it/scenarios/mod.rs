//! People, devices and nodes in short stories.

mod accounts;
mod crashes;
mod damage;
mod devices;
mod files;
mod forgetful;
mod groups;
mod hostile;
mod lists;
mod nodes;
mod passing;
mod people;
mod start;
mod storms;
mod together;

/// The nodes of most stories.
pub(crate) const NODES: [&str; 3] = ["https://one.example", "https://two.example", "https://three.example"];
