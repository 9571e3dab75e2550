//! Where a person's things are on this machine.

use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

/// The profile that is meant if none is named.
pub const DEFAULT_PROFILE: &str = "default";

/// Characters that a profile's name may have.
const NAME_MAX: usize = 64;

/// The folder of one profile: its store, its key, and what is on its way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place(PathBuf);

/// Why there is no place for a profile.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlaceError {
    /// The name could lead out of the folder, or is hard to type.
    #[error("a profile's name has 1 to 64 letters, digits, dashes or underscores: {0:?} has not")]
    Name(String),
    /// Neither a folder nor a home is known.
    #[error("it is not known where to keep things: set HOME or XDG_DATA_HOME, or give --client-dir")]
    Nowhere,
}

/// What decides where a profile is.
#[derive(Clone, Debug, Default)]
pub struct Wanted<'a> {
    /// The folder of all profiles, if the person named one.
    pub folder: Option<&'a Path>,
    /// The profile, if the person named one.
    pub profile: Option<&'a str>,
    /// `XDG_DATA_HOME`; heeded if absolute, as the XDG base directory specification wants it.
    pub data_home: Option<&'a str>,
    /// `HOME`.
    pub home: Option<&'a str>,
}

impl Place {
    /// This very folder.
    pub fn at(folder: impl Into<PathBuf>) -> Self {
        Self(folder.into())
    }

    /// Finds the place. Touches nothing.
    pub fn find(wanted: &Wanted<'_>) -> Result<Self, PlaceError> {
        let profile = wanted.profile.unwrap_or(DEFAULT_PROFILE);
        let fine = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        if profile.is_empty() || profile.len() > NAME_MAX || !profile.chars().all(fine) {
            return Err(PlaceError::Name(profile.to_owned()));
        }
        let base = match wanted.folder {
            Some(folder) => folder.to_owned(),
            None => {
                let data_home = wanted.data_home.map(PathBuf::from).filter(|path| path.is_absolute());
                let home =
                    || wanted.home.filter(|home| !home.is_empty()).map(|home| Path::new(home).join(".local/share"));
                data_home.or_else(home).ok_or(PlaceError::Nowhere)?.join("tidings/profiles")
            }
        };
        Ok(Self(base.join(profile)))
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.0
    }

    /// The database.
    pub fn database(&self) -> PathBuf {
        self.0.join("store.db")
    }

    /// The store's key: wrapped, or as it is where nobody chose a passphrase.
    pub fn key(&self) -> PathBuf {
        self.0.join("key")
    }

    /// Held by the process that has the profile open.
    pub fn lock(&self) -> PathBuf {
        self.0.join("lock")
    }

    /// Where the process that has the profile open for long takes commands of others.
    pub fn socket(&self) -> PathBuf {
        self.0.join("socket")
    }

    /// Files that are being sent, sealed.
    pub fn outgoing(&self) -> PathBuf {
        self.0.join("outgoing")
    }

    /// Whether anything was ever kept here.
    pub fn is_used(&self) -> bool {
        self.key().exists()
    }

    /// Deletes what was made here: for a profile in which no account came to be. A folder that has something else in it stays.
    pub fn clear(&self) -> io::Result<()> {
        let gone = |done: io::Result<()>| match done {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        };
        gone(fs::remove_dir_all(self.outgoing()))?;
        // The key goes first: without it the rest is no profile, whatever becomes of it.
        gone(fs::remove_file(self.key()))?;
        for name in ["store.db", "store.db-wal", "store.db-shm", "lock", "socket"] {
            gone(fs::remove_file(self.0.join(name)))?;
        }
        match fs::remove_dir(&self.0) {
            Err(error) if error.kind() == io::ErrorKind::DirectoryNotEmpty => Ok(()),
            done => gone(done),
        }
    }

    /// Makes the folders, for their owner alone.
    pub fn make(&self) -> io::Result<()> {
        let outgoing = self.outgoing();
        DirBuilder::new().recursive(true).mode(0o700).create(&outgoing)?;
        for folder in [self.0.as_path(), outgoing.as_path()] {
            fs::set_permissions(folder, fs::Permissions::from_mode(0o700))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_profile_without_an_account_goes_and_leaves_what_is_not_its_own() {
        let folder = tempfile::tempdir().unwrap();
        let place = Place::at(folder.path().join("a"));
        for foreign in [None, Some("mine")] {
            place.make().unwrap();
            for name in ["key", "store.db", "store.db-wal", "outgoing/1"].into_iter().chain(foreign) {
                fs::write(place.folder().join(name), "x").unwrap();
            }
            assert!(place.is_used());
            place.clear().unwrap();
            assert!(!place.is_used());
            assert_eq!(place.folder().exists(), foreign.is_some());
        }
        assert!(place.folder().join("mine").exists());
        place.clear().unwrap();
    }

    #[test]
    fn profiles_lie_side_by_side() {
        let at = |wanted: Wanted<'_>| Place::find(&wanted).map(|place| place.folder().display().to_string());
        let home = Wanted { home: Some("/h"), ..Wanted::default() };
        assert_eq!(at(home.clone()).unwrap(), "/h/.local/share/tidings/profiles/default");
        let named = Wanted { profile: Some("work"), data_home: Some("/d"), ..home.clone() };
        assert_eq!(at(named).unwrap(), "/d/tidings/profiles/work");
        let relative = Wanted { data_home: Some("d"), ..home.clone() };
        assert_eq!(at(relative).unwrap(), "/h/.local/share/tidings/profiles/default");
        let folder = Wanted { folder: Some(Path::new("x")), profile: Some("a"), ..home.clone() };
        assert_eq!(at(folder).unwrap(), "x/a");
        assert_eq!(at(Wanted::default()), Err(PlaceError::Nowhere));
        for name in ["", "..", "a/b", "a b"] {
            let wanted = Wanted { profile: Some(name), ..home.clone() };
            assert_eq!(at(wanted), Err(PlaceError::Name(name.to_owned())));
        }
    }
}
