//! Putting the sources together: who gives what, who wins, and what is wrong.

use super::definition::Take;
use super::{Definition, Settings, TABLE, dotenv, places, toml_file};
use std::fmt;
use std::path::{Path, PathBuf};
use tidings_terminal::commands::VARIABLES;

/// Names in the environment that begin like settings but are something else: where the settings file is, and what builds with the web
/// app are told (docs/web-app.md), since `TIDINGS_WEB=off cargo run -- serve` tells the node, too. Those of a person's commands are named by [`tidings_terminal::commands::VARIABLES`].
const NOT_SETTINGS: &[&str] = &["TIDINGS_CONFIG", "TIDINGS_WEB", "TIDINGS_WEB_DIST", "TIDINGS_WEB_TOOLS"];

/// Edits between a wrong name and a known one, as a share of its length, beyond which it is not offered.
const SIMILAR_MIN: f64 = 0.6;

/// What was given for a setting, before it is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Raw {
    /// A text.
    One(String),
    /// Several.
    Many(Vec<String>),
}

/// Everything that settings come from.
#[derive(Clone, Copy, Default)]
pub struct Input<'a> {
    /// Flags: names without dashes, and what was given.
    pub flags: &'a [(String, Raw)],
    /// The process's environment.
    pub environment: &'a [(String, String)],
    /// The text of a `.env` file.
    pub dotenv: Option<&'a str>,
    /// The settings file and its text.
    pub file: Option<(&'a Path, &'a str)>,
}

/// Where a value comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// Nobody gave one.
    Default,
    /// The settings file, and its line.
    File(PathBuf, usize),
    /// A name in the `.env` file, and its line.
    DotEnv(String, usize),
    /// A name in the environment.
    Environment(String),
    /// A flag.
    Flag,
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File(path, line) => write!(f, "{}, line {line}", path.display()),
            Self::DotEnv(name, line) => write!(f, "{name} in .env, line {line}"),
            Self::Environment(name) => write!(f, "{name} in the environment"),
            Self::Flag => f.write_str("flag"),
        }
    }
}

/// A setting in force.
#[derive(Clone)]
pub struct Entry {
    /// Which.
    pub definition: &'static Definition,
    /// Its value as it was written; a secret's, too.
    pub value: Raw,
    /// Who gave it.
    pub source: Source,
}

/// All settings, and where each comes from.
#[derive(Clone)]
pub struct InForce {
    /// The values.
    pub settings: Settings,
    /// In the table's order.
    pub entries: Vec<Entry>,
}

/// One thing that is wrong with the settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem(pub String);

/// Everything that is wrong with the settings, one a line.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct Problems(pub Vec<Problem>);

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, Problem(text)) in self.0.iter().enumerate() {
            write!(f, "{}{text}", if index == 0 { "" } else { "\n" })?;
        }
        Ok(())
    }
}

/// Reads settings from texts alone. Fails with everything that is wrong with them; never panics.
pub fn parse(input: Input<'_>) -> Result<InForce, Problems> {
    let mut found = Found::gather(input);
    let settings = found.take_up();
    if found.problems.is_empty() {
        found.problems.extend(contradictions(&settings).map(|text| Problem(text.to_owned())));
        found.problems.extend(places::wanted_twice(&settings).into_iter().map(Problem));
    }
    if found.problems.is_empty() {
        Ok(InForce { settings, entries: found.entries })
    } else {
        Err(Problems(found.problems))
    }
}

/// The data folder that is given, whatever else is wrong or missing: the settings file may be there.
pub(super) fn data_dir(input: Input<'_>) -> Option<PathBuf> {
    Found::gather(input).take_up().data_dir
}

fn default_entry(definition: &'static Definition) -> Entry {
    Entry { definition, value: Raw::One(definition.default.to_owned()), source: Source::Default }
}

struct Found {
    entries: Vec<Entry>,
    problems: Vec<Problem>,
}

impl Found {
    /// Lets every source have its say, the strongest last.
    fn gather(input: Input<'_>) -> Self {
        let mut found = Found { entries: TABLE.iter().map(default_entry).collect(), problems: Vec::new() };
        if let Some((path, text)) = input.file {
            found.file(path, text);
        }
        if let Some(text) = input.dotenv {
            found.dotenv(text);
        }
        for (name, value) in input.environment {
            found.variable(name, value, Source::Environment(name.clone()));
        }
        for (name, value) in input.flags {
            found.give(name, value.clone(), Source::Flag);
        }
        found
    }

    fn file(&mut self, path: &Path, text: &str) {
        let keys = match toml_file::read(text) {
            Ok(keys) => keys,
            Err((line, what)) => return self.problem(format!("{}, line {line}: {what}", path.display())),
        };
        for key in keys {
            let place = format!("{}, line {}", path.display(), key.line);
            if !TABLE.iter().any(|definition| definition.name == key.name) {
                let names = TABLE.iter().map(|definition| definition.name.to_owned());
                self.problem(format!("{place}: there is no setting {}{}", key.written, nearest(&key.name, names)));
                continue;
            }
            match key.value {
                Ok(value) => self.give(&key.name, value, Source::File(path.to_owned(), key.line)),
                Err(expected) => self.problem(format!("{place}: {} must be {expected}", key.written)),
            }
        }
    }

    fn dotenv(&mut self, text: &str) {
        match dotenv::read(text) {
            Ok(assignments) => {
                for found in assignments {
                    self.variable(&found.name, &found.value, Source::DotEnv(found.name.clone(), found.line));
                }
            }
            Err((line, what)) => self.problem(format!(".env, line {line}: {what}")),
        }
    }

    fn variable(&mut self, name: &str, value: &str, source: Source) {
        let ours = TABLE.iter().find(|definition| definition.variable() == name);
        if let Some(definition) = ours {
            // An empty variable is how shells and compose files say that there is none.
            if !value.is_empty() {
                self.give(definition.name, Raw::One(value.to_owned()), source);
            }
        } else if TABLE.iter().any(|definition| definition.other_variable() == Some(name)) {
            self.alias(name, value, &source);
        } else if name.starts_with("TIDINGS_") && !NOT_SETTINGS.contains(&name) && !VARIABLES.contains(&name) {
            let names = TABLE.iter().map(Definition::variable);
            self.problem(format!("{source}: there is no such setting{}", nearest(name, names)));
        }
    }

    /// piqchat's name for one of our settings, or for two. In one place, our own name goes before it.
    fn alias(&mut self, name: &str, value: &str, source: &Source) {
        for entry in &mut self.entries {
            let Some(alias) = entry.definition.alias.filter(|alias| alias.name == name) else { continue };
            let own_is_set = same_place(&entry.source, source);
            if !own_is_set && (!value.is_empty() || entry.definition.is_switch()) {
                entry.value = Raw::One((alias.translate)(value));
                entry.source = source.clone();
            }
        }
    }

    fn give(&mut self, name: &str, value: Raw, source: Source) {
        if let Some(entry) = self.entries.iter_mut().find(|entry| entry.definition.name == name) {
            entry.value = value;
            entry.source = source;
        }
    }

    fn problem(&mut self, text: String) {
        self.problems.push(Problem(text));
    }

    /// Reads every value; a wrong one is noted.
    fn take_up(&mut self) -> Settings {
        let mut settings = Settings::default();
        for entry in &self.entries {
            if let Err(expected) = take(&mut settings, entry) {
                let shown = if entry.definition.secret { String::new() } else { format!(" {}", shown(&entry.value)) };
                let text = format!("{} ({}):{shown} is not {expected}", entry.definition.name, entry.source);
                self.problems.push(Problem(text));
            }
        }
        settings
    }
}

/// Whether both come from the environment, or both from `.env`.
fn same_place(one: &Source, other: &Source) -> bool {
    matches!((one, other), (Source::Environment(_), Source::Environment(_)) | (Source::DotEnv(..), Source::DotEnv(..)))
}

fn shown(value: &Raw) -> String {
    match value {
        Raw::One(text) => format!("{text:?}"),
        Raw::Many(texts) => format!("{texts:?}"),
    }
}

fn take(settings: &mut Settings, entry: &Entry) -> Result<(), String> {
    match (entry.definition.take, &entry.value) {
        (Take::List(set), Raw::Many(texts)) => set(settings, texts),
        (Take::List(set), Raw::One(text)) => {
            let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
            set(settings, &parts.map(str::to_owned).collect::<Vec<_>>())
        }
        (_, Raw::Many(_)) => Err("one value".to_owned()),
        (Take::One(set), Raw::One(text)) => set(settings, text.trim()),
        (Take::Switch(set), Raw::One(text)) => {
            set(settings, super::value::boolean(text.trim())?);
            Ok(())
        }
        (Take::Optional(set), Raw::One(text)) => set(settings, (!text.is_empty()).then_some(text)),
    }
}

/// Settings that are right one by one but not together.
fn contradictions(settings: &Settings) -> impl Iterator<Item = &'static str> {
    let keys = &settings.keys;
    [
        (settings.tls_cert.is_some() != settings.tls_key.is_some(), "tls-cert and tls-key: give both or none"),
        (
            settings.tls_cert.is_some() && !settings.acme_domains.is_empty(),
            "tls-cert and acme-domains: give your own certificate or let the node get one, not both",
        ),
        (
            keys.api_private.is_none() && keys.api_public.is_some(),
            "api-public-key: give the private key with it (API_PRIVATE_KEY)",
        ),
        (
            keys.vapid_private.is_none() && keys.vapid_public.is_some(),
            "vapid-public-key: give the private key with it (VAPID_PRIVATE_KEY)",
        ),
        (
            settings.acme_domains.is_empty() && !settings.acme_http_listen.is_empty(),
            "acme-http-listen: give acme-domains with it, or leave it out",
        ),
        (
            !settings.metrics && !settings.metrics_listen.is_empty(),
            "metrics-listen: there is nothing to listen for while metrics is false",
        ),
        (
            !settings.speaks_tls() && !settings.channels.websocket_tls_listen.is_empty(),
            "darkchat-websocket-tls-listen: give a certificate with it (tls-cert and tls-key, or acme-domains)",
        ),
        (settings.listen.is_empty(), "listen: give at least one address"),
    ]
    .into_iter()
    .filter_map(|(wrong, text)| wrong.then_some(text))
}

fn nearest(name: &str, known: impl Iterator<Item = String>) -> String {
    let rated = known.map(|known| (strsim::jaro_winkler(name, &known), known));
    let best = rated.filter(|(score, _)| *score > SIMILAR_MIN).max_by(|(a, _), (b, _)| a.total_cmp(b));
    best.map_or_else(String::new, |(_, known)| format!("; did you mean {known}?"))
}

#[cfg(test)]
#[path = "sources_tests.rs"]
mod tests;
