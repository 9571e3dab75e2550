//! JSON of the native protocol: texts of the live connection in both directions, bodies of requests and answers, headers of signatures. The
//! first byte says which. What is read must be written and read again as the same, in JSON and in CBOR.

use serde::Serialize;
use serde::de::DeserializeOwned;
use tidings_wire::live::{FromClient, FromNode};
use tidings_wire::signature::Claim;
use tidings_wire::{Failure, api, cbor};

fn text<T: Serialize + DeserializeOwned + PartialEq>(data: &[u8]) -> Option<T> {
    let value: T = serde_json::from_slice(data).ok()?;
    let Ok(written) = serde_json::to_vec(&value) else { panic!("what was read is not written") };
    assert!(serde_json::from_slice::<T>(&written).is_ok_and(|again| again == value));
    Some(value)
}

fn body<T: Serialize + DeserializeOwned + PartialEq>(data: &[u8]) {
    if let Some(value) = text::<T>(data) {
        assert!(cbor::decode::<T>(&cbor::encode(&value), usize::MAX).is_ok_and(|again| again == value));
    }
}

fn claim(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let (input, signature) = text.split_once('\n').unwrap_or((text, ""));
    if let Ok(claim) = Claim::parse(input, signature) {
        assert!(input.contains(&claim.created.to_string()));
    }
}

pub(super) fn run(data: &[u8]) {
    let Some((kind, data)) = data.split_first() else { return };
    match kind % 16 {
        0 => drop(text::<FromClient>(data)),
        1 => drop(text::<FromNode>(data)),
        2 => body::<api::NewAccount>(data),
        3 => body::<api::NewPackages>(data),
        4 => body::<api::TakenPackages>(data),
        5 => body::<api::Inbox>(data),
        6 => body::<api::NewGroup>(data),
        7 => body::<api::Group>(data),
        8 => body::<api::NewEntry>(data),
        9 => body::<api::Entries>(data),
        10 => body::<api::TurnTaken>(data),
        11 => body::<api::Exchange>(data),
        12 => body::<api::Node>(data),
        13 => body::<api::Account>(data),
        14 => body::<Failure>(data),
        _ => claim(data),
    }
}
