//! `tidings accounts`, with and without a running node.

use crate::piqchat::{Inbox, Person};
use crate::process::{Node, all_said, run};
use serde_json::Value;
use std::path::Path;
use std::process::Output;

fn accounts(folder: &Path, arguments: &[&str]) -> Output {
    run(folder, ["accounts"].iter().chain(arguments).chain(&["--data-dir", "data"]))
}

fn said(folder: &Path, arguments: &[&str]) -> String {
    let output = accounts(folder, arguments);
    assert!(output.status.success(), "{arguments:?}: {}", all_said(&output));
    String::from_utf8(output.stdout).unwrap()
}

fn rows(folder: &Path, arguments: &[&str]) -> Vec<Value> {
    serde_json::from_str(&said(folder, arguments)).unwrap()
}

fn invite(folder: &Path) -> String {
    let output = run(folder, ["invite", "--json", "--data-dir", "data"]);
    let said: Value = serde_json::from_slice(&output.stdout).unwrap();
    said["link"].as_str().unwrap().to_owned()
}

/// Makes an account by an invitation of somebody's.
fn bring(inbox: &Inbox, host: &Person, guest: &Person) {
    let body = serde_json::json!({ "encryptedContact": "x" });
    let (status, made) = inbox.ask(host, "POST", "/contact-exchange", Some(&body));
    assert_eq!(status, 201);
    let made: Value = serde_json::from_slice(&made).unwrap();
    let token = made["oneTimeToken"].as_str().unwrap();
    inbox.join(&format!("contact-exchange%2F{token}%2Faccept"), guest);
}

#[test]
fn accounts_are_listed_drawn_and_removed_while_the_node_runs() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    assert_eq!(accounts(folder, &["list"]).status.code(), Some(2));
    assert!(!folder.join("data").exists(), "a look makes no node");
    let node = Node::start(folder, &[]);
    assert_eq!(said(folder, &["list", "--json"]), "[]\n");
    assert!(said(folder, &["tree"]).contains("tidings invite"));
    let inbox = Inbox::at(node.address);
    let [alice, bob, carol] = [1, 2, 3].map(Person::numbered);
    inbox.join(&invite(folder), &alice);
    bring(&inbox, &alice, &bob);
    bring(&inbox, &bob, &carol);
    let listed = serde_json::json!({ "contacts": [bob.id] });
    assert_eq!(inbox.ask(&alice, "POST", "/account/contacts", Some(&listed)).0, 204);
    assert_eq!(inbox.send(&bob, &alice, "hello", Some(&[7; 100_000])), 200);

    let found = rows(folder, &["list", "--json"]);
    assert_eq!(found.len(), 3);
    assert_eq!((&found[0]["key"], &found[0]["parcels"]), (&Value::from(alice.id.clone()), &Value::from(1)));
    assert!(found[0]["bytes"].as_u64().unwrap() > 100_000 && found[0]["push"] == false);
    let table = said(folder, &["list"]);
    let widths: Vec<_> = table.lines().map(|line| line.rfind("  ").unwrap()).collect();
    assert!(widths.iter().all(|width| *width == widths[0]), "{table}");
    let drawn = said(folder, &["tree"]);
    assert!(
        drawn.starts_with(&format!("1 {}", alice.id)) && drawn.contains("└─ 2 ") && drawn.contains("   └─ 3 "),
        "{drawn}"
    );

    let asked = accounts(folder, &["remove", "2"]);
    assert_eq!(asked.status.code(), Some(2), "{}", all_said(&asked));
    said(folder, &["remove", "2", "--yes"]);
    assert_eq!(inbox.ask(&bob, "GET", "/account", None).0, 403, "removed at once");
    said(folder, &["remove", &alice.id, "--yes"]);
    assert_eq!(accounts(folder, &["remove", "2", "--yes"]).status.code(), Some(1));
    assert_eq!(accounts(folder, &["remove", "77", "--yes"]).status.code(), Some(1));
    assert_eq!(accounts(folder, &["remove", "nonsense", "--yes"]).status.code(), Some(2));
    node.stop();

    assert_eq!(rows(folder, &["list", "--json"]).len(), 1);
    let tree = rows(folder, &["tree", "--json"]);
    assert_eq!((tree.len(), &tree[1]["key"], &tree[1]["creator"]), (3, &Value::Null, &Value::from(1)));
    assert!(said(folder, &["tree"]).contains("└─ 2 (deleted)"));
    said(folder, &["remove", "3", "--yes"]);
    assert_eq!(rows(folder, &["list", "--json"]).len(), 0);
}
