//! The door for Tidings' own clients.

use super::take::{list, one, switch};
use crate::settings::Definition;
use crate::settings::definition::Section::Native;
use crate::settings::definition::setting;
use crate::settings::reading::port;
use crate::settings::value::{number, size, some_duration};

pub(super) const NATIVE: &[Definition] = &[
    setting(
        Native,
        "open-registration",
        "BOOL",
        "false",
        switch!(native.open_registration),
        "Let anybody make an account, without an invitation",
    )
    .live(),
    setting(
        Native,
        "heartbeat",
        "SPAN",
        "45s",
        one!(some_duration, native.heartbeat),
        "How often a live connection is pinged; it ends when nothing came for two of these",
    )
    .live(),
    setting(
        Native,
        "device-connections",
        "COUNT",
        "8",
        one!(|text| number(text, 1, 1000), native.connections_per_device),
        "Live connections on which one device may follow its inbox",
    )
    .live(),
    setting(
        Native,
        "account-blob-bytes",
        "SIZE",
        "4GiB",
        one!(size, native.blob_bytes),
        "The most that the files of one account may take",
    ),
    setting(
        Native,
        "keep-entries",
        "SPAN",
        "90d",
        one!(some_duration, native.keep_entries),
        "How long an entry of a conversation that has its hub here is kept",
    ),
    setting(
        Native,
        "quota-group-bytes",
        "SIZE",
        "2GiB",
        one!(size, native.group_bytes),
        "The most that the entries of one conversation may take",
    ),
    setting(
        Native,
        "quota-account-groups",
        "SIZE",
        "8GiB",
        one!(size, native.account_group_bytes),
        "The most that all conversations made by one account may take",
    ),
    setting(
        Native,
        "wake-ports",
        "PORT",
        "8443",
        list!(port, native.wake_ports),
        "Ports beside 443 at which other nodes are told that something came for their users",
    ),
];
