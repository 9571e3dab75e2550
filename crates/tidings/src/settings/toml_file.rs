//! The settings file.

use super::Raw;
use toml::de::{DeTable, DeValue};

/// One key of the file.
pub(super) struct Key {
    /// The names of its tables and its own, joined by dashes: the setting's name, if there is such a setting.
    pub(super) name: String,
    /// As it stands in the file, for messages.
    pub(super) written: String,
    /// What was given, or what is wrong with that.
    pub(super) value: Result<Raw, &'static str>,
    pub(super) line: usize,
}

/// Tables within tables that are looked into.
const DEPTH_MAX: usize = 4;

/// Reads a whole file. Fails with the line and what is wrong, if it is no TOML.
pub(super) fn read(text: &str) -> Result<Vec<Key>, (usize, String)> {
    let file = DeTable::parse(text).map_err(|error| {
        let line = error.span().map_or(1, |span| line_of(text, span.start));
        (line, error.message().to_owned())
    })?;
    let mut keys = Vec::new();
    flatten(text, file.get_ref(), &[], &mut keys);
    Ok(keys)
}

fn flatten(text: &str, table: &DeTable<'_>, tables: &[&str], keys: &mut Vec<Key>) {
    for (key, value) in table {
        let mut path = tables.to_vec();
        path.push(key.get_ref());
        if let (Some(inner), true) = (value.get_ref().as_table(), path.len() < DEPTH_MAX) {
            flatten(text, inner, &path, keys);
            continue;
        }
        keys.push(Key {
            name: path.join("-").replace('_', "-"),
            written: path.join("."),
            value: raw(value.get_ref()),
            line: line_of(text, key.span().start),
        });
    }
}

fn raw(value: &DeValue<'_>) -> Result<Raw, &'static str> {
    if let Some(items) = value.as_array() {
        let texts: Option<Vec<String>> = items.iter().map(|item| scalar(item.get_ref())).collect();
        return texts.map(Raw::Many).ok_or("a list of texts");
    }
    scalar(value).map(Raw::One).ok_or("a text, a number, true or false")
}

fn scalar(value: &DeValue<'_>) -> Option<String> {
    if let Some(number) = value.as_integer() {
        return Some(i64::from_str_radix(number.as_str(), number.radix()).ok()?.to_string());
    }
    value.as_bool().map(|on| on.to_string()).or_else(|| value.as_str().map(str::to_owned))
}

fn line_of(text: &str, at: usize) -> usize {
    text.bytes().take(at).filter(|byte| *byte == b'\n').count().saturating_add(1)
}
