//! A file over memory that fails as real ones do: what was not flushed may be lost or torn, it may have no room, and its worker may
//! be killed before any write.

use rand::rngs::StdRng;
use rand::{Rng as _, RngExt as _};
use redb::StorageBackend;
use std::io::{Error, ErrorKind};
use std::sync::{Arc, Mutex, MutexGuard};

/// The file. Clones are the same file.
#[derive(Clone, Debug, Default)]
pub(super) struct Disk(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    /// What reads see.
    bytes: Vec<u8>,
    /// What the last flush made durable.
    durable: Vec<u8>,
    /// What was done since.
    unflushed: Vec<Step>,
    /// So many changes until the worker is killed.
    fuse: Option<u64>,
    /// Bytes that the file may have.
    room: Option<u64>,
    closed: bool,
}

#[derive(Debug)]
enum Step {
    Write(u64, Vec<u8>),
    Length(u64),
}

impl Step {
    fn apply(&self, bytes: &mut Vec<u8>) {
        match self {
            Self::Length(length) => bytes.resize(usize::try_from(*length).unwrap(), 0),
            Self::Write(at, data) => {
                let at = usize::try_from(*at).unwrap();
                // The length of a file may be lost, and what stands beyond it kept.
                bytes.resize(bytes.len().max(at + data.len()), 0);
                bytes[at..at + data.len()].copy_from_slice(data);
            }
        }
    }

    /// A part of a write.
    fn torn(&self, random: &mut StdRng) -> Self {
        let Self::Write(at, data) = self else { return Self::Length(0) };
        let cut = random.random_range(0..=data.len());
        match random.random_bool(0.5) {
            true => Self::Write(*at, data[..cut].to_vec()),
            false => Self::Write(at + cut as u64, data[cut..].to_vec()),
        }
    }
}

impl Disk {
    pub(super) fn holding(bytes: Vec<u8>) -> Self {
        let disk = Self::default();
        disk.state().durable.clone_from(&bytes);
        disk.state().bytes = bytes;
        disk
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    pub(super) fn bytes(&self) -> Vec<u8> {
        self.state().bytes.clone()
    }

    pub(super) fn is_closed(&self) -> bool {
        self.state().closed
    }

    /// After so many changes more, the worker is killed.
    pub(super) fn set_fuse(&self, changes: u64) {
        self.state().fuse = Some(changes);
    }

    /// The file can have no more bytes than this.
    pub(super) fn set_room(&self, bytes: Option<u64>) {
        self.state().room = bytes;
    }

    /// The file as the next worker finds it: of what was not flushed, some is there, some is torn and some is lost.
    pub(super) fn after_kill(&self, random: &mut StdRng) -> Self {
        let state = self.state();
        let mut bytes = state.durable.clone();
        for step in &state.unflushed {
            match (random.next_u32() % 4, step) {
                (0, _) | (1, Step::Length(_)) => {}
                (1, step) => step.torn(random).apply(&mut bytes),
                (_, step) => step.apply(&mut bytes),
            }
        }
        Self::holding(bytes)
    }

    fn change(&self, step: Step) -> Result<(), Error> {
        let mut state = self.state();
        let end = match &step {
            Step::Length(length) => *length,
            Step::Write(at, data) => at + data.len() as u64,
        };
        if state.room.is_some_and(|room| end > room) {
            return Err(ErrorKind::StorageFull.into());
        }
        state.burn()?;
        step.apply(&mut state.bytes);
        state.unflushed.push(step);
        Ok(())
    }
}

impl State {
    fn burn(&mut self) -> Result<(), Error> {
        let killed = self.fuse == Some(0);
        self.fuse = self.fuse.map(|left| left.saturating_sub(1));
        if killed || self.closed { Err(ErrorKind::Other.into()) } else { Ok(()) }
    }
}

impl StorageBackend for Disk {
    fn len(&self) -> Result<u64, Error> {
        Ok(self.state().bytes.len() as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> Result<(), Error> {
        let (state, at) = (self.state(), usize::try_from(offset).unwrap_or(usize::MAX));
        let found = state.bytes.get(at..at.saturating_add(out.len())).ok_or(ErrorKind::UnexpectedEof)?;
        out.copy_from_slice(found);
        Ok(())
    }

    fn set_len(&self, len: u64) -> Result<(), Error> {
        self.change(Step::Length(len))
    }

    fn sync_data(&self) -> Result<(), Error> {
        let mut state = self.state();
        state.burn()?;
        state.durable = state.bytes.clone();
        state.unflushed.clear();
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> Result<(), Error> {
        self.change(Step::Write(offset, data.to_vec()))
    }

    fn close(&self) -> Result<(), Error> {
        self.state().closed = true;
        Ok(())
    }
}
