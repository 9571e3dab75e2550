//! Certificates from a real authority: pebble, Let's Encrypt's test server (Debian: `apt-get install pebble`).

use crate::http::get_tls;
use crate::process::{DEADLINE, Node, Process, tidings};
use rcgen::{CertificateParams, KeyPair};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use std::fs;
use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

const NAME: &str = "node.example";

/// Whether pebble is there. Where it is not, the test says so; continuous integration must have it.
#[allow(clippy::print_stderr, reason = "what is not tested must be said")]
fn pebble_is_there() -> bool {
    let there = Command::new("pebble").arg("-version").output().is_ok();
    if !there {
        assert!(std::env::var_os("CI").is_none(), "pebble is missing: apt-get install pebble");
        eprintln!("NOT TESTED: certificates by ACME, because pebble is missing (apt-get install pebble)");
    }
    there
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// An authority whose challenges come to the given ports of 127.0.0.1.
struct Authority {
    _names: Process,
    _pebble: Process,
    directory: String,
    management: SocketAddr,
}

impl Authority {
    fn start(folder: &Path, tls_port: u16, http_port: u16) -> Self {
        let dns = UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let names = Process::start(
            Command::new("pebble-challtestsrv")
                .args([
                    "-defaultIPv4",
                    "127.0.0.1",
                    "-defaultIPv6",
                    "",
                    "-http01",
                    "",
                    "-https01",
                    "",
                    "-tlsalpn01",
                    "",
                ])
                .args(["-dns01", &dns.to_string(), "-management", &format!("127.0.0.1:{}", free_port())]),
        );
        let pair = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new(vec!["localhost".to_owned()]).unwrap().self_signed(&pair).unwrap();
        fs::write(folder.join("ca.pem"), certificate.pem()).unwrap();
        fs::write(folder.join("ca-key.pem"), pair.serialize_pem()).unwrap();
        let (listen, management) = (free_port(), free_port());
        let config = serde_json::json!({ "pebble": {
            "listenAddress": format!("127.0.0.1:{listen}"), "managementListenAddress": format!("127.0.0.1:{management}"),
            "certificate": folder.join("ca.pem"), "privateKey": folder.join("ca-key.pem"),
            "httpPort": http_port, "tlsPort": tls_port, "externalAccountBindingRequired": false,
        }});
        fs::write(folder.join("pebble.json"), config.to_string()).unwrap();
        let pebble = Process::start(
            Command::new("pebble")
                .args(["-strict", "-dnsserver", &dns.to_string(), "-config"])
                .arg(folder.join("pebble.json"))
                .envs([("PEBBLE_VA_NOSLEEP", "1"), ("PEBBLE_WFE_NONCEREJECT", "0"), ("PEBBLE_AUTHZREUSE", "0")]),
        );
        pebble.wait_for("that pebble listens", |said| said.contains("ACME directory available").then_some(()));
        let management = SocketAddr::from(([127, 0, 0, 1], management));
        wait_for_connection(SocketAddr::from(([127, 0, 0, 1], listen)));
        wait_for_connection(management);
        Self { _names: names, _pebble: pebble, directory: format!("https://localhost:{listen}/dir"), management }
    }

    /// The root of the certificates that it gives.
    fn root(&self, folder: &Path) -> CertificateDer<'static> {
        let own = CertificateDer::from_pem_file(folder.join("ca.pem")).unwrap();
        let body = crate::http::get_tls_body(self.management, "localhost", own, "/roots/0");
        CertificateDer::from_pem_slice(body.as_bytes()).unwrap()
    }
}

fn wait_for_connection(address: SocketAddr) {
    let begun = Instant::now();
    while TcpStream::connect_timeout(&address, DEADLINE).is_err() {
        assert!(begun.elapsed() < DEADLINE, "nobody listens at {address}");
        std::thread::yield_now();
    }
}

fn gets_a_certificate(extra: impl Fn(u16) -> Vec<String>) {
    if !pebble_is_there() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let (tls_port, http_port) = (free_port(), free_port());
    let authority = Authority::start(folder.path(), tls_port, http_port);
    let start = || {
        let mut command = tidings(folder.path());
        command.args(["serve", "--data-dir", "data", "--listen", &format!("127.0.0.1:{tls_port}")]);
        command.args(["--acme-domains", NAME, "--acme-directory", &authority.directory, "--acme-ca-file", "ca.pem"]);
        Node::start_with(command.args(extra(http_port)))
    };
    let node = start();
    node.process.wait_for("that it got a certificate", |said| said.contains("got a certificate").then_some(()));
    let root = authority.root(folder.path());
    let (status, shown) = get_tls(node.address, NAME, root.clone(), "/healthz");
    assert_eq!(status, 200);
    for entry in fs::read_dir(folder.path().join("data/acme")).unwrap() {
        assert_eq!(entry.unwrap().metadata().unwrap().permissions().mode() & 0o777, 0o600);
    }
    node.stop();

    let node = start();
    assert_eq!(get_tls(node.address, NAME, root, "/healthz"), (200, shown), "the kept certificate must be used");
    assert!(!node.stop().contains("got a certificate"));
}

#[test]
fn a_certificate_is_got_over_tls_and_kept() {
    gets_a_certificate(|_| Vec::new());
}

#[test]
fn a_certificate_is_got_over_http_and_kept() {
    gets_a_certificate(|port| vec!["--acme-http-listen".to_owned(), format!("127.0.0.1:{port}")]);
}

#[test]
fn an_authority_that_does_not_answer_keeps_no_node_from_running() {
    let folder = tempfile::tempdir().unwrap();
    let directory = format!("https://127.0.0.1:{}/dir", free_port());
    let node = Node::start(folder.path(), &["--acme-domains", NAME, "--acme-directory", &directory]);
    node.process.wait_for("that there is no certificate", |said| said.contains("no certificate").then_some(()));
    let output = crate::process::run(folder.path(), ["invite", "--data-dir", "data", "--no-qr"]);
    assert!(output.status.success());
    node.stop();
}
