//! One link to another server, from the greeting to the end.

use super::super::listen::plain;
use super::super::outbox::Outbox;
use super::super::pace::{Pace, write_all, write_one};
use super::super::patience::Allowance;
use super::form;
use super::reader::{LinkReader, Said, Stage};
use super::registry::{Link, Listed};
use super::{Network, PeerName};
use std::collections::BTreeSet;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep_until, timeout};
use tokio_util::sync::CancellationToken;

/// How long a greeting may take.
const GREETING_MAX: Duration = Duration::from_secs(10);

/// The silence after `ok`: real callers die of what comes in the same read.
const SILENCE_AFTER_OK: Duration = Duration::from_millis(500);

/// The silence after which what could have gone on is over.
const QUIET: Duration = Duration::from_millis(60);

/// How long a message may stay unfinished.
const UNFINISHED_MAX: Duration = Duration::from_secs(30);

/// Bytes that one read takes: as much as the real server's.
const READ_MAX: usize = 64 * 1024;

/// Why there is no link.
#[derive(Debug, thiserror::Error)]
pub enum LinkError {
    /// The connection could not be made, or broke.
    #[error("no connection: {0}")]
    Broken(#[from] io::Error),
    /// No address of that name, or none that may be called.
    #[error("no address that may be called")]
    NoAddress,
    /// The other side is this node.
    #[error("that is this node itself")]
    Own,
    /// The other side took too long to greet, or is no peer.
    #[error("the other side does not greet as a peer")]
    NoPeer,
    /// It is being called already, and has not answered yet; or the node ends.
    #[error("it is being called already")]
    UnderWay,
    /// There are as many links as the settings allow.
    #[error("there are too many links already")]
    TooMany,
}

/// A greeted connection with what came behind the greeting.
pub(super) struct Greeted {
    stream: TcpStream,
    reader: LinkReader,
    said: Vec<Said>,
    listed: Listed,
}

/// Greets a server that was dialled.
///
/// # Errors
/// [`LinkError::Broken`], [`LinkError::NoPeer`] and [`LinkError::TooMany`].
pub(super) async fn call(network: &Network, stream: TcpStream, name: PeerName) -> Result<Greeted, LinkError> {
    let pace = Pace { gap: Duration::ZERO, ..network.pace() };
    write_one(&stream, &form::greeting(network.port()), pace).await?;
    let mut reader = LinkReader::new(Stage::Calling);
    let mut said = greeting(&stream, &mut reader).await?;
    if said.first() != Some(&Said::Ok) {
        return Err(refuse(&stream, pace).await);
    }
    said.remove(0);
    let listed = list(network, name, false).await?;
    Ok(Greeted { stream, reader, said, listed })
}

/// Answers a server that called.
///
/// # Errors
/// As [`call`].
pub(super) async fn answer(network: &Network, stream: TcpStream, from: SocketAddr) -> Result<Greeted, LinkError> {
    let pace = Pace { gap: Duration::ZERO, ..network.pace() };
    let mut reader = LinkReader::new(Stage::Called);
    let said = greeting(&stream, &mut reader).await?;
    let Some(Said::Greeting(port)) = said.first() else { return Err(refuse(&stream, pace).await) };
    let listed = list(network, PeerName::of(plain(from), *port), true).await?;
    write_one(&stream, form::OK.as_bytes(), Pace { gap: SILENCE_AFTER_OK, ..pace }).await?;
    Ok(Greeted { stream, reader, said: Vec::new(), listed })
}

/// Says that the greeting was not understood.
async fn refuse(stream: &TcpStream, pace: Pace) -> LinkError {
    match timeout(GREETING_MAX, write_one(stream, form::ERROR.as_bytes(), pace)).await {
        Ok(Err(error)) => error.into(),
        _ => LinkError::NoPeer,
    }
}

/// Reads until something was said.
async fn greeting(stream: &TcpStream, reader: &mut LinkReader) -> Result<Vec<Said>, LinkError> {
    let mut said = Vec::new();
    let reading = async {
        while said.is_empty() {
            let quiet = if reader.is_unfinished() { QUIET } else { GREETING_MAX };
            match timeout(quiet, stream.readable()).await {
                Ok(readable) => {
                    readable?;
                    if !fill(stream, reader, &mut said)?.0 {
                        return Err(LinkError::NoPeer);
                    }
                }
                Err(_) => reader.quiet(&mut said),
            }
        }
        Ok(())
    };
    timeout(GREETING_MAX, reading).await.map_err(|_| LinkError::NoPeer)??;
    Ok(said)
}

/// Reads what is there: whether the link goes on, and how many bytes came.
fn fill(stream: &TcpStream, reader: &mut LinkReader, said: &mut Vec<Said>) -> io::Result<(bool, usize)> {
    let mut read = Vec::with_capacity(READ_MAX);
    match stream.try_read_buf(&mut read) {
        Ok(0) => Ok((false, 0)),
        Ok(count) => {
            reader.read(&read, said);
            Ok((true, count))
        }
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok((true, 0)),
        Err(error) => Err(error),
    }
}

/// Lists the link, and has it told of all others.
async fn list(network: &Network, name: PeerName, calls_us: bool) -> Result<Listed, LinkError> {
    let others: BTreeSet<PeerName> = network.registry.all().iter().map(|link| link.name.clone()).collect();
    let settings = network.settings.load();
    let (queue, max, per_address) = (settings.queue, settings.max_peers, settings.peers_per_address);
    drop(settings);
    let link = Link {
        number: network.registry.number(),
        name,
        calls_us,
        since: network.engine.now(),
        outbox: Outbox::new(queue),
        stop: CancellationToken::new(),
        received: AtomicU64::new(0),
        sent: AtomicU64::new(0),
        dropped: AtomicU64::new(0),
    };
    let adverts = others.iter().filter(|other| **other != link.name).filter_map(form::advert);
    adverts.for_each(|advert| link.outbox.answer(advert));
    network.registry.enter(link, max, per_address).await.ok_or(LinkError::TooMany)
}

/// Runs a greeted link to its end.
pub(super) async fn run(network: &Arc<Network>, greeted: Greeted) {
    let Greeted { stream, reader, said, listed } = greeted;
    let link = &listed.link;
    let pace = Pace { whole_only: true, ..network.pace() };
    tracing::info!(peer = %link.name, "linked to a peer");
    let reading = Reading { network, link, stream: &stream, reader, unfinished: None };
    tokio::select! {
        () = link.stop.cancelled() => {}
        _ = write_all(&stream, &link.outbox, pace) => {}
        _ = reading.run(said) => {}
    }
    tracing::info!(peer = %link.name, "a link to a peer has ended");
}

/// A message under way.
struct Unfinished {
    begun: Instant,
    last: Instant,
    /// Whether the quiet after its last byte was told.
    told: bool,
}

impl Unfinished {
    fn deadline(&self) -> Instant {
        if self.told { self.begun + UNFINISHED_MAX } else { self.last + QUIET }
    }
}

/// The reading half.
struct Reading<'a> {
    network: &'a Arc<Network>,
    link: &'a Link,
    stream: &'a TcpStream,
    reader: LinkReader,
    unfinished: Option<Unfinished>,
}

impl Reading<'_> {
    async fn run(mut self, mut said: Vec<Said>) -> io::Result<()> {
        let mut allowance = Allowance::new(self.network.settings.load().peer_budget, Instant::now());
        self.note(false);
        let mut bytes = 0;
        loop {
            let (budget, now) = (self.network.settings.load().peer_budget, Instant::now());
            let pause = allowance.take(budget, said.len(), bytes, now);
            for said in said.drain(..) {
                self.network.hear(self.link, said).await;
            }
            if !pause.is_zero() {
                sleep_until(now + pause).await;
            }
            bytes = match self.wait(&mut said).await? {
                Some(bytes) => bytes,
                None => return Ok(()),
            };
        }
    }

    /// Waits for bytes, or for their absence to mean something; how many came, `None` at the end.
    async fn wait(&mut self, said: &mut Vec<Said>) -> io::Result<Option<usize>> {
        let deadline = self.unfinished.as_ref().map(Unfinished::deadline);
        tokio::select! {
            readable = self.stream.readable() => {
                readable?;
                let (goes_on, bytes) = fill(self.stream, &mut self.reader, said)?;
                self.note(!said.is_empty());
                Ok(goes_on.then_some(bytes))
            }
            () = sleep_until(deadline.unwrap_or_else(Instant::now)), if deadline.is_some() => {
                self.wait_is_over(said);
                Ok(Some(0))
            }
        }
    }

    /// Notes that something was read, and whether a message ended.
    fn note(&mut self, ended: bool) {
        let now = Instant::now();
        let begun = self.unfinished.take().filter(|_| !ended).map_or(now, |unfinished| unfinished.begun);
        if now.saturating_duration_since(begun) > UNFINISHED_MAX {
            self.reader.give_up();
        }
        if self.reader.is_unfinished() {
            self.unfinished = Some(Unfinished { begun, last: now, told: false });
        }
    }

    fn wait_is_over(&mut self, said: &mut Vec<Said>) {
        match self.unfinished.take() {
            Some(unfinished) if !unfinished.told => {
                self.reader.quiet(said);
                if self.reader.is_unfinished() {
                    self.unfinished = Some(Unfinished { told: true, ..unfinished });
                }
            }
            _ => self.reader.give_up(),
        }
    }
}
