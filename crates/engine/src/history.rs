//! Rooms that are being read, wholly in memory, so that a page costs a search and not a query.
//!
//! A room is loaded when it is read for the first time, unless it is too large. How it then follows what happens in the store is
//! told in [`held`].

mod held;

use crate::error::Error;
use crate::tail::Item;
use held::{Entry, Held, Loading};
use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Duration;
use tidings_core::{Bound, Caller, HistoryQuery, Order, Seq, Store, StreamName, Timestamp, Usage};
use tokio::sync::Semaphore;

/// One room may take the budget less this part of it.
const OTHERS_SHARE: usize = 4;

/// A room of more than this part of the budget is not loaded if others that were read lately would have to go for it: if two
/// that have no room together are read by turns, loading each again and again would cost more than queries.
const LARGE_SHARE: usize = 16;

/// What was read lately.
const LATELY: Duration = Duration::from_secs(10);

/// When it is tried again to load a room for which there was no room.
const LOAD_AGAIN: Duration = Duration::from_secs(30);

/// Part of the budget that is made free at once when it is used up, so that not every page searches for what to drop.
const FREE_SHARE: usize = 8;

/// Bytes reckoned for a room beside its name and its messages.
const ROOM_OVERHEAD: usize = 512;

/// Bytes reckoned for a message beside its content, before it is loaded.
const MESSAGE_OVERHEAD: usize = 280;

/// Rooms that are loaded at a time. Others are read from the store meanwhile.
const LOADS_MAX: usize = 2;

/// A room that is not read for this long goes, at the latest after twice as long.
const IDLE: Duration = Duration::from_secs(300);

/// All of a room.
const ALL: HistoryQuery =
    HistoryQuery { from: Bound::Oldest, to: Bound::Newest(0), order: Order::Ascending, skip: 0, limit: usize::MAX };

/// The rooms in memory, within one budget of bytes.
pub(crate) struct History {
    budget: usize,
    /// Locked before the state of a room. Whoever changes what a room takes holds this one for reading, so that rooms come and
    /// go only while none changes.
    rooms: RwLock<HashMap<StreamName, Arc<Room>>>,
    bytes: AtomicUsize,
    tick: AtomicU64,
    tidied: Mutex<(Timestamp, u64)>,
    loads: Semaphore,
}

struct Room {
    state: RwLock<State>,
    /// The tick at which it was read last.
    read: AtomicU64,
    /// The moment of that in milliseconds since 1970.
    read_at: AtomicI64,
}

enum State {
    Loading(Loading),
    Held(Held),
    /// Too large: read from the store, until it is tried again.
    Away(Timestamp),
}

impl State {
    fn bytes(&self) -> usize {
        match self {
            Self::Held(held) => held.bytes(),
            // Shared with others, and soon over.
            Self::Loading(_) | Self::Away(_) => 0,
        }
    }
}

impl Room {
    fn state(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self) -> RwLockWriteGuard<'_, State> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }

    fn ask<T>(&self, question: impl FnOnce(&Held) -> T) -> Option<T> {
        match &*self.state() {
            State::Held(held) => Some(question(held)),
            State::Loading(_) | State::Away(_) => None,
        }
    }
}

impl History {
    pub(crate) fn new(budget: usize) -> Self {
        Self {
            budget,
            rooms: RwLock::default(),
            bytes: AtomicUsize::new(0),
            tick: AtomicU64::new(0),
            tidied: Mutex::default(),
            loads: Semaphore::new(LOADS_MAX),
        }
    }

    /// A page of a room, of what was written at `since` or later.
    pub(crate) async fn history(
        &self,
        store: &Arc<dyn Store>,
        room: &StreamName,
        query: &HistoryQuery,
        since: Timestamp,
        now: Timestamp,
    ) -> Result<Vec<Arc<Item>>, Error> {
        self.tidy(now);
        let page = |held: &Held| held.page(query, since);
        let known = match self.find(room, now) {
            Some(found) => found.ask(page),
            None => self.load(store, room, now, page).await?,
        };
        let from = if known.is_some() { "memory" } else { "store" };
        metrics::counter!("tidings_history_pages_total", "from" => from).increment(1);
        if let Some(items) = known {
            return Ok(items);
        }
        let found = store.history(room.clone(), *query, since).await?;
        Ok(found.into_iter().map(|envelope| Arc::new(Item::new(envelope))).collect())
    }

    /// How many messages of a room lie between two bounds, of those that were written at `since` or later.
    pub(crate) async fn count(
        &self,
        store: &Arc<dyn Store>,
        room: &StreamName,
        from: Bound,
        to: Bound,
        since: Timestamp,
        now: Timestamp,
    ) -> Result<u64, Error> {
        self.tidy(now);
        match self.find(room, now).and_then(|found| found.ask(|held| held.count(from, to, since))) {
            Some(count) => Ok(count),
            None => Ok(store.count(room.clone(), from, to, since).await?),
        }
    }

    /// Notes an envelope that the store has appended.
    pub(crate) fn push(&self, room: &StreamName, item: &Arc<Item>) {
        self.tidy(item.envelope.at);
        self.tell(room, |state| match state {
            State::Loading(loading) => loading.push(item),
            State::Held(held) => held.push(item),
            State::Away(_) => true,
        });
    }

    /// Notes that an envelope is gone from the store.
    pub(crate) fn remove(&self, room: &StreamName, seq: Seq) {
        self.tell(room, |state| match state {
            State::Loading(loading) => loading.remove(seq),
            State::Held(held) => held.remove(seq),
            State::Away(_) => true,
        });
    }

    /// Forgets a room, because its state elsewhere is not known.
    pub(crate) fn forget(&self, room: &StreamName) {
        // Most are not here, and then nobody need wait.
        if self.rooms().contains_key(room) {
            self.drop_room(&mut self.rooms_to_change(), room);
        }
    }

    /// Forgets everything.
    pub(crate) fn forget_all(&self) {
        let mut rooms = self.rooms_to_change();
        rooms.clear();
        self.bytes.store(0, Ordering::Relaxed);
    }

    fn rooms(&self) -> RwLockReadGuard<'_, HashMap<StreamName, Arc<Room>>> {
        self.rooms.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn rooms_to_change(&self) -> RwLockWriteGuard<'_, HashMap<StreamName, Arc<Room>>> {
        self.rooms.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// A room that is in memory, or comes to be, or is too large; it counts as just read.
    fn find(&self, room: &StreamName, now: Timestamp) -> Option<Arc<Room>> {
        let found = self.rooms().get(room).cloned()?;
        if matches!(*found.state(), State::Away(at) if now.distance(at) >= LOAD_AGAIN) {
            self.drop_room(&mut self.rooms_to_change(), room);
            return None;
        }
        found.read.store(self.tick.fetch_add(1, Ordering::Relaxed), Ordering::Relaxed);
        found.read_at.store(now.millis(), Ordering::Relaxed);
        Some(found)
    }

    /// Whether a room of so many bytes can be loaded without driving out what others are reading.
    fn has_room_for(&self, bytes: usize, now: Timestamp) -> bool {
        if bytes <= self.budget / LARGE_SHARE {
            return true;
        }
        let since = now.before(LATELY).millis();
        let rooms = self.rooms();
        let lately = rooms.values().filter(|room| room.read_at.load(Ordering::Relaxed) >= since);
        let taken: usize = lately.map(|room| room.state().bytes()).sum();
        bytes <= self.most() && taken.saturating_add(bytes) <= self.budget
    }

    /// The most that one room may take.
    fn most(&self) -> usize {
        self.budget - self.budget / OTHERS_SHARE
    }

    /// Tells a room what happened, which answers whether it is still known.
    fn tell(&self, room: &StreamName, happened: impl FnOnce(&mut State) -> bool) {
        let rooms = self.rooms();
        let Some(found) = rooms.get(room) else { return };
        let mut state = found.change();
        let before = state.bytes();
        let known = happened(&mut state);
        let after = state.bytes();
        self.bytes.fetch_add(after, Ordering::Relaxed);
        self.bytes.fetch_sub(before, Ordering::Relaxed);
        drop(state);
        drop(rooms);
        if !known || after > self.most() {
            self.forget(room);
        }
        self.make_room();
    }

    /// Loads a room and asks it. None if it is better read from the store.
    async fn load<T>(
        &self,
        store: &Arc<dyn Store>,
        room: &StreamName,
        now: Timestamp,
        question: impl FnOnce(&Held) -> T,
    ) -> Result<Option<T>, Error> {
        let Ok(_permit) = self.loads.try_acquire() else { return Ok(None) };
        let Some(place) = Place::take(self, room, now) else { return Ok(None) };
        let facts = store.facts(Caller::Anonymous, vec![room.clone()]).await?;
        let used = facts.first().map_or_else(Usage::default, |facts| facts.used);
        if used.count == 0 {
            // Not kept: anybody can ask for rooms that nobody has written to.
            return Ok(Loading::default().finish(Vec::new(), Seq::START).map(|empty| question(&empty)));
        }
        if !self.has_room_for(weight(used), now) {
            place.leave(State::Away(now));
            return Ok(None);
        }
        let end = store.end(room.clone()).await?;
        let all = store.history(room.clone(), ALL, Timestamp::EPOCH).await?;
        let entries = all.into_iter().map(|envelope| Entry::new(Arc::new(Item::new(envelope)))).collect();
        let answer = place.fill(entries, end, question);
        self.publish();
        self.make_room();
        Ok(answer)
    }

    fn drop_room(&self, rooms: &mut HashMap<StreamName, Arc<Room>>, room: &StreamName) {
        if let Some(old) = rooms.remove(room) {
            self.bytes.fetch_sub(old.state().bytes() + overhead(room), Ordering::Relaxed);
        }
    }

    /// Over budget, drops the rooms that were read longest ago.
    fn make_room(&self) {
        if self.bytes.load(Ordering::Relaxed) <= self.budget {
            return;
        }
        let mut rooms = self.rooms_to_change();
        let mut order: Vec<_> =
            rooms.iter().map(|(name, room)| (room.read.load(Ordering::Relaxed), name.clone())).collect();
        order.sort_unstable_by_key(|(read, _)| *read);
        for (_, name) in order {
            if self.bytes.load(Ordering::Relaxed) <= self.budget - self.budget / FREE_SHARE {
                break;
            }
            self.drop_room(&mut rooms, &name);
        }
        drop(rooms);
        self.publish();
    }

    /// Now and then drops the rooms that were not read since the last time.
    fn tidy(&self, now: Timestamp) {
        let mut tidied = self.tidied.lock().unwrap_or_else(PoisonError::into_inner);
        let (at, tick) = *tidied;
        if now.distance(at) < IDLE {
            return;
        }
        *tidied = (now, self.tick.load(Ordering::Relaxed));
        drop(tidied);
        let mut rooms = self.rooms_to_change();
        let idle = |room: &Room| room.read.load(Ordering::Relaxed) < tick;
        let names: Vec<_> = rooms.iter().filter(|(_, room)| idle(room)).map(|(name, _)| name.clone()).collect();
        names.iter().for_each(|name| self.drop_room(&mut rooms, name));
        drop(rooms);
        self.publish();
    }

    fn publish(&self) {
        let float = |number: usize| u32::try_from(number).map_or(f64::INFINITY, f64::from);
        metrics::gauge!("tidings_history_bytes").set(float(self.bytes.load(Ordering::Relaxed)));
        metrics::gauge!("tidings_history_rooms").set(float(self.rooms().len()));
    }
}

/// Bytes that a room will take in memory, about.
fn weight(used: Usage) -> usize {
    let as_size = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
    let content = as_size(used.bytes).saturating_mul(2);
    as_size(used.count).saturating_mul(MESSAGE_OVERHEAD).saturating_add(content)
}

fn overhead(room: &StreamName) -> usize {
    ROOM_OVERHEAD + room.bytes().len()
}

/// The place of a room that is being loaded. Given back when whoever loads it stops half-way.
struct Place<'a> {
    history: &'a History,
    name: &'a StreamName,
    room: Arc<Room>,
    settled: bool,
}

impl<'a> Place<'a> {
    /// Takes the place of a room, which hears of everything from now on. None if somebody else has taken it.
    fn take(history: &'a History, name: &'a StreamName, now: Timestamp) -> Option<Self> {
        let read = AtomicU64::new(history.tick.fetch_add(1, Ordering::Relaxed));
        let (state, read_at) = (RwLock::new(State::Loading(Loading::default())), AtomicI64::new(now.millis()));
        let room = Arc::new(Room { state, read, read_at });
        let mut rooms = history.rooms_to_change();
        if rooms.contains_key(name) {
            return None;
        }
        rooms.insert(name.clone(), Arc::clone(&room));
        history.bytes.fetch_add(overhead(name), Ordering::Relaxed);
        Some(Self { history, name, room, settled: false })
    }

    /// Whether the room was not forgotten meanwhile.
    fn stands(&self, rooms: &HashMap<StreamName, Arc<Room>>) -> bool {
        rooms.get(self.name).is_some_and(|room| Arc::ptr_eq(room, &self.room))
    }

    /// Leaves the room in a state without messages.
    fn leave(mut self, state: State) {
        *self.room.change() = state;
        self.settled = true;
    }

    /// Puts the messages in and asks the room. None if it is not known after all.
    fn fill<T>(mut self, entries: Vec<Entry>, end: Seq, question: impl FnOnce(&Held) -> T) -> Option<T> {
        let rooms = self.history.rooms();
        if !self.stands(&rooms) {
            return None;
        }
        let mut state = self.room.change();
        let told = std::mem::replace(&mut *state, State::Loading(Loading::default()));
        let State::Loading(loading) = told else { return None };
        let held = loading.finish(entries, end)?;
        let answer = question(&held);
        self.history.bytes.fetch_add(held.bytes(), Ordering::Relaxed);
        *state = State::Held(held);
        self.settled = true;
        Some(answer)
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        if !self.settled {
            let mut rooms = self.history.rooms_to_change();
            if self.stands(&rooms) {
                self.history.drop_room(&mut rooms, self.name);
            }
        }
    }
}

#[cfg(test)]
mod tests;
