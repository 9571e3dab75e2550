//! Which crate and which door may know which: arrows go down only (ARCHITECTURE.md).

use crate::files::{self, below, crates};
use crate::{assert_none, rust};
use toml::{Table, Value};

/// For each crate the ones it may stand on. `tests`: those that only its tests may use.
const ARROWS: &[Arrow] = &[
    Arrow { from: "core", to: &[], tests: &[] },
    Arrow { from: "wire", to: &["core"], tests: &[] },
    Arrow { from: "engine", to: &["core"], tests: &["backends"] },
    Arrow { from: "backends", to: &["core"], tests: &[] },
    Arrow { from: "mesh", to: &["core", "engine"], tests: &["backends"] },
    // What is embedded is data: the door serves it, the terminal compares it with what a node serves.
    Arrow { from: "web-app", to: &[], tests: &[] },
    Arrow { from: "doors", to: &["core", "engine", "wire", "web-app"], tests: &["backends"] },
    Arrow { from: "mls", to: &[], tests: &[] },
    Arrow { from: "client", to: &["core", "wire", "mls"], tests: &[] },
    Arrow { from: "terminal", to: &["client", "wire", "web-app"], tests: &[] },
    Arrow { from: "web-core", to: &["client", "wire", "mls"], tests: &[] },
    Arrow {
        from: "tidings",
        to: &["core", "wire", "engine", "backends", "mesh", "doors", "client", "terminal"],
        tests: &[],
    },
];

/// Each a protocol of its own that knows no other.
const DOORS: &[&str] = &["piqchat", "denetwork", "darkchat", "native", "indieweb", "webapp"];

/// Pieces that doors share. They know no door.
const SHARED: &[&str] = &["census", "http", "outbound", "socketio", "webpush", "websocket"];

struct Arrow {
    from: &'static str,
    to: &'static [&'static str],
    tests: &'static [&'static str],
}

fn manifest(path: &str) -> Table {
    std::fs::read_to_string(files::root().join(path)).unwrap().parse().unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The crates of the house in a table of dependencies, by the names of their folders.
fn of_the_house(manifest: &Table, table: &str) -> Vec<String> {
    let names = manifest.get(table).and_then(Value::as_table).into_iter().flatten().map(|(name, _)| name);
    names
        .filter_map(|name| {
            if name == "tidings" { Some(name.clone()) } else { name.strip_prefix("tidings-").map(str::to_owned) }
        })
        .collect()
}

#[test]
fn every_crate_stands_on_lower_ones_only() {
    let mut wrong = Vec::new();
    for name in crates() {
        let path = format!("crates/{name}/Cargo.toml");
        let Some(arrow) = ARROWS.iter().find(|arrow| arrow.from == name) else {
            wrong.push(format!("{path}: a new crate; say in {} what it may stand on", file!()));
            continue;
        };
        let manifest = manifest(&path);
        let targets = manifest.get("target").and_then(Value::as_table).into_iter().flat_map(Table::values);
        let all: Vec<_> = std::iter::once(&manifest).chain(targets.filter_map(Value::as_table)).collect();
        for (table, tests_too) in [("dependencies", false), ("build-dependencies", false), ("dev-dependencies", true)] {
            for to in all.iter().flat_map(|one| of_the_house(one, table)) {
                let allowed = arrow.to.contains(&to.as_str()) || (tests_too && arrow.tests.contains(&to.as_str()));
                if !allowed {
                    wrong.push(format!("{path}: {table} name tidings-{to}"));
                }
            }
        }
    }
    assert_none(
        "An arrow that points up or sideways: tidings → doors, mesh → engine → core; backends, wire, client → core.",
        &wrong,
    );
}

#[test]
fn shipped_code_names_lower_crates_only() {
    let mut wrong = Vec::new();
    for arrow in ARROWS {
        for file in below(&format!("crates/{}/src", arrow.from), &[".rs"]).iter().filter(|file| !file.is_unit_tests()) {
            for name in rust::names(rust::without_tests(rust::tokens(file))) {
                let Some(to) = name.text.strip_prefix("tidings_") else { continue };
                let is_crate = ARROWS.iter().any(|arrow| arrow.from == to);
                if is_crate && to != arrow.from && !arrow.to.contains(&to) {
                    wrong.push(format!("{}:{}: names {}", file.path, name.line, name.text));
                }
            }
        }
    }
    assert_none("Code that names a crate above it or beside it.", &wrong);
}

#[test]
fn doors_do_not_know_each_other() {
    let mut wrong = Vec::new();
    for file in below("crates/doors/src", &[".rs"]) {
        let inside = file.path.strip_prefix("crates/doors/src/").unwrap().trim_end_matches(".rs");
        let modules: Vec<&str> = inside.split('/').filter(|module| *module != "mod" && *module != "lib").collect();
        let Some(&own) = modules.first() else { continue };
        if !DOORS.contains(&own) && !SHARED.contains(&own) {
            wrong.push(format!("{}: neither a door nor a shared piece that {} lists", file.path, file!()));
        }
        for name in rust::root_modules(rust::tokens(&file), modules.len()) {
            if DOORS.contains(&name.text.as_str()) && name.text != own {
                wrong.push(format!("{}:{}: names the door {}", file.path, name.line, name.text));
            }
        }
    }
    assert_none("A door, or a piece that doors share, knows a door.", &wrong);
}
