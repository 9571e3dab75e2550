//! The black-box suite in `tests/e2e`: a piqchat client that is not ours, written with npm's `tweetnacl`, against this binary.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Where the suite's report of the last run is.
const REPORT: &str = concat!(env!("CARGO_TARGET_TMPDIR"), "/e2e.txt");

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

/// Runs npm in the suite's folder. If it fails, shows what failed, and says where the whole report is.
fn npm(suite: &Path, arguments: &[&str]) {
    let output = Command::new("npm")
        .args(arguments)
        .current_dir(suite)
        .env("TIDINGS_BIN", env!("CARGO_BIN_EXE_tidings"))
        .stdin(Stdio::null())
        .output()
        .unwrap_or_else(|error| panic!("npm could not be started ({error}); these tests need Node 20 or later"));
    let said = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    std::fs::write(REPORT, said.as_bytes()).unwrap();
    // Node's report ends with what failed.
    let failing = said.find("failing tests:").and_then(|at| said.get(at..)).unwrap_or(&said);
    assert!(
        output.status.success(),
        "`npm {}` in {} ended with {}; the whole report is in {REPORT}\n\n{failing}",
        arguments.join(" "),
        suite.display(),
        output.status
    );
}

#[test]
fn a_client_that_is_not_ours_is_content() {
    let suite = suite();
    if !is_installed(&suite) {
        npm(&suite, &["ci", "--no-audit", "--no-fund"]);
    }
    npm(&suite, &["test", "--silent", "--", "--test-reporter=spec", "--test-timeout=600000"]);
}
