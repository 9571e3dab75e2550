//! Conversations over both transports (wire/darkchat.md, sections 3 to 7).

use super::client::{
    ALICE, BOB, CAROL, Frame, Line, SENT, WELCOME, Web, challenge, error, joined, new, old, said, sign, whispered,
};
use super::server::{Server, until};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

#[tokio::test]
async fn two_people_talk_over_tcp_and_nobody_hears_themselves() {
    let server = Server::start().await;
    let mut alice = Line::old(&server, ALICE, &["room"]).await;
    let mut bob = Line::old(&server, BOB, &["room"]).await;
    let mut carol = Line::old(&server, CAROL, &["elsewhere"]).await;
    let hello = old(ALICE, "msg", "hello", "", "room");
    alice.send(&hello).await;
    assert_eq!(bob.read().await, hello);
    alice.assert_silent(ALICE, "room").await;
    carol.assert_silent(CAROL, "elsewhere").await;
    until("the count", || server.door.channels() == [("elsewhere".to_owned(), 1), ("room".to_owned(), 2)]).await;
    drop(carol);
    until("the channel is gone", || server.door.channels() == [("room".to_owned(), 2)]).await;
}

#[tokio::test]
async fn two_people_talk_over_websocket_and_are_acknowledged() {
    let server = Server::start().await;
    let mut alice = Web::new(&server, ALICE, &["room"]).await;
    let mut bob = Web::new(&server, BOB, &["room"]).await;
    for _ in 0..3 {
        let hello = said(ALICE, "room", "hello");
        assert_eq!(alice.ask(&hello).await, SENT);
        assert_eq!(bob.read().await, hello);
        let answer = said(BOB, "room", "well?");
        assert_eq!(bob.ask(&answer).await, SENT);
        assert_eq!(alice.read().await, answer);
    }
}

#[tokio::test]
async fn bytes_are_sacred_and_always_text() {
    let server = Server::start().await;
    let mut line = Line::old(&server, ALICE, &["room"]).await;
    let mut web = Web::new(&server, BOB, &["room"]).await;
    let mut listener = Web::new(&server, CAROL, &["room"]).await;
    let odd = format!(
        "{{ \"x\":[1 ,{{}}],\"msg\":\"\\u0041\\ud83d\\ude00 ß\",  \"type\":\"msg\",\"cname\":\"no\",\"cname\":\"r\\u006fom\",\n\"fromPublicKey\":\"{}\",\"toPublicKey\":\"\" }}",
        ALICE.1
    );
    line.send(&odd).await;
    assert_eq!(listener.frame().await, Frame::Text(odd.clone()));
    assert_eq!(web.frame().await, Frame::Text(odd.clone()));
    let blanks = format!(" {}\r\n ", odd.replace(ALICE.1, BOB.1));
    web.send_frame(2, blanks.as_bytes()).await;
    assert_eq!(web.read().await, SENT);
    assert_eq!(listener.frame().await, Frame::Text(blanks.clone()));
    assert_eq!(line.read().await, blanks);
    let half_a_pair = new(BOB, "msg", json!("HALF"), Value::Null, json!("room")).replace("HALF", "\\ud83d");
    assert_eq!(web.ask(&half_a_pair).await, SENT);
    assert_eq!(listener.frame().await, Frame::Text(half_a_pair));
    // The test's own reader knows no such text; the real one does.
    let mut read = [0; 1000];
    assert!(line.stream.read(&mut read).await.unwrap() > 0);
    let nothing_is_ascii = said(BOB, "room", "žluťoučký 🐎 \u{2028}");
    assert_eq!(web.ask(&nothing_is_ascii).await, SENT);
    assert_eq!(line.read().await, nothing_is_ascii);
}

#[tokio::test]
async fn merged_and_split_requests_are_understood() {
    let server = Server::start().await;
    let mut alice = Line::old(&server, ALICE, &["room"]).await;
    let mut bob = Web::new(&server, BOB, &["room"]).await;
    let messages: Vec<String> = (0..20).map(|number| old(ALICE, "msg", &number.to_string(), "", "room")).collect();
    alice.send(&messages.join("\n")).await;
    for message in &messages {
        assert_eq!(&bob.read().await, message);
    }
    let whole = messages.concat();
    for piece in whole.as_bytes().chunks(37) {
        alice.stream.write_all(piece).await.unwrap();
        tokio::task::yield_now().await;
    }
    for message in &messages {
        assert_eq!(&bob.read().await, message);
    }
    let large = old(ALICE, "msg", &"x".repeat(300_000), "", "room");
    alice.send(&large).await;
    assert_eq!(bob.read().await, large);
}

#[tokio::test]
async fn garbage_costs_its_read_and_one_error() {
    let server = Server::start().await;
    let mut alice = Line::old(&server, ALICE, &["room"]).await;
    assert!(alice.ask("hello {} {} {}").await.starts_with(r#"{"type":"error","msg":"MALFORMED DATA SyntaxError: "#));
    assert!(alice.ask("null").await.starts_with(r#"{"type":"error","msg":"MALFORMED DATA TypeError: "#));
    assert_eq!(alice.ask("[]").await, error("MALFORMED DATA no fromPublicKey member found"));
    assert_eq!(alice.ask("{}").await, error("MALFORMED DATA no fromPublicKey member found"));
    alice.assert_silent(ALICE, "room").await;
    let mut web = Web::open(&server).await;
    assert!(web.ask("hello").await.starts_with(r#"{"type":"error","msg":"MALFORMED DATA SyntaxError: "#));
    assert!(web.ask("null").await.starts_with(r#"{"type":"error","msg":"MALFORMED DATA TypeError: "#));
    assert_eq!(web.ask("[{}]").await, error("MALFORMED DATA Error: no fromPublicKey member found"));
    let join = new(ALICE, "join", Value::Null, Value::Null, json!("room"));
    assert_eq!(web.ask(&join).await, error("MALFORMED DATA: bad sig verify. type join challenge undefined"));
}

/// Messages from many at once reach a client that dies of two in one read.
#[tokio::test]
async fn the_real_tcp_client_survives_a_burst() {
    let server = Server::start().await;
    let mut alice = Line::old(&server, ALICE, &["room"]).await;
    let mut bob = Web::new(&server, BOB, &["room"]).await;
    let mut carol = Web::new(&server, CAROL, &["room"]).await;
    let mut sent = Vec::new();
    for number in 0..60 {
        let (web, person) = if number % 2 == 0 { (&mut bob, BOB) } else { (&mut carol, CAROL) };
        let message = said(person, "room", &format!("{number} {}", "x".repeat(number * 50)));
        web.send(&message).await;
        sent.push(message);
        if number % 10 == 0 {
            // Answers come in between.
            alice.send(&old(ALICE, "join", "", "", "room")).await;
        }
    }
    let mut got = Vec::new();
    while got.len() < sent.len() + 6 {
        got.push(alice.read().await);
    }
    let (answers, mut messages): (Vec<_>, Vec<_>) = got.into_iter().partition(|text| *text == joined("room"));
    assert_eq!(answers.len(), 6);
    messages.sort();
    sent.sort();
    assert_eq!(messages, sent);
}

#[tokio::test]
async fn private_messages_reach_all_connections_of_the_key_and_no_channel() {
    let server = Server::start().await;
    let mut alice = Web::new(&server, ALICE, &["room"]).await;
    let mut bob = Web::new(&server, BOB, &["room"]).await;
    let mut bob_again = Line::old(&server, BOB, &["room"]).await;
    let mut carol = Web::new(&server, CAROL, &["room"]).await;
    let secret = new(ALICE, "msg", json!("00ff"), json!(BOB.1), json!("room"));
    assert_eq!(alice.ask(&secret).await, SENT);
    assert_eq!(bob.read().await, secret);
    assert_eq!(bob_again.read().await, secret);
    carol.assert_silent(CAROL, "room").await;
    let note = whispered(ALICE, ALICE, "to myself");
    assert_eq!(alice.ask(&note).await, SENT);
    assert_eq!(alice.read().await, note);
    for nobody in ["toString", "__proto__", "02"] {
        assert_eq!(alice.ask(&new(ALICE, "msg", json!("x"), json!(nobody), Value::Null)).await, SENT);
    }
    drop(bob);
    // The other connection of the key lives on.
    assert_eq!(alice.ask(&secret).await, SENT);
    assert_eq!(bob_again.read().await, secret);
}

#[tokio::test]
async fn a_login_belongs_to_its_connection() {
    let server = Server::start().await;
    let mut alice = Web::new(&server, ALICE, &["room"]).await;
    let mut bob = Web::new(&server, BOB, &["room"]).await;
    let mut stranger = Web::open(&server).await;
    let refused = error("MALFORMED DATA: bad sig verify. type msg challenge undefined");
    assert_eq!(stranger.ask(&said(ALICE, "room", "x")).await, refused);
    assert_eq!(bob.ask(&said(ALICE, "room", "x")).await, refused);
    drop(stranger);
    bob.assert_silent(BOB, "room").await;
    assert_eq!(alice.ask(&said(ALICE, "room", "still here")).await, SENT);
    assert_eq!(bob.read().await, said(ALICE, "room", "still here"));
}

#[tokio::test]
async fn a_second_challenge_replaces_the_first() {
    let server = Server::start().await;
    let mut web = Web::open(&server).await;
    let connect = new(ALICE, "connect", Value::Null, Value::Null, Value::Null);
    let first = web.ask(&connect).await;
    let second = web.ask(&connect).await;
    assert_ne!(challenge(&first), challenge(&second));
    let verify = |of: &str| new(ALICE, "verify", json!(sign(ALICE, challenge(of))), Value::Null, Value::Null);
    assert_eq!(
        web.ask(&verify(&first)).await,
        error("MALFORMED DATA: bad sig verify. type verify challenge undefined")
    );
    assert_eq!(web.ask(&verify(&second)).await, WELCOME);
}

#[tokio::test]
async fn old_clients_are_spared_objects_that_kill_them() {
    let server = Server::start().await;
    let mut web = Web::new(&server, ALICE, &["room"]).await;
    let mut line = Line::old(&server, BOB, &["room"]).await;
    let mut other = Web::new(&server, CAROL, &["room"]).await;
    for deadly in [json!(null), json!({}), json!(7)] {
        let message = new(ALICE, "msg", deadly, Value::Null, json!("room"));
        assert_eq!(web.ask(&message).await, SENT);
        assert_eq!(other.read().await, message);
    }
    assert_eq!(web.ask(&said(ALICE, "room", "fine")).await, SENT);
    assert_eq!(line.read().await, said(ALICE, "room", "fine"));
}

#[tokio::test]
async fn names_of_properties_are_names_like_others() {
    let server = Server::start().await;
    for name in ["__proto__", "toString", "constructor"] {
        let mut alice = Web::new(&server, ALICE, &[name]).await;
        let mut bob = Web::new(&server, BOB, &[name]).await;
        assert_eq!(alice.ask(&said(ALICE, name, "hello")).await, SENT);
        assert_eq!(bob.read().await, said(ALICE, name, "hello"));
        let elsewhere = said(ALICE, "hasOwnProperty", "hello");
        assert_eq!(alice.ask(&elsewhere).await, error("JOIN CHANNEL FIRST"));
    }
}

#[tokio::test]
async fn order_is_kept_and_nothing_is_lost() {
    let server = Server::start().await;
    let mut alice = Web::new(&server, ALICE, &["room"]).await;
    let mut bob = Web::new(&server, BOB, &["room"]).await;
    let messages: Vec<String> = (0..200).map(|number| said(ALICE, "room", &number.to_string())).collect();
    for message in &messages {
        alice.send(message).await;
    }
    for message in &messages {
        assert_eq!(&bob.read().await, message);
    }
    for _ in &messages {
        assert_eq!(alice.read().await, SENT);
    }
}

#[tokio::test]
async fn who_does_not_upgrade_is_told_so() {
    let server = Server::start().await;
    let mut stream = tokio::net::TcpStream::connect(server.web).await.unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 426 ") && answer.ends_with("Upgrade Required"), "{answer}");
}
