//! Backups of a node under load, found whole or damaged, rehearsed and restored.

use crate::piqchat::{Inbox, Person};
use crate::piqchat_server::{Server, everything_in, hours_ago};
use crate::process::{Node, all_said, run, tidings};
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// Bytes of an attachment: enough to be a file.
const SIZE: usize = 20_000;

/// Parcels that nobody takes while backups are made.
const KEPT: usize = 150;

/// Backups that are made under load.
const BACKUPS: usize = 3;

fn succeed(folder: &Path, arguments: &[&str]) -> String {
    let output = run(folder, arguments);
    assert!(output.status.success(), "{arguments:?}: {}", all_said(&output));
    all_said(&output)
}

fn code(folder: &Path, arguments: &[&str]) -> (Option<i32>, String) {
    let output = run(folder, arguments);
    (output.status.code(), all_said(&output))
}

/// The attachment that belongs to a content.
fn attachment(content: &str) -> Vec<u8> {
    content.bytes().cycle().take(SIZE).collect()
}

/// A node's folder with alice, bob and carol, who are each other's contacts, and `parcels` for alice. Gives the people.
fn populate(folder: &Path, parcels: usize) -> [Person; 3] {
    let mut server = Server::new(folder, 9);
    let people = [1, 2, 3].map(Person::numbered);
    let contacts = serde_json::json!(people.each_ref().map(|person| &person.id));
    for person in &people {
        server.user(Some(&person.id), &format!("contacts_json = '{contacts}', created_at = '{}'", hours_ago(9)));
    }
    for number in 0..parcels {
        let content = format!("kept {number}");
        let file = server.file(&attachment(&content));
        server.parcel(&people[1].id, &people[0].id, Some(&content), Some(&file), &hours_ago(2));
    }
    server.stop();
    succeed(folder, &["import", "piqchat", &server.database(), &server.uploads(), "--data-dir", "data", "--yes"]);
    people
}

/// Checks that each parcel has its attachment. Gives the contents.
fn check_inbox(inbox: &Inbox, person: &Person) -> BTreeSet<String> {
    let listed = inbox.json(person, "/parcels");
    let contents = listed.as_array().unwrap().iter().map(|parcel| {
        let (id, content) = (parcel["id"].as_str().unwrap(), parcel["content"].as_str().unwrap());
        let (status, bytes) = inbox.ask(person, "GET", &format!("/parcels/{id}/attachment"), None);
        assert!(status == 200 && bytes == attachment(content), "{content}: {status}, {} bytes", bytes.len());
        content.to_owned()
    });
    contents.collect()
}

/// Sends and takes parcels of carol's until it is told to end. Gives how many were sent.
fn load(inbox: &Inbox, people: &[Person; 3], end: &AtomicBool, sent: &AtomicU64) {
    while !end.load(Ordering::Relaxed) {
        let content = format!("passing {}", sent.fetch_add(1, Ordering::Relaxed));
        assert_eq!(inbox.send(&people[1], &people[2], &content, Some(&attachment(&content))), 200);
        let listed = inbox.json(&people[2], "/parcels");
        let waiting = listed.as_array().unwrap();
        for parcel in waiting.iter().skip(5) {
            let path = format!("/parcels/{}", parcel["id"].as_str().unwrap());
            // The other thread may have been quicker.
            assert!([204, 404].contains(&inbox.ask(&people[2], "DELETE", &path, None).0));
        }
    }
}

#[test]
fn a_backup_under_load_is_whole_and_brings_the_node_back() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let people = populate(folder, KEPT);
    let node = Node::start(folder, &[]);
    let inbox = Inbox::at(node.address);
    let (end, sent) = (AtomicBool::new(false), AtomicU64::new(0));
    std::thread::scope(|scope| {
        let loads: Vec<_> = (0..2).map(|_| scope.spawn(|| load(&inbox, &people, &end, &sent))).collect();
        for number in 0..BACKUPS {
            let before = sent.load(Ordering::Relaxed);
            let name = format!("backup{number}");
            succeed(folder, &["backup", &name, "--data-dir", "data"]);
            succeed(folder, &["backup", "verify", &name]);
            // There must be load while the next one is made.
            while sent.load(Ordering::Relaxed) < before + 5 && !loads.iter().any(|load| load.is_finished()) {
                std::thread::yield_now();
            }
        }
        end.store(true, Ordering::Relaxed);
    });
    let public = inbox.info["publicKey"].clone();
    node.stop();
    let held: Vec<_> = blob_files(&folder.join("data/blobs"));
    assert!(held.len() < KEPT + 30, "files that were held must be removed afterwards, but there are {}", held.len());
    for number in 0..BACKUPS {
        let (name, data) = (format!("backup{number}"), format!("restored{number}"));
        succeed(folder, &["restore", &name, "--data-dir", &data, "--rehearse"]);
        assert!(!folder.join(&data).exists(), "a rehearsal writes nothing");
        succeed(folder, &["restore", &name, "--data-dir", &data]);
        let node = start_on(folder, &data);
        let inbox = Inbox::at(node.address);
        assert_eq!(inbox.info["publicKey"], public);
        let kept = check_inbox(&inbox, &people[0]);
        assert_eq!(kept, (0..KEPT).map(|number| format!("kept {number}")).collect());
        check_inbox(&inbox, &people[2]);
        node.stop();
    }
}

/// Starts a node on another data folder.
fn start_on(folder: &Path, data: &str) -> Node {
    Node::start_with(tidings(folder).args(["serve", "--data-dir", data, "--listen", "127.0.0.1:0"]))
}

fn blob_files(folder: &Path) -> Vec<PathBuf> {
    everything_in(folder).into_keys().collect()
}

#[test]
fn damage_is_found_and_named() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    populate(folder, 5);
    let made: Value = serde_json::from_str(&succeed(folder, &["backup", "b", "--data-dir", "data", "--json"])).unwrap();
    assert_eq!((&made["attachments"], &made["parcels"], &made["accounts"]), (&5.into(), &5.into(), &3.into()));
    let backup = folder.join("b");
    for (path, mode) in
        [("", 0o700), ("tidings.db", 0o600), ("manifest.json", 0o600), ("SHA256SUMS", 0o600), ("blobs", 0o700)]
    {
        assert_eq!(fs::metadata(backup.join(path)).unwrap().permissions().mode() & 0o777, mode, "{path}");
    }
    let before = everything_in(&backup);
    succeed(folder, &["backup", "verify", "b"]);
    assert_eq!(before, everything_in(&backup), "checking writes nothing");
    let blob = blob_files(&backup.join("blobs")).remove(0);
    let blob_name = blob.file_name().unwrap().to_str().unwrap().to_owned();
    for (path, name) in [
        (blob.clone(), blob_name.as_str()),
        (backup.join("tidings.db"), "tidings.db"),
        (backup.join("SHA256SUMS"), "SHA256SUMS"),
        (backup.join("manifest.json"), "manifest.json"),
    ] {
        let whole = fs::read(&path).unwrap();
        let mut flipped = whole.clone();
        let middle = flipped.len() / 2;
        flipped[middle] ^= 0x80;
        // A new file: what a backup holds may be linked to what the node has.
        fs::remove_file(&path).unwrap();
        fs::write(&path, &flipped).unwrap();
        expect_damage(folder, name);
        fs::write(&path, &whole[..middle]).unwrap();
        expect_damage(folder, name);
        fs::remove_file(&path).unwrap();
        let (found, said) = code(folder, &["backup", "verify", "b"]);
        let expected = if name == "manifest.json" { 2 } else { 4 };
        assert!(found == Some(expected) && said.contains(name), "{found:?} {said}");
        fs::write(&path, &whole).unwrap();
        succeed(folder, &["backup", "verify", "b"]);
    }
    let stranger = blob.with_file_name("stranger");
    fs::write(&stranger, b"x").unwrap();
    expect_damage(folder, "stranger");
    fs::remove_file(stranger).unwrap();
}

/// Neither checking nor restoring may overlook it.
fn expect_damage(folder: &Path, name: &str) {
    let (found, said) = code(folder, &["backup", "verify", "b"]);
    assert!(found == Some(4) && said.contains(name), "{name}: {found:?} {said}");
    let (found, said) = code(folder, &["restore", "b", "--data-dir", "other"]);
    assert!(found == Some(4) && !folder.join("other").exists(), "{name}: {found:?} {said}");
}

#[test]
fn nothing_is_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    populate(folder, 2);
    succeed(folder, &["backup", "b", "--data-dir", "data"]);
    let before = everything_in(&folder.join("b"));
    assert_eq!(code(folder, &["backup", "b", "--data-dir", "data"]).0, Some(2));
    fs::write(folder.join("file"), b"x").unwrap();
    assert_eq!(code(folder, &["backup", "file", "--data-dir", "data"]).0, Some(2));
    fs::create_dir(folder.join("c.partial")).unwrap();
    let (found, said) = code(folder, &["backup", "c", "--data-dir", "data"]);
    assert!(found == Some(2) && said.contains("c.partial"), "{said}");
    assert_eq!(before, everything_in(&folder.join("b")));

    let data = everything_in(&folder.join("data"));
    assert_eq!(code(folder, &["restore", "b", "--data-dir", "data"]).0, Some(2));
    assert_eq!(code(folder, &["restore", "b", "--data-dir", "data", "--rehearse"]).0, Some(2));
    assert_eq!(code(folder, &["restore", "nothing", "--data-dir", "other"]).0, Some(2));
    assert_eq!(data, everything_in(&folder.join("data")));
    fs::create_dir_all(folder.join("other/blobs")).unwrap();
    fs::write(folder.join("other/blobs/mine"), b"x").unwrap();
    assert_eq!(code(folder, &["restore", "b", "--data-dir", "other"]).0, Some(2));
    assert_eq!(fs::read(folder.join("other/blobs/mine")).unwrap(), b"x");
}

#[test]
fn each_restore_is_another_incarnation() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    populate(folder, 1);
    succeed(folder, &["backup", "b", "--data-dir", "data"]);
    let incarnation = |arguments: &[&str]| {
        let told: Value = serde_json::from_str(&succeed(folder, arguments)).unwrap();
        told["incarnation"].as_u64()
    };
    assert_eq!(incarnation(&["backup", "verify", "b", "--json"]), None);
    let first = incarnation(&["restore", "b", "--data-dir", "one", "--json"]).unwrap();
    assert!(first > 1);
    assert_eq!(incarnation(&["backup", "c", "--data-dir", "one", "--json"]), Some(first));
    assert!(incarnation(&["restore", "c", "--data-dir", "two", "--json"]).unwrap() > first);
}

#[test]
fn attachments_that_the_node_has_lost_do_not_prevent_a_backup() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let people = populate(folder, 2);
    let lost = blob_files(&folder.join("data/blobs")).remove(0);
    let name = lost.file_name().unwrap().to_str().unwrap().to_owned();
    fs::remove_file(lost).unwrap();
    assert!(succeed(folder, &["backup", "b", "--data-dir", "data"]).contains(&name));
    assert!(succeed(folder, &["backup", "verify", "b"]).contains(&name));
    succeed(folder, &["restore", "b", "--data-dir", "other"]);
    let node = start_on(folder, "other");
    let listed = Inbox::at(node.address).json(&people[0], "/parcels");
    assert_eq!(listed.as_array().unwrap().len(), 2);
    node.stop();
}
