use super::super::signing::{payload, request, signed};
use super::super::vectors::VECTORS;
use super::*;
use proptest::prelude::*;
use serde_json::{Value as Json, json};

const NOW: i64 = 1_700_000_000_000;

fn now() -> Timestamp {
    Timestamp::from_millis(NOW)
}

/// The reason for which the request with this payload is refused.
fn refused(text: &str) -> Option<(u16, &'static str)> {
    read_message(text, now()).err().map(|refused| (refused.status.code(), refused.reason))
}

fn with(name: &str, value: Json) -> Json {
    let mut payload = payload(NOW);
    payload[name] = value;
    payload
}

fn without(name: &str) -> Json {
    let mut payload = payload(NOW);
    payload.as_object_mut().unwrap().remove(name);
    payload
}

#[test]
fn every_vector_passes_as_it_arrives() {
    for vector in VECTORS["signing"].as_array().unwrap() {
        let wire = vector["wireJson"].as_str().unwrap();
        let message = read_message(&format!("{{\"payload\":{wire}}}"), now()).unwrap();
        let hash = vector["hash"].as_str().unwrap();
        assert_eq!(message.id.to_string().replace('-', ""), hash[2..34]);
        assert_eq!(message.time.millis() / 10, NOW / 10);
        // Any letter of the content that changes is noticed.
        let changed = wire.replace("deadbeef", "deadbeee").replace("\"00\"", "\"01\"");
        assert_eq!(refused(&format!("{{\"payload\":{changed}}}")), Some((400, "hash is not that of the payload")));
    }
}

#[test]
fn what_the_validator_allows_passes() {
    let wide = "中".repeat(4096);
    let emoji = "😀".repeat(2048);
    for good in [
        payload(NOW),
        payload(1),
        payload(NOW + 3_600_000),
        with("chatType", json!(0)),
        with("body", json!("")),
        with("body", json!(wide)),
        with("body", json!(emoji)),
        with("fromName", json!("😀".repeat(64))),
        with("fromAvatar", json!("a".repeat(256))),
        with("messageType", json!({"any": [1]})),
        with("anything", json!({"deep": [{"b": 1, "a": 2}]})),
        with("publicKey", json!("")),
        with("wallet", json!("0x19e7e376e7c213b7e7e7e46cc70a5dd086daff2a")),
        with("wallet", json!("0x19E7E376E7C213B7E7E7E46CC70A5DD086DAFF2A")),
        with("roomId", json!("p0x00112233445566778899aabbccddeeff00112233")),
        with("createdAt", json!("not signed")),
        without("messageType"),
        without("fromName"),
        without("fromAvatar"),
    ] {
        assert_eq!(refused(&request(&good)), None, "{good}");
    }
}

#[test]
fn what_it_does_not_is_refused_with_a_reason() {
    let rows = [
        (with("chatType", json!(3)), 400, "chatType must be 0, 1 or 2"),
        (with("chatType", json!("1")), 400, "chatType must be 0, 1 or 2"),
        (with("chatType", json!("GROUP")), 400, "chatType must be 0, 1 or 2"),
        (with("chatType", json!(1.5)), 400, "chatType must be 0, 1 or 2"),
        (without("chatType"), 400, "chatType must be 0, 1 or 2"),
        (without("wallet"), 400, "wallet must be an address"),
        (with("wallet", json!("19E7E376E7C213B7E7e7e46cc70A5dD086DAff2A")), 400, "wallet must be an address"),
        (with("wallet", json!("0x19e7E376E7C213B7E7e7e46cc70A5dD086DAff2A")), 400, "wallet must be an address"),
        (without("roomId"), 400, "roomId must be p or g and an address"),
        (
            with("roomId", json!("x0x00112233445566778899aabbccddeeff00112233")),
            400,
            "roomId must be p or g and an address",
        ),
        (with("fromName", json!("a".repeat(129))), 400, "fromName must be a text of at most 128 characters"),
        (with("fromName", json!("😀".repeat(65))), 400, "fromName must be a text of at most 128 characters"),
        (with("fromName", json!({"x": 1})), 400, "fromName must be a text of at most 128 characters"),
        (with("fromAvatar", json!("a".repeat(257))), 400, "fromAvatar must be a text of at most 256 characters"),
        (with("fromAvatar", json!(5)), 400, "fromAvatar must be a text of at most 256 characters"),
        (without("body"), 400, "body must be a text"),
        (with("body", json!(5)), 400, "body must be a text"),
        (with("body", json!("a".repeat(4097))), 400, "body has more than 4096 characters"),
        (with("body", json!("😀".repeat(2049))), 400, "body has more than 4096 characters"),
        (without("timestamp"), 400, "timestamp must be a number above 0"),
        (payload(0), 400, "timestamp must be a number above 0"),
        (payload(-5), 400, "timestamp must be a number above 0"),
        (with("timestamp", json!("1700000000000")), 400, "timestamp must be a number above 0"),
        (with("timestamp", json!(1_700_000_000_000.5)), 400, "timestamp must be whole milliseconds"),
        (with("timestamp", json!(1e300)), 400, "timestamp is more than an hour ahead"),
        (payload(NOW + 3_600_001), 400, "timestamp is more than an hour ahead"),
        (with("publicKey", json!(5)), 400, "publicKey must be a text"),
        (with("publicKey", VECTORS["bob"]["publicKey"].clone()), 400, "publicKey is not that of wallet"),
        (with("wallet", VECTORS["bob"]["address"].clone()), 400, "sig was not made by wallet"),
    ];
    for (payload, status, reason) in rows {
        assert_eq!(refused(&request(&payload)), Some((status, reason)), "{payload}");
    }
}

#[test]
fn numbers_stand_as_javascript_writes_them() {
    let good = request(&payload(NOW));
    for other in ["1700000000000.0", "1.7e12", "17000000000000e-1"] {
        let text = good.replace("1700000000000", other);
        assert_eq!(refused(&text), Some((400, "a number is not written as JavaScript writes it")), "{other}");
    }
}

#[test]
fn a_request_is_an_object_of_bounded_size() {
    for (text, status, reason) in [
        ("[]".to_owned(), 400, "the request must be an object"),
        ("5".to_owned(), 400, "the request must be an object"),
        ("{".to_owned(), 400, "the request is not JSON"),
        ("{}".to_owned(), 400, "payload must be an object"),
        (r#"{"payload":[]}"#.to_owned(), 400, "payload must be an object"),
        (r#"{"payload":{"_placeholder":true,"num":0}}"#.to_owned(), 400, "chatType must be 0, 1 or 2"),
        (r#"{"payload":{"a":1,"a":1}}"#.to_owned(), 400, "the request has the same key twice"),
        (r#"{"payload":{"x":[{"__proto__":1}]}}"#.to_owned(), 400, "the request has the key __proto__"),
        (request(&with("x", json!("a".repeat(REQUEST_MAX)))), 413, "the request is larger than 32 KiB"),
    ] {
        assert_eq!(refused(&text), Some((status, reason)));
    }
}

#[test]
fn hash_and_signature_must_be_those_of_the_payload() {
    let good = request(&payload(NOW));
    let place = |name: &str| good.find(name).unwrap() + name.len() + 5;
    let (hash, sig) = (place("hash"), place("sig"));
    let upper = format!("{}{}{}", &good[..hash], good[hash..hash + 64].to_uppercase(), &good[hash + 64..]);
    assert_eq!(refused(&upper), None);
    let digit = |at: usize| if &good[at..=at] == "0" { "1" } else { "0" };
    let swapped = |at: usize| format!("{}{}{}", &good[..at], digit(at), &good[at + 1..]);
    assert_eq!(refused(&swapped(hash)), Some((400, "hash is not that of the payload")));
    let reasons: Vec<_> = (0..64).step_by(7).map(|at| refused(&swapped(sig + at)).unwrap().1).collect();
    assert!(reasons.iter().all(|reason| reason.starts_with("sig ")), "{reasons:?}");
    let shorter = good.replacen(&good[hash..=hash], "", 1);
    assert!(refused(&shorter).is_some());
    assert_eq!(refused(&good.replace("\"0x", "\"0X")).unwrap().0, 400);
    let other = signed(&payload(NOW).to_string(), 0x22);
    assert_eq!(refused(&other), Some((400, "sig was not made by wallet")));
}

#[test]
fn a_private_chat_carries_the_senders_own_key_or_none() {
    let mut private = with("chatType", json!(1));
    assert_eq!(refused(&request(&private)), None);
    private["publicKey"] = VECTORS["alice"]["publicKey"].clone();
    assert_eq!(refused(&request(&private)), None);
    private["publicKey"] = json!("");
    assert_eq!(refused(&request(&private)), Some((400, "publicKey is not that of wallet")));
}

proptest! {
    #[test]
    fn any_text_is_answered(text in ".{0,200}") {
        let _ = read_message(&text, now());
        let _ = canonical_form(&text);
    }

    #[test]
    fn spelling_and_order_do_not_matter(name in "[a-zé😀]{0,20}", seed in any::<u64>()) {
        let payload = with("fromName", json!(name));
        let text = request(&payload);
        let document: Json = serde_json::from_str(&text).unwrap();
        let mut members: Vec<_> = document["payload"].as_object().unwrap().iter().collect();
        let count = members.len();
        members.rotate_left(usize::try_from(seed % 1000).unwrap() % count);
        let spelled = |text: &str| text.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect::<String>();
        let members: Vec<String> = members.into_iter().map(|(name, value)| match value {
            Json::String(text) if name == "fromName" => format!("\"{}\" :\t\"{}\"", spelled(name), spelled(text)),
            _ => format!("\"{name}\": {value}"),
        }).collect();
        let other = format!("{{ \"payload\" : {{{}}} }}", members.join(" , "));
        prop_assert_eq!(refused(&other), None);
    }
}
