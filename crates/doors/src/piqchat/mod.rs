//! The door for piqchat's clients: a drop-in inbox server (wire/piqchat.md).

mod account;
mod answer;
mod dispatch;
mod exchange;
mod form;
mod inbox;
mod info;
mod invitation;
mod json;
mod keys;
mod nonces;
mod push;
mod route;
mod settings;
mod signature;
mod upload;

pub use form::{WholeForm, read_form};
pub use invitation::{PLACEHOLDER_HOST, WEB_APP, invitation_link};
pub use json::{JsonError, parse_json};
pub use keys::{BOX_SECRET, KeyError, Keys, Overrides, VAPID_SECRET};
pub use route::{Action, Place, route};
pub use settings::{Settings, StatisticsMode};
pub use signature::{Authorization, SignatureError};

use crate::outbound::Outbound;
use crate::webpush::VapidSigner;
use arc_swap::ArcSwap;
use axum::Router;
use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use tidings_core::Key;
use tidings_engine::{Engine, Limits};
use tokio::sync::Semaphore;

/// Uploads that are received at a time; further ones wait.
const UPLOADS_MAX: usize = 512;

/// The slot of this door's encodings in the memory tail.
const ENCODING: usize = 0;

/// The door. One for the whole node.
pub struct Piqchat {
    engine: Engine,
    settings: Arc<ArcSwap<Settings>>,
    verifier: signature::Verifier,
    public_key: String,
    vapid: Arc<VapidSigner>,
    outbound: Outbound,
    limits: Limits,
    uploads: Semaphore,
    /// Transfers under way, for each key; entries go when the last one ends.
    transfers: Mutex<HashMap<Key, usize>>,
}

impl Piqchat {
    /// Opens the door with the node's keys. Settings may be exchanged while it runs; what they say of push (contact,
    /// loopback) counts from the next start. Fails with [`KeyError`] if the push contact can't be used.
    pub fn new(engine: Engine, keys: Keys, settings: Arc<ArcSwap<Settings>>) -> Result<Arc<Self>, KeyError> {
        let current = settings.load();
        let vapid = VapidSigner::new(keys.vapid, &current.push_contact).map_err(|_| KeyError::PushContact)?;
        let vapid = Arc::new(vapid);
        let outbound = Outbound::new(current.outbound());
        let limits = Limits::new(current.rates);
        let public_key = keys.box_secret.public_text();
        let verifier = signature::Verifier::new(keys.box_secret, engine.entropy(), engine.now());
        drop(current);
        Ok(Arc::new(Self {
            engine,
            settings,
            verifier,
            public_key,
            vapid,
            outbound,
            limits,
            uploads: Semaphore::new(UPLOADS_MAX),
            transfers: Mutex::default(),
        }))
    }

    /// What signs pushes, for other doors: push services know the node by one key.
    pub fn vapid(&self) -> Arc<VapidSigner> {
        Arc::clone(&self.vapid)
    }

    /// Takes up the rates of the settings in force, after they were exchanged.
    pub fn reload(&self) {
        self.limits.set(self.settings.load().rates);
    }

    /// The router: everything below `/api`, and 404 for the rest.
    pub fn router(self: &Arc<Self>) -> Router {
        let door = Arc::clone(self);
        Router::new().fallback(move |request| dispatch::answer(Arc::clone(&door), request))
    }
}
