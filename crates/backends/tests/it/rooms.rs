//! Rooms: random messages, ages and questions, compared with a model that is too simple to be wrong; and some stories.

use crate::people::*;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tidings_core::history::Positions;
use tidings_core::policy::Keep;
use tidings_core::ports::Posting;
use tidings_core::retention::{Cutoffs, Retention};
use tidings_core::{
    BlobContent, BlobName, Bound, Caller, Draft, Envelope, HistoryQuery, Order, Policies, Refusal, Seq, Store,
    StreamKind, StreamName, Timestamp,
};

/// Operations in one run.
const STEPS: usize = 400;

/// Milliseconds that rooms keep in these tests.
const KEPT: i64 = 1000;

fn policies() -> Policies {
    let mut policies = Policies::default();
    policies.room.keep = Keep::For(Duration::from_millis(KEPT.unsigned_abs()));
    policies
}

fn posting_of(drafts: Vec<Draft>, novel: Vec<bool>, now: Timestamp) -> Posting {
    Posting { novel, policies: Arc::new(policies()), ..posting(&alice(), drafts, None, now) }
}

async fn sound(store: &dyn Store) {
    assert_eq!(store.verify().await.unwrap(), Vec::<String>::new());
}

async fn sweep(store: &dyn Store, now: Timestamp, limit: usize) -> Vec<(StreamName, Seq)> {
    let mut gone = Vec::new();
    loop {
        let swept = store.sweep(Cutoffs::at(now, &policies(), &Retention::default()), limit).await.unwrap();
        gone.extend(swept.envelopes);
        if !swept.more {
            return gone;
        }
    }
}

/// When a message was written as far as a room's order is concerned.
fn written(envelope: &Envelope) -> Timestamp {
    envelope.time.unwrap_or(envelope.at)
}

struct World<'a> {
    store: &'a dyn Store,
    random: StdRng,
    now: i64,
    number: u128,
    rooms: BTreeMap<StreamName, Vec<Envelope>>,
}

impl World<'_> {
    fn some_room(&mut self) -> StreamName {
        room(["tea", "coffee", "milk"][self.random.random_range(0..3)])
    }

    fn some_time(&mut self) -> Timestamp {
        at(self.now + self.random.random_range(-KEPT / 10..KEPT / 10) / 10 * 10)
    }

    async fn step(&mut self) {
        self.now += self.random.random_range(0..30);
        match self.random.random_range(0..10) {
            0..=4 => self.write().await,
            5 => self.take().await,
            6 if self.random.random_bool(0.3) => self.age().await,
            _ => self.ask().await,
        }
    }

    async fn write(&mut self) {
        let (mut drafts, mut novel, mut known) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..self.random.random_range(1..6) {
            self.number += 1;
            let again = self.random.random_bool(0.1).then(|| self.random.random_range(1..=self.number));
            let number = again.unwrap_or(self.number);
            let there = |envelope: &Envelope| envelope.id == id(number);
            known.push(self.rooms.values().flatten().any(there) || drafts.iter().any(|d: &Draft| d.id == id(number)));
            let time = self.random.random_bool(0.9).then(|| self.some_time());
            drafts.push(said(&self.some_room(), number, time));
            // What calls itself novel without being so is found out.
            novel.push(self.random.random_bool(0.5));
        }
        let answers = self.store.append(posting_of(drafts.clone(), novel, at(self.now))).await.unwrap();
        for ((draft, known), answer) in drafts.into_iter().zip(known).zip(answers) {
            match answer {
                Ok(envelope) => {
                    assert!(!known && envelope.id == draft.id && envelope.time == draft.time);
                    let messages = self.rooms.entry(draft.stream).or_default();
                    assert!(messages.iter().all(|other| other.seq < envelope.seq), "numbers grow");
                    messages.push(envelope);
                }
                Err(refusal) => assert!(known && refusal == Refusal::Duplicate),
            }
        }
    }

    async fn take(&mut self) {
        let name = self.some_room();
        let Some(messages) = self.rooms.get_mut(&name).filter(|messages| !messages.is_empty()) else { return };
        let gone = messages.remove(self.random.random_range(0..messages.len()));
        assert_eq!(self.store.take(name, gone.id).await.unwrap().unwrap().seq, gone.seq);
    }

    async fn age(&mut self) {
        if self.random.random_bool(0.2) {
            self.now += KEPT * 2;
        }
        let cutoff = at(self.now - KEPT);
        let mut gone = sweep(self.store, at(self.now), 5).await;
        let mut expected = Vec::new();
        for (name, messages) in &mut self.rooms {
            let (old, young): (Vec<_>, Vec<_>) = messages.drain(..).partition(|message| message.born() < cutoff);
            expected.extend(old.iter().map(|message| (name.clone(), message.seq)));
            *messages = young;
        }
        gone.sort();
        expected.sort();
        assert_eq!(gone, expected);
    }

    async fn ask(&mut self) {
        let (name, since) = (self.some_room(), at(self.now - self.random.random_range(0..KEPT)));
        let mut held: Vec<Envelope> = self.rooms.get(&name).cloned().unwrap_or_default();
        held.retain(|message| written(message) >= since);
        held.sort_by_key(|message| (written(message), message.seq));
        let (from, to) = (self.some_bound(&held), self.some_bound(&held));
        let order = if self.random.random_bool(0.5) { Order::Ascending } else { Order::Descending };
        let (skip, limit) = (self.random.random_range(0..5), self.random.random_range(0..12));
        let query = HistoryQuery { from, to, order, skip, limit };
        let before = |time| Ok::<_, Infallible>(held.partition_point(|message| written(message) < time) as u64);
        let Ok(all) = Positions::between(from, to, held.len() as u64, before);
        assert_eq!(self.store.count(name.clone(), from, to, since).await.unwrap(), all.len());
        let page = all.page(&query);
        let mut expected = held.get(page.begin as usize..page.end as usize).unwrap_or_default().to_vec();
        if order == Order::Descending {
            expected.reverse();
        }
        assert_eq!(self.store.history(name, query, since).await.unwrap(), expected, "{query:?}");
    }

    fn some_bound(&mut self, held: &[Envelope]) -> Bound {
        match self.random.random_range(0..5) {
            0 => Bound::Oldest,
            1 => Bound::Newest(0),
            2 => Bound::Newest(self.random.random_range(0..held.len() as u64 + 2)),
            3 if !held.is_empty() => Bound::At(written(&held[self.random.random_range(0..held.len())])),
            _ => Bound::At(self.some_time()),
        }
    }
}

#[allow(clippy::print_stdout, reason = "whoever looks for the cause of a failure needs the seed")]
pub(crate) async fn rooms_do_as_the_model_does(store: &dyn Store) {
    let seed = seed();
    println!("seed {seed}");
    let random = StdRng::seed_from_u64(seed);
    let mut world = World { store, random, now: 0, number: 0, rooms: BTreeMap::new() };
    for number in 0..STEPS {
        world.step().await;
        if number.is_multiple_of(100) {
            sound(store).await;
        }
    }
    let messages = world.rooms.values().map(Vec::len).sum::<usize>() as u64;
    assert_eq!(store.statistics(at(world.now)).await.unwrap().room_messages, messages);
    sound(store).await;
}

pub(crate) async fn a_room_that_comes_back_gives_no_number_twice(store: &dyn Store) {
    let (tea, coffee) = (room("tea"), room("coffee"));
    let drafts = (1..=5).map(|number| said(&tea, number, Some(at(0)))).collect();
    store.append(posting_of(drafts, Vec::new(), at(0))).await.unwrap();
    assert_eq!(store.end(tea.clone()).await.unwrap().number(), 5);
    assert_eq!(sweep(store, at(KEPT), 2).await, []);
    let mut swept = sweep(store, at(KEPT + 1), 2).await;
    swept.sort();
    assert_eq!(swept.len(), 5);
    assert_eq!(store.end(tea.clone()).await.unwrap(), Seq::START, "its row is gone");
    for name in [&tea, &coffee] {
        let now = at(2 * KEPT);
        let again = said(name, 9 + u128::from(name == &tea), Some(now));
        let envelope = store.append(posting_of(vec![again], vec![true], now)).await.unwrap().pop().unwrap().unwrap();
        assert_eq!(envelope.seq.number(), 6);
    }
    sound(store).await;
}

pub(crate) async fn old_times_are_not_taken_and_fast_clocks_gain_nothing(store: &dyn Store) {
    let tea = room("tea");
    let now = at(10 * KEPT);
    let drafts = vec![
        said(&tea, 1, Some(now.before(Duration::from_millis(KEPT.unsigned_abs() + 1)))),
        said(&tea, 2, Some(now.after(Duration::from_secs(3600)))),
    ];
    let answers = store.append(posting_of(drafts, vec![true, true], now)).await.unwrap();
    assert_eq!(answers[0], Err(Refusal::TooOld));
    let ahead = answers[1].clone().unwrap();
    assert_eq!(sweep(store, at(11 * KEPT + 1), 10).await, [(tea, ahead.seq)]);
    sound(store).await;
}

pub(crate) async fn what_calls_itself_novel_is_found_out_without_a_trace(store: &dyn Store) {
    friends(store, &[alice(), bob()]).await;
    post(store, &alice(), draft(&bob(), 1, ""), at(0)).await.unwrap();
    let name = BlobName::from_random([9; 16]);
    let blob = Some(BlobContent::File { name, size: 3 });
    let known = vec![said(&room("tea"), 1, None), draft(&bob(), 1, "")];
    let posting = Posting { blob, ..posting_of(known, vec![true, true], at(1)) };
    assert_eq!(store.append(posting).await.unwrap(), [Err(Refusal::Duplicate), Err(Refusal::Duplicate)]);
    assert_eq!(store.unreferenced(vec![name]).await.unwrap(), [name]);
    assert_eq!(store.statistics(at(1)).await.unwrap().received_last_7_days, 1);
    sound(store).await;
}

pub(crate) async fn senders_have_no_budget_in_rooms(store: &dyn Store) {
    let drafts = (1..=20).map(|number| said(&room("tea"), number, None)).collect();
    let blob = Some(BlobContent::File { name: BlobName::from_random([1; 16]), size: 1 });
    let answers = store.append(Posting { blob, ..posting_of(drafts, Vec::new(), at(0)) }).await.unwrap();
    assert!(answers.iter().all(Result::is_ok));
    let facts = store.facts(Caller::Key(alice()), vec![room("tea")]).await.unwrap();
    assert_eq!((facts[0].sent.count, facts[0].used.count), (0, 20));
    sound(store).await;
    sweep(store, at(KEPT + 1), 7).await;
    sound(store).await;
}

pub(crate) async fn ids_of_rooms_are_listed_alone(store: &dyn Store) {
    friends(store, &[alice(), bob()]).await;
    for number in 0..30 {
        post(store, &alice(), draft(&bob(), number * 3, ""), at(0)).await.unwrap();
        post(store, &alice(), said(&room("tea"), number * 3 + 1, None), at(0)).await.unwrap();
    }
    let (mut found, mut after) = (Vec::new(), None);
    loop {
        let ids = store.ids(StreamKind::Room, after, 7).await.unwrap();
        found.extend(ids.ids);
        after = ids.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(found, (0..30).map(|number| id(number * 3 + 1)).collect::<Vec<_>>());
}
