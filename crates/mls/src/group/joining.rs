//! Coming into a group: by a welcome, or by an external commit.

use super::committing::{Committed, committed};
use crate::info::{parse_info, parse_welcome};
use crate::leaf::check;
use crate::provider::Provider;
use crate::settings::{self, roster};
use crate::store::Store;
use crate::{Error, Group, Result, Signer};
use openmls::prelude::{Extensions, LeafNodeIndex, LeafNodeParameters, MlsGroup, StagedWelcome};
use openmls_traits::OpenMlsProvider as _;
use openmls_traits::storage::StorageProvider as _;
use rand::Rng;

impl Group {
    /// Joins by a welcome, with the reference and the record of the key package that it is for
    /// ([`welcome_for`](crate::welcome_for) says which). Whether one wants to be in this group with these leaves is for the caller to
    /// judge before keeping it. The record of the key package is to be deleted with the same changes, unless it is the last resort.
    pub fn join(welcome: &[u8], reference: &[u8], record: &[u8]) -> Result<Self> {
        let welcome = parse_welcome(welcome)?;
        let mut named = welcome.secrets().iter().map(|secret| secret.new_member());
        let reference = named.find(|named| named.as_slice() == reference).ok_or(Error::NotFound)?;
        let mut store = Store::default();
        let stored = postcard::to_stdvec(&reference).map_err(Error::library)?;
        store.put_key_package(&stored, record.to_vec());
        let provider = Provider::without_random(&store);
        let staged = StagedWelcome::build_from_welcome(&provider, &settings::join_config(), welcome)
            .map_err(|_| Error::Unreadable)?
            .skip_lifetime_validation()
            .build()
            .map_err(|_| Error::Invalid("the welcome leads to no valid group"))?;
        let inviter = staged.welcome_sender_index().u32();
        let group = staged.into_group(&provider).map_err(|_| Error::Invalid("the welcome's path is wrong"))?;
        store.delete_key_package(&reference).map_err(Error::library)?;
        let joined = Self { group, store, inviter: Some(inviter) };
        joined.check()?;
        Ok(joined)
    }

    /// Comes (back) in by an external commit to a group info. The group is in the new epoch already: keep it once the hub has
    /// accepted the commit, or drop it and begin anew with the winner's group info. An old leaf with the same signature key
    /// is removed by the commit.
    pub fn join_external(info: &[u8], signer: &Signer, random: &mut dyn Rng) -> Result<(Self, Committed)> {
        let info = parse_info(info)?;
        let store = Store::default();
        let provider = Provider::new(&store, random);
        let leaf = LeafNodeParameters::builder()
            .with_capabilities(settings::capabilities())
            .with_extensions(Extensions::empty())
            .build();
        let (group, bundle) = MlsGroup::external_commit_builder()
            .with_config(settings::join_config())
            .skip_lifetime_validation()
            .build_group(&provider, info, signer.credential())
            .map_err(|_| Error::Invalid("the group info's tree or signature is wrong"))?
            .leaf_node_parameters(leaf)
            .load_psks(provider.storage())
            .map_err(Error::library)?
            .build(provider.rand(), provider.crypto(), signer, |_| true)
            .map_err(|error| Error::Plan(error.to_string()))?
            .finalize(&provider)
            .map_err(Error::library)?;
        let joined = Self { group, store, inviter: None };
        joined.check()?;
        let committed = committed(bundle, joined.tag(), joined.extension()?.to_vec())?;
        Ok((joined, committed))
    }

    /// What the protocol asks of a group beyond MLS, but for the roster's content.
    fn check(&self) -> Result<()> {
        roster(self.group.extensions())?;
        for leaf in self.leaves()? {
            let node = self.group.public_group().leaf(LeafNodeIndex::new(leaf.index)).ok_or(Error::NotFound)?;
            check(node)?;
        }
        Ok(())
    }
}
