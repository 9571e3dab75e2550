//! People with names, and the words they use.

use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use tidings_core::exchange::{Acceptance, Accepted, ExchangeRefusal, NewExchange};
use tidings_core::ports::Posting;
use tidings_core::{
    BlobContent, BoxKey, Caller, Draft, Envelope, EnvelopeId, Key, Label, Policies, Refusal, Store, StreamKind,
    StreamName, Timestamp, TokenHash,
};

/// The key of the person with this number.
pub(crate) fn person(number: u32) -> Key {
    let mut bytes = [7; 32];
    bytes[..4].copy_from_slice(&number.to_le_bytes());
    Key::Box(BoxKey::from_bytes(bytes).unwrap())
}

pub(crate) fn alice() -> Key {
    person(1)
}

pub(crate) fn bob() -> Key {
    person(2)
}

pub(crate) fn carol() -> Key {
    person(3)
}

/// A Saturday at noon, and some milliseconds.
pub(crate) fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(1_718_452_800_000 + millis)
}

pub(crate) fn day(days: i64) -> Timestamp {
    at(days * 86_400_000)
}

pub(crate) fn id(number: u128) -> EnvelopeId {
    EnvelopeId::from_bytes(number.to_be_bytes())
}

pub(crate) fn draft(to: &Key, number: u128, body: &str) -> Draft {
    Draft {
        stream: StreamName::inbox(to),
        id: id(number),
        label: Label::new("MEDIA"),
        body: Some(body.as_bytes().into()),
        notify: false,
        time: None,
    }
}

/// A message to a room, written at `time` by its sender's clock.
pub(crate) fn said(room: &StreamName, number: u128, time: Option<Timestamp>) -> Draft {
    Draft { stream: room.clone(), time, ..draft(&bob(), number, "sealed") }
}

/// The room with this name.
pub(crate) fn room(name: &str) -> StreamName {
    StreamName::named(StreamKind::Room, name.as_bytes()).unwrap()
}

pub(crate) fn posting(from: &Key, drafts: Vec<Draft>, blob: Option<BlobContent>, now: Timestamp) -> Posting {
    Posting {
        caller: Caller::Key(*from),
        drafts,
        novel: Vec::new(),
        blob,
        policies: Arc::new(Policies::default()),
        now,
    }
}

/// Posts one draft.
pub(crate) async fn post(store: &dyn Store, from: &Key, draft: Draft, now: Timestamp) -> Result<Envelope, Refusal> {
    store.append(posting(from, vec![draft], None, now)).await.unwrap().pop().unwrap()
}

/// Makes an exchange with the text as its token.
pub(crate) async fn invite(
    store: &dyn Store,
    maker: Option<Key>,
    token: &str,
    now: Timestamp,
) -> Result<(), ExchangeRefusal> {
    let expires_at = now.after(std::time::Duration::from_secs(3600));
    let text = Some(format!("made {token}"));
    let new = NewExchange { token: TokenHash::of(token), maker, text, created_at: now, expires_at };
    store.create_exchange(new).await.unwrap()
}

pub(crate) async fn accept(
    store: &dyn Store,
    token: &str,
    register: Option<Key>,
    now: Timestamp,
) -> Result<Accepted, ExchangeRefusal> {
    let text = Some(format!("accepted {token}"));
    store.accept_exchange(Acceptance { token: TokenHash::of(token), register, text, now }).await.unwrap()
}

/// Gives the person an account by an invitation of `maker`.
pub(crate) async fn join(store: &dyn Store, who: &Key, maker: Option<Key>, now: Timestamp) {
    let token = format!("{who} {now}");
    invite(store, maker, &token, now).await.unwrap();
    assert!(accept(store, &token, Some(*who), now).await.unwrap().created_account);
}

/// Accounts for all, who all list each other.
pub(crate) async fn friends(store: &dyn Store, people: &[Key]) {
    for who in people {
        join(store, who, None, at(0)).await;
    }
    for who in people {
        assert!(store.set_contacts(*who, people.to_vec()).await.unwrap());
    }
}

/// A seed that differs from run to run; print it.
pub(crate) fn seed() -> u64 {
    RandomState::new().hash_one(0)
}
