//! Between Rust's values and plain objects of JavaScript.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_wasm_bindgen::Serializer;
use wasm_bindgen::{JsError, JsValue};

/// A plain object: maps are objects, bytes are `Uint8Array`.
pub(crate) fn to_js<T: Serialize + ?Sized>(value: &T) -> Result<JsValue, JsError> {
    value.serialize(&Serializer::json_compatible().serialize_bytes_as_arrays(false)).map_err(|error| fault(&error))
}

/// The value that an object stands for; the error says what is wrong with it.
pub(crate) fn from_js<T: DeserializeOwned>(value: JsValue) -> Result<T, JsError> {
    serde_wasm_bindgen::from_value(value).map_err(|error| fault(&error))
}

/// An exception with the error's own words.
pub(crate) fn fault(error: &dyn std::fmt::Display) -> JsError {
    JsError::new(&error.to_string())
}
