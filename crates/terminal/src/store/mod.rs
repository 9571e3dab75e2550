//! The encrypted local store: the client's records in one SQLite file, each sealed and bound to its place.
//!
//! Who reads the file sees how many records there are in which table, their sizes, and of most the order (a time or a number);
//! neither contents nor whose they are. Putting back an older copy of the whole folder is not noticed here (the profile and the
//! hub notice it).

mod lock;
mod wrapping;

#[cfg(test)]
mod tests;

use crate::edge;
use crate::place::Place;
use lock::Lock;
use rusqlite::{Connection, OptionalExtension as _, params};
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use thiserror::Error;
use tidings_client::record_keys::{Keys, Master, Plain, hides_order};
use tidings_client::records::{Change, Direction, Page, RecordKey, Records, RecordsError, Table, page_of};

/// Written into the database's head, so that a foreign file is told apart: "TiDg".
const APPLICATION: i32 = 0x5469_4467;

/// The layout of the database.
const LAYOUT: i32 = 1;

/// How the database is used: everything acknowledged is on the disk, and what is deleted is overwritten.
const CONDUCT: &str = "PRAGMA secure_delete = ON; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; \
     PRAGMA cache_size = -16384; PRAGMA temp_store = MEMORY; PRAGMA trusted_schema = OFF;";

/// The only table.
const TABLES: &str = "CREATE TABLE records (id INTEGER PRIMARY KEY, tab INTEGER NOT NULL, owner BLOB NOT NULL, \
     place BLOB NOT NULL, sealed BLOB NOT NULL) STRICT; \
     CREATE UNIQUE INDEX by_place ON records (tab, owner, place);";

/// What is said of a record that is needed and can't be opened.
const DAMAGED: &str = "a record is not what was written there: the store is damaged. Log in with your words in another profile (--profile): \
                       account, contacts and conversations come back from your node";

/// Most damaged records that are remembered at once.
const LEFT_OUT_MAX: usize = 10_000;

/// Records looked at when the store is opened, to see whether the key is theirs.
const TRIED: i64 = 256;

/// Where a record stands: its table, its hidden owner, its place.
type Row = (u8, Vec<u8>, Vec<u8>);

/// Why the store can't be opened or written.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum StoreError {
    /// Nobody logged in here yet.
    #[error("there is no profile in {0} yet: `tidings login` makes one")]
    Absent(String),
    /// Another process has it. Its number, if it could be read.
    #[error("another tidings (process {0}) has this profile open: end it, or use another one with --profile")]
    Held(String),
    /// The key lies under a passphrase, and none was given.
    #[error("this profile is locked by a passphrase")]
    NeedsPassphrase,
    /// It was another passphrase.
    #[error("this is not the passphrase of this profile")]
    WrongPassphrase,
    /// What is on the disk is not what was written.
    #[error("the local store is damaged: {0}")]
    Damaged(String),
    /// A file can't be read or written.
    #[error("{0}")]
    File(String),
}

impl StoreError {
    fn file(path: &Path, error: &std::io::Error) -> Self {
        Self::File(format!("{}: {error}", path.display()))
    }
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode::{DatabaseCorrupt, DiskFull, NotADatabase};
        match error.sqlite_error_code() {
            Some(DatabaseCorrupt | NotADatabase) => Self::Damaged(error.to_string()),
            Some(DiskFull) => Self::File("the disk with the profile is full: make room and start again".to_owned()),
            _ => Self::File(format!("the local store: {error}")),
        }
    }
}

/// An open store. One process at a time has it.
pub struct Store {
    database: Connection,
    keys: Arc<Keys>,
    master: Master,
    place: Place,
    /// Whether a transaction is open.
    open: bool,
    /// Records that can't be opened: where they stand.
    left_out: RefCell<BTreeSet<Row>>,
    /// Whether the key has opened a record that was there before: with another store's key, nothing is ever called damaged and deleted.
    fits: bool,
    /// Whether something was deleted whose last copies may still lie in the write-ahead log.
    deleted: bool,
    _lock: Lock,
}

impl Store {
    /// Opens the store of a profile; makes it if there is none and `new` allows it. `passphrase` locks a new one, and unlocks one
    /// that is locked.
    pub fn open(place: &Place, passphrase: Option<&str>, new: bool) -> Result<Self, StoreError> {
        if !place.is_used() && !new {
            return Err(StoreError::Absent(place.folder().display().to_string()));
        }
        place.make().map_err(|error| StoreError::file(place.folder(), &error))?;
        let lock = Lock::take(place)?;
        let master = match place.is_used() {
            true => wrapping::unwrap(place, passphrase)?,
            false => wrapping::make(place, passphrase)?,
        };
        let database = connect(&place.database())?;
        let keys = Arc::new(Keys::new(&master));
        let fits = opens_some(&database, &keys)?;
        Ok(Self {
            fits,
            database,
            keys,
            master,
            place: place.clone(),
            open: false,
            left_out: RefCell::default(),
            deleted: true,
            _lock: lock,
        })
    }

    /// The number of the process that has a profile open, if one has.
    pub fn holder(place: &Place) -> Option<String> {
        lock::holder(place)
    }

    /// Whether a passphrase is needed to open the profile.
    pub fn is_locked(place: &Place) -> Result<bool, StoreError> {
        wrapping::is_wrapped(place)
    }

    /// Deletes a profile that nobody has open.
    pub fn destroy(place: &Place) -> Result<(), StoreError> {
        let _lock = Lock::take(place)?;
        place.clear().map_err(|error| StoreError::file(place.folder(), &error))
    }

    /// Locks the profile by another passphrase, or by none.
    pub fn set_passphrase(&self, passphrase: Option<&str>) -> Result<(), StoreError> {
        wrapping::keep(&self.place, &self.master, passphrase)
    }

    /// For sealing files beside the store.
    pub(crate) fn keys(&self) -> Arc<Keys> {
        Arc::clone(&self.keys)
    }

    /// Does changes. They are seen by reads at once, and durable after [`Self::commit`], all or none of them.
    pub fn apply(&mut self, changes: &[Change]) -> Result<(), StoreError> {
        if !self.open {
            self.database.execute_batch("BEGIN IMMEDIATE")?;
            self.open = true;
        }
        changes.iter().try_for_each(|change| self.change(change))
    }

    fn change(&mut self, change: &Change) -> Result<(), StoreError> {
        let key = &change.key;
        let spot = self.keys.spot(key.table, &key.owner, &key.order);
        let table = key.table as u8;
        let Some(value) = &change.value else {
            let sql = "DELETE FROM records WHERE tab = ?1 AND owner = ?2 AND place = ?3";
            let gone = self.database.prepare_cached(sql)?.execute(params![table, spot.owner, spot.place])?;
            self.deleted |= gone > 0;
            return Ok(());
        };
        let sealed = self.keys.seal(&spot, &key.owner, &key.order, value, &mut edge::random());
        let sealed = sealed.ok_or_else(|| StoreError::File("a record is too long to be kept".to_owned()))?;
        let sql = "INSERT INTO records (tab, owner, place, sealed) VALUES (?1, ?2, ?3, ?4) \
             ON CONFLICT (tab, owner, place) DO UPDATE SET sealed = excluded.sealed";
        self.database.prepare_cached(sql)?.execute(params![table, spot.owner, spot.place, sealed])?;
        // What was overwritten may have held a secret.
        self.deleted = true;
        Ok(())
    }

    /// Makes all changes since the last time durable.
    pub fn commit(&mut self) -> Result<(), StoreError> {
        if self.open {
            self.database.execute_batch("COMMIT")?;
            self.open = false;
        }
        Ok(())
    }

    /// Wipes from the write-ahead log what was deleted. For quiet moments, and before the end.
    pub fn wipe(&mut self) -> Result<(), StoreError> {
        if self.deleted && !self.open {
            self.database.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
            self.deleted = false;
        }
        Ok(())
    }

    /// Deletes the damaged records that were come upon so far. Only for once the person was told of them, and has taken note.
    pub fn drop_left_out(&mut self) -> Result<(), StoreError> {
        if !self.fits {
            return Ok(());
        }
        for (tab, owner, place) in self.left_out.take() {
            let values = params![tab, owner, place];
            let sql = "SELECT sealed FROM records WHERE tab = ?1 AND owner = ?2 AND place = ?3";
            let sealed: Option<Vec<u8>> =
                self.database.prepare_cached(sql)?.query_row(values, |row| row.get(0)).optional()?;
            // It may have been written anew meanwhile.
            if sealed.is_some_and(|sealed| self.keys.open_at(tab, &owner, &place, &sealed).is_none()) {
                let sql = "DELETE FROM records WHERE tab = ?1 AND owner = ?2 AND place = ?3";
                self.database.prepare_cached(sql)?.execute(values)?;
                self.deleted = true;
            }
        }
        Ok(())
    }

    /// A record, if it is what was written there: one that is damaged costs what it held, not the rest.
    fn intact(&self, table: Table, [owner, place, sealed]: [Vec<u8>; 3]) -> Option<Plain> {
        let plain = self.keys.open_at(table as u8, &owner, &place, &sealed);
        let mut left_out = self.left_out.borrow_mut();
        if plain.is_none() && left_out.len() < LEFT_OUT_MAX {
            left_out.insert((table as u8, owner, place));
        }
        plain
    }

    fn rows(&self, sql: &str, values: &[&dyn rusqlite::ToSql]) -> rusqlite::Result<Vec<[Vec<u8>; 3]>> {
        let mut statement = self.database.prepare_cached(sql)?;
        let rows = statement.query_map(values, |row| Ok([row.get(0)?, row.get(1)?, row.get(2)?]))?;
        rows.collect()
    }

    /// All of an owner: for tables whose order the database does not know.
    fn all_of(&self, table: Table, owner: &[u8]) -> Result<Page, RecordsError> {
        let sql = "SELECT owner, place, sealed FROM records WHERE tab = ?1 AND owner = ?2";
        let rows = self.rows(sql, &[&(table as u8), &self.keys.owner(table, owner)]).map_err(unread)?;
        let mut found = Vec::with_capacity(rows.len());
        for plain in rows.into_iter().filter_map(|row| self.intact(table, row)) {
            found.push((plain.order, plain.value));
        }
        Ok(found)
    }
}

impl Records for Store {
    fn get(&self, key: &RecordKey) -> Result<Option<Vec<u8>>, RecordsError> {
        let spot = self.keys.spot(key.table, &key.owner, &key.order);
        let sql = "SELECT sealed FROM records WHERE tab = ?1 AND owner = ?2 AND place = ?3";
        let find = || -> rusqlite::Result<Option<Vec<u8>>> {
            let mut statement = self.database.prepare_cached(sql)?;
            statement.query_row(params![key.table as u8, spot.owner, spot.place], |row| row.get(0)).optional()
        };
        let Some(sealed) = find().map_err(unread)? else { return Ok(None) };
        let plain = self.intact(key.table, [spot.owner, spot.place, sealed]);
        Ok(Some(plain.ok_or_else(|| RecordsError(DAMAGED.to_owned()))?.value))
    }

    fn scan(
        &self,
        table: Table,
        owner: &[u8],
        from: Option<&[u8]>,
        direction: Direction,
        limit: usize,
    ) -> Result<Page, RecordsError> {
        if hides_order(table) {
            return Ok(page_of(self.all_of(table, owner)?, from, direction, limit));
        }
        let sql = match direction {
            Direction::Up => {
                "SELECT owner, place, sealed FROM records WHERE tab = ?1 AND owner = ?2 AND (?3 IS NULL OR place > ?3) \
                 ORDER BY place LIMIT ?4"
            }
            Direction::Down => {
                "SELECT owner, place, sealed FROM records WHERE tab = ?1 AND owner = ?2 AND (?3 IS NULL OR place < ?3) \
                 ORDER BY place DESC LIMIT ?4"
            }
        };
        let hidden = self.keys.owner(table, owner);
        let (mut found, mut from) = (Vec::new(), from.map(<[u8]>::to_vec));
        loop {
            let wanted = limit.saturating_sub(found.len());
            let rows = self.rows(sql, &[&(table as u8), &hidden, &from, &bounded(wanted)]).map_err(unread)?;
            // Fewer than asked for would mean that there are no more: what is left out is made up for.
            let (last, whole) = (rows.last().map(|[_, place, _]| place.clone()), rows.len() < wanted);
            found.extend(
                rows.into_iter().filter_map(|row| self.intact(table, row)).map(|plain| (plain.order, plain.value)),
            );
            if whole || found.len() >= limit || last.is_none() {
                return Ok(found);
            }
            from = last;
        }
    }

    fn all(&self, table: Table, limit: usize) -> Result<Vec<(RecordKey, Vec<u8>)>, RecordsError> {
        let sql = "SELECT owner, place, sealed FROM records WHERE tab = ?1 ORDER BY owner, place LIMIT ?2";
        let rows = self.rows(sql, &[&(table as u8), &bounded(limit)]).map_err(unread)?;
        let mut found = Vec::with_capacity(rows.len());
        for plain in rows.into_iter().filter_map(|row| self.intact(table, row)) {
            found.push((RecordKey::new(table, plain.owner, plain.order), plain.value));
        }
        found.sort();
        Ok(found)
    }

    fn left_out(&self) -> u64 {
        u64::try_from(self.left_out.borrow().len()).unwrap_or(u64::MAX)
    }
}

fn connect(path: &Path) -> Result<Connection, StoreError> {
    let database = Connection::open(path)?;
    let private = std::os::unix::fs::PermissionsExt::from_mode(0o600);
    std::fs::set_permissions(path, private).map_err(|error| StoreError::file(path, &error))?;
    database.execute_batch(CONDUCT)?;
    let number = |pragma: &str| database.query_row(pragma, [], |row| row.get::<_, i32>(0));
    match (number("PRAGMA application_id")?, number("PRAGMA user_version")?) {
        (APPLICATION, LAYOUT) => {}
        (0, 0) => database.execute_batch(&format!(
            "BEGIN IMMEDIATE; {TABLES} PRAGMA application_id = {APPLICATION}; PRAGMA user_version = {LAYOUT}; COMMIT;"
        ))?,
        (APPLICATION, newer) if newer > LAYOUT => {
            return Err(StoreError::Damaged("it was written by a newer version of tidings: start that one, or log in with your words in another profile (--profile)".to_owned()));
        }
        _ => return Err(StoreError::Damaged(format!("{} is another program's database", path.display()))),
    }
    Ok(database)
}

/// Whether the keys open any of the first records; also if there are none.
fn opens_some(database: &Connection, keys: &Keys) -> Result<bool, StoreError> {
    let mut statement = database.prepare("SELECT tab, owner, place, sealed FROM records ORDER BY id LIMIT ?1")?;
    let mut rows = statement.query([TRIED])?;
    let mut some = false;
    while let Some(row) = rows.next()? {
        let [owner, place, sealed] = [row.get::<_, Vec<u8>>(1)?, row.get(2)?, row.get(3)?];
        if keys.open_at(row.get(0)?, &owner, &place, &sealed).is_some() {
            return Ok(true);
        }
        some = true;
    }
    Ok(!some)
}

fn bounded(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

fn unread(error: rusqlite::Error) -> RecordsError {
    RecordsError(StoreError::from(error).to_string())
}
