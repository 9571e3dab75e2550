//! Everything that answers, on the addresses where it listens.

use crate::acme::Acme;
use crate::doors::Doors;
use crate::failure::Failure;
use crate::probes::Probes;
use crate::settings::{Listen, Settings};
use crate::{acme, listen};
use arc_swap::ArcSwap;
use axum::Router;
use std::net::SocketAddr;
use std::sync::Arc;
use tidings_doors::http::{self, HttpSettings, Tls};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// What is served, and where.
pub struct Ports {
    http: Arc<ArcSwap<HttpSettings>>,
    /// The same, but with darkchat's number of connections.
    websocket: Arc<ArcSwap<HttpSettings>>,
    shutdown: CancellationToken,
    /// What runs until the shutdown, and then to the end of its sessions.
    pub serving: JoinSet<()>,
    /// Where the node's own routes are, with the ports that the system chose.
    pub addresses: Vec<SocketAddr>,
    /// What listens beside them, in words for its owner.
    pub others: Vec<String>,
}

/// The HTTP settings in force; what of them counts for a connection is looked up when it opens.
#[derive(Clone)]
pub struct Serving {
    http: Arc<ArcSwap<HttpSettings>>,
    websocket: Arc<ArcSwap<HttpSettings>>,
}

impl Serving {
    /// Takes up what can change while the node runs.
    pub fn reload(&self, settings: &Settings) {
        self.http.store(Arc::new(settings.http()));
        self.websocket.store(Arc::new(settings.darkchat_http()));
    }
}

impl Ports {
    /// Nothing listens yet. Everything ends with `shutdown`.
    pub fn new(settings: &Settings, shutdown: CancellationToken) -> Self {
        Self {
            http: Arc::new(ArcSwap::from_pointee(settings.http())),
            websocket: Arc::new(ArcSwap::from_pointee(settings.darkchat_http())),
            shutdown,
            serving: JoinSet::new(),
            addresses: Vec::new(),
            others: Vec::new(),
        }
    }

    /// What a reload changes.
    pub fn serving(&self) -> Serving {
        Serving { http: Arc::clone(&self.http), websocket: Arc::clone(&self.websocket) }
    }

    /// Opens the node's own addresses, and those for metrics and certificates.
    pub fn open(
        &mut self,
        settings: &Settings,
        doors: &Doors,
        probes: &Probes,
        tls: Option<&Tls>,
        acme: Option<&Acme>,
    ) -> Result<(), Failure> {
        let probed = probes.clone().router(settings.metrics_listen.is_empty());
        let router = doors.router(settings, &self.shutdown, probed);
        let http = Arc::clone(&self.http);
        self.addresses = self.serve("listen", &settings.listen, tls, &router, &http)?;
        self.serve("metrics-listen", &settings.metrics_listen, None, &probes.clone().metrics_router(), &http)?;
        self.serve(
            "acme-http-listen",
            &settings.acme_http_listen,
            None,
            &acme.map(acme::http_router).unwrap_or_default(),
            &http,
        )?;
        self.open_channels(settings, doors, tls)
    }

    /// Opens darkchat's own addresses, and starts the links to other servers.
    fn open_channels(&mut self, settings: &Settings, doors: &Doors, tls: Option<&Tls>) -> Result<(), Failure> {
        let (channels, darkchat) = (&settings.channels, &doors.darkchat);
        for (listener, address) in listen::open("darkchat-listen", &channels.listen)? {
            self.serving.spawn(Arc::clone(darkchat).serve_tcp(listener, self.shutdown.clone()));
            self.others.push(format!("darkchat clients (TCP) on {address}"));
        }
        let (router, websocket) = (darkchat.websocket_router(), Arc::clone(&self.websocket));
        for address in self.serve("darkchat-websocket-listen", &channels.websocket_listen, None, &router, &websocket)? {
            self.others.push(format!("darkchat clients (WebSocket) on {address}"));
        }
        for address in
            self.serve("darkchat-websocket-tls-listen", &channels.websocket_tls_listen, tls, &router, &websocket)?
        {
            self.others.push(format!("darkchat clients (WebSocket, TLS) on {address}"));
        }
        for (listener, address) in listen::open("darkchat-peer-listen", &channels.peer_listen)? {
            self.serving.spawn(Arc::clone(darkchat).serve_peers(listener, self.shutdown.clone()));
            self.others.push(format!("darkchat peers on {address}"));
        }
        self.serving.spawn(Arc::clone(darkchat).run_network(self.shutdown.clone()));
        Ok(())
    }

    /// Opens addresses and serves HTTP on them. Gives them with the ports that the system chose.
    fn serve(
        &mut self,
        setting: &str,
        places: &[Listen],
        tls: Option<&Tls>,
        router: &Router,
        settings: &Arc<ArcSwap<HttpSettings>>,
    ) -> Result<Vec<SocketAddr>, Failure> {
        let opened = listen::open(setting, places)?.into_iter().map(|(listener, address)| {
            let (settings, shutdown) = (Arc::clone(settings), self.shutdown.clone());
            self.serving.spawn(http::serve(listener, tls.cloned(), router.clone(), settings, shutdown));
            address
        });
        Ok(opened.collect())
    }
}
