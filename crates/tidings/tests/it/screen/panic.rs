//! What a panic leaves of the terminal.

use super::Screen;
use std::process::Command;
use tidings_terminal::driver::{Opening, Trust};
use tidings_terminal::place::Place;
use tidings_terminal::{Session, screen};

/// Names the folder of [`child`], which runs in a process of its own: this very program, at a terminal.
const FOLDER: &str = "TIDINGS_TEST_PANIC_FOLDER";

#[test]
fn a_panic_gives_the_terminal_back_and_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let mut program = Command::new("setsid");
    program.args(["--wait", "--ctty"]).arg(std::env::current_exe().unwrap());
    program.args(["--exact", "screen::panic::child", "--nocapture", "--test-threads=1"]);
    program.env_clear().env("PATH", "/usr/bin:/bin").env("TERM", "xterm-256color").env(FOLDER, folder.path());
    let mut screen = Screen::open(&mut program);
    screen.wait_for("Welcome to Tidings");
    std::fs::write(folder.path().join("now"), "").unwrap();
    screen.wait_for("panicked on purpose");
    screen.end();
    assert!(screen.seen().contains("panicked on purpose"), "{}", screen.seen());
}

/// Shows a screen whose client panics when it is told so. Does nothing as a test.
#[test]
#[allow(clippy::disallowed_methods, reason = "the way to tell the process what it is for")]
fn child() {
    let Ok(folder) = std::env::var(FOLDER) else { return };
    let folder = std::path::PathBuf::from(folder);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let place = Place::at(folder.join("profile"));
        let opening = Opening {
            place,
            passphrase: None,
            new: true,
            trust: Trust::default(),
            patience: std::time::Duration::ZERO,
        };
        let session = Session::open(opening).await.expect("the profile opens");
        let asked = session.clone();
        tokio::spawn(async move {
            let mut look = tokio::time::interval(std::time::Duration::from_millis(20));
            while !folder.join("now").exists() {
                look.tick().await;
            }
            asked.ask(|_, _| panic!("panicked on purpose")).await
        });
        screen::run(session, screen::Options::default()).await.unwrap();
    });
}
