//! Leaves, as the rules of rosters see them.

use crate::settings::{CIPHERSUITE, ROSTER};
use crate::{Error, Result};
use openmls::prelude::{Credential, CredentialType, LeafNode, Member, ProtocolVersion};

/// One device in a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leaf {
    /// Its place. Free again once the device is removed.
    pub index: u32,
    /// The identity of its basic credential: a signed device certificate, not checked here.
    pub credential: Vec<u8>,
    /// Its signature key.
    pub key: [u8; 32],
}

impl Leaf {
    /// From the parts; refuses credentials that are not basic and keys of another length.
    pub(crate) fn new(index: u32, credential: &Credential, key: &[u8]) -> Result<Self> {
        if credential.credential_type() != CredentialType::Basic {
            return Err(Error::Invalid("a credential is not basic"));
        }
        let key = key.try_into().map_err(|_| Error::Invalid("a signature key has another length"))?;
        Ok(Self { index, credential: credential.serialized_content().to_vec(), key })
    }

    /// As openmls lists it.
    pub(crate) fn of(member: &Member) -> Result<Self> {
        Self::new(member.index.u32(), &member.credential, &member.signature_key)
    }

    /// From a node that is to stand at this place.
    pub(crate) fn at(index: u32, node: &LeafNode) -> Result<Self> {
        check(node)?;
        Self::new(index, node.credential(), node.signature_key().as_slice())
    }
}

/// Refuses a leaf that does not say that it can what all must be able to.
pub(crate) fn check(node: &LeafNode) -> Result<()> {
    let can = node.capabilities();
    let fits = can.versions().contains(&ProtocolVersion::Mls10)
        && can.ciphersuites().contains(&CIPHERSUITE.into())
        && can.extensions().contains(&ROSTER)
        && can.credentials().contains(&CredentialType::Basic)
        && node.extensions().iter().next().is_none();
    if fits { Ok(()) } else { Err(Error::Invalid("a leaf lacks a capability or has an extension")) }
}
