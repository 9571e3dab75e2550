//! What there is to know about a setting.

use super::Settings;

/// What a setting is about; a heading in `--help` and in `tidings config`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Section {
    /// Where things are and where it listens.
    Node,
    /// What visitors are told of the owner.
    Admin,
    /// Invitations and signatures.
    Door,
    /// Push notifications.
    Push,
    /// Keys that come from outside.
    Keys,
    /// The door for Tidings' own clients.
    Native,
    /// The door for rooms.
    Rooms,
    /// The door for channels.
    Channels,
    /// Rates, quotas and ages.
    Limits,
    /// Certificates.
    Tls,
    /// Connections and proxies.
    Http,
    /// Logs and metrics.
    Watching,
}

impl Section {
    /// The heading.
    pub fn title(self) -> &'static str {
        match self {
            Self::Node => "Node",
            Self::Admin => "About the owner",
            Self::Door => "Invitations and signatures",
            Self::Push => "Push notifications",
            Self::Keys => "Keys from elsewhere",
            Self::Native => "Conversations (Tidings' own clients)",
            Self::Rooms => "Rooms (DeNetwork)",
            Self::Channels => "Channels (darkchat)",
            Self::Limits => "Limits",
            Self::Tls => "TLS",
            Self::Http => "HTTP",
            Self::Watching => "Logs and metrics",
        }
    }
}

/// How a value is taken up. An error says what was expected.
#[derive(Clone, Copy)]
pub(super) enum Take {
    /// One value.
    One(fn(&mut Settings, &str) -> Result<(), String>),
    /// `true` or `false`; the flag may stand without a value.
    Switch(fn(&mut Settings, bool)),
    /// One value that may be unset by an empty text.
    Optional(fn(&mut Settings, Option<&str>) -> Result<(), String>),
    /// Any number of values; commas divide them in a text.
    List(fn(&mut Settings, &[String]) -> Result<(), String>),
}

/// A name that piqchat's server gave to a setting, and how its values are turned into ours.
#[derive(Clone, Copy)]
pub(super) struct Alias {
    pub(super) name: &'static str,
    pub(super) translate: fn(&str) -> String,
}

/// One setting.
#[derive(Clone, Copy)]
pub struct Definition {
    /// The flag without its dashes. The TOML key is the same, or divided at any dash into tables; the environment's name is
    /// `TIDINGS_` and the same in capitals with underscores.
    pub name: &'static str,
    /// What it is about.
    pub section: Section,
    /// The value if nobody gives one; empty for none.
    pub default: &'static str,
    /// What it does, in a sentence or two.
    pub help: &'static str,
    /// What to write for a value, in help texts.
    pub placeholder: &'static str,
    /// Whether a running node takes up a change on SIGHUP.
    pub reload: bool,
    /// Whether its value must never be shown. Such a setting has no flag, since other users can see those.
    pub secret: bool,
    pub(super) alias: Option<Alias>,
    pub(super) take: Take,
}

impl Definition {
    /// The name in the environment.
    pub fn variable(&self) -> String {
        format!("TIDINGS_{}", self.name.to_ascii_uppercase().replace('-', "_"))
    }

    /// Whether the flag may stand without a value.
    pub fn is_switch(&self) -> bool {
        matches!(self.take, Take::Switch(_))
    }

    /// Whether several values may be given.
    pub fn is_list(&self) -> bool {
        matches!(self.take, Take::List(_))
    }

    /// piqchat's name for it in the environment.
    pub fn other_variable(&self) -> Option<&'static str> {
        self.alias.map(|alias| alias.name)
    }

    pub(super) const fn live(mut self) -> Self {
        self.reload = true;
        self
    }

    pub(super) const fn hidden(mut self) -> Self {
        self.secret = true;
        self
    }

    pub(super) const fn like(self, name: &'static str) -> Self {
        self.translated(name, |text| text.to_owned())
    }

    pub(super) const fn translated(mut self, name: &'static str, translate: fn(&str) -> String) -> Self {
        self.alias = Some(Alias { name, translate });
        self
    }
}

/// Begins a row of the table.
pub(super) const fn setting(
    section: Section,
    name: &'static str,
    placeholder: &'static str,
    default: &'static str,
    take: Take,
    help: &'static str,
) -> Definition {
    Definition { name, section, default, help, placeholder, reload: false, secret: false, alias: None, take }
}
