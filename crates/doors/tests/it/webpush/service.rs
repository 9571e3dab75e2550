//! A push service on loopback: keeps what it got, answers as told.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, Method, Response, Uri, Version};
use axum::serve::Listener;
use futures_util::stream;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// How long a test waits for what must come.
const PATIENCE: Duration = Duration::from_secs(20);

/// How the service answers.
#[derive(Clone)]
pub enum Reply {
    Status(u16),
    With(u16, &'static str, String),
    /// 201 and a body without an end.
    EndlessBody,
    /// 201 and a body that never comes.
    StalledBody,
    /// Nothing at all.
    Stall,
}

/// A request as it arrived.
pub struct Received {
    pub method: Method,
    pub uri: Uri,
    pub version: Version,
    pub headers: HeaderMap,
    pub body: Bytes,
}

pub struct PushService {
    pub address: SocketAddr,
    received: mpsc::UnboundedReceiver<Received>,
    task: JoinHandle<()>,
}

impl Drop for PushService {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl PushService {
    pub async fn start(reply: Reply) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (app, received) = app(reply);
        let task = tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self { address, received, task }
    }

    /// One that speaks TLS with a certificate of its own for `localhost`, which is given, too.
    pub async fn start_tls(reply: Reply) -> (Self, CertificateDer<'static>) {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let certificate = made.cert.der().clone();
        let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let mut config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.clone()], key)
            .unwrap();
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        let tcp = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = tcp.local_addr().unwrap();
        let listener = TlsListener { tcp, acceptor: TlsAcceptor::from(Arc::new(config)) };
        let (app, received) = app(reply);
        let task = tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        (Self { address, received, task }, certificate)
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// The next request, which must have come or be on its way.
    pub async fn next(&mut self) -> Received {
        tokio::time::timeout(PATIENCE, self.received.recv()).await.expect("a request arrives").unwrap()
    }

    /// Whether a request has come that was not looked at.
    pub fn has_more(&mut self) -> bool {
        self.received.try_recv().is_ok()
    }
}

type Shared = State<(Reply, mpsc::UnboundedSender<Received>)>;

fn app(reply: Reply) -> (Router, mpsc::UnboundedReceiver<Received>) {
    let (sender, receiver) = mpsc::unbounded_channel();
    (Router::new().fallback(take).with_state((reply, sender)), receiver)
}

async fn take(
    State((reply, sender)): Shared,
    method: Method,
    uri: Uri,
    version: Version,
    headers: HeaderMap,
    body: Bytes,
) -> Response<Body> {
    sender.send(Received { method, uri, version, headers, body }).unwrap();
    let created = Response::builder().status(201);
    match reply {
        Reply::Status(status) => Response::builder().status(status).body(Body::empty()).unwrap(),
        Reply::With(status, name, value) => {
            Response::builder().status(status).header(name, value).body(Body::from("why")).unwrap()
        }
        Reply::EndlessBody => {
            let pieces = stream::repeat_with(|| Ok::<_, std::io::Error>(Bytes::from_static(&[b'x'; 1000])));
            created.body(Body::from_stream(pieces)).unwrap()
        }
        Reply::StalledBody => {
            let silence = stream::pending::<Result<Bytes, std::io::Error>>();
            created.body(Body::from_stream(silence)).unwrap()
        }
        Reply::Stall => std::future::pending().await,
    }
}

struct TlsListener {
    tcp: TcpListener,
    acceptor: TlsAcceptor,
}

impl Listener for TlsListener {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        loop {
            let (stream, address) = self.tcp.accept().await.unwrap();
            // A client that does not trust the certificate leaves here.
            if let Ok(stream) = self.acceptor.accept(stream).await {
                return (stream, address);
            }
        }
    }

    fn local_addr(&self) -> std::io::Result<SocketAddr> {
        self.tcp.local_addr()
    }
}
