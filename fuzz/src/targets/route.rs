//! Routes, against a table of patterns that is compared segment by segment.

use http::Method;
use tidings_doors::piqchat::{Action, route};

/// Method, pattern; `:` stands for a parameter. The first that fits counts.
const TABLE: &[(&str, &str)] = &[
    ("GET", "/api/info"),
    ("POST", "/api/contact-exchange/:/accept"),
    ("POST", "/api/contact-exchange"),
    ("GET", "/api/contact-exchange/:"),
    ("DELETE", "/api/contact-exchange/:"),
    ("POST", "/api/parcels"),
    ("POST", "/api/parcels/:"),
    ("POST", "/api/parcels/group/:"),
    ("GET", "/api/parcels"),
    ("GET", "/api/parcels/:/accepts"),
    ("GET", "/api/parcels/:/status"),
    ("GET", "/api/parcels/:/attachment"),
    ("DELETE", "/api/parcels/:"),
    ("GET", "/api/account"),
    ("POST", "/api/account/contacts"),
    ("POST", "/api/account/push-subscriptions"),
    ("POST", "/api/account/backup"),
    ("GET", "/api/account/backup"),
    ("GET", "/api/account/invited-users"),
    ("DELETE", "/api/account"),
    ("POST", "/api/account/delete"),
];

const METHODS: [Method; 7] =
    [Method::GET, Method::HEAD, Method::POST, Method::DELETE, Method::PUT, Method::PATCH, Method::OPTIONS];

pub(super) fn run(data: &[u8]) {
    let Some((&choice, path)) = data.split_first() else { return };
    let Ok(path) = std::str::from_utf8(path) else { return };
    let method = &METHODS[usize::from(choice) % METHODS.len()];
    let place = route(method, path);
    let asked = if method == Method::HEAD { "GET" } else { method.as_str() };
    let expected = TABLE.iter().find_map(|(of, pattern)| fits(pattern, path).filter(|_| *of == asked));
    match (expected, &place.action) {
        (None, found) => assert_eq!(*found, Action::Unknown),
        (Some(Some(parameter)), found) => match unescape(parameter) {
            Some(text) => assert_eq!(parameter_of(found), Some(text.as_str())),
            None => assert_eq!(*found, Action::Undecodable),
        },
        (Some(None), found) => {
            assert_eq!(parameter_of(found), None);
            assert!(!matches!(found, Action::Unknown | Action::Undecodable));
        }
    }
    assert!(place.api || !place.signed);
    assert!(!place.name.contains('%'));
}

/// Whether the path fits the pattern, and its parameter if the pattern has one.
fn fits<'a>(pattern: &str, path: &'a str) -> Option<Option<&'a str>> {
    let path = if path.ends_with('/') { &path[..path.len() - 1] } else { path };
    let (wanted, given): (Vec<_>, Vec<_>) = (pattern.split('/').collect(), path.split('/').collect());
    let mut parameter = None;
    if wanted.len() != given.len() {
        return None;
    }
    for (wanted, given) in wanted.into_iter().zip(given) {
        match wanted {
            ":" if given.is_empty() => return None,
            ":" => parameter = Some(given),
            _ if wanted.to_ascii_uppercase() != given.to_ascii_uppercase() => return None,
            _ => {}
        }
    }
    Some(parameter)
}

fn unescape(segment: &str) -> Option<String> {
    let mut bytes = Vec::new();
    let mut rest = segment.as_bytes();
    while let [first, after @ ..] = rest {
        rest = after;
        if *first == b'%' {
            let (Some(high), Some(low)) = (digit(rest.first()), digit(rest.get(1))) else { return None };
            bytes.push(high * 16 + low);
            rest = &rest[2..];
        } else {
            bytes.push(*first);
        }
    }
    String::from_utf8(bytes).ok()
}

fn digit(byte: Option<&u8>) -> Option<u8> {
    char::from(*byte?).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

fn parameter_of(action: &Action) -> Option<&str> {
    match action {
        Action::Accept(text)
        | Action::ReadExchange(text)
        | Action::DeleteExchange(text)
        | Action::UploadTo(text)
        | Action::UploadGroup(text)
        | Action::Accepts(text)
        | Action::Status(text)
        | Action::Attachment(text)
        | Action::DeleteParcel(text) => Some(text),
        _ => None,
    }
}
