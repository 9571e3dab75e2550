//! The protocols that a Tidings node speaks: each door turns a wire form into the engine's verbs and back, and knows no other
//! door.

mod census;
pub mod darkchat;
pub mod denetwork;
pub mod http;
pub mod native;
pub mod outbound;
pub mod piqchat;
pub mod socketio;
pub mod webapp;
pub mod webpush;
pub mod websocket;
