//! Starting and ending.

use crate::process::{Node, Process, all_said, invitations, run, tidings};
use rustix::process::Signal;
use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;

#[test]
fn a_first_start_prints_an_invitation_and_sigterm_ends_with_0() {
    let folder = tempfile::tempdir().unwrap();
    let node = Node::start(folder.path(), &[]);
    node.process.wait_for("an invitation", |said| (!invitations(said).is_empty()).then_some(()));
    let socket = fs::metadata(folder.path().join("data/control.sock")).unwrap();
    assert_eq!(socket.permissions().mode() & 0o777, 0o600);
    node.stop();
    assert!(!folder.path().join("data/control.sock").exists());
    let log = fs::metadata(folder.path().join("data/tidings.db-wal"));
    assert!(log.is_err() || log.is_ok_and(|log| log.len() == 0), "the write-ahead log must be emptied");
    assert_eq!(fs::metadata(folder.path().join("data")).unwrap().permissions().mode() & 0o777, 0o700);

    let node = Node::start(folder.path(), &[]);
    node.process.wait_for("that there is an invitation", |said| said.contains("tidings invite").then_some(()));
    assert_eq!(invitations(&node.stop()).len(), 0);

    let node = Node::start(folder.path(), &["--create-invitation"]);
    node.process.wait_for("an invitation", |said| (!invitations(said).is_empty()).then_some(()));
    node.stop();
}

#[test]
fn a_second_node_on_the_same_folder_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let node = Node::start(folder.path(), &[]);
    let second = run(folder.path(), ["serve", "--data-dir", "data", "--listen", "127.0.0.1:0"]);
    assert_eq!(second.status.code(), Some(3));
    assert!(all_said(&second).contains("is in use by another process"), "{}", all_said(&second));
    node.stop();
}

#[test]
fn a_taken_address_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let output = run(folder.path(), ["serve", "--data-dir", "data", "--listen", &address]);
    assert_eq!(output.status.code(), Some(3));
    assert!(all_said(&output).contains(&format!("{address} is in use")), "{}", all_said(&output));
}

#[test]
fn a_damaged_database_is_named() {
    let folder = tempfile::tempdir().unwrap();
    Node::start(folder.path(), &[]).stop();
    let database = folder.path().join("data/tidings.db");
    let bytes = fs::read(&database).unwrap();
    fs::write(&database, &bytes[..bytes.len() - 5000]).unwrap();
    let output = run(folder.path(), ["serve", "--data-dir", "data", "--listen", "127.0.0.1:0"]);
    assert_eq!(output.status.code(), Some(4), "{}", all_said(&output));
    for part in ["data/tidings.db", "damaged", "tidings restore"] {
        assert!(all_said(&output).contains(part), "{}", all_said(&output));
    }
}

#[test]
fn a_piqchat_database_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("database.sqlite");
    let database = rusqlite::Connection::open(&path).unwrap();
    database
        .execute_batch(
            "CREATE TABLE users (id INTEGER PRIMARY KEY, uuid TEXT, push_subscription_json TEXT);
             CREATE TABLE parcels (id INTEGER PRIMARY KEY); CREATE TABLE contact_exchanges (id INTEGER PRIMARY KEY);
             CREATE TABLE profile_backups (id INTEGER PRIMARY KEY); CREATE TABLE parcels_count (date TEXT, type TEXT);",
        )
        .unwrap();
    drop(database);
    let before = fs::read(&path).unwrap();
    fs::write(folder.path().join(".env"), "DATABASE_PATH=database.sqlite\nPORT=0\n").unwrap();
    let output = run(folder.path(), ["serve"]);
    assert_eq!(output.status.code(), Some(2), "{}", all_said(&output));
    assert!(all_said(&output).contains("tidings import piqchat database.sqlite"), "{}", all_said(&output));
    assert_eq!(fs::read(&path).unwrap(), before);
}

#[test]
fn the_service_manager_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notify.sock");
    let manager = std::os::unix::net::UnixDatagram::bind(&path).unwrap();
    manager.set_read_timeout(Some(crate::process::DEADLINE)).unwrap();
    let mut command = tidings(folder.path());
    let node = Node::start_with(
        command.args(["serve", "--data-dir", "data", "--listen", "127.0.0.1:0"]).env("NOTIFY_SOCKET", &path),
    );
    let told = || {
        let mut buffer = [0; 100];
        let length = manager.recv(&mut buffer).unwrap();
        String::from_utf8(buffer[..length].to_vec()).unwrap()
    };
    assert_eq!(told(), "READY=1");
    node.stop();
    assert_eq!(told(), "STOPPING=1");
}

#[test]
fn json_logs_are_json() {
    let folder = tempfile::tempdir().unwrap();
    let process = Process::start(tidings(folder.path()).args([
        "serve",
        "--data-dir",
        "data",
        "--listen",
        "127.0.0.1:0",
        "--log-format",
        "json",
        "--log-level",
        "debug",
    ]));
    process.wait_for("a log line", |said| said.lines().any(|line| line.starts_with('{')).then_some(()));
    process.wait_for("an invitation", |said| (!invitations(said).is_empty()).then_some(()));
    process.signal(Signal::INT);
    let (code, said) = process.end();
    assert_eq!(code, Some(0), "{said}");
    for line in said.lines().filter(|line| line.starts_with('{')) {
        let value: serde_json::Value = serde_json::from_str(line).unwrap();
        assert!(value["level"].is_string() && value["message"].is_string(), "{line}");
    }
}

#[test]
fn running_requests_may_finish_and_a_second_signal_breaks_them_off() {
    let folder = tempfile::tempdir().unwrap();
    let begin = |node: &Node| {
        let mut client = TcpStream::connect(node.address).unwrap();
        let head = "POST /api/contact-exchange/x/accept HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n\
                    Content-Length: 2\r\nExpect: 100-continue\r\n\r\n";
        client.write_all(head.as_bytes()).unwrap();
        let mut answer = [0; 8];
        client.read_exact(&mut answer).unwrap();
        // The node reads the body now.
        assert_eq!(&answer, b"HTTP/1.1");
        client
    };
    let ending = |node: &Node| {
        node.process.signal(Signal::TERM);
        node.process.wait_for("that it ends", |said| said.contains("running requests may finish").then_some(()));
    };
    let node = Node::start(folder.path(), &[]);
    let mut client = begin(&node);
    ending(&node);
    client.write_all(b"{}").unwrap();
    let mut answer = String::new();
    client.read_to_string(&mut answer).unwrap();
    assert!(answer.contains("HTTP/1.1 400"), "{answer}");
    let (code, said) = node.process.end();
    assert_eq!(code, Some(0), "{said}");

    let node = Node::start(folder.path(), &[]);
    let _client = begin(&node);
    ending(&node);
    node.process.signal(Signal::TERM);
    let (code, said) = node.process.end();
    assert_eq!(code, Some(1), "{said}");
}

#[test]
fn damage_in_a_large_database_is_found_while_it_runs() {
    let folder = tempfile::tempdir().unwrap();
    Node::start(folder.path(), &[]).stop();
    let database = rusqlite::Connection::open(folder.path().join("data/tidings.db")).unwrap();
    // More than is checked before opening, and with a checksum that can't be right.
    database.execute("INSERT INTO node_values (name, value, sum) VALUES ('junk', zeroblob(20 << 20), 1)", []).unwrap();
    database.close().unwrap();
    let (code, said) = Node::start(folder.path(), &[]).process.end();
    assert_eq!(code, Some(4), "{said}");
    assert!(said.contains("node_values") && said.contains("tidings restore"), "{said}");
}
