//! The way from polling to WebSocket: a probe, and then the client says when.

use super::MAX_PAYLOAD;
use super::mailbox::Mailbox;
use crate::websocket::{CloseCode, Event, Frame, Handshake, Socket};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;

/// How long each step of an upgrade may take; the reference server gives ten seconds for all.
const STEP_MAX: Duration = Duration::from_secs(5);

/// Brings a polling client to its new socket. If that fails, it goes on polling.
pub(super) async fn upgrade(mailbox: Arc<Mailbox>, opening: Handshake) {
    let Some(mut socket) = opening.socket(MAX_PAYLOAD).await else { return };
    if !says(&mut socket, "2probe").await || !mailbox.probed() {
        return leave(socket).await;
    }
    socket.send(Frame::text(b"3probe"));
    if says(&mut socket, "5").await {
        mailbox.upgraded(Some(socket));
    } else {
        mailbox.upgraded(None);
        leave(socket).await;
    }
}

/// Whether the next thing that the client says, soon, is this.
async fn says(socket: &mut Socket, word: &str) -> bool {
    matches!(timeout(STEP_MAX, socket.event()).await, Ok(Ok(Event::Text(text))) if text == word)
}

async fn leave(mut socket: Socket) {
    socket.close(CloseCode::NORMAL, "");
    while socket.event().await.is_ok() {}
}
