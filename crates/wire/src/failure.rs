//! What a node answers when it does not do what was asked.

use serde::{Deserialize, Serialize};

/// Why, in one word that a program can act on. The status that goes with each is in docs/protocol/node.md.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Code {
    /// 400: the request is not what the description says.
    Malformed,
    /// 401: no signature, or a wrong, late or used one.
    Unsigned,
    /// 403: this key may not do that here.
    NotAccepted,
    /// 404: there is no such thing, or none that this key may know of.
    NotFound,
    /// 409: it is there already, with other content.
    Exists,
    /// 409: the device list is not one above the stored one.
    Counter,
    /// 409: another commit was first, or the turn is too old.
    Turn,
    /// 409: the exchange has its answer already.
    Answered,
    /// 409: these bytes are not the next of the blob.
    Offset,
    /// 412: it was changed meanwhile.
    Precondition,
    /// 413: larger than allowed.
    TooLarge,
    /// 429: too often; `Retry-After` says when to try again.
    Rate,
    /// 507: a budget or the disk is used up.
    Full,
    /// 503: too much waits already; try again in a moment.
    Busy,
    /// 500: the node failed; nothing was done.
    Failed,
    /// A code that this version does not know.
    #[serde(other)]
    Unknown,
}

/// The body of every refusal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Failure {
    /// Why, for a program.
    pub error: Code,
    /// Why, and what to do next, for a person.
    pub message: String,
}
