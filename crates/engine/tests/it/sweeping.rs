//! Expiry and orphans.

use crate::house::{House, alice};
use std::fs;
use std::time::Duration;
use tidings_core::BlobName;
use tidings_engine::Blobs;

#[tokio::test]
async fn files_that_nothing_refers_to_are_swept_and_no_others() {
    let house = House::new();
    let inbox = house.alice().await;
    let kept = house.post_with(&inbox, "kept", Some(house.blob(50_000).await)).await.unwrap().pop().unwrap().unwrap();
    let pending = house.blob(50_000).await;
    let mut arriving = house.engine.receive_blob(0, 1 << 20, house.now()).unwrap();
    arriving.push(&vec![2; 300_000].into()).await.unwrap();
    let orphan = house.engine.blobs().path(BlobName::from_random([9; 16]));
    fs::create_dir_all(orphan.parent().unwrap()).unwrap();
    fs::write(&orphan, b"left by a crash").unwrap();
    let foreign = orphan.with_file_name("notes.txt");
    fs::write(&foreign, b"not ours").unwrap();
    assert_eq!(house.files(), 5);
    assert_eq!(house.engine.sweep_orphans().await.unwrap(), 1);
    assert!(!orphan.exists() && foreign.exists() && house.files() == 4);
    let late = house.post_with(&inbox, "late", Some(pending)).await.unwrap().pop().unwrap().unwrap();
    let third = house.post_with(&inbox, "third", Some(arriving.finish().await.unwrap())).await.unwrap().pop().unwrap();
    assert_eq!(house.engine.sweep_orphans().await.unwrap(), 0);
    for id in [kept.id, late.id, third.unwrap().id] {
        assert!(house.engine.attachment(alice(), id).await.unwrap().is_some());
        house.engine.take(alice(), id).await.unwrap();
    }
    assert_eq!(house.files(), 1);
}

/// A blob is received and referred to while the sweeper runs without a pause.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_sweeper_never_takes_what_is_just_being_stored() {
    let house = House::new();
    let inbox = house.alice().await;
    let engine = house.engine.clone();
    let sweeping = tokio::spawn(async move {
        loop {
            assert_eq!(engine.sweep_orphans().await.unwrap(), 0);
        }
    });
    for _ in 0..60 {
        let id = house.post_with(&inbox, "x", Some(house.blob(20_000).await)).await.unwrap().pop().unwrap().unwrap().id;
        assert!(house.engine.attachment(alice(), id).await.unwrap().is_some());
    }
    assert!(!sweeping.is_finished());
    sweeping.abort();
}

#[tokio::test]
async fn what_was_half_written_is_removed_at_the_next_start() {
    let house = House::new();
    let mut arriving = house.engine.receive_blob(0, 1 << 20, house.now()).unwrap();
    arriving.push(&vec![2; 300_000].into()).await.unwrap();
    std::mem::forget(arriving);
    assert_eq!(house.files(), 1);
    Blobs::open(&house.blobs_folder()).unwrap();
    assert_eq!(house.files(), 0);
}

#[tokio::test]
async fn many_rounds_end() {
    let house = House::new();
    let inbox = house.alice().await;
    for number in 0..450 {
        house.post(&inbox, &number.to_string()).await.unwrap();
    }
    house.engine.set_subscription(alice(), Some("{}".to_owned())).await.unwrap();
    house.pass(Duration::from_secs(91 * 86_400));
    let report = house.engine.sweep(house.now()).await.unwrap();
    assert_eq!((report.envelopes, report.exchanges, report.accounts), (450, 1, 0));
    assert_eq!(house.engine.sweep(house.now()).await.unwrap().envelopes, 0);
}
