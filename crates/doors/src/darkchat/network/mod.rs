//! Links to other servers (wire/darkchat.md, section 8).

mod form;
mod name;
mod reader;

pub use name::PeerName;
pub use reader::{LinkReader, Said, Stage};
