//! Reading a room by the time its messages were written, page by page (wire/denetwork.md, sections 7 and 8).
//!
//! Messages are ordered by the sender's time, and those of the same millisecond by their arrival.

use crate::time::Timestamp;
use std::time::Duration;

/// One end of a stretch of history.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bound {
    /// The oldest message.
    Oldest,
    /// The newest message for 0, the one before it for 1, and so on.
    Newest(u64),
    /// A moment: as the beginning, the first message at it or later; as the end, the last at it or earlier.
    At(Timestamp),
}

/// Which message comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// The oldest.
    Ascending,
    /// The newest.
    Descending,
}

/// What part of a room is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HistoryQuery {
    /// Where it begins; the message there belongs to it.
    pub from: Bound,
    /// Where it ends; the message there belongs to it.
    pub to: Bound,
    /// Which message comes first.
    pub order: Order,
    /// So many are passed over.
    pub skip: u64,
    /// So many are given at most.
    pub limit: usize,
}

/// A stretch by positions in the order of time: the first message of the room has 0. Empty if `begin` is not below `end`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Positions {
    /// The first position.
    pub begin: u64,
    /// The position after the last.
    pub end: u64,
}

impl Positions {
    /// Finds the stretch between two bounds. `total` messages are there; `before(t)` says how many are older than `t`
    /// (milliseconds since 1970).
    pub fn between<E>(
        from: Bound,
        to: Bound,
        total: u64,
        mut before: impl FnMut(Timestamp) -> Result<u64, E>,
    ) -> Result<Self, E> {
        let begin = match from {
            Bound::Oldest => 0,
            Bound::Newest(back) => total.saturating_sub(back.saturating_add(1)),
            Bound::At(time) => before(time)?,
        };
        let end = match to {
            Bound::Oldest => total.min(1),
            Bound::Newest(back) => total.saturating_sub(back),
            Bound::At(time) => before(time.after(Duration::from_millis(1)))?,
        };
        Ok(Self { begin, end })
    }

    /// How many messages it has.
    pub fn len(&self) -> u64 {
        self.end.saturating_sub(self.begin)
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The part that a page of a query has, still in ascending order of positions.
    #[must_use]
    pub fn page(&self, query: &HistoryQuery) -> Self {
        let (len, limit) = (self.len(), u64::try_from(query.limit).unwrap_or(u64::MAX));
        let first = query.skip.min(len);
        let last = first.saturating_add(limit).min(len);
        match query.order {
            Order::Ascending => Self { begin: self.begin + first, end: self.begin + last },
            Order::Descending => Self { begin: self.end.max(self.begin) - last, end: self.end.max(self.begin) - first },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::convert::Infallible;

    const TIMES: [i64; 5] = [10, 20, 20, 30, 40];

    fn positions(from: Bound, to: Bound) -> (u64, u64) {
        let before = |time: Timestamp| {
            Ok::<_, Infallible>(u64::try_from(TIMES.iter().filter(|t| **t < time.millis()).count()).unwrap())
        };
        let Ok(found) = Positions::between(from, to, 5, before);
        (found.begin, found.end)
    }

    #[test]
    fn bounds_are_positions_or_moments_and_inclusive() {
        let at = |millis| Bound::At(Timestamp::from_millis(millis));
        assert_eq!(positions(Bound::Oldest, Bound::Newest(0)), (0, 5));
        assert_eq!(positions(Bound::Newest(0), Bound::Newest(0)), (4, 5));
        assert_eq!(positions(Bound::Oldest, Bound::Newest(1)), (0, 4));
        assert_eq!(positions(at(20), at(20)), (1, 3));
        assert_eq!(positions(at(11), at(39)), (1, 4));
        assert_eq!(positions(Bound::Oldest, Bound::Oldest), (0, 1));
        assert_eq!(positions(Bound::Newest(9), at(5)), (0, 0));
        assert_eq!(positions(at(i64::MAX), at(i64::MAX)), (5, 5));
    }

    #[test]
    fn pages_count_from_the_end_that_comes_first() {
        let query = |order, skip| HistoryQuery { from: Bound::Oldest, to: Bound::Newest(0), order, skip, limit: 2 };
        let all = Positions { begin: 10, end: 15 };
        let page = |order, skip| {
            let page = all.page(&query(order, skip));
            (page.begin, page.end)
        };
        assert_eq!(page(Order::Ascending, 0), (10, 12));
        assert_eq!(page(Order::Ascending, 4), (14, 15));
        assert_eq!(page(Order::Ascending, 9), (15, 15));
        assert_eq!(page(Order::Descending, 0), (13, 15));
        assert_eq!(page(Order::Descending, 4), (10, 11));
        assert_eq!(page(Order::Descending, 9), (10, 10));
        let empty = Positions { begin: 5, end: 3 };
        assert!(empty.is_empty() && empty.page(&query(Order::Descending, 0)).is_empty());
    }
}
