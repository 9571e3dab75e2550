//! Clients that are broken, hostile or slow cost others nothing.

use super::client::{ALICE, BOB, CAROL, Frame, Line, SENT, Web, error, joined, new, old, said};
use super::server::{Server, settings, soon, until};
use crate::node::DEADLINE;
use serde_json::{Value, json};
use std::time::Duration;
use tidings_doors::darkchat::Settings;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpSocket;
use tokio::time::Instant;

/// A client of 0.3 repeats its last request on every error, at once.
#[tokio::test]
async fn loops_of_broken_clients_slow_down_and_end() {
    let server = Server::start().await;
    let mut loops = Web::open(&server).await;
    let begun = Instant::now();
    let mut errors = 0;
    loop {
        loops.send(&said(ALICE, "room", "x")).await;
        match loops.frame().await {
            Frame::Text(text) => assert!(text.starts_with(r#"{"type":"error""#), "{text}"),
            Frame::Closed => break,
            other => panic!("{other:?}"),
        }
        errors += 1;
        if errors == 20 {
            assert!(begun.elapsed() < Duration::from_secs(10), "the first ones cost nothing");
        }
        if errors == 30 {
            // What it takes to the end is known from the unit tests.
            assert!(begun.elapsed() > Duration::from_secs(1), "{:?}", begun.elapsed());
            break;
        }
    }
    assert_eq!(errors, 30);
    let mut line = Line::open(&server).await;
    for _ in 0..61 {
        // Merged, so that the delays do not add up: the connection ends all the same.
        if line.stream.write_all(b"{}").await.is_err() {
            break;
        }
    }
}

#[tokio::test]
async fn strangers_may_say_little_and_members_more() {
    let server = Server::start().await;
    let mut stranger = Line::open(&server).await;
    let half = format!("{{\"x\":\"{}", "x".repeat(70_000));
    assert!(stranger.ask(&half).await.contains("MALFORMED DATA"));
    assert_eq!(stranger.read().await, "", "closed");
    let mut stranger = Web::open(&server).await;
    assert!(stranger.ask(&format!("{half}\"}}")).await.contains("MALFORMED DATA"));
    assert_eq!(stranger.frame().await, Frame::Closed);
    let mut stranger = Web::open(&server).await;
    // A frame that announces more than a stranger may say; nothing of it need come.
    stranger.stream.write_all(&[0x81, 0xff, 0, 0, 0, 0, 0, 0x10, 0, 0, 0, 0, 0, 0]).await.unwrap();
    assert_eq!(stranger.frame().await, Frame::Closed);
    let mut alice = Web::new(&server, ALICE, &["room"]).await;
    let mut bob = Web::new(&server, BOB, &["room"]).await;
    let large = said(ALICE, "room", &"x".repeat(1_000_000));
    assert_eq!(alice.ask(&large).await, SENT);
    assert_eq!(bob.read().await, large);
    assert!(alice.ask(&said(ALICE, "room", &"x".repeat(1_100_000))).await.contains("MALFORMED DATA"));
    assert_eq!(alice.frame().await, Frame::Closed);
}

#[tokio::test]
async fn what_does_not_end_is_ended() {
    let brief = Duration::from_millis(300);
    let server = Server::with(Settings { object_timeout: brief, login_timeout: brief * 4, ..settings() }).await;
    let mut endless = Line::open(&server).await;
    assert!(endless.ask("{\"type\":").await.contains("MALFORMED DATA"));
    assert_eq!(endless.read().await, "");
    let mut silent = Line::open(&server).await;
    assert!(silent.read().await.contains("MALFORMED DATA"), "the login took too long");
    assert_eq!(silent.read().await, "");
    let mut silent = Web::open(&server).await;
    assert_eq!(silent.frame().await, Frame::Closed);
}

/// A socket that is silent is pinged; one that has begun a message has to end it.
#[tokio::test]
async fn a_message_on_a_socket_has_to_end() {
    let server = Server::start().await;
    let mut alice = Web::new(&server, ALICE, &["room"]).await;
    alice.stream.write_all(&[0x81, 0xfe, 0x10, 0x00, 0, 0, 0, 0, b'{']).await.unwrap();
    // From here on, time passes as soon as everybody waits.
    tokio::time::pause();
    let mut rest = Vec::new();
    alice.stream.read_to_end(&mut rest).await.unwrap();
    assert_eq!(rest, [0x89, 0, 0x88, 2, 0x03, 0xf0], "a ping, and then the end");
}

#[tokio::test]
async fn half_closing_closes_both_ways() {
    let server = Server::start().await;
    let mut alice = Line::old(&server, ALICE, &["room"]).await;
    alice.stream.shutdown().await.unwrap();
    assert_eq!(alice.read().await, "");
    until("she has left", || server.door.channels().is_empty()).await;
}

#[tokio::test]
async fn channels_of_a_connection_are_bounded() {
    let server = Server::with(Settings { channels_per_connection: 2, ..settings() }).await;
    let mut alice = Web::new(&server, ALICE, &["one", "two"]).await;
    let join = |channel: Value| new(ALICE, "join", Value::Null, Value::Null, channel);
    assert_eq!(alice.ask(&join(json!("three"))).await, error("TOO MANY CHANNELS"));
    assert_eq!(alice.ask(&join(json!("two"))).await, joined("two"));
    assert_eq!(alice.ask(&join(json!("x".repeat(257)))).await, error("CHANNEL NAME NOT ACCEPTED"));
}

#[tokio::test]
async fn guests_come_in_if_the_owner_wants() {
    let server = Server::with(Settings { keyless: true, ..settings() }).await;
    let mut guest = Line::open(&server).await;
    let mut alice = Web::new(&server, ALICE, &["room"]).await;
    assert_eq!(guest.ask(r#"{"type":"join","uname":"g","cname":"room"}"#).await, joined("room"));
    let hello = r#"{"type":"msg","uname":"g","msg":"hello"}"#;
    guest.send(hello).await;
    assert_eq!(alice.read().await, hello);
    assert_eq!(alice.ask(&said(ALICE, "room", "welcome")).await, SENT);
    assert_eq!(guest.read().await, said(ALICE, "room", "welcome"));
}

/// A reader that takes nothing costs the others nothing, loses the oldest, and is closed after a while.
#[tokio::test]
async fn slow_readers_are_dropped_alone() {
    let server = Server::with(Settings { stall_timeout: Duration::from_secs(1), queue: 50, ..settings() }).await;
    let mut alice = Web::new(&server, ALICE, &["room"]).await;
    let mut bob = Web::new(&server, BOB, &["room"]).await;
    let slow_web = Web::new(&server, CAROL, &["room"]).await;
    let slow_line = Line::old(&server, CAROL, &["room"]).await;
    let text = "x".repeat(50_000);
    let end = Instant::now() + DEADLINE;
    // How much the kernel takes for the slow one depends on the machine.
    for number in 0.. {
        if server.door.channels() != [("room".to_owned(), 4)] {
            break;
        }
        assert!(Instant::now() < end, "after {number} messages the slow TCP client is still there");
        let message = said(ALICE, "room", &format!("{number} {text}"));
        assert_eq!(alice.ask(&message).await, SENT);
        assert_eq!(bob.read().await, message);
    }
    drop((slow_web, slow_line));
    until("both are gone", || server.door.channels() == [("room".to_owned(), 2)]).await;
}

/// A WebSocket client that reads again gets the newest, without the oldest.
#[tokio::test]
async fn a_slow_web_client_goes_on_where_the_node_is() {
    let server = Server::start().await;
    let mut alice = Web::new(&server, ALICE, &["room"]).await;
    let mut slow = Web::new(&server, BOB, &["room"]).await;
    let text = "x".repeat(50_000);
    for number in 0..600 {
        assert_eq!(alice.ask(&said(ALICE, "room", &format!("{number} {text}"))).await, SENT);
    }
    let mut got = Vec::new();
    while got.last() != Some(&599) {
        let message: Value = serde_json::from_str(&slow.read().await).unwrap();
        let number = message["msg"].as_str().unwrap().split(' ').next().unwrap().parse::<u32>().unwrap();
        got.push(number);
    }
    assert!(got.is_sorted() && got.len() < 600, "{}", got.len());
}

#[tokio::test]
async fn one_address_can_not_take_all_places() {
    let server = Server::with(Settings { max_connections: 80, ..settings() }).await;
    let mut lines = Vec::new();
    for _ in 0..20 {
        lines.push(Line::open(&server).await);
    }
    for line in &mut lines {
        assert!(line.ask("{}").await.contains("error"));
    }
    let socket = TcpSocket::new_v4().unwrap();
    let mut beyond = Line { stream: socket.connect(server.tcp).await.unwrap() };
    assert_eq!(soon("closed", beyond.read()).await, "");
    lines.pop();
    let old_join = old(ALICE, "join", "", "", "x");
    until("a place is free", || server.door.channels().is_empty()).await;
    assert!(lines.first_mut().unwrap().ask(&old_join).await.contains("error"));
}
