//! Groups: their rows beside their streams, their members and the newest group info.

pub(super) mod entries;
pub(super) mod wakes;

use super::fault::Fault;
use super::holdings::{self, Holding};
use super::people::devices::{read_key, tagged};
use super::people::{Ruled, account};
use super::rows::{Sum, check, count, damaged, int};
use super::streams::StreamRow;
use super::writer::Tx;
use super::{SqliteStore, envelopes};
use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension, Row, params};
use std::time::Duration;
use tidings_core::denial::Denial;
use tidings_core::group::{
    Appended, EntryPosting, GROUP_IDLE, GROUPS_MAX, GroupId, GroupView, Member, Membership, NewGroup, Role,
    group_stream, may_make,
};
use tidings_core::ports::native::{Allowed, Groups};
use tidings_core::ports::{Stored, Swept};
use tidings_core::presence::DeviceMark;
use tidings_core::{Ed25519Key, Policy, Seq, Timestamp, Usage};

/// A group as stored.
#[derive(Clone, Copy)]
pub(super) struct GroupRow {
    /// The row of its stream.
    pub(super) stream: i64,
    /// Whose budget it takes.
    pub(super) account: i64,
    turn: u64,
    turn_at: Timestamp,
    members: i64,
    owners: i64,
}

impl GroupRow {
    /// Loads the group of a stream.
    pub(super) fn find(conn: &Connection, stream: i64) -> Result<Option<Self>, Fault> {
        let mut select = conn.prepare_cached(
            "SELECT stream, account, turn, turn_at, members, owners, sum FROM groups WHERE stream = ?1",
        )?;
        let mut rows = select.query(params![stream])?;
        rows.next()?.map(Self::read).transpose()
    }

    /// Reads the columns `stream, account, turn, turn_at, members, owners, sum`.
    pub(super) fn read(row: &Row<'_>) -> Result<Self, Fault> {
        let group = Self {
            stream: row.get(0)?,
            account: row.get(1)?,
            turn: count(row.get(2)?),
            turn_at: Timestamp::from_millis(row.get(3)?),
            members: row.get(4)?,
            owners: row.get(5)?,
        };
        check(row.get(6)?, group.sum(), "groups", group.stream)?;
        Ok(group)
    }

    fn save(&self, conn: &Connection) -> Result<(), Fault> {
        conn.prepare_cached(
            "INSERT OR REPLACE INTO groups (stream, account, turn, turn_at, members, owners, sum)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )?
        .execute(params![
            self.stream,
            self.account,
            int(self.turn),
            self.turn_at.millis(),
            self.members,
            self.owners,
            self.sum(),
        ])?;
        Ok(())
    }

    fn sum(&self) -> i64 {
        Sum::new()
            .int(self.stream)
            .int(self.account)
            .int(int(self.turn))
            .int(self.turn_at.millis())
            .int(self.members)
            .int(self.owners)
            .done()
    }

    /// How many members and owners it says it has, to be compared with those that are there.
    pub(super) fn counted(&self) -> (i64, i64) {
        (self.members, self.owners)
    }

    /// Gives a key a role, or another one.
    fn set(&mut self, conn: &Connection, member: &Member) -> Result<(), Fault> {
        self.unset(conn, &member.key)?;
        let role = i64::from(member.role.code());
        conn.prepare_cached("INSERT INTO members (stream, key, role, sum) VALUES (?1, ?2, ?3, ?4)")?.execute(
            params![self.stream, tagged(&member.key), role, member_sum(self.stream, &tagged(&member.key), role)],
        )?;
        self.members += 1;
        self.owners += i64::from(member.role == Role::Owner);
        Ok(())
    }

    /// Takes a key off the list. False if it was not on it.
    fn unset(&mut self, conn: &Connection, key: &Ed25519Key) -> Result<bool, Fault> {
        let Some(role) = role(conn, self.stream, key)? else { return Ok(false) };
        conn.prepare_cached("DELETE FROM members WHERE stream = ?1 AND key = ?2")?
            .execute(params![self.stream, tagged(key)])?;
        self.members -= 1;
        self.owners -= i64::from(role == Role::Owner);
        Ok(true)
    }

    /// Deletes it with its members, wakes and info. The stream is the caller's.
    fn delete(&self, tx: &Tx<'_>, used: Usage) -> Result<(), Fault> {
        let bytes = int(used.bytes).saturating_add(info_bytes(tx.conn, self.stream)?);
        holdings::change(tx.conn, self.account, Holding::Groups, -1, -bytes)?;
        wakes::forget_group(tx, self.stream)?;
        tx.conn.prepare_cached("DELETE FROM members WHERE stream = ?1")?.execute(params![self.stream])?;
        tx.conn.prepare_cached("DELETE FROM infos WHERE stream = ?1")?.execute(params![self.stream])?;
        tx.conn.prepare_cached("DELETE FROM groups WHERE stream = ?1")?.execute(params![self.stream])?;
        Ok(())
    }
}

/// The checksum of a member's row.
pub(super) fn member_sum(stream: i64, tagged: &[u8], role: i64) -> i64 {
    Sum::new().int(stream).bytes(tagged).int(role).done()
}

/// The checksum of a group info's row.
pub(super) fn info_sum(stream: i64, turn: i64, info: &[u8]) -> i64 {
    Sum::new().int(stream).int(turn).bytes(info).done()
}

/// What a key is in a group.
fn role(conn: &Connection, stream: i64, key: &Ed25519Key) -> Result<Option<Role>, Fault> {
    let mut select = conn.prepare_cached("SELECT role, sum FROM members WHERE stream = ?1 AND key = ?2")?;
    let read = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?));
    let found: Option<(i64, i64)> = select.query_row(params![stream, tagged(key)], read).optional()?;
    let Some((role, sum)) = found else { return Ok(None) };
    check(sum, member_sum(stream, &tagged(key), role), "members", stream)?;
    role_of(stream, role).map(Some)
}

fn role_of(stream: i64, code: i64) -> Result<Role, Fault> {
    let role = u8::try_from(code).ok().and_then(Role::of_code);
    role.ok_or_else(|| damaged("members", stream, "holds no role"))
}

fn members(conn: &Connection, stream: i64) -> Result<Vec<Member>, Fault> {
    let mut select = conn.prepare_cached("SELECT key, role, sum FROM members WHERE stream = ?1 ORDER BY key")?;
    let mut rows = select.query(params![stream])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let (key, role): (_, i64) = (read_key(row, 0, "members", stream)?, row.get(1)?);
        check(row.get(2)?, member_sum(stream, &tagged(&key), role), "members", stream)?;
        found.push(Member { key, role: role_of(stream, role)? });
    }
    Ok(found)
}

/// Replaces the group info; gives how many bytes more or less that takes.
fn set_info(conn: &Connection, stream: i64, turn: u64, info: &[u8]) -> Result<i64, Fault> {
    let before = info_bytes(conn, stream)?;
    conn.prepare_cached("INSERT OR REPLACE INTO infos (stream, turn, sum, info) VALUES (?1, ?2, ?3, ?4)")?
        .execute(params![stream, int(turn), info_sum(stream, int(turn), info), info])?;
    Ok(int(info.len()) - before)
}

fn info_bytes(conn: &Connection, stream: i64) -> Result<i64, Fault> {
    let mut select = conn.prepare_cached("SELECT length(info) FROM infos WHERE stream = ?1")?;
    Ok(select.query_row(params![stream], |row| row.get(0)).optional()?.unwrap_or(0))
}

fn info(conn: &Connection, stream: i64) -> Result<Option<(u64, Vec<u8>)>, Fault> {
    let mut select = conn.prepare_cached("SELECT turn, sum, info FROM infos WHERE stream = ?1")?;
    let mut rows = select.query(params![stream])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    let (turn, info): (i64, Vec<u8>) = (row.get(0)?, row.get(2)?);
    check(row.get(1)?, info_sum(stream, turn, &info), "infos", stream)?;
    Ok(Some((count(turn), info)))
}

/// The stream and the row of a group.
fn find(conn: &Connection, group: &GroupId) -> Result<Option<(StreamRow, GroupRow)>, Fault> {
    let Some(stream) = StreamRow::find(conn, &group_stream(group))? else { return Ok(None) };
    match GroupRow::find(conn, stream.id)? {
        Some(group) => Ok(Some((stream, group))),
        None => Err(damaged("groups", stream.id, "is missing")),
    }
}

/// One entry less: what the account holds shrinks. Entries of a group that is deleted were counted out with it.
pub(super) fn lighten(conn: &Connection, stream: i64, bytes: u64) -> Result<(), Fault> {
    match GroupRow::find(conn, stream)? {
        Some(group) => holdings::change(conn, group.account, Holding::Groups, 0, -int(bytes)),
        None => Ok(()),
    }
}

fn create(tx: &Tx<'_>, new: NewGroup, policy: &Policy, now: Timestamp) -> Ruled<()> {
    let Some(account) = account(tx.conn, &new.account)? else { return Ok(Err(Denial::NoAccount)) };
    if let Err(denial) = may_make(&new) {
        return Ok(Err(denial));
    }
    if let Some((_, known)) = find(tx.conn, &new.group)? {
        return Ok(if same(tx.conn, &known, &new, account.number)? { Ok(()) } else { Err(Denial::Exists) });
    }
    let held = holdings::of(tx.conn, account.number, Holding::Groups)?;
    let bytes = int(new.info.len());
    if held.count >= GROUPS_MAX || held.bytes.saturating_add(count(bytes)) > policy.sender.bytes {
        return Ok(Err(Denial::TooMuch));
    }
    let stream = StreamRow::insert(tx.conn, &group_stream(&new.group), None, Seq::from_number(int(new.end)))?;
    stream.save(tx.conn)?;
    let mut group =
        GroupRow { stream: stream.id, account: account.number, turn: new.turn, turn_at: now, members: 0, owners: 0 };
    for member in &new.members {
        group.set(tx.conn, member)?;
    }
    set_info(tx.conn, stream.id, new.turn, &new.info)?;
    holdings::change(tx.conn, account.number, Holding::Groups, 1, bytes)?;
    group.save(tx.conn).map(Ok)
}

/// Whether a group was made by the same request, and nothing has happened in it since.
fn same(conn: &Connection, known: &GroupRow, new: &NewGroup, account: i64) -> Result<bool, Fault> {
    let mut wanted = new.members.clone();
    wanted.sort_unstable_by_key(|member| member.key);
    Ok(known.account == account
        && known.turn == new.turn
        && members(conn, known.stream)? == wanted
        && info(conn, known.stream)?.is_some_and(|(_, info)| info == new.info))
}

fn view(conn: &Connection, group: &GroupId) -> Result<Option<GroupView>, Fault> {
    let Some((stream, group)) = find(conn, group)? else { return Ok(None) };
    let (info_turn, info) = info(conn, stream.id)?.ok_or_else(|| damaged("infos", stream.id, "is missing"))?;
    let mut select = conn.prepare_cached("SELECT min(place) FROM envelopes WHERE place BETWEEN ?1 AND ?2")?;
    let bounds = [Seq::START, Seq::from_number(envelopes::SEQ_MAX)].map(|seq| envelopes::place(stream.id, seq));
    let first: Option<i64> = select.query_row(bounds, |row| row.get(0))?;
    let first = first.map_or(stream.last_seq.next(), |place| envelopes::stream_and_seq(place).1);
    Ok(Some(GroupView {
        turn: group.turn,
        end: count(stream.last_seq.number()),
        first: count(first.number()),
        info,
        info_turn,
        members: members(conn, stream.id)?,
    }))
}

fn leave(tx: &Tx<'_>, group: &GroupId, key: &Ed25519Key) -> Result<bool, Fault> {
    let Some((_, mut group)) = find(tx.conn, group)? else { return Ok(false) };
    if !group.unset(tx.conn, key)? {
        return Ok(false);
    }
    wakes::forget_member(tx, group.stream, key)?;
    group.save(tx.conn)?;
    Ok(true)
}

fn end(tx: &Tx<'_>, group: &GroupId, owner: &Ed25519Key) -> Ruled<()> {
    let Some((stream, group)) = find(tx.conn, group)? else { return Ok(Err(Denial::NotAccepted)) };
    if role(tx.conn, stream.id, owner)? != Some(Role::Owner) {
        return Ok(Err(Denial::NotAccepted));
    }
    group.delete(tx, stream.used)?;
    stream.close(tx.conn).map(Ok)
}

/// Groups that hold nothing and had no commit for long.
const IDLE: &str = "SELECT g.stream, g.account, g.turn, g.turn_at, g.members, g.owners, g.sum
         FROM groups g CROSS JOIN streams s ON s.id = g.stream WHERE g.turn_at < ?1 AND s.count = 0 LIMIT ?2";

/// Groups that hold nothing and whose account is gone: there are fewer such accounts than silent groups.
const ORPHANED: &str = "SELECT g.stream, g.account, g.turn, g.turn_at, g.members, g.owners, g.sum
         FROM accounts a CROSS JOIN groups g ON g.account = a.number CROSS JOIN streams s ON s.id = g.stream
         WHERE a.key IS NULL AND g.turn_at < ?1 AND s.count = 0 LIMIT ?2";

/// Deletes groups that hold nothing any more, if their account is gone or they are idle for long.
pub(super) fn sweep(tx: &Tx<'_>, now: Timestamp, limit: usize, swept: &mut Swept) -> Result<(), Fault> {
    // A group that was just made for somebody holds nothing yet, either.
    let young = Duration::from_secs(90 * 86_400);
    for (sql, age) in [(IDLE, GROUP_IDLE), (ORPHANED, young)] {
        let doomed: Vec<_> = tx
            .conn
            .prepare_cached(sql)?
            .query_and_then(params![now.before(age).millis(), int(limit)], GroupRow::read)?
            .collect::<Result<_, _>>()?;
        swept.more |= doomed.len() == limit;
        for group in doomed {
            let stream = StreamRow::load(tx.conn, group.stream)?;
            group.delete(tx, stream.used)?;
            stream.close(tx.conn)?;
            swept.groups += 1;
        }
    }
    Ok(())
}

#[async_trait]
impl Groups for SqliteStore {
    async fn create_group(&self, new: NewGroup, policy: Policy, now: Timestamp) -> Allowed<()> {
        self.write(move |tx| create(tx, new, &policy, now)).await
    }

    async fn append_entry(&self, posting: EntryPosting) -> Allowed<Appended> {
        self.write(move |tx| entries::append(tx, posting)).await
    }

    async fn membership(&self, group: GroupId) -> Stored<Option<Membership>> {
        self.read(move |conn| match find(conn, &group)? {
            Some((stream, group)) => Ok(Some(Membership { turn: group.turn, members: members(conn, stream.id)? })),
            None => Ok(None),
        })
        .await
    }

    async fn group(&self, group: GroupId) -> Stored<Option<GroupView>> {
        self.read(move |conn| view(conn, &group)).await
    }

    async fn leave_group(&self, group: GroupId, key: Ed25519Key) -> Stored<bool> {
        self.write_always(move |tx| leave(tx, &group, &key)).await
    }

    async fn end_group(&self, group: GroupId, owner: Ed25519Key) -> Allowed<()> {
        self.write_always(move |tx| end(tx, &group, &owner)).await
    }

    async fn set_wake(&self, group: GroupId, key: Ed25519Key, device: DeviceMark, url: Option<String>) -> Allowed<()> {
        let takes_room = url.is_some();
        let set = move |tx: &Tx<'_>| match find(tx.conn, &group)? {
            Some((stream, _)) if role(tx.conn, stream.id, &key)?.is_some() => {
                wakes::set(tx, stream.id, &key, &device, url)
            }
            _ => Ok(Err(Denial::NotAccepted)),
        };
        if takes_room { self.write(set).await } else { self.write_always(set).await }
    }
}
