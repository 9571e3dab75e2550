//! What a person asks for, and who does it.

use super::Client;
use super::account::{NewOwn, NewProfile};
use super::invitations::NewInvitation;
use super::turn::Turn;
use crate::command::{Command, Done, Fault};
use crate::conversation::Wish;
use crate::io::CommandId;

impl Client {
    /// Does what the person wants. A command that has not ended at once ends with an answer that it waits for.
    pub(super) fn command(&mut self, turn: &mut Turn<'_>, id: CommandId, command: Command) {
        match self.person_wants(turn, id, command) {
            Ok(Some(done)) => turn.done(Some(id), done),
            Ok(None) => {}
            Err(fault) => turn.failed(Some(id), fault),
        }
    }

    fn person_wants(&mut self, turn: &mut Turn<'_>, id: CommandId, command: Command) -> Result<Option<Done>, Fault> {
        match command {
            Command::CreateAccount { node, token, phrase, name, device } => {
                self.create_account(turn, id, NewOwn { node, token, phrase, name, device })
            }
            Command::Restore { node, phrase, device } => self.restore(id, &node, &phrase, device),
            Command::Link { code, device } => self.link(turn, id, &code, device),
            Command::OfferLink => self.offer_link(turn, id),
            Command::AnswerLink { request, accept } => self.answer_link(turn, id, &request, accept),
            Command::RemoveDevice { serial } => self.remove_device(turn, serial),
            Command::SetProfile { name, picture, statement, read_receipts, history } => {
                self.set_profile(turn, NewProfile { name, picture, statement, read_receipts, history })
            }
            Command::TakeBoxKey { key } => self.take_box_key(turn, &key),
            Command::BackUp => self.back_up(turn, id),
            Command::Flush => Ok(Some(self.flush())),
            Command::DismissWarnings(seen) => Ok(Some(self.dismiss_warnings(turn, &seen))),
            Command::SetPush(push) => self.set_push(turn, push),
            Command::AskHome(question) => self.ask_home(id, &question),
            Command::TestPush => self.test_push(id),
            Command::DeleteAccount => self.delete_account(id),
            Command::JoinChannel { channel } => self.join_channel(turn, channel),
            Command::SayInChannel { channel, text } => self.say_in_channel(turn, channel, text),
            Command::LeaveChannel { channel } => self.leave_channel(turn, &channel),
            other => self.person_wants_of_people(turn, id, other),
        }
    }

    fn person_wants_of_people(
        &mut self,
        turn: &mut Turn<'_>,
        id: CommandId,
        command: Command,
    ) -> Result<Option<Done>, Fault> {
        match command {
            Command::Invite { lasts, note, token, account } => {
                self.invite(turn, id, NewInvitation { lasts, note, token, account })
            }
            Command::CancelInvitation { id } => self.cancel_invitation(turn, id),
            Command::Accept { link, passphrase } => self.accept(turn, id, &link, passphrase.as_ref()),
            Command::SetVerified { contact, verified } => self.set_verified(turn, &contact, verified),
            Command::SetBlocked { contact, blocked } => self.set_blocked(turn, &contact, blocked),
            Command::RenameContact { contact, name } => self.rename_contact(turn, &contact, name),
            Command::RemoveContact { contact } => self.remove_contact(turn, &contact),
            Command::Introduce { first, second } => self.introduce(turn, &first, &second),
            Command::AnswerIntroduction { introduction, accept } => {
                self.answer_introduction(turn, &introduction, accept)
            }
            Command::CreateGroup { name, members } => self.create_group(turn, &name, members),
            Command::CreateRoom { name, passphrase } => self.create_room(turn, &name, passphrase.as_ref()),
            Command::RoomLink { group } => self.room_link(&group),
            other => self.person_wants_inside(turn, id, other),
        }
    }

    fn person_wants_inside(
        &mut self,
        turn: &mut Turn<'_>,
        id: CommandId,
        command: Command,
    ) -> Result<Option<Done>, Fault> {
        match command {
            Command::Unlock { group, passphrase } => self.unlock(turn, id, &group, &passphrase),
            Command::AddMembers { group, members } => self.wish(turn, &group, Wish::Add(members)),
            Command::RemoveMember { group, member } => self.wish(turn, &group, Wish::Remove(member)),
            Command::SetRole { group, member, role } => self.wish(turn, &group, Wish::Role(member, role)),
            Command::SetGroup { group, name, picture, expire } => {
                self.wish(turn, &group, Wish::Set { name, picture, expire })
            }
            Command::Leave { group } => self.wish(turn, &group, Wish::Leave),
            Command::SendText { group, text, reply, expire } => self.send_text(turn, &group, text, reply, expire),
            Command::StopFile { file } => self.stop_file(turn, file),
            Command::SendFile { group, attachment, reply } => self.send_file(turn, id, &group, attachment, reply),
            Command::React { group, message, emoji } => self.react(turn, &group, message, emoji),
            Command::Edit { group, message, text } => self.edit(turn, &group, message, text),
            Command::Delete { group, message } => self.delete(turn, &group, message),
            Command::Open { group, message, file } => self.open_file(turn, id, &group, &message, file),
            Command::MarkRead { group, message } => self.mark_read(turn, &group, message),
            Command::Typing { group } => self.typing(turn, &group),
            Command::SetConversation { group, muted, archived } => self.set_conversation(turn, &group, muted, archived),
            Command::Forget { group } => self.forget(turn, &group),
            // All others are dealt with above.
            _ => Err(Fault::Unknown("this command".to_owned())),
        }
    }
}
