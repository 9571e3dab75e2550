//! Sealing a payload for one browser: RFC 8291 over RFC 8188, and the older draft-ietf-webpush-encryption-04 over
//! draft-ietf-httpbis-encryption-encoding-03. Pure: randomness comes in, bytes and header fields go out.

use aes_gcm::aead::{Aead as _, KeyInit as _};
use aes_gcm::{Aes128Gcm, Nonce};
use base64::Engine as _;
use hkdf::Hkdf;
use http::header::{CONTENT_ENCODING, HeaderName};
use http::{HeaderMap, HeaderValue};
use p256::elliptic_curve::Generate as _;
use p256::elliptic_curve::sec1::ToSec1Point as _;
use p256::{PublicKey, SecretKey};
use rand::CryptoRng;
use sha2::Sha256;
use zeroize::Zeroizing;

use super::BASE64URL;
use super::subscription::{AUTH_LEN, Encoding, POINT_LEN, Subscription};

/// The longest payload in bytes. Push services need not take bodies of more than 4096 bytes (RFC 8030, section 7.2), of
/// which RFC 8291, section 4 leaves this much. It is kept for the older coding, too, where it makes one record as well.
pub const MAX_PAYLOAD: usize = 3993;

/// The record size that is announced; all payloads fit into one record.
const RECORD_SIZE: u32 = 4096;

/// The byte that ends the last record of `aes128gcm` (RFC 8188, section 2).
const LAST_RECORD: u8 = 2;

/// What comes before the payload in `aesgcm`: the length of the padding as two bytes, and no padding.
const NO_PADDING: [u8; 2] = [0, 0];

const SALT_LEN: usize = 16;
const CONTENT_KEY_LEN: usize = 16;
const NONCE_LEN: usize = 12;
const INPUT_KEY_LEN: usize = 32;

/// The salt of `aesgcm`, as `salt=…`.
const ENCRYPTION: HeaderName = HeaderName::from_static("encryption");

/// The sender's key of `aesgcm`, as `dh=…`; VAPID adds its own part to the same field.
pub(super) const CRYPTO_KEY: HeaderName = HeaderName::from_static("crypto-key");

/// Why a payload is not sealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EncryptError {
    /// Longer than [`MAX_PAYLOAD`].
    #[error("the payload is too long for a push")]
    TooLong,
    /// The subscription asks for a coding that is not known.
    #[error("the subscription takes no push")]
    NoPush,
    /// The cipher or the key derivation refused lengths that are constant; does not happen.
    #[error("the payload could not be sealed")]
    Cipher,
}

/// A sealed payload: what to post, and the header fields that say how it is sealed.
#[derive(Debug)]
pub struct Sealed {
    /// The body of the request.
    pub body: Vec<u8>,
    /// `Content-Encoding`, and for `aesgcm` also `Encryption` and `Crypto-Key`.
    pub headers: HeaderMap,
}

/// The keys of one message.
struct MessageKeys {
    content: Zeroizing<[u8; CONTENT_KEY_LEN]>,
    nonce: [u8; NONCE_LEN],
}

/// What is made anew for every message.
struct Fresh {
    secret: SecretKey,
    point: [u8; POINT_LEN],
    salt: [u8; SALT_LEN],
}

impl Fresh {
    fn new(secret: SecretKey, salt: [u8; SALT_LEN]) -> Result<Self, EncryptError> {
        let point = uncompressed(&secret.public_key()).ok_or(EncryptError::Cipher)?;
        Ok(Self { secret, point, salt })
    }
}

/// Seals `payload` for `subscription` under a fresh key and salt out of `rng`.
///
/// # Errors
/// See [`EncryptError`].
pub fn encrypt<R: CryptoRng + ?Sized>(
    payload: &[u8],
    subscription: &Subscription,
    rng: &mut R,
) -> Result<Sealed, EncryptError> {
    let mut salt = [0; SALT_LEN];
    rng.fill_bytes(&mut salt);
    let fresh = Fresh::new(SecretKey::generate_from_rng(rng), salt)?;
    encrypt_with(payload, subscription, &fresh)
}

fn encrypt_with(payload: &[u8], subscription: &Subscription, fresh: &Fresh) -> Result<Sealed, EncryptError> {
    if payload.len() > MAX_PAYLOAD {
        return Err(EncryptError::TooLong);
    }
    match subscription.encoding() {
        Encoding::Aes128Gcm => seal_aes128gcm(payload, subscription, fresh),
        Encoding::AesGcm => seal_aesgcm(payload, subscription, fresh),
        Encoding::NoPush => Err(EncryptError::NoPush),
    }
}

/// RFC 8188, section 2: salt, record size, length of the key id, the sender's key as key id, one record.
fn seal_aes128gcm(payload: &[u8], subscription: &Subscription, fresh: &Fresh) -> Result<Sealed, EncryptError> {
    let keys = keys_aes128gcm(subscription, fresh)?;
    let key_id_len = u8::try_from(POINT_LEN).map_err(|_| EncryptError::Cipher)?;
    let record = seal(&keys, &[payload, &[LAST_RECORD]].concat())?;
    let body = [&fresh.salt[..], &RECORD_SIZE.to_be_bytes(), &[key_id_len], &fresh.point, &record].concat();
    let headers = HeaderMap::from_iter([(CONTENT_ENCODING, HeaderValue::from_static("aes128gcm"))]);
    Ok(Sealed { body, headers })
}

/// draft-ietf-webpush-encryption-04: the record alone in the body, salt and key in header fields.
fn seal_aesgcm(payload: &[u8], subscription: &Subscription, fresh: &Fresh) -> Result<Sealed, EncryptError> {
    let keys = keys_aesgcm(subscription, fresh)?;
    let body = seal(&keys, &[&NO_PADDING[..], payload].concat())?;
    let headers = HeaderMap::from_iter([
        (CONTENT_ENCODING, HeaderValue::from_static("aesgcm")),
        (ENCRYPTION, field("salt=", &fresh.salt)?),
        (CRYPTO_KEY, field("dh=", &fresh.point)?),
    ]);
    Ok(Sealed { body, headers })
}

/// RFC 8291, section 3.4.
fn keys_aes128gcm(subscription: &Subscription, fresh: &Fresh) -> Result<MessageKeys, EncryptError> {
    let info = [b"WebPush: info\0", &subscription.point()[..], &fresh.point].concat();
    let input = input_key(subscription, fresh, &info)?;
    let derived = Hkdf::<Sha256>::new(Some(&fresh.salt), &*input);
    message_keys(&derived, b"Content-Encoding: aes128gcm\0", b"Content-Encoding: nonce\0")
}

/// draft-ietf-webpush-encryption-04, section 4, and draft-ietf-httpbis-encryption-encoding-03, sections 3.2 to 4.2: the
/// context with both keys is in the info of the message keys instead.
fn keys_aesgcm(subscription: &Subscription, fresh: &Fresh) -> Result<MessageKeys, EncryptError> {
    let input = input_key(subscription, fresh, b"Content-Encoding: auth\0")?;
    let derived = Hkdf::<Sha256>::new(Some(&fresh.salt), &*input);
    let len = u16::try_from(POINT_LEN).map_err(|_| EncryptError::Cipher)?.to_be_bytes();
    let context = [b"P-256\0", &len[..], subscription.point(), &len, &fresh.point].concat();
    let content_info = [b"Content-Encoding: aesgcm\0", &context[..]].concat();
    let nonce_info = [b"Content-Encoding: nonce\0", &context[..]].concat();
    message_keys(&derived, &content_info, &nonce_info)
}

/// What both sides agree on: the Diffie-Hellman result, mixed with the authentication secret.
fn input_key(
    subscription: &Subscription,
    fresh: &Fresh,
    info: &[u8],
) -> Result<Zeroizing<[u8; INPUT_KEY_LEN]>, EncryptError> {
    let shared = fresh.secret.diffie_hellman(subscription.key());
    let auth: &[u8; AUTH_LEN] = subscription.auth();
    let mut input = Zeroizing::new([0; INPUT_KEY_LEN]);
    let mixed = Hkdf::<Sha256>::new(Some(auth), shared.raw_secret_bytes());
    mixed.expand(info, &mut *input).map_err(|_| EncryptError::Cipher)?;
    Ok(input)
}

fn message_keys(derived: &Hkdf<Sha256>, content_info: &[u8], nonce_info: &[u8]) -> Result<MessageKeys, EncryptError> {
    let mut keys = MessageKeys { content: Zeroizing::new([0; CONTENT_KEY_LEN]), nonce: [0; NONCE_LEN] };
    derived.expand(content_info, &mut *keys.content).map_err(|_| EncryptError::Cipher)?;
    derived.expand(nonce_info, &mut keys.nonce).map_err(|_| EncryptError::Cipher)?;
    Ok(keys)
}

/// The only record: its number is zero, so the nonce is used as it is.
fn seal(keys: &MessageKeys, plaintext: &[u8]) -> Result<Vec<u8>, EncryptError> {
    let cipher = Aes128Gcm::new_from_slice(&*keys.content).map_err(|_| EncryptError::Cipher)?;
    cipher.encrypt(&Nonce::from(keys.nonce), plaintext).map_err(|_| EncryptError::Cipher)
}

fn field(name: &str, bytes: &[u8]) -> Result<HeaderValue, EncryptError> {
    HeaderValue::try_from(format!("{name}{}", BASE64URL.encode(bytes))).map_err(|_| EncryptError::Cipher)
}

/// A public key as 65 bytes.
pub(super) fn uncompressed(key: &PublicKey) -> Option<[u8; POINT_LEN]> {
    key.to_sec1_point(false).as_bytes().try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outbound::AddressPolicy;
    use proptest::prelude::*;
    use rand::SeedableRng as _;
    use rand::rngs::StdRng;

    fn bytes(text: &str) -> Vec<u8> {
        BASE64URL.decode(text).unwrap()
    }

    fn subscription(p256dh: &str, auth: &str, encoding: &str) -> Subscription {
        let endpoint = "https://push.example.net/x";
        Subscription::parse(endpoint, p256dh, auth, Some(encoding), AddressPolicy::PublicOnly).unwrap()
    }

    fn fresh(secret: &str, salt: &str) -> Fresh {
        Fresh::new(SecretKey::from_slice(&bytes(secret)).unwrap(), bytes(salt).try_into().unwrap()).unwrap()
    }

    #[test]
    fn the_vector_of_rfc_8291_appendix_a() {
        let subscription = subscription(
            "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",
            "BTBZMqHH6r4Tts7J_aSIgg",
            "aes128gcm",
        );
        let fresh = fresh("yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw", "DGv6ra1nlYgDCS1FRnbzlw");
        let sealed = encrypt_with(b"When I grow up, I want to be a watermelon", &subscription, &fresh).unwrap();
        assert_eq!(
            BASE64URL.encode(&sealed.body),
            "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27ml\
             mlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPT\
             pK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
        );
        assert_eq!(sealed.headers.len(), 1);
        assert_eq!(sealed.headers[CONTENT_ENCODING], "aes128gcm");
    }

    #[test]
    fn the_vector_of_draft_ietf_webpush_encryption_04() {
        let subscription = subscription(
            "BCEkBjzL8Z3C-oi2Q7oE5t2Np-p7osjGLg93qUP0wvqRT21EEWyf0cQDQcakQMqz4hQKYOQ3il2nNZct4HgAUQU",
            "R29vIGdvbyBnJyBqb29iIQ",
            "aesgcm",
        );
        let fresh = fresh("nCScek-QpEjmOOlT-rQ38nZzvdPlqa00Zy0i6m2OJvY", "lngarbyKfMoi9Z75xYXmkg");
        let sealed = encrypt_with(b"I am the walrus", &subscription, &fresh).unwrap();
        assert_eq!(BASE64URL.encode(&sealed.body), "6nqAQUME8hNqw5J3kl8cpVVJylXKYqZOeseZG8UueKpA");
        assert_eq!(sealed.headers.len(), 3);
        assert_eq!(sealed.headers[CONTENT_ENCODING], "aesgcm");
        assert_eq!(sealed.headers[ENCRYPTION], "salt=lngarbyKfMoi9Z75xYXmkg");
        assert_eq!(
            sealed.headers[CRYPTO_KEY],
            "dh=BNoRDbb84JGm8g5Z5CFxurSqsXWJ11ItfXEWYVLE85Y7CYkDjXsIEc4aqxYaQ1G8BqkXCJ6DPpDrWtdWj_mugHU"
        );
    }

    #[test]
    fn too_long_payloads_and_unknown_codings_are_refused() {
        let p256dh = "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4";
        let auth = "BTBZMqHH6r4Tts7J_aSIgg";
        let mut rng = StdRng::seed_from_u64(1);
        for encoding in ["aes128gcm", "aesgcm"] {
            let subscription = subscription(p256dh, auth, encoding);
            let longest = encrypt(&[7; MAX_PAYLOAD], &subscription, &mut rng).unwrap();
            assert!(longest.body.len() <= 4096, "{encoding}");
            let longer = encrypt(&[7; MAX_PAYLOAD + 1], &subscription, &mut rng);
            assert_eq!(longer.err(), Some(EncryptError::TooLong), "{encoding}");
        }
        let unknown = encrypt(b"x", &subscription(p256dh, auth, "rot13"), &mut rng);
        assert_eq!(unknown.err(), Some(EncryptError::NoPush));
    }

    #[test]
    fn no_two_messages_share_a_key_or_salt() {
        let p256dh = "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4";
        let subscription = subscription(p256dh, "BTBZMqHH6r4Tts7J_aSIgg", "aes128gcm");
        let mut rng = StdRng::seed_from_u64(2);
        let one = encrypt(b"x", &subscription, &mut rng).unwrap().body;
        let two = encrypt(b"x", &subscription, &mut rng).unwrap().body;
        assert_ne!(one[..16], two[..16]);
        assert_ne!(one[21..86], two[21..86]);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(16))]

        /// Every record is 86 bytes of header (none for the older coding), payload, one or two bytes, and the tag.
        #[test]
        fn sealed_lengths_are_as_the_rfcs_say(payload in prop::collection::vec(any::<u8>(), 0..=MAX_PAYLOAD), seed: u64) {
            let mut rng = StdRng::seed_from_u64(seed);
            let key = BASE64URL.encode(uncompressed(&SecretKey::generate_from_rng(&mut rng).public_key()).unwrap());
            for (encoding, extra) in [("aes128gcm", 86 + 1 + 16), ("aesgcm", 2 + 16)] {
                let sealed = encrypt(&payload, &subscription(&key, "BTBZMqHH6r4Tts7J_aSIgg", encoding), &mut rng).unwrap();
                prop_assert_eq!(sealed.body.len(), payload.len() + extra);
            }
        }
    }
}
