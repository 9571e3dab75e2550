//! The loop that accepts connections, and what happens on each.

use super::activity::{Activity, Running};
use super::crowd::{Crowd, Guest};
use super::place::{Place, Sessions};
use super::stall::Stall;
use super::{ClientAddress, DRAIN_MAX, HEADER_BYTES_MAX, HttpSettings, READ_BUFFER};
use arc_swap::ArcSwap;
use axum::Router;
use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::header::{ACCESS_CONTROL_ALLOW_ORIGIN, UPGRADE};
use http::{HeaderValue, Request, StatusCode};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use socket2::{SockRef, TcpKeepalive};
use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::Service as _;

/// The certificates in force; exchanged when they are renewed.
pub type Tls = Arc<ArcSwap<rustls::ServerConfig>>;

/// How long a TLS handshake may take.
const HANDSHAKE_MAX: Duration = Duration::from_secs(10);

/// How long to wait after a connection could not be accepted, because too many files are open for example.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// How long a connection is silent before the system asks whether the other side is still there, how often it then asks, and
/// how often in vain. Sessions have no other sign that a client has vanished.
const KEEPALIVE_AFTER: Duration = Duration::from_secs(60);
const KEEPALIVE_EVERY: Duration = Duration::from_secs(20);
const KEEPALIVE_TRIES: u32 = 3;

/// How long a connection on which nothing happens may take to end.
const FAREWELL_MAX: Duration = Duration::from_secs(1);

/// HTTP/2 streams that one connection may have open.
const STREAMS_MAX: u32 = 100;

/// Everything a connection needs.
#[derive(Clone)]
struct Host {
    router: Router,
    settings: Arc<ArcSwap<HttpSettings>>,
    shutdown: CancellationToken,
}

impl Host {
    /// Lets a connection in; `None` if its address has too many. Listed proxies come as often as they want.
    fn admit(&self, crowd: &Crowd, peer: IpAddr) -> Option<Option<Guest>> {
        let settings = self.settings.load();
        if settings.trusted_proxies.iter().any(|net| net.contains(&peer.to_canonical())) {
            return Some(None);
        }
        crowd.enter(peer, settings.max_connections).map(Some)
    }
}

/// A connection's client, and its place.
struct Visit {
    peer: IpAddr,
    place: Place,
}

/// Serves `router` on `listener`, with TLS if given, until `shutdown`. Then running requests may end, for [`DRAIN_MAX`] at
/// most; sessions on upgraded connections are told to. Each request gets the extension [`ClientAddress`], one that asks for
/// an upgrade [`Place`], too.
pub async fn serve(
    listener: TcpListener,
    tls: Option<Tls>,
    router: Router,
    settings: Arc<ArcSwap<HttpSettings>>,
    shutdown: CancellationToken,
) {
    let places = Arc::new(Semaphore::new(settings.load().max_connections));
    let host = Host { router, settings, shutdown: shutdown.clone() };
    let crowd = Crowd::default();
    let connections = TaskTracker::new();
    let sessions = Arc::new(Sessions::default());
    loop {
        let accepted = tokio::select! {
            () = shutdown.cancelled() => break,
            accepted = accept(&listener, &places) => accepted,
        };
        let Some((stream, peer, permit)) = accepted else { break };
        let peer = peer.ip();
        let Some(guest) = host.admit(&crowd, peer) else { continue };
        let place = Place::new(permit, guest, connections.token(), Arc::clone(&sessions));
        tokio::spawn(connection(host.clone(), tls.clone(), stream, Visit { peer, place }));
    }
    sessions.begin();
    drop(listener);
    connections.close();
    if timeout(DRAIN_MAX, connections.wait()).await.is_err() {
        tracing::warn!("some requests did not end in time and were broken off");
    }
}

async fn accept(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
) -> Option<(TcpStream, SocketAddr, OwnedSemaphorePermit)> {
    let place = Arc::clone(places).acquire_owned().await.ok()?;
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => return Some((stream, peer, place)),
            Err(error) => {
                tracing::warn!(%error, "could not accept a connection");
                sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

async fn connection(host: Host, tls: Option<Tls>, stream: TcpStream, visit: Visit) {
    // Without it small answers wait for the client's acknowledgement. Failing to set it costs only that.
    let _ = stream.set_nodelay(true);
    let keepalive = TcpKeepalive::new().with_time(KEEPALIVE_AFTER).with_interval(KEEPALIVE_EVERY);
    let _ = SockRef::from(&stream).set_tcp_keepalive(&keepalive.with_retries(KEEPALIVE_TRIES));
    let stall = host.settings.load().stall_timeout;
    let Some(tls) = tls else { return http1(host, Stall::new(stream, stall), visit).await };
    let acceptor = TlsAcceptor::from(tls.load_full());
    match timeout(HANDSHAKE_MAX, acceptor.accept(stream)).await {
        Ok(Ok(stream)) if stream.get_ref().1.alpn_protocol() == Some(b"h2") => {
            http2(host, Stall::new(stream, stall), visit).await;
        }
        Ok(Ok(stream)) => http1(host, Stall::new(stream, stall), visit).await,
        Ok(Err(error)) => tracing::debug!(%error, "TLS handshake failed"),
        Err(_) => tracing::debug!("TLS handshake took too long"),
    }
}

async fn http1<T: AsyncRead + AsyncWrite + Unpin + Send + 'static>(host: Host, io: T, visit: Visit) {
    let service_host = host.clone();
    let Visit { peer, place } = visit;
    let service = service_fn(move |mut request: Request<Incoming>| {
        if request.headers().contains_key(UPGRADE) {
            request.extensions_mut().insert(place.clone());
        }
        answer(service_host.clone(), request, peer)
    });
    let connection = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(host.settings.load().header_timeout)
        .max_header_size(HEADER_BYTES_MAX)
        .max_buf_size(READ_BUFFER)
        .serve_connection(TokioIo::new(io), service)
        .with_upgrades();
    let mut connection = pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = host.shutdown.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "connection ended early");
    }
}

async fn http2<T: AsyncRead + AsyncWrite + Unpin + Send + 'static>(host: Host, io: T, visit: Visit) {
    let Visit { peer, place: _place } = visit;
    let activity = Arc::new(Activity::default());
    let (service_host, active) = (host.clone(), Arc::clone(&activity));
    let service = service_fn(move |request| watched_answer(service_host.clone(), request, peer, active.enter()));
    let header_bytes = u32::try_from(HEADER_BYTES_MAX).unwrap_or(u32::MAX);
    let connection = hyper::server::conn::http2::Builder::new(TokioExecutor::new())
        .timer(TokioTimer::new())
        .max_header_list_size(header_bytes)
        .max_concurrent_streams(STREAMS_MAX)
        .keep_alive_interval(host.settings.load().header_timeout)
        .serve_connection(TokioIo::new(io), service);
    let mut connection = pin!(connection);
    let limit = host.settings.load().stall_timeout;
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = host.shutdown.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
        () = activity.standstill(limit) => {
            connection.as_mut().graceful_shutdown();
            // Nothing that could be waited for goes on; this is for saying so.
            timeout(FAREWELL_MAX, connection).await.unwrap_or(Ok(()))
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "connection ended early");
    }
}

async fn watched_answer(
    host: Host,
    request: Request<Incoming>,
    peer: IpAddr,
    running: Running,
) -> Result<Response, Infallible> {
    Ok(answer(host, request, peer).await?.map(|body| Body::new(running.watch(body))))
}

async fn answer(mut host: Host, request: Request<Incoming>, peer: IpAddr) -> Result<Response, Infallible> {
    let settings = host.settings.load();
    let address = ClientAddress::find(peer, request.headers(), &settings.trusted_proxies);
    let limit = settings.request_timeout;
    drop(settings);
    let mut request = request.map(Body::new);
    request.extensions_mut().insert(address);
    match timeout(limit, host.router.call(request)).await {
        Ok(answered) => answered,
        Err(_) => Ok(too_slow()),
    }
}

/// What a request gets that took too long; web apps may read it. Whatever is still on its way is not read.
fn too_slow() -> Response {
    let mut response = (StatusCode::REQUEST_TIMEOUT, "Request Timeout").into_response();
    response.headers_mut().insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    response
}
