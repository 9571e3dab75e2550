//! The machine: room on its disk, and its clock.

use super::Finding;
use crate::settings::Settings;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tidings_core::Timestamp;
use tidings_engine::disk::{RESERVE_MIN, free_bytes};

/// Room beyond the reserve below which the owner is warned, in bytes: some fifty large pictures.
const ROOM_FEW: u64 = 1 << 30;

/// How far file times may lie in the future before the clock is suspected.
const CLOCK_TOLERANCE: Duration = Duration::from_secs(10);

/// Where systemd-timesyncd says that it reached a time server (systemd-timesyncd.service(8)).
const TIME_SYNC: &str = "/run/systemd/timesync";

/// The nearest folder that is there.
fn nearest(path: &Path) -> PathBuf {
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    absolute.ancestors().find(|ancestor| ancestor.is_dir()).map_or_else(|| PathBuf::from("/"), Path::to_owned)
}

pub(super) fn disk(settings: &Settings) -> Finding {
    const CHECK: &str = "disk";
    let free = match free_bytes(&nearest(&settings.blobs())) {
        Ok(free) => free,
        Err(error) => return Finding::warn(CHECK, format!("the free space can't be read: {error}"), "look with `df`"),
    };
    let reserve = settings.disk_reserve.max(RESERVE_MIN);
    let text = format!("{} free, {} kept back", size(free), size(reserve));
    let advice = "make room on the disk, or move the data folder to a larger one";
    match free.checked_sub(reserve) {
        None => Finding::fail(CHECK, format!("{text}: nothing is accepted"), advice),
        Some(room) if room < ROOM_FEW => Finding::warn(CHECK, text, advice),
        Some(_) => Finding::ok(CHECK, text),
    }
}

pub(super) fn clock(settings: &Settings, now: Timestamp) -> Vec<Finding> {
    const CHECK: &str = "clock";
    let set = "set the clock, and keep it right with systemd-timesyncd or chrony";
    let mut findings = Vec::new();
    let database = settings.database();
    if let Some(ahead) = last_written(&database, now).filter(|ahead| *ahead > CLOCK_TOLERANCE) {
        let text =
            format!("{} was written {} s in the future: the clock went back", database.display(), ahead.as_secs());
        findings.push(Finding::fail(CHECK, text, set));
    }
    if let Some(off) = file_system_clock(&nearest(&settings.data_dir()), now).filter(|off| *off > CLOCK_TOLERANCE) {
        let text = format!("the disk's clock and this machine's differ by {} s", off.as_secs());
        findings.push(Finding::fail(CHECK, text, set));
    }
    let sync = Path::new(TIME_SYNC);
    if sync.is_dir() && !sync.join("synchronized").exists() {
        let text = "the clock is not kept by a time server; signatures of clients are refused when it is far off";
        findings.push(Finding::warn(CHECK, text, "see `timedatectl`: NTP must be active and reach a server"));
    }
    if findings.is_empty() {
        findings.push(Finding::ok(CHECK, format!("it is {now}")));
    }
    findings
}

/// How far in the future the file was last written.
fn last_written(path: &Path, now: Timestamp) -> Option<Duration> {
    Some(timestamp(path.metadata().ok()?.modified().ok()?).since(now))
}

/// How far the time that the file system gives a new file is from the machine's: it may be another machine's.
fn file_system_clock(folder: &Path, now: Timestamp) -> Option<Duration> {
    let file = rustix::fs::open(
        folder,
        rustix::fs::OFlags::TMPFILE | rustix::fs::OFlags::RDWR,
        rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR,
    );
    let stamp = std::fs::File::from(file.ok()?).metadata().ok()?.modified().ok()?;
    Some(timestamp(stamp).distance(now))
}

fn timestamp(time: SystemTime) -> Timestamp {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

/// Bytes for people: a number with at most one digit behind the point.
fn size(bytes: u64) -> String {
    for (shift, unit) in [(40, "TiB"), (30, "GiB"), (20, "MiB"), (10, "KiB")] {
        if bytes >> shift > 0 {
            let tenths = (u128::from(bytes) * 10) >> shift;
            return format!("{}.{} {unit}", tenths / 10, tenths % 10);
        }
    }
    format!("{bytes} B")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_readable() {
        for (bytes, text) in
            [(0, "0 B"), (1023, "1023 B"), (1536, "1.5 KiB"), (128 << 20, "128.0 MiB"), (u64::MAX, "16777215.9 TiB")]
        {
            assert_eq!(size(bytes), text);
        }
    }

    #[test]
    fn a_clock_that_went_back_is_noticed() {
        let folder = tempfile::tempdir().unwrap();
        let settings = Settings { data_dir: Some(folder.path().to_owned()), ..Settings::default() };
        std::fs::write(settings.database(), "x").unwrap();
        let texts = |now| clock(&settings, now).into_iter().map(|finding| finding.text).collect::<Vec<_>>().join("\n");
        let now = tidings_engine::Clock::System.now();
        assert!(!texts(now).contains("went back"));
        assert!(texts(now.before(Duration::from_secs(3600))).contains("went back"));
    }
}
