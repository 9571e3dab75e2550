//! Archives of history (docs/protocol/profile.md): messages as they were, in a blob.

use crate::io::Time;
use crate::view::Identity;
use sha2::{Digest as _, Sha256};
use tidings_wire::cbor::{self, CborError};
use tidings_wire::{Blob, Fixed};

/// Most bytes of an archive.
pub const ARCHIVE_BYTES_MAX: usize = 1024 * 1024;

/// A message in an archive.
#[derive(Clone, PartialEq, Eq)]
pub struct Archived {
    /// Its CBOR.
    pub message: Vec<u8>,
    /// The device that sent it.
    pub device: [u8; 32],
    /// Whose device that was.
    pub identity: Identity,
    /// When it came, in milliseconds.
    pub received: Time,
}

/// A message as it is written.
type Written = (Blob, Fixed<32>, Fixed<32>, Time);

/// The CBOR of an archive. Fails if it is too long.
pub fn write_archive(messages: &[Archived]) -> Result<Vec<u8>, CborError> {
    let write = |archived: &Archived| -> Written {
        (Blob(archived.message.clone()), Fixed(archived.device), Fixed(archived.identity.0), archived.received)
    };
    let bytes = cbor::encode(&messages.iter().map(write).collect::<Vec<_>>());
    if bytes.len() > ARCHIVE_BYTES_MAX { Err(CborError::TooLarge) } else { Ok(bytes) }
}

/// What tells archives apart: the SHA-256 of the CBOR of their messages, without the times at which they came, which differ between devices.
pub fn archive_hash(messages: &[Archived]) -> [u8; 32] {
    let row =
        |archived: &Archived| (Blob(archived.message.clone()), Fixed(archived.device), Fixed(archived.identity.0));
    Sha256::digest(cbor::encode(&messages.iter().map(row).collect::<Vec<_>>())).into()
}

/// Reads an archive. The messages in it are not read yet.
pub fn read_archive(bytes: &[u8]) -> Result<Vec<Archived>, CborError> {
    let read = |(message, device, identity, received): Written| Archived {
        message: message.0,
        device: device.0,
        identity: Identity(identity.0),
        received,
    };
    Ok(cbor::decode::<Vec<Written>>(bytes, ARCHIVE_BYTES_MAX)?.into_iter().map(read).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn archives_lead_back_and_have_a_limit() {
        let archived = |length: usize| Archived {
            message: vec![1; length],
            device: [2; 32],
            identity: Identity([3; 32]),
            received: 4,
        };
        let messages = vec![archived(10), archived(500_000)];
        let bytes = write_archive(&messages).unwrap();
        assert!(read_archive(&bytes).is_ok_and(|read| read == messages));
        assert_eq!(write_archive(&[archived(ARCHIVE_BYTES_MAX)]).err(), Some(CborError::TooLarge));
        assert_eq!(read_archive(&bytes[1..]).err(), Some(CborError::Form));
        assert_eq!(read_archive(&[bytes.as_slice(), &[0]].concat()).err(), Some(CborError::Trailing));
        let later: Vec<_> = messages.iter().cloned().map(|one| Archived { received: 5, ..one }).collect();
        assert_eq!(archive_hash(&later), archive_hash(&messages));
        assert_ne!(archive_hash(&later[1..]), archive_hash(&messages));
    }
}
