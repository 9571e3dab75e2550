//! The choices that RFC 9420 leaves open, as docs/protocol/conversations.md makes them.

use crate::{Error, Result};
use openmls::prelude::{
    Capabilities, Ciphersuite, CredentialType, Extension, ExtensionType, Extensions, GroupContext, KeyPackage,
    Lifetime, MlsGroupCreateConfig, MlsGroupJoinConfig, PURE_CIPHERTEXT_WIRE_FORMAT_POLICY, PastEpochDeletionPolicy,
    ProtocolVersion, RequiredCapabilitiesExtension, SenderRatchetConfiguration, UnknownExtension,
};

/// MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519.
pub const SUITE: u16 = 0x0001;
pub(crate) const CIPHERSUITE: Ciphersuite = Ciphersuite::MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519;
/// The extension of the group context that holds the roster (private use).
pub const ROSTER_EXTENSION: u16 = 0xF7D1;
pub(crate) const ROSTER: ExtensionType = ExtensionType::Unknown(ROSTER_EXTENSION);
/// The extension of key packages that holds a salt (16 bytes) and an access key (32 bytes) (private use).
pub const ACCESS_EXTENSION: u16 = 0xF7D2;
const ACCESS: ExtensionType = ExtensionType::Unknown(ACCESS_EXTENSION);
/// The lifetime of every key package, seconds since 1970: from the beginning to the end of year 9999. Clocks differ, so they
/// must not decide what is valid.
pub const LIFETIME: (u64, u64) = (0, 253_402_300_799);
/// Of how many epochs before the present one messages can be read. The hub takes messages up to 3 turns late.
pub const MAX_PAST_EPOCHS: usize = 4;
/// How many messages of one sender may overtake one.
pub const OUT_OF_ORDER: u32 = 5;
/// How many messages of one sender may be missing before one.
pub const MAX_SKIPPED: u32 = 1_000;
/// How many proposals of one leaf may wait in one epoch; later ones are void.
pub const MAX_PROPOSALS_PER_LEAF: usize = 32;
/// The largest MLS message (a commit that adds a hundred devices has some 60 kB).
pub const MAX_MESSAGE: usize = 1 << 20;
/// The largest welcome, group info or key package: they can hold a tree of thousands of leaves.
pub const MAX_TREE: usize = 8 << 20;

/// What every leaf says that it can do.
pub(crate) fn capabilities() -> Capabilities {
    Capabilities::new(
        Some(&[ProtocolVersion::Mls10]),
        Some(&[CIPHERSUITE]),
        Some(&[ROSTER, ACCESS, ExtensionType::LastResort]),
        Some(&[]),
        Some(&[CredentialType::Basic]),
    )
}

/// The extensions of a key package with this access key.
pub(crate) fn access(access: &[u8]) -> Result<Extensions<KeyPackage>> {
    Extensions::single(Extension::Unknown(ACCESS_EXTENSION, UnknownExtension(access.to_vec()))).map_err(Error::library)
}

/// The one lifetime.
pub(crate) fn lifetime() -> Lifetime {
    Lifetime::init(LIFETIME.0, LIFETIME.1)
}

fn required() -> RequiredCapabilitiesExtension {
    RequiredCapabilitiesExtension::new(&[ROSTER], &[], &[])
}

/// The extensions of a group context that holds this roster.
pub(crate) fn extensions(roster: Vec<u8>) -> Result<Extensions<GroupContext>> {
    Extensions::from_vec(vec![
        Extension::RequiredCapabilities(required()),
        Extension::Unknown(ROSTER_EXTENSION, UnknownExtension(roster)),
    ])
    .map_err(Error::library)
}

/// The roster in a group context that has the two extensions that it must have, and no other.
pub(crate) fn roster(extensions: &Extensions<GroupContext>) -> Result<&[u8]> {
    if extensions.iter().count() != 2 || extensions.required_capabilities() != Some(&required()) {
        return Err(Error::Invalid("the group context has other extensions"));
    }
    let roster = extensions.unknown(ROSTER_EXTENSION).ok_or(Error::Invalid("the group context has no roster"))?;
    Ok(&roster.0)
}

fn ratchet() -> SenderRatchetConfiguration {
    SenderRatchetConfiguration::new(OUT_OF_ORDER, MAX_SKIPPED)
}

/// How a group works once one is in it.
pub(crate) fn join_config() -> MlsGroupJoinConfig {
    MlsGroupJoinConfig::builder()
        .wire_format_policy(PURE_CIPHERTEXT_WIRE_FORMAT_POLICY)
        .padding_size(0)
        .set_past_epoch_deletion_policy(PastEpochDeletionPolicy::MaxEpochs(MAX_PAST_EPOCHS))
        .number_of_resumption_psks(1)
        .use_ratchet_tree_extension(true)
        .sender_ratchet_configuration(ratchet())
        .build()
}

/// How a new group is.
pub(crate) fn create_config(roster: Vec<u8>) -> Result<MlsGroupCreateConfig> {
    Ok(MlsGroupCreateConfig::builder()
        .ciphersuite(CIPHERSUITE)
        .wire_format_policy(PURE_CIPHERTEXT_WIRE_FORMAT_POLICY)
        .padding_size(0)
        .set_past_epoch_deletion_policy(PastEpochDeletionPolicy::MaxEpochs(MAX_PAST_EPOCHS))
        .number_of_resumption_psks(1)
        .use_ratchet_tree_extension(true)
        .sender_ratchet_configuration(ratchet())
        .capabilities(capabilities())
        .lifetime(lifetime())
        .with_group_context_extensions(extensions(roster)?)
        .build())
}
