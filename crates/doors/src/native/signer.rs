//! Who signed a request (docs/protocol/node.md, Signatures).

use super::Native;
use super::answer::Refused;
use super::replay::Seen;
use super::settings::Settings;
use super::unpacked::UnpackedKeys;
use http::header::HOST;
use http::request::Parts;
use http::{HeaderMap, HeaderName};
use std::net::IpAddr;
use std::time::Duration;
use tidings_core::{Ed25519Key, Timestamp};
use tidings_wire::api::CLOCK_SLACK_SECONDS;
use tidings_wire::signature::{self, Claim, SignatureError};
use tidings_wire::{Code, Fixed};

const SIGNATURE: HeaderName = HeaderName::from_static("signature");
const SIGNATURE_INPUT: HeaderName = HeaderName::from_static("signature-input");
const CONTENT_DIGEST: HeaderName = HeaderName::from_static("content-digest");

/// A key that signed this request, which was not seen before.
#[derive(Clone)]
pub(super) struct Signed {
    key: Fixed<32>,
    /// The digest that was signed, if the body was.
    digest: Option<String>,
}

impl Signed {
    /// The key. Fails for one that several keys could stand for.
    pub(super) fn key(&self) -> Result<Ed25519Key, Refused> {
        Ed25519Key::from_bytes(self.key.0).map_err(|_| refused(SignatureError::Key))
    }

    /// Checks the body, once it is there. Fails if it is not what was signed, or was not signed at all.
    pub(super) fn covers(&self, body: &[u8]) -> Result<(), Refused> {
        match &self.digest {
            Some(digest) => signature::check_digest(digest, body).map_err(refused),
            None if body.is_empty() => Ok(()),
            None => Err(unsigned("a request with a body must be signed with its content-digest")),
        }
    }
}

/// Whether a request carries a signature at all.
pub(super) fn is_signed(headers: &HeaderMap) -> bool {
    headers.contains_key(SIGNATURE) || headers.contains_key(SIGNATURE_INPUT)
}

/// Finds out who signed. Fails with a refusal that says what is wrong.
pub(super) fn verify(door: &Native, request: &Parts, address: IpAddr, now: Timestamp) -> Result<Signed, Refused> {
    door.limits.may_guess(address, now).map_err(Refused::rate)?;
    let checked = check(&door.settings.load(), &door.keys, request, now);
    let (claim, digest) = checked.inspect_err(|_| door.limits.guessed_wrong(address, now))?;
    let seconds = seconds(now);
    match door.replays.note(&claim.key, &claim.nonce, claim.created, seconds) {
        Seen::First => {}
        Seen::Again => {
            door.limits.guessed_wrong(address, now);
            return Err(unsigned("this signature was used before; sign each request anew, with a fresh nonce"));
        }
        Seen::Forgotten(until) => {
            let wait = until.saturating_sub(claim.created).saturating_add(1);
            return Err(Refused::busy(
                "this node can't tell any more whether it has seen this request, since it has just started or is very \
                 busy; sign it anew",
                Duration::from_secs(wait),
            ));
        }
    }
    Ok(Signed { key: claim.key, digest })
}

/// All but whether it was used before.
fn check(
    settings: &Settings,
    keys: &UnpackedKeys,
    request: &Parts,
    now: Timestamp,
) -> Result<(Claim, Option<String>), Refused> {
    let (Some(input), Some(given)) = (one(&request.headers, &SIGNATURE_INPUT)?, one(&request.headers, &SIGNATURE)?)
    else {
        return Err(refused(SignatureError::Missing));
    };
    let claim = Claim::parse(input, given).map_err(refused)?;
    let (now, slack) = (seconds(now), CLOCK_SLACK_SECONDS);
    if claim.created.abs_diff(now) > slack {
        let message = format!(
            "the request says it was signed at {} but this node's clock says {now} (seconds since 1970); set the clock, \
             or sign by the node's: {slack} s are the most that they may differ",
            claim.created
        );
        return Err(unsigned(message));
    }
    let authority = authority(request).ok_or_else(|| unsigned("the request has no Host"))?;
    is_ours(settings, &authority)?;
    let digest = one(&request.headers, &CONTENT_DIGEST)?.filter(|_| claim.covers_body());
    let parts = signature::Parts {
        method: request.method.as_str(),
        authority: &authority,
        path: request.uri.path(),
        query: request.uri.query().unwrap_or_default(),
        body: None,
    };
    let key = keys.unpacked(&claim).map_err(refused)?;
    claim.verify_by(&key, &parts, digest).map_err(refused)?;
    keys.keep(key);
    Ok((claim, digest.map(str::to_owned)))
}

/// A header that may stand there once.
fn one<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Result<Option<&'a str>, Refused> {
    let mut found = headers.get_all(name).iter();
    let first = found.next();
    if found.next().is_some() {
        return Err(unsigned(format!("there is more than one {name}")));
    }
    first.map(|value| value.to_str().map_err(|_| refused(SignatureError::Malformed))).transpose()
}

/// The host that the request is for, in lower case, without the port that its scheme has anyway.
pub(super) fn authority(request: &Parts) -> Option<String> {
    let named = request.uri.authority().map(|authority| authority.as_str());
    let host = named.or_else(|| request.headers.get(HOST)?.to_str().ok())?.to_ascii_lowercase();
    let bare = host.strip_suffix(":443").or_else(|| host.strip_suffix(":80"));
    Some(bare.map(str::to_owned).unwrap_or(host))
}

/// A request that was signed for another node must not be good here: whoever runs that node has seen it. A node that knows
/// its name takes no other, but that of its own machine.
pub(super) fn is_ours(settings: &Settings, authority: &str) -> Result<(), Refused> {
    let Some(ours) = &settings.authority else { return Ok(()) };
    if ours.eq_ignore_ascii_case(authority) || is_loopback(authority) {
        return Ok(());
    }
    Err(unsigned(format!("the request is for {authority}, but this node is {ours} (its setting public-url)")))
}

/// Whether `host[:port]` is of this machine.
pub(super) fn is_loopback(authority: &str) -> bool {
    let host = match authority.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((host, _)) => host,
        None => authority.split(':').next().unwrap_or_default(),
    };
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// Seconds since 1970.
pub(super) fn seconds(now: Timestamp) -> u64 {
    u64::try_from(now.millis()).unwrap_or_default() / 1000
}

fn unsigned(message: impl Into<std::borrow::Cow<'static, str>>) -> Refused {
    Refused::new(Code::Unsigned, message)
}

fn refused(error: SignatureError) -> Refused {
    unsigned(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::Request;

    #[test]
    fn the_host_is_found_in_both_versions_of_http() {
        for (uri, host, expected) in [
            ("/v1/node", Some("Node.Example:8443"), Some("node.example:8443")),
            ("/v1/node", Some("node.example:443"), Some("node.example")),
            ("https://node.example/v1/node", None, Some("node.example")),
            ("/v1/node", None, None),
        ] {
            let mut request = Request::builder().uri(uri);
            if let Some(host) = host {
                request = request.header(HOST, host);
            }
            let (parts, ()) = request.body(()).unwrap().into_parts();
            assert_eq!(authority(&parts).as_deref(), expected, "{uri} {host:?}");
        }
    }

    #[test]
    fn what_is_for_another_node_is_refused() {
        let named = Settings { authority: Some("node.example".to_owned()), ..Settings::default() };
        for (settings, authority, good) in [
            (&named, "node.example", true),
            (&named, "127.0.0.1:8080", true),
            (&named, "[::1]:8080", true),
            (&named, "localhost", true),
            (&named, "other.example", false),
            (&named, "localhost.example", false),
            (&Settings::default(), "anything", true),
        ] {
            assert_eq!(is_ours(settings, authority).is_ok(), good, "{authority}");
        }
    }
}
