//! The data folder: is it there, is it ours, and can nobody else read it?

use super::Finding;
use crate::settings::Settings;
use rustix::fs::{Access, access};
use std::fs::Metadata;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

const CHECK: &str = "permissions";

pub(super) fn examine(settings: &Settings) -> Vec<Finding> {
    let folder = settings.data_dir();
    if !folder.exists() {
        return vec![future(&folder)];
    }
    let mut findings: Vec<_> = places(settings).iter().filter_map(|place| examine_one(place)).collect();
    if findings.is_empty() {
        findings.push(Finding::ok(CHECK, format!("only this user can read and write {}", folder.display())));
    }
    findings
}

/// What must be private: folders and files, as far as they are there.
fn places(settings: &Settings) -> Vec<PathBuf> {
    let (database, mut places) = (settings.database(), vec![settings.data_dir(), settings.blobs()]);
    for suffix in ["", "-wal", "-shm", ".lock"] {
        let mut name = database.clone().into_os_string();
        name.push(suffix);
        places.push(name.into());
    }
    places.extend(settings.tls_key.clone());
    places.push(settings.data_dir().join("acme"));
    places
}

fn examine_one(place: &Path) -> Option<Finding> {
    let found = place.metadata().ok()?;
    let name = place.display();
    if access(place, Access::READ_OK).is_err() {
        return Some(Finding::fail(CHECK, format!("{name} can't be read by this user"), owner(place, &found)));
    }
    if found.is_dir() && access(place, Access::WRITE_OK).is_err() {
        return Some(Finding::fail(CHECK, format!("{name} can't be written by this user"), owner(place, &found)));
    }
    let mode = found.permissions().mode() & 0o777;
    let wanted = if found.is_dir() { 0o700 } else { 0o600 };
    (mode & 0o077 != 0 && others_may_enter(place)).then(|| {
        Finding::warn(
            CHECK,
            format!("{name} has mode {mode:o}: other users of this machine can reach it"),
            format!("chmod {wanted:o} {name}"),
        )
    })
}

/// Whether users other than the owner may enter all folders on the way to a place. A file that others might read is safe in a
/// folder that is closed to them.
fn others_may_enter(place: &Path) -> bool {
    let absolute = place.canonicalize().unwrap_or_else(|_| place.to_owned());
    absolute.ancestors().skip(1).all(|folder| folder.metadata().is_ok_and(|found| found.mode() & 0o011 != 0))
}

fn owner(place: &Path, found: &Metadata) -> String {
    format!("run tidings as the user with number {}, who owns it, or chown {}", found.uid(), place.display())
}

/// A folder that the first start will make.
fn future(folder: &Path) -> Finding {
    let absolute = std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned());
    let parent = absolute.ancestors().skip(1).find(|ancestor| ancestor.exists());
    match parent {
        Some(parent) if access(parent, Access::WRITE_OK).is_err() => Finding::fail(
            CHECK,
            format!("{} is not there, and this user can't make it in {}", folder.display(), parent.display()),
            "choose another place with --data-dir, or make the folder and give it to this user",
        ),
        _ => Finding::ok(CHECK, format!("{} is not there yet; the first start makes it", folder.display())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::{Permissions, create_dir, set_permissions, write};

    #[test]
    fn a_file_in_a_closed_folder_is_safe() {
        let folder = tempfile::tempdir().unwrap();
        let (outer, data) = (folder.path().join("outer"), folder.path().join("outer/data"));
        create_dir(&outer).unwrap();
        create_dir(&data).unwrap();
        let settings = Settings { data_dir: Some(data.clone()), ..Settings::default() };
        write(settings.database(), "x").unwrap();
        let set = |path: &Path, mode| set_permissions(path, Permissions::from_mode(mode)).unwrap();
        let warnings = || examine(&settings).iter().filter(|finding| finding.advice.is_some()).count();
        set(folder.path(), 0o755);
        set(&settings.database(), 0o644);
        for (around, own, count) in [(0o755, 0o755, 2), (0o755, 0o700, 0), (0o700, 0o755, 0), (0o711, 0o750, 2)] {
            set(&outer, around);
            set(&data, own);
            assert_eq!(warnings(), count, "{around:o} {own:o}");
        }
    }
}
