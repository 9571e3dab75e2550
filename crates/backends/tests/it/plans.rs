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
