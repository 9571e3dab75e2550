//! Times in words, in the zone of the person.

use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};

/// Tells times. The time itself is given.
#[derive(Clone)]
pub(crate) struct Clock {
    zone: TimeZone,
}

impl Clock {
    /// In the zone of this machine.
    pub(crate) fn system() -> Self {
        Self { zone: TimeZone::system() }
    }

    /// In UTC.
    #[cfg(test)]
    pub(crate) fn utc() -> Self {
        Self { zone: TimeZone::UTC }
    }

    fn zoned(&self, at: u64) -> Zoned {
        let at = i64::try_from(at).ok().and_then(|at| Timestamp::from_millisecond(at).ok());
        at.unwrap_or(Timestamp::UNIX_EPOCH).to_zoned(self.zone.clone())
    }

    /// `14:02`.
    pub(crate) fn hour(&self, at: u64) -> String {
        let time = self.zoned(at);
        format!("{:02}:{:02}", time.hour(), time.minute())
    }

    /// Which day it is, as a number that rises.
    pub(crate) fn day(&self, at: u64) -> i64 {
        let date = self.zoned(at).date();
        (i64::from(date.year()) * 12 + i64::from(date.month())) * 31 + i64::from(date.day())
    }

    /// `Today`, `Yesterday`, `Tuesday, 3 March`, with the year if it is another.
    pub(crate) fn day_name(&self, at: u64, now: u64) -> String {
        let (day, today) = (self.zoned(at), self.zoned(now));
        let yesterday = today.date().yesterday().ok();
        if day.date() == today.date() {
            "Today".to_owned()
        } else if Some(day.date()) == yesterday {
            "Yesterday".to_owned()
        } else if day.year() == today.year() {
            day.strftime("%A, %-d %B").to_string()
        } else {
            day.strftime("%A, %-d %B %Y").to_string()
        }
    }

    /// In a list, at most six cells: `14:02`, `Tue`, `3 Mar`, `2024`.
    pub(crate) fn brief(&self, at: u64, now: u64) -> String {
        let (then, today) = (self.zoned(at), self.zoned(now));
        let days = (now.saturating_sub(at)) / 86_400_000;
        if then.date() == today.date() {
            self.hour(at)
        } else if days < 6 && at <= now {
            then.strftime("%a").to_string()
        } else if then.year() == today.year() {
            then.strftime("%-d %b").to_string()
        } else {
            then.strftime("%Y").to_string()
        }
    }

    /// `3 March 2026, 14:02`.
    pub(crate) fn full(&self, at: u64) -> String {
        self.zoned(at).strftime("%-d %B %Y, %H:%M").to_string()
    }
}

/// A length of time in one unit, rounded down: `45 s`, `12 min`, `3 h`, `5 days`.
pub(crate) fn lasting(seconds: u64) -> String {
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3_600 => format!("{} min", seconds / 60),
        3_600..86_400 => format!("{} h", seconds / 3_600),
        86_400..172_800 => "1 day".to_owned(),
        _ => format!("{} days", seconds / 86_400),
    }
}

/// Reads `30s`, `10m`, `2h`, `7d`, `4w`, a number of seconds, or `off`; in seconds, at most a year.
pub(crate) fn read_lasting(text: &str) -> Option<u32> {
    let text = text.trim().to_ascii_lowercase();
    if matches!(text.as_str(), "off" | "never" | "0") {
        return Some(0);
    }
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = match text.get(digits.len()..)? {
        "" | "s" => 1,
        "m" | "min" => 60,
        "h" => 3_600,
        "d" => 86_400,
        "w" => 604_800,
        _ => return None,
    };
    digits.trim().parse::<u32>().ok()?.checked_mul(unit).filter(|seconds| *seconds <= 365 * 86_400)
}

/// The length of a voice note: `0:07`.
pub(crate) fn playing(milliseconds: u64) -> String {
    format!("{}:{:02}", milliseconds / 60_000, milliseconds / 1_000 % 60)
}

/// A size: `12 B`, `3.4 KB`, `120 MB`.
pub(crate) fn size(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["B", "KB", "MB", "GB"];
    let mut tenths = bytes.saturating_mul(10);
    let mut unit = 0;
    while tenths >= 10_000 && unit + 1 < UNITS.len() {
        tenths /= 1_000;
        unit += 1;
    }
    let name = UNITS.get(unit).copied().unwrap_or_default();
    if unit == 0 || tenths >= 100 {
        format!("{} {name}", tenths / 10)
    } else {
        format!("{}.{} {name}", tenths / 10, tenths % 10)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // 10 March 2026, 14:02 UTC: a Tuesday.
    const NOW: u64 = 1_773_151_320_000;
    const DAY: u64 = 86_400_000;

    #[test]
    fn days_have_names() {
        let clock = Clock::utc();
        assert_eq!(clock.hour(NOW), "14:02");
        assert_eq!(clock.day_name(NOW, NOW), "Today");
        assert_eq!(clock.day_name(NOW - DAY, NOW), "Yesterday");
        assert_eq!(clock.day_name(NOW - 3 * DAY, NOW), "Saturday, 7 March");
        assert_eq!(clock.day_name(NOW - 400 * DAY, NOW), "Monday, 3 February 2025");
        assert_eq!(clock.full(NOW), "10 March 2026, 14:02");
        assert!(clock.day(NOW) > clock.day(NOW - DAY));
    }

    #[test]
    fn a_list_has_little_room() {
        let clock = Clock::utc();
        assert_eq!(clock.brief(NOW, NOW), "14:02");
        assert_eq!(clock.brief(NOW - 2 * DAY, NOW), "Sun");
        assert_eq!(clock.brief(NOW - 30 * DAY, NOW), "8 Feb");
        assert_eq!(clock.brief(NOW - 400 * DAY, NOW), "2025");
        assert_eq!(clock.brief(u64::MAX, NOW), "1970");
    }

    #[test]
    fn lengths_and_sizes() {
        assert_eq!((lasting(45), lasting(7_200), lasting(604_800)), ("45 s".into(), "2 h".into(), "7 days".into()));
        assert_eq!((read_lasting("30s"), read_lasting("1w"), read_lasting("off")), (Some(30), Some(604_800), Some(0)));
        assert_eq!((read_lasting("2y"), read_lasting("9999d"), read_lasting("")), (None, None, None));
        assert_eq!(
            (size(12), size(3_400), size(2_345_678), size(120_000_000)),
            ("12 B".into(), "3.4 KB".into(), "2.3 MB".into(), "120 MB".into())
        );
        assert_eq!(playing(67_000), "1:07");
    }
}
