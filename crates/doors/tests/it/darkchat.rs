//! The darkchat door: clients of both generations, other servers, and what must leave no trace.

mod clients;
mod limits;
mod neighbour;
mod peers;
mod rings;
mod secrecy;

pub mod client;
pub mod server;
