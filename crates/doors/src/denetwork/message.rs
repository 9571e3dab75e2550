//! A chat message as it arrives: what the client's own validator asks of it, and who signed it (wire/denetwork.md, sections 4,
//! 5 and 13). Everything else in it is kept and passed on untouched.

use super::canonical::canonical;
use super::identifier::{address, hex_bytes, room};
use super::json::{Document, Kind, Value};
use super::refusal::{Refused, Status};
use super::signature::{Signature, keccak};
use super::text::units;
use std::time::Duration;
use tidings_core::{EnvelopeId, StreamName, Timestamp, WalletAddress};

/// The most bytes of a request. The largest that is legitimate has about 14 KiB.
pub const REQUEST_MAX: usize = 32 * 1024;

/// How far a sender's clock may be ahead of ours.
const CLOCK_TOLERANCE: Duration = Duration::from_secs(3600);

/// UTF-16 units of a body at most.
const BODY_MAX: usize = 4096;

/// UTF-16 units of a sender's name at most.
const NAME_MAX: usize = 128;

/// UTF-16 units of the address of a sender's picture at most.
const AVATAR_MAX: usize = 256;

/// Characters of a hash.
const HASH_LEN: usize = 66;

/// The kind of chat of two people.
const PRIVATE: f64 = 1.0;

/// A message that was signed by the wallet that it names.
#[derive(Clone)]
pub struct Message {
    /// The room.
    pub room: StreamName,
    /// The first half of its hash.
    pub id: EnvelopeId,
    /// The sender.
    pub wallet: WalletAddress,
    /// When it was written by the sender's clock.
    pub time: Timestamp,
}

/// A message whose form is right. Who signed it is not known yet.
pub(super) struct Unverified {
    message: Message,
    hash: [u8; 32],
    signature: Signature,
    public_key: Option<Box<str>>,
    canonical: String,
}

/// Reads and verifies the argument of a `chat-message`. Fails with what the sender is to be told.
pub fn read_message(request: &str, now: Timestamp) -> Result<Message, Refused> {
    Unverified::read(request, now)?.verify()
}

/// The canonical form of a payload, given as JSON; `None` if it is none, not an object, or has numbers that JavaScript would
/// write differently.
pub fn canonical_form(payload: &str) -> Option<String> {
    let document = Document::read(payload).ok()?;
    if document.root().kind() == Kind::Object { canonical(document.root()) } else { None }
}

/// The request in a text, if it is an object and not too large.
pub(super) fn read_request(request: &str) -> Result<Document<'_>, Refused> {
    if request.len() > REQUEST_MAX {
        return Err(Refused::new(Status::TooLarge, "the request is larger than 32 KiB"));
    }
    let document = Document::read(request)?;
    if document.root().kind() == Kind::Object {
        Ok(document)
    } else {
        Err(Refused::bad("the request must be an object"))
    }
}

impl Unverified {
    /// Reads everything but who signed it.
    pub(super) fn read(request: &str, now: Timestamp) -> Result<Self, Refused> {
        let document = read_request(request)?;
        let payload = document.root().member("payload").filter(|payload| payload.kind() == Kind::Object);
        let payload = payload.ok_or(Refused::bad("payload must be an object"))?;
        let private = chat_type(payload)? == PRIVATE;
        let wallet = plain(payload, "wallet").and_then(address).ok_or(Refused::bad("wallet must be an address"))?;
        let room = room_of(payload)?;
        short(payload, "fromName", NAME_MAX, Refused::bad("fromName must be a text of at most 128 characters"))?;
        short(payload, "fromAvatar", AVATAR_MAX, Refused::bad("fromAvatar must be a text of at most 256 characters"))?;
        let body = payload.member("body").filter(|body| body.kind() == Kind::String);
        if units(body.ok_or(Refused::bad("body must be a text"))?.raw()) > BODY_MAX {
            return Err(Refused::bad("body has more than 4096 characters"));
        }
        let time = timestamp(payload, now)?;
        let hash =
            plain(payload, "hash").filter(|hash| hash.len() == HASH_LEN).and_then(|hash| hash.strip_prefix("0x"));
        let hash: [u8; 32] =
            hash.and_then(hex_bytes).ok_or(Refused::bad("hash must be 0x and 64 hexadecimal digits"))?;
        let signature = plain(payload, "sig").filter(|sig| sig.len() == Signature::LEN).and_then(Signature::read);
        let signature =
            signature.ok_or(Refused::bad("sig must be a signature as wallets make it, with a low s and 1b or 1c"))?;
        let id = EnvelopeId::from_bytes(hash.first_chunk().copied().unwrap_or_default());
        let message = Message { room, id, wallet, time };
        let public_key = public_key(payload, private)?;
        let foreign = Refused::bad("a number is not written as JavaScript writes it");
        let canonical = canonical(payload).ok_or(foreign)?;
        Ok(Self { message, hash, signature, public_key, canonical })
    }

    /// Whose bucket the work of verifying is on is not known before it is done; this is who is claimed to have sent it.
    pub(super) fn verify(self) -> Result<Message, Refused> {
        if keccak(&[self.canonical.as_bytes()]) != self.hash {
            return Err(Refused::bad("hash is not that of the payload"));
        }
        let signer =
            self.signature.signer(&self.canonical).ok_or(Refused::bad("sig is not a signature of the payload"))?;
        if signer.address() != self.message.wallet {
            return Err(Refused::bad("sig was not made by wallet"));
        }
        if self.public_key.is_some_and(|key| !signer.is(&key)) {
            return Err(Refused::bad("publicKey is not that of wallet"));
        }
        Ok(self.message)
    }
}

/// A string member that has no escapes, as all that hold digits.
fn plain<'t>(object: Value<'_, 't>, name: &str) -> Option<&'t str> {
    object.member(name).filter(|value| value.kind() == Kind::String && !value.escaped()).map(Value::raw)
}

/// The room that a request or a payload names.
pub(super) fn room_of(object: Value<'_, '_>) -> Result<StreamName, Refused> {
    plain(object, "roomId").and_then(room).ok_or(Refused::bad("roomId must be p or g and an address"))
}

fn chat_type(payload: Value<'_, '_>) -> Result<f64, Refused> {
    let number = payload.member("chatType").and_then(Value::number);
    number.filter(|number| [0.0, PRIVATE, 2.0].contains(number)).ok_or(Refused::bad("chatType must be 0, 1 or 2"))
}

/// A text that may be missing.
fn short(payload: Value<'_, '_>, name: &str, max: usize, refused: Refused) -> Result<(), Refused> {
    let fits = |value: Value<'_, '_>| value.kind() == Kind::String && units(value.raw()) <= max;
    if payload.member(name).is_none_or(fits) { Ok(()) } else { Err(refused) }
}

fn timestamp(payload: Value<'_, '_>, now: Timestamp) -> Result<Timestamp, Refused> {
    let number = payload.member("timestamp").and_then(Value::number).filter(|number| *number > 0.0);
    let number = number.ok_or(Refused::bad("timestamp must be a number above 0"))?;
    #[allow(clippy::cast_possible_truncation, reason = "what is cut off is found by comparing")]
    let time = Timestamp::from_millis(number as i64);
    if time > now.after(CLOCK_TOLERANCE) {
        return Err(Refused::bad("timestamp is more than an hour ahead"));
    }
    if number.fract() == 0.0 { Ok(time) } else { Err(Refused::bad("timestamp must be whole milliseconds")) }
}

/// The key that a sender gives for the partner to keep. In a private chat it must be there whole if it is there at all, since
/// the partner's client keeps what it gets (section 13, row 7); in groups nobody looks at it, and it may be empty.
fn public_key(payload: Value<'_, '_>, private: bool) -> Result<Option<Box<str>>, Refused> {
    let Some(value) = payload.member("publicKey") else { return Ok(None) };
    if value.kind() != Kind::String {
        return Err(Refused::bad("publicKey must be a text"));
    }
    Ok((private || !value.raw().is_empty()).then(|| value.raw().into()))
}

#[cfg(test)]
#[path = "message_tests.rs"]
mod tests;
