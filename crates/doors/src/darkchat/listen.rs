//! Listeners for what is no HTTP: accepting within limits, and until the node stops.

use crate::http::crowd::Crowd;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// How long to wait after a connection could not be accepted, because too many files are open for example.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// After how much silence the kernel asks whether the other side is still there.
const KEEPALIVE_AFTER: Duration = Duration::from_secs(60);

/// How often it asks then before it gives up, and at which distance.
const KEEPALIVE_EVERY: (u32, Duration) = (4, Duration::from_secs(15));

/// Runs `serve` for each connection, of which `max` may be open, a share of them from one address. Ends with `shutdown`,
/// which ends the connections, too.
pub(super) async fn listen<F: Future<Output = ()> + Send + 'static>(
    listener: TcpListener,
    max: usize,
    shutdown: CancellationToken,
    serve: impl Fn(TcpStream, SocketAddr) -> F,
) {
    let (places, crowd) = (Arc::new(Semaphore::new(max)), Crowd::default());
    let connections = TaskTracker::new();
    loop {
        let place = tokio::select! {
            () = shutdown.cancelled() => break,
            place = Arc::clone(&places).acquire_owned() => place,
        };
        let Ok(place) = place else { break };
        let accepted = tokio::select! {
            () = shutdown.cancelled() => break,
            accepted = listener.accept() => accepted,
        };
        let (stream, address) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(%error, "could not accept a connection");
                sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        let Some(guest) = crowd.enter(address.ip(), max) else { continue };
        prepare(&stream);
        let (served, stop) = (serve(stream, address), shutdown.clone());
        connections.spawn(async move {
            tokio::select! {
                () = stop.cancelled() => {}
                () = served => {}
            }
            drop((place, guest));
        });
    }
    connections.close();
    connections.wait().await;
}

/// No waiting for more to send, and a way to notice that the other side is gone.
pub(super) fn prepare(stream: &TcpStream) {
    let (probes, every) = KEEPALIVE_EVERY;
    let keepalive = socket2::TcpKeepalive::new().with_time(KEEPALIVE_AFTER).with_interval(every).with_retries(probes);
    let set = stream.set_nodelay(true).and_then(|()| socket2::SockRef::from(stream).set_tcp_keepalive(&keepalive));
    if let Err(error) = set {
        tracing::debug!(%error, "could not set a connection's options");
    }
}

/// An address as it is compared and shown: IPv4 as such, however the socket came by it.
pub(super) fn plain(address: SocketAddr) -> IpAddr {
    address.ip().to_canonical()
}
