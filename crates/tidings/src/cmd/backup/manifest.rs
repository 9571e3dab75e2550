//! What a backup says of itself.

use crate::failure::Failure;
use serde::{Deserialize, Serialize};
use std::fs;
use std::io::{Read as _, Write as _};
use std::path::Path;

/// The file's name in a backup.
pub(super) const FILE: &str = "manifest.json";

/// The form of backups that this program writes, and the newest that it reads.
pub(super) const FORMAT: u32 = 1;

/// Bytes that a manifest may have: it grows with the attachments that a node has lost.
const BYTES_MAX: u64 = 64 << 20;

/// What a backup holds. Written last: a folder without it is no backup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Manifest {
    /// The form of the backup.
    pub(crate) format: u32,
    /// The version of the program that made it.
    pub(crate) made_by: String,
    /// The moment of which it is, in ISO 8601.
    pub(crate) made_at: String,
    /// The node's public box key, in base64.
    pub(crate) node_key: String,
    /// Which life of the node it is, counted by restores.
    pub(crate) incarnation: u64,
    /// Accounts that are not deleted.
    pub(crate) accounts: u64,
    /// Waiting parcels.
    pub(crate) parcels: u64,
    /// Bytes of the database.
    pub(crate) database_bytes: u64,
    /// Attachments that are files.
    pub(crate) attachments: u64,
    /// Their bytes.
    pub(crate) attachment_bytes: u64,
    /// Attachments that the database refers to but the node had lost when the backup was made.
    pub(crate) missing: Vec<String>,
    /// SHA-256 of the file `SHA256SUMS`, in hexadecimal.
    pub(crate) sums: String,
}

impl Manifest {
    /// Reads a backup's manifest. Fails with [`Failure::Usage`] if there is no backup, or one of a newer program, and with
    /// [`Failure::Damaged`] if it can't be read.
    pub(super) fn load(backup: &Path) -> Result<Self, Failure> {
        let path = backup.join(FILE);
        let file = fs::File::open(&path).map_err(|_| {
            Failure::Usage(format!(
                "{} is no backup, or one that was never finished: {FILE} can't be read in it",
                backup.display()
            ))
        })?;
        let mut text = String::new();
        let damaged = |error: &dyn std::fmt::Display| Failure::Damaged(format!("{}: {error}", path.display()));
        file.take(BYTES_MAX).read_to_string(&mut text).map_err(|error| damaged(&error))?;
        let manifest: Self = serde_json::from_str(&text).map_err(|error| damaged(&error))?;
        if manifest.format > FORMAT {
            return Err(Failure::Usage(format!(
                "the backup was made by Tidings {}, whose form this program does not know: use a newer one",
                manifest.made_by
            )));
        }
        Ok(manifest)
    }

    /// Writes it into the backup's folder.
    pub(super) fn save(&self, backup: &Path) -> Result<(), Failure> {
        let mut text = crate::cmd::pretty(self)?.into_bytes();
        text.push(b'\n');
        Ok(super::sums::create(&backup.join(FILE))?.write_all(&text)?)
    }
}
