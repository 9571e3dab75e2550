//! `tidings node owner`: whose account sees the page for the node's owner. Works while the node runs.

use super::{pretty, require_node};
use crate::cli::NodeOwner;
use crate::cmd::accounts;
use crate::control::{self, Request};
use crate::failure::Failure;
use crate::node::Node;
use crate::output::Output;
use crate::settings::InForce;
use serde::{Deserialize, Serialize};
use tidings_core::Ed25519Key;
use tidings_core::ownership::OWNER;
use tidings_core::ports::Housekeeping as _;

/// Who the owner is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Owner {
    /// The key of their account; null for nobody.
    pub owner: Option<String>,
}

/// Whose account it is.
pub(crate) async fn look(node: &Node) -> Result<Owner, Failure> {
    let bytes = node.store.value(OWNER).await?.and_then(|bytes| bytes.try_into().ok());
    let key = bytes.and_then(|bytes| Ed25519Key::from_bytes(bytes).ok());
    Ok(Owner { owner: key.map(|key| key.to_string()) })
}

/// Makes an account of Tidings' own clients, by key or number, the owner's; or nobody's.
pub(crate) async fn set(node: &Node, account: Option<&str>) -> Result<Owner, Failure> {
    let key = match account {
        Some(account) => Some(identity(node, account).await?),
        None => None,
    };
    node.store.set_owner(key).await?;
    look(node).await
}

async fn identity(node: &Node, account: &str) -> Result<Ed25519Key, Failure> {
    let row = accounts::find(node, account).await?;
    let key = row.key.as_deref().and_then(|key| Ed25519Key::parse(key).ok());
    key.ok_or_else(|| {
        Failure::Usage(format!("account {account} is not one of Tidings' own clients; piqchat's have admin-key"))
    })
}

/// Shows the owner, or makes somebody else it.
pub(super) fn run(arguments: NodeOwner, found: InForce, output: &Output) -> Result<(), Failure> {
    require_node(&found)?;
    let request = match (arguments.account, arguments.nobody) {
        (None, false) => Request::Owner,
        (account, _) => Request::SetOwner { account },
    };
    let told: Owner = control::read(control::ask(found, request, |_| {})?)?;
    match told.owner {
        _ if arguments.json => output.line(pretty(&told)?),
        Some(key) => output.line(format_args!("{key}\nWhoever has this account sees the node's page in the app: Settings, Your node.")),
        None => output.line("Nobody. `tidings accounts list` shows who is here; `tidings node owner NUMBER` makes one of them the owner."),
    }
    Ok(())
}
