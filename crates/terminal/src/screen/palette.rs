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

/// A colour as 24 bits, and as one of the 256.
type Shade = ((u8, u8, u8), u8);

/// A colour on each background: its contrast is at least 4.5 on dark and on light ones (WCAG 2.2, 1.4.3), also where something is
/// selected, and 3 on all if the background is not known.
struct Hue {
    dark: Shade,
    light: Shade,
    unknown: Shade,
    /// Of the 16, which the person has set.
    sixteen: Color,
}

const fn hue(dark: Shade, light: Shade, unknown: Shade, sixteen: Color) -> Hue {
    Hue { dark, light, unknown, sixteen }
}

const GREY: Hue = hue(((160, 165, 172), 248), ((90, 94, 102), 240), ((128, 132, 140), 244), Color::DarkGray);
const BLUE: Hue = hue(((120, 185, 245), 75), ((20, 85, 155), 25), ((62, 140, 205), 32), Color::Blue);
/// The colour of Tidings, as in the web app (docs/look.md).
const TIDE: Hue = hue(((92, 194, 184), 79), ((11, 100, 96), 23), ((42, 148, 141), 30), Color::Cyan);
const GREEN: Hue = hue(((95, 200, 130), 78), ((20, 100, 50), 22), ((55, 150, 85), 29), Color::Green);
const AMBER: Hue = hue(((230, 175, 70), 214), ((125, 75, 0), 94), ((190, 130, 20), 136), Color::Yellow);
const RED: Hue = hue(((255, 140, 135), 210), ((175, 25, 30), 124), ((210, 70, 70), 167), Color::Red);

/// Colours of names.
const NAMES: [Hue; 8] = [
    BLUE,
    GREEN,
    hue(((220, 175, 90), 179), ((120, 80, 0), 94), ((175, 125, 35), 136), Color::Yellow),
    hue(((230, 150, 215), 176), ((140, 40, 125), 90), ((190, 95, 175), 133), Color::Magenta),
    hue(((90, 200, 200), 80), ((0, 95, 100), 23), ((45, 150, 150), 30), Color::Cyan),
    hue(((245, 150, 125), 209), ((160, 55, 30), 88), ((205, 95, 75), 167), Color::LightRed),
    hue(((180, 170, 250), 147), ((85, 65, 175), 55), ((125, 115, 210), 98), Color::LightBlue),
    hue(((170, 195, 105), 149), ((80, 95, 20), 58), ((120, 140, 60), 101), Color::LightMagenta),
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
            Tone::Dim if self.colours >= Colours::Many => self.coloured(&GREY),
            Tone::Dim => plain.add_modifier(Modifier::DIM),
            Tone::Strong => plain.add_modifier(Modifier::BOLD),
            Tone::Accent => self.coloured(&TIDE).add_modifier(Modifier::BOLD),
            Tone::Good => self.coloured(&GREEN),
            Tone::Warn => self.coloured(&AMBER).add_modifier(Modifier::BOLD),
            Tone::Bad => self.coloured(&RED).add_modifier(Modifier::BOLD),
            Tone::Link => self.coloured(&BLUE).add_modifier(Modifier::UNDERLINED),
            Tone::Selected => self.selected(),
            Tone::Public if self.colours == Colours::None => plain.add_modifier(Modifier::REVERSED),
            Tone::Public => plain.fg(Color::Black).bg(self.pick(((220, 165, 50), 178), Color::Yellow)),
            Tone::Key => self.coloured(&TIDE),
        }
    }

    /// How the name of somebody looks, always the same for the same key.
    pub(crate) fn name(&self, key: &[u8]) -> Style {
        let sum = key.iter().fold(0usize, |sum, byte| sum.wrapping_mul(31).wrapping_add((*byte).into()));
        self.coloured(NAMES.get(sum % NAMES.len()).unwrap_or(&GREY)).add_modifier(Modifier::BOLD)
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

    fn coloured(&self, hue: &Hue) -> Style {
        let shade = match self.theme {
            Theme::Dark => hue.dark,
            Theme::Light => hue.light,
            Theme::Unknown => hue.unknown,
        };
        let sixteen = match hue.sixteen {
            // These are pale with most terminals.
            Color::Yellow if self.theme == Theme::Light => Color::Magenta,
            Color::Cyan if self.theme == Theme::Light => Color::Blue,
            other => other,
        };
        if self.colours == Colours::None { Style::new() } else { Style::new().fg(self.pick(shade, sixteen)) }
    }

    fn pick(&self, ((red, green, blue), many): Shade, sixteen: Color) -> Color {
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

    /// What a colour is on the screen, without those of the 16.
    fn points(colour: Color) -> (u8, u8, u8) {
        let step = |level: u8| if level == 0 { 0 } else { 55 + 40 * level };
        match colour {
            Color::Rgb(red, green, blue) => (red, green, blue),
            Color::Black => (0, 0, 0),
            Color::Indexed(grey @ 232..) => [8 + 10 * (grey - 232); 3].into(),
            Color::Indexed(cube @ 16..) => (step((cube - 16) / 36), step((cube - 16) / 6 % 6), step((cube - 16) % 6)),
            other => panic!("{other:?} is the person's own"),
        }
    }

    /// How different two colours are (WCAG 2.2).
    fn contrast(one: (u8, u8, u8), other: (u8, u8, u8)) -> f64 {
        let linear = |value: u8| {
            let value = f64::from(value) / 255.0;
            if value <= 0.03928 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
        };
        let light = |(red, green, blue)| 0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue);
        let (one, other) = (light(one), light(other));
        (one.max(other) + 0.05) / (one.min(other) + 0.05)
    }

    #[test]
    fn everything_can_be_read_on_dark_and_on_light() {
        let (dark, light) = ([(0, 0, 0), (30, 30, 30)], [(255, 255, 255), (253, 246, 227)]);
        let unknown = [dark[0], light[0]];
        for (theme, backgrounds, least) in
            [(Theme::Dark, dark, 4.5), (Theme::Light, light, 4.5), (Theme::Unknown, unknown, 3.0)]
        {
            for colours in [Colours::Full, Colours::Many] {
                let palette = Palette::new(&Options { colours, theme, ..Options::default() });
                let tones = [Tone::Dim, Tone::Accent, Tone::Good, Tone::Warn, Tone::Bad, Tone::Link, Tone::Key];
                let tones = tones.map(|tone| (format!("{tone:?}"), palette.style(tone)));
                let names = (0..8u8).map(|key| (format!("name {key}"), palette.name(&[key])));
                let selected = palette.style(Tone::Selected).bg.map(points);
                for (what, style) in tones.into_iter().chain(names) {
                    for background in backgrounds.into_iter().chain(selected) {
                        let found = contrast(points(style.fg.unwrap()), background);
                        assert!(found >= least, "{what} on {background:?}, {theme:?}, {colours:?}: {found:.1}");
                    }
                }
                let public = palette.style(Tone::Public);
                assert!(contrast(points(public.fg.unwrap()), points(public.bg.unwrap())) >= 4.5);
            }
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
