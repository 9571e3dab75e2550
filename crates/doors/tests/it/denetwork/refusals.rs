//! What bad requests get: one reply each, with a reason, and nothing changes (wire/denetwork.md, sections 2, 4, 7, 8 and 11).

use super::node::{RoomNode, START, unlimited};
use super::wallet::{Wallet, room};
use serde_json::{Value, json};
use std::time::Duration;
use tidings_doors::denetwork::Settings;
use tidings_engine::limits::Rate;

/// What a refusal has besides the base fields.
fn check(event: &str, reply: &Value, status: u64) {
    assert_eq!(reply["status"], status, "{event} {reply}");
    assert_eq!(reply["success"], false);
    assert!(
        reply["error"].as_str().unwrap().split_once(" :: ").is_some_and(|(at, why)| !at.is_empty() && why.len() > 5)
    );
    let lists = match event {
        "pull-message" => json!([0, 0, []]),
        "count-message" => json!([null, null, []]),
        _ => json!([null, null, null]),
    };
    assert_eq!(json!([reply["total"], reply["pageKey"], reply["list"]]), lists, "{event} {reply}");
}

const EVENTS: [&str; 7] =
    ["room-join", "room-leave", "room-exist", "chat-message", "pull-message", "count-message", "no-such-event"];

#[tokio::test]
async fn every_bad_request_is_answered_and_leaves_no_trace() {
    let node = RoomNode::start().await;
    let mut line = node.line().await;
    let before = node.dump();
    for event in EVENTS {
        for argument in [
            "",
            "null",
            "5",
            "\"text\"",
            "[]",
            "{}",
            "{\"roomId\":5}",
            "{\"roomId\":\"x\"}",
            "{\"a\":1,\"a\":2}",
            "{\"__proto__\":{}}",
            "{\"_placeholder\":true,\"num\":0}",
            "{\"payload\":{},\"options\":5}",
        ] {
            let reply = line.ask_text(event, argument).await;
            check(event, &reply, 400);
        }
        let large = format!("{{\"roomId\":\"{}\",\"x\":\"{}\"}}", room(1), "x".repeat(32 * 1024));
        let status = if event == "no-such-event" { 400 } else { 413 };
        let reply = line.ask_text(event, &large).await;
        assert!(reply["status"] == status || event == "no-such-event", "{reply}");
    }
    let wallet = Wallet::new(0x11);
    let good = wallet.payload(&room(1), "00", START);
    for (name, value) in [
        ("body", json!("01")),
        ("sig", json!("0x")),
        ("hash", json!(5)),
        ("chatType", json!("2")),
        ("wallet", json!(Wallet::new(2).address)),
        ("timestamp", json!(START + 1)),
        ("more", json!(1)),
    ] {
        let mut payload = good.clone();
        payload[name] = value;
        check("chat-message", &line.ask("chat-message", &json!({"payload": payload})).await, 400);
    }
    let ahead = wallet.message(&room(1), "00", START + 3_600_001);
    check("chat-message", &line.ask("chat-message", &ahead).await, 400);
    assert_eq!(node.dump(), before);
    line.done("chat-message", &json!({"payload": good})).await;
}

#[tokio::test]
async fn a_request_without_a_number_gets_no_reply_and_harms_nothing() {
    let node = RoomNode::start().await;
    let mut line = node.line().await;
    let mut bob = node.joined(&room(1)).await;
    let message = Wallet::new(1).message(&room(1), "00", START);
    line.write(&format!("42[\"chat-message\",{message}]")).await;
    line.write("42[\"room-join\",{}]").await;
    line.write("42[\"pull-message\"]").await;
    assert_eq!(bob.hear().await, message);
    line.heard_nothing().await;
    assert_eq!(line.acknowledged.len(), 1);
}

#[tokio::test]
async fn too_many_requests_are_answered_and_the_connection_lives_on() {
    let rate = Rate { burst: 10, per_second: 5 };
    for event in EVENTS {
        let node = RoomNode::with(Settings { events: rate, ..unlimited() }).await;
        let mut line = node.line().await;
        let request = json!({"roomId": room(1), "startTimestamp": 0, "endTimestamp": -1, "options": []}).to_string();
        let mut acks = Vec::new();
        for _ in 0..30 {
            acks.push(line.emit(event, &request).await);
        }
        let mut refused = 0;
        for ack in acks {
            let reply = line.reply(ack).await;
            if reply["status"] == 429 {
                check(event, &reply, 429);
                refused += 1;
            }
        }
        assert_eq!(refused, 20, "{event}");
        node.pass(Duration::from_secs(1));
        assert_ne!(line.ask_text(event, &request).await["status"], 429);
    }
}

#[tokio::test]
async fn large_answers_cost_more() {
    let rate = Rate { burst: 10, per_second: 1 };
    let node = RoomNode::with(Settings { events: rate, ..unlimited() }).await;
    let mut line = node.line().await;
    let many = json!({"options": vec![json!({"channel": "x"}); 500]});
    assert_eq!(line.ask("count-message", &many).await["status"], 200);
    assert_eq!(line.ask("count-message", &many).await["status"], 429);
    // Somebody else is not held back by it.
    node.line().await.join(&room(1)).await;
}

#[tokio::test]
async fn rooms_and_misses_are_bounded() {
    let settings = Settings { rooms: 3, misses: Rate { burst: 20, per_second: 1 }, ..unlimited() };
    let node = RoomNode::with(settings).await;
    let mut line = node.line().await;
    for number in 0..3 {
        line.join(&room(number)).await;
        line.join(&room(0)).await;
    }
    check("room-join", &line.ask("room-join", &json!({"roomId": room(3)})).await, 429);
    line.done("room-leave", &json!({"roomId": room(0)})).await;
    line.join(&room(3)).await;
    let mut statuses = Vec::new();
    for number in 100..130 {
        statuses.push(line.pull(&room(number), 0, -1, json!({})).await["status"].as_u64().unwrap());
    }
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 20);
    check("pull-message", &line.pull(&room(1), 0, -1, json!({})).await, 429);
    node.pass(Duration::from_secs(5));
    assert_eq!(line.pull(&room(1), 0, -1, json!({})).await["status"], 200);
}

/// A dozen people behind one address start the example application, and stay: 200 rooms each, of which a few are not empty,
/// joined again every minute (wire/denetwork.md, section 11).
#[tokio::test]
async fn the_example_application_is_never_refused() {
    let node = RoomNode::with(Settings::default()).await;
    let wallet = Wallet::new(1);
    let mut writer = node.line().await;
    for number in 0..5 {
        writer.done("chat-message", &wallet.message(&room(number), "00", START)).await;
    }
    let options: Vec<Value> = (0..200)
        .map(|number| json!({"channel": room(number), "startTimestamp": START, "endTimestamp": -1, "lastElement": 3}))
        .collect();
    let count = json!({ "options": options });
    let mut lines = Vec::new();
    for _ in 0..12 {
        lines.push(node.line().await);
    }
    for minute in 0..3 {
        for line in &mut lines {
            let mut acks = Vec::new();
            for number in 0..200 {
                acks.push(line.emit("room-join", &json!({"roomId": room(number)}).to_string()).await);
            }
            for ack in acks {
                assert_eq!(line.reply(ack).await["status"], 200, "{minute}");
            }
            if minute == 0 {
                let counted = line.ask("count-message", &count).await;
                assert_eq!((&counted["status"], counted["list"].as_array().map(Vec::len)), (&json!(200), Some(200)));
            }
        }
        node.pass(Duration::from_secs(60));
    }
}
