//! Errors that JavaScript tells apart: each `Error` has a `code`.

use crate::store::StoreFault;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast as _, JsValue};

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_name = Error)]
    type Trouble;
    #[wasm_bindgen(constructor, js_class = "Error")]
    fn new(words: &str) -> Trouble;
    #[wasm_bindgen(method, setter)]
    fn set_code(this: &Trouble, code: &str);
}

/// An exception for what is wrong with the store.
pub(crate) fn trouble(fault: StoreFault) -> JsValue {
    let error = Trouble::new(fault.words());
    error.set_code(fault.code());
    error.unchecked_into()
}
