//! Pages and counts (wire/denetwork.md, sections 7, 8 and 13.11).

use super::line::Line;
use super::node::{RoomNode, START};
use super::wallet::{Wallet, room};
use serde_json::{Value, json};

const TOTAL: i64 = 130;

/// When the message of this number was written: with time between, and all before the node started.
fn time(number: i64) -> i64 {
    START - 1_000_000 + number * 10
}

/// A room with messages, which arrived in another order than that of their times.
async fn world() -> (RoomNode, Line) {
    let node = RoomNode::start().await;
    let (mut line, wallet) = (node.line().await, Wallet::new(1));
    let mut acks = Vec::new();
    for at in 0..TOTAL {
        let number = at * 37 % TOTAL;
        let message = wallet.message(&room(1), &number.to_string(), time(number));
        acks.push(line.emit("chat-message", &message.to_string()).await);
    }
    for ack in acks {
        assert_eq!(line.reply(ack).await["success"], true);
    }
    (node, line)
}

fn bodies(list: &Value) -> Vec<i64> {
    let body = |item: &Value| item["data"]["payload"]["body"].as_str().unwrap().parse().unwrap();
    list.as_array().unwrap().iter().map(body).collect()
}

fn span(from: i64, to: i64) -> Vec<i64> {
    if from <= to { (from..=to).collect() } else { (to..=from).rev().collect() }
}

#[tokio::test]
async fn ranges_and_orders() {
    let (_node, mut line) = world().await;
    for (start, end, first, last) in [
        (0, -1, 0, 129),
        (0, 0, 0, 0),
        (-1, -1, 129, 129),
        (time(3), time(7), 3, 7),
        (time(3) - 1, time(7) + 9, 3, 7),
        (time(120), -1, 120, 129),
        (0, time(4), 0, 4),
        (1, i64::MAX, 0, 129),
    ] {
        let page = line.pull(&room(1), start, end, json!({"pageSize": 100})).await;
        let shown = last.min(first + 99);
        assert_eq!(bodies(&page["list"]), span(first, shown), "{start} {end}");
        let full = last - first >= 99;
        let expected = json!([200, shown - first + 1, if full { time(shown) } else { 0 }, TOTAL]);
        assert_eq!(json!([page["status"], page["total"], page["pageKey"], page["totalMembers"]]), expected);
        let page = line.pull(&room(1), start, end, json!({"pageSize": 100, "order": 2})).await;
        assert_eq!(bodies(&page["list"]), span(last, first.max(last - 99)), "{start} {end}");
    }
    let page = line.pull(&room(1), time(3) + 1, time(4) - 1, json!({})).await;
    assert_eq!(json!([page["status"], page["total"], page["list"]]), json!([200, 0, []]));
    for (start, end) in [(time(5), time(4)), (-1, time(4)), (time(4), 0), (-1, 0), (-2, 0), (0, -2)] {
        let page = line.pull(&room(1), start, end, json!({})).await;
        assert_eq!(
            json!([page["status"], page["total"], page["pageKey"], page["list"]]),
            json!([400, 0, 0, []]),
            "{start} {end}"
        );
    }
    let page = line.pull(&room(2), 0, -1, json!({})).await;
    assert_eq!(json!([page["status"], page["total"], page["pageKey"], page["list"]]), json!([200, 0, 0, []]));
}

#[tokio::test]
async fn pages() {
    let (_node, mut line) = world().await;
    for (pagination, expected) in [
        (json!({}), span(0, 29)),
        (json!(null), span(0, 29)),
        (json!({"pageNo": 2, "pageSize": 100}), span(100, 129)),
        (json!({"pageNo": 13, "pageSize": 10}), span(120, 129)),
        (json!({"pageNo": 14, "pageSize": 10}), vec![]),
        (json!({"pageNo": 1e300, "pageSize": 10}), vec![]),
        (json!({"pageNo": 2, "pageSize": 10, "order": 2}), span(119, 110)),
        (json!({"pageNo": 13, "pageSize": 10, "order": 2}), span(9, 0)),
        (json!({"pageNo": -5, "pageSize": 101, "order": 3}), span(0, 29)),
    ] {
        let page = line.pull(&room(1), 0, -1, pagination.clone()).await;
        assert_eq!(bodies(&page["list"]), expected, "{pagination}");
    }
    let item = &line.pull(&room(1), -1, -1, json!({})).await["list"][0];
    assert_eq!((&item["channel"], &item["timestamp"]), (&json!(room(1)), &json!(time(129))));
}

#[tokio::test]
async fn the_example_applications_way_back_loses_nothing() {
    let (_node, mut line) = world().await;
    let wallet = Wallet::new(2);
    for number in 1000..1025 {
        line.done("chat-message", &wallet.message(&room(1), &number.to_string(), time(64))).await;
    }
    let (mut end, mut seen) = (-1, Vec::new());
    loop {
        let page = line.pull(&room(1), 0, end, json!({"pageNo": 1, "pageSize": 10, "order": 2})).await;
        let list = bodies(&page["list"]);
        let Some(oldest) = page["list"].as_array().unwrap().last() else { break };
        assert!(list.len() >= 10 || seen.len() + list.len() == 155);
        end = oldest["timestamp"].as_i64().unwrap() - 1;
        seen.extend(list);
    }
    let crowd: Vec<i64> = seen.iter().copied().filter(|number| *number >= 1000).collect();
    assert_eq!(crowd, span(1024, 1000), "in the order of arrival, backwards");
    seen.sort_unstable();
    assert_eq!(seen, [span(0, 129), span(1000, 1024)].concat(), "each once");
}

#[tokio::test]
async fn counts() {
    let (_node, mut line) = world().await;
    let option = |start: Value, end: Value| json!({"channel": room(1), "startTimestamp": start, "endTimestamp": end});
    let rows = [
        (json!({"channel": room(1)}), 130),
        (option(json!(time(100)), json!(-1)), 30),
        (option(json!(time(100)), json!(time(109))), 10),
        (option(json!(0), json!(-2)), 129),
        (option(json!(0), json!(-1000)), 0),
        (option(json!(0), json!(0)), 1),
        (option(json!(time(3) + 1), json!(time(4) - 1)), 0),
        (option(json!(time(7)), json!(time(3))), 0),
        (option(json!("5"), json!(null)), 130),
        (json!({"channel": room(2)}), 0),
        (json!({"channel": "no \"room\" at all"}), 0),
    ];
    let options: Vec<&Value> = rows.iter().map(|(option, _)| option).collect();
    let reply = line.ask("count-message", &json!({"options": options})).await;
    let expected: Vec<Value> =
        rows.iter().map(|(option, count)| json!({"channel": option["channel"], "count": count})).collect();
    assert_eq!(reply["list"], json!(expected));
    for (last, newest) in [(1, span(129, 129)), (2, span(128, 129)), (3, span(127, 129)), (9, span(127, 129))] {
        let option =
            json!({"channel": room(1), "startTimestamp": time(1), "endTimestamp": time(2), "lastElement": last});
        let reply = line.ask("count-message", &json!({"options": [option]})).await;
        assert_eq!((&reply["list"][0]["count"], bodies(&reply["list"][0]["lastElementList"])), (&json!(2), newest));
    }
    let empty = json!({"options": [{"channel": room(2), "lastElement": 3}]});
    let reply = line.ask("count-message", &empty).await;
    assert_eq!(reply["list"], json!([{"channel": room(2), "count": 0, "lastElementList": []}]));
    let none = line.ask("count-message", &json!({"options": []})).await;
    assert_eq!((&none["status"], &none["list"]), (&json!(200), &json!([])));
}

#[tokio::test]
async fn numbers_of_any_size_are_answered() {
    let (_node, mut line) = world().await;
    let huge = [
        "1e300",
        "1e400",
        "9223372036854775807",
        "18446744073709551616",
        "-1e300",
        "-9223372036854775808",
        "-0.5",
        "-0",
    ];
    for one in huge {
        for other in huge {
            let pages = format!("{{\"pageNo\":{one},\"pageSize\":{other},\"order\":{one}}}");
            for (start, end, pages) in
                [(one, other, "{}"), ("0", "-1", pages.as_str()), (one, "-1", "[]"), ("0", other, "5")]
            {
                let text = format!(
                    "{{\"roomId\":\"{}\",\"startTimestamp\":{start},\"endTimestamp\":{end},\"pagination\":{pages}}}",
                    room(1)
                );
                let reply = line.ask_text("pull-message", &text).await;
                assert!([200, 400].iter().any(|status| reply["status"] == *status), "{text} {reply}");
            }
            let text = format!(
                "{{\"options\":[{{\"channel\":\"{}\",\"startTimestamp\":{one},\"endTimestamp\":{other}}}]}}",
                room(1)
            );
            let reply = line.ask_text("count-message", &text).await;
            assert!([200, 400].iter().any(|status| reply["status"] == *status), "{text} {reply}");
        }
    }
}

/// Messages of one millisecond across the border of a page, in both orders and at both ends of a stretch.
#[tokio::test]
async fn groups_of_one_millisecond_stay_whole_on_the_way_back() {
    let node = RoomNode::start().await;
    let (mut line, wallet) = (node.line().await, Wallet::new(1));
    for (number, time) in [(0, 10), (1, 20), (2, 20), (3, 20), (4, 20), (5, 30)] {
        line.done("chat-message", &wallet.message(&room(1), &number.to_string(), START - 1000 + time)).await;
    }
    let at = |time: i64| START - 1000 + time;
    for (start, end, size, order, expected) in [
        (0, -1, 2, 2, vec![5, 4, 3, 2, 1]),
        (0, -1, 5, 2, vec![5, 4, 3, 2, 1]),
        (0, -1, 1, 2, vec![5]),
        (0, at(20), 1, 2, vec![4, 3, 2, 1]),
        (at(20), at(20), 1, 2, vec![4, 3, 2, 1]),
        (at(20), -1, 2, 2, vec![5, 4, 3, 2, 1]),
        (0, at(19), 5, 2, vec![0]),
        (0, -1, 3, 1, vec![0, 1, 2]),
        (at(20), at(20), 100, 1, vec![1, 2, 3, 4]),
        (at(21), -1, 100, 1, vec![5]),
    ] {
        let page = line.pull(&room(1), start, end, json!({"pageSize": size, "order": order})).await;
        assert_eq!(bodies(&page["list"]), expected, "{start} {end} {size} {order}");
    }
}
