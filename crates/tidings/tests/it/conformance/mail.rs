//! Inboxes and exchanges.

use super::sides::{Sides, id, key, now, public};
use serde_json::json;
use tidings_wire::bytes::encode;

fn post(sides: &mut Sides, by: &str, name: &str, body: &str) -> u16 {
    let target = format!("/v1/inboxes/{}/parcels", public("alice"));
    let parcel = json!({ "id": id(name), "body": encode(body.as_bytes()) });
    sides.ask(Some(key(by)), "POST", &target, parcel).0
}

#[test]
fn inboxes() {
    let mut sides = Sides::with(&[("alice", &["phone", "laptop"])]);
    let contacts = json!({ "contacts": [{ "key": public("bob") }, { "key": public("eve"), "drop": true }] });
    sides.ask(Some(key("stranger")), "PUT", "/v1/contacts", contacts.clone());
    assert_eq!(sides.ask(Some(key("phone")), "PUT", "/v1/contacts", contacts).0, 204);
    for (by, name, body) in [
        ("bob", "one", "a"),
        ("bob", "one", "a"),
        ("bob", "one", "b"),
        ("eve", "two", "a"),
        ("eve", "two", "b"),
        ("stranger", "three", "a"),
        ("phone", "four", "own"),
        ("laptop", "five", "own"),
        ("laptop", "five", "own"),
        ("bob", "four", "a"),
    ] {
        post(&mut sides, by, name, body);
    }
    let nowhere = format!("/v1/inboxes/{}/parcels", public("nobody"));
    sides.ask(Some(key("bob")), "POST", &nowhere, json!({ "id": id("x"), "body": "AA" }));
    let look = |sides: &mut Sides| {
        for (by, query) in [("phone", ""), ("phone", "?after=1"), ("laptop", "?after=0&limit=1"), ("bob", "")] {
            sides.get(Some(key(by)), &format!("/v1/inbox{query}"));
        }
        sides.get(Some(key("phone")), "/v1/inbox?after=99");
    };
    look(&mut sides);
    for (by, number) in [("phone", 2), ("phone", 1), ("laptop", 1), ("bob", 1), ("laptop", 99)] {
        sides.ask(Some(key(by)), "POST", "/v1/inbox/taken", json!({ "number": number }));
        look(&mut sides);
    }
    // What was taken by all does not come back.
    post(&mut sides, "bob", "one", "a");
    post(&mut sides, "bob", "six", "a");
    look(&mut sides);
    sides.agree();
}

#[test]
fn exchanges() {
    let mut sides = Sides::with(&[("alice", &["phone", "laptop"]), ("bob", &["his"])]);
    let expires = now() + 3_600_000;
    let target = format!("/v1/exchanges/{}", id("one"));
    let (answer, reply) = (format!("{target}/answer"), format!("{target}/reply"));
    let offer = |text: &str| json!({ "id": id("one"), "offer": encode(text.as_bytes()), "expires": expires });
    sides.get(None, &target);
    for (by, text) in
        [("stranger", "offer"), ("phone", "offer"), ("laptop", "offer"), ("phone", "other"), ("his", "offer")]
    {
        sides.ask(Some(key(by)), "POST", "/v1/exchanges", offer(text));
    }
    sides.get(None, &target);
    sides.ask(Some(key("phone")), "PUT", &reply, json!({ "reply": "AAAA" }));
    for text in ["AQ", "AQ", "Ag"] {
        sides.ask(None, "POST", &answer, json!({ "answer": text }));
    }
    sides.get(None, &target);
    sides.get(Some(key("laptop")), "/v1/inbox");
    for (by, text) in [("his", "AA"), ("laptop", "AA"), ("laptop", "AA"), ("phone", "AB")] {
        sides.ask(Some(key(by)), "PUT", &reply, json!({ "reply": text }));
    }
    for by in ["phone", "his", "stranger"] {
        sides.get(Some(key(by)), "/v1/exchanges");
    }
    sides.get(None, &target);
    for by in ["his", "laptop", "phone"] {
        sides.delete(Some(key(by)), &target);
        sides.get(None, &target);
    }
    sides.ask(None, "POST", &answer, json!({ "answer": "AQ" }));
    sides.ask(Some(key("phone")), "POST", "/v1/exchanges", json!({ "id": id("two"), "expires": expires }));
    sides.get(None, &format!("/v1/exchanges/{}", id("two")));
    sides.delete(Some(key("phone")), &format!("/v1/exchanges/{}", id("two")));
    sides.agree();
}
