//! `tidings devices`.

use super::asking;
use super::context::{Common, Context};
use super::json;
use super::outcome::Failure;
use crate::show;
use clap::{Args, Subcommand};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::time::Duration;
use tidings_client::command::{Command, Done};
use tidings_client::view::DeviceRequest;

/// Arguments of `devices`.
#[derive(Debug, Args, Serialize, Deserialize)]
pub struct Devices {
    #[command(subcommand)]
    #[allow(missing_docs, reason = "clap would show it")]
    pub action: Option<DeviceAction>,
    /// Print a JSON object for each.
    #[arg(long, global = true)]
    pub json: bool,
    #[command(flatten)]
    #[allow(missing_docs, reason = "clap would show it")]
    pub common: Common,
}

/// What can be done with one's devices.
#[derive(Debug, Subcommand, Serialize, Deserialize)]
pub enum DeviceAction {
    /// List them. The same as without a word.
    List,
    /// Let another device of yours in: shows a code for `tidings login --link-code CODE` there, and waits.
    Link {
        /// Let in the device that shows this number, without asking.
        #[arg(long, value_name = "NUMBER")]
        check: Option<String>,
        /// Let in whichever device comes first. Somebody who saw the code may be faster.
        #[arg(long, conflicts_with = "check")]
        yes: bool,
        /// Leave the QR code out.
        #[arg(long)]
        no_qr: bool,
    },
    /// Take a device out of everything, such as one that was lost.
    Remove {
        /// Its number or name in the list.
        device: String,
        /// Don't ask.
        #[arg(long)]
        yes: bool,
    },
}

/// Lists or changes.
pub(super) async fn run(action: Option<&DeviceAction>, context: &Context) -> Result<(), Failure> {
    match action {
        None | Some(DeviceAction::List) => list(context).await,
        Some(DeviceAction::Remove { device, yes }) => remove(device, *yes, context).await,
        Some(DeviceAction::Link { check, yes, no_qr }) => link(check.as_deref(), *yes, !no_qr, context).await,
    }
}

async fn list(context: &Context) -> Result<(), Failure> {
    // Another device may have added or removed one.
    context.freshen().await;
    let now = context.session.now();
    for device in &context.session.devices().await {
        let this = if device.this { "  (this one)" } else { "" };
        // What a device calls itself, and since when it is one, comes from it a moment after it was let in.
        let name = if device.name.is_empty() { "(no name yet)".to_owned() } else { show::line(&device.name) };
        let added = if device.added == 0 { "just now".to_owned() } else { show::day(device.added, now) };
        let text = format!("{:>3}  {name}  added {added}{this}", device.serial);
        context.output.say(&json::device(device), text)?;
    }
    Ok(())
}

async fn remove(wanted: &str, yes: bool, context: &Context) -> Result<(), Failure> {
    context.freshen().await;
    let devices = context.session.devices().await;
    let meant = |serial: u64, name: &str| serial.to_string() == wanted || show::line(name).eq_ignore_ascii_case(wanted);
    let found: Vec<_> = devices.iter().filter(|device| meant(device.serial, &device.name)).collect();
    let [device] = found.as_slice() else {
        return Err(Failure::Usage("which device? `tidings devices` lists them with their numbers".to_owned()));
    };
    let name = show::line(&device.name);
    let question = if device.this {
        format!("Remove this very device ({name})? Nothing can be read or written here after that.")
    } else {
        format!("Remove {name} from your account and all conversations?")
    };
    if !asking::sure(&question, yes, context.output.desk())? {
        return Ok(());
    }
    let command = Command::RemoveDevice { serial: device.serial };
    context.command_and_tell(command, &json!({ "done": true }), &format!("{name} is out.")).await
}

async fn link(check: Option<&str>, yes: bool, qr: bool, context: &Context) -> Result<(), Failure> {
    if check.is_none() && !yes && !context.output.desk().can_ask() {
        return Err(Failure::Usage(
            "nobody can be asked here whether the number of the other device fits: run this in a terminal, or say --yes to let \
             in whichever device comes first"
                .to_owned(),
        ));
    }
    let Done::Code(code, until) = context.command(Command::OfferLink).await? else {
        return Err(Failure::Failed("there is no code".to_owned()));
    };
    if context.output.json() {
        context.output.line(json!({ "code": code.0, "expiresAt": show::instant(until) }))?;
    } else {
        context.output.line(format_args!("On the other device: tidings login --link-code {}\n", code.0))?;
        if let Some(drawn) = show::qr(&code.0).filter(|_| qr) {
            context.output.line(drawn)?;
        }
        context
            .output
            .note(format_args!("The code is good for one device, until {}. Waiting for it.", show::instant(until)));
    }
    let limit = Duration::from_millis(until.saturating_sub(context.session.now()));
    let asks = async || context.session.device_requests().await.into_iter().next();
    let Some((request, name, shown)) = context.until(limit, asks).await else {
        return Err(Failure::Failed("no device came; the code is good for nothing now".to_owned()));
    };
    let name = show::line(&name);
    if context.output.json() {
        context.output.line(json!({ "device": name, "check": shown }))?;
    }
    let accept = match check {
        Some(check) if check.trim() == shown => true,
        Some(check) => {
            context.restart();
            answer(request, false, context).await?;
            return Err(Failure::Refused(format!("{name} shows {shown} and not {check}: it was not let in")));
        }
        None => {
            let question = format!("{name} shows the number {shown}. Is that so, and shall it be let in?");
            asking::sure(&question, yes, context.output.desk())?
        }
    };
    context.restart();
    answer(request, accept, context).await?;
    context.settled().await;
    let text = if accept { format!("{name} is one of your devices now.") } else { format!("{name} was not let in.") };
    context.output.say(&json!({ "linked": accept }), text)
}

async fn answer(request: DeviceRequest, accept: bool, context: &Context) -> Result<(), Failure> {
    context.command(Command::AnswerLink { request, accept }).await.map(drop)
}
