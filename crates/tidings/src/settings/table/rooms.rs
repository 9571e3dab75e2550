//! The door for rooms.

use super::take::{one, switch};
use crate::settings::Definition;
use crate::settings::definition::Section::Rooms;
use crate::settings::definition::setting;
use crate::settings::reading::{memory, rate};
use crate::settings::value::{number, size, some_duration};

pub(super) const ROOMS: &[Definition] = &[
    setting(
        Rooms,
        "denetwork",
        "BOOL",
        "true",
        switch!(rooms.open),
        "Serve rooms to clients of DeNetwork Chat, at /socket.io/ on the node's own port",
    ),
    setting(
        Rooms,
        "denetwork-echo",
        "BOOL",
        "false",
        switch!(rooms.echo),
        "Send a message also to the socket that it came from",
    )
    .live(),
    setting(
        Rooms,
        "denetwork-rate-connection-burst",
        "COUNT",
        "300",
        one!(rate, rooms.rates.connection.burst),
        "Requests that one connection may make at once",
    )
    .live(),
    setting(
        Rooms,
        "denetwork-rate-connection-per-second",
        "COUNT",
        "30",
        one!(rate, rooms.rates.connection.per_second),
        "Requests that one connection may make each second in the long run",
    )
    .live(),
    setting(
        Rooms,
        "denetwork-rate-wallet-burst",
        "COUNT",
        "60",
        one!(rate, rooms.rates.wallet.burst),
        "Messages that one wallet may send at once",
    )
    .live(),
    setting(
        Rooms,
        "denetwork-rate-wallet-per-second",
        "COUNT",
        "10",
        one!(rate, rooms.rates.wallet.per_second),
        "Messages that one wallet may send each second in the long run",
    )
    .live(),
    setting(
        Rooms,
        "denetwork-rate-address-factor",
        "COUNT",
        "10",
        one!(|text| number(text, 1, 10_000), rooms.address_factor),
        "How many connections' worth of requests, and wallets' worth of messages, one address may send",
    )
    .live(),
    setting(
        Rooms,
        "denetwork-rate-misses-burst",
        "COUNT",
        "3000",
        one!(rate, rooms.rates.misses.burst),
        "Rooms with nothing in them that one address may ask for at once",
    )
    .live(),
    setting(
        Rooms,
        "denetwork-rate-misses-per-second",
        "COUNT",
        "30",
        one!(rate, rooms.rates.misses.per_second),
        "Rooms with nothing in them that one address may ask for each second in the long run",
    )
    .live(),
    setting(
        Rooms,
        "denetwork-max-joined",
        "COUNT",
        "2000",
        one!(|text| number(text, 1, 1_000_000), rooms.joined),
        "Rooms that one connection may join",
    )
    .live(),
    setting(
        Rooms,
        "keep-rooms",
        "SPAN",
        "90d",
        one!(some_duration, rooms.keep),
        "How long a message in a room is kept, by its sender's time and by its arrival",
    ),
    setting(Rooms, "quota-room-bytes", "SIZE", "256MiB", one!(size, rooms.bytes), "Bytes that one room may hold"),
    setting(
        Rooms,
        "history-memory",
        "SIZE",
        "32MiB",
        one!(memory, rooms.history_memory),
        "Memory for rooms that are being read page by page",
    ),
];
