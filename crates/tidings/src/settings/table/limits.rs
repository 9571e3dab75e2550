//! Rates, quotas, ages.

use super::take::one;
use crate::settings::Definition;
use crate::settings::definition::Section::Limits;
use crate::settings::definition::setting;
use crate::settings::reading::{count, memory, rate};
use crate::settings::value::{number, size, some_duration};

pub(super) const LIMITS: &[Definition] = &[
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
        Limits,
        "tail-memory",
        "SIZE",
        "12MiB",
        one!(memory, tail_memory),
        "Memory for the newest messages of inboxes, rooms and channels, shared by all who listen",
    ),
];
