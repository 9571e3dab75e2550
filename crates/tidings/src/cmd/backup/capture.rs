//! Making a backup while the node runs.
//!
//! First the files of attachments are held: from then on the engine removes none, whatever is taken out of inboxes. Then the
//! database is copied as of one moment. Whatever that copy refers to was written and synced before its row was (engine::blobs), and
//! was not removed before the hold, since files are removed after their rows; so each file is there, and stays there until it is
//! captured. What arrives or is taken meanwhile changes the node, not the backup. Nothing has to be dropped when restoring.
//!
//! On the same file system a file is captured by a second name for it (a hard link): attachments are never written to again, so that
//! costs neither time nor room. Elsewhere it is copied. Either way all of it is read for its hash.
//!
//! All is made under the name with `.partial` behind it, synced, and then renamed: under its own name a backup is always whole.

use super::manifest::{self, Manifest};
use super::sums::{self, List, Member};
use super::{BLOBS, DATABASE};
use crate::cmd::progress::Hundredths;
use crate::control::Progress;
use crate::failure::Failure;
use crate::node::Node;
use std::ffi::OsString;
use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tidings_backends::sqlite::snapshot::Snapshot;
use tidings_core::{BlobName, Timestamp};
use tidings_doors::piqchat::Keys;
use tidings_engine::Blobs;

/// What steps are called.
const DATABASE_STEP: &str = "copying the database";
const BLOBS_STEP: &str = "copying attachments";

/// Makes a backup of a node, running or not, at an absolute path. Fails with [`Failure::Usage`] if there is something at `to`.
pub(crate) async fn take(node: &Node, to: PathBuf, progress: &Progress) -> Result<Manifest, Failure> {
    let name = to.display().to_string();
    take_all(node, to, progress).await.map_err(|failure| match failure {
        Failure::Failed(what) => Failure::Failed(format!("the backup {name} was not made: {what}")),
        other => other,
    })
}

async fn take_all(node: &Node, to: PathBuf, progress: &Progress) -> Result<Manifest, Failure> {
    let partial = Arc::new(Partial::create(&to)?);
    let overrides = node.found.load().settings.key_overrides();
    let node_key = Keys::load_or_make(&node.engine, &overrides).await?.public_key();
    let hold = node.engine.blobs().hold();
    let made_at = node.engine.now();
    copy_database(node, &partial, progress).await?;
    let capture = Capture { partial, blobs: node.engine.blobs().clone(), progress: progress.clone() };
    let captured = tokio::task::spawn_blocking(move || {
        let manifest = capture.finish(node_key, made_at, &to);
        // Removes what was taken meanwhile.
        drop(hold);
        manifest
    });
    captured.await.map_err(|error| Failure::of("making the backup", error))?
}

async fn copy_database(node: &Node, partial: &Arc<Partial>, progress: &Progress) -> Result<(), Failure> {
    // The copy goes on in a thread of its own if this is dropped; the folder stays as long.
    let (kept, progress) = (Arc::clone(partial), progress.clone());
    let mut hundredths = Hundredths::default();
    let told = move |done, of| {
        let _ = &kept;
        if let Some(step) = hundredths.step(DATABASE_STEP, done, of) {
            progress.step(&step.what, step.done, step.of);
        }
    };
    Ok(node.store.backup_to(&partial.path.join(DATABASE), told).await?)
}

/// An unfinished backup. Dropped before it is renamed, it is removed.
struct Partial {
    path: PathBuf,
}

impl Partial {
    fn create(to: &Path) -> Result<Self, Failure> {
        let mut name = OsString::from(to);
        name.push(".partial");
        let path = PathBuf::from(name);
        if fs::symlink_metadata(to).is_ok() {
            return Err(Failure::Usage(format!("{} is there already; nothing is overwritten", to.display())));
        }
        match DirBuilder::new().mode(0o700).create(&path) {
            Ok(()) => Ok(Self { path }),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(Failure::Usage(format!(
                "{} is there: another backup is being made, or one was broken off; in the latter case remove it",
                path.display()
            ))),
            Err(error) => Err(Failure::of(&format!("making the folder {}", path.display()), error)),
        }
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        // After renaming there is nothing under this name.
        let _ = fs::remove_dir_all(&self.path);
    }
}

/// What is needed to finish a backup whose database is copied.
struct Capture {
    partial: Arc<Partial>,
    blobs: Blobs,
    progress: Progress,
}

impl Capture {
    fn finish(&self, node_key: String, made_at: Timestamp, to: &Path) -> Result<Manifest, Failure> {
        let backup = &self.partial.path;
        let snapshot = Snapshot::open(&backup.join(DATABASE))?;
        let (accounts, parcels) = snapshot.totals()?;
        let mut list = List::create(backup)?;
        let (hash, database_bytes) = sums::hash_file(&backup.join(DATABASE))?;
        list.add(Member::Database, &hash)?;
        let files = self.capture_all(&snapshot, &mut list)?;
        let manifest = Manifest {
            format: manifest::FORMAT,
            made_by: env!("CARGO_PKG_VERSION").to_owned(),
            made_at: made_at.to_string(),
            node_key,
            incarnation: snapshot.incarnation()?,
            accounts,
            parcels,
            database_bytes,
            attachments: files.count,
            attachment_bytes: files.bytes,
            missing: files.missing,
            sums: list.finish()?,
        };
        manifest.save(backup)?;
        settle(backup, to)?;
        Ok(manifest)
    }

    fn capture_all(&self, snapshot: &Snapshot, list: &mut List) -> Result<Files, Failure> {
        make_folder(&self.partial.path.join(BLOBS))?;
        let (_, of) = snapshot.files()?;
        let mut files = Files::default();
        let mut hundredths = Hundredths::default();
        snapshot.each_file(|name, size| {
            if let Some(step) = hundredths.step(BLOBS_STEP, files.bytes, of)
                && !self.progress.step(&step.what, step.done, step.of)
            {
                return Err(Failure::Failed("nobody waits for the backup any more".to_owned()));
            }
            match self.capture(name, size, files.last_folder.as_deref())? {
                Some(hash) => {
                    list.add(Member::Blob(name), &hash)?;
                    files.count += 1;
                    files.bytes += size;
                }
                None => files.missing.push(name.to_string()),
            }
            files.last_folder = folder_of(name);
            Ok(())
        })?;
        Ok(files)
    }

    /// Brings one file into the backup. Gives its hash, or `None` if the node itself has lost it.
    fn capture(&self, name: BlobName, size: u64, last_folder: Option<&str>) -> Result<Option<String>, Failure> {
        let from = self.blobs.path(name);
        let to = sums::path_of(&self.partial.path, Member::Blob(name));
        if let Some(folder) = to.parent().filter(|_| folder_of(name).as_deref() != last_folder) {
            make_folder(folder)?;
        }
        match fs::metadata(&from) {
            Ok(found) if found.len() == size => {}
            Ok(_) => return Ok(None),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(Failure::of(&format!("reading {}", from.display()), error)),
        }
        let (hash, length) = if fs::hard_link(&from, &to).is_ok() {
            sums::hash_file(&to)?
        } else {
            sums::pour(&mut File::open(&from)?, &mut sums::create(&to)?)?
        };
        if length != size {
            return Err(Failure::Damaged(format!("{} changed while it was read", from.display())));
        }
        Ok(Some(hash))
    }
}

#[derive(Default)]
struct Files {
    count: u64,
    bytes: u64,
    missing: Vec<String>,
    last_folder: Option<String>,
}

/// The first two digits, by which files are grouped; they come in the order of their names.
fn folder_of(name: BlobName) -> Option<String> {
    name.to_string().get(..2).map(str::to_owned)
}

fn make_folder(path: &Path) -> io::Result<()> {
    match DirBuilder::new().mode(0o700).create(path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}

/// Makes all of it durable, and gives it its name.
fn settle(partial: &Path, to: &Path) -> Result<(), Failure> {
    // One call for the whole file system, since one for each of many thousand files takes minutes.
    rustix::fs::syncfs(File::open(partial)?).map_err(io::Error::from)?;
    fs::rename(partial, to).map_err(|error| Failure::of(&format!("renaming the backup to {}", to.display()), error))?;
    if let Some(folder) = to.parent() {
        File::open(folder)?.sync_all()?;
    }
    Ok(())
}
