//! JSON bodies. The first byte picks charset and content coding; the rest is the body. Plain UTF-8 must read as serde_json
//! reads it, and nothing may grow beyond the limit.

use serde_json::Value;
use tidings_doors::piqchat::{JsonError, parse_json};

/// Bytes after inflation at most.
const MAX: usize = 64 * 1024;

const CODINGS: [&str; 6] = ["", "identity", "gzip", "deflate", "GZIP", "br"];

const KINDS: [&str; 10] = [
    "application/json",
    "application/json; charset=utf-8",
    "application/json; charset=\"UTF8\"",
    "application/json; charset=utf-16",
    "application/json; charset=utf-16le",
    "application/json; charset=utf-16be",
    "application/json; charset=utf-32",
    "application/json; charset=utf-32le",
    "application/json; charset=utf-32be",
    "application/json; a=b;charset=latin1",
];

pub(super) fn run(data: &[u8]) {
    let Some((&choice, body)) = data.split_first() else { return };
    let coding = CODINGS[usize::from(choice) % CODINGS.len()];
    let kind = KINDS[usize::from(choice) / CODINGS.len() % KINDS.len()];
    let read = parse_json(body, kind, coding, MAX);
    assert_eq!(read, parse_json(body, kind, coding, MAX), "twice the same");
    if kind.contains("latin1") {
        assert!(read.is_err());
    } else if matches!(coding, "" | "identity") && (kind.contains("utf-8") || kind == "application/json") {
        assert_eq!(read, plain(body));
    }
}

fn plain(body: &[u8]) -> Result<serde_json::Map<String, Value>, JsonError> {
    let text = String::from_utf8_lossy(body);
    match text.strip_prefix('\u{feff}').unwrap_or(&text) {
        "" => Ok(serde_json::Map::new()),
        text => match serde_json::from_str(text) {
            Ok(Value::Object(members)) => Ok(members),
            Ok(Value::Array(_)) => Ok(serde_json::Map::new()),
            _ => Err(JsonError::Malformed),
        },
    }
}
