//! Commands that are written: `/send FILE`.

mod complete;
mod parse;

pub(crate) use complete::{Completion, complete};
pub(crate) use parse::parse;

use std::path::PathBuf;
use tidings_client::command::Look;

/// What an argument is, to complete it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Argument {
    /// Nothing that could be completed.
    Free,
    /// Contacts.
    Person,
    /// A conversation or channel.
    Place,
    /// An emoji.
    Emoji,
    /// A file.
    File,
}

/// A command, as it is explained.
pub(crate) struct Entry {
    /// Without the slash.
    pub(crate) name: &'static str,
    /// What comes after it.
    pub(crate) arguments: &'static str,
    /// What it does.
    pub(crate) about: &'static str,
    /// What its arguments are.
    pub(crate) argument: Argument,
}

const fn entry(name: &'static str, arguments: &'static str, about: &'static str, argument: Argument) -> Entry {
    Entry { name, arguments, about, argument }
}

use Argument::{Emoji, File, Free, Person, Place};

/// All of them, in the order of the help.
pub(crate) const ENTRIES: &[Entry] = &[
    entry("help", "", "show keys and commands", Free),
    entry("invite", "[NAME] [DAYS]", "make an invitation for somebody", Free),
    entry("invitations", "", "show open invitations, revoke them", Free),
    entry("accept", "LINK [PASSPHRASE]", "accept an invitation, join a room", Free),
    entry("go", "NAME", "go to a conversation or #channel", Place),
    entry("contacts", "", "show contacts", Free),
    entry("verify", "[NAME]", "compare a safety number", Person),
    entry("block", "[NAME]", "drop what somebody sends", Person),
    entry("unblock", "[NAME]", "hear from somebody again", Person),
    entry("rename", "NAME NEWNAME", "call a contact by another name", Person),
    entry("forget-contact", "NAME", "have nothing to do with somebody any more", Person),
    entry("introduce", "NAME NAME", "suggest two contacts to each other", Person),
    entry("group", "NAME MEMBER…", "make a group", Person),
    entry("room", "NAME [PASSPHRASE]", "make an anonymous room", Free),
    entry("link", "", "show the link of this room", Free),
    entry("members", "", "show members and roles", Free),
    entry("add", "NAME…", "add members", Person),
    entry("remove", "NAME", "remove a member", Person),
    entry("role", "NAME owner|moderator|member", "change a role", Person),
    entry("title", "NAME", "rename this group", Free),
    entry("expire", "30s|10m|7d|off", "let messages disappear", Free),
    entry("leave", "", "leave this group, room or channel", Free),
    entry("delete-conversation", "", "delete this conversation here", Free),
    entry("mute", "", "silence this conversation, or not any more", Free),
    entry("archive", "", "put this conversation out of sight, or back", Free),
    entry("unlock", "PASSPHRASE", "open a locked room", Free),
    entry("send", "FILE [CAPTION]", "send a file or picture", File),
    entry("once", "FILE", "send a picture to be seen once", File),
    entry("timed", "SECONDS FILE", "send a picture to be seen for some seconds", File),
    entry("react", "EMOJI", "react to the selected or last message; without one, take it back", Emoji),
    entry("reply", "TEXT", "answer the selected or last message", Free),
    entry("edit", "TEXT", "change your last message", Free),
    entry("delete", "", "delete the selected message for everybody", Free),
    entry("open", "[PATH]", "open or save the file of the selected or last message", File),
    entry("info", "", "show how far the selected message has come", Free),
    entry("older", "", "show older messages (line mode)", Free),
    entry("search", "TEXT", "search all conversations", Free),
    entry("find", "TEXT", "search this conversation", Free),
    entry("join", "#CHANNEL", "join a public channel and go there (not encrypted)", Free),
    entry("me", "NAME", "change your own name", Free),
    entry("status", "TEXT", "change the line about you", Free),
    entry("receipts", "on|off", "tell others what you have read, or not", Free),
    entry("keep", "all|none|DAYS", "how much history goes into the backup", Free),
    entry("devices", "", "show your devices, remove one", Free),
    entry("add-device", "", "show a code for a new device", Free),
    entry("backup", "", "write the backup now", Free),
    entry("warnings", "", "show what you should know", Free),
    entry("dismiss", "", "take the warnings away", Free),
    entry("quit", "", "end", Free),
];

/// A command that was understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Slash {
    /// Help.
    Help,
    /// An invitation for somebody, good for so many days.
    Invite {
        /// For whom.
        note: String,
        /// For how many days.
        days: u64,
    },
    /// Open invitations.
    Invitations,
    /// Accept a link; `None` asks for it.
    Accept {
        /// The link.
        link: Option<String>,
        /// Of a locked room.
        passphrase: Option<String>,
    },
    /// Go somewhere; empty asks where.
    Go(String),
    /// Contacts.
    Contacts,
    /// Compare a safety number; empty: of the one that one talks to.
    Verify(String),
    /// Block (true) or not any more.
    Block(String, bool),
    /// A contact's name.
    Rename(String, String),
    /// Remove a contact.
    ForgetContact(String),
    /// Introduce two.
    Introduce(String, String),
    /// Make a group.
    Group(String, Vec<String>),
    /// Make a room.
    Room(String, Option<String>),
    /// The link of a room.
    Link,
    /// Members.
    Members,
    /// Add members.
    Add(Vec<String>),
    /// Remove a member.
    Remove(String),
    /// Change a role.
    Role(String, u8),
    /// Rename a group.
    Title(String),
    /// Disappearing, in seconds.
    Expire(u32),
    /// Leave.
    Leave,
    /// Delete here.
    Forget,
    /// Mute or not.
    Mute,
    /// Archive or not.
    Archive,
    /// Open a locked room.
    Unlock(String),
    /// Send a file.
    Send {
        /// Which.
        path: PathBuf,
        /// Beside it.
        caption: String,
        /// How it may be looked at.
        look: Look,
    },
    /// React; empty takes it back.
    React(String),
    /// Answer.
    Reply(String),
    /// Change.
    Edit(String),
    /// Delete a message.
    Delete,
    /// Open or save a file.
    Open(Option<PathBuf>),
    /// How far a message has come.
    Info,
    /// Older messages.
    Older,
    /// Search everywhere (true) or here.
    Search(String, bool),
    /// Join a channel.
    Join(String),
    /// One's own name.
    Me(String),
    /// The line about oneself.
    Status(String),
    /// Read receipts.
    Receipts(bool),
    /// History in the backup.
    Keep(tidings_client::command::KeepHistory),
    /// Devices.
    Devices,
    /// A code for a new device.
    AddDevice,
    /// Write the backup.
    Backup,
    /// Warnings.
    Warnings,
    /// Take them away.
    Dismiss,
    /// End.
    Quit,
}

/// The explanation of a command.
pub(crate) fn find(name: &str) -> Option<&'static Entry> {
    ENTRIES.iter().find(|entry| entry.name == name)
}

/// Whether a command has one argument, which is a name: it may have blanks, with or without quotes.
pub(crate) fn takes_whole_name(entry: &Entry) -> bool {
    matches!(entry.arguments, "NAME" | "[NAME]") && matches!(entry.argument, Person | Place)
}

/// Whether a line is a command. `//` begins a text with a slash.
pub(crate) fn is_command(line: &str) -> bool {
    line.strip_prefix('/').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_alphabetic() || c == '?'))
        && !line.contains('\n')
}

/// The text that a line which is no command stands for.
pub(crate) fn as_text(line: &str) -> &str {
    if line.starts_with("//") { line.strip_prefix('/').unwrap_or(line) } else { line }
}
