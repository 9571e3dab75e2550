//! Waiting for whatever comes next in a session.

use super::{Event, Socket, SocketError};
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::task::Poll;
use tokio::time::Sleep;

/// What came in a session.
pub enum Happening<N> {
    /// Something of the client, or the end of the connection.
    Event(Result<Event, SocketError>),
    /// What the client follows.
    News(N),
    /// It is time to look at the clock.
    Alarm,
}

impl Socket {
    /// Waits for whatever comes. News are only asked for when all that waited has left: so they wait where they cost nothing, and an
    /// answer has at most one batch before it. If `listen_first` is set, they are looked at before the client's messages, once.
    pub async fn turn<N>(
        &mut self,
        news: impl Future<Output = N>,
        mut alarm: Pin<&mut Sleep>,
        listen_first: &mut bool,
    ) -> Happening<N> {
        let mut news = pin!(news);
        poll_fn(|cx| {
            if std::mem::take(listen_first)
                && self.queued() == 0
                && let Poll::Ready(news) = news.as_mut().poll(cx)
            {
                return Poll::Ready(Happening::News(news));
            }
            if let Poll::Ready(event) = self.poll_event(cx) {
                return Poll::Ready(Happening::Event(event));
            }
            if self.queued() == 0
                && let Poll::Ready(news) = news.as_mut().poll(cx)
            {
                return Poll::Ready(Happening::News(news));
            }
            alarm.as_mut().poll(cx).map(|()| Happening::Alarm)
        })
        .await
    }
}
