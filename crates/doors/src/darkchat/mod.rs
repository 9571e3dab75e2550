//! The door for darkchat's clients and peers: channels that live in memory only, private messages by key, and servers that
//! pass everything on to each other (wire/darkchat.md).

mod acknowledged;
mod delivery;
mod login;
mod patience;
mod request;
mod scanner;
mod session;
mod settings;
mod words;

pub use patience::Budget;
pub use request::{Member, Request, Unreadable};
pub use scanner::{Found, Scanner};
pub use session::{Generation, MEMBER_BYTES_MAX, Outcome, STRANGER_BYTES_MAX, Session, Surroundings};
pub use settings::Settings;
