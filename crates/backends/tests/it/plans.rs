//! Every statement in the source finds its rows by an index.

use crate::sqlite::fresh;
use rusqlite::Connection;
use std::path::{Path, PathBuf};

/// What a statement says in a comment if it is meant to read a whole table.
const MEANT: &str = "/* the whole table";

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// The string literals that begin like a statement on rows.
fn statements(source: &str) -> Vec<String> {
    let verbs = ["SELECT ", "INSERT ", "UPDATE ", "DELETE ", "WITH "];
    let literals = source.split('"').skip(1).step_by(2);
    literals.filter(|text| verbs.iter().any(|verb| text.starts_with(verb))).map(str::to_owned).collect()
}

fn scans(conn: &Connection, sql: &str) -> Vec<String> {
    let mut explain =
        conn.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap_or_else(|error| panic!("{sql}: {error}"));
    for number in 1..=explain.parameter_count() {
        explain.raw_bind_parameter(number, 0).unwrap();
    }
    let mut rows = explain.raw_query();
    let mut found = Vec::new();
    while let Some(row) = rows.next().unwrap() {
        let step: String = row.get(3).unwrap();
        let costly = step.contains("SCAN") || step.contains("TEMP B-TREE");
        if costly && !sql.contains("FROM sqlite_schema") {
            found.push(step);
        }
    }
    found
}

#[tokio::test]
async fn no_statement_scans_a_table() {
    let (store, folder) = fresh();
    store.close().await.unwrap();
    let conn = Connection::open(folder.path().join("tidings.db")).unwrap();
    let mut files = Vec::new();
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut files);
    let (mut seen, mut findings) = (0, Vec::new());
    for file in files {
        let source = std::fs::read_to_string(&file).unwrap();
        assert!(
            !source.contains("(r\"") && !source.contains("r#\""),
            "raw strings would hide statements from this test"
        );
        for sql in statements(&source) {
            seen += 1;
            let scans = scans(&conn, &sql);
            if !scans.is_empty() && !sql.contains(MEANT) {
                findings.push(format!("{}: {sql}: {scans:?}", file.display()));
            }
        }
    }
    assert!(seen > 50, "only {seen} statements were found");
    assert!(findings.is_empty(), "{}", findings.join("\n"));
}

/// The steps of a statement as (name, first operand, second operand).
fn steps(conn: &Connection, sql: &str) -> Vec<(String, i64, i64)> {
    let mut explain = conn.prepare(&format!("EXPLAIN {sql}")).unwrap();
    let mut rows = explain.raw_query();
    let mut steps = Vec::new();
    while let Some(row) = rows.next().unwrap() {
        steps.push((row.get(1).unwrap(), row.get(2).unwrap(), row.get(3).unwrap()));
    }
    steps
}

#[tokio::test]
async fn what_is_counted_or_passed_over_in_a_room_is_not_read() {
    let (store, folder) = fresh();
    store.close().await.unwrap();
    let conn = Connection::open(folder.path().join("tidings.db")).unwrap();
    let root = "SELECT rootpage FROM sqlite_schema WHERE name = 'envelopes'";
    let root: i64 = conn.query_row(root, [], |row| row.get(0)).unwrap();
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/sqlite/history.rs");
    let source = std::fs::read_to_string(source).unwrap();
    let mut seen = 0;
    for sql in statements(&source).iter().filter(|sql| sql.contains("place >> 32 = ?1")) {
        seen += 1;
        let steps = steps(&conn, sql);
        let table = steps.iter().find(|(name, _, page)| name == "OpenRead" && *page == root).map(|step| step.1);
        // Up to here it is passed over.
        let until = steps.iter().position(|(name, ..)| name == "IfPos").unwrap_or(steps.len());
        let reads = |(name, cursor, _): &&(String, i64, i64)| name == "Column" && Some(*cursor) == table;
        assert_eq!(steps[..until].iter().find(reads), None, "{sql}");
    }
    assert!(seen >= 5, "only {seen} statements were found");
}
