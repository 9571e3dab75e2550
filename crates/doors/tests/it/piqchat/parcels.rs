//! Parcels: order, contents, attachments, ages, and inboxes too large for memory.

use crate::node::{Ask, Form, Node, Person, Reply, Setup, Wire, until};
use std::time::Duration;
use tokio::io::AsyncReadExt as _;

async fn upload(node: &Node, from: &Person, form: Form) -> Reply {
    node.ask_as(from, Ask::post("/api/parcels").form(form)).await
}

async fn list(node: &Node, person: &Person) -> Reply {
    node.ask_as(person, Ask::get("/api/parcels")).await
}

async fn contents(node: &Node, person: &Person) -> Vec<Option<String>> {
    let parcels = list(node, person).await.json();
    let content = |parcel: &serde_json::Value| parcel["content"].as_str().map(str::to_owned);
    parcels.as_array().unwrap().iter().map(content).collect()
}

/// Alice, whose contacts are bob and herself, and bob, whose contacts are alice and himself.
async fn friends() -> (Node, Person, Person) {
    let node = Node::start().await;
    let (alice, bob) = (node.join(1).await, node.join(2).await);
    node.set_contacts(&alice, &[&bob, &alice]).await;
    node.set_contacts(&bob, &[&alice, &bob]).await;
    (node, alice, bob)
}

#[tokio::test]
async fn a_list_has_exact_bytes_and_the_order_of_arrival() {
    let (node, alice, bob) = friends().await;
    for (label, content) in [("MEDIA", "a b  c"), ("CONTACT", ""), ("any \"type\"", "ä\"\\\u{1}")] {
        let form = Form::new().text("recipient[0]", &format!("{} {content}", alice.id)).text("type", label);
        let reply = upload(&node, &bob, form).await;
        assert_eq!((reply.status, reply.text().as_str()), (200, "{\"forbiddenRecipientIds\":[]}"));
        node.pass(Duration::from_millis(1));
    }
    let ids = node.ids(&alice).await;
    assert!(ids.iter().all(|id| id.len() == 36 && id.chars().nth(14) == Some('4')));
    let parcel = |at: usize, label: &str, content: &str| {
        format!(
            "{{\"id\":\"{}\",\"type\":\"{label}\",\"content\":\"{content}\",\"uploadedBy\":\"{}\",\
             \"uploadedAt\":\"2024-06-15T12:00:01.00{at}Z\"}}",
            ids[at], bob.id
        )
    };
    let expected =
        [parcel(0, "MEDIA", "a b  c"), parcel(1, "CONTACT", ""), parcel(2, "any \\\"type\\\"", "ä\\\"\\\\\\u0001")];
    let reply = list(&node, &alice).await;
    assert_eq!(reply.text(), format!("[{}]", expected.join(",")));
    assert_eq!(reply.header("content-type"), Some("application/json; charset=utf-8"));
    assert_eq!(list(&node, &alice).await.text(), reply.text(), "from memory it is the same");
    let gone = node.ask_as(&alice, Ask::delete(&format!("/api/parcels/{}", ids[1]))).await;
    assert_eq!((gone.status, gone.body.len(), gone.header("content-type")), (204, 0, None));
    assert_eq!(list(&node, &alice).await.text(), format!("[{},{}]", expected[0], expected[2]));
    assert_eq!(node.ask_as(&alice, Ask::delete(&format!("/api/parcels/{}", ids[1]))).await.status, 404);
    assert_eq!(list(&node, &Person::new(77)).await.text(), "[]");
}

#[tokio::test]
async fn recipients_are_told_apart() {
    let (node, alice, bob) = friends().await;
    let stranger = Person::new(9);
    let form = Form::new()
        .file("attachment", "first", &[8; 30_000])
        .text("recipient", &format!("{} one", stranger.id))
        .text("recipient", &format!("{} first", alice.id))
        .text("recipient", "nobody")
        .text("unknown", "ignored")
        .text("recipient[]", &format!("{} mine", bob.id))
        .text("recipient", &format!("{} last", alice.id))
        .text("recipient", &format!("{} two", stranger.id))
        .text("type", "MEDIA");
    let reply = upload(&node, &bob, form).await;
    let refused = format!("{{\"forbiddenRecipientIds\":[\"{0}\",\"nobody\",\"{0}\"]}}", stranger.id);
    assert_eq!((reply.status, reply.text()), (200, refused));
    assert_eq!(contents(&node, &alice).await, [Some("last".to_owned())]);
    assert_eq!(contents(&node, &bob).await, [Some("mine".to_owned())]);
    let small = Form::new().text("type", "MEDIA").text("recipient", &format!("{} x", stranger.id));
    let small = small.file("attachment", "a", &[8; 30_000]).text("recipient", &format!("{} late", bob.id));
    assert_eq!(upload(&node, &bob, small).await.status, 200, "a small form may have any order");
    assert_eq!(contents(&node, &bob).await, [Some("mine".to_owned()), Some("late".to_owned())]);
    let alone = upload(&node, &bob, Form::new().text("recipient", &alice.id).text("type", "x")).await;
    assert_eq!(alone.status, 200, "without a blank, the id is the content, too");
    assert_eq!(contents(&node, &alice).await[1], Some(alice.id.clone()));
    let json = format!("{{\"type\":\"x\",\"recipient\":[\"{} json\"],\"more\":{{\"a\":[1]}}}}", alice.id);
    assert_eq!(node.ask_as(&bob, Ask::post("/api/parcels").json(&json)).await.status, 200);
    assert_eq!(contents(&node, &alice).await[2], Some("json".to_owned()));
}

#[tokio::test]
async fn files_without_a_name_are_skipped() {
    let (node, alice, bob) = friends().await;
    let to = format!("{} x", alice.id);
    let bare = "Content-Disposition: form-data; name=\"attachment\"\r\nContent-Type: application/octet-stream";
    let form = Form::new().text("type", "MEDIA").text("recipient", &to).file("attachment", "", &[1; 40_000]);
    let form = form.part(bare, &[2; 40_000]).text("attachment", "an unknown text field");
    assert_eq!(upload(&node, &bob, form.file("attachment", "real", b"the one")).await.status, 200);
    let id = node.ids(&alice).await.pop().unwrap();
    let read = node.ask_as(&alice, Ask::get(&format!("/api/parcels/{id}/attachment"))).await;
    assert_eq!((read.status, read.body.as_slice()), (200, b"the one".as_slice()));
    assert_eq!(read.header("content-type"), Some("application/octet-stream"));
}

#[tokio::test]
async fn a_shared_attachment_goes_with_its_last_parcel() {
    let (node, alice, bob) = friends().await;
    for (size, files) in [(10, 0), (16 * 1024, 0), (16 * 1024 + 1, 1), (3_000_000, 1)] {
        let bytes: Vec<u8> = (0..size).map(|at: usize| (at % 251) as u8).collect();
        let form =
            Form::new().text("recipient", &format!("{} x", alice.id)).text("recipient", &format!("{} x", bob.id));
        let form = form.text("type", "MEDIA").file("attachment", "a", &bytes);
        assert_eq!(upload(&node, &bob, form).await.status, 200);
        assert_eq!((node.count("SELECT count(*) FROM blobs"), node.files().len()), (1, files));
        for person in [&alice, &bob] {
            assert_eq!(node.count("SELECT count(*) FROM blobs"), 1);
            let id = node.ids(person).await.pop().unwrap();
            let ask = Ask::get(&format!("/api/parcels/{id}/attachment"));
            let read = node.ask_as(person, ask).await;
            assert!(read.status == 200 && read.body == bytes);
            assert_eq!(read.header("content-length"), Some(size.to_string().as_str()));
            assert_eq!(node.ask_as(person, Ask::delete(&format!("/api/parcels/{id}"))).await.status, 204);
        }
        assert_eq!((node.count("SELECT count(*) FROM blobs"), node.files().len()), (0, 0));
    }
}

#[tokio::test]
async fn a_lost_file_is_a_lost_attachment() {
    let (node, alice, bob) = friends().await;
    let id = node.send(&bob, &alice, "MEDIA", Some(&[1; 50_000])).await;
    let file = node.files().pop().unwrap();
    std::fs::write(&file, b"cut").unwrap();
    let path = format!("/api/parcels/{id}/attachment");
    assert_eq!(node.ask_as(&alice, Ask::get(&path)).await.text(), "Bad Request");
    std::fs::remove_file(&file).unwrap();
    assert_eq!(node.ask_as(&alice, Ask::get(&path)).await.status, 400);
    assert_eq!(node.ask_as(&alice, Ask::delete(&format!("/api/parcels/{id}"))).await.status, 204);
}

#[tokio::test]
async fn the_oldest_clients_are_understood() {
    let (node, alice, bob) = friends().await;
    let single = format!("/api/parcels/{}", alice.in_path());
    let form = Form::new().text("content", "one").file("attachment", "a", b"x");
    let reply = node.ask_as(&bob, Ask::post(&single).form(form)).await;
    assert_eq!((reply.status, reply.text().as_str()), (201, "Created"));
    assert_eq!(node.ask_as(&bob, Ask::post(&single).form(Form::new().text("type", "T"))).await.status, 201);
    assert_eq!(node.ask_as(&bob, Ask::post(&single).json("{\"content\":\"j\",\"more\":[5]}")).await.status, 201);
    let stranger = Person::new(9);
    let ids = format!("{}%2C{}%2C{}", alice.in_path(), stranger.in_path(), bob.in_path());
    let group = |ids: &str, contents: &str| {
        let form = Form::new().text("type", "MEDIA").text("contents", contents);
        Ask::post(&format!("/api/parcels/group/{ids}")).form(form).signed(&bob, node.now())
    };
    let each = format!("{{\"{}\":\"for alice\",\"{}\":\"for bob\",\"{}\":5}}", alice.id, bob.id, stranger.id);
    let reply = node.ask(group(&ids, &each)).await;
    assert_eq!(reply.text(), format!("{{\"forbiddenRecipientIds\":[\"{}\"]}}", stranger.id));
    let twice = format!("{0},{0}", alice.in_path());
    assert_eq!(node.ask(group(&twice, "\"for all\"")).await.text(), "{\"forbiddenRecipientIds\":[]}");
    let parcels = list(&node, &alice).await.json();
    let seen: Vec<_> =
        parcels.as_array().unwrap().iter().map(|p| (p["type"].as_str().unwrap(), p["content"].as_str())).collect();
    assert_eq!(
        seen,
        [
            ("IMAGE", Some("one")),
            ("T", None),
            ("IMAGE", Some("j")),
            ("MEDIA", Some("for alice")),
            ("MEDIA", Some("for all")),
            ("MEDIA", Some("for all")),
        ]
    );
    assert_eq!(contents(&node, &bob).await, [Some("for bob".to_owned())]);
    let status = node.ask_as(&bob, Ask::get(&format!("/api/parcels/{}/status", alice.in_path()))).await;
    assert_eq!(status.text(), "{\"count\":3,\"lastSeen\":\"RECENTLY\"}");
}

#[tokio::test]
async fn parcels_end_after_ninety_days_and_share_files_until_then() {
    let (node, alice, bob) = friends().await;
    node.send(&bob, &alice, "MEDIA", Some(&[1; 50_000])).await;
    node.pass_days(1);
    node.send(&bob, &alice, "MEDIA", Some(&[2; 50_000])).await;
    node.pass_days(89);
    list(&node, &alice).await;
    assert_eq!(node.engine.sweep(node.now()).await.unwrap().envelopes, 0);
    node.pass_days(1);
    assert_eq!(node.engine.sweep(node.now()).await.unwrap().envelopes, 1);
    assert_eq!((node.ids(&alice).await.len(), node.files().len()), (1, 1));
    assert_eq!(contents(&node, &alice).await.len(), 1, "memory knows it, too");
}

#[tokio::test]
async fn an_inbox_larger_than_memory_allows_is_written_while_it_is_read() {
    for (count, size) in [(1_203_usize, 10_usize), (7, 400_000)] {
        let (node, alice, bob) = friends().await;
        let mut sent = Vec::new();
        for first in (0..count).step_by(100) {
            let numbers: Vec<usize> = (first..count.min(first + 100)).collect();
            let drafts = numbers.iter().map(|number| tidings_core::Draft {
                stream: tidings_core::StreamName::inbox(&alice.key()),
                id: node.engine.entropy().envelope_id(),
                label: tidings_core::Label::new("MEDIA"),
                body: Some(format!("{number}-{}", "x".repeat(size)).into_bytes().into()),
                notify: false,
                time: None,
            });
            let caller = tidings_core::Caller::Key(bob.key());
            let post = tidings_engine::Post { caller, drafts: drafts.collect(), joined: None, blob: None };
            sent.extend(
                node.engine.accept(post, node.now()).await.unwrap().into_iter().map(|e| e.unwrap().id.to_string()),
            );
        }
        let reply = list(&node, &alice).await;
        assert_eq!((reply.status, reply.header("transfer-encoding")), (200, Some("chunked")));
        let parcels = reply.json();
        let ids: Vec<&str> = parcels.as_array().unwrap().iter().map(|p| p["id"].as_str().unwrap()).collect();
        assert!(reply.whole && ids == sent, "{count} parcels");
        let head = node.ask_as(&alice, Ask::new("HEAD", "/api/parcels")).await;
        assert_eq!((head.status, head.body.len()), (200, 0));
    }
}

/// Bytes of memory that this process has.
fn resident() -> usize {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
    statm.split(' ').nth(1).unwrap().parse::<usize>().unwrap() * 4096
}

/// Attachments of this node that are open.
fn attachments_open(node: &Node) -> usize {
    let handles = std::fs::read_dir("/proc/self/fd").unwrap().flatten();
    handles.filter(|handle| std::fs::read_link(handle.path()).is_ok_and(|file| file.starts_with(node.blobs()))).count()
}

/// So many downloads of 19 MB that are not read on; gives their connections and the path.
async fn stalled(node: &Node, alice: &Person, count: usize) -> (Vec<Wire>, String) {
    node.set_contacts(alice, &[alice]).await;
    let id = node.send(alice, alice, "MEDIA", Some(&vec![1; 19_000_000])).await;
    let path = format!("/api/parcels/{id}/attachment");
    let mut stalled = Vec::new();
    for _ in 0..count {
        let mut wire = Wire::open(node.address).await;
        wire.send(&Ask::get(&path).signed(alice, node.now()).bytes()).await;
        wire.stream.readable().await.unwrap();
        stalled.push(wire);
    }
    (stalled, path)
}

#[tokio::test]
async fn a_reader_that_stops_costs_little() {
    let mut setup = Setup::default();
    setup.door.transfers_per_key = 30;
    let node = Node::with(setup).await;
    let alice = node.join(1).await;
    let before = resident();
    let (_stalled, path) = stalled(&node, &alice, 30).await;
    assert_eq!(node.ask_as(&alice, Ask::get(&path)).await.status, 429, "as many as may be are under way");
    assert_eq!(attachments_open(&node), 30);
    // Read whole, they would take 570 MB. Other tests run in this process, too.
    let grown = resident().saturating_sub(before);
    assert!(grown < 190_000_000, "{} MB for 30 stalled downloads", grown / 1_000_000);
}

#[tokio::test]
async fn a_reader_that_stops_is_dropped() {
    let mut setup = Setup::default();
    setup.http.stall_timeout = Duration::from_millis(300);
    let node = Node::with(setup).await;
    let alice = node.join(1).await;
    let (stalled, path) = stalled(&node, &alice, 3).await;
    until("all are dropped", || attachments_open(&node) == 0).await;
    for mut wire in stalled {
        let mut rest = Vec::new();
        let _ = wire.stream.read_to_end(&mut rest).await;
        assert!(rest.len() < 16_000_000, "{} bytes were on their way", rest.len());
    }
    assert_eq!(node.ask_as(&alice, Ask::get(&path)).await.body.len(), 19_000_000, "downloading deletes nothing");
}
