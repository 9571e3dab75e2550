//! Somebody with a key, who signs as wire/piqchat.md, section 3 says. Written from the reference, sharing nothing with the door.

use super::SERVER_PUBLIC;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use crypto_box::aead::Aead;
use crypto_box::{PublicKey, SalsaBox, SecretKey};
use std::sync::atomic::{AtomicU64, Ordering};
use tidings_core::{BoxKey, Key, Timestamp};

/// Every nonce of a test is another one.
static NONCE: AtomicU64 = AtomicU64::new(1);

pub struct Person {
    secret: SecretKey,
    /// The public key in base64.
    pub id: String,
}

/// The headers of a signature, to be spoilt by tests.
#[derive(Clone)]
pub struct Signature {
    pub id: String,
    pub sealed: String,
    pub date: String,
}

impl Person {
    pub fn new(seed: u8) -> Self {
        let secret = SecretKey::from([seed; 32]);
        let id = STANDARD.encode(secret.public_key().as_bytes());
        Self { secret, id }
    }

    pub fn key(&self) -> Key {
        Key::Box(BoxKey::parse(&self.id).unwrap())
    }

    /// As it stands in a path.
    pub fn in_path(&self) -> String {
        self.id.replace('/', "%2F").replace('+', "%2B").replace('=', "%3D")
    }

    pub fn sign(&self, date: Timestamp) -> Signature {
        self.sign_text(&date.to_string(), SERVER_PUBLIC)
    }

    pub fn sign_text(&self, date: &str, server: &str) -> Signature {
        let server: [u8; 32] = STANDARD.decode(server).unwrap().try_into().unwrap();
        let mut nonce = [0; 24];
        nonce[..8].copy_from_slice(&NONCE.fetch_add(1, Ordering::Relaxed).to_le_bytes());
        let sealer = SalsaBox::new(&PublicKey::from(server), &self.secret);
        let boxed = sealer.encrypt((&nonce).into(), date.as_bytes()).unwrap();
        let sealed = STANDARD.encode([nonce.as_slice(), &boxed].concat());
        Signature { id: self.id.clone(), sealed, date: date.to_owned() }
    }
}

impl Signature {
    pub fn header(&self) -> String {
        format!("Signature keyId=\"{}\",headers=\"x-date\",signature=\"{}\"", self.id, self.sealed)
    }
}
