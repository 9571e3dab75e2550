//! Which action a method and a path ask for (wire/piqchat.md, sections 2 and 4).

use http::Method;
use percent_encoding::percent_decode_str;

/// What is asked for. Parameters are decoded and not checked further.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// `GET /api/info`.
    Info,
    /// `POST /api/contact-exchange/:token/accept`.
    Accept(String),
    /// `POST /api/contact-exchange`.
    CreateExchange,
    /// `GET /api/contact-exchange/:token`.
    ReadExchange(String),
    /// `DELETE /api/contact-exchange/:token`.
    DeleteExchange(String),
    /// `POST /api/parcels`.
    Upload,
    /// `POST /api/parcels/:recipient`, deprecated.
    UploadTo(String),
    /// `POST /api/parcels/group/:recipients`, deprecated.
    UploadGroup(String),
    /// `GET /api/parcels`.
    List,
    /// `GET /api/parcels/:recipient/accepts`.
    Accepts(String),
    /// `GET /api/parcels/:recipient/status`.
    Status(String),
    /// `GET /api/parcels/:id/attachment`.
    Attachment(String),
    /// `DELETE /api/parcels/:id`.
    DeleteParcel(String),
    /// `GET /api/account`.
    Account,
    /// `POST /api/account/contacts`.
    SetContacts,
    /// `POST /api/account/push-subscriptions`.
    SetPush,
    /// `POST /api/account/backup`.
    SetBackup,
    /// `GET /api/account/backup`.
    ReadBackup,
    /// `GET /api/account/invited-users`.
    Invited,
    /// `DELETE /api/account` and, deprecated, `POST /api/account/delete`.
    DeleteAccount,
    /// Nothing that exists.
    Unknown,
    /// A parameter that can't be decoded.
    Undecodable,
}

/// An action, and whether it is behind the signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// What is asked for.
    pub action: Action,
    /// Whether the caller must sign before anything is answered.
    pub signed: bool,
    /// Whether it is below `/api`.
    pub api: bool,
    /// The route's name in metrics: the pattern, never the parameters.
    pub name: &'static str,
}

impl Action {
    /// Whether its body may be larger than most: whole contact lists come back again and again.
    pub fn takes_large_json(&self) -> bool {
        matches!(self, Self::SetContacts | Self::SetBackup)
    }

    /// Whether it takes a form with an attachment.
    pub fn takes_form(&self) -> bool {
        matches!(self, Self::Upload | Self::UploadTo(_) | Self::UploadGroup(_))
    }
}

/// Finds the place. Paths are compared without regard to case and with one trailing slash ignored; parameters are split at
/// slashes first and decoded afterwards; HEAD counts as GET. Never fails: what does not exist is [`Action::Unknown`].
pub fn route(method: &Method, path: &str) -> Place {
    let get = method == Method::GET || method == Method::HEAD;
    let path = path.strip_suffix('/').unwrap_or(path);
    let segments: Vec<&str> = path.split('/').collect();
    match segments.as_slice() {
        ["", api, rest @ ..] if api.eq_ignore_ascii_case("api") => below_api(method, get, rest),
        _ => Place { action: Action::Unknown, signed: false, api: false, name: "unknown" },
    }
}

fn below_api(method: &Method, get: bool, rest: &[&str]) -> Place {
    let words: Vec<String> = rest.iter().map(|segment| segment.to_ascii_lowercase()).collect();
    let area: Vec<&str> = words.iter().map(String::as_str).collect();
    let (action, name) = match area.as_slice() {
        ["info"] if get => (Action::Info, "/info"),
        ["contact-exchange", ..] => exchanges(method, get, &area, rest),
        ["parcels", ..] => parcels(method, get, &area, rest),
        ["account", ..] => account(method, get, &area),
        _ => (Action::Unknown, "unknown"),
    };
    let area_is_signed = matches!(area.first(), Some(&"contact-exchange" | &"parcels" | &"account"));
    // The accept route is mounted before the signature's check, and its undecodable token is refused there.
    let signed = area_is_signed && name != "/contact-exchange/:token/accept";
    Place { action, signed, api: true, name }
}

type Found = (Action, &'static str);

const UNKNOWN: Found = (Action::Unknown, "unknown");

fn exchanges(method: &Method, get: bool, area: &[&str], rest: &[&str]) -> Found {
    match (area, rest) {
        ([_], _) if method == Method::POST => (Action::CreateExchange, "/contact-exchange"),
        ([_, _], [_, token]) if get => (decoded(token, Action::ReadExchange), "/contact-exchange/:token"),
        ([_, _], [_, token]) if method == Method::DELETE => {
            (decoded(token, Action::DeleteExchange), "/contact-exchange/:token")
        }
        ([_, _, "accept"], [_, token, _]) if method == Method::POST => {
            (decoded(token, Action::Accept), "/contact-exchange/:token/accept")
        }
        _ => UNKNOWN,
    }
}

fn parcels(method: &Method, get: bool, area: &[&str], rest: &[&str]) -> Found {
    let post = method == Method::POST;
    match (area, rest) {
        ([_], _) if post => (Action::Upload, "/parcels"),
        ([_], _) if get => (Action::List, "/parcels"),
        ([_, _], [_, recipient]) if post => (decoded(recipient, Action::UploadTo), "/parcels/:recipient"),
        ([_, _], [_, id]) if method == Method::DELETE => (decoded(id, Action::DeleteParcel), "/parcels/:id"),
        ([_, "group", _], [_, _, ids]) if post => (decoded(ids, Action::UploadGroup), "/parcels/group/:recipients"),
        ([_, _, "accepts"], [_, id, _]) if get => (decoded(id, Action::Accepts), "/parcels/:recipient/accepts"),
        ([_, _, "status"], [_, id, _]) if get => (decoded(id, Action::Status), "/parcels/:recipient/status"),
        ([_, _, "attachment"], [_, id, _]) if get => (decoded(id, Action::Attachment), "/parcels/:id/attachment"),
        _ => UNKNOWN,
    }
}

fn account(method: &Method, get: bool, area: &[&str]) -> Found {
    let post = method == Method::POST;
    match area {
        [_] if get => (Action::Account, "/account"),
        [_] if method == Method::DELETE => (Action::DeleteAccount, "/account"),
        [_, "contacts"] if post => (Action::SetContacts, "/account/contacts"),
        [_, "push-subscriptions"] if post => (Action::SetPush, "/account/push-subscriptions"),
        [_, "backup"] if post => (Action::SetBackup, "/account/backup"),
        [_, "backup"] if get => (Action::ReadBackup, "/account/backup"),
        [_, "invited-users"] if get => (Action::Invited, "/account/invited-users"),
        [_, "delete"] if post => (Action::DeleteAccount, "/account/delete"),
        _ => UNKNOWN,
    }
}

/// An empty parameter matches nothing; a broken escape, or one that is no UTF-8, is the client's mistake.
fn decoded(segment: &str, action: impl FnOnce(String) -> Action) -> Action {
    if segment.is_empty() {
        return Action::Unknown;
    }
    if !escapes_are_whole(segment) {
        return Action::Undecodable;
    }
    percent_decode_str(segment).decode_utf8().map_or(Action::Undecodable, |text| action(text.into_owned()))
}

fn escapes_are_whole(segment: &str) -> bool {
    let mut pieces = segment.split('%');
    pieces.next();
    pieces.all(|piece| piece.bytes().take(2).filter(u8::is_ascii_hexdigit).count() == 2)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(method: &str, path: &str) -> (Action, bool) {
        let place = route(&method.parse().unwrap(), path);
        (place.action, place.signed)
    }

    #[test]
    fn every_route_is_found() {
        let text = |text: &str| text.to_owned();
        for (method, path, action, signed) in [
            ("GET", "/api/info", Action::Info, false),
            ("HEAD", "/API/Info/", Action::Info, false),
            ("POST", "/api/contact-exchange/T/accept", Action::Accept(text("T")), false),
            ("POST", "/api/contact-exchange/", Action::CreateExchange, true),
            ("GET", "/api/contact-exchange/T", Action::ReadExchange(text("T")), true),
            ("DELETE", "/api/contact-exchange/T", Action::DeleteExchange(text("T")), true),
            ("POST", "/api/parcels", Action::Upload, true),
            ("GET", "/api/PARCELS", Action::List, true),
            ("POST", "/api/parcels/a%2Fb%2bc%3d", Action::UploadTo(text("a/b+c=")), true),
            ("POST", "/api/parcels/a+b=", Action::UploadTo(text("a+b=")), true),
            ("POST", "/api/parcels/group", Action::UploadTo(text("group")), true),
            ("POST", "/api/parcels/group/a%2Cb", Action::UploadGroup(text("a,b")), true),
            ("GET", "/api/parcels/x/accepts", Action::Accepts(text("x")), true),
            ("GET", "/api/parcels/x/status", Action::Status(text("x")), true),
            ("GET", "/api/parcels/x/attachment", Action::Attachment(text("x")), true),
            ("DELETE", "/api/parcels/x", Action::DeleteParcel(text("x")), true),
            ("GET", "/api/account", Action::Account, true),
            ("DELETE", "/api/account", Action::DeleteAccount, true),
            ("POST", "/api/account/delete", Action::DeleteAccount, true),
            ("POST", "/api/account/contacts", Action::SetContacts, true),
            ("POST", "/api/account/push-subscriptions", Action::SetPush, true),
            ("POST", "/api/account/backup", Action::SetBackup, true),
            ("GET", "/api/account/backup", Action::ReadBackup, true),
            ("GET", "/api/account/invited-users", Action::Invited, true),
        ] {
            assert_eq!(at(method, path), (action, signed), "{method} {path}");
        }
    }

    #[test]
    fn what_does_not_exist_is_unknown_behind_the_signature_where_there_is_one() {
        for (method, path, signed) in [
            ("POST", "/api/info", false),
            ("GET", "//api/info", false),
            ("GET", "/api//info", false),
            ("GET", "/api/info//", false),
            ("GET", "/apis/info", false),
            ("GET", "/", false),
            ("GET", "/robots.txt", false),
            ("GET", "/api/contact-exchange", true),
            ("GET", "/api/contact-exchange/T/accept", true),
            ("PUT", "/api/parcels", true),
            ("GET", "/api/parcels/x/unknown", true),
            ("GET", "/api/parcelsx", false),
            ("PATCH", "/api/account", true),
        ] {
            assert_eq!(at(method, path), (Action::Unknown, signed), "{method} {path}");
        }
        for path in
            ["/api/parcels/%/status", "/api/parcels/%zz/status", "/api/parcels/%ff/status", "/api/parcels/a%4/status"]
        {
            assert_eq!(at("GET", path), (Action::Undecodable, true), "{path}");
        }
    }

    proptest! {
        #[test]
        fn any_path_is_answered(path in "/[ -~]{0,60}") {
            route(&Method::GET, &path);
        }
    }
}
