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

/// How a name looks at a glance: without case, spaces and what is not seen, and with letters of other alphabets and digits that look like
/// Latin letters taken for those.
fn look_of(name: &str) -> String {
    let seen = name.chars().flat_map(char::to_lowercase).filter(|letter| letter.is_alphanumeric());
    seen.map(|letter| match letter {
        'а' | 'α' | 'à' | 'á' | 'â' | 'ã' | 'ä' | 'å' | 'ɑ' => 'a',
        'в' | 'β' | 'ь' => 'b',
        'с' | 'ϲ' | 'ç' => 'c',
        'ԁ' => 'd',
        'е' | 'ё' | 'ε' | 'è' | 'é' | 'ê' | 'ë' => 'e',
        'һ' | 'н' => 'h',
        'і' | 'ї' | 'ι' | '1' | 'l' | '|' | 'ì' | 'í' | 'î' | 'ï' | 'ı' | 'ł' | 'ӏ' => 'i',
        'ј' => 'j',
        'к' | 'κ' => 'k',
        'м' => 'm',
        'п' | 'η' | 'ñ' => 'n',
        'о' | 'ο' | 'σ' | '0' | 'ò' | 'ó' | 'ô' | 'õ' | 'ö' | 'ø' => 'o',
        'р' | 'ρ' => 'p',
        'ѕ' | '5' => 's',
        'т' | 'τ' => 't',
        'υ' | 'ù' | 'ú' | 'û' | 'ü' => 'u',
        'ν' | 'ѵ' => 'v',
        'ѡ' | 'ω' => 'w',
        'х' | 'χ' => 'x',
        'у' | 'ý' | 'ÿ' | 'γ' => 'y',
        other => other,
    })
    .collect()
}

/// Most contacts.
const CONTACTS_MAX: usize = tidings_wire::api::CONTACTS_MAX;

impl Client {
    /// Whether there is room for a contact, and the list of devices that they give is no older than the one known.
    pub(super) fn may_become_contact(&self, who: &Identity, devices: &Signed<DeviceList>) -> Result<(), Fault> {
        if self.book.contact(who).is_none() && self.book.contacts().count() >= CONTACTS_MAX {
            return Err(Fault::TooLarge("there are 10,000 contacts already".to_owned()));
        }
        let known = self.book.person(who).and_then(|person| person.devices.as_ref());
        if known.is_none_or(|known| devices.against(known).is_ok()) {
            Ok(())
        } else {
            Err(Fault::Distrust("the list of devices is an old one".to_owned()))
        }
    }

    /// Somebody becomes a contact. `keys`: the seed of one's own posting key, and the other's public one.
    pub(super) fn become_contact(
        &mut self,
        turn: &mut Turn<'_>,
        card: &Signed<Card>,
        devices: &Signed<DeviceList>,
        keys: ([u8; 32], [u8; 32]),
        conversation: GroupId,
    ) -> Result<(), Fault> {
        let who = card.identity;
        self.may_become_contact(&who, devices)?;
        let old = self.book.person(&who).cloned().unwrap_or_default();
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

    /// Whether somebody's name looks like that of a contact who was verified, as they call themselves or as this person calls them: then it
    /// may be somebody who stands in for them.
    pub(super) fn stands_in(&self, who: &Identity, name: &str) -> bool {
        let look = look_of(name);
        let same = |other: &str| !look.is_empty() && look_of(other) == look;
        self.book.contacts().any(|(other, person, contact)| {
            let known = same(&contact.name) || person.card.as_ref().is_some_and(|card| same(&card.name));
            other != who && contact.verified && known
        })
    }

    pub(super) fn change_contact(
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

#[cfg(test)]
mod tests {
    use super::look_of;

    #[test]
    fn names_that_look_alike_are_alike() {
        for (one, other) in [
            ("Alice", " aIice"),
            ("Alice", "Аl\u{200b}iсе"),
            ("Bob", "B0b"),
            ("Zoë", "zoe "),
            ("Anna-Lena", "Anna Lena"),
        ] {
            assert_eq!(look_of(one), look_of(other), "{one} {other}");
        }
        assert_ne!(look_of("Alice"), look_of("Alicia"));
        assert_eq!(look_of("…"), "");
    }
}
