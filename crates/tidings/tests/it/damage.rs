//! Damaged data: each start names what is wrong and what to do, or serves what is right.

use crate::attempt::{Attempts, Dice, bytes_of, printed_seed};
use crate::piqchat::Person;
use crate::piqchat_server::{Server, everything_in, hours_ago};
use crate::process::{DEADLINE, Node, all_said, run};
use rustix::process::Signal;
use serde_json::json;
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};

/// Single bits that are changed, one after another.
const FLIPS: usize = 25;

/// Length of an attachment that is a file.
const ATTACHMENT: usize = 50_000;

/// A stopped node with alice and bob, who has sent her parcels with and without attachments.
fn filled(folder: &Path, parcels: usize) -> [Person; 2] {
    let people = [1, 2].map(Person::numbered);
    let mut server = Server::new(folder, 5);
    let contacts = json!(people.each_ref().map(|person| &person.id));
    for person in &people {
        server.user(Some(&person.id), &format!("contacts_json = '{contacts}', created_at = '{}'", hours_ago(9)));
    }
    for number in 0..parcels {
        let file = (number % 2 == 0).then(|| server.file(&bytes_of(number as u64, ATTACHMENT)));
        server.parcel(&people[1].id, &people[0].id, Some(&content(number)), file.as_deref(), &hours_ago(2));
    }
    server.stop();
    let (database, uploads) = (server.database(), server.uploads());
    let output = run(folder, ["import", "piqchat", &database, &uploads, "--data-dir", "data", "--yes"]);
    assert!(output.status.success(), "{}", all_said(&output));
    people
}

fn content(number: usize) -> String {
    format!("{number} {}", "sealed".repeat(number % 90))
}

/// Starts where no node must come up. Gives what it said; nothing of the data is changed.
fn refused(folder: &Path, code: i32) -> String {
    let before = fs::read(folder.join("data/tidings.db")).unwrap();
    let output = run(folder, ["serve", "--data-dir", "data", "--listen", "127.0.0.1:0"]);
    let said = all_said(&output);
    assert_eq!(output.status.code(), Some(code), "{said}");
    assert!(said.contains("tidings.db"), "{said}");
    assert!(!said.contains("panicked"), "{said}");
    assert!(before == fs::read(folder.join("data/tidings.db")).unwrap(), "a damaged database was changed");
    said
}

fn refused_as_damaged(folder: &Path) -> String {
    let said = refused(folder, 4);
    assert!(said.contains("damaged") && said.contains("tidings restore"), "{said}");
    said
}

/// Checks that alice has her parcels; `parcels` of them.
fn serves(folder: &Path, people: &[Person; 2], parcels: usize) {
    let node = Node::start(folder, &[]);
    let listed = Attempts::at(node.address).ask(&people[0], "GET", "/parcels", None).unwrap().json();
    let mut contents: Vec<&str> =
        listed.as_array().unwrap().iter().map(|parcel| parcel["content"].as_str().unwrap()).collect();
    contents.sort_unstable();
    let mut expected: Vec<String> = (0..parcels).map(content).collect();
    expected.sort_unstable();
    assert_eq!(contents, expected);
    node.stop();
}

#[test]
fn a_database_that_is_cut_off_or_none_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let people = filled(folder, 40);
    let path = folder.join("data/tidings.db");
    let whole = fs::read(&path).unwrap();
    let pages = whole.len() / 4096;
    for length in [0, 1, 99, 100, 4095, 4096, 4096 * (pages / 2), 4096 * (pages - 1), whole.len() - 1] {
        fs::write(&path, &whole[..length]).unwrap();
        refused_as_damaged(folder);
    }
    let text = b"This is not a database, whatever its name says.\n".repeat(100);
    fs::write(&path, text).unwrap();
    assert!(refused_as_damaged(folder).contains("not that of an SQLite file"));
    fs::write(&path, &whole).unwrap();
    serves(folder, &people, 40);
}

#[test]
fn flipped_bits_are_named_or_harmless() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let people = filled(folder, 40);
    let path = folder.join("data/tidings.db");
    let whole = fs::read(&path).unwrap();
    let dice = Dice::new(printed_seed());
    // Most pages of a small database are nearly empty, and what is empty may be changed.
    let filled: Vec<usize> = (0..whole.len()).filter(|offset| whole[*offset] != 0).collect();
    let mut named = 0;
    for _ in 0..FLIPS {
        let (offset, bit) = (filled[dice.roll(filled.len())], dice.roll(8));
        let mut changed = whole.clone();
        changed[offset] ^= 1 << bit;
        fs::write(&path, &changed).unwrap();
        // What nothing uses may be changed; then everything must be as it was.
        let damaged = starts_as_damaged(folder);
        named += usize::from(damaged);
        if damaged {
            refused_as_damaged(folder);
        } else {
            serves(folder, &people, 40);
        }
    }
    println!("{named} of {FLIPS} named, the others harmless");
    assert!(named > 0);
    // In a place that is certainly used.
    let text = content(37);
    let used = whole.windows(text.len()).position(|window| window == text.as_bytes()).unwrap();
    let mut changed = whole.clone();
    changed[used + 10] ^= 1;
    fs::write(&path, &changed).unwrap();
    assert!(refused_as_damaged(folder).contains("envelopes"));
}

/// Whether a start ends with the code for damage rather than listening.
fn starts_as_damaged(folder: &Path) -> bool {
    let node = crate::process::Process::start(crate::process::tidings(folder).args([
        "serve",
        "--data-dir",
        "data",
        "--listen",
        "127.0.0.1:0",
    ]));
    let serving = node.wait_for("anything", |said| {
        let listens = said.contains("listening on");
        (listens || said.contains("damaged") || said.contains("can't be opened")).then_some(listens)
    });
    if serving {
        node.signal(Signal::TERM);
    }
    let (code, said) = node.end();
    assert_eq!(code, Some(if serving { 0 } else { 4 }), "{said}");
    !serving
}

#[test]
fn a_database_of_a_newer_program_or_of_piqchat_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    filled(folder, 2);
    let path = folder.join("data/tidings.db");
    let database = rusqlite::Connection::open(&path).unwrap();
    database.pragma_update(None, "user_version", 7777).unwrap();
    database.close().unwrap();
    let said = refused(folder, 1);
    assert!(said.contains("7777") && said.contains("newer program"), "{said}");
    fs::copy(folder.join("server/database.sqlite"), &path).unwrap();
    assert!(refused(folder, 2).contains("tidings import piqchat"));
    fs::remove_file(&path).unwrap();
    rusqlite::Connection::open(&path).unwrap().execute_batch("CREATE TABLE recipes (cake TEXT)").unwrap();
    assert!(refused_as_damaged(folder).contains("no database of Tidings"));
}

#[test]
fn a_damaged_log_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let people = filled(folder, 3);
    let node = Node::start(folder, &[]);
    let attempts = Attempts::at(node.address);
    let mut sent = 3;
    let log = folder.join("data/tidings.db-wal");
    // The log is cut off when nothing happens for a while, so the copy is taken from a node that has just been killed.
    while sent < 23 {
        let parcel = (people[0].id.clone(), content(sent));
        assert_eq!(attempts.upload(&people[1], &[parcel], None).unwrap().status, 200);
        sent += 1;
    }
    node.process.signal(Signal::KILL);
    node.process.end();
    let (database, whole) = (fs::read(folder.join("data/tidings.db")).unwrap(), fs::read(&log).unwrap());
    assert!(whole.len() > 32 + 3 * 4120, "there must be some frames in the log");
    let put = |bytes: &[u8]| {
        let _ = fs::remove_file(folder.join("data/tidings.db-shm"));
        fs::write(folder.join("data/tidings.db"), &database).unwrap();
        fs::write(&log, bytes).unwrap();
    };
    for offset in [9, 32 + 8, 32 + 24 + 1000] {
        let mut changed = whole.clone();
        changed[offset] ^= 0x10;
        put(&changed);
        assert!(refused_as_damaged(folder).contains("tidings.db-wal"));
        assert!(fs::read(&log).unwrap() == changed, "a damaged log was changed");
    }
    put(&whole);
    serves(folder, &people, sent);
}

#[test]
fn lost_and_shortened_attachments_are_answered_as_lost() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let people = filled(folder, 6);
    let files: Vec<PathBuf> = everything_in(&folder.join("data/blobs")).into_keys().collect();
    assert_eq!(files.len(), 3);
    fs::remove_file(&files[0]).unwrap();
    fs::write(&files[1], &fs::read(&files[1]).unwrap()[..ATTACHMENT - 1]).unwrap();
    let mut longer = fs::read(&files[2]).unwrap();
    longer.push(0);
    fs::write(&files[2], &longer).unwrap();
    let node = Node::start(folder, &[]);
    let attempts = Attempts::at(node.address);
    let listed = attempts.ask(&people[0], "GET", "/parcels", None).unwrap().json();
    for parcel in listed.as_array().unwrap() {
        let path = format!("/parcels/{}", parcel["id"].as_str().unwrap());
        let answer = attempts.ask(&people[0], "GET", &format!("{path}/attachment"), None).unwrap();
        assert_eq!(answer.text(), "400 Bad Request");
        assert_eq!(attempts.ask(&people[0], "DELETE", &path, None).unwrap().status, 204);
    }
    node.stop();
    assert!(everything_in(&folder.join("data/blobs")).is_empty());
}

#[test]
fn a_large_database_is_checked_while_it_serves() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    filled(folder, 40);
    let path = folder.join("data/tidings.db");
    let database = rusqlite::Connection::open(&path).unwrap();
    // More than is checked before the start.
    database
        .execute_batch("BEGIN; CREATE TABLE filling (x); INSERT INTO filling VALUES (zeroblob(64 << 20)); COMMIT")
        .unwrap();
    database.execute_batch("DROP TABLE filling").unwrap();
    database.close().unwrap();
    let mut bytes = fs::read(&path).unwrap();
    assert!(bytes.len() > 16 << 20);
    let text = content(37);
    let used = bytes.windows(text.len()).position(|window| window == text.as_bytes()).unwrap();
    bytes[used + 10] ^= 1;
    fs::write(&path, &bytes).unwrap();
    let node = Node::start(folder, &[]);
    // A request that goes on keeps the node from ending, so that it can be asked how it is; if it has not ended already.
    let waiting = unfinished_request(node.address);
    let probe = TcpStream::connect(node.address);
    node.process.wait_for("what is damaged", |said| said.contains("the database is damaged").then_some(()));
    if let Ok(probe) = probe {
        let answer = ask_readiness(probe);
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 503"), "{answer}");
    }
    drop(waiting);
    let (code, said) = node.process.end();
    assert_eq!(code, Some(4), "{said}");
    assert!(said.contains("envelopes") && said.contains("tidings restore"), "{said}");
}

fn unfinished_request(address: SocketAddr) -> Option<TcpStream> {
    let mut stream = TcpStream::connect(address).ok()?;
    let head = "POST /api/contact-exchange/x/accept HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n\
                Content-Length: 2\r\nExpect: 100-continue\r\n\r\n";
    stream.write_all(head.as_bytes()).ok()?;
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).ok()?;
    assert_eq!(&answer, b"HTTP/1.1 100");
    Some(stream)
}

/// Asks on a connection that was open before; the node may have closed it already.
fn ask_readiness(mut stream: TcpStream) -> String {
    stream.set_read_timeout(Some(DEADLINE)).unwrap();
    let _ = stream.write_all(b"GET /readyz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

#[test]
fn a_damaged_database_keeps_its_log() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let people = filled(folder, 40);
    let path = folder.join("data/tidings.db");
    let node = Node::start(folder, &[]);
    let parcel = (people[0].id.clone(), content(40));
    assert_eq!(Attempts::at(node.address).upload(&people[1], &[parcel], None).unwrap().status, 200);
    node.process.signal(Signal::KILL);
    node.process.end();
    let log = folder.join("data/tidings.db-wal");
    let kept = fs::read(&log).unwrap();
    assert!(!kept.is_empty());
    let mut bytes = fs::read(&path).unwrap();
    // On a page that the log does not have: new parcels come last.
    let text = content(7);
    let used = bytes.windows(text.len()).position(|window| window == text.as_bytes()).unwrap();
    bytes[used + 4] ^= 1;
    fs::write(&path, &bytes).unwrap();
    refused_as_damaged(folder);
    assert!(fs::read(&log).unwrap() == kept, "a log that may be needed was changed");
}
