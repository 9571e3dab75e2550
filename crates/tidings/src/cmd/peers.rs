//! `tidings peers` and `tidings channels`: the links of a running node to other servers, and the channels that are joined. Only
//! the running node can answer: both are about connections.

use super::accounts::minute;
use super::console::server;
use super::pretty;
use crate::control::{self, Request};
use crate::failure::Failure;
use crate::node::Node;
use crate::output::{Output, counted};
use crate::settings::InForce;
use clap::{Args, Subcommand};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;
use tidings_doors::darkchat::Darkchat;
use tidings_doors::darkchat::network::{PeerInfo, PeerName};

/// The least columns for names in tables.
const NAME_WIDTH: usize = 21;

const NO_LINKS: &str = "No other server is linked.";

const NO_CHANNELS: &str = "Nobody is in any channel.";

/// What can be asked about links to other servers.
#[derive(Debug, Subcommand)]
pub enum Peers {
    /// List the servers that are linked.
    List(Json),
    /// Link with another server, and again whenever that link is lost, until `forget` or the end of the node.
    Connect(Connect),
    /// End the links with a server, and do not call it again; one of darkchat-peers is called after the next start.
    /// It may come in again by itself, unless darkchat-allowed-peers keeps it out.
    Forget(Forget),
}

/// Arguments of `peers list`.
#[derive(Debug, Args)]
pub struct Json {
    /// Print JSON: an array of links.
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `peers connect`.
#[derive(Debug, Args)]
pub struct Connect {
    /// Where it is: HOST PORT, or HOST:PORT.
    #[arg(value_name = "HOST PORT", required = true, num_args = 1..=2)]
    pub place: Vec<String>,
    /// Print the link's name as JSON.
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `peers forget`.
#[derive(Debug, Args)]
pub struct Forget {
    /// Its name, as `peers list` shows it.
    pub name: String,
    /// Print what was forgotten as JSON.
    #[arg(long)]
    pub json: bool,
}

/// A link as it is shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Link {
    /// By what the other server is known: `HOST:PORT`.
    pub name: String,
    /// Whether this node called; else the other server did.
    pub called: bool,
    /// Since when, in ISO 8601.
    pub since: String,
    /// Messages that it brought.
    pub received: u64,
    /// Messages that it was given.
    pub sent: u64,
    /// Messages that it did not take in time.
    pub dropped: u64,
}

impl From<PeerInfo> for Link {
    fn from(info: PeerInfo) -> Self {
        let PeerInfo { name, calls_us, since, received, sent, dropped } = info;
        Self { name, called: !calls_us, since: since.to_string(), received, sent, dropped }
    }
}

/// A channel as it is shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Channel {
    /// Its name.
    pub name: String,
    /// Sessions that are in it on this node.
    pub sessions: usize,
}

/// The door of a running node.
fn door(node: &Node) -> Result<&Arc<Darkchat>, Failure> {
    node.darkchat.get().ok_or_else(|| Failure::Failed("the node is only starting; ask again in a moment".to_owned()))
}

/// The links of this node.
pub(crate) fn list_here(node: &Node) -> Result<Vec<Link>, Failure> {
    let links = door(node)?.network().peers();
    Ok(links.into_iter().map(Link::from).collect())
}

/// Links this node with a server. Gives its name.
pub(crate) async fn connect_here(node: &Node, name: &str) -> Result<String, Failure> {
    let name = PeerName::parse(name).ok_or_else(|| Failure::Usage(format!("{name} is not HOST:PORT")))?;
    let connected = door(node)?.network().connect(name.host(), name.port()).await;
    connected.map(|name| name.to_string()).map_err(|error| Failure::of(&format!("linking with {name}"), error))
}

/// Ends the links of this node with a server.
pub(crate) fn forget_here(node: &Node, name: &str) -> Result<(), Failure> {
    if door(node)?.network().forget(name) {
        return Ok(());
    }
    Err(Failure::Failed(format!("there is no link with {name}; `tidings peers list` shows all")))
}

/// The channels of this node, by name, with the clients of all doors.
pub(crate) fn channels_here(node: &Node) -> Result<Vec<Channel>, Failure> {
    let native = node.native.get().map(|native| native.channels()).unwrap_or_default();
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for (name, sessions) in door(node)?.channels().into_iter().chain(native) {
        *counts.entry(name).or_default() += sessions;
    }
    Ok(counts.into_iter().map(|(name, sessions)| Channel { name, sessions }).collect())
}

/// Does what was asked about links.
pub(super) fn run(asked: &Peers, found: &InForce, output: &Output) -> Result<(), Failure> {
    match asked {
        Peers::List(arguments) => {
            let links = links(found)?;
            if arguments.json { output.line(pretty(&links)?) } else { output.line(table(&links)) }
        }
        Peers::Connect(arguments) => {
            let name = connect(found, &server(&arguments.place).map_err(Failure::Usage)?)?;
            if arguments.json {
                output.line(pretty(&serde_json::json!({ "name": name }))?);
            } else {
                output.line(format_args!("Connected to {name}."));
            }
        }
        Peers::Forget(arguments) => {
            forget(found, &arguments.name)?;
            if arguments.json {
                output.line(pretty(&serde_json::json!({ "name": arguments.name }))?);
            } else {
                output.line(format_args!("Forgot {}.", arguments.name));
            }
        }
    }
    Ok(())
}

/// Lists the channels.
pub(super) fn run_channels(json: bool, found: &InForce, output: &Output) -> Result<(), Failure> {
    let channels = channels(found)?;
    if json {
        output.line(pretty(&channels)?)
    } else {
        output.line(channel_table(&channels))
    }
    Ok(())
}

/// Asks the running node for its links.
pub(crate) fn links(found: &InForce) -> Result<Vec<Link>, Failure> {
    control::read(control::ask(found.clone(), Request::Peers, |_| {})?)
}

/// Asks the running node for its channels.
pub(super) fn channels(found: &InForce) -> Result<Vec<Channel>, Failure> {
    control::read(control::ask(found.clone(), Request::Channels, |_| {})?)
}

/// Lets the running node link with a server; gives the link's name.
pub(super) fn connect(found: &InForce, server: &PeerName) -> Result<String, Failure> {
    let name = server.to_string();
    control::read(control::ask(found.clone(), Request::ConnectPeer { name }, |_| {})?)
}

/// Lets the running node end its links with a server.
pub(super) fn forget(found: &InForce, name: &str) -> Result<(), Failure> {
    control::read(control::ask(found.clone(), Request::ForgetPeer { name: name.to_owned() }, |_| {})?)
}

/// Links as a table for people.
pub(super) fn table(links: &[Link]) -> String {
    if links.is_empty() {
        return NO_LINKS.to_owned();
    }
    let width = links.iter().map(|link| link.name.len()).max().unwrap_or(0).max(NAME_WIDTH);
    let mut text = format!(
        "{:<width$}  {:<9}  {:<16}  {:>9}  {:>9}  {:>9}",
        "NAME", "LINK", "SINCE", "RECEIVED", "SENT", "DROPPED"
    );
    for link in links {
        let since = minute(Some(&link.since), "unknown");
        // Writing to a string never fails.
        let _ = write!(
            text,
            "\n{:<width$}  {:<9}  {since:<16}  {:>9}  {:>9}  {:>9}",
            link.name,
            link.direction(),
            link.received,
            link.sent,
            link.dropped
        );
    }
    text
}

/// Links in a line for programs.
pub(super) fn links_in_a_line(links: &[Link]) -> String {
    let each = links.iter().map(|link| format!("{} ({})", link.name, link.direction()));
    in_a_line(links.len(), "peer", each)
}

/// Channels as a table for people.
pub(super) fn channel_table(channels: &[Channel]) -> String {
    if channels.is_empty() {
        return NO_CHANNELS.to_owned();
    }
    let rows = channels.iter().map(|channel| format!("{:>8}  {}", channel.sessions, channel.shown()));
    [format!("{:>8}  CHANNEL", "SESSIONS")].into_iter().chain(rows).collect::<Vec<_>>().join("\n")
}

/// Channels in a line for programs.
pub(super) fn channels_in_a_line(channels: &[Channel]) -> String {
    let each = channels.iter().map(|channel| format!("{} ({})", channel.shown(), channel.sessions));
    in_a_line(channels.len(), "channel", each)
}

fn in_a_line(count: usize, noun: &str, each: impl Iterator<Item = String>) -> String {
    let counted = counted(u64::try_from(count).unwrap_or(u64::MAX), noun);
    if count == 0 { counted } else { format!("{counted}: {}", each.collect::<Vec<_>>().join(", ")) }
}

impl Link {
    fn direction(&self) -> &'static str {
        if self.called { "called" } else { "came in" }
    }
}

impl Channel {
    /// Its name as a terminal may show it: anybody can choose one.
    fn shown(&self) -> String {
        self.name.escape_debug().to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn link(name: &str, called: bool) -> Link {
        let since = "2026-11-21T12:00:01.000Z".to_owned();
        Link { name: name.to_owned(), called, since, received: 1, sent: 22, dropped: 0 }
    }

    #[test]
    fn links_are_shown_for_people_and_for_programs() {
        let links = [link("a.example:1", true), link("192.0.2.1:30303", false)];
        assert_eq!(
            table(&links),
            "NAME                   LINK       SINCE              RECEIVED       SENT    DROPPED\n\
             a.example:1            called     2026-11-21 12:00          1         22          0\n\
             192.0.2.1:30303        came in    2026-11-21 12:00          1         22          0"
        );
        assert_eq!(links_in_a_line(&links), "2 peers: a.example:1 (called), 192.0.2.1:30303 (came in)");
        assert_eq!((table(&[]).lines().count(), links_in_a_line(&[]).as_str()), (1, "0 peers"));
    }

    #[test]
    fn names_of_channels_can_not_play_with_the_terminal() {
        let channels = [Channel { name: "a\n\x1b[31m".to_owned(), sessions: 2 }];
        assert_eq!(channel_table(&channels), "SESSIONS  CHANNEL\n       2  a\\n\\u{1b}[31m");
        assert_eq!(channels_in_a_line(&channels), "1 channel: a\\n\\u{1b}[31m (2)");
    }
}
