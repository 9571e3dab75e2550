//! A wallet that signs messages, for tests: with the secrets of the vectors and by another implementation than the door's.

use super::canonical::canonical;
use super::json::Document;
use super::signature::{keccak, personal_digest};
use k256::ecdsa::SigningKey;
use serde_json::{Value, json};

/// The room of the vectors.
pub(super) const ROOM: &str = "g0x00112233445566778899aabbccddeeff00112233";

/// The wallet of the secret that is 32 times 11.
pub(super) const ALICE: &str = "0x19E7E376E7C213B7E7e7e46cc70A5dD086DAff2A";

/// A payload of Alice's with everything but hash and signature.
pub(super) fn payload(time: i64) -> Value {
    json!({"chatType":2,"messageType":1,"wallet":ALICE,"fromName":"Alice","fromAvatar":"","roomId":ROOM,"body":"00","timestamp":time})
}

/// The request with this payload, signed by Alice.
pub(super) fn request(payload: &Value) -> String {
    signed(&payload.to_string(), 0x11)
}

/// The request with this payload, an object, signed by the secret that is 32 times this byte.
pub(super) fn signed(payload: &str, secret: u8) -> String {
    let text = canonical(Document::read(payload).unwrap().root()).unwrap();
    let key = SigningKey::from_slice(&[secret; 32]).unwrap();
    let (signature, recovery) = key.sign_prehash_recoverable(&personal_digest(&text));
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let (hash, v) = (hex(&keccak(&[text.as_bytes()])), 0x1b + recovery.to_byte());
    let comma = if payload.len() > 2 { "," } else { "" };
    let head = payload.strip_suffix('}').unwrap();
    format!("{{\"payload\":{head}{comma}\"hash\":\"0x{hash}\",\"sig\":\"0x{}{v:02x}\"}}}}", hex(&signature.to_bytes()))
}
