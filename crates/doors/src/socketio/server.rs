//! The requests of all clients: new sessions, polls and posts, upgrades.

use super::mailbox::Mailbox;
use super::query::{Query, Refused, Transport, for_any_origin, preflight};
use super::session::{Polled, Session};
use super::upgrade::upgrade;
use super::{MAX_PAYLOAD, Settings};
use crate::http::ClientAddress;
use crate::http::crowd::Crowd;
use crate::websocket::{Frame, Handshake, handshake, is_upgrade};
use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::Method;
use http::header::CONTENT_TYPE;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tidings_engine::Entropy;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// Where clients ask.
const PATHS: [&str; 2] = ["/socket.io", "/socket.io/"];

/// Random bytes of a session's id.
const ID_BYTES: usize = 15;

type Task = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Socket.IO for one door.
pub struct SocketIo {
    settings: Settings,
    entropy: Entropy,
    shutdown: CancellationToken,
    accept: Box<dyn Fn(Session) -> Task + Send + Sync>,
    polling: Mutex<HashMap<String, Arc<Mailbox>>>,
    crowd: Crowd,
}

/// What a request is for.
enum Asked {
    OpenSocket,
    OpenPolling,
    Upgrade(Arc<Mailbox>),
    Poll(Arc<Mailbox>),
    Post(Arc<Mailbox>),
}

/// A fresh id; whoever knows it can take part in the session.
pub(super) fn session_id(entropy: &Entropy) -> String {
    URL_SAFE_NO_PAD.encode(entropy.bytes::<ID_BYTES>())
}

impl SocketIo {
    /// `accept` makes the task of each new client's session. Waiting polls are answered when `shutdown` comes.
    pub fn new<F, T>(settings: Settings, entropy: Entropy, shutdown: CancellationToken, accept: F) -> Arc<Self>
    where
        F: Fn(Session) -> T + Send + Sync + 'static,
        T: Future<Output = ()> + Send + 'static,
    {
        let accept = Box::new(move |session| Box::pin(accept(session)) as Task);
        let (polling, crowd) = (Mutex::default(), Crowd::default());
        Arc::new(Self { settings, entropy, shutdown, accept, polling, crowd })
    }

    /// Its paths.
    pub fn router(self: &Arc<Self>) -> Router {
        PATHS.into_iter().fold(Router::new(), |router, path| {
            let io = Arc::clone(self);
            router.route(path, any(move |request: Request| async move { io.answer(request).await }))
        })
    }

    /// Answers one request.
    pub async fn answer(self: Arc<Self>, request: Request) -> Response {
        if request.method() == Method::OPTIONS {
            return for_any_origin(preflight(request.headers()));
        }
        let answered = match self.ask(&request) {
            Ok(Asked::OpenSocket) => return self.open_socket(request),
            Ok(Asked::Upgrade(mailbox)) => return upgraded(request, |opening| upgrade(mailbox, opening)),
            Ok(Asked::OpenPolling) => self.open_polling(address_of(&request)),
            Ok(Asked::Poll(mailbox)) => self.poll(&mailbox).await,
            Ok(Asked::Post(mailbox)) => post(&mailbox, request).await,
            Err(refused) => Err(refused),
        };
        for_any_origin(answered.unwrap_or_else(IntoResponse::into_response))
    }

    /// Forgets a polling session.
    pub(super) fn forget(&self, sid: &str) {
        self.sessions().remove(sid);
    }

    fn sessions(&self) -> MutexGuard<'_, HashMap<String, Arc<Mailbox>>> {
        self.polling.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the request is for, checked in the order of the reference server.
    fn ask(&self, request: &Request) -> Result<Asked, Refused> {
        let query = Query::parse(request.uri().query().unwrap_or_default());
        let transport = query.transport.ok_or(Refused::UnknownTransport)?;
        let upgrade = is_upgrade(request.headers());
        if let Some(sid) = &query.sid {
            let mailbox = self.sessions().get(&**sid).cloned().ok_or(Refused::UnknownSession)?;
            return match (transport, request.method()) {
                (Transport::WebSocket, _) if upgrade => Ok(Asked::Upgrade(mailbox)),
                (Transport::Polling, &Method::GET) => Ok(Asked::Poll(mailbox)),
                (Transport::Polling, &Method::POST) => Ok(Asked::Post(mailbox)),
                _ => Err(Refused::BadRequest),
            };
        }
        match transport {
            _ if request.method() != Method::GET => Err(Refused::HandshakeMethod),
            Transport::WebSocket if !upgrade => Err(Refused::BadRequest),
            _ if !query.current => Err(Refused::Version),
            Transport::WebSocket => Ok(Asked::OpenSocket),
            Transport::Polling => Ok(Asked::OpenPolling),
        }
    }

    fn open_socket(self: Arc<Self>, request: Request) -> Response {
        let address = address_of(&request);
        upgraded(request, move |opening| async move {
            let Some(mut socket) = opening.socket(MAX_PAYLOAD).await else { return };
            socket.send(Frame::text(self.opening(&session_id(&self.entropy), "").as_bytes()));
            let session = Session::over_socket(socket, address, self.entropy.clone(), &self.settings);
            let task = (self.accept)(session);
            drop(self);
            task.await;
        })
    }

    fn open_polling(self: &Arc<Self>, address: ClientAddress) -> Result<Response, Refused> {
        let guest = self.crowd.enter(address.0, self.settings.max_polling).ok_or(Refused::Full)?;
        let (mailbox, sid) = (Arc::new(Mailbox::new(Instant::now())), session_id(&self.entropy));
        let mut sessions = self.sessions();
        if sessions.len() >= self.settings.max_polling {
            return Err(Refused::Full);
        }
        sessions.insert(sid.clone(), Arc::clone(&mailbox));
        drop(sessions);
        let body = self.opening(&sid, "\"websocket\"");
        let polled = Polled { mailbox, io: Arc::clone(self), sid, _guest: guest };
        let session = Session::over_polling(polled, address, self.entropy.clone(), &self.settings);
        tokio::spawn((self.accept)(session));
        Ok(packets(body))
    }

    /// The first packet.
    fn opening(&self, sid: &str, upgrades: &str) -> String {
        let Settings { ping_interval, ping_timeout, .. } = &self.settings;
        format!(
            "0{{\"sid\":\"{sid}\",\"upgrades\":[{upgrades}],\"pingInterval\":{},\"pingTimeout\":{},\"maxPayload\":{MAX_PAYLOAD}}}",
            ping_interval.as_millis(),
            ping_timeout.as_millis()
        )
    }

    async fn poll(&self, mailbox: &Mailbox) -> Result<Response, Refused> {
        let busy = mailbox.enter(true)?;
        tokio::select! {
            body = busy.packets() => Ok(packets(body)),
            () = self.shutdown.cancelled() => {
                mailbox.close();
                Ok(packets(busy.packets().await))
            }
        }
    }
}

/// Takes a body for the session. Its answer waits until the session has read it, which slows clients that say too much.
async fn post(mailbox: &Mailbox, request: Request) -> Result<Response, Refused> {
    let busy = mailbox.enter(false)?;
    let binary = request.headers().get(CONTENT_TYPE).is_some_and(|kind| kind == "application/octet-stream");
    let body = if binary { Err(Refused::BadRequest) } else { read(request).await };
    let Ok(text) = body.inspect_err(|_| mailbox.close())? else {
        mailbox.close();
        return Err(Refused::BadRequest);
    };
    busy.deliver(text).await;
    Ok(([(CONTENT_TYPE, "text/html")], "ok").into_response())
}

async fn read(request: Request) -> Result<Result<String, std::string::FromUtf8Error>, Refused> {
    match Limited::new(request.into_body(), MAX_PAYLOAD).collect().await {
        Ok(body) => Ok(String::from_utf8(body.to_bytes().into())),
        Err(error) if error.is::<LengthLimitError>() => Err(Refused::TooLarge),
        Err(_) => Err(Refused::BadRequest),
    }
}

/// Answers a handshake and starts what goes on from there.
fn upgraded<T>(mut request: Request, task: impl FnOnce(Handshake) -> T) -> Response
where
    T: Future<Output = ()> + Send + 'static,
{
    match handshake(&mut request) {
        Ok((response, opening)) => {
            tokio::spawn(task(opening));
            response
        }
        Err(refused) => for_any_origin(refused.into_response()),
    }
}

/// The answer to a poll; the character set is for pages that are in another one.
fn packets(body: impl Into<Body>) -> Response {
    ([(CONTENT_TYPE, "text/plain; charset=UTF-8")], body.into()).into_response()
}

/// Who asks; requests that no server of ours accepted come from nowhere.
fn address_of(request: &Request) -> ClientAddress {
    let found = request.extensions().get::<ClientAddress>().copied();
    found.unwrap_or(ClientAddress(IpAddr::V6(Ipv6Addr::UNSPECIFIED)))
}
