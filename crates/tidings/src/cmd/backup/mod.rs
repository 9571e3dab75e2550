//! `tidings backup` and `tidings backup verify`.
//!
//! A backup is a folder: `tidings.db`, a copy of the database as of one moment; `blobs/`, the attachments that this copy refers to,
//! laid out as in the data folder; `SHA256SUMS`, a line for each of these files as `sha256sum -c` reads it; and `manifest.json`,
//! which names the node and the time and holds the hash of `SHA256SUMS`. It has the keys that the node made, but no settings, and no
//! keys that come from settings or the environment.

mod capture;
mod manifest;
mod sums;
mod verify;

pub(crate) use capture::take;
pub(super) use manifest::Manifest;
pub(super) use verify::{Checked, check, file_path};

use super::progress::Shown;
use super::{pretty, require_node};
use crate::Outcome;
use crate::control::{self, Request};
use crate::failure::Failure;
use crate::output::{Output, counted};
use crate::settings::InForce;
use clap::{Args, Subcommand};
use indicatif::HumanBytes;
use serde_json::json;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// The copy of the database in a backup.
pub(super) const DATABASE: &str = tidings_backends::sqlite::FILE_NAME;

/// The folder of attachments in a backup.
const BLOBS: &str = "blobs";

/// Arguments of `backup`.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub struct Backup {
    /// The folder to make. It must not be there yet.
    #[arg(required = true)]
    pub path: Option<PathBuf>,
    /// Print what the backup holds as JSON, and no progress.
    #[arg(long)]
    pub json: bool,
    #[command(subcommand)]
    #[allow(missing_docs, reason = "clap would show it")]
    pub command: Option<BackupCommand>,
}

/// What else can be done with backups.
#[derive(Debug, Subcommand)]
pub enum BackupCommand {
    /// Check a backup: every file against its hash, the database in itself, and both against each other.
    #[command(after_help = "Reads only. Ends with 4 and says what is damaged, if anything is.")]
    Verify(Verify),
}

/// Arguments of `backup verify`.
#[derive(Debug, Args)]
pub struct Verify {
    /// The backup's folder.
    pub path: PathBuf,
    /// Print what the backup holds, and what is damaged, as JSON.
    #[arg(long)]
    pub json: bool,
}

/// Makes or checks a backup.
pub(super) fn run(arguments: &Backup, load: impl FnOnce() -> Result<InForce, Failure>, output: &Output) -> Outcome {
    match (&arguments.command, &arguments.path) {
        (Some(BackupCommand::Verify(verify)), _) => verify_and_tell(verify, output),
        (None, Some(path)) => make(path, arguments.json, load()?, output),
        (None, None) => Err(Failure::Usage("say where the backup shall be".to_owned())),
    }
}

fn make(path: &Path, json: bool, found: InForce, output: &Output) -> Outcome {
    require_node(&found)?;
    let to = std::path::absolute(path)?;
    let to = to.to_str().ok_or_else(|| Failure::Usage(format!("{} is not Unicode", to.display())))?.to_owned();
    let mut shown = Shown::new(json);
    let manifest: Manifest = control::read(control::ask(found, Request::Backup { to }, |step| shown.step(&step))?)?;
    drop(shown);
    if json {
        output.line(pretty(&manifest)?);
    } else {
        output.line(format_args!("{} holds {}", path.display(), describe(&manifest)));
        complain_of_missing(&manifest, output);
        output.line("Not in it: settings, and keys that come from settings or the environment.");
    }
    Ok(ExitCode::SUCCESS)
}

fn verify_and_tell(arguments: &Verify, output: &Output) -> Outcome {
    let path = &arguments.path;
    let mut shown = Shown::new(arguments.json);
    let checked = check(path, &mut |step| shown.step(&step))?;
    drop(shown);
    if arguments.json {
        let ok = checked.findings.is_empty();
        output.line(pretty(&json!({ "ok": ok, "findings": checked.findings, "manifest": checked.manifest }))?);
        return Ok(ExitCode::from(if ok { 0 } else { 4 }));
    }
    let manifest = checked.sound(path)?;
    output.line(format_args!("{} is whole: {}", path.display(), describe(&manifest)));
    complain_of_missing(&manifest, output);
    Ok(ExitCode::SUCCESS)
}

/// What a backup holds, in words.
pub(super) fn describe(manifest: &Manifest) -> String {
    format!(
        "{}, {}, {} of database and {} with {}, as of {}",
        counted(manifest.accounts, "account"),
        counted(manifest.parcels, "waiting parcel"),
        HumanBytes(manifest.database_bytes),
        counted(manifest.attachments, "attachment"),
        HumanBytes(manifest.attachment_bytes),
        manifest.made_at
    )
}

/// Attachments that the node itself had lost are no fault of the backup, but worth knowing.
fn complain_of_missing(manifest: &Manifest, output: &Output) {
    if !manifest.missing.is_empty() {
        output.line(format_args!(
            "{} attachments are not in it, since the node itself had lost them: {}",
            manifest.missing.len(),
            manifest.missing.join(", ")
        ));
    }
}
