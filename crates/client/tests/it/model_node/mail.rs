//! Inboxes and exchanges.

use super::{Answered, Asked, ModelNode, Refused, done, fixed, no, yes};
use tidings_wire::api::{self, Exchange, ExchangeState};
use tidings_wire::bytes::{Blob, Fixed};
use tidings_wire::failure::Code;
use tidings_wire::live::Changed;

/// Who posts.
enum Poster {
    /// A contact whose parcels are kept or dropped, or a device of the account.
    Let {
        drop: bool,
    },
    Stranger,
}

impl ModelNode {
    pub(super) fn mail_request(&mut self, asked: &Asked<'_>) -> Answered {
        match (asked.request.method, &asked.path[..]) {
            ("GET", ["inbox"]) => {
                let after = asked.number("after");
                let (_, account) = self.device(asked)?;
                let parcels = account.inbox.iter().filter(|parcel| parcel.number > after).cloned().collect();
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
                    Poster::Let { .. } => {
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
            return Ok(Poster::Let { drop: false });
        }
        Ok(account.contacts.get(&key).map_or(Poster::Stranger, |drop| Poster::Let { drop: *drop }))
    }

    fn post(&mut self, asked: &Asked<'_>, who: Fixed<32>) -> Answered {
        let new: api::NewParcel = asked.body()?;
        match self.poster(asked, who)? {
            Poster::Stranger => no(403, Code::NotAccepted),
            Poster::Let { drop: true } => yes(201, &api::Placed { number: 0, at: asked.now }),
            Poster::Let { drop: false } => {
                let number = self.deliver(who, new.id, "parcel", new.body, asked.now);
                yes(201, &api::Placed { number, at: asked.now })
            }
        }
    }

    fn deliver(&mut self, who: Fixed<32>, id: Fixed<16>, label: &str, body: Blob, at: u64) -> u64 {
        let Some(account) = self.accounts.get_mut(&who) else { return 0 };
        if let Some(there) = account.inbox.iter().find(|parcel| parcel.id == id) {
            return there.number;
        }
        account.last += 1;
        account.inbox.push(api::Parcel { number: account.last, id, at, label: label.to_owned(), body });
        account.last
    }

    fn take_packages(&mut self, asked: &Asked<'_>, who: Fixed<32>) -> Answered {
        if matches!(self.poster(asked, who)?, Poster::Stranger) {
            return no(403, Code::NotAccepted);
        }
        let account = self.accounts.get_mut(&who).unwrap();
        let devices: Vec<_> = account.list.devices.iter().map(|device| device.key).collect();
        let mut packages = Vec::new();
        for device in devices {
            let kept = account.packages.entry(device).or_default();
            let one = kept.waiting.pop_front().map(|package| (package, false));
            if let Some((package, last_resort)) =
                one.or_else(|| kept.last_resort.clone().map(|package| (package, true)))
            {
                packages.push(api::Package { device, package, last_resort });
            }
        }
        yes(200, &api::TakenPackages { devices: Blob(account.list.bytes().to_vec()), packages })
    }

    fn exchange(&mut self, id: Fixed<16>, now: u64) -> Result<&mut (Fixed<32>, Exchange), Refused> {
        let found = self.exchanges.get_mut(&id).filter(|(_, exchange)| exchange.expires > now);
        found.ok_or(Refused(404, Code::NotFound, Vec::new()))
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
                if kept.0 == identity && kept.1.offer == exchange.offer { yes(201, &()) } else { no(409, Code::Exists) }
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
            ("PUT", ["exchanges", id, "reply"]) => {
                let new: api::NewReply = asked.body()?;
                self.device(asked)?;
                let (_, exchange) = self.exchange(fixed(id)?, now)?;
                exchange.reply = Some(new.reply);
                exchange.state = ExchangeState::Replied;
                done()
            }
            ("DELETE", ["exchanges", id]) => {
                let (identity, account) = self.device(asked)?;
                account.news.push(Changed::Exchange);
                let id = fixed(id)?;
                if self.exchanges.get(&id).is_some_and(|(maker, _)| *maker == identity) {
                    self.exchanges.remove(&id);
                }
                done()
            }
            _ => no(404, Code::NotFound),
        }
    }
}
