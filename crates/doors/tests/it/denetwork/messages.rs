//! Order, repeats, retention and restarts (wire/denetwork.md, sections 4, 9 and 13).

use super::node::{RoomNode, START, unlimited};
use super::wallet::{Wallet, room};
use serde_json::{Value, json};
use std::time::Duration;
use tidings_doors::denetwork::Settings;
use tidings_doors::http::HttpSettings;
use tidings_engine::limits::Rate;

const DAY: i64 = 86_400_000;

#[tokio::test(flavor = "multi_thread")]
async fn many_under_way_arrive_in_order_and_are_acknowledged_in_order() {
    const EACH: usize = 100;
    let node = RoomNode::start().await;
    let mut readers = vec![node.joined(&room(1)).await, node.joined(&room(1)).await];
    let (mut lines, mut senders) = (Vec::new(), Vec::new());
    for seed in 1..=5 {
        lines.push((node.joined(&room(1)).await, Wallet::new(seed)));
    }
    for (mut line, wallet) in lines {
        senders.push(tokio::spawn(async move {
            let mut acks = Vec::new();
            for number in 0..EACH {
                acks.push(
                    line.emit("chat-message", &wallet.message(&room(1), &number.to_string(), START).to_string()).await,
                );
            }
            for ack in &acks {
                assert_eq!(line.reply(*ack).await["success"], true);
            }
            assert_eq!(line.acknowledged[1..], acks);
            for _ in 0..4 * EACH {
                assert_ne!(line.hear().await["payload"]["wallet"], wallet.address.as_str(), "its own");
            }
        }));
    }
    for sender in senders {
        sender.await.unwrap();
    }
    for reader in &mut readers {
        let mut heard: Vec<Value> = Vec::new();
        for _ in 0..5 * EACH {
            heard.push(reader.hear().await["payload"].take());
        }
        for seed in 1..=5 {
            let wallet = Wallet::new(seed).address;
            let of_one: Vec<usize> = heard
                .iter()
                .filter(|p| p["wallet"] == wallet.as_str())
                .map(|p| p["body"].as_str().unwrap().parse().unwrap())
                .collect();
            assert_eq!(of_one, (0..EACH).collect::<Vec<_>>());
        }
        reader.heard_nothing().await;
    }
}

#[tokio::test]
async fn a_repeat_is_a_success_and_goes_nowhere() {
    let node = RoomNode::start().await;
    let (mut alice, mut bob) = (node.joined(&room(1)).await, node.joined(&room(1)).await);
    let wallet = Wallet::new(0x11);
    let message = wallet.message(&room(1), "00", START);
    let text = message.to_string();
    // As the client does: the same again before the first was answered.
    let acks = [alice.emit("chat-message", &text).await, alice.emit("chat-message", &text).await];
    for ack in acks {
        assert_eq!(alice.reply(ack).await["success"], true);
    }
    alice.done("chat-message", &message).await;
    // And on a new connection, after the first has gone.
    node.joined(&room(1)).await.done("chat-message", &message).await;
    assert_eq!(bob.hear().await, message);
    bob.heard_nothing().await;
    alice.heard_nothing().await;
    assert_eq!(bob.pull(&room(1), 0, -1, json!({})).await["total"], 1);
    let node = RoomNode::in_folder(unlimited(), HttpSettings::default(), node.stop()).await;
    let mut bob = node.joined(&room(1)).await;
    node.line().await.done("chat-message", &message).await;
    bob.heard_nothing().await;
    assert_eq!(bob.pull(&room(1), 0, -1, json!({})).await["total"], 1);
}

#[tokio::test]
async fn junk_under_a_hash_that_was_seen_does_not_shut_the_real_one_out() {
    let node = RoomNode::start().await;
    let (mut mallory, mut bob) = (node.line().await, node.joined(&room(1)).await);
    let message = Wallet::new(0x11).message(&room(1), "00", START);
    let mut junk = message.clone();
    junk["payload"]["body"] = json!("junk");
    assert_eq!(mallory.ask("chat-message", &junk).await["status"], 400);
    mallory.done("chat-message", &message).await;
    assert_eq!(bob.hear().await, message);
}

#[tokio::test]
async fn what_is_too_old_is_acknowledged_and_forgotten() {
    let node = RoomNode::start().await;
    let (mut alice, mut bob) = (node.line().await, node.joined(&room(1)).await);
    let wallet = Wallet::new(0x11);
    let before = node.dump();
    for time in [1, START - 91 * DAY] {
        alice.done("chat-message", &wallet.message(&room(1), "old", time)).await;
    }
    bob.heard_nothing().await;
    assert_eq!(node.dump(), before);
    let kept = wallet.message(&room(1), "kept", START - 89 * DAY);
    alice.done("chat-message", &kept).await;
    assert_eq!(bob.hear().await, kept);
    // It is not shown any more when its time has passed, whether or not anybody has cleaned up.
    node.pass(Duration::from_secs(2 * 86_400));
    let page = bob.pull(&room(1), 0, -1, json!({})).await;
    assert_eq!((&page["status"], &page["total"]), (&json!(200), &json!(0)));
}

#[tokio::test]
async fn wallets_have_a_rate_and_what_was_refused_is_taken_later() {
    let node = RoomNode::with(Settings { messages: Rate { burst: 3, per_second: 1 }, ..unlimited() }).await;
    let (mut alice, mut bob) = (node.line().await, node.joined(&room(1)).await);
    let (wallet, other) = (Wallet::new(1), Wallet::new(2));
    let messages: Vec<Value> = (0..5).map(|at| wallet.message(&room(1), "00", START + at)).collect();
    // Whoever uses another's name without his signature does not use up his rate.
    let mut forged = other.message(&room(1), "00", START);
    forged["payload"]["wallet"] = json!(wallet.address);
    for _ in 0..5 {
        assert_eq!(alice.ask("chat-message", &forged).await["status"], 400);
    }
    // Nor does who repeats what he has said.
    let heard = wallet.message(&room(2), "00", START);
    alice.done("chat-message", &heard).await;
    node.pass(Duration::from_secs(5));
    for _ in 0..10 {
        alice.done("chat-message", &heard).await;
    }
    let mut statuses = Vec::new();
    for message in &messages {
        statuses.push(alice.ask("chat-message", message).await["status"].as_u64().unwrap());
    }
    assert_eq!(statuses, [200, 200, 200, 429, 429]);
    alice.done("chat-message", &other.message(&room(1), "00", START)).await;
    node.pass(Duration::from_secs(2));
    for message in &messages[3..] {
        alice.done("chat-message", message).await;
    }
    for _ in 0..6 {
        bob.hear().await;
    }
    bob.heard_nothing().await;
}
