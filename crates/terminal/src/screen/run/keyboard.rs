//! Reads keys, mouse and pastes on a thread of its own: reading blocks.

use ratatui::crossterm::event::{Event, read};
use std::io;
use tokio::sync::mpsc::{Receiver, channel};

/// Keys that wait.
const WAITING: usize = 256;

/// Begins to listen. It ends with the process, or when nobody receives any more.
pub(crate) fn listen() -> io::Result<Receiver<Event>> {
    let (way, keys) = channel(WAITING);
    let listen = move || {
        while let Ok(event) = read() {
            if way.blocking_send(event).is_err() {
                break;
            }
        }
    };
    std::thread::Builder::new().name("tidings-keyboard".to_owned()).spawn(listen)?;
    Ok(keys)
}
