//! Fetching what a node serves to browsers.

use super::network::{Trust, node_url};
use super::requests::{self, Requests};
use std::time::Duration;
use tokio::time::timeout;
use url::Url;

pub use super::requests::Unread;

/// The pages of one node, each fetched within a time.
pub struct Site {
    requests: Requests,
    node: Url,
    limit: Duration,
}

impl Site {
    /// Gets ready to fetch from the node, a URL such as `https://node.example`; `http://` is for this machine only. `None` if the URL is
    /// no node's, or TLS can't be spoken here.
    pub fn new(node: &str, trust: &Trust, limit: Duration) -> Option<Self> {
        let requests = trust.configuration().and_then(Requests::new)?;
        Some(Self { requests, node: node_url(node, true)?, limit })
    }

    /// The status and the bytes at a path, uncompressed; fails if there are more than `max`. Redirects are not followed.
    pub async fn get(&self, path: &str, max: usize) -> Result<(u16, Vec<u8>), Unread> {
        let url = requests::target(&self.node, path).ok_or(Unread::Silent)?;
        timeout(self.limit, self.requests.get(url, max)).await.unwrap_or(Err(Unread::Silent))
    }
}
