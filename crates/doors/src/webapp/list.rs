//! The published list of what the app consists of, so that anybody can compare it (`tidings verify URL`).

use serde_json::json;
use sha2::{Digest as _, Sha256};
use tidings_web_app::{App, Kind};

/// The list as JSON: `version`, `app` (`app` or `stub`), and for each path of `files` its `sha256` and `size`.
pub(super) fn of(app: &App) -> Vec<u8> {
    let files = app.files.iter().map(|file| {
        let entry = json!({ "sha256": file.sha256_hex(), "size": file.bytes.len() });
        (file.path.to_owned(), entry)
    });
    let kind = match app.kind {
        Kind::App => "app",
        Kind::Stub => "stub",
    };
    let files: serde_json::Map<_, _> = files.collect();
    json!({ "version": app.version, "app": kind, "files": files }).to_string().into_bytes()
}

/// SHA-256 in hexadecimal digits.
pub(super) fn hash(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}
