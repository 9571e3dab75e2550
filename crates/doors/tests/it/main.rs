//! Stories over real sockets, one module per door.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    unreachable_pub,
    reason = "tests may be blunt"
)]

mod darkchat;
mod denetwork;
mod http2;
mod node;
mod piqchat;
mod refusals;
mod socketio;
mod webpush;
mod websocket;
