//! The server's side of WebSocket (RFC 6455) for all doors: frames made once and shared by all sockets, what waits leaves in
//! vectored writes, and a socket on which nothing happens owns no buffer.

mod frame;
mod handshake;
mod mask;
mod queue;
mod reader;
mod socket;
mod turn;

pub use frame::{CloseCode, Frame, payload};
pub use handshake::{Handshake, HandshakeRefused, handshake, is_upgrade};
pub use reader::{Fault, Piece, Reader};
pub use socket::{Event, Socket, SocketError};
pub use turn::Happening;
