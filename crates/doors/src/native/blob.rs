//! Blobs: written in pieces, read by whoever knows the id.

use super::answer::{Answer, Refused, done, json};
use super::caller::Caller;
use super::dispatch::Asked;
use super::node::{millis, time};
use super::range::{Range, read_range};
use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use futures_util::stream;
use http::header::{
    ACCEPT_RANGES, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, ETAG, IF_RANGE, X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderName, HeaderValue, StatusCode};
use tidings_engine::native::Deleter;
use tidings_engine::{BlobReader, Error};
use tidings_wire::api::{BLOB_BYTES_MAX, BlobMade, NewBlob};
use tidings_wire::{Code, Fixed, bytes::decode};

const UPLOAD_OFFSET: HeaderName = HeaderName::from_static("upload-offset");

/// The name of the header with the secret that deletes.
const SECRET: &str = "tidings-delete";

/// The tag of every blob: what stands under an id never changes.
const TAG: HeaderValue = HeaderValue::from_static("\"1\"");

/// `POST /v1/blobs`.
pub(super) async fn create(asked: Asked) -> Answer {
    let (_, owner) = asked.caller.as_device()?;
    let NewBlob { size, delete, expires } = asked.json()?;
    if size > BLOB_BYTES_MAX {
        return Err(Refused::new(Code::TooLarge, format!("a blob may have {BLOB_BYTES_MAX} bytes at most")));
    }
    if size == 0 {
        return Err(Refused::malformed("a blob has at least one byte"));
    }
    let made = asked.door.engine.create_upload(owner, size, delete.0, expires.map(time), asked.now).await?;
    json(StatusCode::CREATED, &BlobMade { id: Fixed(made.id), expires: millis(made.expires) })
}

fn with_offset(mut response: Response, offset: u64) -> Response {
    response.headers_mut().insert(UPLOAD_OFFSET, HeaderValue::from(offset));
    response
}

/// `PATCH /v1/blobs/{blob}`. The bytes are here whole and are those that were signed before any of them is written.
pub(super) async fn write(asked: Asked) -> Answer {
    let ((_, owner), id) = (asked.caller.as_device()?, asked.id()?);
    let offset = asked.header(UPLOAD_OFFSET.as_str())?.and_then(|text| text.parse().ok());
    let offset: u64 = offset.ok_or_else(|| Refused::malformed("Upload-Offset must say where these bytes begin"))?;
    match asked.door.engine.append_upload(owner, &id, offset, asked.now).await? {
        Ok(mut writer) => {
            writer.push(&Bytes::from(asked.body)).await?;
            Ok(with_offset(done()?, writer.finish().await?))
        }
        Err(right) => {
            let message = format!("the blob has {right} bytes; go on from there");
            Err(Refused::new(Code::Offset, message).with_header(UPLOAD_OFFSET, HeaderValue::from(right)))
        }
    }
}

/// `HEAD /v1/blobs/{blob}`. What is not whole yet is there for its account only.
pub(super) async fn look(asked: Asked) -> Answer {
    let id = asked.id()?;
    let state = asked.guess(asked.door.engine.upload_state(&id, asked.now).await)?;
    let whole = state.received == state.size;
    let own = matches!(asked.caller, Caller::Device { identity, .. } if identity == state.owner);
    if !whole && !own {
        return Err(Refused::not_found());
    }
    let mut response = with_offset(done()?, state.received);
    *response.status_mut() = StatusCode::OK;
    response.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from(if whole { state.size } else { 0 }));
    if whole {
        describe(&mut response);
    }
    Ok(response)
}

/// What is the same for all blobs. A browser must neither keep nor interpret them.
fn describe(response: &mut Response) {
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    headers.insert(ETAG, TAG);
}

/// `GET /v1/blobs/{blob}`.
pub(super) async fn read(asked: Asked) -> Answer {
    let id = asked.id()?;
    let state = asked.guess(asked.door.engine.upload_state(&id, asked.now).await)?;
    if state.received < state.size {
        return Err(Refused::not_found());
    }
    let same = asked.parts.headers.get(IF_RANGE).is_none_or(|tag| tag == TAG);
    let range = read_range(asked.header("range")?.filter(|_| same), state.size);
    let (from, len) = match range {
        Range::Whole => (0, None),
        Range::Part(from, len) => (from, Some(len)),
        Range::Unsatisfiable => {
            let refused = Refused::malformed(format!("the blob has {} bytes", state.size));
            let all = HeaderValue::try_from(format!("bytes */{}", state.size)).unwrap_or(TAG);
            return Err(refused.with_status(StatusCode::RANGE_NOT_SATISFIABLE).with_header(CONTENT_RANGE, all));
        }
    };
    let (reader, given, size) = asked.door.engine.open_upload(&id, from, len, asked.now).await?;
    let mut response = Response::new(pieces(reader));
    describe(&mut response);
    response.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from(given));
    if len.is_some() {
        *response.status_mut() = StatusCode::PARTIAL_CONTENT;
        let last = from.saturating_add(given).saturating_sub(1);
        if let Ok(part) = HeaderValue::try_from(format!("bytes {from}-{last}/{size}")) {
            response.headers_mut().insert(CONTENT_RANGE, part);
        }
    }
    Ok(response)
}

/// A body that is read while it is sent.
fn pieces(reader: BlobReader) -> Body {
    Body::from_stream(stream::try_unfold(reader, |mut reader| async move {
        let piece = reader.next().await.transpose()?;
        Ok::<_, Error>(piece.map(|piece| (piece, reader)))
    }))
}

/// `DELETE /v1/blobs/{blob}`.
pub(super) async fn delete(asked: Asked) -> Answer {
    let id = asked.id()?;
    let secret = asked
        .header(SECRET)?
        .map(|text| decode(text).ok_or_else(|| Refused::malformed("Tidings-Delete is not base64url")));
    let by = match (asked.caller, secret.transpose()?) {
        (Caller::Device { identity, .. }, _) => Deleter::Owner(identity),
        (_, Some(secret)) => Deleter::Secret(secret),
        (_, None) => {
            let message = "a blob is deleted by its account, with a signature, or by the secret in Tidings-Delete";
            return Err(Refused::new(Code::Unsigned, message));
        }
    };
    asked.guess(asked.door.engine.delete_upload(&id, by, asked.now).await)?;
    done()
}
