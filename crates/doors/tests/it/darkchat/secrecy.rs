//! A conversation leaves no trace on the disk.

use super::client::{ALICE, BOB, Line, SENT, Web, old, said, whispered};
use super::neighbour::Neighbour;
use super::server::{Server, settings};
use std::fs;
use std::path::Path;

#[tokio::test]
async fn nothing_that_was_said_is_on_the_disk() {
    let server = Server::with(settings()).await;
    let neighbour = Neighbour::new().await;
    let mut link = neighbour.call(server.peers).await;
    let channel = "a-channel-of-which-nobody-must-know";
    let mut alice = Web::new(&server, ALICE, &[channel]).await;
    let mut bob = Line::old(&server, BOB, &[channel]).await;
    for round in 0..50 {
        let said = said(ALICE, channel, &format!("words-for-members-only {round}"));
        assert_eq!(alice.ask(&said).await, SENT);
        assert_eq!(bob.read().await, said);
        assert_eq!(link.relay().await.json, said);
        let secret = whispered(ALICE, BOB, &format!("words-for-bob-only {round}"));
        assert_eq!(alice.ask(&secret).await, SENT);
        assert_eq!(bob.read().await, secret);
        let relayed = old(BOB, "msg", &format!("words-from-afar {round}"), "", channel);
        link.send(channel, &format!("id-from-afar-{round}"), &relayed).await;
        assert_eq!(alice.read().await, relayed);
        assert_eq!(bob.read().await, relayed);
    }
    let written = contents(server.folder());
    assert!(written.len() > 4096, "the store is there");
    for secret in [channel, "words-for", "words-from", "id-from-afar", ALICE.1, BOB.1] {
        assert!(!contains(&written, secret.as_bytes()), "{secret}");
    }
    let key: Vec<u8> = (2..66).step_by(2).map(|at| u8::from_str_radix(&ALICE.1[at..at + 2], 16).unwrap()).collect();
    assert!(!contains(&written, &key), "the key itself");
}

/// All files below a folder, one after the other: the database, its journal, and whatever else is there.
fn contents(folder: &Path) -> Vec<u8> {
    let mut all = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { all.extend(contents(&path)) } else { all.extend(fs::read(path).unwrap()) }
    }
    all
}

fn contains(all: &[u8], part: &[u8]) -> bool {
    all.windows(part.len()).any(|window| window == part)
}
