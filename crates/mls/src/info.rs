//! Looking at a welcome or a group info before using it.

use crate::crypto::Crypto;
use crate::packages::parse;
use crate::settings::{CIPHERSUITE, MAX_TREE, roster};
use crate::store::Store;
use crate::{Error, Leaf, Result};
use openmls::messages::group_info::{GroupInfo, VerifiableGroupInfo};
use openmls::prelude::tls_codec::Serialize as _;
use openmls::prelude::{LeafNodeIndex, MlsMessageBodyIn, ProposalStore, PublicGroup, Welcome};

/// What a group info says of its group, with the signature, the tree and every leaf verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Info {
    /// Which group.
    pub group: Vec<u8>,
    /// In which epoch.
    pub epoch: u64,
    /// The roster, encoded.
    pub extension: Vec<u8>,
    /// All leaves, in order.
    pub leaves: Vec<Leaf>,
    /// The leaf that signed it.
    pub signer: Leaf,
    /// The confirmation tag: the same for two that are in the same epoch of the same branch, and only then
    /// (see [`Group::confirmation`](crate::Group::confirmation)). The fork tag of entries isn't in a group info, since it comes of secrets.
    pub confirmation: Vec<u8>,
}

/// The references of the key packages that a welcome is for.
pub fn welcome_for(welcome: &[u8]) -> Result<Vec<Vec<u8>>> {
    let welcome = parse_welcome(welcome)?;
    Ok(welcome.secrets().iter().map(|secret| secret.new_member().as_slice().to_vec()).collect())
}

/// Verifies a group info that carries its ratchet tree.
pub fn inspect_info(info: &[u8]) -> Result<Info> {
    let info = parse_info(info)?;
    let tree = info.extensions().ratchet_tree().ok_or(Error::Invalid("the group info has no tree"))?;
    let store = Store::default();
    let (group, verified) =
        PublicGroup::from_external(&Crypto, &store, tree.ratchet_tree().clone(), info.clone(), ProposalStore::new())
            .map_err(|_| Error::Invalid("the group info's tree or signature is wrong"))?;
    if verified.extensions().external_pub().is_none() {
        return Err(Error::Invalid("the group info has no external key"));
    }
    let leaves: Vec<Leaf> = group.members().map(|member| Leaf::of(&member)).collect::<Result<_>>()?;
    for leaf in &leaves {
        let node = group.leaf(LeafNodeIndex::new(leaf.index)).ok_or(Error::NotFound)?;
        crate::leaf::check(node)?;
    }
    let signer = signer(&verified)?;
    Ok(Info {
        group: group.group_id().as_slice().to_vec(),
        epoch: group.group_context().epoch().as_u64(),
        extension: roster(group.group_context().extensions())?.to_vec(),
        signer: leaves.iter().find(|leaf| leaf.index == signer).cloned().ok_or(Error::NotFound)?,
        confirmation: group.confirmation_tag().tls_serialize_detached().map_err(Error::library)?,
        leaves,
    })
}

pub(crate) fn parse_welcome(welcome: &[u8]) -> Result<Welcome> {
    match parse(welcome, MAX_TREE)?.extract() {
        MlsMessageBodyIn::Welcome(welcome) if welcome.ciphersuite() == CIPHERSUITE => Ok(welcome),
        MlsMessageBodyIn::Welcome(_) => Err(Error::Invalid("the welcome is of another ciphersuite")),
        _ => Err(Error::Malformed),
    }
}

pub(crate) fn parse_info(info: &[u8]) -> Result<VerifiableGroupInfo> {
    match parse(info, MAX_TREE)?.extract() {
        MlsMessageBodyIn::GroupInfo(info) if info.ciphersuite() == CIPHERSUITE => Ok(info),
        MlsMessageBodyIn::GroupInfo(_) => Err(Error::Invalid("the group info is of another ciphersuite")),
        _ => Err(Error::Malformed),
    }
}

/// The index of the leaf that signed. openmls doesn't tell, but a GroupInfo ends with `uint32 signer; opaque signature<V>`
/// (RFC 9420, 12.4.3), and a verified Ed25519 signature has 64 bytes and so a length of two.
fn signer(info: &GroupInfo) -> Result<u32> {
    let bytes = info.tls_serialize_detached().map_err(Error::library)?;
    let (rest, signature) = bytes.split_last_chunk::<66>().ok_or(Error::Malformed)?;
    if !signature.starts_with(&[0x40, 0x40]) {
        return Err(Error::Malformed);
    }
    rest.last_chunk().map(|index| u32::from_be_bytes(*index)).ok_or(Error::Malformed)
}
