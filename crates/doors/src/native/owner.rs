//! The node as its owner sees it. What the program around the doors knows comes from the [`Office`] that it has opened.

use super::Native;
use super::answer::{Answer, Refused, done, json};
use super::dispatch::Asked;
use async_trait::async_trait;
use http::StatusCode;
use std::sync::Arc;
use tidings_core::TokenHash;
use tidings_engine::Error;
use tidings_wire::api::{Findings, Overview, OwnersInvitation};

/// What the program around the doors can say and do for the node's owner.
#[async_trait]
pub trait Office: Send + Sync {
    /// People, invitations, storage and settings.
    async fn overview(&self) -> Result<Overview, Error>;
    /// Looks for what is wrong with the set-up. Fails with [`Error::Busy`] while it goes on: what it finds is there when asked again.
    async fn findings(&self) -> Result<Findings, Error>;
    /// Makes an invitation of the node's own.
    async fn invite(&self) -> Result<OwnersInvitation, Error>;
    /// Takes an invitation back. False if there is none that is open.
    async fn withdraw(&self, token: TokenHash) -> Result<bool, Error>;
}

impl Native {
    /// Opens what answers the owner; once, before the door is used.
    pub fn open_office(&self, office: Arc<dyn Office>) {
        // A second one would be the same again.
        let _ = self.office.set(office);
    }

    fn office(&self) -> Result<&Arc<dyn Office>, Refused> {
        self.office.get().ok_or_else(|| Refused::failed("this node has no page for its owner"))
    }
}

/// `GET /v1/owner`.
pub(super) async fn overview(asked: Asked) -> Answer {
    json(StatusCode::OK, &asked.door.office()?.overview().await?)
}

/// `GET /v1/owner/findings`.
pub(super) async fn findings(asked: Asked) -> Answer {
    json(StatusCode::OK, &asked.door.office()?.findings().await?)
}

/// `POST /v1/owner/invitations`.
pub(super) async fn invite(asked: Asked) -> Answer {
    json(StatusCode::CREATED, &asked.door.office()?.invite().await?)
}

/// `DELETE /v1/owner/invitations/{invitation}`.
pub(super) async fn withdraw(asked: Asked) -> Answer {
    let token = TokenHash::from_bytes(asked.id()?);
    match asked.door.office()?.withdraw(token).await? {
        true => done(),
        false => Err(Refused::not_found()),
    }
}
