//! `tidings restore`: a node from a backup.

use super::backup::{Checked, check, describe, file_path};
use super::pretty;
use super::progress::{Hundredths, Shown};
use super::staging::{Staging, Target};
use crate::control::Step;
use crate::failure::Failure;
use crate::output::Output;
use crate::settings::InForce;
use clap::Args;
use indicatif::HumanBytes;
use serde_json::json;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use tidings_backends::sqlite::snapshot::reincarnate;
use tidings_engine::{Blobs, Clock};

const COPY_STEP: &str = "copying the backup";

/// Arguments of `restore`.
#[derive(Debug, Args)]
pub struct Restore {
    /// The backup's folder.
    pub path: PathBuf,
    /// Check everything and say what would be done, but write nothing.
    #[arg(long)]
    pub rehearse: bool,
    /// Print what was restored as JSON, and no progress.
    #[arg(long)]
    pub json: bool,
}

/// Checks the backup and puts it where the settings say, unless there is something already.
pub(super) fn run(arguments: &Restore, found: &InForce, output: &Output) -> Result<(), Failure> {
    let target = Target::of(&found.settings);
    target.check()?;
    let mut shown = Shown::new(arguments.json);
    let checked = check(&arguments.path, &mut |step| shown.step(&step))?;
    let manifest = checked.sound(&arguments.path)?;
    let needed = manifest.database_bytes.saturating_add(manifest.attachment_bytes);
    let free = target.free()?;
    if free < needed {
        return Err(Failure::Failed(format!(
            "there is too little room: the backup needs {}, and {} are free",
            HumanBytes(needed),
            HumanBytes(free)
        )));
    }
    let incarnation = match arguments.rehearse {
        true => None,
        false => Some(restore(&arguments.path, &checked, needed, &target, &mut shown)?),
    };
    drop(shown);
    tell(arguments, &checked, incarnation, &target, output)
}

fn tell(
    arguments: &Restore,
    checked: &Checked,
    incarnation: Option<u64>,
    target: &Target,
    output: &Output,
) -> Result<(), Failure> {
    let place = target.database().display();
    if arguments.json {
        let restored = incarnation.is_some();
        output.line(pretty(&json!({
            "restored": restored, "database": place.to_string(), "incarnation": incarnation, "manifest": checked.manifest
        }))?);
    } else if incarnation.is_some() {
        output.line(format_args!("Restored {} to {place}.", describe(&checked.manifest)));
        output.line(
            "The node has the same keys as before; `tidings serve`, with the same settings as this command, starts it.",
        );
        output
            .line("Parcels that were taken after the backup was made wait again, and what came after it is not there.");
    } else {
        output.line(format_args!(
            "The backup is whole, there is room for it, and nothing is in the way. It would bring {} to {place}. \
             Nothing was written.",
            describe(&checked.manifest)
        ));
    }
    Ok(())
}

/// Copies the backup and gives the node its next incarnation.
fn restore(backup: &Path, checked: &Checked, of: u64, target: &Target, shown: &mut Shown) -> Result<u64, Failure> {
    let staging = target.begin()?;
    let mut done = copy(&file_path(backup, None), &staging.database())?;
    let mut hundredths = Hundredths::default();
    for name in &checked.blobs {
        let to = Blobs::path_in(&staging.blobs(), *name);
        if let Some(folder) = to.parent() {
            DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        }
        done = done.saturating_add(copy(&file_path(backup, Some(*name)), &to)?);
        hundredths.step(COPY_STEP, done, of).into_iter().for_each(|step: Step| shown.step(&step));
    }
    let incarnation = next_incarnation(&staging)?;
    staging.place()?;
    Ok(incarnation)
}

/// At least the seconds since 1970, so that two restores of the same backup are told from each other, too.
fn next_incarnation(staging: &Staging) -> Result<u64, Failure> {
    let floor = u64::try_from(Clock::System.now().seconds()).unwrap_or(0);
    Ok(reincarnate(&staging.database(), floor)?)
}

/// Copies a file for its owner alone. Gives its length in bytes.
fn copy(from: &Path, to: &Path) -> Result<u64, Failure> {
    let copied = || -> io::Result<u64> {
        let mut source = File::open(from)?;
        let mut copy = OpenOptions::new().write(true).create_new(true).mode(0o600).open(to)?;
        let length = io::copy(&mut source, &mut copy)?;
        if length == fs::metadata(from)?.len() { Ok(length) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
    };
    copied().map_err(|error| Failure::of(&format!("copying {} to {}", from.display(), to.display()), error))
}
