//! `tidings console`: a prompt on the running node, with the verbs of darkchat's own servers and a few more. Without a terminal
//! it reads lines, answers each with one, and fails if one of them did.

mod attention;
mod editor;
mod history;
mod verbs;

pub(super) use verbs::server;

use super::peers;
use crate::Outcome;
use crate::control::{self, Request, Status};
use crate::failure::Failure;
use crate::output::Output;
use crate::settings::InForce;
use attention::Attention;
use editor::{Editor, Input};
use history::History;
use std::io::{self, BufRead as _, IsTerminal as _, Read as _};
use std::process::ExitCode;
use verbs::Verb;

/// Bytes that a line from a pipe may have.
const LINE_BYTES_MAX: u64 = 4096;

/// What is said when somebody leaves.
const LEFT: &str = "Left the console; the node goes on.";

/// What is said when somebody did not want to wait.
const NOT_WAITED: &str = "not waited for; the node goes on with it, and `peers` shows what came of it";

/// Opens the console on the node of these settings, which must run.
pub(super) fn run(found: &InForce, output: &Output) -> Outcome {
    let status: Status = control::read(control::ask(found.clone(), Request::Attached, |_| {})?)?;
    if io::stdin().is_terminal() && io::stdout().is_terminal() {
        converse(found, &status, output)
    } else {
        read_lines(found, output)
    }
}

/// With a person at a terminal.
fn converse(found: &InForce, status: &Status, output: &Output) -> Outcome {
    let mut attention = Attention::open(control::attend(found)?)?;
    let folder = found.settings.data_dir();
    output.line(format_args!(
        "Attached to the node on {} (version {}, process {}).\n`help` lists the verbs; `exit` leaves, the node goes on.",
        folder.display(),
        status.version,
        status.pid
    ));
    let history = History::of(&folder);
    let mut editor = Editor::open(&history, servers(found.clone()), output.may_paint())?;
    loop {
        let line = match editor.read()? {
            _ if attention.node_is_gone() => return Err(ended()),
            Input::Line(line) => line,
            Input::Interrupted => continue,
            Input::End => break,
        };
        let answered = match verbs::read(&line) {
            Ok(None) => continue,
            Ok(Some(Verb::Exit)) => break,
            Ok(Some(verb)) => {
                history.add(line.trim());
                let found = found.clone();
                let answered = attention.unless_interrupted(move || answer(&found, verb, Style::Table));
                answered.unwrap_or_else(|| Err(Failure::Failed(NOT_WAITED.to_owned())))
            }
            Err(advice) => Err(Failure::Usage(advice)),
        };
        match answered {
            _ if attention.node_is_gone() => return Err(ended()),
            Ok(text) => output.line(text),
            Err(Failure::InUse(_)) => return Err(ended()),
            Err(failure) => output.complain(&failure),
        }
    }
    output.line(LEFT);
    Ok(ExitCode::SUCCESS)
}

/// From a file or a pipe: a line of answer for each line, on standard error if it failed.
fn read_lines(found: &InForce, output: &Output) -> Outcome {
    let mut input = io::stdin().lock();
    let mut failed = false;
    for number in 1_u64.. {
        let mut line = String::new();
        if input.by_ref().take(LINE_BYTES_MAX).read_line(&mut line)? == 0 {
            break;
        }
        let answered = match verbs::read(&line) {
            Ok(None) => continue,
            Ok(Some(Verb::Exit)) => {
                output.line(LEFT);
                break;
            }
            Ok(Some(verb)) => answer(found, verb, Style::Line),
            Err(advice) => Err(Failure::Usage(advice)),
        };
        match answered {
            Ok(text) => output.line(text),
            Err(Failure::InUse(_)) => return Err(ended()),
            Err(failure) => {
                failed = true;
                output.complain(&Failure::Failed(format!("line {number}: {failure}")));
            }
        }
    }
    Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// How answers are written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Style {
    /// As tables, for people.
    Table,
    /// Each in a line, for programs.
    Line,
}

fn answer(found: &InForce, verb: Verb, style: Style) -> Result<String, Failure> {
    let table = style == Style::Table;
    match verb {
        Verb::Connect(server) => Ok(format!("Connected to {}.", peers::connect(found, &server)?)),
        Verb::Forget(name) => peers::forget(found, &name).map(|()| format!("Forgot {name}.")),
        Verb::Peers => {
            let links = peers::links(found)?;
            Ok(if table { peers::table(&links) } else { peers::links_in_a_line(&links) })
        }
        Verb::Channels => {
            let channels = peers::channels(found)?;
            Ok(if table { peers::channel_table(&channels) } else { peers::channels_in_a_line(&channels) })
        }
        Verb::Help => Ok(help(style)),
        Verb::Exit => Ok(LEFT.to_owned()),
    }
}

fn help(style: Style) -> String {
    match style {
        Style::Table => {
            let lines = verbs::HELP.iter().map(|(form, what)| format!("  {form:<20} {what}"));
            lines.collect::<Vec<_>>().join("\n")
        }
        Style::Line => verbs::HELP.iter().map(|(form, _)| *form).collect::<Vec<_>>().join(", "),
    }
}

/// What is said when the node is not there any more: exit code 3.
fn ended() -> Failure {
    Failure::InUse("the node has ended, and the console with it; `tidings serve` starts it again".to_owned())
}

/// Finds the servers that a verb could be about: linked ones, and to connect also those of the settings.
fn servers(found: InForce) -> editor::Servers {
    Box::new(move |verb| {
        let links = peers::links(&found).unwrap_or_default();
        let mut names: Vec<String> = links.into_iter().map(|link| link.name).collect();
        if verb == "connect" {
            names.extend(found.settings.channels.peers.iter().map(ToString::to_string));
        }
        names.sort();
        names.dedup();
        names
    })
}
