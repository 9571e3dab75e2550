//! `tidings import piqchat`: takes over an existing piqchat server (wire/piqchat.md, section 9).
//!
//! The server's files are only read. First everything is gone through once to say what will be done ([`survey()`]); then it is done
//! again, into a database and a folder beside their place, which get their names when all is complete and synced (`staging`).

mod dropped;
mod keys;
mod parcels;
mod people;
mod source;
mod survey;
mod transfer;

use super::confirm::confirm;
use super::pretty;
use super::progress::Shown;
use super::staging::Target;
use crate::failure::Failure;
use crate::output::Output;
use crate::settings::{InForce, Settings};
use clap::{Args, Subcommand};
use indicatif::HumanBytes;
use keys::ServerKeys;
use parcels::Uploads;
use serde_json::json;
pub(crate) use source::is_piqchat;
use source::{Source, same};
use std::fs;
use std::path::PathBuf;
use std::time::Duration;
use survey::{Plan, survey};
use tidings_doors::outbound::AddressPolicy;

/// How much larger than its source a database may become, for the check of free space: ours has indexes.
const DATABASE_GROWTH: u64 = 3;

/// What can be imported.
#[derive(Debug, Subcommand)]
pub enum Import {
    /// Take over a piqchat server with its keys, users, contacts, profile backups, waiting parcels and attachments.
    #[command(after_help = "\
Stop the piqchat server first: what it accepts meanwhile is not taken over. Its files are only read.
Says what it will do, and asks. Needs a data folder in which no node is yet.
Its own keys are taken along, so that clients notice nothing. Servers that kept them in the environment: API_PRIVATE_KEY and
VAPID_PRIVATE_KEY are read from the environment or a .env file here, too, and win over those in the database.

Example:
  tidings import piqchat database/database.sqlite uploads/parcel_attachments --data-dir /var/lib/tidings")]
    Piqchat(Piqchat),
}

/// Arguments of `import piqchat`.
#[derive(Debug, Args)]
pub struct Piqchat {
    /// The server's database file.
    #[arg(value_name = "DATABASE")]
    pub source: PathBuf,
    /// The server's folder of attachments.
    #[arg(value_name = "UPLOADS")]
    pub uploads: PathBuf,
    /// Only say what would be done.
    #[arg(long)]
    pub dry_run: bool,
    /// Do not ask.
    #[arg(long)]
    pub yes: bool,
    /// Print what was done, or would be, as JSON, and no progress. Needs --yes or --dry-run.
    #[arg(long)]
    pub json: bool,
}

/// What settings say about how things are read.
struct Reading {
    policy: AddressPolicy,
    exchange_life: Duration,
}

/// Says what will be done, asks, and does it.
pub(super) fn run(import: &Import, found: &InForce, output: &Output) -> Result<(), Failure> {
    let Import::Piqchat(arguments) = import;
    let settings = &found.settings;
    if arguments.json && !arguments.yes && !arguments.dry_run {
        return Err(Failure::Usage("--json needs --yes or --dry-run, since it says nothing beforehand".to_owned()));
    }
    refuse_own_place(arguments, settings)?;
    let target = Target::of(settings);
    target.check()?;
    if !arguments.uploads.is_dir() {
        return Err(Failure::Usage(format!("{} is no folder", arguments.uploads.display())));
    }
    let source = Source::open(&arguments.source)?;
    let keys = ServerKeys::find(&source, settings)?;
    let uploads = Uploads::of(&arguments.uploads, &source)?;
    let policy = if settings.push_allow_loopback { AddressPolicy::AllowLoopback } else { AddressPolicy::PublicOnly };
    let reading = Reading { policy, exchange_life: settings.invitation_life };
    let mut shown = Shown::new(arguments.json);
    let plan = survey(&source, &uploads, &reading, &mut shown)?;
    drop(shown);
    check_room(arguments, &plan, &target)?;
    if !arguments.json {
        announce(arguments, &plan, &keys, &target, output);
    }
    if arguments.dry_run {
        return finish(arguments, &plan, &keys, false, output);
    }
    if !confirm("Take all of this over?", arguments.yes)? {
        return Err(Failure::Failed("nothing was imported".to_owned()));
    }
    let mut shown = Shown::new(arguments.json);
    transfer::run(&source, uploads, &reading, &plan, &keys, &target, &mut shown)?;
    drop(shown);
    finish(arguments, &plan, &keys, true, output)
}

/// piqchat's own names in a `.env` file would make its files those of the node.
fn refuse_own_place(arguments: &Piqchat, settings: &Settings) -> Result<(), Failure> {
    let taken = [(settings.database(), &arguments.source, "database"), (settings.blobs(), &arguments.uploads, "blobs")];
    for (ours, theirs, setting) in taken {
        if same(&ours, theirs) {
            return Err(Failure::Usage(format!(
                "the setting `{setting}` is the piqchat server's own: {}, which stays as it is.\n\
                 Probably DATABASE_PATH or PARCEL_ATTACHMENTS_UPLOAD_PATH is set, in a .env file perhaps. Give Tidings its own \
                 place with --{setting}, here and for `tidings serve`, or run it elsewhere.",
                theirs.display()
            )));
        }
    }
    Ok(())
}

fn check_room(arguments: &Piqchat, plan: &Plan, target: &Target) -> Result<(), Failure> {
    let database = fs::metadata(&arguments.source)?.len().saturating_mul(DATABASE_GROWTH);
    let needed = database.saturating_add(plan.counts.attachment_bytes);
    let free = target.free()?;
    if free >= needed {
        return Ok(());
    }
    Err(Failure::Failed(format!(
        "there is too little room: up to {} are needed, and {} are free",
        HumanBytes(needed),
        HumanBytes(free)
    )))
}

fn announce(arguments: &Piqchat, plan: &Plan, keys: &ServerKeys, target: &Target, output: &Output) {
    output.line(format_args!(
        "From the piqchat server at {} to a new node at {}:",
        arguments.source.display(),
        target.database().display()
    ));
    output.line(format_args!("  the server's keys, from {} (public key {})", keys.from, keys.public));
    for line in plan.lines() {
        output.line(format_args!("  {line}"));
    }
    output.line("The server's files stay as they are.");
}

fn finish(arguments: &Piqchat, plan: &Plan, keys: &ServerKeys, imported: bool, output: &Output) -> Result<(), Failure> {
    if arguments.json {
        output.line(pretty(&json!({
            "imported": imported, "publicKey": keys.public, "keysFrom": keys.from,
            "counts": plan.counts, "leftOut": plan.told()
        }))?);
    } else if imported {
        output.line(
            "Done. `tidings serve`, with the same settings as this command, starts the node; keep the piqchat server \
             stopped.",
        );
    } else {
        output.line("Nothing was written.");
    }
    Ok(())
}
