//! Request bodies: read once, by whoever needs them, within limits, and what is left is read away before an early answer.

use axum::body::Body;
use bytes::Bytes;
use futures_util::Stream;
use http_body::Body as _;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::time::{Sleep, sleep};

/// Bytes that are read away so that the client sees the answer and not a broken connection: more than any allowed upload.
const DISCARD_MAX: usize = 32 << 20;

/// How long reading away may take.
const DISCARD_TIME: Duration = Duration::from_secs(30);

/// Bytes a second that a body must come at which takes up room: a very slow telephone. Without a bound, a byte every now and then
/// would keep others out for ever.
const STEADY: usize = 16 * 1024;

/// Bytes for which there is room before they come, because the body says that they will.
const SAID_MAX: usize = 16 * 1024;

/// Why a body could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BodyError {
    /// The connection ended, or what came was no HTTP.
    #[error("the body broke off")]
    Broken,
    /// Nothing came for too long.
    #[error("the body stalled")]
    Stalled,
    /// Longer than allowed.
    #[error("the body is too long")]
    TooLong,
}

/// A body that several parts of the door read from, one after another.
#[derive(Clone)]
pub(crate) struct SharedBody {
    inside: Arc<Mutex<Inside>>,
    stall: Duration,
}

struct Inside {
    body: Body,
    alarm: Option<Pin<Box<Sleep>>>,
    touched: bool,
    /// The end was read. A chunked body does not know of its end before.
    ended: bool,
}

impl SharedBody {
    /// Takes a request's body, which may go `stall` without a byte.
    pub(crate) fn new(body: Body, stall: Duration) -> Self {
        Self { inside: Arc::new(Mutex::new(Inside { body, alarm: None, touched: false, ended: false })), stall }
    }

    /// Whether the whole body has been read, or there is none.
    pub(crate) fn ended(&self) -> bool {
        let inside = self.lock();
        inside.ended || inside.body.is_end_stream()
    }

    /// Reads all of it, at most `max` bytes.
    pub(crate) async fn read(&mut self, max: usize) -> Result<Vec<u8>, BodyError> {
        let mut bytes = Vec::with_capacity(self.said().min(SAID_MAX).min(max));
        while let Some(piece) = self.next().await {
            let piece = piece?;
            if bytes.len().saturating_add(piece.len()) > max {
                return Err(BodyError::TooLong);
            }
            bytes.extend_from_slice(&piece);
        }
        Ok(bytes)
    }

    /// Like [`SharedBody::read`], for a body that takes up room which others wait for: of the `expected` bytes, [`STEADY`] must
    /// come each second. Fails with [`BodyError::Stalled`] otherwise.
    pub(crate) async fn read_steadily(&mut self, max: usize, expected: usize) -> Result<Vec<u8>, BodyError> {
        let seconds = u64::try_from(expected / STEADY).unwrap_or(u64::MAX);
        let limit = self.stall.saturating_add(Duration::from_secs(seconds));
        tokio::time::timeout(limit, self.read(max)).await.unwrap_or(Err(BodyError::Stalled))
    }

    /// Reads away what is left. A client that waits to be asked for its body (`expects`) and was not, is not asked now.
    /// False if the connection can't be used again.
    pub(crate) async fn discard(&mut self, expects: bool) -> bool {
        if self.ended() {
            return true;
        }
        if expects && !self.lock().touched {
            return false;
        }
        let mut left = DISCARD_MAX;
        let read_away = async {
            while let Some(Ok(piece)) = self.next().await {
                left = left.saturating_sub(piece.len());
                if left == 0 {
                    return false;
                }
            }
            self.ended()
        };
        tokio::time::timeout(DISCARD_TIME, read_away).await.unwrap_or(false)
    }

    /// How long the body says it is, at least.
    fn said(&self) -> usize {
        usize::try_from(self.lock().body.size_hint().lower()).unwrap_or(usize::MAX)
    }

    async fn next(&mut self) -> Option<Result<Bytes, BodyError>> {
        futures_util::future::poll_fn(|cx| Pin::new(&mut *self).poll_next(cx)).await
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Stream for SharedBody {
    type Item = Result<Bytes, BodyError>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let stall = self.stall;
        let mut inside = self.lock();
        inside.touched = true;
        if inside.ended {
            return Poll::Ready(None);
        }
        loop {
            match Pin::new(&mut inside.body).poll_frame(cx) {
                Poll::Ready(Some(Ok(frame))) => {
                    inside.alarm = None;
                    match frame.into_data() {
                        Ok(bytes) => return Poll::Ready(Some(Ok(bytes))),
                        Err(_) => continue,
                    }
                }
                Poll::Ready(Some(Err(_))) => return Poll::Ready(Some(Err(BodyError::Broken))),
                Poll::Ready(None) => {
                    inside.ended = true;
                    return Poll::Ready(None);
                }
                Poll::Pending => {
                    let alarm = inside.alarm.get_or_insert_with(|| Box::pin(sleep(stall)));
                    return match alarm.as_mut().poll(cx) {
                        Poll::Ready(()) => Poll::Ready(Some(Err(BodyError::Stalled))),
                        Poll::Pending => Poll::Pending,
                    };
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_body_that_stalls_is_given_up() {
        let pending = Body::from_stream(futures_util::stream::pending::<Result<Bytes, std::io::Error>>());
        let mut body = SharedBody::new(pending, Duration::from_secs(30));
        assert_eq!(body.read(10).await, Err(BodyError::Stalled));
        assert!(!body.discard(false).await);
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_trickles_is_given_up_where_others_wait_for_its_room() {
        let trickle = || {
            let drop = |number: u32| async move {
                sleep(Duration::from_secs(20)).await;
                Some((Ok::<_, std::io::Error>(Bytes::from_static(b"x")), number + 1))
            };
            SharedBody::new(Body::from_stream(futures_util::stream::unfold(0, drop)), Duration::from_secs(30))
        };
        assert_eq!(trickle().read_steadily(64 * STEADY, 64 * STEADY).await, Err(BodyError::Stalled));
        assert_eq!(trickle().read_steadily(3, 64 * STEADY).await, Err(BodyError::TooLong));
    }

    #[tokio::test]
    async fn a_body_without_a_length_is_read_to_its_end() {
        let chunked = || {
            let pieces = ["01", "23"].map(|piece| Ok::<_, std::io::Error>(Bytes::from(piece)));
            SharedBody::new(Body::from_stream(futures_util::stream::iter(pieces)), Duration::from_secs(30))
        };
        assert!(chunked().discard(false).await);
        let mut body = chunked();
        assert_eq!(body.read(4).await.unwrap(), b"0123");
        assert!(body.ended() && body.discard(false).await);
    }

    #[tokio::test]
    async fn what_is_too_long_is_refused_and_read_away() {
        let mut body = SharedBody::new(Body::from("0123456789"), Duration::from_secs(30));
        assert_eq!(body.clone().read(9).await, Err(BodyError::TooLong));
        assert!(body.discard(false).await);
        let mut body = SharedBody::new(Body::from("0123456789"), Duration::from_secs(30));
        assert!(!body.discard(true).await, "a client that waits is not asked");
        assert_eq!(body.read(10).await.unwrap(), b"0123456789");
        assert!(body.discard(true).await);
    }
}
