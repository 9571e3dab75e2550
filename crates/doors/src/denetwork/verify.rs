//! Verifying many messages without holding up the sockets: spread over the cores, off the tasks that move bytes.

use super::message::{Message, read_message};
use super::refusal::{Refused, Status};
use std::sync::Arc;
use tidings_core::Timestamp;
use tokio::sync::Semaphore;

/// Messages and bytes up to which verifying takes less time than handing it over.
const INLINE_MESSAGES: usize = 2;
const INLINE_BYTES: usize = 8 * 1024;

/// The cores that verify.
pub(super) struct Verifier {
    cores: usize,
    permits: Arc<Semaphore>,
}

/// A request with what was found in it.
pub(super) type Checked = (String, Result<Message, Refused>);

impl Verifier {
    /// As many as the machine has.
    pub(super) fn new() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Self { cores, permits: Arc::new(Semaphore::new(cores)) }
    }

    /// Reads and verifies each request; gives them in the same order.
    pub(super) async fn verify(&self, requests: Vec<String>, now: Timestamp) -> Vec<Checked> {
        let begun = tokio::time::Instant::now();
        let count = requests.len();
        let checked = if count <= INLINE_MESSAGES && requests.iter().map(String::len).sum::<usize>() <= INLINE_BYTES {
            check(requests, now)
        } else {
            self.spread(requests, now).await
        };
        metrics::histogram!("tidings_verification_seconds").record(begun.elapsed());
        checked
    }

    async fn spread(&self, mut requests: Vec<String>, now: Timestamp) -> Vec<Checked> {
        let share = requests.len().div_ceil(self.cores).max(1);
        let mut shares = Vec::new();
        while !requests.is_empty() {
            let rest = requests.split_off(share.min(requests.len()));
            let part = std::mem::replace(&mut requests, rest);
            let (count, permits) = (part.len(), Arc::clone(&self.permits));
            let task = tokio::spawn(async move {
                // Closed never; without a permit it would be verified all the same.
                let _permit = permits.acquire_owned().await;
                tokio::task::spawn_blocking(move || check(part, now)).await
            });
            shares.push((count, task));
        }
        let mut checked = Vec::new();
        for (count, task) in shares {
            match task.await {
                Ok(Ok(part)) => checked.extend(part),
                _ => checked.extend((0..count).map(|_| (String::new(), Err(BROKEN)))),
            }
        }
        checked
    }
}

const BROKEN: Refused = Refused::new(Status::Broken, "this server failed, its owner can find out why");

fn check(requests: Vec<String>, now: Timestamp) -> Vec<Checked> {
    requests
        .into_iter()
        .map(|request| {
            let message = read_message(&request, now);
            (request, message)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::signing::{payload, request};
    use super::*;

    #[tokio::test(flavor = "multi_thread")]
    async fn order_is_kept_however_many_there_are() {
        const NOW: i64 = 1_700_000_000_000;
        let verifier = Verifier::new();
        for count in [0, 1, 2, 3, 5, 32] {
            let requests: Vec<String> =
                (0..count).map(|at| if at % 5 == 4 { "{}".to_owned() } else { request(&payload(NOW + at)) }).collect();
            let checked = verifier.verify(requests.clone(), Timestamp::from_millis(NOW)).await;
            assert_eq!(checked.iter().map(|(text, _)| text.clone()).collect::<Vec<_>>(), requests);
            let times: Vec<Option<i64>> = checked
                .into_iter()
                .map(|(_, message)| message.ok().map(|message| message.time.millis() - NOW))
                .collect();
            let expected: Vec<_> = (0..count).map(|at| (at % 5 != 4).then_some(at)).collect();
            assert_eq!(times, expected);
        }
    }
}
