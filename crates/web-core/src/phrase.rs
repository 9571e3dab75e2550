//! Recovery phrases, before there is an account.

use crate::convert::{fault, to_js};
use crate::random::generator;
use serde::Serialize;
use tidings_client::keys::Secrets;
use tidings_client::phrase::{Phrase, Words};
use tidings_client::view::Identity;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsError, JsValue};

/// What a phrase leads to.
#[derive(Serialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub(crate) struct Owner {
    identity: Identity,
    wallet: String,
}

/// A new recovery phrase of 12 words, or of 24.
#[wasm_bindgen(js_name = makePhrase)]
pub fn make_phrase(long: bool) -> Result<String, JsError> {
    let words = if long { Words::TwentyFour } else { Words::Twelve };
    let phrase = Phrase::generate(words, &mut generator()?).map_err(|error| fault(&error))?;
    Ok(phrase.text().0.clone())
}

/// Whose phrase this is: `{ identity, wallet }`. Throws if it is none.
#[wasm_bindgen(js_name = readPhrase)]
pub fn read_phrase(text: &str) -> Result<JsValue, JsError> {
    let phrase = Phrase::parse(text).map_err(|error| fault(&error))?;
    let secrets = Secrets::from_phrase(&phrase).map_err(|error| fault(&error))?;
    to_js(&Owner { identity: secrets.identity(), wallet: secrets.wallet_checksummed() })
}
