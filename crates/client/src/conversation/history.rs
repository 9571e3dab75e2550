//! Messages as they are kept here.

use super::said::LATER_MAX;
use super::scene::Scene;
use super::state::Mark;
use super::step::Step;
use super::{Batch, Conversation};
use crate::command::{Fault, Look};
use crate::content::{Content, Message};
use crate::io::Time;
use crate::records::{RecordKey, Records, Table};
use crate::view::{Event, GroupId, Identity, MessageId};
use serde::{Deserialize, Serialize};
use tidings_wire::bytes::{Blob, Fixed};
use tidings_wire::cbor;

/// Most bytes of a kept message.
pub(super) const KEPT_BYTES_MAX: usize = 768 * 1024;
/// Most people whose reactions to one message are kept.
const REACTIONS_MAX: usize = 200;
/// Most bytes of a reaction.
const EMOJI_BYTES_MAX: usize = 64;

/// What became of a message.
#[derive(Clone, Serialize, Deserialize)]
pub(super) enum Body {
    /// It is here: the CBOR of [`Message`].
    Here(Blob),
    /// It was deleted.
    Deleted,
    /// So many messages of this device could not be had.
    Gap(u64),
    /// Something about the conversation.
    Notice(Notice),
}

/// What happened to the conversation.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Notice {
    Added(Vec<Identity>),
    Removed(Vec<Identity>),
    Left(Vec<Identity>),
    Role(Identity, u8),
    Name(String),
    Picture,
    Expire(u32),
    /// This device has lost its memory.
    LostMemory,
    /// What the node shows can't be right: this device does not go along.
    Refused,
    /// These were added while this device was out.
    Came(Vec<Identity>),
    /// These were removed, or left, while this device was out.
    Gone(Vec<Identity>),
    /// This person was removed.
    RemovedYou,
    /// The hub does not know this person any more.
    NotLetIn,
}

/// When somebody last edited a message or reacted to it. Two devices of one person may do so at once: what was written last counts,
/// in whatever order it comes.
#[derive(Clone, Copy, Serialize, Deserialize)]
pub(super) struct Acted {
    /// Who reacted; `None`: its sender edited it.
    who: Option<Identity>,
    at: Time,
    id: MessageId,
}

impl Acted {
    /// What a message does to another one.
    pub(super) fn new(by: &Identity, message: &Message) -> Self {
        let edits = matches!(message.content, Content::Edit(_));
        Self { who: Some(*by).filter(|_| !edits), at: message.at, id: message.id }
    }
}

/// A message as it is kept.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Kept {
    pub(super) id: MessageId,
    pub(super) sender: Identity,
    /// The key of the device that wrote it.
    pub(super) device: Fixed<32>,
    pub(super) mark: Mark,
    pub(super) seq: u64,
    /// When it was written.
    pub(super) at: Time,
    /// When it came.
    pub(super) received: Time,
    pub(super) mine: bool,
    pub(super) body: Body,
    /// The text after the last edit.
    pub(super) edited: Option<String>,
    pub(super) reactions: Vec<(Identity, String)>,
    /// Seconds after which it disappears.
    pub(super) expire: Option<u32>,
    /// When it disappears.
    pub(super) expires: Option<Time>,
    /// Who has looked at it, of what may be seen once.
    pub(super) viewed: Vec<Identity>,
    /// Whether its file is gone.
    pub(super) gone: bool,
    /// Whether the hub has refused it.
    pub(super) failed: bool,
    /// It came from an archive, and counts as read.
    #[serde(default)]
    pub(super) restored: bool,
    /// What was edited or reacted last.
    #[serde(default)]
    pub(super) acted: Vec<Acted>,
}

impl Kept {
    /// Something that a device (by its key and mark) of somebody said, as it came, with nothing done to it.
    pub(super) fn new(id: MessageId, sender: Identity, device: (Fixed<32>, Mark), at: Time, body: Body) -> Self {
        let (device, mark) = device;
        Self {
            id,
            sender,
            device,
            mark,
            seq: 0,
            at,
            received: at,
            mine: false,
            body,
            edited: None,
            reactions: Vec::new(),
            expire: None,
            expires: None,
            viewed: Vec::new(),
            gone: false,
            failed: false,
            restored: false,
            acted: Vec::new(),
        }
    }

    /// What it says, if it is here.
    pub(super) fn message(&self) -> Option<Message> {
        match &self.body {
            Body::Here(bytes) => cbor::decode(&bytes.0, KEPT_BYTES_MAX).ok(),
            _ => None,
        }
    }

    /// A text as it is now, and every text that a search looks at.
    pub(super) fn text(&self) -> Option<String> {
        match self.message()?.content {
            Content::Text(text) => Some(self.edited.clone().unwrap_or(text.text)),
            Content::Media(media) => Some(format!("{} {}", media.caption, media.blob.name).trim().to_owned()),
            Content::Invite(invite) => Some(invite.name),
            Content::Introduce(introduce) => Some(introduce.name),
            _ => None,
        }
    }

    /// Notes an edit or a reaction; `false` if one of the same person that is here was written later.
    pub(super) fn note_acted(&mut self, acted: Acted) -> bool {
        match self.acted.iter_mut().find(|known| known.who == acted.who) {
            Some(known) if (known.at, known.id.0) > (acted.at, acted.id.0) => false,
            Some(known) => {
                *known = acted;
                true
            }
            None => {
                if self.acted.len() <= REACTIONS_MAX {
                    self.acted.push(acted);
                }
                true
            }
        }
    }

    /// Gives an edit or a reaction another time; `false` if it is not the last one of its person.
    pub(super) fn correct_acted(&mut self, acted: Acted, at: Time) -> bool {
        let same = |known: &&mut Acted| known.who == acted.who && known.id == acted.id;
        self.acted.iter_mut().find(same).map(|known| known.at = at).is_some()
    }

    /// Whether it counts as something to read.
    pub(super) fn counts(&self) -> bool {
        !self.mine && !self.restored && matches!(self.body, Body::Here(_))
    }

    pub(super) fn once(&self) -> bool {
        self.message().is_some_and(|message| match message.content {
            Content::Media(media) => media.view != Look::Keep,
            _ => false,
        })
    }
}

/// Where a message of this time stands: a place of its own, whatever others say of theirs.
pub(super) fn order_of(at: Time, id: &MessageId) -> Vec<u8> {
    [at.to_be_bytes().as_slice(), &id.0].concat()
}

/// A kept message and where it stands.
pub(super) fn find(
    batch: &Batch,
    records: &dyn Records,
    group: &GroupId,
    id: &MessageId,
) -> Result<Option<(Vec<u8>, Kept)>, Fault> {
    let Some(order) = batch.get(records, &RecordKey::new(Table::MessageIndex, group.0, id.0))? else { return Ok(None) };
    let Some(bytes) = batch.get(records, &RecordKey::new(Table::Message, group.0, order.clone()))? else {
        return Ok(None);
    };
    Ok(read(&bytes).map(|kept| (order, kept)))
}

pub(super) fn read(bytes: &[u8]) -> Option<Kept> {
    cbor::decode(bytes, KEPT_BYTES_MAX).ok()
}

impl Conversation {
    pub(super) fn find(&self, scene: &Scene<'_>, id: &MessageId) -> Result<Option<(Vec<u8>, Kept)>, Fault> {
        find(scene.batch, scene.records, &self.state.group, id)
    }

    /// Keeps a message that is new here.
    pub(super) fn keep(&mut self, scene: &mut Scene<'_>, order: Vec<u8>, kept: &Kept) {
        scene.batch.put(self.record(Table::MessageIndex, kept.id.0), order.clone());
        self.rewrite(scene, order, kept);
    }

    /// Writes a kept message anew where it stands.
    pub(super) fn rewrite(&self, scene: &mut Scene<'_>, order: Vec<u8>, kept: &Kept) {
        scene.batch.put(self.record(Table::Message, order), cbor::encode(kept));
    }

    pub(super) fn say_changed(&self, scene: &mut Scene<'_>, id: MessageId, new: bool) {
        scene.steps.push(Step::Show(Event::Message { group: self.state.group, message: id, new }));
    }

    /// Keeps a line about the conversation.
    pub(super) fn notice(&mut self, scene: &mut Scene<'_>, sender: Identity, at: Time, notice: Notice) {
        let id = MessageId(scene.draw());
        let at = at.min(scene.now.saturating_add(LATER_MAX));
        let (state, now) = (self.state(), scene.now);
        state.last.at = state.last.at.max(at.min(now));
        self.keep_line(scene, id, sender, at, Body::Notice(notice));
    }

    /// Keeps something that nobody wrote: a notice or a gap.
    pub(super) fn keep_line(&mut self, scene: &mut Scene<'_>, id: MessageId, sender: Identity, at: Time, body: Body) {
        let nobodys = (Fixed([0; 32]), Fixed([0; 8]));
        let mine = sender == self.state.me;
        let kept = Kept { received: scene.now, mine, ..Kept::new(id, sender, nobodys, at, body) };
        self.keep(scene, order_of(at, &id), &kept);
        self.say_changed(scene, id, false);
    }

    /// Destroys what a message says. `leave`: what stands there afterwards; with `None` nothing does.
    pub(super) fn destroy(
        &mut self,
        scene: &mut Scene<'_>,
        order: Vec<u8>,
        mut kept: Kept,
        leave: Option<Body>,
        blob_too: bool,
    ) {
        if let Some(Content::Media(media)) = kept.message().map(|message| message.content) {
            scene.steps.push(Step::ForgetFile(kept.id));
            if blob_too {
                scene.steps.push(Step::DestroyBlob(media.blob.url.clone(), media.blob.delete));
            }
        }
        self.forget_written(scene, &kept);
        if kept.mine && kept.edited.is_some() {
            let forgotten = self.forget_edits(scene, &kept.id);
            self.report(scene, forgotten);
        }
        match leave {
            Some(body) => {
                kept.body = body;
                kept.edited = None;
                kept.gone = true;
                if matches!(kept.body, Body::Deleted) {
                    kept.reactions.clear();
                    kept.expires = None;
                }
                self.rewrite(scene, order, &kept);
                self.say_changed(scene, kept.id, false);
            }
            None => {
                scene.batch.remove(self.record(Table::Message, order));
                scene.batch.remove(self.record(Table::MessageIndex, kept.id.0));
                scene.steps.push(Step::Show(Event::Gone { group: self.state.group, message: kept.id }));
            }
        }
        if self.state.last.id == Some(kept.id) {
            self.state().last.text = String::new();
        }
    }

    /// What is left of a file that was seen: its name and size, but neither key nor address.
    pub(super) fn scrubbed(kept: &Kept) -> Option<Body> {
        let mut message = kept.message()?;
        if let Content::Media(media) = &mut message.content {
            media.blob.key = [0; 32];
            media.blob.delete = [0; 16];
            media.blob.url = String::new();
            media.thumb = None;
        }
        Some(Body::Here(Blob(cbor::encode(&message))))
    }

    /// Somebody's reaction to a message: one per person, an empty one takes it back.
    pub(super) fn set_reaction(kept: &mut Kept, by: Identity, emoji: &str) {
        kept.reactions.retain(|(who, _)| *who != by);
        let fits = !emoji.is_empty() && emoji.len() <= EMOJI_BYTES_MAX && kept.reactions.len() < REACTIONS_MAX;
        if fits {
            kept.reactions.push((by, emoji.to_owned()));
        }
    }
}
