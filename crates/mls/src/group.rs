//! A group as one of its devices sees it.

mod committing;
mod joining;
mod messages;

pub use committing::{Committed, Include, Plan};
pub use messages::{Proposal, Proposed, Received, Staged};

use crate::crypto::Crypto;
use crate::provider::Provider;
use crate::settings::{self, roster};
use crate::store::{Change, Store};
use crate::{Error, Leaf, Result, Signer};
use hkdf::Hkdf;
use openmls::prelude::tls_codec::Serialize as _;
use openmls::prelude::{GroupId, LeafNodeIndex, MlsGroup};
use rand::Rng;
use sha2::Sha256;

/// One group. What a call changes is to be kept with [`take_changes`](Self::take_changes) before what the call gave goes out.
/// A call that fails has changed nothing.
pub struct Group {
    group: MlsGroup,
    store: Store,
    inviter: Option<u32>,
}

/// The fork tag (docs/protocol/conversations.md, "Entries and turns").
pub(crate) fn tag(epoch_authenticator: &[u8]) -> [u8; 8] {
    let mut tag = [0; 8];
    // 8 bytes are never too many for HKDF-SHA256, so this can't fail.
    let _ = Hkdf::<Sha256>::new(Some(b"tidings/1"), epoch_authenticator).expand(b"fork", &mut tag);
    tag
}

impl Group {
    /// Makes a group with one leaf, in epoch 0.
    pub fn create(id: &[u8; 16], signer: &Signer, extension: Vec<u8>, random: &mut dyn Rng) -> Result<Self> {
        let store = Store::default();
        let provider = Provider::new(&store, random);
        let config = settings::create_config(extension)?;
        let id = GroupId::from_slice(id);
        let group = MlsGroup::new_with_group_id(&provider, signer, &config, id, signer.credential());
        let group = group.map_err(Error::library)?;
        Ok(Self { group, store, inviter: None })
    }

    /// Takes a group up again from all the records that were kept of it.
    pub fn load(id: &[u8; 16], records: impl IntoIterator<Item = (Vec<u8>, Vec<u8>)>) -> Result<Self> {
        let store = Store::load(records).map_err(|_| Error::NotKept)?;
        let group = MlsGroup::load(&store, &GroupId::from_slice(id)).map_err(|_| Error::NotKept)?;
        let group = group.filter(|group| group.group_id().as_slice() == id).ok_or(Error::NotKept)?;
        Ok(Self { group, store, inviter: None })
    }

    /// What has changed since this was asked last: first everything, later little.
    pub fn take_changes(&mut self) -> Vec<Change> {
        self.store.take_changes()
    }

    /// What deletes the group's records. Where one group takes another's place (after coming back), these changes come first.
    pub fn erase(self) -> Vec<Change> {
        self.store.erase()
    }

    /// The group's id.
    pub fn id(&self) -> &[u8] {
        self.group.group_id().as_slice()
    }

    /// The epoch that it is in.
    pub fn epoch(&self) -> u64 {
        self.group.epoch().as_u64()
    }

    /// The fork tag of this epoch: the same for two devices only if they share its secrets.
    pub fn tag(&self) -> [u8; 8] {
        tag(self.group.epoch_authenticator().as_slice())
    }

    /// The confirmation tag of this epoch, to be compared with [`Info::confirmation`](crate::Info::confirmation).
    pub fn confirmation(&self) -> Result<Vec<u8>> {
        self.group.confirmation_tag().tls_serialize_detached().map_err(Error::library)
    }

    /// Whether this device is still in it.
    pub fn active(&self) -> bool {
        self.group.is_active()
    }

    /// This device's own place.
    pub fn own_leaf(&self) -> u32 {
        self.group.own_leaf_index().u32()
    }

    /// The leaf that signed the welcome; known right after joining only.
    pub fn inviter(&self) -> Option<u32> {
        self.inviter
    }

    /// All leaves, in order.
    pub fn leaves(&self) -> Result<Vec<Leaf>> {
        self.group.members().map(|member| Leaf::of(&member)).collect()
    }

    /// One leaf, if somebody stands there.
    pub fn leaf(&self, index: u32) -> Result<Option<Leaf>> {
        self.group.member_at(LeafNodeIndex::new(index)).map(|member| Leaf::of(&member)).transpose()
    }

    /// The roster, encoded.
    pub fn extension(&self) -> Result<&[u8]> {
        roster(self.group.extensions())
    }

    /// A group info of this epoch with tree and external key, for the hub.
    pub fn info(&self, signer: &Signer) -> Result<Vec<u8>> {
        let info = self.group.export_group_info(&Crypto, signer, true).map_err(Error::library)?;
        info.tls_serialize_detached().map_err(Error::library)
    }

    /// Does something with openmls that changes the group, wholly or not at all.
    fn change<T>(&mut self, act: impl FnOnce(&mut MlsGroup, &Store) -> Result<T>) -> Result<T> {
        self.store.begin();
        let outcome = act(&mut self.group, &self.store);
        if outcome.is_err() {
            self.undo()?;
        }
        outcome
    }

    /// Takes back what the last [`change`](Self::change) did.
    fn undo(&mut self) -> Result<()> {
        self.store.roll_back();
        let kept = MlsGroup::load(&self.store, self.group.group_id()).map_err(Error::library)?;
        self.group = kept.ok_or(Error::NotKept)?;
        Ok(())
    }
}
