//! What the node says of itself.

use super::answer::{Answer, JSON, json, whole};
use super::dispatch::Asked;
use super::openapi::document;
use http::StatusCode;
use tidings_wire::PROTOCOL;
use tidings_wire::api::{BLOB_BYTES_MAX, Node, Registration};

/// `GET /v1/node`.
pub(super) async fn node(asked: Asked) -> Answer {
    let door = &asked.door;
    let settings = door.settings.load();
    let registration = if settings.open_registration { Registration::Open } else { Registration::Invitation };
    let node = Node {
        name: settings.name.clone(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        protocol: PROTOCOL,
        incarnation: door.engine.incarnation().await?,
        time: millis(asked.now),
        registration,
        vapid: Some(door.vapid.key().public_base64url().to_owned()),
        blob_bytes: BLOB_BYTES_MAX,
    };
    json(StatusCode::OK, &node)
}

/// `GET /v1/openapi.json`.
pub(super) fn describe(asked: &Asked) -> Answer {
    let text = asked.door.description.get_or_init(|| document().into());
    Ok(whole(StatusCode::OK, JSON, text.clone()))
}

/// Milliseconds since 1970, as the wire has them.
pub(super) fn millis(time: tidings_core::Timestamp) -> u64 {
    u64::try_from(time.millis()).unwrap_or_default()
}

/// A time of the wire; what is beyond all times is the last one.
pub(super) fn time(millis: u64) -> tidings_core::Timestamp {
    tidings_core::Timestamp::from_millis(i64::try_from(millis).unwrap_or(i64::MAX))
}
