//! What bad input gets: for each route the bad requests with their answers, each of which changes nothing.

mod forms;
mod limits;
mod signatures;
mod wires;

use crate::node::{Ask, Node, Person, Reply};
use flate2::Compression;
use flate2::write::GzEncoder;
use std::io::Write as _;

/// A bad request and what it gets.
pub struct Row {
    what: String,
    ask: Ask,
    status: u16,
    /// The whole body.
    text: &'static str,
    kind: &'static str,
}

const TEXT: &str = "text/plain; charset=utf-8";
const HTML: &str = "text/html; charset=utf-8";
const UNSIGNED: &str = "Signature is invalid";
const NOTHING_TO_ACCEPT: &str =
    "The friend invite can not be accepted without encrypted contact information or a user uuid to sign up.";
const UNKNOWN_INVITE: &str = "The friend invite can not be found or was already used.";

/// The body of an answer that is a status only.
fn reason(status: u16) -> &'static str {
    match status {
        400 => "Bad Request",
        403 => "Forbidden",
        404 => "Not Found",
        408 => "Request Timeout",
        413 => "Payload Too Large",
        415 => "Unsupported Media Type",
        429 => "Too Many Requests",
        507 => "Insufficient Storage",
        other => panic!("no text for {other}"),
    }
}

pub fn row(what: &str, ask: Ask, status: u16) -> Row {
    let what = format!("{what}: {} {}", ask.method, ask.path);
    if status == 401 {
        return Row { what, ask, status, text: UNSIGNED, kind: HTML };
    }
    Row { what, ask, status, text: reason(status), kind: TEXT }
}

pub fn sentence(what: &str, ask: Ask, status: u16, text: &'static str) -> Row {
    Row { kind: HTML, text, ..row(what, ask, status) }
}

pub fn check(row: &Row, reply: &Reply) {
    let what = &row.what;
    assert_eq!((reply.status, reply.text().as_str()), (row.status, row.text), "{what}");
    assert_eq!(reply.header("content-type"), Some(row.kind), "{what}");
    assert_eq!(reply.header("access-control-allow-origin"), Some("*"), "{what}");
    assert!(reply.header("etag").is_some() && reply.header("date").is_some(), "{what}");
}

/// Asks each and compares everything stored before and after.
pub async fn refuse(node: &Node, rows: Vec<Row>) {
    let before = node.dump();
    for row in rows {
        check(&row, &node.ask(row.ask.clone()).await);
        node.unchanged(&before, &row.what).await;
    }
}

/// Two friends, who have a parcel with an attachment and a parcel without, a contact exchange and a backup; and a stranger.
pub struct World {
    pub node: Node,
    pub alice: Person,
    pub bob: Person,
    pub stranger: Person,
    pub with_attachment: String,
    pub without: String,
    pub token: String,
}

impl World {
    pub async fn new() -> Self {
        let node = Node::start().await;
        let (alice, bob, stranger) = (node.join(1).await, node.join(2).await, Person::new(3));
        node.set_contacts(&alice, &[&bob]).await;
        node.set_contacts(&bob, &[&alice]).await;
        let with_attachment = node.send(&bob, &alice, "MEDIA", Some(&[9; 50_000])).await;
        let without = node.send(&bob, &alice, "MEDIA", None).await;
        let made = node.ask_as(&alice, Ask::post("/api/contact-exchange").json("{}")).await;
        let token = made.json()["oneTimeToken"].as_str().unwrap().to_owned();
        let backup = Ask::post("/api/account/backup").json("{\"backup\":\"sealed\"}");
        assert_eq!(node.ask_as(&alice, backup).await.status, 204);
        Self { node, alice, bob, stranger, with_attachment, without, token }
    }

    pub fn by(&self, person: &Person, ask: Ask) -> Ask {
        ask.signed(person, self.node.now())
    }
}

/// Every route behind the signature.
pub fn signed_routes() -> Vec<Ask> {
    let id = Person::new(2).in_path();
    vec![
        Ask::post("/api/contact-exchange").json("{}"),
        Ask::get("/api/contact-exchange/x"),
        Ask::delete("/api/contact-exchange/x"),
        Ask::post("/api/parcels"),
        Ask::get("/api/parcels"),
        Ask::get(&format!("/api/parcels/{id}/accepts")),
        Ask::get(&format!("/api/parcels/{id}/status")),
        Ask::get("/api/parcels/x/attachment"),
        Ask::delete("/api/parcels/x"),
        Ask::post(&format!("/api/parcels/{id}")),
        Ask::post(&format!("/api/parcels/group/{id}")),
        Ask::get("/api/account"),
        Ask::post("/api/account/contacts").json("{\"contacts\":[]}"),
        Ask::post("/api/account/push-subscriptions").json("{}"),
        Ask::post("/api/account/backup").json("{\"backup\":\"x\"}"),
        Ask::get("/api/account/backup"),
        Ask::get("/api/account/invited-users"),
        Ask::delete("/api/account"),
        Ask::post("/api/account/delete"),
    ]
}

fn accept(token: &str) -> Ask {
    Ask::post(&format!("/api/contact-exchange/{token}/accept"))
}

#[tokio::test]
async fn what_does_not_exist_is_not_found() {
    let world = World::new().await;
    let mut rows = Vec::new();
    for ask in [
        Ask::get("/api"),
        Ask::get("/api/"),
        Ask::get("/api/unknown"),
        Ask::post("/api/info"),
        Ask::delete("/api/info"),
        Ask::get("/api/info/more"),
        Ask::get("/api//info"),
        accept(&world.token).with("application/json", "{}"),
    ] {
        if ask.path.ends_with("accept") {
            rows.push(row("another method", Ask { method: "PUT", ..ask }, 401));
        } else {
            rows.push(row("no such route", ask, 404));
        }
    }
    for ask in [
        Ask::get("/api/contact-exchange"),
        Ask::get(&format!("/api/contact-exchange/{}/accept", world.token)),
        Ask::new("PUT", "/api/parcels"),
        Ask::new("PATCH", "/api/account"),
        Ask::get("/api/parcels/x"),
        Ask::get("/api/parcels/x/other"),
        Ask::get("/api/parcels//status"),
        Ask::post("/api/parcels/group/x/y"),
        Ask::post("/api/account"),
        Ask::get("/api/account/delete"),
        Ask::get("/api/account/contacts"),
    ] {
        rows.push(row("no such route, unsigned", ask.clone(), 401));
        rows.push(row("no such route", world.by(&world.alice, ask), 404));
    }
    refuse(&world.node, rows).await;
    let before = world.node.dump();
    for path in ["/robots.txt", "//api/info", "/apis", "/index.html/x"] {
        let reply = world.node.ask(Ask::get(path)).await;
        assert_eq!((reply.status, reply.text().as_str()), (404, "Not Found"), "{path}");
    }
    world.node.unchanged(&before, "unknown pages").await;
}

#[tokio::test]
async fn paths_that_can_not_be_decoded_are_the_clients_mistake() {
    let world = World::new().await;
    let mut rows = Vec::new();
    for bad in ["%", "%zz", "%ff", "a%4"] {
        rows.push(row("undecodable", accept(bad).json("{\"encryptedContact\":\"x\"}"), 400));
        for ask in [
            Ask::get(&format!("/api/contact-exchange/{bad}")),
            Ask::delete(&format!("/api/contact-exchange/{bad}")),
            Ask::get(&format!("/api/parcels/{bad}/accepts")),
            Ask::get(&format!("/api/parcels/{bad}/status")),
            Ask::get(&format!("/api/parcels/{bad}/attachment")),
            Ask::delete(&format!("/api/parcels/{bad}")),
            Ask::post(&format!("/api/parcels/{bad}")),
            Ask::post(&format!("/api/parcels/group/{bad}")),
        ] {
            rows.push(row("undecodable and unsigned", ask.clone(), 401));
            rows.push(row("undecodable", world.by(&world.alice, ask), 400));
        }
    }
    refuse(&world.node, rows).await;
}

fn json_routes(world: &World) -> Vec<(Ask, bool, usize)> {
    let (small, large) = (102_400, 4 << 20);
    vec![
        (accept(&world.token), false, small),
        (Ask::post("/api/contact-exchange"), true, small),
        (Ask::post("/api/parcels"), true, small),
        (Ask::post(&format!("/api/parcels/{}", world.alice.in_path())), true, small),
        (Ask::post(&format!("/api/parcels/group/{}", world.alice.in_path())), true, small),
        (Ask::post("/api/account/push-subscriptions"), true, small),
        (Ask::post("/api/account/contacts"), true, large),
        (Ask::post("/api/account/backup"), true, large),
        (Ask::delete("/api/account"), true, small),
    ]
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(bytes).unwrap();
    gzip.finish().unwrap()
}

#[tokio::test]
async fn bad_json_is_refused_on_every_route() {
    let world = World::new().await;
    let mut rows = Vec::new();
    for (route, signed, max) in json_routes(&world) {
        let ask = |ask: Ask| if signed { world.by(&world.bob, ask) } else { ask };
        for text in ["{", "1", "\"text\"", "null", "true", "{\"a\":1}x", " ", "{'a':1}"] {
            rows.push(row(text, ask(route.clone().json(text)), 400));
        }
        let deep = "[".repeat(1000);
        rows.push(row("too deep", ask(route.clone().json(&deep)), 400));
        let long = format!("{{\"a\":\"{}\"}}", "x".repeat(max - 7));
        assert_eq!(long.len(), max + 1);
        rows.push(row("one byte too many", ask(route.clone().json(&long)), 413));
        let bomb = route.clone().with("application/json", gzip(&vec![b' '; 30_000_000]));
        rows.push(row("a bomb", ask(bomb.header("Content-Encoding", "gzip")), 413));
        let broken = route.clone().json("{}").header("Content-Encoding", "gzip");
        rows.push(row("no gzip", ask(broken), 400));
        rows.push(row("unknown coding", ask(route.clone().json("{}").header("Content-Encoding", "br")), 415));
        rows.push(row("charset", ask(route.with("application/json; charset=latin1", "{}")), 415));
    }
    refuse(&world.node, rows).await;
}

#[tokio::test]
async fn members_of_the_wrong_type_are_refused() {
    let world = World::new().await;
    let (alice, id) = (&world.alice, &world.stranger.id);
    let mut rows = Vec::new();
    for value in ["true", "[]", "{}", "[\"x\"]"] {
        let body = format!("{{\"encryptedContact\":{value}}}");
        rows.push(row(&body, world.by(alice, Ask::post("/api/contact-exchange").json(&body)), 400));
        rows.push(row(&body, accept(&world.token).json(&body), 400));
        let both = format!("{{\"userUuid\":\"{id}\",\"encryptedContact\":{value}}}");
        rows.push(row(&both, accept(&world.token).json(&both), 400));
        let body = format!("{{\"userUuid\":{value},\"encryptedContact\":\"x\"}}");
        rows.push(row(&body, accept(&world.token).json(&body), 400));
        let body = format!("{{\"backup\":{value}}}");
        rows.push(row(&body, world.by(alice, Ask::post("/api/account/backup").json(&body)), 400));
    }
    for body in ["{}", "{\"backup\":null}", "[\"backup\"]"] {
        rows.push(row(body, world.by(alice, Ask::post("/api/account/backup").json(body)), 400));
    }
    let text = Ask::post("/api/account/backup").with("text/plain", "{\"backup\":\"x\"}");
    rows.push(row("not JSON", world.by(alice, text), 400));
    for contacts in ["null", "5", "true", "{}", "\"text\"", "[5]", "[null]", "[[]]"] {
        let body = format!("{{\"contacts\":{contacts}}}");
        rows.push(row(&body, world.by(alice, Ask::post("/api/account/contacts").json(&body)), 400));
    }
    rows.push(row("absent", world.by(alice, Ask::post("/api/account/contacts").json("{}")), 400));
    let many = format!("{{\"contacts\":[{}\"\"]}}", "\"\",".repeat(50_000));
    rows.push(row("too many", world.by(alice, Ask::post("/api/account/contacts").json(&many)), 413));
    refuse(&world.node, rows).await;
}

#[tokio::test]
async fn nobody_signs_up_with_what_is_no_key() {
    let world = World::new().await;
    let mut rows = Vec::new();
    let low_order = format!("\"{}=\"", "A".repeat(43));
    let second = format!("\"{}\"", world.stranger.id.replace('=', ""));
    let long = format!("\"{}\"", "a".repeat(5000));
    for id in ["\"\"", "\"abc\"", "5", "1.5", low_order.as_str(), &second, &long] {
        let body = format!("{{\"userUuid\":{id},\"encryptedContact\":\"x\"}}");
        rows.push(row(&body, accept(&world.token).json(&body), 400));
    }
    for body in ["{}", "[]", "{\"userUuid\":null}", "{\"encryptedContact\":null,\"userUuid\":null}"] {
        rows.push(sentence(body, accept(&world.token).json(body), 400, NOTHING_TO_ACCEPT));
    }
    let text = accept(&world.token).with("text/plain", "{\"encryptedContact\":\"x\"}");
    rows.push(sentence("not JSON", text, 400, NOTHING_TO_ACCEPT));
    let good = "{\"encryptedContact\":\"x\"}";
    for token in ["x", "00000000-0000-4000-8000-000000000000", &world.token.to_uppercase()] {
        rows.push(sentence("unknown token", accept(token).json(good), 404, UNKNOWN_INVITE));
    }
    refuse(&world.node, rows).await;
}

#[tokio::test]
async fn a_push_subscription_must_be_one() {
    let world = World::new().await;
    let p256dh = "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4";
    let auth = "BTBZMqHH6r4Tts7J_aSIgg";
    let body = |endpoint: &str, p256dh: &str, auth: &str, more: &str| {
        format!("{{\"endpoint\":{endpoint},\"keys\":{{\"p256dh\":{p256dh},\"auth\":{auth}}}{more}}}")
    };
    let (good, key, secret) = ("\"https://push.example/x\"", format!("\"{p256dh}\""), format!("\"{auth}\""));
    let mut bodies = vec![
        "{\"endpoint\":\"https://push.example/x\"}".to_owned(),
        format!("{{\"keys\":{{\"p256dh\":{key},\"auth\":{secret}}}}}"),
        "{\"endpoint\":\"https://push.example/x\",\"keys\":5}".to_owned(),
        body(good, "\"x\"", &secret, ""),
        body(good, &format!("\"B{}\"", "A".repeat(86)), &secret, ""),
        body(good, "5", &secret, ""),
        body(good, &key, "\"x\"", ""),
        body(good, &key, "null", ""),
        body(good, &key, &secret, ",\"encoding\":5"),
    ];
    for endpoint in [
        "\"http://push.example/x\"",
        "\"https://127.0.0.1/x\"",
        "\"https://[::1]/x\"",
        "\"https://10.0.0.1/x\"",
        "\"https://169.254.169.254/latest\"",
        "\"ftp://push.example/x\"",
        "\"text\"",
        "\"\"",
        "5",
        "{}",
    ] {
        bodies.push(body(endpoint, &key, &secret, ""));
    }
    let ask = |text: &String| world.by(&world.alice, Ask::post("/api/account/push-subscriptions").json(text));
    let rows = bodies.iter().map(|text| row(text, ask(text), 400)).collect();
    refuse(&world.node, rows).await;
    for more in [",\"expirationTime\":null", ",\"encoding\":\"aesgcm\"", ",\"encoding\":null"] {
        let reply = world.node.ask(ask(&body(good, &key, &secret, more))).await;
        assert_eq!(reply.status, 204, "what is right but for one thing is right without it");
    }
}

#[tokio::test]
async fn strangers_and_others_get_nothing() {
    let world = World::new().await;
    let (bob, stranger) = (&world.bob, &world.stranger);
    let mut rows = Vec::new();
    for ask in [
        Ask::post("/api/contact-exchange").json("{}"),
        Ask::delete(&format!("/api/contact-exchange/{}", world.token)),
        Ask::get("/api/account"),
        Ask::post("/api/account/contacts").json("{\"contacts\":[]}"),
        Ask::post("/api/account/contacts").json("{}"),
        Ask::post("/api/account/push-subscriptions").json("{}"),
        Ask::post("/api/account/backup").json("{\"backup\":\"x\"}"),
        Ask::get("/api/account/backup"),
        Ask::get("/api/account/invited-users"),
        Ask::delete("/api/account"),
        Ask::post("/api/account/delete"),
        Ask::get(&format!("/api/parcels/{}/accepts", world.alice.in_path())),
        Ask::get(&format!("/api/parcels/{}/accepts", Person::new(99).in_path())),
        Ask::get("/api/parcels/x/accepts"),
    ] {
        rows.push(row("no account", world.by(stranger, ask), 403));
    }
    rows.push(row("no account", world.by(stranger, Ask::get(&format!("/api/contact-exchange/{}", world.token))), 404));
    let exchange = format!("/api/contact-exchange/{}", world.token);
    let attachment = format!("/api/parcels/{}/attachment", world.with_attachment);
    let parcel = format!("/api/parcels/{}", world.with_attachment);
    for ask in [Ask::get(&exchange), Ask::delete(&exchange), Ask::get(&attachment), Ask::delete(&parcel)] {
        rows.push(row("somebody else's", world.by(bob, ask), 404));
    }
    for unknown in ["x", "00000000-0000-4000-8000-000000000000", &world.without.to_uppercase()] {
        rows.push(row("unknown", world.by(&world.alice, Ask::get(&format!("/api/parcels/{unknown}/attachment"))), 404));
        rows.push(row("unknown", world.by(&world.alice, Ask::delete(&format!("/api/parcels/{unknown}"))), 404));
        rows.push(row("unknown", world.by(&world.alice, Ask::get(&format!("/api/contact-exchange/{unknown}"))), 404));
        rows.push(row(
            "unknown",
            world.by(&world.alice, Ask::delete(&format!("/api/contact-exchange/{unknown}"))),
            404,
        ));
    }
    let none = format!("/api/parcels/{}/attachment", world.without);
    rows.push(row("no attachment", world.by(&world.alice, Ask::get(&none)), 400));
    rows.push(row("no backup", world.by(bob, Ask::get("/api/account/backup")), 404));
    refuse(&world.node, rows).await;
    let status = Ask::get(&format!("/api/parcels/{}/status", world.alice.in_path()));
    let told = world.node.ask(world.by(stranger, status)).await;
    assert_eq!((told.status, told.text().as_str()), (200, "{\"count\":0,\"lastSeen\":\"NEVER\"}"));
}
