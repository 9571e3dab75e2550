//! Three nodes of ours, in a line and in a ring.

use super::client::{ALICE, BOB, CAROL, Line, SENT, Web, old, said, whispered};
use super::server::{Server, settings, until};
use tidings_doors::darkchat::Settings;

async fn line() -> [Server; 3] {
    let quiet = || Settings { discovery: false, ..settings() };
    let nodes = [Server::with(quiet()).await, Server::with(quiet()).await, Server::with(quiet()).await];
    nodes[0].link(nodes[1].peers).await;
    nodes[2].link(nodes[1].peers).await;
    until("a line", || nodes[1].peer_names().len() == 2).await;
    nodes
}

/// Everybody speaks, and everybody hears the others once, in order.
async fn converse(nodes: &[Server; 3]) {
    let mut alice = Web::new(&nodes[0], ALICE, &["room"]).await;
    let mut bob = Line::old(&nodes[1], BOB, &["room"]).await;
    let mut carol = Web::new(&nodes[2], CAROL, &["room"]).await;
    for round in 0..10 {
        let from_alice = said(ALICE, "room", &format!("a{round}"));
        assert_eq!(alice.ask(&from_alice).await, SENT);
        assert_eq!(bob.read().await, from_alice);
        assert_eq!(carol.read().await, from_alice);
        let from_bob = old(BOB, "msg", &format!("b{round}"), "", "room");
        bob.send(&from_bob).await;
        assert_eq!(alice.read().await, from_bob);
        assert_eq!(carol.read().await, from_bob);
        let secret = whispered(CAROL, ALICE, &format!("s{round}"));
        assert_eq!(carol.ask(&secret).await, SENT);
        assert_eq!(alice.read().await, secret);
    }
    alice.assert_silent(ALICE, "end").await;
    bob.assert_silent(BOB, "end").await;
    carol.assert_silent(CAROL, "end").await;
}

#[tokio::test]
async fn a_line_of_three() {
    converse(&line().await).await;
}

#[tokio::test]
async fn a_line_passes_on_channels_that_nobody_in_the_middle_follows() {
    let nodes = line().await;
    let mut alice = Web::new(&nodes[0], ALICE, &["room"]).await;
    let mut carol = Web::new(&nodes[2], CAROL, &["room"]).await;
    assert_eq!(alice.ask(&said(ALICE, "room", "x")).await, SENT);
    assert_eq!(carol.read().await, said(ALICE, "room", "x"));
}

#[tokio::test]
async fn a_ring_of_three() {
    let nodes = line().await;
    nodes[0].link(nodes[2].peers).await;
    until("a ring", || nodes.iter().all(|node| node.peer_names().len() == 2)).await;
    converse(&nodes).await;
}

#[tokio::test]
async fn both_ways_at_once() {
    let nodes = line().await;
    nodes[1].link(nodes[0].peers).await;
    nodes[1].link(nodes[2].peers).await;
    converse(&nodes).await;
}

#[tokio::test]
async fn one_tells_the_others_of_each_other() {
    let nodes = [Server::start().await, Server::start().await, Server::start().await];
    nodes[0].link(nodes[1].peers).await;
    nodes[2].link(nodes[1].peers).await;
    until("all know all", || nodes.iter().all(|node| node.peer_names().len() >= 2)).await;
    converse(&nodes).await;
}
