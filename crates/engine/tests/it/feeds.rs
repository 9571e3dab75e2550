//! The way in and the way out: accept, tail, store, feed.

use crate::house::{DEADLINE, House, alice, bob, next, person};
use std::sync::Arc;
use std::task::Poll;
use tidings_core::{Bus, Caller, Draft, Hint, Hints, Label, Refusal, Seq, StreamName};
use tidings_engine::feed::BATCH_MAX;
use tidings_engine::{Post, Settings};

#[tokio::test]
async fn a_waiting_feed_is_woken() {
    let house = House::new();
    let inbox = house.alice().await;
    let mut feed = house.follow(&inbox);
    let waiting = tokio::spawn(async move { (next(&mut feed).await, feed) });
    house.post(&inbox, "one").await.unwrap();
    let ((missed, texts), mut feed) = waiting.await.unwrap();
    assert_eq!((missed, texts), (0, vec!["one".to_owned()]));
    house.post(&inbox, "two").await.unwrap();
    house.post(&inbox, "three").await.unwrap();
    assert_eq!(next(&mut feed).await.1, ["two", "three"]);
}

/// Tells nobody anything, as if all hints between processes were lost.
struct DeafBus;

#[async_trait::async_trait]
impl Hints for DeafBus {
    async fn next(&mut self) -> Option<Hint> {
        std::future::pending().await
    }
}

impl Bus for DeafBus {
    fn wake(&self, _: Hint) {}

    fn reaches_others(&self) -> bool {
        true
    }

    fn listen(&self) -> Box<dyn Hints> {
        Box::new(DeafBus)
    }
}

#[tokio::test(start_paused = true)]
async fn lost_hints_between_processes_cost_delay_and_nothing_else() {
    let house = House::with_bus(Settings::default(), Arc::new(DeafBus));
    let other = house.another_process(Arc::new(DeafBus));
    let inbox = house.alice().await;
    let mut feed = house.follow(&inbox);
    house.post(&inbox, "here").await.unwrap();
    assert_eq!(next(&mut feed).await.1, ["here"]);
    // Without a deadline: the clock runs ahead whenever the store's threads are waited for.
    let waiting = tokio::spawn(async move { feed.next().await.unwrap().batch.items.len() });
    tokio::task::yield_now().await;
    let drafts = vec![house.draft(&inbox, "elsewhere")];
    let post = Post { caller: Caller::Key(bob()), drafts, joined: None, blob: None };
    assert!(other.accept(post, house.now()).await.unwrap().iter().all(Result::is_ok));
    let engine = house.engine.clone();
    tokio::spawn(async move { engine.run_hints().await });
    assert_eq!(waiting.await.unwrap(), 1);
}

#[tokio::test]
async fn what_was_taken_before_an_inbox_was_read_holds_nothing_up() {
    let house = House::new();
    let inbox = house.alice().await;
    for last in ["one", "two"] {
        let taken = house.post(&inbox, last).await.unwrap();
        house.engine.take(alice(), taken.id).await.unwrap();
        assert!(house.engine.read(&inbox, Seq::START).await.unwrap().items.is_empty());
        assert_eq!(house.engine.end(&inbox).await.unwrap(), taken.seq);
    }
    let mut feed = house.follow(&inbox);
    house.post(&inbox, "three").await.unwrap();
    assert_eq!(next(&mut feed).await.1, ["three"]);
}

async fn fill(house: &House, to: &StreamName, count: usize) {
    for first in (0..count).step_by(100) {
        let drafts = (first..count.min(first + 100)).map(|number| Draft {
            stream: to.clone(),
            id: house.engine.entropy().envelope_id(),
            label: Label::new("MEDIA"),
            body: Some(number.to_string().into_bytes().into()),
            notify: false,
            time: None,
        });
        let post = Post { caller: Caller::Key(bob()), drafts: drafts.collect(), joined: None, blob: None };
        assert!(house.engine.accept(post, house.now()).await.unwrap().iter().all(Result::is_ok));
    }
}

#[tokio::test]
async fn a_slow_reader_reads_from_the_store_what_memory_has_forgotten() {
    for tail_bytes in [0, 100_000, 16 << 20] {
        let house = House::with(Settings { tail_bytes, ..Settings::default() });
        let inbox = house.alice().await;
        // Known to the tail from the beginning, until it is too much.
        assert!(house.engine.read(&inbox, Seq::START).await.unwrap().items.is_empty());
        fill(&house, &inbox, 1_750).await;
        let mut feed = house.follow(&inbox);
        let mut all = Vec::new();
        while all.len() < 1_750 {
            let (missed, texts) = next(&mut feed).await;
            assert!(missed == 0 && texts.len() <= BATCH_MAX);
            all.extend(texts);
        }
        assert_eq!(all, (0..1_750).map(|number| number.to_string()).collect::<Vec<_>>());
    }
}

#[tokio::test]
async fn memory_and_store_say_the_same_after_every_step() {
    let house = House::new();
    let inbox = house.alice().await;
    let small = House::with(Settings { tail_bytes: 0, ..Settings::default() });
    let other = small.alice().await;
    let mut ids = Vec::new();
    for step in 0..60 {
        if step % 3 == 2 {
            let (one, two): (_, _) = ids.remove(step % ids.len());
            house.engine.take(alice(), one).await.unwrap();
            small.engine.take(alice(), two).await.unwrap();
        } else {
            let text = step.to_string();
            ids.push((house.post(&inbox, &text).await.unwrap().id, small.post(&other, &text).await.unwrap().id));
        }
        for after in [0, 5, 20] {
            let after = Seq::from_number(after);
            let seqs = |batch: tidings_engine::Batch| {
                batch.items.iter().map(|item| item.envelope.seq.number()).collect::<Vec<_>>()
            };
            let remembered = seqs(house.engine.read(&inbox, after).await.unwrap());
            assert_eq!(remembered, seqs(small.engine.read(&other, after).await.unwrap()), "step {step}");
        }
    }
}

/// Appends of one stream are told to the tail in any order; nobody may miss one.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_who_append_at_once_are_all_read() {
    let house = Arc::new(House::new());
    let inbox = house.alice().await;
    let mut feed = house.follow(&inbox);
    let writers = (0..16).map(|writer| {
        let (house, inbox) = (Arc::clone(&house), inbox.clone());
        tokio::spawn(async move {
            for number in 0..25 {
                let seq = house.post(&inbox, &format!("{writer}-{number}")).await.unwrap().seq;
                let batch = house.engine.read(&inbox, Seq::START).await.unwrap();
                assert!(batch.items.iter().any(|item| item.envelope.seq == seq), "what was acknowledged is read");
            }
        })
    });
    let writers: Vec<_> = writers.collect();
    let mut seqs = Vec::new();
    while seqs.len() < 400 {
        let news = tokio::time::timeout(DEADLINE, feed.next()).await.expect("one is hidden").unwrap();
        seqs.extend(news.batch.items.iter().map(|item| item.envelope.seq.number()));
    }
    assert_eq!(seqs, (1..=400).collect::<Vec<_>>(), "in order, each once");
    for writer in writers {
        writer.await.unwrap();
    }
}

/// Whoever stops waiting for an append does not stop the append, nor what follows it.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_append_that_nobody_waits_for_is_whole() {
    let house = House::new();
    let inbox = house.alice().await;
    assert!(house.engine.read(&inbox, Seq::START).await.unwrap().items.is_empty());
    for round in 0..50_usize {
        let blob = house.blob(20_000).await;
        let append = house.post_with(&inbox, "abandoned", Some(blob));
        tokio::pin!(append);
        // Polled a few times, then dropped.
        for _ in 0..=round % 5 {
            if std::future::poll_fn(|cx| Poll::Ready(append.as_mut().poll(cx).is_ready())).await {
                break;
            }
            tokio::task::yield_now().await;
        }
    }
    let last = house.post(&inbox, "last").await.unwrap();
    // The first poll set each on its way.
    crate::house::until("memory knows all of them", async || {
        house.engine.read(&inbox, Seq::START).await.unwrap().items.len() == 51
    })
    .await;
    for item in house.engine.read(&inbox, Seq::START).await.unwrap().items {
        let found = house.engine.attachment(alice(), item.envelope.id).await.unwrap();
        assert_eq!(found.is_some(), item.envelope.seq != last.seq, "a stored envelope has its file");
    }
}

#[tokio::test]
async fn who_is_not_wanted_leaves_no_trace() {
    let house = House::new();
    house.alice().await;
    let nobody = StreamName::inbox(&person(99));
    assert_eq!(house.post(&nobody, "x").await, Err(Refusal::NotAccepted));
    let outcomes = house.post_with(&nobody, "x", Some(house.blob(100_000).await)).await.unwrap();
    assert_eq!(outcomes, [Err(Refusal::NotAccepted)]);
    assert_eq!(house.files(), 0);
}

#[tokio::test]
async fn a_deleted_account_takes_its_inbox_along() {
    let house = House::new();
    let inbox = house.alice().await;
    house.post(&inbox, "one").await.unwrap();
    assert_eq!(house.engine.read(&inbox, Seq::START).await.unwrap().items.len(), 1);
    house.engine.delete_account(alice()).await.unwrap();
    assert!(house.engine.read(&inbox, Seq::START).await.unwrap().items.is_empty());
    house.alice().await;
    house.post(&inbox, "again").await.unwrap();
    house.engine.sweep(house.now()).await.unwrap();
    assert_eq!(house.engine.read(&inbox, Seq::START).await.unwrap().items.len(), 1);
}
