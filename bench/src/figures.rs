//! What came of a run: how many requests, how long they took, what went wrong.

use std::collections::BTreeMap;
use std::time::Duration;

/// How many different complaints are kept; further ones are counted together.
const MAX_COMPLAINTS: usize = 20;

/// What was counted while a script ran.
#[derive(Default)]
pub(crate) struct Tally {
    /// Microseconds that each successful request took.
    micros: Vec<u32>,
    /// What went wrong, and how often.
    complaints: BTreeMap<String, u64>,
}

impl Tally {
    /// Counts a success.
    pub(crate) fn succeed(&mut self, took: Duration) {
        self.micros.push(u32::try_from(took.as_micros()).unwrap_or(u32::MAX));
    }

    /// Counts a failure.
    pub(crate) fn complain(&mut self, complaint: String) {
        let is_full = self.complaints.len() >= MAX_COMPLAINTS && !self.complaints.contains_key(&complaint);
        *self.complaints.entry(if is_full { "others".to_owned() } else { complaint }).or_default() += 1;
    }

    /// Adds what another thread counted.
    pub(crate) fn merge(&mut self, other: Self) {
        self.micros.extend(other.micros);
        for (complaint, count) in other.complaints {
            *self.complaints.entry(complaint).or_default() += count;
        }
    }

    /// Works out the figures.
    pub(crate) fn figures(mut self, elapsed: Duration) -> Figures {
        self.micros.sort_unstable();
        Figures {
            count: self.micros.len(),
            per_second: self.micros.len() as f64 / elapsed.as_secs_f64().max(f64::EPSILON),
            p50_ms: percentile_ms(&self.micros, 50),
            p99_ms: percentile_ms(&self.micros, 99),
            max_ms: percentile_ms(&self.micros, 100),
            seconds: elapsed.as_secs_f64(),
            complaints: self.complaints,
        }
    }
}

/// The figures of one run.
pub(crate) struct Figures {
    /// Successful requests.
    pub(crate) count: usize,
    /// Successful requests per second.
    pub(crate) per_second: f64,
    /// Half of them took at most so many milliseconds.
    pub(crate) p50_ms: f64,
    /// 99 of 100 took at most so many milliseconds.
    pub(crate) p99_ms: f64,
    /// None took longer, in milliseconds.
    pub(crate) max_ms: f64,
    /// How long was measured.
    pub(crate) seconds: f64,
    /// What went wrong, and how often.
    pub(crate) complaints: BTreeMap<String, u64>,
}

impl Figures {
    /// How many requests failed.
    pub(crate) fn failed(&self) -> u64 {
        self.complaints.values().sum()
    }
}

/// The value in milliseconds which so many of a hundred sorted values in microseconds do not exceed; 0 if there are none.
pub(crate) fn percentile_ms(sorted_micros: &[u32], percent: usize) -> f64 {
    let place = (sorted_micros.len() * percent).div_ceil(100).saturating_sub(1);
    sorted_micros.get(place).map_or(0.0, |micros| f64::from(*micros) / 1000.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_percentiles() {
        let values: Vec<u32> = (1..=200).map(|value| value * 1000).collect();
        assert_eq!([1, 50, 99, 100].map(|percent| percentile_ms(&values, percent)), [2.0, 100.0, 198.0, 200.0]);
        assert_eq!(percentile_ms(&[7000], 50), 7.0);
        assert_eq!(percentile_ms(&[], 99), 0.0);
    }

    #[test]
    fn counts_and_merges() {
        let mut tally = Tally::default();
        tally.succeed(Duration::from_millis(2));
        tally.complain("no".to_owned());
        let mut other = Tally::default();
        other.succeed(Duration::from_millis(4));
        other.complain("no".to_owned());
        tally.merge(other);
        let figures = tally.figures(Duration::from_secs(2));
        assert_eq!((figures.count, figures.per_second, figures.max_ms, figures.failed()), (2, 1.0, 4.0, 2));
    }

    #[test]
    fn complaints_stay_bounded() {
        let mut tally = Tally::default();
        (0..100).for_each(|number| tally.complain(number.to_string()));
        let figures = tally.figures(Duration::from_secs(1));
        assert_eq!((figures.complaints.len(), figures.failed()), (MAX_COMPLAINTS + 1, 100));
    }
}
