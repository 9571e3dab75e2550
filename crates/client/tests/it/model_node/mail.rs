//! Inboxes and exchanges.

use super::{Answered, Asked, ModelNode, Refused, done, fixed, made, no, yes};
use tidings_wire::api::{self, Exchange, ExchangeState};
use tidings_wire::bytes::{Blob, Fixed};
use tidings_wire::failure::Code;
use tidings_wire::live::Changed;

/// Who posts.
enum Poster {
    /// A device of the account.
    Own,
    /// A contact whose parcels are kept or dropped.
    Let {
        drop: bool,
    },
    Stranger,
}

/// How often a key is given a fresh package of each device in a day.
const PACKAGES_PER_DAY: u32 = 20;

impl ModelNode {
    pub(super) fn mail_request(&mut self, asked: &Asked<'_>) -> Answered {
        match (asked.request.method, &asked.path[..]) {
            ("GET", ["inbox"]) => {
                let (after, limit) = (asked.number("after"), asked.number("limit") as usize);
                let (_, account) = self.device(asked)?;
                let waiting = account.inbox.iter().filter(|parcel| parcel.number > after);
                let parcels = waiting.take(limit).cloned().collect();
                yes(200, &api::Inbox { parcels, end: account.last })
            }
            ("POST", ["inbox", "taken"]) => {
                let taken: api::TakenParcels = asked.body()?;
                let key = asked.key()?;
                let (_, account) = self.device(asked)?;
                let known = account.taken.entry(key).or_default();
                *known = (*known).max(taken.number.min(account.last));
                let devices: Vec<_> = account.list.devices.iter().map(|device| device.key).collect();
                let all = devices.iter().map(|key| account.taken.get(key).copied().unwrap_or_default()).min();
                account.inbox.retain(|parcel| parcel.number > all.unwrap_or_default());
                done()
            }
            ("POST", ["inboxes", who, "parcels"]) => self.post(asked, fixed(who)?),
            ("POST", ["inboxes", who, "key-packages"]) => self.take_packages(asked, fixed(who)?),
            ("GET", ["inboxes", who, "devices"]) => {
                let who = fixed(who)?;
                match self.poster(asked, who)? {
                    Poster::Stranger => no(403, Code::NotAccepted),
                    Poster::Own | Poster::Let { .. } => {
                        yes(200, &api::Devices { devices: Blob(self.accounts[&who].list.bytes().to_vec()) })
                    }
                }
            }
            (_, ["exchanges", ..]) => self.exchange_request(asked),
            _ => no(404, Code::NotFound),
        }
    }

    fn poster(&self, asked: &Asked<'_>, who: Fixed<32>) -> Result<Poster, Refused> {
        let key = asked.key()?;
        let Some(account) = self.accounts.get(&who) else { return Ok(Poster::Stranger) };
        if account.list.listed(&key).is_some() {
            return Ok(Poster::Own);
        }
        Ok(account.contacts.get(&key).map_or(Poster::Stranger, |drop| Poster::Let { drop: *drop }))
    }

    fn post(&mut self, asked: &Asked<'_>, who: Fixed<32>) -> Answered {
        let new: api::NewParcel = asked.body()?;
        match self.poster(asked, who)? {
            Poster::Stranger => no(403, Code::NotAccepted),
            Poster::Let { drop: true } => yes(201, &api::Placed { number: 0, at: asked.now }),
            poster => {
                let Some(number) = self.deliver(who, new.id, "parcel", new.body, asked.now) else {
                    return no(409, Code::Exists);
                };
                // Others do not learn how much comes in.
                let number = if matches!(poster, Poster::Own) { number } else { 0 };
                yes(201, &api::Placed { number, at: asked.now })
            }
        }
    }

    /// Gives its number; none if something else has this id.
    fn deliver(&mut self, who: Fixed<32>, id: Fixed<16>, label: &str, body: Blob, at: u64) -> Option<u64> {
        let account = self.accounts.get_mut(&who)?;
        if let Some(there) = account.inbox.iter().find(|parcel| parcel.id == id) {
            return (there.body == body).then_some(there.number);
        }
        account.last += 1;
        account.inbox.push(api::Parcel { number: account.last, id, at, label: label.to_owned(), body });
        Some(account.last)
    }

    fn take_packages(&mut self, asked: &Asked<'_>, who: Fixed<32>) -> Answered {
        let fresh = match self.poster(asked, who)? {
            Poster::Stranger => return no(403, Code::NotAccepted),
            Poster::Own => true,
            Poster::Let { drop } => !drop,
        };
        let (day, key) = (asked.now / 86_400_000, asked.key()?);
        let account = self.accounts.get_mut(&who).unwrap();
        let taken = account.takings.entry(key).or_default();
        *taken = if taken.0 == day { (day, taken.1 + 1) } else { (day, 1) };
        let fresh = fresh && taken.1 <= PACKAGES_PER_DAY;
        let devices: Vec<_> = account.list.devices.iter().map(|device| device.key).collect();
        let mut packages = Vec::new();
        for device in devices {
            let kept = account.packages.entry(device).or_default();
            let package = kept.take(fresh);
            packages.extend(package.map(|(package, last_resort)| api::Package { device, package, last_resort }));
        }
        yes(200, &api::TakenPackages { devices: Blob(account.list.bytes().to_vec()), packages })
    }

    fn exchange(&mut self, id: Fixed<16>, now: u64) -> Result<&mut (Fixed<32>, Exchange), Refused> {
        let found = self.exchanges.get_mut(&id).filter(|(_, exchange)| exchange.expires > now);
        found.ok_or(Refused(404, Code::NotFound, Vec::new()))
    }

    fn reply(&mut self, asked: &Asked<'_>, id: &str) -> Answered {
        let now = asked.now;
        let new: api::NewReply = asked.body()?;
        let (identity, _) = self.device(asked)?;
        let (maker, exchange) = self.exchange(fixed(id)?, now)?;
        if *maker != identity {
            return no(404, Code::NotFound);
        }
        if exchange.answer.is_none() {
            return no(412, Code::Precondition);
        }
        exchange.reply = Some(new.reply);
        exchange.state = ExchangeState::Replied;
        done()
    }

    fn exchange_request(&mut self, asked: &Asked<'_>) -> Answered {
        let now = asked.now;
        match (asked.request.method, &asked.path[..]) {
            ("POST", ["exchanges"]) => {
                let new: api::NewExchange = asked.body()?;
                let (identity, _) = self.device(asked)?;
                let exchange = Exchange {
                    id: new.id,
                    state: ExchangeState::Open,
                    offer: new.offer,
                    answer: None,
                    reply: None,
                    expires: new.expires,
                };
                let kept = self.exchanges.entry(new.id).or_insert((identity, exchange.clone()));
                if kept.0 == identity && kept.1.offer == exchange.offer { made() } else { no(409, Code::Exists) }
            }
            ("GET", ["exchanges"]) => {
                let (identity, _) = self.device(asked)?;
                let own = self.exchanges.values().filter(|(maker, one)| *maker == identity && one.expires > now);
                let bare =
                    |(_, one): &(_, Exchange)| Exchange { offer: None, answer: None, reply: None, ..one.clone() };
                yes(200, &api::Exchanges { exchanges: own.map(bare).collect() })
            }
            ("GET", ["exchanges", id]) => yes(200, &self.exchange(fixed(id)?, now)?.1.clone()),
            ("POST", ["exchanges", id, "answer"]) => {
                let new: api::NewAnswer = asked.body()?;
                let id: Fixed<16> = fixed(id)?;
                let (maker, exchange) = self.exchange(id, now)?;
                let maker = *maker;
                if let Some(there) = &exchange.answer {
                    return if *there == new.answer { done() } else { no(409, Code::Answered) };
                }
                exchange.answer = Some(new.answer.clone());
                exchange.state = ExchangeState::Answered;
                let body = Blob([&id.0[..], &new.answer.0].concat());
                let name = Fixed(self.unguessable()[..16].try_into().unwrap());
                self.deliver(maker, name, "answer", body, now);
                done()
            }
            ("PUT", ["exchanges", id, "reply"]) => self.reply(asked, id),
            ("DELETE", ["exchanges", id]) => {
                let (identity, account) = self.device(asked)?;
                account.news.push(Changed::Exchange);
                let id = fixed(id)?;
                if self.exchange(id, now)?.0 != identity {
                    return no(404, Code::NotFound);
                }
                self.exchanges.remove(&id);
                done()
            }
            _ => no(404, Code::NotFound),
        }
    }
}
