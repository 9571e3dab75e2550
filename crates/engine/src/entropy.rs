//! The only place that asks for randomness.

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use std::sync::{Arc, Mutex, PoisonError};
use tidings_core::blob::BlobName;
use tidings_core::{EnvelopeId, Token};

/// Where randomness comes from. Cheap to clone.
#[derive(Clone)]
pub enum Entropy {
    /// The operating system, through a generator fit for keys.
    System,
    /// A repeatable sequence, for tests that print their seed.
    Seeded(Arc<Mutex<StdRng>>),
}

impl Entropy {
    /// A repeatable sequence.
    pub fn seeded(seed: u64) -> Self {
        Self::Seeded(Arc::new(Mutex::new(StdRng::seed_from_u64(seed))))
    }

    /// Random bytes.
    #[allow(clippy::disallowed_methods, reason = "this is the one place where the system's randomness is asked for")]
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        match self {
            Self::System => rand::rng().fill_bytes(&mut bytes),
            Self::Seeded(rng) => rng.lock().unwrap_or_else(PoisonError::into_inner).fill_bytes(&mut bytes),
        }
        bytes
    }

    /// A generator for one cryptographic operation, seeded from this source.
    pub fn generator(&self) -> StdRng {
        StdRng::from_seed(self.bytes())
    }

    /// A fresh envelope id.
    pub fn envelope_id(&self) -> EnvelopeId {
        EnvelopeId::from_random(self.bytes())
    }

    /// A fresh one-time token.
    pub fn token(&self) -> Token {
        Token::from_random(self.bytes())
    }

    /// A fresh name for a blob file.
    pub fn blob_name(&self) -> BlobName {
        BlobName::from_random(self.bytes())
    }
}
