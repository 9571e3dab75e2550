//! Rooms and channels: few talk and many listen, over WebSocket. An independent client of both protocols, made to cost as little
//! as it can.

pub(crate) mod arguments;
pub(crate) mod command;
mod crowd;
mod ears;
pub(crate) mod entrance;
mod fan;
mod frame;
mod idle;
mod letter;
mod line;
mod order;
mod pool;
mod pull;
mod reference;
mod sheet;
mod speaker;
mod spread;
mod stamp;
mod timer;
mod wallet;
mod window;

#[cfg(test)]
mod tests;
