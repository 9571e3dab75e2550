//! A disk that is really full: a small file system of its own below the data folder. Needs root, and says so where it is not.

use crate::attempt::{Answer, Attempts, Dice, bytes_of, printed_seed};
use crate::piqchat::{Inbox, Person};
use crate::process::{Node, invitations};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The file systems that are filled.
#[derive(Clone, Copy, Debug)]
enum Kind {
    Tmpfs,
    /// In a file, by a loop device.
    Ext4,
}

/// A file system that is unmounted when it is dropped.
struct Disk {
    folder: PathBuf,
}

impl Disk {
    /// Mounts a file system of so many MiB at `folder`/data; `None` if that is not allowed here.
    fn mount(kind: Kind, folder: &Path, mebibytes: u64) -> Option<Self> {
        let place = folder.join("data");
        fs::create_dir(&place).unwrap();
        let mounted = match kind {
            Kind::Tmpfs => {
                let size = format!("size={mebibytes}m");
                succeeds(Command::new("mount").args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(&place))
            }
            Kind::Ext4 => {
                let image = folder.join("image");
                fs::File::create(&image).unwrap().set_len(mebibytes << 20).unwrap();
                succeeds(Command::new("mkfs.ext4").args(["-q", "-m", "0"]).arg(&image))
                    && succeeds(Command::new("mount").args(["-o", "loop"]).arg(&image).arg(&place))
            }
        };
        if mounted {
            let _ = fs::remove_dir(place.join("lost+found"));
            return Some(Self { folder: place });
        }
        let root = rustix::process::geteuid().is_root();
        let ci = std::env::vars().any(|(name, value)| name == "CI" && value == "true");
        assert!(!(ci && root && matches!(kind, Kind::Tmpfs)), "root must be able to mount a small file system in CI");
        println!("SKIPPED: {kind:?} can't be mounted here, so a full disk was NOT tested with it");
        None
    }

    /// What somebody else fills the disk with.
    fn filler(&self) -> PathBuf {
        self.folder.join("filler")
    }

    /// Takes every byte that is left.
    fn fill(&self) {
        let mut filler = OpenOptions::new().create(true).append(true).open(self.filler()).unwrap();
        for size in [1 << 20, 1 << 16, 4096, 512, 1] {
            while filler.write_all(&vec![7; size]).and_then(|()| filler.sync_data()).is_ok() {}
        }
    }

    /// Takes all but so many bytes.
    fn leave(&self, bytes: u64) {
        let mut filler = OpenOptions::new().create(true).append(true).open(self.filler()).unwrap();
        filler.write_all(&vec![7; usize::try_from(self.free().saturating_sub(bytes)).unwrap()]).unwrap();
    }

    fn free(&self) -> u64 {
        tidings_engine::disk::free_bytes(&self.folder).unwrap()
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let unmounted = succeeds(Command::new("umount").arg(&self.folder))
            || succeeds(Command::new("umount").arg("--lazy").arg(&self.folder));
        if !unmounted {
            println!("{} is still mounted", self.folder.display());
        }
    }
}

fn succeeds(command: &mut Command) -> bool {
    command.output().is_ok_and(|output| output.status.success())
}

/// Alice, bob and carol on a node, and what it acknowledged.
struct Story {
    people: [Person; 3],
    sent: BTreeMap<String, Option<(u64, usize)>>,
    number: u64,
    backup: Option<String>,
    dice: Dice,
}

impl Story {
    fn begin(node: &Node) -> Self {
        let people = [1, 2, 3].map(Person::numbered);
        let link =
            node.process.wait_for("an invitation", |said| invitations(said).first().map(|link| link.to_string()));
        let inbox = Inbox::at(node.address);
        inbox.join(&link, &people[0]);
        let contacts = json!({ "contacts": people.each_ref().map(|person| &person.id) });
        for person in &people {
            if person.id != people[0].id {
                let (_, made) = inbox.ask(&people[0], "POST", "/contact-exchange", Some(&json!({})));
                let made: Value = serde_json::from_slice(&made).unwrap();
                let path = format!("/contact-exchange/{}/accept", made["oneTimeToken"].as_str().unwrap());
                assert_eq!(inbox.ask_unsigned("POST", &path, &json!({ "userUuid": person.id })).0, 200);
            }
            assert_eq!(inbox.ask(person, "POST", "/account/contacts", Some(&contacts)).0, 204);
        }
        Self { people, sent: BTreeMap::new(), number: 0, backup: None, dice: Dice::new(printed_seed()) }
    }

    /// Bob sends alice something with an attachment of that length or none. Gives whether there was room.
    fn send(&mut self, node: &Attempts, length: Option<usize>) -> bool {
        self.number += 1;
        let number = self.number;
        let content = format!("{number} {}", "c".repeat(self.dice.roll(3000)));
        let attachment = length.map(|length| bytes_of(number, length));
        let parcel = (self.people[0].id.clone(), content.clone());
        let answer = node.upload(&self.people[1], &[parcel], attachment.as_deref()).unwrap();
        let kept = took(&answer, 200, "an upload");
        if kept {
            self.sent.insert(content, length.map(|length| (number, length)));
        }
        kept
    }

    fn back_up(&mut self, node: &Attempts, length: usize) -> bool {
        self.number += 1;
        let text = format!("{} {}", self.number, "b".repeat(length));
        let answer = node.ask(&self.people[0], "POST", "/account/backup", Some(&json!({ "backup": text }))).unwrap();
        let kept = took(&answer, 204, "a backup");
        if kept {
            self.backup = Some(text);
        }
        kept
    }

    fn exchange(&self, node: &Attempts) -> bool {
        let body = json!({ "encryptedContact": "e".repeat(500) });
        let answer = node.ask(&self.people[0], "POST", "/contact-exchange", Some(&body)).unwrap();
        took(&answer, 201, "an exchange")
    }

    /// All kinds of requests that need room, until none gets any.
    fn fill(&mut self, node: &Attempts) {
        let mut refused = 0;
        while refused < 12 {
            let small = refused > 4;
            let length = [5, 3000, 16_000, 40_000, 400_000, 2_000_000][self.dice.roll(if small { 2 } else { 6 })];
            let taken = match self.dice.roll(8) {
                0 => self.back_up(node, length.min(90_000)),
                1 => self.exchange(node),
                2 | 3 => self.send(node, None),
                _ => self.send(node, Some(length)),
            };
            refused = if taken { 0 } else { refused + 1 };
        }
    }

    /// Everything that was acknowledged is there, nothing else is, and all of it can be read.
    fn check(&self, node: &Attempts) {
        let listed = self.list(node);
        let contents: Vec<&String> = listed.keys().collect();
        assert_eq!(contents.len(), self.sent.len());
        for (content, id) in &listed {
            let attachment = self.sent.get(content).unwrap_or_else(|| panic!("{content} was refused and is there"));
            let answer = node.ask(&self.people[0], "GET", &format!("/parcels/{id}/attachment"), None).unwrap();
            match attachment {
                None => assert_eq!(answer.status, 400),
                Some((number, length)) => {
                    assert!(answer.status == 200 && answer.body == bytes_of(*number, *length), "{content}");
                }
            }
        }
        if let Some(backup) = &self.backup {
            let answer = node.ask(&self.people[0], "GET", "/account/backup", None).unwrap();
            assert_eq!(answer.json()["backup"], backup.as_str());
        }
    }

    fn list(&self, node: &Attempts) -> BTreeMap<String, String> {
        let answer = node.ask(&self.people[0], "GET", "/parcels", None).unwrap();
        assert_eq!(answer.status, 200);
        let text = |parcel: &Value, name: &str| parcel[name].as_str().unwrap().to_owned();
        let listed = answer.json();
        listed.as_array().unwrap().iter().map(|parcel| (text(parcel, "content"), text(parcel, "id"))).collect()
    }

    /// Alice takes parcels, as many as wanted; those without a file first, which make the least room.
    fn take(&mut self, node: &Attempts, wanted: usize, mut before_each: impl FnMut()) {
        let mut listed: Vec<_> = self.list(node).into_iter().collect();
        listed.sort_by_key(|(content, _)| self.sent[content].map_or(0, |(_, length)| length));
        for (content, id) in listed.into_iter().take(wanted) {
            before_each();
            let answer = node.ask(&self.people[0], "DELETE", &format!("/parcels/{id}"), None).unwrap();
            assert_eq!(answer.status, 204, "taking a parcel from a full disk: {}", answer.text());
            self.sent.remove(&content);
        }
    }
}

/// Whether there was room. Nothing but success and 507 is right.
fn took(answer: &Answer, success: u16, what: &str) -> bool {
    assert!([success, 507].contains(&answer.status), "{what}: {}", answer.text());
    answer.status == success
}

fn check_ended_well(said: &str) {
    assert!(!said.contains("panicked"), "{said}");
}

/// Deletions on a disk that others keep full.
const TAKEN_WHILE_FULL: usize = 40;

fn fill_and_recover(kind: Kind, mebibytes: u64, arguments: &[&str]) {
    let folder = tempfile::tempdir().unwrap();
    let Some(disk) = Disk::mount(kind, folder.path(), mebibytes) else { return };
    let node = Node::start(folder.path(), arguments);
    let mut story = Story::begin(&node);
    let attempts = Attempts::at(node.address);
    story.fill(&attempts);
    println!("{kind:?}: {} parcels, {} bytes free when nothing is accepted any more", story.sent.len(), disk.free());
    story.check(&attempts);

    // Now somebody else takes the rest.
    disk.fill();
    for length in [None, Some(10), Some(20_000), Some(3_000_000)] {
        assert!(!story.send(&attempts, length), "{length:?} was taken on a full disk");
    }
    assert!(!story.back_up(&attempts, 50_000) && !story.exchange(&attempts));
    story.check(&attempts);
    story.take(&attempts, TAKEN_WHILE_FULL, || disk.fill());
    assert_eq!(attempts.ask(&story.people[2], "DELETE", "/account", None).unwrap().status, 204);
    story.check(&attempts);
    check_ended_well(&node.stop());

    // A start on the full disk.
    disk.fill();
    let node = Node::start(folder.path(), arguments);
    let attempts = Attempts::at(node.address);
    story.check(&attempts);
    assert!(!story.send(&attempts, Some(100_000)));
    story.take(&attempts, 3, || disk.fill());

    // Room again, without a restart.
    fs::remove_file(disk.filler()).unwrap();
    let wanted = story.sent.len();
    story.take(&attempts, wanted, || ());
    until("everything is accepted again", || {
        story.send(&attempts, None) && story.send(&attempts, Some(3_000_000)) && story.back_up(&attempts, 50_000)
    });
    assert!(story.exchange(&attempts));
    story.check(&attempts);
    check_ended_well(&node.stop());
    let node = Node::start(folder.path(), arguments);
    story.check(&Attempts::at(node.address));
    node.stop();
}

/// Tries again and again until it is so.
fn until(what: &str, mut so: impl FnMut() -> bool) {
    let begun = std::time::Instant::now();
    while !so() {
        assert!(begun.elapsed() < crate::process::DEADLINE, "it does not come to this: {what}");
        std::thread::yield_now();
    }
}

#[test]
fn without_a_reserve_a_full_disk_refuses_and_recovers() {
    for kind in [Kind::Tmpfs, Kind::Ext4] {
        fill_and_recover(kind, 64, &["--disk-reserve", "0"]);
    }
}

#[test]
fn with_the_default_reserve_a_full_disk_refuses_and_recovers() {
    fill_and_recover(Kind::Ext4, 190, &[]);
}

/// Bytes that the store reserves for its log (backends, sqlite/room.rs).
const LOG_RESERVED: u64 = 8 << 20;

/// Less than the node keeps back whatever the settings say, but enough for its log.
const LEFT: u64 = 12 << 20;

/// Small things stand in the database, whose file does not shrink: what is deleted there must make room all the same.
#[test]
fn room_inside_the_database_counts() {
    let folder = tempfile::tempdir().unwrap();
    let Some(disk) = Disk::mount(Kind::Tmpfs, folder.path(), 48) else { return };
    let node = Node::start(
        folder.path(),
        &["--disk-reserve", "0", "--rate-key-burst", "1000000", "--rate-address-burst", "1000000"],
    );
    let mut story = Story::begin(&node);
    let attempts = Attempts::at(node.address);
    let log = folder.path().join("data/tidings.db-wal");
    while story.send(&attempts, Some(16_000)) {}
    // The log gives back what it has above its reserved blocks; then somebody else takes some of what is kept back.
    let cut_off = || {
        until("the log has its reserved blocks only", || fs::metadata(&log).unwrap().blocks() * 512 == LOG_RESERVED);
    };
    cut_off();
    while story.send(&attempts, Some(16_000)) {
        cut_off();
        disk.leave(LEFT);
    }
    let room = story.sent.len();
    story.take(&attempts, room, || ());
    cut_off();
    assert!(disk.free() <= LEFT, "the file of the database does not shrink");
    until("there is room inside the database", || story.send(&attempts, Some(16_000)));
    for _ in 0..room / 2 {
        until("as much room as before", || story.send(&attempts, Some(16_000)));
    }
    story.check(&attempts);
    check_ended_well(&node.stop());
}
