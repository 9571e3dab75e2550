//! What commands say in JSON (docs/terminal.md lists every member). Members are added, never changed.

use crate::show;
use serde_json::{Map, Value, json};
use tidings_client::command::{KeepHistory, Look};
use tidings_client::io::Time;
use tidings_client::view::{
    ContactView, ConversationKind, ConversationView, Delivery, DeviceView, FileView, IntroductionView, InvitationView,
    MeView, MemberView, MessageView, Shown, Standing,
};
use tidings_wire::bytes;

/// Oneself.
pub(super) fn me(me: &MeView) -> Value {
    json!({
        "identity": me.identity.to_string(),
        "name": me.name,
        "statement": me.statement,
        "node": me.node,
        "wallet": me.wallet,
        "box_key": me.box_key,
        "read_receipts": me.read_receipts,
        "history": history(me.history),
        "backup": me.backup.map(|(counter, at)| json!({ "counter": counter, "at": show::instant(at) })),
        "connected": me.connected,
        "warnings": me.warnings,
    })
}

/// How much history is kept: `"nothing"`, `"all"`, or a number of days.
pub(super) fn history(history: KeepHistory) -> Value {
    match history {
        KeepHistory::Nothing => json!("nothing"),
        KeepHistory::Days(days) => json!(days),
        KeepHistory::All => json!("all"),
    }
}

/// A contact.
pub(super) fn contact(contact: &ContactView) -> Value {
    json!({
        "identity": contact.identity.to_string(),
        "name": contact.name,
        "own_name": contact.own_name,
        "node": contact.node,
        "conversation": contact.conversation.map(|id| id.to_string()),
        "verified": contact.verified,
        "key_changed": contact.key_changed,
        "blocked": contact.blocked,
    })
}

/// A suggestion of a contact.
pub(super) fn introduction(introduction: &IntroductionView) -> Value {
    json!({
        "introduction": introduction.introduction.to_string(),
        "identity": introduction.identity.to_string(),
        "name": introduction.name,
        "by": introduction.by.to_string(),
        "followed": introduction.followed,
    })
}

/// A conversation.
pub(super) fn conversation(one: &ConversationView) -> Value {
    json!({
        "conversation": one.id.to_string(),
        "kind": kind(one.kind),
        "title": one.title,
        "contact": one.contact.map(|id| id.to_string()),
        "members": show::inside(one).len(),
        "unread": one.unread,
        "last": show::instant(one.last_at),
        "standing": standing(&one.standing),
        "verified": one.verified,
        "muted": one.muted,
        "archived": one.archived,
        "expire": one.expire,
        "hub": one.hub,
    })
}

fn kind(kind: ConversationKind) -> &'static str {
    match kind {
        ConversationKind::Pair => "pair",
        ConversationKind::Group => "group",
        ConversationKind::Room => "room",
    }
}

/// Whether one can write.
pub(super) fn standing(standing: &Standing) -> &'static str {
    match standing {
        Standing::Ready => "ready",
        Standing::Joining => "joining",
        Standing::Locked => "locked",
        Standing::KeyChanged(_) => "key_changed",
        Standing::Behind => "behind",
        Standing::Out => "out",
    }
}

/// Somebody in a conversation.
pub(super) fn member(member: &MemberView) -> Value {
    json!({
        "identity": member.identity.to_string(),
        "name": member.name,
        "role": role(member.role),
        "me": member.me,
        "devices": member.devices,
    })
}

/// The name of a role.
pub(super) fn role(role: u8) -> &'static str {
    match role {
        0 => "owner",
        1 => "moderator",
        _ => "member",
    }
}

/// A device of one's own.
pub(super) fn device(device: &DeviceView) -> Value {
    json!({ "serial": device.serial, "name": device.name, "this": device.this, "added": show::instant(device.added) })
}

/// An invitation that is open.
pub(super) fn invitation(invitation: &InvitationView) -> Value {
    json!({
        "id": bytes::encode(&invitation.id),
        "note": invitation.note,
        "expiresAt": show::instant(invitation.expires),
        "link": invitation.link.0,
    })
}

/// A message, with the conversation it stands in.
pub(super) fn message(message: &MessageView, conversation: &ConversationView) -> Value {
    let mut object = Map::new();
    let mut put = |name: &str, value: Value| drop(object.insert(name.to_owned(), value));
    put("message", json!(message.id.to_string()));
    put("conversation", json!(conversation.id.to_string()));
    put("title", json!(conversation.title));
    put("sender", json!(message.sender.to_string()));
    put("name", json!(message.name));
    put("mine", json!(message.mine));
    put("at", json!(show::instant(message.at)));
    shown(&message.shown, &mut put);
    if let Some((to, line)) = &message.reply {
        put(
            "reply",
            json!({ "message": to.to_string(), "line": line, "name": message.reply_by.as_ref().map(|by| &by.name) }),
        );
    }
    if !message.reactions.is_empty() {
        let reactions = message.reactions.iter().map(|(emoji, by)| json!({ "emoji": emoji, "count": by.len() }));
        put("reactions", reactions.collect());
    }
    put("edited", json!(message.edited));
    if let Some(expires) = message.expires {
        put("expires", json!(show::instant(expires)));
    }
    if let Some(state) = message.delivery {
        put("state", json!(delivery(state)));
    }
    Value::Object(object)
}

/// That one is in a conversation no more, as was heard at this time. Nobody wrote it: it has neither an id nor a sender.
pub(super) fn out(conversation: &ConversationView, words: &str, now: Time) -> Value {
    json!({
        "kind": "notice",
        "text": words,
        "standing": standing(&Standing::Out),
        "conversation": conversation.id.to_string(),
        "title": conversation.title,
        "at": show::instant(now),
    })
}

fn shown(shown: &Shown, put: &mut impl FnMut(&str, Value)) {
    let (kind, name, value) = match shown {
        Shown::Text(text) => ("text", "text", json!(text)),
        Shown::File(about) => ("file", "file", file(about)),
        Shown::Introduction { name, introduction, open } => {
            let about = json!({ "name": name, "introduction": introduction.to_string(), "open": open });
            ("introduction", "introduction", about)
        }
        Shown::RoomLink { name, link } => ("room", "room", json!({ "name": name, "link": link.0 })),
        Shown::Deleted => ("deleted", "text", Value::Null),
        Shown::Gap(count) => ("gap", "missing", json!(count)),
        Shown::Notice(notice) => ("notice", "text", json!(notice.to_string())),
        Shown::Newer => ("newer", "text", Value::Null),
    };
    put("kind", json!(kind));
    put(name, value);
}

fn file(file: &FileView) -> Value {
    let look = match file.look {
        Look::Keep => json!("keep"),
        Look::Once => json!("once"),
        Look::Seconds(seconds) => json!(seconds),
    };
    json!({
        "name": file.name,
        "type": file.kind,
        "size": file.size,
        "caption": file.caption,
        "voice": file.voice,
        "width": file.pixels.map(|(width, _)| width),
        "height": file.pixels.map(|(_, height)| height),
        "view": look,
        "gone": file.gone,
    })
}

/// How far a message has come.
pub(super) fn delivery(delivery: Delivery) -> &'static str {
    match delivery {
        Delivery::Waiting => "waiting",
        Delivery::Accepted => "accepted",
        Delivery::Delivered(_) => "delivered",
        Delivery::Seen(_) => "seen",
        Delivery::Failed => "failed",
    }
}
