//! Things that must be complete and in order: migrations, integration tests, lints.

use crate::assert_none;
use crate::files::{below, crates, root};
use std::collections::BTreeMap;

#[test]
fn migrations_are_numbered_without_gaps_and_all_are_run_in_order() {
    let mut folders: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for file in below("crates/backends/src", &[".sql"]) {
        let (folder, name) = file.path.rsplit_once('/').unwrap();
        folders.entry(folder.to_owned()).or_default().push(name.to_owned());
    }
    assert!(!folders.is_empty(), "no migrations at all");
    for (folder, names) in folders {
        for (index, name) in names.iter().enumerate() {
            assert!(name.starts_with(&format!("{:04}_", index + 1)), "{folder}/{name}: expected number {}", index + 1);
        }
        let backend = folder.strip_suffix("/migrations").expect("SQL stands in a folder named migrations");
        let code: String = below(backend, &[".rs"]).into_iter().map(|file| file.text).collect();
        let places: Vec<usize> = names
            .iter()
            .map(|name| {
                code.find(&format!("migrations/{name}\"")).unwrap_or_else(|| panic!("{folder}/{name} is never run"))
            })
            .collect();
        assert!(places.is_sorted(), "{folder}: listed in another order than numbered");
    }
}

#[test]
fn every_crate_has_one_integration_binary_at_most() {
    let mut wrong = Vec::new();
    for name in crates() {
        let folder = format!("crates/{name}/tests");
        let Ok(entries) = std::fs::read_dir(root().join(&folder)) else { continue };
        for entry in entries {
            let file_name = entry.unwrap().file_name().to_string_lossy().into_owned();
            if file_name != "it" {
                wrong.push(format!("{folder}/{file_name}"));
            }
        }
        if !root().join(&folder).join("it/main.rs").exists() {
            wrong.push(format!("{folder}/it/main.rs is missing"));
        }
    }
    assert_none("Each further test binary costs a link: tests are modules of tests/it/main.rs.", &wrong);
}

#[test]
fn every_crate_takes_the_lints_of_the_workspace() {
    let mut wrong = Vec::new();
    for file in below("", &["Cargo.toml"]).iter().filter(|file| !file.path.starts_with("fuzz/")) {
        let manifest: toml::Table = file.text.parse().unwrap();
        let lints = manifest.get("lints").and_then(|lints| lints.get("workspace")).and_then(toml::Value::as_bool);
        if manifest.contains_key("package") && lints != Some(true) {
            wrong.push(file.path.clone());
        }
    }
    assert_none("A crate without `[lints] workspace = true`.", &wrong);
}
