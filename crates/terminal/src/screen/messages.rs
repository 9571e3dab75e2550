//! A message in one line of plain words, for quotes, lists, and the line mode.

use super::clean;
use super::thread::file_words;
use tidings_client::view::{MessageView, Shown};

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
        Shown::Notice(text) => clean::line(text),
        Shown::Newer => "[a message of a newer kind]".to_owned(),
    }
}
