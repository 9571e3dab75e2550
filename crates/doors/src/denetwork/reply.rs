//! Replies: the fields that each has, and what some have besides (wire/denetwork.md, section 2).

use super::refusal::Refused;
use std::fmt::Write as _;
use tidings_core::{Envelope, Timestamp};

/// The version of the protocol.
const VERSION: &str = "1.0";

/// Bytes of a reply without lists.
const BASE_LEN: usize = 160;

/// What clients can ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Event {
    Join,
    Leave,
    Exist,
    Message,
    Pull,
    Count,
    Unknown,
}

impl Event {
    /// The event of this name.
    pub(super) fn named(name: &str) -> Self {
        match name {
            "room-join" => Self::Join,
            "room-leave" => Self::Leave,
            "room-exist" => Self::Exist,
            "chat-message" => Self::Message,
            "pull-message" => Self::Pull,
            "count-message" => Self::Count,
            _ => Self::Unknown,
        }
    }

    /// Its name, for errors and metrics.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Join => "room-join",
            Self::Leave => "room-leave",
            Self::Exist => "room-exist",
            Self::Message => "chat-message",
            Self::Pull => "pull-message",
            Self::Count => "count-message",
            Self::Unknown => "unknown",
        }
    }
}

/// A page of a room, already written.
pub(super) struct PageOf {
    /// Messages on it, as a JSON array.
    pub(super) list: String,
    /// How many these are.
    pub(super) total: usize,
    /// The moment of the last one of a full page, else 0.
    pub(super) page_key: i64,
    /// Messages in the room.
    pub(super) members: u64,
}

/// What a reply says besides the base fields.
pub(super) enum Said {
    /// Whether.
    Success(bool),
    /// A page.
    Page(PageOf),
    /// Counts, as a JSON array.
    Counts(String),
}

/// Who replies.
pub(super) struct Replies {
    server_id: String,
}

impl Replies {
    /// Replies of the server of this name, a UUID.
    pub(super) fn new(server_id: String) -> Self {
        Self { server_id }
    }

    /// The one place where replies are written.
    pub(super) fn write(&self, event: Event, said: &Result<Said, Refused>, now: Timestamp) -> String {
        let list = match said {
            Ok(Said::Page(page)) => page.list.len(),
            Ok(Said::Counts(list)) => list.len(),
            _ => 0,
        };
        let mut out = String::with_capacity(BASE_LEN + list);
        let status = said.as_ref().map_or_else(|refused| refused.status.code(), |_| 200);
        let (id, now) = (&self.server_id, now.millis());
        let _ =
            write!(out, "{{\"serverId\":\"{id}\",\"version\":\"{VERSION}\",\"timestamp\":{now},\"status\":{status}");
        let _ = match said {
            Ok(Said::Success(success)) => write!(out, ",\"success\":{success}}}"),
            Ok(Said::Page(PageOf { list, total, page_key, members })) => {
                write!(out, ",\"total\":{total},\"pageKey\":{page_key},\"totalMembers\":{members},\"list\":{list}}}")
            }
            Ok(Said::Counts(list)) => write!(out, ",\"list\":{list}}}"),
            Err(refused) => {
                let rest = match event {
                    Event::Pull => ",\"total\":0,\"pageKey\":0,\"list\":[]",
                    Event::Count => ",\"list\":[]",
                    _ => "",
                };
                write!(out, ",\"error\":\"{} :: {}\",\"success\":false{rest}}}", event.name(), refused.reason)
            }
        };
        out
    }
}

/// Appends a message as histories have it.
pub(super) fn write_item(room: &str, envelope: &Envelope, out: &mut String) {
    let time = envelope.time.unwrap_or(envelope.at).millis();
    let body = envelope.body.as_deref().and_then(|body| std::str::from_utf8(body).ok()).unwrap_or("null");
    let _ = write!(out, "{{\"channel\":\"{room}\",\"timestamp\":{time},\"data\":");
    out.push_str(body);
    out.push('}');
}

/// Bytes that an item has beside its message.
pub(super) const ITEM_EXTRA: usize = 112;

#[cfg(test)]
mod tests {
    use super::*;
    use tidings_core::{EnvelopeId, Label, Seq};

    const BASE: &str = r#"{"serverId":"u","version":"1.0","timestamp":5,"status":"#;

    fn written(event: Event, said: Result<Said, Refused>) -> String {
        let text = Replies::new("u".to_owned()).write(event, &said, Timestamp::from_millis(5));
        assert!(serde_json::from_str::<serde_json::Value>(&text).is_ok(), "{text}");
        text.strip_prefix(BASE).unwrap().to_owned()
    }

    #[test]
    fn replies_are_those_of_the_wire() {
        assert_eq!(written(Event::Join, Ok(Said::Success(true))), r#"200,"success":true}"#);
        assert_eq!(written(Event::Exist, Ok(Said::Success(false))), r#"200,"success":false}"#);
        let page = PageOf { list: "[1]".to_owned(), total: 1, page_key: 9, members: 70 };
        let expected = r#"200,"total":1,"pageKey":9,"totalMembers":70,"list":[1]}"#;
        assert_eq!(written(Event::Pull, Ok(Said::Page(page))), expected);
        assert_eq!(written(Event::Count, Ok(Said::Counts("[]".to_owned()))), r#"200,"list":[]}"#);
    }

    #[test]
    fn refusals_have_reason_and_empty_lists() {
        let refused = || Err(Refused::too_many("slower"));
        let expected = r#"429,"error":"chat-message :: slower","success":false}"#;
        assert_eq!(written(Event::Message, refused()), expected);
        let expected = r#"429,"error":"pull-message :: slower","success":false,"total":0,"pageKey":0,"list":[]}"#;
        assert_eq!(written(Event::Pull, refused()), expected);
        let expected = r#"429,"error":"count-message :: slower","success":false,"list":[]}"#;
        assert_eq!(written(Event::Count, refused()), expected);
        assert!(written(Event::Unknown, refused()).contains("unknown :: slower"));
    }

    #[test]
    fn names_of_events_read_back() {
        for event in
            [Event::Join, Event::Leave, Event::Exist, Event::Message, Event::Pull, Event::Count, Event::Unknown]
        {
            assert_eq!(Event::named(event.name()), event);
        }
        assert_eq!(Event::named("Room-Join"), Event::Unknown);
    }

    #[test]
    fn an_item_holds_the_message_untouched() {
        let envelope = Envelope {
            id: EnvelopeId::from_bytes([0; 16]),
            seq: Seq::START,
            sender: None,
            label: Label::new("x"),
            body: Some(br#"{"payload": {"a":"\ud83d"} }"#[..].into()),
            at: Timestamp::from_millis(9),
            time: Some(Timestamp::from_millis(7)),
        };
        let mut out = String::new();
        write_item("g0x", &envelope, &mut out);
        assert_eq!(out, r#"{"channel":"g0x","timestamp":7,"data":{"payload": {"a":"\ud83d"} }}"#);
    }
}
