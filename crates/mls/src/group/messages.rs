//! What goes in and out of a group.

use crate::judgement::{Judgement, judge};
use crate::packages::parse;
use crate::provider::Provider;
use crate::settings::{MAX_MESSAGE, MAX_PAST_EPOCHS, MAX_PROPOSALS_PER_LEAF};
use crate::{Error, Group, Result, Signer};
use openmls::framing::errors::MessageDecryptionError;
use openmls::group::{CreateMessageError, MlsGroupStateError};
use openmls::prelude::tls_codec::Serialize as _;
use openmls::prelude::{
    CredentialType, LeafNodeIndex, ProcessMessageError, ProcessedMessage, ProcessedMessageContent, ProtocolMessage,
    QueuedProposal, Sender, StagedCommit, ValidationError,
};
use rand::Rng;

/// A proposal to remove a leaf, the only kind that stands by itself in this protocol.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proposal {
    /// Names it.
    pub reference: Vec<u8>,
    /// The leaf that proposes.
    pub by: u32,
    /// The leaf that is to go.
    pub removes: u32,
}

/// A proposal that has come and is not pending yet.
pub struct Proposed {
    /// What it is.
    pub proposal: Proposal,
    queued: Box<QueuedProposal>,
}

/// A commit that has come and is not applied yet. Dropping it leaves the group as it was before it came.
pub struct Staged {
    judgement: Judgement,
    staged: Box<StagedCommit>,
}

impl Staged {
    /// What it would do.
    pub fn judgement(&self) -> &Judgement {
        &self.judgement
    }
}

/// What came.
pub enum Received {
    /// An application message.
    Message {
        /// The epoch that it was sent in.
        epoch: u64,
        /// The sender's place in that epoch.
        leaf: u32,
        /// The sender's certificate in that epoch, not checked. The signature is checked with that leaf's key.
        credential: Vec<u8>,
        /// The content.
        bytes: Vec<u8>,
    },
    /// A proposal: [`Group::keep`] it if the rules allow it, or else drop it.
    Proposal(Proposed),
    /// A commit: [`Group::apply`] it if the rules allow it, or else drop it.
    Commit(Box<Staged>),
    /// Something that this very leaf has sent and so can't open.
    Own,
}

impl Group {
    /// Seals an application message in this epoch.
    pub fn seal(&mut self, bytes: &[u8], signer: &Signer, random: &mut dyn Rng) -> Result<Vec<u8>> {
        if !self.active() {
            return Err(Error::NotMember);
        }
        if self.group.has_pending_proposals() {
            return Err(Error::ProposalsPending);
        }
        self.change(|group, store| {
            let made = group.create_message(&Provider::new(store, random), signer, bytes);
            let message = made.map_err(|error| match error {
                CreateMessageError::GroupStateError(MlsGroupStateError::PendingProposal) => Error::ProposalsPending,
                error => Error::library(error),
            })?;
            message.tls_serialize_detached().map_err(Error::library)
        })
    }

    /// Proposes to remove a leaf (one's own, to leave). It is pending here from now on.
    pub fn propose_remove(&mut self, leaf: u32, signer: &Signer, random: &mut dyn Rng) -> Result<Vec<u8>> {
        if !self.active() {
            return Err(Error::NotMember);
        }
        if self.pending() {
            return Err(Error::CommitPending);
        }
        if self.proposed_by(self.own_leaf()) >= MAX_PROPOSALS_PER_LEAF {
            return Err(Error::Plan("too many proposals in one epoch".into()));
        }
        self.change(|group, store| {
            let provider = Provider::new(store, random);
            let made = group.propose_remove_member(&provider, signer, LeafNodeIndex::new(leaf));
            let (message, _) = made.map_err(|error| Error::Plan(error.to_string()))?;
            message.tls_serialize_detached().map_err(Error::library)
        })
    }

    /// The pending proposals of this epoch.
    pub fn proposals(&self) -> Vec<Proposal> {
        self.group.pending_proposals().filter_map(view).collect()
    }

    /// Opens what has come. Messages of the last [`MAX_PAST_EPOCHS`] epochs are opened, commits and proposals of the present one.
    pub fn receive(&mut self, message: &[u8]) -> Result<Received> {
        let message = parse(message, MAX_MESSAGE)?.try_into_protocol_message().map_err(|_| Error::Malformed)?;
        self.expect(&message)?;
        let at = self.epoch();
        let processed = self.change(|group, store| {
            let provider = Provider::without_random(store);
            group.process_message(&provider, message).map_err(|error| refused(&error, at))
        })?;
        let epoch = processed.epoch().as_u64();
        let sender = processed.sender().clone();
        let credential = credential(&processed)?;
        match processed.into_content() {
            ProcessedMessageContent::ApplicationMessage(message) => {
                let Sender::Member(leaf) = sender else {
                    return Err(Error::Invalid("a message is by nobody in the group"));
                };
                Ok(Received::Message { epoch, leaf: leaf.u32(), credential, bytes: message.into_bytes() })
            }
            ProcessedMessageContent::ProposalMessage(queued) => self.proposed(queued).map(Received::Proposal),
            ProcessedMessageContent::StagedCommitMessage(staged) => {
                // The committer's key was used, but whoever drops the commit must be able to look at it again.
                self.undo()?;
                let judgement = judge(&self.group, &staged, &sender)?;
                Ok(Received::Commit(Box::new(Staged { judgement, staged })))
            }
            ProcessedMessageContent::OwnPrivateMessage | ProcessedMessageContent::OwnPendingCommit => Ok(Received::Own),
            ProcessedMessageContent::ExternalJoinProposalMessage(_) => {
                Err(Error::Invalid("a proposal is from outside"))
            }
        }
    }

    /// Makes a proposal pending.
    pub fn keep(&mut self, proposed: Proposed) -> Result<()> {
        self.change(|group, store| group.store_pending_proposal(store, *proposed.queued).map_err(Error::library))
    }

    /// Applies a commit. A pending commit of one's own and all pending proposals are over then.
    pub fn apply(&mut self, staged: Staged) -> Result<()> {
        if staged.judgement.epoch != self.epoch().saturating_add(1) || !self.active() {
            return Err(Error::Epoch { of: staged.judgement.epoch.saturating_sub(1), at: self.epoch() });
        }
        self.change(|group, store| {
            let provider = Provider::without_random(store);
            group.merge_staged_commit(&provider, *staged.staged).map_err(Error::library)
        })
    }

    /// Refuses what can't be for this device in its present state, before any key is touched.
    fn expect(&self, message: &ProtocolMessage) -> Result<()> {
        if message.group_id() != self.group.group_id() {
            return Err(Error::OtherGroup);
        }
        if !self.active() {
            return Err(Error::NotMember);
        }
        let (of, at) = (message.epoch().as_u64(), self.epoch());
        let oldest = if message.is_handshake_message() { at } else { at.saturating_sub(MAX_PAST_EPOCHS as u64) };
        if of > at || of < oldest { Err(Error::Epoch { of, at }) } else { Ok(()) }
    }

    fn proposed(&self, queued: Box<QueuedProposal>) -> Result<Proposed> {
        let proposal = view(&queued).ok_or(Error::Invalid("a proposal is not to remove, or not by a member"))?;
        if self.proposed_by(proposal.by) >= MAX_PROPOSALS_PER_LEAF {
            return Err(Error::Invalid("a leaf proposes too much"));
        }
        Ok(Proposed { proposal, queued })
    }

    fn proposed_by(&self, leaf: u32) -> usize {
        self.proposals().iter().filter(|proposal| proposal.by == leaf).count()
    }
}

fn view(queued: &QueuedProposal) -> Option<Proposal> {
    let (Sender::Member(by), openmls::prelude::Proposal::Remove(remove)) = (queued.sender(), queued.proposal()) else {
        return None;
    };
    let reference = queued.proposal_reference_ref().as_slice().to_vec();
    Some(Proposal { reference, by: by.u32(), removes: remove.removed().u32() })
}

fn credential(processed: &ProcessedMessage) -> Result<Vec<u8>> {
    let credential = processed.credential();
    if credential.credential_type() != CredentialType::Basic {
        return Err(Error::Invalid("a credential is not basic"));
    }
    Ok(credential.serialized_content().to_vec())
}

/// Why openmls refused a message: what may be a repetition or out of reach is told from what is void for everybody.
fn refused<E: std::error::Error>(error: &ProcessMessageError<E>, at: u64) -> Error {
    match error {
        ProcessMessageError::ValidationError(ValidationError::UnableToDecrypt(error)) => undecryptable(error),
        ProcessMessageError::ValidationError(ValidationError::NoPastEpochData | ValidationError::WrongEpoch) => {
            Error::Epoch { of: at, at }
        }
        ProcessMessageError::StorageError(_) | ProcessMessageError::LibraryError(_) => Error::library(error),
        ProcessMessageError::GroupStateError(_) => Error::NotMember,
        _ => Error::Invalid("RFC 9420 refuses it"),
    }
}

fn undecryptable(error: &MessageDecryptionError) -> Error {
    match error {
        MessageDecryptionError::SecretTreeError(_) | MessageDecryptionError::GenerationOutOfBound => Error::Repeated,
        _ => Error::Unreadable,
    }
}
