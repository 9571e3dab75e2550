//! The protocols that a Tidings node speaks.

pub mod outbound;
pub mod webpush;
