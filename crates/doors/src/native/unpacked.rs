//! Keys that have signed, kept in the form in which they check signatures.

use ed25519_dalek::VerifyingKey;
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use tidings_wire::signature::{Claim, SignatureError};

/// Keys that are kept, some 250 bytes each. Beyond that all are forgotten, and unpacked again as they sign.
const KEYS_MAX: usize = 16_384;

/// Keys that have signed lately.
#[derive(Default)]
pub(super) struct UnpackedKeys(Mutex<HashMap<[u8; 32], VerifyingKey>>);

impl UnpackedKeys {
    fn lock(&self) -> MutexGuard<'_, HashMap<[u8; 32], VerifyingKey>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The key that is said to have signed. Fails with [`SignatureError::Key`].
    pub(super) fn unpacked(&self, claim: &Claim) -> Result<VerifyingKey, SignatureError> {
        let known = self.lock().get(&claim.key.0).copied();
        known.map_or_else(|| claim.unpacked(), Ok)
    }

    /// Keeps a key that has signed: those of which it is only said would push the others out.
    pub(super) fn keep(&self, key: VerifyingKey) {
        let mut keys = self.lock();
        if keys.contains_key(key.as_bytes()) {
            return;
        }
        if keys.len() >= KEYS_MAX {
            keys.clear();
        }
        keys.insert(*key.as_bytes(), key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ed25519_dalek::SigningKey;
    use tidings_wire::Fixed;
    use tidings_wire::signature::{Parts, sign};

    #[test]
    fn a_kept_key_checks_only_what_it_signed() {
        let keys = UnpackedKeys::default();
        let parts = Parts { method: "GET", authority: "node.example", path: "/v1/inbox", query: "", body: None };
        let claim = |number: u8| {
            let headers = sign(&SigningKey::from_bytes(&[number; 32]), &parts, 7, &Fixed([5; 16]));
            Claim::parse(&headers.input, &headers.signature).unwrap()
        };
        let key = keys.unpacked(&claim(1)).unwrap();
        assert!(keys.lock().is_empty(), "whoever is only named is not kept");
        for _ in 0..2 {
            keys.keep(key);
            assert_eq!(keys.lock().len(), 1);
            assert_eq!(claim(1).verify_by(&keys.unpacked(&claim(1)).unwrap(), &parts, None), Ok(()));
        }
        assert_eq!(claim(2).verify_by(&key, &parts, None), Err(SignatureError::Key));
        assert_eq!(claim(2).verify_by(&keys.unpacked(&claim(2)).unwrap(), &parts, None), Ok(()));
    }
}
