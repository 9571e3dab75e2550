//! Invitations (docs/protocol/contacts.md, Invitation) and the links of rooms: what the links hold, and the sealed offer and answer.

use crate::card::Card;
use crate::command::{Fault, Secret};
use crate::content::list;
use crate::io::Time;
use crate::keys::room_access_key;
use crate::node_url::is_node_url;
use crate::sealing::{draw, hkdf, hkdf_id, open, seal};
use crate::view::GroupId;
use ed25519_dalek::SigningKey;
use rand::Rng;
use serde::{Deserialize, Serialize};
use thiserror::Error;
use tidings_wire::api::{EXCHANGE_BYTES_MAX, PACKAGE_BYTES_MAX};
use tidings_wire::device_list::DeviceList;
use tidings_wire::signed::{Body, SignedError};
use tidings_wire::{Fixed, Signed, bytes};
use zeroize::{Zeroize, ZeroizeOnDrop};

/// The version of links that is written and read.
const VERSION: &str = "1";
/// Most bytes of a node's token.
const TOKEN_BYTES_MAX: usize = 128;
/// Most bytes of an offer or answer, so that it fits into an exchange once padded and sealed.
const BODY_BYTES_MAX: usize = EXCHANGE_BYTES_MAX - 32 * 1024;

/// Why a text is not a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum LinkError {
    /// Not a link of Tidings.
    #[error("it is not a link of Tidings")]
    Form,
    /// The node's address is none.
    #[error("the address of its node is none")]
    Node,
    /// Of another version.
    #[error("it was made by a newer version; update this one")]
    Version,
    /// A part is missing or was changed on the way.
    #[error("a part of it is missing")]
    Cut,
}

impl From<LinkError> for Fault {
    fn from(error: LinkError) -> Self {
        Self::Link(error.to_string())
    }
}

/// Why an offer or an answer is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum InvitationError {
    /// It can't be opened with the link's secret.
    #[error("it does not belong to this link")]
    Unreadable,
    /// It was made for another exchange or person.
    #[error("it was made for another invitation")]
    Other,
    /// Not good.
    #[error(transparent)]
    Signed(#[from] SignedError),
}

/// What a link leads to.
#[derive(Clone)]
pub enum Link {
    /// A person.
    Contact(InvitationLink),
    /// An account at a node, offered by its owner; nobody stands behind it.
    Account(AccountLink),
    /// A room.
    Room(RoomLink),
}

/// The secret of an invitation: whoever has it may be first to answer.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
pub struct Invitation(#[serde(with = "serde_bytes")] pub [u8; 16]);

/// The link of an invitation.
#[derive(Clone)]
pub struct InvitationLink {
    /// The node that has the exchange.
    pub node: String,
    /// Opens it.
    pub secret: Invitation,
    /// Lets in at that node, if it was given along.
    pub token: Option<Secret>,
}

/// The link by which a node's owner lets somebody in.
#[derive(Clone)]
pub struct AccountLink {
    /// The node's URL.
    pub node: String,
    /// Lets in, once.
    pub token: Secret,
}

/// The link of a room.
#[derive(Clone)]
pub struct RoomLink {
    /// The hub's URL.
    pub hub: String,
    /// The room.
    pub group: GroupId,
    /// The `seal` of its roster.
    pub seal: [u8; 32],
}

impl Link {
    /// Reads a link. Space around it is forgiven.
    pub fn parse(text: &str) -> Result<Self, LinkError> {
        let (address, secret) = text.trim().split_once('#').ok_or(LinkError::Form)?;
        let (node, is_room) = match (address.strip_suffix("/i"), address.strip_suffix("/r")) {
            (Some(node), _) => (node, false),
            (_, Some(node)) => (node, true),
            _ => return Err(LinkError::Form),
        };
        if !is_node_url(node) {
            return Err(LinkError::Node);
        }
        let (version, secret) = secret.split_once('.').ok_or(LinkError::Cut)?;
        if version != VERSION {
            return Err(LinkError::Version);
        }
        let link = match secret.strip_prefix('.') {
            _ if is_room => RoomLink::read(node, secret).map(Self::Room),
            Some(token) => AccountLink::read(node, token).map(Self::Account),
            None => InvitationLink::read(node, secret).map(Self::Contact),
        };
        link.ok_or(LinkError::Cut)
    }
}

impl InvitationLink {
    fn read(node: &str, secret: &str) -> Option<Self> {
        let (secret, token) = match secret.split_once('.') {
            Some((secret, token)) => (secret, Some(token)),
            None => (secret, None),
        };
        if !token.is_none_or(is_token) {
            return None;
        }
        let secret = Invitation(Fixed::parse(secret)?.0);
        Some(Self { node: node.to_owned(), secret, token: token.map(|token| Secret(token.to_owned())) })
    }

    /// The link.
    pub fn text(&self) -> Secret {
        let token = self.token.as_ref().map_or(String::new(), |token| format!(".{}", token.0));
        Secret(format!("{}/i#{VERSION}.{}{token}", self.node, bytes::encode(&self.secret.0)))
    }
}

impl AccountLink {
    fn read(node: &str, token: &str) -> Option<Self> {
        is_token(token).then(|| Self { node: node.to_owned(), token: Secret(token.to_owned()) })
    }

    /// The link.
    pub fn text(&self) -> Secret {
        Secret(format!("{}/i#{VERSION}..{}", self.node, self.token.0))
    }
}

/// Whether a text can be a token in a link.
fn is_token(text: &str) -> bool {
    let good = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    (1..=TOKEN_BYTES_MAX).contains(&text.len()) && text.bytes().all(good)
}

impl RoomLink {
    fn read(hub: &str, secret: &str) -> Option<Self> {
        let secret: Fixed<48> = Fixed::parse(secret)?;
        let (group, seal) = secret.0.split_first_chunk()?;
        Some(Self { hub: hub.to_owned(), group: GroupId(*group), seal: seal.try_into().ok()? })
    }

    /// The link.
    pub fn text(&self) -> Secret {
        let secret = [self.group.0.as_slice(), &self.seal].concat();
        Secret(format!("{}/r#{VERSION}.{}", self.hub, bytes::encode(&secret)))
    }

    /// The access key that all who have the link have.
    pub fn access_key(&self) -> SigningKey {
        room_access_key(&self.group, &self.seal)
    }
}

/// What the inviter shows. Signed with the label `offer`.
#[derive(Clone, Serialize, Deserialize)]
pub struct Offer {
    /// The exchange that it was made for.
    #[serde(with = "serde_bytes")]
    pub exchange: [u8; 16],
    /// How to reach the inviter; with a posting key.
    pub card: Signed<Card>,
    /// The inviter's devices.
    pub devices: Signed<DeviceList>,
    /// A fresh key package (MLSMessage) for each of them.
    #[serde(with = "list")]
    pub packages: Vec<Vec<u8>>,
    /// Until when it can be answered, in milliseconds.
    pub expires: Time,
    /// Of the inviter's node.
    pub incarnation: u64,
}

impl Body for Offer {
    const LABEL: &'static str = "offer";
    const BYTES_MAX: usize = BODY_BYTES_MAX;

    fn signer(&self) -> Fixed<32> {
        Fixed(self.card.identity.0)
    }

    fn check(&self) -> Result<(), &'static str> {
        if self.packages.is_empty() || self.packages.len() != self.devices.devices.len() {
            return Err("an offer has one key package for each device");
        }
        if self.packages.iter().any(|package| package.len() > PACKAGE_BYTES_MAX) {
            return Err("a key package is too large");
        }
        introduces(&self.card, &self.devices)
    }
}

/// What the one invited answers. Signed with the label `answer`.
#[derive(Clone, Serialize, Deserialize)]
pub struct Answer {
    /// The exchange that it was made for.
    #[serde(with = "serde_bytes")]
    pub exchange: [u8; 16],
    /// The inviter's identity.
    pub to: Fixed<32>,
    /// How to reach the one invited; with a posting key.
    pub card: Signed<Card>,
    /// The devices of the one invited.
    pub devices: Signed<DeviceList>,
    /// The MLS welcome to the inviter's devices.
    #[serde(with = "serde_bytes")]
    pub welcome: Vec<u8>,
    /// The conversation.
    pub group: GroupId,
    /// The hub's URL.
    pub hub: String,
}

impl Body for Answer {
    const LABEL: &'static str = "answer";
    const BYTES_MAX: usize = BODY_BYTES_MAX;

    fn signer(&self) -> Fixed<32> {
        Fixed(self.card.identity.0)
    }

    fn check(&self) -> Result<(), &'static str> {
        if !is_node_url(&self.hub) {
            return Err("the answer names no hub");
        }
        if self.to == self.signer() {
            return Err("nobody answers their own invitation");
        }
        introduces(&self.card, &self.devices)
    }
}

fn introduces(card: &Card, devices: &DeviceList) -> Result<(), &'static str> {
    if card.identity.0 != devices.identity.0 {
        Err("card and devices are of different people")
    } else if card.posting.is_none() {
        Err("the card has no posting key")
    } else {
        Ok(())
    }
}

impl Invitation {
    /// A new one.
    pub fn generate(random: &mut dyn Rng) -> Self {
        Self(draw(random))
    }

    /// The exchange at the inviter's node.
    pub fn exchange_id(&self) -> [u8; 16] {
        hkdf_id(b"tidings/1", &self.0, b"invitation id")
    }

    fn key(&self) -> [u8; 32] {
        hkdf(b"tidings/1", &self.0, b"invitation key")
    }

    /// Seals an offer.
    pub fn seal_offer(&self, offer: &Signed<Offer>, random: &mut dyn Rng) -> Vec<u8> {
        seal(&self.key(), b"offer", offer.bytes(), random)
    }

    /// Opens an offer and checks all its signatures, and that it was made for this exchange. Whether it has expired, and the key
    /// packages, are the caller's affair.
    pub fn open_offer(&self, sealed: &[u8]) -> Result<Signed<Offer>, InvitationError> {
        let offer = Signed::<Offer>::verify(&self.opened(b"offer", sealed)?)?;
        if offer.exchange == self.exchange_id() { Ok(offer) } else { Err(InvitationError::Other) }
    }

    /// Seals an answer.
    pub fn seal_answer(&self, answer: &Signed<Answer>, random: &mut dyn Rng) -> Vec<u8> {
        seal(&self.key(), b"answer", answer.bytes(), random)
    }

    /// Opens an answer to `me` and checks all its signatures, and that it was made for this exchange and for me.
    pub fn open_answer(&self, me: &Fixed<32>, sealed: &[u8]) -> Result<Signed<Answer>, InvitationError> {
        let answer = Signed::<Answer>::verify(&self.opened(b"answer", sealed)?)?;
        if answer.exchange == self.exchange_id() && answer.to == *me { Ok(answer) } else { Err(InvitationError::Other) }
    }

    fn opened(&self, purpose: &[u8], sealed: &[u8]) -> Result<Vec<u8>, InvitationError> {
        if sealed.len() > EXCHANGE_BYTES_MAX {
            return Err(InvitationError::Unreadable);
        }
        open(&self.key(), purpose, sealed).map_err(|_| InvitationError::Unreadable)
    }
}

#[cfg(test)]
#[path = "invitation_tests.rs"]
mod tests;
