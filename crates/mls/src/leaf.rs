//! Leaves, as the rules of rosters see them.

use crate::settings::{CIPHERSUITE, ROSTER};
use crate::{Error, Result};
use openmls::prelude::tls_codec::Serialize as _;
use openmls::prelude::{Credential, CredentialType, LeafNode, Member, ProtocolVersion};

/// One device in a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leaf {
    /// Its place. Free again once the device is removed.
    pub index: u32,
    /// The identity of its basic credential: a signed device certificate, not checked here.
    pub credential: Vec<u8>,
    /// Its signature key.
    pub key: [u8; 32],
}

impl Leaf {
    /// From the parts; refuses credentials that are not basic and keys of another length.
    pub(crate) fn new(index: u32, credential: &Credential, key: &[u8]) -> Result<Self> {
        if credential.credential_type() != CredentialType::Basic {
            return Err(Error::Invalid("a credential is not basic"));
        }
        let key = key.try_into().map_err(|_| Error::Invalid("a signature key has another length"))?;
        Ok(Self { index, credential: credential.serialized_content().to_vec(), key })
    }

    /// As openmls lists it.
    pub(crate) fn of(member: &Member) -> Result<Self> {
        Self::new(member.index.u32(), &member.credential, &member.signature_key)
    }

    /// From a node that is to stand at this place.
    pub(crate) fn at(index: u32, node: &LeafNode) -> Result<Self> {
        check(node)?;
        Self::new(index, node.credential(), node.signature_key().as_slice())
    }
}

/// The points of small order on Curve25519 and its twist (RFC 7748, 6.1), as all their encodings without the highest bit. Whatever secret
/// meets one of them, the result is zeros.
const SMALL_ORDER: [[u8; 32]; 7] = [
    [0; 32],
    number(1, 0, 0),
    [
        0xe0, 0xeb, 0x7a, 0x7c, 0x3b, 0x41, 0xb8, 0xae, 0x16, 0x56, 0xe3, 0xfa, 0xf1, 0x9f, 0xc4, 0x6a, 0xda, 0x09,
        0x8d, 0xeb, 0x9c, 0x32, 0xb1, 0xfd, 0x86, 0x62, 0x05, 0x16, 0x5f, 0x49, 0xb8, 0x00,
    ],
    [
        0x5f, 0x9c, 0x95, 0xbc, 0xa3, 0x50, 0x8c, 0x24, 0xb1, 0xd0, 0xb1, 0x55, 0x9c, 0x83, 0xef, 0x5b, 0x04, 0x44,
        0x5c, 0xc4, 0x58, 0x1c, 0x8e, 0x86, 0xd8, 0x22, 0x4e, 0xdd, 0xd0, 0x9f, 0x11, 0x57,
    ],
    number(0xec, 0xff, 0x7f),
    number(0xed, 0xff, 0x7f),
    number(0xee, 0xff, 0x7f),
];

/// 32 bytes of this first one, this last one, and these between.
const fn number(first: u8, between: u8, last: u8) -> [u8; 32] {
    let mut bytes = [between; 32];
    let [start, .., end] = &mut bytes;
    (*start, *end) = (first, last);
    bytes
}

/// Refuses a public key that nothing can be sealed to: whoever had it in the tree would make every commit fail.
pub(crate) fn sealable(key: &[u8]) -> Result<()> {
    let mut key: [u8; 32] = key.try_into().map_err(|_| Error::Invalid("a public key has another length"))?;
    let [.., last] = &mut key;
    *last &= 0x7f;
    if SMALL_ORDER.contains(&key) { Err(Error::Invalid("a public key has a small order")) } else { Ok(()) }
}

/// Refuses a leaf that does not say that it can what all must be able to, and one that nothing can be sealed to.
pub(crate) fn check(node: &LeafNode) -> Result<()> {
    let can = node.capabilities();
    let fits = can.versions().contains(&ProtocolVersion::Mls10)
        && can.ciphersuites().contains(&CIPHERSUITE.into())
        && can.extensions().contains(&ROSTER)
        && can.credentials().contains(&CredentialType::Basic)
        && node.extensions().iter().next().is_none();
    if !fits {
        return Err(Error::Invalid("a leaf lacks a capability or has an extension"));
    }
    let key = node.encryption_key().tls_serialize_detached().map_err(Error::library)?;
    // The length of 32 bytes takes one.
    key.split_first().map_or(Ok(()), |(_, key)| sealable(key))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;
    use crate::crypto::Crypto;
    use openmls_traits::crypto::OpenMlsCrypto as _;
    use openmls_traits::types::{HpkeAeadType, HpkeConfig, HpkeKdfType, HpkeKemType};

    #[test]
    fn a_key_is_refused_if_nothing_can_be_sealed_to_it() {
        let config = || HpkeConfig(HpkeKemType::DhKem25519, HpkeKdfType::HkdfSha256, HpkeAeadType::AesGcm128);
        let seals = |key: &[u8]| Crypto.hpke_seal(config(), key, b"", b"", b"text").is_ok();
        for point in SMALL_ORDER {
            for highest in [0, 0x80] {
                let mut key = point;
                key[31] |= highest;
                assert!(!seals(&key) && sealable(&key).is_err(), "{key:?}");
            }
        }
        let good = Crypto.derive_hpke_keypair(config(), &[1; 32]).unwrap().public;
        assert!(seals(&good) && sealable(&good).is_ok());
        for near in [number(2, 0, 0), number(0xeb, 0xff, 0x7f), number(0xef, 0xff, 0x7f)] {
            assert!(seals(&near) && sealable(&near).is_ok(), "{near:?}");
        }
        assert!(sealable(&[9; 31]).is_err());
    }
}
