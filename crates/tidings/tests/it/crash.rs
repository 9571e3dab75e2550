//! `kill -9` at random moments under load: what was acknowledged is there, what was not is there wholly or not at all.
//!
//! `TIDINGS_KILL_ROUNDS` says how often the node is killed, `TIDINGS_SEED` repeats a run's choices (`just kill`).

mod commands;
mod load;
mod model;

use crate::attempt::{Attempts, Dice, printed_seed};
use crate::piqchat::Inbox;
use crate::process::{Node, Process, all_said, invitations, run};
use load::{Stay, Step, Worker, World};
use model::{Member, Parcels};
use rustix::process::Signal;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

/// Kills in the everyday test.
const ROUNDS: usize = 3;

/// Clients at a time.
const WORKERS: u64 = 4;

/// Accounts that each client has for good.
const MEMBERS: u64 = 2;

/// Acknowledged actions of all clients between two kills at most.
const ACTIONS_MAX: usize = 300;

/// Microseconds after the last of them at most, so that the kill comes in the midst of something.
const MOMENT_MAX: usize = 4000;

fn start(folder: &Path) -> Node {
    // Nothing may expire, and nobody may be held up.
    let limits = ["address", "key", "guesses"].map(|name| {
        [
            format!("--rate-{name}-burst"),
            "1000000".to_owned(),
            format!("--rate-{name}-per-second"),
            "1000000".to_owned(),
        ]
    });
    let mut arguments: Vec<&str> = limits.iter().flatten().map(String::as_str).collect();
    arguments.extend(["--exchange-life", "1d"]);
    Node::start(folder, &arguments)
}

/// What all rounds share.
struct Test<'a> {
    folder: &'a Path,
    parcels: Parcels,
    everybody: Vec<String>,
    workers: Vec<Worker>,
    dice: Dice,
    uncertain: usize,
}

impl<'a> Test<'a> {
    /// A node with everybody on it.
    fn new(folder: &'a Path, seed: u64) -> Self {
        let node = start(folder);
        let link =
            node.process.wait_for("an invitation", |said| invitations(said).first().map(|link| link.to_string()));
        let mut workers: Vec<Worker> = (0..WORKERS).map(|number| worker(number, seed)).collect();
        let inbox = Inbox::at(node.address);
        let everybody: Vec<String> =
            workers.iter().flat_map(|worker| &worker.members).map(|member| member.person.id.clone()).collect();
        let first = workers[0].members[0].person.clone();
        inbox.join(&link, &first);
        for member in workers.iter().flat_map(|worker| &worker.members).skip(1) {
            let (_, made) = inbox.ask(&first, "POST", "/contact-exchange", Some(&json!({})));
            let made: serde_json::Value = serde_json::from_slice(&made).unwrap();
            let path = format!("/contact-exchange/{}/accept", made["oneTimeToken"].as_str().unwrap());
            let (status, _) = inbox.ask_unsigned("POST", &path, &json!({ "userUuid": member.person.id }));
            assert_eq!(status, 200);
        }
        let parcels = Parcels::default();
        let world =
            World { node: Attempts::at(node.address), parcels: &parcels, everybody: &everybody, acknowledged: &|| () };
        for member in workers.iter_mut().flat_map(|worker| &mut worker.members) {
            load::contacts(&world, member).unwrap();
        }
        node.stop();
        Self { folder, parcels, everybody, workers, dice: Dice::new(seed), uncertain: 0 }
    }

    /// Works on a node until it is killed. Gives how many actions were acknowledged.
    fn kill(&mut self, node: Node) -> usize {
        let wanted = 1 + self.dice.roll(ACTIONS_MAX);
        let moment = Duration::from_micros(u64::try_from(self.dice.roll(MOMENT_MAX)).unwrap());
        let (tell, told) = channel();
        let mut done = 0;
        let attempts = Attempts::at(node.address);
        std::thread::scope(|scope| {
            for worker in &mut self.workers {
                let (parcels, everybody, node, tell) =
                    (&self.parcels, self.everybody.as_slice(), attempts.clone(), tell.clone());
                scope.spawn(move || {
                    let acknowledged = || {
                        let _ = tell.send(());
                    };
                    worker.work(&World { node, parcels, everybody, acknowledged: &acknowledged });
                });
            }
            drop(tell);
            done += told.iter().take(wanted).count();
            // The moment is what the test is about, and so is no condition to wait for.
            while told.recv_timeout(moment).is_ok_and(|()| done < wanted) {
                done += 1;
            }
            node.process.signal(Signal::KILL);
            done += told.iter().count();
        });
        let (code, said) = node.process.end();
        assert_eq!(code, None, "the node ended by itself:\n{said}");
        assert!(!said.contains("panicked") && !said.contains("ERROR"), "{said}");
        done
    }

    /// Compares everything with what is known, on a node that has started again. Then nothing is uncertain any more.
    fn check(&mut self, node: &Node) {
        node.process.wait_for("that it looked for orphans", |said| said.contains("nothing refers to").then_some(()));
        check_files(&self.folder.join("data"));
        let Self { parcels, everybody, workers, uncertain, .. } = self;
        let world = World { node: Attempts::at(node.address), parcels, everybody, acknowledged: &|| () };
        for worker in workers.iter_mut() {
            check_guest(&world, worker);
            check_exchanges(&world, worker);
            for member in &mut worker.members {
                let found = load::contacts_found(&world, member);
                member.contacts.settle(found, "contacts");
                check_backup(&world, member);
            }
        }
        let mut there = BTreeSet::new();
        for person in workers.iter().flat_map(|worker| worker.members.iter().chain([&worker.guest])) {
            for (id, content) in load::list(&world, &person.person).unwrap() {
                load::fetch(&world, &person.person, &id, &content).unwrap();
                assert!(there.insert(content), "a parcel is there twice");
            }
        }
        *uncertain += parcels.settle(&there);
    }
}

fn worker(number: u64, seed: u64) -> Worker {
    let first = number * (MEMBERS + 1);
    Worker {
        members: (1..=MEMBERS).map(|member| Member::numbered(first + member)).collect(),
        guest: Member::numbered(first + MEMBERS + 1),
        stay: Stay::Away,
        exchanges: Vec::new(),
        dice: Dice::new(seed.wrapping_add(number + 1)),
    }
}

/// Is the account there or not, and the exchange that brought it likewise?
fn check_guest(world: &World<'_>, worker: &mut Worker) {
    let here = match world.node.ask(&worker.guest.person, "GET", "/account", None).unwrap().status {
        200 => true,
        403 => false,
        other => panic!("the account of a guest: {other}"),
    };
    match &worker.stay {
        Stay::Here => assert!(here, "an acknowledged account is lost"),
        Stay::Away => assert!(!here, "a deleted account came back"),
        Stay::Leaving => {}
        Stay::Coming(token, text) => {
            let maker = &worker.members[0].person;
            let exchange = world.node.ask(maker, "GET", &format!("/contact-exchange/{token}"), None).unwrap().json();
            assert_eq!(exchange["state"] == "ACCEPTED", here, "an account and the invitation that made it disagree");
            assert!(!here || exchange["encryptedContact"] == text.as_str());
        }
    }
    if here {
        worker.stay = Stay::Here;
        let found = load::contacts_found(world, &worker.guest);
        worker.guest.contacts.settle(found, "a guest's contacts");
    } else if worker.stay == Stay::Leaving {
        worker.left(world.parcels);
    } else {
        worker.stay = Stay::Away;
    }
}

fn check_exchanges(world: &World<'_>, worker: &mut Worker) {
    let maker = &worker.members[0].person;
    for (token, step) in &mut worker.exchanges {
        let answer = world.node.ask(maker, "GET", &format!("/contact-exchange/{token}"), None).unwrap();
        let found = (answer.status == 200).then(|| answer.json());
        let text = found.as_ref().and_then(|found| found["encryptedContact"].as_str());
        let accepted = found.as_ref().is_some_and(|found| found["state"] == "ACCEPTED");
        let right = match &*step {
            Step::Made => found.is_some() && !accepted,
            Step::Accepting(sent) => found.is_some() && (!accepted || text == Some(sent)),
            Step::Accepted(sent) => accepted && text == Some(sent),
            Step::Deleting(was) => found.is_none() || text == was.as_deref(),
            Step::Deleted => found.is_none(),
        };
        assert!(right, "the exchange is {}, but it was {step:?}", answer.text());
        *step = match (found.is_some(), text) {
            (false, _) => Step::Deleted,
            (true, Some(text)) => Step::Accepted(text.to_owned()),
            (true, None) => Step::Made,
        };
    }
    worker.exchanges.retain(|(_, step)| !matches!(step, Step::Deleted));
}

fn check_backup(world: &World<'_>, member: &mut Member) {
    let answer = world.node.ask(&member.person, "GET", "/account/backup", None).unwrap();
    let found = if answer.status == 404 {
        0
    } else {
        let backup = answer.json()["backup"].as_str().unwrap().to_owned();
        let version = backup.split(' ').nth(1).unwrap().parse().unwrap();
        assert!(backup == member.backup_text(version), "a backup was changed");
        version
    };
    member.backup.settle(found, "backup");
}

/// Each row has its file and each file its row.
fn check_files(data: &Path) {
    let mut files = BTreeMap::new();
    for folder in fs::read_dir(data.join("blobs")).unwrap().map(|entry| entry.unwrap().path()) {
        for file in fs::read_dir(folder).unwrap().map(Result::unwrap) {
            files.insert(file.file_name().into_string().unwrap(), file.metadata().unwrap().len());
        }
    }
    let flags = rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY;
    let database = rusqlite::Connection::open_with_flags(data.join("tidings.db"), flags).unwrap();
    let mut select = database.prepare("SELECT file, size FROM blobs WHERE file IS NOT NULL").unwrap();
    let rows = select.query_map([], |row| Ok((row.get(0)?, row.get::<_, i64>(1)?.try_into().unwrap()))).unwrap();
    let rows: BTreeMap<String, u64> = rows.map(Result::unwrap).collect();
    assert_eq!(rows, files, "rows of attachments and their files");
    let lost: i64 = database
        .query_row(
            "SELECT count(*) FROM envelopes WHERE blob IS NOT NULL AND blob NOT IN (SELECT id FROM blobs)",
            [],
            |row| row.get(0),
        )
        .unwrap();
    assert_eq!(lost, 0, "parcels whose attachment has no row");
}

fn rounds() -> usize {
    let given = std::env::vars().find(|(name, _)| name == "TIDINGS_KILL_ROUNDS");
    given.map_or(ROUNDS, |(_, rounds)| rounds.parse().unwrap())
}

#[test]
fn nothing_acknowledged_is_lost_and_nothing_is_half_there() {
    let folder = tempfile::tempdir().unwrap();
    let mut test = Test::new(folder.path(), printed_seed());
    let mut acknowledged = 0;
    for round in 1..=rounds() {
        let node = start(folder.path());
        test.check(&node);
        let done = test.kill(node);
        acknowledged += done;
        println!("round {round}: killed after {done} acknowledged actions");
    }
    let node = start(folder.path());
    test.check(&node);
    println!("{acknowledged} acknowledged actions, {} parcels uncertain at a kill: all is well", test.uncertain);
    node.stop();
    check_files(&folder.path().join("data"));
    for arguments in [
        ["backup", "saved", "--data-dir", "data"].as_slice(),
        ["backup", "verify", "saved"].as_slice(),
        ["restore", "saved", "--data-dir", "restored"].as_slice(),
    ] {
        let output = run(folder.path(), arguments);
        assert!(output.status.success(), "{arguments:?}: {}", all_said(&output));
    }
}
