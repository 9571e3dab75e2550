//! The card of a person: how to reach them (docs/protocol/contacts.md, Card).

use crate::content::{NAME_BYTES_MAX, PICTURE_BYTES_MAX};
use crate::node_url::is_node_url;
use crate::view::Identity;
use serde::{Deserialize, Serialize};
use tidings_wire::Fixed;
use tidings_wire::signed::Body;

/// How to reach a person. Signed by the identity with the label `card`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Card {
    /// Who.
    pub identity: Identity,
    /// The home node's URL.
    pub node: String,
    /// Parcels are sealed to it (X25519).
    #[serde(with = "serde_bytes")]
    pub inbox: [u8; 32],
    /// What the person calls itself.
    pub name: String,
    /// A small JPEG.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "serde_bytes")]
    pub picture: Option<Vec<u8>>,
    /// Rises with each change; an older card is never taken for a newer one.
    pub counter: u64,
    /// The public half of the key (Ed25519) with which the writer of the card posts at the reader's inbox.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "serde_bytes")]
    pub posting: Option<[u8; 32]>,
}

impl Body for Card {
    const LABEL: &'static str = "card";
    const BYTES_MAX: usize = PICTURE_BYTES_MAX + 1024;

    fn signer(&self) -> Fixed<32> {
        Fixed(self.identity.0)
    }

    fn check(&self) -> Result<(), &'static str> {
        if !is_node_url(&self.node) {
            return Err("the card names no node");
        }
        if self.name.len() > NAME_BYTES_MAX {
            return Err("the name on the card is too long");
        }
        if self.picture.as_ref().is_some_and(|picture| picture.len() > PICTURE_BYTES_MAX) {
            return Err("the picture on the card is too large");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ed25519_dalek::SigningKey;
    use tidings_wire::Signed;

    fn card() -> (Card, SigningKey) {
        let key = SigningKey::from_bytes(&[7; 32]);
        let card = Card {
            identity: Identity(key.verifying_key().to_bytes()),
            node: "https://node.example".to_owned(),
            inbox: [1; 32],
            name: "Ada".to_owned(),
            picture: Some(vec![2; PICTURE_BYTES_MAX]),
            counter: 1,
            posting: Some([3; 32]),
        };
        (card, key)
    }

    #[test]
    fn the_longest_card_leads_back_and_a_longer_one_is_refused() {
        let (card, key) = card();
        let longest = Card { name: "x".repeat(NAME_BYTES_MAX), counter: u64::MAX, ..card.clone() };
        let Ok(signed) = Signed::sign(longest.clone(), &key) else { panic!("a good card") };
        assert!(Signed::<Card>::verify(signed.bytes()).is_ok_and(|read| *read == longest));
        assert!(Signed::sign(Card { name: "x".repeat(NAME_BYTES_MAX + 1), ..card.clone() }, &key).is_err());
        assert!(Signed::sign(Card { picture: Some(vec![0; PICTURE_BYTES_MAX + 1]), ..card.clone() }, &key).is_err());
        assert!(Signed::sign(Card { node: "https://node.example/".to_owned(), ..card.clone() }, &key).is_err());
        let bare = Card { picture: None, posting: None, ..card };
        let Ok(signed) = Signed::sign(bare.clone(), &key) else { panic!("a good card") };
        assert!(Signed::<Card>::verify(signed.bytes()).is_ok_and(|read| *read == bare));
    }
}
