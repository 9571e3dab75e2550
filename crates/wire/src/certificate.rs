//! The certificate of a device (docs/protocol/identity.md, Device certificate): an identity says that a device is its own.

use crate::bytes::Fixed;
use crate::signed::Body;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// A device of an identity. Signed by the identity with the label `device`; the content of the basic credential of its MLS leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceCertificate {
    /// Whose device it is.
    pub identity: Fixed<32>,
    /// Its public key (Ed25519).
    pub device: Fixed<32>,
    /// Its number among all devices that the identity ever had; given once.
    pub serial: u64,
    /// When it was certified, in milliseconds.
    pub created: u64,
}

impl Body for DeviceCertificate {
    const LABEL: &'static str = "device";
    const BYTES_MAX: usize = 512;

    fn signer(&self) -> Fixed<32> {
        self.identity
    }

    fn check(&self) -> Result<(), &'static str> {
        if self.device == self.identity { Err("a device needs a key of its own") } else { Ok(()) }
    }
}

/// The mark of a device: the first 8 bytes of the SHA-256 of its key.
pub fn mark(device: &[u8; 32]) -> Fixed<8> {
    let digest: [u8; 32] = Sha256::digest(device).into();
    let [a, b, c, d, e, f, g, h, ..] = digest;
    Fixed([a, b, c, d, e, f, g, h])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signed::{Signed, SignedError};
    use ed25519_dalek::SigningKey;

    #[test]
    fn a_certificate_leads_back_and_names_another_key_than_the_identity() {
        let key = SigningKey::from_bytes(&[7; 32]);
        let identity = Fixed(key.verifying_key().to_bytes());
        let certificate = DeviceCertificate { identity, device: Fixed([2; 32]), serial: 1, created: 5 };
        let Ok(signed) = Signed::sign(certificate, &key) else { panic!("a good certificate") };
        assert!(Signed::<DeviceCertificate>::verify(signed.bytes()).is_ok_and(|read| *read == certificate));
        let itself = DeviceCertificate { device: identity, ..certificate };
        assert!(matches!(Signed::sign(itself, &key).err(), Some(SignedError::Rule(_))));
    }

    #[test]
    fn a_mark_is_the_beginning_of_a_hash() {
        // sha256 of 32 zero bytes
        assert_eq!(mark(&[0; 32]).0, [0x66, 0x68, 0x7a, 0xad, 0xf8, 0x62, 0xbd, 0x77]);
    }
}
