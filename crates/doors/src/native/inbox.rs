//! Inboxes: what contacts put there, and what the owner's devices take.

use super::answer::{Answer, Refused, done, json};
use super::dispatch::{Asked, key};
use super::node::millis;
use http::StatusCode;
use tidings_core::device::PostingKey;
use tidings_core::parcel::{self, NewParcel as Posted, ParcelView};
use tidings_core::{Ed25519Key, Envelope, Key, Seq, StreamName};

use tidings_wire::api::{
    CONTACTS_MAX, Contacts, Devices, Inbox, NewParcel, PARCEL_BYTES_MAX, Parcel, Placed, TakenParcels,
};
use tidings_wire::{Blob, Code, Fixed};

/// The stream of an identity's inbox.
pub(super) fn stream(identity: Ed25519Key) -> StreamName {
    StreamName::inbox(&Key::Ed25519(identity))
}

/// A place in a stream; what is beyond all places is the last one.
pub(super) fn place(number: u64) -> Seq {
    Seq::from_number(i64::try_from(number).unwrap_or(i64::MAX))
}

/// A number of the wire.
pub(super) fn number(place: Seq) -> u64 {
    u64::try_from(place.number()).unwrap_or_default()
}

/// A parcel as the wire has it.
pub(super) fn told(envelope: &Envelope) -> Option<Parcel> {
    let ParcelView { number, id, at, label, body } = parcel::view(envelope)?;
    let (label, body) = (label.to_owned(), Blob(body.to_vec()));
    Some(Parcel { number, id: Fixed(id), at: millis(at), label, body })
}

/// `GET /v1/inbox`.
pub(super) async fn inbox(asked: Asked) -> Answer {
    let (_, identity) = asked.caller.as_device()?;
    let (after, limit) = asked.page()?;
    let (engine, stream) = (&asked.door.engine, stream(identity));
    let batch = engine.read(&stream, place(after)).await?;
    let parcels = batch.items.iter().take(limit).filter_map(|item| told(&item.envelope)).collect();
    json(StatusCode::OK, &Inbox { parcels, end: number(engine.end(&stream).await?) })
}

/// `POST /v1/inbox/taken`.
pub(super) async fn taken(asked: Asked) -> Answer {
    let (device, _) = asked.caller.as_device()?;
    let TakenParcels { number } = asked.json()?;
    asked.door.engine.parcels_taken(device, number).await?;
    done()
}

/// `POST /v1/inboxes/{identity}/parcels`.
pub(super) async fn post(asked: Asked) -> Answer {
    let (owner, (caller, own)) = (asked.identity()?, asked.caller.as_poster()?);
    let NewParcel { id, body, notify } = asked.json()?;
    if body.0.len() > PARCEL_BYTES_MAX {
        return Err(Refused::new(Code::TooLarge, format!("a parcel may have {PARCEL_BYTES_MAX} bytes at most")));
    }
    let parcel = Posted { owner, caller, id: id.0, body: body.0, notify };
    let placed = asked.door.engine.post_parcel(parcel, asked.now).await?;
    // Others learn neither how much comes in, nor whether theirs is dropped.
    let number = if own { placed.number } else { 0 };
    json(StatusCode::CREATED, &Placed { number, at: millis(placed.at) })
}

/// `GET /v1/inboxes/{identity}/devices`.
pub(super) async fn devices(asked: Asked) -> Answer {
    let owner = asked.identity()?;
    let stored = asked.door.engine.device_list(owner).await?.ok_or(tidings_engine::Error::NoAccount)?;
    json(StatusCode::OK, &Devices { devices: Blob(stored) })
}

/// `PUT /v1/contacts`.
pub(super) async fn put_contacts(asked: Asked) -> Answer {
    let (_, identity) = asked.caller.as_device()?;
    let Contacts { contacts } = asked.json()?;
    if contacts.len() > CONTACTS_MAX {
        return Err(Refused::new(Code::TooLarge, format!("at most {CONTACTS_MAX} posting keys")));
    }
    let keys = contacts.into_iter().map(|contact| Ok(PostingKey { key: key(contact.key.0)?, dropped: contact.drop }));
    let keys = keys.collect::<Result<Vec<_>, Refused>>()?;
    asked.door.engine.set_posting_keys(identity, keys, asked.now).await?;
    done()
}
