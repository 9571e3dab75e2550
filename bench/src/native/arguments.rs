//! What the subcommands take.

use std::net::SocketAddr;

use clap::Args;

use super::entries::MIN_SIZE;
use crate::chat::arguments::{Server, Times};
use crate::seconds;

/// Messages through one node while many devices listen.
#[derive(Args)]
pub(crate) struct Conversations {
    #[command(flatten)]
    pub(super) server: Server,
    #[command(flatten)]
    pub(super) times: Times,
    /// How many devices listen, each of an account of its own, to its inbox and its groups.
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1..=60_000))]
    pub(super) devices: u32,
    /// How many groups there are. Devices spread evenly over them, and all members take turns to send.
    #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..=60_000))]
    pub(super) groups: u32,
    /// How many groups each device is in.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub(super) each: u16,
    /// Messages per second of the paced run; 0 leaves it out.
    #[arg(long, default_value_t = 5000, value_parser = clap::value_parser!(u32).range(0..=1_000_000))]
    pub(super) pace: u32,
    /// How many messages are signed for the run that is as fast as it goes, which ends early if they are used up; 0 leaves it out.
    #[arg(long, default_value_t = 100_000, value_parser = clap::value_parser!(u32).range(0..=2_000_000))]
    pub(super) messages: u32,
    /// Bytes of a message's sealed body.
    #[arg(long, default_value_t = 512, value_parser = clap::value_parser!(u16).range(i64::from(MIN_SIZE)..=60_000))]
    pub(super) size: u16,
    /// Over how many connections messages are posted.
    #[arg(long, default_value_t = 128, value_parser = clap::value_parser!(u16).range(1..=5000))]
    pub(super) connections: u16,
}

/// Devices that were away.
#[derive(Args)]
pub(crate) struct Resume {
    #[command(flatten)]
    pub(super) server: Server,
    /// How many messages wait.
    #[arg(long, default_value_t = 50_000, value_parser = clap::value_parser!(u32).range(1..=2_000_000))]
    pub(super) waiting: u32,
    /// In how many groups they wait; one run for each.
    #[arg(long, value_delimiter = ',', default_values_t = [1, 200], value_parser = clap::value_parser!(u16).range(1..=2000))]
    pub(super) groups: Vec<u16>,
    /// How many devices come back at once; one run for each.
    #[arg(long, value_delimiter = ',', default_values_t = [1, 4], value_parser = clap::value_parser!(u16).range(1..=100))]
    pub(super) at_once: Vec<u16>,
    /// Bytes of a message's sealed body.
    #[arg(long, default_value_t = 512, value_parser = clap::value_parser!(u16).range(i64::from(MIN_SIZE)..=60_000))]
    pub(super) size: u16,
}

/// Devices that only listen.
#[derive(Args)]
pub(crate) struct Listen {
    #[command(flatten)]
    pub(super) server: Server,
    /// How many devices, each of an account of its own.
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1..=60_000))]
    pub(super) devices: u32,
    /// How many groups each follows beside its inbox. There are a tenth as many groups as devices.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u16).range(0..=200))]
    pub(super) each: u16,
    /// How many seconds they stay; beyond 45 all are pinged at least once.
    #[arg(long, default_value_t = 60.0, value_parser = seconds)]
    pub(super) seconds: f64,
    /// KiB of resident memory that each may cost at the end; above, the run fails.
    #[arg(long, default_value_t = 12.0, value_parser = seconds)]
    pub(super) most: f64,
}

/// A node that only passes entries on.
#[derive(Args)]
pub(crate) struct Alone {
    /// Where it listens.
    #[arg(long, default_value = "127.0.0.1:0")]
    pub(super) listen: SocketAddr,
}
