//! Processor time, memory and counts at two moments.

use std::time::{Duration, Instant};

use crate::clock;
use crate::error::Result;
use crate::process;

/// The process that is measured, if it is known.
#[derive(Clone, Copy)]
pub(crate) struct Watched {
    /// Its number.
    pub(crate) pid: Option<u32>,
}

impl Watched {
    /// What is so now.
    pub(crate) fn moment(self, heard: u64, acked: u64) -> Result<Moment> {
        Ok(Moment {
            at: clock::now(),
            heard,
            acked,
            own_cpu: process::cpu_time(std::process::id())?,
            cpu: self.pid.map(process::cpu_time).transpose()?,
            memory_kib: self.memory()?,
        })
    }

    /// Its resident memory in KiB.
    pub(crate) fn memory(self) -> Result<Option<u64>> {
        Ok(self.pid.map(process::memory).transpose()?.map(|memory| memory.now_kib))
    }
}

/// A moment.
pub(crate) struct Moment {
    at: Instant,
    heard: u64,
    acked: u64,
    own_cpu: Duration,
    cpu: Option<Duration>,
    memory_kib: Option<u64>,
}

/// The time between two moments.
pub(crate) struct Window {
    /// Its beginning.
    pub(crate) from: Moment,
    /// Its end.
    pub(crate) to: Moment,
    /// Resident memory of the process when all was over, in KiB.
    pub(crate) memory_after: Option<u64>,
}

impl Window {
    /// How long it is.
    pub(crate) fn seconds(&self) -> f64 {
        (self.to.at - self.from.at).as_secs_f64().max(f64::EPSILON)
    }

    /// Deliveries in it.
    pub(crate) fn heard(&self) -> u64 {
        self.to.heard - self.from.heard
    }

    /// Acknowledgements in it.
    pub(crate) fn acked(&self) -> u64 {
        self.to.acked - self.from.acked
    }

    /// The generator's processor time in it, in microseconds.
    pub(crate) fn own_cpu_micros(&self) -> f64 {
        self.to.own_cpu.saturating_sub(self.from.own_cpu).as_secs_f64() * 1e6
    }

    /// The process's processor time in it, in microseconds.
    pub(crate) fn cpu_micros(&self) -> Option<f64> {
        Some(self.to.cpu?.saturating_sub(self.from.cpu?).as_secs_f64() * 1e6)
    }

    /// Resident memory before it, at its end and after everything, in MiB.
    pub(crate) fn memory_mib(&self) -> [Option<f64>; 3] {
        [self.from.memory_kib, self.to.memory_kib, self.memory_after].map(|kib| kib.map(|kib| kib as f64 / 1024.0))
    }
}
