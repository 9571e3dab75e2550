//! `deploy/tidings.toml` shows every setting, as the table of settings has it.

use std::fmt::Write as _;
use std::path::Path;
use tidings::settings::{Definition, Input, TABLE, parse};

const HEAD: &str = "\
# Every setting, with the value that is in force if nobody gives one. Take the # away from what you change.
# As /etc/tidings/tidings.toml or tidings.toml in the data folder it is found by itself, elsewhere by --config FILE.
# Flags and the environment (TIDINGS_LISTEN for listen) win over it. `tidings config` shows what is in force and where from;
# what is marked (live) is taken up by a running node on SIGHUP (`systemctl reload tidings`).
";

/// Columns of a comment.
const WIDTH: usize = 118;

fn rendered() -> String {
    let mut text = HEAD.to_owned();
    let mut section = None;
    for definition in TABLE {
        if section != Some(definition.section) {
            section = Some(definition.section);
            writeln!(text, "\n\n# {}", definition.section.title()).unwrap();
        }
        text.push('\n');
        let live = if definition.reload { " (live)" } else { "" };
        let secret = if definition.secret { " Better given by the environment than here." } else { "" };
        for line in wrapped(&format!("{}.{secret}{live}", definition.help)) {
            writeln!(text, "# {line}").unwrap();
        }
        writeln!(text, "#{} = {}", definition.name, value(definition)).unwrap();
    }
    text
}

fn wrapped(text: &str) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let line = lines.last_mut().unwrap();
        if !line.is_empty() && line.len() + word.len() >= WIDTH {
            lines.push(word.to_owned());
        } else {
            line.push_str(if line.is_empty() { "" } else { " " });
            line.push_str(word);
        }
    }
    lines
}

/// The default, or the placeholder for what has none.
fn value(definition: &Definition) -> String {
    let shown = if definition.default.is_empty() { definition.placeholder } else { definition.default };
    let plain = definition.is_switch() || shown.parse::<u64>().is_ok();
    let one = if plain { shown.to_owned() } else { format!("{shown:?}") };
    if definition.is_list() { format!("[{one}]") } else { one }
}

#[test]
fn the_example_shows_every_setting() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy/tidings.toml");
    let shipped = std::fs::read_to_string(&path).unwrap_or_default();
    if shipped != rendered() {
        let new = Path::new(env!("CARGO_TARGET_TMPDIR")).join("tidings.toml");
        std::fs::write(&new, rendered()).unwrap();
        panic!(
            "deploy/tidings.toml is not what the table of settings says; take over: cp {} deploy/tidings.toml",
            new.display()
        );
    }
}

#[test]
fn the_example_is_understood_with_its_defaults_uncommented() {
    let given = rendered().lines().filter_map(|line| line.strip_prefix('#')).fold(String::new(), |mut text, line| {
        let name = line.split(" = ").next().unwrap_or_default();
        if TABLE.iter().any(|definition| definition.name == name && !definition.default.is_empty()) {
            writeln!(text, "{line}").unwrap();
        }
        text
    });
    let file = Some((Path::new("tidings.toml"), given.as_str()));
    let found = parse(Input { file, ..Input::default() });
    assert!(found.is_ok(), "{}", found.err().map(|problems| problems.to_string()).unwrap_or_default());
}
