//! The door for channels as its owner opens it: addresses, links between nodes, the console.

use crate::chat::{Tcp, WebSocket, connect, place, upgrade};
use crate::http::get;
use crate::process::{DEADLINE, Node, all_said, run};
use rustix::process::Signal;
use std::path::Path;
use std::time::Instant;

const JOIN: &str = r#"{"type":"join","uname":"guest","cname":"garden"}"#;
const JOINED: &str = r#"{"type":"success","msg":"Connected to channel garden"}"#;

/// A command about a node; what it said on standard output. It must end with 0.
fn ask(folder: &Path, arguments: &[&str]) -> String {
    let output = run(folder, arguments.iter().chain(&["--data-dir", "data"]));
    assert!(output.status.success(), "{arguments:?}: {}", all_said(&output));
    String::from_utf8(output.stdout).unwrap()
}

/// Asks until the answer has something in it.
fn ask_until(folder: &Path, arguments: &[&str], part: &str) -> String {
    let begun = Instant::now();
    loop {
        let said = ask(folder, arguments);
        if said.contains(part) {
            return said;
        }
        assert!(begun.elapsed() < DEADLINE, "{arguments:?} never said {part}, but {said}");
    }
}

#[test]
fn every_address_has_its_clients() {
    let folder = tempfile::tempdir().unwrap();
    let any = "127.0.0.1:0";
    let node = Node::start(
        folder.path(),
        &[
            "--darkchat-keyless",
            "--darkchat-listen",
            any,
            "--darkchat-listen",
            any,
            "--darkchat-websocket-listen",
            any,
            "--darkchat-peer-listen",
            any,
        ],
    );
    node.process.wait_for("a warning", |said| said.contains("darkchat-keyless is on").then_some(()));
    let mut plain = Tcp::open(place(&node, "darkchat clients (TCP)"));
    let mut own = WebSocket::open(place(&node, "darkchat clients (WebSocket)"), "/");
    let mut shared = WebSocket::open(node.address, "/any/path?at=all");
    plain.say(JOIN);
    own.say(JOIN);
    shared.say(JOIN);
    assert_eq!((plain.hear(), own.hear_text(), shared.hear_text()), (JOINED.into(), JOINED.into(), JOINED.into()));
    let message = r#"{"type":"msg","uname":"guest","msg":"hello"}"#;
    plain.say(message);
    assert_eq!((own.hear_text(), shared.hear_text()), (message.to_owned(), message.to_owned()));
    let channels: serde_json::Value = serde_json::from_str(&ask(folder.path(), &["channels", "--json"])).unwrap();
    assert_eq!(channels, serde_json::json!([{ "name": "garden", "sessions": 3 }]));
    assert!(ask(folder.path(), &["channels"]).ends_with("       3  garden\n"));

    let mut peer = connect(place(&node, "darkchat peers"));
    std::io::Write::write_all(&mut peer, b"connect**@#@1").unwrap();
    let mut answer = [0; 2];
    std::io::Read::read_exact(&mut peer, &mut answer).unwrap();
    assert_eq!(&answer, b"ok");
    // All else on the node's port is as it was.
    assert_eq!(get(node.address, "/healthz", ""), (200, "ok\n".to_owned()));
    let (_, metrics) = get(node.address, "/metrics", "");
    assert!(metrics.contains("# HELP tidings_darkchat_sessions "), "{metrics}");
    assert!(!metrics.contains("garden"));

    node.process.signal(Signal::TERM);
    let (opcode, payload) = shared.hear();
    assert_eq!((opcode, &payload[..2]), (8, &1001_u16.to_be_bytes()[..]), "going away");
    assert!(plain.ends());
    let (code, said) = node.process.end();
    assert_eq!(code, Some(0), "{said}");
    assert!(!said.contains("garden"));
}

#[test]
fn a_closed_door_upgrades_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let node = Node::start(folder.path(), &["--darkchat=false"]);
    assert_eq!(upgrade(&mut connect(node.address), "/"), 200);
    node.stop();
}

#[test]
fn a_taken_address_of_channels_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    for flag in ["--darkchat-listen", "--darkchat-websocket-listen", "--darkchat-peer-listen"] {
        let output = run(folder.path(), ["serve", "--data-dir", "data", "--listen", "127.0.0.1:0", flag, &address]);
        assert_eq!(output.status.code(), Some(3), "{}", all_said(&output));
        assert!(all_said(&output).contains(&format!("{address} is in use")), "{}", all_said(&output));
    }
}

#[test]
fn two_nodes_are_linked_and_parted() {
    let (here, there) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let flags = ["--darkchat-keyless", "--darkchat-listen", "127.0.0.1:0", "--darkchat-peer-listen", "127.0.0.1:0"];
    let (node, other) = (Node::start(here.path(), &flags), Node::start(there.path(), &flags));
    let far = place(&other, "darkchat peers").to_string();
    let (host, port) = far.split_once(':').unwrap();
    assert_eq!(ask(here.path(), &["peers", "list"]), "No other server is linked.\n");
    assert_eq!(ask(here.path(), &["peers", "connect", host, port]), format!("Connected to {far}.\n"));
    assert_eq!(ask(here.path(), &["peers", "connect", &far]), format!("Connected to {far}.\n"));
    let links: serde_json::Value = serde_json::from_str(&ask(here.path(), &["peers", "list", "--json"])).unwrap();
    assert_eq!((links[0]["name"].as_str(), links[0]["called"].as_bool()), (Some(far.as_str()), Some(true)));
    assert_eq!(links.as_array().unwrap().len(), 1);
    let near = place(&node, "darkchat peers").to_string();
    let seen = ask_until(there.path(), &["peers", "list"], &near);
    assert!(seen.contains("came in"), "{seen}");

    let (mut ann, mut bob) =
        (Tcp::open(place(&node, "darkchat clients (TCP)")), Tcp::open(place(&other, "darkchat clients (TCP)")));
    ann.say(JOIN);
    bob.say(JOIN);
    assert_eq!((ann.hear(), bob.hear()), (JOINED.to_owned(), JOINED.to_owned()));
    let message = r#"{"type":"msg","uname":"guest","msg":"over there"}"#;
    ann.say(message);
    assert_eq!(bob.hear(), message);

    assert_eq!(ask(here.path(), &["peers", "forget", &far]), format!("Forgot {far}.\n"));
    ask_until(there.path(), &["peers", "list"], "No other server");
    for (arguments, part) in [
        (["peers", "forget", far.as_str()], "there is no link with"),
        (["peers", "connect", near.as_str()], "linking with"),
        (["peers", "connect", "127.0.0.1:1"], "linking with 127.0.0.1:1"),
    ] {
        let output = run(here.path(), arguments.iter().chain(&["--data-dir", "data"]));
        assert_eq!(output.status.code(), Some(1), "{arguments:?}: {}", all_said(&output));
        assert!(all_said(&output).contains(part), "{}", all_said(&output));
    }
    node.stop();
    other.stop();
}

#[test]
fn servers_of_the_settings_are_called_also_after_a_reload() {
    let (here, there) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let other = Node::start(there.path(), &["--darkchat-peer-listen", "127.0.0.1:0"]);
    let far = place(&other, "darkchat peers").to_string();
    let file = here.path().join("my.toml");
    std::fs::write(&file, "").unwrap();
    let node = Node::start(here.path(), &["--config", "my.toml"]);
    std::fs::write(&file, format!("[darkchat]\npeers = ['{far}']\n")).unwrap();
    node.process.signal(Signal::HUP);
    ask_until(here.path(), &["peers", "list"], &far);
    let doctor = ["doctor", "--json", "--data-dir", "data", "--config", "my.toml", "--listen", "127.0.0.1:0"];
    let examine = |arguments: &[&str]| all_said(&run(here.path(), doctor.iter().chain(arguments)));
    assert!(examine(&[]).contains(&format!("{far} is linked")), "{}", examine(&[]));
    let found =
        examine(&["--darkchat-peers", "127.0.0.1:1", "--darkchat-keyless", "--darkchat-peer-listen", "0.0.0.0:0"]);
    for part in ["127.0.0.1:1 is not linked", "darkchat-allowed-peers", "guests without keys"] {
        assert!(found.contains(part), "{part}: {found}");
    }
    node.stop();
    other.stop();
}

#[test]
fn links_are_a_matter_of_running_nodes() {
    let folder = tempfile::tempdir().unwrap();
    Node::start(folder.path(), &[]).stop();
    let lists: [&[&str]; 4] = [&["peers", "list"], &["channels"], &["peers", "connect", "a", "1"], &["console"]];
    for arguments in lists {
        let output = run(folder.path(), arguments.iter().chain(&["--data-dir", "data"]));
        assert_eq!(output.status.code(), Some(3), "{arguments:?}: {}", all_said(&output));
        assert!(all_said(&output).contains("`tidings serve`"), "{arguments:?}: {}", all_said(&output));
    }
}
