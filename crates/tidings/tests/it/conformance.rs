//! The node that the client's tests talk to answers as the real one does: the same requests, put to both.

#[allow(dead_code, reason = "the client's tests use more of it")]
#[path = "../../../client/tests/it/model_node/mod.rs"]
mod model_node;

mod groups;
mod live;
mod mail;
mod people;
mod sides;

use serde_json::json;
use sides::{Sides, key};

#[test]
fn what_anybody_may_ask() {
    let mut sides = Sides::new();
    sides.get(None, "/v1/node");
    sides.get(None, "/v1/nowhere");
    sides.get(None, "/v1/account");
    sides.get(Some(key("stranger")), "/v1/account");
    sides.get(Some(key("stranger")), "/v1/devices");
    sides.get(Some(key("stranger")), "/v1/profile");
    sides.ask(Some(key("stranger")), "POST", "/v1/tokens", json!({ "expires": 0 }));
    sides.agree();
}
