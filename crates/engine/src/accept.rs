//! The one way in: every envelope, of every door and of the mesh, is accepted here.

use crate::Engine;
use crate::blobs::{BlobWriter, FinishedBlob, INLINE_MAX};
use crate::error::Error;
use crate::live::{Live, Passing};
use crate::subscriber::Membership;
use crate::tail::Item;
use std::sync::Arc;
use tidings_core::blob::BlobContent;
use tidings_core::policy::Keep;
use tidings_core::ports::Posting;
use tidings_core::{Caller, Draft, Envelope, Hint, Refusal, Seq, StreamFacts, StreamName, Timestamp, admit};

/// Bytes up to which a form, or a piece of one, may be for the store alone: the largest attachment kept there, and the texts beside it.
const STORED_MAX: u64 = 4 * INLINE_MAX as u64;

/// Drafts of one caller that share at most one blob.
pub struct Post {
    /// Who posts.
    pub caller: Caller,
    /// What. All of them stay in the store, or all of them are live.
    pub drafts: Vec<Draft>,
    /// That the caller's session has joined the channel that they are for.
    pub joined: Option<Membership>,
    /// What they all point to.
    pub blob: Option<FinishedBlob>,
}

impl Engine {
    /// Accepts or refuses each draft, in order. What is accepted is durable when this returns (on a live stream: handed to
    /// those who follow it, if any); what is refused leaves no trace. Goes on if the caller stops waiting. Fails with
    /// [`Error::DiskFull`], [`Error::Busy`] or [`Error::Failed`], and then nothing was accepted.
    pub async fn accept(&self, post: Post, now: Timestamp) -> Result<Vec<Result<Envelope, Refusal>>, Error> {
        if post.drafts.iter().any(|draft| self.is_live(&draft.stream)) {
            return Ok(post
                .drafts
                .into_iter()
                .map(|draft| self.pass(&post.caller, post.joined.as_ref(), draft, now))
                .collect());
        }
        let engine = self.clone();
        to_the_end(async move { engine.append(post, now).await }).await
    }

    async fn append(&self, mut post: Post, now: Timestamp) -> Result<Vec<Result<Envelope, Refusal>>, Error> {
        let blob = post.blob.as_mut().and_then(FinishedBlob::content);
        let bytes = post.drafts.iter().map(Draft::size).sum::<u64>();
        // A file is on the disk already.
        let beside = blob.as_ref().filter(|blob| matches!(blob, BlobContent::Inline(_))).map_or(0, BlobContent::size);
        self.allow_stored(bytes.saturating_add(beside), now)?;
        let streams: Vec<StreamName> = post.drafts.iter().map(|draft| draft.stream.clone()).collect();
        let notify = post.drafts.iter().any(|draft| draft.notify);
        let novel = self.novel(&post.drafts);
        let policies = Arc::clone(&self.inner.policies);
        let posting = Posting { caller: post.caller, drafts: post.drafts, novel: novel.clone(), blob, policies, now };
        let outcomes = self.inner.store.append(posting).await?;
        if let Some(blob) = post.blob.filter(|_| outcomes.iter().any(Result::is_ok)) {
            blob.claim();
        }
        for ((stream, outcome), novel) in streams.into_iter().zip(&outcomes).zip(novel) {
            if let Ok(envelope) = outcome {
                self.announce(stream, envelope.clone(), novel);
            }
        }
        if notify {
            self.inner.bus.wake(Hint::Deliveries);
        }
        Ok(outcomes)
    }

    /// For each draft, whether its id is certainly new. Ids of what is kept until it is taken are random, and are not asked.
    fn novel(&self, drafts: &[Draft]) -> Vec<bool> {
        let room = |draft: &Draft| matches!(self.policies().of(draft.stream.kind()).keep, Keep::For(_));
        drafts.iter().map(|draft| room(draft) && self.inner.known.novel(draft.id)).collect()
    }

    /// Tells all who read it of an envelope that the store has appended.
    pub(crate) fn announce(&self, stream: StreamName, envelope: Envelope, novel: bool) {
        let kept_for_a_time = matches!(self.policies().of(stream.kind()).keep, Keep::For(_));
        if kept_for_a_time && !novel {
            self.inner.known.was_false();
        }
        let item = Arc::new(Item::new(envelope));
        self.inner.feeds.tell(&stream, |followed| self.inner.tail.push(&stream, &item, followed));
        if kept_for_a_time {
            self.inner.history.push(&stream, &item);
        }
        if self.inner.bus.reaches_others() {
            self.inner.bus.wake(Hint::Stream(stream));
        }
    }

    /// Whether the caller could append `bytes` bytes to each stream now, so that a door can stop receiving what would be
    /// refused. What counts is decided again when it is appended.
    pub async fn may_append(
        &self,
        caller: Caller,
        streams: Vec<StreamName>,
        bytes: u64,
    ) -> Result<Vec<Result<(), Refusal>>, Error> {
        let kinds: Vec<_> = streams.iter().map(StreamName::kind).collect();
        let facts = self.inner.store.facts(caller, streams).await?;
        let decide = |(kind, facts)| admit::may_append(self.policies().of(kind), &facts, &caller, bytes);
        Ok(kinds.into_iter().zip(facts).map(decide).collect())
    }

    /// Begins to receive a blob of at most `max` bytes. Fails with [`Error::DiskFull`] if the disk has no room for `expected`
    /// bytes.
    pub fn receive_blob(&self, expected: u64, max: u64, now: Timestamp) -> Result<BlobWriter, Error> {
        self.room_for_part(expected, now)?;
        Ok(self.inner.blobs.write(&self.inner.entropy, max))
    }

    /// Whether there is room for `bytes` more of a blob that is arriving. What came at the beginning may have been taken by
    /// others meanwhile. Fails with [`Error::DiskFull`].
    pub fn room_for(&self, bytes: usize) -> Result<(), Error> {
        self.room_for_part(u64::try_from(bytes).unwrap_or(u64::MAX), self.now())
    }

    /// What is small may go into the store.
    fn room_for_part(&self, bytes: u64, now: Timestamp) -> Result<(), Error> {
        if bytes <= STORED_MAX { self.allow_stored(bytes, now) } else { self.inner.disk.allow(bytes, now) }
    }

    /// Passes a live envelope on.
    fn pass(
        &self,
        caller: &Caller,
        joined: Option<&Membership>,
        draft: Draft,
        now: Timestamp,
    ) -> Result<Envelope, Refusal> {
        let stream = draft.stream.clone();
        let policy = self.policies().of(stream.kind());
        let joined = joined.is_some_and(|joined| joined.holds(&stream));
        let facts = StreamFacts { open: true, joined, ..StreamFacts::default() };
        admit::may_append(policy, &facts, caller, draft.size())?;
        let duplicate = self.inner.window.note(draft.id, now);
        let mut envelope = admit(policy, &StreamFacts { duplicate, ..facts }, caller, draft, 0, Seq::START, now)?;
        let relayed = self.inner.relays.wanted();
        let item = self.inner.feeds.tell(&stream, |followed| {
            let keep = |envelope| self.inner.tail.push_live(&stream, envelope);
            // Where nobody is, nothing is remembered.
            if followed { Some(keep(envelope.clone())) } else { None }
        });
        if let Some(item) = &item {
            envelope.seq = item.envelope.seq;
        }
        if relayed {
            let item = item.unwrap_or_else(|| Arc::new(Item::new(envelope.clone())));
            self.inner.relays.tell(Passing { stream, item, source: *caller });
        }
        Ok(envelope)
    }

    /// Hears every live envelope that is accepted from now on, to relay it to other servers.
    pub fn live(&self) -> Live {
        self.inner.relays.listen()
    }
}

/// Does work that must not be left half-way when its asker goes: what the store has done, the tail and the files must follow.
pub(crate) async fn to_the_end<T: Send + 'static>(
    work: impl Future<Output = Result<T, Error>> + Send + 'static,
) -> Result<T, Error> {
    match tokio::spawn(work).await {
        Ok(result) => result,
        Err(error) => Err(Error::Failed(format!("work was broken off: {error}"))),
    }
}
