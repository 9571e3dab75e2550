//! One process at a time.

use super::StoreError;
use crate::place::Place;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read as _, Seek as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;

/// Held as long as it lives; the operating system lets go of it when the process ends, however that is.
pub(super) struct Lock(File);

impl Lock {
    /// Takes it. Fails at once with [`StoreError::Held`] if another process has it.
    pub(super) fn take(place: &Place) -> Result<Self, StoreError> {
        let path = place.lock();
        let failed = |error: std::io::Error| StoreError::file(&path, &error);
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false).mode(0o600);
        let mut file = options.open(&path).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut holder = String::new();
                // Only said for the person's sake.
                let _ = (&mut file).take(16).read_to_string(&mut holder);
                return Err(StoreError::Held(holder.trim().to_owned()));
            }
            Err(TryLockError::Error(error)) => return Err(failed(error)),
        }
        let mut name = || -> std::io::Result<()> {
            file.set_len(0)?;
            file.rewind()?;
            write!(file, "{}", std::process::id())
        };
        name().map_err(failed)?;
        Ok(Self(file))
    }
}

/// The process that has the profile, if one has; an empty text if it did not say which it is.
pub(super) fn holder(place: &Place) -> Option<String> {
    let mut file = File::open(place.lock()).ok()?;
    match file.try_lock_shared() {
        Err(TryLockError::WouldBlock) => {
            let mut holder = String::new();
            // Only said for the person's sake.
            let _ = (&mut file).take(16).read_to_string(&mut holder);
            Some(holder.trim().to_owned())
        }
        // Let go of with the file.
        _ => None,
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // The end of the file's life lets go of it as well.
        let _ = self.0.unlock();
    }
}
