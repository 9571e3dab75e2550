//! The doors of a running node: what they are opened with, who gets which request, what goes on beside requests.

use crate::failure::Failure;
use crate::node::Node;
use crate::office::Office;
use crate::settings::Settings;
use arc_swap::ArcSwap;
use axum::Router;
use axum::extract::Request;
use axum::middleware::{self, Next};
use std::sync::Arc;
use tidings_doors::darkchat::{self, Darkchat};
use tidings_doors::denetwork::{self, Denetwork, load_or_make_server_id};
use tidings_doors::native::{self, LIVE_PATH, Native};
use tidings_doors::piqchat::{self, Keys, Piqchat};
use tidings_doors::webapp::WebApp;
use tidings_doors::websocket::is_upgrade;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// Where clients of DeNetwork Chat come in. Tidings' own clients come to [`LIVE_PATH`]; every other WebSocket is darkchat's.
const ROOMS_PATH: &str = "/socket.io/";

/// All doors. Those that the settings close are opened, too, but get no requests.
pub struct Doors {
    piqchat: Arc<Piqchat>,
    piqchat_settings: Arc<ArcSwap<piqchat::Settings>>,
    native: Arc<Native>,
    native_settings: Arc<ArcSwap<native::Settings>>,
    denetwork: Arc<Denetwork>,
    denetwork_settings: Arc<ArcSwap<denetwork::Settings>>,
    /// Channels.
    pub darkchat: Arc<Darkchat>,
    darkchat_settings: Arc<ArcSwap<darkchat::Settings>>,
}

impl Doors {
    /// Opens the doors of a node, with the keys that it keeps or makes.
    pub async fn open(node: &Node) -> Result<Self, Failure> {
        let found = node.found.load_full();
        let settings = &found.settings;
        let keys = Keys::load_or_make(&node.engine, &settings.key_overrides()).await?;
        let piqchat_settings = Arc::new(ArcSwap::from_pointee(settings.piqchat()));
        let piqchat = Piqchat::new(node.engine.clone(), keys, Arc::clone(&piqchat_settings))?;
        let native_settings = Arc::new(ArcSwap::from_pointee(settings.native()));
        let native = Native::new(node.engine.clone(), piqchat.vapid(), Arc::clone(&native_settings));
        let server_id = load_or_make_server_id(&node.engine).await?;
        let denetwork_settings = Arc::new(ArcSwap::from_pointee(settings.denetwork()));
        let denetwork = Denetwork::new(node.engine.clone(), Arc::clone(&denetwork_settings), server_id);
        let darkchat_settings = Arc::new(ArcSwap::from_pointee(settings.darkchat()));
        let darkchat = Darkchat::new(node.engine.clone(), Arc::clone(&darkchat_settings));
        // A second start of the same node would be a mistake of ours, and harmless.
        let _ = node.darkchat.set(Arc::clone(&darkchat));
        let _ = node.native.set(Arc::clone(&native));
        native.open_office(Arc::new(Office::new(node)));
        Ok(Self {
            piqchat,
            piqchat_settings,
            native,
            native_settings,
            denetwork,
            denetwork_settings,
            darkchat,
            darkchat_settings,
        })
    }

    /// What answers on the node's own port, beside `others`, until `shutdown`: sockets, then the web app, then all else.
    pub fn router(&self, settings: &Settings, shutdown: &CancellationToken, others: Router) -> Router {
        let router = self.piqchat.router().merge(self.native.router()).merge(others);
        let rooms = || self.denetwork.router(shutdown.clone());
        let router = if settings.rooms.open { router.merge(rooms()) } else { router };
        let darkchat = settings.channels.open.then(|| Arc::clone(&self.darkchat));
        let router = Arc::new(WebApp::embedded()).in_front_of(router);
        with_sockets(router, Arc::clone(&self.native), darkchat)
    }

    /// Starts what goes on beside requests.
    pub fn start(&self, node: &Node, tasks: &mut JoinSet<()>) {
        let engine = node.engine.clone();
        tasks.spawn(async move { engine.run_hints().await });
        let engine = node.engine.clone();
        tasks.spawn(async move { engine.run_sweeper().await });
        let engine = node.engine.clone();
        tasks.spawn(async move { engine.run_known_ids().await });
        let piqchat = Arc::clone(&self.piqchat);
        tasks.spawn(async move { piqchat.run_pushes().await });
        let native = Arc::clone(&self.native);
        tasks.spawn(async move { native.run_knocks().await });
    }

    /// Takes up what of the settings can change while the node runs.
    pub fn reload(&self, settings: &Settings) {
        self.piqchat_settings.store(Arc::new(settings.piqchat()));
        self.piqchat.reload();
        self.native_settings.store(Arc::new(settings.native()));
        self.native.reload();
        self.denetwork_settings.store(Arc::new(settings.denetwork()));
        self.denetwork.reload();
        self.darkchat_settings.store(Arc::new(settings.darkchat()));
        self.darkchat.network().reload();
    }
}

/// Gives requests at the live connection's path to the native door, and every other request for a WebSocket to darkchat if that
/// is open, but for those to rooms.
fn with_sockets(router: Router, native: Arc<Native>, darkchat: Option<Arc<Darkchat>>) -> Router {
    router.layer(middleware::from_fn(move |request: Request, next: Next| {
        let (native, darkchat) = (Arc::clone(&native), darkchat.clone());
        async move {
            let path = request.uri().path();
            match darkchat {
                _ if !is_upgrade(request.headers()) => next.run(request).await,
                _ if path == LIVE_PATH => native.websocket(request),
                Some(darkchat) if !path.starts_with(ROOMS_PATH) => darkchat.websocket(request),
                _ => next.run(request).await,
            }
        }
    }))
}
