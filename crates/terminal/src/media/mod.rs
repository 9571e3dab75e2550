//! Preparing files that are to be sent: images are written anew without metadata, others stay as they are.

mod kind;
mod picture;
mod voice;

pub use kind::of_name as kind_of_name;

use std::fs::File;
use std::io::{Cursor, Read, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};
use thiserror::Error;

/// Bytes of a file at most (docs/protocol/messages.md).
pub const SIZE_MAX: u64 = 100 * 1024 * 1024;

/// Bytes that are looked at to find out what a file is.
const HEAD: u64 = 4096;

/// Characters of a name at most.
const NAME_MAX: usize = 120;

/// What is to be sent.
pub enum Source {
    /// A file; an image is rid of its metadata.
    Path(PathBuf),
    /// A file exactly as it is, with whatever it tells of place and time.
    AsIs(PathBuf),
    /// A name without a path, and the content; an image is rid of its metadata.
    Bytes(String, Vec<u8>),
}

/// A file as it will be sent.
pub struct Prepared {
    /// The content.
    pub content: Box<dyn Read + Send>,
    /// Its name, without a path.
    pub name: String,
    /// Media type.
    pub kind: String,
    /// Length in milliseconds, if it is a sound whose length can be told.
    pub voice: Option<u64>,
    /// Width and height, if it is an image.
    pub pixels: Option<(u32, u32)>,
    /// A small JPEG of an image.
    pub thumbnail: Option<Vec<u8>>,
}

/// Why a file can't be sent. The text names the file.
#[derive(Debug, Error)]
pub enum MediaError {
    /// It can't be read.
    #[error("{0}: it can't be read: {1}")]
    Read(String, std::io::Error),
    /// It is a folder or something else that is no file.
    #[error("{0} is not a file; to send a folder, pack it first (tar, zip)")]
    NoFile(String),
    /// It is too large.
    #[error("{0} is larger than 100 MiB, which is as much as a message can carry")]
    TooLarge(String),
    /// It is an image that can't be read, or whose kind can't be written.
    #[error(
        "{0} can't be rid of its metadata (place, time, camera): {1}. Turn it into a JPEG or PNG first, or send it with \
         --as-it-is"
    )]
    Metadata(String, String),
}

/// Prepares a file.
pub fn prepare(source: Source) -> Result<Prepared, MediaError> {
    match source {
        Source::Path(path) => prepare_path(&path, true),
        Source::AsIs(path) => prepare_path(&path, false),
        Source::Bytes(name, bytes) => {
            let name = bare_name(&name);
            let head = bytes.get(..bytes.len().min(usize::try_from(HEAD).unwrap_or(0))).unwrap_or_default().to_vec();
            let kind = kind::of(&name, &head);
            if kind::has_metadata(&kind) {
                return picture(name, kind, &bytes);
            }
            let voice = voice::length(&kind, &mut Cursor::new(&bytes));
            Ok(plain(Box::new(Cursor::new(bytes)), name, kind, voice))
        }
    }
}

fn prepare_path(path: &Path, clean: bool) -> Result<Prepared, MediaError> {
    let shown = path.display().to_string();
    let unread = |error| MediaError::Read(shown.clone(), error);
    let mut file = File::open(path).map_err(unread)?;
    let about = file.metadata().map_err(unread)?;
    if !about.is_file() {
        return Err(MediaError::NoFile(shown));
    }
    if about.len() > SIZE_MAX {
        return Err(MediaError::TooLarge(shown));
    }
    let name = bare_name(&path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default());
    let mut head = Vec::new();
    file.by_ref().take(HEAD).read_to_end(&mut head).map_err(unread)?;
    let kind = kind::of(&name, &head);
    file.seek(SeekFrom::Start(0)).map_err(unread)?;
    if clean && kind::has_metadata(&kind) {
        let mut bytes = Vec::new();
        file.take(SIZE_MAX).read_to_end(&mut bytes).map_err(unread)?;
        return picture(name, kind, &bytes);
    }
    let voice = voice::length(&kind, &mut file);
    file.seek(SeekFrom::Start(0)).map_err(unread)?;
    Ok(plain(Box::new(file), name, kind, voice))
}

fn plain(content: Box<dyn Read + Send>, name: String, kind: String, voice: Option<u64>) -> Prepared {
    Prepared { content, name, kind, voice, pixels: None, thumbnail: None }
}

fn picture(name: String, kind: String, bytes: &[u8]) -> Result<Prepared, MediaError> {
    let cleaned = picture::clean(&kind, bytes).map_err(|why| MediaError::Metadata(name.clone(), why))?;
    let stem = name.rsplit_once('.').map_or(name.as_str(), |(stem, _)| stem);
    let name = format!("{stem}.{}", cleaned.ending);
    Ok(Prepared {
        content: Box::new(Cursor::new(cleaned.bytes)),
        name,
        kind: cleaned.kind.to_owned(),
        voice: None,
        pixels: Some(cleaned.pixels),
        thumbnail: cleaned.thumbnail,
    })
}

/// A small square picture of a person or a group: a JPEG of at most 16 KiB.
pub fn portrait(path: &Path) -> Result<Vec<u8>, MediaError> {
    let shown = path.display().to_string();
    let unread = |error| MediaError::Read(shown.clone(), error);
    let mut bytes = Vec::new();
    File::open(path).map_err(unread)?.take(SIZE_MAX).read_to_end(&mut bytes).map_err(unread)?;
    let head = bytes.get(..bytes.len().min(64)).unwrap_or_default();
    let kind = kind::of(&shown, head);
    picture::portrait(&kind, &bytes).map_err(|why| MediaError::Metadata(shown, why))
}

/// A name that can be shown and saved anywhere: its last part, without what steers terminals, not hidden, not too long.
pub fn bare_name(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let clean = crate::show::clean(last).replace(['\n', '\t', ':'], " ");
    let short: String = clean.trim().trim_start_matches('.').chars().take(NAME_MAX).collect();
    let trimmed = short.trim();
    if trimmed.is_empty() { "file".to_owned() } else { trimmed.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lead_nowhere() {
        for (given, bare) in [
            ("photo.jpg", "photo.jpg"),
            ("/etc/passwd", "passwd"),
            ("..\\..\\x", "x"),
            ("../..", "file"),
            (".bashrc", "bashrc"),
            ("", "file"),
            ("a\u{1b}[31m\u{202e}b\nc", "a[31mb c"),
        ] {
            assert_eq!(bare_name(given), bare, "{given:?}");
        }
        assert_eq!(bare_name(&"x".repeat(999)).len(), NAME_MAX);
    }

    #[test]
    fn files_stay_as_they_are() {
        let mut prepared = prepare(Source::Bytes("notes.txt".to_owned(), b"hello".to_vec())).unwrap();
        let mut content = String::new();
        prepared.content.read_to_string(&mut content).unwrap();
        assert_eq!(
            (content.as_str(), prepared.kind.as_str(), prepared.name.as_str()),
            ("hello", "text/plain", "notes.txt")
        );
        let folder = tempfile::tempdir().unwrap();
        assert!(matches!(prepare(Source::Path(folder.path().to_owned())), Err(MediaError::NoFile(_))));
        assert!(matches!(prepare(Source::Path(folder.path().join("x"))), Err(MediaError::Read(..))));
        let raw = folder.path().join("a.heic");
        std::fs::write(&raw, b"\0\0\0\x18ftypheic....").unwrap();
        assert!(matches!(prepare(Source::Path(raw.clone())), Err(MediaError::Metadata(..))));
        assert_eq!(prepare(Source::AsIs(raw)).unwrap().kind, "image/heic");
    }
}
