//! Public keys: the names by which people are known.

mod ed25519;

pub use ed25519::Ed25519Key;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::fmt;
use thiserror::Error;

/// Why a text is not a usable public key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum KeyError {
    /// Not the one standard padded base64 spelling of 32 bytes, or not a tagged key.
    #[error("not a public key in canonical form")]
    Malformed,
    /// A point of small order: everybody can compute its shared secrets, so it names nobody.
    #[error("a low-order public key, which anybody could use")]
    LowOrder,
}

/// An X25519 public key that is not of low order. Its text is standard padded base64, 44 characters, and nothing else:
/// each key has exactly one spelling (wire/piqchat.md 1 and 3.4).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BoxKey([u8; 32]);

/// The little-endian u-coordinates of all points of low order on Curve25519 and its twist, with the top bit (which X25519
/// ignores) cleared. Shared secrets with these are zero for every secret key (RFC 7748, section 6.1).
const LOW_ORDER: [[u8; 32]; 7] = [
    [0; 32],
    tail(1, 0, 0),
    [
        0xe0, 0xeb, 0x7a, 0x7c, 0x3b, 0x41, 0xb8, 0xae, 0x16, 0x56, 0xe3, 0xfa, 0xf1, 0x9f, 0xc4, 0x6a, 0xda, 0x09,
        0x8d, 0xeb, 0x9c, 0x32, 0xb1, 0xfd, 0x86, 0x62, 0x05, 0x16, 0x5f, 0x49, 0xb8, 0x00,
    ],
    [
        0x5f, 0x9c, 0x95, 0xbc, 0xa3, 0x50, 0x8c, 0x24, 0xb1, 0xd0, 0xb1, 0x55, 0x9c, 0x83, 0xef, 0x5b, 0x04, 0x44,
        0x5c, 0xc4, 0x58, 0x1c, 0x8e, 0x86, 0xd8, 0x22, 0x4e, 0xdd, 0xd0, 0x9f, 0x11, 0x57,
    ],
    tail(0xec, 0xff, 0x7f),
    tail(0xed, 0xff, 0x7f),
    tail(0xee, 0xff, 0x7f),
];

/// 32 bytes: `first`, then thirty times `middle`, then `last`.
const fn tail(first: u8, middle: u8, last: u8) -> [u8; 32] {
    let [mut bytes, _] = [[middle; 32], [0; 32]];
    let (head, rest) = match bytes.split_first_mut() {
        Some(parts) => parts,
        None => return bytes,
    };
    *head = first;
    if let Some(end) = rest.last_mut() {
        *end = last;
    }
    bytes
}

impl BoxKey {
    /// Takes 32 bytes. Fails with [`KeyError::LowOrder`] for the points that anybody can use.
    pub fn from_bytes(bytes: [u8; 32]) -> Result<Self, KeyError> {
        let mut masked = bytes;
        if let Some(top) = masked.last_mut() {
            *top &= 0x7f;
        }
        if LOW_ORDER.contains(&masked) { Err(KeyError::LowOrder) } else { Ok(Self(bytes)) }
    }

    /// Reads the one canonical base64 spelling; see [`BoxKey`].
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        let mut bytes = [0; 32];
        match STANDARD.decode_slice(text, &mut bytes) {
            Ok(32) if text.len() == 44 => Self::from_bytes(bytes),
            _ => Err(KeyError::Malformed),
        }
    }

    /// The 32 bytes.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for BoxKey {
    /// Standard padded base64, 44 characters.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = [0; 44];
        let written = STANDARD.encode_slice(self.0, &mut text).map_err(|_| fmt::Error)?;
        let text = text.get(..written).and_then(|bytes| std::str::from_utf8(bytes).ok());
        f.write_str(text.ok_or(fmt::Error)?)
    }
}

impl fmt::Debug for BoxKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BoxKey({self})")
    }
}

/// The address of a wallet: the last 20 bytes of the Keccak-256 hash of its secp256k1 public key (wire/denetwork.md, section 3).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WalletAddress([u8; 20]);

impl WalletAddress {
    /// Takes 20 bytes; each is the address of some key.
    pub fn from_bytes(bytes: [u8; 20]) -> Self {
        Self(bytes)
    }

    /// The 20 bytes.
    pub fn as_bytes(&self) -> &[u8; 20] {
        &self.0
    }
}

impl fmt::Display for WalletAddress {
    /// `0x` and 40 lower-case hexadecimal digits.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("0x")?;
        hex(&self.0, f)
    }
}

impl fmt::Debug for WalletAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "WalletAddress({self})")
    }
}

/// A compressed secp256k1 public key. Its text is 66 lower-case hexadecimal digits (wire/darkchat.md, section 1).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Secp256k1Key([u8; 33]);

impl Secp256k1Key {
    /// Takes the 33 bytes of a compressed point. That the point lies on the curve is for the door to check, which has the
    /// arithmetic. Fails with [`KeyError::Malformed`] if the first byte is neither 2 nor 3.
    pub fn from_compressed(bytes: [u8; 33]) -> Result<Self, KeyError> {
        match bytes {
            [2 | 3, ..] => Ok(Self(bytes)),
            _ => Err(KeyError::Malformed),
        }
    }

    /// The 33 bytes: 2 or 3 for the sign of y, then x.
    pub fn as_bytes(&self) -> &[u8; 33] {
        &self.0
    }
}

impl fmt::Display for Secp256k1Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        hex(&self.0, f)
    }
}

impl fmt::Debug for Secp256k1Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secp256k1Key({self})")
    }
}

fn hex(bytes: &[u8], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
}

/// The public key by which a door knows a person, with the role it is used in, so that equal bytes in two roles never meet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Key {
    /// An X25519 key, as piqchat's clients use it.
    Box(BoxKey),
    /// A wallet's address, as DeNetwork's clients use it.
    Wallet(WalletAddress),
    /// A secp256k1 key, as darkchat's clients use it.
    Secp256k1(Secp256k1Key),
    /// An Ed25519 key, as Tidings' own clients use it.
    Ed25519(Ed25519Key),
}

impl Key {
    /// Bytes of the tagged form.
    pub const TAGGED_LEN: usize = 33;
    const BOX_TAG: u8 = 1;
    const WALLET_TAG: u8 = 2;
    /// The tags of secp256k1 keys are this and the first byte of the compressed point: 4 and 5.
    const SECP256K1_TAG: u8 = 2;
    const ED25519_TAG: u8 = 6;

    /// The form in which keys are stored and named: a tag for the role, then the key's bytes, then zeros.
    pub fn tagged(&self) -> [u8; Self::TAGGED_LEN] {
        let (tag, bytes): (u8, &[u8]) = match self {
            Self::Box(key) => (Self::BOX_TAG, key.as_bytes()),
            Self::Wallet(address) => (Self::WALLET_TAG, address.as_bytes()),
            Self::Secp256k1(Secp256k1Key([sign, x @ ..])) => (Self::SECP256K1_TAG + sign, x),
            Self::Ed25519(key) => (Self::ED25519_TAG, key.as_bytes()),
        };
        let mut tagged = [0; Self::TAGGED_LEN];
        for (to, from) in tagged.iter_mut().zip(std::iter::once(&tag).chain(bytes)) {
            *to = *from;
        }
        tagged
    }

    /// Reads the tagged form. Fails with [`KeyError`] for an unknown tag, a wrong length or a low-order point.
    pub fn from_tagged(tagged: &[u8]) -> Result<Self, KeyError> {
        let (&tag, bytes) = tagged.split_first().ok_or(KeyError::Malformed)?;
        let bytes: [u8; 32] = bytes.try_into().map_err(|_| KeyError::Malformed)?;
        match tag {
            Self::BOX_TAG => BoxKey::from_bytes(bytes).map(Self::Box),
            Self::WALLET_TAG => match bytes.split_first_chunk() {
                Some((address, rest)) if rest.iter().all(|byte| *byte == 0) => {
                    Ok(Self::Wallet(WalletAddress::from_bytes(*address)))
                }
                _ => Err(KeyError::Malformed),
            },
            4 | 5 => {
                let mut compressed = [tag - Self::SECP256K1_TAG; 33];
                for (to, from) in compressed.iter_mut().skip(1).zip(bytes) {
                    *to = from;
                }
                Secp256k1Key::from_compressed(compressed).map(Self::Secp256k1)
            }
            Self::ED25519_TAG => Ed25519Key::from_bytes(bytes).map(Self::Ed25519),
            _ => Err(KeyError::Malformed),
        }
    }
}

impl fmt::Display for Key {
    /// The form people see: that of the door which uses this role.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Box(key) => key.fmt(f),
            Self::Wallet(address) => address.fmt(f),
            Self::Secp256k1(key) => key.fmt(f),
            Self::Ed25519(key) => key.fmt(f),
        }
    }
}

impl From<Ed25519Key> for Key {
    fn from(key: Ed25519Key) -> Self {
        Self::Ed25519(key)
    }
}

impl From<WalletAddress> for Key {
    fn from(address: WalletAddress) -> Self {
        Self::Wallet(address)
    }
}

impl From<Secp256k1Key> for Key {
    fn from(key: Secp256k1Key) -> Self {
        Self::Secp256k1(key)
    }
}

impl From<BoxKey> for Key {
    fn from(key: BoxKey) -> Self {
        Self::Box(key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ALICE: &str = "WGmv9FBUlzLLqu1eXfmzCm2jHLDldCutWtShp2jxpns=";

    #[test]
    fn one_spelling_only() {
        assert_eq!(BoxKey::parse(ALICE).map(|k| k.to_string()), Ok(ALICE.to_owned()));
        for other in [
            "WGmv9FBUlzLLqu1eXfmzCm2jHLDldCutWtShp2jxpnt=",
            "WGmv9FBUlzLLqu1eXfmzCm2jHLDldCutWtShp2jxpns",
            " WGmv9FBUlzLLqu1eXfmzCm2jHLDldCutWtShp2jxpns=",
            "WGmv9FBUlzLLqu1eXfmzCm2jHLDldCutWtShp2jxpns=\n",
            "WGmv9FBUlzLLqu1eXfmzCm2jHLDldCutWtShp2jxpg==",
            "",
            "abc",
        ] {
            assert_eq!(BoxKey::parse(other), Err(KeyError::Malformed), "{other:?}");
        }
    }

    #[test]
    fn low_order_points_name_nobody() {
        for point in LOW_ORDER {
            assert_eq!(BoxKey::from_bytes(point), Err(KeyError::LowOrder));
            let mut twin = point;
            twin[31] |= 0x80;
            assert_eq!(BoxKey::from_bytes(twin), Err(KeyError::LowOrder));
        }
        assert_eq!(BoxKey::parse("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="), Err(KeyError::LowOrder));
    }

    proptest! {
        #[test]
        fn tagged_and_text_forms_lead_back(bytes: [u8; 32]) {
            let Ok(key) = BoxKey::from_bytes(bytes) else { return Ok(()) };
            prop_assert_eq!(BoxKey::parse(&key.to_string()), Ok(key));
            prop_assert_eq!(Key::from_tagged(&Key::Box(key).tagged()), Ok(Key::Box(key)));
        }

        #[test]
        fn every_role_has_a_tagged_form_of_its_own(wallet: [u8; 20], x: [u8; 32], odd: bool) {
            let mut compressed = [2 + u8::from(odd); 33];
            compressed[1..].copy_from_slice(&x);
            let point = Key::from(Secp256k1Key::from_compressed(compressed).unwrap());
            let wallet = Key::from(WalletAddress::from_bytes(wallet));
            for key in [wallet, point] {
                prop_assert_eq!(Key::from_tagged(&key.tagged()), Ok(key));
            }
            prop_assert_ne!(wallet.tagged(), point.tagged());
            prop_assert_eq!(point.to_string().len(), 66);
            prop_assert_eq!(wallet.to_string().len(), 42);
        }

        #[test]
        fn any_tagged_bytes_are_answered(bytes in proptest::collection::vec(any::<u8>(), 0..40)) {
            if let Ok(key) = Key::from_tagged(&bytes) {
                prop_assert_eq!(key.tagged().to_vec(), bytes);
            }
        }

        #[test]
        fn any_text_is_answered(text in ".{0,60}") {
            let _ = BoxKey::parse(&text);
        }
    }
}
