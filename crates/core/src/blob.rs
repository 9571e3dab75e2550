//! Blobs: large sealed attachments that envelopes point to. One blob may be shared by several envelopes; it goes with the last.

use std::fmt;

/// The name of a blob that is kept as a file: 32 lower-case hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct BlobName(u128);

impl BlobName {
    /// Makes a name of 16 random bytes.
    pub fn from_random(bytes: [u8; 16]) -> Self {
        Self(u128::from_be_bytes(bytes))
    }

    /// Reads the 32 digits; `None` for any other text.
    pub fn parse(text: &str) -> Option<Self> {
        let name = Self(u128::from_str_radix(text, 16).ok()?);
        (name.to_string() == text).then_some(name)
    }
}

impl fmt::Display for BlobName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

/// A blob about to be referred to.
#[derive(Clone)]
pub enum BlobContent {
    /// Small enough to be kept beside its row, so that one sync covers both.
    Inline(Vec<u8>),
    /// Already a file, written and synced under its final name.
    File {
        /// The file.
        name: BlobName,
        /// Its length in bytes.
        size: u64,
    },
}

impl BlobContent {
    /// Length in bytes.
    pub fn size(&self) -> u64 {
        match self {
            Self::Inline(bytes) => u64::try_from(bytes.len()).unwrap_or(u64::MAX),
            Self::File { size, .. } => *size,
        }
    }
}

/// A stored blob, ready to be read.
pub enum Blob {
    /// Its bytes.
    Inline(Vec<u8>),
    /// The file that holds it.
    File {
        /// The file.
        name: BlobName,
        /// Its length in bytes, as promised when it was stored.
        size: u64,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_32_lower_case_digits() {
        let name = BlobName::from_random([0xab; 16]);
        assert_eq!(BlobName::parse(&name.to_string()), Some(name));
        for other in
            ["", "../etc/passwd", "AB".repeat(16).as_str(), "ab", &"a".repeat(33), "+bababababababababababababababab"]
        {
            assert_eq!(BlobName::parse(other), None, "{other}");
        }
    }
}
