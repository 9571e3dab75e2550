//! Conversations at a node: requests with signatures of RFC 9421, entries of groups, and live connections, as docs/protocol/node.md
//! has them. Written after that page and checked with its vectors; nothing of the node's own code.

pub(crate) mod arguments;
pub(crate) mod command;
mod ears;
mod entries;
mod key;
mod live;
mod post;
mod reference;
mod resume;
mod stack;
mod talk;
mod village;

#[cfg(test)]
mod tests;
