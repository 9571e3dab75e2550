//! Anonymous rooms. The fresh identity in each is the conversation's own affair.

use super::Client;
use super::turn::Turn;
use crate::command::{Done, Fault, Secret};
use crate::conversation::Conversation;
use crate::invitation::RoomLink;
use crate::io::{CommandId, Time};
use crate::view::{ConversationKind, GroupId, Standing};

/// How long a command waits for a room to be open, in milliseconds.
const ENTER_WITHIN: Time = 15_000;

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
        command: CommandId,
        link: &RoomLink,
        passphrase: Option<&Secret>,
    ) -> Result<Option<Done>, Fault> {
        let known = self.conversations.get(&link.group).map(|found| found.standing(&self.book));
        match (known, passphrase) {
            (Some(Standing::Locked | Standing::Joining), Some(passphrase)) => {
                return self.unlock(turn, command, &link.group, passphrase);
            }
            (Some(Standing::Locked), None) => return Err(Fault::Passphrase),
            (Some(Standing::Joining), None) => {}
            (Some(_), _) => return Ok(Some(Done::Conversation(link.group))),
            (None, _) => {
                self.make(turn, |scene| Ok((Conversation::join_room(scene, link, passphrase)?, ())))?;
            }
        }
        self.wait_to_enter(turn.now, link.group, command);
        Ok(None)
    }

    /// A command ends when the room is open, or is found to be locked.
    pub(super) fn wait_to_enter(&mut self, now: Time, group: GroupId, command: CommandId) {
        self.upkeep.entering.insert(group, (command, now.saturating_add(ENTER_WITHIN)));
    }

    /// Ends the commands that waited for rooms which are open now, or locked, or not to be had.
    pub(super) fn look_who_entered(&mut self, turn: &mut Turn<'_>) {
        let waiting: Vec<_> = self.upkeep.entering.iter().map(|(group, (command, _))| (*group, *command)).collect();
        for (group, command) in waiting {
            let standing = self.conversations.get(&group).map(|found| found.standing(&self.book));
            let done = match standing {
                Some(Standing::Joining) => continue,
                Some(Standing::Locked) => Done::Failed(Fault::Passphrase),
                Some(Standing::Out) | None => Done::Failed(Fault::Expired),
                Some(_) => Done::Conversation(group),
            };
            self.upkeep.entering.remove(&group);
            turn.done(Some(command), done);
        }
    }

    /// Whoever has waited long enough for a room goes on: it is entered as soon as its hub can be reached.
    pub(super) fn tick_entering(&mut self, turn: &mut Turn<'_>) {
        let over = self.upkeep.entering.extract_if(.., |_, (_, until)| *until <= turn.now);
        let over: Vec<_> = over.collect();
        for (group, (command, _)) in over {
            turn.done(Some(command), Done::Conversation(group));
        }
    }

    /// [`Command::RoomLink`](crate::command::Command::RoomLink).
    pub(super) fn room_link(&self, group: &GroupId) -> Result<Option<Done>, Fault> {
        self.account()?;
        let conversation = self.conversations.get(group).ok_or_else(|| Fault::Unknown("this room".to_owned()))?;
        Ok(Some(Done::Link(conversation.room_link()?.text())))
    }
}
