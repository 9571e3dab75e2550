//! Who is asking: the node's VAPID key and the tokens that it signs (RFC 8292, and the header form of the draft that goes
//! with `aesgcm`).

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use base64::Engine as _;
use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderValue};
use p256::SecretKey;
use p256::ecdsa::signature::Signer as _;
use p256::ecdsa::{Signature, SigningKey};
use p256::elliptic_curve::Generate as _;
use rand::CryptoRng;
use serde::Serialize;
use tidings_core::time::Timestamp;
use url::Url;
use zeroize::Zeroizing;

use super::BASE64URL;
use super::encrypt::{CRYPTO_KEY, uncompressed};
use super::subscription::Encoding;

/// How long a token is good (wire/piqchat.md 6). RFC 8292 allows a day.
pub const TOKEN_LIFE: Duration = Duration::from_secs(12 * 3600);

/// How long a token is used again for the same push service. What is left of its life forgives clocks that are wrong.
pub const TOKEN_REUSE: Duration = Duration::from_secs(6 * 3600);

/// How many push services' tokens are kept. There are a handful in the world; strangers may name others.
const MAX_TOKENS: usize = 64;

/// How long the contact may be, in bytes.
const MAX_CONTACT: usize = 512;

/// The header of every token, `{"typ":"JWT","alg":"ES256"}`.
const JWT_HEADER: &[u8] = br#"{"typ":"JWT","alg":"ES256"}"#;

/// Why there is no key or no token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VapidError {
    /// Not 32 bytes of base64url, or not a number of the curve.
    #[error("the VAPID key is not a P-256 secret in base64url")]
    Key,
    /// Neither `mailto:` nor `https:`, or too long.
    #[error("the VAPID contact must be a mailto: or https: address")]
    Contact,
    /// The token could not be written; does not happen.
    #[error("the VAPID token could not be made")]
    Token,
}

/// The node's key for pushes. It must stay the same, since subscriptions are tied to it. There is no `Debug`.
pub struct VapidKey {
    secret: SecretKey,
    public: String,
}

impl VapidKey {
    /// Makes a new key out of `rng`.
    ///
    /// # Errors
    /// None is known.
    pub fn generate<R: CryptoRng + ?Sized>(rng: &mut R) -> Result<Self, VapidError> {
        Self::new(SecretKey::generate_from_rng(rng))
    }

    /// Reads the secret as piqchat keeps it: 32 bytes of base64url without padding.
    ///
    /// # Errors
    /// [`VapidError::Key`].
    pub fn from_base64url(text: &str) -> Result<Self, VapidError> {
        let bytes = Zeroizing::new(BASE64URL.decode(text).map_err(|_| VapidError::Key)?);
        let bytes: &[u8; 32] = bytes.as_slice().try_into().map_err(|_| VapidError::Key)?;
        Self::new(SecretKey::from_slice(bytes).map_err(|_| VapidError::Key)?)
    }

    fn new(secret: SecretKey) -> Result<Self, VapidError> {
        let point = uncompressed(&secret.public_key()).ok_or(VapidError::Key)?;
        Ok(Self { secret, public: BASE64URL.encode(point) })
    }

    /// The secret, to be stored: 43 letters of base64url.
    pub fn to_base64url(&self) -> Zeroizing<String> {
        let bytes = Zeroizing::new(<[u8; 32]>::from(self.secret.to_bytes()));
        Zeroizing::new(BASE64URL.encode(*bytes))
    }

    /// The public key as clients get it: 65 bytes, uncompressed, 87 letters of base64url.
    pub fn public_base64url(&self) -> &str {
        &self.public
    }
}

/// The claims in the order of the wire.
#[derive(Serialize)]
struct Claims<'a> {
    aud: &'a str,
    exp: i64,
    sub: &'a str,
}

/// Signs for one node, and uses a token again for some hours.
pub struct VapidSigner {
    key: VapidKey,
    signing: SigningKey,
    contact: String,
    tokens: Mutex<HashMap<String, Token>>,
}

#[derive(Clone)]
struct Token {
    text: String,
    made: Timestamp,
}

impl Token {
    /// A token from the future is not used again: the clock was set back, and its end may be too far away.
    fn is_fresh(&self, now: Timestamp) -> bool {
        self.made <= now && now.since(self.made) < TOKEN_REUSE
    }
}

impl VapidSigner {
    /// Signs with `key` and names `contact`, a `mailto:` or `https:` address, as the one to be asked.
    ///
    /// # Errors
    /// [`VapidError::Contact`].
    pub fn new(key: VapidKey, contact: &str) -> Result<Self, VapidError> {
        let known = contact.starts_with("mailto:") || contact.starts_with("https:");
        if !known || contact.len() > MAX_CONTACT || Url::parse(contact).is_err() {
            return Err(VapidError::Contact);
        }
        let signing = SigningKey::from(&key.secret);
        Ok(Self { key, signing, contact: contact.to_owned(), tokens: Mutex::new(HashMap::new()) })
    }

    /// The key.
    pub fn key(&self) -> &VapidKey {
        &self.key
    }

    /// Adds to `headers` what proves to the push service at `endpoint` who asks. For `aesgcm` the key joins the sender's
    /// in `Crypto-Key`.
    ///
    /// # Errors
    /// [`VapidError::Token`], for no known reason.
    pub fn authorise(
        &self,
        headers: &mut HeaderMap,
        endpoint: &Url,
        encoding: Encoding,
        now: Timestamp,
    ) -> Result<(), VapidError> {
        let token = self.token(endpoint, now)?;
        let public = &self.key.public;
        let authorization = match encoding {
            Encoding::AesGcm => {
                let others = headers.get(CRYPTO_KEY).and_then(|value| value.to_str().ok());
                let joined = others.map_or(String::new(), |others| format!("{others};")) + "p256ecdsa=" + public;
                headers.insert(CRYPTO_KEY, HeaderValue::try_from(joined).map_err(|_| VapidError::Token)?);
                format!("WebPush {token}")
            }
            Encoding::Aes128Gcm | Encoding::NoPush => format!("vapid t={token}, k={public}"),
        };
        let mut value = HeaderValue::try_from(authorization).map_err(|_| VapidError::Token)?;
        value.set_sensitive(true);
        headers.insert(AUTHORIZATION, value);
        Ok(())
    }

    /// A token for the origin of `endpoint`, made now or a few hours ago.
    fn token(&self, endpoint: &Url, now: Timestamp) -> Result<String, VapidError> {
        let audience = endpoint.origin().ascii_serialization();
        let mut tokens = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(token) = tokens.get(&audience).filter(|token| token.is_fresh(now)) {
            return Ok(token.text.clone());
        }
        let token = Token { text: self.sign(&audience, now)?, made: now };
        make_room(&mut tokens, now);
        tokens.insert(audience, token.clone());
        Ok(token.text)
    }

    /// A JSON web token with an ES256 signature (RFC 7515, RFC 7518 section 3.4).
    fn sign(&self, audience: &str, now: Timestamp) -> Result<String, VapidError> {
        let claims = Claims { aud: audience, exp: now.after(TOKEN_LIFE).seconds(), sub: &self.contact };
        let claims = serde_json::to_vec(&claims).map_err(|_| VapidError::Token)?;
        let signed = format!("{}.{}", BASE64URL.encode(JWT_HEADER), BASE64URL.encode(claims));
        let signature: Signature = self.signing.try_sign(signed.as_bytes()).map_err(|_| VapidError::Token)?;
        Ok(format!("{signed}.{}", BASE64URL.encode(signature.to_bytes())))
    }
}

/// Drops what is no longer used, and the oldest if that is not enough.
fn make_room(tokens: &mut HashMap<String, Token>, now: Timestamp) {
    if tokens.len() < MAX_TOKENS {
        return;
    }
    tokens.retain(|_, token| token.is_fresh(now));
    if tokens.len() >= MAX_TOKENS {
        let oldest = tokens.iter().min_by_key(|(_, token)| token.made).map(|(audience, _)| audience.clone());
        oldest.and_then(|audience| tokens.remove(&audience));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use p256::ecdsa::VerifyingKey;
    use p256::ecdsa::signature::Verifier as _;
    use rand::SeedableRng as _;
    use rand::rngs::StdRng;

    const CONTACT: &str = "mailto:admin@example.org";

    fn signer() -> VapidSigner {
        VapidSigner::new(VapidKey::generate(&mut StdRng::seed_from_u64(3)).unwrap(), CONTACT).unwrap()
    }

    fn moment(seconds: i64) -> Timestamp {
        Timestamp::from_millis(seconds * 1000)
    }

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    /// The claims of a token whose signature is right.
    fn verified(token: &str, public: &str) -> String {
        let key = VerifyingKey::from_sec1_bytes(&BASE64URL.decode(public).unwrap()).unwrap();
        let (signed, signature) = token.rsplit_once('.').unwrap();
        let signature = Signature::from_slice(&BASE64URL.decode(signature).unwrap()).unwrap();
        key.verify(signed.as_bytes(), &signature).unwrap();
        let (header, claims) = signed.split_once('.').unwrap();
        assert_eq!(BASE64URL.decode(header).unwrap(), br#"{"typ":"JWT","alg":"ES256"}"#);
        String::from_utf8(BASE64URL.decode(claims).unwrap()).unwrap()
    }

    #[test]
    fn the_verifier_takes_the_token_of_rfc_8292_section_2_4() {
        let token = "eyJ0eXAiOiJKV1QiLCJhbGciOiJFUzI1NiJ9.eyJhdWQiOiJodHRwczovL3B1c2guZXhhbXBsZS5uZXQiLCJleHAiOjE0NTM1MjM3\
             NjgsInN1YiI6Im1haWx0bzpwdXNoQGV4YW1wbGUuY29tIn0.i3CYb7t4xfxCDquptFOepC9GAu_HLGkMlMuCGSK2rpiUfnK9ojFwDXb1JrErtmy\
             sazNjjvW2L9OkSSHzvoD1oA";
        let public = "BA1Hxzyi1RUM1b5wjxsn7nGxAszw2u61m164i3MrAIxHF6YK5h4SDYic-dRuU_RCPCfA5aq9ojSwk5Y2EmClBPs";
        let expected = r#"{"aud":"https://push.example.net","exp":1453523768,"sub":"mailto:push@example.com"}"#;
        assert_eq!(verified(token, public), expected);
    }

    #[test]
    fn tokens_say_who_to_whom_and_until_when() {
        let signer = signer();
        for (endpoint, audience) in [
            ("https://push.example.org/a/b?c=d", "https://push.example.org"),
            ("https://push.example.org:443/", "https://push.example.org"),
            ("https://push.example.org:8443/x", "https://push.example.org:8443"),
            ("http://127.0.0.1:1234/x", "http://127.0.0.1:1234"),
        ] {
            let token = signer.token(&url(endpoint), moment(1_700_000_000)).unwrap();
            let expected = format!(r#"{{"aud":"{audience}","exp":1700043200,"sub":"{CONTACT}"}}"#);
            assert_eq!(verified(&token, signer.key().public_base64url()), expected);
        }
    }

    #[test]
    fn both_header_forms() {
        let signer = signer();
        let endpoint = url("https://push.example.org/");
        let token = signer.token(&endpoint, moment(5)).unwrap();
        let public = signer.key().public_base64url();

        let mut headers = HeaderMap::new();
        signer.authorise(&mut headers, &endpoint, Encoding::Aes128Gcm, moment(5)).unwrap();
        assert_eq!(headers[AUTHORIZATION], format!("vapid t={token}, k={public}"));
        assert!(headers[AUTHORIZATION].is_sensitive());
        assert_eq!(headers.len(), 1);

        let mut headers = HeaderMap::from_iter([(CRYPTO_KEY, HeaderValue::from_static("dh=abc"))]);
        signer.authorise(&mut headers, &endpoint, Encoding::AesGcm, moment(5)).unwrap();
        assert_eq!(headers[AUTHORIZATION], format!("WebPush {token}"));
        assert_eq!(headers[CRYPTO_KEY], format!("dh=abc;p256ecdsa={public}"));
    }

    #[test]
    fn a_token_is_used_again_for_some_hours() {
        let (signer, endpoint) = (signer(), url("https://push.example.org/"));
        let start = moment(1_700_000_000);
        let token = |now| signer.token(&endpoint, now).unwrap();
        let first = token(start);
        assert_eq!(first, token(start.after(TOKEN_REUSE - Duration::from_secs(1))));
        let second = token(start.after(TOKEN_REUSE));
        assert_ne!(first, second);
        // The clock is set back.
        assert_ne!(second, token(start));
    }

    #[test]
    fn the_number_of_kept_tokens_is_bounded() {
        let signer = signer();
        for i in 0..=MAX_TOKENS {
            let now = moment(1_700_000_000 + i64::try_from(i).unwrap());
            signer.token(&url(&format!("https://push{i}.example.org/")), now).unwrap();
        }
        let tokens = signer.tokens.lock().unwrap();
        assert_eq!(tokens.len(), MAX_TOKENS);
        assert!(!tokens.contains_key("https://push0.example.org"));
        assert!(tokens.contains_key("https://push1.example.org"));
    }

    #[test]
    fn keys_are_written_and_read() {
        let key = VapidKey::generate(&mut StdRng::seed_from_u64(4)).unwrap();
        let text = key.to_base64url();
        assert_eq!((text.len(), key.public_base64url().len()), (43, 87));
        assert_eq!(VapidKey::from_base64url(&text).unwrap().public_base64url(), key.public_base64url());
        // The pair of RFC 8291, appendix A.
        let known = VapidKey::from_base64url("yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw").unwrap();
        let public = "BP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A8";
        assert_eq!(known.public_base64url(), public);
    }

    #[test]
    fn what_is_no_key_or_contact_is_refused() {
        let zero = BASE64URL.encode([0; 32]);
        let above = BASE64URL.encode([255; 32]);
        for text in ["", "AAAA", "!", &zero, &above, &"A".repeat(44)] {
            assert_eq!(VapidKey::from_base64url(text).err(), Some(VapidError::Key), "{text}");
        }
        for contact in ["", "admin@example.org", "http://example.org", "mailto", &format!("mailto:{}", "x".repeat(600))]
        {
            let key = VapidKey::generate(&mut StdRng::seed_from_u64(5)).unwrap();
            assert_eq!(VapidSigner::new(key, contact).err(), Some(VapidError::Contact), "{contact}");
        }
    }
}
