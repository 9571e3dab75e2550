//! Whether what one sender numbered comes whole, once and in order.

/// What a number turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Seen {
    /// The next one, or one beyond it: what lies between is missing until it comes.
    Onward,
    /// One that was missing.
    Late,
    /// One that came before.
    Again,
}

/// What one receiver had from one sender.
#[derive(Default)]
pub(crate) struct Track {
    next: u32,
    /// Ranges that were passed over, ends excluded. Empty with a server that does its work.
    missing: Vec<(u32, u32)>,
}

impl Track {
    /// A track that begins with this number.
    pub(crate) fn from(next: u32) -> Self {
        Self { next, missing: Vec::new() }
    }

    /// Takes the next number.
    pub(crate) fn see(&mut self, number: u32) -> Seen {
        if number >= self.next {
            if number > self.next {
                self.missing.push((self.next, number));
            }
            self.next = number.saturating_add(1);
            return Seen::Onward;
        }
        let Some(place) = self.missing.iter().position(|(from, to)| (*from..*to).contains(&number)) else {
            return Seen::Again;
        };
        let (from, to) = self.missing.swap_remove(place);
        self.missing.extend([(from, number), (number + 1, to)].into_iter().filter(|(from, to)| from < to));
        Seen::Late
    }

    /// How many of the numbers below `end` have not come.
    pub(crate) fn lost(&self, end: u32) -> u64 {
        let missing: u64 = self.missing.iter().map(|(from, to)| u64::from(to - from)).sum();
        missing + u64::from(end.saturating_sub(self.next))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_lost_late_and_doubled_apart() {
        let mut track = Track::from(10);
        assert_eq!([10, 11, 15, 13, 13, 11, 9].map(|number| track.see(number)), {
            use Seen::{Again, Late, Onward};
            [Onward, Onward, Onward, Late, Again, Again, Again]
        });
        assert_eq!((track.lost(16), track.lost(20)), (2, 6));
        assert_eq!([12, 14, 14].map(|number| track.see(number)), [Seen::Late, Seen::Late, Seen::Again]);
        assert_eq!(track.lost(16), 0);
    }
}
