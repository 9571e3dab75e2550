//! Uploaded blobs: a file each, below the folder of attachments, and a row that says how many bytes of it are there for certain. The row
//! is made first and goes first, so that no file is left that nothing refers to. Bytes are synced before the row counts them.

use crate::Engine;
use crate::blobs::{BlobReader, blocking};
use crate::error::Error;
use bytes::Bytes;
use std::collections::HashSet;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tidings_core::upload::{NewUpload, UPLOAD_BYTES_MAX, UPLOAD_LIFE, UPLOAD_LIFE_MAX, Upload, UploadId, file_name};
use tidings_core::{BlobName, Ed25519Key, Refusal, Timestamp};

/// Bytes that are held in memory before they go to the file.
const WRITE_CHUNK: usize = 256 * 1024;

/// Bytes after which what came is made certain, so that a crash in a long upload costs no more.
const CERTAIN_EVERY: u64 = 8 << 20;

/// A blob that was just made.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct UploadMade {
    /// Its name; whoever knows it reads it.
    pub id: UploadId,
    /// When it goes.
    pub expires: Timestamp,
}

/// How far an upload has come.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct UploadState {
    /// Bytes in all.
    pub size: u64,
    /// Bytes that are there.
    pub received: u64,
    /// Whose it is.
    pub owner: Ed25519Key,
    /// When it goes.
    pub expires: Timestamp,
}

/// Who deletes a blob.
pub enum Deleter {
    /// The account that uploaded it.
    Owner(Ed25519Key),
    /// Whoever knows the secret.
    Secret(Vec<u8>),
}

/// Blobs that somebody writes to now: one at a time each.
#[derive(Clone, Default)]
pub(crate) struct Writing(Arc<Mutex<HashSet<BlobName>>>);

impl Writing {
    fn lock(&self) -> MutexGuard<'_, HashSet<BlobName>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn claim(&self, file: BlobName) -> Option<Claim> {
        let claimed = self.lock().insert(file);
        claimed.then(|| Claim { writing: self.clone(), file })
    }
}

struct Claim {
    writing: Writing,
    file: BlobName,
}

impl Drop for Claim {
    fn drop(&mut self) {
        self.writing.lock().remove(&self.file);
    }
}

impl Engine {
    /// Makes an empty blob of `size` bytes. It goes after 90 days unless `expires` says otherwise, after a year at the latest. Fails with
    /// [`Error::NoAccount`], [`Error::TooLarge`], [`Error::Malformed`], [`Error::DiskFull`], or [`Error::Refused`] if the account has too much.
    pub async fn create_upload(
        &self,
        owner: Ed25519Key,
        size: u64,
        delete_hash: [u8; 32],
        expires: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<UploadMade, Error> {
        if size == 0 {
            return Err(Error::Malformed("a blob has at least one byte"));
        }
        if size > UPLOAD_BYTES_MAX {
            return Err(Error::TooLarge);
        }
        let expires = expires.unwrap_or(now.after(UPLOAD_LIFE)).min(now.after(UPLOAD_LIFE_MAX));
        if expires <= now {
            return Err(Error::Malformed("a blob can't expire before it is made"));
        }
        self.inner.disk.allow(size, now)?;
        let id = self.inner.entropy.bytes();
        let new = NewUpload {
            owner,
            file: file_name(&id),
            size,
            delete_hash,
            created_at: now,
            expires_at: expires,
            account_bytes_max: self.inner.account_blob_bytes,
        };
        self.inner.store.create_upload(new).await??;
        Ok(UploadMade { id, expires })
    }

    /// The blob, if it is not over. Fails with [`Error::NotFound`].
    async fn upload(&self, id: &UploadId, now: Timestamp) -> Result<Upload, Error> {
        let found = self.inner.store.upload(file_name(id)).await?;
        found.filter(|upload| now <= upload.expires_at).ok_or(Error::NotFound)
    }

    /// Bytes that are there for certain: what the row says, unless the file was lost, as after a restore.
    async fn received(&self, upload: &Upload) -> Result<u64, Error> {
        if upload.received == 0 {
            return Ok(0);
        }
        let (path, counted) = (self.inner.blobs.path(upload.file), upload.received);
        blocking(move || match std::fs::metadata(path) {
            Ok(metadata) => Ok(metadata.len().min(counted)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(0),
            Err(error) => Err(error.into()),
        })
        .await
    }

    /// How far a blob has come. Fails with [`Error::NotFound`].
    pub async fn upload_state(&self, id: &UploadId, now: Timestamp) -> Result<UploadState, Error> {
        let upload = self.upload(id, now).await?;
        let received = self.received(&upload).await?;
        Ok(UploadState { size: upload.size, received, owner: upload.owner, expires: upload.expires_at })
    }

    /// Begins to append to a blob of this owner at `offset`; gives the right offset if that is another. Fails with [`Error::NotFound`],
    /// [`Error::Busy`] while somebody else appends, and [`Error::DiskFull`].
    pub async fn append_upload(
        &self,
        owner: Ed25519Key,
        id: &UploadId,
        offset: u64,
        now: Timestamp,
    ) -> Result<Result<UploadWriter, u64>, Error> {
        let claim = Arc::new(self.inner.writing.claim(file_name(id)).ok_or(Error::Busy)?);
        let upload = self.upload(id, now).await?;
        if upload.owner != owner {
            return Err(Error::NotFound);
        }
        let received = self.received(&upload).await?;
        if offset != received || received == upload.size {
            return Ok(Err(received));
        }
        self.inner.disk.allow(upload.size.saturating_sub(offset), now)?;
        let (engine, file, size) = (self.clone(), upload.file, upload.size);
        let begun = Writer { engine, claim, file, size, certain: offset, written: offset, open: None };
        Ok(Ok(UploadWriter { writer: begun, buffer: Vec::new() }))
    }

    /// Opens a blob at `from`, for `len` bytes or to its end. Gives how many bytes will come, and its length. Fails with
    /// [`Error::NotFound`] if it is not there, not complete, or `from` is behind its end.
    pub async fn open_upload(
        &self,
        id: &UploadId,
        from: u64,
        len: Option<u64>,
        now: Timestamp,
    ) -> Result<(BlobReader, u64, u64), Error> {
        let upload = self.upload(id, now).await?;
        if !upload.complete() || from >= upload.size {
            return Err(Error::NotFound);
        }
        let left = upload.size.saturating_sub(from);
        let len = len.map_or(left, |len| len.min(left));
        let reader = self.inner.blobs.read_part(upload.file, upload.size, from, len).await?;
        Ok((reader, len, upload.size))
    }

    /// Deletes a blob, complete or not. Fails with [`Error::NotFound`] if it is not there, and [`Error::Refused`] if it is not the
    /// deleter's.
    pub async fn delete_upload(&self, id: &UploadId, by: Deleter, now: Timestamp) -> Result<(), Error> {
        let upload = self.upload(id, now).await?;
        let may = match by {
            Deleter::Owner(owner) => owner == upload.owner,
            Deleter::Secret(secret) => upload.deleted_by(&secret),
        };
        if !may {
            return Err(Error::Refused(Refusal::NotAccepted));
        }
        let engine = self.clone();
        crate::accept::to_the_end(async move {
            engine.inner.store.delete_upload(upload.file).await?;
            engine.inner.blobs.remove(vec![upload.file]).await
        })
        .await
    }
}

/// Appends to a blob. What was not [finished](UploadWriter::finish) may be lost, and then comes again.
pub struct UploadWriter {
    writer: Writer,
    buffer: Vec<u8>,
}

impl UploadWriter {
    /// Takes more bytes. Fails with [`Error::TooLarge`] beyond the length that was said, [`Error::DiskFull`] or [`Error::Failed`]; it may
    /// be finished all the same.
    pub async fn push(&mut self, bytes: &Bytes) -> Result<(), Error> {
        let pending = u64::try_from(self.buffer.len().saturating_add(bytes.len())).unwrap_or(u64::MAX);
        if self.writer.written.saturating_add(pending) > self.writer.size {
            return Err(Error::TooLarge);
        }
        self.buffer.extend_from_slice(bytes);
        if self.buffer.len() < WRITE_CHUNK {
            return Ok(());
        }
        self.flush().await?;
        if self.writer.written.saturating_sub(self.writer.certain) >= CERTAIN_EVERY {
            self.writer.settle().await
        } else {
            Ok(())
        }
    }

    /// Makes certain what came, and says how many bytes are there now in all. Also to be called when no more bytes come, because
    /// the connection broke. Fails with [`Error::NotFound`] if the blob was deleted meanwhile.
    pub async fn finish(mut self) -> Result<u64, Error> {
        // Goes on if nobody waits for it any more.
        crate::accept::to_the_end(async move {
            self.flush().await?;
            self.writer.settle().await?;
            Ok(self.writer.certain)
        })
        .await
    }

    async fn flush(&mut self) -> Result<(), Error> {
        if self.buffer.is_empty() {
            return Ok(());
        }
        let buffer = std::mem::take(&mut self.buffer);
        let file = self.writer.open().await?;
        let (at, claim) = (self.writer.written, Arc::clone(&self.writer.claim));
        let mut buffer = blocking(move || {
            file.write_all_at(&buffer, at)?;
            // If nobody waits any more, the next one must not begin before this write has ended.
            drop(claim);
            Ok(buffer)
        })
        .await?;
        self.writer.written = at.saturating_add(u64::try_from(buffer.len()).unwrap_or(u64::MAX));
        buffer.clear();
        self.buffer = buffer;
        Ok(())
    }
}

/// The file of a blob that is being appended to.
struct Writer {
    engine: Engine,
    /// Keeps others from writing while it, or a write that was begun, lives.
    claim: Arc<Claim>,
    file: BlobName,
    size: u64,
    /// Bytes that the row counts.
    certain: u64,
    /// Bytes in the file.
    written: u64,
    open: Option<Arc<File>>,
}

impl Writer {
    async fn open(&mut self) -> Result<Arc<File>, Error> {
        if let Some(file) = &self.open {
            return Ok(Arc::clone(file));
        }
        let (blobs, name) = (self.engine.inner.blobs.clone(), self.file);
        let file = Arc::new(blocking(move || blobs.open_named(name)).await?);
        self.open = Some(Arc::clone(&file));
        Ok(file)
    }

    /// Syncs the file and has the row count what is in it.
    async fn settle(&mut self) -> Result<(), Error> {
        if self.written == self.certain {
            return Ok(());
        }
        let file = self.open().await?;
        blocking(move || Ok(file.sync_data()?)).await?;
        if self.engine.inner.store.note_received(self.file, self.written).await? {
            self.certain = self.written;
            return Ok(());
        }
        // It was deleted meanwhile, and the file may have been made again since.
        self.engine.inner.blobs.remove(vec![self.file]).await?;
        Err(Error::NotFound)
    }
}
