//! Appending an entry to a group: the facts, the decision, and what follows from it, in one transaction.

use super::{GroupRow, find, role, set_info, wakes};
use crate::sqlite::envelopes::{place, read as read_envelope, turn_kin};
use crate::sqlite::fault::Fault;
use crate::sqlite::holdings::{self, Holding};
use crate::sqlite::parcels::{bytes_of, known, placed, repeated, write};
use crate::sqlite::people::Ruled;
use crate::sqlite::rows::{count, int};
use crate::sqlite::streams::StreamRow;
use crate::sqlite::writer::Tx;
use rusqlite::{Connection, params};
use std::collections::HashMap;
use tidings_core::denial::Denial;
use tidings_core::group::{
    Appended, Decision, EntryPosting, GroupFacts, Known, LostTurn, NewEntry, Role, content, decide, envelope_id, label,
};
use tidings_core::parcel::Kept;
use tidings_core::{Ed25519Key, Envelope, Seq, StreamKind};

/// Appends an entry, gives the answer that it got before, or says who has its turn.
pub(in crate::sqlite) fn append(tx: &Tx<'_>, posting: EntryPosting) -> Ruled<Appended> {
    let EntryPosting { entry, policy, presences, now } = posting;
    let Some((mut stream, mut group)) = find(tx.conn, &entry.group)? else { return Ok(Err(Denial::NotAccepted)) };
    let (id, label, body) = (envelope_id(&entry.group, &entry.id), label(&entry), content(&entry));
    let before = known(tx, &stream, id)?;
    let facts = GroupFacts {
        turn: group.turn,
        role: role(tx.conn, stream.id, &entry.caller)?,
        owned: group.owners > 0,
        members: usize::try_from(group.members).unwrap_or(0),
        known: before.as_ref().map_or(Known::New, |before| match repeated(before, label.as_str(), &body) {
            Ok(_) => Known::Same,
            Err(_) => Known::Other,
        }),
        used: stream.used,
        account: holdings::of(tx.conn, group.account, Holding::Groups)?,
    };
    let roles = roles(tx.conn, stream.id, &entry)?;
    let bytes = bytes_of(label.as_str(), &body);
    let decision = match decide(&policy, &facts, &entry, bytes, |key| roles.get(key).copied()) {
        Ok(decision) => decision,
        Err(denial) => return Ok(Err(denial)),
    };
    let (turn, set, gone) = match decision {
        Decision::Append { turn, set, gone } => (turn, set, gone),
        Decision::Repeat => {
            let placed = before.as_ref().map(placed).ok_or(Denial::Exists);
            return Ok(placed.map(|placed| Appended::Kept(Kept::Before(placed))));
        }
        Decision::Lost => return lost(tx.conn, &stream, &group, &entry).map(|lost| Ok(Appended::Lost(lost))),
    };
    let (seq, label) = (stream.last_seq.next(), label);
    let envelope = Envelope { id, seq, sender: None, label, body: Some(body), at: now, time: None };
    write(tx, &mut stream, StreamKind::Group, &envelope, bytes)?;
    let mut grown = int(bytes);
    if let Some(commit) = &entry.commit {
        for key in &gone {
            group.unset(tx.conn, key)?;
            wakes::forget_member(tx, stream.id, key)?;
        }
        for member in &set {
            group.set(tx.conn, member)?;
        }
        grown += set_info(tx.conn, stream.id, turn, &commit.info)?;
        (group.turn, group.turn_at) = (turn, now);
        group.save(tx.conn)?;
    }
    holdings::change_from(tx.conn, group.account, Holding::Groups, facts.account, 0, grown)?;
    let knocks = entry.notify && wakes::queue(tx, stream.id, &entry.group, &presences, now)?;
    Ok(Ok(Appended::Kept(Kept::New { envelope, knocks })))
}

/// What the keys that a commit names are now.
fn roles(conn: &Connection, stream: i64, entry: &NewEntry) -> Result<HashMap<Ed25519Key, Role>, Fault> {
    let mut roles = HashMap::new();
    let named =
        entry.commit.iter().flat_map(|commit| commit.add.iter().map(|member| &member.key).chain(&commit.remove));
    for key in named {
        if let Some(role) = role(conn, stream, key)? {
            roles.insert(*key, role);
        }
    }
    Ok(roles)
}

/// The state of the group for somebody who is not in turn, with the commit that took the turn.
fn lost(conn: &Connection, stream: &StreamRow, group: &GroupRow, entry: &NewEntry) -> Result<LostTurn, Fault> {
    let asked = entry.commit.is_some() && (1..=group.turn).contains(&entry.turn);
    let winner = if asked { commit_of(conn, stream, entry.turn)? } else { None };
    Ok(LostTurn { winner, turn: group.turn, end: count(stream.last_seq.number()) })
}

fn commit_of(conn: &Connection, stream: &StreamRow, turn: u64) -> Result<Option<Envelope>, Fault> {
    let mut select = conn.prepare_cached(
        "SELECT place, id, kind, at, bytes, blob, sum, sender, label, body, kin, time FROM envelopes
         WHERE kin = ?1 AND place BETWEEN ?2 AND ?3",
    )?;
    let (first, last) = (place(stream.id, Seq::START), place(stream.id, stream.last_seq));
    let mut rows = select.query(params![turn_kin(stream.id, turn), first, last])?;
    rows.next()?.map(read_envelope).transpose()
}
