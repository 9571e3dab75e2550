//! QR codes in cells: two modules in each, one above the other.

use super::options::{Colours, Theme};
use qrcode::{EcLevel, QrCode};
use ratatui::style::{Color, Style};
use ratatui::text::Line;

/// Light modules around the code. The standard wants four; two are enough on a screen, where the border stands still.
const QUIET: usize = 2;

/// A QR code.
pub(crate) struct Qr {
    dark: Vec<bool>,
    width: usize,
}

impl Qr {
    /// Of this text, if it is not too long.
    pub(crate) fn of(text: &str) -> Option<Self> {
        let code = QrCode::with_error_correction_level(text, EcLevel::L).ok()?;
        let dark = code.to_colors().into_iter().map(|colour| colour == qrcode::Color::Dark).collect();
        Some(Self { dark, width: code.width() })
    }

    /// Columns and rows of cells.
    pub(crate) fn cells(&self) -> (u16, u16) {
        let side = self.width + 2 * QUIET;
        (u16::try_from(side).unwrap_or(u16::MAX), u16::try_from(side.div_ceil(2)).unwrap_or(u16::MAX))
    }

    fn is_dark(&self, x: usize, y: usize) -> bool {
        let inside = |at: usize| at.checked_sub(QUIET).filter(|at| *at < self.width);
        match (inside(x), inside(y)) {
            (Some(x), Some(y)) => self.dark.get(y * self.width + x).copied().unwrap_or(false),
            _ => false,
        }
    }

    /// Its rows, dark on light whatever the terminal's background is.
    pub(crate) fn lines(&self, colours: Colours, theme: Theme) -> Vec<Line<'static>> {
        // Without colours the letters' own must do: light letters on dark draw the light modules.
        let letters_are_light = colours != Colours::None || theme != Theme::Light;
        let style = match colours {
            Colours::None => Style::new(),
            Colours::Full => Style::new().fg(Color::Rgb(255, 255, 255)).bg(Color::Rgb(0, 0, 0)),
            Colours::Many => Style::new().fg(Color::Indexed(231)).bg(Color::Indexed(16)),
            Colours::Sixteen => Style::new().fg(Color::White).bg(Color::Black),
        };
        let side = self.width + 2 * QUIET;
        let row = |y: usize| {
            let sign = |x: usize| {
                let drawn = |y: usize| y < side && (self.is_dark(x, y) != letters_are_light);
                match (drawn(y), drawn(y + 1)) {
                    (true, true) => '█',
                    (true, false) => '▀',
                    (false, true) => '▄',
                    (false, false) => ' ',
                }
            };
            Line::styled((0..side).map(sign).collect::<String>(), style)
        };
        (0..side).step_by(2).map(row).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_finder_patterns_are_where_they_belong() {
        let qr = Qr::of("tidings:safety:1:AAAA").unwrap();
        let lines = qr.lines(Colours::None, Theme::Dark);
        let (columns, rows) = qr.cells();
        assert_eq!(lines.len(), usize::from(rows));
        assert!(lines.iter().all(|line| line.width() == usize::from(columns)));
        // A row of quiet modules, then the upper edge of a finder: seven dark modules.
        assert!(lines[0].to_string().chars().all(|c| c == '█'));
        assert!(lines[1].to_string().starts_with("██ ▄▄▄▄▄ █"), "{}", lines[1]);
    }
}
