//! The store's key: wrapped by a passphrase, or in a file that its owner alone may read.

use super::StoreError;
use crate::edge;
use crate::place::Place;
use argon2::{Algorithm, Argon2, Params, Version};
use chacha20poly1305::{KeyInit as _, XChaCha20Poly1305};
use serde::{Deserialize, Serialize};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use tidings_client::record_keys::{Master, decrypt, encrypt};
use tidings_wire::bytes;
use zeroize::Zeroizing;

/// KiB of memory for Argon2id: a quarter of a second on a small machine, and dear for who guesses.
const MEMORY: u32 = 64 * 1024;
/// Passes of Argon2id.
const PASSES: u32 = 3;
/// KiB of memory that a key file may ask for.
const MEMORY_MAX: u32 = 1024 * 1024;
/// Passes that a key file may ask for.
const PASSES_MAX: u32 = 64;
/// Bytes of a key file at most.
const FILE_MAX: u64 = 4096;
/// What the wrapped key is bound to.
const BOUND: &[u8] = b"tidings store key 1";

/// The file.
#[derive(Serialize, Deserialize)]
struct Kept {
    version: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<Zeroizing<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    passphrase: Option<Wrapped>,
}

/// A key under a passphrase.
#[derive(Serialize, Deserialize)]
struct Wrapped {
    salt: String,
    memory: u32,
    passes: u32,
    lanes: u32,
    wrapped: String,
}

/// Whether the key lies under a passphrase. Fails if there is no key, or none that can be read.
pub(crate) fn is_wrapped(place: &Place) -> Result<bool, StoreError> {
    Ok(read(place)?.passphrase.is_some())
}

/// Makes a new key and keeps it. Fails if there is one.
pub(crate) fn make(place: &Place, passphrase: Option<&str>) -> Result<Master, StoreError> {
    if place.is_used() {
        return Err(StoreError::Damaged("there is a key already, but no store for it".to_owned()));
    }
    let master = Zeroizing::new(edge::random_bytes());
    keep(place, &master, passphrase)?;
    Ok(master)
}

/// Reads the key.
pub(crate) fn unwrap(place: &Place, passphrase: Option<&str>) -> Result<Master, StoreError> {
    let kept = read(place)?;
    if let Some(key) = kept.key {
        return master(bytes::decode(&key)).ok_or_else(unreadable);
    }
    let wrapped = kept.passphrase.ok_or_else(unreadable)?;
    let passphrase = passphrase.ok_or(StoreError::NeedsPassphrase)?;
    let salt = bytes::decode(&wrapped.salt).ok_or_else(unreadable)?;
    let cipher = stretched(passphrase, &salt, wrapped.memory, wrapped.passes, wrapped.lanes)?;
    let sealed = bytes::decode(&wrapped.wrapped).ok_or_else(unreadable)?;
    master(decrypt(&cipher, BOUND, &sealed)).ok_or(StoreError::WrongPassphrase)
}

/// Keeps the key under a passphrase, another one, or none. Either the old file or the new one is there, whatever happens.
pub(crate) fn keep(place: &Place, master: &Master, passphrase: Option<&str>) -> Result<(), StoreError> {
    let kept = match passphrase {
        None => Kept { version: 1, key: Some(Zeroizing::new(bytes::encode(master.as_slice()))), passphrase: None },
        Some(passphrase) => {
            let salt = edge::random_bytes::<16>();
            let cipher = stretched(passphrase, &salt, MEMORY, PASSES, 1)?;
            let wrapped = encrypt(&cipher, BOUND, master.as_slice(), &mut edge::random()).ok_or_else(unreadable)?;
            let (salt, wrapped) = (bytes::encode(&salt), bytes::encode(&wrapped));
            Kept {
                version: 1,
                key: None,
                passphrase: Some(Wrapped { salt, memory: MEMORY, passes: PASSES, lanes: 1, wrapped }),
            }
        }
    };
    let text = Zeroizing::new(serde_json::to_string(&kept).map_err(|error| StoreError::Damaged(error.to_string()))?);
    replace(place, &text).map_err(|error| StoreError::file(&place.key(), &error))
}

fn replace(place: &Place, text: &str) -> io::Result<()> {
    let new = place.folder().join("key.new");
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&new)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(&new, place.key())?;
    File::open(place.folder())?.sync_all()
}

fn read(place: &Place) -> Result<Kept, StoreError> {
    let path = place.key();
    let found = fs::metadata(&path).map_err(|error| StoreError::file(&path, &error))?;
    if found.len() > FILE_MAX {
        return Err(unreadable());
    }
    let text = Zeroizing::new(fs::read_to_string(&path).map_err(|error| StoreError::file(&path, &error))?);
    let kept: Kept = serde_json::from_str(&text).map_err(|_| unreadable())?;
    if kept.version != 1 {
        return Err(StoreError::Damaged("the profile was made by a newer version of tidings; use that one".to_owned()));
    }
    Ok(kept)
}

fn stretched(
    passphrase: &str,
    salt: &[u8],
    memory: u32,
    passes: u32,
    lanes: u32,
) -> Result<XChaCha20Poly1305, StoreError> {
    if memory > MEMORY_MAX || passes > PASSES_MAX {
        return Err(unreadable());
    }
    let parameters = Params::new(memory, passes, lanes, Some(32)).map_err(|_| unreadable())?;
    let mut key = Zeroizing::new([0; 32]);
    Argon2::new(Algorithm::Argon2id, Version::V0x13, parameters)
        .hash_password_into(passphrase.as_bytes(), salt, key.as_mut_slice())
        .map_err(|_| unreadable())?;
    Ok(XChaCha20Poly1305::new(&(*key).into()))
}

fn master(bytes: Option<Vec<u8>>) -> Option<Master> {
    let bytes = Zeroizing::new(bytes?);
    Some(Zeroizing::new(bytes.as_slice().try_into().ok()?))
}

fn unreadable() -> StoreError {
    StoreError::Damaged("the file with the store's key can't be read".to_owned())
}
