//! What strangers send to the native door: signature headers, paths, ranges, the texts of a live connection, and JSON bodies.

use http::Method;
use serde::{Serialize, de::DeserializeOwned};
use tidings_doors::native::{Place, Range, read_range, read_text, route};
use tidings_wire::signature::{Claim, Parts};
use tidings_wire::{Failure, Fixed, api, live};

const METHODS: [Method; 6] = [Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::PATCH, Method::DELETE];

pub(super) fn run(data: &[u8]) {
    let Some((&choice, rest)) = data.split_first() else { return };
    let Ok(text) = std::str::from_utf8(rest) else { return };
    match choice % 5 {
        0 => signature(text),
        1 => path(choice, text),
        2 => range(text),
        3 => live_text(text),
        _ => bodies(text),
    }
}

/// Whatever is understood of the headers was written in the one way in which they are written, and no stranger's signature holds.
fn signature(text: &str) {
    let Some((input, given)) = text.split_once('\n') else { return };
    let Ok(claim) = Claim::parse(input, given) else { return };
    assert!(input.starts_with("tidings=(\"@method\" \"@authority\" \"@path\" \"@query\""));
    assert!(input.contains(&format!(";created={};nonce=\"{}\";keyid=\"{}\";", claim.created, claim.nonce, claim.key)));
    assert_eq!(input.contains("\"content-digest\""), claim.covers_body());
    let parts = Parts { method: "GET", authority: "node.example", path: "/v1/node", query: "", body: None };
    let _ = claim.verify(&parts, Some("sha-256=:x:"));
}

/// The parameter is what stands in the path, and a path that has a method has that method's route.
fn path(choice: u8, text: &str) {
    let method = &METHODS[usize::from(choice / 5) % METHODS.len()];
    match route(method, text) {
        Place::Route(found, parameter) => {
            assert_eq!(found.method, method.as_str());
            let (before, after) = found.pattern.split_once('{').map_or((found.pattern, ""), |(before, rest)| {
                (before, rest.split_once('}').map_or("", |(_, after)| after))
            });
            assert_eq!(format!("{before}{parameter}{after}"), text);
            assert!(!parameter.contains('/'));
        }
        Place::Methods(methods) => {
            assert!(!methods.split(", ").any(|one| one == method.as_str()));
            let first: Method = methods.split(", ").next().unwrap().parse().unwrap();
            assert!(matches!(route(&first, text), Place::Route(..)));
        }
        Place::Unknown => assert!(METHODS.iter().all(|other| matches!(route(other, text), Place::Unknown))),
    }
}

fn range(text: &str) {
    for size in [0, 1, 65_552, u64::MAX] {
        if let Range::Part(from, count) = read_range(Some(text), size) {
            assert!(count > 0 && from < size && count <= size - from);
        }
    }
}

/// What is understood can be said again and is then understood the same.
fn live_text(text: &str) {
    if let Ok(read) = read_text(text) {
        let again = serde_json::to_string(&read).unwrap();
        assert_eq!(read_text(&again), Ok(read));
    }
    leads_back::<live::FromNode>(text);
}

fn bodies(text: &str) {
    leads_back::<api::NewAccount>(text);
    leads_back::<api::NewPackages>(text);
    leads_back::<api::NewParcel>(text);
    leads_back::<api::Contacts>(text);
    leads_back::<api::NewExchange>(text);
    leads_back::<api::NewGroup>(text);
    leads_back::<api::NewEntry>(text);
    leads_back::<api::NewWake>(text);
    leads_back::<api::NewBlob>(text);
    leads_back::<api::NewPush>(text);
    leads_back::<api::TurnTaken>(text);
    leads_back::<api::Exchange>(text);
    leads_back::<Failure>(text);
    if let Some(id) = Fixed::<16>::parse(text) {
        assert_eq!(id.to_string(), text, "an id has one spelling");
    }
}

fn leads_back<T: Serialize + DeserializeOwned + PartialEq + std::fmt::Debug>(text: &str) {
    if let Ok(read) = serde_json::from_str::<T>(text) {
        let again = serde_json::to_string(&read).unwrap();
        assert_eq!(serde_json::from_str::<T>(&again).unwrap(), read);
    }
}
