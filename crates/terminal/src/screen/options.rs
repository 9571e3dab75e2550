//! How the screen is shown: colours, pictures, notifications. All of it is given; nothing here asks the machine.

use std::str::FromStr;
use std::time::Duration;

/// How many colours a terminal has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Colours {
    /// None are used (<https://no-color.org>): bold, dim, underlined and reversed must do.
    None,
    /// The sixteen named ones, as the person has set them.
    Sixteen,
    /// 256.
    Many,
    /// 24 bits.
    Full,
}

/// How pictures are drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Images {
    /// Not at all: their names are shown.
    None,
    /// Two coloured points in each cell.
    Blocks,
    /// kitty's graphics protocol.
    Kitty,
    /// iTerm2's inline images.
    Iterm,
    /// Sixel graphics.
    Sixel,
}

/// How the terminal is told of new messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notify {
    /// Not at all.
    Off,
    /// The bell.
    Bell,
    /// OSC 9 (iTerm2, ConEmu, Windows Terminal) and the bell.
    Osc9,
    /// OSC 777 (urxvt, VTE, foot) and the bell.
    Osc777,
    /// OSC 99 (kitty) and the bell.
    Osc99,
}

/// Which background the terminal has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Theme {
    /// Not known: only colours that can be read on both.
    Unknown,
    /// Dark.
    Dark,
    /// Light.
    Light,
}

macro_rules! named {
    ($kind:ident { $($name:literal => $value:ident),+ $(,)? }) => {
        impl $kind {
            /// What a person can write for it.
            pub const NAMES: &'static [&'static str] = &[$($name),+];
        }

        impl FromStr for $kind {
            type Err = String;

            fn from_str(text: &str) -> Result<Self, String> {
                match text {
                    $($name => Ok(Self::$value),)+
                    _ => Err(format!("expected one of: {}", Self::NAMES.join(", "))),
                }
            }
        }
    };
}

named!(Colours { "none" => None, "16" => Sixteen, "256" => Many, "full" => Full });
named!(Images { "none" => None, "blocks" => Blocks, "kitty" => Kitty, "iterm" => Iterm, "sixel" => Sixel });
named!(Notify { "off" => Off, "bell" => Bell, "osc9" => Osc9, "osc777" => Osc777, "osc99" => Osc99 });
named!(Theme { "unknown" => Unknown, "dark" => Dark, "light" => Light });

/// How the screen is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// One line for each thing that happens, no cursor movement: for pipes and screen readers.
    pub plain: bool,
    /// The conversation to begin with.
    pub conversation: Option<tidings_client::view::GroupId>,
    /// How many colours are used.
    pub colours: Colours,
    /// How pictures are drawn.
    pub images: Images,
    /// How the terminal is told of new messages.
    pub notify: Notify,
    /// Whether notifications may say who wrote and what.
    pub notify_text: bool,
    /// Whether the mouse is used. Without, the terminal's own selection works.
    pub mouse: bool,
    /// Whether the window's title shows how many messages wait.
    pub title: bool,
    /// The background.
    pub theme: Theme,
    /// Whether the terminal can tell Shift+Enter from Enter (kitty's keyboard protocol).
    pub keyboard: bool,
    /// In the line mode: how long what was said may take to be sent after the end of input.
    pub patience: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            plain: false,
            conversation: None,
            colours: Colours::Sixteen,
            images: Images::None,
            notify: Notify::Bell,
            notify_text: false,
            mouse: true,
            title: true,
            theme: Theme::Unknown,
            keyboard: false,
            patience: Duration::from_secs(30),
        }
    }
}

impl Options {
    /// The names that [`Options::detect`] looks up.
    pub const LOOKED_UP: &'static [&'static str] =
        &["TERM", "COLORTERM", "TERM_PROGRAM", "LC_TERMINAL", "NO_COLOR", "KITTY_WINDOW_ID", "COLORFGBG", "TMUX"];

    /// What a terminal says of itself by the names in its environment, as far as that can be trusted.
    pub fn detect(lookup: &dyn Fn(&str) -> Option<String>) -> Self {
        let get = |name: &str| lookup(name).unwrap_or_default();
        let (term, program) = (get("TERM"), format!("{} {}", get("TERM_PROGRAM"), get("LC_TERMINAL")));
        let colours = colours(&term, &get("COLORTERM"), &get("NO_COLOR"));
        // A multiplexer swallows what it doesn't know, so nothing but plain cells is sure to arrive.
        let nested = !get("TMUX").is_empty() || term.starts_with("screen") || term.starts_with("tmux");
        let kitty = !get("KITTY_WINDOW_ID").is_empty() || term.contains("kitty") || term.contains("ghostty");
        let iterm = program.contains("iTerm") || program.contains("WezTerm");
        let images = match colours {
            Colours::None => Images::None,
            _ if kitty && !nested => Images::Kitty,
            _ if iterm && !nested => Images::Iterm,
            _ if (term.starts_with("foot") || term.starts_with("mlterm")) && !nested => Images::Sixel,
            Colours::Sixteen => Images::None,
            _ => Images::Blocks,
        };
        let notify = match () {
            () if nested => Notify::Bell,
            () if kitty => Notify::Osc99,
            () if iterm => Notify::Osc9,
            () if term.starts_with("rxvt") || term.starts_with("foot") => Notify::Osc777,
            () => Notify::Bell,
        };
        let keyboard = !nested && (kitty || term.starts_with("foot"));
        Self { colours, images, notify, theme: theme(&get("COLORFGBG")), keyboard, ..Self::default() }
    }
}

fn colours(term: &str, colorterm: &str, no_color: &str) -> Colours {
    match () {
        () if !no_color.is_empty() || term == "dumb" || term.ends_with("-m") => Colours::None,
        () if colorterm == "truecolor" || colorterm == "24bit" || term.ends_with("-direct") => Colours::Full,
        () if term.contains("kitty") || term.contains("ghostty") => Colours::Full,
        () if term.contains("256color") => Colours::Many,
        () => Colours::Sixteen,
    }
}

/// `COLORFGBG` is `foreground;background` or `foreground;…;background`, numbers of the sixteen.
fn theme(value: &str) -> Theme {
    match value.rsplit(';').next().and_then(|number| number.parse::<u8>().ok()) {
        Some(7 | 9..=15) => Theme::Light,
        Some(_) => Theme::Dark,
        None => Theme::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn detect(names: &[(&str, &str)]) -> Options {
        Options::detect(&|name| names.iter().find(|(found, _)| *found == name).map(|(_, value)| (*value).to_owned()))
    }

    #[test]
    fn a_terminal_is_known_by_its_names() {
        let kitty = detect(&[("TERM", "xterm-kitty"), ("KITTY_WINDOW_ID", "1")]);
        assert_eq!((kitty.colours, kitty.images, kitty.notify), (Colours::Full, Images::Kitty, Notify::Osc99));
        let iterm = detect(&[("TERM", "xterm-256color"), ("TERM_PROGRAM", "iTerm.app"), ("COLORTERM", "truecolor")]);
        assert_eq!((iterm.colours, iterm.images), (Colours::Full, Images::Iterm));
        let console = detect(&[("TERM", "linux")]);
        assert_eq!((console.colours, console.images, console.notify), (Colours::Sixteen, Images::None, Notify::Bell));
        let nested = detect(&[("TERM", "tmux-256color"), ("KITTY_WINDOW_ID", "1"), ("TMUX", "/x")]);
        assert_eq!((nested.colours, nested.images), (Colours::Many, Images::Blocks));
    }

    #[test]
    fn no_color_is_respected() {
        let bare = detect(&[("TERM", "xterm-256color"), ("NO_COLOR", "1"), ("COLORTERM", "truecolor")]);
        assert_eq!((bare.colours, bare.images), (Colours::None, Images::None));
    }

    #[test]
    fn the_background_may_be_known() {
        assert_eq!(detect(&[("COLORFGBG", "0;15")]).theme, Theme::Light);
        assert_eq!(detect(&[("COLORFGBG", "15;default;0")]).theme, Theme::Dark);
        assert_eq!(detect(&[]).theme, Theme::Unknown);
    }

    #[test]
    fn settings_are_read_by_name() {
        assert_eq!("256".parse(), Ok(Colours::Many));
        assert!("mauve".parse::<Colours>().is_err());
    }
}
