//! The store in one SQLite file.
//!
//! One thread writes and commits in groups ([`writer`]), a few read ([`reader`]), one moves the write-ahead log
//! ([`checkpointer`]). Each file beside holds one noun: its rows, its rules of keeping, and its part of the store's traits.

mod accounts;
mod append;
mod backup;
mod blobs;
mod checkpointer;
mod counters;
mod deliveries;
mod envelopes;
mod exchanges;
mod fault;
mod groups;
mod history;
mod holdings;
mod housekeeping;
pub mod import;
mod integrity;
mod knocks;
pub mod listing;
mod log;
mod open;
mod ownership;
mod parcels;
mod people;
mod queue;
mod reader;
mod recount;
mod room;
mod rows;
mod schema;
mod senders;
pub mod snapshot;
mod streams;
mod swaps;
mod uploads;
mod writer;

use checkpointer::Pulse;
use fault::Fault;
use queue::Queue;
use reader::Look;
use room::Room;
use rusqlite::Connection;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{Builder, JoinHandle};
use streams::Floor;
use tidings_core::StoreError;
use writer::{Job, Need, Tx};

/// The name of the database file in a data folder, by custom.
pub const FILE_NAME: &str = "tidings.db";

/// Threads that read, by default.
const READERS: usize = 2;

/// A database of at most this many bytes is read and checked wholly before it is opened, by default.
const VERIFY_AT_OPEN_MAX: u64 = 16 * 1024 * 1024;

/// How to open a store.
#[derive(Clone, Debug)]
pub struct Options {
    /// Threads that read; at least one.
    pub readers: usize,
    /// Bytes of the file up to which all of it is checked before it is opened. A larger one is to be checked afterwards with
    /// [`Housekeeping::verify`](tidings_core::ports::Housekeeping::verify).
    pub verify_at_open_max: u64,
    /// Pages of 4 KiB that the file may have; none for what SQLite allows.
    pub pages_max: Option<u32>,
}

impl Default for Options {
    fn default() -> Self {
        Self { readers: READERS, verify_at_open_max: VERIFY_AT_OPEN_MAX, pages_max: None }
    }
}

/// A store in one SQLite file with its `-wal` and `-shm`, locked against other processes by a `.lock` file beside it.
pub struct SqliteStore {
    path: PathBuf,
    jobs: Arc<Queue<Job>>,
    looks: Arc<Queue<Look>>,
    pulse: Arc<Pulse>,
    room: Arc<Room>,
    floor: Arc<Floor>,
    threads: Mutex<Threads>,
}

/// What runs while the store is open.
struct Threads {
    readers: Vec<JoinHandle<()>>,
    writer: Option<JoinHandle<()>>,
    checkpointer: Option<JoinHandle<()>>,
    lock: Option<File>,
}

impl SqliteStore {
    /// Opens the database file, or makes it in a folder that is there. Blocks for as long as reading and checking takes.
    ///
    /// Fails with [`StoreError::Damaged`] if the file is cut off or changed, and with [`StoreError::Failed`] if another
    /// process has it open, or if it was made by a newer program.
    pub fn open(path: &Path, options: &Options) -> Result<Arc<Self>, StoreError> {
        Ok(Arc::new(Self::try_open(path, options)?))
    }

    fn try_open(path: &Path, options: &Options) -> Result<Self, Fault> {
        let lock = open::lock(path)?;
        let writing = open::database(path, options)?;
        // The checkpointer empties it when it ends, and the blocks that are reserved in it (room.rs) stay for the next start.
        open::keep_log(&writing, true)?;
        let moving = open::checkpointer(path)?;
        let reading: Result<Vec<_>, _> =
            (0..options.readers.max(1)).map(|_| open::reader(path, open::READER_CACHE_KIB)).collect();
        let store = Self {
            path: path.to_owned(),
            jobs: Arc::new(Queue::new(writer::WAITING_MAX)),
            looks: Arc::new(Queue::new(reader::WAITING_MAX)),
            pulse: Arc::default(),
            room: Arc::new(Room::of(path)),
            floor: Arc::default(),
            threads: Mutex::new(Threads { readers: Vec::new(), writer: None, checkpointer: None, lock: Some(lock) }),
        };
        store.start(writing, moving, reading?)?;
        Ok(store)
    }

    fn start(&self, writing: Connection, moving: Connection, reading: Vec<Connection>) -> Result<(), Fault> {
        let mut threads = self.threads.lock().unwrap_or_else(PoisonError::into_inner);
        for conn in reading {
            let looks = Arc::clone(&self.looks);
            let run = move || reader::run(&conn, &looks);
            threads.readers.push(Builder::new().name("store-reader".to_owned()).spawn(run)?);
        }
        let room = Arc::clone(&self.room);
        room.reserve_log();
        room.note_spare(&writing)?;
        let (jobs, pulse, disk) = (Arc::clone(&self.jobs), Arc::clone(&self.pulse), Arc::clone(&room));
        let run = move || writer::run(&writing, &jobs, &pulse, &disk);
        threads.writer = Some(Builder::new().name("store-writer".to_owned()).spawn(run)?);
        let pulse = Arc::clone(&self.pulse);
        let run = move || checkpointer::run(&moving, &pulse, &room);
        threads.checkpointer = Some(Builder::new().name("store-log".to_owned()).spawn(run)?);
        Ok(())
    }

    /// The database file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Finishes what waits, moves all of the write-ahead log into the database file and releases the lock. Everything asked
    /// afterwards fails.
    pub async fn close(self: &Arc<Self>) -> Result<(), StoreError> {
        let store = Arc::clone(self);
        let closed = tokio::task::spawn_blocking(move || store.stop()).await;
        closed.map_err(|error| StoreError::Failed(error.to_string()))
    }

    /// Ends all threads, in the order in which they need each other.
    fn stop(&self) {
        self.jobs.close();
        self.looks.close();
        let mut threads = self.threads.lock().unwrap_or_else(PoisonError::into_inner);
        for reader in threads.readers.drain(..) {
            join(reader);
        }
        threads.writer.take().into_iter().for_each(join);
        self.pulse.close();
        threads.checkpointer.take().into_iter().for_each(join);
        threads.lock = None;
    }

    /// Does the work in the writer's thread, in a transaction; durable when this returns. Refused while the disk is full.
    async fn write<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Tx<'_>) -> Result<T, Fault> + Send + 'static,
    {
        self.write_as(Need::Room, work).await
    }

    /// The same for work that takes no room, or makes some: it is done on a full disk, too.
    async fn write_always<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Tx<'_>) -> Result<T, Fault> + Send + 'static,
    {
        self.write_as(Need::Nothing, work).await
    }

    async fn write_as<T, F>(&self, need: Need, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Tx<'_>) -> Result<T, Fault> + Send + 'static,
    {
        let (job, answer) = writer::job(need, work);
        self.jobs.push(job).await?;
        answer.await.unwrap_or_else(|_| Err(lost()))
    }

    /// Does the work in a reader's thread; it sees one moment.
    async fn read<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, Fault> + Send + 'static,
    {
        let (look, answer) = reader::look(work);
        self.looks.push(look).await?;
        answer.await.unwrap_or_else(|_| Err(lost()))
    }
}

impl Drop for SqliteStore {
    fn drop(&mut self) {
        self.stop();
    }
}

fn lost() -> StoreError {
    StoreError::Failed("the store gave no answer".to_owned())
}

fn join(thread: JoinHandle<()>) {
    if thread.join().is_err() {
        tracing::error!("a thread of the store panicked");
    }
}
