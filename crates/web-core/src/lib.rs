//! The client core for JavaScript (docs/web-core.md): what the WebAssembly module exports.
//!
//! Values come and go as plain objects: bytes as `Uint8Array`, ids as base64url text, times as milliseconds in numbers,
//! variants as `{ send_text: { … } }` or, without content, as `"well"`.

mod client;
mod convert;
mod exchange;
#[cfg(feature = "peer")]
mod peer;
mod phrase;
mod random;
mod store;
mod texts;
mod trouble;
#[cfg(all(test, feature = "types"))]
mod types;

pub use client::Client;
#[cfg(feature = "peer")]
pub use peer::{Peer, keep_records};
pub use phrase::{make_phrase, read_phrase};
pub use store::SyncHandle;
pub use texts::{is_safety_code, read_link, read_node_url};
