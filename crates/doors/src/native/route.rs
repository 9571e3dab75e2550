//! Which operation a method and a path ask for, found in the [table](super::table) from which the description is made, too.

use super::table::ROUTES;
use http::Method;
use tidings_wire::Code;
use utoipa::openapi::{RefOr, Schema};

/// What can be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the table describes each")]
pub enum Operation {
    Node,
    Describe,
    CreateAccount,
    DeleteAccount,
    Account,
    PutDevices,
    Devices,
    MakeToken,
    PutPackages,
    Packages,
    TakePackages,
    InboxDevices,
    PostParcel,
    Inbox,
    TakeParcels,
    PutContacts,
    Profile,
    PutProfile,
    CreateExchange,
    Exchanges,
    Exchange,
    AnswerExchange,
    ReplyExchange,
    DeleteExchange,
    CreateGroup,
    Group,
    Entries,
    Append,
    LeaveGroup,
    EndGroup,
    PutWake,
    MakeWake,
    Wake,
    CreateBlob,
    WriteBlob,
    LookAtBlob,
    ReadBlob,
    DeleteBlob,
    PutPush,
    DeletePush,
    TestPush,
    Known,
    Overview,
    Findings,
    InviteAsOwner,
    WithdrawInvitation,
    Live,
}

/// Which key must sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    /// None; a signature is not looked at.
    Nobody,
    /// A device of an account here.
    Device,
    /// The identity of an account, or of one to be made.
    Identity,
    /// Either of them.
    DeviceOrIdentity,
    /// A posting key on the allow-list of the inbox that is named, or a device of its owner.
    Posting,
    /// The access key of a member of the group.
    Access,
    /// A device of the node's owner.
    Owner,
    /// A device, if it is signed at all.
    DeviceIfSigned,
}

/// A type's name in the description, itself, and what it is made of.
pub struct Described {
    /// Its name.
    pub name: String,
    /// The schemas of it and of its parts, by name.
    pub schemas: Vec<(String, RefOr<Schema>)>,
}

/// Describes a type.
pub(super) fn described<T: utoipa::ToSchema>() -> Described {
    let mut schemas = vec![(T::name().into_owned(), T::schema())];
    T::schemas(&mut schemas);
    Described { name: T::name().into_owned(), schemas }
}

/// A body.
#[derive(Clone, Copy)]
pub enum Body {
    /// None.
    Nothing,
    /// JSON of this type, at most so many bytes long.
    Json(fn() -> Described, usize),
    /// Bytes as they are, at most so many.
    Bytes(usize),
}

/// A parameter beside the path's: where it stands, its name, whether it is needed, what it may be, what it means.
#[derive(Clone, Copy)]
pub struct Parameter {
    /// `query` or `header`.
    pub place: &'static str,
    /// The name.
    pub name: &'static str,
    /// Whether it must be there.
    pub required: bool,
    /// What it may be, as a JSON schema.
    pub schema: &'static str,
    /// What it means.
    pub about: &'static str,
}

/// What a request looks like and how it is answered.
pub struct Route {
    /// What it asks for.
    pub operation: Operation,
    /// The method.
    pub method: &'static str,
    /// The path; what stands in braces is its parameter.
    pub pattern: &'static str,
    /// Who must sign.
    pub key: Key,
    /// What it does, in a sentence.
    pub about: &'static str,
    /// Parameters beside the path's.
    pub parameters: &'static [Parameter],
    /// What it takes.
    pub takes: Body,
    /// How it is answered when all is well.
    pub status: u16,
    /// With what.
    pub gives: Body,
    /// Codes of refusals beside those that every request may get.
    pub codes: &'static [Code],
}

/// What was found for a method and a path.
pub enum Place<'a> {
    /// A route, with the parameter of its path; empty if it has none.
    Route(&'static Route, &'a str),
    /// The path exists, but not with this method. Those that it has, joined by commas.
    Methods(String),
    /// Nothing.
    Unknown,
}

/// Finds the place. Paths are compared as they are written. Never fails.
pub fn route<'a>(method: &Method, path: &'a str) -> Place<'a> {
    let mut methods: Vec<&str> = Vec::new();
    for route in ROUTES {
        if let Some(parameter) = fits(route.pattern, path) {
            if route.method == method.as_str() {
                return Place::Route(route, parameter);
            }
            methods.push(route.method);
        }
    }
    if methods.is_empty() {
        return Place::Unknown;
    }
    methods.push("OPTIONS");
    Place::Methods(methods.join(", "))
}

/// Whether a path is of a pattern, and what stands at the place of its parameter.
fn fits<'a>(pattern: &str, path: &'a str) -> Option<&'a str> {
    let Some((before, rest)) = pattern.split_once('{') else {
        return (pattern == path).then_some("");
    };
    let (_, after) = rest.split_once('}')?;
    let parameter = path.strip_prefix(before)?.strip_suffix(after)?;
    (!parameter.is_empty() && !parameter.contains('/')).then_some(parameter)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(method: &str, path: &str) -> Option<(Operation, String)> {
        match route(&method.parse().unwrap(), path) {
            Place::Route(route, parameter) => Some((route.operation, parameter.to_owned())),
            _ => None,
        }
    }

    #[test]
    fn every_route_is_found_by_its_own_pattern_and_no_other() {
        for route in ROUTES {
            let path = match route.pattern.split_once('{') {
                Some((before, rest)) => format!("{before}XY{}", rest.split_once('}').unwrap().1),
                None => route.pattern.to_owned(),
            };
            assert_eq!(at(route.method, &path).map(|found| found.0), Some(route.operation), "{path}");
            let twice = ROUTES.iter().filter(|other| other.operation == route.operation).count();
            assert_eq!(twice, 1, "{:?}", route.operation);
        }
    }

    #[test]
    fn what_is_not_there_is_told_apart_from_what_has_another_method() {
        assert_eq!(at("GET", "/v1/groups/AQ/entries"), Some((Operation::Entries, "AQ".to_owned())));
        for path in ["/v1", "/v1/groups//entries", "/v1/groups/a/b/entries", "/v1/node/", "/v1/exchanges/", "/V1/node"]
        {
            assert!(matches!(route(&Method::GET, path), Place::Unknown), "{path}");
        }
        let Place::Methods(methods) = route(&Method::POST, "/v1/blobs/x") else { panic!() };
        assert_eq!(methods, "PATCH, HEAD, GET, DELETE, OPTIONS");
    }

    proptest! {
        #[test]
        fn any_path_is_answered(path in "/[ -~]{0,60}", method in "[A-Z]{1,7}") {
            route(&method.parse().unwrap(), &path);
            route(&method.parse().unwrap(), &format!("/v1/{path}"));
        }
    }
}
