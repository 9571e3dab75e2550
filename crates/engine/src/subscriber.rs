//! One session's places in all the streams that it follows.

use crate::Engine;
use crate::error::Error;
use crate::feed::Batch;
use crate::feeds::{Bell, Ear};
use std::collections::{HashSet, VecDeque};
use std::sync::{Arc, Weak};
use tidings_core::policy::Keep;
use tidings_core::{EnvelopeId, Seq, StreamKind, StreamName};

/// Envelopes of its own that a session can have under way; of more, the oldest may come back to it.
const SENT_MAX: usize = 1024;

/// Follows streams for one session. It holds cursors, not messages: a session that does not ask costs no memory for what it
/// has not read.
pub struct Subscriber {
    engine: Engine,
    bell: Arc<Bell>,
    places: Vec<Option<Place>>,
    sent: Sent,
}

struct Place {
    stream: StreamName,
    ear: Arc<Ear>,
    /// Read up to here. None while it is not yet known where the stream ends.
    cursor: Option<Seq>,
    here: Arc<()>,
}

/// What came in one of the streams.
pub struct News {
    /// The stream.
    pub stream: StreamName,
    /// What came.
    pub batch: Batch,
}

impl News {
    fn is_worth_a_look(&self) -> bool {
        self.batch.missed > 0 || !self.batch.items.is_empty() || self.stream.kind() == StreamKind::Group
    }
}

/// Shows that a session has joined a live stream: it holds until the session leaves.
#[derive(Clone)]
pub struct Membership {
    stream: StreamName,
    here: Weak<()>,
}

impl Membership {
    /// Whether it is still good for this stream.
    pub(crate) fn holds(&self, stream: &StreamName) -> bool {
        self.stream == *stream && self.here.strong_count() > 0
    }
}

impl Engine {
    /// A session that follows nothing yet.
    pub fn subscriber(&self) -> Subscriber {
        Subscriber { engine: self.clone(), bell: Arc::default(), places: Vec::new(), sent: Sent::default() }
    }
}

impl Subscriber {
    /// Follows a stream from now on; on a live stream this is joining. False if it is followed already: then nothing changes.
    /// Safe to abandon half-way, and to fail: the stream is followed then, from where it ends when that is found out next.
    pub async fn join(&mut self, stream: StreamName) -> Result<bool, Error> {
        if let Some(place) = self.place_of(&stream) {
            // Its end may not have been found when it was joined first.
            self.find_end(place).await?;
            return Ok(false);
        }
        let place = self.enter(stream, None);
        self.find_end(place).await?;
        Ok(true)
    }

    /// Follows a stored stream from a cursor on. False if it is followed already.
    pub fn resume(&mut self, stream: StreamName, cursor: Seq) -> bool {
        if self.joined(&stream) {
            return false;
        }
        let place = self.enter(stream, Some(cursor));
        if let Some(Some(place)) = self.places.get(place) {
            place.ear.ring();
        }
        true
    }

    fn enter(&mut self, stream: StreamName, cursor: Option<Seq>) -> usize {
        let at = self.places.iter().position(Option::is_none).unwrap_or(self.places.len());
        let ear = Ear::new(&self.bell, u32::try_from(at).unwrap_or(u32::MAX));
        // Following begins before the end is looked for, so that nothing falls in between.
        self.engine.inner.feeds.enter(&stream, &ear);
        let place = Some(Place { stream, ear, cursor, here: Arc::default() });
        match self.places.get_mut(at) {
            Some(free) => *free = place,
            None => self.places.push(place),
        }
        at
    }

    /// Where the stream ends now, if that is not known yet.
    async fn find_end(&mut self, at: usize) -> Result<Seq, Error> {
        let Some(Some(place)) = self.places.get_mut(at) else { return Ok(Seq::START) };
        if let Some(cursor) = place.cursor {
            return Ok(cursor);
        }
        let (tail, live) = (&self.engine.inner.tail, self.engine.is_live(&place.stream));
        let end = match tail.end(&place.stream) {
            Some(end) => end,
            None if live => Seq::START,
            None => self.engine.inner.store.end(place.stream.clone()).await?,
        };
        place.cursor = Some(end);
        Ok(end)
    }

    /// Follows a stream no longer. False if it was not followed.
    pub fn leave(&mut self, stream: &StreamName) -> bool {
        let Some(at) = self.place_of(stream) else { return false };
        if let Some(place) = self.places.get_mut(at).and_then(Option::take) {
            self.engine.forget_place(&place);
        }
        true
    }

    /// Whether a stream is followed.
    pub fn joined(&self, stream: &StreamName) -> bool {
        self.place_of(stream).is_some()
    }

    fn place_of(&self, stream: &StreamName) -> Option<usize> {
        self.places.iter().position(|place| place.as_ref().is_some_and(|place| place.stream == *stream))
    }

    /// How many streams are followed.
    pub fn len(&self) -> usize {
        self.places().count()
    }

    /// Whether nothing is followed.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn places(&self) -> impl Iterator<Item = &Place> {
        self.places.iter().flatten()
    }

    /// What the session shows to speak on a live stream; none if it has not joined it.
    pub fn membership(&self, stream: &StreamName) -> Option<Membership> {
        let place = self.places().find(|place| place.stream == *stream)?;
        Some(Membership { stream: stream.clone(), here: Arc::downgrade(&place.here) })
    }

    /// An envelope that the session is about to post to a stream which it follows, and does not want back.
    pub fn sent(&mut self, id: EnvelopeId) {
        self.sent.note(id);
    }

    /// It was refused after all.
    pub fn unsent(&mut self, id: EnvelopeId) {
        self.sent.take(id);
    }

    /// Waits for what comes in any of the streams, and moves its cursor behind it. The session's own envelopes are left out; a
    /// batch may then be empty, as it may be of a group: whoever follows one is called when it ends or somebody leaves, too, and
    /// must look whether they still may. Safe to abandon half-way: nothing is lost. Of a live stream, a reader that lags gets how
    /// many it missed; of others, what memory has forgotten comes from the store. After an error the same is tried again.
    pub async fn next(&mut self) -> Result<News, Error> {
        loop {
            while let Some(at) = self.bell.answer() {
                match self.look(usize::try_from(at).unwrap_or(usize::MAX)).await? {
                    Some(news) if news.is_worth_a_look() => return Ok(news),
                    _ => {}
                }
            }
            self.bell.wait().await;
        }
    }

    async fn look(&mut self, at: usize) -> Result<Option<News>, Error> {
        // It may have been left since the bell was rung.
        let Some(Some(place)) = self.places.get(at) else { return Ok(None) };
        let looking = place.ear.look();
        let (cursor, mut batch) = self.read(at).await?;
        // What was not read wholly is looked at again, after the other streams.
        if batch.complete {
            looking.end();
        }
        let Some(Some(place)) = self.places.get_mut(at) else { return Ok(None) };
        let passed = i64::try_from(batch.missed).unwrap_or(i64::MAX);
        let after_gap = Seq::from_number(cursor.number().saturating_add(passed));
        place.cursor = Some(batch.items.last().map_or(after_gap, |item| item.envelope.seq));
        if !self.sent.is_empty() {
            batch.items.retain(|item| !self.sent.take(item.envelope.id));
        }
        Ok(Some(News { stream: place.stream.clone(), batch }))
    }
}

impl Subscriber {
    /// What comes after the cursor of a place, with the cursor.
    async fn read(&mut self, at: usize) -> Result<(Seq, Batch), Error> {
        let cursor = self.find_end(at).await?;
        let nothing = Batch { items: Vec::new(), missed: 0, complete: true };
        let Some(Some(place)) = self.places.get(at) else { return Ok((cursor, nothing)) };
        let batch = match self.engine.inner.tail.follow(&place.stream, cursor) {
            Some(batch) => batch,
            None if self.engine.is_live(&place.stream) => nothing,
            None => self.engine.read_stored(&place.stream, cursor).await?,
        };
        Ok((cursor, batch))
    }
}

impl Drop for Subscriber {
    fn drop(&mut self) {
        self.places().for_each(|place| self.engine.forget_place(place));
    }
}

impl Engine {
    pub(crate) fn is_live(&self, stream: &StreamName) -> bool {
        self.policies().of(stream.kind()).keep == Keep::Live
    }

    fn forget_place(&self, place: &Place) {
        // What nobody follows need not be remembered; an inbox is read by asking, too.
        let forget = matches!(self.policies().of(place.stream.kind()).keep, Keep::Live | Keep::For(_));
        self.inner.feeds.leave(&place.stream, &place.ear, || {
            if forget {
                self.inner.tail.forget(&place.stream);
            }
        });
    }
}

/// Envelopes that a session has sent and not yet met in the streams that it follows.
#[derive(Default)]
struct Sent {
    ids: HashSet<EnvelopeId>,
    order: VecDeque<EnvelopeId>,
}

impl Sent {
    fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    fn note(&mut self, id: EnvelopeId) {
        if self.order.len() >= SENT_MAX {
            self.order.retain(|id| self.ids.contains(id));
        }
        if self.order.len() >= SENT_MAX
            && let Some(oldest) = self.order.pop_front()
        {
            self.ids.remove(&oldest);
        }
        if self.ids.insert(id) {
            self.order.push_back(id);
        }
    }

    fn take(&mut self, id: EnvelopeId) -> bool {
        let taken = self.ids.remove(&id);
        if self.ids.is_empty() {
            self.order.clear();
        }
        taken
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(number: u32) -> EnvelopeId {
        EnvelopeId::from_bytes(u128::from(number).to_be_bytes())
    }

    #[test]
    fn what_was_sent_is_remembered_within_a_bound() {
        let mut sent = Sent::default();
        for number in 0..2000 {
            sent.note(id(number));
            sent.note(id(number));
        }
        assert!(sent.ids.len() <= SENT_MAX && sent.order.len() <= SENT_MAX);
        assert!(!sent.take(id(0)) && sent.take(id(1999)) && !sent.take(id(1999)));
        for number in 0..2000 {
            sent.take(id(number));
        }
        assert!(sent.is_empty() && sent.order.is_empty());
    }
}
