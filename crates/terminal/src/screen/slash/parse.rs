//! Reads a command.

use super::{Slash, find};
use crate::screen::clock::read_lasting;
use std::path::PathBuf;
use tidings_client::command::{KeepHistory, Look};

/// Days that an invitation is good for, unless said otherwise.
const INVITATION_DAYS: u64 = 7;

/// Reads a line that begins with `/`. The error says what is missing.
pub(crate) fn parse(line: &str) -> Result<Slash, String> {
    let line = line.trim().strip_prefix('/').unwrap_or(line);
    let (typed, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
    let (typed, rest) = (typed.to_lowercase(), rest.trim());
    let name = name_of(&typed)?;
    read(name, rest).ok_or_else(|| match find(name) {
        Some(entry) => format!("it is written like this: /{} {}", entry.name, entry.arguments).trim_end().to_owned(),
        None => format!("/{name} is not a command"),
    })
}

/// The full name of a command that was written, perhaps shortened or by another name.
fn name_of(typed: &str) -> Result<&'static str, String> {
    let other = match typed {
        "?" | "h" => "help",
        "q" | "exit" => "quit",
        "kick" => "remove",
        "file" | "attach" => "send",
        "who" => "members",
        "rm" => "delete",
        "channel" => "join",
        typed => typed,
    };
    if let Some(entry) = find(other) {
        return Ok(entry.name);
    }
    let begun: Vec<_> = super::ENTRIES.iter().filter(|entry| entry.name.starts_with(other)).collect();
    match begun.as_slice() {
        [entry] => Ok(entry.name),
        [] => Err(format!("/{} is not a command; /help shows them", crate::screen::clean::line(typed))),
        several => {
            let names: Vec<String> = several.iter().map(|entry| format!("/{}", entry.name)).collect();
            Err(format!("which one: {}?", names.join(", ")))
        }
    }
}

fn read(name: &str, rest: &str) -> Option<Slash> {
    let mut words = words(rest).into_iter();
    let whole = (!rest.is_empty()).then(|| rest.to_owned());
    Some(match name {
        "help" => Slash::Help,
        "invite" => invite(words.collect()),
        "invitations" => Slash::Invitations,
        "accept" => Slash::Accept { link: words.next(), passphrase: words.next() },
        "go" => Slash::Go(one_name(rest)),
        "contacts" => Slash::Contacts,
        "verify" => Slash::Verify(one_name(rest)),
        "block" => Slash::Block(one_name(rest), true),
        "unblock" => Slash::Block(one_name(rest), false),
        "rename" => Slash::Rename(words.next()?, joined(words)),
        "forget-contact" => Slash::ForgetContact(whole.map(|_| one_name(rest))?),
        "introduce" => Slash::Introduce(words.next()?, words.next()?),
        "group" => Slash::Group(words.next()?, words.collect()),
        "room" => Slash::Room(words.next()?, words.next()),
        "add" => Slash::Add(some(words.collect())?),
        "remove" => Slash::Remove(whole.map(|_| one_name(rest))?),
        "role" => Slash::Role(words.next()?, role(&words.next()?)?),
        "title" => Slash::Title(whole?),
        "expire" => Slash::Expire(read_lasting(rest)?),
        "unlock" => Slash::Unlock(whole?),
        "send" => send(words.next()?, joined(words), Look::Keep),
        "once" => send(words.next()?, String::new(), Look::Once),
        "timed" => {
            let seconds = words.next()?.parse().ok().filter(|seconds| (1..=3_600).contains(seconds))?;
            send(words.next()?, String::new(), Look::Seconds(seconds))
        }
        "react" => Slash::React(words.next().unwrap_or_default()),
        "reply" => Slash::Reply(rest.to_owned()),
        "edit" => Slash::Edit(rest.to_owned()),
        "open" => Slash::Open(words.next().map(path)),
        "search" => Slash::Search(rest.to_owned(), true),
        "find" => Slash::Search(rest.to_owned(), false),
        "join" => Slash::Join(words.next()?.trim_start_matches('#').to_owned()).filled()?,
        "me" => Slash::Me(whole?),
        "status" => Slash::Status(rest.to_owned()),
        "receipts" => Slash::Receipts(switch(rest)?),
        "keep" => Slash::Keep(keep(rest)?),
        name => without_arguments(name)?,
    })
}

fn without_arguments(name: &str) -> Option<Slash> {
    Some(match name {
        "link" => Slash::Link,
        "members" => Slash::Members,
        "leave" => Slash::Leave,
        "delete-conversation" => Slash::Forget,
        "mute" => Slash::Mute,
        "archive" => Slash::Archive,
        "delete" => Slash::Delete,
        "info" => Slash::Info,
        "older" => Slash::Older,
        "devices" => Slash::Devices,
        "add-device" => Slash::AddDevice,
        "backup" => Slash::Backup,
        "warnings" => Slash::Warnings,
        "dismiss" => Slash::Dismiss,
        "quit" => Slash::Quit,
        _ => return None,
    })
}

impl Slash {
    /// Nothing if the name in it is empty.
    fn filled(self) -> Option<Self> {
        if matches!(&self, Self::Join(name) if name.is_empty()) { None } else { Some(self) }
    }
}

fn invite(mut words: Vec<String>) -> Slash {
    let last = words.last().and_then(|word| word.trim_end_matches('d').parse().ok());
    let days = last.filter(|days| (1..=30).contains(days));
    if days.is_some() {
        words.pop();
    }
    Slash::Invite { note: words.join(" "), days: days.unwrap_or(INVITATION_DAYS) }
}

fn send(file: String, caption: String, look: Look) -> Slash {
    Slash::Send { path: path(file), caption, look }
}

/// A path as it was written or dropped into the terminal: some terminals write `file://`.
fn path(text: String) -> PathBuf {
    PathBuf::from(text.strip_prefix("file://").map(str::to_owned).unwrap_or(text))
}

fn some(words: Vec<String>) -> Option<Vec<String>> {
    (!words.is_empty()).then_some(words)
}

fn joined(words: impl Iterator<Item = String>) -> String {
    words.collect::<Vec<_>>().join(" ")
}

/// A name that is the only argument: with blanks or without, in quotes or not.
fn one_name(rest: &str) -> String {
    let inside = rest.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    inside.unwrap_or(rest).to_owned()
}

fn role(text: &str) -> Option<u8> {
    Some(match text.to_lowercase().as_str() {
        "owner" => 0,
        "moderator" | "mod" => 1,
        "member" => 2,
        _ => return None,
    })
}

fn switch(text: &str) -> Option<bool> {
    match text {
        "on" | "yes" => Some(true),
        "off" | "no" => Some(false),
        _ => None,
    }
}

fn keep(text: &str) -> Option<KeepHistory> {
    Some(match text {
        "all" => KeepHistory::All,
        "none" | "nothing" => KeepHistory::Nothing,
        days => KeepHistory::Days(days.trim_end_matches('d').parse().ok().filter(|days| *days > 0)?),
    })
}

/// Words, separated by blanks. Quotes keep blanks, a backslash the next character.
pub(crate) fn words(text: &str) -> Vec<String> {
    let (mut words, mut word, mut begun) = (Vec::new(), String::new(), false);
    let mut quote: Option<char> = None;
    let mut escaped = false;
    for c in text.chars() {
        match quote {
            _ if escaped => {
                word.push(c);
                escaped = false;
            }
            _ if c == '\\' => (escaped, begun) = (true, true),
            Some(end) if c == end => quote = None,
            Some(_) => word.push(c),
            // An apostrophe inside of a word is one.
            None if c == '"' || (c == '\'' && !begun) => (quote, begun) = (Some(c), true),
            None if c.is_whitespace() => {
                if begun {
                    words.push(std::mem::take(&mut word));
                }
                begun = false;
            }
            None => {
                word.push(c);
                begun = true;
            }
        }
    }
    if begun {
        words.push(word);
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn commands_are_read() {
        assert_eq!(parse("/help"), Ok(Slash::Help));
        assert_eq!(parse("/q"), Ok(Slash::Quit));
        assert_eq!(parse("/invite Bob Smith 3"), Ok(Slash::Invite { note: "Bob Smith".into(), days: 3 }));
        assert_eq!(parse("/invite"), Ok(Slash::Invite { note: String::new(), days: 7 }));
        assert_eq!(
            parse("/group \"Summer trip\" bob 'Carol X'"),
            Ok(Slash::Group("Summer trip".into(), vec!["bob".into(), "Carol X".into()]))
        );
        assert_eq!(parse("/role bob mod"), Ok(Slash::Role("bob".into(), 1)));
        assert_eq!(parse("/expire 7d"), Ok(Slash::Expire(604_800)));
        assert_eq!(parse("/join #news"), Ok(Slash::Join("news".into())));
        let sent = Slash::Send { path: "my photo.jpg".into(), caption: "look at this".into(), look: Look::Keep };
        assert_eq!(parse("/send my\\ photo.jpg look at this"), Ok(sent));
        assert_eq!(
            parse("/timed 10 a.jpg"),
            Ok(Slash::Send { path: "a.jpg".into(), caption: String::new(), look: Look::Seconds(10) })
        );
        // A name that is all there is needs no quotes.
        assert_eq!(parse("/block Carol Ann"), Ok(Slash::Block("Carol Ann".into(), true)));
        assert_eq!(parse("/go \"Carol Ann\""), Ok(Slash::Go("Carol Ann".into())));
        assert_eq!(parse("/go the \"Owls\" here"), Ok(Slash::Go("the \"Owls\" here".into())));
        assert_eq!(parse("/rename bob O'Brien"), Ok(Slash::Rename("bob".into(), "O'Brien".into())));
    }

    #[test]
    fn what_is_missing_is_said() {
        assert_eq!(parse("/role bob king"), Err("it is written like this: /role NAME owner|moderator|member".into()));
        assert_eq!(parse("/nonsense"), Err("/nonsense is not a command; /help shows them".into()));
        assert_eq!(parse("/inv"), Err("which one: /invite, /invitations?".into()));
        assert_eq!(parse("/join #"), Err("it is written like this: /join #CHANNEL".into()));
        assert_eq!(parse("/arch"), Ok(Slash::Archive));
    }

    #[test]
    fn every_command_of_the_help_is_known() {
        for entry in super::super::ENTRIES {
            let answer = parse(&format!("/{}", entry.name));
            let message = answer.err().unwrap_or_default();
            assert!(!message.contains("is not a command"), "{}", entry.name);
        }
    }

    proptest! {
        #[test]
        fn nothing_written_breaks_it(line in "\\PC{0,80}") {
            let _ = parse(&line);
        }
    }
}
