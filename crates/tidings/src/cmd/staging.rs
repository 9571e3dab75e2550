//! Building a node's data beside its place, so that a node is there wholly or not at all.
//!
//! The database is built as `tidings.db.incoming` and the attachments in `blobs.incoming`. When both are complete and synced, the
//! attachments are renamed to their place first and the database last: without a database there is no node. What a crash leaves is
//! removed by the next attempt, also if it came between the two renames (then the database is still incoming, and the attachments
//! are not). The database's lock is held all the time, so that no node starts meanwhile.

use crate::failure::Failure;
use crate::settings::Settings;
use std::ffi::OsString;
use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

/// Added to the names of what is being built.
const INCOMING: &str = ".incoming";

/// What SQLite and the store put beside a database.
const BESIDE_DATABASE: &[&str] = &["", "-wal", "-shm", "-journal", ".lock", ".new"];

/// Where a node's data goes.
#[derive(Clone)]
pub(super) struct Target {
    data_dir: PathBuf,
    database: PathBuf,
    blobs: PathBuf,
}

impl Target {
    /// The places in these settings.
    pub(super) fn of(settings: &Settings) -> Self {
        Self { data_dir: settings.data_dir(), database: settings.database(), blobs: settings.blobs() }
    }

    /// The database's place.
    pub(super) fn database(&self) -> &Path {
        &self.database
    }

    /// Fails with [`Failure::Usage`] if there is a node's data already. Writes nothing.
    pub(super) fn check(&self) -> Result<(), Failure> {
        if fs::symlink_metadata(&self.database).is_ok() {
            return Err(Failure::Usage(format!(
                "there is a node's database at {} already, and nothing is overwritten.\n\
                 Choose another place with --data-dir, or stop that node and move its data away (keep it).",
                self.database.display()
            )));
        }
        if !self.interrupted() && has_files(&self.blobs)? {
            return Err(Failure::Usage(format!(
                "there are files in {} already, and nothing is overwritten: move them away",
                self.blobs.display()
            )));
        }
        Ok(())
    }

    /// Whether an earlier attempt ended between its two renames.
    fn interrupted(&self) -> bool {
        with(&self.database, INCOMING).exists() && !with(&self.blobs, INCOMING).exists()
    }

    /// The bytes that are free where the data goes, on the nearest folder that is there.
    pub(super) fn free(&self) -> Result<u64, Failure> {
        let folder = self.blobs.ancestors().find(|folder| folder.is_dir()).unwrap_or(Path::new("."));
        let found = rustix::fs::statvfs(folder).map_err(io::Error::from)?;
        Ok(found.f_bavail.saturating_mul(found.f_frsize))
    }

    /// Makes the folders, locks the database's place against nodes, removes what an earlier attempt left, and begins. Fails with
    /// [`Failure::InUse`] if another process has the lock, or as [`Target::check`].
    pub(super) fn begin(&self) -> Result<Staging, Failure> {
        make_folder(&self.data_dir)?;
        for place in [&self.database, &self.blobs] {
            place.parent().map_or(Ok(()), make_folder)?;
        }
        let lock = lock(&self.database)?;
        self.check()?;
        if self.interrupted() && self.blobs.exists() {
            fs::rename(&self.blobs, with(&self.blobs, INCOMING))?;
        }
        let staging = Staging { target: self.clone(), _lock: lock, placed: false };
        staging.remove()?;
        make_folder(&staging.blobs())?;
        Ok(staging)
    }
}

/// Fails if a restore or an import into this place was broken off, so that no empty node takes it.
pub(crate) fn refuse_unfinished(database: &Path) -> Result<(), Failure> {
    let incoming = with(database, INCOMING);
    if !incoming.exists() || database.exists() {
        return Ok(());
    }
    Err(Failure::Usage(format!(
        "a restore or an import was broken off here: {} is left of it.\n\
         Do it again, or remove that file to begin with an empty node.",
        incoming.display()
    )))
}

/// Data that is being built. Dropped before it is placed, it is removed.
pub(super) struct Staging {
    target: Target,
    _lock: File,
    placed: bool,
}

impl Staging {
    /// Where to build the database.
    pub(super) fn database(&self) -> PathBuf {
        with(&self.target.database, INCOMING)
    }

    /// Where to build the folder of attachments.
    pub(super) fn blobs(&self) -> PathBuf {
        with(&self.target.blobs, INCOMING)
    }

    /// Makes all of it durable and moves it to its place.
    pub(super) fn place(mut self) -> Result<(), Failure> {
        let (database, blobs) = (self.database(), self.blobs());
        remove(&with(&database, ".lock"))?;
        // One call for a whole file system, since one for each of many thousand files takes minutes.
        for place in [&database, &blobs] {
            rustix::fs::syncfs(File::open(place)?).map_err(io::Error::from)?;
        }
        // Empty, as was checked.
        match fs::remove_dir_all(&self.target.blobs) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(Failure::of(&format!("replacing the empty folder {}", self.target.blobs.display()), error));
            }
            _ => {}
        }
        rename(&blobs, &self.target.blobs)?;
        rename(&database, &self.target.database)?;
        self.placed = true;
        Ok(())
    }

    /// Removes what is there of it. The database first: see above.
    fn remove(&self) -> Result<(), Failure> {
        let database = self.database();
        for suffix in BESIDE_DATABASE {
            remove(&with(&database, suffix))?;
        }
        match fs::remove_dir_all(self.blobs()) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error.into()),
            _ => Ok(()),
        }
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        if !self.placed {
            // What can't be removed now is removed by the next attempt.
            let _ = self.remove();
        }
    }
}

/// The path with something added to its last name.
fn with(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(suffix);
    PathBuf::from(name)
}

fn make_folder(path: &Path) -> Result<(), Failure> {
    let made = DirBuilder::new().recursive(true).mode(0o700).create(path);
    made.map_err(|error| Failure::of(&format!("making the folder {}", path.display()), error))
}

/// Takes the lock that the store takes (backends, sqlite/open.rs).
fn lock(database: &Path) -> Result<File, Failure> {
    let path = with(database, ".lock");
    let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(&path)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(Failure::InUse(format!(
            "{} is in use by another process: stop the node, or choose another --data-dir",
            database.display()
        ))),
        Err(TryLockError::Error(error)) => Err(error.into()),
    }
}

fn remove(file: &Path) -> io::Result<()> {
    match fs::remove_file(file) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn rename(from: &Path, to: &Path) -> Result<(), Failure> {
    let renamed = fs::rename(from, to).and_then(|()| match to.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => File::open(folder)?.sync_all(),
        _ => Ok(()),
    });
    renamed.map_err(|error| Failure::of(&format!("moving {} to {}", from.display(), to.display()), error))
}

/// Whether there is any file in or below a folder. The empty folders that a node makes do not count.
fn has_files(folder: &Path) -> io::Result<bool> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        entries => entries?,
    };
    for entry in entries {
        let entry = entry?;
        if !entry.file_type()?.is_dir() || has_files(&entry.path())? {
            return Ok(true);
        }
    }
    Ok(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(folder: &Path) -> Target {
        Target { data_dir: folder.to_owned(), database: folder.join("tidings.db"), blobs: folder.join("blobs") }
    }

    fn build(staging: &Staging) {
        fs::write(staging.database(), b"database").unwrap();
        fs::create_dir(staging.blobs().join("00")).unwrap();
        fs::write(staging.blobs().join("00/blob"), b"blob").unwrap();
    }

    #[test]
    fn data_is_there_wholly_or_not_at_all() {
        let folder = tempfile::tempdir().unwrap();
        let target = target(folder.path());
        let staging = target.begin().unwrap();
        assert!(matches!(target.begin(), Err(Failure::InUse(_))));
        build(&staging);
        drop(staging);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "the lock alone");
        let staging = target.begin().unwrap();
        build(&staging);
        staging.place().unwrap();
        assert_eq!(fs::read(folder.path().join("tidings.db")).unwrap(), b"database");
        assert_eq!(fs::read(folder.path().join("blobs/00/blob")).unwrap(), b"blob");
        assert!(matches!(target.check(), Err(Failure::Usage(_))));
        assert!(matches!(target.begin(), Err(Failure::Usage(_))));
    }

    #[test]
    fn whatever_a_crash_left_is_replaced() {
        for after_first_rename in [false, true] {
            let folder = tempfile::tempdir().unwrap();
            let target = target(folder.path());
            let staging = target.begin().unwrap();
            build(&staging);
            if after_first_rename {
                fs::rename(staging.blobs(), folder.path().join("blobs")).unwrap();
            }
            // As if the process had been killed: the lock goes, the files stay.
            let mut staging = staging;
            staging.placed = true;
            drop(staging);
            target.check().unwrap();
            let staging = target.begin().unwrap();
            assert_eq!(fs::read_dir(staging.blobs()).unwrap().count(), 0);
            build(&staging);
            staging.place().unwrap();
            assert_eq!(fs::read(folder.path().join("blobs/00/blob")).unwrap(), b"blob");
        }
    }

    #[test]
    fn foreign_files_are_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let target = target(folder.path());
        fs::create_dir_all(folder.path().join("blobs/incoming")).unwrap();
        target.check().unwrap();
        fs::write(folder.path().join("blobs/incoming/x"), b"x").unwrap();
        assert!(matches!(target.begin(), Err(Failure::Usage(_))));
        assert!(folder.path().join("blobs/incoming/x").exists());
    }
}
