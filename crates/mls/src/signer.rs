//! The device's signature key with its certificate.

use ed25519_dalek::{Signer as _, SigningKey};
use openmls::prelude::{BasicCredential, CredentialWithKey};
use openmls_traits::signatures::SignerError;
use openmls_traits::types::SignatureScheme;

/// The key that signs for a leaf, and the certificate that is the leaf's credential (docs/protocol/identity.md).
pub struct Signer {
    key: SigningKey,
    certificate: Vec<u8>,
}

impl Signer {
    /// From the Ed25519 seed of the device (or of the fresh identity of a room) and its signed certificate, which is not checked.
    pub fn new(seed: &[u8; 32], certificate: Vec<u8>) -> Self {
        Self { key: SigningKey::from_bytes(seed), certificate }
    }

    /// The public key: the leaf's signature key.
    pub fn public(&self) -> [u8; 32] {
        self.key.verifying_key().to_bytes()
    }

    /// The certificate.
    pub fn certificate(&self) -> &[u8] {
        &self.certificate
    }

    /// As openmls wants it.
    pub(crate) fn credential(&self) -> CredentialWithKey {
        CredentialWithKey {
            credential: BasicCredential::new(self.certificate.clone()).into(),
            signature_key: self.public().as_slice().into(),
        }
    }
}

impl openmls_traits::signatures::Signer for Signer {
    fn sign(&self, payload: &[u8]) -> Result<Vec<u8>, SignerError> {
        Ok(self.key.sign(payload).to_bytes().to_vec())
    }

    fn signature_scheme(&self) -> SignatureScheme {
        SignatureScheme::ED25519
    }
}
