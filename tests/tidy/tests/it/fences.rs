//! Where heavy dependencies, SQL and the outside world may be named.

use crate::files::{File, sources};
use crate::{assert_none, rust};

/// Crates that may be named below the given paths only.
const FENCES: &[Fence] = &[
    Fence {
        what: "SQLite",
        names: &["rusqlite", "libsqlite3_sys"],
        // The import reads another program's database; the terminal client has a store of its own.
        within: &["crates/backends/src/sqlite/", "crates/tidings/src/cmd/import", "crates/terminal/src/store/"],
    },
    Fence {
        what: "PostgreSQL, NATS and object stores",
        names: &["tokio_postgres", "deadpool_postgres", "async_nats", "object_store"],
        within: &["crates/backends/src/"],
    },
    Fence {
        what: "HTTP",
        names: &["axum", "hyper", "hyper_util", "http", "http_body", "http_body_util", "multer", "tower", "reqwest"],
        within: &["crates/doors/src/", "crates/tidings/src/", "crates/terminal/src/driver/"],
    },
    Fence { what: "libp2p", names: &["libp2p"], within: &["crates/mesh/src/net.rs"] },
    Fence {
        what: "MLS",
        names: &[
            "openmls",
            "openmls_traits",
            "openmls_rust_crypto",
            "openmls_basic_credential",
            "openmls_memory_storage",
        ],
        within: &["crates/mls/src/"],
    },
];

/// What the rules must not touch: core has no input, output, clock, randomness or run time; the client's core neither.
const OUTSIDE: &[&str] = &["tokio", "rand", "tracing", "metrics", "rustix", "tempfile"];
const OUTSIDE_STD: &[&str] = &["fs", "env", "process", "thread", "io"];
/// What is no source of randomness, but says what a source that is given must be able to do.
const TRAITS_OF_RANDOMNESS: &[&str] = &["Rng;", "rand_core::{TryCryptoRng, TryRng};"];

/// How statements of SQL begin.
const SQL: &[&str] = &[
    "SELECT ",
    "INSERT INTO ",
    "INSERT OR ",
    "UPDATE ",
    "DELETE FROM ",
    "CREATE TABLE ",
    "CREATE INDEX ",
    "DROP ",
    "PRAGMA ",
    "BEGIN",
    "COMMIT",
    "VACUUM",
];

/// Files that may do what they should not, for now: path, since when, and what is to be done.
const EXCEPTIONS: &[(&str, &str, &str)] = &[];

fn excused(path: &str) -> bool {
    EXCEPTIONS.iter().any(|(excused, ..)| *excused == path)
}

struct Fence {
    what: &'static str,
    names: &'static [&'static str],
    within: &'static [&'static str],
}

fn shipped(file: &File) -> Vec<rust::Name> {
    rust::names(rust::without_tests(rust::tokens(file)))
}

/// Whether the name is that of a crate and not of a module or a variable: `use name`, `name::` or `::name`, by the line's text.
fn names_a_crate(file: &File, name: &rust::Name) -> bool {
    let line = file.text.lines().nth(name.line - 1).unwrap_or_default();
    let before_colons = format!("{}::", name.text);
    let inner = ["crate::", "super::", "self::"].iter().any(|own| line.contains(&format!("{own}{}", name.text)));
    let begins = line
        .find(&before_colons)
        .is_some_and(|at| !line[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == ':'));
    !inner
        && (begins || line.contains(&format!("use {};", name.text)) || line.contains(&format!("use {} as", name.text)))
}

#[test]
fn heavy_dependencies_stay_within_their_fences() {
    let mut wrong = Vec::new();
    for file in sources().iter().filter(|file| !file.is_unit_tests()) {
        for name in shipped(file) {
            let fenced = FENCES.iter().find(|fence| fence.names.contains(&name.text.as_str()));
            let Some(fence) = fenced.filter(|fence| !fence.within.iter().any(|path| file.path.starts_with(path)))
            else {
                continue;
            };
            if names_a_crate(file, &name) && !excused(&file.path) {
                wrong.push(format!(
                    "{}:{}: {} ({}) belongs into {:?}",
                    file.path, name.line, name.text, fence.what, fence.within
                ));
            }
        }
    }
    assert_none("A dependency is named outside its fence.", &wrong);
}

#[test]
fn exceptions_are_still_needed() {
    let files = sources();
    let needed = |path: &str| {
        let named = |file: &File| shipped(file).iter().any(|name| name.text == "rusqlite" && names_a_crate(file, name));
        files.iter().any(|file| file.path == path && named(file))
    };
    let needless: Vec<String> =
        EXCEPTIONS.iter().filter(|(path, ..)| !needed(path)).map(|(path, ..)| (*path).to_owned()).collect();
    assert_none("An exception that is not needed any more.", &needless);
}

#[test]
fn core_and_client_touch_nothing_outside() {
    let mut wrong = Vec::new();
    let pure = |file: &&File| ["crates/core/src/", "crates/client/src/"].iter().any(|path| file.path.starts_with(path));
    let given = |file: &File, line: &str| {
        let of = line.trim().strip_prefix("use rand::");
        file.path.starts_with("crates/client/") && of.is_some_and(|of| TRAITS_OF_RANDOMNESS.contains(&of))
    };
    // The vectors are files, which tests read and write.
    let tests = |file: &File| file.is_unit_tests() || file.path.starts_with("crates/client/src/vectors/");
    for file in sources().iter().filter(pure).filter(|file| !tests(file)) {
        for name in shipped(file) {
            let line = file.text.lines().nth(name.line - 1).unwrap_or_default();
            let of_std = OUTSIDE_STD.contains(&name.text.as_str()) && line.contains(&format!("std::{}", name.text));
            let of_others = OUTSIDE.contains(&name.text.as_str()) && names_a_crate(file, &name) && !given(file, line);
            if of_std || of_others {
                wrong.push(format!("{}:{}: {}", file.path, name.line, name.text));
            }
        }
    }
    assert_none("Time, randomness, files, threads and logs are no business of core and client.", &wrong);
}

#[test]
fn sql_is_written_where_databases_are() {
    let mut wrong = Vec::new();
    let allowed = ["crates/backends/", "crates/tidings/src/cmd/import", "crates/terminal/src/store/"];
    let elsewhere = |file: &&File| !file.is_unit_tests() && !allowed.iter().any(|path| file.path.starts_with(path));
    for file in sources().iter().filter(elsewhere) {
        for text in rust::texts(rust::without_tests(rust::tokens(file))) {
            let bare = text.text.trim_start_matches(['r', '#', '"', '\n', ' ']);
            if !excused(&file.path) && SQL.iter().any(|begin| bare.starts_with(begin)) {
                wrong.push(format!("{}:{}: {}", file.path, text.line, bare.lines().next().unwrap_or_default()));
            }
        }
    }
    assert_none("SQL outside backends and the terminal client's store.", &wrong);
}
