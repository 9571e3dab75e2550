//! The client core for JavaScript (docs/web-core.md): what the WebAssembly module exports.
//!
//! Values come and go as plain objects: bytes as `Uint8Array`, ids as base64url text, times as milliseconds in numbers,
//! variants as `{ send_text: { … } }` or, without content, as `"well"`.

mod convert;
#[cfg(feature = "peer")]
mod peer;
mod phrase;
mod random;

#[cfg(feature = "peer")]
pub use peer::Peer;
pub use phrase::{make_phrase, read_phrase};
