//! Cards: how one is reached and looks to others.

use super::Client;
use super::account::MeRecord;
use super::turn::Turn;
use crate::card::Card;
use crate::command::Fault;
use crate::content::{Content, ProfileCard};
use crate::conversation::step::ParcelBody;
use crate::view::{ConversationKind, Event, Identity};
use ed25519_dalek::SigningKey;
use tidings_wire::bytes::Fixed;
use tidings_wire::signed::Signed;

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

    /// A signed card was heard of.
    pub(super) fn heard_card(&mut self, turn: &mut Turn<'_>, who: &Identity, card: &[u8]) {
        let Ok(card) = Signed::<Card>::verify_by(card, &Fixed(who.0)) else { return };
        let posting = self.book.contact(who).map(|(_, contact)| contact.theirs);
        let (newer, changed) = self.book.heard_card(turn, who, card);
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
