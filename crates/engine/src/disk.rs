//! Free disk space that is kept back, so that the node refuses politely before its disk is full.

use crate::error::Error;
use std::path::PathBuf;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use tidings_core::Timestamp;

/// Milliseconds for which one reading of the free space counts.
const READING_LASTS: i64 = 500;

/// The most that may be promised on one reading before it is taken anew, in bytes.
const PROMISED_MAX: u64 = 64 << 20;

/// The least that is kept back, in bytes, whatever the settings say: deleting needs some room, too, and the store refuses to grow
/// when only half of this is left.
pub const RESERVE_MIN: u64 = 16 << 20;

/// Bytes that a store must have unused before it is asked to take something without more of the disk.
const SPARE_MIN: u64 = 2 << 20;

/// How often what goes into a store is written: to its log, and to its place.
const TIMES_WRITTEN: u64 = 2;

/// Knows how much room the disk of the data folder has.
pub(crate) struct FreeSpace {
    folder: PathBuf,
    reserve: u64,
    free: AtomicU64,
    promised: AtomicU64,
    read_at: AtomicI64,
}

impl FreeSpace {
    pub(crate) fn new(folder: PathBuf, reserve: u64) -> Self {
        Self {
            folder,
            reserve: reserve.max(RESERVE_MIN),
            free: AtomicU64::new(0),
            promised: AtomicU64::new(0),
            read_at: AtomicI64::new(i64::MIN),
        }
    }

    /// Fails with [`Error::DiskFull`] if `bytes` more would touch the reserve. What cannot be read does not refuse: the write
    /// itself will say.
    pub(crate) fn allow(&self, bytes: u64, now: Timestamp) -> Result<(), Error> {
        let promised = self.promised.fetch_add(bytes, Ordering::Relaxed).saturating_add(bytes);
        let age = now.millis().saturating_sub(self.read_at.load(Ordering::Relaxed));
        if !(0..READING_LASTS).contains(&age) || promised > PROMISED_MAX {
            self.read_again(bytes, now);
        }
        if !self.enough() {
            // What was promised may have been refused since, or be on the disk already.
            self.read_again(bytes, now);
        }
        if self.enough() { Ok(()) } else { Err(Error::DiskFull) }
    }

    /// The same for what goes into the store, which may have `spare` bytes that it does not use. They help while the reserve is
    /// not touched too far: the store writes to a log first.
    pub(crate) fn allow_stored(&self, bytes: u64, spare: u64, now: Timestamp) -> Result<(), Error> {
        let written = bytes.saturating_mul(TIMES_WRITTEN);
        let inside = written.saturating_add(SPARE_MIN) <= spare;
        match self.allow(written, now) {
            Err(_) if inside && self.free.load(Ordering::Relaxed) >= written.saturating_add(RESERVE_MIN / 2) => Ok(()),
            allowed => allowed,
        }
    }

    fn enough(&self) -> bool {
        let needed = self.promised.load(Ordering::Relaxed).saturating_add(self.reserve);
        self.free.load(Ordering::Relaxed) >= needed
    }

    fn read_again(&self, bytes: u64, now: Timestamp) {
        let free = free_bytes(&self.folder).unwrap_or(u64::MAX);
        self.free.store(free, Ordering::Relaxed);
        self.promised.store(bytes, Ordering::Relaxed);
        self.read_at.store(now.millis(), Ordering::Relaxed);
    }
}

/// Bytes that an ordinary user may still write to the disk that holds `folder`.
pub fn free_bytes(folder: &std::path::Path) -> std::io::Result<u64> {
    let stat = rustix::fs::statvfs(folder)?;
    Ok(stat.f_bavail.saturating_mul(stat.f_frsize))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reserve_is_kept_back() {
        let folder = tempfile::tempdir().unwrap();
        let free = free_bytes(folder.path()).unwrap();
        let now = Timestamp::from_millis(1_000_000);
        assert!(FreeSpace::new(folder.path().into(), 0).allow(1, now).is_ok());
        assert!(matches!(FreeSpace::new(folder.path().into(), free * 2).allow(1, now), Err(Error::DiskFull)));
        assert!(matches!(FreeSpace::new(folder.path().into(), 0).allow(free * 2, now), Err(Error::DiskFull)));
    }

    #[test]
    fn promises_add_up_until_the_room_is_read_again() {
        let folder = tempfile::tempdir().unwrap();
        let free = free_bytes(folder.path()).unwrap();
        let space = FreeSpace::new(folder.path().into(), free / 2);
        let now = Timestamp::from_millis(1_000_000);
        space.allow(1, now).unwrap();
        space.free.store(space.reserve + 100, Ordering::Relaxed);
        space.allow(90, now).unwrap();
        assert_eq!(space.promised.load(Ordering::Relaxed), 91);
        space.allow(20, now).unwrap();
        assert_eq!(space.promised.load(Ordering::Relaxed), 20, "read again before anything is refused");
        assert!(space.allow(free, now).is_err());
    }

    #[test]
    fn what_the_store_does_not_use_helps() {
        let folder = tempfile::tempdir().unwrap();
        let free = free_bytes(folder.path()).unwrap();
        let space = FreeSpace::new(folder.path().into(), free * 2);
        let now = Timestamp::from_millis(1_000_000);
        assert!(space.allow_stored(1000, SPARE_MIN, now).is_err());
        assert!(space.allow_stored(1000, SPARE_MIN + 2000, now).is_ok());
        assert!(space.allow_stored(free, u64::MAX, now).is_err());
    }
}
