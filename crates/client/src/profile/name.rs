//! The keys of the profile's records.

use crate::view::{GroupId, Identity};
use tidings_wire::Fixed;

/// What a record of the profile is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Name {
    /// Oneself: name, picture, settings.
    Me,
    /// A box key taken over from piqchat.
    Box,
    /// A contact.
    Contact(Identity),
    /// A conversation.
    Conversation(GroupId),
    /// How far a conversation was read.
    Read(GroupId),
    /// An invitation, by its exchange.
    Invitation([u8; 16]),
    /// An archive of a conversation, by its number.
    History(GroupId, u64),
    /// A device, by its serial.
    Device(u64),
    /// A suggestion of a contact, by the exchange of its secret.
    Suggestion([u8; 16]),
}

impl Name {
    /// The key.
    pub fn text(&self) -> String {
        match self {
            Self::Me => "me".to_owned(),
            Self::Box => "box".to_owned(),
            Self::Contact(identity) => format!("contact/{identity}"),
            Self::Conversation(group) => format!("conversation/{group}"),
            Self::Read(group) => format!("read/{group}"),
            Self::Invitation(id) => format!("invitation/{}", Fixed(*id)),
            Self::History(group, number) => format!("history/{group}/{number}"),
            Self::Device(serial) => format!("device/{serial}"),
            Self::Suggestion(id) => format!("suggestion/{}", Fixed(*id)),
        }
    }

    /// Reads a key; `None` for one of a newer version.
    pub fn parse(text: &str) -> Option<Self> {
        let name = match text.split_once('/') {
            None if text == "me" => Self::Me,
            None if text == "box" => Self::Box,
            Some(("contact", rest)) => Self::Contact(Identity::parse(rest)?),
            Some(("conversation", rest)) => Self::Conversation(GroupId::parse(rest)?),
            Some(("read", rest)) => Self::Read(GroupId::parse(rest)?),
            Some(("invitation", rest)) => Self::Invitation(Fixed::parse(rest)?.0),
            Some(("history", rest)) => {
                let (group, number) = rest.split_once('/')?;
                Self::History(GroupId::parse(group)?, number.parse().ok()?)
            }
            Some(("device", rest)) => Self::Device(rest.parse().ok()?),
            Some(("suggestion", rest)) => Self::Suggestion(Fixed::parse(rest)?.0),
            _ => return None,
        };
        // One spelling only: no sign, no leading zeros.
        (name.text() == text).then_some(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lead_back_in_one_spelling() {
        let (identity, group) = (Identity([1; 32]), GroupId([2; 16]));
        for name in [
            Name::Me,
            Name::Box,
            Name::Contact(identity),
            Name::Conversation(group),
            Name::Read(group),
            Name::Invitation([3; 16]),
            Name::History(group, 70),
            Name::Suggestion([4; 16]),
        ] {
            assert_eq!(Name::parse(&name.text()), Some(name));
        }
        for text in [
            "",
            "Me",
            "contact/x",
            "contact",
            "later/x",
            &format!("history/{group}/07"),
            &format!("history/{group}/+7"),
        ] {
            assert_eq!(Name::parse(text), None, "{text}");
        }
    }
}
