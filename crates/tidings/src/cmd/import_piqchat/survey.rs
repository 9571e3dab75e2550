//! Going through everything once without writing, to say what an import will do.

use super::dropped::{Dropped, Reason, Told};
use super::parcels::{self, Uploads};
use super::source::{PARCELS_IN_ORDER, Source, number};
use super::{Reading, people};
use crate::cmd::progress::{Hundredths, Shown};
use crate::failure::Failure;
use crate::output::counted;
use indicatif::HumanBytes;
use serde::Serialize;
use std::collections::HashSet;
use tidings_core::Key;

const STEP: &str = "looking at the parcels";

/// What will be taken over.
#[derive(Default)]
pub(super) struct Plan {
    pub(super) counts: Counts,
    /// Who has an account.
    pub(super) people: HashSet<Key>,
    /// The rows of the parcels, inbox by inbox, each in its order.
    pub(super) parcels: Vec<i64>,
    pub(super) dropped: Dropped,
}

/// The same in numbers.
#[derive(Clone, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Counts {
    pub(super) accounts: u64,
    pub(super) deleted_accounts: u64,
    pub(super) contacts: u64,
    pub(super) push_subscriptions: u64,
    pub(super) profile_backups: u64,
    pub(super) exchanges: u64,
    pub(super) parcels: u64,
    pub(super) attachments: u64,
    pub(super) attachment_bytes: u64,
}

/// Reads everything once.
pub(super) fn survey(
    source: &Source,
    uploads: &Uploads,
    reading: &Reading,
    shown: &mut Shown,
) -> Result<Plan, Failure> {
    let mut plan = Plan::default();
    let (counts, dropped, people) = (&mut plan.counts, &mut plan.dropped, &mut plan.people);
    people::users(source, reading.policy, dropped, |account| {
        match account.key {
            Some(key) => {
                people.insert(key);
                counts.accounts += 1;
            }
            None => counts.deleted_accounts += 1,
        }
        counts.contacts += u64::try_from(account.contacts.len()).unwrap_or(0);
        counts.push_subscriptions += u64::from(account.subscription.is_some());
        Ok(())
    })?;
    people::exchanges(source, reading.exchange_life, dropped, |_, _| {
        counts.exchanges += 1;
        Ok(())
    })?;
    let mut owners = HashSet::new();
    people::backups(source, people, dropped, |owner, _, _| {
        counts.profile_backups += u64::from(owners.insert(owner));
        Ok(())
    })?;
    people::received(source, dropped, |_, _| Ok(()))?;
    look_at_parcels(source, uploads, &mut plan, shown)?;
    Ok(plan)
}

fn look_at_parcels(source: &Source, uploads: &Uploads, plan: &mut Plan, shown: &mut Shown) -> Result<(), Failure> {
    let Plan { counts, people, parcels, dropped } = plan;
    source.rows(PARCELS_IN_ORDER, |row| {
        parcels.extend(number(row, 0));
        Ok(())
    })?;
    let (mut seen, mut hundredths) = (HashSet::new(), Hundredths::default());
    let of = u64::try_from(parcels.len()).unwrap_or(0);
    for (done, rowid) in (0u64..).zip(parcels.iter()) {
        hundredths.step(STEP, done, of).iter().for_each(|step| shown.step(step));
        let Some(parcel) = source.parcel(*rowid, |row| parcels::read(row, people, dropped))? else { continue };
        counts.parcels += 1;
        let Some(name) = parcel.attachment else { continue };
        match uploads.size(&name)? {
            None => dropped.note(Reason::Attachment, parcel.draft.id),
            Some(size) if !uploads.is_shared(&name) || seen.insert(name) => {
                counts.attachments += 1;
                counts.attachment_bytes = counts.attachment_bytes.saturating_add(size);
            }
            Some(_) => {}
        }
    }
    Ok(())
}

impl Plan {
    /// What will be taken over, and what not, in words.
    pub(super) fn lines(&self) -> Vec<String> {
        let counts = &self.counts;
        let mut lines = vec![
            format!(
                "{}, and the places of {}",
                counted(counts.accounts, "account"),
                counted(counts.deleted_accounts, "deleted one")
            ),
            format!(
                "{}, {}",
                counted(counts.contacts, "contact"),
                counted(counts.push_subscriptions, "push subscription")
            ),
            format!(
                "{}, {}",
                counted(counts.profile_backups, "profile backup"),
                counted(counts.exchanges, "contact exchange")
            ),
            format!(
                "{} with {} ({})",
                counted(counts.parcels, "waiting parcel"),
                counted(counts.attachments, "attachment"),
                HumanBytes(counts.attachment_bytes)
            ),
        ];
        let dropped = self.dropped.lines();
        if dropped.is_empty() {
            lines.push("nothing is left out".to_owned());
        }
        lines.extend(dropped);
        lines
    }

    /// What is not taken over, for JSON.
    pub(super) fn told(&self) -> Vec<Told> {
        self.dropped.told()
    }
}
