//! Finds links in texts.

use std::ops::Range;

/// Links that are found in one text.
const MAX_LINKS: usize = 64;

/// The bytes of each `http://` or `https://` link.
pub(crate) fn find(text: &str) -> Vec<Range<usize>> {
    let mut links = Vec::new();
    let mut from = 0;
    while let Some(at) = text.get(from..).and_then(|rest| rest.find("http")).map(|at| from + at) {
        from = at + 4;
        let Some(rest) = text.get(at..) else { break };
        if !(rest.starts_with("http://") || rest.starts_with("https://")) || links.len() >= MAX_LINKS {
            continue;
        }
        let end =
            rest.find(|c: char| c.is_whitespace() || c.is_control() || "<>\"`{}|\\^".contains(c)).unwrap_or(rest.len());
        let link =
            rest.get(..end).unwrap_or_default().trim_end_matches(['.', ',', ';', ':', '!', '?', '\'', ')', ']', '…']);
        if link.split_once("://").is_some_and(|(_, host)| !host.is_empty()) {
            links.push(at..at + link.len());
            from = at + link.len();
        }
    }
    links
}

/// Whether a link is an invitation or a room of Tidings, to be accepted here rather than opened in a browser.
pub(crate) fn is_ours(link: &str) -> bool {
    link.contains("/i#1.") || link.contains("/r#1.")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn links(text: &str) -> Vec<&str> {
        find(text).into_iter().filter_map(|range| text.get(range)).collect()
    }

    #[test]
    fn links_end_where_they_end() {
        assert_eq!(
            links("see https://a.example/x?y=1, and (http://b.example)."),
            ["https://a.example/x?y=1", "http://b.example"]
        );
        assert_eq!(links("https:// http httpsx://a"), Vec::<&str>::new());
        assert_eq!(links("日本https://a.example/日本 "), ["https://a.example/日本"]);
        assert!(is_ours("https://n.example/i#1.abc"));
        assert!(!is_ours("https://n.example/info"));
    }
}
