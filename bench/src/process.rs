//! What the kernel tells of a process: processor time and resident memory (proc(5)).

use std::fs;
use std::time::Duration;

use crate::error::{Error, Result};

/// Resident memory of a process, in KiB.
#[derive(Clone, Copy)]
pub(crate) struct Memory {
    /// Now.
    pub(crate) now_kib: u64,
    /// The most since its start, or since [`forget_peak`].
    pub(crate) peak_kib: u64,
}

/// Reads the resident memory of a process.
pub(crate) fn memory(pid: u32) -> Result<Memory> {
    let path = format!("/proc/{pid}/status");
    let status = fs::read_to_string(&path).map_err(Error::io(path))?;
    let field = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        line.and_then(|rest| rest.trim().trim_end_matches(" kB").parse().ok())
            .ok_or_else(|| Error::Unusable(format!("the kernel does not tell {name} of {pid}")))
    };
    Ok(Memory { now_kib: field("VmRSS:")?, peak_kib: field("VmHWM:")? })
}

/// Makes the kernel count the peak anew from now on. Only for processes of the same user; says whether it worked.
pub(crate) fn forget_peak(pid: u32) -> bool {
    fs::write(format!("/proc/{pid}/clear_refs"), "5").is_ok()
}

/// Processor time that a process has used so far, in user and system mode, ended threads included.
pub(crate) fn cpu_time(pid: u32) -> Result<Duration> {
    let path = format!("/proc/{pid}/stat");
    let stat = fs::read_to_string(&path).map_err(Error::io(path))?;
    let ticks = ticks(&stat).ok_or_else(|| Error::Unusable(format!("the kernel does not tell the times of {pid}")))?;
    Ok(Duration::from_millis(ticks * 1000 / rustix::param::clock_ticks_per_second().max(1)))
}

/// The sum of fields 14 and 15. The second field is a name that may contain anything, even `)` and blanks.
fn ticks(stat: &str) -> Option<u64> {
    let (_, after_name) = stat.rsplit_once(')')?;
    let mut fields = after_name.split_ascii_whitespace().skip(11);
    let user: u64 = fields.next()?.parse().ok()?;
    let system: u64 = fields.next()?.parse().ok()?;
    Some(user + system)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_times_behind_any_name() {
        assert_eq!(ticks("7 (a) b) S 1 2 3 4 5 6 7 8 9 10 11 12 13 14"), Some(11 + 12));
        assert_eq!(ticks("nothing"), None);
    }

    #[test]
    fn reads_its_own_figures() {
        let pid = std::process::id();
        let memory = memory(pid).unwrap();
        assert!(memory.now_kib > 0 && memory.peak_kib >= memory.now_kib / 2);
        cpu_time(pid).unwrap();
    }
}
