//! Showing the settings in force, and what a reload changed.

use super::{Definition, Entry, InForce, Raw, Source};
use serde_json::{Value, json};
use std::fmt::Write;
use tidings_wire::api::Setting;

/// Columns that a value may take in the table before it is cut.
const VALUE_WIDTH_MAX: usize = 48;

/// What is shown for a secret that is set.
const SECRET: &str = "(set)";

/// What is shown for nothing.
const NOTHING: &str = "-";

/// A table for people: name, value and source, under a heading for each section.
pub fn as_table(found: &InForce) -> String {
    let rows: Vec<_> = found.entries.iter().map(|entry| (entry, shown(entry), entry.source.to_string())).collect();
    let width = |of: fn(&(&Entry, String, String)) -> usize| rows.iter().map(of).max().unwrap_or(0);
    let names = width(|(entry, _, _)| entry.definition.name.len());
    let values = width(|(_, value, _)| value.chars().count());
    let mut table = String::new();
    let mut section = None;
    for (entry, value, source) in &rows {
        if section != Some(entry.definition.section) {
            section = Some(entry.definition.section);
            let _ =
                writeln!(table, "{}# {}", if table.is_empty() { "" } else { "\n" }, entry.definition.section.title());
        }
        let _ = writeln!(table, "{:<names$}  {value:<values$}  {source}", entry.definition.name);
    }
    table
}

/// An object from each name to its value and source.
pub fn as_json(found: &InForce) -> Value {
    let of = |entry: &Entry| {
        let value = match &entry.value {
            Raw::One(text) if text.is_empty() => Value::Null,
            _ if entry.definition.secret => json!(SECRET),
            Raw::One(text) => json!(text),
            Raw::Many(texts) => json!(texts),
        };
        let detail = entry.source.to_string();
        let kind = match entry.source {
            Source::Default => "default",
            Source::File(..) => "file",
            Source::DotEnv(..) => "dotenv",
            Source::Environment(_) => "environment",
            Source::Flag => "flag",
        };
        json!({ "value": value, "source": kind, "from": detail, "reloads": entry.definition.reload })
    };
    found
        .entries
        .iter()
        .map(|entry| (entry.definition.name.to_owned(), of(entry)))
        .collect::<serde_json::Map<_, _>>()
        .into()
}

/// The settings as the native door tells them.
pub fn as_told(found: &InForce) -> Vec<Setting> {
    let told = |entry: &Entry| Setting {
        section: entry.definition.section.title().to_owned(),
        name: entry.definition.name.to_owned(),
        value: shown(entry),
        source: entry.source.to_string(),
        changed: !matches!(entry.source, Source::Default),
    };
    found.entries.iter().map(told).collect()
}

/// The settings whose values differ between two readings.
pub fn changes(before: &InForce, after: &InForce) -> Vec<&'static Definition> {
    let pairs = before.entries.iter().zip(&after.entries);
    pairs.filter(|(old, new)| old.value != new.value).map(|(_, new)| new.definition).collect()
}

fn shown(entry: &Entry) -> String {
    let text = match &entry.value {
        Raw::One(text) if text.is_empty() => NOTHING.to_owned(),
        _ if entry.definition.secret => SECRET.to_owned(),
        Raw::One(text) => text.escape_debug().to_string(),
        Raw::Many(texts) => texts.join(", "),
    };
    if text.chars().count() <= VALUE_WIDTH_MAX {
        return text;
    }
    text.chars().take(VALUE_WIDTH_MAX - 1).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::{Input, parse};

    fn environment() -> Vec<(String, String)> {
        vec![("API_PRIVATE_KEY".to_owned(), "top secret".to_owned()), ("PORT".to_owned(), "81".to_owned())]
    }

    #[test]
    fn secrets_are_not_shown() {
        let environment = environment();
        let found = parse(Input { environment: &environment, ..Input::default() }).unwrap();
        for text in [as_table(&found), as_json(&found).to_string(), format!("{:?}", as_told(&found))] {
            assert!(!text.contains("top secret"));
            assert!(text.contains("(set)"));
            assert!(text.contains("PORT in the environment"));
        }
    }

    #[test]
    fn changes_are_named() {
        let environment = environment();
        let before = parse(Input::default()).unwrap();
        let after = parse(Input { environment: &environment, ..Input::default() }).unwrap();
        let names: Vec<_> = changes(&before, &after).iter().map(|definition| definition.name).collect();
        assert_eq!(names, ["listen", "api-private-key"]);
    }
}
