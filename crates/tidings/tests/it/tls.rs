//! The owner's own certificate.

use crate::chat::{WebSocket, place, upgrade};
use crate::http::{get_tls, open_tls};
use crate::process::{Node, all_said, run};
use rcgen::{CertificateParams, KeyPair};
use rustix::process::Signal;
use rustls::pki_types::CertificateDer;
use std::fs;
use std::path::Path;

fn make_certificate(folder: &Path) -> CertificateDer<'static> {
    let pair = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(vec!["a.example".to_owned()]).unwrap().self_signed(&pair).unwrap();
    fs::write(folder.join("cert.pem"), certificate.pem()).unwrap();
    fs::write(folder.join("key.pem"), pair.serialize_pem()).unwrap();
    certificate.der().clone()
}

#[test]
fn own_certificates_are_served_and_read_again() {
    let folder = tempfile::tempdir().unwrap();
    let first = make_certificate(folder.path());
    let node = Node::start(folder.path(), &["--tls-cert", "cert.pem", "--tls-key", "key.pem"]);
    assert!(node.process.said().contains("listening on https://"));
    let shown = |root: &CertificateDer<'static>| get_tls(node.address, "a.example", root.clone(), "/healthz");
    assert_eq!(shown(&first), (200, first.to_vec()));

    let second = make_certificate(folder.path());
    node.process.signal(Signal::HUP);
    node.process.wait_for("that it was read again", |said| said.contains("certificate was read again").then_some(()));
    assert_eq!(shown(&second), (200, second.to_vec()));

    fs::write(folder.path().join("key.pem"), "nonsense").unwrap();
    node.process.signal(Signal::HUP);
    node.process.wait_for("that the old one stays", |said| said.contains("old certificate stays").then_some(()));
    assert_eq!(shown(&second), (200, second.to_vec()));
    node.stop();
}

#[test]
fn channels_are_served_with_the_certificate_too() {
    let folder = tempfile::tempdir().unwrap();
    let root = make_certificate(folder.path());
    let certificate = ["--tls-cert", "cert.pem", "--tls-key", "key.pem"];
    let listen = ["--darkchat-websocket-tls-listen", "127.0.0.1:0"];
    let node = Node::start(folder.path(), &[certificate.as_slice(), &listen].concat());
    for address in [place(&node, "darkchat clients (WebSocket, TLS)"), node.address] {
        let mut stream = open_tls(address, "a.example", root.clone());
        assert_eq!(upgrade(&mut stream, "/"), 101);
        let mut socket = WebSocket(stream);
        socket.say("{}");
        assert!(socket.hear_text().starts_with(r#"{"type":"error","msg":"MALFORMED DATA"#));
    }
    node.stop();
    let output = run(folder.path(), ["config"].iter().chain(&listen));
    assert_eq!(output.status.code(), Some(2), "{}", all_said(&output));
}

#[test]
fn certificates_that_can_not_be_used_are_named() {
    let folder = tempfile::tempdir().unwrap();
    make_certificate(folder.path());
    fs::write(folder.path().join("other.pem"), KeyPair::generate().unwrap().serialize_pem()).unwrap();
    let serve = |key: &str| {
        run(
            folder.path(),
            ["serve", "--data-dir", "data", "--listen", "127.0.0.1:0", "--tls-cert", "cert.pem", "--tls-key", key],
        )
    };
    for (key, part) in [("other.pem", "can't be used with the key other.pem"), ("none.pem", "none.pem can't be read")] {
        let output = serve(key);
        assert_eq!(output.status.code(), Some(2), "{}", all_said(&output));
        assert!(all_said(&output).contains(part), "{}", all_said(&output));
    }
}
