//! Inboxes that several devices read.

use super::bytes;
use crate::Engine;
use crate::accept::to_the_end;
use crate::error::Error;
use std::sync::Arc;
use tidings_core::denial::Denial;
use tidings_core::parcel::{Kept, NewParcel, PARCEL_BYTES_MAX, ParcelPosting, Placed};
use tidings_core::ports::native::inbox_of;
use tidings_core::presence::Presence;
use tidings_core::{Ed25519Key, Envelope, Seq, Timestamp};

/// Parcels deleted in one transaction at most, so that nobody waits long behind it.
const ROUND: usize = 200;

impl Engine {
    /// Posts a parcel. The same again gets the same answer. Number 0 is answered for what is dropped. Fails with [`Error::Refused`] for
    /// strangers and full inboxes, [`Error::TooLarge`], and [`Error::Exists`] for another content under a known id.
    pub async fn post_parcel(&self, parcel: NewParcel, now: Timestamp) -> Result<Placed, Error> {
        if parcel.body.len() > PARCEL_BYTES_MAX {
            return Err(Error::TooLarge);
        }
        self.allow_stored(bytes(parcel.body.len()), now)?;
        let engine = self.clone();
        to_the_end(async move {
            let owner = parcel.owner;
            let (policy, presences) = (engine.policies().inbox, Arc::clone(&engine.inner.presences));
            let kept = engine.inner.store.post_parcel(ParcelPosting { parcel, policy, presences, now }).await?;
            metrics::counter!("tidings_parcels_total", "outcome" => outcome(kept.as_ref())).increment(1);
            Ok(match kept? {
                Kept::New { envelope, knocks } => engine.tell_parcel(&owner, envelope, knocks),
                Kept::Before(placed) => placed,
                Kept::Dropped => Placed { number: 0, at: now },
            })
        })
        .await
    }

    /// Tells all who read the inbox of what has come into it.
    pub(super) fn tell_parcel(&self, owner: &Ed25519Key, envelope: Envelope, knocks: bool) -> Placed {
        let placed = Placed { number: u64::try_from(envelope.seq.number()).unwrap_or(0), at: envelope.at };
        self.announce(inbox_of(owner), envelope, true);
        if knocks {
            self.tell_knocks();
        }
        placed
    }

    /// Notes that a device has everything up to `number`, and deletes what all devices have. Fails with [`Error::NoAccount`].
    pub async fn parcels_taken(&self, device: Ed25519Key, number: u64) -> Result<(), Error> {
        let engine = self.clone();
        to_the_end(async move {
            let number = Seq::from_number(i64::try_from(number).unwrap_or(i64::MAX));
            let owner = engine.inner.store.note_taken(device, number).await??;
            engine.clear_taken(owner).await
        })
        .await
    }

    /// Deletes what all devices of an account have.
    pub(super) async fn clear_taken(&self, owner: Ed25519Key) -> Result<(), Error> {
        loop {
            let cleared = self.inner.store.clear_taken(owner, ROUND).await?;
            let stream = inbox_of(&owner);
            cleared.places.iter().for_each(|place| self.inner.tail.remove(&stream, *place));
            if !cleared.more {
                return Ok(());
            }
        }
    }

    /// While what this gives lives, the device needs no push: it follows its inbox.
    pub fn following_inbox(&self, device: Ed25519Key) -> Presence {
        self.inner.presences.enter_inbox(device)
    }
}

/// What became of a parcel, in a word. Who is blocked must not see it, and a node's owner need not.
fn outcome(kept: Result<&Kept, &Denial>) -> &'static str {
    match kept {
        Ok(Kept::New { .. } | Kept::Dropped) => "accepted",
        Ok(Kept::Before(_)) => "repeated",
        Err(_) => "refused",
    }
}
