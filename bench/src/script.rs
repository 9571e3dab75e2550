//! What the connections send: ready-made requests, one after the other.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::answer::Answer;
use crate::clock;
use crate::error::Result;
use crate::sign::{Nonces, Notary};

/// How much of a surprising body is shown, in bytes.
const SHOWN: usize = 80;

/// Ready-made requests that the connections take turns to send.
pub(crate) struct Script {
    requests: Vec<Vec<u8>>,
    tail: Arc<[u8]>,
    repeats: bool,
    length: Option<u64>,
    notary: Option<Arc<Notary>>,
    next: AtomicUsize,
}

impl Script {
    /// Requests to be sent once each.
    pub(crate) fn once(requests: Vec<Vec<u8>>) -> Self {
        Self { requests, tail: Arc::from([]), repeats: false, length: None, notary: None, next: AtomicUsize::new(0) }
    }

    /// Starts over after the last request, without end.
    pub(crate) fn again_and_again(self) -> Self {
        Self { repeats: true, ..self }
    }

    /// Puts the same bytes behind each request.
    pub(crate) fn with_tail(self, tail: Arc<[u8]>) -> Self {
        Self { tail, ..self }
    }

    /// Counts answers as failed whose bodies have another length, in bytes.
    pub(crate) fn expecting(self, length: u64) -> Self {
        Self { length: Some(length), ..self }
    }

    /// The number of the next request to be sent, if there is one.
    pub(crate) fn take(&self) -> Option<usize> {
        let serial = self.next.fetch_add(1, Ordering::Relaxed);
        let count = self.requests.len();
        if self.repeats { serial.checked_rem(count) } else { Some(serial).filter(|serial| *serial < count) }
    }

    /// Signs each request anew when it is sent, as clients do.
    pub(crate) fn signed_anew(self, notary: Option<Arc<Notary>>) -> Self {
        Self { notary, ..self }
    }

    /// Puts a request into a buffer, without what all requests end with.
    pub(crate) fn write(&self, request: usize, nonces: &mut Nonces, buffer: &mut Vec<u8>) -> Result<()> {
        buffer.clear();
        buffer.extend_from_slice(self.requests.get(request).map(Vec::as_slice).unwrap_or_default());
        self.notary.as_ref().map_or(Ok(()), |notary| notary.renew(buffer, nonces, clock::unix_millis()))
    }

    /// What all requests end with.
    pub(crate) fn tail(&self) -> &[u8] {
        &self.tail
    }

    /// What is wrong with an answer, if something is.
    pub(crate) fn complaint(&self, answer: &Answer) -> Option<String> {
        let status = answer.status();
        let text = || String::from_utf8_lossy(answer.body().get(..SHOWN).unwrap_or(answer.body())).into_owned();
        if !(200..300).contains(&status) {
            return Some(format!("{status} {}", text()));
        }
        let wanted = self.length.filter(|wanted| *wanted != answer.length())?;
        Some(format!("{status} with {} bytes instead of {wanted}: {}", answer.length(), text()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hands_out_requests_once_or_in_turn() {
        let once = Script::once(vec![vec![1], vec![2]]);
        assert_eq!([once.take(), once.take(), once.take()], [Some(0), Some(1), None]);
        let repeated = Script::once(vec![vec![1], vec![2]]).again_and_again();
        assert_eq!([repeated.take(), repeated.take(), repeated.take()], [Some(0), Some(1), Some(0)]);
        assert_eq!(Script::once(Vec::new()).again_and_again().take(), None);
    }

    #[test]
    fn complains_about_status_and_length() {
        let mut answer = Answer::keeping(100);
        answer.feed(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nOK").unwrap();
        assert_eq!(Script::once(Vec::new()).expecting(2).complaint(&answer), None);
        assert_eq!(
            Script::once(Vec::new()).expecting(3).complaint(&answer).unwrap(),
            "200 with 2 bytes instead of 3: OK"
        );
        answer.reset();
        answer.feed(b"HTTP/1.1 403 No\r\nContent-Length: 9\r\n\r\nForbidden").unwrap();
        assert_eq!(Script::once(Vec::new()).complaint(&answer).unwrap(), "403 Forbidden");
    }
}
