//! Looking at a node before anything is made there: whether it is one, whom it lets in, whether an invitation is still good.

use super::network::{Trust, node_url};
use super::requests::{self, Requests};
use std::time::Duration;
use tidings_client::io::{HttpAnswer, HttpRequest, Time};
use tidings_wire::api::{Exchange, ExchangeState, Node};
use tidings_wire::bytes::encode;
use tokio::time::timeout;

/// Why a node is no good to begin with.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReachError {
    /// Nobody answers there.
    #[error("{0} can't be reached: look at the address and your connection, then try again")]
    Silent(String),
    /// Something else answers.
    #[error("what answers at {0} is no node of Tidings: look at the address")]
    Foreign(String),
    /// It is a node that has no place for newcomers just now, such as one that is ending.
    #[error("{0} answers that it can't serve now (status {1}): try again later")]
    Unwell(String, u16),
}

/// What stands behind an invitation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OfferState {
    /// It can be answered.
    Open,
    /// It was answered, has expired or was revoked.
    Over,
    /// The node did not say.
    Unknown,
}

/// Asks one node a few things, each within a time.
pub struct Reach {
    requests: Requests,
    node: String,
    limit: Duration,
}

impl Reach {
    /// Gets ready to ask the node, a URL such as `https://node.example`; `http://` is for this machine only. Fails if the URL is no
    /// node's.
    pub fn new(node: &str, trust: &Trust, limit: Duration) -> Result<Self, ReachError> {
        let silent = || ReachError::Silent(node.to_owned());
        let requests = trust.configuration().and_then(Requests::new).ok_or_else(silent)?;
        Ok(Self { requests, node: node.to_owned(), limit })
    }

    /// What the node says of itself (docs/protocol/node.md).
    pub async fn about(&self) -> Result<Node, ReachError> {
        let answer = self.get("/v1/node".to_owned()).await.ok_or_else(|| ReachError::Silent(self.node.clone()))?;
        read_about(&self.node, &answer)
    }

    /// How an invitation's exchange stands.
    pub async fn offer(&self, exchange: &[u8; 16], now: Time) -> OfferState {
        match self.get(format!("/v1/exchanges/{}", encode(exchange))).await {
            Some(answer) => read_offer(&answer, now),
            None => OfferState::Unknown,
        }
    }

    async fn get(&self, target: String) -> Option<HttpAnswer> {
        let url = node_url(&self.node, true).and_then(|node| requests::target(&node, &target))?;
        let request = HttpRequest { node: self.node.clone(), method: "GET", target, headers: Vec::new(), body: None };
        timeout(self.limit, self.requests.make(url, request)).await.ok().flatten()
    }
}

fn read_about(node: &str, answer: &HttpAnswer) -> Result<Node, ReachError> {
    match answer.status {
        200 => serde_json::from_slice(&answer.body).map_err(|_| ReachError::Foreign(node.to_owned())),
        status @ (429 | 500..) => Err(ReachError::Unwell(node.to_owned(), status)),
        _ => Err(ReachError::Foreign(node.to_owned())),
    }
}

fn read_offer(answer: &HttpAnswer, now: Time) -> OfferState {
    match (answer.status, serde_json::from_slice::<Exchange>(&answer.body)) {
        (404 | 410, _) => OfferState::Over,
        (200, Ok(found)) if found.state == ExchangeState::Open && found.expires > now => OfferState::Open,
        (200, Ok(_)) => OfferState::Over,
        _ => OfferState::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, body: &str) -> HttpAnswer {
        HttpAnswer { status, headers: Vec::new(), body: body.as_bytes().to_vec() }
    }

    #[test]
    fn nodes_are_told_from_others() {
        let about =
            r#"{"name":"n","version":"1","protocol":1,"incarnation":1,"time":1,"registration":"open","blob_bytes":1}"#;
        assert_eq!(read_about("n", &answer(200, about)).unwrap().protocol, 1);
        assert_eq!(read_about("n", &answer(200, "<html>")), Err(ReachError::Foreign("n".to_owned())));
        assert_eq!(read_about("n", &answer(404, "")), Err(ReachError::Foreign("n".to_owned())));
        assert_eq!(read_about("n", &answer(503, "")), Err(ReachError::Unwell("n".to_owned(), 503)));
    }

    #[test]
    fn an_invitation_is_open_or_over() {
        let id = encode(&[1; 16]);
        let exchange = |state: &str| format!(r#"{{"id":"{id}","state":"{state}","expires":10}}"#);
        assert_eq!(read_offer(&answer(200, &exchange("open")), 9), OfferState::Open);
        assert_eq!(read_offer(&answer(200, &exchange("open")), 10), OfferState::Over);
        assert_eq!(read_offer(&answer(200, &exchange("answered")), 9), OfferState::Over);
        assert_eq!(read_offer(&answer(404, ""), 9), OfferState::Over);
        assert_eq!(read_offer(&answer(500, ""), 9), OfferState::Unknown);
    }
}
