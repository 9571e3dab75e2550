//! Commands that are killed half-way: what they leave is never taken for whole.

use super::{Duration, Path, Process, RecvTimeoutError, Signal, all_said, channel, fs, run};
use crate::attempt::{Dice, printed_seed};
use crate::piqchat_server::Server;
use crate::process::{Node, tidings};
use std::time::Instant;

/// Kills of each command.
const KILLS: usize = 4;

/// Runs a command to its end and gives how long that took.
fn whole(folder: &Path, arguments: &[&str]) -> Duration {
    let begun = Instant::now();
    let output = run(folder, arguments);
    assert!(output.status.success(), "{arguments:?}: {}", all_said(&output));
    begun.elapsed()
}

/// Kills a command at a random moment of the time that it takes. Gives whether it had ended before.
fn killed(folder: &Path, arguments: &[&str], takes: Duration, dice: &Dice) -> bool {
    let moment = takes.mul_f64(dice.roll(1000) as f64 / 1000.0);
    let process = Process::start(tidings(folder).args(arguments));
    let (_tell, told) = channel::<()>();
    assert_eq!(told.recv_timeout(moment), Err(RecvTimeoutError::Timeout));
    process.signal(Signal::KILL);
    let (code, said) = process.end();
    assert!(code.is_none_or(|code| code == 0), "{said}");
    code.is_some()
}

#[test]
fn what_a_killed_command_leaves_is_not_taken_for_whole() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let dice = Dice::new(printed_seed());
    let mut server = Server::new(folder, 3);
    server.crowd(150, 1500, 40_000);
    server.stop();
    let (database, uploads) = (server.database(), server.uploads());
    let import = |data: &str| {
        ["import", "piqchat", &database, &uploads, "--data-dir", data, "--yes"].map(str::to_owned).to_vec()
    };
    let takes = whole(folder, &texts(&import("data")));
    let before = server.everything();
    kill_and_repeat(folder, "imported", takes, &dice, import);
    assert!(before == server.everything(), "the source was changed");

    let backup = |name: &str| ["backup", name, "--data-dir", "data"].map(str::to_owned).to_vec();
    let takes = whole(folder, &texts(&backup("saved")));
    for number in 0..KILLS {
        let name = format!("saved{number}");
        let ended = killed(folder, &texts(&backup(&name)), takes, &dice);
        if folder.join(&name).exists() {
            whole(folder, &["backup", "verify", &name]);
        } else {
            assert!(!ended, "a backup that ended well must be there");
            check_partial(folder, &format!("{name}.partial"), &format!("nothing{number}"));
            let _ = fs::remove_dir_all(folder.join(format!("{name}.partial")));
            whole(folder, &texts(&backup(&name)));
        }
    }

    let restore = |data: &str| ["restore", "saved", "--data-dir", data].map(str::to_owned).to_vec();
    let takes = whole(folder, &texts(&restore("first")));
    kill_and_repeat(folder, "restored", takes, &dice, restore);
}

/// What was not finished is refused, unless all of it was there and only its name was still to come.
fn check_partial(folder: &Path, partial: &str, data: &str) {
    let verified = run(folder, ["backup", "verify", partial]).status.success();
    let restored = run(folder, ["restore", partial, "--data-dir", data]);
    assert_eq!(restored.status.success(), verified, "{}", all_said(&restored));
    if verified {
        check_whole(folder, data);
    } else {
        assert!(!folder.join(data).join("tidings.db").exists());
    }
}

fn texts(arguments: &[String]) -> Vec<&str> {
    arguments.iter().map(String::as_str).collect()
}

/// Kills a command that makes a node's data: then there is all of it, or the command can be repeated.
fn kill_and_repeat(folder: &Path, name: &str, takes: Duration, dice: &Dice, arguments: impl Fn(&str) -> Vec<String>) {
    for number in 0..KILLS {
        let data = format!("{name}{number}");
        let arguments = arguments(&data);
        let ended = killed(folder, &texts(&arguments), takes, dice);
        if !folder.join(&data).join("tidings.db").exists() {
            assert!(!ended);
            whole(folder, &texts(&arguments));
        }
        check_whole(folder, &data);
    }
}

/// Checks a node's data from end to end.
fn check_whole(folder: &Path, data: &str) {
    Node::start_with(tidings(folder).args(["serve", "--data-dir", data, "--listen", "127.0.0.1:0"])).stop();
    whole(folder, &["backup", &format!("check-{data}"), "--data-dir", data]);
    super::check_files(&folder.join(data));
    let attachments = crate::piqchat_server::everything_in(&folder.join(data).join("blobs")).len();
    assert_eq!(attachments, 150, "a tenth of all parcels have an attachment");
}
