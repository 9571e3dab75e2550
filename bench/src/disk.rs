//! How long the disk itself takes to make a small write last.

use std::fs::{File, OpenOptions};
use std::io::{self, Seek as _, Write as _};
use std::path::Path;
use std::time::Duration;

use crate::clock;
use crate::error::{Error, Result};
use crate::figures::{Figures, Tally};

/// The size of each write, in bytes: a page of the database.
const WRITE_SIZE: usize = 4096;
/// How many pages the file has that is written over: 4 MiB, about what a write-ahead log has.
const PAGES: u64 = 1024;

/// What synced writes of 4 KiB take.
pub(crate) struct Synced {
    /// At the end of a file, which has to grow for each: the file's length has to last, too.
    pub(crate) appended: Figures,
    /// Over what a file has already, as databases do with their logs.
    pub(crate) in_place: Figures,
}

/// Writes 4 KiB and calls `fdatasync`, again and again for the given time, first at the end of a new file and then over what it
/// has. The file is made in the given folder and removed afterwards.
pub(crate) fn measure(folder: &Path, time: Duration) -> Result<Synced> {
    let path = folder.join(format!("tidings-bench-sync-{}.tmp", std::process::id()));
    let name = path.display().to_string();
    let measured = measure_in(&path, time / 2).map_err(Error::io(name.clone()));
    // Also after a failure, if it was made at all; the failure itself is what counts then.
    let removed = std::fs::remove_file(&path).map_err(Error::io(name));
    measured.and_then(|synced| removed.map(|()| synced))
}

fn measure_in(path: &Path, time: Duration) -> io::Result<Synced> {
    let mut file = OpenOptions::new().write(true).create_new(true).open(path)?;
    let page = vec![0x5a; WRITE_SIZE];
    let appended = write_for(&mut file, &page, time, None)?;
    file.set_len(0)?;
    file.rewind()?;
    (0..PAGES).try_for_each(|_| file.write_all(&page))?;
    file.sync_all()?;
    let in_place = write_for(&mut file, &page, time, Some(PAGES))?;
    Ok(Synced { appended, in_place })
}

/// Writes and syncs for the given time, starting over at the beginning after so many pages.
fn write_for(file: &mut File, page: &[u8], time: Duration, pages: Option<u64>) -> io::Result<Figures> {
    let start = clock::now();
    let (mut tally, mut begun) = (Tally::default(), start);
    for number in 0_u64.. {
        if pages.is_some_and(|pages| number % pages == 0) {
            file.rewind()?;
        }
        file.write_all(page)?;
        file.sync_data()?;
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
        let synced = measure(&folder, Duration::from_millis(2)).unwrap();
        assert!(synced.appended.count > 0 && synced.in_place.count > 0);
        assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 0);
        std::fs::remove_dir(&folder).unwrap();
        assert!(measure(&folder, Duration::from_millis(1)).is_err());
    }
}
