//! A large file goes on where it was after `kill -9` of the client and of the node, both ways.

use crate::land::Land;
use crate::people::{lines, said};
use crate::process::{DEADLINE, Process, all_said};
use std::path::Path;
use std::time::Instant;

/// Large enough that nothing of it is over at once.
const SIZE: usize = 6 * 1024 * 1024;

/// Bytes that must have come before something ends.
const STEP: u64 = 1024 * 1024;

/// The bytes of the largest file below a folder that is no database.
fn largest(folder: &Path) -> u64 {
    let Ok(entries) = std::fs::read_dir(folder) else { return 0 };
    let sizes = entries.filter_map(Result::ok).map(|entry| match entry.metadata() {
        Ok(about) if about.is_dir() => largest(&entry.path()),
        Ok(about) if !entry.file_name().to_string_lossy().starts_with("tidings.db") => about.len(),
        _ => 0,
    });
    sizes.max().unwrap_or(0)
}

fn grows_beyond(folder: &Path, bytes: u64) -> u64 {
    let deadline = Instant::now() + DEADLINE;
    loop {
        let size = largest(folder);
        if size > bytes {
            return size;
        }
        assert!(Instant::now() < deadline, "it stays at {size} bytes");
        std::thread::yield_now();
    }
}

fn two_people() -> Land {
    let land = Land::with(&["north"]);
    land.login("alice", "Alice", &land.invitation("north"));
    let link = said(&land.answer("alice", &["invite"]), "link");
    land.login("bob", "Bob", &link);
    land.until("Alice knows Bob", &["alice"], || land.ask("alice", &["contacts"]).len() == 1);
    land
}

/// How many files were begun at a node since it started.
fn begun(land: &Land) -> Option<String> {
    let metrics = land.metrics("north");
    let line =
        metrics.lines().find(|line| line.contains("route=\"/v1/blobs\"") && line.starts_with("tidings_requests"))?;
    line.rsplit(' ').next().map(str::to_owned)
}

#[test]
fn a_file_goes_on_where_it_was() {
    let mut land = two_people();
    let content: Vec<u8> = (0..SIZE).map(|number| (number / 251) as u8).collect();
    let file = land.file("film.bin", &content);
    let blobs = land.data("north").join("blobs");

    let sending = Process::start(&mut land.command("alice", &["send", "Bob", &file]));
    let first = grows_beyond(&blobs, STEP);
    drop(sending);
    assert!(first < SIZE as u64, "it was over too soon");
    assert_eq!(begun(&land).as_deref(), Some("1"));

    // It goes on as long as some command of hers runs.
    let going_on = Process::start(&mut land.command("alice", &["receive", "--follow"]));
    let second = grows_beyond(&blobs, first + STEP);
    assert!(second < SIZE as u64, "it was over too soon");
    land.kill("north");
    land.start("north", &[]);
    land.until("Bob hears of it", &[], || {
        let output = land.run("bob", &["receive", "--keep-unread", "--json"]);
        lines(&output).iter().any(|message| message["kind"] == "file")
    });
    assert_eq!(begun(&land), None, "another file was begun");
    drop(going_on);

    let saved = land.path().join("saved");
    let fetching = Process::start(&mut land.command("bob", &["receive", "--save", "saved"]));
    grows_beyond(&saved, STEP);
    drop(fetching);
    let output = land.run("bob", &["receive", "--save", "saved", "--json"]);
    assert!(output.status.success(), "{}", all_said(&output));
    let got = lines(&output);
    let path = got.iter().find_map(|message| message["saved"].as_str()).unwrap_or_else(|| panic!("{got:?}"));
    assert!(std::fs::read(land.path().join(path)).unwrap() == content, "what was saved is not what was sent");
}
