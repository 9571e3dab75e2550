//! Users, contact exchanges, profile backups and statistics, read as what they become. Used twice: to say what will be done, and to
//! do it.

use super::dropped::{Dropped, Reason};
use super::source::{BACKUPS, COUNTS, EXCHANGES, Source, USERS, is_set, number, text, time};
use crate::failure::Failure;
use rusqlite::Row;
use serde_json::Value;
use std::collections::HashSet;
use std::time::Duration;
use tidings_backends::sqlite::import::ImportedAccount;
use tidings_core::{AccountNumber, BoxKey, Day, Exchange, ExchangeState, Key, Timestamp, TokenHash};
use tidings_doors::outbound::AddressPolicy;
use tidings_doors::webpush::Subscription;

/// Reads all users, by number. Deleted ones, and those that nobody can be, have no key.
pub(super) fn users(
    source: &Source,
    policy: AddressPolicy,
    dropped: &mut Dropped,
    mut each: impl FnMut(ImportedAccount) -> Result<(), Failure>,
) -> Result<(), Failure> {
    source.rows(USERS, |row| match number(row, 0).filter(|number| *number > 0) {
        Some(number) => each(user(row, number, policy, dropped)),
        None => {
            dropped.note(Reason::User, text(row, 1).unwrap_or_default());
            Ok(())
        }
    })
}

fn user(row: &Row<'_>, id: i64, policy: AddressPolicy, dropped: &mut Dropped) -> ImportedAccount {
    let creator = number(row, 7).map(AccountNumber::from_number);
    let hole = ImportedAccount { number: id, creator, ..ImportedAccount::default() };
    if !is_set(row, 1) {
        return hole;
    }
    let name = text(row, 1).unwrap_or_default();
    let Ok(key) = BoxKey::parse(name) else {
        dropped.note(Reason::User, name);
        return hole;
    };
    let mut moment = |column| {
        let found = time(row, column);
        if found.is_none() && is_set(row, column) {
            dropped.note(Reason::Time, name);
        }
        found
    };
    let (seen_at, created_at) = (moment(5), moment(6));
    ImportedAccount {
        key: Some(Key::Box(key)),
        created_at,
        seen_at,
        client_version: text(row, 4).map(str::to_owned),
        subscription: subscription(row, policy).unwrap_or_else(|()| {
            dropped.note(Reason::Subscription, name);
            None
        }),
        contacts: contacts(row, name, dropped),
        ..hole
    }
}

/// The push subscription as the door keeps it; none if there is none, an error if it can't be used.
fn subscription(row: &Row<'_>, policy: AddressPolicy) -> Result<Option<String>, ()> {
    if !is_set(row, 2) {
        return Ok(None);
    }
    let text = text(row, 2).ok_or(())?;
    let unsubscribed = match serde_json::from_str::<Value>(text).map_err(drop)? {
        Value::Null => true,
        Value::Object(fields) => !fields.contains_key("endpoint"),
        _ => false,
    };
    if unsubscribed {
        return Ok(None);
    }
    let checked = Subscription::from_json(text, policy).and_then(|subscription| subscription.to_json());
    checked.map(Some).map_err(drop)
}

/// The allow-list, each contact once.
fn contacts(row: &Row<'_>, owner: &str, dropped: &mut Dropped) -> Vec<Key> {
    if !is_set(row, 3) {
        return Vec::new();
    }
    let parsed = text(row, 3).and_then(|text| serde_json::from_str(text).ok());
    let listed = match parsed {
        Some(Value::Array(listed)) => listed,
        Some(Value::Null) => return Vec::new(),
        _ => {
            dropped.note(Reason::ContactList, owner);
            return Vec::new();
        }
    };
    let mut seen = HashSet::new();
    let mut contacts = Vec::new();
    for contact in listed {
        match contact.as_str().map(BoxKey::parse) {
            Some(Ok(key)) if seen.insert(key) => contacts.push(Key::Box(key)),
            Some(Ok(_)) => {}
            _ => dropped.note(Reason::Contact, owner),
        }
    }
    contacts
}

/// Reads all contact exchanges. They expire as long after their making as `life` says.
pub(super) fn exchanges(
    source: &Source,
    life: Duration,
    dropped: &mut Dropped,
    mut each: impl FnMut(TokenHash, Exchange) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let mut seen = HashSet::new();
    source.rows(EXCHANGES, |row| match exchange(row, life) {
        Some((token, exchange)) if seen.insert(*token.as_bytes()) => each(token, exchange),
        _ => {
            // Tokens are secrets; the time of making says enough.
            dropped.note(Reason::Exchange, text(row, 3).unwrap_or_default());
            Ok(())
        }
    })
}

fn exchange(row: &Row<'_>, life: Duration) -> Option<(TokenHash, Exchange)> {
    let state = match text(row, 0)? {
        "INITIATED" => ExchangeState::Initiated,
        "ACCEPTED" => ExchangeState::Accepted,
        _ => return None,
    };
    let created_at = time(row, 3)?;
    let maker = match is_set(row, 4) {
        true => Some(AccountNumber::from_number(number(row, 4)?)),
        false => None,
    };
    let text_of = text(row, 2).map(str::to_owned);
    let exchange = Exchange { state, maker, text: text_of, created_at, expires_at: created_at.after(life) };
    Some((TokenHash::of(text(row, 1)?), exchange))
}

/// Reads the profile backups of `people`, the newest of each last.
pub(super) fn backups(
    source: &Source,
    people: &HashSet<Key>,
    dropped: &mut Dropped,
    mut each: impl FnMut(Key, &str, Timestamp) -> Result<(), Failure>,
) -> Result<(), Failure> {
    source.rows(BACKUPS, |row| {
        let name = text(row, 0).unwrap_or_default();
        let owner = BoxKey::parse(name).ok().map(Key::Box).filter(|key| people.contains(key));
        match (owner, text(row, 1), time(row, 2)) {
            (Some(owner), Some(content), Some(at)) => each(owner, content, at),
            _ => {
                dropped.note(Reason::Backup, name);
                Ok(())
            }
        }
    })
}

/// Reads how many parcels were received on each day.
pub(super) fn received(
    source: &Source,
    dropped: &mut Dropped,
    mut each: impl FnMut(Day, u64) -> Result<(), Failure>,
) -> Result<(), Failure> {
    source.rows(COUNTS, |row| {
        let day = text(row, 0).and_then(Day::parse_iso);
        match (day, number(row, 1).and_then(|count| u64::try_from(count).ok())) {
            (Some(day), Some(count)) => each(day, count),
            _ => {
                dropped.note(Reason::Day, text(row, 0).unwrap_or_default());
                Ok(())
            }
        }
    })
}
