//! How times are spread, in buckets that are never wider than a 64th of what they hold.

use std::time::Duration;

/// How many of the smallest values have a bucket each, in nanoseconds.
const EXACT: u64 = 128;
/// How many buckets there are for each power of two above that.
const EACH: u64 = EXACT / 2;
/// All buckets, up to the largest number.
const BUCKETS: usize = 128 + 57 * 64;

/// Times, counted.
pub(crate) struct Spread {
    buckets: Vec<u64>,
    count: u64,
    max: u64,
}

impl Spread {
    /// No times yet.
    pub(crate) fn new() -> Self {
        Self { buckets: vec![0; BUCKETS], count: 0, max: 0 }
    }

    /// Counts one.
    pub(crate) fn add(&mut self, time: Duration) {
        let nanos = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        if let Some(bucket) = self.buckets.get_mut(bucket(nanos)) {
            *bucket += 1;
        }
        self.count += 1;
        self.max = self.max.max(nanos);
    }

    /// The milliseconds that so many of a hundred do not exceed, none without any times. 100 gives the longest, exactly.
    pub(crate) fn percentile_ms(&self, percent: f64) -> Option<f64> {
        let rank = (self.count as f64 * percent / 100.0).ceil() as u64;
        let mut seen = 0;
        let place = self.buckets.iter().position(|count| {
            seen += count;
            seen >= rank.max(1)
        })?;
        Some(upper(place as u64).min(self.max) as f64 / 1e6)
    }
}

fn bucket(nanos: u64) -> usize {
    let bits = u64::from(u64::BITS - nanos.leading_zeros());
    let shift = bits.saturating_sub(7);
    // The first 7 bits of a number beyond the exact ones are 64 to 127.
    usize::try_from(EACH * shift + (nanos >> shift)).unwrap_or(usize::MAX)
}

/// The largest number in a bucket.
fn upper(bucket: u64) -> u64 {
    let shift = (bucket / EACH).saturating_sub(1);
    let first = bucket - EACH * shift;
    (((u128::from(first) + 1) << shift) - 1) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_are_narrow_and_in_order() {
        for nanos in (0..300).chain((8..64).flat_map(|bits| [(1 << bits) - 1, 1 << bits, (1 << bits) + 12_345])) {
            let (place, end) = (bucket(nanos), upper(bucket(nanos) as u64));
            assert!(place < BUCKETS && end >= nanos && end - nanos <= nanos / 64, "{nanos}: {place} {end}");
            assert!(place == 0 || upper(place as u64 - 1) < nanos, "{nanos}");
        }
        assert!(bucket(u64::MAX) < BUCKETS);
    }

    #[test]
    fn finds_percentiles() {
        let mut spread = Spread::new();
        assert_eq!(spread.percentile_ms(50.0), None);
        (1..=1000).for_each(|value| spread.add(Duration::from_micros(value)));
        let near = |percent, wanted: f64| {
            let found = spread.percentile_ms(percent).unwrap();
            assert!(found >= wanted && found < wanted * 1.02, "{found} {wanted}");
        };
        near(50.0, 0.5);
        near(99.0, 0.99);
        assert_eq!(spread.percentile_ms(100.0), Some(1.0));
    }
}
