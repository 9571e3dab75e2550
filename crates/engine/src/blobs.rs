//! Attachments: written while they arrive, small ones kept for their row, larger ones as files that are written, synced and
//! renamed before anything refers to them.

use crate::entropy::Entropy;
use crate::error::Error;
use crate::hold::{Hold, Holds};
use bytes::Bytes;
use std::collections::HashSet;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tidings_core::blob::{BlobContent, BlobName};

/// Blobs up to this many bytes are kept beside their row, so that one sync covers both.
pub const INLINE_MAX: usize = 16 * 1024;

/// Bytes of an arriving blob that are held in memory before they go to its file.
const WRITE_CHUNK: usize = 64 * 1024;

/// Bytes read from a file at once.
const READ_CHUNK: usize = 64 * 1024;

/// Where files are while they are written. Nothing in it survives a start.
const INCOMING: &str = "incoming";

/// The folder of attachments. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Blobs {
    folder: PathBuf,
    /// Blobs that have a name but may not be referred to yet, so that the sweeper leaves them alone. Bounded by the uploads
    /// that the doors allow at a time.
    pending: Arc<Mutex<HashSet<BlobName>>>,
    holds: Holds,
}

impl Blobs {
    /// Opens the folder, makes it if it is missing (mode 0700), and removes what a crash left half-written. Fails if it can't
    /// be written.
    pub fn open(folder: &Path) -> io::Result<Self> {
        let blobs = Self { folder: folder.to_owned(), pending: Arc::default(), holds: Holds::default() };
        let incoming = folder.join(INCOMING);
        if incoming.exists() {
            fs::remove_dir_all(&incoming)?;
        }
        fs::DirBuilder::new().recursive(true).mode(0o700).create(&incoming)?;
        Ok(blobs)
    }

    /// The folder itself.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Where a blob's file is, also if it does not exist: `<first two digits>/<name>` below the folder.
    pub fn path(&self, name: BlobName) -> PathBuf {
        Self::path_in(&self.folder, name)
    }

    /// The same for a folder that no node has opened.
    pub fn path_in(folder: &Path, name: BlobName) -> PathBuf {
        let text = name.to_string();
        folder.join(text.get(..2).unwrap_or_default()).join(text)
    }

    /// Begins to receive a blob of at most `max` bytes.
    pub fn write(&self, entropy: &Entropy, max: u64) -> BlobWriter {
        let name = Pending::new(self.clone(), entropy.blob_name());
        BlobWriter { name, max, size: 0, buffer: Vec::new(), partial: None }
    }

    /// Opens a blob's file. Fails with [`Error::NotFound`] if it is lost, or shorter or longer than it was.
    pub async fn read(&self, name: BlobName, size: u64) -> Result<BlobReader, Error> {
        let path = self.path(name);
        blocking(move || {
            let file = File::open(path)?;
            if file.metadata()?.len() == size {
                Ok(BlobReader { file: Some(file), left: size })
            } else {
                Err(Error::NotFound)
            }
        })
        .await
    }

    /// Opens a part of a blob's file. Fails as [`Blobs::read`] does.
    pub(crate) async fn read_part(&self, name: BlobName, size: u64, from: u64, len: u64) -> Result<BlobReader, Error> {
        let path = self.path(name);
        blocking(move || {
            let mut file = File::open(path)?;
            if file.metadata()?.len() != size {
                return Err(Error::NotFound);
            }
            file.seek(SeekFrom::Start(from))?;
            Ok(BlobReader { file: Some(file), left: len })
        })
        .await
    }

    /// Opens the file of a blob for writing, made if it is missing, so that it survives a crash. Blocks.
    pub(crate) fn open_named(&self, name: BlobName) -> Result<File, Error> {
        let path = self.path(name);
        let mut options = OpenOptions::new();
        options.write(true).mode(0o600);
        match options.open(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            opened => return Ok(opened?),
        }
        let folder = self.folder_of(&path)?;
        let file = options.create(true).truncate(false).open(&path)?;
        File::open(folder)?.sync_all()?;
        Ok(file)
    }

    /// The folder of a file, made if it is missing.
    fn folder_of<'a>(&self, path: &'a Path) -> Result<&'a Path, Error> {
        let Some(folder) = path.parent() else {
            return Err(Error::NotFound);
        };
        if !folder.exists() {
            fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
            File::open(&self.folder)?.sync_all()?;
        }
        Ok(folder)
    }

    /// From now until what it gives is dropped, no file that a snapshot of the database may refer to is removed.
    pub fn hold(&self) -> Hold {
        Hold::new(self.clone())
    }

    pub(crate) fn holds(&self) -> &Holds {
        &self.holds
    }

    /// Removes files, later if they are [held](Blobs::hold). What is not there is removed already.
    pub async fn remove(&self, names: Vec<BlobName>) -> Result<(), Error> {
        let names = self.holds.removable(names);
        if names.is_empty() {
            return Ok(());
        }
        let blobs = self.clone();
        blocking(move || names.into_iter().try_for_each(|name| blobs.remove_now(name))).await
    }

    /// Removes a file, held or not.
    pub(crate) fn remove_now(&self, name: BlobName) -> Result<(), Error> {
        match fs::remove_file(self.path(name)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error.into()),
            _ => Ok(()),
        }
    }

    /// The names of the settled files in one of the 256 folders, for the sweeper: without those that are still being received
    /// or referred to. Files of other names are left alone.
    pub async fn list(&self, prefix: u8) -> Result<Vec<BlobName>, Error> {
        let folder = self.folder.join(format!("{prefix:02x}"));
        let mut names = blocking(move || names_in(&folder)).await?;
        // After listing, before the caller asks the store: what is not pending now was referred to before.
        let pending = self.pending();
        names.retain(|name| !pending.contains(name));
        Ok(names)
    }

    fn pending(&self) -> MutexGuard<'_, HashSet<BlobName>> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives a written file its final name, so that it survives a crash under it.
    fn settle(&self, file: &File, partial: &Path, name: BlobName) -> Result<(), Error> {
        file.sync_data()?;
        let path = self.path(name);
        let folder = self.folder_of(&path)?;
        fs::rename(partial, &path)?;
        File::open(folder)?.sync_all()?;
        Ok(())
    }
}

/// Receives one blob. Dropped before [`BlobWriter::finish`], it leaves nothing behind.
pub struct BlobWriter {
    name: Pending,
    max: u64,
    size: u64,
    buffer: Vec<u8>,
    partial: Option<Partial>,
}

/// A name that is taken but not referred to yet.
struct Pending {
    blobs: Blobs,
    name: BlobName,
}

impl Pending {
    fn new(blobs: Blobs, name: BlobName) -> Self {
        blobs.pending().insert(name);
        Self { blobs, name }
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        self.blobs.pending().remove(&self.name);
    }
}

/// A file under its temporary name, removed when it is dropped.
struct Partial {
    file: Option<File>,
    path: PathBuf,
}

impl Drop for Partial {
    fn drop(&mut self) {
        // A file that can't be removed now is swept at the next start.
        let _ = fs::remove_file(&self.path);
    }
}

impl BlobWriter {
    /// Takes more bytes. Fails with [`Error::TooLarge`] beyond the limit, [`Error::DiskFull`] or [`Error::Failed`].
    pub async fn push(&mut self, bytes: &Bytes) -> Result<(), Error> {
        self.size = self.size.saturating_add(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
        if self.size > self.max {
            return Err(Error::TooLarge);
        }
        self.buffer.extend_from_slice(bytes);
        if self.buffer.len() >= WRITE_CHUNK { self.flush().await } else { Ok(()) }
    }

    /// Bytes taken so far.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Ends the blob: a small one is given back whole, a larger one is a synced file under its final name when this returns. If
    /// nobody waits for that any more, it is removed again.
    pub async fn finish(self) -> Result<FinishedBlob, Error> {
        if self.partial.is_none() && self.buffer.len() <= INLINE_MAX {
            let content = Some(BlobContent::Inline(self.buffer));
            return Ok(FinishedBlob { name: self.name, content, unclaimed: false });
        }
        // What this gives is dropped, and so removed, if it comes too late for anybody to take it.
        blocking(move || self.settle()).await
    }

    async fn flush(&mut self) -> Result<(), Error> {
        let (blobs, name, buffer) = (self.name.blobs.clone(), self.name.name, std::mem::take(&mut self.buffer));
        let partial = self.partial.take();
        let (partial, mut buffer) = blocking(move || {
            let mut partial = open_partial(&blobs, name, partial)?;
            write_partial(&mut partial, &buffer)?;
            Ok((partial, buffer))
        })
        .await?;
        buffer.clear();
        self.buffer = buffer;
        self.partial = Some(partial);
        Ok(())
    }

    fn settle(self) -> Result<FinishedBlob, Error> {
        let Self { name: pending, size, buffer, partial, .. } = self;
        let (blobs, name) = (pending.blobs.clone(), pending.name);
        let mut partial = open_partial(&blobs, name, partial)?;
        write_partial(&mut partial, &buffer)?;
        let Some(file) = partial.file.take() else {
            return Err(Error::NotFound);
        };
        let finished = FinishedBlob { name: pending, content: Some(BlobContent::File { name, size }), unclaimed: true };
        blobs.settle(&file, &partial.path, name)?;
        Ok(finished)
    }
}

fn open_partial(blobs: &Blobs, name: BlobName, partial: Option<Partial>) -> Result<Partial, Error> {
    if let Some(partial) = partial {
        return Ok(partial);
    }
    let path = blobs.folder.join(INCOMING).join(name.to_string());
    let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?;
    Ok(Partial { file: Some(file), path })
}

fn write_partial(partial: &mut Partial, bytes: &[u8]) -> Result<(), Error> {
    let Some(file) = partial.file.as_mut() else {
        return Err(Error::NotFound);
    };
    Ok(file.write_all(bytes)?)
}

/// A received blob that nothing refers to yet. Unless it is [claimed](FinishedBlob::claim), its file is removed when dropped.
pub struct FinishedBlob {
    name: Pending,
    content: Option<BlobContent>,
    unclaimed: bool,
}

impl FinishedBlob {
    /// Its length in bytes.
    pub fn size(&self) -> u64 {
        self.content.as_ref().map_or(0, BlobContent::size)
    }

    /// What the store shall refer to; gives it once.
    pub(crate) fn content(&mut self) -> Option<BlobContent> {
        self.content.take()
    }

    /// Says that something refers to it now.
    pub(crate) fn claim(mut self) {
        self.unclaimed = false;
    }
}

impl Drop for FinishedBlob {
    fn drop(&mut self) {
        if self.unclaimed {
            // A file that can't be removed now is swept as an orphan.
            let _ = self.name.blobs.remove_now(self.name.name);
        }
    }
}

/// Reads a blob's file piece by piece.
pub struct BlobReader {
    file: Option<File>,
    left: u64,
}

impl BlobReader {
    /// The next piece, at most [`READ_CHUNK`] bytes; `None` at the end. Fails if the file ends too early.
    pub async fn next(&mut self) -> Option<Result<Bytes, Error>> {
        let len = usize::try_from(self.left).unwrap_or(usize::MAX).min(READ_CHUNK);
        if len == 0 {
            return None;
        }
        let mut file = self.file.take()?;
        let read = blocking(move || {
            let mut piece = vec![0; len];
            file.read_exact(&mut piece)?;
            Ok((file, Bytes::from(piece)))
        });
        match read.await {
            Ok((file, piece)) => {
                self.file = Some(file);
                self.left = self.left.saturating_sub(u64::try_from(len).unwrap_or(u64::MAX));
                Some(Ok(piece))
            }
            Err(error) => Some(Err(error)),
        }
    }
}

fn names_in(folder: &Path) -> Result<Vec<BlobName>, Error> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut names = Vec::new();
    for entry in entries {
        names.extend(entry?.file_name().to_str().and_then(BlobName::parse));
    }
    Ok(names)
}

/// Runs disk work on the threads that may block.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(error) => Err(Error::Failed(format!("disk work was broken off: {error}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(folder: &Path) -> usize {
        let entries = fs::read_dir(folder).unwrap().map(|e| e.unwrap().path());
        entries.map(|path| if path.is_dir() { files(&path) } else { 1 }).sum()
    }

    async fn receive(blobs: &Blobs, size: usize) -> Result<FinishedBlob, Error> {
        let mut writer = blobs.write(&Entropy::seeded(size as u64), 1_000_000);
        for piece in vec![7u8; size].chunks(50_000) {
            writer.push(&Bytes::copy_from_slice(piece)).await?;
        }
        writer.finish().await
    }

    #[tokio::test]
    async fn small_blobs_stay_in_memory_and_large_ones_become_files() {
        let folder = tempfile::tempdir().unwrap();
        let blobs = Blobs::open(folder.path()).unwrap();
        for (size, inline) in [(0, true), (INLINE_MAX, true), (INLINE_MAX + 1, false), (700_000, false)] {
            let mut finished = receive(&blobs, size).await.unwrap();
            match finished.content().unwrap() {
                BlobContent::Inline(bytes) => assert!(inline && bytes.len() == size),
                BlobContent::File { name, size: length } => {
                    assert!(!inline && length == size as u64);
                    finished.claim();
                    let mut reader = blobs.read(name, length).await.unwrap();
                    let mut read = 0;
                    while let Some(piece) = reader.next().await {
                        read += piece.unwrap().len();
                    }
                    assert_eq!(read, size);
                    assert!(blobs.read(name, length + 1).await.is_err());
                    blobs.remove(vec![name, name]).await.unwrap();
                }
            }
        }
        assert_eq!(files(folder.path()), 0);
    }

    #[tokio::test]
    async fn what_is_not_finished_or_not_claimed_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let blobs = Blobs::open(folder.path()).unwrap();
        assert!(matches!(receive(&blobs, 1_000_001).await, Err(Error::TooLarge)));
        drop(receive(&blobs, 700_000).await.unwrap());
        let mut writer = blobs.write(&Entropy::seeded(3), 1_000_000);
        writer.push(&Bytes::from(vec![1; 300_000])).await.unwrap();
        assert_eq!(files(folder.path()), 1);
        drop(writer);
        assert_eq!(files(folder.path()), 0);
        fs::write(folder.path().join(INCOMING).join("left-by-a-crash"), b"x").unwrap();
        Blobs::open(folder.path()).unwrap();
        assert_eq!(files(folder.path()), 0);
    }
}
