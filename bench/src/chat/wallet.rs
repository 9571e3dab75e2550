//! Keys and what they sign: messages of rooms (wire/denetwork.md, section 5), challenges of channels (wire/darkchat.md,
//! section 5).

use secp256k1::ecdsa::{self, RecoverableSignature};
use secp256k1::{Message, PublicKey, SecretKey};
use sha3::{Digest as _, Keccak256};

use super::stamp::Stamp;
use crate::clock;
use crate::error::{Error, Result};

/// What stands before a text that is signed (EIP-191), up to its length.
const PREAMBLE: &str = "\x19Ethereum Signed Message:\n";
/// The recovery byte of a signature is so much more than the recovery id.
const RECOVERY_OFFSET: u8 = 27;

/// A key.
#[derive(Clone)]
pub(crate) struct Wallet {
    secret: SecretKey,
    address: String,
    public_key: String,
}

impl Wallet {
    /// That of a secret.
    pub(crate) fn new(secret: [u8; 32]) -> Result<Self> {
        let refused = |error| Error::Unusable(format!("no key: {error}"));
        let secret = SecretKey::from_secret_bytes(secret).map_err(refused)?;
        let public = PublicKey::from_secret_key(&secret);
        let digest = keccak([public.serialize_uncompressed().get(1..).unwrap_or_default()]);
        let address = format!("0x{}", hex(digest.get(12..).unwrap_or_default()));
        Ok(Self { secret, address, public_key: hex(&public.serialize()) })
    }

    /// A random one.
    pub(crate) fn random() -> Result<Self> {
        let mut secret = [0; 32];
        clock::fill_random(&mut secret)?;
        Self::new(secret)
    }

    /// Its address, in lower case.
    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// Its compressed key, in lower case.
    pub(crate) fn public_key(&self) -> &str {
        &self.public_key
    }

    /// The key itself.
    pub(super) fn secret(&self) -> &SecretKey {
        &self.secret
    }

    /// Hash and signature of a canonical text; with the stamp if there is one, else as clients make it (RFC 6979).
    pub(super) fn seal(&self, canonical: &str, stamp: Option<&Stamp>) -> (String, String) {
        let text = canonical.as_bytes();
        let digest = keccak([PREAMBLE.as_bytes(), text.len().to_string().as_bytes(), text]);
        let digest = Message::from_digest(digest);
        let signature = stamp.and_then(|stamp| stamp.sign(digest));
        let (bytes, recovery) = signature.unwrap_or_else(|| {
            let (recovery, bytes) =
                RecoverableSignature::sign_ecdsa_recoverable(digest, &self.secret).serialize_compact();
            (bytes, recovery.to_u8())
        });
        let recovery = hex(&[recovery + RECOVERY_OFFSET]);
        (format!("0x{}", hex(&keccak([text]))), format!("0x{}{recovery}", hex(&bytes)))
    }

    /// The signature over a challenge, which is the digest by itself.
    pub(crate) fn sign_challenge(&self, challenge: [u8; 32]) -> String {
        hex(&ecdsa::sign(Message::from_digest(challenge), &self.secret).serialize_compact())
    }
}

fn keccak<const N: usize>(parts: [&[u8]; N]) -> [u8; 32] {
    let mut hasher = Keccak256::new();
    parts.iter().for_each(|part| hasher.update(part));
    hasher.finalize().into()
}

fn hex(bytes: &[u8]) -> String {
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits.filter_map(|digit| char::from_digit(digit.into(), 16)).collect()
}

/// Where some bytes first occur.
pub(crate) fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len().max(1)).position(|window| window == wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// From wire/denetwork_vectors.json: a text, its hash, its signature by 32 times 11.
    const VECTORS: [(&str, &str, &str); 2] = [
        (
            r#"{"body":"deadbeef","chatType":2,"fromAvatar":"https://example.org/a.png","fromName":"Alice","messageType":1,"roomId":"g0x00112233445566778899aabbccddeeff00112233","timestamp":1700000000000,"wallet":"0x19E7E376E7C213B7E7e7e46cc70A5dD086DAff2A"}"#,
            "0x7f12b14b7bb4f9f3d4fa5159bbc66251968de8da65777db61bc9aabb17980764",
            "0x455c62f68f6680cdc3eb9f8060d86d9ae49c18828354ea5b8a9a37cf9bb8d34a71499215bdab6bb808be99020840e263671b1f8cb4256c834d84819b1d4f71e91b",
        ),
        (
            r#"{"body":"deadbeef","chatType":2,"fromAvatar":"https://example.org/a.png","fromName":"Alice","roomId":"g0x00112233445566778899aabbccddeeff00112233","timestamp":1700000000000,"wallet":"0x19e7e376e7c213b7e7e7e46cc70a5dd086daff2a"}"#,
            "0x1fed6b1f1c5fbd0f2922e092fbc625e640e5d027ac0874632e1611beb1ef69fb",
            "0xd11fecb335ff9efad205c7f70063cbffbbfaf968936dae19769c6056c5e4c79a506e20a227dffa16376687dd96dd54589d10c1da97ccf5ac690f6983978418311c",
        ),
    ];

    #[test]
    fn signs_as_the_real_libraries_do() {
        let alice = Wallet::new([0x11; 32]).unwrap();
        assert_eq!(alice.address(), "0x19e7e376e7c213b7e7e7e46cc70a5dd086daff2a");
        for (text, hash, signature) in VECTORS {
            assert_eq!(alice.seal(text, None), (hash.to_owned(), signature.to_owned()));
        }
    }

    #[test]
    fn challenges_are_signed_as_the_real_client_does() {
        let alice = Wallet::new([0x11; 32]).unwrap();
        assert_eq!(alice.public_key(), "034f355bdcb7cc0af728ef3cceb9615d90684bb5b2ca5f859ab0f0b704075871aa");
        assert_eq!(
            alice.sign_challenge(*b"a1b2c3d4e5f6-4a7b-8c9d-0e1f2a3b4"),
            "18ab52cbb7d9fd565f1c4ab9dcf5038f92f0c3abe55b9d459965bcb270c4adf6\
             1e04b6169863154c5819ee65bc419bb710302ad843cc7e42320d051df2174293"
        );
    }

    #[test]
    fn finds_bytes() {
        assert_eq!((find(b"abcabc", b"ca"), find(b"abc", b"x"), find(b"a", b"abc")), (Some(2), None, None));
    }
}
