//! Replies: the fields that each has, and what some have besides (wire/denetwork.md, section 2).

use super::refusal::Refused;
use std::io::Write as _;
use std::sync::Arc;
use tidings_core::{StreamName, Timestamp};
use tidings_engine::Item;

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

/// A page of a room.
pub(super) struct PageOf {
    /// The room.
    pub(super) room: StreamName,
    /// The messages on it.
    pub(super) items: Vec<Arc<Item>>,
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
    Counts(Vec<u8>),
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
    pub(super) fn write(&self, event: Event, said: &Result<Said, Refused>, now: Timestamp) -> Vec<u8> {
        let list = match said {
            Ok(Said::Page(page)) => list_len(&page.items),
            Ok(Said::Counts(list)) => list.len(),
            _ => 0,
        };
        let mut out = Vec::with_capacity(BASE_LEN + list);
        let status = said.as_ref().map_or_else(|refused| refused.status.code(), |_| 200);
        let (id, now) = (&self.server_id, now.millis());
        let base =
            format_args!("{{\"serverId\":\"{id}\",\"version\":\"{VERSION}\",\"timestamp\":{now},\"status\":{status}");
        // Writing to memory does not fail.
        let _ = out.write_fmt(base);
        match said {
            Ok(Said::Success(success)) => drop(write!(out, ",\"success\":{success}")),
            Ok(Said::Page(page)) => write_page(page, &mut out),
            Ok(Said::Counts(list)) => {
                out.extend_from_slice(b",\"list\":");
                out.extend_from_slice(list);
            }
            Err(refused) => write_refusal(event, *refused, &mut out),
        }
        out.push(b'}');
        out
    }
}

fn write_page(PageOf { room, items, page_key, members }: &PageOf, out: &mut Vec<u8>) {
    let total = items.len();
    let _ = write!(out, ",\"total\":{total},\"pageKey\":{page_key},\"totalMembers\":{members},\"list\":");
    write_list(room, items, out);
}

fn write_refusal(event: Event, refused: Refused, out: &mut Vec<u8>) {
    let rest = match event {
        Event::Pull => ",\"total\":0,\"pageKey\":0,\"list\":[]",
        Event::Count => ",\"list\":[]",
        _ => "",
    };
    let _ = write!(out, ",\"error\":\"{} :: {}\",\"success\":false{rest}", event.name(), refused.reason);
}

/// Appends messages of a room as a JSON array; what clients sent goes in as it is.
pub(super) fn write_list(room: &StreamName, items: &[Arc<Item>], out: &mut Vec<u8>) {
    let head = [b"{\"channel\":\"", room.bytes(), b"\",\"timestamp\":"].concat();
    out.push(b'[');
    for (at, item) in items.iter().enumerate() {
        if at > 0 {
            out.push(b',');
        }
        out.extend_from_slice(&head);
        let envelope = &item.envelope;
        let _ = write!(out, "{},\"data\":", envelope.time.unwrap_or(envelope.at).millis());
        out.extend_from_slice(envelope.body.as_deref().unwrap_or(b"null"));
        out.push(b'}');
    }
    out.push(b']');
}

/// About how many bytes a list will have.
fn list_len(items: &[Arc<Item>]) -> usize {
    items.iter().map(|item| item.envelope.body.as_ref().map_or(0, |body| body.len()) + ITEM_EXTRA).sum()
}

/// Bytes that an item has beside its message.
const ITEM_EXTRA: usize = 112;

#[cfg(test)]
mod tests {
    use super::super::identifier::room;
    use super::super::signing::ROOM;
    use super::*;
    use tidings_core::{Envelope, EnvelopeId, Label, Seq};

    const BASE: &str = r#"{"serverId":"u","version":"1.0","timestamp":5,"status":"#;

    fn written(event: Event, said: Result<Said, Refused>) -> String {
        let text = Replies::new("u".to_owned()).write(event, &said, Timestamp::from_millis(5));
        let text = String::from_utf8(text).unwrap();
        assert!(serde_json::from_str::<serde_json::Value>(&text).is_ok(), "{text}");
        text.strip_prefix(BASE).unwrap().to_owned()
    }

    #[test]
    fn replies_are_those_of_the_wire() {
        assert_eq!(written(Event::Join, Ok(Said::Success(true))), r#"200,"success":true}"#);
        assert_eq!(written(Event::Exist, Ok(Said::Success(false))), r#"200,"success":false}"#);
        let page = PageOf { room: room(ROOM).unwrap(), items: Vec::new(), page_key: 9, members: 70 };
        let expected = r#"200,"total":0,"pageKey":9,"totalMembers":70,"list":[]}"#;
        assert_eq!(written(Event::Pull, Ok(Said::Page(page))), expected);
        assert_eq!(written(Event::Count, Ok(Said::Counts(b"[]".to_vec()))), r#"200,"list":[]}"#);
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
    fn items_hold_messages_untouched() {
        let body = r#"{"payload": {"a":"\ud83d"} }"#;
        let envelope = Envelope {
            id: EnvelopeId::from_bytes([0; 16]),
            seq: Seq::START,
            sender: None,
            label: Label::new("x"),
            body: Some(body.as_bytes().into()),
            at: Timestamp::from_millis(9),
            time: Some(Timestamp::from_millis(7)),
        };
        let item = Arc::new(Item::new(envelope));
        let mut out = Vec::new();
        write_list(&room(ROOM).unwrap(), &[Arc::clone(&item), Arc::clone(&item)], &mut out);
        let one = format!(r#"{{"channel":"{ROOM}","timestamp":7,"data":{body}}}"#);
        assert_eq!(String::from_utf8(out).unwrap(), format!("[{one},{one}]"));
        assert!(list_len(&[item]) > one.len());
    }
}
