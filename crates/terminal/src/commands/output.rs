//! Where commands speak: standard output for what was asked, standard error for everything else.

use super::bar::Bar;
use super::desk::Desk;
use super::outcome::Failure;
use serde_json::Value;
use std::io::{self, IsTerminal as _};

/// The two streams.
#[derive(Clone)]
pub(crate) struct Output {
    json: bool,
    desk: Desk,
}

impl Output {
    /// Speaks to whoever sits there.
    pub(crate) fn new(json: bool, desk: Desk) -> Self {
        Self { json, desk }
    }

    /// Whether JSON is wanted.
    pub(crate) fn json(&self) -> bool {
        self.json
    }

    /// Whom to ask, and where paths begin.
    pub(crate) fn desk(&self) -> &Desk {
        &self.desk
    }

    /// Whether a person looks at standard output.
    pub(crate) fn is_read_by_person() -> bool {
        io::stdout().is_terminal()
    }

    /// Writes a line that was asked for.
    pub(crate) fn line(&self, text: impl std::fmt::Display) -> Result<(), Failure> {
        Ok(self.desk.out(&format!("{text}\n"))?)
    }

    /// Writes an object, if JSON is wanted, else the text.
    pub(crate) fn say(&self, object: &Value, text: impl std::fmt::Display) -> Result<(), Failure> {
        if self.json { self.line(object) } else { self.line(text) }
    }

    /// Says something beside; nothing if JSON is wanted.
    pub(crate) fn note(&self, text: impl std::fmt::Display) {
        if !self.json {
            // That nobody reads it is no reason to stop.
            let _ = self.desk.error(&format!("{text}\n"));
        }
    }

    /// The same, if a person looks.
    pub(crate) fn hint(&self, text: impl std::fmt::Display) {
        if self.desk.seat().watched {
            self.note(text);
        }
    }

    /// Says why it did not work.
    pub(crate) fn complain(&self, failure: &Failure) {
        let text = if self.json {
            format!("{}\n", failure.object())
        } else {
            let (red, plain) = if self.desk.seat().colours { ("\x1b[1;31m", "\x1b[0m") } else { ("", "") };
            format!("{red}error:{plain} {failure}\n")
        };
        // Nothing better can be done if even that can't be written.
        let _ = self.desk.error(&text);
    }

    /// A bar for a transfer, where a person looks.
    pub(crate) fn bar(&self, what: &str) -> Option<Bar> {
        (self.desk.seat().watched && !self.json).then(|| Bar::new(what, &self.desk))
    }
}
