//! The lines of earlier consoles, in a file of the data folder that only its owner may read.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

/// The file's name in the data folder.
const FILE_NAME: &str = "console-history";

/// Lines that are remembered.
pub(super) const LINES_MAX: usize = 500;

/// Bytes that the file may have when it is read; a larger one is not ours.
const FILE_BYTES_MAX: u64 = 1 << 20;

/// Bytes that a line may have to be remembered.
const LINE_BYTES_MAX: usize = 400;

/// Where lines are remembered. Nothing that goes wrong with it is an error: it is a convenience.
pub(super) struct History(Option<PathBuf>);

impl History {
    /// The history of a data folder. A guest such as root has none: it would leave a file that the owner can't write.
    pub(super) fn of(data_dir: &Path) -> Self {
        let user = rustix::process::geteuid().as_raw();
        let own = data_dir.metadata().is_ok_and(|found| found.uid() == user);
        Self(own.then(|| data_dir.join(FILE_NAME)))
    }

    /// The newest lines, oldest first; the file is made as short.
    pub(super) fn load(&self) -> Vec<String> {
        let Some(path) = &self.0 else { return Vec::new() };
        if path.metadata().map_or(0, |found| found.len()) > FILE_BYTES_MAX {
            return Vec::new();
        }
        let text = fs::read_to_string(path).unwrap_or_default();
        let lines: Vec<String> = text.lines().map(str::to_owned).collect();
        let surplus = lines.len().saturating_sub(LINES_MAX);
        let newest: Vec<String> = lines.into_iter().skip(surplus).collect();
        if surplus > 0 {
            let _ = Self::replace(path, &newest);
        }
        newest
    }

    /// Remembers a line. Meant for lines that were understood: what somebody pasted by mistake may be a secret.
    pub(super) fn add(&self, line: &str) {
        let (Some(path), true) = (&self.0, line.len() <= LINE_BYTES_MAX) else { return };
        let opened = OpenOptions::new().append(true).create(true).mode(0o600).open(path);
        let _ = opened.and_then(|mut file| writeln!(file, "{line}"));
    }

    fn replace(path: &Path, lines: &[String]) -> io::Result<()> {
        let new = path.with_extension("new");
        let _ = fs::remove_file(&new);
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&new)?;
        file.write_all((lines.join("\n") + "\n").as_bytes())?;
        fs::rename(&new, path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn lines_are_kept_private_and_few() {
        let folder = tempfile::tempdir().unwrap();
        let history = History::of(folder.path());
        assert!(history.load().is_empty());
        (0..LINES_MAX + 7).for_each(|number| history.add(&format!("connect a {number}")));
        history.add(&"x".repeat(LINE_BYTES_MAX + 1));
        let lines = history.load();
        assert_eq!((lines.len(), lines[0].as_str()), (LINES_MAX, "connect a 7"));
        assert_eq!(history.load(), lines);
        let path = folder.path().join(FILE_NAME);
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_to_string(path).unwrap().lines().count(), LINES_MAX);
    }
}
