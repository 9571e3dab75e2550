//! When to try again, and when not to.

use super::{TransferFault, TransferStep};
use crate::io::{HttpAnswer, Time};
use serde::{Deserialize, Serialize};

/// Milliseconds until the first new attempt.
const FIRST_WAIT: u64 = 1000;
/// Milliseconds between attempts at most: 5 minutes.
const WAIT_MAX: u64 = 5 * 60 * 1000;

/// How long to wait after how many failures in a row.
#[derive(Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Pace {
    failures: u32,
}

impl Pace {
    /// It worked.
    pub(super) fn worked(&mut self) {
        self.failures = 0;
    }

    /// It did not; wait, twice as long as the last time, or as long as the node says.
    pub(super) fn failed(&mut self, now: Time, answer: Option<&HttpAnswer>) -> Vec<TransferStep> {
        let own = FIRST_WAIT.saturating_mul(1u64.checked_shl(self.failures).unwrap_or(u64::MAX));
        let asked = answer.and_then(|answer| answer.header("retry-after")?.parse::<u64>().ok());
        let wait = asked.map_or(own, |seconds| seconds.saturating_mul(1000)).clamp(FIRST_WAIT, WAIT_MAX);
        self.failures = self.failures.saturating_add(1);
        vec![TransferStep::WaitUntil(now.saturating_add(wait))]
    }

    /// What an answer means that is neither a success nor about what was asked for.
    pub(super) fn refused(&mut self, now: Time, answer: &HttpAnswer) -> Result<Vec<TransferStep>, TransferFault> {
        match answer.status {
            413 => Err(TransferFault::TooLarge),
            507 => Err(TransferFault::Full),
            // A signature can be late, if the clock was put right meanwhile; 401 is worth another attempt or two.
            401 if self.failures < 3 => Ok(self.failed(now, Some(answer))),
            400..=407 | 410..=412 | 414..=428 => Err(TransferFault::Refused(answer.status)),
            _ => Ok(self.failed(now, Some(answer))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn until(steps: Vec<TransferStep>) -> u64 {
        match steps.as_slice() {
            [TransferStep::WaitUntil(time)] => *time,
            _ => panic!("not a wait"),
        }
    }

    #[test]
    fn waits_grow_and_end() {
        let mut pace = Pace::default();
        let waits: Vec<u64> = (0..80).map(|_| until(pace.failed(0, None))).collect();
        assert_eq!(waits[..4], [1000, 2000, 4000, 8000]);
        assert!(waits[20..].iter().all(|wait| *wait == WAIT_MAX));
        pace.worked();
        let answer =
            HttpAnswer { status: 429, headers: vec![("retry-after".to_owned(), "7".to_owned())], body: vec![] };
        assert_eq!(until(pace.failed(5, Some(&answer))), 7005);
        let refused = |status| Pace::default().refused(0, &HttpAnswer { status, headers: vec![], body: vec![] }).err();
        assert_eq!(refused(507), Some(TransferFault::Full));
        assert_eq!(refused(403), Some(TransferFault::Refused(403)));
        assert_eq!(refused(503), None);
    }
}
