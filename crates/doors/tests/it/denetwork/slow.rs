//! A client that does not read costs others nothing, and gets everything when it reads again.

use super::node::{RoomNode, START};
use super::wallet::{Wallet, room};

#[tokio::test(flavor = "multi_thread")]
async fn one_who_reads_late_gets_all_of_it_in_order() {
    const COUNT: i64 = 3000;
    let node = RoomNode::start().await;
    let (mut late, mut prompt) = (node.joined(&room(1)).await, node.joined(&room(1)).await);
    let (mut sender, wallet) = (node.line().await, Wallet::new(1));
    let body = "x".repeat(4000);
    for batch in 0..COUNT / 50 {
        let mut acks = Vec::new();
        for number in batch * 50..(batch + 1) * 50 {
            let message = wallet.message(&room(1), &format!("{number} {body}"), START);
            acks.push(sender.emit("chat-message", &message.to_string()).await);
        }
        for ack in acks {
            assert_eq!(sender.reply(ack).await["success"], true);
        }
        for _ in 0..50 {
            prompt.hear().await;
        }
    }
    for number in 0..COUNT {
        let heard = late.hear().await;
        let found = heard["payload"]["body"].as_str().unwrap().split_once(' ').unwrap().0.to_owned();
        assert_eq!(found, number.to_string());
    }
    late.heard_nothing().await;
}
