//! Key packages: making them, and looking at those of others.

use crate::crypto::Crypto;
use crate::leaf::{check, sealable};
use crate::provider::Provider;
use crate::settings::{self, CIPHERSUITE, MAX_TREE};
use crate::signer::Signer;
use crate::store::Store;
use crate::{Error, Leaf, Result};
use openmls::prelude::tls_codec::{DeserializeBytes as _, Serialize as _};
use openmls::prelude::{KeyPackage, MlsMessageBodyIn, MlsMessageIn, MlsMessageOut, ProtocolVersion};
use rand::Rng;

/// A key package just made.
pub struct MadePackage {
    /// For others: an MLSMessage.
    pub package: Vec<u8>,
    /// Names it: KeyPackageRef (RFC 9420, 5.2), 32 bytes.
    pub reference: Vec<u8>,
    /// The secret part, for [`Group::join`](crate::Group::join). To be kept under the reference, and deleted once used
    /// unless it is the last resort.
    pub record: Vec<u8>,
}

/// What a key package says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Package {
    /// The certificate, not checked here.
    pub credential: Vec<u8>,
    /// The signature key.
    pub key: [u8; 32],
    /// Whether it may be used several times.
    pub last_resort: bool,
    /// Names it.
    pub reference: Vec<u8>,
    /// Salt (16 bytes) and public access key (32 bytes) with which the hub will know the person.
    pub access: [u8; ACCESS_BYTES],
}

/// Bytes of the extension [`settings::ACCESS_EXTENSION`].
pub const ACCESS_BYTES: usize = 48;

/// Makes a key package of this device, with the lifetime [`settings::LIFETIME`] and the access key for the group that it will be
/// used for.
pub fn make_package(
    signer: &Signer,
    last_resort: bool,
    access: &[u8; ACCESS_BYTES],
    random: &mut dyn Rng,
) -> Result<MadePackage> {
    let mut store = Store::default();
    let provider = Provider::new(&store, random);
    let mut builder = KeyPackage::builder()
        .key_package_lifetime(settings::lifetime())
        .key_package_extensions(settings::access(access)?)
        .leaf_node_capabilities(settings::capabilities());
    if last_resort {
        builder = builder.mark_as_last_resort();
    }
    let made = builder.build(CIPHERSUITE, &provider, signer, signer.credential()).map_err(Error::library)?;
    let public = made.into_key_package();
    let reference = public.hash_ref(&Crypto).map_err(Error::library)?;
    let package = MlsMessageOut::from(public).tls_serialize_detached().map_err(Error::library)?;
    let stored = postcard::to_stdvec(&reference).map_err(Error::library)?;
    let record = store.take_key_package(&stored).ok_or(Error::NotKept)?;
    Ok(MadePackage { package, reference: reference.as_slice().to_vec(), record })
}

/// Checks a key package as RFC 9420 (10.1) and docs/protocol/conversations.md want it, all but the certificate.
pub fn inspect_package(package: &[u8]) -> Result<Package> {
    let package = checked(package)?;
    let leaf = Leaf::at(0, package.leaf_node())?;
    let reference = package.hash_ref(&Crypto).map_err(Error::library)?.as_slice().to_vec();
    let access = access(&package)?;
    Ok(Package { credential: leaf.credential, key: leaf.key, last_resort: package.last_resort(), reference, access })
}

/// A key package that may be added.
pub(crate) fn checked(package: &[u8]) -> Result<KeyPackage> {
    let MlsMessageBodyIn::KeyPackage(package) = parse(package, MAX_TREE)?.extract() else {
        return Err(Error::Malformed);
    };
    let package = package
        .validate(&Crypto, ProtocolVersion::Mls10)
        .map_err(|_| Error::Invalid("a key package has a wrong signature, key, or lifetime"))?;
    allowed(&package)?;
    Ok(package)
}

/// Whether a key package fits the protocol, beyond what MLS asks for.
pub(crate) fn allowed(package: &KeyPackage) -> Result<()> {
    if package.ciphersuite() != CIPHERSUITE {
        return Err(Error::Invalid("a key package is of another ciphersuite"));
    }
    let lifetime = package.life_time();
    if (lifetime.not_before(), lifetime.not_after()) != settings::LIFETIME {
        return Err(Error::Invalid("a key package has another lifetime"));
    }
    let extensions = package.extensions().iter().count();
    if extensions != 1 + usize::from(package.last_resort()) {
        return Err(Error::Invalid("a key package has other extensions"));
    }
    access(package)?;
    sealable(package.hpke_init_key().as_slice())?;
    check(package.leaf_node())
}

/// The access key in a key package.
pub(crate) fn access(package: &KeyPackage) -> Result<[u8; ACCESS_BYTES]> {
    let found = package.extensions().unknown(settings::ACCESS_EXTENSION);
    let bytes = found.and_then(|extension| extension.0.as_slice().try_into().ok());
    bytes.ok_or(Error::Invalid("a key package has no access key"))
}

/// One MLSMessage and nothing after it.
pub(crate) fn parse(bytes: &[u8], limit: usize) -> Result<MlsMessageIn> {
    if bytes.len() > limit {
        return Err(Error::TooLarge);
    }
    MlsMessageIn::tls_deserialize_exact_bytes(bytes).map_err(|_| Error::Malformed)
}
