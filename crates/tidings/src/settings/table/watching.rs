//! Logs and metrics.

use super::take::{list, one, switch};
use crate::settings::Definition;
use crate::settings::definition::Section::Watching;
use crate::settings::definition::setting;
use crate::settings::reading::{log_format, log_level};
use crate::settings::value::listen;

pub(super) const WATCHING: &[Definition] = &[
    setting(
        Watching,
        "log-level",
        "LEVEL",
        "info",
        one!(log_level, log_level),
        "error, warn, info, debug or trace, also by part, as in info,tidings_doors=debug",
    )
    .live(),
    setting(
        Watching,
        "log-format",
        "FORMAT",
        "auto",
        one!(log_format, log_format),
        "text, json, or auto: text, in colours on a terminal",
    ),
    setting(
        Watching,
        "metrics",
        "BOOL",
        "true",
        switch!(metrics),
        "Count, and answer /metrics: to callers on this machine only, unless metrics-listen is given",
    ),
    setting(
        Watching,
        "metrics-listen",
        "ADDRESS",
        "",
        list!(listen, metrics_listen),
        "Addresses of their own for /metrics, open to whoever reaches them; the main port then has none",
    ),
];
