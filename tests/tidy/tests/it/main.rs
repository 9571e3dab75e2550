//! The rules of the house: which way the arrows go, where heavy dependencies may be named, how long files and functions may be,
//! and that what the documents point to is there. Every test lists all that is wrong, with the place and the rule.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests may be blunt"
)]

mod arrows;
mod documents;
mod fences;
mod files;
mod order;
mod rust;
mod shape;

/// Fails with a list if anything is wrong.
fn assert_none(rule: &str, wrong: &[String]) {
    assert!(wrong.is_empty(), "{rule}\n{} places:\n  {}\n", wrong.len(), wrong.join("\n  "));
}
