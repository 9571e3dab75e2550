//! Messages and rosters.

use super::{both, good, hex, shown};
use crate::blob::BlobPointer;
use crate::command::Look;
use crate::content::{
    Again, Backup, Content, DevicesHeard, Edit, Introduce, IntroduceRole, Invite, Media, Message, ProfileCard, React,
    Receipt, Resend, Seen, Text, To, Typing, Witness, chain,
};
use crate::roster::{Pen, Roster, RosterMember, Weighed, access_changes};
use crate::view::{ConversationKind, Identity, MessageId};
use ciborium::{Value as Cbor, cbor};
use ed25519_dalek::SigningKey;
use serde_json::{Value, json};
use tidings_wire::Fixed;
use tidings_wire::certificate::DeviceCertificate;
use tidings_wire::signed::Signed;

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
        Content::Again(Again {
            device: [6; 8],
            to: [8; 8],
            messages: vec![vec![7, 8]],
            times: vec![1_700_000_000_000],
            gone: vec![(4, 5)],
        }),
        Content::Witness(Witness { identity: Identity([4; 32]), backup: 7, devices: 8 }),
        Content::Backup(Backup { counter: 9 }),
    ]
}

/// The map of a message around any content.
fn around(seq: u64, expire: u64, content: &Cbor) -> Vec<u8> {
    let bytes = |byte: u8| Cbor::Bytes(vec![byte; 16]);
    tidings_wire::cbor::encode(&cbor!({ "id" => bytes(1), "seq" => seq, "prev" => bytes(0), "seen" => [], "at" => 5, "expire" => expire, "c" => content }).expect("a value"))
}

/// A text in whose map a key stands twice.
fn twice(key: &str) -> Cbor {
    let pair = |key: &str| (Cbor::Text(key.to_owned()), Cbor::Text("x".to_owned()));
    let text =
        Cbor::Map(vec![pair("text"), pair(key), pair(key)].into_iter().skip(usize::from(key == "text")).collect());
    Cbor::Map(vec![(Cbor::Text("text".to_owned()), text)])
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
        (
            "a time of another message",
            around(
                0,
                9,
                &content(
                    cbor!({ "again" => { "device" => Cbor::Bytes(vec![1; 8]), "messages" => [], "times" => [5] } }),
                ),
            ),
        ),
        ("a key that stands twice", around(1, 9, &twice("text"))),
        ("a key that nobody knows, twice", around(1, 9, &twice("colour"))),
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

const GROUP: [u8; 16] = [0x77; 16];

/// The identity key, or the key of the device, of somebody.
fn key(n: u8) -> SigningKey {
    SigningKey::from_bytes(&[n; 32])
}

fn id(n: u8) -> Identity {
    Identity(key(n).verifying_key().to_bytes())
}

fn member(n: u8, role: u8) -> RosterMember {
    RosterMember { id: id(n), access: [n + 100; 32], salt: [n; 16], role, since: u64::from(n) }
}

/// The next roster, signed by somebody's device, or made by a plain member.
fn next(before: &Roster, by: Option<u8>, change: impl FnOnce(&mut Roster)) -> Roster {
    let mut after = before.clone();
    change(&mut after);
    after.v += 1;
    let device = key(by.unwrap_or(0) + 50);
    let pen = by.map(|by| {
        let public = Fixed(device.verifying_key().to_bytes());
        let certificate = DeviceCertificate { identity: Fixed(id(by).0), device: public, serial: 1, created: 5 };
        Pen { device: &device, certificate: good(Signed::sign(certificate, &key(by))), group: GROUP }
    });
    assert_eq!(after.attest(before, pen.as_ref()), Ok(()));
    assert!(after.encode().and_then(|bytes| Roster::decode(&bytes)).is_ok_and(|read| read == after));
    after
}

/// The first roster of a conversation, or of another one.
fn first(name: &str) -> Roster {
    let nothing = Roster {
        v: 0,
        kind: ConversationKind::Group,
        name: name.to_owned(),
        picture: None,
        hub: "https://hub.example".to_owned(),
        seal: [0x22; 32],
        locked: false,
        expire: Some(3600),
        members: Vec::new(),
        signed: Vec::new(),
        gone: Vec::new(),
    };
    next(&nothing, Some(1), |roster| roster.members = vec![member(1, 0)])
}

/// Whether somebody who knows one roster believes another one that is shown.
fn weighed(why: &str, known: &Roster, shown: &Roster, expected: Option<Weighed>) -> Value {
    let verdict = known.weigh(&GROUP, shown);
    assert_eq!(verdict.ok(), expected, "{why}");
    let word = match verdict {
        Ok(Weighed::Newer) => "newer",
        Ok(Weighed::Older) => "older",
        Err(_) => "refused",
    };
    json!({ "why": why, "known": hex(tidings_wire::cbor::encode(known)), "shown": hex(tidings_wire::cbor::encode(shown)), "verdict": word })
}

fn judgements(before: &Roster, left: &Roster, after: &Roster) -> Vec<Value> {
    let named = |from: &Roster, by: u8| next(from, Some(by), |roster| roster.name = format!("by {by}"));
    let without = |from: &Roster, by: Option<u8>, n: u8| next(from, by, |roster| *roster = roster.without(&[id(n)]));
    let mut forged = without(before, None, 4);
    forged.members.push(member(6, 2));
    let mut inflated = without(before, None, 4);
    inflated.v = 90;
    let owns = next(before, Some(2), |roster| roster.seal = [9; 32]);
    let (newer, older, refused) = (Some(Weighed::Newer), Some(Weighed::Older), None);
    vec![
        weighed("the same", after, after, newer),
        weighed(
            "signed by an owner who was given that role by one that is known",
            before,
            &named(&next(before, Some(1), |roster| roster.members[2].role = 0), 3),
            newer,
        ),
        weighed("signed by a moderator", before, &named(before, 2), newer),
        weighed("a plain member took out who went", before, &without(before, None, 4), newer),
        weighed("the moderator became owner because the last owner went: nobody signed that", before, left, refused),
        weighed("it is seen, and so believed, that the moderator became owner", left, after, newer),
        weighed("an earlier one", after, before, older),
        weighed("an earlier one with a high version", &without(before, Some(1), 3), &inflated, older),
        weighed("another one of the same version", &named(before, 1), &named(before, 2), older),
        weighed(
            "by an owner who was removed since",
            &without(&next(before, Some(1), |roster| roster.members[2].role = 0), Some(1), 3),
            &named(&named(&named(&next(before, Some(1), |roster| roster.members[2].role = 0), 3), 3), 3),
            refused,
        ),
        weighed("a plain member added somebody", before, &forged, refused),
        weighed("a moderator did what owners may", before, &owns, refused),
        weighed("of another beginning", before, &named(&first("Another"), 1), refused),
    ]
}

pub(super) fn rosters() -> Value {
    let before =
        next(&first("Rowing"), Some(1), |roster| roster.members.extend([member(2, 1), member(3, 2), member(4, 2)]));
    let left = next(&before, None, |roster| *roster = roster.without(&[id(1)]));
    let after = next(&left, Some(2), |roster| {
        roster.name = "Rowing club".to_owned();
        roster.members.retain(|member| member.id != id(3));
        roster.members.push(RosterMember { since: 9, ..member(5, 2) });
    });
    let changes = access_changes(&before, &after);
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
        ("who went is a member", Roster { gone: vec![(0, id(4), 4)], ..before.clone() }),
        ("who went stood beyond the list", Roster { gone: vec![(5, id(6), 4)], ..before.clone() }),
    ];
    let refuse = |(why, roster): &(&str, Roster)| {
        assert!(Roster::decode(&tidings_wire::cbor::encode(roster)).is_err(), "{why}");
        json!({ "why": why, "cbor": hex(tidings_wire::cbor::encode(roster)) })
    };
    json!({
        "about": "conversations.md, Roster and Signed rosters. The seed of identity n is n, that of its device n + 50, 32 times. `left`: a plain member took out the only owner, who left, so the moderator becomes owner. `changes`: what the hub is told with the commits from `before` to `after`. `weighed`: what somebody who knows one roster says of another one",
        "group": hex(GROUP),
        "before": both(&before),
        "left": both(&left),
        "after": both(&after),
        "changes": changes_json(&changes),
        "weighed": judgements(&before, &left, &after),
        "refused": wrong.iter().map(refuse).collect::<Vec<_>>(),
    })
}

fn changes_json(changes: &crate::roster::AccessChanges) -> Value {
    let add = changes.add.iter().map(|member| json!({ "key": hex(member.key.0), "role": member.role }));
    let remove = changes.remove.iter().map(|key| hex(key.0));
    json!({ "add": add.collect::<Vec<_>>(), "remove": remove.collect::<Vec<_>>() })
}
