//! A raw WebSocket client that speaks well, and as badly as a test wants.

use crate::node::DEADLINE;
use std::net::SocketAddr;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// The request for a socket.
pub fn request(path: &str) -> String {
    format!(
        "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: keep-alive, Upgrade\r\nUpgrade: WebSocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
}

pub struct Client<S = TcpStream> {
    pub stream: S,
    read: Vec<u8>,
}

impl Client {
    /// A socket at this path.
    pub async fn open(address: SocketAddr, path: &str) -> Self {
        Self::over(TcpStream::connect(address).await.unwrap(), path).await
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Client<S> {
    pub async fn over(mut stream: S, path: &str) -> Self {
        stream.write_all(request(path).as_bytes()).await.unwrap();
        let mut client = Self { stream, read: Vec::new() };
        let head = client.head().await;
        assert!(head.starts_with("HTTP/1.1 101 "), "{head}");
        assert!(
            head.to_ascii_lowercase().contains("\r\nsec-websocket-accept: s3pplmbitxaq9kygzzhzrbk+xoo=\r\n"),
            "{head}"
        );
        client
    }

    async fn head(&mut self) -> String {
        loop {
            if let Some(end) = self.read.windows(4).position(|window| window == b"\r\n\r\n") {
                return String::from_utf8(self.read.drain(..end + 4).collect()).unwrap();
            }
            assert!(self.more().await, "the connection ended");
        }
    }

    async fn more(&mut self) -> bool {
        timeout(DEADLINE, self.stream.read_buf(&mut self.read)).await.expect("nothing came").unwrap_or(0) > 0
    }

    /// Sends one frame of up to 125 bytes, under the mask that changes nothing.
    pub async fn frame(&mut self, first: u8, payload: &[u8]) {
        let head = [first, 0x80 | u8::try_from(payload.len()).unwrap(), 0, 0, 0, 0];
        self.stream.write_all(&[&head, payload].concat()).await.unwrap();
    }

    pub async fn say(&mut self, text: &str) {
        self.frame(0x81, text.as_bytes()).await;
    }

    /// The next frame's first byte and payload; `None` at the end.
    pub async fn hear(&mut self) -> Option<(u8, Vec<u8>)> {
        loop {
            let (head, len) = match self.read.get(1) {
                Some(126) if self.read.len() >= 4 => (4, usize::from(u16::from_be_bytes([self.read[2], self.read[3]]))),
                Some(len @ 0..=125) => (2, usize::from(*len)),
                _ => (2, usize::MAX - 2),
            };
            if self.read.len() >= head + len {
                let frame: Vec<u8> = self.read.drain(..head + len).collect();
                return Some((frame[0], frame[head..].to_vec()));
            }
            if !self.more().await {
                return None;
            }
        }
    }

    pub async fn text(&mut self) -> String {
        let (first, payload) = self.hear().await.expect("the connection ended");
        assert_eq!(first, 0x81);
        String::from_utf8(payload).unwrap()
    }
}
