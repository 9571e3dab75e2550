//! What a person does in conversations.

use super::Client;
use super::inbox::forget_knocks;
use super::jobs::Job;
use super::turn::Turn;
use crate::command::{Done, Fault, Reason, Secret};
use crate::content::{Content, Edit, React, Text, To};
use crate::conversation::{Conversation, Scene, Wish};
use crate::io::CommandId;
use crate::profile::Name;
use crate::view::{ConversationKind, Event, GroupId, Identity, MessageId, Standing};
use tidings_wire::bytes::Fixed;

impl Client {
    /// Does something with a conversation that must be there.
    pub(super) fn inside<R>(
        &mut self,
        turn: &mut Turn<'_>,
        group: &GroupId,
        call: impl FnOnce(&mut Conversation, &mut Scene<'_>) -> Result<R, Fault>,
    ) -> Result<R, Fault> {
        self.account()?;
        let unknown = || Fault::Unknown("this conversation".to_owned());
        self.with(turn, group, call).ok_or_else(unknown)?
    }

    /// Says something.
    pub(super) fn say(
        &mut self,
        turn: &mut Turn<'_>,
        group: &GroupId,
        content: Content,
        expire: Option<u32>,
    ) -> Result<Option<Done>, Fault> {
        if matches!(content, Content::Text(_) | Content::Media(_)) {
            self.greet_speaking(turn, group);
        }
        let id = self.inside(turn, group, |conversation, scene| conversation.send(scene, content, expire))?;
        self.archive_soon(turn, group);
        Ok(Some(Done::Message(id)))
    }

    /// [`Command::SendText`](crate::command::Command::SendText).
    pub(super) fn send_text(
        &mut self,
        turn: &mut Turn<'_>,
        group: &GroupId,
        text: String,
        reply: Option<MessageId>,
        expire: Option<u32>,
    ) -> Result<Option<Done>, Fault> {
        if text.len() > crate::content::TEXT_BYTES_MAX {
            return Err(Fault::TooLarge("a text of more than 64 KiB; send it as a file".to_owned()));
        }
        self.say(turn, group, Content::Text(Text { text, reply }), expire)
    }

    pub(super) fn react(
        &mut self,
        turn: &mut Turn<'_>,
        group: &GroupId,
        to: MessageId,
        emoji: String,
    ) -> Result<Option<Done>, Fault> {
        self.say(turn, group, Content::React(React { to, emoji }), None)?;
        Ok(Some(Done::Well))
    }

    pub(super) fn edit(
        &mut self,
        turn: &mut Turn<'_>,
        group: &GroupId,
        to: MessageId,
        text: String,
    ) -> Result<Option<Done>, Fault> {
        if text.len() > crate::content::TEXT_BYTES_MAX {
            return Err(Fault::TooLarge("a text of more than 64 KiB".to_owned()));
        }
        self.say(turn, group, Content::Edit(Edit { to, text }), None)?;
        self.archive_again(turn, group);
        Ok(Some(Done::Well))
    }

    pub(super) fn delete(
        &mut self,
        turn: &mut Turn<'_>,
        group: &GroupId,
        to: MessageId,
    ) -> Result<Option<Done>, Fault> {
        self.say(turn, group, Content::Delete(To { to }), None)?;
        self.archive_again(turn, group);
        Ok(Some(Done::Well))
    }

    /// [`Command::CreateGroup`](crate::command::Command::CreateGroup).
    pub(super) fn create_group(
        &mut self,
        turn: &mut Turn<'_>,
        name: &str,
        members: Vec<Identity>,
    ) -> Result<Option<Done>, Fault> {
        use crate::conversation::People as _;
        let hub = self.account()?.node.clone();
        if let Some(stranger) = members.iter().find(|who| !self.book.is_contact(who)) {
            return Err(Fault::Unknown(self.book.own_name(stranger)));
        }
        if let Some(changed) = members.iter().find(|who| self.book.key_changed(who)) {
            return Err(Fault::KeyChanged(self.book.own_name(changed)));
        }
        let made =
            self.make(turn, |scene| Ok((Conversation::create(scene, &hub, ConversationKind::Group, name, None)?, ())));
        let (group, ()) = made?;
        if !members.is_empty() {
            self.wish(turn, &group, Wish::Add(members))?;
        }
        Ok(Some(Done::Conversation(group)))
    }

    /// Wants a change of a group; it comes about when the hub has taken it.
    pub(super) fn wish(&mut self, turn: &mut Turn<'_>, group: &GroupId, wish: Wish) -> Result<Option<Done>, Fault> {
        self.inside(turn, group, |conversation, scene| conversation.wish(scene, wish))?;
        turn.show(Event::Conversation(*group));
        Ok(Some(Done::Well))
    }

    pub(super) fn mark_read(
        &mut self,
        turn: &mut Turn<'_>,
        group: &GroupId,
        upto: Option<MessageId>,
    ) -> Result<Option<Done>, Fault> {
        self.inside(turn, group, |conversation, scene| conversation.mark_read(scene, upto.as_ref()))?;
        Ok(Some(Done::Well))
    }

    pub(super) fn typing(&mut self, turn: &mut Turn<'_>, group: &GroupId) -> Result<Option<Done>, Fault> {
        self.inside(turn, group, |conversation, scene| {
            conversation.typing(scene);
            Ok(())
        })?;
        Ok(Some(Done::Well))
    }

    pub(super) fn set_conversation(
        &mut self,
        turn: &mut Turn<'_>,
        group: &GroupId,
        muted: Option<bool>,
        archived: Option<bool>,
    ) -> Result<Option<Done>, Fault> {
        self.inside(turn, group, |conversation, scene| {
            conversation.set(scene, muted, archived);
            Ok(())
        })?;
        self.write_entry(turn, group);
        self.wake_me(turn, group);
        turn.show(Event::Conversation(*group));
        Ok(Some(Done::Well))
    }

    pub(super) fn unlock(
        &mut self,
        turn: &mut Turn<'_>,
        command: CommandId,
        group: &GroupId,
        passphrase: &Secret,
    ) -> Result<Option<Done>, Fault> {
        self.inside(turn, group, |conversation, scene| conversation.unlock(scene, passphrase))?;
        turn.show(Event::Conversation(*group));
        self.wait_to_enter(turn.now, *group, command);
        Ok(None)
    }

    /// [`Command::Forget`](crate::command::Command::Forget).
    pub(super) fn forget(&mut self, turn: &mut Turn<'_>, group: &GroupId) -> Result<Option<Done>, Fault> {
        self.account()?;
        let view = self.conversation(group).ok_or_else(|| Fault::Unknown("this conversation".to_owned()))?;
        match view.standing {
            Standing::Out => {}
            // Nothing can be said there, so one can't leave either.
            Standing::Behind | Standing::Joining => self.leave_hub(turn, group),
            _ => return Err(Fault::Cannot(Reason::LeaveFirst)),
        }
        self.forget_conversation(turn, group);
        Ok(Some(Done::Well))
    }

    /// Takes the person's key off the hub's list, unless other devices of theirs may be in the conversation.
    fn leave_hub(&mut self, turn: &mut Turn<'_>, group: &GroupId) {
        let alone = self.own.as_ref().is_some_and(|own| !own.has_others());
        let (Some(me), Some(conversation)) = (self.me_scene().filter(|_| alone), self.conversations.get(group)) else {
            return;
        };
        let (hub, key) = (conversation.hub().to_owned(), Fixed(conversation.access_key(&me).to_bytes()));
        self.add_job(turn, Job::LeaveHub { hub, group: *group, key });
    }

    /// A conversation goes from here, and from the profile with all that it holds of it.
    pub(super) fn forget_conversation(&mut self, turn: &mut Turn<'_>, group: &GroupId) {
        self.forget_here(turn, group);
        self.forget_archives(turn, group);
        for name in [Name::Conversation(*group), Name::Read(*group)] {
            if self.book.set(turn, &name, None) {
                self.owe_profile(turn.now, 0);
            }
        }
    }

    /// A conversation goes from this device; what the profile holds of it stays.
    pub(super) fn forget_here(&mut self, turn: &mut Turn<'_>, group: &GroupId) {
        let _ = self.with(turn, group, |conversation, scene| conversation.forget(scene));
        if let Some(conversation) = self.conversations.remove(group) {
            let action = self.live.unfollow_group(conversation.hub(), group);
            action.into_iter().for_each(|action| turn.act(action));
        }
        self.wakes.remove(group);
        self.forget_wakes(turn, group);
        self.missing.remove(group);
        self.stop_archives(turn, group);
        self.forget_told(turn, group);
        forget_knocks(turn, group);
        turn.show(Event::Changed);
    }
}
