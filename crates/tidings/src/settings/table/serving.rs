//! TLS and HTTP.

use super::take::{list, one, optional};
use crate::settings::Definition;
use crate::settings::definition::Section::{Http, Tls};
use crate::settings::definition::setting;
use crate::settings::reading::{domain, https_url, path, push_contact};
use crate::settings::value::{listen, network, number, some_duration};

const LETS_ENCRYPT: &str = "https://acme-v02.api.letsencrypt.org/directory";

pub(super) const TLS: &[Definition] = &[
    setting(
        Tls,
        "tls-cert",
        "FILE",
        "",
        optional!(path, tls_cert),
        "The certificate and its chain, in PEM; with it the node speaks TLS",
    )
    .live(),
    setting(Tls, "tls-key", "FILE", "", optional!(path, tls_key), "The certificate's private key, in PEM").live(),
    setting(
        Tls,
        "acme-domains",
        "NAME",
        "",
        list!(domain, acme_domains),
        "Names to get certificates for; giving them means agreeing to the authority's terms",
    ),
    setting(
        Tls,
        "acme-contact",
        "CONTACT",
        "",
        optional!(push_contact, acme_contact),
        "Whom the authority may write to: mailto:ADDRESS",
    ),
    setting(Tls, "acme-directory", "URL", LETS_ENCRYPT, one!(https_url, acme_directory), "The authority's directory"),
    setting(
        Tls,
        "acme-ca-file",
        "FILE",
        "",
        optional!(path, acme_ca_file),
        "The root certificate of the authority's own server, in PEM, if it is a private one",
    ),
    setting(
        Tls,
        "acme-http-listen",
        "ADDRESS",
        "",
        list!(listen, acme_http_listen),
        "Where to answer HTTP-01 challenges, usually port 80; without it challenges come over TLS on the node's own port",
    ),
];

pub(super) const HTTP: &[Definition] = &[
    setting(
        Http,
        "trusted-proxies",
        "NETWORK",
        "",
        list!(network, trusted_proxies),
        "Proxies whose X-Forwarded-For is believed: addresses or networks",
    )
    .live(),
    setting(
        Http,
        "max-connections",
        "COUNT",
        "4096",
        one!(|text| number(text, 1, 1_000_000), max_connections),
        "Open connections at most",
    ),
    setting(
        Http,
        "header-timeout",
        "SPAN",
        "60s",
        one!(some_duration, header_timeout),
        "How long a client may take for the headers of a request, or leave a connection idle",
    )
    .live(),
    setting(
        Http,
        "request-timeout",
        "SPAN",
        "300s",
        one!(some_duration, request_timeout),
        "How long a whole request may take",
    )
    .live(),
    setting(
        Http,
        "upload-stall",
        "SPAN",
        "30s",
        one!(some_duration, upload_stall),
        "How long an upload may go without a byte",
    )
    .live(),
    setting(
        Http,
        "stall-timeout",
        "SPAN",
        "60s",
        one!(some_duration, stall_timeout),
        "How long a client may let an answer stand unread",
    )
    .live(),
];
