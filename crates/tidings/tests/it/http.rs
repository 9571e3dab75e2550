//! As little of an HTTP client as these tests need.

use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;

use crate::process::DEADLINE;

/// An answer's status and everything after its headers.
pub(crate) fn get(address: SocketAddr, path: &str, headers: &str) -> (u16, String) {
    exchange(connect(address), path, headers)
}

/// The same over TLS, with the certificate that the server showed rather than what it answered.
pub(crate) fn get_tls(address: SocketAddr, name: &str, root: CertificateDer<'static>, path: &str) -> (u16, Vec<u8>) {
    let (status, _, shown) = over_tls(address, name, root, path);
    (status, shown)
}

/// The same over TLS, with what the server answered.
pub(crate) fn get_tls_body(address: SocketAddr, name: &str, root: CertificateDer<'static>, path: &str) -> String {
    over_tls(address, name, root, path).1
}

fn over_tls(address: SocketAddr, name: &str, root: CertificateDer<'static>, path: &str) -> (u16, String, Vec<u8>) {
    let mut stream = open_tls(address, name, root);
    let (status, body) = exchange(&mut stream, path, "");
    let shown = stream.conn.peer_certificates().unwrap()[0].to_vec();
    (status, body, shown)
}

/// A connection with TLS, which trusts this certificate alone.
pub(crate) fn open_tls(
    address: SocketAddr,
    name: &str,
    root: CertificateDer<'static>,
) -> StreamOwned<ClientConnection, TcpStream> {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let mut roots = RootCertStore::empty();
    roots.add(root).unwrap();
    let config = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    let name = ServerName::try_from(name.to_owned()).unwrap();
    StreamOwned::new(ClientConnection::new(Arc::new(config), name).unwrap(), connect(address))
}

fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect_timeout(&address, DEADLINE).unwrap();
    stream.set_read_timeout(Some(DEADLINE)).unwrap();
    stream
}

fn exchange(mut stream: impl Read + Write, path: &str, headers: &str) -> (u16, String) {
    write!(stream, "GET {path} HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n{headers}\r\n").unwrap();
    let mut answer = Vec::new();
    // A server that closes without TLS's good-bye is no failure here.
    let _ = stream.read_to_end(&mut answer);
    let answer = String::from_utf8(answer).unwrap();
    let status = answer.split(' ').nth(1).unwrap_or_else(|| panic!("{answer:?}")).parse().unwrap();
    (status, answer.split_once("\r\n\r\n").unwrap().1.to_owned())
}
