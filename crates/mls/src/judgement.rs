//! What a commit would do, in the terms of the roster's rules.

use crate::packages::{ACCESS_BYTES, allowed};
use crate::settings::roster;
use crate::{Error, Leaf, Result};
use openmls::prelude::{MlsGroup, Proposal, ProposalOrRefType, QueuedProposal, Sender, StagedCommit};
use std::collections::BTreeMap;

/// A leaf that a commit removes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Removed {
    /// The leaf as it was.
    pub leaf: Leaf,
    /// The leaf that proposed it beforehand, or `None` if the committer removes it by itself.
    pub proposed_by: Option<u32>,
}

/// What a commit would do. RFC 9420 allows it and so does the part of the protocol that needs no roster
/// (docs/protocol/conversations.md, "A commit is valid"); the rest is for the caller to judge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judgement {
    /// Whether a device from outside makes it, to come (back) in.
    pub external: bool,
    /// The committer's leaf: before the commit, or after it if it is external.
    pub committer: Leaf,
    /// The epoch that it leads to.
    pub epoch: u64,
    /// The fork tag of that epoch; `None` if this device is removed and so can't know it.
    pub tag: Option<[u8; 8]>,
    /// All leaves before, in order.
    pub before: Vec<Leaf>,
    /// All leaves after, in order.
    pub after: Vec<Leaf>,
    /// The roster before, encoded.
    pub extension_before: Vec<u8>,
    /// The roster after, encoded.
    pub extension_after: Vec<u8>,
    /// The leaves that it adds (all by the committer), without the one of an external committer.
    pub added: Vec<Leaf>,
    /// Salt and access key in the key package of each of them, in the same order.
    pub access: Vec<[u8; ACCESS_BYTES]>,
    /// The leaves that it removes. An external commit removes at most the committer's own old leaf.
    pub removed: Vec<Removed>,
}

impl Judgement {
    /// Whether this device is removed by it.
    pub fn removes_this_device(&self) -> bool {
        self.tag.is_none()
    }
}

/// Looks at a staged commit; an error says why it is void whatever the roster is.
pub(crate) fn judge(group: &MlsGroup, staged: &StagedCommit, sender: &Sender) -> Result<Judgement> {
    let external = *sender == Sender::NewMemberCommit;
    let before: Vec<Leaf> = group.members().map(|member| Leaf::of(&member)).collect::<Result<_>>()?;
    let mut leaves: BTreeMap<u32, Leaf> = before.iter().map(|leaf| (leaf.index, leaf.clone())).collect();
    let (mut removed, mut added, mut access) = (Vec::new(), Vec::new(), Vec::new());
    for proposal in staged.queued_proposals() {
        check_proposal(proposal, sender)?;
        if let Proposal::Remove(remove) = proposal.proposal() {
            let leaf = leaves.remove(&remove.removed().u32()).ok_or(Error::Invalid("removes what isn't there"))?;
            removed.push(Removed { leaf, proposed_by: proposer(proposal) });
        }
    }
    for proposal in staged.queued_proposals() {
        if let Proposal::Add(add) = proposal.proposal() {
            let leaf = Leaf::at(free(&leaves), add.key_package().leaf_node())?;
            leaves.insert(leaf.index, leaf.clone());
            added.push(leaf);
            access.push(crate::packages::access(add.key_package())?);
        }
    }
    let committer = match sender {
        Sender::Member(index) => update(&mut leaves, &before, index.u32(), staged)?,
        Sender::NewMemberCommit => come_in(&mut leaves, &removed, staged)?,
        _ => return Err(Error::Invalid("a commit is by nobody in the group")),
    };
    Ok(Judgement {
        external,
        committer,
        epoch: staged.epoch().as_u64(),
        tag: staged.epoch_authenticator().map(|secret| crate::group::tag(secret.as_slice())),
        before,
        after: leaves.into_values().collect(),
        extension_before: roster(group.extensions())?.to_vec(),
        extension_after: roster(staged.group_context().extensions())?.to_vec(),
        added,
        access,
        removed,
    })
}

/// The committer's leaf before; puts the one after in its place.
fn update(leaves: &mut BTreeMap<u32, Leaf>, before: &[Leaf], index: u32, staged: &StagedCommit) -> Result<Leaf> {
    let old = before.iter().find(|leaf| leaf.index == index).ok_or(Error::NotFound)?;
    if let Some(node) = staged.update_path_leaf_node() {
        let new = Leaf::at(index, node)?;
        if new.key != old.key {
            return Err(Error::Invalid("a leaf changes its signature key"));
        }
        leaves.insert(index, new);
    }
    Ok(old.clone())
}

/// Puts the leaf of an external committer in its place.
fn come_in(leaves: &mut BTreeMap<u32, Leaf>, removed: &[Removed], staged: &StagedCommit) -> Result<Leaf> {
    let node = staged.update_path_leaf_node().ok_or(Error::Invalid("an external commit has no path"))?;
    let leaf = Leaf::at(free(leaves), node)?;
    if removed.iter().any(|removed| removed.leaf.key != leaf.key) {
        return Err(Error::Invalid("an external commit removes somebody else"));
    }
    leaves.insert(leaf.index, leaf.clone());
    Ok(leaf)
}

/// The leftmost free place (RFC 9420, 7.7).
fn free(leaves: &BTreeMap<u32, Leaf>) -> u32 {
    (0..=u32::MAX)
        .zip(leaves.keys())
        .find(|(place, taken)| place != *taken)
        .map_or(leaves.len() as u32, |(place, _)| place)
}

fn proposer(proposal: &QueuedProposal) -> Option<u32> {
    match (proposal.proposal_or_ref_type(), proposal.sender()) {
        (ProposalOrRefType::Reference, Sender::Member(index)) => Some(index.u32()),
        _ => None,
    }
}

/// The kinds of proposals that the protocol knows, each where it may be.
fn check_proposal(proposal: &QueuedProposal, committer: &Sender) -> Result<()> {
    let inline = proposal.proposal_or_ref_type() == ProposalOrRefType::Proposal;
    let by_member = matches!(committer, Sender::Member(_));
    match proposal.proposal() {
        Proposal::Add(add) if inline && by_member => allowed(add.key_package()),
        Proposal::Remove(_) if inline || matches!(proposal.sender(), Sender::Member(_)) => Ok(()),
        Proposal::GroupContextExtensions(change) if inline && by_member => roster(change.extensions()).map(drop),
        Proposal::ExternalInit(_) if !by_member => Ok(()),
        _ => Err(Error::Invalid("a commit holds a proposal that isn't allowed")),
    }
}
