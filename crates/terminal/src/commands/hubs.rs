//! Conversations whose node can't be reached now.

use super::context::Context;
use super::outcome::Failure;
use crate::show;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use tidings_client::view::{GroupId, Standing};

/// Titles that are named of one node; the rest is counted.
const TITLES: usize = 3;

/// A conversation whose node the last try did not reach.
#[derive(Clone, Debug)]
pub(crate) struct Unreached {
    id: GroupId,
    title: String,
    node: String,
}

impl Unreached {
    /// As it stands in an error.
    pub(super) fn object(&self) -> Value {
        json!({ "conversation": self.id.to_string(), "title": self.title, "node": self.node })
    }
}

impl Context {
    /// The conversations whose nodes can't be reached; only this one, if one is named.
    pub(super) async fn unreached(&self, only: Option<GroupId>) -> Vec<Unreached> {
        let found = self.session.ask(move |client, _| {
            let hubs = client.unreachable();
            let cut_off = client.conversations().into_iter().filter(|one| {
                one.standing != Standing::Out && hubs.contains(&one.hub) && only.is_none_or(|only| only == one.id)
            });
            cut_off.map(|one| Unreached { id: one.id, title: one.title, node: one.hub }).collect()
        });
        found.await.unwrap_or_default()
    }

    /// Fails if the node of a conversation can't be reached; only of this one, if one is named. What waits there is not here.
    pub(super) async fn all_reached(&self, only: Option<GroupId>) -> Result<(), Failure> {
        let unreached = self.unreached(only).await;
        if unreached.is_empty() {
            return Ok(());
        }
        let text = format!("{}: what waits there comes with a later command", words(&unreached));
        Err(Failure::Unreached(text, unreached))
    }
}

/// Which conversations are at which nodes that can't be reached.
pub(super) fn words(unreached: &[Unreached]) -> String {
    let mut nodes: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for one in unreached {
        nodes.entry(&one.node).or_default().push(show::word(&one.title));
    }
    let of_node = |(node, titles): (&str, Vec<String>)| {
        let named = titles.iter().take(TITLES).cloned().collect::<Vec<_>>().join(", ");
        let (which, are) = if titles.len() == 1 { ("conversation", "is") } else { ("conversations", "are") };
        let more = match titles.len().saturating_sub(TITLES) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        format!("the {which} {named}{more} {are} at {node}, which can't be reached")
    };
    nodes.into_iter().map(of_node).collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conversations_are_named_by_their_nodes() {
        let of = |title: &str, node: &str| Unreached { id: GroupId([1; 16]), title: title.into(), node: node.into() };
        assert_eq!(
            words(&[of("Bob", "https://b.example")]),
            "the conversation Bob is at https://b.example, which can't be reached"
        );
        let all = ["A b", "C", "D", "E", "F"].map(|title| of(title, "https://b.example"));
        let more = [&all[..], &[of("Z", "https://a.example")]].concat();
        assert_eq!(
            words(&more),
            "the conversation Z is at https://a.example, which can't be reached; the conversations 'A b', C, D and 2 more are \
             at https://b.example, which can't be reached"
        );
    }
}
