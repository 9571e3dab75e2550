//! Rooms and channels: few talk and many listen, over WebSocket. An independent client of both protocols, made to cost as little
//! as it can.

pub(crate) mod arguments;
pub(crate) mod command;
pub(crate) mod crowd;
mod ears;
pub(crate) mod entrance;
mod fan;
pub(crate) mod frame;
pub(crate) mod idle;
mod letter;
pub(crate) mod line;
pub(crate) mod order;
mod pool;
mod pull;
mod reference;
pub(crate) mod sheet;
mod speaker;
pub(crate) mod spread;
mod stamp;
mod timer;
pub(crate) mod wallet;
pub(crate) mod window;

#[cfg(test)]
mod tests;
