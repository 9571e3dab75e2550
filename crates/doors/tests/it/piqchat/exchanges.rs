//! Contact exchanges and the invite tree.

use crate::node::{Ask, Node, Person, START, Setup};
use std::time::Duration;

const EXPIRED: &str = "The friend invite is expired and can not be used anymore.";
const USED: &str = "The friend invite can not be found or was already used.";
const MINUTE: Duration = Duration::from_secs(60);

async fn make(node: &Node, maker: &Person, text: &str) -> String {
    let ask = Ask::post("/api/contact-exchange").json(&format!("{{\"encryptedContact\":{text}}}"));
    let made = node.ask_as(maker, ask).await;
    assert_eq!(made.status, 201);
    made.json()["oneTimeToken"].as_str().unwrap().to_owned()
}

fn accept(token: &str, body: &str) -> Ask {
    Ask::post(&format!("/api/contact-exchange/{token}/accept")).json(body)
}

async fn look(node: &Node, maker: &Person, token: &str) -> (u16, String) {
    let reply = node.ask_as(maker, Ask::get(&format!("/api/contact-exchange/{token}"))).await;
    (reply.status, reply.text())
}

#[tokio::test]
async fn texts_are_swapped_once() {
    let node = Node::start().await;
    let alice = node.join(1).await;
    let made =
        node.ask_as(&alice, Ask::post("/api/contact-exchange").json("{\"encryptedContact\":\"from alice\"}")).await;
    let token = made.json()["oneTimeToken"].as_str().unwrap().to_owned();
    let until = "2024-06-15T13:00:01.000Z";
    assert!(START < until);
    assert_eq!(
        made.text(),
        format!(
            "{{\"oneTimeToken\":\"{token}\",\"acceptUrl\":\"https://node.example/api/contact-exchange/{token}/accept\",\
             \"timeToLive\":\"{until}\"}}"
        )
    );
    assert!(token.len() == 36 && token.chars().nth(14) == Some('4') && token == token.to_lowercase());
    let open = (200, format!("{{\"state\":\"INITIATED\",\"timeToLive\":\"{until}\"}}"));
    assert_eq!(look(&node, &alice, &token).await, open);
    let accepted = node.ask(accept(&token, "{\"encryptedContact\":\"from bob\"}")).await;
    assert_eq!(accepted.text(), format!("{{\"encryptedContact\":\"from alice\",\"timeToLive\":\"{until}\"}}"));
    let done = format!("{{\"state\":\"ACCEPTED\",\"timeToLive\":\"{until}\",\"encryptedContact\":\"from bob\"}}");
    assert_eq!(look(&node, &alice, &token).await, (200, done.clone()));
    assert_eq!(look(&node, &alice, &token).await, (200, done), "it may be fetched repeatedly");
    let again = node.ask(accept(&token, "{\"encryptedContact\":\"x\"}")).await;
    assert_eq!((again.status, again.text().as_str()), (404, USED));
    let gone = node.ask_as(&alice, Ask::delete(&format!("/api/contact-exchange/{token}"))).await;
    assert_eq!((gone.status, gone.text().as_str()), (200, "OK"));
    assert_eq!(look(&node, &alice, &token).await.0, 404);
}

#[tokio::test]
async fn nothing_is_written_as_null() {
    let node = Node::start().await;
    let alice = node.join(1).await;
    let token = make(&node, &alice, "null").await;
    let bob = Person::new(2);
    let accepted = node.ask(accept(&token, &format!("{{\"userUuid\":\"{}\"}}", bob.id))).await;
    let until = "2024-06-15T13:00:01.000Z";
    let expected = format!("{{\"encryptedContact\":null,\"timeToLive\":\"{until}\",\"createdUserAccount\":true}}");
    assert_eq!(accepted.text(), expected);
    let done = format!("{{\"state\":\"ACCEPTED\",\"timeToLive\":\"{until}\",\"encryptedContact\":null}}");
    assert_eq!(look(&node, &alice, &token).await, (200, done));
    let token = make(&node, &alice, "5").await;
    let accepted = node.ask(accept(&token, &format!("{{\"userUuid\":\"{}\"}}", bob.id))).await;
    let expected = format!("{{\"encryptedContact\":\"5.0\",\"timeToLive\":\"{until}\"}}");
    assert_eq!(accepted.text(), expected, "bob has an account already, and numbers have a point");
}

#[tokio::test]
async fn what_expires_open_is_gone_and_what_was_accepted_is_seen_until_clean_up() {
    let node = Node::start().await;
    let alice = node.join(1).await;
    let (open, taken) = (make(&node, &alice, "\"a\"").await, make(&node, &alice, "\"b\"").await);
    node.pass(60 * MINUTE);
    assert_eq!(look(&node, &alice, &open).await.0, 200, "the last moment counts");
    assert_eq!(node.ask(accept(&taken, "{\"encryptedContact\":\"in time\"}")).await.status, 200);
    node.pass(Duration::from_millis(1));
    let late = node.ask(accept(&open, "{\"encryptedContact\":\"x\"}")).await;
    assert_eq!((late.status, late.text().as_str()), (404, EXPIRED));
    assert_eq!(late.header("content-type"), Some("text/html; charset=utf-8"));
    assert_eq!(look(&node, &alice, &open).await.0, 404);
    assert!(look(&node, &alice, &taken).await.1.contains("in time"));
    node.pass_days(7);
    assert_eq!(node.engine.sweep(node.now()).await.unwrap().exchanges, 0, "ages end at midnight");
    node.pass_days(1);
    // Alice's two and the invitation that brought her.
    assert_eq!(node.engine.sweep(node.now()).await.unwrap().exchanges, 3);
    assert_eq!(look(&node, &alice, &taken).await.0, 404);
}

#[tokio::test]
async fn an_expired_exchange_can_still_be_deleted() {
    let node = Node::start().await;
    let alice = node.join(1).await;
    let token = make(&node, &alice, "\"a\"").await;
    node.pass(61 * MINUTE);
    assert_eq!(node.ask_as(&alice, Ask::delete(&format!("/api/contact-exchange/{token}"))).await.status, 200);
}

#[tokio::test]
async fn links_name_the_public_host() {
    let node = Node::start().await;
    let alice = node.join(1).await;
    let made = |host: &str| {
        let ask = Ask::post("/api/contact-exchange").header("Host", host).json("{}");
        node.ask_as(&alice, ask)
    };
    let url = |reply: crate::node::Reply| reply.json()["acceptUrl"].as_str().unwrap().to_owned();
    assert!(url(made("other.example:8443").await).starts_with("https://other.example:8443/api/contact-exchange/"));
    for bad in ["user@evil.example", "a b", "", "evil.example/path"] {
        assert_eq!(made(bad).await.status, 400, "{bad}");
    }
    let mut setup = Setup::default();
    setup.door.public_name = Some("known.example".to_owned());
    let node = Node::with(setup).await;
    let alice = node.join(1).await;
    let ask = Ask::post("/api/contact-exchange").header("Host", "evil.example").json("{}");
    assert!(url(node.ask_as(&alice, ask).await).starts_with("https://known.example/api/"));
}

/// Makes `new` a user by an invitation of `maker`.
async fn invite(node: &Node, maker: &Person, seed: u8) -> Person {
    let new = Person::new(seed);
    let token = make(node, maker, "\"\"").await;
    let accepted = node.ask(accept(&token, &format!("{{\"userUuid\":\"{}\"}}", new.id))).await;
    assert_eq!(accepted.status, 200);
    new
}

#[tokio::test]
async fn the_invite_tree_has_holes_and_the_admin_sees_all() {
    let mut setup = Setup::default();
    let admin = Person::new(1);
    let tidings_core::Key::Box(key) = admin.key() else { panic!("another kind of key") };
    setup.door.admin = Some(key);
    let node = Node::with(setup).await;
    let alice = node.join(1).await;
    let bob = invite(&node, &alice, 2).await;
    let carol = invite(&node, &alice, 3).await;
    let dave = invite(&node, &bob, 4).await;
    node.ask_as(&bob, Ask::get("/api/parcels").header("X-Client-Version", "0.2.1")).await;
    let tree = |person: &Person| {
        let ask = Ask::get("/api/account/invited-users").signed(person, node.now());
        async { node.ask(ask).await.text() }
    };
    assert_eq!(node.ask_as(&carol, Ask::delete("/api/account")).await.status, 204);
    let bobs = format!(
        "[{{\"id\":\"{}\",\"entryId\":2,\"clientLastSeen\":\"RECENTLY\",\"createdBy\":\"1.0\"}},\
         {{\"id\":\"{}\",\"entryId\":4,\"clientLastSeen\":\"NEVER\",\"createdBy\":\"2.0\"}}]",
        bob.id, dave.id
    );
    assert_eq!(tree(&bob).await, bobs);
    let all = format!(
        "[{{\"id\":\"{}\",\"entryId\":1,\"clientVersion\":null,\"clientLastSeen\":\"NEVER\",\"createdBy\":null}},\
         {{\"id\":\"{}\",\"entryId\":2,\"clientVersion\":\"0.2.1\",\"clientLastSeen\":\"RECENTLY\",\"createdBy\":\"1.0\"}},\
         {{\"id\":null,\"entryId\":3,\"clientVersion\":null,\"clientLastSeen\":\"NEVER\",\"createdBy\":\"1.0\"}},\
         {{\"id\":\"{}\",\"entryId\":4,\"clientVersion\":null,\"clientLastSeen\":\"NEVER\",\"createdBy\":\"2.0\"}}]",
        alice.id, bob.id, dave.id
    );
    assert_eq!(tree(&alice).await, all);
    assert!(!tree(&dave).await.contains("clientVersion"));
}
