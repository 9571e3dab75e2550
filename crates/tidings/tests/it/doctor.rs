//! `tidings doctor`.

use crate::process::{Node, all_said, run, tidings};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// What the doctor found: exit code, and lines of `check level text`.
fn examine(folder: &Path, arguments: &[&str]) -> (Option<i32>, String) {
    let output = run(folder, ["doctor", "--json", "--data-dir", "data"].iter().chain(arguments));
    let found: Vec<serde_json::Value> =
        serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {}", all_said(&output)));
    let lines = found.iter().map(|finding| {
        let of = |name: &str| finding[name].as_str().unwrap_or_default().to_owned();
        assert_eq!(of("level") == "ok", of("advice").is_empty(), "advice for what is not well: {finding}");
        format!("{} {} {}\n", of("check"), of("level"), of("text"))
    });
    (output.status.code(), lines.collect())
}

fn free_address() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

#[test]
fn a_fresh_folder_is_fine() {
    let folder = tempfile::tempdir().unwrap();
    let (code, found) = examine(folder.path(), &["--listen", "127.0.0.1:0", "--push-contact", "mailto:a@b.example"]);
    assert_eq!(code, Some(0), "{found}");
    for line in ["permissions ok", "disk ok", "port ok", "push contact ok", "database ok"] {
        assert!(found.contains(line), "{line}: {found}");
    }
    assert!(!folder.path().join("data").exists(), "looking changes nothing");
    let shown = all_said(&run(folder.path(), ["doctor", "--data-dir", "data"]));
    assert!(shown.contains("→ set push-contact"), "{shown}");
}

#[test]
fn what_is_wrong_is_found() {
    let folder = tempfile::tempdir().unwrap();
    Node::start(folder.path(), &[]).stop();
    let database = folder.path().join("data/tidings.db");
    for (path, mode) in
        [(folder.path().to_owned(), 0o755), (folder.path().join("data"), 0o755), (database.clone(), 0o644)]
    {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    }
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = taken.local_addr().unwrap().to_string();
    let public = "http://nowhere.invalid";
    let (code, found) =
        examine(folder.path(), &["--listen", &taken, "--disk-reserve", "1000000TiB", "--public-url", public]);
    assert_eq!(code, Some(1), "{found}");
    for line in
        ["permissions warn", "disk fail", "port fail", "TLS fail", "public name fail nowhere.invalid", "database ok"]
    {
        assert!(found.contains(line), "{line}: {found}");
    }
    let mut bytes = std::fs::read(&database).unwrap();
    let length = bytes.len();
    bytes.truncate(length - 1);
    std::fs::write(&database, bytes).unwrap();
    assert!(examine(folder.path(), &[]).1.contains("database fail"));
}

#[test]
fn the_public_address_is_tried_and_proxies_are_seen() {
    let folder = tempfile::tempdir().unwrap();
    let (own, proxy) = (free_address(), TcpListener::bind("127.0.0.1:0").unwrap());
    let proxy_url = format!("http://{}", proxy.local_addr().unwrap());
    std::thread::spawn(move || proxy.incoming().flatten().for_each(|client| forward(client, own)));
    let start = |extra: &[&str]| {
        let mut command = tidings(folder.path());
        command.args(["serve", "--data-dir", "data", "--listen", &own.to_string()]);
        Node::start_with(command.args(extra))
    };
    let own_url = format!("http://{own}");
    let listen = own.to_string();
    let ask = |extra: &[&str]| examine(folder.path(), &[&["--listen", listen.as_str()], extra].concat()).1;

    let node = start(&[]);
    let found = ask(&["--public-url", &own_url]);
    assert!(
        found.contains("node ok version") && found.contains("leads to this node") && found.contains("proxy ok"),
        "{found}"
    );
    let found = ask(&["--public-url", &proxy_url]);
    assert!(found.contains("proxy fail a proxy at 127.0.0.1 is not trusted"), "{found}");
    let found = ask(&["--public-url", &format!("http://{}", free_address())]);
    assert!(found.contains("can't be reached"), "{found}");
    let other = TcpListener::bind("127.0.0.1:0").unwrap();
    let other_url = format!("http://{}", other.local_addr().unwrap());
    std::thread::spawn(move || {
        other.incoming().flatten().for_each(|mut client| {
            let _ = client.read(&mut [0; 4096]);
            let _ = client.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        });
    });
    assert!(ask(&["--public-url", &other_url]).contains("is not this node"));
    node.stop();

    let node = start(&["--trusted-proxies", "127.0.0.1"]);
    let found = ask(&["--public-url", &proxy_url, "--trusted-proxies", "127.0.0.1"]);
    assert!(found.contains("proxy ok the proxy is trusted"), "{found}");
    node.stop();
}

/// A proxy for one request, which says for whom it asks.
fn forward(mut client: TcpStream, node: SocketAddr) {
    let mut buffer = [0; 8192];
    let length = client.read(&mut buffer).unwrap();
    let request = String::from_utf8_lossy(&buffer[..length]);
    let said = request.replacen("\r\n", "\r\nX-Forwarded-For: 192.0.2.7\r\nConnection: close\r\n", 1);
    let mut server = TcpStream::connect(node).unwrap();
    server.write_all(said.as_bytes()).unwrap();
    let _ = std::io::copy(&mut server, &mut client);
}
