//! What each command does, a file each; short ones are here.

pub mod accounts;
pub mod backup;
mod confirm;
mod console;
pub mod import_piqchat;
mod invite;
pub mod owner;
pub mod peers;
mod people;
mod progress;
pub mod restore;
pub(crate) mod staging;

use crate::cli::{self, Asked, Command};
use crate::failure::Failure;
use crate::output::Output;
use crate::settings::{Given, InForce, as_json, as_table, load};
use crate::{Outcome, doctor, serve};
use cli::NodeCommand;
use serde_json::json;
use std::process::ExitCode;

/// Does what was asked.
pub fn run(asked: Asked, output: &Output) -> Outcome {
    let Asked { command, given } = asked;
    match command {
        Command::Serve => {
            let found = load(&given)?;
            return serve::run(given, found, output);
        }
        Command::Personal(asked) => return Ok(people::run(asked, &given)),
        Command::Invite(arguments) => return people::invite(arguments, &given, output),
        Command::Backup(arguments) => return people::backup(arguments, &given, output),
        Command::Restore(arguments) => return people::restore(arguments, &given, output),
        Command::Channels(arguments) => return people::channels(arguments, &given, output),
        Command::Node(asked) => return node(asked, &given, output),
        Command::Import(import) => import_piqchat::run(&import, &load(&given)?, output)?,
        Command::Accounts(asked) => accounts::run(&asked, load(&given)?, output)?,
        Command::Peers(asked) => peers::run(&asked, &load(&given)?, output)?,
        Command::Console => return console::run(&load(&given)?, output),
        Command::Config(arguments) => {
            let found = load(&given)?;
            if arguments.json {
                output.line(pretty(&as_json(&found))?)
            } else {
                output.bytes(as_table(&found).as_bytes())?
            }
        }
        Command::Doctor(arguments) => return doctor::run(&load(&given)?, arguments.json, output),
        Command::Completions(arguments) => {
            let mut script = Vec::new();
            clap_complete::generate(arguments.shell, &mut cli::command(), "tidings", &mut script);
            output.bytes(&script)?;
        }
        Command::Man(of) => output.bytes(&manual(of.command.as_deref())?)?,
        Command::Version(arguments) if arguments.json => {
            output.line(json!({ "name": "tidings", "version": env!("CARGO_PKG_VERSION") }));
        }
        Command::Version(_) => output.line(format_args!("tidings {}", env!("CARGO_PKG_VERSION"))),
    }
    Ok(ExitCode::SUCCESS)
}

/// Does what the owner of a node asked, whoever has an account here.
fn node(asked: NodeCommand, given: &Given, output: &Output) -> Outcome {
    match asked {
        NodeCommand::Invite(arguments) => invite::run(arguments, load(given)?, output)?,
        NodeCommand::Backup(arguments) => return backup::run(&arguments, || Ok(load(given)?), output),
        NodeCommand::Restore(arguments) => restore::run(&arguments, &load(given)?, output)?,
        NodeCommand::Owner(arguments) => owner::run(arguments, load(given)?, output)?,
        NodeCommand::Channels(arguments) => peers::run_channels(arguments.json, &load(given)?, output)?,
    }
    Ok(ExitCode::SUCCESS)
}

/// The manual page of the program or of one command, as roff.
fn manual(of: Option<&str>) -> Result<Vec<u8>, Failure> {
    let mut command = cli::command();
    command.build();
    if let Some(name) = of {
        let Some(found) = command.find_subcommand(name) else {
            return Err(Failure::Usage(format!("there is no command {name}; `tidings --help` lists all")));
        };
        command = found.clone().name(format!("tidings-{name}"));
    }
    let mut page = Vec::new();
    clap_mangen::Man::new(command).render(&mut page)?;
    Ok(page)
}

/// Fails if the settings name no node that is there, so that a mistyped folder is not made into an empty node.
pub(crate) fn require_node(found: &InForce) -> Result<(), Failure> {
    let database = found.settings.database();
    if database.exists() {
        return Ok(());
    }
    Err(Failure::Usage(format!("there is no node: {} does not exist; is --data-dir right?", database.display())))
}

/// JSON for people and scripts.
pub(crate) fn pretty(value: &impl serde::Serialize) -> Result<String, Failure> {
    serde_json::to_string_pretty(value).map_err(|error| Failure::of("writing JSON", error))
}
