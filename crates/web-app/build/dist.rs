//! The files of a built app in a folder.

use crate::{Outcome, warn};
use std::fs;
use std::path::{Path, PathBuf};

/// Files at most; a folder with more is no app.
const FILES_MAX: usize = 400;

/// Files that may lie at the top.
const AT_THE_TOP: [&str; 3] = ["index.html", "manifest.webmanifest", "sw.js"];

/// Folders that may lie there, with all that is in them.
const FOLDERS: [&str; 2] = ["assets", "icons"];

/// Whether a folder holds an app.
pub(crate) fn is_app(folder: &Path) -> bool {
    folder.join("index.html").is_file()
}

/// What follows the name of a file in that of its copy compressed with brotli.
pub(crate) const BROTLI: &str = ".br";

/// All files that are embedded, with the paths at which they are served, in the order of these; compressed copies are none. What else
/// lies at the top is named and left out: the node answers all other paths.
pub(crate) fn files(folder: &Path) -> Outcome<Vec<(String, PathBuf)>> {
    let mut found = Vec::new();
    for (name, path) in entries(folder)? {
        match () {
            () if path.is_file() && AT_THE_TOP.contains(&name.as_str()) => found.push((format!("/{name}"), path)),
            () if name.ends_with(BROTLI) => {}
            () if path.is_dir() && FOLDERS.contains(&name.as_str()) => collect(&format!("/{name}"), &path, &mut found)?,
            () => warn(format!("{} is not embedded: see docs/web-app.md for what is served", path.display()))?,
        }
    }
    found.sort();
    Ok(found)
}

fn collect(prefix: &str, folder: &Path, found: &mut Vec<(String, PathBuf)>) -> Outcome<()> {
    for (name, path) in entries(folder)? {
        if path.is_dir() {
            collect(&format!("{prefix}/{name}"), &path, found)?;
        } else if !name.ends_with(BROTLI) {
            found.push((format!("{prefix}/{name}"), path));
        }
        if found.len() > FILES_MAX {
            return Err(format!("{} has more than {FILES_MAX} files: is it an app?", folder.display()).into());
        }
    }
    Ok(())
}

/// What lies in a folder, but hidden files and links.
fn entries(folder: &Path) -> Outcome<Vec<(String, PathBuf)>> {
    let mut entries = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
        if name.starts_with('.') || path.is_symlink() {
            continue;
        }
        // These need no escaping, neither in URLs nor in what is written about them.
        if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_".contains(&byte)) {
            return Err(format!("{}: only letters, digits, '.', '-' and '_' may be in names", path.display()).into());
        }
        entries.push((name, path));
    }
    Ok(entries)
}
