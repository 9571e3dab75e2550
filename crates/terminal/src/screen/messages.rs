//! A message in one line of plain words, for quotes, lists, and the line mode.

use super::clean;
use super::text::clip;
use super::thread::file_words;
use tidings_client::view::{MessageView, Shown};

/// Cells of what is answered that are quoted.
const QUOTED: usize = 40;

/// To what it answers, in words that follow the name of its writer: `, answering Ada "first words"`. They stand before the colon, where
/// nobody can write them. Nothing if it answers nothing.
pub(crate) fn answering(message: &MessageView) -> String {
    let Some((_, line)) = &message.reply else { return String::new() };
    let whom = match message.reply_by.as_ref().map(|by| by.name.as_str()) {
        None => return ", answering a message that is not here".to_owned(),
        Some("You") if message.mine => "yourself".to_owned(),
        Some("You") => "you".to_owned(),
        Some(name) => clean::isolated(clean::name(name)),
    };
    match clip(&clean::line(line).replace('"', "'"), QUOTED) {
        line if line.is_empty() => format!(", answering {whom}"),
        line => format!(", answering {whom} \"{}\"", clean::isolated(line)),
    }
}

/// What it says, in one line, harmless.
pub(crate) fn summary(message: &MessageView) -> String {
    match &message.shown {
        Shown::Text(text) => clean::line(text),
        Shown::File(file) if file.gone => format!("[{}: gone]", file_words(file)),
        Shown::File(file) if file.caption.is_empty() => format!("[{}]", file_words(file)),
        Shown::File(file) => format!("[{}] {}", file_words(file), clean::line(&file.caption)),
        Shown::Introduction { name, .. } => format!("[suggests a contact: {}]", clean::name(name)),
        Shown::RoomLink { name, .. } => format!("[anonymous room: {}]", clean::name(name)),
        Shown::Deleted => "[deleted]".to_owned(),
        Shown::Gap(count) => format!("[{count} messages could not be had]"),
        Shown::Notice(notice) => clean::line(&notice.to_string()),
        Shown::Newer => "[a message of a newer kind]".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::screen::fixture;

    fn told(mine: bool, name: Option<&str>, line: &str) -> String {
        let mut message = fixture::message(2, u8::from(!mine), "yes");
        message.reply = Some((fixture::message(1, 1, "").id, line.to_owned()));
        message.reply_by = name.map(fixture::somebody);
        answering(&message)
    }

    #[test]
    fn it_is_told_what_is_answered() {
        assert_eq!(answering(&fixture::message(1, 1, "hello")), "");
        assert_eq!(told(false, Some("Ada"), "Shall we go?"), ", answering Ada \"Shall we go?\"");
        assert_eq!(told(false, Some("You"), ""), ", answering you");
        assert_eq!(told(true, Some("You"), "x"), ", answering yourself \"x\"");
        assert_eq!(told(false, None, ""), ", answering a message that is not here");
        let long = told(false, Some("Ada"), &"word ".repeat(40));
        assert!(long.chars().count() < 70 && long.ends_with("…\""), "{long}");
    }

    #[test]
    fn what_is_answered_steers_nothing_and_can_not_end_its_quotation() {
        assert_eq!(told(false, Some("A\u{1b}[2Jda"), "x\": no\u{202e}\u{7}\n"), ", answering A[2Jda \"x': no\"");
    }
}
