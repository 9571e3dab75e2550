//! Conversations at a node of somebody else that can't be reached.

use crate::land::Land;
use crate::people::{lines, said};
use serde_json::Value;

/// Alice and Carol at one node; Bob, at whose node his conversation with Alice is.
fn land() -> Land {
    let land = Land::with(&["north", "south"]);
    land.login("alice", "Alice", &land.invitation("north"));
    land.login("bob", "Bob", &land.invitation("south"));
    let link = said(&land.answer("alice", &["invite", "--no-account"]), "link");
    land.ask("bob", &["accept", &link]);
    let link = said(&land.answer("alice", &["invite"]), "link");
    land.login("carol", "Carol", &link);
    land.until("Alice knows both", &["alice"], || land.ask("alice", &["contacts"]).len() == 2);
    land
}

#[test]
fn a_conversation_whose_node_is_away_is_named() {
    let mut land = land();
    land.send("bob", "Alice", "before");
    land.receive("alice");
    land.stop("south");
    land.send("carol", "Alice", "from Carol");
    let output = land.run("alice", &["receive", "--json"]);
    let told: Value = serde_json::from_slice(&output.stderr).unwrap();
    assert_eq!((output.status.code(), &told["error"]), (Some(3), &"offline".into()), "{told}");
    assert_eq!(lines(&output).iter().map(|message| said(message, "text")).collect::<Vec<_>>(), ["from Carol"]);
    let concerned = &told["unreachable"][0];
    assert_eq!((&concerned["title"], said(concerned, "node")), (&"Bob".into(), land.url("south")));
    // It is nobody else's concern.
    assert!(land.run("alice", &["receive", "--from", "Carol"]).status.success());
    let output = land.run("alice", &["send", "Bob", "--text", "waits", "--timeout", "2", "--json"]);
    let told = String::from_utf8_lossy(&output.stderr);
    assert_eq!((output.status.code(), &lines(&output)[0]["state"]), (Some(3), &"waiting".into()), "{told}");
    assert!(told.contains("the conversation Bob is at") && told.contains(&land.url("south")), "{told}");
    land.start("south", &[]);
    land.until("what waited is there", &["alice", "bob"], || land.texts(("bob", "Alice")) == ["before", "waits"]);
}
