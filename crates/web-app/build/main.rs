//! Finds the web app, or has it built, or takes a page which says that there is none; then writes the table of its files
//! (docs/web-app.md).

mod dist;
mod own;
mod table;

use std::env;
use std::error::Error;
use std::fmt::Display;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// Anything that goes wrong ends the build with these words.
type Outcome<T> = Result<T, Box<dyn Error>>;

/// Names a folder with an app that was built elsewhere, such as by a container's earlier stage.
const DIST: &str = "TIDINGS_WEB_DIST";

/// `off`: no app is built here.
const SWITCH: &str = "TIDINGS_WEB";

/// A folder that is embedded.
struct Found {
    /// Whether it is the app, and not the stub.
    is_app: bool,
    folder: PathBuf,
}

fn main() -> Outcome<()> {
    let package = PathBuf::from(variable("CARGO_MANIFEST_DIR").ok_or("cargo names no folder of the package")?);
    let out = PathBuf::from(variable("OUT_DIR").ok_or("cargo names no folder for results")?);
    tell("rerun-if-env-changed", DIST)?;
    tell("rerun-if-env-changed", SWITCH)?;
    let found = find(&package)?;
    table::write(&found, &out)
}

fn find(package: &Path) -> Outcome<Found> {
    let root = fs::canonicalize(package.join("../.."))?;
    if let Some(named) = variable(DIST) {
        // Whoever names a folder wants it, so that there is no falling back on anything.
        let folder = root.join(named);
        if !dist::is_app(&folder) {
            return Err(format!("{DIST} names {}, which has no index.html", folder.display()).into());
        }
        tell("rerun-if-changed", folder.display())?;
        return Ok(Found { is_app: true, folder });
    }
    let made_by_hand = root.join("web/dist");
    if dist::is_app(&made_by_hand) {
        tell("rerun-if-changed", made_by_hand.display())?;
        if own::is_older_than_sources(&made_by_hand, &root)? {
            warn("web/dist is older than what it is made of, and embedded as it is: build it anew or remove it")?;
        }
        return Ok(Found { is_app: true, folder: made_by_hand });
    }
    if let Some(folder) = own::build(&root)? {
        return Ok(Found { is_app: true, folder });
    }
    let folder = package.join("stub");
    tell("rerun-if-changed", folder.display())?;
    Ok(Found { is_app: false, folder })
}

/// A variable, unless it is empty.
fn variable(name: &str) -> Option<std::ffi::OsString> {
    env::var_os(name).filter(|value| !value.is_empty())
}

/// Tells cargo something.
fn tell(what: &str, value: impl Display) -> Outcome<()> {
    Ok(writeln!(io::stdout(), "cargo::{what}={value}")?)
}

/// Tells whoever builds something, on one line.
fn warn(text: impl Display) -> Outcome<()> {
    tell("warning", text.to_string().replace(['\r', '\n'], " "))
}
