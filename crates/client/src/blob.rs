//! Sealed blobs (docs/protocol/messages.md, Blobs): content in pieces, padded to a bucket, each piece sealed for its place.

use crate::content::{LINK_BYTES_MAX, NAME_BYTES_MAX};
use crate::node_url::is_node_url;
use crate::sealing::Unreadable;
use chacha20poly1305::aead::{Aead, KeyInit};
use chacha20poly1305::{ChaCha20Poly1305, Nonce};
use serde::{Deserialize, Serialize};
use tidings_wire::Fixed;

/// Bytes of content in a piece.
pub const PIECE: usize = 65_536;
/// Bytes of a sealed piece.
pub const SEALED_PIECE: usize = PIECE + 16;
/// Most bytes of content: 100 MiB.
pub const CONTENT_MAX: u64 = 100 * 1024 * 1024;
/// Most bytes of a media type.
const KIND_BYTES_MAX: usize = 127;

/// Where a blob is, how it is opened, and how it is destroyed.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BlobPointer {
    /// `https://NODE/v1/blobs/ID`.
    pub url: String,
    /// Of this blob only.
    #[serde(with = "serde_bytes")]
    pub key: [u8; 32],
    /// Bytes of the content.
    pub size: u64,
    /// Its name; no path.
    pub name: String,
    /// Its media type.
    #[serde(rename = "type")]
    pub kind: String,
    /// Deletes it at the node.
    #[serde(with = "serde_bytes")]
    pub delete: [u8; 16],
}

impl BlobPointer {
    /// The node and the blob's id there; `None` if the URL is not a blob's.
    pub fn place(&self) -> Option<(&str, Fixed<32>)> {
        let (node, id) = self.url.rsplit_once("/v1/blobs/")?;
        Some((node, Fixed::parse(id)?)).filter(|(node, _)| is_node_url(node))
    }

    /// Fails with what is wrong.
    pub(crate) fn check(&self) -> Result<(), &'static str> {
        let path = |c: char| matches!(c, '/' | '\\') || c.is_control();
        if self.url.len() > LINK_BYTES_MAX || self.place().is_none() {
            Err("the blob's URL is none")
        } else if self.size > CONTENT_MAX {
            Err("the blob is too large")
        } else if self.name.is_empty()
            || self.name.len() > NAME_BYTES_MAX
            || self.name.contains(path)
            || self.name.starts_with('.')
        {
            Err("the file's name is none")
        } else if self.kind.len() > KIND_BYTES_MAX {
            Err("the media type is too long")
        } else {
            Ok(())
        }
    }
}

/// How many pieces a blob of so many bytes has, padding included: powers of two, and the middle between them.
pub fn pieces(size: u64) -> u32 {
    let needed = size.div_ceil(PIECE as u64).max(1);
    let power = needed.next_power_of_two();
    let middle = power / 4 * 3;
    let bucket = if power >= 4 && middle >= needed { middle } else { power };
    u32::try_from(bucket).unwrap_or(u32::MAX)
}

/// Bytes of a sealed blob whose content has `size` bytes.
pub fn sealed_size(size: u64) -> u64 {
    u64::from(pieces(size)).saturating_mul(SEALED_PIECE as u64)
}

/// How many bytes of the content are in a piece; the others are zeros.
pub fn content_in_piece(size: u64, index: u32) -> usize {
    let left = size.saturating_sub(u64::from(index).saturating_mul(PIECE as u64));
    usize::try_from(left).unwrap_or(PIECE).min(PIECE)
}

fn nonce(index: u32, last: bool) -> Nonce {
    let [a, b, c, d] = index.to_be_bytes();
    let [t, i, n, g, s] = *b"tings";
    Nonce::from([t, i, b'd', i, n, g, s, u8::from(last), a, b, c, d])
}

/// Seals a piece: its content (at most [`PIECE`] bytes; what is missing is padded with zeros) for its place. `last`: it is the last one.
///
/// The same place under the same key must always get the same content.
pub fn seal_piece(key: &[u8; 32], index: u32, last: bool, content: &[u8]) -> Vec<u8> {
    let mut piece = content.to_vec();
    piece.resize(PIECE, 0);
    let cipher = ChaCha20Poly1305::new(&(*key).into());
    // It fails for more than 256 GiB only; nothing can be opened by nobody.
    cipher.encrypt(&nonce(index, last), piece.as_slice()).unwrap_or_default()
}

/// Opens a piece, padding included.
pub fn open_piece(key: &[u8; 32], index: u32, last: bool, sealed: &[u8]) -> Result<Vec<u8>, Unreadable> {
    if sealed.len() != SEALED_PIECE {
        return Err(Unreadable);
    }
    ChaCha20Poly1305::new(&(*key).into()).decrypt(&nonce(index, last), sealed).map_err(|_| Unreadable)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_are_powers_of_two_and_their_middles() {
        let piece = PIECE as u64;
        for (needed, padded) in [
            (0, 1),
            (1, 1),
            (2, 2),
            (3, 3),
            (4, 4),
            (5, 6),
            (7, 8),
            (9, 12),
            (13, 16),
            (17, 24),
            (25, 32),
            (1600, 2048),
        ] {
            assert_eq!(pieces(needed * piece), padded, "{needed}");
        }
        assert_eq!(pieces(1), 1);
        assert_eq!(pieces(piece + 1), 2);
        assert_eq!(sealed_size(CONTENT_MAX), tidings_wire::api::BLOB_BYTES_MAX);
        assert_eq!(
            (content_in_piece(piece + 5, 0), content_in_piece(piece + 5, 1), content_in_piece(piece + 5, 2)),
            (PIECE, 5, 0)
        );
    }

    #[test]
    fn a_piece_opens_at_its_place_only() {
        let key = [1; 32];
        let sealed = seal_piece(&key, 3, false, b"content");
        let opened = open_piece(&key, 3, false, &sealed);
        assert!(opened.is_ok_and(|piece| piece.len() == PIECE && piece.starts_with(b"content\0")));
        assert!(open_piece(&key, 2, false, &sealed).is_err());
        assert!(open_piece(&key, 3, true, &sealed).is_err());
        assert!(open_piece(&[2; 32], 3, false, &sealed).is_err());
        assert!(open_piece(&key, 3, false, &sealed[1..]).is_err());
        assert_eq!(nonce(0x0102_0304, true).as_slice(), b"tidings\x01\x01\x02\x03\x04");
    }

    #[test]
    fn pointers_name_a_node_and_a_harmless_file() {
        let id = Fixed([7; 32]);
        let good = BlobPointer {
            url: format!("https://node.example/v1/blobs/{id}"),
            key: [0; 32],
            size: 5,
            name: "photo.jpg".to_owned(),
            kind: "image/jpeg".to_owned(),
            delete: [0; 16],
        };
        assert_eq!(good.check(), Ok(()));
        assert_eq!(good.place(), Some(("https://node.example", id)));
        for name in ["", "../x", "a/b", "a\\b", ".bashrc", "a\nb", &"x".repeat(257)] {
            assert!(BlobPointer { name: name.to_owned(), ..good.clone() }.check().is_err(), "{name}");
        }
        for url in
            ["https://node.example/v1/blobs/x", "file:///v1/blobs/", &format!("http://node.example/v1/blobs/{id}")]
        {
            assert!(BlobPointer { url: url.to_owned(), ..good.clone() }.check().is_err(), "{url}");
        }
        assert!(BlobPointer { size: CONTENT_MAX + 1, ..good }.check().is_err());
    }
}
