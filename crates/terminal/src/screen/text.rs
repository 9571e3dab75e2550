//! Texts in cells: widths, cutting, breaking into lines.

use ratatui::buffer::CellWidth;
use std::ops::Range;
use unicode_segmentation::UnicodeSegmentation;

/// The cells that a grapheme takes.
pub(crate) fn grapheme_width(grapheme: &str) -> usize {
    if grapheme.starts_with(char::is_control) { 0 } else { grapheme.cell_width().into() }
}

/// The cells that a text takes.
pub(crate) fn width(text: &str) -> usize {
    if text.bytes().all(|b| (0x20..0x7f).contains(&b)) {
        return text.len();
    }
    text.graphemes(true).map(grapheme_width).sum()
}

/// Part of a text; nothing where the range does not fit.
pub(crate) fn part(text: &str, range: Range<usize>) -> &str {
    text.get(range).unwrap_or_default()
}

/// The text in at most so many cells, with `…` where something is missing.
pub(crate) fn clip(text: &str, cells: usize) -> String {
    if width(text) <= cells {
        return text.to_owned();
    }
    let mut clipped = String::new();
    let mut used = 0;
    for grapheme in text.graphemes(true) {
        let wide = grapheme_width(grapheme);
        if used + wide + 1 > cells {
            break;
        }
        used += wide;
        clipped.push_str(grapheme);
    }
    if cells > 0 {
        clipped.push('…');
    }
    clipped
}

/// The text, filled up with blanks to so many cells.
pub(crate) fn fit(text: &str, cells: usize) -> String {
    let mut text = clip(text, cells);
    let blanks = cells.saturating_sub(width(&text));
    text.extend(std::iter::repeat_n(' ', blanks));
    text
}

/// Breaks a text into lines of at most `cells`, at blanks where there are any, and stops after `lines`. Gives the bytes of each
/// line (the blank that it was broken at hangs over the end) and whether that is all.
pub(crate) fn wrap(text: &str, cells: usize, lines: usize) -> (Vec<Range<usize>>, bool) {
    let cells = cells.max(1);
    let mut broken = Vec::new();
    let mut begin = 0;
    for paragraph in text.split('\n') {
        if broken.len() >= lines {
            return (broken, false);
        }
        if !wrap_paragraph(paragraph, begin, cells, lines, &mut broken) {
            return (broken, false);
        }
        begin += paragraph.len() + 1;
    }
    (broken, true)
}

/// Breaks one paragraph that begins at byte `offset`. False if the lines ended before the paragraph.
fn wrap_paragraph(text: &str, offset: usize, cells: usize, lines: usize, broken: &mut Vec<Range<usize>>) -> bool {
    let (mut start, mut used) = (0, 0);
    // Where the line may be broken, and how many cells it has up to there.
    let mut chance: Option<(usize, usize)> = None;
    for (at, grapheme) in text.grapheme_indices(true) {
        let wide = grapheme_width(grapheme);
        let blank = grapheme.chars().all(char::is_whitespace);
        while used + wide > cells && at > start && !blank {
            let (end, cells_before) = chance.take().filter(|(end, _)| *end > start).unwrap_or((at, used));
            broken.push(offset + start..offset + end);
            if broken.len() >= lines {
                return false;
            }
            start = end;
            used = used.saturating_sub(cells_before);
        }
        used += wide;
        if blank {
            chance = Some((at + grapheme.len(), used));
        }
    }
    broken.push(offset + start..offset + text.len());
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn wrapped(text: &str, cells: usize) -> Vec<&str> {
        wrap(text, cells, 100).0.into_iter().map(|range| part(text, range).trim_end()).collect()
    }

    #[test]
    fn lines_break_at_blanks() {
        assert_eq!(wrapped("the quick brown fox", 10), ["the quick", "brown fox"]);
        assert_eq!(wrapped("a\n\nb", 10), ["a", "", "b"]);
        assert_eq!(wrapped("", 10), [""]);
        assert_eq!(wrapped("abcdefghijkl", 5), ["abcde", "fghij", "kl"]);
        assert_eq!(wrapped("a  abcdefghijkl", 5), ["a", "abcde", "fghij", "kl"]);
    }

    #[test]
    fn wide_characters_count_twice() {
        assert_eq!(width("日本"), 4);
        assert_eq!(wrapped("日本語", 4), ["日本", "語"]);
        assert_eq!(clip("日本語", 5), "日本…");
        assert_eq!(width("👩‍👩‍👧"), 2);
        assert_eq!(fit("é", 3), "é  ");
    }

    #[test]
    fn lines_are_bounded() {
        let (lines, all) = wrap("a b c d e", 1, 3);
        assert_eq!((lines.len(), all), (3, false));
        let (lines, all) = wrap("a\nb\nc\nd", 10, 3);
        assert_eq!((lines.len(), all), (3, false));
    }

    proptest! {
        #[test]
        fn no_line_is_too_wide_and_nothing_is_lost(text in "[a-z 日é\n]{0,60}", cells in 2usize..12) {
            let (lines, all) = wrap(&text, cells, 1000);
            prop_assert!(all);
            let mut whole = String::new();
            for range in lines {
                prop_assert!(width(part(&text, range.clone()).trim_end()) <= cells);
                if range.start > 0 && part(&text, range.start - 1..range.start) == "\n" {
                    whole.push('\n');
                }
                whole.push_str(part(&text, range));
            }
            prop_assert_eq!(whole, text);
        }
    }
}
