//! Commands beside `serve`.

use crate::process::{all_said, run};

#[test]
fn help_completions_and_the_manual_are_printed() {
    let folder = tempfile::tempdir().unwrap();
    for (arguments, parts) in [
        (vec!["--help"], vec!["Exit codes:", "tidings invite", "To talk:", "To run a node:"]),
        (vec!["send", "--help"], vec!["Examples:", "--once", "TIDINGS_PROFILE"]),
        (vec!["serve", "--help"], vec!["--listen", "TIDINGS_LISTEN", "PORT", "[default: 128MiB]", "SIGHUP"]),
        (vec!["completions", "bash"], vec!["_tidings", "--data-dir", "--as-file"]),
        (vec!["man"], vec![".TH tidings"]),
        (vec!["man", "serve"], vec![".TH tidings-serve", "TIDINGS_LISTEN"]),
        (vec!["man", "receive"], vec![".TH tidings-receive", "follow"]),
        (vec!["version"], vec![env!("CARGO_PKG_VERSION")]),
        (vec!["version", "--json"], vec!["\"version\":"]),
    ] {
        let output = run(folder.path(), &arguments);
        assert!(output.status.success() && output.stderr.is_empty(), "{arguments:?}: {}", all_said(&output));
        for part in parts {
            assert!(all_said(&output).contains(part), "{arguments:?} must say {part}: {}", all_said(&output));
        }
    }
    assert_eq!(run(folder.path(), ["nonsense"]).status.code(), Some(2));
}
