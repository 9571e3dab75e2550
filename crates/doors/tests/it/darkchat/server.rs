//! A node with the darkchat door alone: SQLite in a temporary folder, all three kinds of listeners on ports of their own.

pub use crate::node::{DEADLINE, until};

use arc_swap::ArcSwap;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use tempfile::TempDir;
use tidings_backends::{LocalBus, Options, SqliteStore};
use tidings_doors::darkchat::{Darkchat, Settings};
use tidings_doors::http::{HttpSettings, serve};
use tidings_engine::{Blobs, Clock, Engine, Entropy};
use tokio::net::TcpListener;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

pub struct Server {
    pub door: Arc<Darkchat>,
    pub tcp: SocketAddr,
    pub web: SocketAddr,
    pub peers: SocketAddr,
    shutdown: CancellationToken,
    folder: TempDir,
}

/// What tests want of most nodes: peers on loopback, where everything is private.
pub fn settings() -> Settings {
    Settings { allow_private_peers: true, ..Settings::default() }
}

impl Server {
    pub async fn start() -> Self {
        Self::with(settings()).await
    }

    pub async fn with(settings: Settings) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(&folder.path().join("tidings.db"), &Options::default()).unwrap();
        let blobs = Blobs::open(&folder.path().join("blobs")).unwrap();
        let bus = Arc::new(LocalBus::new());
        let limits = tidings_engine::Settings { disk_reserve: 0, ..tidings_engine::Settings::default() };
        let engine = Engine::new(store, bus, blobs, limits, Clock::System, Entropy::System);
        let door = Darkchat::new(engine.clone(), Arc::new(ArcSwap::from_pointee(settings)));
        let shutdown = CancellationToken::new();
        let [tcp, web, peers] = [listener().await, listener().await, listener().await];
        let address = |listener: &TcpListener| listener.local_addr().unwrap();
        let addresses = [address(&tcp), address(&web), address(&peers)];
        let http = Arc::new(ArcSwap::from_pointee(HttpSettings::default()));
        tokio::spawn(Arc::clone(&door).serve_tcp(tcp, shutdown.clone()));
        tokio::spawn(serve(web, None, door.websocket_router(), http, shutdown.clone()));
        tokio::spawn(Arc::clone(&door).serve_peers(peers, shutdown.clone()));
        tokio::spawn(Arc::clone(&door).run_network(shutdown.clone()));
        let hints = engine.clone();
        tokio::spawn(async move { hints.run_hints().await });
        let [tcp, web, peers] = addresses;
        Self { door, tcp, web, peers, shutdown, folder }
    }

    /// Links to another server.
    pub async fn link(&self, other: SocketAddr) {
        let linked = self.door.network().connect(&other.ip().to_string(), other.port()).await;
        linked.unwrap_or_else(|error| panic!("{other}: {error}"));
    }

    pub fn peer_names(&self) -> Vec<String> {
        self.door.network().peers().into_iter().map(|peer| peer.name).collect()
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.shutdown.cancel();
    }
}

pub async fn listener() -> TcpListener {
    TcpListener::bind("127.0.0.1:0").await.unwrap()
}

/// Waits for something.
pub async fn soon<T>(what: &str, work: impl Future<Output = T>) -> T {
    timeout(DEADLINE, work).await.unwrap_or_else(|_| panic!("{what}"))
}
