//! The keys of a person (docs/protocol/identity.md, Phrase and keys). Devices keep these secrets, not the phrase and not its seed.

use crate::phrase::Phrase;
use crate::sealing::hkdf;
use crate::view::{GroupId, Identity};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bip32::{DerivationPath, XPrv};
use ed25519_dalek::SigningKey;
use serde::{Deserialize, Serialize};
use sha3::{Digest, Keccak256};
use thiserror::Error;
use x25519_dalek::{PublicKey, StaticSecret};
use zeroize::{Zeroize, ZeroizeOnDrop};

/// Where wallets have their first account (BIP-44).
const WALLET_PATH: &str = "m/44'/60'/0'/0/0";
/// The salt of whatever is derived from the seed.
const SALT: &[u8] = b"tidings/1";

/// No keys can be had from this phrase: one in 2^127 has no wallet (BIP-32). Make another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("this phrase gives no wallet; make another")]
pub struct KeyError;

/// All that is derived from the phrase. Sent to a device that is linked, and kept on each.
#[derive(Clone, Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
pub struct Secrets {
    #[serde(with = "serde_bytes")]
    identity: [u8; 32],
    #[serde(with = "serde_bytes")]
    wallet: [u8; 32],
    #[serde(with = "serde_bytes", rename = "box")]
    box_secret: [u8; 32],
    #[serde(with = "serde_bytes")]
    inbox: [u8; 32],
    #[serde(with = "serde_bytes")]
    backup: [u8; 32],
    #[serde(with = "serde_bytes")]
    access: [u8; 32],
}

impl Secrets {
    /// Derives everything.
    pub fn from_phrase(phrase: &Phrase) -> Result<Self, KeyError> {
        let seed = phrase.seed();
        let path: DerivationPath = WALLET_PATH.parse().map_err(|_| KeyError)?;
        let mut wallet = XPrv::derive_from_path(&*seed, &path).map_err(|_| KeyError)?.to_bytes();
        let derive = |info: &str| hkdf(SALT, &*seed, info.as_bytes());
        let secrets = Self {
            identity: derive("identity"),
            wallet,
            box_secret: derive("box"),
            inbox: derive("inbox"),
            backup: derive("backup"),
            access: derive("access"),
        };
        wallet.zeroize();
        Ok(secrets)
    }

    /// Who the person is.
    pub fn identity(&self) -> Identity {
        Identity(self.identity_key().verifying_key().to_bytes())
    }

    /// Signs certificates, device lists, cards, parcels.
    pub fn identity_key(&self) -> SigningKey {
        SigningKey::from_bytes(&self.identity)
    }

    /// From it come the access keys of groups.
    pub fn access_root(&self) -> &[u8; 32] {
        &self.access
    }

    /// The key by which the hub of a group knows this person, from the salt in the roster.
    pub fn access_key(&self, salt: &[u8; 16]) -> SigningKey {
        access_key(&self.access, salt)
    }

    /// Opens parcels.
    pub fn inbox_secret(&self) -> &[u8; 32] {
        &self.inbox
    }

    /// Parcels are sealed to it (X25519).
    pub fn inbox_public(&self) -> [u8; 32] {
        x25519_public(&self.inbox)
    }

    /// Seals the profile document.
    pub fn profile_key(&self) -> [u8; 32] {
        hkdf(SALT, &self.backup, b"profile")
    }

    /// The box key as it is derived (X25519); one taken over from piqchat is in the profile and counts instead.
    pub fn box_secret(&self) -> &[u8; 32] {
        &self.box_secret
    }

    /// The wallet's secret key (secp256k1).
    pub fn wallet_secret(&self) -> &[u8; 32] {
        &self.wallet
    }

    /// The wallet's address, `0x` and 40 digits in lower case, as DeNetwork's clients write it.
    pub fn wallet_address(&self) -> String {
        format!("0x{}", hex(&self.wallet_account()))
    }

    /// The wallet's address with the checksum in its capitals (EIP-55).
    pub fn wallet_checksummed(&self) -> String {
        let digits = hex(&self.wallet_account());
        let check = hex(&Keccak256::digest(digits.as_bytes()));
        let raised = |(digit, check): (char, char)| if check >= '8' { digit.to_ascii_uppercase() } else { digit };
        let digits: String = digits.chars().zip(check.chars()).map(raised).collect();
        format!("0x{digits}")
    }

    /// The last 20 bytes of the Keccak-256 of the public key; nothing for a secret that is none, which can't come from a phrase.
    fn wallet_account(&self) -> Vec<u8> {
        let Ok(key) = k256::ecdsa::SigningKey::from_slice(&self.wallet) else { return Vec::new() };
        let point = key.verifying_key().to_sec1_point(false);
        let digest = Keccak256::digest(point.as_bytes().get(1..).unwrap_or_default());
        digest.iter().copied().skip(12).collect()
    }
}

/// The access key of a group: the hub knows the member by it only, and by it in this group only. The salt is random; it stands in
/// the key package with which somebody was added, and in the roster.
pub fn access_key(access_root: &[u8; 32], salt: &[u8; 16]) -> SigningKey {
    SigningKey::from_bytes(&hkdf(salt, access_root, b"tidings/1 access"))
}

/// The one access key of a room, which whoever has its link has.
pub fn room_access_key(group: &GroupId, seal: &[u8; 32]) -> SigningKey {
    SigningKey::from_bytes(&hkdf(&group.0, seal, b"tidings/1 room access"))
}

/// The public half of an X25519 secret.
pub fn x25519_public(secret: &[u8; 32]) -> [u8; 32] {
    PublicKey::from(&StaticSecret::from(*secret)).to_bytes()
}

/// A box key's public half in base64, as piqchat shows it.
pub fn box_public(secret: &[u8; 32]) -> String {
    STANDARD.encode(x25519_public(secret))
}

/// Reads the secret box key of a piqchat client: 32 bytes in base64.
pub fn read_box_key(text: &str) -> Option<[u8; 32]> {
    STANDARD.decode(text.trim()).ok()?.try_into().ok()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secrets(text: &str) -> Secrets {
        let secrets = Phrase::parse(text).ok().and_then(|phrase| Secrets::from_phrase(&phrase).ok());
        let Some(secrets) = secrets else { panic!("a good phrase") };
        secrets
    }

    #[test]
    fn well_known_phrases_give_their_well_known_addresses() {
        for (phrase, address) in [
            (
                "test test test test test test test test test test test junk",
                "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266",
            ),
            (
                "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon about",
                "0x9858EfFD232B4033E47d90003D41EC34EcaEda94",
            ),
        ] {
            assert_eq!(secrets(phrase).wallet_checksummed(), address);
            assert_eq!(secrets(phrase).wallet_address(), address.to_lowercase());
        }
    }

    #[test]
    fn no_two_keys_are_the_same() {
        let secrets = secrets("test test test test test test test test test test test junk");
        let (a, b) = (GroupId([1; 16]), GroupId([2; 16]));
        let keys = [
            secrets.identity,
            secrets.wallet,
            secrets.box_secret,
            secrets.inbox,
            secrets.backup,
            secrets.access,
            secrets.profile_key(),
            secrets.access_key(&a.0).to_bytes(),
            secrets.access_key(&b.0).to_bytes(),
            room_access_key(&a, &[0; 32]).to_bytes(),
            room_access_key(&a, &[1; 32]).to_bytes(),
        ];
        let distinct: std::collections::BTreeSet<_> = keys.iter().collect();
        assert_eq!(distinct.len(), keys.len());
    }

    #[test]
    fn secrets_travel_and_come_back() {
        let secrets = secrets("test test test test test test test test test test test junk");
        let bytes = tidings_wire::cbor::encode(&secrets);
        let read: Result<Secrets, _> = tidings_wire::cbor::decode(&bytes, 500);
        assert!(read.is_ok_and(
            |read| read.identity() == secrets.identity() && read.wallet_address() == secrets.wallet_address()
        ));
    }

    #[test]
    fn box_keys_are_those_of_piqchat() {
        // RFC 7748, section 6.1: Alice's key pair.
        let secret = read_box_key("dwdtCnMYpX08FsFyUbJmRd9ML4frwJkqsXf7pR25LCo=").unwrap();
        assert_eq!(box_public(&secret), "hSDwCYkwp1R0i33ctD73Wg2/Og0mOBr066SpjqqbTmo=");
        assert_eq!(read_box_key("AAAA"), None);
        assert_eq!(read_box_key("no"), None);
    }
}
