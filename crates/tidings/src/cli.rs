//! The command line.

use crate::cmd::accounts::Accounts;
use crate::cmd::backup::{Backup, BackupCommand};
use crate::cmd::import_piqchat::Import;
use crate::cmd::peers::Peers;
use crate::cmd::restore::Restore;
use crate::settings::{Definition, Given, Raw, TABLE};
use clap::builder::Styles;
use clap::error::ErrorKind;
use clap::parser::ValueSource;
use clap::{
    Arg, ArgAction, ArgMatches, Args, Command as Clap, CommandFactory as _, FromArgMatches as _, Parser, Subcommand,
};
use clap_complete::Shell;
use std::ffi::OsString;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;
use tidings_terminal::commands::{BackupPerson, ChannelAction, Invitations, InvitePerson, Personal, RestorePerson};

/// Shown below the general help.
const AFTER: &str = "\
To talk:
  tidings login LINK                 an account, with somebody's invitation
  tidings chat                       your conversations on a screen
  tidings send bob photo.jpg --once  in plain commands, for scripts, too
  tidings invite                     a link and a QR code for somebody

To run a node:
  tidings serve                      on port 8080, its data in your home folder
  tidings serve --public-url https://my.example --listen 127.0.0.1:8080
  tidings node invite                a link and a QR code for the next guest
  tidings config                     every setting and where it comes from
  tidings console                    a prompt on the running node
  tidings doctor                     finds what is wrong and says what to do

Settings are given by flags (`tidings serve --help` lists all), by the environment (TIDINGS_LISTEN for --listen; a \
.env file in the working directory counts, too), or in tidings.toml in the data folder, in this order.

Exit codes:
  0  it worked
  1  it did not work, as the message says
  2  the arguments or the settings are wrong
  3  another process is in the way, or the node does not answer
  4  what is stored is damaged, or something was refused or can't be trusted
  5  there is no account here yet";

/// Flags that are worth their place in the short help.
const FIRST: &[&str] = &["data-dir", "listen", "public-url", "tls-cert", "tls-key", "acme-domains", "log-level"];

/// A private messaging node for friends, family or a club.
#[derive(Debug, Parser)]
#[command(name = "tidings", version, after_help = AFTER, subcommand_required = true, arg_required_else_help = true)]
#[command(max_term_width = 120, styles = Styles::styled())]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

/// What can be asked.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the node.
    #[command(
        after_help = "Send SIGTERM to end it (running requests may finish), SIGHUP to read settings and certificates again."
    )]
    Serve,
    #[command(flatten)]
    #[allow(missing_docs, reason = "clap would show it")]
    Personal(Personal),
    /// Make an invitation for one person, as a link and a QR code: from you if you have an account here, else from the node.
    #[command(after_help = INVITE)]
    Invite(Invite),
    /// What the owner of a node does under names that people use for themselves, too.
    #[command(subcommand)]
    Node(NodeCommand),
    /// List accounts, show who invited whom, remove one. Works while the node runs.
    #[command(subcommand)]
    Accounts(Accounts),
    /// List the links to other servers, make one, end one. The node must run.
    #[command(subcommand)]
    Peers(Peers),
    /// List the channels of the node and how many sessions are in each; join, say and leave as yourself.
    Channels(Channels),
    /// Open a prompt on the running node: connect, forget, peers, channels, help, exit.
    #[command(
        after_help = "Without a terminal it reads lines, answers each with one, and exits with 1 if one of them failed. \
                      Leaving the console never ends the node."
    )]
    Console,
    /// With a path: back up the node. Without: bring your own profile to your node, sealed, now.
    #[command(after_help = BACKUP)]
    Backup(BackupOfEither),
    /// With a path: bring a node back from a backup. Without: come back to your account with your recovery phrase.
    #[command(
        after_help = "A node is brought back with the same keys, and nothing is ever overwritten. Your account needs nothing \
                            but the phrase and the address of your node."
    )]
    Restore(RestoreOfEither),
    /// Take over another server.
    #[command(subcommand)]
    Import(Import),
    /// Show every setting in force, its value, and where it comes from.
    Config(Json),
    /// Look for what is wrong with this set-up, and say what to do.
    #[command(
        after_help = "Exit code 1 if anything fails. Run it while the node runs: only then the public address can be tried."
    )]
    Doctor(Json),
    /// Print a script that completes tidings' arguments in a shell.
    #[command(after_help = "Example: tidings completions bash > ~/.local/share/bash-completion/completions/tidings")]
    Completions(Completions),
    /// Print the manual page, of tidings or of one command.
    #[command(after_help = "Example: tidings man serve | man -l -")]
    Man(Man),
    /// Print the version.
    Version(Json),
}

/// Shown below the help of `invite`.
const INVITE: &str = "\
With an account here the invitation is yours: whoever accepts it is your contact, and may make an account at your node with it. \
Without one, or with --data-dir, it is the node's: an account and no contact; `tidings node invite` always makes such a one.";

/// Shown below the help of `backup`.
const BACKUP: &str = "\
A backup of a node can be made while it runs, and is checked and complete: database and attachments. Settings are not in it, nor \
are keys that come from settings or the environment.";

/// Arguments of a node's invitation.
#[derive(Clone, Copy, Debug, Args)]
pub struct NodeInvite {
    /// Leave the QR code out.
    #[arg(long)]
    pub no_qr: bool,
    /// Print JSON: link, expiresAt, seconds.
    #[arg(long, global = true)]
    pub json: bool,
}

/// Arguments of `invite`.
#[derive(Debug, Args)]
#[allow(missing_docs, reason = "clap would show it")]
pub struct Invite {
    #[command(flatten)]
    pub node: NodeInvite,
    #[command(flatten)]
    pub person: InvitePerson,
    #[command(subcommand)]
    pub action: Option<Invitations>,
}

/// What an owner does.
#[derive(Debug, Subcommand)]
pub enum NodeCommand {
    /// Make an invitation for one person. Works while the node runs.
    Invite(NodeInvite),
    /// Back up the node, also while it runs: database and attachments, checked and complete.
    Backup(Backup),
    /// Bring a node back from a backup, with the same keys. Never overwrites anything.
    Restore(Restore),
    /// List the channels and how many sessions are in each. The node must run.
    Channels(Json),
    /// Show whose account sees the node's page in the app, or make it somebody else's. Works while the node runs.
    #[command(
        after_help = "Whoever made the first account, with the invitation that the node printed at its first start, is the owner. \
                            The page shows people, invitations, storage, settings and what `tidings doctor` finds; messages nobody can read."
    )]
    Owner(NodeOwner),
}

/// Arguments of `node owner`.
#[derive(Debug, Args)]
pub struct NodeOwner {
    /// The account that shall be the owner's, as `accounts list` shows it.
    #[arg(value_name = "KEY|NUMBER")]
    pub account: Option<String>,
    /// Nobody shall see the page.
    #[arg(long, conflicts_with = "account")]
    pub nobody: bool,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `channels`.
#[derive(Debug, Args)]
pub struct Channels {
    #[command(subcommand)]
    #[allow(missing_docs, reason = "clap would show it")]
    pub action: Option<ChannelAction>,
    /// Print JSON.
    #[arg(long, global = true)]
    pub json: bool,
}

/// Arguments of `backup`.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct BackupOfEither {
    /// The folder to make for a backup of the node. It must not be there yet.
    pub path: Option<PathBuf>,
    /// Print what was backed up as JSON, and no progress.
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    #[allow(missing_docs, reason = "clap would show it")]
    pub person: BackupPerson,
    #[command(subcommand)]
    #[allow(missing_docs, reason = "clap would show it")]
    pub command: Option<BackupCommand>,
}

/// Arguments of `restore`.
#[derive(Debug, Args)]
pub struct RestoreOfEither {
    /// The folder with a backup of a node.
    #[arg(conflicts_with_all = ["node", "phrase_file", "lock"])]
    pub path: Option<PathBuf>,
    /// Of a node: check everything and say what would be done, but write nothing.
    #[arg(long, requires = "path")]
    pub rehearse: bool,
    /// Print what was restored as JSON, and no progress.
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    #[allow(missing_docs, reason = "clap would show it")]
    pub person: RestorePerson,
}

/// Arguments of `man`.
#[derive(Debug, Args)]
pub struct Man {
    /// Which command, such as serve.
    pub command: Option<String>,
}

/// For commands that can answer in JSON.
#[derive(Debug, Args)]
pub struct Json {
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `completions`.
#[derive(Debug, Args)]
pub struct Completions {
    /// For which shell.
    pub shell: Shell,
}

/// A command and what its settings are read from.
pub struct Asked {
    /// What to do.
    pub command: Command,
    /// Flags and environment.
    pub given: Given,
}

/// The whole command line, with a flag for each setting.
pub fn command() -> Clap {
    Cli::command().mut_subcommands(|sub| match sub.get_name() {
        "completions" | "man" | "version" => sub,
        name if Personal::has_subcommand(name) => sub,
        "serve" | "config" | "doctor" => with_settings(sub, true),
        _ => with_settings(sub, false),
    })
}

/// Reads the arguments. Fails with what clap says of them; that may be the help that was asked for.
pub fn read(
    arguments: impl Iterator<Item = OsString>,
    environment: impl Iterator<Item = (OsString, OsString)>,
) -> Result<Asked, clap::Error> {
    let matches = command().try_get_matches_from(arguments)?;
    let command = Cli::from_arg_matches(&matches)?.command;
    let mut leaf = &matches;
    while let Some((_, inner)) = leaf.subcommand() {
        leaf = inner;
    }
    let config = leaf.try_get_one::<PathBuf>("config").ok().flatten().cloned();
    let given = Given { flags: flags(leaf), config, environment: Given::environment(environment) };
    Ok(Asked { command, given })
}

/// Says what clap has to say: help on standard output, errors on standard error, as an object if JSON is wanted.
pub fn explain(error: &clap::Error, json: bool) -> ExitCode {
    let help = matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion);
    // Nothing better can be done if even that can't be written.
    if json && !help {
        let _ = writeln!(std::io::stderr(), "{}", usage_object(error));
    } else {
        let _ = error.print();
    }
    if help { ExitCode::SUCCESS } else { ExitCode::from(2) }
}

/// Whether JSON is wanted, as far as that can be told of arguments that can't be read.
pub fn wants_json(arguments: &[OsString]) -> bool {
    arguments.iter().take_while(|argument| *argument != "--").any(|argument| argument == "--json")
}

/// Wrong arguments as docs/terminal.md describes errors.
fn usage_object(error: &clap::Error) -> serde_json::Value {
    let text = error.render().to_string();
    let message = text.strip_prefix("error: ").unwrap_or(&text).trim();
    serde_json::json!({ "error": "usage", "message": message })
}

fn with_settings(command: Clap, all_shown: bool) -> Clap {
    let config = Arg::new("config")
        .long("config")
        .value_name("FILE")
        .value_parser(clap::value_parser!(PathBuf))
        .global(true)
        .help("The settings file; without it tidings.toml in the data folder or in /etc/tidings, if there is one")
        .help_heading("Settings: Node");
    let shown = |definition: &Definition| all_shown || matches!(definition.name, "data-dir" | "public-url");
    let settings = TABLE.iter().filter(|definition| !definition.secret);
    command.arg(config).args(settings.map(|definition| flag(definition).hide(!shown(definition))))
}

fn flag(definition: &Definition) -> Arg {
    let mut help = definition.help.to_owned();
    if !definition.default.is_empty() {
        help.push_str(&format!(" [default: {}]", definition.default));
    }
    help.push_str(&format!(" [env: {}", definition.variable()));
    help.push_str(&definition.other_variable().map_or_else(|| "]".to_owned(), |other| format!(", {other}]")));
    let arg = Arg::new(definition.name)
        .long(definition.name)
        .value_name(definition.placeholder)
        .global(true)
        .allow_hyphen_values(true)
        .help(help)
        .help_heading(format!("Settings: {}", definition.section.title()))
        .hide_short_help(!FIRST.contains(&definition.name));
    if definition.is_switch() {
        arg.num_args(0..=1).require_equals(true).default_missing_value("true").action(ArgAction::Set)
    } else if definition.is_list() {
        arg.action(ArgAction::Append)
    } else {
        arg.action(ArgAction::Set)
    }
}

fn flags(matches: &ArgMatches) -> Vec<(String, Raw)> {
    let mut flags = Vec::new();
    for definition in TABLE {
        let Ok(Some(values)) = matches.try_get_many::<String>(definition.name) else { continue };
        if matches.value_source(definition.name) != Some(ValueSource::CommandLine) {
            continue;
        }
        let mut values: Vec<String> = values.cloned().collect();
        let value = match values.len() {
            1 => values.pop().map(Raw::One),
            _ => Some(Raw::Many(values)),
        };
        flags.extend(value.map(|value| (definition.name.to_owned(), value)));
    }
    flags
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flags_of(line: &str) -> Vec<(String, Raw)> {
        read(line.split(' ').map(OsString::from), std::iter::empty()).unwrap().given.flags
    }

    #[test]
    fn the_command_line_is_consistent() {
        command().debug_assert();
    }

    #[test]
    fn wrong_arguments_are_an_object_where_json_is_wanted() {
        let line = |text: &str| -> Vec<OsString> { text.split(' ').map(OsString::from).collect() };
        let wrong = line("tidings send bob hi --expire abc --json");
        assert!(wants_json(&wrong) && !wants_json(&line("tidings send bob -- --json")));
        let error = read(wrong.into_iter(), std::iter::empty()).err().unwrap();
        let object = usage_object(&error);
        assert_eq!(object["error"], "usage");
        assert!(object["message"].as_str().unwrap().starts_with("invalid value 'abc'"), "{object}");
    }

    #[test]
    fn settings_are_flags() {
        let one = |text: &str| Raw::One(text.to_owned());
        let found = flags_of(
            "tidings serve --listen 1 --listen 2 --metrics=false --push-allow-loopback --push-contact mailto:a@b",
        );
        let expected = [
            ("listen", Raw::Many(vec!["1".to_owned(), "2".to_owned()])),
            ("push-contact", one("mailto:a@b")),
            ("push-allow-loopback", one("true")),
            ("metrics", one("false")),
        ];
        assert_eq!(found, expected.map(|(name, value)| (name.to_owned(), value)));
        assert_eq!(flags_of("tidings invite --data-dir x --json"), [("data-dir".to_owned(), one("x"))]);
    }

    #[test]
    fn secrets_are_no_flags() {
        assert!(
            read(["tidings", "serve", "--api-private-key", "x"].iter().map(OsString::from), std::iter::empty())
                .is_err()
        );
    }
}
