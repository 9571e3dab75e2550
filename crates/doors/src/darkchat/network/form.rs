//! What is written to another server, and what must not be, since real ones die of it (wire/darkchat.md, section 8).

use super::super::delivery::{RELAY_ID_MAX, destination, envelope_id};
use super::name::PeerName;
use bytes::Bytes;
use tidings_core::{Envelope, StreamKind, StreamName};

/// What joins the parts of a message.
pub(super) const SEPARATOR: &str = "**@#@";

/// The separator as it is written inside a JSON text, where it can only stand in a string: the same value, and no separator.
const ESCAPED: &str = "**\\u0040#@";

/// Properties that every JavaScript object has. As the name of a channel, real servers take them for joined, and damage
/// their tables.
const INHERITED: &[&str] = &[
    "__proto__",
    "__defineGetter__",
    "__defineSetter__",
    "__lookupGetter__",
    "__lookupSetter__",
    "constructor",
    "hasOwnProperty",
    "isPrototypeOf",
    "propertyIsEnumerable",
    "toLocaleString",
    "toString",
    "valueOf",
];

/// The answer to a greeting.
pub(super) const OK: &str = "ok";

/// What is said before a link is closed whose greeting was not understood.
pub(super) const ERROR: &str = "error";

/// What a caller says first.
pub(super) fn greeting(port: u16) -> Bytes {
    Bytes::from(format!("connect{SEPARATOR}{port}"))
}

/// Tells of another server; `None` if real servers would die of its name.
pub(super) fn advert(name: &PeerName) -> Option<Bytes> {
    name.is_tellable().then(|| Bytes::from(format!("peer{SEPARATOR}{name}")))
}

/// Whether an id of a relayed message can be passed on.
pub(super) fn is_relay_id(id: &str) -> bool {
    let plain = id.bytes().all(|byte| byte.is_ascii_graphic());
    plain && !id.is_empty() && id.len() <= RELAY_ID_MAX && !id.contains(SEPARATOR)
}

/// A live envelope as other servers understand it; `None` if they would not, or would die of it, or if it was not said in
/// darkchat's form: its label is the id it is known by, and its id that label's hash.
pub(super) fn relay(stream: &StreamName, envelope: &Envelope) -> Option<Bytes> {
    let id = envelope.label.as_str();
    if !is_relay_id(id) || envelope_id(id) != envelope.id {
        return None;
    }
    let channel = match stream.kind() {
        StreamKind::Channel => std::str::from_utf8(stream.bytes()).ok()?,
        StreamKind::Direct => "",
        _ => return None,
    };
    let json = std::str::from_utf8(envelope.body.as_deref()?).ok()?;
    // What is no object, or names somebody else than the stream does, must not leave.
    if channel.contains(SEPARATOR) || INHERITED.contains(&channel) || destination(channel, json.as_bytes())? != *stream
    {
        return None;
    }
    let json =
        if json.contains(SEPARATOR) { json.replace(SEPARATOR, ESCAPED).into() } else { std::borrow::Cow::from(json) };
    Some(Bytes::from([channel, id, &json].join(SEPARATOR)))
}

#[cfg(test)]
mod tests {
    use super::super::super::delivery::draft;
    use super::*;
    use tidings_core::{Caller, PeerLink, Policies, Seq, StreamFacts, Timestamp, admit};

    const ID: &str = "996d5895fd29-400d-a423-8d33fe5e83d2:1795171915895";

    fn passed(stream: &StreamName, id: &str, json: &str) -> Option<String> {
        let facts = StreamFacts { open: true, ..StreamFacts::default() };
        let (policies, caller) = (Policies::default(), Caller::Peer(PeerLink(1)));
        let draft = draft(stream.clone(), json.as_bytes(), id);
        let policy = policies.of(stream.kind());
        let envelope = admit(policy, &facts, &caller, draft, 0, Seq::START, Timestamp::EPOCH).unwrap();
        relay(stream, &envelope).map(|bytes| String::from_utf8(bytes.to_vec()).unwrap())
    }

    fn channel(name: &str) -> StreamName {
        StreamName::named(StreamKind::Channel, name.as_bytes()).unwrap()
    }

    #[test]
    fn the_worked_relay() {
        let json = "{\"type\":\"msg\",\"msg\":\"hello\",\"toPublicKey\":\"\",\"cname\":\"room\"}";
        assert_eq!(passed(&channel("room"), ID, json), Some(format!("room**@#@{ID}**@#@{json}")));
        let bob = "02466d7fcae563e5cb09a0d1870bb580344804617879a14949cf22285f1bae3f27";
        let json = format!("{{\"msg\":\"64a3\",\"toPublicKey\":\"{bob}\",\"cname\":\"room\"}}");
        let stream = super::super::super::session::direct(bob).unwrap();
        assert_eq!(passed(&stream, ID, &json), Some(format!("**@#@{ID}**@#@{json}")));
    }

    #[test]
    fn the_separator_is_escaped_and_means_the_same() {
        let json = "{\"msg\":\"a**@#@b**@#@**@#\",\"**@#@\":1}";
        let written = passed(&channel("room"), ID, json).unwrap();
        let parts: Vec<&str> = written.split(SEPARATOR).collect();
        let [_, _, escaped] = parts[..] else { panic!("{written}") };
        let value = |text| serde_json::from_str::<serde_json::Value>(text).unwrap();
        assert_eq!(value(escaped), value(json));
    }

    #[test]
    fn nothing_that_kills_is_sent() {
        for (name, id, json) in [
            ("a**@#@b", ID, "{}"),
            ("__proto__", ID, "{}"),
            ("toString", ID, "{}"),
            ("room", ID, "null"),
            ("room", ID, "[]"),
            ("room", ID, "{\"msg\":}"),
            ("room", ID, "{\"toPublicKey\":\"toString\"}"),
            ("room", ID, "{\"toPublicKey\":\"__proto__\",\"toPublicKey\":{}}"),
            ("room", "", "{}"),
            ("room", "a**@#@b", "{}"),
            ("room", "a b", "{}"),
        ] {
            assert_eq!(passed(&channel(name), id, json), None, "{name} {id} {json}");
        }
        assert_eq!(advert(&PeerName::parse("[2001:db8::1]:1").unwrap()), None);
        assert_eq!(advert(&PeerName::parse("h:1").unwrap()).unwrap(), "peer**@#@h:1");
    }
}
