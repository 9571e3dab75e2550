//! A node without its doors: the store, the attachments and the engine, opened on a data folder.

use crate::cmd::{import_piqchat, staging};
use crate::failure::Failure;
use crate::settings::InForce;
use crate::visits::Visits;
use arc_swap::ArcSwap;
use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::Path;
use std::sync::{Arc, OnceLock};
use tidings_backends::{LocalBus, Options, SqliteStore};
use tidings_core::StoreError;
use tidings_doors::darkchat::Darkchat;
use tidings_doors::native::Native;
use tidings_engine::{Blobs, Clock, Engine, Entropy};

/// An opened data folder.
#[derive(Clone)]
pub struct Node {
    /// The settings in force; a running node may exchange them.
    pub found: Arc<ArcSwap<InForce>>,
    /// What the node does.
    pub engine: Engine,
    /// What it keeps.
    pub store: Arc<SqliteStore>,
    /// Visits that `tidings doctor` announced.
    pub visits: Visits,
    /// Where people reach it, `scheme://host[:port]`; set once the node runs.
    pub front: Arc<OnceLock<String>>,
    /// The door whose links to other servers commands ask for; set once the node runs.
    pub darkchat: Arc<OnceLock<Arc<Darkchat>>>,
    /// The door for Tidings' own clients; set once the node runs.
    pub native: Arc<OnceLock<Arc<Native>>>,
}

impl Node {
    /// Opens the folder, and makes it (mode 0700) if it is not there. Fails with [`Failure::InUse`] if another process has it,
    /// with [`Failure::Damaged`] if the database is damaged, and with [`Failure::Usage`] if it is a piqchat server's.
    pub fn open(found: InForce) -> Result<Self, Failure> {
        let settings = &found.settings;
        let (database, blobs) = (settings.database(), settings.blobs());
        make_folder(&settings.data_dir())?;
        if let Some(folder) = database.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            make_folder(folder)?;
        }
        refuse_foreign(&database, &blobs)?;
        staging::refuse_unfinished(&database)?;
        let store = SqliteStore::open(&database, &Options::default()).map_err(|error| explain(&database, error))?;
        let blobs = Blobs::open(&blobs).map_err(|error| Failure::of(&format!("opening {}", blobs.display()), error))?;
        let engine = Engine::new(
            store.clone(),
            Arc::new(LocalBus::new()),
            blobs,
            settings.engine(),
            Clock::System,
            Entropy::System,
        );
        Ok(Self {
            found: Arc::new(ArcSwap::from_pointee(found)),
            engine,
            store,
            visits: Visits::default(),
            front: Arc::default(),
            darkchat: Arc::default(),
            native: Arc::default(),
        })
    }

    /// Writes what is under way, empties the write-ahead log and lets the folder go.
    pub async fn close(self) -> Result<(), Failure> {
        Ok(self.store.close().await?)
    }
}

fn make_folder(folder: &Path) -> Result<(), Failure> {
    let made = DirBuilder::new().recursive(true).mode(0o700).create(folder);
    made.map_err(|error| Failure::of(&format!("making the folder {}", folder.display()), error))
}

/// Says what is wrong with a database and what to do.
fn explain(database: &Path, error: StoreError) -> Failure {
    let name = database.display();
    match error {
        StoreError::Damaged(what) => Failure::Damaged(format!(
            "the database {name} is damaged: {what}\n\
             Nothing was changed. Move the damaged file away (keep it) and bring back the last backup with `tidings restore`."
        )),
        StoreError::Failed(what) if what.contains("in use by another process") => Failure::InUse(format!(
            "{what}\nAnother tidings runs on this folder already; stop it first, or choose another --data-dir."
        )),
        StoreError::Failed(what) if what.contains("Permission denied") => Failure::Failed(format!(
            "the database {name} can't be opened: {what}\n\
             Run tidings as the user who owns it, or give it to this user (chown); `tidings doctor` tells which one."
        )),
        StoreError::Full => Failure::Failed(format!("the database {name} can't be opened: the disk is full")),
        other => Failure::Failed(format!("the database {name} can't be opened: {other}")),
    }
}

/// A piqchat server's database must not be touched; it can be imported.
fn refuse_foreign(database: &Path, blobs: &Path) -> Result<(), Failure> {
    if !import_piqchat::is_piqchat(database) {
        return Ok(());
    }
    Err(Failure::Usage(format!(
        "{0} is the database of a piqchat server, which Tidings leaves as it is.\n\
         Take it over with `tidings import piqchat {0} {1}`, and set another place for Tidings' own database \
         (without DATABASE_PATH it is in the data folder).",
        database.display(),
        blobs.display()
    )))
}
