//! What the documents point to is there.

use crate::assert_none;
use crate::files::{below, root};
use std::path::Path;

#[test]
fn links_lead_somewhere() {
    let mut broken = Vec::new();
    for file in below("", &[".md"]) {
        let folder = root().join(Path::new(&file.path).parent().unwrap());
        for (line, target) in links(&file.text) {
            if target.contains("://") || target.starts_with("mailto:") {
                continue;
            }
            let (path, anchor) = target.split_once('#').unwrap_or((&target, ""));
            let leads_to = if path.is_empty() { root().join(&file.path) } else { folder.join(path) };
            let found = leads_to.exists() && (anchor.is_empty() || has_heading(&leads_to, anchor));
            if !found {
                broken.push(format!("{}:{line}: {target}", file.path));
            }
        }
    }
    assert_none("A link in a document leads nowhere.", &broken);
}

#[test]
fn the_changelog_has_a_place_for_what_comes() {
    let text = std::fs::read_to_string(root().join("CHANGELOG.md")).expect("CHANGELOG.md");
    let headings = text.lines().filter_map(|line| line.strip_prefix("## "));
    assert!(
        headings.map(|heading| heading.trim_matches(['[', ']'])).any(|heading| heading == "Unreleased"),
        "CHANGELOG.md needs a section `## Unreleased`"
    );
}

#[test]
fn licences_are_there() {
    for name in ["LICENSE-MIT", "LICENSE-APACHE"] {
        assert!(root().join(name).exists(), "{name} is missing");
    }
}

/// The targets of `[text](target)` outside of code, with their lines.
fn links(text: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let mut fenced = false;
    for (number, line) in text.lines().enumerate() {
        fenced ^= line.trim_start().starts_with("```");
        if fenced {
            continue;
        }
        // Every second piece between back-ticks is code.
        let prose: String = line.split('`').step_by(2).collect::<Vec<_>>().join("code");
        for piece in prose.split("](").skip(1) {
            if let Some((target, _)) = piece.split_once(')') {
                found.push((number + 1, target.split(' ').next().unwrap_or_default().to_owned()));
            }
        }
    }
    found
}

/// Whether a document has the heading, by the name that its anchor gets: lower case, blanks as dashes, no punctuation.
fn has_heading(path: &Path, anchor: &str) -> bool {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    let headings = text.lines().filter(|line| line.starts_with('#')).map(|line| line.trim_start_matches('#').trim());
    headings.map(slug).any(|slug| slug == anchor)
}

fn slug(heading: &str) -> String {
    let kept = heading.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    kept.map(|c| if c == ' ' { '-' } else { c }).flat_map(char::to_lowercase).collect()
}
