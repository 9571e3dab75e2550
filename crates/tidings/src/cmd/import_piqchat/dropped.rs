//! What is not taken over, and why.

use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt::Display;

/// Names that are given for each reason.
const NAMES_MAX: usize = 10;

/// Why something is not taken over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Reason {
    /// A user's id is no key.
    User,
    /// A list of contacts can't be read.
    ContactList,
    /// A contact is no key.
    Contact,
    /// A push subscription can't be used.
    Subscription,
    /// A time can't be read.
    Time,
    /// A contact exchange can't be read.
    Exchange,
    /// A profile backup has no content, or belongs to nobody.
    Backup,
    /// A day of the statistics can't be read.
    Day,
    /// A parcel's recipient has no account.
    Recipient,
    /// A parcel's sender is no key.
    Sender,
    /// Something else of a parcel can't be read.
    Parcel,
    /// A parcel's attachment is not there; the parcel is taken over without.
    Attachment,
}

impl Reason {
    /// What happens, in words that follow a number.
    fn words(self) -> &'static str {
        match self {
            Self::User => "users whose ids are no keys: nobody can sign with them (their numbers stay as gaps)",
            Self::ContactList => "lists of contacts that can't be read: left empty (the users named here)",
            Self::Contact => "contacts that are no keys: left out (of the users named here)",
            Self::Subscription => "push subscriptions that can't be used: left out (of the users named here)",
            Self::Time => "times of users that can't be read: left out (of the users named here)",
            Self::Exchange => "contact exchanges that can't be read: left out",
            Self::Backup => "profile backups that belong to nobody or can't be read: left out",
            Self::Day => "days of the statistics that can't be read: left out",
            Self::Recipient => "parcels whose recipients have no account: left out",
            Self::Sender => "parcels whose senders are no keys: left out",
            Self::Parcel => "parcels whose id, type or time can't be read: left out",
            Self::Attachment => "parcels whose attachments are lost: taken over without them",
        }
    }
}

/// Counts by reason.
#[derive(Default)]
pub(super) struct Dropped(BTreeMap<Reason, (u64, Vec<String>)>);

/// A reason as it is told.
#[derive(Serialize)]
pub(super) struct Told {
    reason: Reason,
    count: u64,
    /// The first of them.
    names: Vec<String>,
}

impl Dropped {
    /// One more.
    pub(super) fn note(&mut self, reason: Reason, name: impl Display) {
        let (count, names) = self.0.entry(reason).or_default();
        *count += 1;
        if names.len() < NAMES_MAX {
            names.push(printable(&name.to_string()));
        }
    }

    /// How many there are for a reason.
    pub(super) fn count(&self, reason: Reason) -> u64 {
        self.0.get(&reason).map_or(0, |(count, _)| *count)
    }

    /// All of them, for JSON.
    pub(super) fn told(&self) -> Vec<Told> {
        let told = |(reason, (count, names)): (&Reason, &(u64, Vec<String>))| Told {
            reason: *reason,
            count: *count,
            names: names.clone(),
        };
        self.0.iter().map(told).collect()
    }

    /// All of them, a line each.
    pub(super) fn lines(&self) -> Vec<String> {
        let line = |(reason, (count, names)): (&Reason, &(u64, Vec<String>))| {
            let more = if *count > u64::try_from(names.len()).unwrap_or(0) { ", …" } else { "" };
            format!("{count} {}: {}{more}", reason.words(), names.join(", "))
        };
        self.0.iter().map(line).collect()
    }
}

/// A name from a foreign database, short and without anything that moves a terminal's cursor.
fn printable(name: &str) -> String {
    const CHARACTERS_MAX: usize = 48;
    let plain = name.chars().map(|c| if c.is_control() { '?' } else { c });
    let mut short: String = plain.take(CHARACTERS_MAX).collect();
    if short.len() < name.len() {
        short.push('…');
    }
    if short.is_empty() { "(none)".to_owned() } else { short }
}
