//! What can be said in the console.

use tidings_doors::darkchat::network::PeerName;

/// A verb and what it does, as `help` shows them.
pub(super) const HELP: &[(&str, &str)] = &[
    ("connect HOST PORT", "link with another server, and again whenever the link is lost"),
    ("forget NAME", "end the link with a server and do not call it again"),
    ("peers", "list the servers that are linked"),
    ("channels", "list the channels, and how many sessions are in each"),
    ("help", "list these verbs"),
    ("exit", "leave the console; the node goes on"),
];

/// Something that was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verb {
    Connect(PeerName),
    Forget(String),
    Peers,
    Channels,
    Help,
    Exit,
}

/// Characters of a verb that nobody knows which are said again.
const SHOWN_MAX: usize = 40;

/// Reads a line; words are divided by any blanks. `None` for an empty one; an error says how to ask.
pub(super) fn read(line: &str) -> Result<Option<Verb>, String> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let (verb, rest) = match words.split_first() {
        None => return Ok(None),
        Some((verb, rest)) => (*verb, rest),
    };
    let alone = |found: Verb| if rest.is_empty() { Ok(found) } else { Err(format!("{verb} stands alone")) };
    let found = match verb {
        "connect" => server(rest).map(Verb::Connect),
        "forget" => match rest {
            [name] => Ok(Verb::Forget((*name).to_owned())),
            _ => Err("forget NAME; `peers` lists the names".to_owned()),
        },
        "peers" => alone(Verb::Peers),
        "channels" => alone(Verb::Channels),
        "help" | "?" => Ok(Verb::Help),
        "exit" | "quit" => alone(Verb::Exit),
        _ => Err(format!("there is no verb {}; `help` lists all", verb.chars().take(SHOWN_MAX).collect::<String>())),
    };
    found.map(Some)
}

/// Takes `HOST PORT` or `HOST:PORT`, as people type them. An error says how.
pub(in crate::cmd) fn server<T: AsRef<str>>(words: &[T]) -> Result<PeerName, String> {
    let found = match words {
        [name] => PeerName::parse(name.as_ref()),
        [host, port] => port.as_ref().parse().ok().and_then(|port| PeerName::new(host.as_ref(), port)),
        _ => None,
    };
    found.ok_or_else(|| "connect HOST PORT, such as connect chat.example.org 30303".to_owned())
}

/// What the word that ends at the cursor could become: where it starts, and the candidates. `servers` gives known servers.
pub(super) fn complete(before: &str, servers: impl FnOnce(&str) -> Vec<String>) -> (usize, Vec<String>) {
    let start = before.rfind(char::is_whitespace).map_or(0, |at| at + 1);
    let word = before.get(start..).unwrap_or_default();
    let earlier: Vec<&str> = before.get(..start).unwrap_or_default().split_whitespace().collect();
    let candidates = match earlier.as_slice() {
        [] => HELP.iter().filter_map(|(form, _)| form.split(' ').next()).map(str::to_owned).collect(),
        [verb @ ("connect" | "forget")] => servers(verb),
        _ => Vec::new(),
    };
    (start, candidates.into_iter().filter(|candidate| candidate.starts_with(word)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blanks_do_not_matter() {
        let connect = read("  connect \t a.example   30303 ").unwrap();
        assert_eq!(connect, read("connect a.example:30303").unwrap());
        assert_eq!(connect, Some(Verb::Connect(PeerName::new("a.example", 30_303).unwrap())));
        assert_eq!(read("connect ::1 1").unwrap(), read("connect [::1]:1").unwrap());
        assert_eq!(read(" \t ").unwrap(), None);
        assert_eq!(read("exit ").unwrap(), Some(Verb::Exit));
    }

    #[test]
    fn mistakes_are_explained() {
        for (line, part) in [
            ("conect a 1", "help"),
            ("connect a", "HOST PORT"),
            ("connect a 0", "HOST PORT"),
            ("connect a 1 2", "HOST PORT"),
            ("forget", "forget NAME"),
            ("peers now", "alone"),
        ] {
            assert!(read(line).unwrap_err().contains(part), "{line}");
        }
    }

    #[test]
    fn verbs_and_servers_are_completed() {
        let servers = |_: &str| vec!["a.example:1".to_owned(), "b.example:2".to_owned()];
        assert_eq!(complete("co", servers), (0, vec!["connect".to_owned()]));
        assert_eq!(complete("", servers).1.len(), HELP.len());
        assert_eq!(complete("forget b", servers), (7, vec!["b.example:2".to_owned()]));
        assert_eq!(complete("connect  ", servers), (9, servers("")));
        assert_eq!(complete("peers ", servers).1, Vec::<String>::new());
        assert_eq!(complete("connect é", servers), (8, vec![]));
    }
}
