//! Copying the database while it is in use.

use super::fault::Fault;
use super::{SqliteStore, open};
use rusqlite::Connection;
use rusqlite::backup::{Backup, StepResult};
use std::fs::{File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use tidings_core::StoreError;

/// Pages copied between two reports.
const STEP_PAGES: i32 = 512;

impl SqliteStore {
    /// Copies the database, as it is now, to a new file that only its owner may read; durable when this returns. `progress`
    /// hears pages done and pages in all. Writers go on meanwhile. Fails if the file is there already.
    pub async fn backup_to(
        &self,
        to: &Path,
        progress: impl FnMut(u64, u64) + Send + 'static,
    ) -> Result<(), StoreError> {
        let (from, to) = (self.path().to_owned(), to.to_owned());
        let copied = tokio::task::spawn_blocking(move || copy(&from, &to, progress)).await;
        Ok(copied.map_err(|error| StoreError::Failed(error.to_string()))??)
    }
}

fn copy(from: &Path, to: &Path, mut progress: impl FnMut(u64, u64)) -> Result<(), Fault> {
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(to)?;
    let source = open::reader(from, open::SIDE_CACHE_KIB)?;
    // While this read transaction is open the copy is of one moment, and need not begin anew when something is written.
    let moment = source.unchecked_transaction()?;
    moment.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))?;
    let mut target = Connection::open(to)?;
    // The file counts only once it is whole and synced.
    target.pragma_update(None, "synchronous", "OFF")?;
    let backup = Backup::new(&source, &mut target)?;
    loop {
        let step = backup.step(STEP_PAGES)?;
        let at = backup.progress();
        let pages = |pages: i32| u64::try_from(pages).unwrap_or(0);
        progress(pages(at.pagecount - at.remaining), pages(at.pagecount));
        match step {
            StepResult::Done => break,
            StepResult::More => {}
            _ => return Err(Fault::Failed("the database is locked".to_owned())),
        }
    }
    drop(backup);
    moment.commit()?;
    target.close().map_err(|(_, error)| error)?;
    File::open(to)?.sync_all()?;
    open::sync_folder(to)
}
