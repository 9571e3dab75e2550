//! The signature of requests: a NaCl box of the `X-Date` header (wire/piqchat.md, section 3).

use super::keys::BoxSecret;
use super::nonces::{Nonces, Seen};
use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use crypto_box::aead::Aead;
use crypto_box::{PublicKey, SalsaBox};
use http::HeaderMap;
use http::header::AUTHORIZATION;
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use subtle::ConstantTimeEq;
use thiserror::Error;
use tidings_core::{BoxKey, Timestamp};
use tidings_engine::Entropy;

/// Bytes of the nonce, at the beginning of a signature.
const NONCE: usize = 24;

/// Bytes of the Poly1305 tag, after the nonce.
const TAG: usize = 16;

/// Longest `Authorization` header that is looked at.
const HEADER_MAX: usize = 4096;

/// Longest `X-Date` header that is looked at.
const DATE_MAX: usize = 256;

/// Box keys that are kept, so that the curve arithmetic is done once per client. Beyond that all are forgotten.
const BOXES_MAX: usize = 8192;

/// Standard base64 with padding; unused bits in the last letter may be set, as in Node.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::RequireCanonical)
        .with_decode_allow_trailing_bits(true),
);

/// Why a signature does not hold. Clients are told only that it does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum SignatureError {
    /// A header is missing, or not of the form.
    #[error("the Authorization or X-Date header is missing or malformed")]
    Malformed,
    /// The date is too far from the node's clock.
    #[error("the date is {0:?} away from the node's clock")]
    Skewed(Duration),
    /// The box does not open, or holds something else.
    #[error("the box does not open to the date")]
    Forged,
    /// The nonce was first used from another address.
    #[error("the nonce was first used from another address")]
    Elsewhere,
}

/// What the `Authorization` header says.
#[derive(Debug, PartialEq, Eq)]
pub struct Authorization {
    /// The key that is said to have signed.
    pub key: BoxKey,
    /// The signature's nonce.
    pub nonce: [u8; NONCE],
    /// Tag and ciphertext.
    pub sealed: Vec<u8>,
}

impl Authorization {
    /// Reads the header by the rules of section 3.2. Fails with [`SignatureError::Malformed`].
    pub fn parse(header: &[u8]) -> Result<Self, SignatureError> {
        let header = std::str::from_utf8(header).map_err(|_| SignatureError::Malformed)?;
        if header.len() > HEADER_MAX {
            return Err(SignatureError::Malformed);
        }
        let rest = header.replacen("Signature ", "", 1);
        let (mut key, mut signature) = (None, None);
        for piece in rest.split(',') {
            key = parameter(piece, "keyId=\"").or(key);
            signature = parameter(piece, "signature=\"").or(signature);
        }
        let key = BoxKey::parse(&key.ok_or(SignatureError::Malformed)?).map_err(|_| SignatureError::Malformed)?;
        let signature = signature.and_then(|text| LENIENT.decode(text).ok()).ok_or(SignatureError::Malformed)?;
        match signature.split_first_chunk() {
            Some((nonce, sealed)) if sealed.len() >= TAG => Ok(Self { key, nonce: *nonce, sealed: sealed.to_vec() }),
            _ => Err(SignatureError::Malformed),
        }
    }
}

/// The value in a piece that contains the marker: the piece without the marker and without the next quote.
fn parameter(piece: &str, marker: &str) -> Option<String> {
    piece.contains(marker).then(|| piece.replacen(marker, "", 1).replacen('"', "", 1))
}

/// Reads the date that clients sign: ISO 8601 as `toISOString` writes it, or an HTTP date.
fn parse_date(text: &str) -> Option<Timestamp> {
    let http = || {
        let since = httpdate::parse_http_date(text).ok()?.duration_since(std::time::UNIX_EPOCH).ok()?;
        i64::try_from(since.as_millis()).ok().map(Timestamp::from_millis)
    };
    Timestamp::parse_iso(text).or_else(http)
}

/// A caller whose signature holds.
#[derive(Clone, Copy, Debug)]
pub(super) struct Signed {
    /// Who it is.
    pub(super) key: BoxKey,
    /// Whether this signature was surely not used before.
    pub(super) fresh: bool,
}

/// How strictly signatures are checked.
#[derive(Clone, Copy)]
pub(super) struct Strictness {
    /// How far the date may be from the node's clock.
    pub(super) window: Duration,
    /// Whether a nonce belongs to the address that used it first.
    pub(super) bind_to_address: bool,
}

/// Checks signatures, and remembers what it needs for that.
pub(super) struct Verifier {
    secret: BoxSecret,
    boxes: Mutex<HashMap<BoxKey, Arc<SalsaBox>>>,
    nonces: Nonces,
}

impl Verifier {
    pub(super) fn new(secret: BoxSecret, entropy: &Entropy, now: Timestamp) -> Self {
        Self { secret, boxes: Mutex::default(), nonces: Nonces::new(entropy, now) }
    }

    /// Checks the signature of a request. Fails with [`SignatureError`].
    pub(super) fn verify(
        &self,
        headers: &HeaderMap,
        address: IpAddr,
        strictness: Strictness,
        now: Timestamp,
    ) -> Result<Signed, SignatureError> {
        let header = headers.get(AUTHORIZATION).ok_or(SignatureError::Malformed)?;
        let text = headers.get("x-date").filter(|value| value.len() <= DATE_MAX).ok_or(SignatureError::Malformed)?;
        let date = text.to_str().ok().and_then(parse_date).ok_or(SignatureError::Malformed)?;
        if date.distance(now) > strictness.window {
            return Err(SignatureError::Skewed(date.distance(now)));
        }
        let authorization = Authorization::parse(header.as_bytes())?;
        self.open(&authorization, text.as_bytes())?;
        let seen = self.nonces.note(&authorization.key, &authorization.nonce, address, date, strictness.window, now);
        if strictness.bind_to_address && seen == Seen::Elsewhere {
            return Err(SignatureError::Elsewhere);
        }
        Ok(Signed { key: authorization.key, fresh: seen == Seen::First })
    }

    fn open(&self, authorization: &Authorization, expected: &[u8]) -> Result<(), SignatureError> {
        let known = self.boxes().get(&authorization.key).cloned();
        let sealer = known.clone().unwrap_or_else(|| {
            Arc::new(SalsaBox::new(&PublicKey::from(*authorization.key.as_bytes()), self.secret.secret()))
        });
        let opened = sealer.decrypt((&authorization.nonce).into(), authorization.sealed.as_slice());
        let text = opened.map_err(|_| SignatureError::Forged)?;
        if !bool::from(text.as_slice().ct_eq(expected)) {
            return Err(SignatureError::Forged);
        }
        if known.is_none() {
            let mut boxes = self.boxes();
            if boxes.len() >= BOXES_MAX {
                boxes.clear();
            }
            boxes.insert(authorization.key, sealer);
        }
        Ok(())
    }

    fn boxes(&self) -> std::sync::MutexGuard<'_, HashMap<BoxKey, Arc<SalsaBox>>> {
        self.boxes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const KEY: &str = "WGmv9FBUlzLLqu1eXfmzCm2jHLDldCutWtShp2jxpns=";
    const SIGNATURE: &str = "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYczJRXhth/Dz3w1c0n41AxFHHwgc4QatgeS8K1tFG/tfZRztsG1S81w==";
    const DATE: &str = "2024-01-02T03:04:05.678Z";

    fn verifier() -> Verifier {
        let bytes: [u8; 32] = std::array::from_fn(|i| i as u8 + 1);
        Verifier::new(BoxSecret::from_bytes(bytes), &Entropy::seeded(1), Timestamp::EPOCH)
    }

    fn verify_at(authorization: &str, date: Option<&str>, now: &str) -> Result<Signed, SignatureError> {
        let mut headers = HeaderMap::new();
        headers.insert(AUTHORIZATION, authorization.parse().unwrap());
        if let Some(date) = date {
            headers.insert("x-date", date.parse().unwrap());
        }
        let strictness = Strictness { window: Duration::from_secs(3600), bind_to_address: false };
        verifier().verify(&headers, [127, 0, 0, 1].into(), strictness, Timestamp::parse_iso(now).unwrap())
    }

    fn verify(authorization: &str) -> Result<BoxKey, SignatureError> {
        verify_at(authorization, Some(DATE), DATE).map(|signed| signed.key)
    }

    #[test]
    fn the_references_vectors_hold() {
        let a = format!("Signature keyId=\"{KEY}\",headers=\"x-date\",signature=\"{SIGNATURE}\"");
        assert_eq!(verify(&a), Ok(BoxKey::parse(KEY).unwrap()));
        let b = "Signature keyId=\"JE/juWPomd0pW6/84kjTUw86mnR5ugYwAmgOv+etrUk=\",headers=\"x-date\",signature=\"gYKDhIWGh4iJiouMjY6PkJGSk5SVlpeYkq/T1GOdL9TZzjN0Ww1YiYUQsdJ/S8sRZe+aI3R9MDSkfadifOk1V7KAVkK1\"";
        assert!(verify_at(b, Some("Tue, 02 Jan 2024 03:04:05 GMT"), DATE).is_ok());
        let c =
            format!("Signature keyId=\"{KEY}\",signature=\"oaKjpKWmp6ipqqusra6vsLGys7S1tre4TZFHkxZ7RSVX1K1APuTZcw==\"");
        assert_eq!(
            verify_at(&c, Some(""), DATE).map(|s| s.key),
            Err(SignatureError::Malformed),
            "an empty date is none"
        );
    }

    #[test]
    fn the_header_is_read_as_the_reference_reads_it() {
        for (header, holds) in [
            (format!("keyId=\"{KEY}\",signature=\"{SIGNATURE}\""), true),
            (format!("Signature signature=\"{SIGNATURE}\",keyId=\"{KEY}\""), true),
            (format!("Signature keyId=\"{KEY},signature=\"{SIGNATURE}"), true),
            (format!("Signature keyId=\"x\",keyId=\"{KEY}\",more=\"1\",signature=\"{SIGNATURE}\""), true),
            (format!("signature keyId=\"{KEY}\",signature=\"{SIGNATURE}\""), false),
            (format!("Signature  keyId=\"{KEY}\",signature=\"{SIGNATURE}\""), false),
            (format!("Signature keyId=\"{KEY}\", signature=\"{SIGNATURE}\""), false),
            (format!("Signature keyId=\"{KEY}\",signature=\"{}\"", SIGNATURE.replace('/', "_")), false),
            (format!("Signature keyId=\"{KEY}\",signature=\"{}\"", SIGNATURE.trim_end_matches('=')), false),
            (format!("Signature keyId=\"{}\",signature=\"{SIGNATURE}\"", KEY.replace("s=", "t=")), false),
            (format!("Signature keyId=\"{KEY}\",signature=\"QUJD\""), false),
            (format!("Signature keyId=\"{KEY}\""), false),
            (String::new(), false),
        ] {
            assert_eq!(verify(&header).is_ok(), holds, "{header}");
        }
    }

    #[test]
    fn low_order_keys_sign_for_nobody() {
        let header = "Signature keyId=\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\",signature=\"wcLDxMXGx8jJysvMzc7P0NHS09TV1tfYTqeJIxijI8ZtOcUOOaR0OPZP/fJQVUUIEsS6n+jh+qsRhQ5y59og9w==\"";
        assert_eq!(verify(header), Err(SignatureError::Malformed));
    }

    #[test]
    fn dates_outside_the_window_are_refused() {
        let header = format!("Signature keyId=\"{KEY}\",signature=\"{SIGNATURE}\"");
        for (now, holds) in [
            ("2024-01-02T04:04:05.678Z", true),
            ("2024-01-02T04:04:05.679Z", false),
            ("2024-01-02T02:04:05.678Z", true),
            ("2024-01-02T02:04:05.677Z", false),
        ] {
            assert_eq!(verify_at(&header, Some(DATE), now).is_ok(), holds, "{now}");
        }
        assert_eq!(verify_at(&header, None, DATE).map(|s| s.key), Err(SignatureError::Malformed));
        let other = verify_at(&header, Some("2024-01-02T03:04:05.679Z"), DATE);
        assert_eq!(other.map(|s| s.key), Err(SignatureError::Forged));
    }

    proptest! {
        #[test]
        fn any_header_is_answered(header: Vec<u8>) {
            let _ = Authorization::parse(&header);
        }
    }
}
