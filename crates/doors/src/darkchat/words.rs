//! What the server says, to the byte (wire/darkchat.md, sections 5 and 6).

use super::request::Request;
use super::session::Generation;
use bytes::Bytes;

/// `{"type":KIND,"msg":TEXT}`.
fn say(kind: &str, text: &str) -> Bytes {
    let text = serde_json::Value::from(text);
    Bytes::from(format!("{{\"type\":\"{kind}\",\"msg\":{text}}}"))
}

/// What the client must sign.
pub(super) fn challenge(challenge: &str) -> Bytes {
    say("verify", challenge)
}

/// The login succeeded.
pub(super) fn welcome() -> Bytes {
    Bytes::from_static(b"{\"type\":\"success\",\"msg\":\"Connected to Network\"}")
}

/// The channel was joined.
pub(super) fn joined(channel: &str) -> Bytes {
    say("success", &format!("Connected to channel {channel}"))
}

/// The message was delivered, as far as the server can tell.
pub(super) fn sent() -> Bytes {
    Bytes::from_static(b"{\"type\":\"success\",\"msg\":\"MESSAGE SENT\"}")
}

/// What came was no JSON. The real server adds the words of its engine.
pub(super) fn no_json(generation: Generation) -> Bytes {
    match generation {
        Generation::Early | Generation::Guest => malformed(),
        _ => say("error", "MALFORMED DATA SyntaxError: Unexpected token in JSON"),
    }
}

/// What came was the value `null`.
pub(super) fn null(generation: Generation) -> Bytes {
    match generation {
        Generation::Early | Generation::Guest => malformed(),
        _ => say("error", "MALFORMED DATA TypeError: Cannot read properties of null (reading 'fromPublicKey')"),
    }
}

/// A request that does not say who speaks.
pub(super) fn nobody(generation: Generation) -> Bytes {
    match generation {
        Generation::Early | Generation::Guest => malformed(),
        Generation::Second => say("error", "MALFORMED DATA no fromPublicKey member found"),
        Generation::Third => say("error", "MALFORMED DATA Error: no fromPublicKey member found"),
    }
}

/// A request of somebody who has not logged in on this connection, or a signature that is not good.
pub(super) fn stranger(generation: Generation, request: &Request<'_>) -> Bytes {
    let before = match generation {
        Generation::Early | Generation::Guest => return malformed(),
        Generation::Second => "MALFORMED DATA:",
        Generation::Third => "MALFORMED DATA: bad sig verify.",
    };
    let (kind, challenge) = (request.kind.printed(), request.challenge.printed());
    say("error", &format!("{before} type {kind} challenge {challenge}"))
}

/// All that clients before 0.2.5 are told.
fn malformed() -> Bytes {
    say("error", "MALFORMED DATA")
}

/// A message for nobody.
pub(super) fn no_destination() -> Bytes {
    say("error", "toPublicKey (private) or cname (public) destination required.")
}

/// A message for a channel that the sender has not joined.
pub(super) fn join_first() -> Bytes {
    say("error", "JOIN CHANNEL FIRST")
}

/// A name that no channel can have: no text, empty or too long. The real server has no such refusal.
pub(super) fn bad_channel() -> Bytes {
    say("error", "CHANNEL NAME NOT ACCEPTED")
}

/// One channel too many for one connection. The real server has no such refusal.
pub(super) fn too_many_channels() -> Bytes {
    say("error", "TOO MANY CHANNELS")
}

/// More than a request may have, or an object that takes too long to end; the connection is closed then.
pub(super) fn too_large(generation: Generation) -> Bytes {
    match generation {
        Generation::Early | Generation::Guest => malformed(),
        _ => say("error", "MALFORMED DATA SyntaxError: Unexpected end of JSON input"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_escaped_as_javascript_does() {
        assert_eq!(
            joined("a\"\\\n\u{1}\u{7f}\u{2028}ß/"),
            "{\"type\":\"success\",\"msg\":\"Connected to channel a\\\"\\\\\\n\\u0001\u{7f}\u{2028}ß/\"}"
        );
    }
}
