//! Sockets on connections that the node accepted: their places, their patience, their end.

pub mod client;

use crate::node::{DEADLINE, until};
use arc_swap::ArcSwap;
use axum::Router;
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use client::{Client, request};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tidings_doors::http::{HttpSettings, Tls, serve};
use tidings_doors::websocket::{Event, Frame, handshake};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

/// Bytes that a message may have here.
const LIMIT: usize = 100;

pub struct Served {
    pub address: SocketAddr,
    pub shutdown: CancellationToken,
    pub task: JoinHandle<()>,
}

/// A server with these routes.
pub async fn start(router: Router, settings: HttpSettings, tls: Option<Tls>, shutdown: CancellationToken) -> Served {
    // Clients and TLS want it. Somebody may have been first; that is as good.
    let _ = rustls::crypto::CryptoProvider::install_default(rustls::crypto::aws_lc_rs::default_provider());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let settings = Arc::new(ArcSwap::from_pointee(settings));
    let task = tokio::spawn(serve(listener, tls, router, settings, shutdown.clone()));
    Served { address, shutdown, task }
}

/// A server that says again what is said to it.
async fn echo(settings: HttpSettings, tls: Option<Tls>) -> Served {
    start(Router::new().fallback(answer), settings, tls, CancellationToken::new()).await
}

async fn answer(mut request: Request) -> Response {
    let (response, opening) = match handshake(&mut request) {
        Ok(done) => done,
        Err(refused) => return refused.into_response(),
    };
    tokio::spawn(async move {
        let mut socket = opening.socket(LIMIT).await.unwrap();
        while let Ok(event) = socket.event().await {
            socket.send(match event {
                Event::Text(text) => Frame::text(text.as_bytes()),
                Event::Binary(bytes) => Frame::binary(&bytes),
            });
        }
    });
    response
}

#[tokio::test]
async fn what_is_said_comes_back() {
    let served = echo(HttpSettings::default(), None).await;
    let mut client = Client::open(served.address, "/any/path?x").await;
    client.say("hello").await;
    assert_eq!(client.text().await, "hello");
    client.frame(0x02, b"hel").await;
    client.frame(0x89, b"?").await;
    client.frame(0x80, b"lo").await;
    assert_eq!(client.hear().await.unwrap(), (0x8A, b"?".to_vec()));
    assert_eq!(client.hear().await.unwrap(), (0x82, b"hello".to_vec()));
    client.frame(0x81, &[b'x'; LIMIT + 1]).await;
    assert_eq!(client.hear().await.unwrap(), (0x88, 1009_u16.to_be_bytes().to_vec()));
    assert_eq!(client.hear().await, None);
}

#[tokio::test]
async fn the_first_words_may_come_with_the_request() {
    let served = echo(HttpSettings::default(), None).await;
    let mut stream = TcpStream::connect(served.address).await.unwrap();
    let early = [request("/").as_bytes(), &[0x81, 0x82, 0, 0, 0, 0, b'h', b'i']].concat();
    stream.write_all(&early).await.unwrap();
    let mut got = Vec::new();
    while !got.ends_with(b"\x81\x02hi") {
        assert!(timeout(DEADLINE, stream.read_buf(&mut got)).await.unwrap().unwrap() > 0);
    }
}

#[tokio::test]
async fn no_upgrade_is_told_how() {
    let served = echo(HttpSettings::default(), None).await;
    let answer = reqwest::get(format!("http://{}/", served.address)).await.unwrap();
    assert_eq!((answer.status().as_u16(), answer.headers()["upgrade"].to_str().unwrap()), (426, "websocket"));
    assert_eq!(answer.text().await.unwrap(), "Upgrade Required");
}

#[tokio::test]
async fn silence_is_no_fault() {
    let short = Duration::from_millis(200);
    let times =
        HttpSettings { header_timeout: short, request_timeout: short, stall_timeout: short, ..HttpSettings::default() };
    let served = echo(times, None).await;
    let mut client = Client::open(served.address, "/").await;
    assert!(timeout(short * 3, client.hear()).await.is_err(), "nothing happens for longer than any limit");
    client.say("still here").await;
    assert_eq!(client.text().await, "still here");
}

#[tokio::test]
async fn who_reads_nothing_is_left() {
    let short = Duration::from_millis(100);
    let served = echo(HttpSettings { stall_timeout: short, max_connections: 1, ..HttpSettings::default() }, None).await;
    let mut client = Client::open(served.address, "/").await;
    let frame = [&[0x82, 0x80 | 100, 0, 0, 0, 0][..], &[7; 100]].concat();
    // Until the server takes no more, and then gives up.
    let flood = async { while client.stream.write_all(&frame).await.is_ok() {} };
    assert!(timeout(DEADLINE, flood).await.is_ok());
    // The one place is free again.
    Client::open(served.address, "/").await;
}

#[tokio::test]
async fn a_socket_keeps_its_place() {
    let served = echo(HttpSettings { max_connections: 1, ..HttpSettings::default() }, None).await;
    let mut first = Client::open(served.address, "/").await;
    let address = served.address;
    let second = tokio::spawn(async move { Client::open(address, "/").await });
    for _ in 0..20 {
        first.say("my place").await;
        assert_eq!(first.text().await, "my place");
        assert!(!second.is_finished());
    }
    drop(first);
    until("the place is free", || second.is_finished()).await;
    second.await.unwrap();
}

#[tokio::test]
async fn the_end_of_the_node_is_told() {
    let served = echo(HttpSettings::default(), None).await;
    let mut clients = Vec::new();
    for _ in 0..20 {
        clients.push(Client::open(served.address, "/").await);
    }
    served.shutdown.cancel();
    for client in &mut clients {
        assert_eq!(client.hear().await, Some((0x88, 1001_u16.to_be_bytes().to_vec())));
        client.frame(0x88, &1001_u16.to_be_bytes()).await;
    }
    drop(clients);
    timeout(Duration::from_secs(5), served.task).await.expect("sessions end at once").unwrap();
}

#[tokio::test]
async fn tls_carries_sockets_too() {
    let _ = rustls::crypto::CryptoProvider::install_default(rustls::crypto::aws_lc_rs::default_provider());
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let certificate: CertificateDer<'static> = made.cert.der().clone();
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    let config = rustls::ServerConfig::builder().with_no_client_auth();
    let config = config.with_single_cert(vec![certificate.clone()], key).unwrap();
    let served = echo(HttpSettings::default(), Some(Arc::new(ArcSwap::from_pointee(config)))).await;
    let mut roots = rustls::RootCertStore::empty();
    roots.add(certificate).unwrap();
    let config = rustls::ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    let connector = tokio_rustls::TlsConnector::from(Arc::new(config));
    let stream = TcpStream::connect(served.address).await.unwrap();
    let stream = connector.connect(ServerName::try_from("localhost").unwrap(), stream).await.unwrap();
    let mut client = Client::over(stream, "/").await;
    for round in 0..100 {
        client.say(&format!("round {round}")).await;
    }
    for round in 0..100 {
        assert_eq!(client.text().await, format!("round {round}"));
    }
}
