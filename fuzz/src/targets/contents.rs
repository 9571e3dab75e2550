//! What comes out of seals: messages, rosters, payloads of entries, profile documents, archives, requests to be linked. The first byte says
//! which. What is read must be written and read again as the same.

use tidings_client::content::{MESSAGE_BYTES_MAX, Message};
use tidings_client::entry::read_payload;
use tidings_client::link::read_request;
use tidings_client::profile::{Document, read_archive, write_archive};
use tidings_client::roster::{Roster, access_changes};
use tidings_client::sealing::{pad, unpad};
use tidings_wire::cbor;

fn message(data: &[u8]) {
    let Ok(message) = Message::decode(data) else { return };
    assert!(data.len() <= MESSAGE_BYTES_MAX);
    let Ok(written) = message.encode() else { return };
    let Ok(again) = Message::decode(&written) else { panic!("what was written is not read") };
    assert_eq!(again.encode(), Ok(written));
    assert_eq!(again.content.kind(), message.content.kind());
}

fn roster(data: &[u8]) {
    let Ok(roster) = Roster::decode(data) else { return };
    let again = roster.encode().and_then(|written| Roster::decode(&written));
    assert!(again.is_ok_and(|again| again == roster));
    assert!(access_changes(&roster, &roster) == Default::default());
    for member in &roster.members {
        let without = roster.without(&[member.id]);
        assert!(without.members.is_empty() || without.check().is_ok());
    }
}

fn profile(data: &[u8]) {
    let Ok(document) = Document::read(data) else { return };
    let again = Document::read(&cbor::encode(&document));
    assert!(again.is_ok_and(|again| again == document));
    let mut merged = Document::default();
    merged.merge(&document);
    assert!(merged.same_records(&document) && !merged.merge(&document));
}

pub(super) fn run(data: &[u8]) {
    let Some((kind, data)) = data.split_first() else { return };
    match kind % 7 {
        0 => message(data),
        1 => roster(data),
        2 => profile(data),
        3 => {
            if let Ok(payload) = read_payload(data) {
                assert!(payload.mls.len() <= data.len());
            }
        }
        4 => {
            if let Ok(archive) = read_archive(data) {
                let written = write_archive(&archive);
                assert!(written.is_ok_and(|written| read_archive(&written).is_ok_and(|again| again == archive)));
            }
        }
        5 => drop(read_request(data)),
        _ => {
            if let Some(plain) = unpad(data.to_vec()) {
                assert_eq!(pad(&plain), data);
            }
            assert_eq!(unpad(pad(data)).as_deref(), Some(data));
        }
    }
}
