//! The way of a request through the door: limits, signature, body, verb, answer.

use super::answer::{Answer, Refused};
use super::caller::Caller;
use super::route::{Body as Takes, Key, Operation, Place, Route, route};
use super::signer;
use super::{
    BODIES_MAX, BODY_FREE, BODY_UNIT, Native, account, blob, cors, exchange, group, inbox, known, node, owner,
    packages, profile, push, wake,
};
use crate::http::ClientAddress;
use crate::http::body::{BodyError, SharedBody};
use axum::body::Body;
use axum::response::Response;
use http::header::{ALLOW, CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, EXPECT};
use http::request::Parts;
use http::{HeaderValue, Method, Request, StatusCode, Version};
use serde::de::DeserializeOwned;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;
use tidings_core::{Ed25519Key, Timestamp};
use tidings_engine::Error;
use tidings_wire::{Code, Fixed};
use tokio::time::Instant;

/// How long a large body waits for room.
const ROOM_WAIT: Duration = Duration::from_secs(30);

/// When to try again if there was none.
const BUSY: Duration = Duration::from_secs(5);

/// A request that was let in: its body is what was signed, if it was signed.
pub(super) struct Asked {
    /// The door.
    pub(super) door: Arc<Native>,
    /// When it came.
    pub(super) now: Timestamp,
    /// From where.
    pub(super) address: IpAddr,
    /// Method, path and headers.
    pub(super) parts: Parts,
    /// The parameter of its path; empty if there is none.
    pub(super) parameter: String,
    /// Who signed it, and may ask it.
    pub(super) caller: Caller,
    /// Its body.
    pub(super) body: Vec<u8>,
}

/// Answers any request.
pub(super) async fn answer(door: Arc<Native>, request: Request<Body>) -> Response {
    let (parts, body) = request.into_parts();
    let (begun, now) = (Instant::now(), door.engine.now());
    let (method, version, expects) = (parts.method.clone(), parts.version, parts.headers.contains_key(EXPECT));
    let mut body = SharedBody::new(body, door.settings.load().upload_stall);
    let path = parts.uri.path().to_owned();
    let (name, answered) = match route(&method, &path) {
        Place::Methods(methods) if method == Method::OPTIONS => return cors::preflight(&methods),
        Place::Methods(methods) => ("unknown", Err(not_allowed(&methods))),
        Place::Unknown => ("unknown", Err(Refused::new(Code::NotFound, "there is no such path; see /v1/openapi.json"))),
        Place::Route(route, parameter) => {
            (route.pattern, let_in(door, route, parameter, parts, body.clone(), now).await)
        }
    };
    let mut response = answered.unwrap_or_else(|refused| refused.answer(now));
    let whole = body.discard(expects).await;
    if !whole && version < Version::HTTP_2 {
        response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    }
    if method == Method::HEAD {
        *response.body_mut() = Body::empty();
    }
    measure(name, response.status(), begun.elapsed());
    cors::allow(response.headers_mut());
    response
}

fn not_allowed(methods: &str) -> Refused {
    let refused =
        Refused::malformed(format!("this path has {methods} only")).with_status(StatusCode::METHOD_NOT_ALLOWED);
    match HeaderValue::try_from(methods) {
        Ok(methods) => refused.with_header(ALLOW, methods),
        Err(_) => refused,
    }
}

/// Checks who asks and reads the body, in the order in which a stranger costs least.
async fn let_in(
    door: Arc<Native>,
    route: &'static Route,
    parameter: &str,
    parts: Parts,
    mut body: SharedBody,
    now: Timestamp,
) -> Answer {
    let address = parts.extensions.get::<ClientAddress>().map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |found| found.0);
    door.limits.request(address, now).map_err(Refused::rate)?;
    let wants = match route.key {
        Key::Nobody => false,
        Key::DeviceIfSigned => signer::is_signed(&parts.headers),
        _ => true,
    };
    let signed = if wants { Some(signer::verify(&door, &parts, address, now)?) } else { None };
    if let Some(signed) = &signed {
        let key = tidings_core::Key::Ed25519(signed.key()?);
        door.limits.signed(key, now).map_err(Refused::rate)?;
    }
    let caller = Caller::find(&door, route.key, signed.as_ref(), parameter, now).await?;
    if route.operation == Operation::AnswerExchange {
        // The one large body that needs no signature: for those who know an exchange.
        let id = Fixed::<16>::parse(parameter).ok_or_else(Refused::not_found)?;
        door.guess(address, now, door.engine.swap(id.0, now).await)?;
    }
    let read = read(&door, route, &parts, &mut body).await?;
    if let Some(signed) = &signed {
        signed.covers(&read)?;
    }
    let parameter = parameter.to_owned();
    act(route.operation, Asked { door, now, address, parts, parameter, caller, body: read }).await
}

/// Reads the body, within the route's bound and the node's.
async fn read(door: &Native, route: &Route, parts: &Parts, body: &mut SharedBody) -> Result<Vec<u8>, Refused> {
    let (max, kind) = match route.takes {
        Takes::Nothing if body.ended() => return Ok(Vec::new()),
        Takes::Nothing => (0, None),
        Takes::Json(_, max) => (max, Some("application/json")),
        Takes::Bytes(max) => (max, None),
    };
    let given = parts.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let bare = given.map(|given| given.split(';').next().unwrap_or_default().trim());
    if kind.is_some_and(|kind| bare.is_some_and(|bare| !bare.eq_ignore_ascii_case(kind))) {
        return Err(Refused::malformed("the body must be application/json"));
    }
    let said = parts.headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    if said.is_some_and(|said| said > max) {
        return Err(too_long(max));
    }
    let expected = said.unwrap_or(max);
    // What is small waits for nobody: strangers may send it, and must not take up others' places.
    let units = if expected <= BODY_FREE { 0 } else { expected.div_ceil(BODY_UNIT).min(BODIES_MAX) };
    let units = u32::try_from(units).unwrap_or(1);
    let room = tokio::time::timeout(ROOM_WAIT, door.bodies.acquire_many(units)).await;
    let room = room.map_err(|_| Refused::busy("too many large requests are coming in; try again in a moment", BUSY))?;
    let _place = room.map_err(|_| Refused::failed("the node ends"))?;
    body.read_steadily(max, expected).await.map_err(|error| match error {
        BodyError::TooLong => too_long(max),
        BodyError::Broken | BodyError::Stalled => Refused::malformed(error.to_string()),
    })
}

fn too_long(max: usize) -> Refused {
    match max {
        0 => Refused::malformed("this request has no body"),
        _ => Refused::new(Code::TooLarge, format!("the body may have {max} bytes at most")),
    }
}

async fn act(operation: Operation, asked: Asked) -> Answer {
    match operation {
        Operation::Node => node::node(asked).await,
        Operation::Describe => node::describe(&asked),
        Operation::CreateAccount => account::create(asked).await,
        Operation::DeleteAccount => account::delete(asked).await,
        Operation::Account => account::account(asked).await,
        Operation::PutDevices => account::put_devices(asked).await,
        Operation::Devices => account::devices(asked).await,
        Operation::MakeToken => account::make_token(asked).await,
        Operation::PutPackages => packages::put(asked).await,
        Operation::Packages => packages::waiting(asked).await,
        Operation::TakePackages => packages::take(asked).await,
        Operation::InboxDevices => inbox::devices(asked).await,
        Operation::PostParcel => inbox::post(asked).await,
        Operation::Inbox => inbox::inbox(asked).await,
        Operation::TakeParcels => inbox::taken(asked).await,
        Operation::PutContacts => inbox::put_contacts(asked).await,
        Operation::Profile => profile::read(asked).await,
        Operation::PutProfile => profile::put(asked).await,
        Operation::CreateExchange => exchange::create(asked).await,
        Operation::Exchanges => exchange::own(asked).await,
        Operation::Exchange => exchange::read(asked).await,
        Operation::AnswerExchange => exchange::answer(asked).await,
        Operation::ReplyExchange => exchange::reply(asked).await,
        Operation::DeleteExchange => exchange::delete(asked).await,
        Operation::CreateGroup => group::create(asked).await,
        Operation::Group => group::group(asked).await,
        Operation::Entries => group::entries(asked).await,
        Operation::Append => group::append(asked).await,
        Operation::LeaveGroup => group::leave(asked).await,
        Operation::EndGroup => group::end(asked).await,
        Operation::PutWake => wake::put(asked).await,
        Operation::MakeWake => wake::make(asked).await,
        Operation::Wake => wake::wake(asked).await,
        Operation::CreateBlob => blob::create(asked).await,
        Operation::WriteBlob => blob::write(asked).await,
        Operation::LookAtBlob => blob::look(asked).await,
        Operation::ReadBlob => blob::read(asked).await,
        Operation::DeleteBlob => blob::delete(asked).await,
        Operation::PutPush => push::put(asked).await,
        Operation::DeletePush => push::delete(asked).await,
        Operation::TestPush => push::test(asked).await,
        Operation::Known => known::known(asked).await,
        Operation::Overview => owner::overview(asked).await,
        Operation::Findings => owner::findings(asked).await,
        Operation::InviteAsOwner => owner::invite(asked).await,
        Operation::WithdrawInvitation => owner::withdraw(asked).await,
        Operation::Live => {
            Err(Refused::malformed("ask for a WebSocket here").with_status(StatusCode::UPGRADE_REQUIRED))
        }
    }
}

impl Asked {
    /// Its JSON body.
    pub(super) fn json<T: DeserializeOwned>(&self) -> Result<T, Refused> {
        serde_json::from_slice(&self.body).map_err(|error| {
            // What serde says names members and places, never values of ours; it quotes what the caller wrote.
            Refused::malformed(format!("the body is not what /v1/openapi.json says: {error}"))
        })
    }

    /// The parameter of its path as so many bytes.
    pub(super) fn id<const N: usize>(&self) -> Result<[u8; N], Refused> {
        let parsed = Fixed::<N>::parse(&self.parameter);
        parsed
            .map(|id| id.0)
            .ok_or_else(|| Refused::malformed(format!("the path needs {N} bytes in base64url without padding")))
    }

    /// The parameter of its path as an identity.
    pub(super) fn identity(&self) -> Result<Ed25519Key, Refused> {
        key(self.id()?)
    }

    /// A whole number of its query; `None` if it is not there.
    pub(super) fn number(&self, name: &str) -> Result<Option<u64>, Refused> {
        let query = self.parts.uri.query().unwrap_or_default();
        let mut found = url::form_urlencoded::parse(query.as_bytes()).filter(|(member, _)| member == name);
        let Some((_, value)) = found.next() else { return Ok(None) };
        // Not what Rust also takes, such as a plus sign.
        let digits = !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit());
        let number = value.parse().ok().filter(|_| digits && found.next().is_none());
        number.map(Some).ok_or_else(|| Refused::malformed(format!("`{name}` must be one whole number")))
    }

    /// `after` and `limit` of a page.
    pub(super) fn page(&self) -> Result<(u64, usize), Refused> {
        let (after, most) = (self.number("after")?.unwrap_or_default(), tidings_wire::api::PAGE_MAX);
        let limit = self.number("limit")?.unwrap_or_else(|| u64::from(most));
        if limit == 0 || limit > u64::from(most) {
            return Err(Refused::malformed(format!("`limit` must be 1 to {most}")));
        }
        Ok((after, usize::try_from(limit).unwrap_or(usize::MAX)))
    }

    /// What became of a guess at an id that only those who share a secret know.
    pub(super) fn guess<T>(&self, found: Result<T, Error>) -> Result<T, Refused> {
        self.door.guess(self.address, self.now, found)
    }

    /// One header as text; `None` if it is not there.
    pub(super) fn header(&self, name: &str) -> Result<Option<&str>, Refused> {
        let text = self.parts.headers.get(name).map(HeaderValue::to_str).transpose();
        text.map_err(|_| Refused::malformed(format!("`{name}` has characters that no header has")))
    }
}

impl Native {
    /// What became of a guess from an address. Strangers may not guess for ever.
    pub(super) fn guess<T>(&self, address: IpAddr, now: Timestamp, found: Result<T, Error>) -> Result<T, Refused> {
        self.limits.may_guess(address, now).map_err(Refused::rate)?;
        if matches!(found, Err(Error::NotFound)) {
            self.limits.guessed_wrong(address, now);
        }
        Ok(found?)
    }
}

/// A key that can have signed something.
pub(super) fn key(bytes: [u8; 32]) -> Result<Ed25519Key, Refused> {
    Ed25519Key::from_bytes(bytes).map_err(|_| Refused::malformed("a key is not an Ed25519 key in canonical form"))
}

/// Until the answer's head is ready; its body may take longer.
fn measure(route: &'static str, status: StatusCode, took: Duration) {
    let class = match status.as_u16() {
        100..300 => "2xx",
        300..400 => "3xx",
        400..500 => "4xx",
        _ => "5xx",
    };
    metrics::counter!("tidings_requests_total", "door" => "native", "route" => route, "status" => class).increment(1);
    metrics::histogram!("tidings_request_seconds", "door" => "native", "route" => route).record(took);
}
