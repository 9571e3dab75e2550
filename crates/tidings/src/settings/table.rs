//! The table of settings: each is defined here, once, and nowhere else.

use super::Definition;
use super::definition::Section::{Admin, Door, Http, Keys, Limits, Node, Push, Tls, Watching};
use super::definition::{Take, setting};
use super::reading::{
    box_key, count, domain, https_url, log_format, log_level, path, public_url, push_contact, rate, secret, statistics,
    text,
};
use super::value::{duration, listen, network, number, size, some_duration};

/// Reads a value into a field.
macro_rules! one {
    ($read:expr, $($field:tt)+) => {
        Take::One(|settings, text| {
            settings.$($field)+ = $read(text)?;
            Ok(())
        })
    };
}

/// Reads a value into a field that may be empty.
macro_rules! optional {
    ($read:expr, $($field:tt)+) => {
        Take::Optional(|settings, text| {
            settings.$($field)+ = text.map($read).transpose()?;
            Ok(())
        })
    };
}

/// Reads any number of values into a field.
macro_rules! list {
    ($read:expr, $($field:tt)+) => {
        Take::List(|settings, texts| {
            settings.$($field)+ = texts.iter().map(|text| $read(text)).collect::<Result<_, String>>()?;
            Ok(())
        })
    };
}

macro_rules! switch {
    ($($field:tt)+) => {
        Take::Switch(|settings, on| settings.$($field)+ = on)
    };
}

const LETS_ENCRYPT: &str = "https://acme-v02.api.letsencrypt.org/directory";

/// All settings, in the order in which they are shown.
pub static TABLE: &[Definition] = &[
    setting(
        Node,
        "data-dir",
        "FOLDER",
        "",
        optional!(path, data_dir),
        "Where everything is kept. By default the state folder that systemd gives, else $XDG_DATA_HOME/tidings, else ~/.local/share/tidings",
    ),
    setting(
        Node,
        "database",
        "FILE",
        "",
        optional!(path, database),
        "The database; tidings.db in the data folder by default",
    )
    .like("DATABASE_PATH"),
    setting(
        Node,
        "blobs",
        "FOLDER",
        "",
        optional!(path, blobs),
        "Where larger attachments are kept; blobs in the data folder by default",
    )
    .like("PARCEL_ATTACHMENTS_UPLOAD_PATH"),
    setting(
        Node,
        "listen",
        "ADDRESS",
        "8080",
        list!(listen, listen),
        "Where to listen: ADDRESS:PORT, or a port alone for all addresses; may be given several times",
    )
    .like("PORT"),
    setting(
        Node,
        "public-url",
        "URL",
        "",
        optional!(public_url, public_url),
        "The address by which others reach this node, as in https://inbox.example.org",
    )
    .live(),
    setting(
        Node,
        "worker-threads",
        "COUNT",
        "",
        optional!(|text| number(text, 1, 64), worker_threads),
        "Threads that serve requests; one for each processor by default",
    ),
    setting(
        Admin,
        "admin-display-name",
        "NAME",
        "",
        optional!(text, admin_display_name),
        "The owner's name, shown to everybody",
    )
    .live()
    .like("ADMIN_DISPLAY_NAME"),
    setting(Admin, "admin-message", "TEXT", "", optional!(text, admin_message), "What the owner tells everybody")
        .live()
        .like("ADMIN_MESSAGE"),
    setting(
        Admin,
        "admin-privacy-policy-url",
        "URL",
        "",
        optional!(text, admin_privacy_policy_url),
        "Where the privacy policy is",
    )
    .live()
    .like("ADMIN_PRIVACY_POLICY_URL"),
    setting(
        Admin,
        "admin-key",
        "KEY",
        "",
        optional!(box_key, admin_key),
        "The user who may see all accounts: a public key in base64",
    )
    .live()
    .like("ADMIN_UUID"),
    setting(
        Door,
        "exchange-life",
        "SPAN",
        "10min",
        one!(some_duration, exchange_life),
        "How long a contact exchange between friends can be accepted",
    )
    .translated("CONTACT_EXCHANGE_TIME_TO_LIVE_IN_MIN", |minutes| format!("{minutes}min")),
    setting(
        Door,
        "invitation-life",
        "SPAN",
        "60min",
        one!(some_duration, invitation_life),
        "How long an invitation of the owner can be accepted",
    )
    .translated("CONTACT_EXCHANGE_TIME_TO_LIVE_IN_MIN", |minutes| format!("{minutes}min")),
    setting(
        Door,
        "create-invitation",
        "BOOL",
        "false",
        switch!(create_invitation),
        "Make an invitation at every start, not only while nobody has an account",
    )
    .translated("CREATE_SIGN_UP_INVITE", |text| (text != "false").to_string()),
    setting(
        Door,
        "signature-window",
        "SPAN",
        "1h",
        one!(some_duration, signature_window),
        "How far the time in a signature may be from this machine's",
    )
    .live(),
    setting(
        Door,
        "bind-nonces",
        "BOOL",
        "false",
        switch!(bind_nonces),
        "Refuse a signature that comes again from another address; trouble for phones that change networks",
    )
    .live(),
    setting(
        Door,
        "statistics",
        "MODE",
        "exact",
        one!(statistics, statistics),
        "What everybody may see of the node's numbers: exact, rounded or off",
    )
    .live(),
    setting(
        Push,
        "push-contact",
        "CONTACT",
        "",
        optional!(push_contact, push_contact),
        "Whom push services may write to: mailto:ADDRESS or an https address",
    )
    .like("PUSH_VAPID_CONTACT"),
    setting(
        Push,
        "push-ttl",
        "SPAN",
        "3d",
        one!(duration, push_ttl),
        "How long push services keep a notification for a phone that is off",
    )
    .live()
    .translated("PUSH_TIME_TO_LIVE_ON_SERVICE_IN_DAYS", |days| format!("{days}d")),
    setting(
        Push,
        "push-allow-loopback",
        "BOOL",
        "false",
        switch!(push_allow_loopback),
        "Send notifications to services on this machine, too; for tests only",
    ),
    setting(
        Keys,
        "api-private-key",
        "KEY",
        "",
        optional!(secret, keys.api_private),
        "The node's box key from a piqchat server, in base64",
    )
    .hidden()
    .like("API_PRIVATE_KEY"),
    setting(Keys, "api-public-key", "KEY", "", optional!(text, keys.api_public), "The public half; it must match")
        .like("API_PUBLIC_KEY"),
    setting(
        Keys,
        "vapid-private-key",
        "KEY",
        "",
        optional!(secret, keys.vapid_private),
        "The key for push notifications from a piqchat server, in base64url",
    )
    .hidden()
    .like("VAPID_PRIVATE_KEY"),
    setting(Keys, "vapid-public-key", "KEY", "", optional!(text, keys.vapid_public), "The public half; it must match")
        .like("VAPID_PUBLIC_KEY"),
    setting(
        Limits,
        "rate-address-burst",
        "COUNT",
        "3000",
        one!(rate, rates.address.burst),
        "Requests that one address may make at once",
    )
    .live(),
    setting(
        Limits,
        "rate-address-per-second",
        "COUNT",
        "300",
        one!(rate, rates.address.per_second),
        "Requests that one address may make each second in the long run",
    )
    .live(),
    setting(
        Limits,
        "rate-key-burst",
        "COUNT",
        "3000",
        one!(rate, rates.key.burst),
        "Signed requests that one key may make at once",
    )
    .live(),
    setting(
        Limits,
        "rate-key-per-second",
        "COUNT",
        "300",
        one!(rate, rates.key.per_second),
        "Signed requests that one key may make each second in the long run",
    )
    .live(),
    setting(
        Limits,
        "rate-guesses-burst",
        "COUNT",
        "300",
        one!(rate, rates.guesses.burst),
        "Failed signatures and unknown tokens that one address may send at once",
    )
    .live(),
    setting(
        Limits,
        "rate-guesses-per-second",
        "COUNT",
        "5",
        one!(rate, rates.guesses.per_second),
        "Failed signatures and unknown tokens that one address may send each second in the long run",
    )
    .live(),
    setting(
        Limits,
        "quota-inbox-parcels",
        "COUNT",
        "10000",
        one!(count, inbox.count),
        "Parcels that may wait in one inbox",
    ),
    setting(Limits, "quota-inbox-bytes", "SIZE", "2GiB", one!(size, inbox.bytes), "Bytes that may wait in one inbox"),
    setting(
        Limits,
        "quota-sender-parcels",
        "COUNT",
        "20000",
        one!(count, sender.count),
        "Parcels of one sender that may wait on this node",
    ),
    setting(
        Limits,
        "quota-sender-bytes",
        "SIZE",
        "4GiB",
        one!(size, sender.bytes),
        "Bytes of one sender that may wait on this node",
    ),
    setting(
        Limits,
        "transfers-per-key",
        "COUNT",
        "128",
        one!(|text| number(text, 1, 100_000), transfers_per_key),
        "Attachments that one key may send and fetch at the same time",
    )
    .live(),
    setting(
        Limits,
        "disk-reserve",
        "SIZE",
        "128MiB",
        one!(size, disk_reserve),
        "Room on the disk that is left alone: beyond it nothing is accepted; at least 16MiB",
    ),
    setting(
        Limits,
        "keep-parcels",
        "SPAN",
        "90d",
        one!(some_duration, keep_parcels),
        "How long a parcel waits for its recipient",
    ),
    setting(
        Limits,
        "keep-accounts",
        "SPAN",
        "365d",
        one!(some_duration, keep_accounts),
        "How long an account is kept whose owner does not come",
    ),
    setting(
        Limits,
        "keep-exchanges",
        "SPAN",
        "7d",
        one!(some_duration, keep_exchanges),
        "How long contact exchanges are kept",
    ),
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
    setting(
        Watching,
        "log-level",
        "LEVEL",
        "info",
        one!(log_level, log_level),
        "error, warn, info, debug or trace, also by part, as in info,tidings_doors=debug",
    )
    .live(),
    setting(
        Watching,
        "log-format",
        "FORMAT",
        "auto",
        one!(log_format, log_format),
        "text, json, or auto: text, in colours on a terminal",
    ),
    setting(
        Watching,
        "metrics",
        "BOOL",
        "true",
        switch!(metrics),
        "Count, and answer /metrics: to callers on this machine only, unless metrics-listen is given",
    ),
    setting(
        Watching,
        "metrics-listen",
        "ADDRESS",
        "",
        list!(listen, metrics_listen),
        "Addresses of their own for /metrics, open to whoever reaches them; the main port then has none",
    ),
];
