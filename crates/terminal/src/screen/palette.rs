//! What things look like, in as many colours as the terminal has. Nothing is told by colour alone.

use super::options::{Colours, Options, Theme};
use ratatui::style::{Color, Modifier, Style};

/// What a piece of text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tone {
    /// Usual.
    Text,
    /// Beside the point: times, borders, hints.
    Dim,
    /// What matters more.
    Strong,
    /// What one can act on; the focus.
    Accent,
    /// As it should be: verified, delivered.
    Good,
    /// To be careful with.
    Warn,
    /// Wrong, or dangerous.
    Bad,
    /// A link.
    Link,
    /// What is selected.
    Selected,
    /// Public and not encrypted.
    Public,
    /// A key to press.
    Key,
}

/// The colours.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Palette {
    colours: Colours,
    theme: Theme,
}

/// Colours of names that can be read on dark and on light: as 24 bits, of the 256, of the 16.
const NAMES: [((u8, u8, u8), u8, Color); 8] = [
    ((62, 140, 205), 32, Color::Blue),
    ((55, 150, 85), 35, Color::Green),
    ((175, 125, 35), 136, Color::Yellow),
    ((190, 95, 175), 133, Color::Magenta),
    ((45, 150, 150), 37, Color::Cyan),
    ((205, 95, 75), 167, Color::LightRed),
    ((125, 115, 210), 98, Color::LightBlue),
    ((120, 140, 60), 101, Color::LightMagenta),
];

impl Palette {
    /// For these options.
    pub(crate) fn new(options: &Options) -> Self {
        Self { colours: options.colours, theme: options.theme }
    }

    /// How many colours there are.
    pub(crate) fn colours(&self) -> Colours {
        self.colours
    }

    /// How a tone looks.
    pub(crate) fn style(&self, tone: Tone) -> Style {
        let plain = Style::new();
        match tone {
            Tone::Text => plain,
            Tone::Dim if self.colours >= Colours::Many => plain.fg(self.pick((128, 132, 140), 244, Color::DarkGray)),
            Tone::Dim => plain.add_modifier(Modifier::DIM),
            Tone::Strong => plain.add_modifier(Modifier::BOLD),
            Tone::Accent => self.coloured((62, 140, 205), 32, Color::Cyan).add_modifier(Modifier::BOLD),
            Tone::Good => self.coloured((55, 150, 85), 35, Color::Green),
            Tone::Warn => self.coloured((190, 130, 20), 172, Color::Yellow).add_modifier(Modifier::BOLD),
            Tone::Bad => self.coloured((210, 70, 70), 160, Color::Red).add_modifier(Modifier::BOLD),
            Tone::Link => self.coloured((62, 140, 205), 32, Color::Blue).add_modifier(Modifier::UNDERLINED),
            Tone::Selected => self.selected(),
            Tone::Public if self.colours == Colours::None => plain.add_modifier(Modifier::REVERSED),
            Tone::Public => plain.fg(Color::Black).bg(self.pick((220, 165, 50), 178, Color::Yellow)),
            Tone::Key => self.coloured((62, 140, 205), 32, Color::Cyan),
        }
    }

    /// How the name of somebody looks, always the same for the same key.
    pub(crate) fn name(&self, key: &[u8]) -> Style {
        let sum = key.iter().fold(0usize, |sum, byte| sum.wrapping_mul(31).wrapping_add((*byte).into()));
        let (full, many, sixteen) =
            NAMES.get(sum % NAMES.len()).copied().unwrap_or(((128, 128, 128), 244, Color::Gray));
        self.coloured(full, many, sixteen).add_modifier(Modifier::BOLD)
    }

    /// A colour of a picture.
    pub(crate) fn point(&self, red: u8, green: u8, blue: u8) -> Option<Color> {
        match self.colours {
            Colours::Full => Some(Color::Rgb(red, green, blue)),
            Colours::Many => Some(Color::Indexed(nearest_of_256(red, green, blue))),
            Colours::None | Colours::Sixteen => None,
        }
    }

    fn selected(&self) -> Style {
        match (self.colours, self.theme) {
            (Colours::Full, Theme::Dark) => Style::new().bg(Color::Rgb(48, 56, 70)),
            (Colours::Full, Theme::Light) => Style::new().bg(Color::Rgb(218, 226, 240)),
            (Colours::Many, Theme::Dark) => Style::new().bg(Color::Indexed(237)),
            (Colours::Many, Theme::Light) => Style::new().bg(Color::Indexed(254)),
            _ => Style::new().add_modifier(Modifier::REVERSED),
        }
    }

    fn coloured(&self, full: (u8, u8, u8), many: u8, sixteen: Color) -> Style {
        if self.colours == Colours::None { Style::new() } else { Style::new().fg(self.pick(full, many, sixteen)) }
    }

    fn pick(&self, (red, green, blue): (u8, u8, u8), many: u8, sixteen: Color) -> Color {
        match self.colours {
            Colours::Full => Color::Rgb(red, green, blue),
            Colours::Many => Color::Indexed(many),
            Colours::Sixteen => sixteen,
            Colours::None => Color::Reset,
        }
    }
}

/// The nearest of the 6×6×6 cube or of the greys.
fn nearest_of_256(red: u8, green: u8, blue: u8) -> u8 {
    let (low, high) = (red.min(green).min(blue), red.max(green).max(blue));
    if high - low < 12 {
        let grey = u16::from(red) + u16::from(green) + u16::from(blue);
        return u8::try_from(232 + (grey / 3).saturating_sub(3).min(235) / 10).unwrap_or(255);
    }
    let step = |value: u8| if value < 48 { 0 } else { (u16::from(value).saturating_sub(35) / 40).min(5) };
    u8::try_from(16 + 36 * step(red) + 6 * step(green) + step(blue)).unwrap_or(16)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_colours_there_are_none() {
        let palette = Palette::new(&Options { colours: Colours::None, ..Options::default() });
        for tone in [Tone::Text, Tone::Dim, Tone::Accent, Tone::Bad, Tone::Public, Tone::Selected, Tone::Link] {
            let style = palette.style(tone);
            assert_eq!((style.fg, style.bg), (None, None), "{tone:?}");
        }
        assert_eq!(palette.name(b"x").fg, None);
        assert_eq!(palette.point(1, 2, 3), None);
    }

    #[test]
    fn sixteen_colours_are_those_the_person_set() {
        let palette = Palette::new(&Options { colours: Colours::Sixteen, ..Options::default() });
        for key in 0..=255u8 {
            assert!(!matches!(palette.name(&[key]).fg, Some(Color::Rgb(..) | Color::Indexed(_))));
        }
    }

    #[test]
    fn the_cube_is_hit() {
        assert_eq!(nearest_of_256(0, 0, 0), 232);
        assert_eq!(nearest_of_256(255, 255, 255), 255);
        assert_eq!(nearest_of_256(255, 0, 0), 196);
        assert_eq!(nearest_of_256(0, 0, 255), 21);
    }
}
