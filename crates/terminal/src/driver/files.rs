//! Files that the client reads and writes: sealed copies of what is being sent, and what it fetches.

use crate::edge;
use crate::place::Place;
use std::collections::HashMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write as _};
use std::os::unix::fs::{FileExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tidings_client::io::FileId;
use tidings_client::record_keys::{Keys, OVERHEAD};

/// Bytes of a piece of a copy before it is sealed.
const PIECE: usize = 65_536;

/// Bytes that are read at once at most.
const READ_MAX: u32 = 8 * 1024 * 1024;

/// Bytes that are fetched into memory at most: as long as a file may be (docs/protocol/messages.md), with its padding.
const MEMORY_MAX: usize = 160 * 1024 * 1024;

/// Where a file that is opened goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SaveTo {
    /// Into memory; nothing of it touches the disk.
    Memory,
    /// To this path, which must not exist.
    Path(PathBuf),
}

/// A file that was opened.
pub struct Opened {
    /// Its name, as the sender calls it.
    pub name: String,
    /// Media type, as the sender calls it.
    pub kind: String,
    /// Its content, if it went into memory.
    pub bytes: Option<Vec<u8>>,
    /// Where it is, if it went to the disk.
    pub path: Option<PathBuf>,
}

/// What a fetched file is written to.
enum Target {
    Memory(Vec<u8>),
    Disk { file: File, unfinished: PathBuf, path: PathBuf },
}

/// All files of a session.
pub(super) struct Files {
    folder: PathBuf,
    keys: Arc<Keys>,
    targets: Mutex<HashMap<FileId, Target>>,
}

impl Files {
    pub(super) fn new(place: &Place, keys: Arc<Keys>) -> Self {
        Self { folder: place.outgoing(), keys, targets: Mutex::default() }
    }

    fn targets(&self) -> MutexGuard<'_, HashMap<FileId, Target>> {
        self.targets.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn copy_path(&self, file: FileId) -> PathBuf {
        self.folder.join(format!("{:016x}", file.0))
    }

    /// Copies that are there already, from earlier sessions.
    pub(super) fn left(&self) -> Vec<FileId> {
        let Ok(entries) = fs::read_dir(&self.folder) else { return Vec::new() };
        let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
        names.filter_map(|name| u64::from_str_radix(&name, 16).ok().map(FileId)).collect()
    }

    /// Makes a sealed copy of what is to be sent. Gives its id and length.
    pub(super) fn copy(&self, mut from: impl Read, longest: u64) -> io::Result<(FileId, u64)> {
        let id = FileId(u64::from_be_bytes(edge::random_bytes()));
        let path = self.copy_path(id);
        let mut copy = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?;
        let mut written = || -> io::Result<u64> {
            let mut size = 0_u64;
            for piece in 0.. {
                let mut bytes = Vec::with_capacity(PIECE);
                let read = from.by_ref().take(PIECE as u64).read_to_end(&mut bytes)?;
                size = size.saturating_add(read as u64);
                if size > longest {
                    return Err(io::ErrorKind::FileTooLarge.into());
                }
                let sealed = self.keys.seal_piece(id.0, piece, &bytes, &mut edge::random());
                copy.write_all(&sealed.ok_or(io::ErrorKind::InvalidData)?)?;
                if read < PIECE {
                    break;
                }
            }
            copy.sync_all()?;
            Ok(size)
        };
        match written() {
            Ok(size) => Ok((id, size)),
            Err(error) => {
                self.forget(id);
                Err(error)
            }
        }
    }

    /// Removes a copy.
    pub(super) fn forget(&self, file: FileId) {
        // If it can't be removed now, the next session does.
        let _ = fs::remove_file(self.copy_path(file));
    }

    /// Reads from a copy: as many bytes as wanted, fewer only at the end. `None` if it is not there or not what was written.
    pub(super) fn read(&self, file: FileId, offset: u64, length: u32) -> Option<Vec<u8>> {
        let copy = File::open(self.copy_path(file)).ok()?;
        let wanted = usize::try_from(length.min(READ_MAX)).ok()?;
        let mut skip = usize::try_from(offset % PIECE as u64).ok()?;
        let mut found = Vec::with_capacity(wanted);
        for piece in offset / PIECE as u64.. {
            let bytes = self.piece(&copy, file, piece)?;
            let rest = bytes.get(skip..).unwrap_or_default();
            let missing = wanted - found.len();
            found.extend_from_slice(rest.get(..missing).unwrap_or(rest));
            skip = 0;
            if found.len() == wanted || bytes.len() < PIECE {
                break;
            }
        }
        Some(found)
    }

    fn piece(&self, copy: &File, file: FileId, piece: u64) -> Option<Vec<u8>> {
        let mut sealed = vec![0; PIECE + OVERHEAD];
        let mut read = 0;
        while let Some(room) = sealed.get_mut(read..).filter(|room| !room.is_empty()) {
            let at = piece.checked_mul((PIECE + OVERHEAD) as u64)?.checked_add(read as u64)?;
            match copy.read_at(room, at).ok()? {
                0 => break,
                some => read += some,
            }
        }
        sealed.truncate(read);
        // Beyond the end nothing is sealed.
        if sealed.is_empty() { Some(Vec::new()) } else { self.keys.open_piece(file.0, piece, &sealed) }
    }

    /// A place for a file that is fetched. Fails if there is something already.
    pub(super) fn target(&self, to: &SaveTo) -> io::Result<FileId> {
        let id = FileId(u64::from_be_bytes(edge::random_bytes()));
        let target = match to {
            SaveTo::Memory => Target::Memory(Vec::new()),
            SaveTo::Path(path) => {
                if path.symlink_metadata().is_ok() {
                    return Err(io::ErrorKind::AlreadyExists.into());
                }
                let unfinished = path.with_file_name(format!(".tidings-{:016x}.part", id.0));
                let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&unfinished)?;
                Target::Disk { file, unfinished, path: path.clone() }
            }
        };
        self.targets().insert(id, target);
        Ok(id)
    }

    /// Writes a piece of a file that is fetched. Gives whether it worked.
    pub(super) fn write(&self, file: FileId, offset: u64, bytes: &[u8]) -> bool {
        match self.targets().get_mut(&file) {
            None => false,
            Some(Target::Memory(content)) => write_memory(content, offset, bytes).is_some(),
            Some(Target::Disk { file, .. }) => {
                let fresh = if offset == 0 { file.set_len(0) } else { Ok(()) };
                fresh.and_then(|()| file.write_all_at(bytes, offset)).is_ok()
            }
        }
    }

    /// The file is complete. Gives its content or its path.
    pub(super) fn finish(&self, file: FileId) -> io::Result<(Option<Vec<u8>>, Option<PathBuf>)> {
        let target = self.targets().remove(&file).ok_or(io::ErrorKind::NotFound)?;
        match target {
            Target::Memory(content) => Ok((Some(content), None)),
            Target::Disk { file, unfinished, path } => {
                let placed = file.sync_all().and_then(|()| place(&unfinished, &path));
                // Gone already if it was placed by renaming.
                let _ = fs::remove_file(&unfinished);
                placed.map(|()| (None, Some(path)))
            }
        }
    }

    /// The file won't be complete.
    pub(super) fn give_up(&self, file: FileId) {
        if let Some(Target::Disk { unfinished, .. }) = self.targets().remove(&file) {
            // Nothing else can be done about it.
            let _ = fs::remove_file(unfinished);
        }
    }
}

/// Gives a complete file its name, without ever replacing another. Where the file system has no links, there is a moment between
/// looking and renaming.
fn place(unfinished: &Path, path: &Path) -> io::Result<()> {
    match fs::hard_link(unfinished, path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(error),
        Err(_) if path.symlink_metadata().is_err() => fs::rename(unfinished, path),
        linked => linked,
    }
}

fn write_memory(content: &mut Vec<u8>, offset: u64, bytes: &[u8]) -> Option<()> {
    if offset == 0 {
        content.clear();
    }
    let from = usize::try_from(offset).ok()?;
    let to = from.checked_add(bytes.len()).filter(|to| *to <= MEMORY_MAX)?;
    if content.len() < to {
        content.resize(to, 0);
    }
    content.get_mut(from..to)?.copy_from_slice(bytes);
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Store;

    fn files() -> (tempfile::TempDir, Files) {
        let folder = tempfile::tempdir().unwrap();
        let place = Place::at(folder.path().join("profile"));
        let keys = Store::open(&place, None, true).unwrap().keys();
        (folder, Files::new(&place, keys))
    }

    #[test]
    fn copies_are_sealed_and_read_in_any_pieces() {
        let (_folder, files) = files();
        for length in [0, 1, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE, 200_001] {
            let content: Vec<u8> = (0..length).map(|at| (at / 7) as u8).collect();
            let (id, size) = files.copy(content.as_slice(), 1 << 20).unwrap();
            assert_eq!(size, length as u64);
            assert_eq!(files.read(id, 0, READ_MAX).unwrap(), content, "{length}");
            let from = length / 3;
            assert_eq!(files.read(id, from as u64, 1000).unwrap(), content[from..length.min(from + 1000)]);
            assert_eq!(files.read(id, length as u64, 10).unwrap(), b"");
            let on_disk = fs::read(files.copy_path(id)).unwrap();
            assert!(length < 100 || !on_disk.windows(32).any(|window| window == &content[..32]));
            files.forget(id);
            assert!(files.read(id, 0, 1).is_none());
        }
        assert!(files.left().is_empty());
        assert_eq!(files.copy([0; 11].as_slice(), 10).err().unwrap().kind(), io::ErrorKind::FileTooLarge);
        assert!(files.left().is_empty());
    }

    #[test]
    fn a_copy_that_was_changed_is_not_read() {
        let (_folder, files) = files();
        let (id, _) = files.copy([7; 100].as_slice(), 100).unwrap();
        let mut bytes = fs::read(files.copy_path(id)).unwrap();
        bytes[50] ^= 1;
        fs::write(files.copy_path(id), bytes).unwrap();
        assert!(files.read(id, 0, 10).is_none());
        assert_eq!(files.left(), [id]);
    }

    #[test]
    fn fetched_files_appear_when_they_are_complete_and_replace_nothing() {
        let (folder, files) = files();
        let path = folder.path().join("photo.jpg");
        let id = files.target(&SaveTo::Path(path.clone())).unwrap();
        assert!(files.write(id, 0, b"xxxxxx") && files.write(id, 0, b"ab") && files.write(id, 2, b"cd"));
        assert!(!path.exists());
        assert_eq!(files.finish(id).unwrap(), (None, Some(path.clone())));
        assert_eq!(fs::read(&path).unwrap(), b"abcd");
        assert!(files.target(&SaveTo::Path(path)).is_err());
        let memory = files.target(&SaveTo::Memory).unwrap();
        assert!(files.write(memory, 0, b"ab") && files.write(memory, 2, b"c"));
        assert_eq!(files.finish(memory).unwrap().0.unwrap(), b"abc");
        let given_up = files.target(&SaveTo::Path(folder.path().join("never"))).unwrap();
        files.give_up(given_up);
        assert!(!files.write(given_up, 0, b"x"));
        let names: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(names.len(), 2, "{names:?}");
    }
}
