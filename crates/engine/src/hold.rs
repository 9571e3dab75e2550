//! Keeping attachments' files for a while although nothing refers to them any more, so that a backup finds every file that its
//! snapshot of the database refers to.

use crate::blobs::Blobs;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tidings_core::BlobName;

/// Names that are remembered while files are held, 16 bytes each. Files beyond it are found by the next look for orphans.
const HELD_MAX: usize = 200_000;

/// Who holds files, and which are to be removed afterwards.
#[derive(Clone, Debug, Default)]
pub(crate) struct Holds(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    holders: usize,
    held: Vec<BlobName>,
}

impl Holds {
    /// Gives back the names whose files may be removed now: all, or none while somebody holds files.
    pub(crate) fn removable(&self, names: Vec<BlobName>) -> Vec<BlobName> {
        let mut state = self.lock();
        if state.holders == 0 {
            return names;
        }
        let room = HELD_MAX.saturating_sub(state.held.len());
        state.held.extend(names.into_iter().take(room));
        Vec::new()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One holder less; with the last, the names whose files are to be removed.
    fn release(&self) -> Vec<BlobName> {
        let mut state = self.lock();
        state.holders = state.holders.saturating_sub(1);
        if state.holders == 0 { std::mem::take(&mut state.held) } else { Vec::new() }
    }
}

/// While it lives, no file of a blob that was ever referred to is removed. Dropping it removes, and blocks meanwhile, what would
/// have been removed. If the process ends before, those files are swept as orphans at the next start.
pub struct Hold {
    blobs: Blobs,
}

impl Hold {
    pub(crate) fn new(blobs: Blobs) -> Self {
        blobs.holds().lock().holders += 1;
        Self { blobs }
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        for name in self.blobs.holds().release() {
            if let Err(error) = self.blobs.remove_now(name) {
                tracing::warn!(%error, "an attachment's file could not be removed; it is swept later");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[tokio::test]
    async fn held_files_stay_until_the_last_holder_is_gone() {
        let folder = tempfile::tempdir().unwrap();
        let blobs = Blobs::open(folder.path()).unwrap();
        let names: Vec<_> = (0..3).map(|number| BlobName::from_random([number; 16])).collect();
        for name in &names {
            fs::create_dir_all(blobs.path(*name).parent().unwrap()).unwrap();
            fs::write(blobs.path(*name), b"x").unwrap();
        }
        let there = || names.iter().filter(|name| blobs.path(**name).exists()).count();
        let (first, second) = (blobs.hold(), blobs.hold());
        blobs.remove(names[..2].to_vec()).await.unwrap();
        drop(first);
        blobs.remove(vec![names[1]]).await.unwrap();
        assert_eq!(there(), 3);
        drop(second);
        assert_eq!(there(), 1);
        blobs.remove(names.clone()).await.unwrap();
        assert_eq!(there(), 0);
    }
}
