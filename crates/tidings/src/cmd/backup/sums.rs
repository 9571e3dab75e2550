//! The list of a backup's files with their hashes, in the form of coreutils' `sha256sum`, and reading files for their hashes.

use super::{BLOBS, DATABASE};
use crate::failure::Failure;
use sha2::{Digest as _, Sha256};
use std::fmt::Write as _;
use std::fs::{File, OpenOptions};
use std::io::{self, BufRead as _, BufReader, BufWriter, Read, Write};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use tidings_core::BlobName;

/// The list's name in a backup.
pub(super) const FILE: &str = "SHA256SUMS";

/// Bytes read at once.
const CHUNK: usize = 256 * 1024;

/// Bytes that a line of the list may have; true ones have less than half of it.
const LINE_MAX: u64 = 256;

/// A file of a backup.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Member {
    /// The copy of the database.
    Database,
    /// An attachment.
    Blob(BlobName),
}

impl Member {
    /// Where it is, below the backup's folder.
    pub(super) fn place(self) -> String {
        match self {
            Self::Database => DATABASE.to_owned(),
            Self::Blob(name) => {
                let name = name.to_string();
                format!("{BLOBS}/{}/{name}", name.get(..2).unwrap_or_default())
            }
        }
    }

    /// The other way round; `None` for every other place, so that no list leads out of the folder.
    fn parse(place: &str) -> Option<Self> {
        let name = place.rsplit('/').next().and_then(BlobName::parse);
        let member = name.map_or(Self::Database, Self::Blob);
        (member.place() == place).then_some(member)
    }
}

/// Copies everything from one to the other. Gives its hash in hexadecimal and its length in bytes.
pub(super) fn pour(from: &mut impl Read, to: &mut impl Write) -> io::Result<(String, u64)> {
    let (mut hash, mut total, mut piece) = (Sha256::new(), 0, vec![0; CHUNK]);
    loop {
        let len = from.read(&mut piece)?;
        let Some(read) = piece.get(..len).filter(|read| !read.is_empty()) else {
            return Ok((hex(&hash.finalize()), total));
        };
        hash.update(read);
        to.write_all(read)?;
        total += u64::try_from(len).unwrap_or(0);
    }
}

/// The hash of a file in hexadecimal, and its length in bytes.
pub(super) fn hash_file(path: &Path) -> io::Result<(String, u64)> {
    pour(&mut File::open(path)?, &mut io::sink())
}

/// Makes a file that only its owner may read. Fails if it is there.
pub(super) fn create(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)
}

fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        // Writing to a string never fails.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// A list that is being written.
pub(super) struct List {
    file: BufWriter<File>,
    hash: Sha256,
}

impl List {
    /// Begins it in a backup's folder.
    pub(super) fn create(backup: &Path) -> io::Result<Self> {
        Ok(Self { file: BufWriter::new(create(&backup.join(FILE))?), hash: Sha256::new() })
    }

    /// Adds a file.
    pub(super) fn add(&mut self, member: Member, hash: &str) -> io::Result<()> {
        let line = format!("{hash}  {}\n", member.place());
        self.hash.update(line.as_bytes());
        self.file.write_all(line.as_bytes())
    }

    /// Ends it. Gives the hash of the list itself.
    pub(super) fn finish(mut self) -> io::Result<String> {
        self.file.flush()?;
        Ok(hex(&self.hash.finalize()))
    }
}

/// Reads a list, line by line. Fails with [`Failure::Damaged`] at a line that is not of its form.
pub(super) fn read(backup: &Path) -> Result<impl Iterator<Item = Result<(Member, String), Failure>>, Failure> {
    let path = backup.join(FILE);
    let mut file = BufReader::new(File::open(&path).map_err(|error| damaged(&path, &error))?);
    Ok(std::iter::from_fn(move || {
        let mut line = String::new();
        match (&mut file).take(LINE_MAX).read_line(&mut line) {
            Ok(0) => None,
            Ok(_) => Some(parse(&line).ok_or_else(|| damaged(&path, &"a line is not of the form HASH  FILE"))),
            Err(error) => Some(Err(damaged(&path, &error))),
        }
    }))
}

fn parse(line: &str) -> Option<(Member, String)> {
    let (hash, place) = line.strip_suffix('\n')?.split_once("  ")?;
    let digits = hash.len() == 64 && hash.bytes().all(|byte| byte.is_ascii_hexdigit());
    Some((Member::parse(place).filter(|_| digits)?, hash.to_owned()))
}

fn damaged(path: &Path, error: &dyn std::fmt::Display) -> Failure {
    Failure::Damaged(format!("{}: {error}", path.display()))
}

/// Where a file of a backup is.
pub(super) fn path_of(backup: &Path, member: Member) -> PathBuf {
    backup.join(member.place())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_list_leads_out_of_its_folder() {
        let blob = "00112233445566778899aabbccddeeff";
        let hash = "a".repeat(64);
        assert!(parse(&format!("{hash}  tidings.db\n")).is_some());
        assert!(parse(&format!("{hash}  blobs/00/{blob}\n")).is_some());
        for place in
            ["", "/etc/passwd", "../tidings.db", "blobs/01/00112233445566778899aabbccddeeff", blob, "manifest.json"]
        {
            assert!(parse(&format!("{hash}  {place}\n")).is_none(), "{place}");
        }
        assert!(parse(&format!("{hash}  tidings.db")).is_none(), "cut off");
        assert!(parse("abc  tidings.db\n").is_none());
    }
}
