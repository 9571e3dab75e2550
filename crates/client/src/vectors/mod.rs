//! The test vectors in docs/protocol/vectors: made by this code, compared with what is committed there, and read by another implementation
//! in tests/e2e. After a change of the protocol that is meant, write them anew:
//! `cargo test -p tidings-client --lib vectors::write -- --ignored`

mod carried;
mod person;
mod sealed;
mod talk;

use ciborium::Value as Cbor;
use rand::rand_core::TryRng;
use serde::Serialize;
use serde_json::{Value, json};
use std::convert::Infallible;
use std::fs;
use std::path::PathBuf;
use tidings_wire::cbor;

/// "Random" bytes 0, 1, 2, …, so that nonces are known.
struct Counting(u8);

impl TryRng for Counting {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        let mut bytes = [0; 4];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u32::from_le_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        let mut bytes = [0; 8];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u64::from_le_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        for byte in bytes {
            *byte = self.0;
            self.0 = self.0.wrapping_add(1);
        }
        Ok(())
    }
}

fn hex(bytes: impl AsRef<[u8]>) -> String {
    bytes.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// CBOR as JSON: byte strings are written `h'…'`.
fn shown(bytes: &[u8]) -> Value {
    let value: Cbor = cbor::decode(bytes, usize::MAX).expect("written here");
    convert(value)
}

fn convert(value: Cbor) -> Value {
    match value {
        Cbor::Bytes(bytes) => json!(format!("h'{}'", hex(bytes))),
        Cbor::Text(text) => json!(text),
        Cbor::Bool(value) => json!(value),
        Cbor::Integer(value) => json!(u64::try_from(value).expect("not negative")),
        Cbor::Array(items) => items.into_iter().map(convert).collect(),
        Cbor::Map(items) => {
            items.into_iter().map(|(key, value)| (key.into_text().expect("text"), convert(value))).collect()
        }
        _ => Value::Null,
    }
}

/// CBOR in hexadecimal digits and as JSON.
fn both(value: &impl Serialize) -> Value {
    let bytes = cbor::encode(value);
    json!({ "cbor": hex(&bytes), "value": shown(&bytes) })
}

fn good<T, E: std::fmt::Display>(result: Result<T, E>) -> T {
    match result {
        Ok(value) => value,
        Err(error) => panic!("{error}"),
    }
}

fn path(name: &str) -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/protocol/vectors")).join(format!("{name}.json"))
}

fn all() -> Vec<(&'static str, Value)> {
    vec![
        ("keys", person::keys()),
        ("signed", person::signed()),
        ("device_lists", person::device_lists()),
        ("safety", person::safety()),
        ("sealing", sealed::sealing()),
        ("entries", sealed::entries()),
        ("blobs", sealed::blobs()),
        ("requests", sealed::requests()),
        ("links", carried::links()),
        ("invitations", carried::invitations()),
        ("parcels", carried::parcels()),
        ("profile", carried::profile()),
        ("contents", talk::contents()),
        ("rosters", talk::rosters()),
    ]
}

fn text(value: &Value) -> String {
    format!("{}\n", serde_json::to_string_pretty(value).expect("JSON"))
}

#[test]
fn the_code_gives_the_vectors_that_are_published() {
    for (name, value) in all() {
        let published = fs::read_to_string(path(name)).unwrap_or_default();
        assert!(published == text(&value), "{name}.json is another; see crates/client/src/vectors/mod.rs");
    }
}

#[test]
#[ignore = "writes the vectors"]
fn write() {
    for (name, value) in all() {
        fs::write(path(name), text(&value)).expect("docs/protocol/vectors");
    }
}
