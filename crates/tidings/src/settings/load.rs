//! Gathering what settings come from: the process, a `.env` file and the settings file.

use super::{InForce, Input, Problem, Problems, Raw, Source, parse, sources};
use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// The settings file for all nodes of a machine.
const MACHINE_FILE: &str = "/etc/tidings/tidings.toml";

/// The settings file in a data folder.
const FILE_NAME: &str = "tidings.toml";

/// Bytes that a settings file or a `.env` file may have.
const FILE_BYTES_MAX: u64 = 1 << 20;

/// What is said of a file that this user may not read; its folder may be the reason.
const FORBIDDEN: &str = "this user may not read it, or may not enter its folder. \
     Run tidings as the user who owns it, give it to this user (chown), or choose another folder with --data-dir";

/// What the command line and the process give; kept, so that SIGHUP can read the files again.
#[derive(Clone, Default)]
pub struct Given {
    /// Flags: names without dashes, and what was given.
    pub flags: Vec<(String, Raw)>,
    /// The file named by `--config`.
    pub config: Option<PathBuf>,
    /// The process's environment.
    pub environment: Vec<(String, String)>,
}

impl Given {
    /// Takes the environment as the process has it. Names and values that are not Unicode are no settings.
    pub fn environment(variables: impl Iterator<Item = (OsString, OsString)>) -> Vec<(String, String)> {
        variables.filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?))).collect()
    }

    fn variable(&self, name: &str) -> Option<&str> {
        let found = self.environment.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
    }
}

/// Reads all settings. Fails with everything that is wrong.
pub fn load(given: &Given) -> Result<InForce, Problems> {
    let dotenv = read_if_there(Path::new(".env"))?;
    let first = Input { flags: &given.flags, environment: &given.environment, dotenv: dotenv.as_deref(), file: None };
    let data_dir = sources::data_dir(first).or_else(|| default_data_dir(given));
    let file = settings_file(given, data_dir.as_deref())?;
    let file = file.as_ref().map(|(path, text)| (path.as_path(), text.as_str()));
    let mut found = parse(Input { file, ..first })?;
    found.settings.data_dir = found.settings.data_dir.take().or_else(|| default_data_dir(given));
    show_places(&mut found);
    Ok(found)
}

/// Says where things are that nobody gave a place.
fn show_places(found: &mut InForce) {
    let settings = &found.settings;
    for (name, place) in
        [("data-dir", settings.data_dir()), ("database", settings.database()), ("blobs", settings.blobs())]
    {
        let unset =
            found.entries.iter_mut().find(|entry| entry.definition.name == name && entry.source == Source::Default);
        if let Some(entry) = unset {
            entry.value = Raw::One(place.display().to_string());
        }
    }
}

/// systemd.exec(5): `STATE_DIRECTORY`; XDG base directories: `XDG_DATA_HOME`, absolute or to be ignored.
fn default_data_dir(given: &Given) -> Option<PathBuf> {
    if let Some(state) = given.variable("STATE_DIRECTORY") {
        return state.split(':').next().map(PathBuf::from);
    }
    let xdg = given.variable("XDG_DATA_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
    let home = || given.variable("HOME").map(|home| Path::new(home).join(".local/share"));
    xdg.or_else(home).map(|base| base.join("tidings"))
}

fn settings_file(given: &Given, data_dir: Option<&Path>) -> Result<Option<(PathBuf, String)>, Problems> {
    let named = given.config.clone().or_else(|| given.variable("TIDINGS_CONFIG").map(PathBuf::from));
    if let Some(path) = named {
        return match read_if_there(&path)? {
            Some(text) => Ok(Some((path, text))),
            None => Err(problem(&path, "there is no such file")),
        };
    }
    for path in data_dir.map(|folder| folder.join(FILE_NAME)).into_iter().chain([PathBuf::from(MACHINE_FILE)]) {
        if let Some(text) = read_if_there(&path)? {
            return Ok(Some((path, text)));
        }
    }
    Ok(None)
}

fn read_if_there(path: &Path) -> Result<Option<String>, Problems> {
    match fs::metadata(path) {
        Ok(found) if found.len() > FILE_BYTES_MAX => return Err(problem(path, "the file is too large for settings")),
        Ok(found) if found.is_dir() => return Err(problem(path, "this is a folder")),
        _ => {}
    }
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Err(problem(path, FORBIDDEN)),
        Err(error) => Err(problem(path, &error.to_string())),
    }
}

fn problem(path: &Path, what: &str) -> Problems {
    Problems(vec![Problem(format!("{}: {what}", path.display()))])
}
