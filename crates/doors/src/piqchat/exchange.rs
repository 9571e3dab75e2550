//! Contact exchanges (wire/piqchat.md, section 4.2).

use super::answer::{Answer, Refused, exchange_refused, guessable, json, status};
use super::dispatch::{Asked, Signer};
use super::invitation::accept_url;
use super::json::stored_text;
use http::StatusCode;
use http::header::HOST;
use http::uri::Authority;
use serde::{Serialize, Serializer};
use tidings_core::exchange::{ExchangeRefusal, ExchangeState};
use tidings_core::{BoxKey, Key, TokenHash};
use tidings_engine::Error;

const NOTHING_TO_ACCEPT: &str =
    "The friend invite can not be accepted without encrypted contact information or a user uuid to sign up.";

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Created<'a> {
    one_time_token: &'a str,
    accept_url: String,
    time_to_live: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct AcceptedAnswer {
    encrypted_contact: Option<String>,
    time_to_live: String,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    created_user_account: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct State {
    #[serde(serialize_with = "state_name")]
    state: ExchangeState,
    time_to_live: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    encrypted_contact: Option<Option<String>>,
}

fn state_name<S: Serializer>(state: &ExchangeState, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(match state {
        ExchangeState::Initiated => "INITIATED",
        ExchangeState::Accepted => "ACCEPTED",
    })
}

/// `POST /contact-exchange`.
pub(super) async fn create(mut asked: Asked, signer: Signer) -> Answer {
    let engine = asked.door.engine.clone();
    engine.account(signer.key).await?;
    let text = stored_text(&mut asked.members, "encryptedContact")?;
    let host = asked.public_host().ok_or(Refused::BAD_REQUEST)?;
    let (token, expires_at) = engine.create_exchange(Some(signer.key), text, asked.now).await?;
    let created = Created {
        one_time_token: token.as_str(),
        accept_url: accept_url(&host, &token),
        time_to_live: expires_at.to_string(),
    };
    json(StatusCode::CREATED, &created)
}

/// `POST /contact-exchange/:token/accept`.
pub(super) async fn accept(mut asked: Asked, token: &str) -> Answer {
    let register = stored_text(&mut asked.members, "userUuid")?;
    let text = stored_text(&mut asked.members, "encryptedContact")?;
    if register.is_none() && text.is_none() {
        return Err(Refused::Sentence(StatusCode::BAD_REQUEST, NOTHING_TO_ACCEPT));
    }
    let register = register.map(|id| BoxKey::parse(&id)).transpose().map_err(|_| Refused::BAD_REQUEST)?;
    let door = &asked.door;
    let token = guessable(&door.limits, asked.address, token, asked.now)?;
    match door.engine.accept_exchange(token, register.map(Key::Box), text, asked.now).await {
        Ok(accepted) => json(
            StatusCode::OK,
            &AcceptedAnswer {
                encrypted_contact: accepted.text,
                time_to_live: accepted.expires_at.to_string(),
                created_user_account: accepted.created_account,
            },
        ),
        Err(Error::Exchange(refusal @ (ExchangeRefusal::Unknown | ExchangeRefusal::Expired))) => {
            door.limits.guessed_wrong(asked.address, asked.now);
            Err(exchange_refused(refusal))
        }
        Err(error) => Err(error.into()),
    }
}

/// `GET /contact-exchange/:token`.
pub(super) async fn read(asked: Asked, signer: Signer, token: &str) -> Answer {
    let exchange = asked.door.engine.exchange(TokenHash::of(token), signer.key, asked.now).await?;
    let accepted = exchange.state == ExchangeState::Accepted;
    json(
        StatusCode::OK,
        &State {
            state: exchange.state,
            time_to_live: exchange.expires_at.to_string(),
            encrypted_contact: accepted.then_some(exchange.text),
        },
    )
}

/// `DELETE /contact-exchange/:token`.
pub(super) async fn delete(asked: Asked, signer: Signer, token: &str) -> Answer {
    asked.door.engine.delete_exchange(TokenHash::of(token), signer.key).await?;
    Ok(status(StatusCode::OK))
}

impl Asked {
    /// The node's public name, else the host that the request names, if it is a valid one.
    fn public_host(&self) -> Option<String> {
        if let Some(name) = &self.door.settings.load().public_name {
            return Some(name.clone());
        }
        let header = || self.headers.get(HOST).and_then(|host| host.to_str().ok()).map(str::to_owned);
        let host = self.authority.clone().or_else(header)?;
        let authority: Authority = host.parse().ok()?;
        (!authority.host().is_empty() && !host.contains('@')).then_some(host)
    }
}
