//! What recipients do with their parcels, and what senders may ask (wire/piqchat.md, sections 4.4 and 4.5).

use super::account::label;
use super::answer::{self, Answer, Refused, json, json_bytes, json_stream, status};
use super::dispatch::{Asked, Signer};
use super::{ENCODING, Piqchat};
use axum::body::Body;
use bytes::{BufMut, Bytes, BytesMut};
use futures_util::stream;
use http::StatusCode;
use serde::Serialize;
use std::sync::{Arc, PoisonError};
use std::time::Duration;
use tidings_core::{BoxKey, Envelope, EnvelopeId, Key, Seq, StreamName};
use tidings_engine::accounts::Attachment;
use tidings_engine::{Batch, BlobReader, Engine, Error, Item};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ParcelAnswer<'a> {
    id: String,
    r#type: &'a str,
    content: Option<std::borrow::Cow<'a, str>>,
    uploaded_by: String,
    uploaded_at: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct StatusAnswer {
    count: u64,
    last_seen: &'static str,
}

/// `GET /parcels`. The only sign of life that counts.
pub(super) async fn list(asked: Asked, signer: Signer) -> Answer {
    let engine = asked.door.engine.clone();
    let stream = StreamName::inbox(&signer.key);
    let first = engine.read(&stream, Seq::START).await?;
    let version = asked.headers.get("x-client-version");
    let version = version.map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
    if let Err(error) = engine.seen(signer.key, version, asked.now).await {
        // Who can't be noted as seen, because the disk is full for example, must still get the parcels.
        tracing::warn!(%error, "could not note that somebody was seen");
    }
    if first.complete {
        return Ok(json_bytes(array(&first.items)));
    }
    let transfer = Transfer::begin(&asked.door, signer.key)?;
    Ok(json_stream(long_list(engine, stream, first, transfer)))
}

/// All parcels as one JSON array.
fn array(items: &[Arc<Item>]) -> Bytes {
    let encoded: Vec<Bytes> = items.iter().map(|item| item.encoded(ENCODING, parcel)).collect();
    let mut text = BytesMut::with_capacity(2 + encoded.iter().map(|piece| piece.len() + 1).sum::<usize>());
    text.put_u8(b'[');
    append(&mut text, &encoded, true);
    text.put_u8(b']');
    text.freeze()
}

fn append(text: &mut BytesMut, encoded: &[Bytes], mut first: bool) {
    for piece in encoded {
        if !first {
            text.put_u8(b',');
        }
        text.put_slice(piece);
        first = false;
    }
}

/// An inbox too large to be held in memory is written while it is read. It counts as a transfer, since a batch of it stays in
/// memory while its reader does not read.
fn long_list(engine: Engine, inbox: StreamName, first: Batch, transfer: Transfer) -> Body {
    struct Place {
        /// Counts until the list is sent or given up.
        _transfer: Transfer,
        engine: Engine,
        inbox: StreamName,
        next: Option<Batch>,
        cursor: Seq,
        begun: bool,
    }
    let place = Place { _transfer: transfer, engine, inbox, next: Some(first), cursor: Seq::START, begun: false };
    let pieces = stream::try_unfold(place, |mut place| async move {
        let Some(batch) = place.next.take() else { return Ok::<_, Error>(None) };
        let encoded: Vec<Bytes> = batch.items.iter().map(|item| item.encoded(ENCODING, parcel)).collect();
        let mut text = BytesMut::new();
        if !place.begun {
            text.put_u8(b'[');
        }
        append(&mut text, &encoded, !place.begun);
        place.begun = true;
        place.cursor = batch.items.last().map_or(place.cursor, |item| item.envelope.seq);
        if batch.complete {
            text.put_u8(b']');
        } else {
            place.next = Some(place.engine.read(&place.inbox, place.cursor).await?);
        }
        Ok(Some((text.freeze(), place)))
    });
    Body::from_stream(pieces)
}

fn parcel(envelope: &Envelope) -> Bytes {
    let answer = ParcelAnswer {
        id: envelope.id.to_string(),
        r#type: envelope.label.as_str(),
        content: envelope.body.as_ref().map(|body| String::from_utf8_lossy(body)),
        uploaded_by: envelope.sender.map(|key| key.to_string()).unwrap_or_default(),
        uploaded_at: envelope.at.to_string(),
    };
    // Text and options always have a JSON form.
    serde_json::to_vec(&answer).unwrap_or_default().into()
}

/// `GET /parcels/:recipient/accepts`.
pub(super) async fn accepts(asked: Asked, signer: Signer, recipient: &str) -> Answer {
    let Ok(recipient) = BoxKey::parse(recipient) else { return Err(Refused::FORBIDDEN) };
    let accepted = asked.door.engine.accepts(signer.key, Key::Box(recipient)).await?;
    if accepted { Ok(status(StatusCode::OK)) } else { Err(Refused::FORBIDDEN) }
}

/// `GET /parcels/:recipient/status`. Strangers learn nothing (section 12.6).
async fn status_of(asked: &Asked, signer: Signer, recipient: &str) -> Result<StatusAnswer, Error> {
    let Ok(recipient) = BoxKey::parse(recipient) else { return Ok(StatusAnswer { count: 0, last_seen: "NEVER" }) };
    let known = asked.door.engine.status(signer.key, Key::Box(recipient), asked.now).await?;
    Ok(StatusAnswer { count: known.waiting, last_seen: label(known.presence) })
}

/// The same, as an answer.
pub(super) async fn status_answer(asked: Asked, signer: Signer, recipient: &str) -> Answer {
    json(StatusCode::OK, &status_of(&asked, signer, recipient).await?)
}

/// `GET /parcels/:id/attachment`. Deletes nothing: a broken download must not lose the picture.
pub(super) async fn attachment(asked: Asked, signer: Signer, id: &str) -> Answer {
    let id = EnvelopeId::parse(id).ok_or(Refused::NOT_FOUND)?;
    let transfer = Transfer::begin(&asked.door, signer.key)?;
    match asked.door.engine.attachment(signer.key, id).await? {
        None => Err(Refused::BAD_REQUEST),
        Some(Attachment::Whole(bytes)) => Ok(answer::attachment(bytes)),
        Some(Attachment::Pieces { reader, size }) => {
            Ok(answer::attachment_stream(pieces(reader, transfer), size, u128::from_be_bytes(id.to_bytes())))
        }
    }
}

/// The transfer counts as under way until the body is sent or dropped.
fn pieces(reader: BlobReader, transfer: Transfer) -> Body {
    let pieces = stream::try_unfold((reader, transfer), |(mut reader, transfer)| async move {
        let piece = reader.next().await.transpose()?;
        Ok::<_, Error>(piece.map(|piece| (piece, (reader, transfer))))
    });
    Body::from_stream(pieces)
}

/// `DELETE /parcels/:id`.
pub(super) async fn delete(asked: Asked, signer: Signer, id: &str) -> Answer {
    let id = EnvelopeId::parse(id).ok_or(Refused::NOT_FOUND)?;
    asked.door.engine.take(signer.key, id).await?;
    Ok(status(StatusCode::NO_CONTENT))
}

/// A transfer under way; it counts against its key until it is dropped.
pub(super) struct Transfer {
    door: Arc<Piqchat>,
    key: Key,
}

impl Transfer {
    /// Begins one, unless the key has too many already.
    pub(super) fn begin(door: &Arc<Piqchat>, key: Key) -> Result<Self, Refused> {
        let most = door.settings.load().transfers_per_key;
        let mut transfers = door.transfers.lock().unwrap_or_else(PoisonError::into_inner);
        let count = transfers.entry(key).or_default();
        if *count >= most {
            return Err(Refused::TooMany(Duration::from_secs(1)));
        }
        *count += 1;
        drop(transfers);
        Ok(Self { door: Arc::clone(door), key })
    }
}

impl Drop for Transfer {
    fn drop(&mut self) {
        let mut transfers = self.door.transfers.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = transfers.get_mut(&self.key) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                transfers.remove(&self.key);
            }
        }
    }
}
