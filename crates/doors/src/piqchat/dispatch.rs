//! The way of a request through the door: limits, body, signature, action, answer.

use super::answer::{Answer, Refused, finish, preflight};
use super::json::{self, JsonError, Members};
use super::route::{Action, Place, route};
use super::signature::{SignatureError, Signed, Strictness};
use super::{Piqchat, account, exchange, inbox, info, upload};
use crate::http::ClientAddress;
use crate::http::body::SharedBody;
use axum::body::Body;
use axum::response::Response;
use http::header::{CONNECTION, EXPECT};
use http::{HeaderMap, HeaderValue, Method, Request, StatusCode, Version};
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;
use tidings_core::{Caller, Key, Timestamp};

/// A request, as far as it was looked at.
pub(super) struct Asked {
    /// The door.
    pub(super) door: Arc<Piqchat>,
    /// When it came.
    pub(super) now: Timestamp,
    /// From where.
    pub(super) address: IpAddr,
    /// Its headers.
    pub(super) headers: HeaderMap,
    /// The host of the request's target, if it names one, as HTTP/2 does.
    pub(super) authority: Option<String>,
    /// Its body, unless that was JSON.
    pub(super) body: SharedBody,
    /// Its body, if that was JSON.
    pub(super) members: Members,
}

/// The signer of a request that must be signed.
#[derive(Clone, Copy)]
pub(super) struct Signer {
    pub(super) key: Key,
    pub(super) fresh: bool,
}

impl Signer {
    pub(super) fn caller(self) -> Caller {
        Caller::Key(self.key)
    }
}

/// Answers any request.
pub(super) async fn answer(door: Arc<Piqchat>, request: Request<Body>) -> Response {
    let (parts, body) = request.into_parts();
    if parts.method == Method::OPTIONS {
        return preflight(&parts.headers);
    }
    let begun = tokio::time::Instant::now();
    let place = route(&parts.method, parts.uri.path());
    let address = parts.extensions.get::<ClientAddress>().map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |found| found.0);
    let mut body = SharedBody::new(body, door.settings.load().upload_stall);
    let asked = Asked {
        now: door.engine.now(),
        address,
        headers: parts.headers.clone(),
        authority: parts.uri.authority().map(ToString::to_string),
        body: body.clone(),
        members: Members::new(),
        door,
    };
    let answered = handle(asked, place.clone()).await;
    let mut response = answered.unwrap_or_else(Refused::answer);
    let whole = body.discard(parts.headers.contains_key(EXPECT)).await;
    if !whole && parts.version < Version::HTTP_2 {
        response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    }
    measure(&place, response.status(), begun.elapsed());
    finish(response, place.api, place.signed, &parts.method, &parts.headers)
}

async fn handle(mut asked: Asked, place: Place) -> Answer {
    if !place.api {
        return Err(Refused::NOT_FOUND);
    }
    asked.door.limits.request(asked.address, asked.now).map_err(Refused::TooMany)?;
    // As in the reference, broken JSON is refused before anything else is looked at. Large bodies must be signed for first.
    if !place.action.takes_large_json() {
        asked.members = json::read(&asked.headers, &mut asked.body, json::SMALL).await?;
    }
    if !place.signed {
        return unsigned(asked, place.action).await;
    }
    let signer = asked.verify()?;
    if place.action.takes_large_json() {
        asked.members = json::read(&asked.headers, &mut asked.body, json::LARGE).await?;
    }
    signed(asked, place.action, signer).await
}

async fn unsigned(asked: Asked, action: Action) -> Answer {
    match action {
        Action::Info => info::info(asked).await,
        Action::Accept(token) => exchange::accept(asked, &token).await,
        Action::Undecodable => Err(Refused::BAD_REQUEST),
        _ => Err(Refused::NOT_FOUND),
    }
}

async fn signed(asked: Asked, action: Action, signer: Signer) -> Answer {
    match action {
        Action::CreateExchange => exchange::create(asked, signer).await,
        Action::ReadExchange(token) => exchange::read(asked, signer, &token).await,
        Action::DeleteExchange(token) => exchange::delete(asked, signer, &token).await,
        Action::Upload => upload::upload(asked, signer).await,
        Action::UploadTo(recipient) => upload::upload_to(asked, signer, &recipient).await,
        Action::UploadGroup(recipients) => upload::upload_group(asked, signer, &recipients).await,
        Action::List => inbox::list(asked, signer).await,
        Action::Accepts(recipient) => inbox::accepts(asked, signer, &recipient).await,
        Action::Status(recipient) => inbox::status_answer(asked, signer, &recipient).await,
        Action::Attachment(id) => inbox::attachment(asked, signer, &id).await,
        Action::DeleteParcel(id) => inbox::delete(asked, signer, &id).await,
        Action::Account => account::account(asked, signer).await,
        Action::SetContacts => account::set_contacts(asked, signer).await,
        Action::SetPush => account::set_push(asked, signer).await,
        Action::SetBackup => account::set_backup(asked, signer).await,
        Action::ReadBackup => account::read_backup(asked, signer).await,
        Action::Invited => account::invited(asked, signer).await,
        Action::DeleteAccount => account::delete(asked, signer).await,
        Action::Undecodable => Err(Refused::BAD_REQUEST),
        Action::Info | Action::Accept(_) | Action::Unknown => Err(Refused::NOT_FOUND),
    }
}

impl Asked {
    fn verify(&self) -> Result<Signer, Refused> {
        let limits = &self.door.limits;
        limits.may_guess(self.address, self.now).map_err(Refused::TooMany)?;
        let settings = self.door.settings.load();
        let strictness =
            Strictness { window: settings.signature_window, bind_to_address: settings.bind_nonce_to_address };
        match self.door.verifier.verify(&self.headers, self.address, strictness, self.now) {
            Ok(Signed { key, fresh }) => {
                let key = Key::Box(key);
                limits.signed(key, self.now).map_err(Refused::TooMany)?;
                Ok(Signer { key, fresh })
            }
            Err(reason) => {
                limits.guessed_wrong(self.address, self.now);
                match reason {
                    // A wrong clock is what people ask the node's owner about.
                    SignatureError::Skewed(_) => tracing::info!(%reason, "refused a signature"),
                    _ => tracing::debug!(%reason, "refused a signature"),
                }
                Err(Refused::Signature)
            }
        }
    }
}

impl From<JsonError> for Refused {
    fn from(error: JsonError) -> Self {
        match error {
            JsonError::Malformed | JsonError::Broken => Self::BAD_REQUEST,
            JsonError::TooLarge => Self::TOO_LARGE,
            JsonError::Unsupported => Self::Status(StatusCode::UNSUPPORTED_MEDIA_TYPE),
        }
    }
}

/// Until the answer's head is ready; its body may take longer.
fn measure(place: &Place, status: StatusCode, took: Duration) {
    let class = match status.as_u16() {
        200..300 => "2xx",
        300..400 => "3xx",
        400..500 => "4xx",
        _ => "5xx",
    };
    metrics::counter!("tidings_requests_total", "door" => "piqchat", "route" => place.name, "status" => class)
        .increment(1);
    metrics::histogram!("tidings_request_seconds", "door" => "piqchat", "route" => place.name).record(took);
}
