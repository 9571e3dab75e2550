//! One-time tokens: what a person holds is the token, what a node keeps is its hash.

use sha2::{Digest, Sha256};
use std::fmt;
use subtle::ConstantTimeEq;

/// A bearer secret of 122 random bits, written as a lower-case UUID of version 4. It has no `Debug`: whoever reads it may use it.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(String);

impl Token {
    /// Makes a token of 16 random bytes.
    pub fn from_random(bytes: [u8; 16]) -> Self {
        Self(uuid_v4(bytes))
    }

    /// The text, 36 characters.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What is kept of it.
    pub fn hash(&self) -> TokenHash {
        TokenHash::of(&self.0)
    }
}

/// SHA-256 of a token's text. Any text has one, so what a caller presents needs no parsing before it is looked up.
#[derive(Clone, Copy)]
pub struct TokenHash([u8; 32]);

impl TokenHash {
    /// Hashes the presented text.
    pub fn of(text: &str) -> Self {
        Self(Sha256::digest(text.as_bytes()).into())
    }

    /// Takes the 32 bytes as stored.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The 32 bytes to store.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl PartialEq for TokenHash {
    /// In constant time.
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl Eq for TokenHash {}

impl fmt::Debug for TokenHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenHash(..)")
    }
}

/// Writes 16 random bytes as a UUID of version 4 (RFC 9562, section 5.4), lower-case.
pub(crate) fn uuid_v4(bytes: [u8; 16]) -> String {
    let number = u128::from_be_bytes(bytes);
    let version = number & !(0xf << 76) | (0x4 << 76);
    uuid_text(version & !(0x3 << 62) | (0x2 << 62))
}

/// Writes 128 bits in the UUID's form of 8-4-4-4-12 lower-case hexadecimal digits.
pub(crate) fn uuid_text(number: u128) -> String {
    let part = |shift: u32, bits: u32| number >> shift & ((1 << bits) - 1);
    format!("{:08x}-{:04x}-{:04x}-{:04x}-{:012x}", part(96, 32), part(80, 16), part(64, 16), part(48, 16), part(0, 48))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_uuids_of_version_4() {
        let token = Token::from_random([0xff; 16]);
        assert_eq!(token.as_str(), "ffffffff-ffff-4fff-bfff-ffffffffffff");
        assert_eq!(Token::from_random([0; 16]).as_str(), "00000000-0000-4000-8000-000000000000");
        assert_eq!(token.hash(), TokenHash::of(token.as_str()));
        assert_ne!(token.hash(), TokenHash::of(&token.as_str().to_uppercase()));
    }
}
