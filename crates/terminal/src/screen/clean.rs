//! Makes what others wrote harmless before it is shown.
//!
//! A terminal obeys control characters, so none of them may get there: no message, name or file name may move the cursor, set a
//! title, answer a query or hide what stands beside it.

/// Marks that may stand above and below one character. More only serve to smear over other lines.
const MAX_MARKS: usize = 6;

/// A text of several lines: line feeds stay, tabs become blanks.
pub(crate) fn text(text: &str) -> String {
    cleaned(text, true)
}

/// A text of one line, such as a name.
pub(crate) fn line(text: &str) -> String {
    let cleaned = cleaned(text, false);
    let trimmed = cleaned.trim();
    if trimmed.len() == cleaned.len() { cleaned } else { trimmed.to_owned() }
}

/// A name, never empty.
pub(crate) fn name(text: &str) -> String {
    let name = line(text);
    if name.chars().all(|c| c.is_whitespace() || is_mark(c)) { "(no name)".to_owned() } else { name }
}

/// The same text, isolated from its surroundings if it has characters that are written from right to left, so that it can't
/// reorder what stands beside it (Unicode Standard Annex 9, first strong isolate).
pub(crate) fn isolated(text: String) -> String {
    if text.chars().any(is_right_to_left) { format!("\u{2068}{text}\u{2069}") } else { text }
}

/// Whether a text has characters that are written from right to left.
pub(crate) fn is_right_to_left(c: char) -> bool {
    matches!(c, '\u{590}'..='\u{8FF}' | '\u{FB1D}'..='\u{FDFF}' | '\u{FE70}'..='\u{FEFE}' | '\u{10800}'..='\u{10FFF}' | '\u{1E800}'..='\u{1EFFF}')
}

fn cleaned(text: &str, lines: bool) -> String {
    let mut clean = String::with_capacity(text.len());
    let mut marks = 0;
    let mut before = ' ';
    for c in text.chars() {
        // "\r\n" is one end of a line.
        let pair = before == '\r' && c == '\n';
        before = c;
        if is_mark(c) {
            marks += 1;
            if marks <= MAX_MARKS {
                clean.push(c);
            }
            continue;
        }
        let shown = clean.len();
        match c {
            _ if pair => {}
            '\n' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}' => clean.push(if lines { '\n' } else { ' ' }),
            '\t' => clean.push_str(if lines { "    " } else { " " }),
            _ if is_dangerous(c) => {}
            _ => clean.push(c),
        }
        // What is left out does not stand between marks.
        if clean.len() > shown {
            marks = 0;
        }
    }
    clean
}

/// Characters that are never shown: controls of the terminal, of the direction of writing, and those that nobody sees.
fn is_dangerous(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{AD}' | '\u{61C}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}' | '\u{180E}' | '\u{200B}' | '\u{200E}' | '\u{200F}'
            | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{3164}' | '\u{FEFF}' | '\u{FFA0}' | '\u{FFF0}'..='\u{FFFB}'
            // kitty shows pictures where this stands.
            | '\u{10EEEE}'
            | '\u{1D173}'..='\u{1D17A}' | '\u{E0000}'..='\u{E0FFF}')
}

/// Marks that combine with the character before. Variation selectors and joiners are not meant.
fn is_mark(c: char) -> bool {
    matches!(c,
        '\u{300}'..='\u{36F}' | '\u{483}'..='\u{489}' | '\u{591}'..='\u{5BD}' | '\u{610}'..='\u{61A}' | '\u{64B}'..='\u{65F}'
        | '\u{E31}' | '\u{E34}'..='\u{E3A}' | '\u{E47}'..='\u{E4E}' | '\u{1AB0}'..='\u{1AFF}' | '\u{1DC0}'..='\u{1DFF}'
        | '\u{20D0}'..='\u{20FF}' | '\u{FE20}'..='\u{FE2F}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_left_out_does_not_let_more_marks_through() {
        let smear = format!("a{0}\0{0}\u{200B}{0}b{0}", "\u{301}".repeat(4));
        assert_eq!(text(&smear), format!("a{}b{}", "\u{301}".repeat(MAX_MARKS), "\u{301}".repeat(4)));
    }

    #[test]
    fn escape_sequences_lose_what_makes_them_work() {
        assert_eq!(text("a\x1b[2Jb\x1b]0;title\x07c"), "a[2Jb]0;titlec");
        assert_eq!(text("a\u{9b}31mb"), "a31mb");
        assert_eq!(line("one\r\ntwo\rthree\u{7f}"), "one two three");
        assert_eq!(text("one\r\ntwo\u{2028}three"), "one\ntwo\nthree");
    }

    #[test]
    fn the_direction_of_writing_can_not_be_turned() {
        assert_eq!(name("Eve\u{202e}gpj.exe"), "Evegpj.exe");
        assert_eq!(name("\u{2067}Eve\u{2069}"), "Eve");
        assert_eq!(isolated("דנה".to_owned()), "\u{2068}דנה\u{2069}");
        assert_eq!(isolated("Dana".to_owned()), "Dana");
    }

    #[test]
    fn invisible_names_get_one() {
        for nothing in ["", "   ", "\u{200b}\u{2060}", "\u{3164}", "\u{301}"] {
            assert_eq!(name(nothing), "(no name)", "{nothing:?}");
        }
    }

    #[test]
    fn emoji_keep_what_joins_them() {
        assert_eq!(text("👩‍👩‍👧 ❤️ 👍🏽 🇨🇭"), "👩‍👩‍👧 ❤️ 👍🏽 🇨🇭");
    }

    #[test]
    fn marks_are_bounded() {
        let smear = format!("a{}b", "\u{301}".repeat(1000));
        assert_eq!(text(&smear).chars().count(), 2 + MAX_MARKS);
    }

    proptest! {
        #[test]
        fn nothing_that_a_terminal_obeys_comes_through(any in any::<String>()) {
            prop_assert!(!text(&any).chars().any(|c| c.is_control() && c != '\n'));
            prop_assert!(!line(&any).chars().any(char::is_control));
        }
    }
}
