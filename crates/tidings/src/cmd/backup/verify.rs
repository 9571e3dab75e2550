//! Checking a backup without writing anything.

use super::manifest::Manifest;
use super::sums::{self, Member};
use super::{BLOBS, DATABASE};
use crate::cmd::progress::Hundredths;
use crate::control::Step;
use crate::failure::Failure;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use tidings_backends::sqlite::snapshot::Snapshot;
use tidings_core::{BlobName, StoreError};

/// Findings after which a check ends: more would say nothing new.
const FINDINGS_MAX: usize = 100;

const HASHING_STEP: &str = "reading the backup";
const DATABASE_STEP: &str = "checking the database";

/// What a check found.
pub(crate) struct Checked {
    /// What the backup says of itself.
    pub(crate) manifest: Manifest,
    /// What is damaged, in words.
    pub(crate) findings: Vec<String>,
    /// The attachments in it.
    pub(crate) blobs: BTreeSet<BlobName>,
}

impl Checked {
    /// The manifest if nothing is damaged. Fails with [`Failure::Damaged`] else.
    pub(crate) fn sound(&self, backup: &Path) -> Result<Manifest, Failure> {
        if self.findings.is_empty() {
            return Ok(self.manifest.clone());
        }
        Err(Failure::Damaged(format!("the backup {} is damaged:\n{}", backup.display(), self.findings.join("\n"))))
    }

    fn add(&mut self, finding: String) {
        if self.findings.len() < FINDINGS_MAX {
            self.findings.push(finding);
        }
    }

    fn full(&self) -> bool {
        self.findings.len() >= FINDINGS_MAX
    }
}

/// Where a file of a backup is: an attachment, or the database for `None`.
pub(crate) fn file_path(backup: &Path, blob: Option<BlobName>) -> PathBuf {
    sums::path_of(backup, blob.map_or(Member::Database, Member::Blob))
}

/// Compares every file with its hash, the database with its checksums, and both with each other. Fails if there is no backup that
/// can be read; whatever else is wrong stands in what it gives.
pub(crate) fn check(backup: &Path, told: &mut impl FnMut(Step)) -> Result<Checked, Failure> {
    let manifest = Manifest::load(backup)?;
    let mut checked = Checked { manifest, findings: Vec::new(), blobs: BTreeSet::new() };
    match sums::hash_file(&backup.join(sums::FILE)) {
        Ok((hash, _)) if hash == checked.manifest.sums => {}
        Ok(_) => checked.add(format!("{}: differs from its hash in the manifest", sums::FILE)),
        Err(error) => checked.add(format!("{}: {error}", sums::FILE)),
    }
    if checked.findings.is_empty() {
        hashes(backup, &mut checked, told)?;
        strangers(backup, &mut checked)?;
        database(backup, &mut checked, told);
    }
    Ok(checked)
}

/// Every listed file against its hash.
fn hashes(backup: &Path, checked: &mut Checked, told: &mut impl FnMut(Step)) -> Result<(), Failure> {
    let of = checked.manifest.database_bytes.saturating_add(checked.manifest.attachment_bytes);
    let (mut done, mut hundredths, mut database) = (0u64, Hundredths::default(), false);
    for line in sums::read(backup)? {
        let (member, expected) = line?;
        match member {
            Member::Database => database = true,
            Member::Blob(name) => drop(checked.blobs.insert(name)),
        }
        match sums::hash_file(&sums::path_of(backup, member)) {
            Ok((hash, length)) => {
                done = done.saturating_add(length);
                if hash != expected {
                    checked.add(format!("{}: differs from its hash", member.place()));
                }
            }
            Err(error) => checked.add(format!("{}: {error}", member.place())),
        }
        if checked.full() {
            break;
        }
        hundredths.step(HASHING_STEP, done, of).into_iter().for_each(&mut *told);
    }
    if !database {
        checked.add(format!("{DATABASE}: is not listed in {}", sums::FILE));
    }
    Ok(())
}

/// Files that are in the folder of attachments but not in the list.
fn strangers(backup: &Path, checked: &mut Checked) -> Result<(), Failure> {
    let blobs = backup.join(BLOBS);
    for folder in fs::read_dir(&blobs).into_iter().flatten() {
        let folder = folder?;
        if !folder.file_type()?.is_dir() {
            checked.add(format!("{}: is no part of the backup", folder.path().display()));
            continue;
        }
        for file in fs::read_dir(folder.path())? {
            let file = file?;
            let name = file.file_name().to_str().and_then(BlobName::parse);
            if !name.is_some_and(|name| checked.blobs.contains(&name)) {
                checked.add(format!("{}: is no part of the backup", file.path().display()));
            }
        }
    }
    Ok(())
}

/// The database in itself, and whether it refers to the files that are there, with their lengths.
fn database(backup: &Path, checked: &mut Checked, told: &mut impl FnMut(Step)) {
    let step = |done| Step { what: DATABASE_STEP.to_owned(), done, of: 1 };
    told(step(0));
    let snapshot = match Snapshot::open(&backup.join(DATABASE)) {
        Ok(snapshot) => snapshot,
        Err(error) => return checked.add(format!("{DATABASE}: {error}")),
    };
    match snapshot.verify() {
        Ok(findings) => findings.into_iter().for_each(|finding| checked.add(format!("{DATABASE}: {finding}"))),
        Err(error) => checked.add(format!("{DATABASE}: {error}")),
    }
    if let Err(error) = agreement(backup, &snapshot, checked) {
        checked.add(format!("{DATABASE}: {error}"));
    }
    told(step(1));
}

fn agreement(backup: &Path, snapshot: &Snapshot, checked: &mut Checked) -> Result<(), StoreError> {
    let mut left = checked.blobs.clone();
    let missing: BTreeSet<String> = checked.manifest.missing.iter().cloned().collect();
    snapshot.each_file::<StoreError>(|name, size| {
        if left.remove(&name) {
            let path = file_path(backup, Some(name));
            match fs::metadata(&path) {
                Ok(found) if found.len() == size => {}
                Ok(found) => checked.add(format!(
                    "{}: has {} bytes, but the database says {size}",
                    Member::Blob(name).place(),
                    found.len()
                )),
                // Told already when it could not be read.
                Err(_) => {}
            }
        } else if !missing.contains(&name.to_string()) {
            checked.add(format!("{}: the database refers to it, but it is not listed", Member::Blob(name).place()));
        }
        Ok(())
    })?;
    for name in left {
        checked.add(format!("{}: the database does not refer to it", Member::Blob(name).place()));
    }
    Ok(())
}
