//! A text that is being written: cursor, lines, words.

use super::text::{grapheme_width, part, wrap};
use std::ops::Range;
use unicode_segmentation::UnicodeSegmentation;

/// Bytes that one can write at once: what a message may have (docs/protocol/messages.md).
pub(crate) const MAX_TEXT: usize = 64 * 1024;
/// Lines that are laid out of it.
const MAX_LINES: usize = 8_192;

/// A text with a cursor.
#[derive(Default)]
pub(crate) struct Editor {
    text: String,
    /// A byte, always between two graphemes.
    cursor: usize,
    /// What was cut last, to be put back elsewhere.
    cut: String,
}

/// Where to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Move {
    /// One grapheme back.
    Left,
    /// One grapheme on.
    Right,
    /// To the beginning of the word.
    WordLeft,
    /// Behind the word.
    WordRight,
    /// To the beginning of the line.
    Home,
    /// To the end of the line.
    End,
    /// To the beginning of all.
    Start,
    /// To the end of all.
    Finish,
}

/// The text in lines.
pub(crate) struct Laid {
    /// The bytes of each line.
    pub(crate) lines: Vec<Range<usize>>,
    /// In which line the cursor is.
    pub(crate) row: usize,
    /// In which cell.
    pub(crate) column: usize,
}

impl Editor {
    /// One with this text, the cursor at its end.
    pub(crate) fn with(text: &str) -> Self {
        let mut editor = Self::default();
        editor.insert(text);
        editor
    }

    /// The text.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// Where the cursor is, in bytes.
    pub(crate) fn cursor(&self) -> usize {
        self.cursor
    }

    /// Whether there is nothing but blanks.
    pub(crate) fn is_blank(&self) -> bool {
        self.text.trim().is_empty()
    }

    /// Takes the text out.
    pub(crate) fn take(&mut self) -> String {
        self.cursor = 0;
        std::mem::take(&mut self.text)
    }

    /// Puts another text in its place, the cursor at its end.
    pub(crate) fn set(&mut self, text: &str) {
        self.take();
        self.insert(text);
    }

    /// Writes at the cursor. What a terminal would obey is left out. False if not all of it had room.
    pub(crate) fn insert(&mut self, text: &str) -> bool {
        let text = super::clean::text(text);
        let room = MAX_TEXT.saturating_sub(self.text.len());
        let end = text.grapheme_indices(true).map(|(at, g)| at + g.len()).take_while(|end| *end <= room).last();
        let fitting = part(&text, 0..end.unwrap_or(0));
        self.text.insert_str(self.cursor, fitting);
        // What was written may have joined with what stands behind it.
        self.cursor = self.boundary_from(self.cursor + fitting.len());
        fitting.len() == text.len()
    }

    /// Puts `with` in the place of these bytes, the cursor behind it.
    pub(crate) fn replace(&mut self, range: Range<usize>, with: &str) {
        if self.text.get(range.clone()).is_some() {
            self.text.replace_range(range.clone(), "");
            self.cursor = range.start;
            self.insert(with);
        }
    }

    /// Goes somewhere.
    pub(crate) fn go(&mut self, to: Move) {
        self.cursor = self.target(to);
    }

    /// Takes away what lies between the cursor and there, and keeps it for [`Editor::paste_back`].
    pub(crate) fn remove(&mut self, to: Move) {
        let target = self.target(to);
        let range = self.cursor.min(target)..self.cursor.max(target);
        if !matches!(to, Move::Left | Move::Right) && !range.is_empty() {
            self.cut = part(&self.text, range.clone()).to_owned();
        }
        self.cursor = range.start;
        self.text.replace_range(range, "");
        self.cursor = self.boundary_from(self.cursor);
    }

    /// Writes again what was cut last.
    pub(crate) fn paste_back(&mut self) {
        let cut = std::mem::take(&mut self.cut);
        self.insert(&cut);
        self.cut = cut;
    }

    /// Lays it out in lines of so many cells.
    pub(crate) fn laid(&self, cells: usize) -> Laid {
        let (lines, _) = wrap(&self.text, cells, MAX_LINES);
        let row = lines.iter().rposition(|line| line.start <= self.cursor).unwrap_or(0);
        let start = lines.get(row).map_or(0, |line| line.start);
        let column = part(&self.text, start..self.cursor).graphemes(true).map(grapheme_width).sum::<usize>();
        Laid { lines, row, column: column.min(cells.saturating_sub(1)) }
    }

    /// Goes a line up (-1) or down (1), as laid out. False if there is none.
    pub(crate) fn go_line(&mut self, down: bool, cells: usize) -> bool {
        let laid = self.laid(cells);
        let row = if down { laid.row.checked_add(1) } else { laid.row.checked_sub(1) };
        let Some(line) = row.and_then(|row| laid.lines.get(row)).cloned() else { return false };
        self.cursor = self.at_column(line, laid.column);
        true
    }

    /// Goes to where the mouse points.
    pub(crate) fn click(&mut self, row: usize, column: usize, cells: usize) {
        if let Some(line) = self.laid(cells).lines.get(row).cloned() {
            self.cursor = self.at_column(line, column);
        }
    }

    fn at_column(&self, line: Range<usize>, column: usize) -> usize {
        let mut used = 0;
        let shown = part(&self.text, line.clone());
        for (at, grapheme) in shown.grapheme_indices(true) {
            used += grapheme_width(grapheme);
            if used > column {
                return line.start + at;
            }
        }
        // A line that was broken at a blank ends before it, or the cursor would stand in the next one.
        let hanging = line.end < self.text.len() && shown.ends_with(' ');
        line.end - usize::from(hanging)
    }

    fn target(&self, to: Move) -> usize {
        let (before, after) = (part(&self.text, 0..self.cursor), part(&self.text, self.cursor..self.text.len()));
        match to {
            Move::Left => before.grapheme_indices(true).next_back().map_or(0, |(at, _)| at),
            Move::Right => self.cursor + after.graphemes(true).next().map_or(0, str::len),
            Move::WordLeft => {
                let trimmed = before.trim_end_matches(|c: char| !c.is_alphanumeric());
                trimmed
                    .rfind(|c: char| !c.is_alphanumeric())
                    .map_or(0, |at| at + part(trimmed, at..trimmed.len()).chars().next().map_or(0, char::len_utf8))
            }
            Move::WordRight => {
                let skipped = after.find(char::is_alphanumeric).unwrap_or(after.len());
                let word = part(after, skipped..after.len());
                self.cursor + skipped + word.find(|c: char| !c.is_alphanumeric()).unwrap_or(word.len())
            }
            Move::Home => before.rfind('\n').map_or(0, |at| at + 1),
            Move::End => self.cursor + after.find('\n').unwrap_or(after.len()),
            Move::Start => 0,
            Move::Finish => self.text.len(),
        }
    }

    /// The first place between two graphemes at or behind this byte.
    fn boundary_from(&self, at: usize) -> usize {
        // Only the line around matters; long texts are not walked through for each letter.
        let line = part(&self.text, 0..at).rfind('\n').map_or(0, |start| start + 1);
        let rest = part(&self.text, line..self.text.len());
        let mut place = line;
        for grapheme in rest.graphemes(true) {
            if place >= at {
                return place;
            }
            place += grapheme.len();
        }
        place
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_cursor_moves_by_what_a_person_sees() {
        let mut editor = Editor::with("a👩‍👩‍👧é日");
        editor.go(Move::Left);
        assert_eq!(part(editor.text(), editor.cursor()..editor.text().len()), "日");
        editor.go(Move::Left);
        editor.remove(Move::Left);
        assert_eq!(editor.text(), "aé日");
        editor.remove(Move::Right);
        assert_eq!(editor.text(), "a日");
        let mut flag = Editor::with("🇨🇭");
        flag.remove(Move::Left);
        assert_eq!(flag.text(), "");
    }

    #[test]
    fn words_and_lines_are_cut_and_put_back() {
        let mut editor = Editor::with("one two three\nfour");
        editor.go(Move::Home);
        editor.remove(Move::End);
        assert_eq!(editor.text(), "one two three\n");
        editor.paste_back();
        assert_eq!(editor.text(), "one two three\nfour");
        editor.go(Move::Start);
        editor.go(Move::WordRight);
        editor.go(Move::WordRight);
        editor.remove(Move::WordLeft);
        assert_eq!(editor.text(), "one  three\nfour");
    }

    #[test]
    fn lines_are_walked_in_cells() {
        let mut editor = Editor::with("日本語\nabcdef");
        assert!(editor.go_line(false, 20));
        let laid = editor.laid(20);
        assert_eq!((laid.row, laid.column), (0, 6));
        assert!(!editor.go_line(false, 20));
        editor.click(1, 3, 20);
        assert_eq!(part(editor.text(), editor.cursor()..editor.text().len()), "def");
    }

    #[test]
    fn what_is_pasted_is_cleaned_and_bounded() {
        let mut editor = Editor::default();
        assert!(editor.insert("a\x1b[31mb\tc"));
        assert_eq!(editor.text(), "a[31mb    c");
        assert!(!editor.insert(&"x".repeat(MAX_TEXT)));
        assert_eq!(editor.text().len(), MAX_TEXT);
    }

    proptest! {
        #[test]
        fn the_cursor_never_stands_inside_of_something(keys in proptest::collection::vec((0u8..12, "[a-z é日👩‍👧🇨\n\u{301}]{1,3}"), 0..40)) {
            let mut editor = Editor::default();
            for (key, text) in keys {
                match key {
                    0 => editor.go(Move::Left),
                    1 => editor.go(Move::Right),
                    2 => editor.go(Move::WordLeft),
                    3 => editor.go(Move::WordRight),
                    4 => editor.remove(Move::Left),
                    5 => editor.remove(Move::Right),
                    6 => editor.remove(Move::WordLeft),
                    7 => { editor.go_line(false, 7); }
                    8 => { editor.go_line(true, 7); }
                    9 => editor.click(1, 4, 7),
                    _ => { editor.insert(&text); }
                }
                prop_assert!(editor.text().is_char_boundary(editor.cursor()));
                editor.laid(7);
            }
        }
    }
}
