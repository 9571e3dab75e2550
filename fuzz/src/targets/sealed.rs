//! Sealed things from strangers and nodes: parcels, entries, group infos, profiles, pieces of blobs, offers, answers, replies. Without the
//! key nothing may open, whatever it is; and an answer of a node moves a transfer by one step at most.

use tidings_client::blob::{BlobPointer, open_piece};
use tidings_client::entry::EntryKey;
use tidings_client::invitation::Invitation;
use tidings_client::io::HttpAnswer;
use tidings_client::link::{LinkCode, LinkRequest, LinkSecret};
use tidings_client::profile::Document;
use tidings_client::transfer::Download;
use tidings_client::view::{GroupId, Identity};
use tidings_client::{parcel, sealing};
use tidings_wire::Fixed;

pub(super) fn run(data: &[u8]) {
    let (group, me) = (GroupId([1; 16]), Identity([2; 32]));
    assert!(sealing::open(&[0x5a; 32], b"purpose", data).is_err());
    assert!(parcel::open(&[0x5a; 32], &me, data).is_err());
    let key = EntryKey::unlocked(&group, &[0x5a; 32]);
    assert!(key.open_entry(&group, &[4; 16], data).is_err());
    assert!(key.open_info(&group, data).is_err());
    assert!(Document::open(&[0x5a; 32], &me, 1, data).is_err());
    assert!(open_piece(&[0x5a; 32], 0, true, data).is_err());
    let invitation = Invitation([0x5a; 16]);
    assert!(invitation.open_offer(data).is_err());
    assert!(invitation.open_answer(&Fixed(me.0), data).is_err());
    let code = LinkCode { node: "https://node.example".to_owned(), secret: LinkSecret([0x5a; 10]) };
    let request = LinkRequest { device: [4; 32], agree: [5; 32], name: String::new(), proof: [6; 64] };
    assert!(code.open_offer(data).is_err());
    assert!(code.open_request(data).is_err());
    assert!(code.open_reply(&request, &[0x5b; 32], data).is_err());
    download(data);
}

/// The first two bytes are the status, the rest the body of a node's answer.
fn download(data: &[u8]) {
    let Some(([low, high], body)) = data.split_first_chunk::<2>().map(|(status, body)| (*status, body)) else { return };
    let pointer = BlobPointer {
        url: format!("https://node.example/v1/blobs/{}", Fixed([7; 32])),
        key: [1; 32],
        size: 100_000,
        name: "x".to_owned(),
        kind: String::new(),
        delete: [2; 16],
    };
    let Ok(mut download) = Download::new(pointer) else { return };
    download.start();
    let headers = vec![("retry-after".to_owned(), String::from_utf8_lossy(body).into_owned())];
    let answer = HttpAnswer { status: u16::from_le_bytes([low, high]), headers, body: body.to_vec() };
    assert_eq!(download.answered(0, &answer).len(), 1);
    assert_eq!(download.progress().0, 0);
}
