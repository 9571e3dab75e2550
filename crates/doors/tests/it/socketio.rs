//! Socket.IO as its clients see it (wire/denetwork.md, section 1), request by request. npm's client is tried in tests/e2e.

use crate::node::DEADLINE;
use crate::websocket::client::Client;
use crate::websocket::{Served, start};
use reqwest::Response;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;
use tidings_doors::http::HttpSettings;
use tidings_doors::socketio::{Incoming, Session, Settings, SocketIo, event_frame};
use tidings_engine::Entropy;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

const QUERY: &str = "/socket.io/?EIO=4&transport=";

/// Answers every event with its argument, without an acknowledgement as the event `echo`.
async fn echo(mut session: Session) {
    while let Incoming::Event(event) = session.event().await {
        let argument = event.argument().unwrap_or("null").to_owned();
        match event.ack() {
            _ if event.name() == "bye" => session.close(),
            Some(ack) => session.reply(ack, argument.as_bytes()),
            None => session.send(event_frame("echo", argument.as_bytes())),
        }
    }
}

async fn serve(settings: Settings) -> Served {
    let shutdown = CancellationToken::new();
    let io = SocketIo::new(settings, Entropy::seeded(3), shutdown.clone(), echo);
    start(io.router(), HttpSettings::default(), None, shutdown).await
}

/// A polling client.
struct Poller {
    served: Served,
    sid: String,
}

impl Poller {
    async fn new(settings: Settings) -> Self {
        let mut poller = Self { served: serve(settings).await, sid: String::new() };
        poller.open().await;
        poller
    }

    async fn open(&mut self) {
        let opened = get(&self.served, &format!("{QUERY}polling")).await.text().await.unwrap();
        let opening: serde_json::Value = serde_json::from_str(opened.strip_prefix('0').unwrap()).unwrap();
        assert_eq!(opening["upgrades"], serde_json::json!(["websocket"]));
        assert_eq!(opening["maxPayload"], 1_000_000);
        self.sid = opening["sid"].as_str().unwrap().to_owned();
    }

    async fn join(self) -> Self {
        self.post("40").await;
        assert!(self.poll().await.starts_with("40{\"sid\":\""));
        self
    }

    fn path(&self) -> String {
        format!("{QUERY}polling&sid={}", self.sid)
    }

    async fn poll(&self) -> String {
        get(&self.served, &self.path()).await.text().await.unwrap()
    }

    async fn post(&self, body: &str) -> u16 {
        post(&self.served, &self.path(), body).await.status().as_u16()
    }
}

async fn get(served: &Served, path: &str) -> Response {
    let asked = reqwest::get(format!("http://{}{path}", served.address));
    timeout(DEADLINE, asked).await.expect("no answer").unwrap()
}

async fn post(served: &Served, path: &str, body: &str) -> Response {
    let asked = reqwest::Client::new().post(format!("http://{}{path}", served.address)).body(body.to_owned()).send();
    timeout(DEADLINE, asked).await.expect("no answer").unwrap()
}

#[tokio::test]
async fn polling_alone_will_do() {
    let poller = Poller::new(Settings::default()).await.join().await;
    assert_eq!(poller.post("420[\"x\",{\"half\":\"\\ud800\"}]\u{1e}42[\"y\"]\u{1e}43[]").await, 200);
    assert_eq!(poller.poll().await, "430[{\"half\":\"\\ud800\"}]\u{1e}42[\"echo\",null]");
    // A poll that waits is answered when there is something.
    let (said, status) = tokio::join!(poller.poll(), poller.post("427[\"x\",1]"));
    assert_eq!((said.as_str(), status), ("437[1]", 200));
    assert_eq!(poller.post("42[\"bye\"]").await, 200);
    assert!(matches!(poller.poll().await.as_str(), "1" | "{\"code\":1,\"message\":\"Session ID unknown\"}"));
}

#[tokio::test]
async fn a_client_goes_over_to_websocket_and_loses_nothing() {
    let poller = Poller::new(Settings::default()).await.join().await;
    let mut socket = Client::open(poller.served.address, &format!("{QUERY}websocket&sid={}", poller.sid)).await;
    let probing = async {
        socket.say("2probe").await;
        assert_eq!(socket.text().await, "3probe");
    };
    let (waiting, ()) = tokio::join!(poller.poll(), probing);
    assert_eq!(waiting, "6", "the poll that waited is released");
    assert_eq!(poller.post("42[\"x\",1]").await, 200);
    assert_eq!(poller.post("42[\"x\",2]").await, 200);
    socket.say("5").await;
    socket.say("423[\"x\",3]").await;
    for expected in ["42[\"echo\",1]", "42[\"echo\",2]", "433[3]"] {
        assert_eq!(socket.text().await, expected);
    }
    assert_eq!(poller.post("42[\"x\"]").await, 400, "the session has left");
    socket.say("41").await;
    assert_eq!(socket.hear().await.unwrap().0, 0x88);
}

#[tokio::test]
async fn a_probe_that_fails_changes_nothing() {
    let poller = Poller::new(Settings::default()).await.join().await;
    let mut socket = Client::open(poller.served.address, &format!("{QUERY}websocket&sid={}", poller.sid)).await;
    socket.say("2probe").await;
    assert_eq!(socket.text().await, "3probe");
    socket.say("nonsense").await;
    assert_eq!(socket.hear().await.unwrap().0, 0x88);
    assert_eq!(poller.post("42[\"x\",1]").await, 200);
    assert_eq!(poller.poll().await, "42[\"echo\",1]");
}

#[tokio::test]
async fn websocket_alone_will_do() {
    let served = serve(Settings::default()).await;
    let mut socket = Client::open(served.address, &format!("{QUERY}websocket")).await;
    let opening = socket.text().await;
    assert!(opening.starts_with("0{\"sid\":\"") && opening.contains("\"upgrades\":[],\"pingInterval\":25000,"));
    socket.say("40/admin,{\"token\":1}").await;
    assert_eq!(socket.text().await, "44/admin,{\"message\":\"Invalid namespace\"}");
    socket.say("40").await;
    assert!(socket.text().await.starts_with("40{\"sid\":\""));
    // An event with an attachment waits for it, and shows where it was.
    socket.say("451-9[\"x\",{\"_placeholder\":true,\"num\":0}]").await;
    socket.frame(0x82, b"attached").await;
    assert_eq!(socket.text().await, "439[{\"_placeholder\":true,\"num\":0}]");
}

#[tokio::test]
async fn nonsense_ends_a_session() {
    let served = serve(Settings::default()).await;
    for nonsense in ["x", "2", "42[\"x\"]", "40{", "7"] {
        let mut socket = Client::open(served.address, &format!("{QUERY}websocket")).await;
        socket.text().await;
        socket.say(nonsense).await;
        assert_eq!(socket.hear().await.map(|frame| frame.0), Some(0x88), "{nonsense}");
    }
    for nonsense in ["42[]", "42[\"connect\"]", "40x", "4", "42/admin,[\"x\"]"] {
        let mut socket = Client::open(served.address, &format!("{QUERY}websocket")).await;
        socket.text().await;
        socket.say("40").await;
        socket.text().await;
        socket.say(nonsense).await;
        assert_eq!(socket.hear().await.map(|frame| frame.0), Some(0x88), "{nonsense}");
    }
}

#[tokio::test]
async fn requests_are_refused_as_by_the_reference() {
    let served = serve(Settings::default()).await;
    for (method, path, code) in [
        ("GET", "/socket.io/?EIO=4", 0),
        ("GET", "/socket.io?EIO=4&transport=flashsocket", 0),
        ("GET", "/socket.io/?EIO=4&transport=polling&sid=nobody", 1),
        ("POST", "/socket.io/?EIO=4&transport=polling", 2),
        ("GET", "/socket.io/?EIO=4&transport=websocket", 3),
        ("GET", "/socket.io/?EIO=3&transport=polling", 5),
    ] {
        let answer = if method == "GET" { get(&served, path).await } else { post(&served, path, "").await };
        assert_eq!(
            (answer.status().as_u16(), answer.headers()["access-control-allow-origin"].to_str().unwrap()),
            (400, "*")
        );
        let body: serde_json::Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
        assert_eq!(body["code"], code, "{path}");
    }
    let url = format!("http://{}{QUERY}polling", served.address);
    let preflight = reqwest::Client::new().request(reqwest::Method::OPTIONS, url);
    let answer = preflight.header("Access-Control-Request-Headers", "x-own").send().await.unwrap();
    assert_eq!(answer.status().as_u16(), 204);
    assert_eq!(answer.headers()["access-control-allow-headers"], "x-own");
}

#[tokio::test]
async fn two_polls_at_once_end_the_session() {
    let poller = Poller::new(Settings::default()).await.join().await;
    let (one, other) = tokio::join!(poller.poll(), poller.poll());
    let refused = |text: &str| text.contains("\"code\":");
    assert!(one == "1" && refused(&other) || other == "1" && refused(&one), "{one} {other}");
    assert_eq!(poller.post("42[\"x\"]").await, 400);
}

#[tokio::test]
async fn bodies_have_a_limit() {
    let poller = Poller::new(Settings::default()).await.join().await;
    assert_eq!(poller.post(&"x".repeat(1_000_001)).await, 413);
}

#[tokio::test]
async fn who_does_not_answer_pings_is_left() {
    let quick = Duration::from_millis(400);
    let settings = Settings { ping_interval: quick, ping_timeout: quick * 3 / 4, ..Settings::default() };
    let served = serve(settings.clone()).await;
    let mut socket = Client::open(served.address, &format!("{QUERY}websocket")).await;
    socket.text().await;
    socket.say("40").await;
    socket.text().await;
    for _ in 0..3 {
        assert_eq!(socket.text().await, "2");
        socket.say("3").await;
    }
    assert_eq!(socket.text().await, "2");
    assert_eq!(socket.hear().await.unwrap().0, 0x88);
    // Polls that stop end a session, too.
    let poller = Poller::new(settings).await;
    let gone = async {
        while poller.post("3").await == 200 {
            tokio::task::yield_now().await;
        }
    };
    assert!(timeout(DEADLINE, gone).await.is_ok());
}

#[tokio::test]
async fn sessions_without_a_connection_are_counted() {
    let mut poller = Poller::new(Settings { max_polling: 16, ..Settings::default() }).await;
    for _ in 1..16 {
        poller.open().await;
    }
    assert_eq!(get(&poller.served, &format!("{QUERY}polling")).await.status().as_u16(), 503);
    assert_eq!(poller.post("1").await, 200);
    poller.open().await;
}

#[tokio::test]
async fn the_end_of_the_node_releases_polls() {
    let poller = Poller::new(Settings::default()).await.join().await;
    let shutdown = poller.served.shutdown.clone();
    let later = async {
        // Connections are accepted in order, so the poll waits by then.
        for _ in 0..10 {
            assert_eq!(poller.post("3").await, 200);
        }
        shutdown.cancel();
    };
    let (said, ()) = tokio::join!(poller.poll(), later);
    assert_eq!(said, "1");
    timeout(Duration::from_secs(5), poller.served.task).await.expect("it ends at once").unwrap();
}

/// The numbers of the events `echo` among these packets.
fn echoes(packets: &str) -> Vec<u32> {
    let number = |packet: &str| packet.strip_prefix("42[\"echo\",")?.strip_suffix(']')?.parse().ok();
    packets.split('\u{1e}').filter_map(number).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whenever_a_client_goes_over_all_arrives_once_and_in_order() {
    const LAST: u32 = 60;
    for begin in [0, 1, 3, 7] {
        let poller = Poller::new(Settings::default()).await.join().await;
        let (posted, over) = (AtomicU32::new(0), AtomicBool::new(false));
        let polling = async {
            let mut heard = Vec::new();
            while !over.load(Ordering::SeqCst) {
                heard.extend(echoes(&poller.poll().await));
            }
            heard
        };
        let posting = async {
            while !over.load(Ordering::SeqCst) {
                let next = posted.load(Ordering::SeqCst) + 1;
                assert_eq!(poller.post(&format!("42[\"x\",{next}]")).await, 200);
                posted.store(next, Ordering::SeqCst);
            }
        };
        let probing = async {
            while posted.load(Ordering::SeqCst) < begin {
                tokio::task::yield_now().await;
            }
            let path = format!("{QUERY}websocket&sid={}", poller.sid);
            let mut socket = Client::open(poller.served.address, &path).await;
            socket.say("2probe").await;
            assert_eq!(socket.text().await, "3probe");
            over.store(true, Ordering::SeqCst);
            socket
        };
        let (mut heard, (), mut socket) = tokio::join!(polling, posting, probing);
        socket.say("5").await;
        let posted = posted.into_inner();
        for next in posted + 1..=posted + LAST {
            socket.say(&format!("42[\"x\",{next}]")).await;
        }
        while heard.len() < (posted + LAST) as usize {
            heard.extend(echoes(&socket.text().await));
        }
        assert_eq!(heard, (1..=posted + LAST).collect::<Vec<_>>());
    }
}
