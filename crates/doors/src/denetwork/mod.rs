//! The door for the clients of DeNetwork Chat: rooms over Socket.IO (wire/denetwork.md).

mod canonical;
mod history;
mod identifier;
mod json;
mod limits;
mod message;
mod meter;
mod number;
mod posting;
mod refusal;
mod reply;
mod request;
mod settings;
mod signature;
#[cfg(test)]
mod signing;
mod text;
#[cfg(test)]
mod vectors;
mod verify;

pub use message::{Message, REQUEST_MAX, canonical_form, read_message};
pub use refusal::{Refused, Status};
pub use request::read_event;
pub use settings::Settings;
