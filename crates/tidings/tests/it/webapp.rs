//! The web app, or the page that stands for it, as the real program serves it, and as `tidings verify` compares it.

use crate::process::{DEADLINE, Node, Process, all_said, run, tidings};
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::Output;

/// An answer, with its headers by their names in lower case.
struct Answer {
    status: u16,
    headers: BTreeMap<String, String>,
    body: Vec<u8>,
}

impl Answer {
    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }
}

fn ask(address: SocketAddr, method: &str, path: &str, headers: &str) -> Answer {
    let mut stream = TcpStream::connect_timeout(&address, DEADLINE).unwrap();
    stream.set_read_timeout(Some(DEADLINE)).unwrap();
    write!(stream, "{method} {path} HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n{headers}\r\n").unwrap();
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).unwrap();
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
    let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
    let pairs = head.lines().skip(1).filter_map(|line| line.split_once(": "));
    Answer {
        status: head.split(' ').nth(1).unwrap().parse().unwrap(),
        headers: pairs.map(|(name, value)| (name.to_lowercase(), value.to_owned())).collect(),
        body: bytes[end + 4..].to_vec(),
    }
}

fn get(address: SocketAddr, path: &str) -> Answer {
    ask(address, "GET", path, "")
}

#[test]
fn the_app_is_served_with_all_that_protects_it() {
    let folder = tempfile::tempdir().unwrap();
    let node = Node::start(folder.path(), &["--create-invitation=false"]);
    let list = get(node.address, "/app.json");
    assert_eq!((list.status, list.header("content-type")), (200, "application/json"));
    let list: Value = serde_json::from_slice(&list.body).unwrap();
    assert_eq!(list["version"], env!("CARGO_PKG_VERSION"));
    let files = list["files"].as_object().unwrap();
    assert!(files.contains_key("/index.html"));
    for (path, entry) in files {
        let answer = get(node.address, path);
        let hash: String = Sha256::digest(&answer.body).iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!((answer.status, &entry["sha256"]), (200, &Value::from(hash.as_str())), "{path}");
        assert_eq!((&entry["size"], answer.header("etag")), (&Value::from(answer.body.len()), &*format!("\"{hash}\"")));
        assert!(
            answer.header("content-security-policy").starts_with("default-src 'none'; script-src 'self'"),
            "{path}"
        );
        let known = ask(node.address, "GET", path, &format!("If-None-Match: \"{hash}\"\r\n"));
        assert_eq!((known.status, known.body.len()), (304, 0), "{path}");
    }
    let (page, head) = (get(node.address, "/"), ask(node.address, "HEAD", "/", ""));
    assert_eq!((head.status, head.body.len()), (200, 0));
    assert_eq!(head.header("content-length"), page.body.len().to_string());
    assert_eq!(page.body, get(node.address, "/index.html").body);
    let packed = ask(node.address, "GET", "/", "Accept-Encoding: gzip\r\n");
    assert_eq!((packed.header("content-encoding"), packed.header("vary")), ("gzip", "Accept-Encoding"));
    assert!(packed.body.len() < page.body.len());
    let invitation = get(node.address, "/i");
    assert_eq!((invitation.status, invitation.header("referrer-policy")), (200, "no-referrer"));
    match list["app"].as_str().unwrap() {
        "app" => assert_eq!(invitation.body, page.body),
        _ => assert!(String::from_utf8(page.body).unwrap().contains("ohne seine Web-App gebaut")),
    }
    for (method, path, status) in [("GET", "/assets/none.js", 404), ("POST", "/", 404), ("GET", "/api/info", 200)] {
        assert_eq!(ask(node.address, method, path, "").status, status, "{method} {path}");
    }
    node.stop();
}

fn verify(folder: &Path, url: &str) -> (Option<i32>, String, Output) {
    let output = run(folder, ["verify", url, "--json"]);
    (output.status.code(), all_said(&output), output)
}

fn object(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {}", all_said(output)))
}

#[test]
fn a_node_with_the_same_app_is_told_from_one_with_another() {
    let folder = tempfile::tempdir().unwrap();
    let node = Node::start(folder.path(), &["--create-invitation=false"]);
    let (code, said, output) = verify(folder.path(), &format!("http://{}", node.address));
    assert_eq!((code, &object(&output)["same"]), (Some(0), &Value::from(true)), "{said}");
    let spoken = Process::start(tidings(folder.path()).args(["verify", &format!("http://{}", node.address)]));
    let (code, said) = spoken.end();
    assert!(code == Some(0) && said.contains("this tidings"), "{said}");

    let evil = Meddler::start(node.address, |path, body| match path {
        "/" => Some([&body[..], b"<script src=/assets/evil.js>"].concat()),
        "/app.json" => {
            let mut list: Value = serde_json::from_slice(&body).unwrap();
            list["files"]["/assets/evil.js"] = serde_json::json!({ "sha256": "00", "size": 1 });
            Some(list.to_string().into_bytes())
        }
        "/index.html" => None,
        _ => Some(body),
    });
    let (code, said, output) = verify(folder.path(), &evil);
    let found = object(&output);
    assert_eq!((code, &found["same"]), (Some(4), &Value::from(false)), "{said}");
    assert_eq!(found["different"], serde_json::json!(["/"]));
    assert_eq!(found["missing"], serde_json::json!(["/index.html"]));
    assert_eq!(found["extra"], serde_json::json!(["/assets/evil.js"]));
    let failure: Value = serde_json::from_slice(&output.stderr).unwrap();
    assert_eq!(failure["error"], "refused");
    node.stop();
}

#[test]
fn what_can_not_be_compared_says_why() {
    let folder = tempfile::tempdir().unwrap();
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let node = Node::start(folder.path(), &["--create-invitation=false"]);
    let no_list = Meddler::start(node.address, |path, body| (path != "/app.json").then_some(body));
    let endless = Meddler::start(node.address, |path, body| {
        Some(if path == "/app.json" { vec![b' '; 300 * 1024] } else { body })
    });
    for (url, code, why) in [
        (format!("http://{address}"), 3, "can't be reached"),
        (no_list, 4, "no list at /app.json"),
        (endless, 4, "no list at /app.json"),
        ("http://node.example".to_owned(), 2, "http:// is only for a node on this machine"),
        ("https://node.example/i#1.secret".to_owned(), 2, "without a path"),
    ] {
        let (ended, said, _) = verify(folder.path(), &url);
        assert!(ended == Some(code) && said.contains(why), "{url}: {ended:?} {said}");
    }
    let output = run(folder.path(), ["verify", "https://node.example", "--yes"]);
    assert_eq!(output.status.code(), Some(2), "{}", all_said(&output));
    node.stop();
}

/// Somebody between a node and its visitors, who changes what comes by, or withholds it.
struct Meddler;

impl Meddler {
    /// Begins; gives the URL. It ends with the test's process.
    fn start(node: SocketAddr, change: impl Fn(&str, Vec<u8>) -> Option<Vec<u8>> + Send + 'static) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                // Who has read enough goes away, which is no failure here.
                let _ = stream.and_then(|stream| meddle(stream, node, &change));
            }
        });
        url
    }
}

fn meddle(
    mut stream: TcpStream,
    node: SocketAddr,
    change: &impl Fn(&str, Vec<u8>) -> Option<Vec<u8>>,
) -> std::io::Result<()> {
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte)? == 1 {
        head.push(byte[0]);
    }
    let head = String::from_utf8_lossy(&head);
    let path = head.split(' ').nth(1).unwrap_or("/");
    let answer = get(node, path);
    let (status, body) = match change(path, answer.body) {
        Some(body) => (answer.status, body),
        None => (404, Vec::new()),
    };
    write!(stream, "HTTP/1.1 {status} X\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len())?;
    stream.write_all(&body)
}
