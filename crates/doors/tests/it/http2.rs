//! The door over TLS and HTTP/2, asked by a client that speaks it well and reads badly.

use crate::node::{Ask, DEADLINE, Node, Person, Setup};
use arc_swap::ArcSwap;
use reqwest::{Certificate, Client, Method, Response};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use std::sync::Arc;
use std::time::Duration;

/// A node that speaks TLS as `localhost`, and a client that trusts it.
async fn node_with_tls(mut setup: Setup) -> (Node, Client) {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let certificate: CertificateDer<'static> = made.cert.der().clone();
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    // Somebody may have been first; that is as good.
    let _ = rustls::crypto::CryptoProvider::install_default(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.clone()], key)
        .unwrap();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    setup.tls = Some(Arc::new(ArcSwap::from_pointee(config)));
    let client = Client::builder()
        .tls_certs_only([Certificate::from_der(&certificate).unwrap()])
        .http2_initial_stream_window_size(65_535)
        .http2_initial_connection_window_size(200_000)
        .build()
        .unwrap();
    (Node::with(setup).await, client)
}

async fn ask(node: &Node, client: &Client, ask: Ask) -> Response {
    let url = format!("https://localhost:{}{}", node.address.port(), ask.path);
    let mut request = client.request(Method::from_bytes(ask.method.as_bytes()).unwrap(), url).body(ask.body);
    for (name, value) in ask.headers {
        request = request.header(name, value);
    }
    tokio::time::timeout(DEADLINE, request.send()).await.expect("no answer").unwrap()
}

#[tokio::test]
async fn answers_have_no_connection_header() {
    let (node, client) = node_with_tls(Setup::default()).await;
    let alice = node.join(1).await;
    node.set_contacts_over(&client, &alice).await;
    let info = ask(&node, &client, Ask::get("/api/info")).await;
    assert_eq!((info.status().as_u16(), info.version()), (200, http::Version::HTTP_2));
    let big = Ask::post("/api/parcels").with("multipart/form-data; boundary=x", vec![b'x'; 5_000_000]);
    let refused = ask(&node, &client, big.header("Expect", "100-continue")).await;
    assert_eq!((refused.status().as_u16(), refused.headers().get("connection")), (401, None));
    assert_eq!(refused.text().await.unwrap(), "Signature is invalid");
    let made = ask(&node, &client, Ask::post("/api/contact-exchange").json("{}").signed(&alice, node.now())).await;
    let made: serde_json::Value = serde_json::from_slice(&made.bytes().await.unwrap()).unwrap();
    let url = format!("https://localhost:{}/api/", node.address.port());
    assert!(made["acceptUrl"].as_str().unwrap().starts_with(&url), "the host stands in the request's target");
}

#[tokio::test]
async fn attachments_go_both_ways() {
    let (node, client) = node_with_tls(Setup::default()).await;
    let alice = node.join(1).await;
    node.set_contacts_over(&client, &alice).await;
    let bytes: Vec<u8> = (0..3_000_000_u32).map(|at| (at % 251) as u8).collect();
    let id = upload(&node, &client, &alice, &bytes).await;
    let read = ask(&node, &client, download(&id).signed(&alice, node.now())).await;
    assert_eq!(read.headers()["content-length"], "3000000");
    assert!(read.bytes().await.unwrap() == bytes);
}

#[tokio::test]
async fn a_stream_that_nobody_reads_is_dropped() {
    let mut setup = Setup::default();
    setup.door.transfers_per_key = 1;
    setup.http.stall_timeout = Duration::from_millis(300);
    let (node, client) = node_with_tls(setup).await;
    let alice = node.join(1).await;
    node.set_contacts_over(&client, &alice).await;
    let id = upload(&node, &client, &alice, &[1; 5_000_000]).await;
    let unread = ask(&node, &client, download(&id).signed(&alice, node.now())).await;
    assert_eq!(unread.status().as_u16(), 200);
    let again = async {
        let mut pause = tokio::time::interval(Duration::from_millis(100));
        // Over another connection, so that the first one has nothing else to do.
        loop {
            pause.tick().await;
            let (other, head) = (client_like(&client), Ask { method: "HEAD", ..download(&id) });
            if ask(&node, &other, head.signed(&alice, node.now())).await.status().as_u16() == 200 {
                return;
            }
        }
    };
    tokio::time::timeout(DEADLINE, again).await.expect("it goes on for ever");
    assert!(unread.bytes().await.is_err(), "the rest never comes");
}

/// Another client that trusts anybody; it has a connection of its own.
fn client_like(_: &Client) -> Client {
    Client::builder().tls_danger_accept_invalid_certs(true).build().unwrap()
}

fn download(id: &str) -> Ask {
    Ask::get(&format!("/api/parcels/{id}/attachment"))
}

async fn upload(node: &Node, client: &Client, person: &Person, bytes: &[u8]) -> String {
    let form = crate::node::Form::new().text("type", "MEDIA").text("recipient", &format!("{} x", person.id));
    let upload = Ask::post("/api/parcels").form(form.file("attachment", "a", bytes)).signed(person, node.now());
    assert_eq!(ask(node, client, upload).await.status().as_u16(), 200);
    node.ids(person).await.pop().unwrap()
}

impl Node {
    /// Puts somebody on their own list of contacts.
    async fn set_contacts_over(&self, client: &Client, person: &Person) {
        let body = format!("{{\"contacts\":[\"{}\"]}}", person.id);
        let asked = Ask::post("/api/account/contacts").json(&body).signed(person, self.now());
        assert_eq!(ask(self, client, asked).await.status().as_u16(), 204);
    }
}
