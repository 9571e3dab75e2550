//! The checksums of rows, and numbers between Rust and SQLite.

use super::fault::Fault;
use std::fmt::Display;
use tidings_core::{Key, StreamKind};
use xxhash_rust::xxh3::Xxh3Default;

/// Builds the checksum of a row: XXH3 with 64 bits over its columns, each with its length, so that no content can move from one to the next.
pub(super) struct Sum(Xxh3Default);

impl Sum {
    /// Of no column yet.
    pub(super) fn new() -> Self {
        Self(Xxh3Default::new())
    }

    /// Adds a number.
    pub(super) fn int(mut self, value: i64) -> Self {
        self.0.update(&value.to_le_bytes());
        self
    }

    /// Adds a number or nothing.
    pub(super) fn int_or_none(self, value: Option<i64>) -> Self {
        match value {
            Some(value) => self.int(1).int(value),
            None => self.int(0),
        }
    }

    /// Adds bytes.
    pub(super) fn bytes(self, value: &[u8]) -> Self {
        let mut sum = self.int(int(value.len()));
        sum.0.update(value);
        sum
    }

    /// Adds text.
    pub(super) fn text(self, value: &str) -> Self {
        self.bytes(value.as_bytes())
    }

    /// Adds bytes or nothing.
    pub(super) fn bytes_or_none(self, value: Option<&[u8]>) -> Self {
        match value {
            Some(value) => self.bytes(value),
            None => self.int(-1),
        }
    }

    /// Adds text or nothing.
    pub(super) fn text_or_none(self, value: Option<&str>) -> Self {
        self.bytes_or_none(value.map(str::as_bytes))
    }

    /// The checksum as a column holds it.
    pub(super) fn done(self) -> i64 {
        i64::from_le_bytes(self.0.digest().to_le_bytes())
    }
}

/// Compares a stored checksum with a computed one.
pub(super) fn check(stored: i64, computed: i64, table: &str, row: impl Display) -> Result<(), Fault> {
    if stored == computed { Ok(()) } else { Err(damaged(table, row, "does not fit its checksum")) }
}

/// Says that a row is damaged.
pub(super) fn damaged(table: &str, row: impl Display, how: &str) -> Fault {
    Fault::Damaged(format!("table {table}, row {row}: {how}"))
}

/// A number as SQLite keeps it; what is too large becomes the largest.
pub(super) fn int(value: impl TryInto<i64>) -> i64 {
    value.try_into().unwrap_or(i64::MAX)
}

/// A count as Rust keeps it; what is negative becomes zero.
pub(super) fn count(value: i64) -> u64 {
    u64::try_from(value).unwrap_or(0)
}

/// A stored key.
pub(super) fn key(tagged: &[u8], table: &str, row: impl Display) -> Result<Key, Fault> {
    Key::from_tagged(tagged).map_err(|_| damaged(table, row, "holds no key"))
}

/// A stored kind of stream.
pub(super) fn kind(code: i64, table: &str, row: impl Display) -> Result<StreamKind, Fault> {
    let found = StreamKind::ALL.into_iter().find(|kind| i64::from(kind.code()) == code);
    found.ok_or_else(|| damaged(table, row, "holds no kind of stream"))
}
