//! Accounts: what they keep, how they are seen, how they end.

use crate::node::{Ask, Node, Person};
use std::time::Duration;

const HOUR: Duration = Duration::from_secs(3600);

async fn label(node: &Node, asker: &Person, of: &Person) -> String {
    let reply = node.ask_as(asker, Ask::get(&format!("/api/parcels/{}/status", of.in_path()))).await;
    reply.json()["lastSeen"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn being_seen_fades_and_only_the_inbox_counts() {
    let node = Node::start().await;
    let (alice, bob, carol) = (node.join(1).await, node.join(2).await, node.join(3).await);
    node.set_contacts(&alice, &[&bob]).await;
    for ask in [Ask::get("/api/account"), Ask::get("/api/account/invited-users"), Ask::get("/api/account/backup")] {
        node.ask_as(&alice, ask).await;
    }
    assert_eq!(label(&node, &bob, &alice).await, "NEVER");
    node.ask_as(&alice, Ask::get("/api/parcels")).await;
    assert_eq!(label(&node, &bob, &alice).await, "RECENTLY", "the first time is visible at once");
    assert_eq!(label(&node, &carol, &alice).await, "NEVER", "who is no contact learns nothing");
    let millisecond = Duration::from_millis(1);
    for (days, at, after) in
        [(2, "RECENTLY", "WITHIN_WEEK"), (5, "WITHIN_WEEK", "WITHIN_MONTH"), (24, "WITHIN_MONTH", "LONG_TIME")]
    {
        node.pass(24 * days * HOUR - if days == 2 { Duration::ZERO } else { millisecond });
        assert_eq!(label(&node, &bob, &alice).await, at);
        node.pass(millisecond);
        assert_eq!(label(&node, &bob, &alice).await, after);
    }
    node.ask_as(&alice, Ask::get("/api/parcels")).await;
    assert_eq!(label(&node, &bob, &alice).await, "RECENTLY");
}

#[tokio::test]
async fn the_version_is_the_last_one_or_none() {
    let node = Node::start().await;
    let alice = node.join(1).await;
    let version = || node.database().query_row("SELECT client_version FROM accounts", [], |row| row.get(0)).unwrap();
    for (sent, kept) in [(Some("0.1.4"), Some("0.1.4")), (None, None), (Some("0.2.0"), Some("0.2.0"))] {
        let ask = Ask::get("/api/parcels");
        let ask = if let Some(text) = sent { ask.header("X-Client-Version", text) } else { ask };
        assert_eq!(node.ask_as(&alice, ask).await.text(), "[]");
        let found: Option<String> = version();
        assert_eq!(found.as_deref(), kept);
    }
    node.ask_as(&alice, Ask::get("/api/parcels").header("X-Client-Version", &"x".repeat(10_000))).await;
    let found: Option<String> = version();
    assert_eq!(found.map(|text| text.len()), Some(100));
}

#[tokio::test]
async fn backups_are_replaced_and_given_back_as_they_came() {
    let node = Node::start().await;
    let alice = node.join(1).await;
    assert_eq!(node.ask_as(&alice, Ask::get("/api/account/backup")).await.status, 404);
    let large = "ä\\u0000\\\"".repeat(200_000);
    for text in ["first", large.as_str()] {
        let ask = Ask::post("/api/account/backup").json(&format!("{{\"backup\":\"{text}\"}}"));
        let reply = node.ask_as(&alice, ask).await;
        assert_eq!((reply.status, reply.text().as_str(), reply.header("content-type")), (204, "", None));
        let read = node.ask_as(&alice, Ask::get("/api/account/backup")).await;
        let expected =
            format!("{{\"updatedAt\":\"2024-06-15T12:00:01.000Z\",\"lastReadAt\":null,\"backup\":\"{text}\"}}");
        assert!(read.status == 200 && read.text() == expected);
    }
}

#[tokio::test]
async fn contacts_decide_who_is_accepted() {
    let node = Node::start().await;
    let (alice, bob, carol) = (node.join(1).await, Person::new(2), Person::new(3));
    let path = format!("/api/parcels/{}/accepts", alice.in_path());
    let accepts = |person: &Person| {
        let ask = Ask::get(&path).signed(person, node.now());
        async { node.ask(ask).await.status }
    };
    assert_eq!((accepts(&bob).await, accepts(&carol).await, accepts(&alice).await), (403, 403, 403));
    node.set_contacts(&alice, &[&bob, &bob]).await;
    assert_eq!((accepts(&bob).await, accepts(&carol).await), (200, 403));
    let mixed = format!("{{\"contacts\":[\"no key\",\"\",\"{}\"]}}", carol.id);
    assert_eq!(node.ask_as(&alice, Ask::post("/api/account/contacts").json(&mixed)).await.status, 204);
    assert_eq!((accepts(&bob).await, accepts(&carol).await), (403, 200), "the whole list is replaced");
    let many: Vec<String> = (0..20_000u32)
        .map(|number| {
            let mut bytes = [7; 32];
            bytes[..4].copy_from_slice(&number.to_le_bytes());
            format!("\"{}\"", tidings_core::BoxKey::from_bytes(bytes).unwrap())
        })
        .collect();
    let body = format!("{{\"contacts\":[{},\"{}\"]}}", many.join(","), bob.id);
    assert!(body.len() > 900_000);
    assert_eq!(node.ask_as(&alice, Ask::post("/api/account/contacts").json(&body)).await.status, 204);
    assert_eq!((accepts(&bob).await, accepts(&carol).await), (200, 403));
}

#[tokio::test]
async fn a_deleted_account_leaves_only_its_number() {
    let node = Node::start().await;
    let (alice, bob) = (node.join(1).await, node.join(2).await);
    node.set_contacts(&alice, &[&bob]).await;
    node.set_contacts(&bob, &[&alice]).await;
    let backup = Ask::post("/api/account/backup").json("{\"backup\":\"sealed\"}");
    node.ask_as(&alice, backup).await;
    let to = format!("{} x", alice.id);
    let form = crate::node::Form::new().text("type", "MEDIA").text("recipient", &to);
    let shared = form.text("recipient", &format!("{} x", bob.id)).file("attachment", "a", &[3; 60_000]);
    node.set_contacts(&bob, &[&alice, &bob]).await;
    assert_eq!(node.ask_as(&bob, Ask::post("/api/parcels").form(shared)).await.status, 200);
    node.send(&bob, &alice, "MEDIA", Some(&[4; 60_000])).await;
    node.send(&alice, &bob, "MEDIA", None).await;
    assert_eq!(node.files().len(), 2);
    let made = node.ask_as(&alice, Ask::post("/api/contact-exchange").json("{}")).await;
    let token = made.json()["oneTimeToken"].as_str().unwrap().to_owned();
    node.ask_as(&alice, Ask::get("/api/parcels")).await;

    assert_eq!(node.ask_as(&alice, Ask::post("/api/account/delete")).await.status, 204);
    assert_eq!(node.ask_as(&alice, Ask::delete("/api/account")).await.status, 403);
    assert_eq!(node.ask_as(&alice, Ask::get("/api/parcels")).await.text(), "[]", "at once, although rows remain");
    assert_eq!(node.ask_as(&alice, Ask::get("/api/account/backup")).await.status, 403);
    node.engine.sweep(node.now()).await.unwrap();
    assert_eq!(node.files().len(), 1, "the shared one is bob's, too");
    assert_eq!(node.ids(&bob).await.len(), 2, "what alice sent stays");
    assert_eq!(node.count("SELECT count(*) FROM backups"), 0);
    assert_eq!(node.count("SELECT count(*) FROM accounts WHERE number = 1 AND key IS NULL AND seen_at IS NULL"), 1);
    assert_eq!(node.ask(Ask::get("/api/info")).await.json()["statistics"]["userTotal"], 1);

    let accept = Ask::post(&format!("/api/contact-exchange/{token}/accept"));
    let body = format!("{{\"userUuid\":\"{}\",\"encryptedContact\":\"x\"}}", alice.id);
    assert!(node.ask(accept.json(&body)).await.text().contains("createdUserAccount"), "open invitations still work");
    let tree = node.ask_as(&alice, Ask::get("/api/account/invited-users")).await.text();
    assert!(tree.contains("\"entryId\":3,\"clientLastSeen\":\"NEVER\",\"createdBy\":\"1.0\""), "{tree}");
    assert_eq!(node.ask_as(&alice, Ask::get("/api/account/backup")).await.status, 404);
    assert_eq!(node.ask_as(&alice, Ask::get(&format!("/api/contact-exchange/{token}"))).await.status, 404);
    assert_eq!(node.ask_as(&bob, Ask::get(&format!("/api/parcels/{}/accepts", alice.in_path()))).await.status, 403);
    assert_eq!(node.ask_as(&alice, Ask::get("/api/parcels")).await.text(), "[]");
    node.set_contacts(&alice, &[&bob]).await;
    node.send(&bob, &alice, "MEDIA", None).await;
    assert_eq!(node.ids(&alice).await.len(), 1);
}

#[tokio::test]
async fn accounts_end_after_a_year_without_being_seen() {
    let node = Node::start().await;
    let (alice, _bob) = (node.join(1).await, node.join(2).await);
    node.pass_days(10);
    node.ask_as(&alice, Ask::get("/api/parcels")).await;
    node.pass_days(355);
    assert_eq!(node.engine.sweep(node.now()).await.unwrap().accounts, 0);
    node.pass_days(1);
    assert_eq!(node.engine.sweep(node.now()).await.unwrap().accounts, 1, "bob was never seen");
    assert_eq!(node.ask_as(&alice, Ask::get("/api/account")).await.status, 200);
    node.pass_days(10);
    assert_eq!(node.engine.sweep(node.now()).await.unwrap().accounts, 1);
    assert_eq!(node.ask_as(&alice, Ask::get("/api/account")).await.status, 403);
}

#[tokio::test]
async fn statistics_count_by_day() {
    let node = Node::start().await;
    let (alice, bob) = (node.join(1).await, node.join(2).await);
    node.set_contacts(&alice, &[&bob]).await;
    let counts = || async {
        let info = node.ask(Ask::get("/api/info")).await.json();
        let count = |name: &str| info["statistics"][name].as_u64().unwrap();
        [
            count("userTotal"),
            count("userActiveLast7Days"),
            count("userActiveLast30Days"),
            count("mediaParcelsWaiting"),
            count("mediaParcelsReceivedLast7Days"),
        ]
    };
    assert_eq!(counts().await, [2, 0, 0, 0, 0]);
    let first = node.send(&bob, &alice, "MEDIA", None).await;
    node.send(&bob, &alice, "CONTACT", None).await;
    node.ask_as(&alice, Ask::get("/api/parcels")).await;
    assert_eq!(counts().await, [2, 1, 1, 1, 2], "all types are received, pictures alone wait");
    node.ask_as(&alice, Ask::delete(&format!("/api/parcels/{first}"))).await;
    assert_eq!(counts().await, [2, 1, 1, 0, 2]);
    node.pass_days(6);
    assert_eq!(counts().await, [2, 1, 1, 0, 2]);
    node.pass_days(1);
    assert_eq!(counts().await, [2, 1, 1, 0, 0], "seen since the midnight seven days ago");
    node.pass_days(1);
    assert_eq!(counts().await, [2, 0, 1, 0, 0]);
    node.pass_days(22);
    assert_eq!(counts().await, [2, 0, 1, 0, 0]);
    node.pass_days(1);
    assert_eq!(counts().await, [2, 0, 0, 0, 0]);
}
