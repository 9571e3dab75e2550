//! Texts that a person types, pastes or scans, before the client is asked to do anything with them.

use crate::convert::{fault, to_js};
use serde::Serialize;
use tidings_client::invitation::Link;
use tidings_client::link::LinkCode;
use tidings_client::view::GroupId;
use tidings_client::{node_url, safety};
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsError, JsValue};

/// What a link leads to. Of its secrets it shows the token alone, which `create_account` needs.
#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub(crate) enum LinkView {
    /// A person: for `accept`.
    Contact {
        /// The node that has the exchange.
        node: String,
        /// Lets in at that node, once, if it does.
        token: Option<String>,
    },
    /// An account at a node: for `create_account`.
    Account {
        /// The node's URL.
        node: String,
        /// Lets in, once.
        token: String,
    },
    /// A room: for `accept`.
    Room {
        /// The hub's URL.
        hub: String,
        /// Which.
        group: GroupId,
    },
    /// The code of another device of one's own: for `link`.
    Device {
        /// The home node's URL.
        node: String,
    },
}

/// What a link or a device's code leads to: `{ contact }`, `{ account }`, `{ room }` or `{ device }`. Throws, with words for the
/// person, if it is none.
#[wasm_bindgen(js_name = readLink)]
pub fn read_link(text: &str) -> Result<JsValue, JsError> {
    if let Ok(code) = LinkCode::parse(text) {
        return to_js(&LinkView::Device { node: code.node.clone() });
    }
    to_js(&match Link::parse(text).map_err(|error| fault(&error))? {
        Link::Contact(link) => LinkView::Contact { token: link.token.map(|token| token.0.clone()), node: link.node },
        Link::Account(link) => LinkView::Account { node: link.node, token: link.token.0.clone() },
        Link::Room(link) => LinkView::Room { hub: link.hub, group: link.group },
    })
}

/// What a person typed, as a node's URL: `https://` may be left out. Undefined if it is none.
#[wasm_bindgen(js_name = readNodeUrl)]
pub fn read_node_url(text: &str) -> Option<String> {
    node_url::from_typed(text)
}

/// Whether what was scanned, or typed, is the safety code or number of any two people.
#[wasm_bindgen(js_name = isSafetyCode)]
pub fn is_safety_code(text: &str) -> bool {
    safety::is_code(text)
}
