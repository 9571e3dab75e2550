//! True answers and texts of a node, changed as an input says. Where the input ends, nothing is changed any more.

use serde_json::Value;
use tidings_client::io::HttpAnswer;

const STATUSES: [u16; 16] = [200, 201, 204, 400, 401, 403, 404, 409, 410, 412, 413, 429, 500, 503, 507, 302];
const CODES: [&str; 8] = ["turn", "counter", "not_accepted", "not_found", "exists", "answered", "full", "busy"];

/// What is left of the input.
pub(crate) struct Bytes<'a>(pub(crate) std::slice::Iter<'a, u8>);

impl Bytes<'_> {
    pub(crate) fn next(&mut self) -> u8 {
        self.0.next().copied().unwrap_or_default()
    }

    pub(crate) fn is_at_end(&self) -> bool {
        self.0.len() == 0
    }

    fn below(&mut self, limit: usize) -> usize {
        usize::from(u16::from_le_bytes([self.next(), self.next()])) % limit.max(1)
    }
}

/// The answer as the client gets it, or none.
pub(crate) fn twisted(mut answer: HttpAnswer, bytes: &mut Bytes<'_>) -> Option<HttpAnswer> {
    match bytes.next() % 16 {
        0..=6 => {}
        7 => return None,
        8 => answer.status = STATUSES[usize::from(bytes.next()) % STATUSES.len()],
        9 => answer = refusal(bytes),
        10 => answer.body = cut(answer.body, bytes),
        11 => answer.headers = headers(bytes),
        kind => {
            for _ in 11..kind {
                answer.body = json(&answer.body, bytes);
            }
        }
    }
    Some(answer)
}

/// The text as the client hears it, or the end of the connection.
pub(crate) fn said(text: String, bytes: &mut Bytes<'_>) -> Option<String> {
    let body = match bytes.next() % 8 {
        0..=3 => return Some(text),
        4 => return None,
        5 => cut(text.into_bytes(), bytes),
        6 => json(text.as_bytes(), bytes),
        _ => json(&json(text.as_bytes(), bytes), bytes),
    };
    Some(String::from_utf8_lossy(&body).into_owned())
}

fn refusal(bytes: &mut Bytes<'_>) -> HttpAnswer {
    let code = CODES[usize::from(bytes.next()) % CODES.len()];
    let body =
        serde_json::json!({ "error": code, "message": "", "turn": bytes.next(), "end": bytes.next(), "offset": 1 });
    let status = STATUSES[usize::from(bytes.next()) % STATUSES.len()];
    HttpAnswer { status, headers: headers(bytes), body: body.to_string().into_bytes() }
}

fn headers(bytes: &mut Bytes<'_>) -> Vec<(String, String)> {
    let names = ["retry-after", "date", "etag", "upload-offset", "content-range", "x"];
    let values = ["0", "18446744073709551615", "Thu, 01 Jan 1970 00:00:00 GMT", "\"7\"", "-1", "é"];
    let name = names[usize::from(bytes.next()) % names.len()];
    vec![(name.to_owned(), values[usize::from(bytes.next()) % values.len()].to_owned())]
}

/// Cuts off the end, flips a bit, or puts bytes of the input in the place of everything.
fn cut(mut body: Vec<u8>, bytes: &mut Bytes<'_>) -> Vec<u8> {
    match bytes.next() % 3 {
        0 => body.truncate(bytes.below(body.len() + 1)),
        1 => {
            let place = bytes.below(body.len());
            body.get_mut(place).into_iter().for_each(|byte| *byte ^= 1 << (place % 8));
        }
        _ => body = (0..bytes.next()).map(|_| bytes.next()).collect(),
    }
    body
}

/// Changes one value somewhere in a JSON text.
fn json(body: &[u8], bytes: &mut Bytes<'_>) -> Vec<u8> {
    let Ok(mut value) = serde_json::from_slice::<Value>(body) else { return body.to_vec() };
    let mut place = bytes.below(count(&value));
    if let Some(chosen) = find(&mut value, &mut place) {
        change(chosen, bytes);
    }
    serde_json::to_vec(&value).unwrap_or_default()
}

fn children(value: &mut Value) -> Box<dyn Iterator<Item = &mut Value> + '_> {
    match value {
        Value::Array(items) => Box::new(items.iter_mut()),
        Value::Object(members) => Box::new(members.values_mut()),
        _ => Box::new(std::iter::empty()),
    }
}

fn count(value: &Value) -> usize {
    1 + match value {
        Value::Array(items) => items.iter().map(count).sum(),
        Value::Object(members) => members.values().map(count).sum(),
        _ => 0,
    }
}

fn find<'a>(value: &'a mut Value, place: &mut usize) -> Option<&'a mut Value> {
    if *place == 0 {
        return Some(value);
    }
    *place -= 1;
    children(value).find_map(|child| find(child, place))
}

fn change(value: &mut Value, bytes: &mut Bytes<'_>) {
    let choice = bytes.next();
    match (value, choice % 8) {
        (Value::Array(items), 0) => drop(items.pop()),
        (Value::Array(items), 1) => items.extend(items.clone()),
        (Value::Array(items), 2) => items.reverse(),
        (Value::Array(items), 3) if !items.is_empty() => drop(items.remove(0)),
        (Value::Object(members), 0..=3) => {
            let name = members.keys().nth(usize::from(choice / 8) % members.len().max(1)).cloned();
            name.and_then(|name| members.remove(&name));
        }
        (Value::String(text), 0) => text.clear(),
        (Value::String(text), 1) => {
            text.truncate(text.char_indices().nth(usize::from(choice / 8)).map_or(0, |(at, _)| at))
        }
        (Value::String(text), 2) => *text = "A".repeat(text.len()),
        (Value::String(text), 3) => {
            // Still base64url, of as many bytes.
            let place = bytes.below(text.len());
            let other = if text.get(place..=place) == Some("B") { "C" } else { "B" };
            if text.is_char_boundary(place) && text.is_char_boundary(place + 1) && place < text.len() {
                text.replace_range(place..=place, other);
            }
        }
        (value @ Value::Number(_), 0..=3) => {
            let number = value.as_u64().unwrap_or_default();
            let numbers =
                [number.wrapping_add(1), number.wrapping_sub(1), 0, u64::MAX, 1, number / 2, 1 << 53, number ^ 1 << 40];
            *value = numbers[usize::from(choice / 8) % numbers.len()].into();
        }
        (value, choice) => {
            *value = match choice {
                4 => Value::Null,
                5 => Value::Bool(true),
                6 => Value::Array(Vec::new()),
                7 => Value::String("AAAAAAAAAAAAAAAAAAAAAA".to_owned()),
                _ => Value::from(u64::MAX),
            }
        }
    }
}
