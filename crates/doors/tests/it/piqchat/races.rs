//! Things that happen at once.

use crate::node::{Ask, Form, Node, Person, Wire, until};
use futures_util::future::join_all;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_who_accept_one_wins() {
    let node = Node::start().await;
    for round in 0..5u8 {
        let (token, _) = node.engine.create_exchange(None, Some("hello".into()), node.now()).await.unwrap();
        let accept = |seed: u8| {
            let body = format!("{{\"userUuid\":\"{}\",\"encryptedContact\":\"{seed}\"}}", Person::new(seed).id);
            node.ask(Ask::post(&format!("/api/contact-exchange/{}/accept", token.as_str())).json(&body))
        };
        let replies = join_all((0..20).map(|number| accept(round * 20 + number + 1))).await;
        assert_eq!(replies.iter().filter(|reply| reply.status == 200).count(), 1);
        assert_eq!(replies.iter().filter(|reply| reply.status == 404).count(), 19);
        assert_eq!(node.count("SELECT count(*) FROM accounts"), i64::from(round) + 1, "losers get no account");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_two_who_delete_one_is_told_so() {
    let node = Node::start().await;
    let alice = node.join(1).await;
    node.set_contacts(&alice, &[&alice]).await;
    for _ in 0..10 {
        let id = node.send(&alice, &alice, "MEDIA", Some(&[1; 20_000])).await;
        let delete = || node.ask_as(&alice, Ask::delete(&format!("/api/parcels/{id}")));
        let mut statuses: Vec<u16> = join_all((0..4).map(|_| delete())).await.iter().map(|r| r.status).collect();
        statuses.sort_unstable();
        assert_eq!(statuses, [204, 404, 404, 404]);
    }
    assert_eq!(node.files().len(), 0);
}

/// Lists from memory must never hide what was acknowledged, nor show what was deleted.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_list_shows_what_was_acknowledged_before_and_nothing_that_was_deleted() {
    let node = Node::start().await;
    let alice = node.join(1).await;
    node.set_contacts(&alice, &[&alice]).await;
    let one = |number: usize| {
        let node = &node;
        let alice = &alice;
        async move {
            for round in 0..10 {
                let content = format!("{number}-{round}");
                let form = Form::new().text("type", "MEDIA").text("recipient", &format!("{} {content}", alice.id));
                let sent = node.ask_as(alice, Ask::post("/api/parcels").form(form)).await;
                assert_eq!(sent.status, 200);
                let list = node.ask_as(alice, Ask::get("/api/parcels")).await.json();
                let mine = list.as_array().unwrap().iter().find(|parcel| parcel["content"] == content.as_str());
                let id = mine.unwrap_or_else(|| panic!("{content} is not listed"))["id"].as_str().unwrap().to_owned();
                assert_eq!(node.ask_as(alice, Ask::delete(&format!("/api/parcels/{id}"))).await.status, 204);
                let list = node.ask_as(alice, Ask::get("/api/parcels")).await.text();
                assert!(!list.contains(&id), "{content} is listed although it was deleted");
            }
        }
    };
    join_all((0..16).map(one)).await;
    assert_eq!(node.ask_as(&alice, Ask::get("/api/parcels")).await.text(), "[]");
}

/// A client that goes away right after its request must leave the node with the same idea of things in memory and on disk.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn clients_that_do_not_wait_for_their_answer_confuse_nobody() {
    let node = Node::start().await;
    let alice = node.join(1).await;
    node.set_contacts(&alice, &[&alice]).await;
    assert_eq!(node.ask_as(&alice, Ask::get("/api/parcels")).await.text(), "[]");
    let hurried = |number: usize| {
        let form = Form::new().text("type", "MEDIA").text("recipient", &format!("{} {number}", alice.id));
        let ask = Ask::post("/api/parcels").form(form.file("attachment", "a", &vec![1; 20_000 + number]));
        let bytes = ask.signed(&alice, node.now()).bytes();
        let address = node.address;
        async move {
            let mut wire = Wire::open(address).await;
            wire.send(&bytes).await;
            // Some are dropped while their form is stored, some while it is committed, some later.
            for _ in 0..number * 7 {
                tokio::task::yield_now().await;
            }
        }
    };
    join_all((0..60).map(hurried)).await;
    // A request that is still under way shows as a file without a row.
    let settled = || node.files().len() == usize::try_from(node.count("SELECT count(*) FROM blobs")).unwrap();
    until("every file has its row and every row its file", settled).await;
    let stored = || usize::try_from(node.count("SELECT count(*) FROM envelopes")).unwrap();
    let mut same = false;
    for _ in 0..1000 {
        let ids = node.ids(&alice).await;
        same = ids.len() == stored();
        if same {
            for id in ids {
                let reply = node.ask_as(&alice, Ask::get(&format!("/api/parcels/{id}/attachment"))).await;
                assert_eq!(reply.status, 200, "a stored parcel has its attachment");
            }
            break;
        }
    }
    assert!(same, "memory and disk agree");
}

#[tokio::test]
async fn a_recipient_may_leave_during_a_group_upload() {
    let node = Node::start().await;
    let (alice, bob, carol) = (node.join(1).await, node.join(2).await, node.join(3).await);
    node.set_contacts(&alice, &[&carol]).await;
    node.set_contacts(&bob, &[&carol]).await;
    for (path, fields) in [
        (
            "/api/parcels".to_owned(),
            vec![("recipient", format!("{} x", alice.id)), ("recipient", format!("{} x", bob.id))],
        ),
        (format!("/api/parcels/group/{}%2C{}", alice.in_path(), bob.in_path()), vec![("contents", "\"x\"".to_owned())]),
    ] {
        let form = fields.iter().fold(Form::new().text("type", "MEDIA"), |form, (name, value)| form.text(name, value));
        let ask = Ask::post(&path).form(form.file("attachment", "a", &[1; 300_000])).signed(&carol, node.now());
        let bytes = ask.bytes();
        let mut wire = Wire::open(node.address).await;
        let files = node.files().len();
        wire.send(&bytes[..200_000]).await;
        until("the upload has begun", || node.files().len() > files).await;
        if path.ends_with("parcels") {
            assert_eq!(node.ask_as(&alice, Ask::delete("/api/account")).await.status, 204);
            wire.send(&bytes[200_000..]).await;
            let reply = wire.reply(false).await;
            assert_eq!(reply.text(), format!("{{\"forbiddenRecipientIds\":[\"{}\"]}}", alice.id));
        } else {
            assert_eq!(node.ask_as(&bob, Ask::delete("/api/account")).await.status, 204);
            wire.send(&bytes[200_000..]).await;
            assert_eq!(wire.reply(false).await.status, 403, "nobody is left");
        }
        node.engine.sweep(node.now()).await.unwrap();
    }
    until("nothing is left", || node.files().is_empty()).await;
    assert_eq!(node.ask(Ask::get("/api/info")).await.status, 200);
}
