//! The door for inboxes: invitations and signatures, notifications, keys that come from outside.

use super::take::{one, optional, switch};
use crate::settings::Definition;
use crate::settings::definition::Section::{Door, Keys, Push};
use crate::settings::definition::setting;
use crate::settings::reading::{push_contact, secret, statistics, text};
use crate::settings::value::{duration, some_duration};

pub(super) const DOOR: &[Definition] = &[
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
];

pub(super) const PUSH: &[Definition] = &[
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
];

pub(super) const KEYS: &[Definition] = &[
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
];
