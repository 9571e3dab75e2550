//! The door for rooms as its owner opens it.

use crate::chat::{WebSocket, connect, event, upgrade};
use crate::http::get;
use crate::process::{Node, tidings};
use rustix::process::Signal;
use std::net::TcpStream;

const PATH: &str = "/socket.io/?EIO=4&transport=websocket";

/// A client of rooms that has said hello.
fn client(node: &Node) -> WebSocket<TcpStream> {
    let mut client = WebSocket::open(node.address, PATH);
    assert!(client.hear_text().starts_with(r#"0{"sid":"#));
    client.say("40");
    assert!(client.hear_text().starts_with(r#"40{"sid":"#));
    client
}

/// What a client is answered to the request with this number.
fn ask(client: &mut WebSocket<TcpStream>, number: u32, name: &str) -> serde_json::Value {
    client.say(&event(number, name, r#"{"roomId":"g0x00112233445566778899aabbccddeeff00112233"}"#));
    let reply = client.hear_text();
    let text = reply.strip_prefix(&format!("43{number}")).unwrap_or_else(|| panic!("{reply}"));
    serde_json::from_str::<serde_json::Value>(text).unwrap()[0].clone()
}

#[test]
fn rooms_are_served_and_their_server_keeps_its_name() {
    let folder = tempfile::tempdir().unwrap();
    let mut names = Vec::new();
    for _ in 0..2 {
        let node = Node::start(folder.path(), &[]);
        let mut client = client(&node);
        let reply = ask(&mut client, 0, "room-join");
        assert_eq!((reply["status"].as_u64(), reply["success"].as_bool()), (Some(200), Some(true)), "{reply}");
        names.push(reply["serverId"].clone());
        assert!(get(node.address, "/socket.io/?EIO=4&transport=polling", "").1.starts_with("0{\"sid\":"));
        let (_, metrics) = get(node.address, "/metrics", "");
        assert!(metrics.contains("# HELP tidings_known_ids "), "{metrics}");
        node.process.signal(Signal::TERM);
        let (code, said) = node.process.end();
        assert_eq!(code, Some(0), "{said}");
        assert!(!said.contains("00112233445566778899aabbccddeeff00112233"), "{said}");
    }
    assert_eq!(names[0], names[1]);
}

#[test]
fn a_closed_door_has_no_rooms() {
    let folder = tempfile::tempdir().unwrap();
    let node = Node::start(folder.path(), &["--denetwork=false"]);
    assert_eq!(upgrade(&mut connect(node.address), PATH), 404);
    assert_eq!(get(node.address, "/socket.io/?EIO=4&transport=polling", "").0, 404);
    node.stop();
}

#[test]
fn rates_are_taken_up_while_the_node_runs() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("my.toml");
    std::fs::write(&file, "").unwrap();
    let arguments = ["serve", "--data-dir", "data", "--listen", "127.0.0.1:0", "--config", "my.toml"];
    let node = Node::start_with(tidings(folder.path()).args(arguments));
    let mut client = client(&node);
    assert_eq!(ask(&mut client, 0, "room-exist")["status"], 200);
    std::fs::write(&file, "[denetwork.rate]\nconnection-burst = 1\nconnection-per-second = 1\n").unwrap();
    node.process.signal(Signal::HUP);
    node.process.wait_for("that it was read", |said| said.contains("settings were read again").then_some(()));
    let statuses: Vec<_> = (1..4).map(|number| ask(&mut client, number, "room-exist")["status"].clone()).collect();
    assert!(statuses.iter().any(|status| *status == 429), "{statuses:?}");
    node.stop();
}
