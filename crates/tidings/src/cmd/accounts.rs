//! `tidings accounts`: who has an account here, who invited whom, and removing somebody. Works while the node runs.

use super::confirm::confirm;
use super::{pretty, require_node};
use crate::control::{self, Request};
use crate::failure::Failure;
use crate::node::Node;
use crate::output::Output;
use crate::settings::InForce;
use clap::{Args, Subcommand};
use indicatif::HumanBytes;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashSet};
use std::fmt::Write as _;
use tidings_backends::sqlite::listing::Listed;
use tidings_core::ports::Accounts as _;
use tidings_core::{AccountNumber, BoxKey, Ed25519Key, Key, Timestamp};

/// Rows that are asked for at once.
const PAGE: usize = 10_000;

/// Levels to which the invite tree is drawn with indentation; deeper ones stand at the last.
const INDENTS_MAX: usize = 40;

/// What can be asked about accounts.
#[derive(Debug, Subcommand)]
pub enum Accounts {
    /// List the accounts: number, key, when made, when last seen, what waits for them, and whether they get notifications.
    List(Json),
    /// Draw who was invited by whom. Accounts that are gone keep their place.
    Tree(Json),
    /// Remove an account with its backup, contacts and waiting parcels.
    Remove(Remove),
}

/// Arguments of `accounts list` and `accounts tree`.
#[derive(Debug, Args)]
pub struct Json {
    /// Print JSON: an array of rows by number. The tree has rows of deleted accounts, too.
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `accounts remove`.
#[derive(Debug, Args)]
pub struct Remove {
    /// Its key as `accounts list` shows it, or its number.
    #[arg(value_name = "KEY|NUMBER")]
    pub account: String,
    /// Do not ask.
    #[arg(long)]
    pub yes: bool,
    /// Print what was removed as JSON.
    #[arg(long)]
    pub json: bool,
}

/// An account as it is shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Row {
    /// Its number.
    pub number: i64,
    /// Its key; null for a deleted one.
    pub key: Option<String>,
    /// The number of the account whose invitation made it; null if the owner's did.
    pub creator: Option<i64>,
    /// When it was made, in ISO 8601.
    pub created_at: Option<String>,
    /// When it was last seen, in ISO 8601.
    pub seen_at: Option<String>,
    /// Parcels that wait for it.
    pub parcels: u64,
    /// Their bytes, with attachments.
    pub bytes: u64,
    /// Whether it gets notifications.
    pub push: bool,
}

impl From<Listed> for Row {
    fn from(listed: Listed) -> Self {
        Self {
            number: listed.number.number(),
            key: listed.key.map(|key| key.to_string()),
            creator: listed.creator.map(AccountNumber::number),
            created_at: listed.created_at.as_ref().map(Timestamp::to_string),
            seen_at: listed.seen_at.as_ref().map(Timestamp::to_string),
            parcels: listed.waiting.count,
            bytes: listed.waiting.bytes,
            push: listed.subscribed,
        }
    }
}

/// Rows after a number, deleted ones too.
pub(crate) async fn page(node: &Node, after: i64) -> Result<Vec<Row>, Failure> {
    let rows = node.store.list_accounts(AccountNumber::from_number(after), PAGE).await?;
    Ok(rows.into_iter().map(Row::from).collect())
}

/// The account with this key or number.
pub(crate) async fn find(node: &Node, account: &str) -> Result<Row, Failure> {
    let number = match account.parse() {
        Ok(number) => Some(AccountNumber::from_number(number)),
        Err(_) => node.store.account(key(account)?).await?.map(|account| account.number),
    };
    let found = match number {
        Some(number) => node.store.account_by_number(number).await?,
        None => None,
    };
    match found {
        Some(listed) if listed.key.is_some() => Ok(listed.into()),
        Some(_) => Err(Failure::Failed(format!("account {account} is deleted already"))),
        None => Err(Failure::Failed(format!("there is no account {account}"))),
    }
}

/// Removes the account of a key.
pub(crate) async fn remove(node: &Node, account: &str) -> Result<(), Failure> {
    Ok(node.engine.delete_account(key(account)?).await?)
}

fn key(text: &str) -> Result<Key, Failure> {
    // The two kinds have texts of different lengths.
    if let Ok(identity) = Ed25519Key::parse(text) {
        return Ok(Key::Ed25519(identity));
    }
    let key =
        BoxKey::parse(text).map_err(|error| Failure::Usage(format!("{text} is neither a number nor a key: {error}")));
    Ok(Key::Box(key?))
}

/// Does what was asked about accounts.
pub(super) fn run(asked: &Accounts, found: InForce, output: &Output) -> Result<(), Failure> {
    require_node(&found)?;
    match asked {
        Accounts::List(arguments) => list(arguments.json, &found, output),
        Accounts::Tree(arguments) => tree(arguments.json, &found, output),
        Accounts::Remove(arguments) => ask_and_remove(arguments, found, output),
    }
}

/// Goes through all rows by number, a page at a time.
fn each_page(found: &InForce, mut take: impl FnMut(Vec<Row>) -> Result<(), Failure>) -> Result<(), Failure> {
    let mut after = 0;
    loop {
        let rows: Vec<Row> = control::read(control::ask(found.clone(), Request::ListAccounts { after }, |_| {})?)?;
        let Some(last) = rows.last() else { return Ok(()) };
        after = last.number;
        take(rows)?;
    }
}

fn list(json: bool, found: &InForce, output: &Output) -> Result<(), Failure> {
    if json {
        return array(found, output, |row| row.key.is_some());
    }
    output.line(format_args!(
        "{:>7}  {:<44}  {:<16}  {:<16}  {:>7}  {:>11}  PUSH",
        "NUMBER", "KEY", "CREATED", "LAST SEEN", "PARCELS", "SIZE"
    ));
    each_page(found, |rows| {
        let mut text = String::new();
        for row in rows {
            let Some(key) = &row.key else { continue };
            let size = HumanBytes(row.bytes).to_string();
            let (created, seen) =
                (minute(row.created_at.as_deref(), "unknown"), minute(row.seen_at.as_deref(), "never"));
            let push = if row.push { "yes" } else { "no" };
            // Writing to a string never fails.
            let _ = writeln!(
                text,
                "{:>7}  {key:<44}  {created:<16}  {seen:<16}  {:>7}  {size:>11}  {push}",
                row.number, row.parcels
            );
        }
        output.bytes(text.as_bytes())
    })
}

/// Prints rows as a JSON array, a row in a line.
fn array(found: &InForce, output: &Output, wanted: impl Fn(&Row) -> bool) -> Result<(), Failure> {
    let mut begun = false;
    each_page(found, |rows| {
        let mut text = Vec::new();
        for row in rows.iter().filter(|row| wanted(row)) {
            text.extend_from_slice(if begun { b",\n" } else { b"[\n" });
            begun = true;
            serde_json::to_writer(&mut text, row).map_err(|error| Failure::of("writing JSON", error))?;
        }
        output.bytes(&text)
    })?;
    output.line(if begun { "\n]" } else { "[]" });
    Ok(())
}

/// The minute of an ISO 8601 time, without its `T`.
pub(super) fn minute(time: Option<&str>, none: &str) -> String {
    let minute = time.and_then(|time| time.get(..16));
    minute.map_or_else(|| none.to_owned(), |minute| minute.replace('T', " "))
}

fn tree(json: bool, found: &InForce, output: &Output) -> Result<(), Failure> {
    if json {
        return array(found, output, |_| true);
    }
    let mut rows = Vec::new();
    each_page(found, |page| {
        rows.extend(page);
        Ok(())
    })?;
    if rows.is_empty() {
        output.line("Nobody has an account yet. `tidings invite` makes an invitation.");
    }
    output.bytes(draw(&rows).as_bytes())
}

/// Draws the invite tree, a row in a line.
fn draw(rows: &[Row]) -> String {
    let known: HashSet<i64> = rows.iter().map(|row| row.number).collect();
    let mut invited: BTreeMap<Option<i64>, Vec<&Row>> = BTreeMap::new();
    for row in rows {
        // What an import brought may name somebody who was never there, or itself.
        let creator = row.creator.filter(|creator| known.contains(creator) && *creator < row.number);
        invited.entry(creator).or_default().push(row);
    }
    let mut text = String::new();
    let roots = invited.get(&None).into_iter().flatten();
    // Depth, indentation of the ones below, and the row: the next to draw stands last. No recursion: chains can be long.
    let mut next: Vec<(usize, String, String, &Row)> =
        roots.rev().map(|row| (0, String::new(), String::new(), *row)).collect();
    while let Some((depth, before, below, row)) = next.pop() {
        let seen = minute(row.seen_at.as_deref(), "never");
        // Writing to a string never fails.
        let _ = match &row.key {
            Some(key) => writeln!(text, "{before}{} {key}  last seen {seen}", row.number),
            None => writeln!(text, "{before}{} (deleted)", row.number),
        };
        let children = invited.get(&Some(row.number)).map_or(&[] as &[_], Vec::as_slice);
        for (number, child) in children.iter().enumerate().rev() {
            let last = number + 1 == children.len();
            let (before, below) = match (depth < INDENTS_MAX, last) {
                (false, _) => (format!("{below}… "), below.clone()),
                (true, true) => (format!("{below}└─ "), format!("{below}   ")),
                (true, false) => (format!("{below}├─ "), format!("{below}│  ")),
            };
            next.push((depth + 1, before, below, child));
        }
    }
    text
}

fn ask_and_remove(arguments: &Remove, found: InForce, output: &Output) -> Result<(), Failure> {
    let account = arguments.account.clone();
    let row: Row = control::read(control::ask(found.clone(), Request::FindAccount { account }, |_| {})?)?;
    let Some(key) = row.key.clone() else {
        return Err(Failure::Failed(format!("account {} is deleted already", row.number)));
    };
    let question = format!(
        "Remove account {} ({key}), last seen {}, with its backup, contacts and {} waiting parcels ({})? \
         This can't be undone.",
        row.number,
        minute(row.seen_at.as_deref(), "never"),
        row.parcels,
        HumanBytes(row.bytes)
    );
    if !confirm(&question, arguments.yes)? {
        return Err(Failure::Failed("nothing was removed".to_owned()));
    }
    control::ask(found, Request::RemoveAccount { key }, |_| {})?;
    if arguments.json {
        output.line(pretty(&row)?);
    } else {
        output.line(format_args!("Removed account {}.", row.number));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(number: i64, creator: Option<i64>) -> Row {
        let key = (number != 2).then(|| format!("key{number}"));
        Row { number, key, creator, created_at: None, seen_at: None, parcels: 0, bytes: 0, push: false }
    }

    #[test]
    fn the_tree_has_holes_and_no_loops() {
        let rows = [row(1, None), row(2, Some(1)), row(3, Some(2)), row(4, Some(1)), row(5, Some(5)), row(6, Some(99))];
        let expected = "\
1 key1  last seen never
├─ 2 (deleted)
│  └─ 3 key3  last seen never
└─ 4 key4  last seen never
5 key5  last seen never
6 key6  last seen never
";
        assert_eq!(draw(&rows), expected);
    }

    #[test]
    fn a_long_chain_is_drawn() {
        let rows: Vec<_> = (1..=20_000).map(|number| row(number, (number > 1).then(|| number - 1))).collect();
        assert_eq!(draw(&rows).lines().count(), 20_000);
    }
}
