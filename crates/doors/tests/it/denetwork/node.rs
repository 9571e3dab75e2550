//! A node with this door alone, and a clock that stands until a test moves it.

use arc_swap::ArcSwap;
use rusqlite::types::Value;
use rusqlite::{Connection, OpenFlags};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;
use tempfile::TempDir;
use tidings_backends::{LocalBus, Options, SqliteStore};
use tidings_core::Timestamp;
use tidings_doors::denetwork::{Denetwork, Settings, load_or_make_server_id};
use tidings_doors::http::{HttpSettings, serve};
use tidings_engine::limits::Rate;
use tidings_engine::{Blobs, Clock, Engine, Entropy};
use tokio::net::TcpListener;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::line::Line;

/// When every node starts.
pub const START: i64 = 1_718_452_800_000;

const NO_LIMIT: Rate = Rate { burst: u32::MAX, per_second: u32::MAX };

pub struct RoomNode {
    pub address: SocketAddr,
    hand: Arc<AtomicI64>,
    shutdown: DropGuard,
    folder: TempDir,
}

/// Settings without limits.
pub fn unlimited() -> Settings {
    Settings { events: NO_LIMIT, messages: NO_LIMIT, misses: NO_LIMIT, ..Settings::default() }
}

/// A node that was stopped lets go of its store when its last session has ended.
async fn open_store(folder: &TempDir) -> Arc<SqliteStore> {
    let path = folder.path().join("tidings.db");
    let opening = async {
        let mut pause = tokio::time::interval(Duration::from_millis(5));
        loop {
            pause.tick().await;
            if let Ok(store) = SqliteStore::open(&path, &Options::default()) {
                return store;
            }
        }
    };
    tokio::time::timeout(crate::node::DEADLINE, opening).await.unwrap()
}

impl RoomNode {
    pub async fn start() -> Self {
        Self::with(unlimited()).await
    }

    pub async fn with(settings: Settings) -> Self {
        Self::in_folder(settings, HttpSettings::default(), tempfile::tempdir().unwrap()).await
    }

    pub async fn in_folder(settings: Settings, http: HttpSettings, folder: TempDir) -> Self {
        let store = open_store(&folder).await;
        let (clock, hand) = Clock::manual(Timestamp::from_millis(START));
        let blobs = Blobs::open(&folder.path().join("blobs")).unwrap();
        let engine_settings = tidings_engine::Settings { disk_reserve: 0, ..tidings_engine::Settings::default() };
        let bus = Arc::new(LocalBus::new());
        let engine = Engine::new(store, bus, blobs, engine_settings, clock, Entropy::seeded(7));
        let server_id = load_or_make_server_id(&engine).await.unwrap();
        let door = Denetwork::new(engine, Arc::new(ArcSwap::from_pointee(settings)), server_id);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let shutdown = CancellationToken::new();
        let http = Arc::new(ArcSwap::from_pointee(http));
        let router = door.router(shutdown.clone());
        tokio::spawn(serve(listener, None, router, http, shutdown.clone()));
        Self { address, hand, shutdown: shutdown.drop_guard(), folder }
    }

    pub async fn line(&self) -> Line {
        Line::open(self.address).await
    }

    pub async fn joined(&self, room: &str) -> Line {
        let mut line = self.line().await;
        line.join(room).await;
        line
    }

    /// Moves the clock on.
    pub fn pass(&self, span: Duration) {
        self.hand.fetch_add(i64::try_from(span.as_millis()).unwrap(), Ordering::Relaxed);
    }

    /// All rows of all tables.
    pub fn dump(&self) -> Vec<String> {
        let path = self.folder.path().join("tidings.db");
        let db = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
        let mut names = db.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name").unwrap();
        let names: Vec<String> = names.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
        let mut dump = Vec::new();
        for name in names {
            let mut select = db.prepare(&format!("SELECT * FROM \"{name}\"")).unwrap();
            let columns = select.column_count();
            let mut rows = select.query([]).unwrap();
            while let Some(row) = rows.next().unwrap() {
                let values: Vec<Value> = (0..columns).map(|at| row.get(at).unwrap()).collect();
                dump.push(format!("{name} {values:?}"));
            }
        }
        dump
    }

    /// Ends the node and gives its folder for another one.
    pub fn stop(self) -> TempDir {
        drop(self.shutdown);
        self.folder
    }
}
