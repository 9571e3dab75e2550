//! Expiry and orphans: deletes by age, empties the inboxes of deleted accounts, and removes files that nothing refers to.

use crate::Engine;
use crate::error::Error;
use std::time::Duration;
use tidings_core::blob::BlobName;
use tidings_core::ports::Swept;
use tidings_core::retention::Cutoffs;
use tidings_core::{StoreError, Timestamp};
use tokio::time::timeout;

/// How often everything is swept, beside once at start.
const EVERY: Duration = Duration::from_secs(3600);

/// How often orphaned files are looked for, beside once at start.
const ORPHANS_EVERY: Duration = Duration::from_secs(86_400);

/// Things deleted in one transaction at most, so that nobody waits long behind it.
const ROUND: usize = 200;

/// Files compared with the store at once.
const ORPHANS_BATCH: usize = 500;

/// What a sweep did, in numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Envelopes deleted.
    pub envelopes: u64,
    /// Exchanges deleted.
    pub exchanges: u64,
    /// Accounts deleted.
    pub accounts: u64,
    /// Uploaded blobs deleted.
    pub uploads: u64,
    /// Groups deleted.
    pub groups: u64,
    /// Orphaned files removed.
    pub orphans: u64,
}

impl Engine {
    /// Sweeps at start, every hour, and whenever an account was deleted, for ever.
    pub async fn run_sweeper(&self) {
        let mut orphans_at = None;
        loop {
            let now = self.now();
            match self.sweep(now).await {
                Ok(report) if report != Report::default() => tracing::info!(?report, "swept"),
                Ok(_) => {}
                Err(error) => tracing::warn!(%error, "sweeping failed; it is tried again in an hour"),
            }
            if orphans_at.is_none_or(|at: Timestamp| now.since(at) >= ORPHANS_EVERY) {
                self.sweep_orphans_and_tell().await;
                orphans_at = Some(now);
            }
            let _ = timeout(EVERY, self.inner.sweeper.notified()).await;
        }
    }

    /// Deletes everything that is past its time, and what deleted accounts left.
    pub async fn sweep(&self, now: Timestamp) -> Result<Report, Error> {
        let cutoffs = Cutoffs::at(now, self.policies(), &self.inner.retention);
        let mut report = Report::default();
        while self.round(self.inner.store.sweep(cutoffs.clone(), ROUND).await, &mut report).await? {}
        while self.round(self.inner.store.drain(ROUND).await, &mut report).await? {}
        Ok(report)
    }

    /// Empties what has just ended before that is answered, so that of all but large groups and accounts nothing is left by then. The sweeper
    /// does the rest.
    pub(crate) async fn sweep_ended(&self) {
        match self.round(self.inner.store.drain(ROUND).await, &mut Report::default()).await {
            Ok(false) => return,
            Ok(true) => {}
            Err(error) => tracing::warn!(%error, "deleting what has ended failed; it is tried again"),
        }
        self.inner.sweeper.notify_one();
    }

    async fn round(&self, swept: Result<Swept, StoreError>, report: &mut Report) -> Result<bool, Error> {
        let swept = swept?;
        for (stream, seq) in &swept.envelopes {
            self.inner.tail.remove(stream, *seq);
            self.inner.history.remove(stream, *seq);
        }
        report.envelopes += u64::try_from(swept.envelopes.len()).unwrap_or(u64::MAX);
        report.exchanges += swept.exchanges;
        report.accounts += swept.accounts;
        report.uploads += swept.uploads;
        report.groups += swept.groups;
        if swept.accounts > 0 {
            self.inner.owners.forget_all();
        }
        if swept.groups > 0 {
            self.inner.memberships.forget_all();
        }
        self.inner.blobs.remove(swept.freed).await?;
        Ok(swept.more)
    }

    async fn sweep_orphans_and_tell(&self) {
        match self.sweep_orphans().await {
            Ok(orphans) => tracing::info!(orphans, "looked for attachments that nothing refers to"),
            Err(error) => tracing::warn!(%error, "looking for orphaned attachments failed; it is tried again tomorrow"),
        }
    }

    /// Removes files that nothing refers to. Gives how many.
    pub async fn sweep_orphans(&self) -> Result<u64, Error> {
        let mut removed = 0;
        for prefix in 0..=u8::MAX {
            for batch in self.inner.blobs.list(prefix).await?.chunks(ORPHANS_BATCH) {
                removed += self.remove_unreferenced(batch.to_vec()).await?;
            }
        }
        Ok(removed)
    }

    async fn remove_unreferenced(&self, names: Vec<BlobName>) -> Result<u64, Error> {
        let orphans = self.inner.store.unreferenced(names).await?;
        let count = u64::try_from(orphans.len()).unwrap_or(u64::MAX);
        self.inner.blobs.remove(orphans).await?;
        Ok(count)
    }
}
