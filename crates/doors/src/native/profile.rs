//! The sealed profile: the common memory of a person's devices (docs/protocol/profile.md).

use super::answer::{Answer, Refused, json};
use super::dispatch::Asked;
use axum::response::Response;
use http::header::ETAG;
use http::{HeaderValue, StatusCode};
use tidings_wire::api::{Counter, NewProfile, PROFILE_BYTES_MAX, Profile};
use tidings_wire::{Blob, Code};

/// The counter as a tag.
fn tag(counter: u64) -> HeaderValue {
    HeaderValue::try_from(format!("\"{counter}\"")).unwrap_or(HeaderValue::from_static("\"0\""))
}

fn tagged(mut response: Response, counter: u64) -> Response {
    response.headers_mut().insert(ETAG, tag(counter));
    response
}

/// `GET /v1/profile`.
pub(super) async fn read(asked: Asked) -> Answer {
    let identity = asked.caller.as_identity()?;
    let (counter, body) = asked.door.engine.profile(identity).await?.ok_or_else(Refused::not_found)?;
    Ok(tagged(json(StatusCode::OK, &Profile { counter, body: Blob(body) })?, counter))
}

/// `PUT /v1/profile`.
pub(super) async fn put(asked: Asked) -> Answer {
    let (_, identity) = asked.caller.as_device()?;
    let expected = asked.header("if-match")?.and_then(read_tag);
    let expected = expected.ok_or_else(|| {
        Refused::malformed("If-Match must be the counter that was read, in quotes: \"0\" if there was none")
    })?;
    let NewProfile { body } = asked.json()?;
    if body.0.len() > PROFILE_BYTES_MAX {
        return Err(Refused::new(Code::TooLarge, format!("a profile may have {PROFILE_BYTES_MAX} bytes at most")));
    }
    match asked.door.engine.set_profile(identity, expected, body.0, asked.now).await? {
        Ok(counter) => Ok(tagged(json(StatusCode::OK, &Counter { counter })?, counter)),
        Err(stored) => {
            let message = format!("the stored profile has counter {stored}; read it, merge, and try again");
            Err(Refused::new(Code::Precondition, message).with_header(ETAG, tag(stored)))
        }
    }
}

/// A counter in quotes, in its one spelling.
fn read_tag(text: &str) -> Option<u64> {
    let digits = text.trim().strip_prefix('"')?.strip_suffix('"')?;
    let counter: u64 = digits.parse().ok()?;
    (counter.to_string() == digits).then_some(counter)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_have_one_spelling() {
        assert_eq!(read_tag("\"0\""), Some(0));
        assert_eq!(read_tag("\"17\""), Some(17));
        for other in ["0", "\"\"", "\"01\"", "\"+1\"", "*", "W/\"1\"", "\"1\", \"2\""] {
            assert_eq!(read_tag(other), None, "{other}");
        }
    }
}
