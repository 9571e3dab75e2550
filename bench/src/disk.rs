//! How long the disk itself takes to make a small write last.

use std::fs::OpenOptions;
use std::io::{Seek as _, SeekFrom, Write as _};
use std::path::Path;
use std::time::Duration;

use crate::clock;
use crate::error::{Error, Result};
use crate::figures::{Figures, Tally};

/// The size of each write, in bytes: a page of the database.
const WRITE_SIZE: usize = 4096;
/// The file is written over from its start after so many writes.
const WRITES_IN_FILE: u64 = 1024;

/// Writes 4 KiB and calls `fdatasync`, again and again for the given time, in a new file of the folder, which is removed
/// afterwards.
pub(crate) fn measure(folder: &Path, time: Duration) -> Result<Figures> {
    let path = folder.join(format!("tidings-bench-sync-{}.tmp", std::process::id()));
    let name = path.display().to_string();
    let measured = write_for(&path, time);
    // Also after a failure, if it was made at all; the failure itself is what counts then.
    let removed = std::fs::remove_file(&path).map_err(Error::io(name));
    measured.and_then(|figures| removed.map(|()| figures))
}

fn write_for(path: &Path, time: Duration) -> Result<Figures> {
    let name = path.display().to_string();
    let mut file = OpenOptions::new().write(true).create_new(true).open(path).map_err(Error::io(name.clone()))?;
    let mut page = vec![0; WRITE_SIZE];
    clock::fill_random(&mut page)?;
    let start = clock::now();
    let mut tally = Tally::default();
    let mut begun = start;
    for number in 0_u64.. {
        if number % WRITES_IN_FILE == 0 {
            file.seek(SeekFrom::Start(0)).map_err(Error::io(name.clone()))?;
        }
        file.write_all(&page).and_then(|()| file.sync_data()).map_err(Error::io(name.clone()))?;
        let now = clock::now();
        tally.succeed(now - begun);
        begun = now;
        if now - start >= time {
            break;
        }
    }
    Ok(tally.figures(begun - start))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn measures_and_leaves_nothing() {
        let folder = std::env::temp_dir().join(format!("tidings-bench-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        assert!(measure(&folder, Duration::from_millis(1)).unwrap().count > 0);
        assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 0);
        std::fs::remove_dir(&folder).unwrap();
        assert!(measure(&folder, Duration::from_millis(1)).is_err());
    }
}
