//! Completes commands and names while they are written.

use super::{Argument, ENTRIES, find, takes_whole_name};
use crate::screen::clean;
use crate::screen::emoji;
use crate::screen::world::World;
use std::ops::Range;

/// Suggestions at once.
const MAX_CHOICES: usize = 8;

/// What could stand in place of what was begun.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Completion {
    /// The bytes of the line that are replaced.
    pub(crate) range: Range<usize>,
    /// What to put there, and what to say about it.
    pub(crate) choices: Vec<(String, String)>,
    /// Whether they are names: which of several is meant only the person can say.
    pub(crate) names: bool,
}

/// Completes the line up to the cursor.
pub(crate) fn complete(line: &str, cursor: usize, world: &World) -> Option<Completion> {
    let begun = line.get(..cursor)?;
    let completion = if super::is_command(begun) || begun == "/" {
        match split(begun) {
            None => commands(begun),
            Some((before, word)) => argument(before, word, cursor, world),
        }
    } else {
        shortcode(begun)
    }?;
    (!completion.choices.is_empty()).then_some(completion)
}

/// What stands before the argument that is being written, and this. A name that is the only argument may have blanks.
fn split(begun: &str) -> Option<(&str, &str)> {
    let (command, rest) = begun.split_once(char::is_whitespace)?;
    let whole = command.strip_prefix('/').and_then(find).is_some_and(takes_whole_name);
    if whole { Some((command, rest.trim_start())) } else { begun.rsplit_once(char::is_whitespace) }
}

fn commands(begun: &str) -> Option<Completion> {
    let typed = begun.strip_prefix('/')?.to_lowercase();
    let matching = ENTRIES.iter().filter(|entry| entry.name.starts_with(&typed));
    let choices = matching.map(|entry| (format!("/{} ", entry.name), format!("{}  {}", entry.arguments, entry.about)));
    Some(Completion { range: 0..begun.len(), choices: choices.take(MAX_CHOICES).collect(), names: false })
}

fn argument(before: &str, word: &str, cursor: usize, world: &World) -> Option<Completion> {
    let name = before.split_whitespace().next()?.strip_prefix('/')?;
    let word_lower = word.trim_start_matches(['"', '#']).to_lowercase();
    let fits = |name: &str| name.to_lowercase().starts_with(&word_lower);
    let of = find(name)?.argument;
    let choices: Vec<(String, String)> = match of {
        Argument::Person => {
            let fitting = world.contacts.iter().filter(|contact| fits(&contact.name));
            fitting
                .map(|contact| (format!("{} ", quoted(&contact.name)), clean::line(&contact.node)))
                .take(MAX_CHOICES)
                .collect()
        }
        Argument::Place => {
            let titles = world
                .conversations
                .iter()
                .filter(|one| fits(&one.title))
                .map(|one| (clean::line(&one.title), String::new()));
            let channels = world
                .channels
                .iter()
                .filter(|name| fits(name))
                .map(|name| (format!("#{}", clean::line(name)), "public".to_owned()));
            titles.chain(channels).take(MAX_CHOICES).collect()
        }
        Argument::Emoji => {
            let fitting = emoji::matching(word.trim_start_matches(':'));
            fitting.map(|(sign, name)| (sign.to_owned(), name.to_owned())).take(MAX_CHOICES).collect()
        }
        Argument::File | Argument::Free => return None,
    };
    let names = matches!(of, Argument::Person | Argument::Place);
    Some(Completion { range: cursor - word.len()..cursor, choices, names })
}

/// `:smi` becomes an emoji.
fn shortcode(begun: &str) -> Option<Completion> {
    let at = begun.rfind(':')?;
    let word = begun.get(at + 1..)?;
    let alone = begun.get(..at)?.chars().next_back().is_none_or(char::is_whitespace);
    if !alone || word.len() < 2 || !word.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
        return None;
    }
    let choices = emoji::matching(word).map(|(sign, name)| (sign.to_owned(), name.to_owned()));
    Some(Completion { range: at..begun.len(), choices: choices.take(MAX_CHOICES).collect(), names: false })
}

fn quoted(name: &str) -> String {
    let name = clean::line(name);
    if name.contains(char::is_whitespace) { format!("\"{name}\"") } else { name }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::screen::fixture;

    fn choices(line: &str) -> Vec<String> {
        let world = fixture::world();
        complete(line, line.len(), &world)
            .map(|found| found.choices.into_iter().map(|(text, _)| text).collect())
            .unwrap_or_default()
    }

    #[test]
    fn commands_and_names_are_completed() {
        assert_eq!(choices("/inv"), ["/invite ", "/invitations "]);
        assert_eq!(choices("/verify al"), ["Alice "]);
        assert_eq!(choices("/go #ne"), ["#news"]);
        assert_eq!(choices("/react thumbs"), ["👍", "👎"]);
        assert_eq!(choices("well :tada"), ["🎉"]);
        assert!(choices("at 12:30").is_empty());
        assert!(choices("hello").is_empty());
        assert_eq!(choices("/").len(), MAX_CHOICES);
    }
}
