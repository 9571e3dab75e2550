//! A timer finer than the milliseconds of `epoll_wait`, because late sending would count as the server's latency.

use std::os::fd::{AsRawFd as _, OwnedFd};
use std::time::Duration;

use mio::unix::SourceFd;
use mio::{Interest, Registry, Token};
use rustix::time::{Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec};

use crate::error::{Error, Result};

/// A running timer.
pub(super) struct Timer(OwnedFd);

impl Timer {
    /// Starts one that rings so often, first after that time.
    pub(super) fn every(time: Duration) -> Result<Self> {
        let failed = |error: rustix::io::Errno| Error::io("setting a timer")(error.into());
        let flags = TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC;
        let timer = rustix::time::timerfd_create(TimerfdClockId::Monotonic, flags).map_err(failed)?;
        let seconds = i64::try_from(time.as_secs()).unwrap_or(i64::MAX);
        let every = Timespec { tv_sec: seconds, tv_nsec: time.subsec_nanos().max(1).into() };
        let times = Itimerspec { it_interval: every, it_value: every };
        rustix::time::timerfd_settime(&timer, TimerfdTimerFlags::empty(), &times).map_err(failed)?;
        Ok(Self(timer))
    }

    pub(super) fn register(&self, registry: &Registry, token: Token) -> Result<()> {
        registry.register(&mut SourceFd(&self.0.as_raw_fd()), token, Interest::READABLE).map_err(Error::io("epoll"))
    }

    /// Takes note that it rang.
    pub(super) fn quiet(&self) -> Result<()> {
        match rustix::io::read(&self.0, &mut [0_u8; 8]) {
            Ok(_) | Err(rustix::io::Errno::AGAIN) => Ok(()),
            Err(error) => Err(Error::io("reading a timer")(error.into())),
        }
    }
}
