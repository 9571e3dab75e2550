//! Cards: how one is reached and looks to others.

use super::Client;
use super::account::MeRecord;
use super::turn::Turn;
use crate::card::Card;
use crate::command::Fault;
use crate::content::{Content, ProfileCard};
use crate::conversation::step::ParcelBody;
use crate::records::{RecordKey, Table};
use crate::view::{ConversationKind, Event, GroupId, Identity, MemberView, Standing};
use ed25519_dalek::SigningKey;
use tidings_wire::bytes::Fixed;
use tidings_wire::cbor;
use tidings_wire::signed::Signed;

/// Members of a group up to which newcomers are greeted by everybody.
const GREETED_MAX: usize = 20;
/// Most people of whom it is remembered that they saw the card, and most bytes of the record that says so.
const TOLD_MAX: usize = tidings_wire::api::MEMBERS_MAX;
const TOLD_BYTES_MAX: usize = 64 * 1024;

/// Who of a group was shown the own card.
fn told_place(group: &GroupId) -> RecordKey {
    RecordKey::new(Table::Own, b"told", group.0)
}

impl Client {
    /// One's own card, for somebody at whose inbox one posts with `posting`.
    pub(super) fn own_card(&mut self, turn: &Turn<'_>, posting: Option<&[u8; 32]>) -> Result<Signed<Card>, Fault> {
        let MeRecord { name, picture, .. } = self.me_record();
        let posting = posting.map(|seed| SigningKey::from_bytes(seed).verifying_key().to_bytes());
        let own = self.own_mut().ok_or(Fault::NoAccount)?;
        // Several devices make cards: the clock lets the newest be the highest.
        own.card = own.card.saturating_add(1).max(turn.now);
        let card = Card {
            identity: own.identity(),
            node: own.node.clone(),
            inbox: own.secrets.inbox_public(),
            name,
            picture: picture.map(serde_bytes::ByteBuf::into_vec),
            counter: own.card,
            posting,
        };
        Ok(Signed::sign(card, &own.secrets.identity_key())?)
    }

    /// Gives the own card to all contacts, and to the groups.
    pub(super) fn send_cards(&mut self, turn: &mut Turn<'_>) {
        let contacts: Vec<_> = self.book.contacts().map(|(who, _, contact)| (*who, contact.posting)).collect();
        for (who, posting) in contacts {
            if let Ok(card) = self.own_card(turn, Some(&posting)) {
                self.post_parcel(turn, &who, ParcelBody::Card(card.into_bytes()));
            }
        }
        let Ok(card) = self.own_card(turn, None) else { return };
        let views: Vec<_> =
            self.conversations().into_iter().filter(|view| view.kind == ConversationKind::Group).collect();
        for view in views {
            let content = Content::Profile(ProfileCard { card: card.bytes().to_vec() });
            self.with(turn, &view.id, |conversation, scene| conversation.send(scene, content, None).map(|_| ()));
        }
    }

    /// Shows the own card to those of a group who have not seen it, since they are no contacts.
    pub(super) fn greet_members(&mut self, turn: &mut Turn<'_>, group: &GroupId) {
        self.greet(turn, group, false);
    }

    /// The person says something in a group: who came into it since they last did learns their name.
    pub(super) fn greet_speaking(&mut self, turn: &mut Turn<'_>, group: &GroupId) {
        self.greet(turn, group, true);
    }

    fn greet(&mut self, turn: &mut Turn<'_>, group: &GroupId, speaking: bool) {
        let Some(view) = self.conversation(group) else { return };
        if view.kind != ConversationKind::Group || view.standing != Standing::Ready {
            return;
        }
        let stranger = |member: &&MemberView| !member.me && self.book.contact(&member.identity).is_none();
        let strangers: Vec<_> = view.members.iter().filter(stranger).map(|member| member.identity).collect();
        let told: Vec<Identity> = turn
            .batch
            .get(turn.records, &told_place(group))
            .ok()
            .flatten()
            .and_then(|value| cbor::decode(&value, TOLD_BYTES_MAX).ok())
            .unwrap_or_default();
        // In a large group only those who come show themselves, and those who speak, or each new member would be greeted by hundreds.
        let large = view.members.len() > GREETED_MAX && !speaking;
        let known = |who: &Identity| told.contains(who) || (large && !told.is_empty());
        if strangers.iter().all(known) {
            return;
        }
        let Ok(card) = self.own_card(turn, None) else { return };
        let content = Content::Profile(ProfileCard { card: card.bytes().to_vec() });
        let sent = self.with(turn, group, |conversation, scene| conversation.send(scene, content, None));
        if matches!(sent, Some(Ok(_))) {
            let told: Vec<_> = strangers.into_iter().take(TOLD_MAX).collect();
            turn.put(told_place(group), &told);
        }
    }

    /// A conversation is forgotten.
    pub(super) fn forget_told(&self, turn: &mut Turn<'_>, group: &GroupId) {
        turn.remove(told_place(group));
    }

    /// A contact who was not verified and takes a name that looks like that of one who was must be looked at first.
    fn see_new_name(&mut self, turn: &mut Turn<'_>, who: &Identity, before: &str, after: &str) {
        let unverified = self.book.contact(who).is_some_and(|(_, contact)| !contact.verified && !contact.key_changed);
        if unverified && self.stands_in(who, after) && !self.stands_in(who, before) {
            let _ = self.change_contact(turn, who, |contact| contact.key_changed = true);
        }
    }

    /// A signed card was heard of.
    pub(super) fn heard_card(&mut self, turn: &mut Turn<'_>, who: &Identity, card: &[u8]) {
        let Ok(card) = Signed::<Card>::verify_by(card, &Fixed(who.0)) else { return };
        let posting = self.book.contact(who).map(|(_, contact)| contact.theirs);
        let (before, after) = (self.book.own_name(who), card.name.clone());
        let (newer, changed) = self.book.heard_card(turn, who, card);
        if newer {
            self.see_new_name(turn, who, &before, &after);
        }
        if changed {
            self.owe_profile(turn.now, super::conversations::PROFILE_WAIT);
        }
        if newer {
            if self.book.contact(who).map(|(_, contact)| contact.theirs) != posting {
                self.owe_contacts();
            }
            turn.show(Event::Changed);
        }
    }
}
