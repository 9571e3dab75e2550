//! One message, one write, one segment, and then a pause: readers at the other end take whatever one read returns for
//! exactly one message, and die of two (wire/darkchat.md, sections 3 and 8).

use super::acknowledged;
use super::outbox::Outbox;
use std::io;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

/// How a connection is written to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace {
    /// The pause after each message, from its acknowledgement on.
    pub(super) gap: Duration,
    /// How long the other side may take no byte.
    pub(super) stall: Duration,
    /// Whether messages larger than one segment are left out, rather than cut by the network.
    pub(super) whole_only: bool,
}

/// Writes what comes into the outbox until that is closed.
///
/// # Errors
/// When the connection breaks, or the other side takes nothing for too long.
pub(super) async fn write_all(stream: &TcpStream, outbox: &Outbox, pace: Pace) -> io::Result<()> {
    while let Some(out) = outbox.next().await {
        if pace.whole_only && out.bytes().len() > acknowledged::segment(stream) {
            metrics::counter!("tidings_darkchat_dropped_total", "reason" => "large").increment(1);
            continue;
        }
        write_one(stream, out.bytes(), pace).await?;
    }
    Ok(())
}

/// Writes one message, and comes back when the next one may be written.
///
/// # Errors
/// As [`write_all`].
pub(super) async fn write_one(stream: &TcpStream, bytes: &[u8], pace: Pace) -> io::Result<()> {
    let mut rest = bytes;
    while !rest.is_empty() {
        timeout(pace.stall, stream.writable()).await??;
        match stream.try_write(rest) {
            Ok(written) => rest = rest.get(written..).unwrap_or_default(),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
    timeout(pace.stall, acknowledged::all(stream)).await?;
    sleep(pace.gap).await;
    Ok(())
}
