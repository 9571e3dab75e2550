//! What requests of this door have in their query and headers, as the [table](super::table) describes it.

use super::route::Parameter;

/// Where a page begins.
pub(super) const AFTER: Parameter = Parameter {
    place: "query",
    name: "after",
    required: false,
    schema: r#"{"type":"integer","minimum":0,"maximum":18446744073709551615,"default":0}"#,
    about: "Give what comes after this number",
};
/// How long a page may be.
pub(super) const LIMIT: Parameter = Parameter {
    place: "query",
    name: "limit",
    required: false,
    schema: r#"{"type":"integer","minimum":1,"maximum":1000,"default":1000}"#,
    about: "Give at most so many; there may be fewer",
};
/// Which profile is replaced.
pub(super) const IF_MATCH: Parameter = Parameter {
    place: "header",
    name: "If-Match",
    required: true,
    schema: r#"{"type":"string","pattern":"^\"(0|[1-9][0-9]{0,15})\"$"}"#,
    about: "The counter of the profile that this one replaces, in quotes; \"0\" if there is none yet",
};
/// Where bytes of a blob go.
pub(super) const UPLOAD_OFFSET: Parameter = Parameter {
    place: "header",
    name: "Upload-Offset",
    required: true,
    schema: r#"{"type":"integer","minimum":0,"maximum":18446744073709551615}"#,
    about: "Where these bytes begin",
};
/// Which bytes of a blob are wanted.
pub(super) const RANGE: Parameter = Parameter {
    place: "header",
    name: "Range",
    required: false,
    schema: r#"{"type":"string"}"#,
    about: "One range of bytes (RFC 9110); several, or another unit, are answered with the whole",
};
/// What deletes a blob without a signature.
pub(super) const SECRET: Parameter = Parameter {
    place: "header",
    name: "Tidings-Delete",
    required: false,
    schema: r#"{"type":"string","pattern":"^[A-Za-z0-9_-]{0,86}$"}"#,
    about: "The secret of which the hash was given when the blob was made, in base64url; instead of a signature",
};
