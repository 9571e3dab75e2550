//! The app that is built on the way, by `scripts/build-web` into `target/web-app`, for all profiles together.

use crate::{Outcome, SWITCH, dist, tell, variable, warn};
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, SystemTime};

/// What in `web` the app is made of, beside its folders.
const SOURCES: [&str; 6] =
    ["index.html", "package.json", "package-lock.json", "tsconfig.json", "vite.config.ts", "vite.sw.config.ts"];

/// Folders of `web` that it is made of. Tests in them are not.
const FOLDERS: [&str; 2] = ["src", "public"];

/// What cargo tells a build script, and what it and clippy set for themselves. The script runs cargo for another machine and
/// with another profile, and must not build with these.
const OF_CARGO: [&str; 25] = [
    "CARGO",
    "CARGO_ENCODED_RUSTFLAGS",
    "CARGO_INCREMENTAL",
    "CARGO_MAKEFLAGS",
    "CARGO_TARGET_DIR",
    "CLIPPY_ARGS",
    "CLIPPY_CONF_DIR",
    "DEBUG",
    "HOST",
    "LD_LIBRARY_PATH",
    "MAKEFLAGS",
    "MFLAGS",
    "NUM_JOBS",
    "OPT_LEVEL",
    "OUT_DIR",
    "PROFILE",
    "RUSTC",
    "RUSTC_LINKER",
    "RUSTC_WORKSPACE_WRAPPER",
    "RUSTC_WRAPPER",
    "RUSTDOC",
    "RUSTDOCFLAGS",
    "RUSTFLAGS",
    "RUST_RECURSION_COUNT",
    "TARGET",
];

/// The same, by how their names begin.
const OF_CARGO_BY_PREFIX: [&str; 5] = ["CARGO_CFG_", "CARGO_FEATURE_", "CARGO_MANIFEST_", "CARGO_PKG_", "DEP_"];

/// Builds the app, if there is one to build and nobody has forbidden it. Gives the folder; none if it can't be built here, which
/// whoever builds is told.
pub(crate) fn build(root: &Path) -> Outcome<Option<PathBuf>> {
    if variable(SWITCH).is_some_and(|value| value == "off") || !can_be_built(root) {
        return Ok(None);
    }
    for source in sources(root)? {
        tell("rerun-if-changed", source.display())?;
    }
    let place = root.join("target/web-app");
    fs::create_dir_all(&place)?;
    let stamp = place.join("stamp");
    let stamped = stamp_time(&stamp)?;
    tell("rerun-if-changed", stamp.display())?;
    let built = run(root, &place)?;
    // What was built just now is no reason to look again at the next build; what a person builds by hand later is.
    File::options().append(true).open(&stamp)?.set_modified(stamped)?;
    let dist = place.join("dist");
    if built && dist::is_app(&dist) {
        return Ok(Some(dist));
    }
    warn(format!(
        "tidings is built without its web app: {} ({} has all of it). Run scripts/build-web once that is mended, or set {SWITCH}=off",
        reason(&place),
        place.join("log").display()
    ))?;
    Ok(None)
}

/// Whether an app that was built is older than something that it is made of.
pub(crate) fn is_older_than_sources(dist: &Path, root: &Path) -> Outcome<bool> {
    let built = fs::metadata(dist.join("index.html"))?.modified()?;
    Ok(sources(root)?
        .iter()
        .any(|path| fs::metadata(path).and_then(|found| found.modified()).is_ok_and(|at| at > built)))
}

/// Whether there is an app that can be built: a package with a script for it.
fn can_be_built(root: &Path) -> bool {
    let package = fs::read_to_string(root.join("web/package.json")).unwrap_or_default();
    package.contains("\"build\":") && root.join("scripts/build-web").is_file()
}

/// Each file by itself and no folder, so that tests beside them are no reason to build. A new file counts with the one that names it.
fn sources(root: &Path) -> io::Result<Vec<PathBuf>> {
    let web = root.join("web");
    let mut found: Vec<PathBuf> = SOURCES.iter().map(|name| web.join(name)).filter(|path| path.is_file()).collect();
    for folder in FOLDERS.iter().map(|name| web.join(name)).filter(|path| path.is_dir()) {
        collect(&folder, &mut found)?;
    }
    Ok(found)
}

fn collect(folder: &Path, found: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let is_test = path.file_name().is_some_and(|name| name.to_string_lossy().contains(".test."));
        if path.is_dir() {
            collect(&path, found)?;
        } else if !is_test {
            found.push(path);
        }
    }
    Ok(())
}

/// When the app was built by hand last; long ago if never. A missing file would have cargo look at each build.
fn stamp_time(stamp: &Path) -> io::Result<SystemTime> {
    if !stamp.exists() {
        File::create(stamp)?.set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(1))?;
    }
    fs::metadata(stamp)?.modified()
}

/// Runs the script, with what it says in `log`. Whether it worked; where there is no shell, it did not.
fn run(root: &Path, place: &Path) -> Outcome<bool> {
    let log = File::create(place.join("log"))?;
    let mut command = Command::new(root.join("scripts/build-web"));
    command.current_dir(root).stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if OF_CARGO.contains(&&*text) || OF_CARGO_BY_PREFIX.iter().any(|prefix| text.starts_with(prefix)) {
            command.env_remove(&name);
        }
    }
    Ok(command.status().is_ok_and(|status| status.success()))
}

/// The last thing that was said.
fn reason(place: &Path) -> String {
    let log = fs::read(place.join("log")).unwrap_or_default();
    let log = String::from_utf8_lossy(&log);
    let last = log.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("scripts/build-web can't be run");
    last.trim().to_owned()
}
