//! Links to other servers (wire/darkchat.md, section 8). All of them are taken for real ones: nothing is written that a real
//! one would die of or lose.

mod dial;
mod form;
mod link;
mod name;
mod reader;
mod registry;

pub use link::LinkError;
pub use name::PeerName;
pub use reader::{LinkReader, Said, Stage};

use super::delivery::{destination, draft};
use super::listen;
use super::pace::Pace;
use super::settings::Settings;
use arc_swap::ArcSwap;
use ipnet::IpNet;
use registry::{Link, Registry};
use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tidings_core::{Caller, PeerLink, Refusal, StreamKind, Timestamp};
use tidings_engine::live::Passing;
use tidings_engine::{Engine, Post};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// The port that servers customarily listen on for each other, told where there is no better answer.
const CUSTOMARY_PORT: u16 = 30303;

/// A link as the owner sees it.
#[derive(Clone, Debug)]
pub struct PeerInfo {
    /// `HOST:PORT`.
    pub name: String,
    /// Whether the other server called.
    pub calls_us: bool,
    /// Since when.
    pub since: Timestamp,
    /// Messages that it brought.
    pub received: u64,
    /// Messages that it was given.
    pub sent: u64,
    /// Messages that it did not take in time.
    pub dropped: u64,
}

/// All that this node has to do with other servers.
pub struct Network {
    engine: Engine,
    settings: Arc<ArcSwap<Settings>>,
    registry: Arc<Registry>,
    told: dial::Told,
    /// Where this node listens for others.
    homes: Mutex<Vec<SocketAddr>>,
    /// Whom the owner wants linked, and what ends that.
    wishes: Mutex<HashMap<PeerName, CancellationToken>>,
    stop: CancellationToken,
    tasks: TaskTracker,
}

impl Network {
    pub(super) fn new(engine: Engine, settings: Arc<ArcSwap<Settings>>) -> Arc<Self> {
        Arc::new(Self {
            engine,
            settings,
            registry: Arc::default(),
            told: dial::Told::default(),
            homes: Mutex::default(),
            wishes: Mutex::default(),
            stop: CancellationToken::new(),
            tasks: TaskTracker::new(),
        })
    }

    /// Links to a server, and again whenever that link is lost, until [`Network::forget`] or the end of the process. Gives its
    /// name. If the first call fails, it stays the only one. Calling what is linked already is fine.
    ///
    /// # Errors
    /// What went wrong with the first call.
    pub async fn connect(self: &Arc<Self>, host: &str, port: u16) -> Result<PeerName, LinkError> {
        let name = PeerName::new(host, port).ok_or(LinkError::NoAddress)?;
        if self.is_own(&name) {
            return Err(LinkError::Own);
        }
        let (first, told) = oneshot::channel();
        if !self.wish(name.clone(), Some(first)) && self.registry.has(&name) {
            return Ok(name);
        }
        match told.await {
            Ok(called) => called.map(|()| name),
            Err(_) if self.registry.has(&name) => Ok(name),
            Err(_) => Err(LinkError::UnderWay),
        }
    }

    /// The links, by name.
    pub fn peers(&self) -> Vec<PeerInfo> {
        let info = |link: &Arc<Link>| PeerInfo {
            name: link.name.to_string(),
            calls_us: link.calls_us,
            since: link.since,
            received: link.received.load(Ordering::Relaxed),
            sent: link.sent.load(Ordering::Relaxed),
            dropped: link.dropped.load(Ordering::Relaxed),
        };
        let mut peers: Vec<PeerInfo> = self.registry.all().iter().map(info).collect();
        peers.sort_by(|one, other| one.name.cmp(&other.name));
        peers
    }

    /// Ends the links to a server and does not call it again, until the process ends if it stands in the settings. False if
    /// there was nothing to end.
    pub fn forget(&self, name: &str) -> bool {
        let Some(name) = PeerName::parse(name) else { return false };
        let wished = self.wishes().remove(&name);
        if let Some(wish) = &wished {
            wish.cancel();
        }
        self.registry.end(&name) || wished.is_some()
    }

    /// Takes up the peers of the settings in force, after they were exchanged. Those that are linked stay.
    pub fn reload(self: &Arc<Self>) {
        for peer in &self.settings.load().peers {
            match PeerName::parse(peer) {
                Some(name) if !self.is_own(&name) => {
                    self.wish(name, None);
                }
                Some(_) => {}
                None => tracing::warn!(peer, "not a peer; it should be HOST:PORT"),
            }
        }
    }

    /// Has a server linked. False if that is so already.
    fn wish(self: &Arc<Self>, name: PeerName, first: Option<oneshot::Sender<Result<(), LinkError>>>) -> bool {
        let mut wishes = self.wishes();
        if wishes.contains_key(&name) {
            return false;
        }
        let stop = self.stop.child_token();
        wishes.insert(name.clone(), stop.clone());
        self.spawn(dial::keep(Arc::clone(self), name, stop, first));
        true
    }

    fn unwish(&self, name: &PeerName) {
        self.wishes().remove(name);
    }

    fn wishes(&self) -> MutexGuard<'_, HashMap<PeerName, CancellationToken>> {
        self.wishes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn homes(&self) -> MutexGuard<'_, Vec<SocketAddr>> {
        self.homes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs something until the node stops.
    fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        let stop = self.stop.clone();
        self.tasks.spawn(async move {
            tokio::select! {
                () = stop.cancelled() => {}
                () = work => {}
            }
        });
    }

    /// The port that others are told.
    fn port(&self) -> u16 {
        let listens = || self.homes().first().map(SocketAddr::port);
        self.settings.load().announced_port.or_else(listens).unwrap_or(CUSTOMARY_PORT)
    }

    fn pace(&self) -> Pace {
        let settings = self.settings.load();
        Pace { gap: settings.pace, stall: settings.stall_timeout, whole_only: false }
    }

    /// Whether this is the name of a port that this node listens on.
    fn is_own(&self, name: &PeerName) -> bool {
        names_one_of(&self.homes(), name)
    }

    /// Whether this node listens at an address of its own.
    fn listens_at(&self, own: SocketAddr) -> bool {
        self.homes().iter().any(|home| {
            let at = home.ip().to_canonical();
            home.port() == own.port() && (at == own.ip().to_canonical() || at.is_unspecified())
        })
    }

    /// Whether a server at this address may be a peer. Those that the owner wants may.
    fn allows(&self, address: IpAddr) -> bool {
        let settings = self.settings.load();
        let listed = |nets: &Vec<IpNet>| nets.iter().any(|net| net.contains(&address.to_canonical()));
        let wanted = || self.wishes().keys().any(|name| name.host().parse() == Ok(address.to_canonical()));
        settings.allowed_peers.as_ref().is_none_or(listed) || wanted()
    }

    /// Notes where callers will be served.
    pub(super) fn settle(&self, listener: &TcpListener) {
        match listener.local_addr() {
            Ok(home) => self.homes().push(home),
            Err(error) => tracing::warn!(%error, "a peer listener without address"),
        }
    }

    /// Serves callers until `shutdown`.
    pub(super) async fn serve(self: Arc<Self>, listener: TcpListener, shutdown: CancellationToken) {
        let max = self.settings.load().max_peers;
        let serve = |stream, from| Self::serve_one(Arc::clone(&self), stream, from);
        listen::listen(listener, max, shutdown, serve).await;
    }

    async fn serve_one(self: Arc<Self>, stream: TcpStream, from: SocketAddr) {
        let address = listen::plain(from);
        if !self.allows(address) || self.registry.calls_from(address) >= self.settings.load().peers_per_address {
            tracing::debug!("refused a caller that is no allowed peer, or is linked often enough");
            return;
        }
        match link::answer(&self, stream, from).await {
            Ok(greeted) => link::run(&self, greeted).await,
            Err(error) => tracing::debug!(%error, "a caller was no peer"),
        }
    }

    /// Calls the peers of the settings and passes on what is said here, until `shutdown`; then ends all links.
    pub(super) async fn run(self: Arc<Self>, shutdown: CancellationToken) {
        self.reload();
        tokio::select! {
            () = shutdown.cancelled() => {}
            () = self.pass_on() => {}
        }
        self.stop.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }

    /// Listens to what is said on this node as long as there are links, and gives it to them.
    async fn pass_on(&self) {
        let mut count = self.registry.count();
        loop {
            // The sender lives as long as this does.
            let _ = count.wait_for(|links| *links > 0).await;
            let mut live = self.engine.live();
            self.registry.set_hearing(true);
            loop {
                let heard = tokio::select! {
                    heard = live.next() => heard,
                    _ = count.wait_for(|links| *links == 0) => break,
                };
                let Some((passing, missed)) = heard else { return };
                if missed > 0 {
                    metrics::counter!("tidings_darkchat_dropped_total", "reason" => "relay").increment(missed);
                }
                self.pass(&passing);
            }
            self.registry.set_hearing(false);
        }
    }

    /// Gives one message to all links but the one that brought it. What is for somebody who is here need not leave.
    fn pass(&self, passing: &Passing) {
        if passing.stream.kind() == StreamKind::Direct && self.engine.followed(&passing.stream) {
            return;
        }
        let Some(message) = form::relay(&passing.stream, &passing.item.envelope) else { return };
        let links = self.registry.all();
        for link in links.iter().filter(|link| passing.source != Caller::Peer(PeerLink(link.number))) {
            link.send(message.clone());
        }
    }

    /// Takes what another server says.
    async fn hear(self: &Arc<Self>, link: &Link, said: Said) {
        match said {
            Said::Advert(name) => dial::told(self, name),
            Said::Relay { channel, id, json } => {
                link.received.fetch_add(1, Ordering::Relaxed);
                self.relay(link, &channel, &id, &json).await;
            }
            Said::Greeting(_) | Said::Ok | Said::Error | Said::Nonsense => {}
        }
    }

    async fn relay(&self, link: &Link, channel: &str, id: &str, json: &[u8]) {
        let count = |outcome: &'static str| {
            metrics::counter!("tidings_darkchat_relayed_total", "outcome" => outcome).increment(1);
        };
        let Some(stream) = destination(channel, json).filter(|_| form::is_relay_id(id)) else {
            return count("ignored");
        };
        let drafts = vec![draft(stream, json, id)];
        let post = Post { caller: Caller::Peer(PeerLink(link.number)), drafts, joined: None, blob: None };
        match self.engine.accept(post, self.engine.now()).await.map(|mut outcomes| outcomes.pop()) {
            Ok(Some(Ok(_))) => count("accepted"),
            Ok(Some(Err(Refusal::Duplicate))) => count("duplicate"),
            _ => count("ignored"),
        }
    }
}

/// Whether a name is that of one of the places where a node listens. Where it listens on all addresses, only the loopback ones
/// are known to be its own; what leads home by another one is found when it is called.
fn names_one_of(homes: &[SocketAddr], name: &PeerName) -> bool {
    let Ok(address) = name.host().parse::<IpAddr>() else { return false };
    let local = address.is_loopback() || address.is_unspecified();
    homes.iter().any(|home| {
        let own = home.ip().to_canonical();
        home.port() == name.port() && (own == address || own.is_unspecified() && local)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn others_on_the_customary_port_are_not_taken_for_this_node() {
        let own = |home: &str, name: &str| names_one_of(&[home.parse().unwrap()], &PeerName::parse(name).unwrap());
        for everywhere in ["0.0.0.0:30303", "[::]:30303"] {
            assert!(!own(everywhere, "192.0.2.1:30303") && !own(everywhere, "[2001:db8::1]:30303"), "{everywhere}");
            assert!(!own(everywhere, "a.example:30303") && !own(everywhere, "127.0.0.1:30304"));
            for name in ["localhost:30303", "0.0.0.0:30303", "[::1]:30303"] {
                assert!(own(everywhere, name), "{everywhere} {name}");
            }
        }
        assert!(own("192.0.2.1:30303", "192.0.2.1:30303") && own("[::ffff:192.0.2.1]:30303", "192.0.2.1:30303"));
        assert!(!own("192.0.2.1:30303", "192.0.2.2:30303") && !own("192.0.2.1:30303", "127.0.0.1:30303"));
    }
}
