//! Signed objects (docs/protocol/README.md, Notation): a body, and the signature of an identity over its label and its bytes.
//!
//! A [`Signed`] is made only by signing or by verifying, so whoever holds one has a body that can be believed to be the identity's.

use crate::bytes::{Blob, Fixed};
use crate::cbor::{self, CborError};
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::ops::Deref;
use thiserror::Error;

/// What every signature begins with.
const PREFIX: &[u8] = b"tidings/1 ";
/// Bytes that a signed object has beside its body, at most.
const AROUND: usize = 80;

/// Why something is not a signed object that can be believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum SignedError {
    /// It can't be read.
    #[error("the signed object is {0}")]
    Form(#[from] CborError),
    /// The signer's key is not a good Ed25519 key.
    #[error("the signer's key is not an Ed25519 key")]
    Key,
    /// The signature is not that of the identity named in the body.
    #[error("the signature does not fit")]
    Wrong,
    /// It is by another identity than the one it should be by.
    #[error("it is signed by somebody else")]
    Signer,
    /// The body breaks a rule.
    #[error("{0}")]
    Rule(&'static str),
}

/// What can be signed: each kind has a label of its own, so that a signature in one role is never valid in another.
pub trait Body: Serialize + DeserializeOwned {
    /// Says what it is.
    const LABEL: &'static str;
    /// Most bytes of the body.
    const BYTES_MAX: usize;
    /// The identity that must have signed it, as the body names it.
    fn signer(&self) -> Fixed<32>;
    /// The rules that hold within the body. Fails with what is wrong.
    fn check(&self) -> Result<(), &'static str>;
}

/// A body whose signature and rules were checked, with its bytes as they travel.
#[derive(Clone)]
pub struct Signed<T> {
    body: T,
    bytes: Vec<u8>,
}

/// What is signed.
fn signed_bytes(label: &str, body: &[u8]) -> Vec<u8> {
    [PREFIX, label.as_bytes(), &[0], body].concat()
}

impl<T: Body> Signed<T> {
    /// Signs. Fails if the key is not the one that the body names, or if the body breaks its own rules.
    pub fn sign(body: T, key: &SigningKey) -> Result<Self, SignedError> {
        if body.signer().0 != *key.verifying_key().as_bytes() {
            return Err(SignedError::Signer);
        }
        body.check().map_err(SignedError::Rule)?;
        let encoded = cbor::encode(&body);
        if encoded.len() > T::BYTES_MAX {
            return Err(SignedError::Form(CborError::TooLarge));
        }
        let signature = key.sign(&signed_bytes(T::LABEL, &encoded));
        let bytes = cbor::encode(&(Blob(encoded), Fixed(signature.to_bytes())));
        Ok(Self { body, bytes })
    }

    /// Reads and verifies: the signature is by the identity that the body names, and the body keeps its rules.
    pub fn verify(bytes: &[u8]) -> Result<Self, SignedError> {
        let parts: (Blob, Fixed<64>) = cbor::decode(bytes, T::BYTES_MAX.saturating_add(AROUND))?;
        // What is around the body isn't signed, so it has only one form: nobody can make another object of this one.
        if cbor::encode(&parts) != bytes {
            return Err(SignedError::Form(CborError::Form));
        }
        let (encoded, signature) = parts;
        let body: T = cbor::decode(&encoded.0, T::BYTES_MAX)?;
        let key = VerifyingKey::from_bytes(&body.signer().0).map_err(|_| SignedError::Key)?;
        let signature = Signature::from_bytes(&signature.0);
        // Strictly: refuses keys of small order, for which one signature fits every body.
        key.verify_strict(&signed_bytes(T::LABEL, &encoded.0), &signature).map_err(|_| SignedError::Wrong)?;
        body.check().map_err(SignedError::Rule)?;
        Ok(Self { body, bytes: bytes.to_vec() })
    }

    /// As [`Signed::verify`], and the signer is this identity.
    pub fn verify_by(bytes: &[u8], identity: &Fixed<32>) -> Result<Self, SignedError> {
        let signed = Self::verify(bytes)?;
        if signed.body.signer() == *identity { Ok(signed) } else { Err(SignedError::Signer) }
    }

    /// The body of an object that was verified before it was stored. **Verifies nothing**: for one's own store only.
    pub fn stored_body(bytes: &[u8]) -> Result<T, SignedError> {
        let (encoded, _): (Blob, Fixed<64>) = cbor::decode(bytes, T::BYTES_MAX.saturating_add(AROUND))?;
        Ok(cbor::decode(&encoded.0, T::BYTES_MAX)?)
    }
}

impl<T> Signed<T> {
    /// The body.
    pub fn body(&self) -> &T {
        &self.body
    }

    /// The body alone.
    pub fn into_body(self) -> T {
        self.body
    }

    /// The whole object, as it travels.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The whole object alone.
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }
}

impl<T> Deref for Signed<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.body
    }
}

impl<T> PartialEq for Signed<T> {
    fn eq(&self, other: &Self) -> bool {
        self.bytes == other.bytes
    }
}

impl<T> Eq for Signed<T> {}

impl<T> Serialize for Signed<T> {
    /// As bytes: in other CBOR, a signed object stands as a byte string.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Blob(self.bytes.clone()).serialize(serializer)
    }
}

impl<'de, T: Body> Deserialize<'de> for Signed<T> {
    /// Verifies.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let bytes = Blob::deserialize(deserializer)?;
        Self::verify(&bytes.0).map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[derive(Clone, PartialEq, Serialize, Deserialize)]
    struct Note {
        by: Fixed<32>,
        text: String,
    }

    impl Body for Note {
        const LABEL: &'static str = "note";
        const BYTES_MAX: usize = 100;

        fn signer(&self) -> Fixed<32> {
            self.by
        }

        fn check(&self) -> Result<(), &'static str> {
            if self.text.is_empty() { Err("a note says something") } else { Ok(()) }
        }
    }

    #[derive(Clone, PartialEq, Serialize, Deserialize)]
    struct Will(Note);

    impl Body for Will {
        const LABEL: &'static str = "will";
        const BYTES_MAX: usize = 100;

        fn signer(&self) -> Fixed<32> {
            self.0.by
        }

        fn check(&self) -> Result<(), &'static str> {
            Ok(())
        }
    }

    fn key() -> SigningKey {
        SigningKey::from_bytes(&[7; 32])
    }

    fn note(text: &str) -> Note {
        Note { by: Fixed(key().verifying_key().to_bytes()), text: text.to_owned() }
    }

    fn signed(text: &str) -> Signed<Note> {
        let Ok(signed) = Signed::sign(note(text), &key()) else { panic!("a good note") };
        signed
    }

    fn refusal<T: Body>(bytes: &[u8]) -> Option<SignedError> {
        Signed::<T>::verify(bytes).err()
    }

    #[test]
    fn what_was_signed_is_verified_as_it_travels() {
        let signed = signed("hello");
        let read = Signed::<Note>::verify(signed.bytes());
        assert!(read.is_ok_and(|read| read.text == "hello" && read == signed));
        assert!(Signed::<Note>::stored_body(signed.bytes()).is_ok_and(|body| body == note("hello")));
        let inside = cbor::encode(&(1, &signed));
        assert!(cbor::decode::<(u8, Signed<Note>)>(&inside, 500).is_ok_and(|(_, read)| read == signed));
        assert_eq!(Signed::<Note>::verify_by(signed.bytes(), &Fixed([1; 32])).err(), Some(SignedError::Signer));
    }

    #[test]
    fn another_role_key_or_rule_is_refused() {
        let will = Signed::sign(Will(note("x")), &key()).ok().map(Signed::into_bytes).unwrap_or_default();
        assert!(refusal::<Will>(&will).is_none());
        assert_eq!(refusal::<Note>(&will), Some(SignedError::Wrong), "the same body under another label");
        assert_eq!(Signed::sign(note("x"), &SigningKey::from_bytes(&[8; 32])).err(), Some(SignedError::Signer));
        assert_eq!(Signed::sign(note(""), &key()).err(), Some(SignedError::Rule("a note says something")));
        let long = "x".repeat(100);
        assert_eq!(Signed::sign(note(&long), &key()).err(), Some(SignedError::Form(CborError::TooLarge)));
    }

    #[test]
    fn a_key_of_small_order_signs_nothing() {
        // The neutral element: with R = neutral and s = 0, a lax verifier takes this for every body.
        let mut neutral = [0; 32];
        neutral[0] = 1;
        let body = cbor::encode(&Note { by: Fixed(neutral), text: "x".to_owned() });
        let mut signature = [0; 64];
        signature[0] = 1;
        let forged = cbor::encode(&(Blob(body), Fixed(signature)));
        assert_eq!(refusal::<Note>(&forged), Some(SignedError::Wrong));
    }

    #[test]
    fn more_or_fewer_parts_are_refused() {
        let (body, signature) = (Blob(cbor::encode(&note("x"))), Fixed([0u8; 64]));
        assert_eq!(refusal::<Note>(&cbor::encode(&(&body, signature))), Some(SignedError::Wrong));
        for other in [cbor::encode(&(&body, signature, 1)), cbor::encode(&(&body,)), cbor::encode(&(1, signature))] {
            assert!(matches!(refusal::<Note>(&other), Some(SignedError::Form(_))));
        }
    }

    #[test]
    fn what_is_around_the_body_has_one_form() {
        let good = signed("hello").into_bytes();
        let (Some((&first, rest)), Some((&length, body))) =
            (good.split_first(), good.get(2..).and_then(<[u8]>::split_first))
        else {
            panic!("an array of two byte strings")
        };
        assert_eq!((first, good[1]), (0x82, 0x58));
        let tagged = [&[0xd8, 0x18, first][..], rest].concat();
        let indefinite = [&[0x9f][..], rest, &[0xff]].concat();
        let long_head = [&[0x98, 2][..], rest].concat();
        let long_length = [&[first, 0x59, 0, length][..], body].concat();
        assert!(refusal::<Note>(&good).is_none());
        for other in [tagged, indefinite, long_head, long_length] {
            assert!(matches!(refusal::<Note>(&other), Some(SignedError::Form(_))), "{other:?}");
        }
    }

    proptest! {
        #[test]
        fn no_change_of_a_byte_goes_unnoticed(place in 0usize..150, change in 1u8..) {
            let mut bytes = signed("hello").into_bytes();
            let place = place % bytes.len();
            bytes[place] ^= change;
            // A head that announces another length is refused, too.
            prop_assert!(refusal::<Note>(&bytes).is_some());
        }

        #[test]
        fn any_bytes_are_answered(bytes: Vec<u8>) {
            prop_assert!(refusal::<Note>(&bytes).is_some());
        }
    }
}
