//! What is wrong before it is a request: headers too large, too slow or none at all.

use super::{World, refuse, row};
use crate::node::{Ask, Node, Setup, Wire, until};
use std::time::Duration;

#[tokio::test]
async fn headers_have_a_size() {
    let node = Node::start().await;
    let before = node.dump();
    let fits = node.ask(Ask::get("/api/info").header("X-Filler", &"x".repeat(15_000))).await;
    assert_eq!(fits.status, 200);
    for ask in [
        Ask::get("/api/info").header("X-Filler", &"x".repeat(17_000)),
        Ask::get("/api/info").header("X-Filler", &"x".repeat(200_000)),
        (0..200).fold(Ask::get("/api/info"), |ask, number| ask.header(&format!("X-{number}"), "x")),
    ] {
        assert_eq!(node.ask(ask).await.status, 431);
    }
    node.unchanged(&before, "headers").await;
}

#[tokio::test]
async fn what_is_no_http_is_refused() {
    let node = Node::start().await;
    for bytes in
        ["hello\r\n\r\n", "GET\r\n\r\n", "GET /api/info HTTP/1.1\r\nContent-Length: x\r\n\r\n", "\u{16}\u{3}\u{1}"]
    {
        let mut wire = Wire::open(node.address).await;
        wire.send(bytes.as_bytes()).await;
        tokio::io::AsyncWriteExt::shutdown(&mut wire.stream).await.unwrap();
        let answered = !wire.ends().await;
        assert!(bytes.len() < 5 || answered, "{bytes:?}");
    }
    assert_eq!(node.ask(Ask::get("/api/info")).await.status, 200);
}

#[tokio::test]
async fn old_clients_without_a_host_are_answered() {
    let world = World::new().await;
    let mut wire = Wire::open(world.node.address).await;
    wire.send(b"GET /api/info HTTP/1.0\r\n\r\n").await;
    assert_eq!(wire.reply(false).await.status, 200);
    assert!(wire.ends().await);
    // A link can't be made without a host.
    let ask = world.by(&world.alice, Ask::post("/api/contact-exchange").json("{}"));
    let old =
        String::from_utf8(ask.bytes()).unwrap().replace("HTTP/1.1", "HTTP/1.0").replace("Host: node.example\r\n", "");
    let before = world.node.dump();
    let mut wire = Wire::open(world.node.address).await;
    wire.send(old.as_bytes()).await;
    assert_eq!(wire.reply(false).await.status, 400);
    world.node.unchanged(&before, "no host").await;
}

#[tokio::test]
async fn headers_that_do_not_come_are_not_waited_for() {
    let mut setup = Setup::default();
    setup.http.header_timeout = Duration::from_millis(200);
    let node = Node::with(setup).await;
    for begun in ["", "GET /api/in", "GET /api/info HTTP/1.1\r\nHost: x\r\n"] {
        let mut wire = Wire::open(node.address).await;
        wire.send(begun.as_bytes()).await;
        assert!(wire.ends().await, "{begun:?}");
    }
    let mut wire = Wire::open(node.address).await;
    wire.send(&Ask::get("/api/info").bytes()).await;
    assert_eq!(wire.reply(false).await.status, 200);
    assert!(wire.ends().await, "an idle connection is closed");
}

#[tokio::test]
async fn bodies_that_stall_are_given_up() {
    let mut setup = Setup::default();
    setup.door.upload_stall = Duration::from_millis(200);
    let node = Node::with(setup).await;
    let (alice, bob) = (node.join(1).await, node.join(2).await);
    node.set_contacts(&alice, &[&bob]).await;
    let before = node.dump();
    let form = crate::node::Form::new().text("type", "MEDIA").text("recipient", &format!("{} x", alice.id));
    let body = form.file("attachment", "a", &vec![1; 300_000]).whole();
    let ask = Ask::post("/api/parcels").form_bytes(body).signed(&bob, node.now());
    let mut wire = Wire::open(node.address).await;
    wire.send(&ask.bytes()[..200_000]).await;
    let reply = wire.reply(false).await;
    assert_eq!((reply.status, reply.header("connection")), (408, Some("close")));
    assert!(wire.ends().await);
    let mut wire = Wire::open(node.address).await;
    let json = Ask::post("/api/contact-exchange").json("{\"encryptedContact\":\"x\"}").signed(&bob, node.now());
    wire.send(&json.bytes()[..json.bytes().len() - 3]).await;
    let reply = wire.reply(false).await;
    assert_eq!((reply.status, reply.header("connection")), (400, Some("close")));
    node.unchanged(&before, "a body that stalls").await;
}

#[tokio::test]
async fn a_request_has_a_time_limit() {
    let mut setup = Setup::default();
    setup.http.request_timeout = Duration::from_millis(300);
    let node = Node::with(setup).await;
    let before = node.dump();
    let mut wire = Wire::open(node.address).await;
    let ask = Ask::post("/api/contact-exchange/x/accept").json("{\"encryptedContact\":\"x\"}");
    wire.send(&ask.head()).await;
    let reply = wire.reply(false).await;
    assert_eq!((reply.status, reply.text().as_str()), (408, "Request Timeout"));
    assert_eq!(reply.header("access-control-allow-origin"), Some("*"));
    assert!(wire.ends().await);
    node.unchanged(&before, "a slow request").await;
}

#[tokio::test]
async fn one_address_does_not_take_all_places() {
    let mut setup = Setup::default();
    setup.http.max_connections = 4 * 20;
    let node = Node::with(setup).await;
    let mut wires = Vec::new();
    for _ in 0..20 {
        let mut wire = Wire::open(node.address).await;
        wire.send(&Ask::get("/api/info").bytes()).await;
        assert_eq!(wire.reply(false).await.status, 200);
        wires.push(wire);
    }
    assert!(Wire::open(node.address).await.ends().await, "the next one is closed");
    drop(wires.pop());
    let again = async || {
        let mut wire = Wire::open(node.address).await;
        wire.send(&Ask::get("/api/info").bytes()).await;
        !wire.ends().await
    };
    let found = tokio::time::timeout(crate::node::DEADLINE, async { while !again().await {} }).await;
    assert!(found.is_ok(), "a place that is left is free");
}

#[tokio::test]
async fn an_early_answer_can_be_read_while_five_megabytes_are_sent() {
    let world = World::new().await;
    let mut wire = Wire::open(world.node.address).await;
    let big = Ask::post("/api/parcels").form_bytes(vec![b'x'; 5_000_000]);
    wire.send(&big.bytes()).await;
    let reply = wire.reply(false).await;
    assert_eq!((reply.status, reply.text().as_str()), (401, "Signature is invalid"));
    assert_eq!(reply.header("connection"), None, "all was read away, so the connection goes on");
    wire.send(&Ask::get("/api/info").bytes()).await;
    assert_eq!(wire.reply(false).await.status, 200);
    let refused = Ask::post(&format!("/api/parcels/{}", world.alice.in_path())).form_bytes(vec![b'x'; 5_000_000]);
    refuse(&world.node, vec![row("5 MB for nobody", world.by(&world.stranger, refused), 403)]).await;
}

#[tokio::test]
async fn who_asks_first_is_told_before_sending() {
    let world = World::new().await;
    let ask = Ask::post("/api/parcels").header("Expect", "100-continue").form_bytes(vec![b'x'; 100_000]);
    let mut wire = Wire::open(world.node.address).await;
    wire.send(&ask.head()).await;
    let reply = wire.reply(false).await;
    assert_eq!((reply.status, reply.header("connection")), (401, Some("close")));
    assert!(wire.ends().await);
    let json = Ask::post("/api/account/backup").header("Expect", "100-continue").json("{\"backup\":\"new\"}");
    let ask = world.by(&world.bob, json);
    let mut wire = Wire::open(world.node.address).await;
    wire.send(&ask.head()).await;
    assert_eq!(wire.reply(false).await.status, 100);
    wire.send(&ask.body).await;
    let reply = wire.reply(false).await;
    assert_eq!((reply.status, reply.header("connection")), (204, None));
}

#[tokio::test]
async fn requests_may_follow_each_other_without_waiting() {
    let world = World::new().await;
    let mut wire = Wire::open(world.node.address).await;
    let chunked = Ask::post("/api/account/backup").header("Transfer-Encoding", "chunked");
    let chunked = world.by(&world.alice, chunked.header("Content-Type", "application/json"));
    let body = b"6\r\n{\"back\r\n9\r\nup\":\"two\"\r\n1\r\n}\r\n0\r\n\r\n";
    let all = [
        Ask::get("/api/info").bytes(),
        Ask::get("/api/account").bytes(),
        [chunked.head(), body.to_vec()].concat(),
        world.by(&world.alice, Ask::new("HEAD", "/api/account/backup")).bytes(),
        world.by(&world.alice, Ask::get("/api/account/backup")).bytes(),
    ];
    wire.send(&all.concat()).await;
    for (status, head) in [(200, false), (401, false), (204, false), (200, true)] {
        let reply = wire.reply(head).await;
        assert_eq!((reply.status, reply.header("connection")), (status, None));
    }
    assert!(wire.reply(false).await.text().contains("\"backup\":\"two\""));
}

#[tokio::test]
async fn running_requests_end_before_the_node_does() {
    let node = Node::start().await;
    let alice = node.join(1).await;
    let ask = Ask::post("/api/account/backup").header("Expect", "100-continue").json("{\"backup\":\"x\"}");
    let ask = ask.signed(&alice, node.now());
    let mut busy = Wire::open(node.address).await;
    let mut idle = Wire::open(node.address).await;
    idle.send(&Ask::get("/api/info").bytes()).await;
    assert_eq!(idle.reply(false).await.status, 200);
    busy.send(&ask.head()).await;
    assert_eq!(busy.reply(false).await.status, 100);
    node.shutdown();
    assert!(idle.ends().await);
    busy.send(&ask.body).await;
    assert_eq!(busy.reply(false).await.status, 204);
    assert!(busy.ends().await);
    until("nobody listens any more", || std::net::TcpStream::connect(node.address).is_err()).await;
}
