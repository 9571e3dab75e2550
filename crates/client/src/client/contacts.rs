//! Contacts: made, verified, renamed, blocked, removed.

use super::Client;
use super::book::{Contact, Person};
use super::conversations::{Call, PROFILE_WAIT};
use super::turn::Turn;
use crate::card::Card;
use crate::command::{Done, Fault};
use crate::conversation::Wish;
use crate::view::{Event, GroupId, Identity};
use tidings_wire::device_list::DeviceList;
use tidings_wire::signed::Signed;

/// Most contacts.
const CONTACTS_MAX: usize = tidings_wire::api::CONTACTS_MAX;

impl Client {
    /// Somebody becomes a contact. `keys`: the seed of one's own posting key, and the other's public one.
    pub(super) fn become_contact(
        &mut self,
        turn: &mut Turn<'_>,
        card: &Signed<Card>,
        devices: &Signed<DeviceList>,
        keys: ([u8; 32], [u8; 32]),
        conversation: GroupId,
    ) -> Result<(), Fault> {
        if self.book.contacts().count() >= CONTACTS_MAX {
            return Err(Fault::TooLarge("there are 10,000 contacts already".to_owned()));
        }
        let who = card.identity;
        let old = self.book.person(&who).cloned().unwrap_or_default();
        let newer = old.devices.as_ref().is_none_or(|known| devices.against(known).is_ok());
        if !newer {
            return Err(Fault::Distrust("the list of devices is an old one".to_owned()));
        }
        let known = old.contact.clone();
        let contact = Contact {
            posting: keys.0,
            theirs: keys.1,
            verified: known.as_ref().is_some_and(|known| known.verified),
            blocked: false,
            key_changed: known.as_ref().map_or_else(|| self.stands_in(&who, &card.name), |known| known.key_changed),
            name: known.map(|known| known.name).unwrap_or_default(),
            conversation: Some(conversation),
            since: turn.now,
        };
        let person = Person { card: Some(card.clone()), devices: Some(devices.clone()), contact: Some(contact), ..old };
        if self.book.set_person(turn, who, person) {
            self.owe_profile(turn.now, 0);
        }
        self.owe_contacts();
        self.calls.push_back(Call::Contact(who));
        turn.show(Event::Contact(who));
        turn.show(Event::Changed);
        Ok(())
    }

    /// Whether a new contact has the name of another one who was verified: then it may be somebody who stands in for them.
    fn stands_in(&self, who: &Identity, name: &str) -> bool {
        let name = name.trim().to_lowercase();
        let same = |card: Option<&Signed<Card>>| card.is_some_and(|card| card.name.trim().to_lowercase() == name);
        self.book
            .contacts()
            .any(|(other, person, contact)| other != who && contact.verified && same(person.card.as_ref()))
    }

    fn change_contact(
        &mut self,
        turn: &mut Turn<'_>,
        who: &Identity,
        change: impl FnOnce(&mut Contact),
    ) -> Result<(), Fault> {
        self.account()?;
        let mut person = self.book.person(who).cloned().unwrap_or_default();
        let contact = person.contact.as_mut().ok_or_else(|| Fault::Unknown("this contact".to_owned()))?;
        change(contact);
        if self.book.set_person(turn, *who, person) {
            self.owe_profile(turn.now, PROFILE_WAIT);
        }
        self.calls.push_back(Call::Contact(*who));
        turn.show(Event::Changed);
        Ok(())
    }

    /// [`Command::SetVerified`](crate::command::Command::SetVerified): whoever looked at the number knows of the changed key.
    pub(super) fn set_verified(
        &mut self,
        turn: &mut Turn<'_>,
        who: &Identity,
        verified: bool,
    ) -> Result<Option<Done>, Fault> {
        self.change_contact(turn, who, |contact| {
            contact.verified = verified;
            contact.key_changed = false;
        })?;
        Ok(Some(Done::Well))
    }

    /// [`Command::SetBlocked`](crate::command::Command::SetBlocked).
    pub(super) fn set_blocked(
        &mut self,
        turn: &mut Turn<'_>,
        who: &Identity,
        blocked: bool,
    ) -> Result<Option<Done>, Fault> {
        self.change_contact(turn, who, |contact| contact.blocked = blocked)?;
        self.owe_contacts();
        Ok(Some(Done::Well))
    }

    /// [`Command::RenameContact`](crate::command::Command::RenameContact).
    pub(super) fn rename_contact(
        &mut self,
        turn: &mut Turn<'_>,
        who: &Identity,
        name: String,
    ) -> Result<Option<Done>, Fault> {
        if name.len() > super::account::NAME_MAX {
            return Err(Fault::TooLarge("a name".to_owned()));
        }
        self.change_contact(turn, who, |contact| name.trim().clone_into(&mut contact.name))?;
        Ok(Some(Done::Well))
    }

    /// [`Command::RemoveContact`](crate::command::Command::RemoveContact): also leaves the conversation with them.
    pub(super) fn remove_contact(&mut self, turn: &mut Turn<'_>, who: &Identity) -> Result<Option<Done>, Fault> {
        self.account()?;
        let contact = self.book.contact(who).ok_or_else(|| Fault::Unknown("this contact".to_owned()))?.1;
        if let Some(group) = contact.conversation {
            // It may be over already, which is as well.
            let _ = self.with(turn, &group, |conversation, scene| conversation.wish(scene, Wish::Leave));
        }
        self.drop_contact(turn, who);
        turn.show(Event::Changed);
        Ok(Some(Done::Well))
    }

    /// Somebody is no contact any more.
    pub(super) fn drop_contact(&mut self, turn: &mut Turn<'_>, who: &Identity) {
        let Some(person) = self.book.person(who).cloned() else { return };
        if self.book.set_person(turn, *who, Person { contact: None, ..person }) {
            self.owe_profile(turn.now, PROFILE_WAIT);
        }
        self.owe_contacts();
        self.calls.push_back(Call::Contact(*who));
    }
}
