//! Anonymous rooms. The fresh identity in each is the conversation's own affair.

use super::Client;
use super::turn::Turn;
use crate::command::{Done, Fault, Secret};
use crate::conversation::Conversation;
use crate::invitation::RoomLink;
use crate::view::{ConversationKind, GroupId};

impl Client {
    /// [`Command::CreateRoom`](crate::command::Command::CreateRoom).
    pub(super) fn create_room(
        &mut self,
        turn: &mut Turn<'_>,
        name: &str,
        passphrase: Option<&Secret>,
    ) -> Result<Option<Done>, Fault> {
        let hub = self.account()?.node.clone();
        let made = self
            .make(turn, |scene| Ok((Conversation::create(scene, &hub, ConversationKind::Room, name, passphrase)?, ())));
        Ok(Some(Done::Conversation(made?.0)))
    }

    /// Joins a room by its link.
    pub(super) fn join_room(
        &mut self,
        turn: &mut Turn<'_>,
        link: &RoomLink,
        passphrase: Option<&Secret>,
    ) -> Result<Done, Fault> {
        if self.conversations.contains_key(&link.group) {
            return Ok(Done::Conversation(link.group));
        }
        let made = self.make(turn, |scene| Ok((Conversation::join_room(scene, link, passphrase)?, ())));
        Ok(Done::Conversation(made?.0))
    }

    /// [`Command::RoomLink`](crate::command::Command::RoomLink).
    pub(super) fn room_link(&self, group: &GroupId) -> Result<Option<Done>, Fault> {
        self.account()?;
        let conversation = self.conversations.get(group).ok_or_else(|| Fault::Unknown("this room".to_owned()))?;
        Ok(Some(Done::Link(conversation.room_link()?.text())))
    }
}
