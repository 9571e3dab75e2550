//! What is told to the terminal itself: clipboard, title, notifications.

use crate::screen::clean;
use crate::screen::options::Notify;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// Bytes that are put into the clipboard; terminals drop longer ones.
const MAX_COPY: usize = 72 * 1024;
/// Letters of a notification.
const MAX_NOTE: usize = 160;

/// Puts a text into the clipboard (OSC 52).
pub(crate) fn copy(text: &str) -> String {
    let bytes = text.as_bytes().get(..MAX_COPY).unwrap_or(text.as_bytes());
    format!("\x1b]52;c;{}\x07", STANDARD.encode(bytes))
}

/// The window's title.
pub(crate) fn title(text: &str) -> String {
    format!("\x1b]2;{}\x1b\\", clean::line(text))
}

/// Tells that something came. Without a text, nothing of what it is.
pub(crate) fn notify(how: Notify, text: &str) -> String {
    let text: String = match clean::line(text) {
        empty if empty.is_empty() => "New message".to_owned(),
        text => text.chars().take(MAX_NOTE).collect(),
    };
    match how {
        Notify::Off => String::new(),
        Notify::Bell => "\x07".to_owned(),
        // A number and a semicolon at the beginning mean something else to some terminals.
        Notify::Osc9 => format!("\x1b]9;Tidings: {text}\x07\x07"),
        Notify::Osc777 => format!("\x1b]777;notify;Tidings;{}\x1b\\\x07", text.replace(';', ",")),
        Notify::Osc99 => format!("\x1b]99;;{text}\x1b\\\x07"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_others_wrote_ends_a_sequence() {
        let evil = "a\x1b\\\x07b;c\u{9c}";
        assert_eq!(notify(Notify::Osc777, evil), "\x1b]777;notify;Tidings;a\\b,c\x1b\\\x07");
        assert_eq!(title(evil), "\x1b]2;a\\b;c\x1b\\");
        assert_eq!(notify(Notify::Osc99, ""), "\x1b]99;;New message\x1b\\\x07");
        assert_eq!(notify(Notify::Off, "x"), "");
        assert_eq!(copy("hi"), "\x1b]52;c;aGk=\x07");
    }
}
