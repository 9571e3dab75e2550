//! What openmls is given for each call: its cryptography, our store, and the randomness that the caller gave. HPKE draws its own from the
//! system (`crypto.rs`).

use crate::crypto::Crypto;
use crate::store::Store;
use openmls_traits::OpenMlsProvider;
use openmls_traits::random::OpenMlsRand;
use rand::Rng;
use std::cell::RefCell;
use thiserror::Error;

/// Lives for one call.
pub(crate) struct Provider<'a> {
    store: &'a Store,
    random: Source<'a>,
}

impl<'a> Provider<'a> {
    /// For what makes keys or nonces.
    pub(crate) fn new(store: &'a Store, random: &'a mut dyn Rng) -> Self {
        Self { store, random: Source(Some(RefCell::new(random))) }
    }

    /// For what needs no randomness.
    pub(crate) fn without_random(store: &'a Store) -> Self {
        Self { store, random: Source(None) }
    }
}

impl<'a> OpenMlsProvider for Provider<'a> {
    type CryptoProvider = Crypto;
    type RandProvider = Source<'a>;
    type StorageProvider = Store;

    fn storage(&self) -> &Store {
        self.store
    }

    fn crypto(&self) -> &Crypto {
        &Crypto
    }

    fn rand(&self) -> &Source<'a> {
        &self.random
    }
}

/// The randomness that was given, if any.
pub(crate) struct Source<'a>(Option<RefCell<&'a mut dyn Rng>>);

#[derive(Debug, Error)]
#[error("no randomness was given")]
pub(crate) struct NoRandomness;

impl OpenMlsRand for Source<'_> {
    type Error = NoRandomness;

    fn random_array<const N: usize>(&self) -> Result<[u8; N], NoRandomness> {
        let mut bytes = [0; N];
        self.fill(&mut bytes)?;
        Ok(bytes)
    }

    fn random_vec(&self, len: usize) -> Result<Vec<u8>, NoRandomness> {
        let mut bytes = vec![0; len];
        self.fill(&mut bytes)?;
        Ok(bytes)
    }
}

impl Source<'_> {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), NoRandomness> {
        let source = self.0.as_ref().ok_or(NoRandomness)?;
        source.try_borrow_mut().map_err(|_| NoRandomness)?.fill_bytes(bytes);
        Ok(())
    }
}
