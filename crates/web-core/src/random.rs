//! Randomness from the browser or from Node.

use rand::SeedableRng;
use rand::rngs::StdRng;
use wasm_bindgen::JsError;

/// A generator (ChaCha) that was seeded by the surroundings.
pub(crate) fn generator() -> Result<StdRng, JsError> {
    let mut seed = [0; 32];
    getrandom_4::fill(&mut seed).map_err(|_| JsError::new("no randomness is to be had here"))?;
    Ok(StdRng::from_seed(seed))
}
