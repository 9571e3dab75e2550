//! Parcels and their attachments, read as what they become.

use super::dropped::{Dropped, Reason};
use super::source::{SHARED, Source, text, time};
use crate::failure::Failure;
use rusqlite::Row;
use std::collections::{HashMap, HashSet};
use std::ffi::OsStr;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Component, Path, PathBuf};
use tidings_core::{BlobContent, BlobName, BoxKey, Draft, EnvelopeId, Key, Label, StreamName, Timestamp};
use tidings_engine::blobs::INLINE_MAX;
use tidings_engine::{Blobs, Entropy};

/// A parcel as it becomes an envelope.
pub(super) struct Parcel {
    pub(super) draft: Draft,
    pub(super) sender: Key,
    pub(super) at: Timestamp,
    /// The name of its attachment's file.
    pub(super) attachment: Option<String>,
}

/// Reads the columns of [`super::source::PARCEL`]. None if it is not taken over, which is noted.
pub(super) fn read(row: &Row<'_>, people: &HashSet<Key>, dropped: &mut Dropped) -> Option<Parcel> {
    let name = text(row, 0).unwrap_or_default();
    let key = |column| text(row, column).and_then(|text| BoxKey::parse(text).ok()).map(Key::Box);
    let Some(recipient) = key(1).filter(|key| people.contains(key)) else {
        dropped.note(Reason::Recipient, name);
        return None;
    };
    let Some(sender) = key(5) else {
        dropped.note(Reason::Sender, name);
        return None;
    };
    let (Some(id), Some(label), Some(at)) = (EnvelopeId::parse(name), text(row, 2), time(row, 6)) else {
        dropped.note(Reason::Parcel, name);
        return None;
    };
    let draft = Draft {
        stream: StreamName::inbox(&recipient),
        id,
        label: Label::new(label),
        body: text(row, 3).map(|content| content.as_bytes().into()),
        notify: false,
        time: None,
    };
    Some(Parcel { draft, sender, at, attachment: text(row, 4).map(str::to_owned) })
}

/// The folder of uploads.
pub(super) struct Uploads {
    folder: PathBuf,
    /// Those that several parcels refer to, and what became of them.
    shared: HashMap<String, Option<BlobContent>>,
}

impl Uploads {
    /// Learns which attachments are shared.
    pub(super) fn of(folder: &Path, source: &Source) -> Result<Self, Failure> {
        let mut shared = HashMap::new();
        source.rows(SHARED, |row| {
            shared.extend(text(row, 0).map(|name| (name.to_owned(), None)));
            Ok(())
        })?;
        Ok(Self { folder: folder.to_owned(), shared })
    }

    /// Whether several parcels refer to it.
    pub(super) fn is_shared(&self, name: &str) -> bool {
        self.shared.contains_key(name)
    }

    /// The length of an attachment in bytes; none if it is not there.
    pub(super) fn size(&self, name: &str) -> Result<Option<u64>, Failure> {
        let Some(path) = self.path(name) else { return Ok(None) };
        match fs::metadata(&path) {
            Ok(found) if found.is_file() => Ok(Some(found.len())),
            Ok(_) => Ok(None),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(Failure::of(&format!("reading {}", path.display()), error)),
        }
    }

    /// Where it is. A name that leads out of the folder is none.
    fn path(&self, name: &str) -> Option<PathBuf> {
        let mut parts = Path::new(name).components();
        match (parts.next(), parts.next()) {
            (Some(Component::Normal(only)), None) if only == OsStr::new(name) => Some(self.folder.join(name)),
            _ => None,
        }
    }

    /// Brings an attachment into a folder of blobs, or into memory if it is small and not shared. None if it is not there.
    pub(super) fn bring(&mut self, name: &str, blobs: &Path) -> Result<Option<BlobContent>, Failure> {
        if let Some(Some(known)) = self.shared.get(name) {
            return Ok(Some(known.clone()));
        }
        let (Some(size), Some(from)) = (self.size(name)?, self.path(name)) else { return Ok(None) };
        let failed = |error| Failure::of(&format!("copying {}", from.display()), error);
        let small = usize::try_from(size).is_ok_and(|size| size <= INLINE_MAX);
        if small && !self.is_shared(name) {
            return Ok(Some(BlobContent::Inline(fs::read(&from).map_err(failed)?)));
        }
        let blob = BlobName::parse(name).unwrap_or_else(|| Entropy::System.blob_name());
        let size = copy(&from, &Blobs::path_in(blobs, blob)).map_err(failed)?;
        let content = BlobContent::File { name: blob, size };
        if let Some(known) = self.shared.get_mut(name) {
            *known = Some(content.clone());
        }
        Ok(Some(content))
    }
}

/// Copies a file for its owner alone; synced later with all others. Gives its length in bytes.
fn copy(from: &Path, to: &Path) -> io::Result<u64> {
    if let Some(folder) = to.parent() {
        DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    }
    let mut copy = OpenOptions::new().write(true).create_new(true).mode(0o600).open(to)?;
    io::copy(&mut File::open(from)?, &mut copy)
}
