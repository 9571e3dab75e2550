//! Accounts by identity key: devices, posting keys, key packages, profiles.

use super::bytes;
use crate::Engine;
use crate::accept::to_the_end;
use crate::error::Error;
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use tidings_core::device::{
    AccountView, DEVICES_MAX, DeviceList, LIST_BYTES_MAX, PACKAGE_BYTES_MAX, PACKAGES_MAX, PACKAGES_PER_DAY,
    POSTING_KEYS_MAX, PROFILE_BYTES_MAX, PackagesWaiting, PostingKey, PostingRight, Registration, TOKEN_LIFE_MAX,
    TakenPackages,
};
use tidings_core::exchange::NewExchange;
use tidings_core::ports::native::ListSet;
use tidings_core::{AccountNews, Day, Ed25519Key, Key, Timestamp, Token};

/// Bytes reckoned for a row beside what is in it.
const ROW: u64 = 256;

/// Pairs of an owner and a posting key whose takings of a day are counted, about 100 bytes each.
const TAKERS_MAX: usize = 65_536;

impl Engine {
    /// Makes an account. The same again changes nothing. Fails with [`Error::Exists`] if there is another with this identity or one of
    /// its devices, [`Error::Exchange`] if the token is no good, and [`Error::Refused`] if one is needed and there is none.
    pub async fn register_account(&self, registration: Registration, now: Timestamp) -> Result<(), Error> {
        allowed_list(&registration.devices)?;
        self.allow_stored(bytes(registration.devices.list.len()).saturating_add(ROW), now)?;
        Ok(self.inner.store.register(registration, now).await??)
    }

    /// Makes a one-time token with which somebody can make an account here, invited by this one. It can be used until `expires`, at
    /// most 30 days. Fails with [`Error::NoAccount`] or [`Error::Exchange`].
    pub async fn invitation_token(
        &self,
        identity: Ed25519Key,
        expires: Timestamp,
        now: Timestamp,
    ) -> Result<Token, Error> {
        self.allow_stored(ROW, now)?;
        let token = self.inner.entropy.token();
        let expires_at = expires.min(now.after(TOKEN_LIFE_MAX));
        let maker = Some(Key::Ed25519(identity));
        let new = NewExchange { token: token.hash(), maker, text: None, created_at: now, expires_at };
        match self.inner.store.create_exchange(new).await? {
            Err(tidings_core::exchange::ExchangeRefusal::NoAccount) => Err(Error::NoAccount),
            made => Ok(made.map(|()| token)?),
        }
    }

    /// Whose device this is; none for unknown and removed ones. Mostly from memory.
    pub async fn device_owner(&self, device: Ed25519Key) -> Result<Option<Ed25519Key>, Error> {
        let ticket = match self.inner.owners.look(&device) {
            Ok(owner) => return Ok(Some(owner)),
            Err(ticket) => ticket,
        };
        let owner = self.inner.store.device_owner(device).await?;
        if let Some(owner) = owner {
            self.inner.owners.note(ticket, device, owner);
        }
        Ok(owner)
    }

    /// The account as its devices see it. Fails with [`Error::NoAccount`].
    pub async fn native_account(&self, identity: Ed25519Key) -> Result<AccountView, Error> {
        let view = self.inner.store.account_view(identity).await?.ok_or(Error::NoAccount)?;
        Ok(AccountView { blob_bytes_max: self.inner.account_blob_bytes, ..view })
    }

    /// The signed device list of an account; none if there is no such account.
    pub async fn device_list(&self, identity: Ed25519Key) -> Result<Option<Vec<u8>>, Error> {
        Ok(self.inner.store.device_list(identity).await?)
    }

    /// Replaces the device list; what removed devices had goes at once. Gives the stored list instead if its counter is not the one
    /// before. Done on a full disk, too: a device that was stolen must go, and what a list takes is bounded. Fails with
    /// [`Error::NoAccount`], or [`Error::Exists`] if a device belongs to somebody else.
    pub async fn set_device_list(&self, identity: Ed25519Key, list: DeviceList) -> Result<Result<(), Vec<u8>>, Error> {
        allowed_list(&list)?;
        let engine = self.clone();
        to_the_end(async move {
            match engine.inner.store.set_device_list(identity, list).await?? {
                ListSet::Stored(stored) => Ok(Err(stored)),
                ListSet::Done { gone } => {
                    engine.tell_account(&identity, AccountNews::Devices);
                    if !gone.is_empty() {
                        // What only a removed device had not taken goes now.
                        engine.clear_taken(identity).await?;
                    }
                    Ok(Ok(()))
                }
            }
        })
        .await
    }

    /// Replaces the allow-list of posting keys. Fails with [`Error::NoAccount`] or [`Error::TooLarge`].
    pub async fn set_posting_keys(
        &self,
        owner: Ed25519Key,
        keys: Vec<PostingKey>,
        now: Timestamp,
    ) -> Result<(), Error> {
        if keys.len() > POSTING_KEYS_MAX {
            return Err(Error::TooLarge);
        }
        self.allow_stored(bytes(keys.len()).saturating_mul(64), now)?;
        match self.inner.store.set_posting_keys(owner, keys).await? {
            true => Ok(()),
            false => Err(Error::NoAccount),
        }
    }

    /// As what a key may post into the owner's inbox; none for strangers and for owners that are not there.
    pub async fn may_post(&self, owner: Ed25519Key, key: Ed25519Key) -> Result<Option<PostingRight>, Error> {
        Ok(self.inner.store.may_post(owner, key).await?)
    }

    /// Keeps key packages of a device, those that it had before excepted, up to 100; says how many wait. Fails with
    /// [`Error::NoAccount`] or [`Error::TooLarge`].
    pub async fn add_packages(
        &self,
        device: Ed25519Key,
        packages: Vec<Vec<u8>>,
        last_resort: Option<Vec<u8>>,
        now: Timestamp,
    ) -> Result<PackagesWaiting, Error> {
        let all = packages.iter().chain(&last_resort);
        if packages.len() > PACKAGES_MAX || all.clone().any(|package| package.len() > PACKAGE_BYTES_MAX) {
            return Err(Error::TooLarge);
        }
        self.allow_stored(all.map(|package| bytes(package.len())).sum(), now)?;
        Ok(self.inner.store.add_packages(device, packages, last_resort, now).await??)
    }

    /// How many key packages wait for a device. Fails with [`Error::NoAccount`].
    pub async fn packages_waiting(&self, device: Ed25519Key) -> Result<PackagesWaiting, Error> {
        Ok(self.inner.store.packages_waiting(device).await??)
    }

    /// Takes one key package of each device of the owner; a posting key that has taken [`PACKAGES_PER_DAY`] today is given last resorts.
    /// Fails with [`Error::Refused`] for strangers.
    pub async fn take_packages(
        &self,
        owner: Ed25519Key,
        caller: Ed25519Key,
        now: Timestamp,
    ) -> Result<TakenPackages, Error> {
        let engine = self.clone();
        // To the end, or whoever does not wait for the answer would be given packages that don't count.
        to_the_end(async move {
            let taking = engine.inner.takings.take(owner, caller, now);
            let taken = engine.inner.store.take_packages(owner, caller, taking.fresh).await??;
            taking.done();
            Ok(taken)
        })
        .await
    }

    /// The sealed profile and its counter, if there is one.
    pub async fn profile(&self, identity: Ed25519Key) -> Result<Option<(u64, Vec<u8>)>, Error> {
        Ok(self.inner.store.profile(identity).await?)
    }

    /// Replaces the profile of counter `expected` (0: there is none yet). Gives the new counter, or the stored one if that is another.
    /// Fails with [`Error::NoAccount`] or [`Error::TooLarge`].
    pub async fn set_profile(
        &self,
        identity: Ed25519Key,
        expected: u64,
        body: Vec<u8>,
        now: Timestamp,
    ) -> Result<Result<u64, u64>, Error> {
        if body.len() > PROFILE_BYTES_MAX {
            return Err(Error::TooLarge);
        }
        self.allow_stored(bytes(body.len()), now)?;
        let engine = self.clone();
        to_the_end(async move {
            let set = engine.inner.store.set_profile(identity, expected, body, now).await??;
            if set.is_ok() {
                engine.tell_account(&identity, AccountNews::Profile);
            }
            Ok(set)
        })
        .await
    }
}

/// How often posting keys have taken key packages today.
#[derive(Default)]
pub(crate) struct Takings(Mutex<TakenToday>);

#[derive(Default)]
struct TakenToday {
    day: Day,
    /// By owner and posting key.
    counts: HashMap<(Ed25519Key, Ed25519Key), u32>,
}

/// A taking under way. It counts from the beginning on, so that many at once are not too many; but not if nothing comes of it: whoever
/// has no right to take would otherwise fill the table, and nobody be given fresh ones.
struct Taking<'a> {
    takings: &'a Takings,
    day: Day,
    pair: (Ed25519Key, Ed25519Key),
    /// Whether it may be given what is given once.
    fresh: bool,
    /// Whether it is taken back at the end.
    passing: bool,
}

impl Taking<'_> {
    /// Something was given.
    fn done(mut self) {
        self.passing = false;
    }
}

impl Drop for Taking<'_> {
    fn drop(&mut self) {
        if self.passing {
            self.takings.take_back(self.day, self.pair);
        }
    }
}

impl Takings {
    /// Counts one more. It is not fresh if it is one too many, or nothing more can be counted today.
    fn take(&self, owner: Ed25519Key, caller: Ed25519Key, now: Timestamp) -> Taking<'_> {
        let (day, pair) = (now.day(), (owner, caller));
        let mut today = self.lock();
        if today.day != day {
            *today = TakenToday { day, counts: HashMap::new() };
        }
        if today.counts.len() >= TAKERS_MAX && !today.counts.contains_key(&pair) {
            return Taking { takings: self, day, pair, fresh: false, passing: false };
        }
        let count = today.counts.entry(pair).or_default();
        *count = count.saturating_add(1);
        Taking { takings: self, day, pair, fresh: *count <= PACKAGES_PER_DAY, passing: true }
    }

    fn take_back(&self, day: Day, pair: (Ed25519Key, Ed25519Key)) {
        let mut today = self.lock();
        if today.day != day {
            return;
        }
        if let Some(count) = today.counts.get_mut(&pair) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                today.counts.remove(&pair);
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, TakenToday> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn allowed_list(list: &DeviceList) -> Result<(), Error> {
    if list.devices.len() > DEVICES_MAX || list.list.len() > LIST_BYTES_MAX {
        return Err(Error::TooLarge);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_given_nothing_is_not_counted() {
        let takings = Takings::default();
        let [owner, bob, mallory] = [1, 2, 3].map(|number| Ed25519Key::from_bytes([number; 32]).unwrap());
        let now = Timestamp::from_millis(86_400_000);
        for _ in 0..=PACKAGES_PER_DAY {
            assert!(takings.take(owner, mallory, now).fresh);
        }
        assert!(takings.lock().counts.is_empty());
        let under_way: Vec<_> = (0..PACKAGES_PER_DAY).map(|_| takings.take(owner, bob, now)).collect();
        assert!(under_way.iter().all(|taking| taking.fresh) && !takings.take(owner, bob, now).fresh);
        under_way.into_iter().for_each(Taking::done);
        assert!(!takings.take(owner, bob, now).fresh);
        assert!(takings.take(owner, bob, Timestamp::from_millis(2 * 86_400_000)).fresh);
    }
}
