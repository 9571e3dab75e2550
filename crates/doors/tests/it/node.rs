//! A whole node in this process: SQLite in a temporary folder, the piqchat door behind a real socket, and a clock that stands
//! until a test moves it.

pub mod form;
pub mod person;
pub mod wire;

use arc_swap::ArcSwap;
use rusqlite::types::Value;
use rusqlite::{Connection, OpenFlags};
use std::collections::BTreeMap;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;
use tempfile::TempDir;
use tidings_backends::{LocalBus, Options, SqliteStore};
use tidings_core::Timestamp;
use tidings_doors::http::{HttpSettings, Tls, serve};
use tidings_doors::piqchat::{Keys, Overrides, Piqchat, Settings};
use tidings_engine::limits::{Rate, Rates};
use tidings_engine::{Blobs, Clock, Engine, Entropy};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

pub use form::Form;
pub use person::Person;
pub use wire::{Ask, Reply, Wire};

/// When every node starts: a quiet noon.
pub const START: &str = "2024-06-15T12:00:00.000Z";

/// The box key of every node (wire/piqchat.md, section 3.3).
pub const SERVER_SECRET: &str = "AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA=";
pub const SERVER_PUBLIC: &str = "B6N8vBQgk8i3VdwbEOhstCY3StFqqFPtC9/AsrhtHHw=";

/// How long a test waits for anything.
pub const DEADLINE: Duration = Duration::from_secs(30);

/// More than any test asks for.
const NO_LIMIT: Rate = Rate { burst: 1_000_000, per_second: 1_000_000 };

/// What a test may set before its node starts. An exchange lasts an hour.
pub struct Setup {
    pub door: Settings,
    pub engine: tidings_engine::Settings,
    pub http: HttpSettings,
    pub tls: Option<Tls>,
}

impl Default for Setup {
    fn default() -> Self {
        let rates = Rates { address: NO_LIMIT, key: NO_LIMIT, guesses: NO_LIMIT };
        let door = Settings { rates, ..Settings::default() };
        let exchange_life = Duration::from_secs(3600);
        let engine = tidings_engine::Settings { disk_reserve: 0, exchange_life, ..tidings_engine::Settings::default() };
        Self { door, engine, http: HttpSettings::default(), tls: None }
    }
}

pub struct Node {
    pub address: SocketAddr,
    pub engine: Engine,
    hand: Arc<AtomicI64>,
    shutdown: CancellationToken,
    folder: TempDir,
}

impl Node {
    pub async fn start() -> Self {
        Self::with(Setup::default()).await
    }

    pub async fn with(setup: Setup) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(&folder.path().join("tidings.db"), &Options::default()).unwrap();
        let (clock, hand) = Clock::manual(Timestamp::parse_iso(START).unwrap());
        let blobs = Blobs::open(&folder.path().join("blobs")).unwrap();
        let bus = Arc::new(LocalBus::new());
        let engine = Engine::new(store, bus, blobs, setup.engine, clock, Entropy::seeded(7));
        let overrides = Overrides { api_private: Some(SERVER_SECRET.to_owned()), ..Overrides::default() };
        let keys = Keys::load_or_make(&engine, &overrides).await.unwrap();
        let settings = Arc::new(ArcSwap::from_pointee(setup.door));
        let door = Piqchat::new(engine.clone(), keys, settings).unwrap();
        // A signature dated at the start itself may have been used before it.
        hand.fetch_add(1000, Ordering::Relaxed);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let shutdown = CancellationToken::new();
        let http = Arc::new(ArcSwap::from_pointee(setup.http));
        tokio::spawn(serve(listener, setup.tls, door.router(), http, shutdown.clone()));
        let hints = engine.clone();
        tokio::spawn(async move { hints.run_hints().await });
        Self { address, engine, hand, shutdown, folder }
    }

    /// Asks the node to stop.
    pub fn shutdown(&self) {
        self.shutdown.cancel();
    }

    /// The folder of the attachments.
    pub fn blobs(&self) -> PathBuf {
        self.folder.path().join("blobs")
    }

    pub fn now(&self) -> Timestamp {
        self.engine.now()
    }

    /// Moves the clock on.
    pub fn pass(&self, span: Duration) {
        self.hand.fetch_add(i64::try_from(span.as_millis()).unwrap(), Ordering::Relaxed);
    }

    pub fn pass_days(&self, days: u64) {
        self.pass(Duration::from_secs(days * 86_400));
    }

    /// One request on a connection of its own.
    pub async fn ask(&self, ask: Ask) -> Reply {
        let mut wire = Wire::open(self.address).await;
        wire.send(&ask.bytes()).await;
        wire.reply(ask.method == "HEAD").await
    }

    /// A signed one.
    pub async fn ask_as(&self, person: &Person, ask: Ask) -> Reply {
        self.ask(ask.signed(person, self.now())).await
    }

    /// Somebody new with an account, by an invitation of the node's owner.
    pub async fn join(&self, seed: u8) -> Person {
        let person = Person::new(seed);
        let (token, _) = self.engine.create_exchange(None, Some(String::new()), self.now()).await.unwrap();
        let accepted = self.engine.accept_exchange(token.hash(), Some(person.key()), None, self.now()).await.unwrap();
        assert!(accepted.created_account);
        person
    }

    pub async fn set_contacts(&self, person: &Person, contacts: &[&Person]) {
        let ids: Vec<String> = contacts.iter().map(|contact| format!("\"{}\"", contact.id)).collect();
        let ask = Ask::post("/api/account/contacts").json(&format!("{{\"contacts\":[{}]}}", ids.join(",")));
        assert_eq!(self.ask_as(person, ask).await.status, 204);
    }

    /// Uploads one parcel with today's form; gives its id as the recipient sees it.
    pub async fn send(&self, from: &Person, to: &Person, label: &str, attachment: Option<&[u8]>) -> String {
        let mut form = Form::new().text("type", label).text("recipient", &format!("{} hello", to.id));
        if let Some(bytes) = attachment {
            form = form.file("attachment", "x", bytes);
        }
        let reply = self.ask_as(from, Ask::post("/api/parcels").form(form)).await;
        assert_eq!((reply.status, reply.text().as_str()), (200, "{\"forbiddenRecipientIds\":[]}"));
        self.ids(to).await.pop().unwrap()
    }

    /// The ids of what waits, without being seen.
    pub async fn ids(&self, person: &Person) -> Vec<String> {
        let inbox = tidings_core::StreamName::inbox(&person.key());
        let batch = self.engine.read(&inbox, tidings_core::Seq::START).await.unwrap();
        batch.items.iter().map(|item| item.envelope.id.to_string()).collect()
    }

    pub fn database(&self) -> Connection {
        let path = self.folder.path().join("tidings.db");
        Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap()
    }

    pub fn count(&self, sql: &str) -> i64 {
        self.database().query_row(sql, [], |row| row.get(0)).unwrap()
    }

    /// All rows of all tables, and the names of all files of attachments.
    pub fn dump(&self) -> BTreeMap<String, Vec<String>> {
        let db = self.database();
        let mut names = db.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name").unwrap();
        let names: Vec<String> = names.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
        let mut dump: BTreeMap<_, _> = names.into_iter().map(|name| (name.clone(), rows(&db, &name))).collect();
        dump.insert("files".to_owned(), self.files());
        dump
    }

    pub fn files(&self) -> Vec<String> {
        let mut found = Vec::new();
        walk(&self.blobs(), &mut found);
        let mut names: Vec<String> = found.iter().map(|path| path.display().to_string()).collect();
        names.sort();
        names
    }

    /// Waits until everything is as it was: what is dropped late, such as a partial file, may take a moment.
    pub async fn unchanged(&self, before: &BTreeMap<String, Vec<String>>, after_what: &str) {
        until(after_what, || self.dump() == *before).await;
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        self.shutdown.cancel();
    }
}

fn rows(db: &Connection, table: &str) -> Vec<String> {
    let mut select = db.prepare(&format!("SELECT * FROM \"{table}\"")).unwrap();
    let columns = select.column_count();
    let row = |row: &rusqlite::Row<'_>| {
        let values: Vec<Value> = (0..columns).map(|at| row.get(at).unwrap()).collect();
        Ok(format!("{values:?}"))
    };
    select.query_map([], row).unwrap().map(Result::unwrap).collect()
}

fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() { walk(&path, found) } else { found.push(path) }
    }
}

/// Looks again and again until it is so.
pub async fn until(what: &str, mut so: impl FnMut() -> bool) {
    let looking = async {
        let mut pause = tokio::time::interval(Duration::from_millis(5));
        while !so() {
            pause.tick().await;
        }
    };
    assert!(tokio::time::timeout(DEADLINE, looking).await.is_ok(), "it did not come to this: {what}");
}
