//! Where and under which keys a person's browser takes pushes: checked once at the edge, sane ever after.

use std::fmt;

use base64::Engine as _;
use p256::PublicKey;
use serde::{Deserialize, Serialize};
use url::{Host, Url};
use zeroize::Zeroizing;

use super::BASE64URL;
use crate::outbound::{self, AddressPolicy};

/// How long an endpoint may be, in bytes. The longest in use, those of Windows, stay below a thousand.
pub const MAX_ENDPOINT: usize = 2048;

/// How long the text of either key may be, in bytes; 65 bytes take 88 letters.
pub const MAX_KEY_TEXT: usize = 96;

/// How long a stored subscription may be, in bytes.
pub const MAX_STORED: usize = 8192;

/// The length of an uncompressed point of P-256: 4, x, y.
pub const POINT_LEN: usize = 65;

/// The length of the authentication secret (RFC 8291, section 3.2).
pub const AUTH_LEN: usize = 16;

/// The first byte of an uncompressed point.
const UNCOMPRESSED: u8 = 4;

/// How a browser wants payloads to be sealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// RFC 8291. Also when nothing was said.
    Aes128Gcm,
    /// The older draft-ietf-webpush-encryption-04.
    AesGcm,
    /// Anything else: the subscription is kept, but nothing is sent to it (wire/piqchat.md 6).
    NoPush,
}

impl Encoding {
    /// Reads the `encoding` of a registration; `None` when it is absent or null.
    pub fn parse(text: Option<&str>) -> Self {
        match text {
            None | Some("aes128gcm") => Self::Aes128Gcm,
            Some("aesgcm") => Self::AesGcm,
            Some(_) => Self::NoPush,
        }
    }

    /// The name of the content coding; `none` for [`Encoding::NoPush`].
    pub fn name(self) -> &'static str {
        match self {
            Self::Aes128Gcm => "aes128gcm",
            Self::AesGcm => "aesgcm",
            Self::NoPush => "none",
        }
    }
}

/// Why a registration is refused. The door answers 400.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SubscriptionError {
    /// Not a URL, too long, not https, without a host name, or with a password.
    #[error("the endpoint is not a URL of a push service")]
    Endpoint,
    /// Not 65 bytes of base64url that are a point on P-256.
    #[error("the key p256dh is not a point on the curve P-256")]
    P256dh,
    /// Not 16 bytes of base64url.
    #[error("the key auth is not 16 bytes")]
    Auth,
    /// Not the JSON of a subscription.
    #[error("the subscription is not the JSON that was expected")]
    Json,
}

/// A checked push subscription. Whoever has all of it can push to the person, so `Debug` shows the host alone.
#[derive(Clone)]
pub struct Subscription {
    endpoint: Url,
    point: [u8; POINT_LEN],
    key: PublicKey,
    auth: Zeroizing<[u8; AUTH_LEN]>,
    encoding: Encoding,
}

impl Subscription {
    /// Checks what a browser registered (wire/piqchat.md 4.7 and 12.5). Both keys are base64url with or without padding;
    /// the standard alphabet is taken as well, as Node does.
    ///
    /// # Errors
    /// The first field that is wrong.
    pub fn parse(
        endpoint: &str,
        p256dh: &str,
        auth: &str,
        encoding: Option<&str>,
        policy: AddressPolicy,
    ) -> Result<Self, SubscriptionError> {
        let endpoint = parse_endpoint(endpoint, policy).ok_or(SubscriptionError::Endpoint)?;
        let point: [u8; POINT_LEN] = decode(p256dh).ok_or(SubscriptionError::P256dh)?;
        if point.first() != Some(&UNCOMPRESSED) {
            return Err(SubscriptionError::P256dh);
        }
        let key = PublicKey::from_sec1_bytes(&point).map_err(|_| SubscriptionError::P256dh)?;
        let auth = Zeroizing::new(decode(auth).ok_or(SubscriptionError::Auth)?);
        Ok(Self { endpoint, point, key, auth, encoding: Encoding::parse(encoding) })
    }

    /// Reads what [`Subscription::to_json`] wrote, and the `push_subscription_json` of a piqchat database, which has the
    /// same form. Checks all of it again.
    ///
    /// # Errors
    /// [`SubscriptionError::Json`] for another form, else as [`Subscription::parse`].
    pub fn from_json(text: &str, policy: AddressPolicy) -> Result<Self, SubscriptionError> {
        if text.len() > MAX_STORED {
            return Err(SubscriptionError::Json);
        }
        let stored: Stored = serde_json::from_str(text).map_err(|_| SubscriptionError::Json)?;
        Self::parse(&stored.endpoint, &stored.keys.p256dh, &stored.keys.auth, stored.encoding.as_deref(), policy)
    }

    /// The form to be stored: one JSON text, with all secrets in it.
    ///
    /// # Errors
    /// [`SubscriptionError::Json`], for no known reason.
    pub fn to_json(&self) -> Result<String, SubscriptionError> {
        let stored = Stored {
            endpoint: self.endpoint.as_str().to_owned(),
            keys: Keys { p256dh: BASE64URL.encode(self.point), auth: BASE64URL.encode(*self.auth) },
            encoding: Some(self.encoding.name().to_owned()),
        };
        serde_json::to_string(&stored).map_err(|_| SubscriptionError::Json)
    }

    /// The URL to post to. It is a secret of the person.
    pub fn endpoint(&self) -> &Url {
        &self.endpoint
    }

    /// How payloads are to be sealed.
    pub fn encoding(&self) -> Encoding {
        self.encoding
    }

    /// The browser's public key.
    pub(super) fn key(&self) -> &PublicKey {
        &self.key
    }

    /// The browser's public key as 65 bytes.
    pub(super) fn point(&self) -> &[u8; POINT_LEN] {
        &self.point
    }

    /// The push service's host.
    pub fn host(&self) -> &str {
        self.endpoint.host_str().unwrap_or_default()
    }

    /// The secret that the browser shares with its senders.
    pub(super) fn auth(&self) -> &[u8; AUTH_LEN] {
        &self.auth
    }
}

impl fmt::Debug for Subscription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subscription")
            .field("host", &self.endpoint.host_str())
            .field("encoding", &self.encoding)
            .finish_non_exhaustive()
    }
}

/// The stored form, which is that of the wire.
#[derive(Serialize, Deserialize)]
struct Stored {
    endpoint: String,
    keys: Keys,
    encoding: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct Keys {
    p256dh: String,
    auth: String,
}

/// A host name is demanded, and where the policy allows loopback, its addresses are taken as well. A fragment is dropped:
/// it is no part of what is asked.
fn parse_endpoint(text: &str, policy: AddressPolicy) -> Option<Url> {
    if text.len() > MAX_ENDPOINT {
        return None;
    }
    let mut url = Url::parse(text).ok()?;
    outbound::check_url(&url, policy).ok()?;
    let named = match url.host()? {
        Host::Domain(_) => true,
        Host::Ipv4(address) => outbound::is_loopback(address.into()),
        Host::Ipv6(address) => outbound::is_loopback(address.into()),
    };
    url.set_fragment(None);
    // Escaping can make a URL longer than what was given.
    (named && url.as_str().len() <= MAX_ENDPOINT).then_some(url)
}

/// Reads exactly `N` bytes from base64 of either alphabet, padded or not.
fn decode<const N: usize>(text: &str) -> Option<[u8; N]> {
    if text.len() > MAX_KEY_TEXT {
        return None;
    }
    let url_safe = Zeroizing::new(text.trim_end_matches('=').replace('+', "-").replace('/', "_"));
    let bytes = Zeroizing::new(BASE64URL.decode(url_safe.as_bytes()).ok()?);
    bytes.as_slice().try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ENDPOINT: &str = "https://push.example.org/send/abc?key=1";
    const P256DH: &str = "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4";
    const AUTH: &str = "BTBZMqHH6r4Tts7J_aSIgg";

    fn parse(endpoint: &str, p256dh: &str, auth: &str) -> Result<Subscription, SubscriptionError> {
        Subscription::parse(endpoint, p256dh, auth, None, AddressPolicy::PublicOnly)
    }

    #[test]
    fn a_browser_is_understood_in_every_spelling_of_base64() {
        let plain = parse(ENDPOINT, P256DH, AUTH).unwrap();
        let standard = |text: &str, pad: &str| text.replace('-', "+").replace('_', "/") + pad;
        let other = parse(ENDPOINT, &standard(P256DH, "="), &standard(AUTH, "==")).unwrap();
        assert_eq!(plain.to_json(), other.to_json());
        assert_eq!(plain.encoding(), Encoding::Aes128Gcm);
    }

    #[test]
    fn endpoints_other_than_https_with_a_name_are_refused() {
        for endpoint in [
            "",
            "push.example.org",
            "http://push.example.org/",
            "ftp://push.example.org/",
            "https://8.8.8.8/",
            "https://[2606:4700::1111]/",
            "https://127.0.0.1/",
            "https://localhost/",
            "https://a:b@push.example.org/",
            "https://",
            "javascript:alert(1)",
        ] {
            assert_eq!(parse(endpoint, P256DH, AUTH).err(), Some(SubscriptionError::Endpoint), "{endpoint}");
        }
        let long = |letters: usize| ENDPOINT.to_owned() + &"x".repeat(letters - ENDPOINT.len());
        assert!(parse(&long(MAX_ENDPOINT), P256DH, AUTH).is_ok());
        assert_eq!(parse(&long(MAX_ENDPOINT + 1), P256DH, AUTH).err(), Some(SubscriptionError::Endpoint));
        let grows = "https://push.example.org/".to_owned() + &"é".repeat(900);
        assert_eq!(parse(&grows, P256DH, AUTH).err(), Some(SubscriptionError::Endpoint));
    }

    #[test]
    fn the_test_policy_takes_loopback_and_still_no_other_address() {
        let parse = |endpoint| Subscription::parse(endpoint, P256DH, AUTH, None, AddressPolicy::AllowLoopback);
        for endpoint in
            ["http://127.0.0.1:1234/x", "https://127.0.0.1:1234/x", "http://localhost:1", "https://[::1]:1/"]
        {
            assert!(parse(endpoint).is_ok(), "{endpoint}");
        }
        for endpoint in ["http://push.example.org/", "https://8.8.8.8/", "http://10.0.0.1/", "https://10.0.0.1/"] {
            assert!(parse(endpoint).is_err(), "{endpoint}");
        }
    }

    #[test]
    fn keys_that_are_none_are_refused() {
        let off_curve = BASE64URL.encode([&[4; 64][..], &[1]].concat());
        let compressed = BASE64URL.encode([&[2], &BASE64URL.decode(P256DH).unwrap()[1..33]].concat());
        let marked = BASE64URL.encode([&[6], &BASE64URL.decode(P256DH).unwrap()[1..]].concat());
        let infinity = BASE64URL.encode([0; 65]);
        let long = P256DH.to_owned() + &"A".repeat(100);
        for p256dh in ["", "AAAA", "!", &off_curve, &compressed, &marked, &infinity, &long, &P256DH[..86], "é"] {
            assert_eq!(parse(ENDPOINT, p256dh, AUTH).err(), Some(SubscriptionError::P256dh), "{p256dh}");
        }
        for auth in ["", "AAAA", "!", &AUTH[..20], &(AUTH.to_owned() + "AA"), "BTBZMqHH6r4Tts7J_aSIgh", &long] {
            assert_eq!(parse(ENDPOINT, P256DH, auth).err(), Some(SubscriptionError::Auth), "{auth}");
        }
    }

    #[test]
    fn encodings_are_read_and_unknown_ones_mean_no_push() {
        for (text, expected) in [
            (None, Encoding::Aes128Gcm),
            (Some("aes128gcm"), Encoding::Aes128Gcm),
            (Some("aesgcm"), Encoding::AesGcm),
            (Some("AESGCM"), Encoding::NoPush),
            (Some(""), Encoding::NoPush),
            (Some("none"), Encoding::NoPush),
        ] {
            assert_eq!(Encoding::parse(text), expected);
            let parsed = Subscription::parse(ENDPOINT, P256DH, AUTH, text, AddressPolicy::PublicOnly).unwrap();
            let again = Subscription::from_json(&parsed.to_json().unwrap(), AddressPolicy::PublicOnly).unwrap();
            assert_eq!(again.encoding(), expected);
        }
    }

    #[test]
    fn the_stored_text_is_that_of_the_wire() {
        let parsed = parse(&format!("{ENDPOINT}#fragment"), P256DH, AUTH).unwrap();
        let expected = format!(
            r#"{{"endpoint":"{ENDPOINT}","keys":{{"p256dh":"{P256DH}","auth":"{AUTH}"}},"encoding":"aes128gcm"}}"#
        );
        assert_eq!(parsed.to_json(), Ok(expected));
        let from_browser = format!(
            r#"{{"endpoint":"{ENDPOINT}","expirationTime":null,"keys":{{"p256dh":"{P256DH}","auth":"{AUTH}"}},"encoding":null}}"#
        );
        let read = Subscription::from_json(&from_browser, AddressPolicy::PublicOnly).unwrap();
        assert_eq!(read.to_json(), parsed.to_json());
    }

    #[test]
    fn stored_texts_of_another_form_are_refused() {
        let huge = format!(r#"{{"endpoint":"{}"}}"#, "x".repeat(MAX_STORED));
        for text in ["", "{}", "null", "[]", r#"{"endpoint":"https://a.example/"}"#, &huge] {
            let read = Subscription::from_json(text, AddressPolicy::PublicOnly);
            assert_eq!(read.err(), Some(SubscriptionError::Json), "{text}");
        }
    }

    #[test]
    fn debug_shows_no_secret() {
        let shown = format!("{:?}", parse(ENDPOINT, P256DH, AUTH).unwrap());
        assert_eq!(shown, r#"Subscription { host: Some("push.example.org"), encoding: Aes128Gcm, .. }"#);
    }
}
