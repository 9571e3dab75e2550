//! How long things may be, and what must not stand anywhere.

use crate::files::{below, sources};
use crate::{assert_none, rust};

/// Lines of a source file at most.
const FILE_MAX: usize = 500;

/// Lines of a function at most, from its `fn` to its closing brace.
const FUNCTION_MAX: usize = 60;

/// Files that may be longer for now: path, lines, until when (year, month, day), why.
const LONG_FILES: &[(&str, usize, &str, &str)] = &[];

/// Names that say nothing about what is inside.
const EMPTY_NAMES: &[&str] = &["utils", "util", "common", "helpers", "helper", "misc"];

#[test]
fn files_have_one_subject() {
    let excused = |path: &str, lines| LONG_FILES.iter().any(|(long, max, ..)| *long == path && lines <= *max);
    let long: Vec<String> = sources()
        .iter()
        .map(|file| (file.text.lines().count(), &file.path))
        .filter(|(lines, path)| *lines > FILE_MAX && !excused(path, *lines))
        .map(|(lines, path)| format!("{path}: {lines} lines"))
        .collect();
    assert_none(&format!("A file of more than {FILE_MAX} lines: what are its two subjects?"), &long);
}

#[test]
fn exceptions_are_still_needed() {
    let files = sources();
    let needless: Vec<String> = LONG_FILES
        .iter()
        .filter(|(path, ..)| !files.iter().any(|file| file.path == *path && file.text.lines().count() > FILE_MAX))
        .map(|(path, ..)| (*path).to_owned())
        .collect();
    assert_none("An exception that is not needed any more.", &needless);
}

#[test]
fn functions_fit_on_a_page() {
    let mut long = Vec::new();
    for file in sources() {
        let functions = rust::functions(rust::tokens(&file));
        long.extend(functions.iter().filter(|function| function.lines > FUNCTION_MAX).map(|function| {
            format!("{}:{}: {} has {} lines", file.path, function.line, function.name, function.lines)
        }));
    }
    assert_none(&format!("A function of more than {FUNCTION_MAX} lines."), &long);
}

#[test]
fn names_say_what_is_inside() {
    let empty: Vec<String> = sources()
        .into_iter()
        .map(|file| file.path)
        .filter(|path| path.split('/').any(|part| EMPTY_NAMES.contains(&part.trim_end_matches(".rs"))))
        .collect();
    assert_none("A file whose name does not say what it does.", &empty);
}

#[test]
fn nothing_is_left_for_later() {
    // Written apart so that this file does not find itself.
    let marks = [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("to", "do!"), concat!("unimple", "mented!")];
    let mut found = Vec::new();
    for file in below("", &[".rs", ".mjs", ".ts", ".tsx", ".py", ".sql", ".toml", ".yaml", ".sh", ".md", "justfile"]) {
        for (line, text) in file.text.lines().enumerate() {
            if marks.iter().any(|mark| text.contains(mark)) {
                found.push(format!("{}:{}: {}", file.path, line + 1, text.trim()));
            }
        }
    }
    assert_none("A mark that something is left for later: do it, or file it.", &found);
}
