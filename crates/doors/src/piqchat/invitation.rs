//! Invitation links (wire/piqchat.md, section 5.1).

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use tidings_core::Token;

/// The web app that opens these links.
pub const WEB_APP: &str = "https://piqchat.net/";

/// What the web app replaces by the host that the person types.
pub const PLACEHOLDER_HOST: &str = "input_inbox_server_host";

/// What form encoding leaves as it is, beside letters and digits.
const FORM: &AsciiSet = &NON_ALPHANUMERIC.remove(b'*').remove(b'-').remove(b'.').remove(b'_');

/// The link that brings a first account: everything behind `#` stays in the browser. Without a public name, the app asks the
/// person for the node's host.
pub fn invitation_link(public_name: Option<&str>, token: &Token) -> String {
    let accept = accept_url(public_name.unwrap_or(PLACEHOLDER_HOST), token);
    format!("{WEB_APP}#?exchange-url={}&exchange-key=", utf8_percent_encode(&accept, FORM))
}

/// Where an exchange is accepted.
pub(super) fn accept_url(host: &str, token: &Token) -> String {
    format!("https://{host}/api/contact-exchange/{}/accept", token.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_link_is_the_references() {
        let token = Token::from_random([0; 16]);
        let link = |name| invitation_link(name, &token);
        assert_eq!(
            link(None),
            "https://piqchat.net/#?exchange-url=https%3A%2F%2Finput_inbox_server_host%2Fapi%2Fcontact-exchange%2F\
             00000000-0000-4000-8000-000000000000%2Faccept&exchange-key="
        );
        assert!(link(Some("a.example:8443")).contains("https%3A%2F%2Fa.example%3A8443%2Fapi"));
    }
}
