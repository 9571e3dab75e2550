//! Accounts: device lists, key packages, the allow-list, the profile.

use super::{Answered, Asked, ModelNode, Refused, done, made, no, yes};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use tidings_wire::api;
use tidings_wire::bytes::{Blob, Fixed, encode};
use tidings_wire::device_list::DeviceList;
use tidings_wire::failure::Code;
use tidings_wire::live::Changed;
use tidings_wire::signed::Signed;

#[derive(Clone, Default)]
pub(crate) struct Packages {
    pub waiting: VecDeque<Blob>,
    pub last_resort: Option<Blob>,
    /// What was given once is not taken again.
    given: BTreeSet<Vec<u8>>,
}

impl Packages {
    fn add(&mut self, packages: Vec<Blob>, last_resort: Option<Blob>) {
        for package in packages {
            let room = self.waiting.len() < api::PACKAGES_MAX;
            if room && !self.waiting.contains(&package) && !self.given.contains(&package.0) {
                self.waiting.push_back(package);
            }
        }
        self.last_resort = last_resort.or(self.last_resort.take());
    }

    /// The next, and whether it is the last resort.
    pub(crate) fn take(&mut self, fresh: bool) -> Option<(Blob, bool)> {
        let next = if fresh { self.waiting.pop_front() } else { None };
        if let Some(package) = next {
            self.given.insert(package.0.clone());
            return Some((package, false));
        }
        self.last_resort.clone().map(|package| (package, true))
    }
}

#[derive(Clone)]
pub(crate) struct Account {
    pub list: Signed<DeviceList>,
    pub packages: BTreeMap<Fixed<32>, Packages>,
    pub contacts: BTreeMap<Fixed<32>, bool>,
    pub inbox: Vec<api::Parcel>,
    pub last: u64,
    pub taken: BTreeMap<Fixed<32>, u64>,
    /// Devices that are pushed to.
    pub pushed: BTreeSet<Fixed<32>>,
    pub profile: Option<(u64, Blob)>,
    /// By posting key: a day, and how often packages were taken on it.
    pub takings: BTreeMap<Fixed<32>, (u64, u32)>,
    /// Hints for live connections.
    pub news: Vec<Changed>,
}

impl Account {
    pub(crate) fn forget_packages(&mut self) {
        self.packages.clear();
    }
}

impl ModelNode {
    /// The account that a device key belongs to.
    pub(crate) fn device(&mut self, asked: &Asked<'_>) -> Result<(Fixed<32>, &mut Account), Refused> {
        let key = asked.key()?;
        self.device_of(key).ok_or(Refused(403, Code::NotAccepted, Vec::new()))
    }

    pub(crate) fn device_of(&mut self, key: Fixed<32>) -> Option<(Fixed<32>, &mut Account)> {
        let found = self.accounts.iter_mut().find(|(_, account)| account.list.listed(&key).is_some());
        found.map(|(identity, account)| (*identity, account))
    }

    fn device_or_identity(&mut self, asked: &Asked<'_>) -> Result<(Fixed<32>, &mut Account), Refused> {
        let key = asked.key()?;
        if self.accounts.contains_key(&key) {
            return Ok((key, self.accounts.get_mut(&key).unwrap()));
        }
        self.device(asked)
    }

    pub(super) fn account_request(&mut self, asked: &Asked<'_>) -> Answered {
        match (asked.request.method, &asked.path[..]) {
            ("POST", ["accounts"]) => self.register(asked),
            ("DELETE", ["account"]) => match self.accounts.remove(&asked.key()?) {
                Some(_) => done(),
                None => no(403, Code::NotAccepted),
            },
            ("GET", ["account"]) => self.account(asked),
            ("PUT", ["devices"]) => self.put_devices(asked),
            ("GET", ["devices"]) => {
                let (_, account) = self.device_or_identity(asked)?;
                yes(200, &api::Devices { devices: Blob(account.list.bytes().to_vec()) })
            }
            ("PUT", ["key-packages"]) => {
                let new: api::NewPackages = asked.body()?;
                let key = asked.key()?;
                let (_, account) = self.device(asked)?;
                account.packages.entry(key).or_default().add(new.packages, new.last_resort);
                self.waiting(asked)
            }
            ("GET", ["key-packages"]) => self.waiting(asked),
            ("PUT", ["contacts"]) => {
                let new: api::Contacts = asked.body()?;
                let (_, account) = self.device(asked)?;
                account.contacts = new.contacts.into_iter().map(|contact| (contact.key, contact.drop)).collect();
                done()
            }
            ("GET", ["profile"]) => {
                asked.key()?;
                let stored = self.device_or_identity(asked).ok().and_then(|(_, account)| account.profile.clone());
                match stored {
                    Some((counter, body)) => tagged(yes(200, &api::Profile { counter, body }), counter),
                    None => no(404, Code::NotFound),
                }
            }
            ("PUT", ["profile"]) => self.put_profile(asked),
            ("PUT" | "DELETE", ["push"]) => {
                let device = asked.key()?;
                let (_, account) = self.device(asked)?;
                account.pushed.remove(&device);
                if asked.request.method == "PUT" {
                    account.pushed.insert(device);
                }
                done()
            }
            ("POST", ["push", "test"]) => {
                self.device(asked)?;
                yes(200, &api::PushTest { outcome: api::PushOutcome::None, message: String::new() })
            }
            ("POST", ["tokens"]) => {
                let new: api::NewToken = asked.body()?;
                self.device(asked)?;
                yes(201, &api::TokenMade { token: "let-me-in".to_owned(), expires: new.expires })
            }
            ("POST", ["wakes"]) => {
                self.device(asked)?;
                let (token, device) = (encode(&self.unguessable()), asked.key()?);
                self.wakes.insert(token.clone(), device);
                yes(201, &api::WakeUrl { url: format!("{}/v1/wakes/{token}", self.url) })
            }
            ("POST", ["wakes", token]) if self.wakes.contains_key(*token) => done(),
            _ => no(404, Code::NotFound),
        }
    }

    fn account(&mut self, asked: &Asked<'_>) -> Answered {
        let (identity, account) = self.device(asked)?;
        let profile = account.profile.as_ref().map_or(0, |(counter, _)| *counter);
        let devices = Blob(account.list.bytes().to_vec());
        let account = api::Account { identity, created: 0, devices, profile, blob_bytes: 0, blob_bytes_max: 1 << 30 };
        yes(200, &account)
    }

    fn register(&mut self, asked: &Asked<'_>) -> Answered {
        let new: api::NewAccount = asked.body()?;
        let identity = asked.key()?;
        let list = Signed::<DeviceList>::verify_by(&new.devices.0, &identity);
        let Ok(list) = list else { return no(400, Code::Malformed) };
        if let Some(account) = self.accounts.get(&identity) {
            return if account.list == list { made() } else { no(409, Code::Exists) };
        }
        if self.taken_by_others(&list) {
            return no(409, Code::Exists);
        }
        if !self.open && new.token.as_deref() != Some("let-me-in") {
            return no(403, Code::NotAccepted);
        }
        let account = Account {
            list,
            packages: BTreeMap::new(),
            contacts: BTreeMap::new(),
            inbox: Vec::new(),
            last: 0,
            taken: BTreeMap::new(),
            pushed: BTreeSet::new(),
            profile: None,
            takings: BTreeMap::new(),
            news: Vec::new(),
        };
        self.accounts.insert(identity, account);
        made()
    }

    /// Whether a device on the list is another account's.
    fn taken_by_others(&self, list: &DeviceList) -> bool {
        let others = self.accounts.iter().filter(|(identity, _)| **identity != list.identity);
        let listed = others.flat_map(|(_, account)| &account.list.devices);
        listed.into_iter().any(|device| list.listed(&device.key).is_some())
    }

    fn put_devices(&mut self, asked: &Asked<'_>) -> Answered {
        let new: api::Devices = asked.body()?;
        let identity = asked.key()?;
        let Ok(list) = Signed::<DeviceList>::verify_by(&new.devices.0, &identity) else {
            return no(400, Code::Malformed);
        };
        let taken = self.taken_by_others(&list);
        let Some(account) = self.accounts.get_mut(&identity) else { return no(403, Code::NotAccepted) };
        if account.list == list {
            return done();
        }
        if list.succeeds(&account.list).is_err() {
            let devices = Blob(account.list.bytes().to_vec());
            let stored = api::CounterTaken { error: Code::Counter, message: "counter".to_owned(), devices };
            return yes(409, &stored);
        }
        if taken {
            return no(409, Code::Exists);
        }
        // A device with another serial is another one.
        let stays =
            |device: &Fixed<32>| list.listed(device).is_some_and(|serial| account.list.listed(device) == Some(serial));
        account.packages.retain(|device, _| stays(device));
        account.taken.retain(|device, _| stays(device));
        account.pushed.retain(stays);
        let was = |device: &Fixed<32>| account.list.listed(device).is_some();
        self.wakes.retain(|_, device| !was(device) || stays(device));
        account.list = list;
        account.news.push(Changed::Devices);
        done()
    }

    fn waiting(&mut self, asked: &Asked<'_>) -> Answered {
        let key = asked.key()?;
        let incarnation = self.incarnation;
        let (_, account) = self.device(asked)?;
        let packages = account.packages.entry(key).or_default();
        let waiting = packages.waiting.len() as u64;
        yes(200, &api::PackagesWaiting { waiting, last_resort: packages.last_resort.is_some(), incarnation })
    }

    fn put_profile(&mut self, asked: &Asked<'_>) -> Answered {
        let new: api::NewProfile = asked.body()?;
        let expected =
            asked.header("if-match").and_then(|text| text.strip_prefix('"')?.strip_suffix('"')?.parse::<u64>().ok());
        let (_, account) = self.device(asked)?;
        let stored = account.profile.as_ref().map_or(0, |(counter, _)| *counter);
        let Some(expected) = expected else { return no(400, Code::Malformed) };
        if expected != stored {
            let same = account.profile.as_ref().is_some_and(|(_, body)| *body == new.body) && expected + 1 == stored;
            let changed = Refused(412, Code::Precondition, vec![("etag", format!("\"{stored}\""))]);
            return if same { tagged(yes(200, &api::Counter { counter: stored }), stored) } else { Err(changed) };
        }
        account.profile = Some((stored + 1, new.body));
        account.news.push(Changed::Profile);
        tagged(yes(200, &api::Counter { counter: stored + 1 }), stored + 1)
    }
}

/// With the counter of the profile.
fn tagged(answered: Answered, counter: u64) -> Answered {
    let mut answer = answered?;
    answer.headers.push(("etag".to_owned(), format!("\"{counter}\"")));
    Ok(answer)
}
