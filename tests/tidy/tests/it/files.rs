//! Finding and reading the files of the workspace.

use std::fs;
use std::path::{Path, PathBuf};

/// Folders that are made, fetched or foreign.
const SKIPPED: &[&str] = &["target", "node_modules", ".git", "corpus", "artifacts", "coverage", "data", "tidings-data"];

/// The workspace.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// A file of the workspace.
pub(crate) struct File {
    /// From the workspace's root, with `/`.
    pub(crate) path: String,
    pub(crate) text: String,
}

/// All files below a folder of the workspace with one of the endings, in order of their paths. None if there is no such folder.
pub(crate) fn below(folder: &str, endings: &[&str]) -> Vec<File> {
    let root = root();
    let mut found = Vec::new();
    collect(&root.join(folder), &mut found);
    let mut files: Vec<File> = found
        .into_iter()
        .filter(|path| endings.iter().any(|ending| path.to_string_lossy().ends_with(ending)))
        .map(|path| File {
            text: fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display())),
            path: path.strip_prefix(&root).unwrap().to_string_lossy().into_owned(),
        })
        .collect();
    files.sort_by(|a, b| a.path.cmp(&b.path));
    files
}

fn collect(folder: &Path, found: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_symlink() || SKIPPED.contains(&name.as_str()) {
            continue;
        }
        if path.is_dir() {
            collect(&path, found);
        } else {
            found.push(path);
        }
    }
}

/// The crates in `crates/`, by the names of their folders.
pub(crate) fn crates() -> Vec<String> {
    let entries = fs::read_dir(root().join("crates")).unwrap();
    let with_manifest = entries.map(|entry| entry.unwrap().path()).filter(|path| path.join("Cargo.toml").exists());
    let mut names: Vec<String> =
        with_manifest.map(|path| path.file_name().unwrap().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

/// The sources of all crates, tests within them included.
pub(crate) fn sources() -> Vec<File> {
    crates().iter().flat_map(|name| below(&format!("crates/{name}/src"), &[".rs"])).collect()
}

impl File {
    /// Whether it holds the unit tests of the module beside it, and nothing else.
    pub(crate) fn is_unit_tests(&self) -> bool {
        self.path.ends_with("/tests.rs") || self.path.ends_with("_tests.rs")
    }
}
