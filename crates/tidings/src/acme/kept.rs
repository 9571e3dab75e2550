//! What ACME leaves in the data folder: the account's key, and certificates with theirs. Only the owner may read them.

use crate::failure::Failure;
use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

/// The files of one authority and one set of names.
#[derive(Clone)]
pub(super) struct Kept {
    account: PathBuf,
    certificate: PathBuf,
}

impl Kept {
    /// Opens the folder, and makes it if it is not there. Accounts belong to an authority, certificates to a set of names.
    pub(super) fn open(folder: &Path, directory: &str, domains: &[String]) -> Result<Self, Failure> {
        DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        let plain = |text: &str| text.replace(|c: char| !c.is_ascii_alphanumeric() && c != '.' && c != '-', "_");
        let authority = plain(directory.trim_start_matches("https://"));
        let names = plain(&domains.join("+"));
        // File names may have 255 bytes; longer lists share the beginning, and the names inside are checked by clients anyway.
        let names: String = names.chars().take(180).collect();
        Ok(Self {
            account: folder.join(format!("account-{authority}.json")),
            certificate: folder.join(format!("{names}.pem")),
        })
    }

    /// The account's credentials as instant-acme writes them.
    pub(super) fn account(&self) -> Result<Option<String>, Failure> {
        read(&self.account)
    }

    pub(super) fn keep_account(&self, json: &str) -> Result<(), Failure> {
        write(&self.account, json)
    }

    /// The authority does not know the account any more: the next order makes a new one.
    pub(super) fn forget_account(&self) -> Result<(), Failure> {
        fs::remove_file(&self.account).map_err(|error| Failure::of("forgetting the ACME account", error))
    }

    /// The chain and its key in PEM.
    pub(super) fn certificate(&self) -> Result<Option<String>, Failure> {
        read(&self.certificate)
    }

    pub(super) fn keep_certificate(&self, pem: &str) -> Result<(), Failure> {
        write(&self.certificate, pem)
    }
}

fn read(path: &Path) -> Result<Option<String>, Failure> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Failure::of(&format!("reading {}", path.display()), error)),
    }
}

/// Wholly or not at all.
fn write(path: &Path, text: &str) -> Result<(), Failure> {
    let unfinished = path.with_extension("new");
    let written = || {
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&unfinished)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&unfinished, path)
    };
    written().map_err(|error| Failure::of(&format!("writing {}", path.display()), error))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn what_is_kept_is_found_again_and_private() {
        let folder = tempfile::tempdir().unwrap();
        let open =
            || Kept::open(&folder.path().join("acme"), "https://ca.example:1/dir", &["a.example".to_owned()]).unwrap();
        assert_eq!(open().account().unwrap(), None);
        open().keep_account("{}").unwrap();
        open().keep_certificate("pem").unwrap();
        assert_eq!(open().account().unwrap().as_deref(), Some("{}"));
        assert_eq!(open().certificate().unwrap().as_deref(), Some("pem"));
        for path in [open().account, open().certificate] {
            assert_eq!(fs::metadata(path).unwrap().permissions().mode() & 0o777, 0o600);
        }
        open().forget_account().unwrap();
        assert_eq!(open().account().unwrap(), None);
    }
}
