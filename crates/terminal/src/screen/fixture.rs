//! Views made by hand, for tests: people, conversations and messages as the client would show them.

use super::world::World;
use tidings_client::command::{KeepHistory, Look};
use tidings_client::view::*;

/// 10 March 2026, 14:02 UTC.
pub(crate) const NOW: u64 = 1_773_151_320_000;
const MINUTE: u64 = 60_000;

pub(crate) fn identity(number: u8) -> Identity {
    Identity([number; 32])
}

pub(crate) fn group(number: u16) -> GroupId {
    let [high, low] = number.to_be_bytes();
    let mut id = [0; 16];
    (id[0], id[1]) = (high, low);
    GroupId(id)
}

pub(crate) fn contact(number: u8, name: &str) -> ContactView {
    ContactView {
        identity: identity(number),
        name: name.into(),
        own_name: name.into(),
        picture: None,
        node: format!("https://{}.example", name.to_lowercase().replace(' ', "")),
        conversation: Some(group(number.into())),
        verified: number == 1,
        key_changed: false,
        blocked: false,
        safety_number: "012345678901234567890123456789012345678901234567890123456789".into(),
        safety_code: "tidings:safety:1:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8".into(),
    }
}

pub(crate) fn member(number: u8, name: &str, role: u8) -> MemberView {
    MemberView { identity: identity(number), name: name.into(), role, me: number == 0, devices: 2 }
}

pub(crate) fn conversation(number: u16, title: &str) -> ConversationView {
    let other = u8::try_from(number).ok();
    ConversationView {
        id: group(number),
        kind: ConversationKind::Pair,
        title: title.into(),
        picture: None,
        contact: other.map(identity),
        members: vec![member(0, "Me", 0), member(other.unwrap_or(200), title, 0)],
        unread: 0,
        last_at: NOW - u64::from(number) * 37 * MINUTE,
        preview: "See you there".into(),
        standing: Standing::Ready,
        verified: number == 1,
        muted: false,
        archived: false,
        typing: Vec::new(),
        expire: 0,
        hub: "https://one.example".into(),
    }
}

pub(crate) fn me() -> MeView {
    MeView {
        identity: identity(0),
        name: "Me".into(),
        picture: None,
        statement: String::new(),
        node: "https://one.example".into(),
        wallet: "0x0000000000000000000000000000000000000000".into(),
        box_key: "AAAA".into(),
        read_receipts: true,
        history: KeepHistory::All,
        backup: Some((7, NOW)),
        warnings: Vec::new(),
        connected: true,
        stage: tidings_client::view::Stage::Ready,
    }
}

/// Alice (verified), Bob (unread), a muted group, and a channel.
pub(crate) fn world() -> World {
    let mut bob = conversation(2, "Bob");
    bob.unread = 3;
    bob.preview = "Did you get the tickets? They go fast".into();
    let mut trip = conversation(3, "Summer trip 🏕️");
    trip.kind = ConversationKind::Group;
    trip.contact = None;
    trip.members = vec![member(0, "Me", 0), member(1, "Alice", 1), member(2, "Bob", 2)];
    trip.muted = true;
    trip.preview = "Alice: [picture]".into();
    World {
        me: Some(me()),
        conversations: vec![conversation(1, "Alice"), bob, trip],
        contacts: vec![contact(1, "Alice"), contact(2, "Bob")],
        devices: vec![
            DeviceView { serial: 1, key: [1; 32], name: "laptop".into(), this: true, added: NOW - 90 * 1440 * MINUTE },
            DeviceView {
                serial: 2,
                key: [2; 32],
                name: "old phone".into(),
                this: false,
                added: NOW - 30 * 1440 * MINUTE,
            },
        ],
        invitations: Vec::new(),
        channels: vec!["news".into()],
        unreachable: Vec::new(),
    }
}

pub(crate) fn message(number: u32, sender: u8, text: &str) -> MessageView {
    let mut id = [0; 16];
    id[..4].copy_from_slice(&number.to_be_bytes());
    let mine = sender == 0;
    let names = ["Me", "Alice", "Bob"];
    MessageView {
        id: MessageId(id),
        order: number.to_be_bytes().to_vec(),
        sender: identity(sender),
        name: names.get(usize::from(sender)).copied().unwrap_or("Somebody").into(),
        mine,
        at: NOW - 60 * MINUTE + u64::from(number) * MINUTE,
        shown: Shown::Text(text.into()),
        reply: None,
        reply_by: None,
        reactions: Vec::new(),
        edited: false,
        expires: None,
        delivery: mine.then_some(Delivery::Seen(1)),
        read: true,
    }
}

pub(crate) fn somebody(name: &str) -> Somebody {
    Somebody { identity: identity(1), name: name.into(), me: false }
}

pub(crate) fn file(name: &str, kind: &str) -> FileView {
    FileView {
        name: name.into(),
        kind: kind.into(),
        size: 2_345_678,
        caption: String::new(),
        voice: None,
        pixels: None,
        thumbnail: None,
        look: Look::Keep,
        gone: false,
    }
}

/// A talk that shows a bit of everything.
pub(crate) fn talk() -> Vec<MessageView> {
    let mut old = message(0, 1, "Hello from yesterday");
    old.at -= 24 * 60 * MINUTE;
    let mut answer =
        message(2, 0, "Yes! The tent is packed, the stove too. Only the map is missing, have you seen it?");
    answer.reply = Some((old.id, "Hello from yesterday".into()));
    answer.reply_by = Some(somebody("Alice"));
    answer.reactions = vec![("👍".into(), vec![identity(1)]), ("🎉".into(), vec![identity(1), identity(2)])];
    let mut edited = message(3, 0, "It is blue.");
    (edited.edited, edited.delivery) = (true, Some(Delivery::Delivered(1)));
    let mut sent = message(4, 1, "");
    sent.shown = Shown::File(file("map.pdf", "application/pdf"));
    let mut once = message(5, 1, "");
    once.shown = Shown::File(FileView { look: Look::Once, ..file("beach.jpg", "image/jpeg") });
    let mut gap = message(6, 1, "");
    gap.shown = Shown::Gap(2);
    let mut notice = message(7, 1, "");
    notice.shown = Shown::Notice(NoticeView::Expire { by: somebody("Bob"), seconds: 86_400 });
    let mut brief = message(8, 1, "This one goes away");
    brief.expires = Some(NOW + 30 * MINUTE);
    let mut waiting = message(9, 0, "On my way");
    waiting.delivery = Some(Delivery::Waiting);
    vec![old, message(1, 1, "Are you ready?"), answer, edited, sent, once, gap, notice, brief, waiting]
}
