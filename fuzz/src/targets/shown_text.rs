//! What others write, on its way to a terminal: no control character may get there, nothing that turns the direction of writing or hides,
//! and what was made harmless stays as it is.

#[path = "../../../crates/terminal/src/screen/clean.rs"]
mod clean;

use tidings_terminal::show;

pub(super) fn run(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let lines = clean::text(&text);
    harmless(&lines, true);
    assert_eq!(clean::text(&lines), lines);
    let line = clean::line(&text);
    harmless(&line, false);
    assert_eq!(clean::line(&line), line);
    let name = clean::name(&text);
    harmless(&name, false);
    assert!(!name.trim().is_empty());
    let isolated = clean::isolated(line.clone());
    assert!(isolated == line || isolated == format!("\u{2068}{line}\u{2069}"));
    assert_eq!(isolated == line, !line.chars().any(clean::is_right_to_left));

    let printed = show::clean(&text);
    assert!(printed.chars().all(|c| c == '\n' || c == '\t' || !c.is_control()));
    assert_eq!(show::clean(&printed), printed);
    let printed = show::line(&text);
    harmless(&printed, false);
    assert_eq!(show::line(&printed), printed);
    word(&show::word(&text));
}

fn harmless(text: &str, lines: bool) {
    for c in text.chars() {
        assert!(!c.is_control() || (lines && c == '\n'), "{c:?}");
        assert!(!matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'), "{c:?}");
        assert!(!matches!(c, '\u{2028}' | '\u{2029}'), "{c:?}");
    }
}

/// A shell takes it for one word.
fn word(text: &str) {
    match text.strip_prefix('\'') {
        None => assert!(!text.is_empty() && !text.contains(char::is_whitespace) && !text.starts_with('-')),
        Some(quoted) => {
            let inner = quoted.strip_suffix('\'').expect("what is opened is closed");
            assert!(inner.split("'\\''").all(|part| !part.contains('\'')));
        }
    }
}
