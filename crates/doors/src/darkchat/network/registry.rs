//! The links that are open, and which servers are to be linked.

use super::super::outbox::{Out, Outbox};
use super::name::PeerName;
use bytes::Bytes;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tidings_core::Timestamp;
use tokio::sync::watch;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

/// How long a new link waits at most until what is said here is listened to for it.
const HEARING_MAX: Duration = Duration::from_secs(1);

/// An open link.
pub(super) struct Link {
    /// Its number in this process.
    pub(super) number: u64,
    /// By what the other server is known.
    pub(super) name: PeerName,
    /// Whether it called.
    pub(super) calls_us: bool,
    /// Since when.
    pub(super) since: Timestamp,
    /// What waits for it.
    pub(super) outbox: Outbox,
    /// Ends it.
    pub(super) stop: CancellationToken,
    /// Messages that it brought.
    pub(super) received: AtomicU64,
    /// Messages that it was given to take.
    pub(super) sent: AtomicU64,
    /// Messages that it did not take in time.
    pub(super) dropped: AtomicU64,
}

impl Link {
    /// Gives it a message.
    pub(super) fn send(&self, message: Bytes) {
        self.sent.fetch_add(1, Ordering::Relaxed);
        let displaced = self.outbox.push(Out::Text(message));
        if displaced > 0 {
            self.dropped.fetch_add(displaced, Ordering::Relaxed);
            metrics::counter!("tidings_darkchat_dropped_total", "reason" => "peer").increment(displaced);
        }
    }
}

/// All open links. Two under one name are both kept: closing either would make real servers forget the name.
pub(super) struct Registry {
    links: Mutex<Vec<Arc<Link>>>,
    numbers: AtomicU64,
    count: watch::Sender<usize>,
    hearing: watch::Sender<bool>,
}

impl Default for Registry {
    fn default() -> Self {
        let (links, numbers) = (Mutex::default(), AtomicU64::new(1));
        Self { links, numbers, count: watch::Sender::new(0), hearing: watch::Sender::new(false) }
    }
}

impl Registry {
    fn lock(&self) -> MutexGuard<'_, Vec<Arc<Link>>> {
        self.links.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A number for a new link.
    pub(super) fn number(&self) -> u64 {
        self.numbers.fetch_add(1, Ordering::Relaxed)
    }

    /// Lists a link until the guard is dropped, unless there are `max` already, or its address has opened `per_address` of
    /// them. What is said from the return on reaches it.
    pub(super) async fn enter(self: &Arc<Self>, link: Link, max: usize, per_address: usize) -> Option<Listed> {
        let link = Arc::new(link);
        {
            let mut links = self.lock();
            // Callers are looked at before they greet, too, but many can greet at once.
            let alike = |other: &&Arc<Link>| other.calls_us && other.name.host() == link.name.host();
            let crowded = link.calls_us && links.iter().filter(alike).count() >= per_address;
            if links.len() >= max || crowded {
                return None;
            }
            links.push(Arc::clone(&link));
            self.tell(links.len());
        }
        let listed = Listed { registry: Arc::clone(self), link };
        // Nobody listens if the network does not run; then nothing is passed on either.
        let _ = timeout(HEARING_MAX, self.hearing.subscribe().wait_for(|hearing| *hearing)).await;
        Some(listed)
    }

    fn tell(&self, count: usize) {
        self.count.send_replace(count);
        metrics::gauge!("tidings_darkchat_links").set(f64::from(u32::try_from(count).unwrap_or(u32::MAX)));
    }

    /// The links now.
    pub(super) fn all(&self) -> Vec<Arc<Link>> {
        self.lock().clone()
    }

    /// How many there are, with every change.
    pub(super) fn count(&self) -> watch::Receiver<usize> {
        self.count.subscribe()
    }

    /// Says whether what is said here is listened to for the links.
    pub(super) fn set_hearing(&self, hearing: bool) {
        self.hearing.send_replace(hearing);
    }

    /// Whether there is a link under this name.
    pub(super) fn has(&self, name: &PeerName) -> bool {
        self.lock().iter().any(|link| link.name == *name)
    }

    /// How many links this address has opened.
    pub(super) fn calls_from(&self, address: IpAddr) -> usize {
        let links = self.lock();
        let from = |link: &&Arc<Link>| link.calls_us && link.name.host().parse() == Ok(address);
        links.iter().filter(from).count()
    }

    /// Ends all links under a name; whether there were any.
    pub(super) fn end(&self, name: &PeerName) -> bool {
        let links = self.lock();
        let named = links.iter().filter(|link| link.name == *name);
        named.map(|link| link.stop.cancel()).count() > 0
    }
}

/// A link in the list.
pub(super) struct Listed {
    registry: Arc<Registry>,
    /// The link.
    pub(super) link: Arc<Link>,
}

impl Drop for Listed {
    fn drop(&mut self) {
        let mut links = self.registry.lock();
        links.retain(|link| link.number != self.link.number);
        self.registry.tell(links.len());
    }
}
