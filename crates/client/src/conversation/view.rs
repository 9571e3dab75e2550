//! What screens show of a conversation.

use super::history::{Body, Kept};
use super::notice::{self, name_of};
use super::scene::{Me, People};
use super::state::Phase;
use super::{Batch, Conversation};
use crate::command::{Fault, Secret};
use crate::content::{Content, Media};
use crate::io::Time;
use crate::records::{Direction, Records, Table};
use crate::view::{
    ConversationView, Delivery, FileView, Identity, Introduction, MemberView, MessageId, MessageView, Shown, Standing,
};
use std::collections::BTreeMap;

/// Characters of a message that another answers to.
const QUOTE_CHARS: usize = 80;

impl Conversation {
    /// The conversation as a list shows it. Reads nothing.
    pub fn view(&self, _me: &Me, people: &dyn People, now: Time) -> ConversationView {
        let state = &self.state;
        let title = match (&state.other, state.roster.name.as_str()) {
            (Some(other), _) => name_of(people, &state.me, other),
            (None, "") => self.unnamed(people),
            (None, name) => name.to_owned(),
        };
        let picture = match &state.other {
            Some(other) => people.picture(other),
            None => state.roster.picture.clone(),
        };
        ConversationView {
            id: state.group,
            kind: state.kind,
            title,
            picture,
            contact: state.other,
            members: self.members(people),
            unread: state.unread,
            last_at: state.last.at,
            preview: state.last.text.clone(),
            standing: self.standing(people),
            verified: state.other.is_some_and(|other| people.verified(&other)),
            muted: state.own.muted,
            archived: state.own.archived,
            typing: self.typing.iter().filter(|(_, until)| **until > now).map(|(who, _)| *who).collect(),
            expire: state.roster.expire.unwrap_or(0),
            hub: state.hub.clone(),
        }
    }

    fn unnamed(&self, people: &dyn People) -> String {
        if self.is_room() {
            return "Room".to_owned();
        }
        let others = self.state.roster.members.iter().filter(|member| member.id != self.state.me).take(4);
        let names: Vec<String> = others.map(|member| name_of(people, &self.state.me, &member.id)).collect();
        if names.is_empty() { "Group".to_owned() } else { names.join(", ") }
    }

    fn members(&self, people: &dyn People) -> Vec<MemberView> {
        let mut devices: BTreeMap<Identity, usize> = BTreeMap::new();
        for seat in self.state.seats.iter() {
            *devices.entry(seat.identity).or_default() += 1;
        }
        let view = |identity: Identity, role: u8, devices: usize| MemberView {
            identity,
            name: name_of(people, &self.state.me, &identity),
            role,
            me: identity == self.state.me,
            devices,
        };
        let listed = self.state.roster.members.iter();
        let mut members: Vec<MemberView> =
            listed.map(|member| view(member.id, member.role, devices.remove(&member.id).unwrap_or(0))).collect();
        // In a room most are in no roster.
        members.extend(devices.into_iter().map(|(identity, count)| view(identity, 2, count)));
        members
    }

    /// Whether one can write here.
    pub fn standing(&self, people: &dyn People) -> Standing {
        let state = &self.state;
        match state.phase {
            Phase::Out => Standing::Out,
            _ if state.own.left || state.knocks.tries > 1 => Standing::Out,
            Phase::Locked => Standing::Locked,
            Phase::Joining => Standing::Joining,
            Phase::Creating | Phase::Member => match self.unlooked(people) {
                Some(other) => Standing::KeyChanged(other),
                None if self.behind() || state.heal.is_some_and(|heal| heal.told) => Standing::Behind,
                None => Standing::Ready,
            },
        }
    }

    /// A member whose key has changed, or who may stand in for somebody else, and who was not looked at yet.
    pub(super) fn unlooked(&self, people: &dyn People) -> Option<Identity> {
        if self.is_room() {
            return None;
        }
        let listed = self.state.roster.members.iter().map(|member| member.id);
        self.state.other.into_iter().chain(listed).find(|who| people.key_changed(who))
    }

    /// One message; `None` if it is not here (any more).
    pub fn message(
        &self,
        records: &dyn Records,
        people: &dyn People,
        id: &MessageId,
    ) -> Result<Option<MessageView>, Fault> {
        let found = super::history::find(&Batch::default(), records, &self.state.group, id)?;
        found
            .filter(|(_, kept)| !self.hidden(people, kept))
            .map(|(order, kept)| self.show_kept(records, people, order, &kept))
            .transpose()
    }

    /// A page, oldest first, of what stands before `before` (the newest, with `None`).
    pub fn page(
        &self,
        records: &dyn Records,
        people: &dyn People,
        before: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<MessageView>, Fault> {
        let mut page = self.shown_page(records, people, before, Direction::Down, limit)?;
        page.reverse();
        Ok(page)
    }

    /// A page, oldest first, of what stands after `after`.
    pub fn page_after(
        &self,
        records: &dyn Records,
        people: &dyn People,
        after: &[u8],
        limit: usize,
    ) -> Result<Vec<MessageView>, Fault> {
        self.shown_page(records, people, Some(after), Direction::Up, limit)
    }

    /// So many that are shown, from a place on. Fewer only where there are no more.
    fn shown_page(
        &self,
        records: &dyn Records,
        people: &dyn People,
        from: Option<&[u8]>,
        direction: Direction,
        limit: usize,
    ) -> Result<Vec<MessageView>, Fault> {
        let (mut page, mut from) = (Vec::new(), from.map(<[u8]>::to_vec));
        loop {
            let found = records.scan(Table::Message, &self.owner(), from.as_deref(), direction, limit)?;
            let more = found.len() == limit;
            for (order, bytes) in found {
                from = Some(order.clone());
                if let Some(kept) = super::history::read(&bytes).filter(|kept| !self.hidden(people, kept)) {
                    page.push(self.show_kept(records, people, order, &kept)?);
                }
                if page.len() == limit {
                    return Ok(page);
                }
            }
            if !more {
                return Ok(page);
            }
        }
    }

    /// What blocked people said is not shown.
    pub(super) fn hidden(&self, people: &dyn People, kept: &Kept) -> bool {
        !kept.mine && !matches!(kept.body, Body::Notice(_)) && people.blocked(&kept.sender)
    }

    pub(super) fn show_kept(
        &self,
        records: &dyn Records,
        people: &dyn People,
        order: Vec<u8>,
        kept: &Kept,
    ) -> Result<MessageView, Fault> {
        let content = kept.message().map(|message| message.content);
        let shown = |id: &MessageId| self.answered(records, id).filter(|kept| !self.hidden(people, kept));
        let answered = content.as_ref().and_then(reply_of).map(|id| (id, shown(&id)));
        let reply_by = answered.as_ref().and_then(|(_, kept)| kept.as_ref());
        let reply_by = reply_by.map(|kept| notice::somebody(people, &self.state.me, &kept.sender));
        let reply = answered.map(|(id, kept)| (id, kept.as_ref().map(quote).unwrap_or_default()));
        let mut reactions: BTreeMap<&str, Vec<Identity>> = BTreeMap::new();
        for (who, emoji) in &kept.reactions {
            reactions.entry(emoji).or_default().push(*who);
        }
        let read =
            kept.mine || kept.restored || self.state.chains.get(&kept.mark).is_none_or(|chain| kept.seq <= chain.read);
        Ok(MessageView {
            id: kept.id,
            order,
            sender: kept.sender,
            name: name_of(people, &self.state.me, &kept.sender),
            mine: kept.mine,
            at: kept.at,
            shown: self.shown(people, kept, content),
            reply,
            reply_by,
            reactions: reactions.into_iter().map(|(emoji, who)| (emoji.to_owned(), who)).collect(),
            edited: kept.edited.is_some(),
            expires: kept.expires,
            delivery: self.delivery(kept),
            read,
        })
    }

    fn shown(&self, people: &dyn People, kept: &Kept, content: Option<Content>) -> Shown {
        match (&kept.body, content) {
            (Body::Deleted, _) => Shown::Deleted,
            (Body::Gap(count), _) => Shown::Gap(*count),
            (Body::Notice(said), _) => Shown::Notice(notice::shown(people, &self.state.me, &kept.sender, said)),
            (Body::Here(_), Some(Content::Text(text))) => Shown::Text(kept.edited.clone().unwrap_or(text.text)),
            (Body::Here(_), Some(Content::Media(media))) => Shown::File(file(kept, *media)),
            (Body::Here(_), Some(Content::Introduce(introduce))) => Shown::Introduction {
                name: introduce.name,
                introduction: Introduction(introduce.secret),
                open: !kept.mine,
            },
            (Body::Here(_), Some(Content::Invite(invite))) => {
                Shown::RoomLink { name: invite.name, link: Secret(invite.link) }
            }
            (Body::Here(_), _) => Shown::Newer,
        }
    }

    /// The message that another answers to. One that can't be read is as none; the page is shown nevertheless.
    fn answered(&self, records: &dyn Records, id: &MessageId) -> Option<Kept> {
        let found = super::history::find(&Batch::default(), records, &self.state.group, id).unwrap_or_default();
        found.map(|(_, kept)| kept)
    }

    /// How far a message of one's own has come.
    fn delivery(&self, kept: &Kept) -> Option<Delivery> {
        let said = kept.mine && kept.seq > 0;
        said.then(|| {
            let waiting = kept.mark == self.state.mark && self.state.outbox.contains(&kept.seq);
            match self.heard_of(&kept.mark, kept.seq) {
                _ if kept.failed => Delivery::Failed,
                _ if waiting => Delivery::Waiting,
                (0, _) => Delivery::Accepted,
                (delivered, 0) => Delivery::Delivered(delivered),
                (_, seen) => Delivery::Seen(seen),
            }
        })
    }
}

/// A line of what is answered; nothing of what may be seen once.
fn quote(kept: &Kept) -> String {
    let text = if kept.once() { None } else { kept.text() }.unwrap_or_default();
    text.lines().next().unwrap_or_default().chars().take(QUOTE_CHARS).collect()
}

fn reply_of(content: &Content) -> Option<MessageId> {
    match content {
        Content::Text(text) => text.reply,
        Content::Media(media) => media.reply,
        _ => None,
    }
}

fn file(kept: &Kept, media: Media) -> FileView {
    FileView {
        name: media.blob.name,
        kind: media.blob.kind,
        size: media.blob.size,
        caption: media.caption,
        voice: media.voice,
        pixels: media.width.zip(media.height),
        thumbnail: media.thumb,
        look: media.view,
        gone: kept.gone,
    }
}
