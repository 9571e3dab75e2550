//! Setting a real server up: accounts and contacts at the start, parcels before a workload, an empty stage after it.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::call::Caller;
use crate::cast::{Cast, Waiting};
use crate::driver::{self, Plan};
use crate::error::{Error, Result};
use crate::figures::Figures;
use crate::script::Script;
use crate::sign::{self, Notary};

/// How often tidying looks whether something came up after all.
const MAX_ROUNDS: usize = 5;

/// A server with accounts that are ready to send and receive.
pub(crate) struct Stage {
    /// Who takes part.
    pub(crate) cast: Cast,
    caller: Caller,
    plan: Plan,
    notary: Option<Arc<Notary>>,
}

impl Stage {
    /// Accepts the invitation, invites everybody else and lets all recipients accept parcels from all senders.
    pub(crate) fn set(
        mut caller: Caller,
        invite: &str,
        (senders, recipients): (usize, usize),
        reuse: bool,
        plan: Plan,
    ) -> Result<Self> {
        let info = caller.call("GET /api/info", "", None)?;
        let server = sign::server_key(text(&info, "publicKey")?)?;
        let cast = Cast::random(caller.host().to_owned(), server, senders, recipients.max(1))?;
        let notary = (!reuse).then(|| Arc::new(cast.notary()));
        let mut stage = Self { cast, caller, plan, notary };
        stage.sign_up(token(invite))?;
        stage.set_contacts()?;
        Ok(stage)
    }

    fn sign_up(&mut self, invite: &str) -> Result<()> {
        let mut invite = invite.to_owned();
        let maker = self.cast.recipients.first().map(|maker| maker.headers(&self.cast.server)).transpose()?;
        let maker = maker.unwrap_or_default();
        for (place, recipient) in self.cast.recipients.iter().enumerate() {
            if place > 0 {
                let made = json!({"encryptedContact": "from the bench"});
                let made = self.caller.call("POST /api/contact-exchange", &maker, Some(&made))?;
                invite = text(&made, "oneTimeToken")?.to_owned();
            }
            let accept = json!({"userUuid": recipient.id(), "encryptedContact": "to the bench"});
            self.caller.call(&format!("POST /api/contact-exchange/{invite}/accept"), "", Some(&accept))?;
        }
        Ok(())
    }

    fn set_contacts(&mut self) -> Result<()> {
        let senders: Vec<&str> = self.cast.senders.iter().map(sign::Identity::id).collect();
        let contacts = json!({ "contacts": senders });
        for recipient in &self.cast.recipients {
            let headers = recipient.headers(&self.cast.server)?;
            self.caller.call("POST /api/account/contacts", &headers, Some(&contacts))?;
        }
        Ok(())
    }

    /// Who signs requests anew; none if signatures are used again.
    pub(crate) fn notary(&self) -> Option<Arc<Notary>> {
        self.notary.clone()
    }

    /// Fills all inboxes and gives the length of their lists, in bytes.
    pub(crate) fn fill(&mut self) -> Result<u64> {
        let script = self.cast.fillings()?;
        self.prepare(&script)?;
        let headers = self.cast.recipients.first().map(|first| first.headers(&self.cast.server)).transpose()?;
        let list = self.caller.call("GET /api/parcels", &headers.unwrap_or_default(), None)?;
        Ok(list.to_string().len() as u64)
    }

    /// Uploads so many parcels with attachments of the given size and gives all that wait now.
    pub(crate) fn upload(&mut self, size: usize, count: usize) -> Result<Vec<Waiting>> {
        let script = self.cast.uploads_once(size, count)?;
        self.prepare(&script)?;
        self.waiting()
    }

    /// Deletes whatever waits.
    pub(crate) fn tidy(&mut self) -> Result<()> {
        for _ in 0..MAX_ROUNDS {
            let waiting = self.waiting()?;
            if waiting.is_empty() {
                return Ok(());
            }
            self.prepare(&self.cast.deletions(&waiting)?)?;
        }
        Err(Error::Unusable("parcels keep coming up while they are deleted".to_owned()))
    }

    /// Runs a script that must succeed, outside of any measurement.
    fn prepare(&self, script: &Script) -> Result<Figures> {
        let figures = driver::drive(self.plan.untimed(), script)?;
        match figures.complaints.first_key_value() {
            Some((complaint, count)) => {
                Err(Error::Unusable(format!("preparing failed: {complaint} ({count} times); are the limits raised?")))
            }
            None => Ok(figures),
        }
    }

    /// All parcels that wait, taking turns between the recipients.
    fn waiting(&mut self) -> Result<Vec<Waiting>> {
        let mut numbered = Vec::new();
        for (recipient, identity) in self.cast.recipients.iter().enumerate() {
            let headers = identity.headers(&self.cast.server)?;
            let list = self.caller.call("GET /api/parcels", &headers, None)?;
            let parcels = list.as_array().ok_or(Error::Http("the list of parcels is none"))?;
            for (number, parcel) in parcels.iter().enumerate() {
                numbered.push((number, Waiting { recipient, id: text(parcel, "id")?.to_owned() }));
            }
        }
        numbered.sort_by_key(|(number, _)| *number);
        Ok(numbered.into_iter().map(|(_, waiting)| waiting).collect())
    }
}

fn text<'value>(value: &'value Value, name: &str) -> Result<&'value str> {
    value.get(name).and_then(Value::as_str).ok_or_else(|| Error::Unusable(format!("the answer has no {name:?}")))
}

/// The token in an invitation link, or the text itself if it is no link.
fn token(invite: &str) -> &str {
    let marks = |window: &str| {
        window.chars().enumerate().all(|(place, letter)| match place {
            8 | 13 | 18 | 23 => letter == '-',
            _ => letter.is_ascii_hexdigit() && !letter.is_ascii_uppercase(),
        })
    };
    let windows = (0..invite.len()).filter_map(|start| invite.get(start..start + 36));
    windows.filter(|window| window.is_ascii()).find(|window| marks(window)).unwrap_or(invite.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_token_in_a_link() {
        let id = "0123abcd-4567-4abc-8def-0123456789ab";
        let link = format!(
            "https://piqchat.net/#?exchange-url=https%3A%2F%2Finput_inbox_server_host%2Fapi%2Fcontact-exchange%2F{id}%2Faccept&exchange-key="
        );
        assert_eq!(token(&link), id);
        assert_eq!(token(id), id);
        assert_eq!(token(" another kind "), "another kind");
    }
}
