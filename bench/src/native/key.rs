//! Keys, and what they sign: requests (node.md, Signatures), what is followed (node.md, Live), and lists of devices (identity.md).

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ed25519_dalek::{Signer as _, SigningKey};
use sha2::{Digest as _, Sha256};

use crate::clock;
use crate::error::Result;

/// An Ed25519 key, and its public half as it is written.
pub(super) struct Key {
    secret: SigningKey,
    id: String,
}

/// A request before it is signed.
pub(super) struct Request<'a> {
    /// `GET` or `POST`.
    pub(super) method: &'static str,
    /// Where.
    pub(super) path: &'a str,
    /// What follows the question mark.
    pub(super) query: &'a str,
    /// JSON.
    pub(super) body: Option<&'a [u8]>,
}

/// Bytes in base64url without padding.
pub(super) fn b64(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// So many bytes out of base64url without padding.
pub(super) fn unb64<const N: usize>(text: &[u8]) -> Option<[u8; N]> {
    URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok()
}

/// Random bytes.
pub(super) fn random<const N: usize>() -> Result<[u8; N]> {
    let mut bytes = [0; N];
    clock::fill_random(&mut bytes)?;
    Ok(bytes)
}

impl Key {
    /// A new one.
    pub(super) fn random() -> Result<Self> {
        Ok(Self::from_seed(random()?))
    }

    /// The key of a seed.
    pub(super) fn from_seed(seed: [u8; 32]) -> Self {
        let secret = SigningKey::from_bytes(&seed);
        let id = b64(secret.verifying_key().as_bytes());
        Self { secret, id }
    }

    /// The public half in base64url.
    pub(super) fn id(&self) -> &str {
        &self.id
    }

    /// The public half.
    pub(super) fn public(&self) -> [u8; 32] {
        self.secret.verifying_key().to_bytes()
    }

    /// By which a hub knows a device: the first 8 bytes of the SHA-256 of its key, in base64url.
    pub(super) fn mark(&self) -> String {
        b64(Sha256::digest(self.public()).first_chunk::<8>().unwrap_or(&[0; 8]))
    }

    /// The signature over some bytes.
    pub(super) fn sign(&self, bytes: &[u8]) -> [u8; 64] {
        self.secret.sign(bytes).to_bytes()
    }

    /// The header lines that sign a request, `created` in seconds, each with its line end.
    pub(super) fn headers(&self, authority: &str, request: &Request<'_>, created: u64, nonce: [u8; 16]) -> String {
        let digest = request.body.map(|body| format!("sha-256=:{}:", STANDARD.encode(Sha256::digest(body))));
        let covered = if digest.is_some() { " \"content-digest\"" } else { "" };
        let (nonce, id) = (b64(&nonce), &self.id);
        let input = format!(
            "(\"@method\" \"@authority\" \"@path\" \"@query\"{covered});created={created};nonce=\"{nonce}\";\
             keyid=\"{id}\";alg=\"ed25519\";tag=\"tidings/1\""
        );
        let Request { method, path, query, .. } = request;
        let line = digest.as_ref().map_or(String::new(), |digest| format!("\"content-digest\": {digest}\n"));
        let base = format!(
            "\"@method\": {method}\n\"@authority\": {authority}\n\"@path\": {path}\n\"@query\": ?{query}\n{line}\
             \"@signature-params\": {input}"
        );
        let signature = STANDARD.encode(self.sign(base.as_bytes()));
        let digest = digest.map_or(String::new(), |digest| format!("Content-Digest: {digest}\r\n"));
        format!("{digest}Signature-Input: tidings={input}\r\nSignature: tidings=:{signature}:\r\n")
    }

    /// A whole signed request, put behind what is there already.
    pub(super) fn write(&self, out: &mut Vec<u8>, host: &str, request: &Request<'_>, nonce: [u8; 16]) {
        let headers = self.headers(host, request, clock::unix_millis() / 1000, nonce);
        let Request { method, path, query, body } = request;
        let mark = if query.is_empty() { "" } else { "?" };
        out.extend(format!("{method} {path}{mark}{query} HTTP/1.1\r\nHost: {host}\r\n{headers}").bytes());
        if let Some(body) = body {
            out.extend(format!("Content-Type: application/json\r\nContent-Length: {}\r\n", body.len()).bytes());
        }
        out.extend_from_slice(b"\r\n");
        out.extend_from_slice(body.unwrap_or_default());
    }

    /// What lets this key follow something: `inbox`, or `group` and the id behind it.
    pub(super) fn follow(&self, challenge: &[u8; 32], authority: &str, stream: &[u8]) -> String {
        let parts = [b"tidings/1 follow\0", challenge.as_slice(), authority.as_bytes(), b"\0", stream];
        b64(&self.sign(&parts.concat()))
    }

    /// The first list of devices of this identity, with one device, signed (deterministic CBOR).
    pub(super) fn device_list(&self, device: &Self) -> Vec<u8> {
        let bytes = |content: &[u8]| [&[0x58, content.len() as u8], content].concat();
        let mut body = vec![0xa4];
        body.extend_from_slice(b"\x68identity");
        body.extend(bytes(&self.public()));
        body.extend_from_slice(b"\x67counter\x01\x64next\x02\x67devices\x81\xa3\x63key");
        body.extend(bytes(&device.public()));
        body.extend_from_slice(b"\x66serial\x01\x65proof");
        body.extend(bytes(&device.sign(&[b"tidings/1 member\0", self.public().as_slice()].concat())));
        let signature = self.sign(&[b"tidings/1 devices\0", body.as_slice()].concat());
        [vec![0x82], bytes(&body), bytes(&signature)].concat()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    fn vectors(text: &str) -> Value {
        serde_json::from_str(text).unwrap()
    }

    fn bytes<const N: usize>(value: &Value) -> [u8; N] {
        let text = value.as_str().unwrap();
        std::array::from_fn(|place| u8::from_str_radix(&text[2 * place..2 * place + 2], 16).unwrap())
    }

    #[test]
    fn requests_and_follows_are_signed_as_the_vectors_are() {
        let all = vectors(include_str!("../../../docs/protocol/vectors/requests.json"));
        let key = Key::from_seed(bytes(&all["seed"]));
        let (created, nonce) = (all["created"].as_u64().unwrap(), bytes(&all["nonce"]));
        for case in all["requests"].as_array().unwrap() {
            let text = |name: &str| case[name].as_str().unwrap();
            let method = if text("method") == "GET" { "GET" } else { "POST" };
            if method != text("method") {
                continue;
            }
            let body = case["body"].as_str().map(str::as_bytes);
            let request = Request { method, path: text("path"), query: text("query"), body };
            let headers = key.headers(text("authority"), &request, created, nonce);
            let digest =
                case["content-digest"].as_str().map_or(String::new(), |digest| format!("Content-Digest: {digest}\r\n"));
            let (input, signature) = (text("signature-input"), text("signature"));
            assert_eq!(headers, format!("{digest}Signature-Input: {input}\r\nSignature: {signature}\r\n"));
        }
        for case in all["follows"].as_array().unwrap() {
            let stream = match case["stream"].as_str().unwrap() {
                "inbox" => b"inbox".to_vec(),
                _ => [b"group".as_slice(), &bytes::<16>(&case["stream"])].concat(),
            };
            let signature = key.follow(&bytes(&all["challenge"]), all["authority"].as_str().unwrap(), &stream);
            assert_eq!(unb64::<64>(signature.as_bytes()).unwrap(), bytes::<64>(&case["signature"]));
        }
    }

    #[test]
    fn bytes_are_written_and_read() {
        assert_eq!((b64(&[0xfb, 0xff]).as_str(), unb64::<2>(b"-_8")), ("-_8", Some([0xfb, 0xff])));
        assert_eq!((unb64::<2>(b"-_8="), unb64::<3>(b"-_8")), (None, None));
    }

    #[test]
    fn a_written_request_has_all_its_parts() {
        let (mut out, key) = (Vec::new(), Key::from_seed([1; 32]));
        let request = Request { method: "GET", path: "/v1/x", query: "after=1", body: None };
        key.write(&mut out, "127.0.0.1:1", &request, [2; 16]);
        let text = String::from_utf8(out).unwrap();
        assert!(text.starts_with("GET /v1/x?after=1 HTTP/1.1\r\nHost: 127.0.0.1:1\r\nSignature-Input: tidings=("));
        assert!(text.ends_with(":\r\n\r\n") && !text.contains("Content-"));
    }
}
