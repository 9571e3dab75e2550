//! Requests of DeNetwork's clients: the first byte picks the event, the rest is its argument. Nothing may panic, and a reply
//! must be JSON that says whether it went well. What changes after signing must be noticed.

use tidings_core::Timestamp;
use tidings_doors::denetwork::{read_event, read_message};

const EVENTS: [&str; 7] =
    ["room-join", "room-leave", "room-exist", "chat-message", "pull-message", "count-message", "another"];

/// A signed message, with a place where a field that is not signed may be.
const HEAD: &str = r#"{"payload":{"chatType":2,"wallet":"0x19e7e376e7c213b7e7e7e46cc70a5dd086daff2a","fromName":"Alice","fromAvatar":"https://example.org/a.png","roomId":"g0x00112233445566778899aabbccddeeff00112233","body":"deadbeef","timestamp":1700000000000,"hash":"0x1fed6b1f1c5fbd0f2922e092fbc625e640e5d027ac0874632e1611beb1ef69fb","sig":"0xd11fecb335ff9efad205c7f70063cbffbbfaf968936dae19769c6056c5e4c79a506e20a227dffa16376687dd96dd54589d10c1da97ccf5ac690f6983978418311c""#;

pub(super) fn run(data: &[u8]) {
    let Some((&choice, argument)) = data.split_first() else { return };
    let Ok(argument) = std::str::from_utf8(argument) else { return };
    let now = Timestamp::from_millis(1_700_000_000_000);
    let event = EVENTS[usize::from(choice) % EVENTS.len()];
    if let Err(refused) = read_event(event, argument, now) {
        assert!((400..=503).contains(&refused.status.code()) && !refused.reason.is_empty());
    }
    assert!(read_message(&format!("{HEAD}}}}}"), now).is_ok());
    // Whatever is added inside the payload is signed or refused, but for these two.
    if read_message(&format!("{HEAD},{argument}}}}}"), now).is_ok() {
        let added = format!("{{{argument}}}");
        if let Ok(serde_json::Value::Object(members)) = serde_json::from_str(&added) {
            let unsigned = ["createdAt", "updatedAt"];
            assert!(members.keys().all(|name| unsigned.contains(&name.as_str())), "{added}");
        }
    }
}
