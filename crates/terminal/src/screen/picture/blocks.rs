//! Pictures of half blocks: two points in each cell.

use super::Decoded;
use crate::screen::palette::Palette;
use ratatui::style::Style;
use ratatui::text::Span;

/// The rows of a picture.
pub(crate) fn lines(picture: &Decoded, columns: u16, rows: u16, palette: Palette) -> Vec<Vec<Span<'static>>> {
    let points = picture.scaled(columns.into(), u32::from(rows) * 2);
    let style = |x: u32, y: u32| {
        let colour =
            |y: u32| points.get_pixel_checked(x, y).and_then(|point| palette.point(point.0[0], point.0[1], point.0[2]));
        let (upper, lower) = (colour(y * 2), colour(y * 2 + 1));
        Style { fg: upper, bg: lower, ..Style::new() }
    };
    let row = |y: u32| {
        let mut spans: Vec<(Style, usize)> = Vec::new();
        for x in 0..u32::from(columns) {
            match spans.last_mut() {
                Some((before, count)) if *before == style(x, y) => *count += 1,
                _ => spans.push((style(x, y), 1)),
            }
        }
        spans.into_iter().map(|(style, count)| Span::styled("▀".repeat(count), style)).collect()
    };
    (0..u32::from(rows)).map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::super::decode::{decode, tests::halves};
    use super::*;
    use crate::screen::options::{Colours, Options};
    use ratatui::style::Color;

    #[test]
    fn both_halves_are_seen() {
        let palette = Palette::new(&Options { colours: Colours::Full, ..Options::default() });
        let picture = decode(&halves(80, 40), 1_024).unwrap();
        let lines = lines(&picture, 8, 2, palette);
        assert_eq!(lines.len(), 2);
        assert_eq!(lines[0].len(), 2);
        assert_eq!(lines[0][0].content, "▀▀▀▀");
        assert_eq!(lines[0][0].style.fg, Some(Color::Rgb(250, 0, 0)));
        assert_eq!(lines[1][1].style.bg, Some(Color::Rgb(0, 0, 250)));
    }
}
