//! Parcels to others: what they carry, signed and sealed.

use super::Client;
use super::jobs::{Job, WELCOME_WAITS};
use super::turn::Turn;
use crate::conversation::step::ParcelBody;
use crate::parcel::{self, Parcel};
use crate::view::Identity;
use serde_bytes::ByteBuf;
use tidings_wire::bytes::Fixed;
use tidings_wire::signed::Signed;

impl Client {
    /// Posts something at somebody's inbox, until it is accepted or the person is no contact any more.
    pub(super) fn post_parcel(&mut self, turn: &mut Turn<'_>, to: &Identity, body: ParcelBody) {
        let Some(own) = &self.own else { return };
        let inbox = if own.identity() == *to {
            own.secrets.inbox_public()
        } else {
            let card = self.book.contact(to).and_then(|(person, _)| person.card.as_ref());
            let Some(card) = card else { return };
            card.inbox
        };
        let notify = matches!(body, ParcelBody::Welcome { .. });
        // A device of one's own finds the conversation in the profile.
        let again = if notify && own.identity() != *to { WELCOME_WAITS.len() as u8 } else { 0 };
        let parcel = Parcel { from: own.identity(), to: *to, at: turn.now, body: Some(body) };
        let signed = Signed::sign(parcel, &own.secrets.identity_key());
        let sealed = signed.ok().and_then(|signed| parcel::seal(&signed, &inbox, turn.random).ok());
        let Some(sealed) = sealed else {
            return self.warn(turn, "something for a contact was too large to be sent");
        };
        let id = Fixed(turn.bytes());
        let job = Job::Parcel {
            to: *to,
            id,
            body: ByteBuf::from(sealed),
            notify,
            refused: 0,
            since: turn.now,
            again,
            due: 0,
        };
        self.add_job(turn, job);
    }
}
