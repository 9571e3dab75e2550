//! A running node: the wiring, on one page.

use crate::acme::Acme;
use crate::doors::Doors;
use crate::failure::Failure;
use crate::logs::Logs;
use crate::node::Node;
use crate::output::Output;
use crate::ports::Ports;
use crate::probes::{Probes, start_metrics};
use crate::reload::Live;
use crate::settings::{Given, InForce, Settings};
use crate::tls::Certificates;
use crate::welcome::First;
use crate::{Outcome, control, open_files, systemd};
use metrics_exporter_prometheus::PrometheusHandle;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;
use tidings_core::ports::Housekeeping as _;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// Threads for work that blocks, such as files; each costs memory.
const BLOCKING_THREADS_MAX: usize = 16;

/// How often certificate files are looked at.
const CERTIFICATES_EVERY: Duration = Duration::from_secs(60);

/// How often histograms are summed up, so that what they hold stays bounded when nobody asks for metrics.
const METRICS_UPKEEP_EVERY: Duration = Duration::from_secs(5);

/// How long work that blocks may go on when all else has ended.
const BLOCKING_END_MAX: Duration = Duration::from_secs(2);

/// Runs a node until it is told to end. Fails if it can't start, or if its data turns out to be damaged.
pub fn run(given: Given, found: InForce, output: &Output) -> Outcome {
    let settings = &found.settings;
    let logs = Logs::start(&settings.log_level, settings.log_format, output.colours())?;
    let processors = || std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(settings.worker_threads.unwrap_or_else(processors))
        .max_blocking_threads(BLOCKING_THREADS_MAX)
        .enable_all()
        .build()?;
    let served = runtime.block_on(open_and_serve(given, found, logs, output));
    runtime.shutdown_timeout(BLOCKING_END_MAX);
    served.map(|()| ExitCode::SUCCESS)
}

async fn open_and_serve(given: Given, found: InForce, logs: Logs, output: &Output) -> Result<(), Failure> {
    let signals = Signals::new()?;
    open_files::allow(found.settings.connections());
    let metrics = found.settings.metrics.then(start_metrics).transpose()?;
    let node = Node::open(found)?;
    let served = serve(&node, given, logs, metrics, signals, output).await;
    let closed = node.close().await;
    if served.is_ok() {
        tracing::info!("ended");
    }
    served.and(closed)
}

async fn serve(
    node: &Node,
    given: Given,
    logs: Logs,
    metrics: Option<PrometheusHandle>,
    mut signals: Signals,
    output: &Output,
) -> Result<(), Failure> {
    let started = node.found.load_full();
    let settings = &started.settings;
    let shutdown = CancellationToken::new();
    let doors = Doors::open(node).await?;
    let certificates = Certificates::open(settings)?;
    let acme = Acme::open(settings)?;
    let tls = certificates.as_ref().map(Certificates::tls).or_else(|| acme.as_ref().map(Acme::tls));
    let probes = Probes::new(node, shutdown.clone(), metrics.clone());
    let control = control::Server::open(&settings.data_dir())?;

    let mut ports = Ports::new(settings, shutdown.clone());
    ports.open(settings, &doors, &probes, tls.as_ref(), acme.as_ref())?;
    ports.serving.spawn(control::serve(control, node.clone(), shutdown.clone()));

    let mut background = JoinSet::new();
    doors.start(node, &mut background);
    background.spawn(keep_metrics(metrics));
    background.spawn(verify(node.clone(), probes.clone(), shutdown.clone()));
    if let Some(acme) = acme {
        background.spawn(acme.run());
    }
    welcome(node, &ports, output).await;
    systemd::notify("READY=1");

    let found = Arc::clone(&node.found);
    let mut live = Live { given, started, found, serving: ports.serving(), doors, logs, certificates };
    signals.wait(&mut live, &shutdown).await;
    systemd::notify("STOPPING=1");
    shutdown.cancel();
    let drained = signals.drain(ports.serving).await;
    background.shutdown().await;
    match drained {
        _ if probes.damaged() => Err(Failure::Damaged(DAMAGED.to_owned())),
        true => Ok(()),
        false => Err(Failure::Failed("ended at once; running requests were broken off".to_owned())),
    }
}

/// What is said when damage is found while the node runs.
const DAMAGED: &str = "the stored data is damaged, as the log says; the node ended so that it does not get worse.\n\
     Move the damaged database away (keep it) and bring back the last backup with `tidings restore`.";

/// Keeps what was counted small, if anything is counted.
async fn keep_metrics(metrics: Option<PrometheusHandle>) {
    let Some(handle) = metrics else { return };
    let mut every = tokio::time::interval(METRICS_UPKEEP_EVERY);
    loop {
        every.tick().await;
        handle.run_upkeep();
    }
}

/// Checks a database that was too large to be checked before it was opened. Damage ends the node.
async fn verify(node: Node, probes: Probes, shutdown: CancellationToken) {
    let size = std::fs::metadata(node.store.path()).map_or(0, |found| found.len());
    if size <= tidings_backends::Options::default().verify_at_open_max {
        return;
    }
    match node.store.verify().await {
        Ok(findings) if findings.is_empty() => tracing::info!("the database was checked; all is well"),
        Ok(findings) => {
            // First, so that whoever reads the log finds it not ready.
            probes.note_damage();
            for finding in &findings {
                tracing::error!(finding, "the database is damaged");
            }
            shutdown.cancel();
        }
        Err(error) => tracing::warn!(%error, "the database could not be checked"),
    }
}

/// Says where the node is and how to come in.
async fn welcome(node: &Node, ports: &Ports, output: &Output) {
    let found = node.found.load_full();
    let settings = &found.settings;
    warn(settings);
    let scheme = if settings.speaks_tls() { "https" } else { "http" };
    output.line(format_args!("Tidings {}", env!("CARGO_PKG_VERSION")));
    output.line(format_args!("data folder {}", settings.data_dir().display()));
    for address in &ports.addresses {
        output.line(format_args!("listening on {scheme}://{address}"));
    }
    ports.others.iter().for_each(|line| output.line(line));
    let front = node.front.get_or_init(|| front(settings, &ports.addresses, scheme));
    output.line(format_args!("open {front}"));
    match First::find(node, node.engine.now()).await {
        Ok(first) => first.show(output),
        // A full disk, for example, must not keep people from fetching what waits for them, which makes room.
        Err(failure) => tracing::error!("no invitation could be made: {failure}"),
    }
}

/// The address for people.
fn front(settings: &Settings, addresses: &[SocketAddr], scheme: &str) -> String {
    if let Some(url) = &settings.public_url {
        return url.to_string();
    }
    match addresses.first() {
        Some(address) if address.ip().is_unspecified() => format!("{scheme}://localhost:{}", address.port()),
        Some(address) => format!("{scheme}://{address}"),
        None => format!("{scheme}://localhost"),
    }
}

/// Says which settings a node for others should have.
fn warn(settings: &Settings) {
    // A node without a public name is for its own machine, or not set up yet: `tidings doctor` tells it, too.
    if settings.push_contact.is_none() && settings.public_url.is_some() {
        tracing::warn!(
            contact = settings.push_contact_or_default(),
            "push-contact is not set; push services get this instead, and some may refuse it"
        );
    }
    if settings.trusted_proxies.iter().any(|net| net.prefix_len() == 0) {
        tracing::warn!("trusted-proxies names everybody: anybody can forge the address that limits are counted by");
    }
    let channels = &settings.channels;
    if channels.welcome_any_server() {
        tracing::warn!(
            "darkchat-allowed-peers is not set: whoever reaches the peer port reads all channels and can speak in any name"
        );
    }
    if channels.keyless {
        tracing::warn!("darkchat-keyless is on: guests without keys are let in and can take any name");
    }
    if settings.push_allow_loopback {
        tracing::warn!("push-allow-loopback is on: users can make this node call services on its own machine");
    }
}

/// The signals that a node listens to.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hangup: Signal,
}

impl Signals {
    fn new() -> Result<Self, Failure> {
        let open = |kind| signal(kind).map_err(|error| Failure::of("listening to signals", error));
        Ok(Self {
            terminate: open(SignalKind::terminate())?,
            interrupt: open(SignalKind::interrupt())?,
            hangup: open(SignalKind::hangup())?,
        })
    }

    /// Waits until the node is told to end, and reloads meanwhile.
    async fn wait(&mut self, live: &mut Live, shutdown: &CancellationToken) {
        let mut look = tokio::time::interval(CERTIFICATES_EVERY);
        loop {
            tokio::select! {
                _ = self.terminate.recv() => return,
                _ = self.interrupt.recv() => return,
                () = shutdown.cancelled() => return,
                _ = self.hangup.recv() => live.reload(),
                _ = look.tick() => live.look_at_certificates(),
            }
        }
    }

    /// Waits until all requests have ended. A second signal ends them; then it gives false.
    async fn drain(&mut self, mut serving: JoinSet<()>) -> bool {
        tracing::info!("ending; running requests may finish");
        let all = async { while serving.join_next().await.is_some() {} };
        tokio::select! {
            () = all => true,
            _ = self.terminate.recv() => false,
            _ = self.interrupt.recv() => false,
        }
    }
}
