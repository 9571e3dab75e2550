//! Sealing what is kept: each value bound to its place, each owner hidden behind a keyed hash.

use crate::edge;
use chacha20poly1305::aead::{Aead as _, KeyInit as _, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use hkdf::Hkdf;
use sha2::Sha256;
use tidings_client::records::Table;
use zeroize::Zeroizing;

/// Bytes before and after what is sealed: the nonce and the tag.
pub(crate) const OVERHEAD: usize = NONCE + 16;

/// Bytes of a nonce of XChaCha20-Poly1305.
const NONCE: usize = 24;

/// Bytes of a hidden owner or place.
const HIDDEN: usize = 16;

/// What all keys of a store come from.
pub(crate) type Master = Zeroizing<[u8; 32]>;

/// The keys of an open store.
pub(crate) struct Keys {
    values: XChaCha20Poly1305,
    files: XChaCha20Poly1305,
    owners: Hkdf<Sha256>,
}

/// A record as it lies inside the seal.
pub(crate) struct Plain {
    pub(crate) owner: Vec<u8>,
    pub(crate) order: Vec<u8>,
    pub(crate) value: Vec<u8>,
}

/// Where a record stands in the database: what is seen from outside.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Spot {
    pub(crate) table: Table,
    pub(crate) owner: Vec<u8>,
    pub(crate) place: Vec<u8>,
}

/// Whether the order of this table is hidden, too: the names of MLS's records and of a conversation's parts would tell
/// which group they belong to, and who is in it.
pub(crate) fn hides_order(table: Table) -> bool {
    matches!(table, Table::Mls | Table::Part)
}

impl Keys {
    /// Derives them.
    pub(crate) fn new(master: &Master) -> Self {
        let root = Hkdf::<Sha256>::new(Some(b"tidings store 1"), master.as_slice());
        let key = |label: &[u8]| {
            let mut key = Zeroizing::new([0; 32]);
            // Fails for outputs of more than 8,160 bytes only.
            let _ = root.expand(label, key.as_mut_slice());
            key
        };
        let cipher = |label: &[u8]| XChaCha20Poly1305::new(&(*key(label)).into());
        let owners = Hkdf::new(Some(b"tidings store 1 owners"), key(b"owners").as_slice());
        Self { values: cipher(b"values"), files: cipher(b"files"), owners }
    }

    /// Where a record stands.
    pub(crate) fn spot(&self, table: Table, owner: &[u8], order: &[u8]) -> Spot {
        let place = if hides_order(table) { self.hide(b"place", table, owner, order) } else { order.to_owned() };
        Spot { table, owner: self.owner(table, owner), place }
    }

    /// What stands in the database for an owner. Another for each table, so that rows of two tables can't be matched.
    pub(crate) fn owner(&self, table: Table, owner: &[u8]) -> Vec<u8> {
        self.hide(b"owner", table, owner, &[])
    }

    fn hide(&self, what: &[u8], table: Table, owner: &[u8], order: &[u8]) -> Vec<u8> {
        let length = u64::try_from(owner.len()).unwrap_or(u64::MAX).to_be_bytes();
        let mut hidden = vec![0; HIDDEN];
        // Fails for outputs of more than 8,160 bytes only.
        let _ = self.owners.expand_multi_info(&[what, &[table as u8], &length, owner, order], &mut hidden);
        hidden
    }

    /// Seals a record for its spot.
    pub(crate) fn seal(&self, spot: &Spot, owner: &[u8], order: &[u8], value: &[u8]) -> Option<Vec<u8>> {
        let mut plain = Zeroizing::new(Vec::with_capacity(owner.len() + order.len() + value.len() + 4));
        for part in [owner, order] {
            plain.extend_from_slice(&u16::try_from(part.len()).ok()?.to_be_bytes());
            plain.extend_from_slice(part);
        }
        plain.extend_from_slice(value);
        encrypt(&self.values, &bound(spot.table as u8, &spot.owner, &spot.place), &plain)
    }

    /// Opens a record; `None` if it is not what was sealed for this spot.
    pub(crate) fn open_at(&self, table: u8, owner: &[u8], place: &[u8], sealed: &[u8]) -> Option<Plain> {
        let plain = decrypt(&self.values, &bound(table, owner, place), sealed)?;
        let (owner, rest) = part(&plain)?;
        let (order, value) = part(rest)?;
        Some(Plain { owner: owner.to_owned(), order: order.to_owned(), value: value.to_owned() })
    }

    /// Seals a piece of a file.
    pub(crate) fn seal_piece(&self, file: u64, piece: u64, bytes: &[u8]) -> Option<Vec<u8>> {
        encrypt(&self.files, &piece_of(file, piece), bytes)
    }

    /// Opens a piece of a file.
    pub(crate) fn open_piece(&self, file: u64, piece: u64, sealed: &[u8]) -> Option<Vec<u8>> {
        decrypt(&self.files, &piece_of(file, piece), sealed)
    }
}

fn bound(table: u8, owner: &[u8], place: &[u8]) -> Vec<u8> {
    [b"tidings store 1".as_slice(), &[table], owner, place].concat()
}

fn piece_of(file: u64, piece: u64) -> Vec<u8> {
    [b"tidings file 1".as_slice(), &file.to_be_bytes(), &piece.to_be_bytes()].concat()
}

fn part(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<2>()?;
    rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))
}

/// The nonce, and what was encrypted under it.
pub(super) fn encrypt(cipher: &XChaCha20Poly1305, aad: &[u8], msg: &[u8]) -> Option<Vec<u8>> {
    let nonce = edge::random_bytes::<NONCE>();
    let sealed = cipher.encrypt(&XNonce::from(nonce), Payload { msg, aad }).ok()?;
    Some([nonce.as_slice(), &sealed].concat())
}

pub(super) fn decrypt(cipher: &XChaCha20Poly1305, aad: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
    let (nonce, msg) = sealed.split_first_chunk::<NONCE>()?;
    cipher.decrypt(&XNonce::from(*nonce), Payload { msg, aad }).ok()
}
