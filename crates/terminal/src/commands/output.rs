//! Where commands speak: standard output for what was asked, standard error for everything else.

use super::outcome::Failure;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::{Value, json};
use std::io::{self, IsTerminal as _, Write as _};

/// How a bar looks.
const BAR: &str = "{msg:24!} {bar:32} {bytes:>10} of {total_bytes} {eta:>5}";

/// The two streams.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Output {
    json: bool,
    watched: bool,
    colours: bool,
}

impl Output {
    /// Looks at the process's streams. `plain`: whether `NO_COLOR` is set (no-color.org).
    pub(crate) fn new(json: bool, plain: bool) -> Self {
        let watched = io::stderr().is_terminal();
        Self { json, watched, colours: watched && !plain }
    }

    /// Whether JSON is wanted.
    pub(crate) fn json(&self) -> bool {
        self.json
    }

    /// Whether a person looks at standard output.
    pub(crate) fn is_read_by_person() -> bool {
        io::stdout().is_terminal()
    }

    /// Writes a line that was asked for.
    pub(crate) fn line(&self, text: impl std::fmt::Display) -> Result<(), Failure> {
        let mut stdout = io::stdout().lock();
        Ok(writeln!(stdout, "{text}").and_then(|()| stdout.flush())?)
    }

    /// Writes an object, if JSON is wanted, else the text.
    pub(crate) fn say(&self, object: &Value, text: impl std::fmt::Display) -> Result<(), Failure> {
        if self.json { self.line(object) } else { self.line(text) }
    }

    /// Says something beside; nothing if JSON is wanted.
    pub(crate) fn note(&self, text: impl std::fmt::Display) {
        if !self.json {
            // That nobody reads it is no reason to stop.
            let _ = writeln!(io::stderr().lock(), "{text}");
        }
    }

    /// The same, if a person looks.
    pub(crate) fn hint(&self, text: impl std::fmt::Display) {
        if self.watched {
            self.note(text);
        }
    }

    /// Says why it did not work.
    pub(crate) fn complain(&self, failure: &Failure) {
        let mut stderr = io::stderr().lock();
        if self.json {
            let object = json!({ "error": failure.name(), "message": failure.to_string() });
            let _ = writeln!(stderr, "{object}");
            return;
        }
        let (red, plain) = if self.colours { ("\x1b[1;31m", "\x1b[0m") } else { ("", "") };
        let _ = writeln!(stderr, "{red}error:{plain} {failure}");
    }

    /// A bar for a transfer, where a person looks.
    pub(crate) fn bar(&self, what: &str) -> Option<ProgressBar> {
        (self.watched && !self.json).then(|| {
            let bar = ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::stderr_with_hz(8));
            bar.set_style(ProgressStyle::with_template(BAR).unwrap_or_else(|_| ProgressStyle::default_bar()));
            bar.set_message(what.to_owned());
            bar
        })
    }
}
