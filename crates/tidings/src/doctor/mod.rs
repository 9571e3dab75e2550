//! `tidings doctor`: looks for what is wrong with a set-up, and says what to do about it.

mod certificate;
mod folder;
mod machine;
mod network;
mod peers;
mod public;

use crate::Outcome;
use crate::cmd::pretty;
use crate::control::{self, Request, Status};
use crate::failure::Failure;
use crate::output::Output;
use crate::settings::{InForce, Settings};
use serde::Serialize;
use std::process::ExitCode;
use tidings_engine::Clock;

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Level {
    /// All is well.
    Ok,
    /// It works, but better is possible.
    Warn,
    /// Something does not work.
    Fail,
}

/// What was looked at, and what was found.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Finding {
    pub(crate) check: &'static str,
    pub(crate) level: Level,
    pub(crate) text: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) advice: Option<String>,
}

impl Finding {
    fn ok(check: &'static str, text: impl Into<String>) -> Self {
        Self { check, level: Level::Ok, text: text.into(), advice: None }
    }

    fn warn(check: &'static str, text: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { check, level: Level::Warn, text: text.into(), advice: Some(advice.into()) }
    }

    fn fail(check: &'static str, text: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { check, level: Level::Fail, text: text.into(), advice: Some(advice.into()) }
    }
}

/// Examines everything. Exit code 1 if anything fails.
pub fn run(found: &InForce, json: bool, output: &Output) -> Outcome {
    let findings = examine(found)?;
    if json {
        output.line(pretty(&findings)?);
    } else {
        findings.iter().for_each(|finding| show(finding, output));
    }
    let failed = findings.iter().any(|finding| finding.level == Level::Fail);
    Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// Examines everything. Blocks.
pub(crate) fn examine(found: &InForce) -> Result<Vec<Finding>, Failure> {
    let settings = &found.settings;
    let now = Clock::System.now();
    let running = control::is_running(&settings.data_dir())?;
    let mut findings = folder::examine(settings);
    if running {
        findings.push(node(control::read(control::ask(found.clone(), Request::Status, |_| {})?)?));
    }
    findings.push(machine::disk(settings));
    findings.extend(machine::clock(settings, now));
    findings.extend(network::ports(settings, running));
    findings.extend(peers::examine(found, running)?);
    findings.extend(certificate::examine(settings, now));
    findings.push(push(settings));
    findings.extend(public::examine(found, running)?);
    findings.push(integrity(found, running));
    Ok(findings)
}

/// The running node itself.
fn node(status: Status) -> Finding {
    let own = env!("CARGO_PKG_VERSION");
    let text = format!("version {} runs as process {}", status.version, status.pid);
    if status.version == own {
        return Finding::ok("node", text);
    }
    Finding::warn(
        "node",
        format!("{text}, but this program has version {own}"),
        "restart the node to bring it up to date",
    )
}

fn push(settings: &Settings) -> Finding {
    match &settings.push_contact {
        Some(contact) => Finding::ok("push contact", format!("push services may write to {contact}")),
        None => Finding::warn(
            "push contact",
            format!("push services get {} as a contact, and some refuse such", settings.push_contact_or_default()),
            "set push-contact to an address where you read mail: mailto:you@example.org",
        ),
    }
}

fn integrity(found: &InForce, running: bool) -> Finding {
    const CHECK: &str = "database";
    let database = found.settings.database();
    if !running && !database.exists() {
        return Finding::ok(CHECK, "there is none yet; the first start makes it");
    }
    let restore =
        "stop the node, move the database away (keep it), and bring back the last backup with `tidings restore`";
    let verified = control::ask(found.clone(), Request::Verify, |_| {}).and_then(control::read::<Vec<String>>);
    match verified {
        Ok(findings) if findings.is_empty() => Finding::ok(CHECK, "every row is as it was written"),
        Ok(findings) => Finding::fail(CHECK, findings.join("; "), restore),
        Err(Failure::Damaged(what)) => Finding::fail(CHECK, what, restore),
        Err(failure) => {
            Finding::fail(CHECK, format!("it could not be checked: {failure}"), "see what the message says")
        }
    }
}

fn show(finding: &Finding, output: &Output) {
    let (mark, colour) = match finding.level {
        Level::Ok => ("ok", "\x1b[32m"),
        Level::Warn => ("warn", "\x1b[33m"),
        Level::Fail => ("FAIL", "\x1b[1;31m"),
    };
    let (colour, plain) = if output.may_paint() { (colour, "\x1b[0m") } else { ("", "") };
    output.line(format_args!("{colour}{mark:<4}{plain}  {:<13} {}", finding.check, finding.text));
    if let Some(advice) = &finding.advice {
        output.line(format_args!("{:<20}→ {advice}", ""));
    }
}
