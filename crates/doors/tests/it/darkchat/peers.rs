//! Links to a server as the real one is (wire/darkchat.md, section 8).

use super::client::{ALICE, BOB, Line, SENT, Web, new, old, said, whispered};
use super::neighbour::{Neighbour, Relay};
use super::server::{Server, settings, until};
use serde_json::{Value, json};
use std::time::Duration;
use tidings_doors::darkchat::Settings;
use tidings_doors::darkchat::network::LinkError;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::time::Instant;

const ID: &str = "996d5895fd29-400d-a423-8d33fe5e83d2:1795171915895";

async fn configured(neighbour: &Neighbour) -> Server {
    Server::with(Settings { peers: vec![format!("localhost:{}", neighbour.port)], ..settings() }).await
}

#[tokio::test]
async fn configured_peers_are_called_and_called_again() {
    let neighbour = Neighbour::new().await;
    let server = configured(&neighbour).await;
    for _ in 0..2 {
        let (link, port) = neighbour.called().await;
        assert_eq!(port, server.peers.port());
        until("the link", || server.peer_names() == [format!("127.0.0.1:{}", neighbour.port)]).await;
        drop(link);
    }
}

#[tokio::test]
async fn what_is_said_is_passed_on_in_the_form_of_the_real_server() {
    let neighbour = Neighbour::new().await;
    let server = configured(&neighbour).await;
    let (mut link, _) = neighbour.called().await;
    until("the link", || !server.peer_names().is_empty()).await;
    let mut alice = Line::old(&server, ALICE, &["room"]).await;
    let hello = old(ALICE, "msg", "hello", "", "room");
    alice.send(&hello).await;
    let Relay { channel, id, json } = link.relay().await;
    assert_eq!((channel.as_str(), json.as_str()), ("room", hello.as_str()));
    let (uuid, time) = id.split_once(':').unwrap();
    assert!(uuid.len() == 35 && uuid.matches('-').count() == 3 && time.len() == 13, "{id}");
    let secret = old(ALICE, "msg", "00ff", BOB.1, "room");
    alice.send(&secret).await;
    let relay = link.relay().await;
    assert_eq!((relay.channel.as_str(), relay.json.as_str()), ("", secret.as_str()));
    // Nobody is asked to join what they pass on, and nothing comes back.
    link.send("room", &relay.id, &secret).await;
    alice.assert_silent(ALICE, "room").await;
}

#[tokio::test]
async fn relays_reach_members_and_recipients() {
    let neighbour = Neighbour::new().await;
    let server = Server::start().await;
    let mut link = neighbour.call(server.peers).await;
    let mut alice = Web::new(&server, ALICE, &["room"]).await;
    let mut bob = Line::old(&server, BOB, &["room"]).await;
    let hello = said(BOB, "room", "far away");
    link.send("room", ID, &hello).await;
    assert_eq!(alice.read().await, hello);
    assert_eq!(bob.read().await, hello);
    link.send("room", ID, &hello).await;
    for (channel, id) in [("", "1"), ("null", "2"), ("undefined", "3"), ("room", "4")] {
        let secret = whispered(BOB, ALICE, id);
        link.send(channel, id, &secret).await;
        assert_eq!(alice.read().await, secret);
    }
    for (id, nothing) in [("5", "null"), ("6", "[]"), ("7", "{\"a\":}"), ("8", "{\"toPublicKey\":\"toString\"}")] {
        link.send("room", id, nothing).await;
        // Garbage costs its read; the next one must not belong to it.
        link.assert_quiet(Duration::from_millis(30)).await;
    }
    let last = said(BOB, "room", "the end");
    link.send("room", "9", &last).await;
    assert_eq!(alice.read().await, last);
    assert_eq!(bob.read().await, last);
}

#[tokio::test]
async fn merged_and_split_relays_are_understood() {
    let neighbour = Neighbour::new().await;
    let server = Server::start().await;
    let mut link = neighbour.call(server.peers).await;
    let mut alice = Web::new(&server, ALICE, &["room"]).await;
    let messages: Vec<String> = (0..30).map(|number| said(BOB, "room", &format!("{number} **@#@"))).collect();
    let relays: String = messages.iter().enumerate().map(|(at, json)| format!("room**@#@m{at}**@#@{json}")).collect();
    link.write(&relays).await;
    for message in &messages {
        assert_eq!(&alice.read().await, message);
    }
    for piece in relays.replace("**@#@m", "**@#@s").as_bytes().chunks(50) {
        link.stream.write_all(piece).await.unwrap();
        tokio::task::yield_now().await;
    }
    for message in &messages {
        assert_eq!(&alice.read().await, message);
    }
}

#[tokio::test]
async fn a_real_server_survives_a_burst() {
    let neighbour = Neighbour::new().await;
    let server = Server::start().await;
    let mut link = neighbour.call(server.peers).await;
    let mut alice = Web::new(&server, ALICE, &["room"]).await;
    let mut bob = Web::new(&server, BOB, &["room"]).await;
    let mut sent = Vec::new();
    for number in 0..60 {
        let (web, person) = if number % 2 == 0 { (&mut alice, ALICE) } else { (&mut bob, BOB) };
        let message = said(person, "room", &format!("{number} {}", "x".repeat(number * 100)));
        web.send(&message).await;
        sent.push(message);
    }
    let mut got = Vec::new();
    while got.len() < sent.len() {
        got.push(link.relay().await.json);
    }
    sent.sort();
    got.sort();
    assert_eq!(got, sent);
}

#[tokio::test]
async fn nothing_that_kills_is_sent() {
    let neighbour = Neighbour::new().await;
    let server = Server::start().await;
    let mut link = neighbour.call(server.peers).await;
    let mut alice = Web::new(&server, ALICE, &["room", "a**@#@b", "__proto__"]).await;
    for deadly in [
        said(ALICE, "a**@#@b", "x"),
        said(ALICE, "__proto__", "x"),
        said(ALICE, "room", &"x".repeat(200_000)),
        new(ALICE, "msg", json!("x"), json!("toString"), Value::Null),
        new(ALICE, "msg", json!("x"), json!({}), Value::Null),
    ] {
        assert_eq!(alice.ask(&deadly).await, SENT);
    }
    let tricky = said(ALICE, "room", "a**@#@b");
    assert_eq!(alice.ask(&tricky).await, SENT);
    let json = link.relay().await.json;
    assert!(json.contains("a**\\u0040#@b"));
    let value = |text: &str| serde_json::from_str::<Value>(text).unwrap();
    assert_eq!(value(&json), value(&tricky));
}

#[tokio::test]
async fn private_messages_for_who_is_here_do_not_leave() {
    let neighbour = Neighbour::new().await;
    let server = Server::start().await;
    let mut link = neighbour.call(server.peers).await;
    let mut alice = Web::new(&server, ALICE, &["room"]).await;
    let mut bob = Web::new(&server, BOB, &[]).await;
    assert_eq!(alice.ask(&whispered(ALICE, BOB, "x")).await, SENT);
    assert_eq!(bob.read().await, whispered(ALICE, BOB, "x"));
    assert_eq!(alice.ask(&said(ALICE, "room", "y")).await, SENT);
    assert_eq!(link.relay().await.json, said(ALICE, "room", "y"));
}

#[tokio::test]
async fn ok_comes_alone_and_adverts_half_a_second_later() {
    let (first, second) = (Neighbour::new().await, Neighbour::new().await);
    let server = Server::start().await;
    let _first = first.call(server.peers).await;
    let mut link = second.call(server.peers).await;
    link.assert_quiet(Duration::from_millis(350)).await;
    assert_eq!(link.parts().await, ["peer".to_owned(), format!("127.0.0.1:{}", first.port)]);
}

#[tokio::test]
async fn other_greetings_are_refused() {
    let server = Server::start().await;
    for bad in ["connect**@#@1connect**@#@1", "connect**@#@0", "connect**@#@99999", "hello", "{}"] {
        let mut link = super::neighbour::Link { stream: TcpStream::connect(server.peers).await.unwrap() };
        link.write(bad).await;
        assert_eq!(link.read().await, "error", "{bad}");
        assert_eq!(link.read().await, "");
    }
    let neighbour = Neighbour::new().await;
    let calls = tokio::spawn({
        let network = std::sync::Arc::clone(server.door.network());
        let port = neighbour.port;
        async move { network.connect("127.0.0.1", port).await.map(|name| name.to_string()) }
    });
    let (stream, _) = neighbour.listener.accept().await.unwrap();
    let mut link = super::neighbour::Link { stream };
    assert!(link.read().await.starts_with("connect**@#@"));
    link.write("what?").await;
    assert_eq!(link.read().await, "error");
    assert!(matches!(calls.await.unwrap(), Err(LinkError::NoPeer)));
}

#[tokio::test]
async fn ok_with_something_behind_it_is_fine() {
    let (neighbour, other) = (Neighbour::new().await, Neighbour::new().await);
    let server = configured(&neighbour).await;
    let (stream, _) = neighbour.listener.accept().await.unwrap();
    let mut link = super::neighbour::Link { stream };
    assert!(link.read().await.starts_with("connect**@#@"));
    link.write(&format!("okpeer**@#@127.0.0.1:{}", other.port)).await;
    let (mut told, port) = other.called().await;
    assert_eq!(port, server.peers.port());
    assert_eq!(told.parts().await, ["peer".to_owned(), format!("127.0.0.1:{}", neighbour.port)]);
}

#[tokio::test]
async fn strangers_can_not_send_the_node_anywhere() {
    for bounds in [
        Settings { allow_private_peers: false, ..settings() },
        Settings { discovery: false, ..settings() },
        Settings { max_peers: 1, ..settings() },
    ] {
        let (neighbour, other) = (Neighbour::new().await, Neighbour::new().await);
        let server = Server::with(bounds).await;
        let mut link = neighbour.call(server.peers).await;
        link.write(&format!("peer**@#@127.0.0.1:{}", other.port)).await;
        // The advert counts after a quiet moment; a relay behind it shows that it was read.
        link.assert_quiet(Duration::from_millis(100)).await;
        let mut alice = Web::new(&server, ALICE, &["room"]).await;
        link.send("room", ID, &said(BOB, "room", "x")).await;
        assert_eq!(alice.read().await, said(BOB, "room", "x"));
        let called = tokio::time::timeout(Duration::from_millis(200), other.listener.accept()).await;
        assert!(called.is_err());
    }
}

#[tokio::test]
async fn a_name_is_told_and_tried_once() {
    let (neighbour, other) = (Neighbour::new().await, Neighbour::new().await);
    let server = Server::start().await;
    let mut link = neighbour.call(server.peers).await;
    for _ in 0..3 {
        link.write(&format!("peer**@#@127.0.0.1:{}", other.port)).await;
        link.assert_quiet(Duration::from_millis(80)).await;
    }
    let (stream, _) = other.listener.accept().await.unwrap();
    drop(stream);
    link.write(&format!("peer**@#@127.0.0.1:{}", other.port)).await;
    let again = tokio::time::timeout(Duration::from_millis(300), other.listener.accept()).await;
    assert!(again.is_err());
}

#[tokio::test]
async fn only_allowed_peers_are_answered() {
    let nets = vec!["192.0.2.0/24".parse().unwrap()];
    let server = Server::with(Settings { allowed_peers: Some(nets), ..settings() }).await;
    let mut link = super::neighbour::Link { stream: TcpStream::connect(server.peers).await.unwrap() };
    assert_eq!(link.read().await, "");
}

#[tokio::test]
async fn one_address_opens_few_links() {
    let server = Server::with(Settings { peers_per_address: 2, ..settings() }).await;
    let neighbour = Neighbour::new().await;
    let _links = [neighbour.call(server.peers).await, neighbour.call(server.peers).await];
    let mut third = super::neighbour::Link { stream: TcpStream::connect(server.peers).await.unwrap() };
    assert_eq!(third.read().await, "");
}

#[tokio::test]
async fn one_address_opens_few_links_at_once_either() {
    let server = Server::with(Settings { peers_per_address: 2, ..settings() }).await;
    let mut links = Vec::new();
    for _ in 0..6 {
        links.push(super::neighbour::Link { stream: TcpStream::connect(server.peers).await.unwrap() });
    }
    for (port, link) in (1..).zip(&mut links) {
        link.write(&format!("connect**@#@{port}")).await;
    }
    let mut taken = 0;
    for link in &mut links {
        taken += usize::from(link.read().await == "ok");
    }
    assert_eq!(taken, 2);
}

#[tokio::test]
async fn two_links_under_one_name_are_both_kept() {
    let neighbour = Neighbour::new().await;
    let server = Server::start().await;
    let mut one = neighbour.call(server.peers).await;
    let mut two = neighbour.call(server.peers).await;
    until("both", || server.peer_names().len() == 2).await;
    let mut alice = Web::new(&server, ALICE, &["room"]).await;
    one.send("room", "1", &said(BOB, "room", "1")).await;
    assert_eq!(alice.read().await, said(BOB, "room", "1"));
    assert_eq!(two.relay().await.id, "1");
    two.send("room", "2", &said(BOB, "room", "2")).await;
    assert_eq!(alice.read().await, said(BOB, "room", "2"));
    assert_eq!(one.relay().await.id, "2");
    drop(one);
    until("one is gone", || server.peer_names().len() == 1).await;
    assert_eq!(alice.ask(&said(ALICE, "room", "x")).await, SENT);
    assert_eq!(two.relay().await.json, said(ALICE, "room", "x"));
}

#[tokio::test]
async fn the_owner_links_and_forgets() {
    let neighbour = Neighbour::new().await;
    let server = Server::start().await;
    let network = server.door.network();
    assert!(matches!(network.connect("localhost", server.peers.port()).await, Err(LinkError::Own)));
    let (linked, (link, _)) = tokio::join!(network.connect("localhost", neighbour.port), neighbour.called());
    let name = linked.unwrap().to_string();
    assert_eq!(name, format!("127.0.0.1:{}", neighbour.port));
    assert_eq!(network.connect("127.0.0.1", neighbour.port).await.unwrap().to_string(), name, "as it is");
    assert_eq!(server.peer_names().join(" "), name);
    drop(link);
    let (mut link, _) = neighbour.called().await;
    until("again", || server.peer_names().join(" ") == name).await;
    assert!(network.forget(&name) && !network.forget("nobody:1"));
    assert_eq!(link.read().await, "");
    until("gone", || server.peer_names().is_empty()).await;
    assert!(!network.forget(&name));
    let nobody = Neighbour::new().await.port;
    assert!(network.connect("127.0.0.1", nobody).await.is_err());
}

/// A peer that floods is read more slowly; it is neither closed nor answered.
#[tokio::test]
async fn floods_are_slowed() {
    let budget = tidings_doors::darkchat::Budget { messages: 50, bytes: 1 << 20 };
    let server = Server::with(Settings { peer_budget: budget, ..settings() }).await;
    let neighbour = Neighbour::new().await;
    let mut link = neighbour.call(server.peers).await;
    let mut alice = Web::new(&server, ALICE, &["room"]).await;
    let begun = Instant::now();
    for number in 0..200 {
        link.send("room", &format!("n{number}"), "{}").await;
    }
    for _ in 0..200 {
        assert_eq!(alice.read().await, "{}");
    }
    // What comes in one read is taken together; the next read has to wait.
    link.send("room", "last", "{\"last\":1}").await;
    assert_eq!(alice.read().await, "{\"last\":1}");
    assert!(begun.elapsed() > Duration::from_secs(1), "{:?}", begun.elapsed());
    assert_eq!(server.door.network().peers().first().map(|peer| peer.received), Some(201));
}

/// Our own servers tell of all they know in a moment, and only once.
#[tokio::test]
async fn all_that_are_told_of_at_once_are_called() {
    let mut others = Vec::new();
    for _ in 0..12 {
        others.push(Neighbour::new().await);
    }
    let server = Server::start().await;
    let mut link = Neighbour::new().await.call(server.peers).await;
    let adverts: String = others.iter().map(|other| format!("peer**@#@127.0.0.1:{}", other.port)).collect();
    link.write(&adverts).await;
    let mut links = Vec::new();
    for other in &others {
        links.push(other.called().await);
    }
    until("all", || server.peer_names().len() == 13).await;
}
