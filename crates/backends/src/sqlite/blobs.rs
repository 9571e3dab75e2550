//! Blobs and how many envelopes refer to each.

use super::fault::Fault;
use super::rows::{Sum, check, count, damaged, int};
use super::uploads;
use rusqlite::{Connection, OptionalExtension, Row, params};
use tidings_core::{Blob, BlobContent, BlobName};

/// Keeps a blob that `refs` envelopes refer to; gives its row.
pub(super) fn insert(conn: &Connection, content: &BlobContent, refs: i64) -> Result<i64, Fault> {
    let size = int(content.size());
    let name = match content {
        BlobContent::Inline(_) => None,
        BlobContent::File { name, .. } => Some(name.to_string()),
    };
    let data = match content {
        BlobContent::Inline(bytes) => Some(bytes.as_slice()),
        BlobContent::File { .. } => None,
    };
    let sum = sum(size, name.as_deref(), data);
    conn.prepare_cached("INSERT INTO blobs (refs, size, sum, file, data) VALUES (?1, ?2, ?3, ?4, ?5)")?
        .execute(params![refs, size, sum, name, data])?;
    Ok(conn.last_insert_rowid())
}

/// Corrects how many envelopes refer to a blob.
pub(super) fn set_refs(conn: &Connection, id: i64, refs: i64) -> Result<(), Fault> {
    conn.prepare_cached("UPDATE blobs SET refs = ?2 WHERE id = ?1")?.execute(params![id, refs])?;
    Ok(())
}

/// One envelope less refers to the blob. With the last it goes; gives its file, if it had one.
pub(super) fn release(conn: &Connection, id: i64) -> Result<Option<BlobName>, Fault> {
    let mut select = conn.prepare_cached("SELECT refs, file FROM blobs WHERE id = ?1")?;
    let read = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?));
    let found: Option<(i64, Option<String>)> = select.query_row(params![id], read).optional()?;
    let Some((refs, file)) = found else {
        return Err(damaged("blobs", id, "is missing"));
    };
    if refs > 1 {
        set_refs(conn, id, refs - 1)?;
        return Ok(None);
    }
    conn.prepare_cached("DELETE FROM blobs WHERE id = ?1")?.execute(params![id])?;
    file.map(|file| name(id, &file)).transpose()
}

/// Reads a blob from a row whose columns from `first` on are `size`, `sum`, `file`, `data`.
pub(super) fn read(row: &Row<'_>, first: usize, id: i64) -> Result<Blob, Fault> {
    let size: i64 = row.get(first)?;
    let file = row.get_ref(first + 2)?.as_str_or_null().map_err(rusqlite::Error::from)?;
    let data = row.get_ref(first + 3)?.as_blob_or_null().map_err(rusqlite::Error::from)?;
    check(row.get(first + 1)?, sum(size, file, data), "blobs", id)?;
    match (file, data) {
        (None, Some(data)) => Ok(Blob::Inline(data.to_vec())),
        (Some(file), None) => Ok(Blob::File { name: name(id, file)?, size: count(size) }),
        _ => Err(damaged("blobs", id, "is neither data nor a file")),
    }
}

/// Which of the names no row has.
pub(super) fn unreferenced(conn: &Connection, names: Vec<BlobName>) -> Result<Vec<BlobName>, Fault> {
    let mut select = conn.prepare_cached("SELECT 1 FROM blobs WHERE file = ?1")?;
    let mut orphans = Vec::new();
    for name in names {
        let text = name.to_string();
        if !select.exists(params![text])? && !uploads::refers_to(conn, &text)? {
            orphans.push(name);
        }
    }
    Ok(orphans)
}

fn name(id: i64, file: &str) -> Result<BlobName, Fault> {
    BlobName::parse(file).ok_or_else(|| damaged("blobs", id, "names no file"))
}

fn sum(size: i64, file: Option<&str>, data: Option<&[u8]>) -> i64 {
    Sum::new().int(size).text_or_none(file).bytes_or_none(data).done()
}
