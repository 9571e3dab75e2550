//! Accounts: identities that are registered at this node.

use crate::key::Key;
use crate::time::Timestamp;
use std::time::Duration;

/// The number of an account's row, counted from 1 and never used twice. It stays when the account is deleted, so that the
/// invite tree holds together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccountNumber(i64);

impl AccountNumber {
    /// Takes the number as stored.
    pub fn from_number(number: i64) -> Self {
        Self(number)
    }

    /// The number.
    pub fn number(self) -> i64 {
        self.0
    }
}

/// A registered identity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Its row.
    pub number: AccountNumber,
    /// Its key.
    pub key: Key,
    /// Whose invitation made it; none if the node's owner's did.
    pub creator: Option<AccountNumber>,
    /// When it was made; unknown for some imported ones.
    pub created_at: Option<Timestamp>,
    /// When its owner last looked into the inbox.
    pub seen_at: Option<Timestamp>,
    /// What its owner's client called itself then.
    pub client_version: Option<String>,
    /// Whether it wants push notifications.
    pub subscribed: bool,
}

/// A row of the invite tree. The key is none for deleted accounts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invited {
    /// Its row.
    pub number: AccountNumber,
    /// Its key, unless the account was deleted.
    pub key: Option<Key>,
    /// Whose invitation made it.
    pub creator: Option<AccountNumber>,
    /// When its owner last looked into the inbox.
    pub seen_at: Option<Timestamp>,
    /// What its owner's client called itself then.
    pub client_version: Option<String>,
}

/// What changed of an account, for its devices that listen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccountNews {
    /// The profile.
    Profile,
    /// The device list.
    Devices,
    /// An exchange.
    Exchange,
}

impl AccountNews {
    /// In a word (docs/protocol/node.md, Live).
    pub fn word(self) -> &'static str {
        match self {
            Self::Profile => "profile",
            Self::Devices => "devices",
            Self::Exchange => "exchange",
        }
    }
}

/// How long ago somebody was last seen, coarsely, so that it tells friends enough and strangers little
/// (wire/piqchat.md, section 7).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    /// Not once.
    Never,
    /// More than 31 days ago.
    LongTime,
    /// More than 7 days ago.
    WithinMonth,
    /// More than 2 days ago.
    WithinWeek,
    /// In the last two days.
    Recently,
}

impl Presence {
    /// The presence at `now` of somebody last seen at `seen_at`.
    pub fn of(seen_at: Option<Timestamp>, now: Timestamp) -> Self {
        const DAY: Duration = Duration::from_secs(86_400);
        match seen_at.map(|seen| now.since(seen)) {
            None => Self::Never,
            Some(age) if age > 31 * DAY => Self::LongTime,
            Some(age) if age > 7 * DAY => Self::WithinMonth,
            Some(age) if age > 2 * DAY => Self::WithinWeek,
            Some(_) => Self::Recently,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::DAY_MS;

    #[test]
    fn presence_fades_at_the_exact_ages() {
        let now = Timestamp::from_millis(100 * DAY_MS);
        assert_eq!(Presence::of(None, now), Presence::Never);
        for (days, at_limit, beyond) in [
            (2, Presence::Recently, Presence::WithinWeek),
            (7, Presence::WithinWeek, Presence::WithinMonth),
            (31, Presence::WithinMonth, Presence::LongTime),
        ] {
            let seen = |extra| Some(Timestamp::from_millis((100 - days) * DAY_MS - extra));
            assert_eq!(Presence::of(seen(0), now), at_limit);
            assert_eq!(Presence::of(seen(1), now), beyond);
        }
        assert_eq!(Presence::of(Some(now.after(Duration::from_secs(9))), now), Presence::Recently);
    }
}
