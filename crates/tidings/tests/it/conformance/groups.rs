//! Hubs.

use super::sides::{Sides, id, key, public};
use serde_json::{Value, json};
use tidings_wire::bytes::encode;

pub(super) fn member(name: &str, role: &str) -> Value {
    json!({ "key": public(name), "role": role })
}

pub(super) fn group() -> String {
    format!("/v1/groups/{}", id("tea"))
}

/// A group of an owner, a moderator and a member.
pub(super) fn tea() -> Sides {
    let mut sides = Sides::with(&[("alice", &["phone"]), ("bob", &["his"])]);
    let members = [member("owner", "owner"), member("moderator", "moderator"), member("member", "member")];
    let new = json!({ "group": id("tea"), "members": members, "info": encode(b"info 0") });
    assert_eq!(sides.ask(Some(key("phone")), "POST", "/v1/groups", new).0, 201);
    sides
}

pub(super) fn message(sides: &mut Sides, by: &str, name: &str, turn: u64) -> (u16, Value) {
    let entry = json!({ "id": id(name), "kind": "message", "turn": turn, "body": encode(name.as_bytes()) });
    sides.ask(Some(key(by)), "POST", &format!("{}/entries", group()), entry)
}

pub(super) fn commit(
    sides: &mut Sides,
    (by, name, turn): (&str, &str, u64),
    add: &[(&str, &str)],
    remove: &[&str],
) -> (u16, Value) {
    let add: Vec<Value> = add.iter().map(|(name, role)| member(name, role)).collect();
    let remove: Vec<String> = remove.iter().map(|name| public(name)).collect();
    let (body, info) = (encode(name.as_bytes()), encode(format!("info {turn}").as_bytes()));
    let entry = json!({
        "id": id(name), "kind": "commit", "turn": turn, "body": body, "info": info, "add": add, "remove": remove
    });
    sides.ask(Some(key(by)), "POST", &format!("{}/entries", group()), entry)
}

fn look(sides: &mut Sides) {
    for by in ["owner", "moderator", "member", "stranger", "phone"] {
        sides.get(Some(key(by)), &group());
        sides.get(Some(key(by)), &format!("{}/entries?after=1", group()));
    }
}

#[test]
fn groups_are_made_once() {
    let mut sides = tea();
    let made = |members: &[Value], info: &str| json!({ "group": id("tea"), "members": members, "info": encode(info.as_bytes()) });
    let all = [member("owner", "owner"), member("moderator", "moderator"), member("member", "member")];
    for (by, members, info) in [
        ("phone", &all[..], "info 0"),
        ("phone", &all[..2], "info 0"),
        ("phone", &all[..], "info 1"),
        ("stranger", &all[..], "info 0"),
    ] {
        sides.ask(Some(key(by)), "POST", "/v1/groups", made(members, info));
    }
    for members in [vec![], vec![member("a", "member")], vec![member("a", "owner"), member("a", "owner")]] {
        let body = json!({ "group": id("other"), "members": members, "info": "AA" });
        sides.ask(Some(key("phone")), "POST", "/v1/groups", body);
    }
    look(&mut sides);
    sides.agree();
}

#[test]
fn a_group_that_was_lost_begins_where_it_was() {
    let mut sides = Sides::with(&[("alice", &["phone"])]);
    let all = [member("owner", "owner"), member("moderator", "moderator"), member("member", "member")];
    for (turn, end) in [(1_u64 << 40, 0), (0, 1_u64 << 40), (7, 40), (7, 40), (8, 40)] {
        let new = json!({ "group": id("tea"), "members": all, "info": encode(b"info"), "turn": turn, "end": end });
        sides.ask(Some(key("phone")), "POST", "/v1/groups", new);
    }
    look(&mut sides);
    for (name, turn) in [("one", 0), ("two", 7), ("three", 8)] {
        message(&mut sides, "member", name, turn);
    }
    commit(&mut sides, ("owner", "four", 1), &[], &[]);
    commit(&mut sides, ("owner", "five", 8), &[], &["member"]);
    look(&mut sides);
    sides.agree();
}

#[test]
fn entries_have_their_order_and_commits_their_turn() {
    let mut sides = tea();
    for (by, name, turn) in [
        ("member", "one", 0),
        ("member", "one", 0),
        ("owner", "two", 1),
        ("stranger", "three", 0),
        ("owner", "four", 0),
    ] {
        message(&mut sides, by, name, turn);
    }
    // Another body, or another kind, under a known id.
    let entry = json!({ "id": id("one"), "kind": "message", "turn": 0, "body": "AA" });
    sides.ask(Some(key("member")), "POST", &format!("{}/entries", group()), entry.clone());
    sides.ask(Some(key("owner")), "POST", &format!("{}/entries", group()), entry);
    assert_eq!(commit(&mut sides, ("member", "c1", 1), &[], &[]).0, 201);
    assert_eq!(commit(&mut sides, ("member", "c1", 1), &[], &[]).0, 201);
    assert_eq!(commit(&mut sides, ("owner", "late", 1), &[], &[]).0, 409);
    assert_eq!(commit(&mut sides, ("owner", "early", 3), &[], &[]).0, 409);
    for turn in 2..6 {
        commit(&mut sides, ("owner", &format!("c{turn}"), turn), &[], &[]);
    }
    for turn in 0..7 {
        message(&mut sides, "member", &format!("of turn {turn}"), turn);
    }
    look(&mut sides);
    for query in ["", "?limit=2", "?after=3&limit=2", "?after=99"] {
        sides.get(Some(key("member")), &format!("{}/entries{query}", group()));
    }
    sides.agree();
}

#[test]
fn members_come_and_go_by_their_roles() {
    let mut sides = tea();
    let mut turn = 0;
    let mut attempt = |sides: &mut Sides, by: &str, add: &[(&str, &str)], remove: &[&str]| {
        let name = format!("{by} {add:?} {remove:?}");
        if commit(sides, (by, &name, turn + 1), add, remove).0 == 201 {
            turn += 1;
        }
    };
    attempt(&mut sides, "member", &[("new", "member")], &[]);
    attempt(&mut sides, "member", &[("owner", "owner")], &[]);
    attempt(&mut sides, "member", &[("owner", "member")], &[]);
    attempt(&mut sides, "member", &[], &["moderator"]);
    attempt(&mut sides, "member", &[], &["nobody"]);
    attempt(&mut sides, "member", &[("member 2", "member")], &["member"]);
    attempt(&mut sides, "member", &[], &[]);
    attempt(&mut sides, "member 2", &[("member 3", "moderator")], &["member 2"]);
    attempt(&mut sides, "moderator", &[("new", "owner")], &[]);
    attempt(&mut sides, "moderator", &[("new", "member")], &[]);
    attempt(&mut sides, "moderator", &[("new", "moderator")], &[]);
    attempt(&mut sides, "moderator", &[], &["owner"]);
    attempt(&mut sides, "moderator", &[], &["new"]);
    attempt(&mut sides, "owner", &[("moderator", "member")], &[]);
    attempt(&mut sides, "owner", &[("second", "owner")], &[]);
    look(&mut sides);
    attempt(&mut sides, "owner", &[], &["second", "owner"]);
    attempt(&mut sides, "second", &[], &["owner"]);
    look(&mut sides);
    attempt(&mut sides, "second", &[], &["member 2"]);
    for by in ["member 2", "member", "second"] {
        sides.get(Some(key(by)), &group());
        message(&mut sides, by, &format!("{by} still here"), turn);
    }
    sides.agree();
}

#[test]
fn who_leaves_and_who_ends_it() {
    let mut sides = tea();
    let own = format!("{}/members/self", group());
    let wake = |url: Value| json!({ "url": url, "device": encode(&[1; 8]) });
    for (by, url) in
        [("member", json!("https://wake.example/v1/wakes/x")), ("member", Value::Null), ("stranger", Value::Null)]
    {
        sides.ask(Some(key(by)), "PUT", &format!("{}/wake", group()), wake(url));
    }
    sides.delete(Some(key("stranger")), &own);
    assert_eq!(sides.delete(Some(key("member")), &own).0, 204);
    sides.delete(Some(key("member")), &own);
    look(&mut sides);
    sides.delete(Some(key("moderator")), &group());
    sides.delete(Some(key("owner")), &group());
    sides.delete(Some(key("owner")), &group());
    look(&mut sides);
    sides.agree();
}

#[test]
fn what_is_left_without_an_owner() {
    let mut sides = tea();
    sides.delete(Some(key("owner")), &format!("{}/members/self", group()));
    look(&mut sides);
    commit(&mut sides, ("member", "heirs", 1), &[("member", "owner")], &[]);
    look(&mut sides);
    for by in ["member", "moderator"] {
        sides.delete(Some(key(by)), &format!("{}/members/self", group()));
    }
    look(&mut sides);
    sides.agree();
}
