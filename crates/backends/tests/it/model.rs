//! Random operations, compared with a model that is too simple to be wrong.

use crate::people::*;
use crate::sqlite::fresh;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use std::collections::{BTreeMap, BTreeSet};
use tidings_core::ports::{Housekeeping, Posting};
use tidings_core::{
    Blob, BlobContent, BlobName, Budget, Caller, Key, Label, Policies, Refusal, Seq, Store, StreamFacts, StreamName,
    Usage,
};

/// People in the world; not all have accounts.
const PEOPLE: u32 = 6;

/// Operations in one run.
const STEPS: usize = 600;

#[derive(Default)]
struct Inbox {
    contacts: BTreeSet<Key>,
    last: i64,
    held: BTreeMap<i64, Held>,
}

#[derive(Clone)]
struct Held {
    id: u128,
    sender: Key,
    label: String,
    body: String,
    blob: Option<u128>,
    bytes: u64,
}

#[derive(Default)]
struct Model {
    inboxes: BTreeMap<Key, Inbox>,
    /// Envelopes of deleted accounts that were not drained yet.
    closed: Vec<Held>,
    blobs: u128,
}

impl Model {
    fn all(&self) -> impl Iterator<Item = &Held> {
        self.inboxes.values().flat_map(|inbox| inbox.held.values()).chain(&self.closed)
    }

    fn sent(&self, sender: &Key) -> Usage {
        self.all().filter(|held| held.sender == *sender).fold(Usage::default(), |usage, held| usage.and(held.bytes))
    }

    fn facts(&self, sender: &Key, to: &Key) -> StreamFacts {
        let inbox = self.inboxes.get(to);
        let held = inbox.into_iter().flat_map(|inbox| inbox.held.values());
        StreamFacts {
            open: inbox.is_some(),
            listed: inbox.is_some_and(|inbox| inbox.contacts.contains(sender)),
            owner: sender == to,
            used: held.fold(Usage::default(), |usage, held| usage.and(held.bytes)),
            sent: self.sent(sender),
            ..StreamFacts::default()
        }
    }

    fn post(&mut self, to: &Key, held: Held, policies: &Policies) -> Result<i64, Refusal> {
        let facts = self.facts(&held.sender, to);
        tidings_core::admit::may_append(&policies.inbox, &facts, &Caller::Key(held.sender), held.bytes)?;
        if self.all().any(|other| other.id == held.id) {
            return Err(Refusal::Duplicate);
        }
        let inbox = self.inboxes.get_mut(to).unwrap();
        inbox.last += 1;
        inbox.held.insert(inbox.last, held);
        Ok(inbox.last)
    }
}

struct World<'a> {
    store: &'a dyn Store,
    model: Model,
    random: StdRng,
    policies: Policies,
}

impl World<'_> {
    fn somebody(&mut self) -> Key {
        person(self.random.random_range(0..PEOPLE))
    }

    async fn step(&mut self, number: usize) {
        match self.random.random_range(0..20) {
            0 => self.join(number).await,
            1 => self.list().await,
            2 if number.is_multiple_of(3) => self.leave().await,
            3..=10 => self.post(number).await,
            11..=14 => self.take().await,
            15 => self.drain().await,
            _ => self.look().await,
        }
    }

    async fn join(&mut self, number: usize) {
        let who = self.somebody();
        let token = format!("token {number}");
        invite(self.store, None, &token, at(0)).await.unwrap();
        let accepted = accept(self.store, &token, Some(who), at(0)).await.unwrap();
        assert_eq!(accepted.created_account, !self.model.inboxes.contains_key(&who));
        self.model.inboxes.entry(who).or_default();
    }

    async fn list(&mut self) {
        let who = self.somebody();
        let contacts: BTreeSet<_> = (0..4).map(|_| self.somebody()).collect();
        let done = self.store.set_contacts(who, contacts.iter().copied().collect()).await.unwrap();
        assert_eq!(done, self.model.inboxes.contains_key(&who));
        if let Some(inbox) = self.model.inboxes.get_mut(&who) {
            inbox.contacts = contacts;
        }
    }

    async fn leave(&mut self) {
        let who = self.somebody();
        let left = self.model.inboxes.remove(&who);
        assert_eq!(self.store.delete_account(who).await.unwrap(), left.is_some());
        self.model.closed.extend(left.into_iter().flat_map(|inbox| inbox.held.into_values()));
    }

    async fn post(&mut self, number: usize) {
        let sender = self.somebody();
        let (mut drafts, mut expected) = (Vec::new(), Vec::new());
        let blob = self.random.random_bool(0.5).then(|| {
            self.model.blobs += 1;
            self.model.blobs
        });
        for part in 0..self.random.random_range(1..4) {
            let to = self.somebody();
            let fresh = number as u128 * 10 + part;
            let known = self.random.random_range(0..fresh + 1);
            let id = if self.random.random_bool(0.9) { fresh } else { known };
            let label = if self.random.random_bool(0.5) { "MEDIA" } else { "TEXT" };
            let body = "x".repeat(self.random.random_range(0..50));
            let bytes = (label.len() + body.len()) as u64 + if blob.is_some() { 100 } else { 0 };
            drafts.push(tidings_core::Draft { label: Label::new(label), ..draft(&to, id, &body) });
            let held = Held { id, sender, label: label.to_owned(), body, blob, bytes };
            expected.push(self.model.post(&to, held, &self.policies));
        }
        let blob = blob.map(|number| match number % 2 {
            0 => BlobContent::File { name: BlobName::from_random(number.to_be_bytes()), size: 100 },
            _ => BlobContent::Inline(vec![number as u8; 100]),
        });
        let policies = std::sync::Arc::new(self.policies);
        let posting = Posting { caller: Caller::Key(sender), drafts, novel: Vec::new(), blob, policies, now: at(0) };
        let answers = self.store.append(posting).await.unwrap();
        let answers: Vec<_> = answers.into_iter().map(|answer| answer.map(|envelope| envelope.seq.number())).collect();
        assert_eq!(answers, expected);
    }

    async fn take(&mut self) {
        let who = self.somebody();
        let held = self.model.inboxes.get(&who).and_then(|inbox| inbox.held.first_key_value());
        let Some((seq, held)) = held.map(|(seq, held)| (*seq, held.clone())) else { return };
        let taken = self.store.take(StreamName::inbox(&who), id(held.id)).await.unwrap().unwrap();
        self.model.inboxes.get_mut(&who).unwrap().held.remove(&seq);
        assert_eq!(taken.seq.number(), seq);
        let last = held.blob.filter(|blob| !self.model.all().any(|other| other.blob == Some(*blob)));
        let freed = last.filter(|blob| blob % 2 == 0).map(|blob| BlobName::from_random(blob.to_be_bytes()));
        assert_eq!(taken.freed, freed);
    }

    async fn drain(&mut self) {
        while self.store.drain(3).await.unwrap().more {}
        self.model.closed.clear();
    }

    async fn look(&mut self) {
        let (who, other) = (self.somebody(), self.somebody());
        let stream = StreamName::inbox(&who);
        let facts = self.store.facts(Caller::Key(other), vec![stream.clone()]).await.unwrap();
        assert_eq!(facts, [self.model.facts(&other, &who)]);
        let page = self.store.read(stream.clone(), Seq::START, 10_000, usize::MAX).await.unwrap();
        let held: Vec<_> = self.model.inboxes.get(&who).into_iter().flat_map(|inbox| &inbox.held).collect();
        assert_eq!(page.envelopes.len(), held.len());
        for (envelope, (seq, held)) in page.envelopes.iter().zip(&held) {
            assert_eq!((envelope.seq.number(), envelope.id, envelope.sender), (**seq, id(held.id), Some(held.sender)));
            assert_eq!(envelope.body.as_deref(), Some(held.body.as_bytes()));
            let blob = self.store.blob(stream.clone(), envelope.id).await.unwrap().unwrap();
            match (blob, held.blob) {
                (None, None) => {}
                (Some(Blob::Inline(bytes)), Some(number)) => assert_eq!(bytes, [number as u8; 100]),
                (Some(Blob::File { name, .. }), Some(number)) => {
                    assert_eq!(name, BlobName::from_random(number.to_be_bytes()));
                }
                _ => panic!("one has a blob, the other does not"),
            }
        }
        let waiting = self.store.waiting(stream, other, Label::new("MEDIA")).await.unwrap();
        let counted = held.iter().filter(|(_, held)| held.sender == other && held.label == "MEDIA").count();
        assert_eq!(waiting, counted as u64);
        let statistics = self.store.statistics(at(0)).await.unwrap();
        assert_eq!(statistics.accounts, self.model.inboxes.len() as u64);
        assert_eq!(statistics.media_waiting, self.model.all().filter(|held| held.label == "MEDIA").count() as u64);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_store_does_as_the_model_does() {
    let seed = seed();
    println!("seed {seed}");
    let (store, _folder) = fresh();
    let mut policies = Policies::default();
    policies.inbox.stream = Budget { count: 12, bytes: 1500 };
    policies.inbox.sender = Budget { count: 25, bytes: 2500 };
    let model = Model::default();
    let mut world = World { store: &*store, model, random: StdRng::seed_from_u64(seed), policies };
    for number in 0..STEPS {
        world.step(number).await;
        if number.is_multiple_of(50) {
            assert_eq!(store.verify().await.unwrap(), Vec::<String>::new());
        }
    }
    assert_eq!(store.verify().await.unwrap(), Vec::<String>::new());
}
