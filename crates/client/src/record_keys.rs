//! Sealing what is kept, for whoever keeps it: each value bound to its place, each owner hidden behind a keyed hash.
//!
//! A store that lays down what [`Keys::spot`] and [`Keys::seal`] give shows how many records there are in which table, their sizes, and of
//! most the order (a time or a number); neither contents nor whose they are.

use crate::records::Table;
use chacha20poly1305::aead::{Aead as _, KeyInit as _, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use hkdf::Hkdf;
use rand::Rng;
use sha2::Sha256;
use zeroize::Zeroizing;

/// Bytes before and after what is sealed: the nonce and the tag.
pub const OVERHEAD: usize = NONCE + 16;

/// Bytes of a nonce of XChaCha20-Poly1305.
const NONCE: usize = 24;

/// Bytes of a hidden owner or place.
const HIDDEN: usize = 16;

/// What all keys of a store come from.
pub type Master = Zeroizing<[u8; 32]>;

/// The keys of an open store.
pub struct Keys {
    values: XChaCha20Poly1305,
    files: XChaCha20Poly1305,
    owners: Hkdf<Sha256>,
}

/// A record as it lies inside the seal.
pub struct Plain {
    /// Whose it is, as the client names it.
    pub owner: Vec<u8>,
    /// Its place among those of its owner, as the client names it.
    pub order: Vec<u8>,
    /// Its content.
    pub value: Vec<u8>,
}

/// Where a record stands in the database: what is seen from outside.
#[derive(Clone, PartialEq, Eq)]
pub struct Spot {
    /// What it is.
    pub table: Table,
    /// The hidden owner (16 bytes).
    pub owner: Vec<u8>,
    /// The order, or 16 bytes in its stead in a table that [`hides_order`].
    pub place: Vec<u8>,
}

/// Whether the order of this table is hidden, too: the names of MLS's records and of a conversation's parts would tell
/// which group they belong to, and who is in it.
pub fn hides_order(table: Table) -> bool {
    matches!(table, Table::Mls | Table::Part)
}

impl Keys {
    /// Derives them.
    pub fn new(master: &Master) -> Self {
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
    pub fn spot(&self, table: Table, owner: &[u8], order: &[u8]) -> Spot {
        let place = if hides_order(table) { self.hide(b"place", table, owner, order) } else { order.to_owned() };
        Spot { table, owner: self.owner(table, owner), place }
    }

    /// What stands in the database for an owner. Another for each table, so that rows of two tables can't be matched.
    pub fn owner(&self, table: Table, owner: &[u8]) -> Vec<u8> {
        self.hide(b"owner", table, owner, &[])
    }

    fn hide(&self, what: &[u8], table: Table, owner: &[u8], order: &[u8]) -> Vec<u8> {
        let length = u64::try_from(owner.len()).unwrap_or(u64::MAX).to_be_bytes();
        let mut hidden = vec![0; HIDDEN];
        // Fails for outputs of more than 8,160 bytes only.
        let _ = self.owners.expand_multi_info(&[what, &[table as u8], &length, owner, order], &mut hidden);
        hidden
    }

    /// Seals a record for its spot; `None` if its owner or order is longer than 65,535 bytes.
    pub fn seal(&self, spot: &Spot, owner: &[u8], order: &[u8], value: &[u8], random: &mut dyn Rng) -> Option<Vec<u8>> {
        let mut plain = Zeroizing::new(Vec::with_capacity(owner.len() + order.len() + value.len() + 4));
        for part in [owner, order] {
            plain.extend_from_slice(&u16::try_from(part.len()).ok()?.to_be_bytes());
            plain.extend_from_slice(part);
        }
        plain.extend_from_slice(value);
        encrypt(&self.values, &bound(spot.table as u8, &spot.owner, &spot.place), &plain, random)
    }

    /// Opens a record; `None` if it is not what was sealed for this spot.
    pub fn open_at(&self, table: u8, owner: &[u8], place: &[u8], sealed: &[u8]) -> Option<Plain> {
        let plain = decrypt(&self.values, &bound(table, owner, place), sealed)?;
        let (owner, rest) = part(&plain)?;
        let (order, value) = part(rest)?;
        Some(Plain { owner: owner.to_owned(), order: order.to_owned(), value: value.to_owned() })
    }

    /// Seals a piece of a file: [`OVERHEAD`] bytes more. `None` only for pieces of 256 GiB.
    pub fn seal_piece(&self, file: u64, piece: u64, bytes: &[u8], random: &mut dyn Rng) -> Option<Vec<u8>> {
        encrypt(&self.files, &piece_of(file, piece), bytes, random)
    }

    /// Opens a piece of a file; `None` if it is not what was sealed as this piece.
    pub fn open_piece(&self, file: u64, piece: u64, sealed: &[u8]) -> Option<Vec<u8>> {
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

/// The nonce, and what was encrypted under it. `None` only for messages of 256 GiB.
pub fn encrypt(cipher: &XChaCha20Poly1305, aad: &[u8], msg: &[u8], random: &mut dyn Rng) -> Option<Vec<u8>> {
    let mut nonce = [0; NONCE];
    random.fill_bytes(&mut nonce);
    let sealed = cipher.encrypt(&XNonce::from(nonce), Payload { msg, aad }).ok()?;
    Some([nonce.as_slice(), &sealed].concat())
}

/// What [`encrypt`] was given; `None` if it was given something else.
pub fn decrypt(cipher: &XChaCha20Poly1305, aad: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
    let (nonce, msg) = sealed.split_first_chunk::<NONCE>()?;
    cipher.decrypt(&XNonce::from(*nonce), Payload { msg, aad }).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng as _;
    use rand::rngs::StdRng;

    #[test]
    fn a_record_opens_at_its_place_alone_and_with_its_key_alone() {
        let (mut random, keys) = (StdRng::from_seed([1; 32]), Keys::new(&Zeroizing::new([7; 32])));
        let spot = keys.spot(Table::Mls, b"whose", b"which");
        let sealed = keys.seal(&spot, b"whose", b"which", b"what", &mut random).unwrap();
        let opened = keys.open_at(Table::Mls as u8, &spot.owner, &spot.place, &sealed).unwrap();
        assert_eq!(
            (opened.owner, opened.order, opened.value),
            (b"whose".to_vec(), b"which".to_vec(), b"what".to_vec())
        );
        assert!(keys.open_at(Table::Part as u8, &spot.owner, &spot.place, &sealed).is_none());
        assert!(keys.open_at(Table::Mls as u8, &spot.place, &spot.owner, &sealed).is_none());
        let other = Keys::new(&Zeroizing::new([8; 32]));
        assert!(other.open_at(Table::Mls as u8, &spot.owner, &spot.place, &sealed).is_none());
    }

    #[test]
    fn places_stay_what_they_were_in_stores_of_before() {
        let keys = Keys::new(&Zeroizing::new([7; 32]));
        let spot = keys.spot(Table::Message, b"whose", &[1, 2]);
        assert_eq!(spot.place, [1, 2]);
        assert_eq!(spot.owner, PLACE_OF_BEFORE);
    }

    /// As the terminal's store of November 2026 wrote it; reckoned anew with another program.
    const PLACE_OF_BEFORE: [u8; HIDDEN] = [219, 60, 183, 90, 192, 116, 86, 145, 247, 224, 122, 142, 152, 68, 19, 43];
}
