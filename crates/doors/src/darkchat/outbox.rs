//! What waits to be written to one TCP client or one peer: answers first, and of messages no more than a bound
//! (wire/darkchat.md, sections 3 and 6).

use bytes::Bytes;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tidings_engine::Item;
use tokio::sync::Notify;

/// Answers that wait for one connection at most. A client that asks on without taking them is not read any more.
pub(super) const ANSWERS_MAX: usize = 128;

/// Bytes of messages that wait for one connection at most.
const BYTES_MAX: usize = 4 << 20;

/// Something to write, whole.
#[derive(Clone)]
pub(super) enum Out {
    /// These bytes.
    Text(Bytes),
    /// The body of an envelope.
    Body(Arc<Item>),
}

impl Out {
    /// The bytes.
    pub(super) fn bytes(&self) -> &[u8] {
        match self {
            Self::Text(bytes) => bytes,
            Self::Body(item) => item.envelope.body.as_deref().unwrap_or_default(),
        }
    }
}

#[derive(Default)]
struct Waiting {
    answers: VecDeque<Bytes>,
    messages: VecDeque<Out>,
    bytes: usize,
    closed: bool,
}

/// A queue with one reader.
pub(super) struct Outbox {
    waiting: Mutex<Waiting>,
    news: Notify,
    messages_max: usize,
}

impl Outbox {
    /// An empty one for so many messages.
    pub(super) fn new(messages_max: usize) -> Self {
        Self { waiting: Mutex::default(), news: Notify::new(), messages_max: messages_max.max(1) }
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts an answer before all messages and behind other answers.
    pub(super) fn answer(&self, answer: Bytes) {
        let mut waiting = self.lock();
        if !waiting.closed && waiting.answers.len() < ANSWERS_MAX * 2 {
            waiting.answers.push_back(answer);
            self.news.notify_one();
        }
    }

    /// Whether more requests may be read: their answers have room.
    pub(super) fn has_room(&self) -> bool {
        self.lock().answers.len() < ANSWERS_MAX
    }

    /// Puts a message behind the others; gives how many old ones it displaced.
    pub(super) fn push(&self, message: Out) -> u64 {
        let mut waiting = self.lock();
        if waiting.closed {
            return 0;
        }
        waiting.bytes += message.bytes().len();
        waiting.messages.push_back(message);
        let mut displaced = 0;
        while waiting.messages.len() > self.messages_max || (waiting.bytes > BYTES_MAX && waiting.messages.len() > 1) {
            let Some(oldest) = waiting.messages.pop_front() else { break };
            waiting.bytes = waiting.bytes.saturating_sub(oldest.bytes().len());
            displaced += 1;
        }
        self.news.notify_one();
        displaced
    }

    /// Takes no more, and forgets all but the answers.
    pub(super) fn close(&self) {
        let mut waiting = self.lock();
        waiting.closed = true;
        waiting.messages = VecDeque::new();
        self.news.notify_one();
    }

    /// The next thing to write; `None` after the end. Safe to abandon.
    pub(super) async fn next(&self) -> Option<Out> {
        loop {
            let told = self.news.notified();
            {
                let mut waiting = self.lock();
                if let Some(answer) = waiting.answers.pop_front() {
                    return Some(Out::Text(answer));
                }
                if let Some(message) = waiting.messages.pop_front() {
                    waiting.bytes = waiting.bytes.saturating_sub(message.bytes().len());
                    return Some(message);
                }
                if waiting.closed {
                    return None;
                }
            }
            told.await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Bytes {
        Bytes::copy_from_slice(text.as_bytes())
    }

    async fn all(outbox: &Outbox) -> Vec<String> {
        outbox.close();
        let mut all = Vec::new();
        while let Some(next) = outbox.next().await {
            all.push(String::from_utf8(next.bytes().to_vec()).unwrap());
        }
        all
    }

    #[tokio::test]
    async fn answers_come_first_and_the_oldest_messages_go() {
        let outbox = Outbox::new(2);
        let displaced: Vec<u64> = ["1", "2", "3"].iter().map(|m| outbox.push(Out::Text(text(m)))).collect();
        outbox.answer(text("a"));
        outbox.answer(text("b"));
        assert_eq!(displaced, [0, 0, 1]);
        for expected in ["a", "b", "2", "3"] {
            assert_eq!(outbox.next().await.unwrap().bytes(), expected.as_bytes());
        }
        assert_eq!(outbox.lock().bytes, 0);
    }

    #[tokio::test]
    async fn at_the_end_answers_still_go_out() {
        let outbox = Outbox::new(2);
        outbox.push(Out::Text(text("1")));
        outbox.answer(text("a"));
        assert_eq!(all(&outbox).await, ["a"]);
        outbox.answer(text("late"));
        outbox.push(Out::Text(text("late")));
        assert!(all(&outbox).await.is_empty());
    }

    #[test]
    fn bytes_are_bounded_too() {
        let outbox = Outbox::new(1000);
        let large = Bytes::from(vec![b'x'; BYTES_MAX / 3]);
        let displaced: u64 = (0..10).map(|_| outbox.push(Out::Text(large.clone()))).sum();
        assert_eq!(displaced, 7);
        (0..1000).for_each(|_| outbox.answer(text("a")));
        assert!(!outbox.has_room() && outbox.lock().answers.len() == ANSWERS_MAX * 2);
    }
}
