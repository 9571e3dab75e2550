//! What disappears: after a time, or once it was seen.

use super::Conversation;
use super::scene::Scene;
use crate::command::{Fault, Look};
use crate::content::{Content, To};
use crate::io::Time;
use crate::records::{Direction, RecordKey, Table};
use crate::view::MessageId;

/// How many are looked at together.
const CHUNK: usize = 64;
/// The longest that a message may stay after it was read, in milliseconds: a year.
const LONGEST: u64 = 365 * 24 * 3600 * 1000;

/// What is to happen to a message.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Due {
    /// It disappears.
    Message = 0,
    /// Its sender destroys what may be seen once.
    Once = 1,
    /// The time is over for which it could be looked at.
    Look = 2,
}

impl Due {
    fn read(byte: Option<&u8>) -> Option<Self> {
        match byte {
            Some(0) => Some(Self::Message),
            Some(1) => Some(Self::Once),
            Some(2) => Some(Self::Look),
            _ => None,
        }
    }
}

impl Conversation {
    pub(super) fn set_expiry(&mut self, scene: &mut Scene<'_>, at: Time, id: &MessageId, due: Due) {
        let order = [at.to_be_bytes().as_slice(), &id.0, &[due as u8]].concat();
        scene.batch.put(self.record(Table::Expiry, order), vec![due as u8]);
        let next = self.state.expiry_next.map_or(at, |next| next.min(at));
        self.state().expiry_next = Some(next);
    }

    /// The clock of a message that disappears some time after it was read.
    pub(super) fn start_clock(&mut self, scene: &mut Scene<'_>, id: &MessageId) -> Result<(), Fault> {
        let Some((order, mut kept)) = self.find(scene, id)? else { return Ok(()) };
        let Some(seconds) = kept.expire.filter(|_| kept.expires.is_none()) else { return Ok(()) };
        let at = scene.now.saturating_add(u64::from(seconds).saturating_mul(1000).min(LONGEST));
        kept.expires = Some(at);
        self.rewrite(scene, order, &kept);
        self.set_expiry(scene, at, id, Due::Message);
        self.say_changed(scene, *id, false);
        Ok(())
    }

    /// Destroys what is due.
    pub(super) fn expire(&mut self, scene: &mut Scene<'_>) -> Result<(), Fault> {
        if self.state.expiry_next.is_none_or(|next| next > scene.now) {
            return Ok(());
        }
        let owner = self.owner();
        loop {
            let page = scene.scan(Table::Expiry, &owner, None, Direction::Up, CHUNK)?;
            let whole = page.len() == CHUNK;
            for (order, value) in page {
                let at = order.first_chunk::<8>().map_or(0, |at| u64::from_be_bytes(*at));
                if at > scene.now {
                    self.state().expiry_next = Some(at);
                    return Ok(());
                }
                scene.batch.remove(RecordKey::new(Table::Expiry, owner, order.clone()));
                let id = order.get(8..24).and_then(|id| id.try_into().ok()).map(MessageId);
                if let (Some(id), Some(due)) = (id, Due::read(value.first())) {
                    self.expire_one(scene, &id, due)?;
                }
            }
            if !whole {
                self.state().expiry_next = None;
                return Ok(());
            }
        }
    }

    fn expire_one(&mut self, scene: &mut Scene<'_>, id: &MessageId, due: Due) -> Result<(), Fault> {
        let Some((order, kept)) = self.find(scene, id)? else { return Ok(()) };
        match due {
            Due::Message => {
                self.uncount(&kept);
                let mine = kept.mine;
                self.destroy(scene, order, kept, None, mine);
            }
            Due::Once if !kept.gone => {
                let leave = Self::scrubbed(&kept);
                self.destroy(scene, order, kept, leave, true);
            }
            Due::Look if !kept.gone => self.look_over(scene, order, kept)?,
            Due::Once | Due::Look => {}
        }
        Ok(())
    }

    /// It was seen: destroyed here, and said, so that it is destroyed everywhere.
    fn look_over(&mut self, scene: &mut Scene<'_>, order: Vec<u8>, kept: super::history::Kept) -> Result<(), Fault> {
        let (id, pair) = (kept.id, self.state.other.is_some());
        let leave = Self::scrubbed(&kept);
        self.destroy(scene, order, kept, leave, pair);
        if !self.state.own.left && self.state.phase != super::state::Phase::Out {
            self.write_message(scene, Content::Viewed(To { to: id }), None)?;
        }
        Ok(())
    }

    /// The file of a message was fetched and shown. What may be seen once is destroyed now; what may be seen for some seconds,
    /// when they are over.
    pub fn opened(&mut self, scene: &mut Scene<'_>, id: &MessageId) -> Result<(), Fault> {
        let (order, kept) = self.find(scene, id)?.ok_or_else(|| Fault::Unknown("this message".to_owned()))?;
        if let Some(Content::Media(media)) =
            kept.message().map(|message| message.content).filter(|_| !kept.mine && !kept.gone)
        {
            match media.view {
                Look::Keep => {}
                Look::Once => self.look_over(scene, order, kept)?,
                Look::Seconds(seconds) => {
                    let at = scene.now.saturating_add(u64::from(seconds) * 1000);
                    self.set_expiry(scene, at, id, Due::Look);
                }
            }
        }
        self.settle(scene);
        Ok(())
    }
}
