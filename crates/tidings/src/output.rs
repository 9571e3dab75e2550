//! Where commands speak: standard output for what was asked, standard error for what went wrong. Logs go to the latter, too.

use crate::failure::Failure;
use std::io::{self, IsTerminal, Write};

/// The two streams, and whether people look at them.
#[derive(Clone, Copy, Debug)]
pub struct Output {
    colours: bool,
    paint: bool,
}

impl Output {
    /// Looks at the process's streams. Colours: on a terminal, unless `NO_COLOR` is set (no-color.org).
    pub fn new() -> Self {
        let wanted = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        Self { colours: wanted && io::stderr().is_terminal(), paint: wanted && io::stdout().is_terminal() }
    }

    /// Whether standard output may have colours.
    pub fn may_paint(&self) -> bool {
        self.paint
    }

    /// Whether standard error may have colours.
    pub fn colours(&self) -> bool {
        self.colours
    }

    /// Writes text and a line break. That nobody reads any more is no error: the work goes on.
    pub fn line(&self, text: impl std::fmt::Display) {
        let mut stdout = io::stdout().lock();
        let _ = writeln!(stdout, "{text}").and_then(|()| stdout.flush());
    }

    /// Writes bytes as they are. Fails if they can't be written.
    pub fn bytes(&self, bytes: &[u8]) -> Result<(), Failure> {
        let mut stdout = io::stdout().lock();
        match stdout.write_all(bytes).and_then(|()| stdout.flush()) {
            // Whoever reads has enough, as `head` does.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            written => written.map_err(|error| Failure::of("writing the output", error)),
        }
    }

    /// Says on standard error what went wrong, each line of it marked.
    pub fn complain(&self, failure: &Failure) {
        let (red, plain) = if self.colours { ("\x1b[1;31m", "\x1b[0m") } else { ("", "") };
        let mut stderr = io::stderr().lock();
        for line in failure.to_string().lines() {
            let _ = writeln!(stderr, "{red}error:{plain} {line}");
        }
    }
}

impl Default for Output {
    fn default() -> Self {
        Self::new()
    }
}

/// A count with its noun, in the plural unless it is one.
pub fn counted(count: impl Into<u64>, noun: &str) -> String {
    match count.into() {
        1 => format!("1 {noun}"),
        count => format!("{count} {noun}s"),
    }
}
