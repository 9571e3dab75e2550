//! URLs on nodes.

use crate::node_url::{authority, is_node_url};

/// What a request to a node is signed for: the `Host` header.
pub(crate) fn host(node: &str) -> &str {
    authority(node).unwrap_or_default()
}

/// The node and the path of a URL, if it is one on a node, without query or fragment.
pub(crate) fn split_url(url: &str) -> Option<(String, &str)> {
    let (scheme, rest) = url.split_once("://")?;
    let (authority, _) = rest.split_once('/')?;
    let (node, path) = url.split_at_checked(scheme.len() + 3 + authority.len())?;
    let clean = path.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'#' && byte != b'?');
    (clean && is_node_url(node)).then(|| (node.to_owned(), path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_split_if_it_is_one_on_a_node() {
        assert_eq!(split_url("https://a.org/v1/blobs/x"), Some(("https://a.org".into(), "/v1/blobs/x")));
        assert_eq!(host("https://a.org:9"), "a.org:9");
        for bad in [
            "https://a.org/v1/blobs/x?y",
            "https://A.org/v1",
            "http://a.org/v1",
            "https://a.org",
            "file:///x",
            "https://u@a.org/x",
        ] {
            assert_eq!(split_url(bad), None, "{bad}");
        }
    }
}
