//! Where openmls's values stand in the store.
//!
//! A store holds one group, so keys don't name it.

use super::{Kind, Store, StoreError, encoder, key};
use openmls_traits::storage::{CURRENT_VERSION as V, StorageProvider, traits};
use serde::Serialize;

/// Bytes that the name of a value takes, about.
const NAME: usize = 64;

fn named<K: Serialize>(kind: Kind, name: &K) -> Result<Vec<u8>, StoreError> {
    Ok(key(kind, &encoder::encode(name, NAME)?))
}

fn of_epoch<K: Serialize>(epoch: &K, leaf: u32) -> Result<Vec<u8>, StoreError> {
    let mut key = named(Kind::EpochKeys, epoch)?;
    key.extend_from_slice(&leaf.to_be_bytes());
    Ok(key)
}

/// A value of which a group has one: how it is written, read, deleted.
macro_rules! one {
    ($kind:ident, $type:ident, $write:ident, $read:ident, $delete:ident) => {
        fn $write<G: traits::GroupId<V>, T: traits::$type<V>>(&self, _: &G, value: &T) -> Result<(), StoreError> {
            self.write(key(Kind::$kind, &[]), value)
        }

        fn $read<G: traits::GroupId<V>, T: traits::$type<V>>(&self, _: &G) -> Result<Option<T>, StoreError> {
            self.read(&key(Kind::$kind, &[]))
        }

        fn $delete<G: traits::GroupId<V>>(&self, _: &G) -> Result<(), StoreError> {
            self.delete(&key(Kind::$kind, &[]))
        }
    };
}

impl StorageProvider<V> for Store {
    type Error = StoreError;

    one!(Tree, TreeSync, write_tree, tree, delete_tree);
    one!(Context, GroupContext, write_context, group_context, delete_context);
    one!(
        Transcript,
        InterimTranscriptHash,
        write_interim_transcript_hash,
        interim_transcript_hash,
        delete_interim_transcript_hash
    );
    one!(Confirmation, ConfirmationTag, write_confirmation_tag, confirmation_tag, delete_confirmation_tag);
    one!(Config, MlsGroupJoinConfig, write_mls_join_config, mls_group_join_config, delete_group_config);
    one!(OwnIndex, LeafNodeIndex, write_own_leaf_index, own_leaf_index, delete_own_leaf_index);
    one!(EpochSecrets, GroupEpochSecrets, write_group_epoch_secrets, group_epoch_secrets, delete_group_epoch_secrets);
    one!(
        Resumption,
        ResumptionPskStore,
        write_resumption_psk_store,
        resumption_psk_store,
        delete_all_resumption_psk_secrets
    );
    one!(MessageSecrets, MessageSecrets, write_message_secrets, message_secrets, delete_message_secrets);

    fn write_group_state<T: traits::GroupState<V>, G: traits::GroupId<V>>(
        &self,
        _: &G,
        value: &T,
    ) -> Result<(), StoreError> {
        self.write(key(Kind::State, &[]), value)
    }

    fn group_state<T: traits::GroupState<V>, G: traits::GroupId<V>>(&self, _: &G) -> Result<Option<T>, StoreError> {
        self.read(&key(Kind::State, &[]))
    }

    fn delete_group_state<G: traits::GroupId<V>>(&self, _: &G) -> Result<(), StoreError> {
        self.delete(&key(Kind::State, &[]))
    }

    fn append_own_leaf_node<G: traits::GroupId<V>, T: traits::LeafNode<V>>(
        &self,
        _: &G,
        leaf: &T,
    ) -> Result<(), StoreError> {
        let next = u32::try_from(self.keys(&key(Kind::OwnLeaf, &[]))?.len()).map_err(|_| StoreError::Decode)?;
        self.write(key(Kind::OwnLeaf, &next.to_be_bytes()), leaf)
    }

    fn own_leaf_nodes<G: traits::GroupId<V>, T: traits::LeafNode<V>>(&self, _: &G) -> Result<Vec<T>, StoreError> {
        let keys = self.keys(&key(Kind::OwnLeaf, &[]))?;
        keys.iter().filter_map(|key| self.read(key).transpose()).collect()
    }

    fn delete_own_leaf_nodes<G: traits::GroupId<V>>(&self, _: &G) -> Result<(), StoreError> {
        self.keys(&key(Kind::OwnLeaf, &[]))?.iter().try_for_each(|key| self.delete(key))
    }

    fn queue_proposal<G: traits::GroupId<V>, R: traits::ProposalRef<V>, T: traits::QueuedProposal<V>>(
        &self,
        _: &G,
        reference: &R,
        proposal: &T,
    ) -> Result<(), StoreError> {
        self.write(named(Kind::Proposal, reference)?, &(reference, proposal))
    }

    fn queued_proposal_refs<G: traits::GroupId<V>, R: traits::ProposalRef<V>>(
        &self,
        _: &G,
    ) -> Result<Vec<R>, StoreError> {
        let keys = self.keys(&key(Kind::Proposal, &[]))?;
        let name =
            |key: &Vec<u8>| postcard::from_bytes(key.get(1..).unwrap_or_default()).map_err(|_| StoreError::Decode);
        keys.iter().map(name).collect()
    }

    fn queued_proposals<G: traits::GroupId<V>, R: traits::ProposalRef<V>, T: traits::QueuedProposal<V>>(
        &self,
        _: &G,
    ) -> Result<Vec<(R, T)>, StoreError> {
        let keys = self.keys(&key(Kind::Proposal, &[]))?;
        keys.iter().filter_map(|key| self.read(key).transpose()).collect()
    }

    fn remove_proposal<G: traits::GroupId<V>, R: traits::ProposalRef<V>>(
        &self,
        _: &G,
        reference: &R,
    ) -> Result<(), StoreError> {
        self.delete(&named(Kind::Proposal, reference)?)
    }

    fn clear_proposal_queue<G: traits::GroupId<V>, R: traits::ProposalRef<V>>(&self, _: &G) -> Result<(), StoreError> {
        self.keys(&key(Kind::Proposal, &[]))?.iter().try_for_each(|key| self.delete(key))
    }

    fn write_signature_key_pair<K: traits::SignaturePublicKey<V>, T: traits::SignatureKeyPair<V>>(
        &self,
        public: &K,
        pair: &T,
    ) -> Result<(), StoreError> {
        self.write(named(Kind::SignatureKey, public)?, pair)
    }

    fn signature_key_pair<K: traits::SignaturePublicKey<V>, T: traits::SignatureKeyPair<V>>(
        &self,
        public: &K,
    ) -> Result<Option<T>, StoreError> {
        self.read(&named(Kind::SignatureKey, public)?)
    }

    fn delete_signature_key_pair<K: traits::SignaturePublicKey<V>>(&self, public: &K) -> Result<(), StoreError> {
        self.delete(&named(Kind::SignatureKey, public)?)
    }

    fn write_encryption_key_pair<K: traits::EncryptionKey<V>, T: traits::HpkeKeyPair<V>>(
        &self,
        public: &K,
        pair: &T,
    ) -> Result<(), StoreError> {
        self.write(named(Kind::LeafKeys, public)?, pair)
    }

    fn encryption_key_pair<T: traits::HpkeKeyPair<V>, K: traits::EncryptionKey<V>>(
        &self,
        public: &K,
    ) -> Result<Option<T>, StoreError> {
        self.read(&named(Kind::LeafKeys, public)?)
    }

    fn delete_encryption_key_pair<K: traits::EncryptionKey<V>>(&self, public: &K) -> Result<(), StoreError> {
        self.delete(&named(Kind::LeafKeys, public)?)
    }

    fn write_encryption_epoch_key_pairs<G: traits::GroupId<V>, E: traits::EpochKey<V>, T: traits::HpkeKeyPair<V>>(
        &self,
        _: &G,
        epoch: &E,
        leaf: u32,
        pairs: &[T],
    ) -> Result<(), StoreError> {
        self.write(of_epoch(epoch, leaf)?, &pairs)
    }

    fn encryption_epoch_key_pairs<G: traits::GroupId<V>, E: traits::EpochKey<V>, T: traits::HpkeKeyPair<V>>(
        &self,
        _: &G,
        epoch: &E,
        leaf: u32,
    ) -> Result<Vec<T>, StoreError> {
        Ok(self.read(&of_epoch(epoch, leaf)?)?.unwrap_or_default())
    }

    fn delete_encryption_epoch_key_pairs<G: traits::GroupId<V>, E: traits::EpochKey<V>>(
        &self,
        _: &G,
        epoch: &E,
        leaf: u32,
    ) -> Result<(), StoreError> {
        self.delete(&of_epoch(epoch, leaf)?)
    }

    fn write_key_package<R: traits::HashReference<V>, T: traits::KeyPackage<V>>(
        &self,
        reference: &R,
        package: &T,
    ) -> Result<(), StoreError> {
        self.write(named(Kind::KeyPackage, reference)?, package)
    }

    fn key_package<R: traits::HashReference<V>, T: traits::KeyPackage<V>>(
        &self,
        reference: &R,
    ) -> Result<Option<T>, StoreError> {
        self.read(&named(Kind::KeyPackage, reference)?)
    }

    fn delete_key_package<R: traits::HashReference<V>>(&self, reference: &R) -> Result<(), StoreError> {
        self.delete(&named(Kind::KeyPackage, reference)?)
    }

    fn write_psk<K: traits::PskId<V>, T: traits::PskBundle<V>>(&self, name: &K, psk: &T) -> Result<(), StoreError> {
        self.write(named(Kind::Psk, name)?, psk)
    }

    fn psk<T: traits::PskBundle<V>, K: traits::PskId<V>>(&self, name: &K) -> Result<Option<T>, StoreError> {
        self.read(&named(Kind::Psk, name)?)
    }

    fn delete_psk<K: traits::PskId<V>>(&self, name: &K) -> Result<(), StoreError> {
        self.delete(&named(Kind::Psk, name)?)
    }
}
