//! Pushes as a device asks for them: the client that people use, two nodes, and a push service on this machine.

use crate::land::Land;
use crate::people::said;
use crate::process::DEADLINE;
use rcgen::{CertificateParams, KeyPair};
use rustls::pki_types::PrivateKeyDer;
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};
use tidings_client::command::{Command, Done, PushSubscription, Secret};
use tidings_terminal::driver::{Opening, Session, Trust};
use tidings_terminal::place::Place;
use tidings_wire::api::PushOutcome;

/// The keys of the example in RFC 8291, section 5.
const P256DH: &str = "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4";
const AUTH: &str = "BTBZMqHH6r4Tts7J_aSIgg";

/// A push as the service gets it: its first line and headers in small letters, and how many bytes.
type Push = (String, usize);

/// A push service that takes everything.
struct Service {
    address: SocketAddr,
    pushes: Receiver<Push>,
}

impl Service {
    /// Its certificate is written to `authority`.
    fn start(authority: &Path) -> Self {
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let pair = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new(vec!["localhost".to_owned()]).unwrap().self_signed(&pair).unwrap();
        std::fs::write(authority, certificate.pem()).unwrap();
        let key = PrivateKeyDer::try_from(pair.serialize_der()).unwrap();
        let config = ServerConfig::builder().with_no_client_auth();
        let config = Arc::new(config.with_single_cert(vec![certificate.der().clone()], key).unwrap());
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (address, (sender, pushes)) = (listener.local_addr().unwrap(), channel());
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (config, sender) = (Arc::clone(&config), sender.clone());
                std::thread::spawn(move || {
                    serve(StreamOwned::new(ServerConnection::new(config).unwrap(), stream), &sender)
                });
            }
        });
        Self { address, pushes }
    }

    fn subscription(&self, path: &str) -> PushSubscription {
        let endpoint = format!("https://localhost:{}/{path}", self.address.port());
        PushSubscription { endpoint, p256dh: P256DH.to_owned(), auth: Secret(AUTH.to_owned()) }
    }

    fn next(&self) -> Push {
        self.pushes.recv_timeout(DEADLINE).expect("no push came")
    }
}

/// Takes the pushes of one connection until it ends.
fn serve(stream: StreamOwned<ServerConnection, TcpStream>, pushes: &Sender<Push>) {
    let mut stream = BufReader::new(stream);
    loop {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if stream.read_line(&mut head).unwrap_or(0) == 0 {
                return;
            }
        }
        let head = head.to_lowercase();
        let length = head.split_once("content-length: ").unwrap().1.lines().next().unwrap().parse().unwrap();
        let mut body = vec![0; length];
        stream.read_exact(&mut body).unwrap();
        let _ = pushes.send((head, length));
        if stream.get_mut().write_all(b"HTTP/1.1 201 Created\r\ncontent-length: 0\r\n\r\n").is_err() {
            return;
        }
    }
}

async fn open(land: &Land, device: &str) -> Session {
    let place = Place::at(land.path().join("devices").join(device));
    let opening = Opening { place, passphrase: None, new: false, trust: Trust::default(), patience: DEADLINE };
    Session::open(opening).await.unwrap()
}

/// Asks again and again until something is so.
async fn until(session: &Session, what: &str, mut so: impl AsyncFnMut() -> bool) {
    let mut events = session.events();
    let deadline = Instant::now() + DEADLINE;
    while !so().await {
        assert!(Instant::now() < deadline, "in vain: {what}");
        // Not every change is an event.
        let _ = tokio::time::timeout(Duration::from_millis(100), events.next()).await;
    }
}

/// Says where pushes go, and waits until the device's node tells this of its own pushes.
async fn set(session: &Session, push: Option<PushSubscription>, told: &PushOutcome) {
    assert!(matches!(session.command(Command::SetPush(push)).await, Done::Well));
    until(session, &format!("{told:?}"), async || match session.command(Command::TestPush).await {
        Done::Push(outcome, _) => outcome == *told,
        other => panic!("{other:?}"),
    })
    .await;
}

/// Alice's node and Bob's, where their conversation is.
fn land_with_pushes(authority: &str) -> Land {
    let mut land = Land::with(&["north", "south"]);
    let environment = [
        ("TIDINGS_PUSH_ALLOW_LOOPBACK", "true"),
        ("SSL_CERT_FILE", authority),
        ("PUSH_VAPID_CONTACT", "mailto:a@b.example"),
    ];
    for node in ["north", "south"] {
        land.stop(node);
        land.start(node, &environment);
    }
    land.login("bob", "Bob", &land.invitation("south"));
    land.login("alice", "Alice", &land.invitation("north"));
    let link = said(&land.answer("alice", &["invite", "--no-account"]), "link");
    land.ask("bob", &["accept", &link]);
    land.until("Alice knows Bob", &["alice"], || land.ask("alice", &["contacts"]).len() == 1);
    let hub = said(&land.answer("alice", &["rooms"]), "hub");
    assert_eq!(hub, land.url("south"), "whoever accepts has the hub");
    land
}

#[test]
fn a_device_tries_its_pushes_and_is_woken_by_a_hub_elsewhere() {
    let folder = tempfile::tempdir().unwrap();
    let authority = folder.path().join("authority.pem");
    let service = Service::start(&authority);
    let land = land_with_pushes(authority.to_str().unwrap());
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let session = open(&land, "alice").await;
        set(&session, None, &PushOutcome::None).await;
        set(&session, Some(service.subscription("of-alice")), &PushOutcome::Taken).await;
        let knows = async || land.metrics("south").lines().any(|line| line.contains("/wake\",status=\"2xx"));
        until(&session, "Bob's node knows how to wake her", knows).await;
        session.close().await;
    });
    let (head, length) = service.next();
    assert!(head.starts_with("post /of-alice ") && head.contains("content-encoding: aes128gcm"), "{head}");
    // Nobody of hers listens, and the conversation is at Bob's node, which knows no push service of hers.
    land.send("bob", "Alice", "wake up");
    let (head, woken) = service.next();
    assert!(head.starts_with("post /of-alice ") && !head.contains("bob"), "{head}");
    assert_eq!(woken, length, "all pushes look the same");
    assert!(land.receive("alice").iter().any(|message| message["text"] == "wake up"));
    runtime.block_on(async {
        let session = open(&land, "alice").await;
        set(&session, None, &PushOutcome::None).await;
        session.close().await;
    });
}
