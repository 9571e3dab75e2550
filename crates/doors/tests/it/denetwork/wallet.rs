//! A person with a wallet, who signs as the client does, with other implementations than the door's.

use k256::ecdsa::SigningKey;
use serde_json::{Map, Value, json};
use sha3::{Digest, Keccak256};

pub struct Wallet {
    key: SigningKey,
    pub address: String,
}

/// A room's id that ends in this number.
pub fn room(number: u32) -> String {
    format!("g0x{number:040x}")
}

impl Wallet {
    pub fn new(seed: u8) -> Self {
        let key = SigningKey::from_slice(&[seed; 32]).unwrap();
        let point = key.verifying_key().to_sec1_point(false);
        let hash = Keccak256::digest(&point.as_bytes()[1..]);
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
        let (signature, recovery) = self.key.sign_prehash_recoverable(&digest);
        payload.insert("hash".to_owned(), format!("0x{}", hex(&Keccak256::digest(&text))).into());
        let sig = format!("0x{}{:02x}", hex(&signature.to_bytes()), 0x1b + recovery.to_byte());
        payload.insert("sig".to_owned(), sig.into());
        payload.into()
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
