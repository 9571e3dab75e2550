//! Results of any shape, as a table for people or as JSON for scripts.

use std::collections::BTreeMap;
use std::io::{self, Write};

use serde_json::{Map, Value};

/// One figure: its name for scripts, its title for people, and how many decimals people get.
pub(crate) struct Cell {
    key: &'static str,
    title: &'static str,
    value: Option<f64>,
    decimals: usize,
}

impl Cell {
    /// A figure, if there is one.
    pub(crate) fn new(key: &'static str, title: &'static str, value: impl Into<Option<f64>>, decimals: usize) -> Self {
        Self { key, title, value: value.into(), decimals }
    }

    /// A count.
    pub(crate) fn count(key: &'static str, title: &'static str, value: u64) -> Self {
        Self::new(key, title, value as f64, 0)
    }

    fn text(&self) -> String {
        self.value.map_or("–".to_owned(), |value| format!("{value:.*}", self.decimals))
    }
}

/// One line of a table; all of a table have the same cells.
pub(crate) struct Row {
    /// What was measured.
    pub(crate) what: String,
    /// The figures.
    pub(crate) cells: Vec<Cell>,
    /// Sentences to be said below.
    pub(crate) notes: Vec<String>,
    /// What went wrong, and how often.
    pub(crate) complaints: BTreeMap<String, u64>,
}

/// Writes a markdown table and, below it, notes and what went wrong.
pub(crate) fn table(out: &mut impl Write, rows: &[Row]) -> io::Result<()> {
    let Some(first) = rows.first() else { return Ok(()) };
    let titles: Vec<&str> = first.cells.iter().map(|cell| cell.title).collect();
    writeln!(out, "| what | {} |\n|---|{}", titles.join(" | "), "---:|".repeat(titles.len()))?;
    for row in rows {
        let cells: Vec<String> = row.cells.iter().map(Cell::text).collect();
        writeln!(out, "| {} | {} |", row.what, cells.join(" | "))?;
    }
    for note in rows.iter().flat_map(|row| &row.notes) {
        writeln!(out, "\n{note}")?;
    }
    for row in rows.iter().filter(|row| !row.complaints.is_empty()) {
        writeln!(out, "\nErrors of {}:\n", row.what)?;
        for (complaint, count) in &row.complaints {
            writeln!(out, "- {count} times: {complaint}")?;
        }
    }
    Ok(())
}

/// The same as one JSON array.
pub(crate) fn json(out: &mut impl Write, rows: &[Row]) -> io::Result<()> {
    let rows = rows.iter().map(|row| {
        let mut object = Map::new();
        object.insert("what".to_owned(), row.what.clone().into());
        object.extend(row.cells.iter().map(|cell| (cell.key.to_owned(), cell.value.into())));
        object.insert("notes".to_owned(), row.notes.clone().into());
        let complaints = row.complaints.iter().map(|(what, count)| (what.clone(), (*count).into()));
        object.insert("errors".to_owned(), Value::Object(complaints.collect()));
        Value::Object(object)
    });
    writeln!(out, "{}", Value::Array(rows.collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows() -> [Row; 1] {
        let cells = vec![Cell::new("rate", "deliveries/s", 12.345, 1), Cell::new("p50", "p50 ms", None, 2)];
        let complaints = [("no".to_owned(), 3)].into();
        [Row { what: "flood".to_owned(), cells, notes: vec!["A note.".to_owned()], complaints }]
    }

    #[test]
    fn writes_a_table() {
        let mut out = Vec::new();
        table(&mut out, &rows()).unwrap();
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "| what | deliveries/s | p50 ms |\n|---|---:|---:|\n| flood | 12.3 | – |\n\nA note.\n\nErrors of flood:\n\n\
             - 3 times: no\n"
        );
    }

    #[test]
    fn writes_json() {
        let mut out = Vec::new();
        json(&mut out, &rows()).unwrap();
        let value: Value = serde_json::from_slice(&out).unwrap();
        assert_eq!(value.pointer("/0/rate"), Some(&12.345.into()));
        assert_eq!((value.pointer("/0/p50"), value.pointer("/0/errors/no")), (Some(&Value::Null), Some(&3.into())));
    }
}
