//! Public keys: the names by which people are known.

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

/// The public key by which a door knows a person, with the role it is used in, so that equal bytes in two roles never meet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Key {
    /// An X25519 key, as piqchat's clients use it.
    Box(BoxKey),
}

impl Key {
    /// Bytes of the tagged form.
    pub const TAGGED_LEN: usize = 33;
    const BOX_TAG: u8 = 1;

    /// The form in which keys are stored and named: a tag for the role, then the key's bytes.
    pub fn tagged(&self) -> [u8; Self::TAGGED_LEN] {
        let Self::Box(key) = self;
        let mut tagged = [Self::BOX_TAG; Self::TAGGED_LEN];
        for (to, from) in tagged.iter_mut().skip(1).zip(key.as_bytes()) {
            *to = *from;
        }
        tagged
    }

    /// Reads the tagged form. Fails with [`KeyError`] for an unknown tag, a wrong length or a low-order point.
    pub fn from_tagged(tagged: &[u8]) -> Result<Self, KeyError> {
        match tagged.split_first() {
            Some((&Self::BOX_TAG, bytes)) => {
                let bytes = bytes.try_into().map_err(|_| KeyError::Malformed)?;
                BoxKey::from_bytes(bytes).map(Self::Box)
            }
            _ => Err(KeyError::Malformed),
        }
    }
}

impl fmt::Display for Key {
    /// The form people see: that of the door which uses this role.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self::Box(key) = self;
        key.fmt(f)
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
        fn any_text_is_answered(text in ".{0,60}") {
            let _ = BoxKey::parse(&text);
        }
    }
}
