//! Blobs of Tidings' own clients: sealed files of an account, uploaded in pieces, read and deleted by whoever knows a secret
//! (docs/protocol/messages.md, Blobs).

use crate::blob::BlobName;
use crate::key::Ed25519Key;
use crate::time::Timestamp;
use sha2::{Digest, Sha256};
use std::time::Duration;
use subtle::ConstantTimeEq;

/// Most bytes of a blob: 100 MiB of content, padded, with the seals of its pieces.
pub const UPLOAD_BYTES_MAX: u64 = 2048 * 65_552;

/// Blobs that one account may have at a time.
pub const UPLOADS_MAX: u64 = 20_000;

/// Bytes of blobs that one account may have, unless the node's owner says otherwise.
pub const ACCOUNT_BYTES_MAX: u64 = 4 << 30;

/// How long a blob is kept, unless its owner says otherwise.
pub const UPLOAD_LIFE: Duration = Duration::from_secs(90 * 86_400);

/// The longest that a blob is kept.
pub const UPLOAD_LIFE_MAX: Duration = Duration::from_secs(366 * 86_400);

/// How long an upload may take.
pub const INCOMPLETE_LIFE: Duration = Duration::from_secs(86_400);

/// The name by which whoever knows it reads the blob.
pub type UploadId = [u8; 32];

/// The file of a blob. The id is not kept: who reads the database can't fetch what is in it from elsewhere.
pub fn file_name(id: &UploadId) -> BlobName {
    let hash: [u8; 32] = Sha256::digest(id).into();
    let mut name = [0; 16];
    for (to, from) in name.iter_mut().zip(hash) {
        *to = from;
    }
    BlobName::from_random(name)
}

/// A blob to be uploaded.
pub struct NewUpload {
    /// Whose.
    pub owner: Ed25519Key,
    /// Its file.
    pub file: BlobName,
    /// Bytes in all.
    pub size: u64,
    /// SHA-256 of the secret that deletes it.
    pub delete_hash: [u8; 32],
    /// When it was begun.
    pub created_at: Timestamp,
    /// When it goes.
    pub expires_at: Timestamp,
    /// Bytes of blobs that the owner may have.
    pub account_bytes_max: u64,
}

/// A blob as stored.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Upload {
    /// Whose.
    pub owner: Ed25519Key,
    /// Its file.
    pub file: BlobName,
    /// Bytes in all.
    pub size: u64,
    /// Bytes that are there for certain.
    pub received: u64,
    /// SHA-256 of the secret that deletes it.
    pub delete_hash: [u8; 32],
    /// When it goes.
    pub expires_at: Timestamp,
}

impl Upload {
    /// Whether all of it is there.
    pub fn complete(&self) -> bool {
        self.received == self.size
    }

    /// Whether this secret deletes it; takes the same time for every secret of a length.
    pub fn deleted_by(&self, secret: &[u8]) -> bool {
        let hash: [u8; 32] = Sha256::digest(secret).into();
        hash.ct_eq(&self.delete_hash).into()
    }
}
