//! Live connections: a WebSocket to each node that the client wants to hear from.

use super::{Inbox, Incoming, tell};
use futures_util::{SinkExt as _, StreamExt as _};
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;
use tidings_client::io::Input;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::{Semaphore, mpsc};
use tokio::time::{Instant, timeout};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::{WebSocketStream, client_async_with_config};
use tokio_util::sync::CancellationToken;
use url::Url;

/// How long it may take until a connection is open.
const OPEN_TIME: Duration = Duration::from_secs(20);

/// How long sending one text may take.
const SEND_TIME: Duration = Duration::from_secs(30);

/// Bytes of a text at most: room for the largest entry (4 MiB, `tidings_wire::api::ENTRY_BYTES_MAX`) in base64 and JSON.
const TEXT_MAX: usize = 6 * 1024 * 1024;

/// Texts of one connection that wait for the client; then the node must wait.
const WAITING_IN: usize = 8;

/// Texts that wait to be sent; then the connection counts as broken.
const WAITING_OUT: usize = 1024;

/// How often something is said at least, until the node says how often it wants that.
const HEARTBEAT: Duration = Duration::from_secs(30);

/// Bounds of what a node may ask for.
const HEARTBEAT_SECONDS: std::ops::RangeInclusive<u64> = 5..=300;

/// A connection, seen from the client's side.
pub(super) struct Live {
    texts: mpsc::Sender<String>,
    end: CancellationToken,
}

impl Live {
    /// Sends a text. Fails if too many wait.
    pub(super) fn say(&self, text: String) -> bool {
        // One that has ended has told so; that is no reason to close it.
        !matches!(self.texts.try_send(text), Err(mpsc::error::TrySendError::Full(_)))
    }

    pub(super) fn close(&self) {
        self.end.cancel();
    }
}

/// A connection, and the task that opens and runs it and tells of its end.
pub(super) fn prepare(
    node: String,
    url: Url,
    tls: Arc<ClientConfig>,
    inbox: Inbox,
    end: CancellationToken,
) -> (Live, impl Future<Output = ()> + Send) {
    let (texts, waiting) = mpsc::channel(WAITING_OUT);
    let live = Live { texts, end: end.clone() };
    let task = async move {
        let talk = Talk { node: node.clone(), inbox: inbox.clone(), waiting };
        end.run_until_cancelled(talk.open(url, tls)).await;
        tell(&inbox, Input::Disconnected { node });
    };
    (live, task)
}

struct Talk {
    node: String,
    inbox: Inbox,
    waiting: mpsc::Receiver<String>,
}

impl Talk {
    /// Opens the connection and stays until it ends.
    async fn open(self, url: Url, tls: Arc<ClientConfig>) -> Option<()> {
        let host = url.host_str()?.trim_matches(['[', ']']).to_owned();
        let port = url.port_or_known_default()?;
        let connect = TcpStream::connect((host.as_str(), port));
        let stream = timeout(OPEN_TIME, connect).await.ok()?.ok()?;
        // Small texts should not wait for each other.
        let _ = stream.set_nodelay(true);
        if url.scheme() == "http" {
            return self.run(shake(&url, "ws", stream).await?).await;
        }
        let name = ServerName::try_from(host).ok()?;
        let connector = tokio_rustls::TlsConnector::from(tls);
        let stream = timeout(OPEN_TIME, connector.connect(name, stream)).await.ok()?.ok()?;
        self.run(shake(&url, "wss", stream).await?).await
    }

    async fn run<S: AsyncRead + AsyncWrite + Unpin>(mut self, mut socket: WebSocketStream<S>) -> Option<()> {
        tell(&self.inbox, Input::Connected { node: self.node.clone() });
        let room = Arc::new(Semaphore::new(WAITING_IN));
        let mut heartbeat = HEARTBEAT;
        let (mut heard, mut said) = (Instant::now(), Instant::now());
        loop {
            let deadline = (said + heartbeat).min(heard + heartbeat * 3);
            tokio::select! {
                text = self.waiting.recv() => {
                    send(&mut socket, Message::text(text?)).await?;
                    said = Instant::now();
                }
                message = socket.next() => {
                    heard = Instant::now();
                    match message?.ok()? {
                        Message::Text(text) => {
                            heartbeat = wanted_heartbeat(text.as_str()).unwrap_or(heartbeat);
                            self.hear(text.as_str().to_owned(), &room).await?;
                        }
                        Message::Close(_) => return None,
                        _ => {}
                    }
                }
                () = tokio::time::sleep_until(deadline) => {
                    if heard.elapsed() >= heartbeat * 3 {
                        return None;
                    }
                    send(&mut socket, Message::Ping(Vec::new().into())).await?;
                    said = Instant::now();
                }
            }
        }
    }

    /// Brings a text to the client, as soon as it has room.
    async fn hear(&self, text: String, room: &Arc<Semaphore>) -> Option<()> {
        let permit = Arc::clone(room).acquire_owned().await.ok()?;
        let input = Input::Heard { node: self.node.clone(), text };
        self.inbox.send(Incoming::Input(input, Some(permit))).ok()
    }
}

async fn shake<S: AsyncRead + AsyncWrite + Unpin>(url: &Url, scheme: &str, stream: S) -> Option<WebSocketStream<S>> {
    let authority = match url.port() {
        Some(port) => format!("{}:{port}", url.host_str()?),
        None => url.host_str()?.to_owned(),
    };
    let bounds = WebSocketConfig::default().max_message_size(Some(TEXT_MAX)).max_frame_size(Some(TEXT_MAX));
    let handshake = client_async_with_config(format!("{scheme}://{authority}/v1/live"), stream, Some(bounds));
    timeout(OPEN_TIME, handshake).await.ok()?.ok().map(|(socket, _)| socket)
}

async fn send<S: AsyncRead + AsyncWrite + Unpin>(socket: &mut WebSocketStream<S>, message: Message) -> Option<()> {
    timeout(SEND_TIME, socket.send(message)).await.ok()?.ok()
}

/// What the node's greeting says of how often it wants to hear something.
fn wanted_heartbeat(text: &str) -> Option<Duration> {
    let greeting: Value = text.starts_with("{\"hello\"").then(|| serde_json::from_str(text).ok()).flatten()?;
    let seconds = greeting.get("hello")?.get("heartbeat")?.as_u64()?;
    Some(Duration::from_secs(seconds.clamp(*HEARTBEAT_SECONDS.start(), *HEARTBEAT_SECONDS.end())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_greeting_says_how_often_to_speak() {
        let of = |text| wanted_heartbeat(text).map(|found| found.as_secs());
        assert_eq!(of(r#"{"hello":{"challenge":"x","incarnation":1,"heartbeat":45}}"#), Some(45));
        assert_eq!(of(r#"{"hello":{"heartbeat":0}}"#), Some(5));
        assert_eq!(of(r#"{"entries":{"heartbeat":45}}"#), None);
        assert_eq!(of("{\"hello\""), None);
    }
}
