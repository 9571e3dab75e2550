//! `tidings profile` and `tidings backup`: oneself.

use super::asking;
use super::context::{Caller, Common, Context};
use super::json;
use super::outcome::Failure;
use crate::media;
use crate::show;
use crate::store::Store;
use clap::{Args, Subcommand, ValueEnum};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::path::PathBuf;
use tidings_client::command::{Command, KeepHistory, Secret};

/// Arguments of `profile`.
#[derive(Debug, Args, Serialize, Deserialize)]
pub struct Profile {
    #[command(subcommand)]
    #[allow(missing_docs, reason = "clap would show it")]
    pub action: Option<ProfileAction>,
    /// Print one JSON object.
    #[arg(long, global = true)]
    pub json: bool,
    #[command(flatten)]
    #[allow(missing_docs, reason = "clap would show it")]
    pub common: Common,
}

/// Yes or no.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
pub enum Switch {
    /// Yes.
    On,
    /// No.
    Off,
}

/// What can be done with one's profile.
#[derive(Debug, Subcommand, Serialize, Deserialize)]
pub enum ProfileAction {
    /// Show who you are here. The same as without a word.
    Show,
    /// Change what others see of you, and what they are told.
    Set(SetProfile),
    /// Lock the profile on this machine by a passphrase, or by another one.
    Lock {
        /// The file with the new passphrase, or - for standard input; asked for if it is not given.
        #[arg(long, value_name = "FILE")]
        new_passphrase_file: Option<PathBuf>,
    },
    /// Keep the profile on this machine without a passphrase.
    Unlock,
    /// Take away the warnings that `tidings profile` shows, once you have read them.
    DismissWarnings,
    /// Use your piqchat secret key, so that your box key stays the same.
    TakeBoxKey {
        /// The file with the key in base64, or - for standard input.
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
}

/// Arguments of `profile set`.
#[derive(Debug, Args, Serialize, Deserialize)]
#[group(required = true, multiple = true)]
pub struct SetProfile {
    /// The name that others see.
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,
    /// An image of you; an empty text for none.
    #[arg(long, value_name = "FILE")]
    pub picture: Option<PathBuf>,
    /// A line about you.
    #[arg(long, value_name = "TEXT")]
    pub statement: Option<String>,
    /// Whether others are told what you have read.
    #[arg(long, value_name = "WHETHER")]
    pub read_receipts: Option<Switch>,
    /// What of the history goes into the backup: nothing, all, or a number of days.
    #[arg(long, value_name = "WHAT", value_parser = read_history)]
    pub history: Option<KeepHistory>,
}

/// What `backup` is asked of a person.
#[derive(Clone, Debug, Default, Args, Serialize, Deserialize)]
pub struct BackupPerson {
    /// What of the history goes into your backup from now on: nothing, all, or a number of days.
    #[arg(long, value_name = "WHAT", value_parser = read_history)]
    pub history: Option<KeepHistory>,
    #[command(flatten)]
    #[allow(missing_docs, reason = "clap would show it")]
    pub common: Common,
}

/// Days of history at most, a hundred years; more is "all".
const DAYS_MAX: u32 = 36_500;

/// Reads how much history is to be kept.
fn read_history(text: &str) -> Result<KeepHistory, String> {
    match text {
        "nothing" | "none" => Ok(KeepHistory::Nothing),
        "all" => Ok(KeepHistory::All),
        days => {
            let days = days.strip_suffix('d').unwrap_or(days).parse().ok();
            let days = days.filter(|days| (1..=DAYS_MAX).contains(days)).map(KeepHistory::Days);
            days.ok_or_else(|| format!("expected nothing, all, or a number of days up to {DAYS_MAX}"))
        }
    }
}

/// Shows or changes oneself.
pub(super) async fn profile(asked: &Profile, context: &Context) -> Result<(), Failure> {
    match &asked.action {
        None | Some(ProfileAction::Show) => show_me(context).await,
        Some(ProfileAction::Set(set)) => {
            let picture = match &set.picture {
                Some(path) if path.as_os_str().is_empty() => Some(Vec::new()),
                Some(path) => Some(media::portrait(&context.output.desk().path(path))?),
                None => None,
            };
            let command = Command::SetProfile {
                name: set.name.as_deref().map(asking::name).transpose()?,
                picture,
                statement: set.statement.clone(),
                read_receipts: set.read_receipts.map(|switch| switch == Switch::On),
                history: set.history,
            };
            context.command(command).await?;
            context.settled().await;
            show_me(context).await
        }
        Some(ProfileAction::Lock { .. } | ProfileAction::Unlock) => {
            Err(Failure::Usage("this needs the profile for itself".to_owned()))
        }
        Some(ProfileAction::DismissWarnings) => {
            let warnings = context.me().await?.warnings;
            let text = match warnings.len() {
                0 => "There is no warning.".to_owned(),
                1 => "The warning is gone; it comes again if there is a new reason.".to_owned(),
                count => format!("{count} warnings are gone; they come again if there are new reasons."),
            };
            let command = Command::DismissWarnings(warnings);
            context.command_and_tell(command, &json!({ "done": true }), &text).await
        }
        Some(ProfileAction::TakeBoxKey { file }) => {
            let key = Secret(asking::secret_from(file, context.output.desk())?.to_string());
            let text = "The key is your box key now, on all your devices.";
            context.command_and_tell(Command::TakeBoxKey { key }, &json!({ "done": true }), text).await
        }
    }
}

/// Locks the profile on this machine, or unlocks it.
pub(super) async fn lock(asked: &Profile, caller: &Caller, context: &Context) -> Result<(), Failure> {
    let desk = context.output.desk();
    match &asked.action {
        Some(ProfileAction::Lock { new_passphrase_file }) => {
            let passphrase = match new_passphrase_file {
                Some(path) => asking::secret_from(path, desk)?,
                None if desk.can_ask() => asking::new_passphrase(desk)?,
                None => return Err(Failure::Usage("give the passphrase with --new-passphrase-file FILE".to_owned())),
            };
            if passphrase.is_empty() {
                return Err(Failure::Usage("an empty passphrase locks nothing".to_owned()));
            }
            relock(Some(passphrase.to_string()), asked, caller, context).await?;
            context.done("Locked. Without the passphrase nothing can be read here; your recovery phrase still brings your account back.")
        }
        Some(ProfileAction::Unlock) => {
            relock(None, asked, caller, context).await?;
            context.done("Whoever can read the files of this user can read your messages now.")
        }
        _ => profile(asked, context).await,
    }
}

/// Changes the passphrase. The client has the store, so it ends first.
async fn relock(new: Option<String>, asked: &Profile, caller: &Caller, context: &Context) -> Result<(), Failure> {
    let old = match caller.passphrase(&asked.common)? {
        Some(old) => Some(old),
        None if Store::is_locked(&context.place)? && context.output.desk().can_ask() => {
            Some(context.output.desk().secret("The passphrase until now: ")?)
        }
        None => None,
    };
    context.session.clone().close().await;
    let place = context.place.clone();
    let change = move || -> Result<(), Failure> {
        let store = Store::open(&place, old.as_deref().map(String::as_str), false)?;
        Ok(store.set_passphrase(new.as_deref())?)
    };
    tokio::task::spawn_blocking(change).await.map_err(|error| Failure::Failed(error.to_string()))?
}

async fn show_me(context: &Context) -> Result<(), Failure> {
    let me = context.me().await?;
    if context.output.json() {
        return context.output.line(json::me(&me));
    }
    let now = context.session.now();
    let kept = match me.history {
        KeepHistory::Nothing => "no history".to_owned(),
        KeepHistory::Days(days) => format!("{days} days of history"),
        KeepHistory::All => "all history".to_owned(),
    };
    let backup = me
        .backup
        .map_or_else(|| "never".to_owned(), |(counter, at)| format!("number {counter}, {}", show::when(at, now)));
    let lines = [
        ("Name", show::line(&me.name)),
        ("Statement", show::line(&me.statement)),
        ("Identity", me.identity.to_string()),
        ("Node", me.node.clone()),
        ("Wallet", format!("{}  (who you are in DeNetwork Chat)", me.wallet)),
        ("Box key", format!("{}  (who you are in piqchat)", me.box_key)),
        ("Read receipts", if me.read_receipts { "on" } else { "off" }.to_owned()),
        ("Backup", format!("{backup}, with {kept}")),
    ];
    for (name, value) in lines.iter().filter(|(_, value)| !value.is_empty()) {
        context.output.line(format_args!("{name:14} {value}"))?;
    }
    for warning in &me.warnings {
        context.output.line(format_args!("Warning: {}", show::line(warning)))?;
    }
    if !me.warnings.is_empty() {
        context.output.hint("`tidings profile dismiss-warnings` takes them away.");
    }
    Ok(())
}

/// Writes the profile to the node now.
pub(super) async fn backup(asked: &BackupPerson, context: &Context) -> Result<(), Failure> {
    if let Some(history) = asked.history {
        let nothing = Command::SetProfile {
            name: None,
            picture: None,
            statement: None,
            read_receipts: None,
            history: Some(history),
        };
        context.command(nothing).await?;
    }
    // Ends once the node has it; what else is under way is no part of it.
    context.command(Command::BackUp).await?;
    context.settled().await;
    let me = context.me().await?;
    let counter = me.backup.map(|(counter, _)| counter);
    let object = json!({ "counter": counter, "history": json::history(me.history), "node": me.node });
    let number = counter.map(|counter| format!(", number {counter}")).unwrap_or_default();
    let text = format!(
        "Backed up{number}: sealed, at {}. `tidings restore` and your recovery phrase bring everything back.",
        me.node
    );
    context.output.say(&object, text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn histories_are_read() {
        assert_eq!(read_history("nothing"), Ok(KeepHistory::Nothing));
        assert_eq!(read_history("all"), Ok(KeepHistory::All));
        assert_eq!(read_history("30"), Ok(KeepHistory::Days(30)));
        assert_eq!(read_history("365d"), Ok(KeepHistory::Days(365)));
        assert!(read_history("0").is_err() && read_history("x").is_err());
        assert!(read_history("36500").is_ok() && read_history("36501").is_err());
    }
}
