//! Which uploads ask for a notification.

use crate::node::{Ask, Form, Node, Person};
use std::time::Duration;
use tidings_core::DeliveryOutcome;

const KEYS: &str = "{\"p256dh\":\"BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4\",\
                    \"auth\":\"BTBZMqHH6r4Tts7J_aSIgg\"}";

async fn subscribe(node: &Node, person: &Person) {
    let body = format!("{{\"endpoint\":\"https://push.example/{}\",\"keys\":{KEYS}}}", person.id.replace('/', "_"));
    assert_eq!(node.ask_as(person, Ask::post("/api/account/push-subscriptions").json(&body)).await.status, 204);
    assert_eq!(node.ask_as(person, Ask::get("/api/account")).await.text(), "{\"hasPushSubscription\":true}");
}

fn queued(node: &Node) -> i64 {
    node.count("SELECT count(*) FROM deliveries WHERE pending = 1")
}

/// Runs the queue until it is empty, with a service that answers as told; gives how many were sent.
async fn deliver(node: &Node, outcome: DeliveryOutcome) -> usize {
    let sent = std::sync::atomic::AtomicUsize::new(0);
    let send = |delivery| {
        sent.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        async move { (delivery, outcome) }
    };
    tokio::select! {
        () = node.engine.run_deliveries(send) => {}
        () = crate::node::until("the queue is empty", || queued(node) == 0) => {}
    }
    sent.load(std::sync::atomic::Ordering::Relaxed)
}

#[tokio::test]
async fn each_way_to_upload_has_its_type() {
    let node = Node::start().await;
    let (alice, bob) = (node.join(1).await, node.join(2).await);
    node.set_contacts(&alice, &[&bob]).await;
    let id = alice.in_path();
    let with = |label: &str| {
        let form = Form::new().text("recipient", &format!("{} x", alice.id)).text("contents", "\"x\"");
        if label.is_empty() { form } else { form.text("type", label) }
    };
    let paths = ["/api/parcels".to_owned(), format!("/api/parcels/{id}"), format!("/api/parcels/group/{id}")];
    let mut rows = vec![
        (&paths[0], "MEDIA", true),
        (&paths[0], "IMAGE", false),
        (&paths[0], "media", false),
        (&paths[1], "IMAGE", true),
        (&paths[1], "", true),
        (&paths[1], "MEDIA", false),
        (&paths[2], "MEDIA", true),
        (&paths[2], "IMAGE", false),
    ];
    assert!(node.ask_as(&bob, Ask::post(rows[0].0).form(with("MEDIA"))).await.status == 200);
    assert_eq!(queued(&node), 0, "nobody has subscribed");
    subscribe(&node, &alice).await;
    rows.reverse();
    for (path, label, pushes) in rows {
        let status = node.ask_as(&bob, Ask::post(path).form(with(label))).await.status;
        assert!(matches!(status, 200 | 201));
        assert_eq!(queued(&node), i64::from(pushes), "{path} {label:?}");
        if pushes {
            assert_eq!(deliver(&node, DeliveryOutcome::Delivered).await, 1);
        }
        node.pass(Duration::from_secs(6));
    }
    let none = Ask::post("/api/account/push-subscriptions").json("{}");
    assert_eq!(node.ask_as(&alice, none).await.status, 204);
    assert_eq!(node.ask_as(&alice, Ask::get("/api/account")).await.text(), "{\"hasPushSubscription\":false}");
    node.ask_as(&bob, Ask::post(&paths[0]).form(with("MEDIA"))).await;
    assert_eq!(queued(&node), 0);
}

#[tokio::test]
async fn a_subscription_that_is_gone_is_forgotten() {
    let node = Node::start().await;
    let (alice, bob) = (node.join(1).await, node.join(2).await);
    node.set_contacts(&alice, &[&bob]).await;
    subscribe(&node, &alice).await;
    node.send(&bob, &alice, "MEDIA", None).await;
    assert_eq!(deliver(&node, DeliveryOutcome::Gone).await, 1);
    assert_eq!(node.ask_as(&alice, Ask::get("/api/account")).await.text(), "{\"hasPushSubscription\":false}");
}

#[tokio::test]
async fn a_refused_upload_pushes_nothing() {
    let node = Node::start().await;
    let (alice, bob) = (node.join(1).await, node.join(2).await);
    subscribe(&node, &alice).await;
    let form = Form::new().text("type", "MEDIA").text("recipient", &format!("{} x", alice.id));
    assert_eq!(node.ask_as(&bob, Ask::post("/api/parcels").form(form)).await.status, 403);
    assert_eq!(queued(&node), 0);
}
