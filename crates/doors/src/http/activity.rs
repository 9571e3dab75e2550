//! Whether anything happens on an HTTP/2 connection. One whose client stops reading a stream, or asks for nothing any more,
//! looks alive from below: its pings are answered.

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::time::sleep;

/// What happened on a connection so far.
#[derive(Default)]
pub(super) struct Activity {
    steps: AtomicU64,
    running: AtomicUsize,
}

impl Activity {
    /// A request is being answered until what this gives is dropped. That has a time limit of its own.
    pub(super) fn enter(self: &Arc<Self>) -> Running {
        self.steps.fetch_add(1, Ordering::Relaxed);
        self.running.fetch_add(1, Ordering::Relaxed);
        Running(Arc::clone(self))
    }

    /// Returns once nothing has happened for `limit` or a little longer.
    pub(super) async fn standstill(&self, limit: Duration) {
        let mut seen = None;
        loop {
            let steps = self.steps.load(Ordering::Relaxed);
            if seen == Some(steps) && self.running.load(Ordering::Relaxed) == 0 {
                return;
            }
            seen = Some(steps);
            sleep(limit).await;
        }
    }
}

/// A request that is being answered.
pub(super) struct Running(Arc<Activity>);

impl Running {
    /// The answer's body, of which each piece that is sent is something that happens.
    pub(super) fn watch<B>(&self, body: B) -> Watched<B> {
        Watched { body, activity: Arc::clone(&self.0) }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.steps.fetch_add(1, Ordering::Relaxed);
        self.0.running.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A body that is watched.
pub(super) struct Watched<B> {
    body: B,
    activity: Arc<Activity>,
}

impl<B: Body<Data = Bytes> + Unpin> Body for Watched<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(cx);
        if polled.is_ready() {
            self.activity.steps.fetch_add(1, Ordering::Relaxed);
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http_body_util::{BodyExt, Full};
    use tokio::time::timeout;

    const LIMIT: Duration = Duration::from_secs(60);

    #[tokio::test(start_paused = true)]
    async fn only_a_standstill_is_one() {
        let activity = Arc::new(Activity::default());
        let running = activity.enter();
        assert!(timeout(LIMIT * 10, activity.standstill(LIMIT)).await.is_err(), "a request is being answered");
        let body = running.watch(Full::new(Bytes::from_static(b"piece")));
        drop(running);
        let busy = Arc::clone(&activity);
        let late = tokio::spawn(async move {
            sleep(LIMIT / 2).await;
            body.collect().await.unwrap();
            busy
        });
        assert!(timeout(LIMIT * 3 / 2, activity.standstill(LIMIT)).await.is_err(), "a piece was sent");
        assert!(timeout(LIMIT * 3, late.await.unwrap().standstill(LIMIT)).await.is_ok());
    }
}
