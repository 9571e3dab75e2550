//! Joining, leaving, existence, and who hears what (wire/denetwork.md, sections 2 and 4).

use super::node::{RoomNode, START, unlimited};
use super::wallet::{Wallet, room};
use serde_json::json;
use tidings_doors::denetwork::Settings;

#[tokio::test]
async fn every_reply_has_the_base_fields() {
    let node = RoomNode::start().await;
    let mut line = node.line().await;
    let reply = line.ask("room-join", &json!({"roomId": room(1)})).await;
    let members: Vec<&String> = reply.as_object().unwrap().keys().collect();
    assert_eq!(members, ["serverId", "status", "success", "timestamp", "version"]);
    assert_eq!((&reply["version"], &reply["timestamp"], &reply["status"]), (&json!("1.0"), &json!(START), &json!(200)));
    let id = reply["serverId"].as_str().unwrap().to_owned();
    assert!(id.len() == 36 && id.as_bytes()[14] == b'4', "{id}");
    let again = node.line().await.ask("room-exist", &json!({"roomId": room(1)})).await;
    assert_eq!(again["serverId"], id.as_str(), "the same for all");
    let node = RoomNode::in_folder(unlimited(), tidings_doors::http::HttpSettings::default(), node.stop()).await;
    let later = node.line().await.ask("unknown", &json!({})).await;
    assert_eq!(later["serverId"], id.as_str(), "and after a restart");
}

#[tokio::test]
async fn rooms_exist_while_somebody_is_in_them() {
    let node = RoomNode::start().await;
    let (mut alice, mut bob) = (node.line().await, node.line().await);
    let there = json!({"roomId": room(1)});
    assert_eq!(bob.ask("room-exist", &there).await["success"], false);
    alice.done("room-leave", &there).await;
    alice.done("room-join", &there).await;
    alice.done("room-join", &there).await;
    bob.done("room-exist", &there).await;
    alice.done("room-exist", &there).await;
    assert_eq!(bob.ask("room-exist", &json!({"roomId": room(2)})).await["success"], false);
    alice.done("room-leave", &there).await;
    alice.done("room-leave", &there).await;
    assert_eq!(bob.ask("room-exist", &there).await["success"], false);
    alice.join(&room(1)).await;
    drop(alice);
    while bob.ask("room-exist", &there).await["success"] == true {}
}

#[tokio::test]
async fn a_message_goes_to_everybody_but_the_sending_socket() {
    let node = RoomNode::start().await;
    let wallet = Wallet::new(0x11);
    let (mut alice, mut other) = (node.joined(&room(1)).await, node.joined(&room(1)).await);
    let (mut bob, mut stranger) = (node.joined(&room(1)).await, node.joined(&room(2)).await);
    let message = wallet.message(&room(1), "00", START);
    alice.done("chat-message", &message).await;
    // The same person's other socket hears it, too.
    assert_eq!(other.hear().await, message);
    assert_eq!(bob.hear().await, message);
    bob.done("room-leave", &json!({"roomId": room(1)})).await;
    let second = wallet.message(&room(1), "01", START);
    alice.done("chat-message", &second).await;
    assert_eq!(other.hear().await, second);
    for line in [&mut alice, &mut bob, &mut stranger, &mut other] {
        line.heard_nothing().await;
    }
}

#[tokio::test]
async fn one_who_has_not_joined_may_speak_and_the_letter_of_the_room_is_free() {
    let node = RoomNode::start().await;
    let private = room(1).replacen('g', "p", 1);
    let mut bob = node.joined(&private).await;
    let message = Wallet::new(0x11).message(&private, "00", START);
    node.line().await.done("chat-message", &message).await;
    assert_eq!(bob.hear().await, message);
}

#[tokio::test]
async fn the_echo_can_be_switched_on() {
    let node = RoomNode::with(Settings { echo: true, ..unlimited() }).await;
    let mut alice = node.joined(&room(1)).await;
    let message = Wallet::new(0x11).message(&room(1), "00", START);
    alice.done("chat-message", &message).await;
    alice.done("chat-message", &message).await;
    assert_eq!(alice.hear().await, message);
    alice.heard_nothing().await;
}

#[tokio::test]
async fn the_text_arrives_as_it_was_sent() {
    let node = RoomNode::start().await;
    let (mut alice, mut bob) = (node.line().await, node.joined(&room(1)).await);
    let nested = format!("{}1{}", "[".repeat(100), "]".repeat(100));
    let base = Wallet::new(0x11).payload(&room(1), "00", START);
    let spelled = base.to_string().replace("Alice", "\\u0041lice").replace(":2,", ": 2 ,");
    let text = format!("{{ \"payload\" :{spelled}, \"beside\":{nested}}}");
    assert_eq!(alice.ask_text("chat-message", &text).await["success"], true);
    bob.heard(&text).await;
    let list = alice
        .emit("pull-message", &json!({"roomId": room(1), "startTimestamp": 0, "endTimestamp": -1}).to_string())
        .await;
    let raw = alice.reply_text(list).await;
    let item = format!("\"list\":[{{\"channel\":\"{}\",\"timestamp\":{START},\"data\":{text}}}]", room(1));
    assert!(raw.contains(&item), "{raw}");
}
