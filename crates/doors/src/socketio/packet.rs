//! Packets of Socket.IO 5, as texts.

use crate::websocket::Frame;
use serde::Deserializer as _;
use serde::de::{IgnoredAny, SeqAccess, Visitor};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

/// Attachments that one packet may announce. Nobody who talks to this node means to send any.
const ATTACHMENTS_MAX: usize = 10;

/// Names that the protocol keeps for itself.
const RESERVED: [&str; 6] =
    ["connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener"];

/// A packet that is none; its connection is closed, as the reference server does.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("no packet of Socket.IO")]
pub struct Malformed;

/// What a client sends.
pub enum Packet {
    /// It wants into a namespace; without a leading query.
    Connect(String),
    /// It leaves the namespace `/`.
    Disconnect,
    /// An event, after which so many attachments follow.
    Event(Event, usize),
    /// The answer to an event of ours, after which so many attachments follow. We ask for none.
    Acknowledged(usize),
}

/// An event as it was received.
pub struct Event {
    packet: String,
    name: String,
    argument: Option<Range<usize>>,
    ack: Option<u64>,
}

impl Event {
    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The JSON text of its first argument, exactly as received. Further ones are ignored.
    pub fn argument(&self) -> Option<&str> {
        self.packet.get(self.argument.clone()?)
    }

    /// The number to answer under, if it wants an answer.
    pub fn ack(&self) -> Option<u64> {
        self.ack
    }
}

impl Packet {
    /// Reads what follows the first `start` bytes of the text.
    pub fn parse(packet: String, start: usize) -> Result<Self, Malformed> {
        let whole = packet.get(start..).ok_or(Malformed)?;
        let (kind, rest) = whole.split_at_checked(1).ok_or(Malformed)?;
        let (attachments, rest) = if matches!(kind, "5" | "6") { attachments(rest)? } else { (0, rest) };
        let (namespace, rest) = namespace(rest);
        let (ack, json) = number(rest)?;
        // No packet for a namespace into which nobody is let.
        let here = namespace == "/";
        match kind {
            "0" if is_object_or_nothing(json) => Ok(Self::Connect(namespace.to_owned())),
            "1" if here && json.is_empty() => Ok(Self::Disconnect),
            "2" | "5" if here => {
                let (name, argument) = read_event(json)?;
                let argument = argument.map(|inner| range_of(&packet, inner));
                let name = name.into_owned();
                Ok(Self::Event(Event { name, argument, ack, packet }, attachments))
            }
            "3" | "6" if here && is_array(json) => Ok(Self::Acknowledged(attachments)),
            _ => Err(Malformed),
        }
    }
}

/// An event for clients, made once for all of them: `json` is the text of its argument. The name must need no escapes.
pub fn event_frame(name: &str, json: &[u8]) -> Frame {
    Frame::text_of(&[b"42[\"", name.as_bytes(), b"\",", json, b"]"])
}

fn attachments(text: &str) -> Result<(usize, &str), Malformed> {
    let (count, rest) = text.split_once('-').ok_or(Malformed)?;
    let digits = count.bytes().all(|byte| byte.is_ascii_digit());
    let count = count.parse().ok().filter(|count| digits && *count <= ATTACHMENTS_MAX).ok_or(Malformed)?;
    Ok((count, rest))
}

/// The namespace, without its query.
fn namespace(text: &str) -> (&str, &str) {
    if !text.starts_with('/') {
        return ("/", text);
    }
    let (namespace, rest) = text.split_once(',').unwrap_or((text, ""));
    (namespace.split_once('?').map_or(namespace, |(path, _)| path), rest)
}

fn number(text: &str) -> Result<(Option<u64>, &str), Malformed> {
    let end = text.bytes().take_while(u8::is_ascii_digit).count();
    let (digits, rest) = text.split_at_checked(end).ok_or(Malformed)?;
    if digits.is_empty() {
        return Ok((None, rest));
    }
    Ok((Some(digits.parse().map_err(|_| Malformed)?), rest))
}

fn is_object_or_nothing(json: &str) -> bool {
    json.is_empty() || json.starts_with('{') && serde_json::from_str::<&RawValue>(json).is_ok()
}

fn is_array(json: &str) -> bool {
    json.starts_with('[') && serde_json::from_str::<&RawValue>(json).is_ok()
}

/// Where a part of the text stands in it.
fn range_of(whole: &str, part: &str) -> Range<usize> {
    let start = (part.as_ptr() as usize).saturating_sub(whole.as_ptr() as usize);
    start..start + part.len()
}

/// The name and the first argument of `["name",argument,…]`.
fn read_event(json: &str) -> Result<(Cow<'_, str>, Option<&str>), Malformed> {
    let mut reader = serde_json::Deserializer::from_str(json);
    let (name, argument) = reader.deserialize_seq(Elements).map_err(|_| Malformed)?;
    reader.end().map_err(|_| Malformed)?;
    let name = match name.as_bytes().first() {
        Some(b'"') => serde_json::from_str::<Cow<'_, str>>(name).map_err(|_| Malformed)?,
        Some(b'-' | b'0'..=b'9') => Cow::Borrowed(name),
        _ => return Err(Malformed),
    };
    if RESERVED.contains(&&*name) { Err(Malformed) } else { Ok((name, argument)) }
}

struct Elements;

impl<'de> Visitor<'de> for Elements {
    type Value = (&'de str, Option<&'de str>);

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name and arguments")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Self::Value, A::Error> {
        let name = elements.next_element::<&RawValue>()?.map(RawValue::get).unwrap_or_default();
        let argument = elements.next_element::<&RawValue>()?.map(RawValue::get);
        while elements.next_element::<IgnoredAny>()?.is_some() {}
        Ok((name, argument))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(text: &str) -> (String, Option<String>, Option<u64>, usize) {
        match Packet::parse(text.to_owned(), 1) {
            Ok(Packet::Event(event, attachments)) => {
                (event.name().to_owned(), event.argument().map(str::to_owned), event.ack(), attachments)
            }
            _ => panic!("no event: {text}"),
        }
    }

    #[test]
    fn events_keep_their_text() {
        let odd = r#"{ "half" : "\ud800", "a":1, "a":1.0e400 }"#;
        let deep = format!("{}{}", "[".repeat(1000), "]".repeat(1000));
        for (text, name, argument, ack, attachments) in [
            (r#"42["x"]"#.to_owned(), "x", None, None, 0),
            (r#"420["x",{}]"#.to_owned(), "x", Some("{}"), Some(0), 0),
            (format!(r#"4212["ä\"\u00e4", {odd} ,2]"#), "ä\"ä", Some(odd), Some(12), 0),
            (format!(r#"42["x",{deep}]"#), "x", Some(deep.as_str()), None, 0),
            (r#"42/,7["x",null]"#.to_owned(), "x", Some("null"), Some(7), 0),
            (
                r#"451-3["x",{"_placeholder":true,"num":0}]"#.to_owned(),
                "x",
                Some(r#"{"_placeholder":true,"num":0}"#),
                Some(3),
                1,
            ),
            (r#"42[5,6]"#.to_owned(), "5", Some("6"), None, 0),
        ] {
            let expected = (name.to_owned(), argument.map(str::to_owned), ack, attachments);
            assert_eq!(event(&text), expected);
        }
    }

    #[test]
    fn other_packets() {
        let namespace = |text: &str| match Packet::parse(text.to_owned(), 0) {
            Ok(Packet::Connect(namespace)) => namespace,
            _ => panic!("{text}"),
        };
        assert_eq!(namespace("0"), "/");
        assert_eq!(namespace(r#"0{"token":1}"#), "/");
        assert_eq!(namespace(r#"0/admin,{"token":1}"#), "/admin");
        assert_eq!(namespace("0/admin?x=1"), "/admin");
        assert!(matches!(Packet::parse("1".to_owned(), 0), Ok(Packet::Disconnect)));
        assert!(matches!(Packet::parse("312[]".to_owned(), 0), Ok(Packet::Acknowledged(0))));
        assert!(matches!(Packet::parse("62-1[{}]".to_owned(), 0), Ok(Packet::Acknowledged(2))));
    }

    #[test]
    fn what_is_no_packet_is_refused() {
        for text in [
            "",
            "7",
            "x",
            "é",
            "2",
            "2[]",
            "2{}",
            "2[null]",
            "2[\"x\"",
            "2[\"x\"]]",
            "2[\"connect\"]",
            "2/a,[\"x\"]",
            "299999999999999999999[\"x\"]",
            "5[\"x\"]",
            "5-[\"x\"]",
            "511-[\"x\"]",
            "5+1-[\"x\"]",
            "1/a",
            "1{}",
            "0[]",
            "0{",
            "3{}",
            "4{}",
            "2[\"x\",]",
            "2 [\"x\",01]",
            "2[\"\\ud800\"]",
        ] {
            assert!(Packet::parse(text.to_owned(), 0).is_err(), "{text}");
        }
    }

    #[test]
    fn frames_carry_the_event() {
        let frame = event_frame("chat-message", b"{\"payload\":1}");
        assert_eq!(frame.payload(), r#"42["chat-message",{"payload":1}]"#);
        assert_eq!(frame.into_bytes()[0], 0x81);
    }
}
