//! Settings as the program finds them.

use crate::process::{all_said, run, tidings};
use std::fs;

fn config(folder: &std::path::Path, arguments: &[&str]) -> serde_json::Value {
    let output = run(folder, ["config", "--json"].iter().chain(arguments));
    assert!(output.status.success(), "{}", all_said(&output));
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn every_value_is_shown_with_its_source() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(
        folder.path().join(".env"),
        "export ADMIN_MESSAGE=\"two\\nlines\" # hello\nPORT=8081\nAPI_PRIVATE_KEY='hush'\n",
    )
    .unwrap();
    fs::create_dir(folder.path().join("data")).unwrap();
    fs::write(folder.path().join("data/tidings.toml"), "listen = 9000\n[admin]\ndisplay-name = 'Zoë'\n").unwrap();
    let found = config(folder.path(), &["--data-dir", "data", "--push-ttl", "2d"]);
    assert_eq!(found["admin-message"]["value"], "two\nlines");
    assert_eq!(found["admin-message"]["from"], "ADMIN_MESSAGE in .env, line 1");
    assert_eq!(found["listen"]["value"], "8081");
    assert_eq!(found["listen"]["source"], "dotenv");
    assert_eq!(found["admin-display-name"]["value"], "Zoë");
    assert_eq!(found["admin-display-name"]["from"], "data/tidings.toml, line 3");
    assert_eq!(found["push-ttl"]["source"], "flag");
    assert_eq!(found["disk-reserve"]["source"], "default");
    assert_eq!(found["api-private-key"]["value"], "(set)");
    let table = run(folder.path(), ["config", "--data-dir", "data"]);
    assert!(all_said(&table).contains("Zoë") && !all_said(&table).contains("hush"), "{}", all_said(&table));
}

#[test]
fn the_data_folder_has_a_place_by_default() {
    let folder = tempfile::tempdir().unwrap();
    let place = |found: &serde_json::Value| found["data-dir"]["value"].as_str().unwrap().to_owned();
    let home = folder.path().display();
    assert_eq!(place(&config(folder.path(), &[])), format!("{home}/.local/share/tidings"));
    for (name, value, expected) in
        [("XDG_DATA_HOME", "/xdg", "/xdg/tidings"), ("STATE_DIRECTORY", "/var/lib/tidings", "/var/lib/tidings")]
    {
        let output = tidings(folder.path()).args(["config", "--json"]).env(name, value).output().unwrap();
        assert_eq!(place(&serde_json::from_slice(&output.stdout).unwrap()), expected);
    }
}

#[test]
fn unknown_names_and_wrong_values_end_with_2() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("my.toml"), "max-conections = 5\n").unwrap();
    for (arguments, variable, parts) in [
        (vec!["config", "--config", "my.toml"], None, vec!["my.toml, line 1", "did you mean max-connections?"]),
        (vec!["config", "--config", "none.toml"], None, vec!["none.toml: there is no such file"]),
        (vec!["config"], Some("TIDINGS_LISTENN"), vec!["TIDINGS_LISTENN in the environment", "TIDINGS_LISTEN?"]),
        (vec!["serve", "--disk-reserve", "1 ton"], None, vec!["disk-reserve (flag): \"1 ton\"", "such as 500MB"]),
        (vec!["serve", "--log-level", "noisy"], None, vec!["log-level (flag): \"noisy\"", "warn, info"]),
        (vec!["config", "--log-level", "info,loud"], None, vec!["log-level (flag)"]),
        (vec!["serve", "--disk-reserv", "1"], None, vec!["--disk-reserve"]),
    ] {
        let mut command = tidings(folder.path());
        command.args(&arguments).envs(variable.map(|name| (name, "1")));
        let output = command.output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {}", all_said(&output));
        for part in parts {
            assert!(all_said(&output).contains(part), "{arguments:?} must say {part:?}, but: {}", all_said(&output));
        }
    }
}
