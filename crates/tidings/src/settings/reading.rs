//! How values of special kinds are read. Each reader says what it expects.

use super::value::{number, size};
use super::{LogFormat, PublicUrl, Secret};
use std::path::PathBuf;
use tidings_core::BoxKey;
use tidings_doors::darkchat::network::PeerName;
use tidings_doors::piqchat::StatisticsMode;

pub(super) fn text(text: &str) -> Result<String, String> {
    Ok(text.to_owned())
}

pub(super) fn path(text: &str) -> Result<PathBuf, String> {
    if text.contains('\0') { Err("a path".to_owned()) } else { Ok(PathBuf::from(text)) }
}

pub(super) fn secret(text: &str) -> Result<Secret, String> {
    Ok(Secret::new(text))
}

pub(super) fn rate(text: &str) -> Result<u32, String> {
    number(text, 1, 1_000_000)
}

pub(super) fn count(text: &str) -> Result<u64, String> {
    number(text, 1, 1_000_000_000)
}

/// Bytes of memory.
pub(super) fn memory(text: &str) -> Result<usize, String> {
    usize::try_from(size(text)?).map_err(|_| "a size that fits into memory".to_owned())
}

/// Another server: `HOST:PORT`.
pub(super) fn server(text: &str) -> Result<PeerName, String> {
    PeerName::parse(text).ok_or_else(|| "a host and its port, such as chat.example.org:30303".to_owned())
}

/// Bytes each second.
pub(super) fn flow(text: &str) -> Result<u32, String> {
    u32::try_from(size(text)?).ok().filter(|bytes| *bytes > 0).ok_or_else(|| "a size up to 4GiB".to_owned())
}

pub(super) fn port(text: &str) -> Result<u16, String> {
    number(text, 1, u16::MAX)
}

pub(super) fn box_key(text: &str) -> Result<BoxKey, String> {
    BoxKey::parse(text).map_err(|_| "a public key: 44 characters of base64".to_owned())
}

pub(super) fn statistics(text: &str) -> Result<Option<StatisticsMode>, String> {
    match text {
        "exact" => Ok(Some(StatisticsMode::Exact)),
        "rounded" => Ok(Some(StatisticsMode::Rounded)),
        "off" => Ok(Some(StatisticsMode::Off)),
        _ => Err("exact, rounded or off".to_owned()),
    }
}

pub(super) fn log_format(text: &str) -> Result<LogFormat, String> {
    match text {
        "auto" => Ok(LogFormat::Auto),
        "text" => Ok(LogFormat::Text),
        "json" => Ok(LogFormat::Json),
        _ => Err("auto, text or json".to_owned()),
    }
}

/// Checks only that it can be read, so that whoever parses settings needs no logger. A word alone must be a level: the filter
/// would take any other for the name of a part, and be silent about all else.
pub(super) fn log_level(text: &str) -> Result<String, String> {
    const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];
    let expected = "error, warn, info, debug or trace, also by part, as in info,tidings_doors=debug";
    let known = |part: &str| part.contains('=') || LEVELS.iter().any(|level| level.eq_ignore_ascii_case(part));
    let read = tracing_subscriber::EnvFilter::try_new(text).ok().filter(|_| text.split(',').all(known));
    read.map(|_| text.to_owned()).ok_or_else(|| expected.to_owned())
}

pub(super) fn public_url(text: &str) -> Result<PublicUrl, String> {
    PublicUrl::parse(text).ok_or_else(|| "an address such as https://inbox.example.org, without a path".to_owned())
}

pub(super) fn https_url(text: &str) -> Result<String, String> {
    let url = reqwest::Url::parse(text).ok().filter(|url| url.scheme() == "https" && url.has_host());
    url.map(|_| text.to_owned()).ok_or_else(|| "an https address".to_owned())
}

/// RFC 8292, section 2.1: a `mailto:` or an `https:` URI.
pub(super) fn push_contact(text: &str) -> Result<String, String> {
    let mail = text
        .strip_prefix("mailto:")
        .is_some_and(|rest| rest.split_once('@').is_some_and(|(a, b)| !a.is_empty() && !b.is_empty()));
    if mail || https_url(text).is_ok() {
        Ok(text.to_owned())
    } else {
        Err("mailto:ADDRESS or an https address".to_owned())
    }
}

pub(super) fn domain(text: &str) -> Result<String, String> {
    let lower = text.to_ascii_lowercase();
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let good = lower.len() <= 253 && lower.split('.').all(label) && lower.parse::<std::net::IpAddr>().is_err();
    if good { Ok(lower) } else { Err("a domain name, such as inbox.example.org".to_owned()) }
}
