//! Commands of people, and those whose names people and owners of nodes share (docs/decisions/0013).

use super::{backup, invite, node, restore};
use crate::Outcome;
use crate::cli::{BackupOfEither, Channels, Invite, Json, NodeCommand, RestoreOfEither};
use crate::cmd::backup::Backup;
use crate::cmd::restore::Restore;
use crate::output::Output;
use crate::settings::{Given, load};
use std::process::ExitCode;
use tidings_terminal::commands::{self, Caller, Common, Personal, Shared};

/// Settings that say which node is meant.
const OF_A_NODE: [&str; 3] = ["TIDINGS_DATA_DIR", "TIDINGS_DATABASE", "TIDINGS_CONFIG"];

/// Runs a command that is a person's alone.
pub(super) fn run(asked: Personal, given: &Given) -> ExitCode {
    commands::run(asked, &caller(given))
}

/// `invite`: a person's where one has an account here and no node is named; else the node's.
pub(super) fn invite(asked: Invite, given: &Given, output: &Output) -> Outcome {
    if asked.action.is_none() && !is_of_a_person(&asked.person.common, given) {
        return invite::run(asked.node, load(given)?, output).map(|()| ExitCode::SUCCESS);
    }
    let json = asked.node.json;
    let shared = Shared::Invite(asked.person, asked.action, !asked.node.no_qr);
    Ok(commands::run_shared(shared, json, &caller(given)))
}

/// `backup`: a node's with a path, a person's without.
pub(super) fn backup(asked: BackupOfEither, given: &Given, output: &Output) -> Outcome {
    let BackupOfEither { path, json, person, command } = asked;
    if path.is_none() && command.is_none() {
        return Ok(commands::run_shared(Shared::Backup(person), json, &caller(given)));
    }
    backup::run(&Backup { path, json, command }, || Ok(load(given)?), output)
}

/// `restore`: a node with a path, a person without.
pub(super) fn restore(asked: RestoreOfEither, given: &Given, output: &Output) -> Outcome {
    let RestoreOfEither { path, rehearse, json, person } = asked;
    let Some(path) = path else {
        return Ok(commands::run_shared(Shared::Restore(person), json, &caller(given)));
    };
    restore::run(&Restore { path, rehearse, json }, &load(given)?, output)?;
    Ok(ExitCode::SUCCESS)
}

/// `channels`: the node's list, or what a person does in them.
pub(super) fn channels(asked: Channels, given: &Given, output: &Output) -> Outcome {
    match asked.action {
        None => node(NodeCommand::Channels(Json { json: asked.json }), given, output),
        Some(action) => Ok(commands::run_shared(Shared::Channel(action), asked.json, &caller(given))),
    }
}

fn caller(given: &Given) -> Caller {
    Caller { environment: given.environment.clone() }
}

/// Whether somebody has a profile here, and neither a flag nor the environment names a node.
fn is_of_a_person(common: &Common, given: &Given) -> bool {
    let set = |name: &&str| given.environment.iter().any(|(known, value)| known == name && !value.is_empty());
    let names_a_node = !given.flags.is_empty() || given.config.is_some() || OF_A_NODE.iter().any(set);
    let names_a_profile = common.profile.is_some() || common.client_dir.is_some();
    let has_profile = || caller(given).place(common).is_ok_and(|place| place.is_used());
    names_a_profile || (!names_a_node && has_profile())
}
