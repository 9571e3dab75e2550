//! Reading what people paste: links, codes and addresses of nodes.

use super::outcome::Failure;
use crate::show;
use tidings_client::invitation::{Link, LinkError};
use tidings_client::link::{LinkCode, LinkFault};
use tidings_client::node_url;

/// Which addresses of nodes are good.
const ADDRESSES: &str = "it looks like https://node.example (http:// only for a node on this machine)";

/// Reads an invitation or the link of a room.
pub(crate) fn link(text: &str) -> Result<Link, Failure> {
    if let Some(channel) = text.trim().strip_prefix('#') {
        let channel = show::word(channel);
        return Err(Failure::Usage(format!("this is the name of a public channel: `tidings channels join {channel}`")));
    }
    Link::parse(text).map_err(|error| {
        let what = match error {
            LinkError::Form => {
                "this is no link of Tidings: such a link looks like https://node.example/i#1.…".to_owned()
            }
            LinkError::Node => format!("the address in this link is not that of a node: {ADDRESSES}"),
            LinkError::Version => error.to_string(),
            LinkError::Cut => "this link is not whole: copy all of it, and put it between quotes ('…')".to_owned(),
        };
        Failure::Usage(what)
    })
}

/// The node that a code of `tidings devices link` leads to.
pub(crate) fn node_of_code(text: &str) -> Result<String, Failure> {
    let code = LinkCode::parse(text).map_err(|error| {
        let what = match error {
            LinkFault::Node => format!("the address in this code is not that of a node: {ADDRESSES}"),
            _ => "this is no code of `tidings devices link`: it looks like node.example/ABCD-EFGH-JKMN-PQRS".to_owned(),
        };
        Failure::Usage(what)
    })?;
    Ok(code.node)
}

/// The URL of a node as somebody typed it.
pub(crate) fn node(text: &str) -> Result<String, Failure> {
    node_url::from_typed(text)
        .ok_or_else(|| Failure::Usage(format!("{} is not the address of a node: {ADDRESSES}", show::word(text))))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said<T>(read: Result<T, Failure>) -> String {
        read.err().map(|failure| failure.to_string()).unwrap_or_default()
    }

    #[test]
    fn what_is_wrong_with_a_link_is_said_in_words() {
        assert!(said(link("#lobby")).contains("tidings channels join lobby"));
        assert!(said(link("garbage")).contains("no link of Tidings"));
        assert!(said(link("http://node.example/i#1..x")).contains("http:// only for a node on this machine"));
        assert!(said(link("https://node.example/i#1")).contains("not whole"));
        assert!(said(link("https://node.example/i#1.abc")).contains("not whole"));
        assert!(said(node_of_code("ABCD")).contains("no code"));
        assert!(said(node_of_code("http://node.example/ABCD-EFGH-JKMN-PQRS")).contains("on this machine"));
        assert_eq!(node_of_code("node.example/ABCD-EFGH-JKMN-PQRS").ok().as_deref(), Some("https://node.example"));
        assert!(said(node("no node")).contains("'no node'"));
    }
}
