//! What the node keeps of an account, for its devices.

use super::answer::{Answer, json};
use super::dispatch::Asked;
use super::node::millis;
use crate::outbound::AddressPolicy;
use crate::webpush::Subscription;
use http::StatusCode;
use tidings_core::known;
use tidings_core::known::KnownKind as Kind;
use tidings_wire::Fixed;
use tidings_wire::api::{Known, KnownDevice, KnownKind, KnownRow, KnownRows};

/// `GET /v1/account/known`.
pub(super) async fn known(asked: Asked) -> Answer {
    let (_, identity) = asked.caller.as_device()?;
    let engine = &asked.door.engine;
    let found = engine.known_of(identity).await?;
    let policy = asked.door.settings.load().address_policy();
    let known = Known {
        created: found.created.map(millis),
        seen: found.seen.map(millis),
        invited: found.invited,
        invites: found.invites,
        devices: found.devices.iter().map(|device| told(device, policy)).collect(),
        rows: found.rows.iter().map(rows).collect(),
        owner: engine.is_owner(identity).await?,
    };
    json(StatusCode::OK, &known)
}

fn told(device: &known::KnownDevice, policy: AddressPolicy) -> KnownDevice {
    // The address itself is a secret of the device; whose it is is what a person wants to know.
    let service = |stored: &String| match Subscription::from_json(stored, policy) {
        Ok(subscription) => subscription.host().to_owned(),
        Err(_) => "?".to_owned(),
    };
    KnownDevice { key: Fixed(*device.key.as_bytes()).to_string(), push: device.subscription.as_ref().map(service) }
}

fn rows(found: &known::KnownRows) -> KnownRows {
    let row =
        |row: &known::KnownRow| KnownRow { at: row.at.map(millis), bytes: row.bytes, expires: row.expires.map(millis) };
    let rows = found.rows.iter().map(row).collect();
    KnownRows { kind: kind(found.kind), count: found.count, bytes: found.bytes, rows }
}

fn kind(kind: Kind) -> KnownKind {
    match kind {
        Kind::Account => KnownKind::Account,
        Kind::DeviceList => KnownKind::DeviceList,
        Kind::KeyPackages => KnownKind::KeyPackages,
        Kind::UsedKeyPackages => KnownKind::UsedKeyPackages,
        Kind::Profile => KnownKind::Profile,
        Kind::PostingKeys => KnownKind::PostingKeys,
        Kind::Parcels => KnownKind::Parcels,
        Kind::Exchanges => KnownKind::Exchanges,
        Kind::Tokens => KnownKind::Tokens,
        Kind::Blobs => KnownKind::Blobs,
        Kind::Groups => KnownKind::Groups,
        Kind::WakeAddresses => KnownKind::WakeAddresses,
        Kind::Pushes => KnownKind::Pushes,
    }
}
