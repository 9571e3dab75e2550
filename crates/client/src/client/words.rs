//! Somebody's word that one is in a conversation (docs/protocol/conversations.md, Who does not know that they are in it): nothing of it is shown
//! or goes into the profile before this device has come in.

use super::Client;
use super::turn::Turn;
use crate::command::Fault;
use crate::conversation::{Conversation, Membership};
use crate::profile::Name;
use crate::roster::Roster;
use crate::view::{GroupId, Identity};

/// Conversations that are nothing but somebody's word.
const WORDS_MAX: usize = 32;

impl Client {
    /// A conversation, if it is more than somebody's word.
    pub(super) fn founded(&self, group: &GroupId) -> Option<&Conversation> {
        self.conversations.get(group).filter(|conversation| conversation.word_of().is_none())
    }

    /// All that are.
    pub(super) fn all_founded(&self) -> impl Iterator<Item = &Conversation> {
        self.conversations.values().filter(|conversation| conversation.word_of().is_none())
    }

    /// What the profile says of a conversation is what others' word of it is weighed against: anybody can make another group with the same id.
    /// Fails with [`Fault::Unknown`] if the profile says something that can't be understood.
    pub(super) fn find_known(&mut self, turn: &mut Turn<'_>, group: GroupId) -> Result<(), Fault> {
        if !self.conversations.contains_key(&group) {
            self.join_known(turn, group);
        }
        let said = self.book.get(&Name::Conversation(group)).is_some();
        if said && !self.conversations.contains_key(&group) {
            return Err(Fault::Unknown("what the profile says of this conversation".to_owned()));
        }
        Ok(())
    }

    /// A parcel says that one is a member of a conversation. What was deleted here is not believed to be there again: who added somebody anew
    /// sends a welcome.
    pub(super) fn told_of(
        &mut self,
        turn: &mut Turn<'_>,
        from: &Identity,
        group: GroupId,
        roster: &[u8],
        devices: &[Vec<u8>],
    ) -> Result<(), Fault> {
        let broken = |_| Fault::Distrust("the list of members is broken".to_owned());
        let roster = &Roster::decode(roster).map_err(broken)?;
        let told = Membership { group, roster, devices };
        self.find_known(turn, group)?;
        match self.conversations.get(&group).map(Conversation::word_of) {
            Some(None) => {
                let done = self.with(turn, &group, |conversation, scene| conversation.told_again(scene, from, &told));
                return done.unwrap_or(Err(Fault::NoAccount));
            }
            // It was asked for already, and is no other now.
            Some(Some(by)) if by == *from => return Ok(()),
            // The word of somebody else may be the right one.
            Some(Some(_)) => self.forget_word(turn, &group),
            None if self.book.is_deleted(&Name::Conversation(group)) => return Ok(()),
            None => {}
        }
        let words = self.conversations.values().filter(|conversation| conversation.word_of().is_some()).count();
        if words >= WORDS_MAX {
            return Ok(());
        }
        self.make(turn, |scene| Ok((Conversation::told_of(scene, from, &told)?, ())))?;
        self.restore_history(turn, &group);
        Ok(())
    }

    /// Forgets a conversation that is nothing but somebody's word. What the profile says of it is another device's own knowledge, and stays.
    pub(super) fn forget_word(&mut self, turn: &mut Turn<'_>, group: &GroupId) {
        if self.conversations.get(group).is_some_and(|conversation| conversation.word_of().is_some()) {
            self.forget_here(turn, group);
        }
    }
}
