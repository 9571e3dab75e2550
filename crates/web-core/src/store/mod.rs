//! The encrypted store of a browser: the client's records in one file, each sealed and bound to its place.
//!
//! The file is redb's, a copy-on-write tree: every change is one transaction, and a worker that is killed at any point leaves the state
//! before it or after it. Who reads the file sees what the terminal's store shows, too: how many records there are in which table, their
//! sizes, and of most the order; neither contents nor whose they are. What was deleted or overwritten stays in the file, sealed,
//! until its page is used again.

mod handle;

#[cfg(test)]
mod disk;
#[cfg(test)]
mod tests;

pub(crate) use handle::JsFile;
pub use handle::SyncHandle;
use rand::rngs::StdRng;
use redb::{Builder, Database, ReadableDatabase as _, ReadableTable, StorageBackend, TableDefinition};
use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::io::ErrorKind;
use std::ops::Bound::{self, Excluded, Included};
use tidings_client::record_keys::{Keys, Master, Plain, Spot, hides_order};
use tidings_client::records::{Change, Direction, Page, RecordKey, Records, RecordsError, Table, page_of};

/// Table number, hidden owner and place; and the sealed record.
const RECORDS: TableDefinition<'_, &[u8], &[u8]> = TableDefinition::new("records");

/// What the file says of itself.
const HEAD: TableDefinition<'_, &str, u64> = TableDefinition::new("head");

/// The layout of the file, under `layout` in its head.
const LAYOUT: u64 = 1;

/// How a file of redb begins. It is written last when one is made.
const MAGIC: [u8; 9] = *b"redb\x1a\x0a\xa9\x0d\x0a";

/// Bytes of pages that are kept in memory at most.
const CACHE: usize = 4 * 1024 * 1024;

/// Most damaged records that are remembered at once.
const LEFT_OUT_MAX: usize = 10_000;

/// Records looked at when the store is opened, to see whether the key is theirs.
const TRIED: usize = 256;

/// Bytes of a hidden owner.
const OWNER: usize = 16;

/// What is said of a record that is needed and can't be opened.
const DAMAGED: &str = "a record is not what was written there: the store is damaged. Come back with your words, or link this device anew: \
                       account, contacts and conversations come back from your node";

/// Why the store can't be opened, read or written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "types", derive(ts_rs::TS), ts(rename_all = "snake_case"))]
pub(crate) enum StoreFault {
    /// There is no room for it.
    Full,
    /// The file is not what was written.
    Damaged,
    /// None of its records opens with this key.
    WrongKey,
    /// A newer version has written it.
    Newer,
    /// It was closed.
    Closed,
    /// The file can't be read or written.
    Failed,
}

impl StoreFault {
    /// As JavaScript tells them apart.
    pub(crate) fn code(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Damaged => "damaged",
            Self::WrongKey => "wrong_key",
            Self::Newer => "newer",
            Self::Closed => "closed",
            Self::Failed => "failed",
        }
    }

    /// For the person.
    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::Full => "there is no room to keep this: free some and start again",
            Self::Damaged => DAMAGED,
            Self::WrongKey => "this is not the key of the store",
            Self::Newer => "the store was written by a newer version: load that one",
            Self::Closed => "the store is closed",
            Self::Failed => "the store's file can't be read or written: start again",
        }
    }
}

/// Every error of redb, without its text: that may hold anything.
fn fault(error: impl Into<redb::Error>) -> StoreFault {
    match error.into() {
        redb::Error::Io(error) => io_fault(&error),
        redb::Error::Corrupted(_)
        | redb::Error::TableTypeMismatch { .. }
        | redb::Error::TypeDefinitionChanged { .. }
        | redb::Error::TableDoesNotExist(_)
        | redb::Error::TableIsMultimap(_) => StoreFault::Damaged,
        redb::Error::UpgradeRequired(_) => StoreFault::Newer,
        redb::Error::DatabaseClosed => StoreFault::Closed,
        _ => StoreFault::Failed,
    }
}

fn io_fault(error: &std::io::Error) -> StoreFault {
    match error.kind() {
        ErrorKind::StorageFull => StoreFault::Full,
        // A page beyond the end, or another program's file.
        ErrorKind::InvalidData | ErrorKind::UnexpectedEof => StoreFault::Damaged,
        _ => StoreFault::Failed,
    }
}

/// An open store.
pub(crate) struct Store {
    /// Until it is closed.
    database: Option<Database>,
    keys: Keys,
    random: StdRng,
    /// What went wrong first: nothing is read or written from then on, since what is in memory is not what is in the file.
    fault: Cell<Option<StoreFault>>,
    /// Records that can't be opened: where they stand.
    left_out: RefCell<BTreeSet<Vec<u8>>>,
}

/// What is written under a key, or that nothing is any more.
type Row = (Vec<u8>, Option<Vec<u8>>);

impl Store {
    /// Opens the store in a file, or makes it if the file is empty. `check` reads all of it first, and says [`StoreFault::Damaged`] of
    /// damage that would else stop the module. The file is closed if this fails.
    pub(crate) fn open(
        file: impl StorageBackend,
        key: &Master,
        random: StdRng,
        check: bool,
    ) -> Result<Self, StoreFault> {
        if let Err(error) = start_over(&file) {
            let _ = file.close();
            return Err(io_fault(&error));
        }
        let mut builder = Builder::new();
        builder.set_cache_size(CACHE).set_check_integrity_on_open(check);
        let database = builder.create_with_backend(file).map_err(fault)?;
        check_layout(&database)?;
        let store = Self {
            database: Some(database),
            keys: Keys::new(key),
            random,
            fault: Cell::new(None),
            left_out: RefCell::default(),
        };
        if store.opens_some()? { Ok(store) } else { Err(StoreFault::WrongKey) }
    }

    /// Whether the key opens any of the first records; also if there are none.
    fn opens_some(&self) -> Result<bool, StoreFault> {
        let mut some = false;
        let fits = self.walk((Bound::Unbounded, Bound::Unbounded), Direction::Up, |number, key, sealed| {
            some = true;
            let opened = self.open_row(key, sealed).is_some();
            if opened || number + 1 >= TRIED { Some(opened) } else { None }
        })?;
        Ok(fits.unwrap_or(!some))
    }

    /// What went wrong, if the store can't be used any more.
    pub(crate) fn fault(&self) -> Option<StoreFault> {
        self.fault.get()
    }

    /// Does changes, all or none of them, durably. After an error nothing is read or written any more: open it again.
    pub(crate) fn apply(&mut self, changes: &[Change]) -> Result<(), StoreFault> {
        let rows = changes.iter().map(|change| self.row(change)).collect::<Result<Vec<_>, _>>()?;
        self.write(&rows)
    }

    fn row(&mut self, change: &Change) -> Result<Row, StoreFault> {
        let key = &change.key;
        let spot = self.keys.spot(key.table, &key.owner, &key.order);
        let seal = |value: &Vec<u8>| {
            let sealed = self.keys.seal(&spot, &key.owner, &key.order, value, &mut self.random);
            sealed.ok_or(StoreFault::Failed)
        };
        let sealed = change.value.as_ref().map(seal).transpose()?;
        Ok((row_key(&spot), sealed))
    }

    fn write(&self, rows: &[Row]) -> Result<(), StoreFault> {
        let write = |database: &Database| -> Result<(), redb::Error> {
            let mut transaction = database.begin_write()?;
            // A worker never ends in an orderly way: without this the whole file would be read at each start.
            transaction.set_quick_repair(true);
            let mut table = transaction.open_table(RECORDS)?;
            for (key, sealed) in rows {
                match sealed {
                    Some(sealed) => table.insert(key.as_slice(), sealed.as_slice())?,
                    None => table.remove(key.as_slice())?,
                };
            }
            drop(table);
            Ok(transaction.commit()?)
        };
        self.noted(write(self.database()?))
    }

    /// Deletes the damaged records that were come upon so far. Only for once the person was told of them, and has taken note.
    pub(crate) fn drop_left_out(&mut self) -> Result<(), StoreFault> {
        let mut rows = Vec::new();
        for key in self.left_out.take() {
            // It may have been written anew meanwhile.
            let damaged = self.sealed(&key)?.is_some_and(|sealed| self.open_row(&key, &sealed).is_none());
            rows.extend(damaged.then_some((key, None)));
        }
        if rows.is_empty() { Ok(()) } else { self.write(&rows) }
    }

    /// Closes the file. Nothing can be read or written any more.
    pub(crate) fn close(&mut self) {
        self.fault.set(Some(self.fault.get().unwrap_or(StoreFault::Closed)));
        self.database = None;
    }

    fn database(&self) -> Result<&Database, StoreFault> {
        match (self.fault.get(), &self.database) {
            (None, Some(database)) => Ok(database),
            (fault, _) => Err(fault.unwrap_or(StoreFault::Closed)),
        }
    }

    fn noted<T>(&self, outcome: Result<T, redb::Error>) -> Result<T, StoreFault> {
        outcome.map_err(|error| {
            let fault = fault(error);
            self.fault.set(Some(fault));
            fault
        })
    }

    fn sealed(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreFault> {
        let read = |database: &Database| -> Result<_, redb::Error> {
            let table = database.begin_read()?.open_table(RECORDS)?;
            Ok(table.get(key)?.map(|sealed| sealed.value().to_vec()))
        };
        self.noted(read(self.database()?))
    }

    /// Shows `each` the rows of a range, by number, until it gives something.
    fn walk<T>(
        &self,
        range: (Bound<&[u8]>, Bound<&[u8]>),
        direction: Direction,
        mut each: impl FnMut(usize, &[u8], &[u8]) -> Option<T>,
    ) -> Result<Option<T>, StoreFault> {
        let mut read = |database: &Database| -> Result<Option<T>, redb::Error> {
            let table = database.begin_read()?.open_table(RECORDS)?;
            let mut rows = ReadableTable::range::<&[u8]>(&table, range)?;
            for number in 0.. {
                let next = if direction == Direction::Up { rows.next() } else { rows.next_back() };
                let Some(row) = next else { break };
                let (key, sealed) = row?;
                if let Some(found) = each(number, key.value(), sealed.value()) {
                    return Ok(Some(found));
                }
            }
            Ok(None)
        };
        self.noted(read(self.database()?))
    }

    /// The records of a range that can be opened, at most `limit`: one that is damaged costs what it held, not the rest.
    fn intact(
        &self,
        range: (Bound<&[u8]>, Bound<&[u8]>),
        direction: Direction,
        limit: usize,
    ) -> Result<Vec<Plain>, RecordsError> {
        let mut found = Vec::new();
        if limit > 0 {
            let each = |_, key: &[u8], sealed: &[u8]| {
                match self.open_row(key, sealed) {
                    Some(plain) => found.push(plain),
                    None => self.leave_out(key),
                }
                (found.len() >= limit).then_some(())
            };
            self.walk(range, direction, each).map_err(unread)?;
        }
        Ok(found)
    }

    fn open_row(&self, key: &[u8], sealed: &[u8]) -> Option<Plain> {
        let (table, rest) = key.split_first()?;
        let (owner, place) = rest.split_at_checked(OWNER)?;
        self.keys.open_at(*table, owner, place, sealed)
    }

    fn leave_out(&self, key: &[u8]) {
        let mut left_out = self.left_out.borrow_mut();
        if left_out.len() < LEFT_OUT_MAX {
            left_out.insert(key.to_vec());
        }
    }

    /// All of an owner: for tables whose order the file does not know.
    fn all_of(&self, low: &[u8]) -> Result<Page, RecordsError> {
        let end = after(low);
        let found = self.intact((Included(low), Excluded(&end)), Direction::Up, usize::MAX)?;
        Ok(found.into_iter().map(|plain| (plain.order, plain.value)).collect())
    }
}

impl Records for Store {
    fn get(&self, key: &RecordKey) -> Result<Option<Vec<u8>>, RecordsError> {
        let row = row_key(&self.keys.spot(key.table, &key.owner, &key.order));
        let Some(sealed) = self.sealed(&row).map_err(unread)? else { return Ok(None) };
        let Some(plain) = self.open_row(&row, &sealed) else {
            self.leave_out(&row);
            return Err(unread(StoreFault::Damaged));
        };
        Ok(Some(plain.value))
    }

    fn scan(
        &self,
        table: Table,
        owner: &[u8],
        from: Option<&[u8]>,
        direction: Direction,
        limit: usize,
    ) -> Result<Page, RecordsError> {
        let low = [&[table as u8], self.keys.owner(table, owner).as_slice()].concat();
        if hides_order(table) {
            return Ok(page_of(self.all_of(&low)?, from, direction, limit));
        }
        let (end, from) = (after(&low), from.map(|from| [low.as_slice(), from].concat()));
        let range: (Bound<&[u8]>, Bound<&[u8]>) = match (&from, direction) {
            (None, _) => (Included(&low), Excluded(&end)),
            (Some(from), Direction::Up) => (Excluded(from), Excluded(&end)),
            (Some(from), Direction::Down) => (Included(&low), Excluded(from)),
        };
        let found = self.intact(range, direction, limit)?;
        Ok(found.into_iter().map(|plain| (plain.order, plain.value)).collect())
    }

    fn all(&self, table: Table, limit: usize) -> Result<Vec<(RecordKey, Vec<u8>)>, RecordsError> {
        let low = [table as u8];
        let end = after(&low);
        let found = self.intact((Included(&low), Excluded(&end)), Direction::Up, limit)?;
        let record = |plain: Plain| (RecordKey::new(table, plain.owner, plain.order), plain.value);
        let mut found: Vec<_> = found.into_iter().map(record).collect();
        found.sort();
        Ok(found)
    }

    fn left_out(&self) -> u64 {
        u64::try_from(self.left_out.borrow().len()).unwrap_or(u64::MAX)
    }
}

/// Empties a file that was being made when its worker was killed: redb would take it for another program's.
fn start_over(file: &impl StorageBackend) -> std::io::Result<()> {
    let length = file.len()?;
    let mut begin = vec![0; usize::try_from(length).unwrap_or(usize::MAX).min(MAGIC.len())];
    file.read(0, &mut begin)?;
    let begun = begin.iter().zip(MAGIC).all(|(byte, magic)| *byte == 0 || *byte == magic);
    if length > 0 && begun && begin != MAGIC { file.set_len(0) } else { Ok(()) }
}

/// Makes the tables, if they are not there yet.
fn check_layout(database: &Database) -> Result<(), StoreFault> {
    let read = || -> Result<_, redb::Error> {
        let transaction = database.begin_read()?;
        match transaction.open_table(HEAD) {
            Ok(head) => Ok(head.get("layout")?.map(|layout| layout.value())),
            Err(redb::TableError::TableDoesNotExist(_)) => Ok(None),
            Err(error) => Err(error.into()),
        }
    };
    match read().map_err(fault)? {
        Some(LAYOUT) => Ok(()),
        Some(newer) if newer > LAYOUT => Err(StoreFault::Newer),
        Some(_) => Err(StoreFault::Damaged),
        None => make_tables(database).map_err(fault),
    }
}

fn make_tables(database: &Database) -> Result<(), redb::Error> {
    let mut transaction = database.begin_write()?;
    transaction.set_quick_repair(true);
    transaction.open_table(RECORDS)?;
    transaction.open_table(HEAD)?.insert("layout", LAYOUT)?;
    Ok(transaction.commit()?)
}

fn row_key(spot: &Spot) -> Vec<u8> {
    [&[spot.table as u8], spot.owner.as_slice(), spot.place.as_slice()].concat()
}

/// The first key behind all that begin with this. There always is one: no table has the number 255.
fn after(prefix: &[u8]) -> Vec<u8> {
    let mut end = prefix.to_vec();
    while let Some(last) = end.last_mut() {
        if *last < u8::MAX {
            *last += 1;
            break;
        }
        end.pop();
    }
    end
}

fn unread(fault: StoreFault) -> RecordsError {
    RecordsError(fault.words().to_owned())
}
