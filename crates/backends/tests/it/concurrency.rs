//! Many at once: one wins, numbers have no gaps, and nobody sees the later before the earlier.

use crate::people::*;
use crate::sqlite::fresh;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tidings_core::ports::{Accounts, Housekeeping, Streams};
use tidings_core::{BlobContent, Seq, StreamName};
use tokio::task::JoinSet;

/// Tasks at once.
const TASKS: u128 = 32;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_accepts_and_deletes_one_wins() {
    let (store, _folder) = fresh();
    friends(&*store, &[alice(), bob()]).await;
    for round in 0..10 {
        let token = format!("round {round}");
        invite(&*store, Some(alice()), &token, at(0)).await.unwrap();
        post(&*store, &alice(), draft(&bob(), round, ""), at(0)).await.unwrap();
        let mut tasks = JoinSet::new();
        for number in 0..TASKS as u32 {
            let (store, token) = (Arc::clone(&store), token.clone());
            tasks.spawn(async move {
                let who = person(1000 + round as u32 * 100 + number);
                let accepted = accept(&*store, &token, Some(who), at(1)).await.is_ok();
                let taken = store.take(StreamName::inbox(&bob()), id(round)).await.unwrap().is_some();
                (accepted, taken)
            });
        }
        let outcomes = tasks.join_all().await;
        assert_eq!(outcomes.iter().filter(|outcome| outcome.0).count(), 1);
        assert_eq!(outcomes.iter().filter(|outcome| outcome.1).count(), 1);
    }
    assert_eq!(store.statistics(at(1)).await.unwrap().accounts, 12);
    assert!(store.verify().await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn numbers_have_no_gaps_and_come_in_order() {
    let (store, _folder) = fresh();
    friends(&*store, &[alice(), bob()]).await;
    let done = Arc::new(AtomicBool::new(false));
    let reading = {
        let (store, done) = (Arc::clone(&store), Arc::clone(&done));
        tokio::spawn(async move {
            let (mut cursor, mut looks) = (Seq::START, 0u32);
            loop {
                let last = done.load(Ordering::Acquire);
                let page = store.read(StreamName::inbox(&bob()), cursor, 7, usize::MAX).await.unwrap();
                for envelope in &page.envelopes {
                    assert_eq!(envelope.seq, cursor.next(), "nothing is skipped");
                    cursor = envelope.seq;
                }
                looks += 1;
                if last && page.complete {
                    return (cursor, looks);
                }
            }
        })
    };
    let mut tasks = JoinSet::new();
    for task in 0..TASKS {
        let store = Arc::clone(&store);
        tasks.spawn(async move {
            let mut last = Seq::START;
            for number in 0..20 {
                let blob = Some(BlobContent::Inline(vec![1; 100]));
                let drafts = vec![draft(&bob(), task * 100 + number, "")];
                let answers = store.append(posting(&alice(), drafts, blob, at(1))).await.unwrap();
                let envelope = answers.into_iter().next().unwrap().unwrap();
                assert!(envelope.seq > last, "later appends stand later");
                last = envelope.seq;
                let own = Seq::from_number(envelope.seq.number() - 1);
                let page = store.read(StreamName::inbox(&bob()), own, 1, usize::MAX).await.unwrap();
                assert_eq!(page.envelopes, [envelope], "what is acknowledged is there");
            }
        });
    }
    tasks.join_all().await;
    done.store(true, Ordering::Release);
    let (cursor, looks) = reading.await.unwrap();
    assert_eq!(cursor.number(), 20 * TASKS as i64);
    assert!(looks > 2);
    assert!(store.verify().await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_gives_up_waiting_harms_nobody() {
    let (store, _folder) = fresh();
    friends(&*store, &[alice(), bob()]).await;
    for number in 0..200 {
        let posted = store.append(posting(&alice(), vec![draft(&bob(), number, "")], None, at(1)));
        // Abandoned right after it was asked for.
        tokio::select! { biased; _ = posted => {}, () = std::future::ready(()) => {} }
        let looked = store.account(alice());
        tokio::select! { biased; _ = looked => {}, () = std::future::ready(()) => {} }
    }
    store.close().await.unwrap();
    assert!(store.account(alice()).await.unwrap_err().to_string().contains("closed"));
    assert!(store.touch(alice(), at(1), None).await.unwrap_err().to_string().contains("closed"));
    store.close().await.unwrap();
}
