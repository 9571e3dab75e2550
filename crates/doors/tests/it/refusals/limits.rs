//! Too much: of requests, of parcels, of bytes.

use super::{Row, check, refuse, row};
use crate::node::{Ask, Form, Node, Person, Setup};
use std::time::Duration;
use tidings_core::policy::Budget;
use tidings_engine::limits::Rate;

fn upload(node: &Node, from: &Person, to: &[&Person], content: &str) -> Ask {
    let form = to.iter().fold(Form::new().text("type", "MEDIA"), |form, person| {
        form.text("recipient", &format!("{} {content}", person.id))
    });
    Ask::post("/api/parcels").form(form).signed(from, node.now())
}

#[tokio::test]
async fn full_inboxes_and_full_senders_are_refused() {
    for (stream, sender) in [
        (Budget { count: 1, bytes: 1 << 20 }, Budget { count: 100, bytes: 1 << 20 }),
        (Budget { count: 100, bytes: 150 }, Budget { count: 100, bytes: 1 << 20 }),
        (Budget { count: 100, bytes: 1 << 20 }, Budget { count: 1, bytes: 1 << 20 }),
        (Budget { count: 100, bytes: 1 << 20 }, Budget { count: 100, bytes: 150 }),
    ] {
        let mut setup = Setup::default();
        setup.engine.policies.inbox.stream = stream;
        setup.engine.policies.inbox.sender = sender;
        let node = Node::with(setup).await;
        let (alice, bob, carol) = (node.join(1).await, node.join(2).await, node.join(3).await);
        node.set_contacts(&alice, &[&bob]).await;
        node.set_contacts(&carol, &[&bob]).await;
        let content = "x".repeat(100);
        assert_eq!(node.ask(upload(&node, &bob, &[&alice], &content)).await.status, 200);
        let single = format!("/api/parcels/{}", alice.in_path());
        let group = format!("/api/parcels/group/{}", alice.in_path());
        let form = || Form::new().text("type", "IMAGE").text("content", &content);
        let contents = || Form::new().text("type", "MEDIA").text("contents", &format!("\"{content}\""));
        let by_bob = |ask: Ask| ask.signed(&bob, node.now());
        refuse(
            &node,
            vec![
                row("full", upload(&node, &bob, &[&alice], &content), 507),
                row("full", by_bob(Ask::post(&single).form(form())), 507),
                row("full", by_bob(Ask::post(&group).form(contents())), 507),
            ],
        )
        .await;
        let reply = node.ask(upload(&node, &bob, &[&alice, &carol], &content)).await;
        if sender.count == 1 || sender.bytes == 150 {
            assert_eq!(reply.status, 507, "the sender has too much waiting wherever it goes");
        } else {
            let refused = format!("{{\"forbiddenRecipientIds\":[\"{}\"]}}", alice.id);
            assert_eq!((reply.status, reply.text()), (200, refused));
        }
    }
}

#[tokio::test]
async fn one_envelope_may_be_too_large() {
    let mut setup = Setup::default();
    setup.engine.policies.inbox.envelope_bytes = 100;
    let node = Node::with(setup).await;
    let (alice, bob) = (node.join(1).await, node.join(2).await);
    node.set_contacts(&alice, &[&bob]).await;
    refuse(&node, vec![row("large", upload(&node, &bob, &[&alice], &"x".repeat(100)), 413)]).await;
}

/// Checks a row that must also say when to come again.
fn check_retry(row: &Row, reply: &crate::node::Reply, seconds: &str) {
    check(row, reply);
    assert_eq!(reply.header("retry-after"), Some(seconds));
}

#[tokio::test]
async fn requests_of_one_address_are_limited() {
    let mut setup = Setup::default();
    setup.door.rates.address = Rate { burst: 3, per_second: 1 };
    let node = Node::with(setup).await;
    for _ in 0..3 {
        assert_eq!(node.ask(Ask::get("/api/info")).await.status, 200);
    }
    let info = row("too many", Ask::get("/api/info"), 429);
    check_retry(&info, &node.ask(info.ask.clone()).await, "1");
    for ask in super::signed_routes() {
        let row = row("too many", ask, 429);
        check_retry(&row, &node.ask(row.ask.clone()).await, "1");
    }
    assert_eq!(node.ask(Ask::new("OPTIONS", "/api/info")).await.status, 204);
    node.pass(Duration::from_secs(1));
    assert_eq!(node.ask(Ask::get("/api/info")).await.status, 200);
}

#[tokio::test]
async fn requests_of_one_key_are_limited() {
    let mut setup = Setup::default();
    setup.door.rates.key = Rate { burst: 2, per_second: 1 };
    let node = Node::with(setup).await;
    let (alice, bob) = (Person::new(1), Person::new(2));
    for _ in 0..2 {
        assert_eq!(node.ask_as(&alice, Ask::get("/api/parcels")).await.status, 200);
    }
    let list = row("too many", Ask::get("/api/parcels"), 429);
    check_retry(&list, &node.ask_as(&alice, Ask::get("/api/parcels")).await, "1");
    assert_eq!(node.ask_as(&bob, Ask::get("/api/parcels")).await.status, 200);
}

#[tokio::test]
async fn guesses_are_limited_most_strictly() {
    let mut setup = Setup::default();
    setup.door.rates.guesses = Rate { burst: 3, per_second: 1 };
    let node = Node::with(setup).await;
    let guess = || Ask::post("/api/contact-exchange/x/accept").json("{\"encryptedContact\":\"x\"}");
    assert_eq!(node.ask(guess()).await.status, 404);
    for _ in 0..2 {
        assert_eq!(node.ask(Ask::get("/api/account")).await.status, 401);
    }
    let guessed = row("guesses", guess(), 429);
    check_retry(&guessed, &node.ask(guess()).await, "1");
    let unsigned = row("guesses", Ask::get("/api/account"), 429);
    check_retry(&unsigned, &node.ask(unsigned.ask.clone()).await, "1");
    assert_eq!(node.ask(Ask::get("/api/info")).await.status, 200);
    node.pass(Duration::from_secs(1));
    assert_eq!(node.ask(guess()).await.status, 404);
}

#[tokio::test]
async fn nothing_that_takes_room_is_accepted_when_the_disk_is_nearly_full() {
    let mut setup = Setup::default();
    setup.engine.disk_reserve = u64::MAX / 2;
    let node = Node::with(setup).await;
    let person = Person::new(1);
    let by = |ask: Ask| ask.signed(&person, node.now());
    let accept = Ask::post("/api/contact-exchange/x/accept").json("{\"encryptedContact\":\"x\"}");
    let form = Form::new().file("attachment", "a", &[1; 100_000]).text("type", "MEDIA");
    let to = format!("{} x", Person::new(2).id);
    let small = Form::new().text("type", "MEDIA").text("recipient", &to);
    refuse(
        &node,
        vec![
            row("no room", accept, 507),
            row("no room", by(Ask::post("/api/parcels").form(form)), 507),
            row("no room", by(Ask::post("/api/parcels").form(small)), 507),
        ],
    )
    .await;
    assert_eq!(node.ask(Ask::get("/api/info")).await.status, 200);
    assert_eq!(node.ask_as(&person, Ask::get("/api/parcels")).await.text(), "[]");
}

#[tokio::test]
async fn transfers_of_one_key_are_limited() {
    let mut setup = Setup::default();
    setup.door.transfers_per_key = 0;
    let node = Node::with(setup).await;
    let alice = node.join(1).await;
    let by = |ask: Ask| ask.signed(&alice, node.now());
    let id = "00000000-0000-4000-8000-000000000000";
    for ask in [by(Ask::post("/api/parcels").form(Form::new())), by(Ask::get(&format!("/api/parcels/{id}/attachment")))]
    {
        let row = row("transfers", ask, 429);
        check_retry(&row, &node.ask(row.ask.clone()).await, "1");
    }
}
