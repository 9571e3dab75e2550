//! How messages become envelopes of live streams, and what of them each client bears (wire/darkchat.md, sections 7 and 8).

use super::login::parse_key;
use super::request::Request;
use super::session::{Generation, direct};
use sha2::{Digest, Sha256};
use tidings_core::{Draft, EnvelopeId, Label, StreamKind, StreamName, Timestamp};

/// Bytes of the id of a relayed message at most; those of real servers have about 50.
pub(super) const RELAY_ID_MAX: usize = 256;

/// A fresh id as real servers make them: a random UUID without its first hyphen, a colon, and the time in milliseconds.
pub(super) fn relay_id(random: [u8; 16], now: Timestamp) -> String {
    let uuid = EnvelopeId::from_random(random).to_string();
    format!("{}:{}", uuid.replacen('-', "", 1), now.millis())
}

/// The envelope's id that stands for a relayed message's.
pub(super) fn envelope_id(relay_id: &str) -> EnvelopeId {
    let digest: [u8; 32] = Sha256::digest(relay_id.as_bytes()).into();
    let mut id = [0; 16];
    for (to, from) in id.iter_mut().zip(digest) {
        *to = from;
    }
    EnvelopeId::from_bytes(id)
}

/// A message on its way into the engine: the body is the sender's JSON text, untouched; the label is what peers know it by.
pub(super) fn draft(stream: StreamName, json: &[u8], relay_id: &str) -> Draft {
    Draft {
        stream,
        id: envelope_id(relay_id),
        label: Label::new(relay_id),
        body: Some(json.into()),
        notify: false,
        time: None,
    }
}

/// Where a relayed message goes: to the recipient that it names and nobody else, or to the channel. `None` if it is no object,
/// or is for nobody that could be here.
pub(super) fn destination(channel: &str, json: &[u8]) -> Option<StreamName> {
    let request = Request::read(json).ok()?;
    let recipient = request.recipient();
    if recipient.is_set() {
        return direct(&recipient.text()?);
    }
    StreamName::named(StreamKind::Channel, channel.as_bytes())
}

/// Whether clients of this generation survive an object. Those of 0.2 crash on one without a text `msg`, and on a private
/// message whose sender has no valid key.
pub(super) fn is_bearable(json: &[u8], generation: Generation) -> bool {
    if generation.bears_everything() {
        return true;
    }
    Request::read(json).is_ok_and(|request| {
        let sender_is_fine = || request.from.text().is_some_and(|key| parse_key(&key).is_some());
        request.msg.is_text() && (!request.to.is_set() || sender_is_fine())
    })
}

#[cfg(test)]
mod tests {
    use super::super::login::tests::{ALICE, BOB};
    use super::*;

    #[test]
    fn ids_look_like_those_of_real_servers() {
        let id = relay_id([7; 16], Timestamp::from_millis(1_795_171_915_895));
        let (uuid, time) = id.split_once(':').unwrap();
        assert_eq!((uuid.len(), time), (35, "1795171915895"));
        assert_eq!(uuid.match_indices('-').map(|(at, _)| at).collect::<Vec<_>>(), [12, 17, 22]);
        assert_ne!(envelope_id(&id), envelope_id(&format!("{id}0")));
    }

    #[test]
    fn whoever_is_named_gets_it_and_no_channel() {
        let channel = StreamName::named(StreamKind::Channel, b"room");
        for (name, json, expected) in [
            ("room", "{\"msg\":\"x\"}".to_owned(), channel.clone()),
            ("room", "{\"toPublicKey\":\"\"}".to_owned(), channel.clone()),
            ("room", "{\"toPublicKey\":null,\"private\":\"y\"}".to_owned(), channel.clone()),
            ("room", format!("{{\"toPublicKey\":\"{BOB}\"}}"), direct(BOB)),
            ("null", format!("{{\"toPublicKey\":\"{BOB}\",\"cname\":\"room\"}}"), direct(BOB)),
            ("", format!("{{\"pk\":\"{ALICE}\",\"private\":\"{BOB}\"}}"), direct(BOB)),
            ("room", "{\"toPublicKey\":\"toString\"}".to_owned(), None),
            ("room", "{\"toPublicKey\":{}}".to_owned(), None),
            ("", "{}".to_owned(), None),
            ("room", "null".to_owned(), None),
            ("room", "[]".to_owned(), None),
            ("room", "{\"msg\":}".to_owned(), None),
        ] {
            assert_eq!(destination(name, json.as_bytes()), expected, "{name} {json}");
        }
    }

    #[test]
    fn old_clients_are_spared_what_they_crash_on() {
        for (json, bearable) in [
            ("{\"msg\":\"x\"}".to_owned(), true),
            ("{\"msg\":\"\"}".to_owned(), true),
            ("{\"msg\":null}".to_owned(), false),
            ("{\"type\":\"msg\"}".to_owned(), false),
            ("{\"msg\":{}}".to_owned(), false),
            (format!("{{\"msg\":\"x\",\"toPublicKey\":\"{BOB}\",\"fromPublicKey\":\"{ALICE}\"}}"), true),
            (format!("{{\"msg\":\"x\",\"toPublicKey\":\"{BOB}\",\"fromPublicKey\":\"04\"}}"), false),
            (format!("{{\"msg\":\"x\",\"toPublicKey\":\"{BOB}\"}}"), false),
            (format!("{{\"msg\":\"x\",\"private\":\"{BOB}\",\"pk\":\"{ALICE}\"}}"), true),
        ] {
            assert_eq!(is_bearable(json.as_bytes(), Generation::Second), bearable, "{json}");
            assert!(is_bearable(json.as_bytes(), Generation::Third));
        }
    }
}
