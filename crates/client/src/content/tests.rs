use super::*;
use crate::blob::BlobPointer;
use crate::command::Look;
use crate::view::Identity;
use ciborium::{Value, cbor};
use proptest::prelude::*;

const ID: MessageId = MessageId([1; 16]);

fn message(content: Content) -> Message {
    let seq = u64::from(content.needs_memory());
    Message { id: ID, seq, prev: [0; 16], seen: vec![Seen([2; 8], 3)], at: 1_700_000_000_000, expire: None, content }
}

fn media(view: Look, thumb: Option<Vec<u8>>) -> Content {
    let blob = BlobPointer {
        url: format!("https://node.example/v1/blobs/{}", tidings_wire::Fixed([7; 32])),
        key: [1; 32],
        size: 5,
        name: "photo.jpg".to_owned(),
        kind: "image/jpeg".to_owned(),
        delete: [2; 16],
    };
    let media = Media {
        blob,
        view,
        caption: String::new(),
        reply: Some(ID),
        voice: None,
        width: Some(4),
        height: Some(3),
        thumb,
    };
    Content::Media(Box::new(media))
}

fn contents() -> Vec<Content> {
    let text = |length: usize| "x".repeat(length);
    vec![
        Content::Text(Text { text: text(TEXT_BYTES_MAX), reply: Some(ID) }),
        media(Look::Keep, Some(vec![0; THUMB_BYTES_MAX])),
        media(Look::Once, None),
        media(Look::Seconds(30), None),
        Content::React(React { to: ID, emoji: "👍".to_owned() }),
        Content::Edit(Edit { to: ID, text: text(3) }),
        Content::Delete(To { to: ID }),
        Content::Viewed(To { to: ID }),
        Content::Receipt(Receipt { delivered: vec![Seen([1; 8], u64::MAX); RECEIPT_MAX], read: vec![] }),
        Content::Typing(Typing {}),
        Content::Profile(ProfileCard { card: vec![1; 33_800] }),
        Content::Devices(DevicesHeard { list: vec![1; 400] }),
        Content::Introduce(Introduce {
            identity: Identity([4; 32]),
            name: text(NAME_BYTES_MAX),
            secret: [5; 16],
            role: IntroduceRole::Answer,
            node: Some("https://node.example".to_owned()),
        }),
        Content::Invite(Invite { link: text(LINK_BYTES_MAX), name: text(2) }),
        Content::Resend(Resend { device: [6; 8], from: 1, to: 9 }),
        Content::Again(Again {
            device: [6; 8],
            to: [8; 8],
            messages: vec![vec![7; AGAIN_BYTES_MAX]],
            times: vec![5],
            gone: vec![(2, 3)],
        }),
        Content::Witness(Witness { identity: Identity([4; 32]), backup: 7, devices: 8 }),
        Content::Backup(Backup { counter: 9 }),
    ]
}

fn read(value: &Value) -> Result<Message, ContentError> {
    Message::decode(&tidings_wire::cbor::encode(value))
}

/// A message around this content.
fn around(content: &Value, seq: u64) -> Value {
    let bytes = |byte: u8| Value::Bytes(vec![byte; 16]);
    let Ok(value) = cbor!({ "id" => bytes(1), "seq" => seq, "prev" => bytes(0), "seen" => [], "at" => 5, "c" => content, "later" => [1] })
    else {
        panic!("a value")
    };
    value
}

#[test]
fn all_contents_lead_back() {
    for content in contents() {
        let message = message(content);
        let Ok(bytes) = message.encode() else { panic!("{message:?} is too long") };
        assert!(Message::decode(&bytes).is_ok_and(|read| read == message), "{message:?}");
    }
}

#[test]
fn contents_are_written_as_the_specification_says() {
    let Ok(text) = message(Content::Text(Text { text: "hi".to_owned(), reply: None })).encode() else {
        panic!("a text")
    };
    let expected = [
        b"\xa6bidP".as_slice(),
        &[1; 16],
        b"cseq\x01dprevP",
        &[0; 16],
        b"dseen\x81\x82H",
        &[2; 8],
        b"\x03bat\x1b\x00\x00\x01\x8b\xcf\xe5h\x00ac\xa1dtext\xa1dtextbhi",
    ]
    .concat();
    assert_eq!(text, expected);
    let Ok(typing) = cbor!({ "typing" => {} }) else { panic!("a value") };
    assert!(read(&around(&typing, 0)).is_ok_and(|message| message.content == Content::Typing(Typing {})));
}

#[test]
fn newer_kinds_are_kept_as_they_came() {
    let Ok(content) = cbor!({ "hologram" => { "depth" => [1, 2, { "x" => 1.5 }], "bytes" => null } }) else {
        panic!("a value")
    };
    let value = around(&content, 4);
    let Ok(message) = read(&value) else { panic!("a newer kind") };
    assert_eq!((message.content.kind(), message.content.needs_memory()), ("hologram", true));
    assert!(read(&around(&content, 0)).is_ok(), "a newer kind may need no memory");
    let again = message.encode().and_then(|bytes| Message::decode(&bytes));
    assert!(again == Ok(message));
}

#[test]
fn a_message_has_one_content() {
    for content in [cbor!({}), cbor!({ "typing" => {}, "text" => { "text" => "x" } }), cbor!("typing"), cbor!([])] {
        let Ok(content) = content else { panic!("a value") };
        assert_eq!(read(&around(&content, 0)), Err(ContentError::Form(CborError::Form)));
    }
}

#[test]
fn what_is_too_long_or_contradicts_itself_is_refused() {
    let long = |content| message(content).encode();
    let text = |length: usize| "x".repeat(length);
    let again = |messages, times, gone| Content::Again(Again { device: [6; 8], to: [8; 8], messages, times, gone });
    for content in [
        Content::Text(Text { text: text(TEXT_BYTES_MAX + 1), reply: None }),
        Content::Text(Text { text: String::new(), reply: None }),
        Content::Edit(Edit { to: ID, text: String::new() }),
        media(Look::Once, Some(vec![1])),
        media(Look::Seconds(5), Some(vec![1])),
        media(Look::Seconds(0), None),
        media(Look::Seconds(LOOK_SECONDS_MAX + 1), None),
        media(Look::Keep, Some(vec![0; THUMB_BYTES_MAX + 1])),
        Content::React(React { to: ID, emoji: text(EMOJI_BYTES_MAX + 1) }),
        Content::Receipt(Receipt { delivered: vec![], read: vec![Seen([1; 8], 1); RECEIPT_MAX + 1] }),
        Content::Profile(ProfileCard { card: vec![1; 33_900] }),
        Content::Devices(DevicesHeard { list: vec![1; 8500] }),
        Content::Invite(Invite { link: text(LINK_BYTES_MAX + 1), name: text(2) }),
        Content::Resend(Resend { device: [6; 8], from: 0, to: 9 }),
        Content::Resend(Resend { device: [6; 8], from: 3, to: 2 }),
        again(vec![vec![7; AGAIN_BYTES_MAX], vec![1]], vec![], vec![]),
        again(vec![], vec![], vec![(1, 1); GONE_MAX + 1]),
        again(vec![vec![1], vec![2]], vec![5], vec![]),
        again(vec![], vec![5], vec![]),
    ] {
        let kind = content.kind().to_owned();
        assert!(matches!(long(content), Err(ContentError::Rule(_))), "{kind}");
    }
    let text = Content::Text(Text { text: text(1), reply: None });
    for other in [
        Message { seq: 0, ..message(text.clone()) },
        Message { seq: 1, ..message(Content::Typing(Typing {})) },
        Message { prev: [1; 16], ..message(Content::Typing(Typing {})) },
        Message { expire: Some(0), ..message(text.clone()) },
        Message { expire: Some(EXPIRE_SECONDS_MAX + 1), ..message(text.clone()) },
        Message { seen: vec![Seen([1; 8], 1); SEEN_MAX + 1], ..message(text) },
    ] {
        assert!(matches!(other.encode(), Err(ContentError::Rule(_))));
    }
}

#[test]
fn a_chain_is_the_beginning_of_a_hash() {
    assert_eq!(
        chain(b"abc"),
        [0xba, 0x78, 0x16, 0xbf, 0x8f, 0x01, 0xcf, 0xea, 0x41, 0x41, 0x40, 0xde, 0x5d, 0xae, 0x22, 0x23]
    );
}

proptest! {
    #[test]
    fn any_bytes_are_answered(bytes: Vec<u8>) {
        let _ = Message::decode(&bytes);
    }

    /// Whatever of a good message is changed: it is answered, and what is read can be written and read again.
    #[test]
    fn changed_messages_are_answered(which in 0usize..18, place: prop::sample::Index, to: u8) {
        let Ok(mut bytes) = message(contents().swap_remove(which)).encode() else { panic!("a good message") };
        let place = place.index(bytes.len().min(300));
        bytes[place] = to;
        if let Ok(message) = Message::decode(&bytes) {
            let again = message.encode().and_then(|bytes| Message::decode(&bytes));
            prop_assert!(again.is_ok_and(|again| tidings_wire::cbor::encode(&again) == tidings_wire::cbor::encode(&message)));
        }
    }
}
