//! The browser's side: keys, and opening what was sealed. Written from the documents, sharing nothing with the sender.

use aes_gcm::aead::{Aead as _, KeyInit as _};
use aes_gcm::{Aes128Gcm, Nonce};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL;
use hkdf::Hkdf;
use http::HeaderMap;
use p256::elliptic_curve::Generate as _;
use p256::elliptic_curve::sec1::ToSec1Point as _;
use p256::{PublicKey, SecretKey};
use rand::CryptoRng;
use sha2::Sha256;
use tidings_doors::outbound::AddressPolicy;
use tidings_doors::webpush::Subscription;

pub struct Receiver {
    secret: SecretKey,
    auth: [u8; 16],
}

impl Receiver {
    pub fn new<R: CryptoRng>(rng: &mut R) -> Self {
        let mut auth = [0; 16];
        rng.fill_bytes(&mut auth);
        Self { secret: SecretKey::generate_from_rng(rng), auth }
    }

    fn point(&self) -> Vec<u8> {
        self.secret.public_key().to_sec1_point(false).as_bytes().to_vec()
    }

    pub fn subscribe(&self, endpoint: &str, encoding: Option<&str>) -> Subscription {
        let (p256dh, auth) = (BASE64URL.encode(self.point()), BASE64URL.encode(self.auth));
        Subscription::parse(endpoint, &p256dh, &auth, encoding, AddressPolicy::AllowLoopback).unwrap()
    }

    /// Opens a message by what its header fields say.
    pub fn open(&self, headers: &HeaderMap, body: &[u8]) -> Vec<u8> {
        match headers["content-encoding"].to_str().unwrap() {
            "aes128gcm" => self.open_aes128gcm(body),
            "aesgcm" => self.open_aesgcm(headers, body),
            other => panic!("coding {other}"),
        }
    }

    /// RFC 8188, section 2, and RFC 8291, section 3.
    fn open_aes128gcm(&self, body: &[u8]) -> Vec<u8> {
        let (salt, rest) = body.split_at(16);
        let (record_size, rest) = rest.split_at(4);
        assert_eq!(u32::from_be_bytes(record_size.try_into().unwrap()), 4096);
        assert_eq!(rest[0], 65);
        let (sender, record) = rest[1..].split_at(65);
        assert!(body.len() <= 4096);
        let mut info = b"WebPush: info\0".to_vec();
        info.extend_from_slice(&self.point());
        info.extend_from_slice(sender);
        let input: [u8; 32] = expand(&self.auth, &self.agree(sender), &info);
        let key: [u8; 16] = expand(salt, &input, b"Content-Encoding: aes128gcm\0");
        let nonce: [u8; 12] = expand(salt, &input, b"Content-Encoding: nonce\0");
        let mut plaintext = decrypt(key, nonce, record);
        assert_eq!(plaintext.pop(), Some(2), "the delimiter of the last record, and no more padding");
        plaintext
    }

    /// draft-ietf-webpush-encryption-04.
    fn open_aesgcm(&self, headers: &HeaderMap, record: &[u8]) -> Vec<u8> {
        let salt = parameter(headers, "encryption", "salt");
        let sender = parameter(headers, "crypto-key", "dh");
        let input: [u8; 32] = expand(&self.auth, &self.agree(&sender), b"Content-Encoding: auth\0");
        let info = |name: &[u8]| {
            let mut info = [name, b"\0P-256\0\0\x41"].concat();
            info.extend_from_slice(&self.point());
            info.extend_from_slice(b"\0\x41");
            info.extend_from_slice(&sender);
            info
        };
        let key: [u8; 16] = expand(&salt, &input, &info(b"Content-Encoding: aesgcm"));
        let nonce: [u8; 12] = expand(&salt, &input, &info(b"Content-Encoding: nonce"));
        let plaintext = decrypt(key, nonce, record);
        let padding = usize::from(u16::from_be_bytes([plaintext[0], plaintext[1]]));
        assert_eq!(padding, 0);
        plaintext[2..].to_vec()
    }

    fn agree(&self, sender: &[u8]) -> Vec<u8> {
        let sender = PublicKey::from_sec1_bytes(sender).unwrap();
        let shared = p256::ecdh::diffie_hellman(self.secret.to_nonzero_scalar(), sender.as_affine());
        shared.raw_secret_bytes().to_vec()
    }
}

/// A parameter of a header field such as `dh=…;p256ecdsa=…`, as bytes.
pub fn parameter(headers: &HeaderMap, field: &str, name: &str) -> Vec<u8> {
    let text = headers[field].to_str().unwrap();
    let value = text.split(';').find_map(|piece| piece.trim().strip_prefix(name)?.strip_prefix('=')).unwrap();
    BASE64URL.decode(value).unwrap()
}

fn expand<const N: usize>(salt: &[u8], input: &[u8], info: &[u8]) -> [u8; N] {
    let mut out = [0; N];
    Hkdf::<Sha256>::new(Some(salt), input).expand(info, &mut out).unwrap();
    out
}

fn decrypt(key: [u8; 16], nonce: [u8; 12], record: &[u8]) -> Vec<u8> {
    Aes128Gcm::new(&key.into()).decrypt(&Nonce::from(nonce), record).expect("the record is authentic")
}
