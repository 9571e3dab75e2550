//! The only place that reads clocks, waits or asks for randomness. A load generator measures time and has no engine to be
//! handed it by.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use rand::TryRng as _;
use rand::rngs::SysRng;

use crate::error::{Error, Result};

/// Now, for measuring how long something takes.
#[allow(clippy::disallowed_methods, reason = "measuring time is what this program is for")]
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// Milliseconds since 1970 by the wall clock, zero if the clock stands before that.
#[allow(clippy::disallowed_methods, reason = "signatures carry the date of today")]
pub(crate) fn unix_millis() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// Waits, because the server asked for it with `Retry-After`.
#[allow(clippy::disallowed_methods, reason = "preparing runs on a thread of its own and has nothing else to do")]
pub(crate) fn wait(time: Duration) {
    std::thread::sleep(time);
}

/// Fills a buffer with random bytes of the operating system.
pub(crate) fn fill_random(bytes: &mut [u8]) -> Result<()> {
    SysRng
        .try_fill_bytes(bytes)
        .map_err(|refused| Error::Unusable(format!("no randomness from the operating system: {refused}")))
}

/// A time as clients write it into `X-Date`: ISO 8601, UTC, with milliseconds.
pub(crate) fn iso8601(unix_millis: u64) -> String {
    let (days, in_day) = (unix_millis / 86_400_000, unix_millis % 86_400_000);
    let (year, month, day) = civil(days);
    let (hour, minute) = (in_day / 3_600_000, in_day / 60_000 % 60);
    let (second, milli) = (in_day / 1000 % 60, in_day % 1000);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{milli:03}Z")
}

/// Year, month and day of a count of days since 1970, by counting in years that begin in March.
fn civil(days: u64) -> (u64, u64, u64) {
    let shifted = days + 719_468; // since 0000-03-01
    let (era, of_era) = (shifted / 146_097, shifted % 146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_dates_as_clients_do() {
        let table = [
            (0, "1970-01-01T00:00:00.000Z"),
            (1_704_164_645_678, "2024-01-02T03:04:05.678Z"),
            (1_709_251_199_999, "2024-02-29T23:59:59.999Z"),
            (4_102_444_800_000, "2100-01-01T00:00:00.000Z"),
        ];
        for (millis, text) in table {
            assert_eq!(iso8601(millis), text);
        }
    }
}
