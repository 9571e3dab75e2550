//! Groups of which this node is the hub (docs/protocol/conversations.md).

use super::account::created;
use super::answer::{Answer, Refused, done, json};
use super::dispatch::{Asked, key};
use super::inbox::{number, place};
use super::node::millis;
use http::StatusCode;
use tidings_core::Envelope;
use tidings_core::group::{self, Commit, EntryView, LostTurn, NewEntry as Appended, NewGroup as Made};

use tidings_wire::api::{
    ENTRY_BYTES_MAX, Entries, Entry, EntryKind, Group, MEMBERS_MAX, Member, NewEntry, NewGroup, Placed, Role, TurnTaken,
};
use tidings_wire::{Blob, Code, Fixed};

/// An entry as the wire has it.
pub(super) fn told(envelope: &Envelope) -> Option<Entry> {
    let EntryView { number, id, commit, turn, at, body, add, remove } = group::view(envelope)?;
    Some(Entry {
        number,
        id: Fixed(id),
        kind: if commit { EntryKind::Commit } else { EntryKind::Message },
        turn,
        at: millis(at),
        body: Blob(body.to_vec()),
        add: add.iter().map(member_told).collect(),
        remove: remove.iter().map(|key| Fixed(*key.as_bytes())).collect(),
    })
}

fn member_told(member: &group::Member) -> Member {
    let role = match member.role {
        group::Role::Owner => Role::Owner,
        group::Role::Moderator => Role::Moderator,
        group::Role::Member => Role::Member,
    };
    Member { key: Fixed(*member.key.as_bytes()), role }
}

fn member_read(member: &Member) -> Result<group::Member, Refused> {
    let role = match member.role {
        Role::Owner => group::Role::Owner,
        Role::Moderator => group::Role::Moderator,
        Role::Member => group::Role::Member,
    };
    Ok(group::Member { key: key(member.key.0)?, role })
}

fn members(members: &[Member]) -> Result<Vec<group::Member>, Refused> {
    if members.len() > MEMBERS_MAX {
        return Err(Refused::new(Code::TooLarge, format!("at most {MEMBERS_MAX} access keys")));
    }
    members.iter().map(member_read).collect()
}

fn fits(body: &Blob) -> Result<(), Refused> {
    if body.0.len() <= ENTRY_BYTES_MAX {
        return Ok(());
    }
    Err(Refused::new(Code::TooLarge, format!("{ENTRY_BYTES_MAX} bytes at most")))
}

/// `POST /v1/groups`.
pub(super) async fn create(asked: Asked) -> Answer {
    let (_, account) = asked.caller.as_device()?;
    let new: NewGroup = asked.json()?;
    fits(&new.info)?;
    let members = members(&new.members)?;
    let made = Made { account, group: new.group.0, members, info: new.info.0, turn: new.turn, end: new.end };
    asked.door.engine.create_group(made, asked.now).await?;
    created()
}

/// `GET /v1/groups/{group}`.
pub(super) async fn group(asked: Asked) -> Answer {
    let (id, caller) = (asked.id()?, asked.caller.as_holder()?);
    let engine = &asked.door.engine;
    let view = engine.group(&id, caller).await?;
    let group = Group {
        turn: view.turn,
        end: view.end,
        first: view.first,
        info: Blob(view.info),
        info_turn: view.info_turn,
        incarnation: engine.incarnation().await?,
        members: view.members.iter().map(member_told).collect(),
    };
    json(StatusCode::OK, &group)
}

/// `GET /v1/groups/{group}/entries`.
pub(super) async fn entries(asked: Asked) -> Answer {
    let (id, caller) = (asked.id()?, asked.caller.as_holder()?);
    let (after, limit) = asked.page()?;
    let engine = &asked.door.engine;
    let (batch, end, turn) = engine.entries(&id, caller, place(after)).await?;
    let entries = batch.items.iter().take(limit).filter_map(|item| told(&item.envelope)).collect();
    let incarnation = engine.incarnation().await?;
    json(StatusCode::OK, &Entries { entries, end: number(end), turn, incarnation })
}

/// `POST /v1/groups/{group}/entries`.
pub(super) async fn append(asked: Asked) -> Answer {
    let (group, caller) = (asked.id()?, asked.caller.as_holder()?);
    let new: NewEntry = asked.json()?;
    fits(&new.body)?;
    let (id, turn, notify) = (new.id.0, new.turn, new.notify);
    let commit = commit(&new)?;
    let entry = Appended { group, caller, id, turn, body: new.body.0, commit, notify };
    match asked.door.engine.append_entry(entry, asked.now).await? {
        Ok(placed) => json(StatusCode::CREATED, &Placed { number: placed.number, at: millis(placed.at) }),
        Err(lost) => Err(turn_taken(lost)),
    }
}

fn commit(new: &NewEntry) -> Result<Option<Commit>, Refused> {
    match (new.kind, &new.info) {
        (EntryKind::Commit, Some(info)) => {
            fits(info)?;
            if new.remove.len() > MEMBERS_MAX {
                return Err(Refused::new(Code::TooLarge, format!("at most {MEMBERS_MAX} access keys")));
            }
            let remove = new.remove.iter().map(|removed| key(removed.0)).collect::<Result<_, _>>()?;
            Ok(Some(Commit { info: info.0.clone(), add: members(&new.add)?, remove }))
        }
        (EntryKind::Commit, None) => Err(Refused::malformed("a commit needs `info`, the group info after it")),
        (EntryKind::Message, None) if new.add.is_empty() && new.remove.is_empty() => Ok(None),
        (EntryKind::Message, _) => Err(Refused::malformed("`info`, `add` and `remove` are for commits")),
    }
}

fn turn_taken(lost: LostTurn) -> Refused {
    let LostTurn { winner, turn, end } = lost;
    let message =
        "another commit was first, or the turn is too old; read what came, and make it anew if it is still wanted";
    let winner = winner.as_ref().and_then(told);
    let body = TurnTaken { error: Code::Turn, message: message.to_owned(), winner, turn, end };
    Refused::new(Code::Turn, message).with_body(&body)
}

/// `DELETE /v1/groups/{group}/members/self`.
pub(super) async fn leave(asked: Asked) -> Answer {
    let (id, caller) = (asked.id()?, asked.caller.as_holder()?);
    asked.door.engine.leave_group(&id, caller).await?;
    done()
}

/// `DELETE /v1/groups/{group}`.
pub(super) async fn end(asked: Asked) -> Answer {
    let (id, caller) = (asked.id()?, asked.caller.as_holder()?);
    asked.door.engine.end_group(&id, caller).await?;
    done()
}
