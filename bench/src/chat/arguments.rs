//! What the subcommands take.

use std::net::SocketAddr;

use clap::Args;

use super::entrance::Door;
use super::letter::SIZES;
use crate::error::{Error, Result};
use crate::seconds;

/// Which server, and how to show the result.
#[derive(Args)]
pub(crate) struct Server {
    /// Where the server is, as ADDRESS:PORT.
    #[arg(long)]
    pub(crate) address: SocketAddr,
    #[command(flatten)]
    pub(crate) view: View,
}

#[derive(Args)]
pub(crate) struct View {
    /// The server's process, to show its processor time and memory.
    #[arg(long)]
    pub(crate) pid: Option<u32>,
    /// Prints JSON instead of a table.
    #[arg(long)]
    pub(crate) json: bool,
}

/// How long.
#[derive(Args)]
pub(crate) struct Times {
    /// How many seconds are measured.
    #[arg(long, default_value_t = 5.0, value_parser = seconds)]
    pub(crate) seconds: f64,
    /// How many seconds are not counted at the start.
    #[arg(long, default_value_t = 1.0, value_parser = seconds)]
    pub(crate) warm_up: f64,
}

/// Few who talk and many who listen.
#[derive(Args)]
pub(crate) struct Fan {
    #[command(flatten)]
    pub(super) server: Server,
    #[command(flatten)]
    pub(super) times: Times,
    #[command(flatten)]
    pub(super) shape: Shape,
    /// Deliveries per second of the paced run; 0 leaves it out.
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(0..=1_000_000))]
    pub(super) pace: u32,
    /// How many messages of a room are signed before the clock starts; the run ends early if they are used up.
    #[arg(long, default_value_t = 200_000, value_parser = clap::value_parser!(u32).range(1..=10_000_000))]
    pub(super) messages: u32,
}

#[derive(Args)]
pub(crate) struct Shape {
    /// How many clients there are.
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u16).range(2..=5000))]
    pub(super) clients: u16,
    /// How many of them talk.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub(super) senders: u16,
    /// How many messages each of these has under way.
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub(super) under_way: u16,
    /// The length of a message's JSON text, in bytes.
    #[arg(long, default_value_t = 750, value_parser = clap::value_parser!(u16).range(i64::from(*SIZES.start())..=i64::from(*SIZES.end())))]
    pub(super) size: u16,
}

/// Messages into a room that nobody watches.
#[derive(Args)]
pub(crate) struct Store {
    #[command(flatten)]
    pub(super) server: Server,
    #[command(flatten)]
    pub(super) times: Times,
    /// How many clients send.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub(super) senders: u16,
    /// How many messages each has under way.
    #[arg(long, default_value_t = 32, value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub(super) under_way: u16,
    /// The length of a message's JSON text, in bytes.
    #[arg(long, default_value_t = 750, value_parser = clap::value_parser!(u16).range(i64::from(*SIZES.start())..=i64::from(*SIZES.end())))]
    pub(super) size: u16,
    /// How many messages are signed before the clock starts; the run ends early if they are used up.
    #[arg(long, default_value_t = 200_000, value_parser = clap::value_parser!(u32).range(1..=10_000_000))]
    pub(super) messages: u32,
}

/// History, page by page.
#[derive(Args)]
pub(crate) struct Pull {
    #[command(flatten)]
    pub(super) server: Server,
    #[command(flatten)]
    pub(super) times: Times,
    /// How many messages are in the room.
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub(super) messages: u32,
}

/// Where both doors are.
#[derive(Args)]
pub(crate) struct Doors {
    /// Where rooms are, as ADDRESS:PORT.
    #[arg(long)]
    pub(super) rooms: Option<SocketAddr>,
    /// Where channels are, as ADDRESS:PORT.
    #[arg(long)]
    pub(super) channels: Option<SocketAddr>,
    #[command(flatten)]
    pub(super) view: View,
}

impl Doors {
    /// The doors that were given.
    pub(super) fn open(&self) -> Result<Vec<(Door, SocketAddr)>> {
        let rooms = self.rooms.map(|address| (Door::Rooms, address));
        let channels = self.channels.map(|address| (Door::Channels, address));
        let doors: Vec<_> = rooms.into_iter().chain(channels).collect();
        if doors.is_empty() { Err(Error::Unusable("give --rooms, --channels or both".to_owned())) } else { Ok(doors) }
    }
}

/// Clients that only are there.
#[derive(Args)]
pub(crate) struct Idle {
    #[command(flatten)]
    pub(super) doors: Doors,
    /// How many clients, all doors together.
    #[arg(long, default_value_t = 20_000, value_parser = clap::value_parser!(u32).range(1..=60_000))]
    pub(super) clients: u32,
    /// How many seconds they stay; beyond 25 all are pinged at least once.
    #[arg(long, default_value_t = 60.0, value_parser = seconds)]
    pub(super) seconds: f64,
}

/// Very many messages.
#[derive(Args)]
pub(crate) struct Soak {
    #[command(flatten)]
    pub(super) doors: Doors,
    #[command(flatten)]
    pub(super) shape: Shape,
    /// How many deliveries through each door, or messages if nobody watches.
    #[arg(long, default_value_t = 10_000_000, value_parser = clap::value_parser!(u64).range(1..=1_000_000_000))]
    pub(super) count: u64,
    /// Nobody watches: messages into a room are checked and stored only.
    #[arg(long)]
    pub(super) unwatched: bool,
}

/// A server that only passes messages on.
#[derive(Args)]
pub(crate) struct Alone {
    /// Where it listens, for rooms and channels alike.
    #[arg(long, default_value = "127.0.0.1:0")]
    pub(crate) listen: SocketAddr,
}
