//! Finding damage: at the start quickly, and wholly row by row.

use super::accounts::{AccountRow, backup_sum, contact_sum};
use super::deliveries::DeliveryRow;
use super::exchanges::ExchangeRow;
use super::fault::Fault;
use super::groups::GroupRow;
use super::groups::wakes::WakeRow;
use super::knocks::KnockRow;
use super::people::ListRow;
use super::people::devices::DeviceRow;
use super::people::packages::PackageRow;
use super::people::profiles::ProfileRow;
use super::rows::check;
use super::streams::StreamRow;
use super::swaps::SwapRow;
use super::uploads::UploadRow;
use super::{blobs, counters, envelopes, groups, housekeeping, knocks, open, recount, schema};
use rusqlite::{Connection, Row, params};
use std::fs::File;
use std::io::Read;
use std::path::Path;

/// Findings after which a check ends: more would say nothing new.
const FINDINGS_MAX: usize = 100;

/// Rows read in one go, so that no read transaction is long.
const CHUNK: i64 = 2_000;

/// Bytes of the header of an SQLite file.
const HEADER_LEN: usize = 100;

/// What every SQLite file begins with.
const MAGIC: &[u8] = b"SQLite format 3\0";

/// Looks at the header alone, and so before SQLite may change anything: is it SQLite's, is it Tidings', and is the file as long as it
/// says? The length is only certain if no write-ahead log waits to be moved into the file.
pub(super) fn check_header(path: &Path) -> Result<(), Fault> {
    let length = std::fs::metadata(path)?.len();
    let mut header = Vec::with_capacity(HEADER_LEN);
    File::open(path)?.take(HEADER_LEN as u64).read_to_end(&mut header)?;
    let named = |what: String| Fault::Damaged(format!("{}: {what}", path.display()));
    if header.len() < HEADER_LEN {
        return Err(named(format!("the file is cut off after {length} bytes")));
    }
    if !header.starts_with(MAGIC) {
        return Err(named("the header is not that of an SQLite file".to_owned()));
    }
    if number(&header, 68, 4) != u64::from(schema::APPLICATION_ID) {
        return Err(named("the file is no database of Tidings, or its header is damaged".to_owned()));
    }
    let waiting = std::fs::metadata(open::beside(path, "-wal")).map_or(0, |log| log.len());
    let page = match number(&header, 16, 2) {
        1 => 65_536,
        size => size,
    };
    let expected = page * number(&header, 28, 4);
    if waiting == 0 && length != expected {
        return Err(named(format!("the file has {length} bytes, but its header says {expected}")));
    }
    Ok(())
}

/// A big-endian number in the header.
fn number(header: &[u8], at: usize, len: usize) -> u64 {
    header.iter().skip(at).take(len).fold(0, |number, byte| number << 8 | u64::from(*byte))
}

/// Checks a database file with a connection of its own.
pub(super) fn verify_file(path: &Path) -> Result<Vec<String>, Fault> {
    verify(&open::reader(path, open::SIDE_CACHE_KIB)?)
}

/// Reads everything; gives what is wrong, in words. Nothing wrong gives nothing.
pub(super) fn verify(conn: &Connection) -> Result<Vec<String>, Fault> {
    let mut findings = Findings::default();
    let result = structure(conn, &mut findings);
    findings.note(result);
    if findings.0.is_empty() {
        contents(conn, &mut findings);
    }
    // Counts of damaged rows would only repeat what was found.
    if findings.0.is_empty() {
        findings.note(recount::all(conn));
    }
    Ok(findings.0)
}

/// What is wrong, in words, up to a bound.
#[derive(Default)]
struct Findings(Vec<String>);

impl Findings {
    fn note(&mut self, result: Result<(), Fault>) {
        if let Err(fault) = result {
            self.add(fault.to_string());
        }
    }

    fn add(&mut self, finding: String) {
        if !self.full() {
            self.0.push(finding);
        }
    }

    fn full(&self) -> bool {
        self.0.len() >= FINDINGS_MAX
    }
}

/// Compares pages, indexes and types.
fn structure(conn: &Connection, findings: &mut Findings) -> Result<(), Fault> {
    let mut pragma = conn.prepare("PRAGMA integrity_check")?;
    let mut rows = pragma.query([])?;
    while let Some(row) = rows.next()? {
        let finding: String = row.get(0)?;
        if finding != "ok" {
            findings.add(finding);
        }
    }
    let mut pragma = conn.prepare("PRAGMA foreign_key_check")?;
    if pragma.exists([])? {
        findings.add("a row refers to one that is not there".to_owned());
    }
    Ok(())
}

/// A table that is read in chunks by its integer key, which stands in the first column.
struct Chunked {
    sql: &'static str,
    check: fn(&Row<'_>) -> Result<(), Fault>,
}

const ENVELOPES: Chunked = Chunked {
    sql: "SELECT place, id, kind, at, bytes, blob, sum, sender, label, body, kin, time FROM envelopes
          WHERE place > ?1 ORDER BY place LIMIT ?2",
    check: |row| envelopes::read(row).map(drop),
};

/// In a copy of a database of version 1.
const TIMELESS: Chunked = Chunked {
    sql: "SELECT place, id, kind, at, bytes, blob, sum, sender, label, body, kin, NULL FROM envelopes
          WHERE place > ?1 ORDER BY place LIMIT ?2",
    check: |row| envelopes::read(row).map(drop),
};

const CHUNKED: &[Chunked] = &[
    Chunked {
        sql: "SELECT id, kind, name, owner, last_seq, count, bytes, sum FROM streams
              WHERE id > ?1 ORDER BY id LIMIT ?2",
        check: |row| StreamRow::read(row).map(drop),
    },
    Chunked {
        sql: "SELECT id, size, sum, file, data FROM blobs WHERE id > ?1 ORDER BY id LIMIT ?2",
        check: |row| blobs::read(row, 1, row.get(0)?).map(drop),
    },
    Chunked {
        sql: "SELECT number, key, creator, created_at, seen_at, stream, sum, client_version, subscription
              FROM accounts WHERE number > ?1 ORDER BY number LIMIT ?2",
        check: |row| AccountRow::read(row).map(drop),
    },
    Chunked {
        sql: "SELECT account, updated_at, sum, content FROM backups WHERE account > ?1 ORDER BY account LIMIT ?2",
        check: |row| {
            let (account, content): (i64, String) = (row.get(0)?, row.get(3)?);
            check(row.get(2)?, backup_sum(account, row.get(1)?, &content), "backups", account)
        },
    },
    Chunked {
        sql: "SELECT id, token, maker, state, created_at, expires_at, sum, text FROM exchanges
              WHERE id > ?1 ORDER BY id LIMIT ?2",
        check: |row| ExchangeRow::read(row).map(drop),
    },
    Chunked {
        sql: "SELECT id, account, sender, label, generation, pending, due, attempts, sum FROM deliveries
              WHERE id > ?1 ORDER BY id LIMIT ?2",
        check: |row| DeliveryRow::read(row).map(drop),
    },
];

/// Tables of version 3.
const CONVERSATIONS: &[Chunked] = &[
    Chunked {
        sql: "SELECT account, counter, sum, list FROM device_lists WHERE account > ?1 ORDER BY account LIMIT ?2",
        check: |row| ListRow::read(row).map(drop),
    },
    Chunked {
        sql: "SELECT id, account, key, taken, sum, subscription FROM devices WHERE id > ?1 ORDER BY id LIMIT ?2",
        check: |row| DeviceRow::read(row).map(drop),
    },
    Chunked {
        sql: "SELECT id, device, state, digest, incarnation, sum, package FROM packages
              WHERE id > ?1 ORDER BY id LIMIT ?2",
        check: |row| PackageRow::read(row).map(drop),
    },
    Chunked {
        sql: "SELECT account, counter, sum, body FROM profiles WHERE account > ?1 ORDER BY account LIMIT ?2",
        check: |row| ProfileRow::read(row).map(drop),
    },
    Chunked {
        sql: "SELECT id, name, account, state, expires_at, sum, offer, answer, reply FROM swaps
              WHERE id > ?1 ORDER BY id LIMIT ?2",
        check: |row| SwapRow::read(row).map(drop),
    },
    Chunked {
        sql: "SELECT stream, account, turn, turn_at, members, owners, sum FROM groups
              WHERE stream > ?1 ORDER BY stream LIMIT ?2",
        check: |row| GroupRow::read(row).map(drop),
    },
    Chunked {
        sql: "SELECT stream, turn, sum, info FROM infos WHERE stream > ?1 ORDER BY stream LIMIT ?2",
        check: |row| {
            let (stream, info): (i64, Vec<u8>) = (row.get(0)?, row.get(3)?);
            check(row.get(2)?, groups::info_sum(stream, row.get(1)?, &info), "infos", stream)
        },
    },
    Chunked {
        sql: "SELECT id, stream, key, device, sum, url FROM wakes WHERE id > ?1 ORDER BY id LIMIT ?2",
        check: |row| WakeRow::read(row).map(drop),
    },
    Chunked {
        sql: "SELECT id, hash, device, sum FROM wake_tokens WHERE id > ?1 ORDER BY id LIMIT ?2",
        check: |row| {
            let hash: Vec<u8> = row.get(1)?;
            check(row.get(3)?, knocks::token_sum(&hash, row.get(2)?), "wake_tokens", row.get::<_, i64>(0)?)
        },
    },
    Chunked {
        sql: "SELECT id, kind, target, state, due, attempts, sum FROM knocks WHERE id > ?1 ORDER BY id LIMIT ?2",
        check: |row| KnockRow::read(row).map(drop),
    },
    Chunked {
        sql: "SELECT id, file, account, size, received, delete_hash, created_at, expires_at, sum FROM uploads
              WHERE id > ?1 ORDER BY id LIMIT ?2",
        check: |row| UploadRow::read(row).map(drop),
    },
];

/// Compares every row with its checksum.
fn contents(conn: &Connection, findings: &mut Findings) {
    let result =
        schema::has_times(conn).and_then(|times| chunks(conn, if times { &ENVELOPES } else { &TIMELESS }, findings));
    findings.note(result);
    for table in CHUNKED {
        let result = chunks(conn, table, findings);
        findings.note(result);
    }
    let result = conversations(conn, findings);
    findings.note(result);
    let result = small(conn, findings);
    findings.note(result);
}

fn chunks(conn: &Connection, table: &Chunked, findings: &mut Findings) -> Result<(), Fault> {
    let mut select = conn.prepare(table.sql)?;
    let mut last = -1i64;
    while !findings.full() {
        let mut rows = select.query(params![last, CHUNK])?;
        let mut seen = 0;
        while let Some(row) = rows.next()? {
            last = row.get(0)?;
            seen += 1;
            findings.note((table.check)(row));
        }
        if seen < CHUNK {
            break;
        }
    }
    Ok(())
}

/// What version 3 has beside the tables of the versions before, and the tables that have a key of two columns.
fn conversations(conn: &Connection, findings: &mut Findings) -> Result<(), Fault> {
    if !schema::has_conversations(conn)? {
        return pairs(conn, &OLD_CONTACTS, findings);
    }
    for table in CONVERSATIONS {
        let result = chunks(conn, table, findings);
        findings.note(result);
    }
    pairs(conn, &CONTACTS, findings)?;
    pairs(conn, &MEMBERS, findings)
}

/// A table whose key is a number and bytes: the columns are number, bytes, sum, and one more number.
struct Paired {
    name: &'static str,
    sql: &'static str,
    sum: fn(i64, &[u8], i64) -> i64,
}

const CONTACTS: Paired = Paired {
    name: "contacts",
    sql: "SELECT account, key, sum, dropped FROM contacts WHERE (account, key) > (?1, ?2) ORDER BY account, key LIMIT ?3",
    sum: |account, key, dropped| contact_sum(account, key, dropped != 0),
};

/// In a copy of a database of version 1 or 2.
const OLD_CONTACTS: Paired = Paired {
    name: "contacts",
    sql: "SELECT account, key, sum, 0 FROM contacts WHERE (account, key) > (?1, ?2) ORDER BY account, key LIMIT ?3",
    sum: |account, key, _| contact_sum(account, key, false),
};

const MEMBERS: Paired = Paired {
    name: "members",
    sql: "SELECT stream, key, sum, role FROM members WHERE (stream, key) > (?1, ?2) ORDER BY stream, key LIMIT ?3",
    sum: groups::member_sum,
};

fn pairs(conn: &Connection, table: &Paired, findings: &mut Findings) -> Result<(), Fault> {
    let mut select = conn.prepare(table.sql)?;
    let mut last = (-1i64, Vec::new());
    while !findings.full() {
        let mut rows = select.query(params![last.0, last.1, CHUNK])?;
        let (mut seen, mut next) = (0, last.clone());
        while let Some(row) = rows.next()? {
            next = (row.get(0)?, row.get(1)?);
            seen += 1;
            findings.note(check(row.get(2)?, (table.sum)(next.0, &next.1, row.get(3)?), table.name, next.0));
        }
        drop(rows);
        last = next;
        if seen < CHUNK {
            break;
        }
    }
    Ok(())
}

/// The tables that have a few rows only.
fn small(conn: &Connection, findings: &mut Findings) -> Result<(), Fault> {
    let mut select = conn.prepare("SELECT name, day, n, sum FROM counters /* the whole table */")?;
    let mut rows = select.query([])?;
    while let Some(row) = rows.next()? {
        let name: String = row.get(0)?;
        findings.note(check(row.get(3)?, counters::sum(&name, row.get(1)?, row.get(2)?), "counters", &name));
    }
    drop(rows);
    let mut select = conn.prepare("SELECT name, value, sum FROM node_values /* the whole table */")?;
    let mut rows = select.query([])?;
    while let Some(row) = rows.next()? {
        let (name, value): (String, Vec<u8>) = (row.get(0)?, row.get(1)?);
        findings.note(check(row.get(2)?, housekeeping::value_sum(&name, &value), "node_values", &name));
    }
    Ok(())
}
