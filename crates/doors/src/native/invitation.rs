//! Links to this node for people who come by invitation, and the page to which they lead in a browser.

use axum::response::{Html, IntoResponse, Response};
use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, REFERRER_POLICY};
use tidings_core::Token;

/// The owner's invitation: it makes an account, and nobody's offer stands behind it (docs/protocol/contacts.md). `node` is
/// `scheme://host[:port]`. What follows `#` is not sent to servers.
pub fn invitation_link(node: &str, token: &Token) -> String {
    format!("{node}/i#1..{}", token.as_str())
}

/// What a browser shows. It has no script, so the link's secret stays where it is.
const PAGE: &str = "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content=\"width=device-width\">\
<title>An invitation</title>\
<style>body{font:1.1em/1.5 system-ui,sans-serif;max-width:34em;margin:4em auto;padding:0 1em}code{background:#8882;padding:.1em .3em}</style>\
<h1>An invitation</h1>\
<p>Somebody invites you to a private conversation with Tidings. The link is good once and for you alone, so don't pass it on.</p>\
<p>Copy the whole address of this page and give it to your Tidings client. In a terminal, if you are new:</p>\
<p><code>tidings login 'https://…'</code></p>\
<p>If you have an account already:</p>\
<p><code>tidings accept 'https://…'</code></p>";

/// `GET /i` and `GET /r`.
pub(super) async fn page() -> Response {
    let policy =
        "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
    let headers = [(CONTENT_SECURITY_POLICY, policy), (REFERRER_POLICY, "no-referrer"), (CACHE_CONTROL, "no-store")];
    (headers, Html(PAGE)).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_link_is_the_specifications() {
        let link = invitation_link("https://node.example", &Token::from_random([0; 16]));
        assert_eq!(link, "https://node.example/i#1..00000000-0000-4000-8000-000000000000");
    }
}
