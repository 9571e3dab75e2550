//! Moves what was committed from the write-ahead log into the database file, away from the writer's path, and cuts the log
//! off when nothing happens, so that what was deleted is gone from it, too.

use super::fault::Fault;
use super::room::{Level, Room};
use rusqlite::Connection;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How often a busy log is looked at.
const TICK: Duration = Duration::from_millis(100);

/// Pages (of 4 KiB) in the log from which on they are moved. The more, the oftener a page was written again meanwhile and is
/// moved only once.
const MOVE_PAGES: i64 = 8_000;

/// Pages in the log from which on the writer is held up for the rest to be moved, so that the log begins anew.
const REWIND_PAGES: i64 = 24_000;

/// Pages in the log from which on it is also cut off.
const CUT_PAGES: i64 = 96_000;

/// Ticks without a commit after which the log is cut off.
const IDLE_TICKS: u32 = 5;

/// Ticks after which the log is cut off even if commits go on: what was deleted does not stay longer.
const BUSY_TICKS: u32 = 600;

/// How the writer and the checkpointer hear of each other.
#[derive(Default)]
pub(super) struct Pulse {
    state: Mutex<State>,
    changed: Condvar,
    gate: Mutex<()>,
}

#[derive(Default)]
struct State {
    wrote: bool,
    closed: bool,
}

impl Pulse {
    /// Held by the writer during a transaction, and by the checkpointer while it needs the writer to wait.
    pub(super) fn gate(&self) -> MutexGuard<'_, ()> {
        self.gate.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The writer committed something.
    pub(super) fn wrote(&self) {
        let mut state = self.lock();
        if !state.wrote {
            state.wrote = true;
            drop(state);
            self.changed.notify_one();
        }
    }

    /// No more will be written.
    pub(super) fn close(&self) {
        self.lock().closed = true;
        self.changed.notify_one();
    }

    /// Blocks until something was written. False once closed.
    fn await_write(&self) -> bool {
        let state = self.lock();
        let waited = self.changed.wait_while(state, |state| !state.wrote && !state.closed);
        !waited.unwrap_or_else(PoisonError::into_inner).closed
    }

    /// Lets a tick pass; says whether something was written since the last look. `None` once closed.
    fn tick(&self) -> Option<bool> {
        let state = self.lock();
        let waited = self.changed.wait_timeout_while(state, TICK, |state| !state.closed);
        let (mut state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        (!state.closed).then(|| std::mem::take(&mut state.wrote))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Works until the pulse is closed, then cuts the log off for the last time.
pub(super) fn run(conn: &Connection, pulse: &Pulse, room: &Room) {
    while pulse.await_write() {
        if let Err(error) = until_idle(conn, pulse, room) {
            tracing::warn!(%error, "the write-ahead log can't be moved");
            // Something else may be written before it is tried again.
            pulse.tick();
        }
    }
    let _gate = pulse.gate();
    if let Err(error) = cut(conn, room) {
        tracing::warn!(%error, "the write-ahead log can't be cut off");
    }
}

/// Cares for the log until it is cut off after a quiet moment.
fn until_idle(conn: &Connection, pulse: &Pulse, room: &Room) -> Result<(), Fault> {
    let (mut quiet, mut since_cut) = (0, 0);
    while let Some(wrote) = pulse.tick() {
        quiet = if wrote { 0 } else { quiet + 1 };
        since_cut += 1;
        let log = Log::look(conn, "PRAGMA wal_checkpoint(NOOP)")?;
        let cut_due = quiet >= IDLE_TICKS || since_cut >= BUSY_TICKS || log.pages >= CUT_PAGES;
        let rewind_due = log.pages >= REWIND_PAGES;
        if log.unmoved() >= MOVE_PAGES || cut_due || rewind_due {
            // Moving gives back what the writer may just be reserving.
            let _gate = (room.look() != Level::Plenty).then(|| pulse.gate());
            Log::look(conn, "PRAGMA wal_checkpoint(PASSIVE)")?;
        }
        if rewind_due {
            // Once more, so that little is left for which the writer has to wait.
            Log::look(conn, "PRAGMA wal_checkpoint(PASSIVE)")?;
        }
        if cut_due {
            let _gate = pulse.gate();
            if cut(conn, room)? {
                since_cut = 0;
                if quiet > 0 {
                    return Ok(());
                }
            }
        } else if rewind_due {
            let _gate = pulse.gate();
            Log::look(conn, "PRAGMA wal_checkpoint(PASSIVE)")?;
        }
    }
    Ok(())
}

/// Moves all and makes the log an empty file; on a disk that may be full in a moment it is begun anew instead and keeps the blocks that
/// are reserved, which might not be had again. False if a reader was in the way.
fn cut(conn: &Connection, room: &Room) -> Result<bool, Fault> {
    let done = if room.is_scarce() {
        let done = !Log::look(conn, "PRAGMA wal_checkpoint(RESTART)")?.busy;
        if done && !room.log_is_short() {
            Room::shorten_log(conn)?;
        }
        done
    } else {
        !Log::look(conn, "PRAGMA wal_checkpoint(TRUNCATE)")?.busy
    };
    room.reserve_log();
    Ok(done)
}

/// What a checkpoint says about the log.
struct Log {
    busy: bool,
    pages: i64,
    moved: i64,
}

impl Log {
    fn look(conn: &Connection, pragma: &'static str) -> Result<Self, Fault> {
        let read = |row: &rusqlite::Row<'_>| {
            Ok(Self { busy: row.get::<_, i64>(0)? != 0, pages: row.get(1)?, moved: row.get(2)? })
        };
        Ok(conn.query_row(pragma, [], read)?)
    }

    fn unmoved(&self) -> i64 {
        self.pages - self.moved
    }
}
