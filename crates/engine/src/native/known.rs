//! What the node keeps of an account, with when each of it goes; and whose node it is.

use crate::Engine;
use crate::error::Error;
use std::time::Duration;
use tidings_core::known::{Knowledge, KnownKind, KnownRow};
use tidings_core::ownership::OWNER;
use tidings_core::policy::Keep;
use tidings_core::swap::SWAP_GRACE;
use tidings_core::{Ed25519Key, StreamKind, Timestamp};

const DAY: Duration = Duration::from_secs(86_400);

impl Engine {
    /// All that is kept of an account, as of now. Fails with [`Error::NoAccount`].
    pub async fn known_of(&self, identity: Ed25519Key) -> Result<Knowledge, Error> {
        let mut found = self.inner.store.known(identity).await?.ok_or(Error::NoAccount)?;
        let (seen, retention) = (found.seen.or(found.created), &self.inner.retention);
        for rows in &mut found.rows {
            for row in &mut rows.rows {
                row.expires = match rows.kind {
                    KnownKind::Account => seen.map(|seen| at_midnight(seen, retention.accounts)),
                    KnownKind::Parcels => self.parcel_goes(row),
                    // One that was used or can't be used any more is kept as long: it is to be told apart from a wrong one.
                    KnownKind::Tokens => row.at.map(|at| at_midnight(at, retention.exchanges)),
                    // Whoever answered in time may still fetch the reply.
                    KnownKind::Exchanges => row.expires.map(|at| at.after(SWAP_GRACE)),
                    _ => row.expires,
                };
            }
        }
        Ok(found)
    }

    /// Whether this is the identity of the node's owner.
    pub async fn is_owner(&self, identity: Ed25519Key) -> Result<bool, Error> {
        let owner = self.inner.store.value(OWNER).await?;
        Ok(owner.is_some_and(|owner| owner == identity.as_bytes()))
    }

    fn parcel_goes(&self, row: &KnownRow) -> Option<Timestamp> {
        match self.policies().of(StreamKind::Inbox).keep {
            Keep::UntilTaken(age) => row.at.map(|at| at_midnight(at, age)),
            Keep::For(age) => row.at.map(|at| at.after(age)),
            Keep::Live | Keep::UntilDeleted => None,
        }
    }
}

/// When something goes whose age is counted in whole UTC days: at the first midnight that lies more than its age behind it
/// ([`Cutoffs::at`](tidings_core::retention::Cutoffs::at)).
fn at_midnight(from: Timestamp, age: Duration) -> Timestamp {
    from.day().start().after(age).after(DAY)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tidings_core::policy::Policies;
    use tidings_core::retention::{Cutoffs, Retention};

    #[test]
    fn what_is_said_is_when_the_sweeper_takes_it() {
        let made = Timestamp::from_millis(1_718_452_800_123);
        let goes = at_midnight(made, Retention::default().exchanges);
        let swept = |now| made < Cutoffs::at(now, &Policies::default(), &Retention::default()).exchanges;
        assert!(swept(goes) && !swept(goes.before(Duration::from_millis(1))));
    }
}
