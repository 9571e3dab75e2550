//! JSON bodies as the reference reads them (wire/piqchat.md, section 2).

use crate::http::body::{BodyError, SharedBody};
use flate2::read::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};
use http::HeaderMap;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use serde_json::{Map, Value};
use std::io::Read;
use thiserror::Error;

/// Bytes of most bodies, after inflation.
pub(super) const SMALL: usize = 102_400;

/// Bytes of backups and contact lists: all of a person's contacts, again and again.
pub(super) const LARGE: usize = 4 << 20;

/// Why a body is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum JsonError {
    /// No JSON, or neither object nor array.
    #[error("not a JSON object or array")]
    Malformed,
    /// Longer than allowed.
    #[error("too large")]
    TooLarge,
    /// A charset or content coding that is not understood.
    #[error("unsupported charset or content coding")]
    Unsupported,
    /// Nothing came for too long, or the connection broke.
    #[error("the body broke off")]
    Broken,
}

/// The members of a JSON object; an array or another media type counts as none.
pub(super) type Members = Map<String, Value>;

/// Whether the media type is exactly `application/json`, parameters aside.
pub(super) fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    kind.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case("application/json")
}

/// Reads the body, if it is JSON, at most `max` bytes after inflation.
pub(super) async fn read(headers: &HeaderMap, body: &mut SharedBody, max: usize) -> Result<Members, JsonError> {
    if !is_json(headers) {
        return Ok(Members::new());
    }
    let bytes = body.read(max).await.map_err(|error| match error {
        BodyError::TooLong => JsonError::TooLarge,
        BodyError::Broken | BodyError::Stalled => JsonError::Broken,
    })?;
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    parse_json(&bytes, text(CONTENT_TYPE), text(CONTENT_ENCODING), max)
}

/// Inflates, decodes and parses a body of the given `Content-Type` and `Content-Encoding`. Fails with [`JsonError`].
pub fn parse_json(bytes: &[u8], kind: &str, coding: &str, max: usize) -> Result<Map<String, Value>, JsonError> {
    let bytes = inflate(bytes, coding, max)?;
    let text = decode(&bytes, charset(kind))?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    if text.is_empty() {
        return Ok(Members::new());
    }
    match serde_json::from_str(text) {
        Ok(Value::Object(members)) => Ok(members),
        Ok(Value::Array(_)) => Ok(Members::new()),
        _ => Err(JsonError::Malformed),
    }
}

fn inflate(bytes: &[u8], coding: &str, max: usize) -> Result<Vec<u8>, JsonError> {
    match coding.trim().to_ascii_lowercase().as_str() {
        "" | "identity" => Ok(bytes.to_vec()),
        "gzip" => bounded(MultiGzDecoder::new(bytes), max),
        // "deflate" means zlib, but some send it bare. The first byte tells (RFC 1950, section 2.2).
        "deflate" if bytes.first().is_some_and(|first| first & 0x0f == 8) => bounded(ZlibDecoder::new(bytes), max),
        "deflate" => bounded(DeflateDecoder::new(bytes), max),
        _ => Err(JsonError::Unsupported),
    }
}

fn bounded(reader: impl Read, max: usize) -> Result<Vec<u8>, JsonError> {
    let mut inflated = Vec::new();
    let limit = u64::try_from(max).unwrap_or(u64::MAX).saturating_add(1);
    reader.take(limit).read_to_end(&mut inflated).map_err(|_| JsonError::Malformed)?;
    if inflated.len() > max { Err(JsonError::TooLarge) } else { Ok(inflated) }
}

fn charset(kind: &str) -> String {
    let parameter = |part: &str| {
        let (name, value) = part.split_once('=')?;
        name.trim().eq_ignore_ascii_case("charset").then(|| value.trim().trim_matches('"').to_ascii_lowercase())
    };
    kind.split(';').skip(1).find_map(parameter).unwrap_or_else(|| "utf-8".to_owned())
}

fn decode(bytes: &[u8], charset: String) -> Result<String, JsonError> {
    match charset.as_str() {
        "utf-8" | "utf8" => Ok(String::from_utf8_lossy(bytes).into_owned()),
        "utf-16" if bytes.starts_with(&[0xfe, 0xff]) => Ok(utf16(bytes, u16::from_be_bytes)),
        "utf-16" | "utf-16le" => Ok(utf16(bytes, u16::from_le_bytes)),
        "utf-16be" => Ok(utf16(bytes, u16::from_be_bytes)),
        "utf-32" if bytes.starts_with(&[0, 0, 0xfe, 0xff]) => Ok(utf32(bytes, u32::from_be_bytes)),
        "utf-32" | "utf-32le" => Ok(utf32(bytes, u32::from_le_bytes)),
        "utf-32be" => Ok(utf32(bytes, u32::from_be_bytes)),
        _ => Err(JsonError::Unsupported),
    }
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> String {
    let (pairs, _) = bytes.as_chunks::<2>();
    char::decode_utf16(pairs.iter().map(|pair| unit(*pair))).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
}

fn utf32(bytes: &[u8], unit: fn([u8; 4]) -> u32) -> String {
    let (quads, _) = bytes.as_chunks::<4>();
    quads.iter().map(|quad| char::from_u32(unit(*quad)).unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
}

/// A member that the reference puts into its database: text, or nothing for null and absent. A number becomes text with a
/// decimal point, as SQLite writes it. Fails for truth values, objects and arrays.
pub(super) fn stored_text(members: &mut Members, name: &str) -> Result<Option<String>, JsonError> {
    stored(members.remove(name).unwrap_or_default())
}

/// The same for a value.
pub(super) fn stored(value: Value) -> Result<Option<String>, JsonError> {
    match value {
        Value::Null => Ok(None),
        Value::String(text) => Ok(Some(text)),
        Value::Number(number) => Ok(number.as_f64().map(|number| format!("{number:?}"))),
        Value::Bool(_) | Value::Object(_) | Value::Array(_) => Err(JsonError::Malformed),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::Compression;
    use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};
    use proptest::prelude::*;
    use std::io::Write;

    const JSON: &str = "application/json";

    #[test]
    fn objects_arrays_and_nothing_are_taken() {
        for (text, members) in [("{\"a\":1}", 1), ("[1,2]", 0), ("", 0), (" {} ", 0), ("\u{feff}{\"a\":1}", 1)] {
            assert_eq!(parse_json(text.as_bytes(), JSON, "", 100).map(|m| m.len()), Ok(members), "{text}");
        }
        for text in ["1", "\"a\"", "null", "true", "{", "{\"a\":1}x", " "] {
            assert_eq!(parse_json(text.as_bytes(), JSON, "", 100), Err(JsonError::Malformed), "{text}");
        }
    }

    #[test]
    fn compressed_bodies_are_inflated_within_the_limit() {
        let text = format!("{{\"a\":\"{}\"}}", "x".repeat(1000));
        let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
        let mut zlib = ZlibEncoder::new(Vec::new(), Compression::default());
        let mut bare = DeflateEncoder::new(Vec::new(), Compression::default());
        gzip.write_all(text.as_bytes()).unwrap();
        zlib.write_all(text.as_bytes()).unwrap();
        bare.write_all(text.as_bytes()).unwrap();
        let bodies = [
            ("gzip", gzip.finish().unwrap()),
            ("deflate", zlib.finish().unwrap()),
            ("Deflate", bare.finish().unwrap()),
        ];
        for (coding, body) in bodies {
            assert_eq!(parse_json(&body, JSON, coding, text.len()).map(|m| m.len()), Ok(1), "{coding}");
            assert_eq!(parse_json(&body, JSON, coding, text.len() - 1), Err(JsonError::TooLarge), "{coding}");
            assert_eq!(parse_json(&body[..10], JSON, coding, 2000), Err(JsonError::Malformed), "{coding}");
        }
        assert_eq!(parse_json(b"{}", JSON, "br", 10), Err(JsonError::Unsupported));
    }

    #[test]
    fn unicode_charsets_are_decoded_and_others_refused() {
        let wide: Vec<u8> = "{\"ä\":1}".encode_utf16().flat_map(u16::to_le_bytes).collect();
        let wider: Vec<u8> = "{\"ä\":1}".chars().flat_map(|c| u32::from(c).to_be_bytes()).collect();
        for (body, kind) in [
            (wide.as_slice(), "application/json; charset=UTF-16LE"),
            (wide.as_slice(), "application/json;charset=\"utf-16\""),
            (wider.as_slice(), "application/json; charset=utf-32be"),
        ] {
            assert!(parse_json(body, kind, "", 100).unwrap().contains_key("ä"), "{kind}");
        }
        assert_eq!(parse_json(b"{}", "application/json; charset=latin1", "", 10), Err(JsonError::Unsupported));
    }

    #[test]
    fn stored_values_are_text() {
        let mut members = parse_json(b"{\"s\":\"x\",\"n\":5,\"f\":1.5,\"z\":null,\"b\":true}", JSON, "", 100).unwrap();
        let mut stored = |name| stored_text(&mut members, name);
        assert_eq!(stored("s"), Ok(Some("x".into())));
        assert_eq!(stored("n"), Ok(Some("5.0".into())));
        assert_eq!(stored("f"), Ok(Some("1.5".into())));
        assert_eq!(stored("z"), Ok(None));
        assert_eq!(stored("absent"), Ok(None));
        assert_eq!(stored("b"), Err(JsonError::Malformed));
    }

    proptest! {
        #[test]
        fn any_body_is_answered(bytes: Vec<u8>, coding in "(|gzip|deflate|br)", charset in "(utf-8|utf-16|utf-32|x)") {
            let _ = parse_json(&bytes, &format!("application/json; charset={charset}"), &coding, 1000);
        }
    }
}
