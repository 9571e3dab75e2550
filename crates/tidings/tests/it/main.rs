//! The real program, started as its owner would, and what it says and does.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::disallowed_methods,
    missing_docs,
    reason = "tests may be blunt"
)]

mod accounts;
mod acme;
mod attempt;
mod backup;
mod channels;
mod chat;
mod commands;
mod conformance;
mod console;
mod crash;
mod damage;
mod day;
mod doctor;
mod e2e;
mod example_settings;
mod full_disk;
mod http;
mod import;
mod land;
mod people;
mod piqchat;
mod piqchat_server;
mod process;
mod pushes;
mod reload;
mod rooms;
mod running;
mod screen;
mod settings;
mod start;
mod tls;
mod transfers;
mod webapp;
