//! SIGHUP.

use crate::http::get;
use crate::process::{Node, tidings};
use rustix::process::Signal;
use std::fs;

#[test]
fn sighup_takes_up_what_is_right_and_keeps_the_old_when_it_is_wrong() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("my.toml");
    let write = |text: &str| fs::write(&file, text).unwrap();
    write("admin-message = 'one'\n");
    let node = Node::start_with(tidings(folder.path()).args([
        "serve",
        "--data-dir",
        "data",
        "--listen",
        "127.0.0.1:0",
        "--config",
        "my.toml",
    ]));
    let message = || get(node.address, "/api/info", "").1;
    assert!(message().contains(r#""adminMessage":"one""#), "{}", message());

    write("admin-message = 'two'\ndisk-reserve = '1MiB'\n");
    node.process.signal(Signal::HUP);
    node.process.wait_for("what needs a restart", |said| said.contains("need a restart").then_some(()));
    assert!(message().contains(r#""adminMessage":"two""#), "{}", message());
    let said = node.process.said();
    assert!(said.contains("changed=\"admin-message\"") && said.contains("settings=\"disk-reserve\""), "{said}");

    write("admin-message = 'three'\nlog-level = 5\nadmin-mesage = 'four'\n");
    node.process.signal(Signal::HUP);
    node.process.wait_for("that all stays", |said| said.contains("all stays as it was").then_some(()));
    assert!(message().contains(r#""adminMessage":"two""#), "{}", message());
    assert!(node.process.said().contains("did you mean admin-message?"));
    node.stop();
}
