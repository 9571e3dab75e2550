//! Requests to nodes.

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use rustls::ClientConfig;
use std::sync::Arc;
use std::time::Duration;
use tidings_client::io::{HttpAnswer, HttpRequest};
use tokio::sync::Semaphore;
use url::Url;

/// How long a connection may take to come about.
const CONNECT_TIME: Duration = Duration::from_secs(10);

/// How long a request may take: time for a piece of a file on a slow line.
const WHOLE_TIME: Duration = Duration::from_secs(120);

/// How long a node may be silent within an answer.
const SILENCE: Duration = Duration::from_secs(30);

/// Requests that are under way at once; others wait.
const AT_ONCE: usize = 16;

/// Bytes of an answer at most (see `HttpAnswer`).
const ANSWER_MAX: usize = 17 * 1024 * 1024;

/// Headers that the client looks at; others are not kept.
const HEADERS: [&str; 6] = ["retry-after", "upload-offset", "content-range", "etag", "content-type", "date"];

/// Why an answer could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unread {
    /// There was none, or it broke off.
    Silent,
    /// It has more bytes than were wanted.
    TooLarge,
}

/// Makes requests. Cheap to clone.
#[derive(Clone)]
pub(super) struct Requests {
    client: reqwest::Client,
    places: Arc<Semaphore>,
}

impl Requests {
    pub(super) fn new(mut tls: ClientConfig) -> Option<Self> {
        tls.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        let client = reqwest::Client::builder()
            .user_agent("tidings")
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .referer(false)
            .connect_timeout(CONNECT_TIME)
            .timeout(WHOLE_TIME)
            .read_timeout(SILENCE)
            .tls_backend_preconfigured(tls)
            .build()
            .ok()?;
        Some(Self { client, places: Arc::new(Semaphore::new(AT_ONCE)) })
    }

    /// Makes a request. `None` if there was no answer, or none that can be used.
    pub(super) async fn make(&self, url: Url, request: HttpRequest) -> Option<HttpAnswer> {
        let _place = self.places.acquire().await.ok()?;
        let method = reqwest::Method::from_bytes(request.method.as_bytes()).ok()?;
        let mut headers = HeaderMap::new();
        for (name, value) in request.headers {
            headers.append(HeaderName::from_bytes(name.as_bytes()).ok()?, HeaderValue::from_str(&value).ok()?);
        }
        let mut made = self.client.request(method, url).headers(headers);
        if let Some(body) = request.body {
            made = made.body(body);
        }
        let answer = made.send().await.ok()?;
        let status = answer.status().as_u16();
        let kept = |name: &&str| Some(((*name).to_owned(), answer.headers().get(*name)?.to_str().ok()?.to_owned()));
        let headers = HEADERS.iter().filter_map(kept).collect();
        let body = body(answer, ANSWER_MAX).await.ok()?;
        Some(HttpAnswer { status, headers, body })
    }

    /// Fetches what is at a URL: its status, and its bytes if they are no more than `max`.
    pub(super) async fn get(&self, url: Url, max: usize) -> Result<(u16, Vec<u8>), Unread> {
        let _place = self.places.acquire().await.map_err(|_| Unread::Silent)?;
        let answer = self.client.get(url).send().await.map_err(|_| Unread::Silent)?;
        let status = answer.status().as_u16();
        Ok((status, body(answer, max).await?))
    }
}

/// Reads what comes, up to a bound.
async fn body(mut answer: reqwest::Response, max: usize) -> Result<Vec<u8>, Unread> {
    let mut body = Vec::new();
    while let Some(piece) = answer.chunk().await.map_err(|_| Unread::Silent)? {
        if body.len() + piece.len() > max {
            return Err(Unread::TooLarge);
        }
        body.extend_from_slice(&piece);
    }
    Ok(body)
}

/// The whole URL of a request; `None` if the target leads away from the node.
pub(super) fn target(node: &Url, target: &str) -> Option<Url> {
    let url = node.join(target).ok()?;
    (target.starts_with('/') && url.origin() == node.origin()).then_some(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_target_leads_away_from_the_node() {
        let node = Url::parse("https://a.example").unwrap();
        assert_eq!(target(&node, "/v1/inbox?after=3").unwrap().as_str(), "https://a.example/v1/inbox?after=3");
        for away in ["//b.example/v1", "https://b.example/", "v1", "/\\b.example/"] {
            assert!(target(&node, away).is_none_or(|url| url.host_str() == Some("a.example")), "{away}");
        }
        assert!(target(&node, "//b.example/v1").is_none());
    }
}
