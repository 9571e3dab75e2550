//! Ed25519 public keys.

use super::{KeyError, tail};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use std::fmt;

/// An Ed25519 public key in its canonical form, not of small order: an identity, a device, a posting key, or a member's access
/// key of a group (docs/protocol/identity.md). Its text is base64url without padding, 43 characters.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ed25519Key([u8; 32]);

/// The y-coordinates of the points of small order on edwards25519 (RFC 8032, section 5.1), little-endian, the sign of x cleared.
/// Signatures by such "keys" can be made by anybody.
const SMALL_ORDER: [[u8; 32]; 5] = [
    [0; 32],
    tail(1, 0, 0),
    tail(0xec, 0xff, 0x7f),
    [
        0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98, 0xf0, 0xd5, 0xdf,
        0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05,
    ],
    [
        0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67, 0x0f, 0x2a, 0x20,
        0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a,
    ],
];

impl Ed25519Key {
    /// Bytes of a key.
    pub const LEN: usize = 32;

    /// Takes 32 bytes. Fails with [`KeyError::Malformed`] if y is not below 2^255 - 19, so that each key has one form, and with
    /// [`KeyError::LowOrder`] for the points that anybody can sign for. That the point lies on the curve shows when a signature
    /// is verified.
    pub fn from_bytes(bytes: [u8; 32]) -> Result<Self, KeyError> {
        let mut y = bytes;
        if let Some(top) = y.last_mut() {
            *top &= 0x7f;
        }
        // From 2^255 - 19 on: ed ff … ff 7f to ff ff … ff 7f.
        if let [low, middle @ .., 0x7f] = y
            && low >= 0xed
            && middle.iter().all(|byte| *byte == 0xff)
        {
            return Err(KeyError::Malformed);
        }
        if SMALL_ORDER.contains(&y) { Err(KeyError::LowOrder) } else { Ok(Self(bytes)) }
    }

    /// Reads the one spelling; see [`Ed25519Key`].
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        let mut bytes = [0; 32];
        match URL_SAFE_NO_PAD.decode_slice(text, &mut bytes) {
            Ok(32) if text.len() == 43 => Self::from_bytes(bytes),
            _ => Err(KeyError::Malformed),
        }
    }

    /// The 32 bytes.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for Ed25519Key {
    /// Base64url without padding, 43 characters.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&URL_SAFE_NO_PAD.encode(self.0))
    }
}

impl fmt::Debug for Ed25519Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Ed25519Key({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::{BoxKey, Key};
    use proptest::prelude::*;

    #[test]
    fn small_and_second_forms_of_ed25519_points_are_no_keys() {
        for point in SMALL_ORDER {
            let mut twin = point;
            twin[31] |= 0x80;
            for bytes in [point, twin] {
                assert_eq!(Ed25519Key::from_bytes(bytes), Err(KeyError::LowOrder));
            }
        }
        let largest = tail(0xec, 0xff, 0x7f);
        for (low, canonical) in [(0xeb, true), (0xed, false), (0xee, false), (0xff, false)] {
            for sign in [0, 0x80] {
                let mut bytes = largest;
                bytes[0] = low;
                bytes[31] |= sign;
                assert_eq!(Ed25519Key::from_bytes(bytes).is_ok(), canonical, "{low:x}");
            }
        }
    }

    proptest! {
        #[test]
        fn ed25519_keys_lead_back_and_are_no_box_keys(bytes: [u8; 32]) {
            let Ok(key) = Ed25519Key::from_bytes(bytes) else { return Ok(()) };
            prop_assert_eq!(Ed25519Key::parse(&key.to_string()), Ok(key));
            prop_assert_eq!(Key::from_tagged(&Key::from(key).tagged()), Ok(Key::Ed25519(key)));
            if let Ok(other) = BoxKey::from_bytes(bytes) {
                prop_assert_ne!(Key::Box(other).tagged(), Key::from(key).tagged());
            }
        }

        #[test]
        fn any_text_is_answered(text in ".{0,60}") {
            let _ = Ed25519Key::parse(&text);
        }
    }
}
