//! Signatures that do not hold.

use super::{World, refuse, row, signed_routes};
use crate::node::person::Signature;
use crate::node::{Ask, SERVER_PUBLIC};
use std::time::Duration;

/// All the ways in which a signature can be wrong: what, and the two headers.
fn spoilt(world: &World) -> Vec<(&'static str, Vec<(&'static str, String)>)> {
    let now = world.node.now();
    let good = || world.alice.sign(now);
    let both = |signature: &Signature| vec![("Authorization", signature.header()), ("X-Date", signature.date.clone())];
    let header = |text: String| vec![("Authorization", text), ("X-Date", now.to_string())];
    let changed = |change: fn(&mut Signature)| {
        let mut signature = good();
        change(&mut signature);
        both(&signature)
    };
    let at = |date: &str| both(&world.alice.sign_text(date, SERVER_PUBLIC));
    let hour = Duration::from_secs(3600) + Duration::from_millis(1);
    let low_order = "wcLDxMXGx8jJysvMzc7P0NHS09TV1tfYTqeJIxijI8ZtOcUOOaR0OPZP/fJQVUUIEsS6n+jh+qsRhQ5y59og9w==";
    vec![
        ("no headers", vec![]),
        ("no date", vec![("Authorization", good().header())]),
        ("no signature", vec![("X-Date", now.to_string())]),
        ("empty", header(String::new())),
        ("lower-case scheme", header(good().header().replace("Signature ", "signature "))),
        ("two blanks", header(good().header().replace("Signature ", "Signature  "))),
        ("blank after a comma", header(good().header().replace(",signature", ", signature"))),
        ("no padding", changed(|s| s.sealed = s.sealed.trim_end_matches('=').replace('=', ""))),
        ("URL-safe letters", changed(|s| s.sealed = format!("-_{}", &s.sealed[2..]))),
        ("too short", changed(|s| s.sealed = "QUJD".to_owned())),
        ("no id", header(format!("Signature signature=\"{}\"", good().sealed))),
        ("somebody else's id", changed(|s| s.id = crate::node::Person::new(2).id)),
        ("another text than signed", changed(|s| s.date = s.date.replace('Z', "0Z"))),
        ("signed for another node", both(&world.alice.sign_text(&now.to_string(), &world.bob.id))),
        ("a second spelling", changed(|s| s.id = second_spelling(&s.id))),
        ("low order", {
            let (id, sealed) = (format!("{}=", "A".repeat(43)), low_order.to_owned());
            both(&Signature { id, sealed, date: "2024-01-02T03:04:05.678Z".to_owned() })
        }),
        ("stale", both(&world.alice.sign(now.before(hour)))),
        ("from the future", both(&world.alice.sign(now.after(hour)))),
        ("an empty date", at("")),
        ("no date at all", at("yesterday")),
        ("a date that does not exist", at("2024-06-31T12:00:00.000Z")),
        ("Basic", header("Basic YTpi".to_owned())),
        ("very long", header(format!("Signature keyId=\"{}\"", "A".repeat(8000)))),
    ]
}

/// The same 32 bytes with an unused bit set in the last letter.
fn second_spelling(id: &str) -> String {
    const LETTERS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let last = id.chars().nth(42).unwrap();
    let next = LETTERS.chars().nth(LETTERS.find(last).unwrap() + 1).unwrap();
    format!("{}{next}=", &id[..42])
}

#[tokio::test]
async fn every_route_refuses_every_spoilt_signature() {
    let world = World::new().await;
    let mut rows = Vec::new();
    for route in signed_routes() {
        for (what, headers) in spoilt(&world) {
            let add = |ask: Ask, (name, value): &(&str, String)| ask.header(name, value);
            rows.push(row(what, headers.iter().fold(route.clone(), add), 401));
        }
    }
    refuse(&world.node, rows).await;
}

#[tokio::test]
async fn the_limits_of_the_window_hold() {
    let world = World::new().await;
    let hour = Duration::from_secs(3600);
    for date in [world.node.now().before(hour), world.node.now().after(hour)] {
        let ask = Ask::get("/api/account").signed(&world.alice, date);
        assert_eq!(world.node.ask(ask).await.status, 200);
    }
    let http_date = world.alice.sign_text("Sat, 15 Jun 2024 12:00:01 GMT", SERVER_PUBLIC);
    assert_eq!(world.node.ask(Ask::get("/api/account").with_signature(&http_date)).await.status, 200);
}

#[tokio::test]
async fn an_account_is_deleted_with_a_new_signature_only() {
    let world = World::new().await;
    let used = world.alice.sign(world.node.now());
    assert_eq!(world.node.ask(Ask::get("/api/account").with_signature(&used)).await.status, 200);
    let again = |ask: Ask| ask.with_signature(&used);
    refuse(
        &world.node,
        vec![
            row("used before", again(Ask::delete("/api/account")), 401),
            row("used before", again(Ask::post("/api/account/delete")), 401),
        ],
    )
    .await;
    assert_eq!(world.node.ask(again(Ask::get("/api/account"))).await.status, 200, "else it may be used again");
    assert_eq!(world.node.ask_as(&world.alice, Ask::delete("/api/account")).await.status, 204);
}
