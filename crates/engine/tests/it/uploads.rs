//! Uploaded blobs: resumed, read in parts, deleted by who may, and never left behind.

use crate::house::House;
use crate::native::{key, settle};
use bytes::Bytes;
use std::sync::Arc;
use std::time::Duration;
use tidings_backends::LocalBus;
use tidings_core::upload::UploadId;
use tidings_core::{Key, Refusal};
use tidings_engine::native::Deleter;
use tidings_engine::{Engine, Error, Settings};

const SIZE: u64 = 700_000;

fn content() -> Vec<u8> {
    (0..SIZE).map(|at| (at % 251) as u8).collect()
}

/// SHA-256 of sixteen bytes of 5.
fn hash() -> [u8; 32] {
    *tidings_core::TokenHash::of(std::str::from_utf8(&[5; 16]).unwrap()).as_bytes()
}

async fn begin(house: &House, owner: u32) -> UploadId {
    house.engine.create_upload(key(owner), SIZE, hash(), None, house.now()).await.unwrap().id
}

/// Appends a stretch of the content and gives the new offset.
async fn put(engine: &Engine, house: &House, id: &UploadId, from: u64, to: u64) -> Result<u64, u64> {
    let mut writer = engine.append_upload(key(1), id, from, house.now()).await.unwrap()?;
    for piece in content()[from as usize..to as usize].chunks(60_000) {
        writer.push(&Bytes::copy_from_slice(piece)).await.unwrap();
    }
    Ok(writer.finish().await.unwrap())
}

async fn get(engine: &Engine, house: &House, id: &UploadId, from: u64, len: Option<u64>) -> Result<Vec<u8>, Error> {
    let (mut reader, len, size) = engine.open_upload(id, from, len, house.now()).await?;
    assert_eq!(size, SIZE);
    let mut bytes = Vec::new();
    while let Some(piece) = reader.next().await {
        bytes.extend_from_slice(&piece.unwrap());
    }
    assert_eq!(bytes.len() as u64, len);
    Ok(bytes)
}

#[tokio::test]
async fn a_blob_comes_in_pieces_and_is_read_in_parts() {
    let house = House::new();
    settle(&house, 1, &[11]).await;
    settle(&house, 2, &[21]).await;
    let (id, engine) = (begin(&house, 1).await, &house.engine);
    assert!(matches!(get(engine, &house, &id, 0, None).await, Err(Error::NotFound)));
    assert_eq!(put(engine, &house, &id, 0, 300_000).await, Ok(300_000));
    assert_eq!(put(engine, &house, &id, 0, 300_000).await, Err(300_000), "the answer was lost");
    assert!(matches!(engine.append_upload(key(2), &id, 300_000, house.now()).await, Err(Error::NotFound)));
    assert!(matches!(get(engine, &house, &id, 0, None).await, Err(Error::NotFound)), "not before it is complete");
    assert_eq!(put(engine, &house, &id, 300_000, SIZE).await, Ok(SIZE));
    assert_eq!(put(engine, &house, &id, SIZE, SIZE).await, Err(SIZE));
    assert_eq!(get(engine, &house, &id, 0, None).await.unwrap(), content());
    assert_eq!(get(engine, &house, &id, 299_999, Some(9)).await.unwrap(), content()[299_999..300_008]);
    assert_eq!(get(engine, &house, &id, SIZE - 1, Some(99)).await.unwrap(), content()[SIZE as usize - 1..]);
    assert!(get(engine, &house, &id, SIZE, None).await.is_err());
    assert_eq!(engine.native_account(key(1)).await.unwrap().blob_bytes, SIZE);
    engine.sweep_orphans().await.unwrap();
    assert_eq!(house.files(), 1);
    house.intact().await;
}

#[tokio::test]
async fn what_was_acknowledged_survives_and_nothing_else_counts() {
    let house = House::new();
    settle(&house, 1, &[11]).await;
    let id = begin(&house, 1).await;
    put(&house.engine, &house, &id, 0, 100_000).await.unwrap();
    // As if the process ended here: what came is in the file, but nobody was told.
    let mut writer = house.engine.append_upload(key(1), &id, 100_000, house.now()).await.unwrap().ok().unwrap();
    writer.push(&Bytes::from(vec![0xff; 500_000])).await.unwrap();
    assert!(matches!(house.engine.append_upload(key(1), &id, 100_000, house.now()).await, Err(Error::Busy)));
    assert!(matches!(writer.push(&Bytes::from(vec![0xff; 500_000])).await, Err(Error::TooLarge)));
    drop(writer);
    let next = house.another_process(Arc::new(LocalBus::new()));
    assert_eq!(next.upload_state(&id, house.now()).await.unwrap().received, 100_000);
    assert_eq!(next.sweep_orphans().await.unwrap(), 0, "what is under way is no orphan");
    assert_eq!(put(&next, &house, &id, 100_000, SIZE).await, Ok(SIZE));
    assert_eq!(get(&next, &house, &id, 0, None).await.unwrap(), content());
}

#[tokio::test]
async fn a_file_that_a_backup_did_not_have_is_begun_anew() {
    let house = House::new();
    settle(&house, 1, &[11]).await;
    let id = begin(&house, 1).await;
    put(&house.engine, &house, &id, 0, 100_000).await.unwrap();
    let path = house.engine.blobs().path(tidings_core::upload::file_name(&id));
    std::fs::remove_file(path).unwrap();
    assert_eq!(house.engine.upload_state(&id, house.now()).await.unwrap().received, 0);
    assert_eq!(put(&house.engine, &house, &id, 100_000, SIZE).await, Err(0));
    assert_eq!(put(&house.engine, &house, &id, 0, SIZE).await, Ok(SIZE));
    assert_eq!(get(&house.engine, &house, &id, 0, None).await.unwrap(), content());
}

#[tokio::test]
async fn a_blob_goes_by_its_owner_by_its_secret_and_by_time() {
    let house = House::new();
    settle(&house, 1, &[11]).await;
    settle(&house, 2, &[21]).await;
    let engine = &house.engine;
    let (first, second, third) = (begin(&house, 1).await, begin(&house, 1).await, begin(&house, 1).await);
    for id in [&first, &second] {
        put(engine, &house, id, 0, SIZE).await.unwrap();
    }
    put(engine, &house, &third, 0, 1000).await.unwrap();
    let now = house.now();
    let delete = async |id: UploadId, by| engine.delete_upload(&id, by, now).await;
    let not_accepted = |outcome| matches!(outcome, Err(Error::Refused(Refusal::NotAccepted)));
    assert!(not_accepted(delete(first, Deleter::Owner(key(2))).await));
    assert!(not_accepted(delete(first, Deleter::Secret(vec![6; 16])).await));
    delete(first, Deleter::Secret(vec![5; 16])).await.unwrap();
    assert!(matches!(delete(first, Deleter::Secret(vec![5; 16])).await, Err(Error::NotFound)));
    assert_eq!(house.files(), 2);
    house.pass(Duration::from_secs(86_401));
    assert_eq!(engine.sweep(house.now()).await.unwrap().uploads, 1, "what was never completed");
    house.pass(Duration::from_secs(89 * 86_400));
    assert!(engine.upload_state(&second, house.now()).await.is_err());
    assert_eq!(engine.sweep(house.now()).await.unwrap().uploads, 1);
    assert_eq!((house.files(), engine.native_account(key(1)).await.unwrap().blob_bytes), (0, 0));
    house.intact().await;
}

#[tokio::test]
async fn who_deletes_while_another_writes_leaves_no_file() {
    let house = House::new();
    settle(&house, 1, &[11]).await;
    let id = begin(&house, 1).await;
    let mut writer = house.engine.append_upload(key(1), &id, 0, house.now()).await.unwrap().ok().unwrap();
    writer.push(&Bytes::from(vec![1; 300_000])).await.unwrap();
    house.engine.delete_upload(&id, Deleter::Owner(key(1)), house.now()).await.unwrap();
    writer.push(&Bytes::from(vec![1; 300_000])).await.unwrap();
    assert!(matches!(writer.finish().await, Err(Error::NotFound)));
    assert_eq!(house.files(), 0);
    house.intact().await;
}

#[tokio::test]
async fn an_account_has_so_many_bytes_and_takes_them_along() {
    let house = House::with(Settings { account_blob_bytes: 2 * SIZE, ..Settings::default() });
    settle(&house, 1, &[11]).await;
    let engine = &house.engine;
    let (id, _) = (begin(&house, 1).await, begin(&house, 1).await);
    let third = engine.create_upload(key(1), 1, hash(), None, house.now()).await;
    assert!(matches!(third, Err(Error::Refused(Refusal::SenderFull))));
    put(engine, &house, &id, 0, SIZE).await.unwrap();
    engine.delete_account(Key::Ed25519(key(1))).await.unwrap();
    assert!(matches!(engine.upload_state(&id, house.now()).await, Err(Error::NotFound)));
    assert_eq!(engine.sweep(house.now()).await.unwrap().uploads, 2);
    assert_eq!(house.files(), 0);
    house.intact().await;
}
