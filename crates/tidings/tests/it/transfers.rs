//! A large file goes on where it was after `kill -9` of the client and of the node, both ways.

use crate::land::Land;
use crate::people::{lines, said};
use crate::process::{DEADLINE, Process, all_said};
use std::path::Path;
use std::time::Instant;

/// How large the file is: larger where it was over before anything could be ended.
const SIZES: [usize; 3] = [6 * 1024 * 1024, 24 * 1024 * 1024, 96 * 1024 * 1024];

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

/// Waits until there are more bytes of a file than these. None if that is all of it: it was over too soon.
fn grows_beyond(folder: &Path, bytes: u64, whole: usize) -> Option<u64> {
    let deadline = Instant::now() + DEADLINE;
    loop {
        let size = largest(folder);
        if size > bytes || bytes >= whole as u64 {
            return Some(size).filter(|size| *size < whole as u64);
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
    let done = SIZES.into_iter().find_map(goes_on);
    assert!(done.is_some(), "it was always over too soon");
}

/// None if something was over before it could be ended.
fn goes_on(size: usize) -> Option<()> {
    let mut land = two_people();
    let content: Vec<u8> = (0..size).map(|number| (number / 251) as u8).collect();
    let file = land.file("film.bin", &content);
    let blobs = land.data("north").join("blobs");

    let sending = Process::start(&mut land.command("alice", &["send", "Bob", &file]));
    let first = grows_beyond(&blobs, STEP, size);
    drop(sending);
    let first = first?;
    assert_eq!(begun(&land).as_deref(), Some("1"));

    // It goes on as long as some command of hers runs.
    let going_on = Process::start(&mut land.command("alice", &["receive", "--follow"]));
    let second = grows_beyond(&blobs, first + STEP, size);
    land.kill("north");
    second?;
    land.start("north", &[]);
    land.until("Bob hears of it", &[], || {
        let output = land.run("bob", &["receive", "--keep-unread", "--json"]);
        lines(&output).iter().any(|message| message["kind"] == "file")
    });
    assert_eq!(begun(&land), None, "another file was begun");
    drop(going_on);

    let saved = land.path().join("saved");
    let fetching = Process::start(&mut land.command("bob", &["receive", "--save", "saved"]));
    let fetched = grows_beyond(&saved, STEP, size);
    drop(fetching);
    fetched?;
    let output = land.run("bob", &["receive", "--save", "saved", "--json"]);
    assert!(output.status.success(), "{}", all_said(&output));
    // What was saved before the end came is shown no more.
    let path = lines(&output).iter().find_map(|message| message["saved"].as_str().map(str::to_owned))?;
    assert!(std::fs::read(land.path().join(path)).unwrap() == content, "what was saved is not what was sent");
    Some(())
}
