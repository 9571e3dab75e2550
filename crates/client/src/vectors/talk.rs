//! Messages and rosters.

use super::{both, good, hex, shown};
use crate::blob::BlobPointer;
use crate::command::Look;
use crate::content::{
    Again, Backup, Content, DevicesHeard, Edit, Introduce, IntroduceRole, Invite, Media, Message, ProfileCard, React,
    Receipt, Resend, Seen, Text, To, Typing, Witness, chain,
};
use crate::roster::{Roster, RosterMember, access_changes};
use crate::view::{ConversationKind, Identity, MessageId};
use ciborium::{Value as Cbor, cbor};
use serde_json::{Value, json};
use tidings_wire::Fixed;

const ID: MessageId = MessageId([1; 16]);

fn media(view: Look, thumb: Option<Vec<u8>>) -> Content {
    let url = format!("https://node.example/v1/blobs/{}", Fixed([7; 32]));
    let (name, kind) = ("photo.jpg".to_owned(), "image/jpeg".to_owned());
    let blob = BlobPointer { url, key: [4; 32], size: 5, name, kind, delete: [5; 16] };
    let caption = "A boat".to_owned();
    Content::Media(Box::new(Media {
        blob,
        view,
        caption,
        reply: None,
        voice: None,
        width: Some(4),
        height: Some(3),
        thumb,
    }))
}

fn all() -> Vec<Content> {
    let introduce = Introduce {
        identity: Identity([4; 32]),
        name: "Carol".to_owned(),
        secret: [5; 16],
        role: IntroduceRole::Offer,
        node: None,
    };
    vec![
        Content::Text(Text { text: "Hello".to_owned(), reply: None }),
        Content::Text(Text { text: "Grüße 👋".to_owned(), reply: Some(ID) }),
        media(Look::Keep, Some(vec![1, 2])),
        media(Look::Once, None),
        media(Look::Seconds(30), None),
        Content::React(React { to: ID, emoji: "👍".to_owned() }),
        Content::Edit(Edit { to: ID, text: "Hello!".to_owned() }),
        Content::Delete(To { to: ID }),
        Content::Viewed(To { to: ID }),
        Content::Receipt(Receipt { delivered: vec![Seen([6; 8], 9)], read: vec![] }),
        Content::Typing(Typing {}),
        Content::Profile(ProfileCard { card: vec![1, 2, 3] }),
        Content::Devices(DevicesHeard { list: vec![1, 2, 3] }),
        Content::Introduce(introduce),
        Content::Invite(Invite { link: "https://node.example/r#1.x".to_owned(), name: "Rowing".to_owned() }),
        Content::Resend(Resend { device: [6; 8], from: 3, to: 5 }),
        Content::Again(Again { device: [6; 8], messages: vec![vec![7, 8]], gone: vec![(4, 5)] }),
        Content::Witness(Witness { identity: Identity([4; 32]), backup: 7, devices: 8 }),
        Content::Backup(Backup { counter: 9 }),
    ]
}

/// The map of a message around any content.
fn around(seq: u64, expire: u64, content: &Cbor) -> Vec<u8> {
    let bytes = |byte: u8| Cbor::Bytes(vec![byte; 16]);
    tidings_wire::cbor::encode(&cbor!({ "id" => bytes(1), "seq" => seq, "prev" => bytes(0), "seen" => [], "at" => 5, "expire" => expire, "c" => content }).expect("a value"))
}

fn refused() -> Vec<(&'static str, Vec<u8>)> {
    let content = |content: Result<Cbor, ciborium::value::Error>| content.expect("a value");
    let text = || content(cbor!({ "text" => { "text" => "x" } }));
    let typing = || content(cbor!({ "typing" => {} }));
    vec![
        ("two contents", around(1, 9, &content(cbor!({ "text" => { "text" => "x" }, "typing" => {} })))),
        ("no content", around(1, 9, &content(cbor!({})))),
        ("an empty text", around(1, 9, &content(cbor!({ "text" => { "text" => "" } })))),
        ("a text without a number", around(0, 9, &text())),
        ("a number for what needs no memory", around(1, 9, &typing())),
        ("it would disappear at once", around(1, 0, &text())),
        ("it would disappear after more than a year", around(1, 31_536_001, &text())),
        (
            "a range that is none",
            around(
                0,
                9,
                &content(cbor!({ "resend" => { "device" => Cbor::Bytes(vec![1; 8]), "from" => 3, "to" => 2 } })),
            ),
        ),
        (
            "a mark of another length",
            around(
                0,
                9,
                &content(cbor!({ "resend" => { "device" => Cbor::Bytes(vec![1; 7]), "from" => 1, "to" => 2 } })),
            ),
        ),
        ("something follows", [around(1, 9, &text()), vec![0]].concat()),
        ("it ends too early", around(1, 9, &text())[..30].to_vec()),
    ]
}

pub(super) fn contents() -> Value {
    let mut prev = [0; 16];
    let mut seq = 0;
    let mut messages = Vec::new();
    for content in all() {
        let needs_memory = content.needs_memory();
        seq += u64::from(needs_memory);
        let (seq, prev_here) = if needs_memory { (seq, prev) } else { (0, [0; 16]) };
        let message = Message {
            id: ID,
            seq,
            prev: prev_here,
            seen: vec![Seen([2; 8], 3)],
            at: 1_700_000_000_000,
            expire: None,
            content,
        };
        let bytes = good(message.encode());
        messages.push(json!({ "kind": message.content.kind(), "cbor": hex(&bytes), "value": shown(&bytes) }));
        if needs_memory {
            prev = chain(&bytes);
        }
    }
    let newer = around(1, 9, &cbor!({ "hologram" => { "depth" => [1, 2] } }).expect("a value"));
    assert!(Message::decode(&newer).is_ok_and(|message| message.content.kind() == "hologram"));
    let refuse = |(why, bytes): &(&str, Vec<u8>)| {
        assert!(Message::decode(bytes).is_err(), "{why}");
        json!({ "why": why, "cbor": hex(bytes) })
    };
    json!({
        "about": "messages.md. Those with a number are one chain, in this order",
        "messages": messages,
        "newer": { "kind": "hologram", "cbor": hex(&newer) },
        "refused": refused().iter().map(refuse).collect::<Vec<_>>(),
    })
}

fn member(n: u8, role: u8) -> RosterMember {
    RosterMember { id: Identity([n; 32]), access: [n + 100; 32], salt: [n; 16], role, since: u64::from(n) }
}

pub(super) fn rosters() -> Value {
    let before = Roster {
        v: 5,
        kind: ConversationKind::Group,
        name: "Rowing".to_owned(),
        picture: None,
        hub: "https://hub.example".to_owned(),
        seal: [0x22; 32],
        locked: false,
        expire: Some(3600),
        members: vec![member(1, 0), member(2, 1), member(3, 2), member(4, 2)],
    };
    let left = before.without(&[Identity([1; 32])]);
    let mut after = Roster { v: 6, name: "Rowing club".to_owned(), ..left.clone() };
    after.members.retain(|member| member.id != Identity([3; 32]));
    after.members.push(RosterMember { since: 9, ..member(5, 2) });
    let changes = access_changes(&before, &after);
    let good_roster = |roster: &Roster| {
        assert!(roster.encode().and_then(|bytes| Roster::decode(&bytes)).is_ok_and(|read| read == *roster))
    };
    [&before, &left, &after].into_iter().for_each(good_roster);
    let wrong = [
        ("no owner", Roster { members: vec![member(1, 1)], ..before.clone() }),
        ("a role that there is not", Roster { members: vec![member(1, 0), member(2, 3)], ..before.clone() }),
        (
            "an identity twice",
            Roster { members: vec![member(1, 0), RosterMember { access: [9; 32], ..member(1, 2) }], ..before.clone() },
        ),
        (
            "an access key twice",
            Roster {
                members: vec![member(1, 0), RosterMember { access: [101; 32], ..member(2, 2) }],
                ..before.clone()
            },
        ),
        ("three in a pair", Roster { kind: ConversationKind::Pair, ..before.clone() }),
        ("a hub with a path", Roster { hub: "https://hub.example/".to_owned(), ..before.clone() }),
        ("messages that disappear at once", Roster { expire: Some(0), ..before.clone() }),
    ];
    let refuse = |(why, roster): &(&str, Roster)| {
        assert!(Roster::decode(&tidings_wire::cbor::encode(roster)).is_err(), "{why}");
        json!({ "why": why, "cbor": hex(tidings_wire::cbor::encode(roster)) })
    };
    json!({
        "about": "conversations.md, Roster. `left`: the only owner has left, so the moderator becomes one. `changes`: what the hub is told with the commit from `before` to `after`",
        "before": both(&before),
        "left": both(&left),
        "after": both(&after),
        "changes": changes_json(&changes),
        "refused": wrong.iter().map(refuse).collect::<Vec<_>>(),
    })
}

fn changes_json(changes: &crate::roster::AccessChanges) -> Value {
    let add = changes.add.iter().map(|member| json!({ "key": hex(member.key.0), "role": member.role }));
    let remove = changes.remove.iter().map(|key| hex(key.0));
    json!({ "add": add.collect::<Vec<_>>(), "remove": remove.collect::<Vec<_>>() })
}
