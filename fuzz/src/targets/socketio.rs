//! Bodies of polling clients, and the packets in them, against a slower reading of the same text.

use serde_json::value::RawValue;
use tidings_doors::socketio::{Event, Packet, Payload, Piece};

const RESERVED: [&str; 6] =
    ["connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener"];

pub(super) fn run(data: &[u8]) {
    let Ok(body) = std::str::from_utf8(data) else { return };
    let pieces: Vec<Piece> = Payload::new(body.to_owned()).collect();
    let texts: Vec<&str> = body.split('\x1e').collect();
    assert_eq!(pieces.len(), texts.len());
    for (piece, text) in pieces.into_iter().zip(texts) {
        match piece {
            Piece::Binary => assert!(text.starts_with('b')),
            Piece::Text(piece) => {
                assert_eq!(piece, text);
                packet(&piece);
            }
        }
    }
}

fn packet(text: &str) {
    let parsed = Packet::parse(text.to_owned(), 1);
    match &parsed {
        Ok(Packet::Event(event, attachments)) => {
            assert!(*attachments <= 10 && (*attachments == 0 || text[1..].starts_with('5')));
            let json = &text[text.find('[').unwrap()..];
            compare(event, json);
        }
        Ok(Packet::Connect(namespace)) => assert!(namespace.starts_with('/') && text[1..].starts_with('0')),
        Ok(Packet::Disconnect | Packet::Acknowledged(_)) | Err(_) => {}
    }
    // What is surely an event must be read as one.
    let Some(json) = text.get(1..).and_then(|rest| rest.strip_prefix('2')).filter(|json| json.starts_with('[')) else {
        return;
    };
    let Ok(elements) = serde_json::from_str::<Vec<Box<RawValue>>>(json) else { return assert!(parsed.is_err()) };
    let name = elements.first().and_then(|name| serde_json::from_str::<String>(name.get()).ok());
    if name.is_some_and(|name| !RESERVED.contains(&name.as_str())) {
        assert!(matches!(parsed, Ok(Packet::Event(..))));
    }
}

fn compare(event: &Event, json: &str) {
    // A namespace may hold a bracket.
    let Ok(elements) = serde_json::from_str::<Vec<Box<RawValue>>>(json) else { return };
    assert_eq!(event.argument(), elements.get(1).map(|argument| argument.get()));
    if let Ok(name) = serde_json::from_str::<String>(elements[0].get()) {
        assert_eq!(event.name(), name);
    }
}
