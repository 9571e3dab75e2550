//! Accounts of Tidings' own clients: their device lists and devices. Beside it stand their posting keys, key packages and profiles.

pub(super) mod devices;
mod known;
pub(super) mod packages;
pub(super) mod posting;
pub(super) mod profiles;

use super::accounts::{AccountRow, register as register_key};
use super::exchanges::use_up;
use super::fault::Fault;
use super::holdings::{self, Holding};
use super::rows::{Sum, check, count, int};
use super::writer::Tx;
use super::{SqliteStore, ownership, swaps, uploads};
use async_trait::async_trait;
use devices::DeviceRow;
use rusqlite::{Connection, Row, params};
use tidings_core::denial::Denial;
use tidings_core::device::{
    AccountView, DeviceList, PackagesWaiting, PostingKey, PostingRight, Registration, TakenPackages,
};
use tidings_core::known::Knowledge;
use tidings_core::ports::Stored;
use tidings_core::ports::native::{Allowed, ListSet, People};
use tidings_core::{Ed25519Key, Key, Timestamp};

/// What may be done, or why not.
pub(super) type Ruled<T> = Result<Result<T, Denial>, Fault>;

/// The account of an identity.
pub(super) fn account(conn: &Connection, identity: &Ed25519Key) -> Result<Option<AccountRow>, Fault> {
    AccountRow::find(conn, &Key::Ed25519(*identity))
}

/// The identity of an account that is one of these.
pub(super) fn identity(conn: &Connection, account: i64) -> Result<Option<Ed25519Key>, Fault> {
    match AccountRow::load(conn, account)?.and_then(|account| account.key) {
        Some(Key::Ed25519(identity)) => Ok(Some(identity)),
        _ => Ok(None),
    }
}

/// A device list as stored.
pub(super) struct ListRow {
    account: i64,
    counter: u64,
    list: Vec<u8>,
}

impl ListRow {
    fn find(conn: &Connection, account: i64) -> Result<Option<Self>, Fault> {
        let mut select =
            conn.prepare_cached("SELECT account, counter, sum, list FROM device_lists WHERE account = ?1")?;
        let mut rows = select.query(params![account])?;
        rows.next()?.map(Self::read).transpose()
    }

    /// Reads the columns `account, counter, sum, list`.
    pub(super) fn read(row: &Row<'_>) -> Result<Self, Fault> {
        let list = Self { account: row.get(0)?, counter: count(row.get(1)?), list: row.get(3)? };
        check(row.get(2)?, list.sum(), "device_lists", list.account)?;
        Ok(list)
    }

    fn save(&self, conn: &Connection) -> Result<(), Fault> {
        conn.prepare_cached(
            "INSERT OR REPLACE INTO device_lists (account, counter, sum, list) VALUES (?1, ?2, ?3, ?4)",
        )?
        .execute(params![self.account, int(self.counter), self.sum(), self.list])?;
        Ok(())
    }

    fn sum(&self) -> i64 {
        Sum::new().int(self.account).int(int(self.counter)).bytes(&self.list).done()
    }
}

fn register(tx: &Tx<'_>, registration: Registration, now: Timestamp) -> Ruled<()> {
    let Registration { identity, devices, token, open } = registration;
    if let Some(account) = account(tx.conn, &identity)? {
        let same = ListRow::find(tx.conn, account.number)?.is_some_and(|stored| stored.list == devices.list);
        return Ok(if same { Ok(()) } else { Err(Denial::Exists) });
    }
    for device in &devices.devices {
        if DeviceRow::find(tx.conn, device)?.is_some() {
            return Ok(Err(Denial::Exists));
        }
    }
    let empty = nobody_yet(tx.conn)?;
    let mut first = false;
    let creator = match token {
        Some(token) => match use_up(tx, &token, now)? {
            Ok(creator) => {
                // Whoever starts a node is given its first invitation.
                first = empty && creator.is_none();
                creator
            }
            // Where anybody may come in, nobody is kept out by what else they show.
            Err(_) if open => None,
            Err(refusal) => return Ok(Err(Denial::Token(refusal))),
        },
        None if open => None,
        None => return Ok(Err(Denial::NotAccepted)),
    };
    register_key(tx, Key::Ed25519(identity), creator, now)?;
    let Some(account) = account(tx.conn, &identity)? else {
        return Err(Fault::Failed("an account was not made".to_owned()));
    };
    for device in &devices.devices {
        DeviceRow::insert(tx.conn, account.number, device)?;
    }
    ListRow { account: account.number, counter: devices.counter, list: devices.list }.save(tx.conn)?;
    if first {
        ownership::set_owner(tx.conn, Some(&identity))?;
    }
    Ok(Ok(()))
}

/// Whether nobody ever had an account here.
fn nobody_yet(conn: &Connection) -> Result<bool, Fault> {
    let last: Option<i64> = conn.prepare_cached("SELECT max(number) FROM accounts")?.query_row([], |row| row.get(0))?;
    Ok(last.is_none())
}

fn set_list(tx: &Tx<'_>, identity: &Ed25519Key, new: DeviceList) -> Ruled<ListSet> {
    let Some(account) = account(tx.conn, identity)? else { return Ok(Err(Denial::NoAccount)) };
    let stored = ListRow::find(tx.conn, account.number)?;
    let before = stored.as_ref().map_or(0, |stored| stored.counter);
    match stored {
        Some(stored) if stored.list == new.list => return Ok(Ok(ListSet::Done { gone: Vec::new() })),
        stored if before.checked_add(1) != Some(new.counter) => {
            return Ok(Ok(ListSet::Stored(stored.map(|stored| stored.list).unwrap_or_default())));
        }
        _ => {}
    }
    for device in &new.devices {
        if DeviceRow::find(tx.conn, device)?.is_some_and(|known| known.account != account.number) {
            return Ok(Err(Denial::Exists));
        }
    }
    let mut gone = Vec::new();
    for device in DeviceRow::of_account(tx.conn, account.number)? {
        if !new.devices.contains(&device.key) || new.anew.contains(&device.key) {
            device.delete(tx)?;
            gone.push(device.key);
        }
    }
    for device in &new.devices {
        if DeviceRow::find(tx.conn, device)?.is_none() {
            DeviceRow::insert(tx.conn, account.number, device)?;
        }
    }
    ListRow { account: account.number, counter: new.counter, list: new.list }.save(tx.conn)?;
    Ok(Ok(ListSet::Done { gone }))
}

fn view(conn: &Connection, identity: &Ed25519Key) -> Result<Option<AccountView>, Fault> {
    let Some(account) = account(conn, identity)? else { return Ok(None) };
    let list = ListRow::find(conn, account.number)?;
    let blobs = holdings::of(conn, account.number, Holding::Uploads)?;
    Ok(Some(AccountView {
        created: account.created_at.unwrap_or(Timestamp::EPOCH),
        counter: list.as_ref().map_or(0, |list| list.counter),
        list: list.map(|list| list.list).unwrap_or_default(),
        profile: profiles::ProfileRow::find(conn, account.number)?.map_or(0, |profile| profile.counter),
        blob_bytes: blobs.bytes,
        blob_bytes_max: 0,
    }))
}

/// Takes away all that an account of this kind has beside its row, its inbox and its contacts. Its groups stay while they hold
/// anything: they are the conversations of others, too.
pub(super) fn forget(tx: &Tx<'_>, account: i64) -> Result<(), Fault> {
    for device in DeviceRow::of_account(tx.conn, account)? {
        device.delete(tx)?;
    }
    tx.conn.prepare_cached("DELETE FROM device_lists WHERE account = ?1")?.execute(params![account])?;
    tx.conn.prepare_cached("DELETE FROM profiles WHERE account = ?1")?.execute(params![account])?;
    swaps::forget(tx.conn, account)?;
    uploads::forget(tx.conn, account)
}

#[async_trait]
impl People for SqliteStore {
    async fn register(&self, registration: Registration, now: Timestamp) -> Allowed<()> {
        self.write(move |tx| register(tx, registration, now)).await
    }

    async fn device_owner(&self, device: Ed25519Key) -> Stored<Option<Ed25519Key>> {
        self.read(move |conn| match DeviceRow::find(conn, &device)? {
            Some(device) => identity(conn, device.account),
            None => Ok(None),
        })
        .await
    }

    async fn device_list(&self, identity: Ed25519Key) -> Stored<Option<Vec<u8>>> {
        self.read(move |conn| match account(conn, &identity)? {
            Some(account) => Ok(ListRow::find(conn, account.number)?.map(|stored| stored.list)),
            None => Ok(None),
        })
        .await
    }

    async fn set_device_list(&self, identity: Ed25519Key, list: DeviceList) -> Allowed<ListSet> {
        self.write_always(move |tx| set_list(tx, &identity, list)).await
    }

    async fn account_view(&self, identity: Ed25519Key) -> Stored<Option<AccountView>> {
        self.read(move |conn| view(conn, &identity)).await
    }

    async fn known(&self, identity: Ed25519Key) -> Stored<Option<Knowledge>> {
        self.read(move |conn| known::known(conn, &identity)).await
    }

    async fn set_posting_keys(&self, owner: Ed25519Key, keys: Vec<PostingKey>) -> Stored<bool> {
        self.write(move |tx| posting::set(tx, &owner, &keys)).await
    }

    async fn may_post(&self, owner: Ed25519Key, key: Ed25519Key) -> Stored<Option<PostingRight>> {
        self.read(move |conn| match account(conn, &owner)? {
            Some(account) => posting::right(conn, account.number, &key),
            None => Ok(None),
        })
        .await
    }

    async fn add_packages(
        &self,
        device: Ed25519Key,
        packages: Vec<Vec<u8>>,
        last_resort: Option<Vec<u8>>,
        _now: Timestamp,
    ) -> Allowed<PackagesWaiting> {
        self.write(move |tx| packages::add(tx, &device, packages, last_resort)).await
    }

    async fn packages_waiting(&self, device: Ed25519Key) -> Allowed<PackagesWaiting> {
        self.read(move |conn| match DeviceRow::find(conn, &device)? {
            Some(device) => packages::waiting(conn, device.id).map(Ok),
            None => Ok(Err(Denial::NoAccount)),
        })
        .await
    }

    async fn take_packages(&self, owner: Ed25519Key, caller: Ed25519Key, fresh: bool) -> Allowed<TakenPackages> {
        self.write_always(move |tx| {
            let Some(account) = account(tx.conn, &owner)? else { return Ok(Err(Denial::NotAccepted)) };
            let Some(right) = posting::right(tx.conn, account.number, &caller)? else {
                return Ok(Err(Denial::NotAccepted));
            };
            let list = ListRow::find(tx.conn, account.number)?.map(|stored| stored.list).unwrap_or_default();
            let given = match right {
                PostingRight::Dropped => packages::Given::LastResorts,
                PostingRight::Kept if !fresh => packages::Given::LastResortsFirst,
                PostingRight::Kept | PostingRight::Device => packages::Given::Fresh,
            };
            let packages = packages::take(tx, account.number, given)?;
            Ok(Ok(TakenPackages { list, packages }))
        })
        .await
    }

    async fn profile(&self, identity: Ed25519Key) -> Stored<Option<(u64, Vec<u8>)>> {
        self.read(move |conn| match account(conn, &identity)? {
            Some(account) => {
                let profile = profiles::ProfileRow::find(conn, account.number)?;
                Ok(profile.map(|profile| (profile.counter, profile.body)))
            }
            None => Ok(None),
        })
        .await
    }

    async fn set_profile(
        &self,
        identity: Ed25519Key,
        expected: u64,
        body: Vec<u8>,
        _now: Timestamp,
    ) -> Allowed<Result<u64, u64>> {
        self.write(move |tx| match account(tx.conn, &identity)? {
            Some(account) => profiles::set(tx, account.number, expected, body).map(Ok),
            None => Ok(Err(Denial::NoAccount)),
        })
        .await
    }
}
