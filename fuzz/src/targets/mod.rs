//! The targets, by name.

mod authorization;
mod contents;
mod darkchat_link;
mod darkchat_objects;
mod denetwork_canonical;
mod denetwork_request;
mod form;
mod forwarded;
mod hostile_node;
mod json;
mod mls;
mod native_json;
mod native_request;
mod pictures;
mod route;
mod sealed;
mod settings;
mod shown_text;
mod signed_objects;
mod socketio;
mod subscription;
mod typed;
mod upload;
mod websocket;

/// All names, and what each does with an input.
pub(super) const ALL: &[(&str, fn(&[u8]))] = &[
    ("authorization", authorization::run),
    ("contents", contents::run),
    ("darkchat_link", darkchat_link::run),
    ("darkchat_objects", darkchat_objects::run),
    ("denetwork_canonical", denetwork_canonical::run),
    ("denetwork_request", denetwork_request::run),
    ("form", form::run),
    ("forwarded", forwarded::run),
    ("hostile_node", hostile_node::run),
    ("json", json::run),
    ("mls", mls::run),
    ("native_json", native_json::run),
    ("native_request", native_request::run),
    ("pictures", pictures::run),
    ("route", route::run),
    ("sealed", sealed::run),
    ("settings", settings::run),
    ("shown_text", shown_text::run),
    ("signed_objects", signed_objects::run),
    ("socketio", socketio::run),
    ("subscription", subscription::run),
    ("typed", typed::run),
    ("upload", upload::run),
    ("websocket", websocket::run),
];
