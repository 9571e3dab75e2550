//! Settings out of a TOML file, a `.env` file, the environment and flags, divided by zero bytes. What is in force can be shown,
//! what is wrong is said in lines that are not empty, and what stands nearer to the command wins.

use std::path::Path;
use tidings::settings::{Input, Raw, Source, as_json, as_table, parse};

pub(super) fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let mut parts = text.splitn(4, '\0');
    let file = parts.next().unwrap_or_default();
    let dotenv = parts.next().unwrap_or_default();
    let environment = assignments(parts.next().unwrap_or_default());
    let flags: Vec<(String, Raw)> = assignments(parts.next().unwrap_or_default())
        .into_iter()
        .map(|(name, value)| (name, Raw::One(value)))
        .collect();
    let path = Path::new("tidings.toml");
    let input = Input { flags: &flags, environment: &environment, dotenv: Some(dotenv), file: Some((path, file)) };
    match parse(input) {
        Ok(in_force) => {
            let _ = (as_table(&in_force), as_json(&in_force));
            for (name, _) in &flags {
                let entry = in_force.entries.iter().find(|entry| entry.definition.name == *name);
                assert!(entry.is_none_or(|entry| entry.source == Source::Flag), "{name} was given by a flag");
            }
        }
        Err(problems) => {
            assert!(!problems.0.is_empty());
            assert!(problems.0.iter().all(|problem| !problem.0.trim().is_empty()));
        }
    }
}

fn assignments(text: &str) -> Vec<(String, String)> {
    let pairs = text.lines().filter_map(|line| line.split_once('='));
    pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}
