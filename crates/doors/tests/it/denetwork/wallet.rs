//! A person with a wallet, who signs as the client does.

use secp256k1::ecdsa::{RecoverableSignature, RecoveryId};
use secp256k1::{Message, PublicKey, SecretKey};
use serde_json::{Map, Value, json};
use sha3::{Digest, Keccak256};

pub struct Wallet {
    key: SecretKey,
    pub address: String,
}

/// A room's id that ends in this number.
pub fn room(number: u32) -> String {
    format!("g0x{number:040x}")
}

impl Wallet {
    pub fn new(seed: u8) -> Self {
        let key = SecretKey::from_secret_bytes([seed; 32]).unwrap();
        let point = PublicKey::from_secret_key(&key).serialize_uncompressed();
        let hash = Keccak256::digest(&point[1..]);
        Self { key, address: format!("0x{}", hex(&hash[12..])) }
    }

    /// A signed payload.
    pub fn payload(&self, room: &str, body: &str, time: i64) -> Value {
        self.sign(&json!({
            "chatType": 2, "messageType": 1, "wallet": self.address, "fromName": "Alice", "fromAvatar": "",
            "roomId": room, "body": body, "timestamp": time,
        }))
    }

    /// The request with it.
    pub fn message(&self, room: &str, body: &str, time: i64) -> Value {
        json!({"payload": self.payload(room, body, time)})
    }

    /// Signs a payload of which all names are in ASCII and none is a number. Serde's maps are sorted.
    pub fn sign(&self, payload: &Value) -> Value {
        let mut payload: Map<String, Value> = payload.as_object().unwrap().clone();
        let text = serde_json::to_string(&payload).unwrap();
        let digest = Keccak256::digest(format!("\x19Ethereum Signed Message:\n{}{text}", text.len()));
        let signature = RecoverableSignature::sign_ecdsa_recoverable(Message::from_digest(digest.into()), &self.key);
        let (recovery, compact) = signature.serialize_compact();
        let v = if recovery == RecoveryId::Zero { "1b" } else { "1c" };
        payload.insert("hash".to_owned(), format!("0x{}", hex(&Keccak256::digest(&text))).into());
        payload.insert("sig".to_owned(), format!("0x{}{v}", hex(&compact)).into());
        payload.into()
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
