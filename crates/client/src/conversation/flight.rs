//! The one entry of this device that is on its way to the hub: sealed and kept, posted until the hub has it.

use super::Conversation;
use super::scene::Scene;
use super::slot::mls_fault;
use super::state::{EPOCHS_MAX, Flight, PLACED_MAX, POSTED_MAX, Placed, Post, push_bounded};
use super::step::{Appended, HubRequest};
use super::turn::{IN_FLIGHT_BYTES_MAX, POST_AGAIN, POST_LOST};
use crate::command::Fault;
use crate::entry::Payload;
use crate::records::Table;
use tidings_wire::api::{EntryKind, NewEntry};
use tidings_wire::bytes::{Blob, Fixed};
use tidings_wire::cbor;

/// Where the entry on its way is kept.
const FLIGHT: &[u8] = b"flight";

impl Conversation {
    /// Seals a message and posts it.
    pub(super) fn launch(
        &mut self,
        scene: &mut Scene<'_>,
        seq: u64,
        message: &[u8],
        notify: bool,
    ) -> Result<(), Fault> {
        let signer = self.signer(scene.me);
        self.group(scene)?;
        let Some(group) = self.group.as_mut() else { return Ok(()) };
        let mls = match group.seal(message, &signer, scene.random) {
            Ok(mls) => mls,
            // What others propose is committed first.
            Err(tidings_mls::Error::ProposalsPending) => return Ok(()),
            Err(error) => return Err(mls_fault(&error)),
        };
        let (epoch, turn) = (group.epoch(), self.state.turn);
        let mut request = self.seal_entry(scene, mls, turn)?;
        request.notify = notify;
        self.launch_entry(scene, request, seq);
        if seq > 0 {
            if !self.was_sealed(seq) {
                self.sealed_first(scene, seq)?;
            }
            push_bounded(&mut self.state().sealed, (seq, epoch), EPOCHS_MAX);
        }
        Ok(())
    }

    /// Whether a message of one's own was sealed lately, for whoever was there then.
    pub(super) fn was_sealed(&self, seq: u64) -> bool {
        self.state.sealed.iter().any(|(sealed, _)| *sealed == seq)
    }

    pub(super) fn launch_entry(&mut self, scene: &mut Scene<'_>, request: NewEntry, seq: u64) {
        scene.batch.put(self.record(Table::Conversation, FLIGHT), cbor::encode(&request));
        let post = Post { at: scene.now.saturating_add(POST_LOST), tries: 0 };
        let state = self.state();
        push_bounded(&mut state.posted, request.id, POSTED_MAX);
        state.flight = Some(Flight { id: request.id, seq, turn: request.turn, control: false, post });
        self.ask(scene, HubRequest::Append(request));
    }

    /// The entry for something that MLS has sealed in the present epoch.
    pub(super) fn seal_entry(&mut self, scene: &mut Scene<'_>, mls: Vec<u8>, turn: u64) -> Result<NewEntry, Fault> {
        let id: [u8; 16] = scene.draw();
        let group = self.group(scene)?;
        let payload = Payload { epoch: group.epoch(), tag: group.tag(), mls };
        let key = self.entry_key().ok_or(Fault::Passphrase)?;
        let body = Blob(key.seal_entry(&self.state.group, &id, &payload, scene.random));
        let kind = EntryKind::Message;
        Ok(NewEntry { id: Fixed(id), kind, turn, body, info: None, add: Vec::new(), remove: Vec::new(), notify: false })
    }

    pub(super) fn post_flight(&mut self, scene: &mut Scene<'_>) -> Result<(), Fault> {
        if self.state.lost.is_some() {
            return Ok(());
        }
        let request = scene.get(&self.record(Table::Conversation, FLIGHT))?;
        let request = request.and_then(|bytes| cbor::decode(&bytes, IN_FLIGHT_BYTES_MAX).ok());
        let now = scene.now;
        match (request, self.state().flight.as_mut()) {
            (Some(request), Some(flight)) => {
                flight.post.at = now.saturating_add(POST_LOST);
                self.ask(scene, HubRequest::Append(request));
            }
            _ => self.state().flight = None,
        }
        Ok(())
    }

    pub(super) fn forget_flight(&self, scene: &mut Scene<'_>) {
        scene.batch.remove(self.record(Table::Conversation, FLIGHT));
    }

    /// What is on its way was sealed in a group that is this device's no more: perhaps nobody can read it, so it is sealed again.
    pub(super) fn ground_flight(&mut self, scene: &mut Scene<'_>) {
        self.forget_flight(scene);
        let flight = self.state().flight.take();
        self.send_again(flight.map(|flight| flight.seq).filter(|seq| *seq > 0).into_iter().collect());
    }

    /// An append was answered: one's own commit, a message, an external commit, or something that was put back.
    pub fn appended(&mut self, scene: &mut Scene<'_>, entry: [u8; 16], outcome: Appended) {
        let is_commit = self.state.pending.as_ref().is_some_and(|pending| pending.id.0 == entry);
        let is_flight = self.state.flight.as_ref().is_some_and(|flight| flight.id.0 == entry);
        let outcome = if is_commit {
            self.commit_appended(scene, outcome)
        } else if is_flight {
            self.flight_appended(scene, outcome)
        } else {
            let known = self.external_appended(scene, &entry, &outcome);
            known.or_else(|| self.lost_appended(scene, &entry, &outcome));
            Ok(())
        };
        self.report(scene, outcome);
        self.settle(scene);
    }

    fn flight_appended(&mut self, scene: &mut Scene<'_>, outcome: Appended) -> Result<(), Fault> {
        let now = scene.now;
        let Some(flight) = self.state.flight.clone() else { return Ok(()) };
        match outcome {
            Appended::Placed { number, .. } => {
                if number > self.state.cursor {
                    let placed = Placed { number, id: flight.id, seq: flight.seq };
                    push_bounded(&mut self.state().placed, placed, PLACED_MAX);
                }
                let end = self.state.end.max(number);
                self.state().end = end;
                self.landed(scene, flight.seq)
            }
            Appended::Turn => {
                // Too old: written again in the present epoch, under the same number.
                self.forget_flight(scene);
                let state = self.state();
                state.flight = None;
                state.say.tried(now, POST_AGAIN);
                self.link.fetching = None;
                self.fetch_now(scene);
                Ok(())
            }
            Appended::Later => {
                if let Some(flight) = self.state().flight.as_mut() {
                    flight.post.tried(now, POST_AGAIN);
                }
                Ok(())
            }
            Appended::Refused(_) => self.flight_refused(scene, flight.seq),
        }
    }

    /// The hub will never take it.
    fn flight_refused(&mut self, scene: &mut Scene<'_>, seq: u64) -> Result<(), Fault> {
        self.forget_flight(scene);
        self.was_refused(scene);
        // Perhaps it was asked with a key that the hub does not know any more: nothing is said until it was looked at.
        self.link.unaccepted = true;
        let now = scene.now;
        let state = self.state();
        let control = state.flight.take().is_some_and(|flight| flight.control);
        state.say.tried(now, POST_AGAIN);
        if state.say.tries < 4 {
            return Ok(());
        }
        state.say = Post::default();
        if control {
            state.controls.pop_front();
        }
        state.outbox.retain(|waiting| *waiting != seq);
        let Some(written) = self.written(scene, seq)? else { return Ok(()) };
        if let Some((order, mut kept)) = self.find(scene, &written.id)? {
            kept.failed = true;
            self.rewrite(scene, order, &kept);
            self.say_changed(scene, written.id, false);
        }
        Ok(())
    }

    /// The hub has the message.
    pub(super) fn landed(&mut self, scene: &mut Scene<'_>, seq: u64) -> Result<(), Fault> {
        self.forget_flight(scene);
        let state = self.state();
        let control = state.flight.take().is_some_and(|flight| flight.control);
        state.say = Post::default();
        if control {
            state.controls.pop_front();
        }
        if seq == 0 {
            return Ok(());
        }
        state.outbox.retain(|waiting| *waiting != seq);
        if let Some(written) = self.written(scene, seq)? {
            self.say_changed(scene, written.id, false);
            if self.is_destroyed(scene, &written)? {
                scene.batch.remove(self.record(Table::Written, seq.to_be_bytes()));
            }
        }
        Ok(())
    }
}
