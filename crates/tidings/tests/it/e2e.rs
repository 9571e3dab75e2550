//! The black-box suite in `tests/e2e`: a piqchat client that is not ours, written with npm's `tweetnacl`, against this binary.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The suite's folder.
fn suite() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/e2e").canonicalize().unwrap()
}

/// Whether what `npm ci` installed is there and as new as the lock file.
fn is_installed(suite: &Path) -> bool {
    let modified = |path: PathBuf| path.metadata().and_then(|metadata| metadata.modified()).ok();
    let (wanted, installed) =
        (modified(suite.join("package-lock.json")), modified(suite.join("node_modules/.package-lock.json")));
    installed.is_some() && installed >= wanted
}

/// Runs npm in the suite's folder, with its output shown, and fails if it fails.
fn npm(suite: &Path, arguments: &[&str]) {
    let status = Command::new("npm")
        .args(arguments)
        .current_dir(suite)
        .env("TIDINGS_BIN", env!("CARGO_BIN_EXE_tidings"))
        .stdin(Stdio::null())
        .status()
        .unwrap_or_else(|error| panic!("npm could not be started ({error}); these tests need Node 20 or later"));
    assert!(
        status.success(),
        "`npm {}` in {} ended with {status}; what failed stands above, and again at the end of npm's own report",
        arguments.join(" "),
        suite.display()
    );
}

#[test]
fn a_client_that_is_not_ours_is_content() {
    let suite = suite();
    if !is_installed(&suite) {
        npm(&suite, &["ci", "--no-audit", "--no-fund"]);
    }
    npm(&suite, &["test", "--silent", "--", "--test-reporter=spec"]);
}
