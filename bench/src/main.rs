//! Measures a running server, Tidings or another, from outside: its piqchat door, its rooms and its channels. See the README beside it.

mod answer;
mod call;
mod cast;
mod chat;
mod clock;
mod disk;
mod driver;
mod error;
mod figures;
mod lane;
mod multipart;
mod native;
mod process;
mod report;
mod script;
mod sign;
mod stage;
mod trivial;
mod workload;

use std::io::{self, Write as _};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum as _};

use crate::chat::entrance::Door;
use crate::chat::{arguments, command};
use crate::driver::Plan;
use crate::error::{Error, Result};
use crate::native::{arguments as native_arguments, command as native_command};
use crate::workload::Workload;

/// Measures a running server from outside.
#[derive(Parser)]
#[command(name = "tidings-bench", version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Shows how fast the generator is against a server that does nothing.
    Alone(Load),
    /// Measures a server.
    Run(Run),
    /// Measures a room: deliveries as fast as they go, then at a pace.
    Rooms(arguments::Fan),
    /// Measures how fast messages into a room that nobody watches are checked and stored.
    Store(arguments::Store),
    /// Measures how fast a room's history is pulled.
    Pull(arguments::Pull),
    /// Measures a channel: deliveries as fast as they go, then at a pace.
    Channel(arguments::Fan),
    /// Measures what idle clients cost.
    Idle(arguments::Idle),
    /// Sends very many messages and watches the server's memory.
    Soak(arguments::Soak),
    /// Measures messages through a node's native door while many devices listen.
    Conversations(native_arguments::Conversations),
    /// Measures how long devices take that were away while many messages came.
    Resume(native_arguments::Resume),
    /// Measures what devices cost that only listen at the native door.
    Listen(native_arguments::Listen),
    /// Runs a server that only passes messages on, to show what the generator can do at most.
    Reference(arguments::Alone),
    /// The same for entries of groups at the native door.
    NativeReference(native_arguments::Alone),
    /// Shows how long the disk takes for a synced write of 4 KiB.
    Sync(Sync),
}

#[derive(Args)]
struct Load {
    /// How many connections are open at once.
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u16).range(1..=5000))]
    connections: u16,
    /// How many threads drive them.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=64))]
    threads: u16,
    /// How many seconds each workload is measured.
    #[arg(long, default_value_t = 5.0, value_parser = seconds)]
    seconds: f64,
    /// How many seconds of each workload are not counted at its start.
    #[arg(long, default_value_t = 0.5, value_parser = seconds)]
    warm_up: f64,
    /// How many keys upload.
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u16).range(1..=1000))]
    senders: u16,
    /// How many accounts receive.
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u16).range(1..=10_000))]
    recipients: u16,
    /// Signs once for each workload and key; clients sign each request.
    #[arg(long)]
    reuse_signatures: bool,
    /// Only these workloads, separated by commas.
    #[arg(long, value_delimiter = ',')]
    only: Vec<Workload>,
    /// Prints JSON instead of a table.
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
struct Run {
    /// Where the server is, as http://HOST:PORT.
    #[arg(long)]
    url: String,
    /// A sign-up invitation: the link, or the token in it.
    #[arg(long)]
    invite: String,
    /// The server's process, to show its processor time and memory.
    #[arg(long)]
    pid: Option<u32>,
    /// How many parcels are uploaded to be deleted.
    #[arg(long, default_value_t = 40_000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    deletions: u32,
    #[command(flatten)]
    load: Load,
}

#[derive(Args)]
struct Sync {
    /// The folder to write in; it should be on the disk that the server uses.
    folder: PathBuf,
    /// How many seconds to measure.
    #[arg(long, default_value_t = 3.0, value_parser = seconds)]
    seconds: f64,
    /// Prints JSON instead of a sentence.
    #[arg(long)]
    json: bool,
}

/// Reads a time between nothing and ten minutes.
fn seconds(text: &str) -> std::result::Result<f64, String> {
    let value: f64 = text.parse().map_err(|_| "not a number".to_owned())?;
    if (0.0..=600.0).contains(&value) { Ok(value) } else { Err("must be between 0 and 600".to_owned()) }
}

impl Load {
    fn plan(&self) -> Plan {
        Plan {
            target: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            connections: self.connections.into(),
            threads: self.threads.into(),
            warm_up: Duration::from_secs_f64(self.warm_up),
            time: Some(Duration::from_secs_f64(self.seconds)),
        }
    }

    fn workloads(&self) -> &[Workload] {
        if self.only.is_empty() { Workload::value_variants() } else { &self.only }
    }

    fn show(&self, results: &[workload::Measured]) -> Result<()> {
        let mut out = io::stdout().lock();
        let written = if self.json { report::json(&mut out, results) } else { report::table(&mut out, results) };
        written.map_err(Error::io("writing the result"))
    }
}

fn main() -> ExitCode {
    let done = match Arguments::parse().command {
        Command::Alone(load) => alone(&load),
        Command::Run(run) => measure(&run),
        Command::Rooms(fan) => command::fan(Door::Rooms, &fan),
        Command::Store(store) => command::store(&store),
        Command::Pull(pull) => command::pull(&pull),
        Command::Channel(fan) => command::fan(Door::Channels, &fan),
        Command::Idle(idle) => command::idle(&idle),
        Command::Soak(soak) => command::soak(&soak),
        Command::Conversations(conversations) => native_command::conversations(&conversations),
        Command::Resume(resume) => native_command::resume(&resume),
        Command::Listen(listen) => native_command::listen(&listen),
        Command::Reference(alone) => command::reference(&alone),
        Command::NativeReference(alone) => native_command::reference(&alone),
        Command::Sync(sync) => show_sync(&sync),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nobody is left to be told if even this cannot be written.
            let _written = writeln!(io::stderr().lock(), "tidings-bench: {error}");
            ExitCode::FAILURE
        }
    }
}

fn alone(load: &Load) -> Result<()> {
    let (senders, recipients) = (load.senders.into(), load.recipients.into());
    let workloads = load.workloads().iter();
    let results =
        workloads.map(|workload| workload::alone(*workload, load.plan(), senders, recipients, load.reuse_signatures));
    load.show(&results.collect::<Result<Vec<_>>>()?)
}

fn measure(run: &Run) -> Result<()> {
    let load = &run.load;
    let people = (load.senders.into(), load.recipients.into());
    let (mut stage, plan) = workload::stage(&run.url, &run.invite, people, load.reuse_signatures, load.plan())?;
    let deletions = usize::try_from(run.deletions).unwrap_or(usize::MAX);
    let mut results = Vec::new();
    for workload in load.workloads() {
        match workload::on_stage(*workload, plan, &mut stage, deletions, run.pid) {
            Ok(measured) => results.push(measured),
            Err(error) if results.is_empty() => return Err(error),
            // What was measured before is worth showing all the same.
            Err(error) => return load.show(&results).and(Err(error)),
        }
    }
    load.show(&results)
}

fn show_sync(sync: &Sync) -> Result<()> {
    let synced = disk::measure(&sync.folder, Duration::from_secs_f64(sync.seconds))?;
    report::sync(&mut io::stdout().lock(), &synced, sync.json).map_err(Error::io("writing the result"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_consistent() {
        <Arguments as clap::CommandFactory>::command().debug_assert();
        assert!(seconds("2.5").is_ok() && seconds("-1").is_err() && seconds("1e9").is_err() && seconds("NaN").is_err());
    }
}
