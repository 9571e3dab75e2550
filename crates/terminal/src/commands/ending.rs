//! `tidings account delete`: the end of one's account, at the node and here.

use super::asking;
use super::context::{Common, Context};
use super::outcome::Failure;
use crate::show;
use crate::store::Store;
use clap::{Args, Subcommand};
use serde::{Deserialize, Serialize};
use std::path::Path;
use std::time::Duration;
use tidings_client::command::Command;
use tidings_client::view::{MeView, Standing};

/// How long is waited until all conversations know that one leaves: the account is to go all the same where one of their nodes is away.
const LEAVING: Duration = Duration::from_secs(10);

/// Arguments of `account`.
#[derive(Debug, Args, Serialize, Deserialize)]
pub struct Account {
    #[command(subcommand)]
    #[allow(missing_docs, reason = "clap would show it")]
    pub action: AccountAction,
    /// Print one JSON object.
    #[arg(long, global = true)]
    pub json: bool,
    #[command(flatten)]
    #[allow(missing_docs, reason = "clap would show it")]
    pub common: Common,
}

/// What can be done with one's account.
#[derive(Debug, Subcommand, Serialize, Deserialize)]
pub enum AccountAction {
    /// Leave all conversations, delete your account at your node, and this profile with all that is in it.
    Delete {
        /// Don't ask.
        #[arg(long)]
        yes: bool,
    },
}

/// Deletes the account. The client ends with it.
pub(super) async fn run(asked: &Account, context: &Context) -> Result<(), Failure> {
    let AccountAction::Delete { yes } = asked.action;
    let me = context.me().await?;
    let question = question(&me, context.place.folder());
    if !asking::sure(&question, yes, context.output.desk())? {
        return Ok(());
    }
    if !context.answers(&me.node).await {
        let node = show::line(&me.node);
        return Err(Failure::Offline(format!("{node} can't be reached, and nothing was deleted: try again later")));
    }
    leave_all(context).await;
    context.command(Command::DeleteAccount).await?;
    context.session.clone().close().await;
    let place = context.place.clone();
    let folder = context.place.folder().display();
    let destroyed = tokio::task::spawn_blocking(move || Store::destroy(&place)).await;
    let why = match destroyed {
        Ok(Ok(())) => return context.done("Your account is deleted, at the node and here."),
        Ok(Err(error)) => error.to_string(),
        Err(error) => error.to_string(),
    };
    let text =
        format!("the account is deleted at the node, but not all of {folder}: delete this folder yourself ({why})");
    Err(Failure::Failed(text))
}

/// Leaves all conversations, as far as their nodes can be reached now: without an account nobody hears of it any more.
async fn leave_all(context: &Context) {
    // Others may have changed who is where: a leave that is late in that is refused.
    context.freshen().await;
    let inside = context.session.conversations().await.into_iter().filter(|one| one.standing != Standing::Out);
    for one in inside {
        // One that can't be left, such as a room that is locked here, is no reason to stay.
        let _ = context.command(Command::Leave { group: one.id }).await;
    }
    if !context.have_settled(context.left().min(LEAVING)).await {
        context.output.note("Not all conversations could be told that you leave: their nodes did not answer in time.");
    }
}

/// What goes, what stays, and whether it is wanted.
fn question(me: &MeView, folder: &Path) -> String {
    let (name, node) = (show::line(&me.name), show::line(&me.node));
    format!(
        "This deletes the account of {name} at {node} for all of your devices: what waits there for you, your backup, and files that you \
         sent and others have not fetched yet. You leave all groups and conversations. Deleted here: {}, with all messages. What others \
         have received stays with them, other devices of yours keep what they have, and sealed messages wait at their nodes for others, \
         for 90 days at most. Nothing brings the account back, not even the recovery phrase. Delete it?",
        folder.display()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_said_what_goes_and_what_stays() {
        let told = question(&crate::screen::fixture::me(), Path::new("/home/me/profiles/default"));
        for words in [
            "Me at https://one.example",
            "your backup",
            "/home/me/profiles/default",
            "What others have received stays",
            "phrase",
        ] {
            assert!(told.contains(words), "{words}: {told}");
        }
    }
}
