//! Looking through what was said, and the archive of it (docs/protocol/profile.md).

use super::Conversation;
use super::history::{Body, Kept, order_of};
use super::scene::{People, Scene};
use crate::command::Fault;
use crate::content::Message;
use crate::io::Time;
use crate::profile::Archived;
use crate::records::{Direction, Records, Table};
use crate::view::MessageView;
use tidings_wire::bytes::{Blob, Fixed};
use tidings_wire::certificate::mark;

/// How many messages are read together.
const CHUNK: usize = 256;
/// How many messages one search looks at.
const LOOKED_AT_MAX: usize = 200_000;

impl Conversation {
    /// Messages whose text has these words in it, newest first. Case does not matter.
    pub fn search(
        &self,
        records: &dyn Records,
        people: &dyn People,
        text: &str,
        before: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<MessageView>, Fault> {
        let words: Vec<String> = text.to_lowercase().split_whitespace().map(str::to_owned).collect();
        let mut found = Vec::new();
        let mut before = before.map(<[u8]>::to_vec);
        for _ in 0..LOOKED_AT_MAX / CHUNK {
            let page = records.scan(Table::Message, &self.owner(), before.as_deref(), Direction::Down, CHUNK)?;
            let whole = page.len() == CHUNK;
            before = page.last().map(|(order, _)| order.clone());
            for (order, bytes) in page {
                let Some(kept) = super::history::read(&bytes) else { continue };
                if words.is_empty() || !fits(&kept, &words) || (!kept.mine && people.blocked(&kept.sender)) {
                    continue;
                }
                found.push(self.show_kept(records, people, order, &kept)?);
                if found.len() >= limit {
                    return Ok(found);
                }
            }
            if !whole {
                break;
            }
        }
        Ok(found)
    }

    /// Messages for an archive, oldest first, of those written since a time and standing after `after`; and where the next page
    /// begins. What may be seen once, disappears or was deleted is not among them.
    pub fn archive(
        &self,
        records: &dyn Records,
        since: Time,
        after: Option<&[u8]>,
        limit: usize,
    ) -> Result<(Vec<Archived>, Option<Vec<u8>>), Fault> {
        let from = match after {
            Some(after) => after.to_vec(),
            None => since.to_be_bytes().to_vec(),
        };
        let page = records.scan(Table::Message, &self.owner(), Some(&from), Direction::Up, limit)?;
        let next = page.last().filter(|_| page.len() == limit).map(|(order, _)| order.clone());
        let archived = page.iter().filter_map(|(_, bytes)| archived(&super::history::read(bytes)?)).collect();
        Ok((archived, next))
    }

    /// Puts history from an archive back: what is not here yet, and has not disappeared. It counts as read.
    pub fn restore(&mut self, scene: &mut Scene<'_>, archived: &[Archived]) -> Result<(), Fault> {
        for one in archived {
            let Ok(message) = Message::decode(&one.message) else { continue };
            let over = message.expire.is_some();
            if over || self.find(scene, &message.id)?.is_some() || !message.content.needs_memory() {
                continue;
            }
            let body = Body::Here(Blob(one.message.clone()));
            let device = (Fixed(one.device), mark(&one.device));
            let kept = Kept {
                seq: message.seq,
                received: one.received,
                mine: one.identity == self.state.me,
                restored: true,
                ..Kept::new(message.id, one.identity, device, message.at, body)
            };
            if kept.once()
                || !matches!(message.content, crate::content::Content::Text(_) | crate::content::Content::Media(_))
            {
                continue;
            }
            self.keep(scene, order_of(message.at.min(one.received), &message.id), &kept);
            // It may have been deleted or changed before it was here.
            self.take_orphans(scene, &message.id)?;
        }
        self.names_changed(scene);
        self.settle(scene);
        Ok(())
    }
}

fn fits(kept: &Kept, words: &[String]) -> bool {
    let Some(text) = kept.text().filter(|_| !kept.once()) else { return false };
    let text = text.to_lowercase();
    words.iter().all(|word| text.contains(word.as_str()))
}

/// A message as an archive holds it. An edited text is archived as it is now, since earlier texts are not kept.
fn archived(kept: &Kept) -> Option<Archived> {
    if kept.once() || kept.expire.is_some() || kept.gone {
        return None;
    }
    let mut message = kept.message()?;
    if let (crate::content::Content::Text(text), Some(edited)) = (&mut message.content, &kept.edited) {
        text.text.clone_from(edited);
    }
    let message = message.encode().ok()?;
    Some(Archived { message, device: kept.device.0, identity: kept.sender, received: kept.received })
}
