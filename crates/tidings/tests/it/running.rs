//! What a running node tells those who watch it.

use crate::http::get;
use crate::process::{Node, invitations, run, tidings};

#[test]
fn probes_answer() {
    let folder = tempfile::tempdir().unwrap();
    let node = Node::start(folder.path(), &[]);
    assert_eq!(get(node.address, "/healthz", ""), (200, "ok\n".to_owned()));
    assert_eq!(get(node.address, "/readyz", ""), (200, "ready\n".to_owned()));
    assert_eq!(get(node.address, "/api/info", "").0, 200);
    let (status, metrics) = get(node.address, "/metrics", "");
    assert_eq!(status, 200);
    for name in [
        "process_resident_memory_bytes ",
        "tidings_open_connections ",
        "tidings_requests_total{",
        "tidings_build_info{",
    ] {
        assert!(metrics.contains(name), "{name} is missing in\n{metrics}");
    }
    node.stop();
}

#[test]
fn metrics_count_what_happens() {
    let folder = tempfile::tempdir().unwrap();
    let node = Node::start(folder.path(), &[]);
    get(node.address, "/api/info", "");
    let (status, shown) = get(node.address, "/metrics", "");
    assert_eq!(status, 200);
    for name in [
        "tidings_store_commits_total",
        "tidings_store_jobs_total",
        "tidings_requests_total",
        "tidings_request_seconds_count",
        "tidings_open_connections",
        "process_resident_memory_bytes",
    ] {
        let counted = shown.lines().any(|line| line.starts_with(name) && !line.ends_with(" 0"));
        assert!(counted, "{name} in {shown}");
    }
    node.stop();
}

#[test]
fn metrics_are_for_this_machine_or_for_their_own_address() {
    let folder = tempfile::tempdir().unwrap();
    let node = Node::start(folder.path(), &["--trusted-proxies", "127.0.0.1"]);
    for header in [
        "X-Forwarded-For: 192.0.2.1\r\n",
        "X-Forwarded-For: 127.0.0.1\r\n",
        "Forwarded: for=127.0.0.1\r\n",
        "Via: 1.1 p\r\n",
    ] {
        assert_eq!(get(node.address, "/metrics", header).0, 404, "{header}");
    }
    node.stop();

    let own = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let node = Node::start(folder.path(), &["--metrics-listen", &own.to_string()]);
    assert_eq!(get(node.address, "/metrics", "").0, 404);
    assert_eq!(get(own, "/metrics", "").0, 200);
    assert_eq!(get(own, "/api/info", "").0, 404);
    node.stop();

    let node = Node::start(folder.path(), &["--metrics=false"]);
    assert_eq!(get(node.address, "/metrics", "").0, 404);
    node.stop();
}

#[test]
fn a_full_disk_is_not_ready() {
    let folder = tempfile::tempdir().unwrap();
    let node = Node::start(folder.path(), &["--disk-reserve", "1000000TiB", "--create-invitation=false"]);
    let (status, why) = get(node.address, "/readyz", "");
    assert_eq!((status, why.contains("disk")), (503, true), "{why}");
    node.stop();
}

#[test]
fn invitations_are_made_with_and_without_a_running_node() {
    let folder = tempfile::tempdir().unwrap();
    let invite = |arguments: &[&str]| {
        let output = run(folder.path(), ["invite", "--data-dir", "data"].iter().chain(arguments));
        assert!(output.status.success(), "{}", crate::process::all_said(&output));
        String::from_utf8(output.stdout).unwrap()
    };
    let nowhere = run(folder.path(), ["invite", "--data-dir", "typo"]);
    assert_eq!(nowhere.status.code(), Some(2), "{}", crate::process::all_said(&nowhere));
    assert!(!folder.path().join("typo").exists());
    Node::start(folder.path(), &[]).stop();
    let before = invite(&["--no-qr"]);
    assert_eq!((invitations(&before).len(), before.contains('█')), (1, false));
    let node = Node::start(folder.path(), &["--public-url", "https://a.example:8443"]);
    let during = invite(&["--json"]);
    let during: serde_json::Value = serde_json::from_str(&during).unwrap();
    assert!(during["link"].as_str().unwrap().contains("https%3A%2F%2Fa.example%3A8443%2Fapi"), "{during}");
    assert_eq!(during["seconds"], 3600);
    assert!(invite(&[]).contains('█'));
    node.stop();
}

#[test]
fn folders_with_long_names_have_a_socket_too() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("a".repeat(150));
    let data = data.to_str().unwrap();
    let node = Node::start_with(tidings(folder.path()).args(["serve", "--data-dir", data, "--listen", "127.0.0.1:0"]));
    let output = run(folder.path(), ["invite", "--no-qr", "--data-dir", data]);
    assert!(output.status.success(), "{}", crate::process::all_said(&output));
    node.stop();
}

#[test]
fn root_leaves_nothing_in_the_folder_of_another_user() {
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    std::fs::create_dir(&data).unwrap();
    std::os::unix::fs::chown(&data, Some(65_532), None).unwrap();
    let output = run(folder.path(), ["invite", "--data-dir", "data"]);
    assert_eq!(output.status.code(), Some(2), "{}", crate::process::all_said(&output));
    assert_eq!(std::fs::read_dir(&data).unwrap().count(), 0);
}
