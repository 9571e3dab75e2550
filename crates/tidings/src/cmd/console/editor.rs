//! Lines from a person at a terminal: editing, history, completion.

use super::history::{History, LINES_MAX};
use super::verbs;
use crate::failure::Failure;
use rustyline::completion::Completer;
use rustyline::error::ReadlineError;
use rustyline::highlight::Highlighter;
use rustyline::hint::Hinter;
use rustyline::history::MemHistory;
use rustyline::validate::Validator;
use rustyline::{ColorMode, CompletionType, Config, Context, Editor as LineEditor, Helper};
use std::borrow::Cow;

/// What stands before a line, as on darkchat's own servers.
const PROMPT: &str = "> ";

/// Asks a verb for the servers that it could be about.
pub(super) type Servers = Box<dyn Fn(&str) -> Vec<String>>;

/// A terminal with a prompt.
pub(super) struct Editor {
    lines: LineEditor<Completion, MemHistory>,
}

/// What became of a prompt.
pub(super) enum Input {
    /// A line.
    Line(String),
    /// Ctrl-C: the line was dropped; or the node ended, which sends the same signal.
    Interrupted,
    /// Ctrl-D, or the terminal is gone.
    End,
}

impl Editor {
    /// Opens the terminal. `servers` is asked when a server is to be completed.
    pub(super) fn open(history: &History, servers: Servers, colours: bool) -> Result<Self, Failure> {
        let config = Config::builder()
            .max_history_size(LINES_MAX)
            .and_then(|config| config.history_ignore_dups(true))
            .map_err(failed)?
            .completion_type(CompletionType::List)
            .color_mode(if colours { ColorMode::Enabled } else { ColorMode::Disabled })
            .build();
        let memory = MemHistory::with_config(&config);
        let mut lines = LineEditor::with_history(config, memory).map_err(failed)?;
        lines.set_helper(Some(Completion { servers }));
        for line in history.load() {
            lines.add_history_entry(line).map_err(failed)?;
        }
        Ok(Self { lines })
    }

    /// Shows the prompt and reads a line.
    pub(super) fn read(&mut self) -> Result<Input, Failure> {
        match self.lines.readline(PROMPT) {
            Ok(line) => {
                self.lines.add_history_entry(line.trim()).map_err(failed)?;
                Ok(Input::Line(line))
            }
            Err(ReadlineError::Interrupted) => Ok(Input::Interrupted),
            Err(ReadlineError::Eof) => Ok(Input::End),
            Err(error) => Err(failed(error)),
        }
    }
}

fn failed(error: impl std::fmt::Display) -> Failure {
    Failure::of("reading from the terminal", error)
}

/// Completes verbs and servers.
struct Completion {
    servers: Servers,
}

impl Completer for Completion {
    type Candidate = String;

    fn complete(&self, line: &str, pos: usize, _: &Context<'_>) -> rustyline::Result<(usize, Vec<String>)> {
        Ok(verbs::complete(line.get(..pos).unwrap_or(line), &self.servers))
    }
}

impl Highlighter for Completion {
    fn highlight_prompt<'b, 's: 'b, 'p: 'b>(&'s self, prompt: &'p str, _: bool) -> Cow<'b, str> {
        Cow::Owned(format!("\x1b[1;36m{prompt}\x1b[0m"))
    }
}

impl Hinter for Completion {
    type Hint = String;
}

impl Validator for Completion {}

impl Helper for Completion {}
