//! Exchanges: an offer, one answer, one reply, under an id that only those who share a secret know.

use super::account::created;
use super::answer::{Answer, Refused, done, json};
use super::dispatch::Asked;
use super::node::{millis, time};
use http::StatusCode;
use tidings_core::swap::{Swap, SwapState};
use tidings_wire::api::{EXCHANGE_BYTES_MAX, Exchange, ExchangeState, Exchanges, NewAnswer, NewExchange, NewReply};
use tidings_wire::{Blob, Code, Fixed};

fn told(swap: Swap) -> Exchange {
    let state = match swap.state {
        SwapState::Open => ExchangeState::Open,
        SwapState::Answered => ExchangeState::Answered,
        SwapState::Replied => ExchangeState::Replied,
    };
    let Swap { id, offer, answer, reply, expires_at, .. } = swap;
    let [offer, answer, reply] = [offer, answer, reply].map(|body| body.map(Blob));
    Exchange { id: Fixed(id), state, offer, answer, reply, expires: millis(expires_at) }
}

fn fits(body: &Blob) -> Result<(), Refused> {
    if body.0.len() <= EXCHANGE_BYTES_MAX {
        return Ok(());
    }
    Err(Refused::new(Code::TooLarge, format!("{EXCHANGE_BYTES_MAX} bytes at most")))
}

/// `POST /v1/exchanges`.
pub(super) async fn create(asked: Asked) -> Answer {
    let (_, maker) = asked.caller.as_device()?;
    let NewExchange { id, offer, expires } = asked.json()?;
    offer.as_ref().map_or(Ok(()), fits)?;
    let offer = offer.map(|offer| offer.0);
    asked.door.engine.create_swap(maker, id.0, offer, time(expires), asked.now).await?;
    created()
}

/// `GET /v1/exchanges`.
pub(super) async fn own(asked: Asked) -> Answer {
    let (_, maker) = asked.caller.as_device()?;
    let exchanges = asked.door.engine.swaps(maker, asked.now).await?.into_iter().map(told).collect();
    json(StatusCode::OK, &Exchanges { exchanges })
}

/// `GET /v1/exchanges/{exchange}`.
pub(super) async fn read(asked: Asked) -> Answer {
    let id = asked.id()?;
    let found = asked.guess(asked.door.engine.swap(id, asked.now).await)?;
    json(StatusCode::OK, &told(found))
}

/// `POST /v1/exchanges/{exchange}/answer`.
pub(super) async fn answer(asked: Asked) -> Answer {
    let id = asked.id()?;
    let NewAnswer { answer } = asked.json()?;
    fits(&answer)?;
    match asked.guess(asked.door.engine.answer_swap(id, answer.0, asked.now).await)? {
        Ok(()) => done(),
        Err(_) => Err(Refused::new(Code::Answered, "somebody has answered already; ask for a new invitation")),
    }
}

/// `PUT /v1/exchanges/{exchange}/reply`.
pub(super) async fn reply(asked: Asked) -> Answer {
    let ((_, maker), id) = (asked.caller.as_device()?, asked.id()?);
    let NewReply { reply } = asked.json()?;
    fits(&reply)?;
    asked.door.engine.reply_swap(maker, id, reply.0, asked.now).await?;
    done()
}

/// `DELETE /v1/exchanges/{exchange}`.
pub(super) async fn delete(asked: Asked) -> Answer {
    let ((_, maker), id) = (asked.caller.as_device()?, asked.id()?);
    asked.door.engine.delete_swap(maker, id).await?;
    done()
}
