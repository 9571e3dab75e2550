//! Signatures of requests: HTTP message signatures (RFC 9421) in the one form that docs/protocol/node.md fixes.

use crate::bytes::{Fixed, encode};
use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use sha2::{Digest, Sha256};
use thiserror::Error;

/// The label of the signature in both headers.
const LABEL: &str = "tidings";
/// The tag that keeps these signatures apart from those of other applications (RFC 9421, section 2.3).
const TAG: &str = "tidings/1";
/// Most bytes of a `Signature-Input` header that are read.
const INPUT_MAX: usize = 512;

/// What of a request is signed.
#[derive(Clone, Copy)]
pub struct Parts<'a> {
    /// `GET`, `POST`, …
    pub method: &'a str,
    /// The `Host`, in lower case, without the scheme's default port.
    pub authority: &'a str,
    /// The path, as it is sent.
    pub path: &'a str,
    /// What follows `?`, as it is sent, without the question mark; empty if there is none.
    pub query: &'a str,
    /// The body; none if the request has none.
    pub body: Option<&'a [u8]>,
}

/// The headers that a signed request carries.
#[derive(Clone, PartialEq, Eq)]
pub struct Headers {
    /// `Content-Digest` (RFC 9530); none without a body.
    pub content_digest: Option<String>,
    /// `Signature-Input`.
    pub input: String,
    /// `Signature`.
    pub signature: String,
}

/// Why a signature does not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum SignatureError {
    /// The headers are missing.
    #[error("this request must be signed (RFC 9421)")]
    Missing,
    /// The headers are not of the form that the protocol fixes.
    #[error("the signature headers are not of the form that docs/protocol/node.md gives")]
    Malformed,
    /// The key is not a good Ed25519 key.
    #[error("the key id is not an Ed25519 key")]
    Key,
    /// The body is not the one that was signed.
    #[error("the content digest does not fit the body")]
    Digest,
    /// The signature is wrong.
    #[error("the signature does not fit the request")]
    Wrong,
}

/// A signature as it was found, not yet checked against the request.
#[derive(Clone)]
pub struct Claim {
    /// Who is said to have signed.
    pub key: Fixed<32>,
    /// When, in seconds.
    pub created: u64,
    /// Good once per key.
    pub nonce: Fixed<16>,
    params: String,
    with_body: bool,
    signature: Fixed<64>,
}

/// `Content-Digest` of a body.
pub fn content_digest(body: &[u8]) -> String {
    use base64::Engine as _;
    let digest = base64::engine::general_purpose::STANDARD.encode(Sha256::digest(body));
    format!("sha-256=:{digest}:")
}

/// Signs a request. `created` is in seconds.
pub fn sign(key: &SigningKey, parts: &Parts<'_>, created: u64, nonce: &Fixed<16>) -> Headers {
    let content_digest = parts.body.map(content_digest);
    let keyid = encode(key.verifying_key().as_bytes());
    let params = params(parts.body.is_some(), created, nonce, &keyid);
    let signature = key.sign(base(parts, content_digest.as_deref(), &params).as_bytes());
    let signature = standard(&signature.to_bytes());
    Headers { content_digest, input: format!("{LABEL}={params}"), signature: format!("{LABEL}=:{signature}:") }
}

/// The covered components and parameters, in their only order.
fn params(with_body: bool, created: u64, nonce: &Fixed<16>, keyid: &str) -> String {
    let digest = if with_body { " \"content-digest\"" } else { "" };
    format!(
        "(\"@method\" \"@authority\" \"@path\" \"@query\"{digest});created={created};nonce=\"{nonce}\";keyid=\"{keyid}\";alg=\"ed25519\";tag=\"{TAG}\""
    )
}

/// The signature base (RFC 9421, section 2.5).
fn base(parts: &Parts<'_>, content_digest: Option<&str>, params: &str) -> String {
    let digest = content_digest.map_or(String::new(), |digest| format!("\"content-digest\": {digest}\n"));
    format!(
        "\"@method\": {}\n\"@authority\": {}\n\"@path\": {}\n\"@query\": ?{}\n{digest}\"@signature-params\": {params}",
        parts.method, parts.authority, parts.path, parts.query
    )
}

fn standard(bytes: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

impl Claim {
    /// Reads the two headers. Fails with [`SignatureError::Malformed`]; parameters may stand in one order only.
    pub fn parse(input: &str, signature: &str) -> Result<Self, SignatureError> {
        Self::read(input, signature).ok_or(SignatureError::Malformed)
    }

    fn read(input: &str, signature: &str) -> Option<Self> {
        use base64::Engine as _;
        let params = input.strip_prefix(LABEL)?.strip_prefix('=').filter(|_| input.len() <= INPUT_MAX)?;
        let (covered, rest) = params.split_once(";created=")?;
        let with_body = covered.ends_with(" \"content-digest\")");
        let (created, rest) = rest.split_once(";nonce=\"")?;
        let (nonce, rest) = rest.split_once("\";keyid=\"")?;
        let (keyid, _) = rest.split_once('"')?;
        let (created, nonce, key) = (created.parse().ok()?, Fixed::parse(nonce)?, Fixed::parse(keyid)?);
        // Written again from what was understood: nothing else may have been in it.
        if self::params(with_body, created, &nonce, keyid) != params {
            return None;
        }
        let signature = signature.strip_prefix(LABEL)?.strip_prefix("=:")?.strip_suffix(':')?;
        let signature = base64::engine::general_purpose::STANDARD.decode(signature).ok()?.try_into().ok()?;
        Some(Self { key, created, nonce, params: params.to_owned(), with_body, signature: Fixed(signature) })
    }

    /// Whether the body belongs to what was signed. A request with a body must be signed with its digest.
    pub fn covers_body(&self) -> bool {
        self.with_body
    }

    /// Checks the signature over a request with the `Content-Digest` header that came with it, before the body is there.
    /// Fails with [`SignatureError::Key`] or [`SignatureError::Wrong`].
    pub fn verify(&self, parts: &Parts<'_>, content_digest: Option<&str>) -> Result<(), SignatureError> {
        self.verify_by(&self.unpacked()?, parts, content_digest)
    }

    /// The key in the form in which it checks signatures; to be kept by those who meet it often, since making it takes a tenth of
    /// a check. Fails with [`SignatureError::Key`].
    pub fn unpacked(&self) -> Result<VerifyingKey, SignatureError> {
        VerifyingKey::from_bytes(&self.key.0).map_err(|_| SignatureError::Key)
    }

    /// Like [`Claim::verify`], with the key that [`Claim::unpacked`] gave.
    pub fn verify_by(
        &self,
        key: &VerifyingKey,
        parts: &Parts<'_>,
        content_digest: Option<&str>,
    ) -> Result<(), SignatureError> {
        if key.as_bytes() != &self.key.0 {
            return Err(SignatureError::Key);
        }
        let digest = if self.with_body { Some(content_digest.ok_or(SignatureError::Digest)?) } else { None };
        let base = base(parts, digest, &self.params);
        key.verify_strict(base.as_bytes(), &Signature::from_bytes(&self.signature.0)).map_err(|_| SignatureError::Wrong)
    }
}

/// Whether a `Content-Digest` header is that of a body. Fails with [`SignatureError::Digest`].
pub fn check_digest(header: &str, body: &[u8]) -> Result<(), SignatureError> {
    use subtle::ConstantTimeEq as _;
    let right = content_digest(body);
    if bool::from(right.as_bytes().ct_eq(header.as_bytes())) { Ok(()) } else { Err(SignatureError::Digest) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn key() -> SigningKey {
        SigningKey::from_bytes(&[9; 32])
    }

    fn parts(body: Option<&'static [u8]>) -> Parts<'static> {
        Parts { method: "POST", authority: "node.example", path: "/v1/inbox/taken", query: "", body }
    }

    #[test]
    fn a_signature_leads_back_and_binds_everything() {
        for body in [None, Some(b"{}".as_slice())] {
            let headers = sign(&key(), &parts(body), 1_700_000_000, &Fixed([5; 16]));
            let claim = Claim::parse(&headers.input, &headers.signature).unwrap();
            let digest = headers.content_digest.as_deref();
            assert_eq!(claim.verify(&parts(body), digest), Ok(()));
            assert_eq!(
                (claim.created, claim.nonce, claim.covers_body()),
                (1_700_000_000, Fixed([5; 16]), body.is_some())
            );
            for other in [
                Parts { method: "PUT", ..parts(body) },
                Parts { authority: "other.example", ..parts(body) },
                Parts { path: "/v1/inbox", ..parts(body) },
                Parts { query: "a=1", ..parts(body) },
            ] {
                assert_eq!(claim.verify(&other, digest), Err(SignatureError::Wrong));
            }
        }
        assert_eq!(check_digest(&content_digest(b"x"), b"x"), Ok(()));
        assert_eq!(check_digest(&content_digest(b"x"), b"y"), Err(SignatureError::Digest));
    }

    #[test]
    fn what_is_not_of_the_form_is_refused() {
        let headers = sign(&key(), &parts(None), 7, &Fixed([5; 16]));
        for (from, to) in [
            ("\"@path\" ", ""),
            (";alg=\"ed25519\"", ""),
            ("created=7", "created=07"),
            ("tag=\"tidings/1\"", "tag=\"x\""),
        ] {
            let input = headers.input.replace(from, to);
            assert_ne!(input, headers.input, "{from}");
            assert!(Claim::parse(&input, &headers.signature).is_err(), "{from}");
        }
    }

    proptest! {
        #[test]
        fn any_headers_are_answered(input in ".{0,300}", signature in ".{0,120}") {
            let _ = Claim::parse(&input, &signature);
            let _ = Claim::parse(&format!("tidings={input}"), &format!("tidings=:{signature}:"));
        }
    }
}
