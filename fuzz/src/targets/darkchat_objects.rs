//! Streams of darkchat's TCP clients. The first byte says how the stream is cut into reads. A stream of objects, as an
//! independent reader finds them, must give the same objects however it is cut; and what a request says must be what that
//! reader says.

use serde_json::{Map, Value};
use tidings_doors::darkchat::{Found, Request, Scanner};

/// Bytes of an object at most.
const MAX: usize = 4096;

/// Brackets that may be open at a time.
const DEPTH_MAX: usize = 127;

pub(super) fn run(data: &[u8]) {
    let Some((&cut, stream)) = data.split_first() else { return };
    let cut = usize::from(cut).max(1);
    let found = scan(stream.chunks(cut));
    if let Some(objects) = slow(stream) {
        assert_eq!(found, objects, "cut by {cut}");
    }
    for object in &found {
        read(object);
    }
}

fn scan<'a>(reads: impl Iterator<Item = &'a [u8]>) -> Vec<Vec<u8>> {
    let (mut scanner, mut objects) = (Scanner::default(), Vec::new());
    for read in reads {
        let mut rest = read;
        while let Some(found) = scanner.next(&mut rest, MAX) {
            if let Found::Object(object) = found {
                objects.push(object.into_owned());
            }
        }
        assert!(scanner.held() <= MAX && rest.is_empty());
    }
    objects
}

/// The objects of a stream that has nothing but objects and white space, and none that is too deep.
fn slow(stream: &[u8]) -> Option<Vec<Vec<u8>>> {
    let mut values = serde_json::Deserializer::from_slice(stream).into_iter::<Map<String, Value>>();
    let (mut objects, mut at) = (Vec::new(), 0);
    while let Some(value) = values.next() {
        let value = value.ok()?;
        let end = values.byte_offset();
        if depth(&Value::Object(value)) > DEPTH_MAX {
            return None;
        }
        objects.push(stream[at..end].trim_ascii_start().to_vec());
        at = end;
    }
    Some(objects)
}

fn depth(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
        Value::Object(members) => 1 + members.values().map(depth).max().unwrap_or(0),
        _ => 0,
    }
}

fn read(object: &[u8]) {
    let request = Request::read(object);
    // What is deeper, or has halves of surrogate pairs, only this one reads.
    let Ok(members) = serde_json::from_slice::<Map<String, Value>>(object) else { return };
    let request = request.expect("the other one can read it");
    for (name, member) in [
        ("type", request.kind),
        ("fromPublicKey", request.from),
        ("cname", request.channel),
        ("toPublicKey", request.to),
    ] {
        let value = members.get(name);
        assert_eq!(member.text().as_deref(), value.and_then(Value::as_str), "{name}");
        let truth = match value {
            None | Some(Value::Null | Value::Bool(false)) => false,
            Some(Value::String(text)) => !text.is_empty(),
            Some(Value::Number(number)) => number.as_f64() != Some(0.0),
            Some(_) => true,
        };
        assert_eq!(member.is_set(), truth, "{name}");
        member.printed();
    }
}
