//! The web app as it is embedded into the program: which files it has, their types, their hashes.
//!
//! The build script (`build/main.rs`) finds or builds the app and writes the table; docs/web-app.md says where it looks.

include!(concat!(env!("OUT_DIR"), "/table.rs"));

/// A file of the app.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct File {
    /// The path at which it is served, beginning with a slash. It consists of ASCII letters, digits, `/`, `.`, `-` and `_`.
    pub path: &'static str,
    /// The SHA-256 of its bytes.
    pub sha256: [u8; 32],
    /// Its bytes.
    pub bytes: &'static [u8],
    /// The same compressed (gzip, RFC 1952), if that is smaller.
    pub gzip: Option<&'static [u8]>,
    /// The same compressed (brotli, RFC 7932), if whoever built the app has done that.
    pub brotli: Option<&'static [u8]>,
}

/// What is embedded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The web app.
    App,
    /// A page that says that the program was built without the app.
    Stub,
}

/// All files of the app. One is at [`INDEX`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct App {
    /// Whether it is the real one.
    pub kind: Kind,
    /// The version of the program that it belongs to.
    pub version: &'static str,
    /// Its files, in the order of their paths.
    pub files: &'static [File],
}

/// The page that opens the app.
pub const INDEX: &str = "/index.html";

/// Where files are whose names change with their content, so that they may be kept for ever.
pub const HASHED: &str = "/assets/";

/// What is embedded into this very program.
pub const fn embedded() -> App {
    App { kind: KIND, version: env!("CARGO_PKG_VERSION"), files: FILES }
}

impl App {
    /// The file at a path.
    pub fn file(&self, path: &str) -> Option<&'static File> {
        self.files.iter().find(|file| file.path == path)
    }
}

impl File {
    /// Its media type, by the ending of its name alone. What has none that is known is shown by no browser.
    pub fn content_type(&self) -> &'static str {
        let name = self.path.rsplit('/').next().unwrap_or_default();
        let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
        match ending {
            "html" => "text/html; charset=utf-8",
            "js" | "mjs" => "text/javascript; charset=utf-8",
            "css" => "text/css; charset=utf-8",
            "json" => "application/json",
            "webmanifest" => "application/manifest+json",
            "wasm" => "application/wasm",
            "svg" => "image/svg+xml",
            "png" => "image/png",
            "jpg" | "jpeg" => "image/jpeg",
            "webp" => "image/webp",
            "avif" => "image/avif",
            "ico" => "image/x-icon",
            "woff2" => "font/woff2",
            "mp3" => "audio/mpeg",
            "ogg" => "audio/ogg",
            "txt" => "text/plain; charset=utf-8",
            _ => "application/octet-stream",
        }
    }

    /// The hash in lower-case hexadecimal digits.
    pub fn sha256_hex(&self) -> String {
        self.sha256.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::read::GzDecoder;
    use sha2::{Digest as _, Sha256};
    use std::io::Read as _;

    #[test]
    fn the_table_says_what_is_true() {
        let app = embedded();
        assert!(app.file(INDEX).is_some_and(|index| !index.bytes.is_empty()));
        assert!(app.files.is_sorted_by(|one, next| one.path < next.path));
        for file in app.files {
            assert_eq!(file.sha256, <[u8; 32]>::from(Sha256::digest(file.bytes)), "{}", file.path);
            let Some(gzip) = file.gzip else { continue };
            assert!(gzip.len() < file.bytes.len(), "{}", file.path);
            let mut unpacked = Vec::new();
            GzDecoder::new(gzip).read_to_end(&mut unpacked).unwrap();
            assert_eq!(unpacked, file.bytes, "{}", file.path);
            // No time and no machine in it (RFC 1952, section 2.3): the same app gives the same program everywhere.
            assert_eq!((&gzip[4..8], gzip[9]), (&[0; 4][..], 255), "{}", file.path);
        }
    }

    #[test]
    fn only_paths_that_the_node_leaves_to_the_app_are_taken() {
        for File { path, .. } in embedded().files {
            let known = [INDEX, "/sw.js", "/manifest.webmanifest"].contains(path);
            assert!(known || path.starts_with(HASHED) || path.starts_with("/icons/"), "{path}");
            assert!(path.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/.-_".contains(&byte)), "{path}");
        }
    }

    #[test]
    fn the_ending_alone_says_the_type() {
        let of = |path| File { path, sha256: [0; 32], bytes: b"<html>", gzip: None, brotli: None }.content_type();
        for (path, expected) in [
            ("/index.html", "text/html; charset=utf-8"),
            ("/assets/main-abc.js", "text/javascript; charset=utf-8"),
            ("/assets/core-abc.wasm", "application/wasm"),
            ("/manifest.webmanifest", "application/manifest+json"),
            ("/icons/icon.svg", "image/svg+xml"),
            ("/assets/a.html.bin", "application/octet-stream"),
            ("/assets/LICENSE", "application/octet-stream"),
            ("/assets/x.y/html", "application/octet-stream"),
        ] {
            assert_eq!(of(path), expected, "{path}");
        }
    }

    #[test]
    fn the_stub_speaks_both_languages_and_says_what_to_do() {
        let stub = include_str!("../stub/index.html");
        for part in
            ["built without its web app", "ohne seine Web-App gebaut", "scripts/build-web", "<section lang=\"de\">"]
        {
            assert!(stub.contains(part), "{part}");
        }
        // The content security policy would forbid them.
        assert!(!stub.contains("<style") && !stub.contains("style=") && !stub.contains("<script"));
    }
}
