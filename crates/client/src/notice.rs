//! Lines about a conversation: who came, went, changed its name. A screen in another language words them itself.

use crate::view::Identity;
use serde::Serialize;
use std::fmt;

/// Somebody in such a line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct Somebody {
    /// Who.
    pub identity: Identity,
    /// How they are called, or the beginning of their key.
    pub name: String,
    /// Whether it is this person.
    pub me: bool,
}

/// What such a line says: in English by [`Display`](fmt::Display).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum NoticeView {
    /// Somebody added these.
    Added {
        /// Who did.
        by: Somebody,
        /// Whom.
        who: Vec<Somebody>,
    },
    /// Somebody removed these.
    Removed {
        /// Who did.
        by: Somebody,
        /// Whom.
        who: Vec<Somebody>,
    },
    /// These left.
    Left {
        /// Who.
        who: Vec<Somebody>,
    },
    /// Somebody has another role.
    Role {
        /// Who gave it.
        by: Somebody,
        /// Who has it.
        who: Somebody,
        /// 0 owner, 1 moderator, 2 member.
        role: u8,
    },
    /// The conversation has another name.
    Name {
        /// Who gave it.
        by: Somebody,
        /// Which.
        name: String,
    },
    /// It has another picture.
    Picture {
        /// Who gave it.
        by: Somebody,
    },
    /// How long messages stay was changed.
    Expire {
        /// Who changed it.
        by: Somebody,
        /// Seconds; 0: they stay.
        seconds: u32,
    },
    /// These were added while this device was out.
    Came {
        /// Who.
        who: Vec<Somebody>,
    },
    /// These were removed, or left, while this device was out.
    Gone {
        /// Who.
        who: Vec<Somebody>,
    },
    /// What the node shows can't be right: this device does not go along.
    Refused,
    /// This person was removed.
    RemovedYou {
        /// Who did.
        by: Somebody,
    },
    /// The hub does not know this person any more.
    NotLetIn,
    /// A device has lost its memory.
    LostMemory {
        /// Whose.
        of: Somebody,
    },
}

/// Somebody who does something: at the beginning of a line.
impl fmt::Display for Somebody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.me { "You" } else { &self.name })
    }
}

/// Somebody to whom something is done.
fn object(who: &Somebody) -> &str {
    if who.me { "you" } else { &who.name }
}

fn objects(who: &[Somebody]) -> String {
    who.iter().map(object).collect::<Vec<_>>().join(", ")
}

fn subjects(who: &[Somebody]) -> String {
    who.iter().map(Somebody::to_string).collect::<Vec<_>>().join(", ")
}

impl fmt::Display for NoticeView {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Added { by, who } => write!(f, "{by} added {}", objects(who)),
            Self::Removed { by, who } => write!(f, "{by} removed {}", objects(who)),
            Self::Left { who } => write!(f, "{} left", subjects(who)),
            Self::Role { by, who, role } => {
                let roles = ["an owner", "a moderator", "a member"];
                write!(f, "{by} made {} {}", object(who), roles.get(usize::from(*role)).unwrap_or(&"a member"))
            }
            Self::Name { by, name } => write!(f, "{by} named the conversation \"{name}\""),
            Self::Picture { by } => write!(f, "{by} changed the picture"),
            Self::Expire { by, seconds: 0 } => write!(f, "{by} let messages stay"),
            Self::Expire { by, seconds } => {
                let lets = if by.me { "let" } else { "lets" };
                write!(f, "{by} {lets} messages disappear after {}", span(*seconds))
            }
            Self::Came { who } => write!(f, "{} came in meanwhile", subjects(who)),
            Self::Gone { who } => write!(f, "{} went meanwhile", subjects(who)),
            Self::Refused => f.write_str(
                "The node shows a state of this conversation that can't be right. Nothing is sent until it shows another",
            ),
            Self::RemovedYou { by } => write!(f, "{by} removed you"),
            Self::NotLetIn => f.write_str(
                "You are not in this conversation any more: somebody removed you, or its hub has lost you",
            ),
            Self::LostMemory { of } if of.me => f.write_str("A device of yours has lost its memory"),
            Self::LostMemory { of } => write!(f, "A device of {of} has lost its memory"),
        }
    }
}

/// A time in words.
fn span(seconds: u32) -> String {
    let unit = |count: u32, name: &str| format!("{count} {name}{}", if count == 1 { "" } else { "s" });
    match seconds {
        0..60 => unit(seconds, "second"),
        60..3600 => unit(seconds / 60, "minute"),
        3600..86_400 => unit(seconds / 3600, "hour"),
        _ => unit(seconds / 86_400, "day"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_in_the_unit_that_fits() {
        assert_eq!(
            [span(1), span(59), span(60), span(7_200), span(86_400 * 3)],
            ["1 second", "59 seconds", "1 minute", "2 hours", "3 days"]
        );
    }

    #[test]
    fn this_person_is_you() {
        let [me, ada] = [("Bob", true), ("Ada", false)].map(|(name, me)| Somebody {
            identity: Identity([7; 32]),
            name: name.to_owned(),
            me,
        });
        let said = [
            NoticeView::Added { by: ada.clone(), who: vec![me.clone()] },
            NoticeView::Left { who: vec![me.clone(), ada.clone()] },
            NoticeView::Role { by: me.clone(), who: ada.clone(), role: 1 },
            NoticeView::Expire { by: me.clone(), seconds: 3600 },
            NoticeView::Expire { by: ada, seconds: 3600 },
            NoticeView::LostMemory { of: me },
        ];
        assert_eq!(
            said.map(|notice| notice.to_string()),
            [
                "Ada added you",
                "You, Ada left",
                "You made Ada a moderator",
                "You let messages disappear after 1 hour",
                "Ada lets messages disappear after 1 hour",
                "A device of yours has lost its memory"
            ]
        );
    }
}
