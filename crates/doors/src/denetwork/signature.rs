//! Hashes and signatures (wire/denetwork.md, section 5): Keccak-256, Ethereum's personal messages (EIP-191), and the signer
//! of a message by recovery on secp256k1.

use super::identifier::hex_bytes;
use secp256k1::ecdsa::{RecoverableSignature, RecoveryId};
use secp256k1::{Message, PublicKey};
use sha3::{Digest, Keccak256};
use tidings_core::WalletAddress;

/// Half of the group's order. Of the two signatures that everybody can make of one, the client makes that with the lower s.
const HALF_ORDER: [u8; 32] = [
    0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x5d, 0x57, 0x6e,
    0x73, 0x57, 0xa4, 0x50, 0x1d, 0xdf, 0xe9, 0x2f, 0x46, 0x68, 0x1b, 0x20, 0xa0,
];

/// Keccak-256 of the parts, one after the other.
pub(super) fn keccak(parts: &[&[u8]]) -> [u8; 32] {
    let mut hasher = Keccak256::new();
    for part in parts {
        hasher.update(part);
    }
    hasher.finalize().into()
}

/// What is signed of a text (EIP-191, version 0x45).
pub(super) fn personal_digest(text: &str) -> [u8; 32] {
    keccak(&[b"\x19Ethereum Signed Message:\n", text.len().to_string().as_bytes(), text.as_bytes()])
}

/// A signature in the only form in which the client makes it.
#[derive(Clone, Copy)]
pub(super) struct Signature {
    compact: [u8; 64],
    recovery: RecoveryId,
}

impl Signature {
    /// Characters of its text.
    pub(super) const LEN: usize = 132;

    /// Reads `0x` and 130 hexadecimal digits of either case: r, s that is not high, and 1b or 1c.
    pub(super) fn read(text: &str) -> Option<Self> {
        let bytes = hex_bytes::<65>(text.strip_prefix("0x")?)?;
        let (compact, recovery) = bytes.split_first_chunk::<64>()?;
        let recovery = match recovery {
            [0x1b] => RecoveryId::Zero,
            [0x1c] => RecoveryId::One,
            _ => return None,
        };
        let low = compact.last_chunk::<32>().is_some_and(|s| *s <= HALF_ORDER);
        low.then_some(Self { compact: *compact, recovery })
    }

    /// Who signed a text; `None` if nobody can have.
    pub(super) fn signer(&self, text: &str) -> Option<Signer> {
        let signature = RecoverableSignature::from_compact(&self.compact, self.recovery).ok()?;
        let key = signature.recover(Message::from_digest(personal_digest(text))).ok()?;
        Some(Signer(key))
    }
}

/// A public key that signed.
pub(super) struct Signer(PublicKey);

impl Signer {
    /// Its address: the last 20 bytes of the hash of the point.
    pub(super) fn address(&self) -> WalletAddress {
        let point = self.0.serialize_uncompressed();
        let hash = keccak(&[point.split_first().map_or(&[], |(_, point)| point)]);
        WalletAddress::from_bytes(hash.last_chunk().copied().unwrap_or_default())
    }

    /// Whether a text is this key in its compressed form, `0x` and 66 digits of either case.
    pub(super) fn is(&self, text: &str) -> bool {
        text.strip_prefix("0x").and_then(hex_bytes).is_some_and(|bytes: [u8; 33]| bytes == self.0.serialize())
    }
}

#[cfg(test)]
mod tests {
    use super::super::canonical::canonical;
    use super::super::identifier::address;
    use super::super::json::Document;
    use super::super::vectors::VECTORS;
    use super::*;
    use k256::ecdsa::{self, SigningKey, VerifyingKey};

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    #[test]
    fn every_signing_vector_holds() {
        let vectors = VECTORS["signing"].as_array().unwrap();
        assert_eq!(vectors.len(), 5);
        for vector in vectors {
            let name = &vector["name"];
            let wire = vector["wireJson"].as_str().unwrap();
            let document = Document::read(wire).unwrap();
            let text = canonical(document.root()).unwrap();
            assert_eq!(text, vector["canonical"], "{name}");
            assert_eq!(text.len() as u64, vector["canonicalUtf8Bytes"].as_u64().unwrap(), "{name}");
            assert_eq!(format!("0x{}", hex(&keccak(&[text.as_bytes()]))), vector["hash"], "{name}");
            assert_eq!(format!("0x{}", hex(&personal_digest(&text))), vector["eip191Digest"], "{name}");
            let signer = Signature::read(vector["sig"].as_str().unwrap()).unwrap().signer(&text).unwrap();
            let wallet = document.root().member("wallet").unwrap().raw();
            assert_eq!(Some(signer.address()), address(wallet), "{name}");
            let person = if wallet.starts_with("0x15") { "bob" } else { "alice" };
            assert!(signer.is(VECTORS[person]["publicKey"].as_str().unwrap()), "{name}");
        }
    }

    #[test]
    fn only_the_form_that_the_client_makes_is_read() {
        let sig = VECTORS["signing"][0]["sig"].as_str().unwrap().to_owned();
        let digits = &sig[2..];
        assert!(Signature::read(&sig).is_some());
        assert!(Signature::read(&format!("0x{}", digits.to_uppercase())).is_some());
        for bad in [
            format!("0X{digits}"),
            digits.to_owned(),
            format!("0x{}00", &digits[..128]),
            format!("0x{}01", &digits[..128]),
            format!("0x{}1d", &digits[..128]),
            format!("{sig}0"),
            sig[..131].to_owned(),
            format!("0x{}g{}", &digits[..5], &digits[6..]),
            String::new(),
        ] {
            assert!(Signature::read(&bad).is_none(), "{bad}");
        }
        let high = |s: &str| Signature::read(&format!("0x{}{s}1b", &digits[..64])).is_none();
        let half = hex(&HALF_ORDER);
        assert!(!high(&half));
        assert!(high(&half.replace("20a0", "20a1")));
    }

    #[test]
    fn another_implementation_agrees() {
        for seed in 1..=40u8 {
            let key = SigningKey::from_slice(&[seed; 32]).unwrap();
            let text = format!("message {seed}");
            let (signature, recovery) = key.sign_prehash_recoverable(&personal_digest(&text));
            let sig = format!("0x{}{:02x}", hex(&signature.to_bytes()), 0x1b + recovery.to_byte());
            let signer = Signature::read(&sig).unwrap().signer(&text).unwrap();
            let expected = key.verifying_key().to_sec1_point(true);
            assert!(signer.is(&format!("0x{}", hex(expected.as_bytes()))));
            // Over another text the same signature is somebody else's, and the same one for both implementations.
            let other = Signature::read(&sig).unwrap().signer("another").map(|signer| signer.0.serialize());
            let recovered = VerifyingKey::recover_from_prehash(&personal_digest("another"), &signature, recovery);
            assert_eq!(
                other.map(|key| key.to_vec()),
                recovered.ok().map(|key| key.to_sec1_point(true).as_bytes().to_vec())
            );
            let _: ecdsa::Signature = signature;
        }
    }

    #[test]
    fn what_is_no_signature_has_no_signer() {
        let zeros = format!("0x{}1b", "00".repeat(64));
        assert!(Signature::read(&zeros).unwrap().signer("x").is_none());
        let too_large = format!("0x{}{}1b", "ff".repeat(32), "01".repeat(32));
        assert!(Signature::read(&too_large).unwrap().signer("x").is_none());
    }
}
