//! Asking the person.

use super::desk::Desk;
use super::outcome::Failure;
use crate::show;
use ratatui::crossterm::event::{self, Event, KeyCode, KeyEventKind, KeyModifiers};
use ratatui::crossterm::terminal;
use std::io::{self, BufRead as _, Read as _, Write as _};
use std::path::Path;
use zeroize::Zeroizing;

/// Bytes of a secret in a file or on standard input at most.
const SECRET_MAX: u64 = 4096;

/// Asks for a line at this process's own terminal.
pub(super) fn line_here(question: &str) -> Result<String, Failure> {
    prompt(question)?;
    let mut answer = String::new();
    if io::stdin().lock().read_line(&mut answer)? == 0 {
        return Err(Failure::Failed("nothing was answered".to_owned()));
    }
    Ok(answer.trim().to_owned())
}

/// Asks for yes or no; anything but a yes is a no.
pub(super) fn confirm(question: &str, desk: &Desk) -> Result<bool, Failure> {
    let answer = desk.line(&format!("{question} [y/N] "))?;
    Ok(matches!(answer.to_lowercase().as_str(), "y" | "yes"))
}

/// A name that can be seen, without white space around it.
pub(super) fn name(text: &str) -> Result<String, Failure> {
    match show::line(text).trim() {
        "" => Err(Failure::Usage("a name can't be empty: give one that others can see".to_owned())),
        _ => Ok(text.trim().to_owned()),
    }
}

/// Whether it is wanted: said beforehand, or asked. Fails if there is nobody to ask.
pub(super) fn sure(question: &str, yes: bool, desk: &Desk) -> Result<bool, Failure> {
    match (yes, desk.can_ask()) {
        (true, _) => Ok(true),
        (false, true) => confirm(question, desk),
        (false, false) => Err(Failure::Usage(format!("{question} Nobody can be asked here: say --yes to do it"))),
    }
}

/// Asks at this process's own terminal for something that is not shown while it is typed.
pub(super) fn secret_here(question: &str) -> Result<Zeroizing<String>, Failure> {
    prompt(question)?;
    terminal::enable_raw_mode()?;
    let typed = typed();
    let restored = terminal::disable_raw_mode();
    // The line break that was typed was not shown.
    let _ = writeln!(io::stderr().lock());
    restored?;
    typed
}

fn typed() -> Result<Zeroizing<String>, Failure> {
    let mut typed = Zeroizing::new(String::with_capacity(256));
    loop {
        let Event::Key(key) = event::read()? else { continue };
        if key.kind == KeyEventKind::Release {
            continue;
        }
        match (key.code, key.modifiers.contains(KeyModifiers::CONTROL)) {
            (KeyCode::Enter, _) => return Ok(typed),
            (KeyCode::Char('c' | 'd'), true) | (KeyCode::Esc, _) => {
                return Err(Failure::Failed("nothing was done".to_owned()));
            }
            (KeyCode::Char('u'), true) => typed.clear(),
            (KeyCode::Backspace, _) => drop(typed.pop()),
            (KeyCode::Char(c), false) => typed.push(c),
            _ => {}
        }
    }
}

/// Asks for a new passphrase, twice.
pub(super) fn new_passphrase(desk: &Desk) -> Result<Zeroizing<String>, Failure> {
    let first = desk.secret("Passphrase: ")?;
    if first.is_empty() {
        return Err(Failure::Usage("an empty passphrase locks nothing".to_owned()));
    }
    if *first != *desk.secret("The same again: ")? {
        return Err(Failure::Failed("the two are not the same; nothing was done".to_owned()));
    }
    Ok(first)
}

/// Reads a secret from a file, or from standard input for `-`. The line break at its end does not count.
pub(super) fn secret_from(path: &Path, desk: &Desk) -> Result<Zeroizing<String>, Failure> {
    let bytes = if path == Path::new("-") {
        desk.input(SECRET_MAX)
    } else {
        let mut bytes = Vec::new();
        let file = std::fs::File::open(desk.path(path));
        file.and_then(|file| file.take(SECRET_MAX).read_to_end(&mut bytes)).map(|_| bytes)
    };
    let wrong = |why: String| Failure::Usage(format!("{}: {why}", path.display()));
    let bytes = Zeroizing::new(bytes.map_err(|error| wrong(error.to_string()))?);
    let text = std::str::from_utf8(&bytes).map_err(|_| wrong("this is no text (UTF-8)".to_owned()))?;
    Ok(Zeroizing::new(text.trim_end_matches(['\r', '\n']).to_owned()))
}

fn prompt(question: &str) -> Result<(), Failure> {
    let mut stderr = io::stderr().lock();
    Ok(write!(stderr, "{question}").and_then(|()| stderr.flush())?)
}

/// Says something between questions.
pub(super) fn tell(text: &str, desk: &Desk) -> Result<(), Failure> {
    Ok(desk.error(&format!("{text}\n"))?)
}
