//! The door for DeNetwork's clients, over real sockets.

mod histories;
mod line;
mod messages;
mod node;
mod refusals;
mod rooms;
mod slow;
mod wallet;
