//! Accounts, devices, key packages, profiles, blobs.

use super::sides::{Request, Sides, key, list, list_without, public};
use ed25519_dalek::SigningKey;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tidings_wire::bytes::encode;

fn account(sides: &mut Sides, by: &str, list: &str) -> u16 {
    sides.ask(Some(key(by)), "POST", "/v1/accounts", json!({ "devices": list })).0
}

fn devices(sides: &mut Sides, by: &str, list: &str) -> (u16, Value) {
    sides.ask(Some(key(by)), "PUT", "/v1/devices", json!({ "devices": list }))
}

#[test]
fn accounts_and_their_devices() {
    let mut sides = Sides::new();
    let first = list("alice", (1, 2), &[("phone", 1)]);
    sides.ask(None, "POST", "/v1/accounts", json!({ "devices": first }));
    assert_eq!(account(&mut sides, "mallory", &first), 400);
    assert_eq!(account(&mut sides, "alice", &first), 201);
    assert_eq!(account(&mut sides, "alice", &first), 201);
    assert_eq!(account(&mut sides, "alice", &list("alice", (2, 2), &[("phone", 1)])), 409);
    // Somebody else's device.
    assert_eq!(account(&mut sides, "mallory", &list("mallory", (1, 2), &[("phone", 1)])), 409);
    assert_eq!(account(&mut sides, "mallory", &list("mallory", (1, 2), &[("hers", 1)])), 201);
    assert_eq!(devices(&mut sides, "mallory", &list("mallory", (2, 3), &[("hers", 1), ("phone", 2)])).0, 409);
    let second = list("alice", (2, 3), &[("phone", 1), ("laptop", 2)]);
    for _ in 0..2 {
        assert_eq!(devices(&mut sides, "alice", &second).0, 204);
    }
    assert_eq!(devices(&mut sides, "alice", &list("alice", (2, 3), &[("phone", 1)])).1["devices"], second);
    assert_eq!(devices(&mut sides, "alice", &list("alice", (4, 3), &[("phone", 1)])).0, 409);
    assert_eq!(devices(&mut sides, "alice", &list("alice", (3, 3), &[("phone", 2), ("laptop", 1)])).0, 409);
    devices(&mut sides, "nobody", &list("nobody", (1, 1), &[]));
    devices(&mut sides, "phone", &second);
    for by in ["alice", "phone", "laptop", "nobody"] {
        for target in ["/v1/account", "/v1/devices", "/v1/profile", "/v1/key-packages"] {
            sides.get(Some(key(by)), target);
        }
    }
    // Nobody goes without being removed, nor comes back.
    assert_eq!(devices(&mut sides, "alice", &list("alice", (3, 3), &[("phone", 1)])).0, 409);
    let third = list_without("alice", (3, 3), &[("phone", 1)], &[("laptop", 2)]);
    assert_eq!(devices(&mut sides, "alice", &third).0, 204);
    assert_eq!(devices(&mut sides, "alice", &list("alice", (4, 4), &[("phone", 1), ("laptop", 3)])).0, 409);
    assert_eq!(devices(&mut sides, "alice", &list("alice", (4, 3), &[("phone", 1)])).0, 409);
    for target in ["/v1/account", "/v1/devices", "/v1/inbox"] {
        assert_eq!(sides.get(Some(key("laptop")), target).0, 403);
    }
    sides.delete(Some(key("phone")), "/v1/account");
    sides.delete(Some(key("alice")), "/v1/account");
    sides.delete(Some(key("alice")), "/v1/account");
    sides.get(Some(key("phone")), "/v1/account");
    sides.agree();
}

fn upload(sides: &mut Sides, packages: &[&str], last_resort: Option<&str>) -> Value {
    let packages: Vec<String> = packages.iter().map(|package| encode(package.as_bytes())).collect();
    let mut body = json!({ "packages": packages });
    if let Some(last_resort) = last_resort {
        body["last_resort"] = json!(encode(last_resort.as_bytes()));
    }
    sides.ask(Some(key("phone")), "PUT", "/v1/key-packages", body).1
}

#[test]
fn a_device_with_another_serial_begins_anew() {
    let mut sides = Sides::new();
    assert_eq!(account(&mut sides, "alice", &list("alice", (1, 2), &[("phone", 1)])), 201);
    assert_eq!(upload(&mut sides, &["1", "2"], Some("last"))["waiting"], 2);
    assert_eq!(devices(&mut sides, "alice", &list("alice", (2, 3), &[("phone", 2)])).0, 204);
    assert_eq!(sides.get(Some(key("phone")), "/v1/key-packages").1["waiting"], 0);
    assert_eq!(upload(&mut sides, &["1", "3"], None)["last_resort"], false);
    sides.agree();
}

#[test]
fn key_packages() {
    let mut sides = Sides::with(&[("alice", &["phone", "laptop"])]);
    let take = format!("/v1/inboxes/{}/key-packages", public("alice"));
    let taken = |sides: &mut Sides, by: &str| sides.post(Some(key(by)), &take);
    let contacts = json!({ "contacts": [{ "key": public("bob") }, { "key": public("eve"), "drop": true }] });
    assert_eq!(sides.ask(Some(key("phone")), "PUT", "/v1/contacts", contacts).0, 204);
    taken(&mut sides, "bob");
    assert_eq!(upload(&mut sides, &["1", "2"], Some("last"))["waiting"], 2);
    assert_eq!(upload(&mut sides, &["2", "3"], None)["waiting"], 3);
    for by in ["bob", "eve", "stranger", "phone", "bob", "bob", "bob"] {
        taken(&mut sides, by);
    }
    // What was given is not taken again.
    assert_eq!(upload(&mut sides, &["1", "4"], Some("newer"))["waiting"], 1);
    taken(&mut sides, "bob");
    taken(&mut sides, "bob");
    let nowhere = format!("/v1/inboxes/{}/key-packages", public("nobody"));
    sides.post(Some(key("bob")), &nowhere);
    for by in ["bob", "eve", "stranger", "laptop"] {
        sides.get(Some(key(by)), &format!("/v1/inboxes/{}/devices", public("alice")));
    }
    sides.agree();
}

#[test]
fn a_posting_key_is_given_twenty_a_day() {
    let mut sides = Sides::with(&[("alice", &["phone"])]);
    sides.ask(Some(key("phone")), "PUT", "/v1/contacts", json!({ "contacts": [{ "key": public("bob") }] }));
    let packages: Vec<String> = (0..30).map(|number| format!("package {number}")).collect();
    upload(&mut sides, &packages.iter().map(String::as_str).collect::<Vec<_>>(), Some("last"));
    for _ in 0..22 {
        let target = format!("/v1/inboxes/{}/key-packages", public("alice"));
        sides.post(Some(key("bob")), &target);
    }
    sides.get(Some(key("phone")), "/v1/key-packages");
    sides.agree();
}

fn profile(sides: &mut Sides, expected: Option<&str>, content: &str) -> u16 {
    let mut headers = vec![("content-type", "application/json".to_owned())];
    headers.extend(expected.map(|expected| ("if-match", expected.to_owned())));
    let body = json!({ "body": encode(content.as_bytes()) }).to_string().into_bytes();
    let (by, method, target) = (Some(key("phone")), "PUT", "/v1/profile");
    sides.play(&Request { by, method, target, headers, body: Some(body) }).0
}

#[test]
fn profiles() {
    let mut sides = Sides::with(&[("alice", &["phone"])]);
    sides.get(Some(key("phone")), "/v1/profile");
    for (expected, content) in [
        (None, "a"),
        (Some("0"), "a"),
        (Some("\"1\""), "a"),
        (Some("\"0\""), "a"),
        (Some("\"0\""), "a"),
        (Some("\"0\""), "b"),
        (Some("\"1\""), "b"),
        (Some("\"1\""), "b"),
        (Some("\"7\""), "c"),
    ] {
        profile(&mut sides, expected, content);
    }
    for by in ["phone", "alice", "stranger"] {
        sides.get(Some(key(by)), "/v1/profile");
    }
    assert_eq!(sides.get(Some(key("phone")), "/v1/account").1["profile"], 2);
    sides.agree();
}

fn patch(sides: &mut Sides, by: &str, target: &str, offset: Option<&str>, bytes: &[u8]) -> u16 {
    let headers = offset.map(|offset| ("upload-offset", offset.to_owned())).into_iter().collect();
    sides.play(&Request { by: Some(key(by)), method: "PATCH", target, headers, body: Some(bytes.to_vec()) }).0
}

fn range(sides: &mut Sides, range: &str) -> u16 {
    let headers = vec![("range", range.to_owned())];
    sides.play(&Request { by: None, method: "GET", target: "/v1/blobs/{blob}", headers, body: None }).0
}

fn destroy(sides: &mut Sides, by: Option<SigningKey>, secret: Option<&[u8]>) -> u16 {
    let headers = secret.map(|secret| ("tidings-delete", encode(secret))).into_iter().collect();
    sides.play(&Request { by, method: "DELETE", target: "/v1/blobs/{blob}", headers, body: None }).0
}

#[test]
fn blobs() {
    let mut sides = Sides::with(&[("alice", &["phone", "laptop"]), ("bob", &["his"])]);
    let new = json!({ "size": 10, "delete": encode(&Sha256::digest([7; 16])) });
    sides.ask(Some(key("stranger")), "POST", "/v1/blobs", new.clone());
    sides.ask(Some(key("phone")), "POST", "/v1/blobs", new.clone());
    sides.call("blob");
    let target = "/v1/blobs/{blob}";
    let head = |by: Option<SigningKey>| Request { by, method: "HEAD", target, headers: Vec::new(), body: None };
    for by in [None, Some(key("phone")), Some(key("his"))] {
        sides.play(&head(by));
        sides.get(None, target);
    }
    for (by, offset, bytes) in [
        ("phone", Some("0"), b"hello".as_slice()),
        ("phone", Some("0"), b"hello"),
        ("his", Some("5"), b"there"),
        ("phone", None, b"there"),
        ("phone", Some("5"), b"there and more"),
        ("laptop", Some("5"), b"there"),
        ("phone", Some("10"), b"x"),
    ] {
        patch(&mut sides, by, target, offset, bytes);
    }
    assert_eq!(sides.get(None, target).0, 200);
    sides.play(&head(None));
    for wanted in ["bytes=2-4", "bytes=2-", "bytes=0-99", "bytes=10-", "bytes=-3", "bytes=4-2", "lines=1-2"] {
        range(&mut sides, wanted);
    }
    destroy(&mut sides, None, None);
    destroy(&mut sides, None, Some(&[8; 16]));
    destroy(&mut sides, Some(key("his")), None);
    assert_eq!(destroy(&mut sides, None, Some(&[7; 16])), 204);
    destroy(&mut sides, None, Some(&[7; 16]));
    sides.get(None, target);
    sides.ask(Some(key("laptop")), "POST", "/v1/blobs", new);
    sides.call("blob");
    destroy(&mut sides, Some(key("phone")), None);
    patch(&mut sides, "laptop", target, Some("0"), b"x");
    sides.get(None, &format!("/v1/blobs/{}", encode(&[1; 32])));
    sides.agree();
}

#[test]
fn pushes_wakes_and_tokens() {
    let mut sides = Sides::with(&[("alice", &["phone"])]);
    for by in ["phone", "stranger"] {
        sides.post(Some(key(by)), "/v1/push/test");
        sides.delete(Some(key(by)), "/v1/push");
        sides.post(Some(key(by)), "/v1/wakes");
        sides.ask(Some(key(by)), "POST", "/v1/tokens", json!({ "expires": super::sides::now() + 60_000 }));
    }
    sides.post(Some(key("phone")), "/v1/wakes");
    sides.call("wake");
    sides.post(None, "/v1/wakes/{wake}");
    sides.post(None, "/v1/wakes/AAAA");
    sides.agree();
}
