//! What becomes of the messages that one client has sent together.

use super::message::Message;
use super::refusal::Refused;
use super::verify::Checked;
use tidings_core::{Caller, Draft, Envelope, EnvelopeId, Key, Label, Refusal, StreamName, Timestamp, WalletAddress};
use tidings_engine::{Engine, Post};

/// What the node calls the messages of this door.
const LABEL: &str = "denetwork";

/// A message that is to be acknowledged with success.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Posted {
    /// It is stored, and goes to the room.
    Accepted,
    /// It was known already, as after a retry.
    Known,
    /// It is older than anything that is kept, and was forgotten.
    Old,
}

/// What became of a message.
pub(super) type Outcome = Result<Posted, Refused>;

/// Messages that were sent together, in order. Those that were refused on the way stand beside those that are still to go.
#[derive(Default)]
pub(super) struct Posting {
    places: Vec<Place>,
    drafts: Vec<(WalletAddress, Draft)>,
}

enum Place {
    Refused(Refused),
    Draft(WalletAddress, EnvelopeId, Counted),
}

/// Whether a message counts against its wallet's rate already.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Counted {
    /// It was certainly new, so only its wallet can have sent it first.
    Before,
    /// It may be known already, and then anybody can have sent it: it counts if it is stored.
    WhenStored,
}

/// What became of messages.
pub(super) struct Ended {
    /// Of each, in order.
    pub(super) outcomes: Vec<Outcome>,
    /// Those that were to be stored and were not.
    pub(super) forgotten: Vec<EnvelopeId>,
    /// Whose messages were stored and are still to be counted, one entry for each.
    pub(super) stored: Vec<WalletAddress>,
}

impl Posting {
    /// One that is refused before anybody looked at it.
    pub(super) fn refuse(&mut self, refused: Refused) {
        self.places.push(Place::Refused(refused));
    }

    /// One that was verified; `allow` has the last word.
    pub(super) fn add(
        &mut self,
        (request, message): Checked,
        allow: impl FnOnce(&Message) -> Result<Counted, Refused>,
    ) {
        match message.and_then(|message| allow(&message).map(|counted| (message, counted))) {
            Ok((message, counted)) => {
                let Message { room, id, wallet, time } = message;
                let (label, body) = (Label::new(LABEL), Some(request.into_bytes().into_boxed_slice()));
                let draft = Draft { stream: room, id, label, body, notify: false, time: Some(time) };
                self.drafts.push((wallet, draft));
                self.places.push(Place::Draft(wallet, id, counted));
            }
            Err(refused) => self.refuse(refused),
        }
    }

    /// Room and id of each that will be posted.
    pub(super) fn drafts(&self) -> impl Iterator<Item = (&StreamName, EnvelopeId)> {
        self.drafts.iter().map(|(_, draft)| (&draft.stream, draft.id))
    }

    /// Posts what is to be posted: all consecutive ones of a wallet at once.
    pub(super) async fn post(self, engine: Engine, now: Timestamp) -> Ended {
        let mut posted = Vec::with_capacity(self.drafts.len());
        let mut drafts = self.drafts.into_iter().peekable();
        while let Some((wallet, draft)) = drafts.next() {
            let mut run = vec![draft];
            while let Some((_, draft)) = drafts.next_if(|(other, _)| *other == wallet) {
                run.push(draft);
            }
            let count = run.len();
            let caller = Caller::Key(Key::Wallet(wallet));
            match engine.accept(Post { caller, drafts: run, joined: None, blob: None }, now).await {
                Ok(outcomes) => posted.extend(outcomes.into_iter().map(outcome_of)),
                Err(error) => posted.extend(std::iter::repeat_n(Err(Refused::from(error)), count)),
            }
        }
        Ended::of(self.places, posted)
    }
}

impl Ended {
    /// Puts those that were posted between those that were refused before.
    fn of(places: Vec<Place>, posted: Vec<Outcome>) -> Self {
        let (mut outcomes, mut forgotten, mut stored) = (Vec::with_capacity(places.len()), Vec::new(), Vec::new());
        let mut posted = posted.into_iter();
        for place in places {
            let outcome = match place {
                Place::Refused(refused) => Err(refused),
                Place::Draft(wallet, id, counted) => {
                    let outcome = posted.next().unwrap_or(Err(Refusal::NotAccepted.into()));
                    match outcome {
                        Ok(Posted::Accepted) if counted == Counted::WhenStored => stored.push(wallet),
                        Ok(Posted::Accepted | Posted::Known) => {}
                        _ => forgotten.push(id),
                    }
                    outcome
                }
            };
            outcomes.push(outcome);
        }
        Self { outcomes, forgotten, stored }
    }
}

/// A repeat is a success, since clients send again what they have no answer to; so is what is too old to be kept.
fn outcome_of(outcome: Result<Envelope, Refusal>) -> Outcome {
    match outcome {
        Ok(_) => Ok(Posted::Accepted),
        Err(Refusal::Duplicate) => Ok(Posted::Known),
        Err(Refusal::TooOld) => Ok(Posted::Old),
        Err(refusal) => Err(refusal.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_outcome_stands_at_its_place() {
        let id = |number: u8| EnvelopeId::from_bytes([number; 16]);
        let wallet = |number: u8| WalletAddress::from_bytes([number; 20]);
        let refused = Refused::bad("why");
        let places = vec![
            Place::Draft(wallet(1), id(1), Counted::WhenStored),
            Place::Refused(refused),
            Place::Draft(wallet(2), id(2), Counted::WhenStored),
            Place::Draft(wallet(3), id(3), Counted::WhenStored),
            Place::Draft(wallet(4), id(4), Counted::Before),
            Place::Draft(wallet(5), id(5), Counted::Before),
        ];
        let full: Refused = Refusal::StreamFull.into();
        let posted = vec![Ok(Posted::Accepted), Ok(Posted::Known), Err(full), Ok(Posted::Old), Ok(Posted::Accepted)];
        let ended = Ended::of(places, posted);
        let expected =
            [Ok(Posted::Accepted), Err(refused), Ok(Posted::Known), Err(full), Ok(Posted::Old), Ok(Posted::Accepted)];
        assert_eq!(ended.outcomes, expected);
        // What is known may be on its way to its sender already, from an earlier sending; it is not wanted back either.
        assert_eq!(ended.forgotten, [id(3), id(4)]);
        assert_eq!(ended.stored, [wallet(1)]);
    }
}
