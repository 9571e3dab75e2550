//! The keys of a conversation: those that seal its entries, and the one with which this person is known at the hub.

use super::state::{SEALS_MAX, State};
use super::{Conversation, Me};
use crate::entry::{EntryKey, Info, Payload};
use crate::keys;
use crate::view::{ConversationKind, GroupId};
use ed25519_dalek::SigningKey;
use tidings_wire::api;
use tidings_wire::bytes::Fixed;

impl Conversation {
    /// The key with which requests to the hub are signed.
    pub fn access_key(&self, me: &Me) -> SigningKey {
        let listed = self.state.roster.member(&self.state.me).is_some();
        match (self.state.kind, self.state.seals.first()) {
            (ConversationKind::Room, Some(seal)) if !listed => room_key(&self.state.group, seal),
            _ => own_access_key(me, &self.state),
        }
    }

    /// The key that seals new entries; `None` while the passphrase is not known.
    pub(super) fn entry_key(&self) -> Option<EntryKey> {
        self.entry_key_of(self.state.seals.first()?)
    }

    pub(super) fn entry_key_of(&self, seal: &Fixed<32>) -> Option<EntryKey> {
        if !self.state.locked {
            return Some(EntryKey::unlocked(&self.state.group, &seal.0));
        }
        let pass = self.state.pass.as_ref()?;
        Some(EntryKey::locked(&self.state.group, &seal.0, pass))
    }

    /// Opens an entry, with an older seal if need be.
    pub(super) fn open_payload(&self, entry: &api::Entry) -> Option<Payload> {
        let keys = self.state.seals.iter().filter_map(|seal| self.entry_key_of(seal));
        keys.filter_map(|key| key.open_entry(&self.state.group, &entry.id.0, &entry.body.0).ok()).next()
    }

    /// Opens the hub's group info, with an older seal if need be.
    pub(super) fn open_info(&self, sealed: &[u8]) -> Option<Info> {
        let keys = self.state.seals.iter().filter_map(|seal| self.entry_key_of(seal));
        keys.filter_map(|key| key.open_info(&self.state.group, sealed).ok()).next()
    }

    /// A new seal is used from now on; older ones are still tried.
    pub(super) fn note_seal(&mut self, seal: [u8; 32]) {
        if self.state.seals.first() == Some(&Fixed(seal)) {
            return;
        }
        let state = self.state();
        state.seals.retain(|known| known.0 != seal);
        state.seals.insert(0, Fixed(seal));
        state.seals.truncate(SEALS_MAX);
    }
}

/// One's own access key, from the salt in the roster.
pub(super) fn own_access_key(me: &Me, state: &State) -> SigningKey {
    match &state.room {
        Some(room) => keys::access_key(&room.identity_seed.0, &state.salt.0),
        None => keys::access_key(&me.access_root, &state.salt.0),
    }
}

/// The key that all of a room post with who are not in its roster.
pub(super) fn room_key(group: &GroupId, seal: &Fixed<32>) -> SigningKey {
    keys::room_access_key(group, &seal.0)
}
