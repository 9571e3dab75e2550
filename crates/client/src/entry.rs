//! The outer seal of entries and group infos (docs/protocol/conversations.md, Entries and turns): what the hub sees of them is a size.

use crate::sealing::{Unreadable, hkdf, open, seal};
use crate::view::GroupId;
use argon2::{Algorithm, Argon2, Params, Version};
use rand::Rng;
use serde::{Deserialize, Serialize};
use thiserror::Error;
use tidings_wire::api::ENTRY_BYTES_MAX;
use tidings_wire::cbor;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

/// KiB of memory for a passphrase.
const PASSPHRASE_MEMORY: u32 = 64 * 1024;
/// Passes over it.
const PASSPHRASE_PASSES: u32 = 3;

/// A passphrase could not be turned into a key: not enough memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("there is not enough memory for the passphrase")]
pub struct PassphraseError;

/// What a passphrase becomes for one conversation. Making it takes a moment and 64 MiB: keep it.
#[derive(Clone, Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
pub struct PassphraseKey(#[serde(with = "serde_bytes")] [u8; 32]);

impl PassphraseKey {
    /// Argon2id with 64 MiB, 3 passes and 1 lane; the salt is the group id.
    pub fn derive(passphrase: &str, group: &GroupId) -> Result<Self, PassphraseError> {
        slow_hash(passphrase.as_bytes(), &group.0).map(Self)
    }
}

/// Argon2id with 64 MiB, 3 passes and 1 lane, of what can be guessed or must not be found by trying.
pub(crate) fn slow_hash(secret: &[u8], salt: &[u8; 16]) -> Result<[u8; 32], PassphraseError> {
    let params = Params::new(PASSPHRASE_MEMORY, PASSPHRASE_PASSES, 1, Some(32)).map_err(|_| PassphraseError)?;
    let mut key = [0; 32];
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into(secret, salt, &mut key)
        .map_err(|_| PassphraseError)?;
    Ok(key)
}

/// What an entry's seal holds.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Payload {
    /// The epoch in which the sender was when it wrote this.
    pub epoch: u64,
    /// Which of several epochs of this number, if the group was split: see [`fork_tag`].
    #[serde(with = "serde_bytes")]
    pub tag: [u8; 8],
    /// An MLSMessage.
    #[serde(with = "serde_bytes")]
    pub mls: Vec<u8>,
}

/// What a group info's seal holds.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Info {
    /// The turn after which the group is so.
    pub turn: u64,
    /// The epoch that the group is in then.
    pub epoch: u64,
    /// Which of several epochs of this number: see [`fork_tag`].
    #[serde(with = "serde_bytes")]
    pub tag: [u8; 8],
    /// An MLS GroupInfo with ratchet tree and external public key.
    #[serde(with = "serde_bytes")]
    pub info: Vec<u8>,
}

/// Tells epochs of one number on two branches apart: the first 8 bytes of `HKDF("tidings/1", epoch_authenticator, "fork")`.
pub fn fork_tag(epoch_authenticator: &[u8]) -> [u8; 8] {
    let [a, b, c, d, e, f, g, h, ..] = hkdf(b"tidings/1", epoch_authenticator, b"fork");
    [a, b, c, d, e, f, g, h]
}

/// Seals the entries and group infos of one conversation.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct EntryKey([u8; 32]);

impl EntryKey {
    /// The key of a conversation without a passphrase; `secret` is the `seal` of its roster or link.
    pub fn unlocked(group: &GroupId, secret: &[u8; 32]) -> Self {
        Self(hkdf(&group.0, secret, b"tidings/1 seal"))
    }

    /// The key of a conversation with a passphrase.
    pub fn locked(group: &GroupId, secret: &[u8; 32], passphrase: &PassphraseKey) -> Self {
        let both = Zeroizing::new([secret.as_slice(), &passphrase.0].concat());
        Self(hkdf(&group.0, &both, b"tidings/1 seal"))
    }

    /// The body of an entry.
    pub fn seal_entry(&self, group: &GroupId, id: &[u8; 16], payload: &Payload, random: &mut dyn Rng) -> Vec<u8> {
        seal(&self.0, &entry_aad(group, id), &cbor::encode(payload), random)
    }

    /// Opens the body of an entry.
    pub fn open_entry(&self, group: &GroupId, id: &[u8; 16], body: &[u8]) -> Result<Payload, Unreadable> {
        let plain = open(&self.0, &entry_aad(group, id), body)?;
        read_payload(&plain)
    }

    /// A sealed group info.
    pub fn seal_info(&self, group: &GroupId, info: &Info, random: &mut dyn Rng) -> Vec<u8> {
        seal(&self.0, &info_aad(group), &cbor::encode(info), random)
    }

    /// Opens a group info.
    pub fn open_info(&self, group: &GroupId, body: &[u8]) -> Result<Info, Unreadable> {
        let plain = open(&self.0, &info_aad(group), body)?;
        cbor::decode(&plain, ENTRY_BYTES_MAX).map_err(|_| Unreadable)
    }
}

/// Reads what an entry's seal holds.
pub fn read_payload(plain: &[u8]) -> Result<Payload, Unreadable> {
    cbor::decode(plain, ENTRY_BYTES_MAX).map_err(|_| Unreadable)
}

fn entry_aad(group: &GroupId, id: &[u8; 16]) -> Vec<u8> {
    [b"tidings/1 entry".as_slice(), &group.0, id].concat()
}

fn info_aad(group: &GroupId) -> Vec<u8> {
    [b"tidings/1 info".as_slice(), &group.0].concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;
    use rand::rngs::StdRng;

    const GROUP: GroupId = GroupId([1; 16]);

    fn payload() -> Payload {
        Payload { epoch: 3, tag: fork_tag(b"authenticator"), mls: vec![5; 300] }
    }

    #[test]
    fn entries_open_under_their_own_name_only() {
        let mut random = StdRng::seed_from_u64(3);
        let key = EntryKey::unlocked(&GROUP, &[2; 32]);
        let body = key.seal_entry(&GROUP, &[9; 16], &payload(), &mut random);
        assert!(key.open_entry(&GROUP, &[9; 16], &body) == Ok(payload()));
        assert!(key.open_entry(&GROUP, &[8; 16], &body).is_err());
        assert!(key.open_entry(&GroupId([2; 16]), &[9; 16], &body).is_err());
        assert!(key.open_info(&GROUP, &body).is_err());
        assert!(EntryKey::unlocked(&GROUP, &[3; 32]).open_entry(&GROUP, &[9; 16], &body).is_err());
        let info = Info { turn: 4, epoch: 3, tag: [7; 8], info: vec![1; 20_000] };
        let sealed = key.seal_info(&GROUP, &info, &mut random);
        assert!(key.open_info(&GROUP, &sealed) == Ok(info));
    }

    #[test]
    fn a_passphrase_locks() {
        let mut random = StdRng::seed_from_u64(4);
        let key = |passphrase: &str, group: &GroupId| {
            let passphrase =
                PassphraseKey::derive(passphrase, group).ok().map(|key| EntryKey::locked(group, &[2; 32], &key));
            let Some(key) = passphrase else { panic!("64 MiB") };
            key
        };
        let body = key("open sesame", &GROUP).seal_entry(&GROUP, &[9; 16], &payload(), &mut random);
        assert!(key("open sesame", &GROUP).open_entry(&GROUP, &[9; 16], &body).is_ok());
        assert!(key("open barley", &GROUP).open_entry(&GROUP, &[9; 16], &body).is_err());
        assert!(EntryKey::unlocked(&GROUP, &[2; 32]).open_entry(&GROUP, &[9; 16], &body).is_err());
        assert!(key("", &GROUP).0 != EntryKey::unlocked(&GROUP, &[2; 32]).0, "an empty passphrase is one, too");
    }
}
