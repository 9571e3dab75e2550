//! Changing a group.

use crate::judgement::{Judgement, judge};
use crate::packages::checked;
use crate::provider::Provider;
use crate::settings::extensions;
use crate::{Error, Group, Result, Signer};
use openmls::prelude::tls_codec::Serialize as _;
use openmls::prelude::{
    CommitMessageBundle, KeyPackage, LeafNodeIndex, LeafNodeParameters, MlsGroup, MlsMessageOut, ProposalOrRefType,
    QueuedProposal, Sender,
};
use openmls_traits::OpenMlsProvider as _;
use rand::Rng;

/// Which of the pending proposals a commit takes up.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Include {
    /// None: they are over with this epoch.
    #[default]
    None,
    /// All.
    All,
    /// Those with these references.
    These(Vec<Vec<u8>>),
}

/// What a commit is to do. Even an empty one renews the keys of the own leaf and of the path above it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// Key packages to add, as they came.
    pub add: Vec<Vec<u8>>,
    /// Leaves to remove; not the own one.
    pub remove: Vec<u32>,
    /// The new roster, encoded, if it changes.
    pub extension: Option<Vec<u8>>,
    /// Which pending proposals.
    pub include: Include,
}

/// A commit that was made.
#[derive(Clone, PartialEq, Eq)]
pub struct Committed {
    /// The commit, an MLSMessage.
    pub commit: Vec<u8>,
    /// The welcome for those added, an MLSMessage with the tree inside.
    pub welcome: Option<Vec<u8>>,
    /// The group info of the epoch that it leads to.
    pub info: Vec<u8>,
    /// The fork tag of that epoch.
    pub tag: [u8; 8],
    /// The roster of that epoch, encoded.
    pub extension: Vec<u8>,
}

impl Group {
    /// Makes a commit, which then is pending until [`merge_pending`](Self::merge_pending) or [`drop_pending`](Self::drop_pending).
    pub fn commit(&mut self, signer: &Signer, plan: &Plan, random: &mut dyn Rng) -> Result<Committed> {
        if self.pending() {
            return Err(Error::CommitPending);
        }
        let own = self.leaf(self.own_leaf())?.filter(|_| self.active()).ok_or(Error::NotMember)?;
        if own.key != signer.public() {
            return Err(Error::Plan("the signer is not of this leaf".into()));
        }
        let mut leaf = LeafNodeParameters::builder();
        if own.credential != signer.certificate() {
            leaf = leaf.with_credential_with_key(signer.credential());
        }
        let leaf = leaf.build();
        let add = plan.add.iter().map(|package| checked(package)).collect::<Result<Vec<_>>>()?;
        self.change(|group, store| build(group, &Provider::new(store, random), signer, plan, add, leaf))
    }

    /// Whether a commit is pending.
    pub fn pending(&self) -> bool {
        self.group.pending_commit().is_some()
    }

    /// What the pending commit would do, as others will judge it.
    pub fn pending_judgement(&self) -> Result<Judgement> {
        let staged = self.group.pending_commit().ok_or(Error::NotFound)?;
        judge(&self.group, staged, &Sender::Member(self.group.own_leaf_index()))
    }

    /// The pending commit has come along: goes to the epoch that it leads to.
    pub fn merge_pending(&mut self) -> Result<()> {
        if !self.pending() {
            return Err(Error::NotFound);
        }
        self.change(|group, store| group.merge_pending_commit(&Provider::without_random(store)).map_err(Error::library))
    }

    /// The pending commit has lost: forgets it.
    pub fn drop_pending(&mut self) -> Result<()> {
        self.change(|group, store| group.clear_pending_commit(store).map_err(Error::library))
    }
}

fn build(
    group: &mut MlsGroup,
    provider: &Provider<'_>,
    signer: &Signer,
    plan: &Plan,
    add: Vec<KeyPackage>,
    leaf: LeafNodeParameters,
) -> Result<Committed> {
    let refused = |error: &dyn std::fmt::Display| Error::Plan(error.to_string());
    let mut builder = group
        .commit_builder()
        .consume_proposal_store(plan.include != Include::None)
        .force_self_update(true)
        .propose_adds(add)
        .propose_removals(plan.remove.iter().map(|index| LeafNodeIndex::new(*index)))
        .leaf_node_parameters(leaf);
    if let Some(roster) = &plan.extension {
        builder =
            builder.propose_group_context_extensions(extensions(roster.clone())?).map_err(|error| refused(&error))?;
    }
    let bundle = builder
        .load_psks(provider.storage())
        .map_err(|error| refused(&error))?
        .build(provider.rand(), provider.crypto(), signer, |proposal| takes_up(&plan.include, proposal))
        .map_err(|error| refused(&error))?
        .stage_commit(provider)
        .map_err(Error::library)?;
    let staged = group.pending_commit().ok_or(Error::NotFound)?;
    // The same check as everybody else will make: what isn't valid must not go out.
    let judgement = judge(group, staged, &Sender::Member(group.own_leaf_index()))?;
    committed(bundle, judgement.tag.ok_or(Error::NotMember)?, judgement.extension_after)
}

fn takes_up(include: &Include, proposal: &QueuedProposal) -> bool {
    let named = |references: &[Vec<u8>]| {
        references.iter().any(|reference| reference == proposal.proposal_reference_ref().as_slice())
    };
    match include {
        _ if proposal.proposal_or_ref_type() == ProposalOrRefType::Proposal => true,
        Include::None => false,
        Include::All => true,
        Include::These(references) => named(references),
    }
}

/// What openmls made, as bytes.
pub(super) fn committed(bundle: CommitMessageBundle, tag: [u8; 8], extension: Vec<u8>) -> Result<Committed> {
    let bytes = |message: &MlsMessageOut| message.tls_serialize_detached().map_err(Error::library);
    let (commit, welcome, info) = bundle.into_messages();
    Ok(Committed {
        commit: bytes(&commit)?,
        welcome: welcome.as_ref().map(bytes).transpose()?,
        info: bytes(&info.ok_or(Error::NotFound)?)?,
        tag,
        extension,
    })
}
