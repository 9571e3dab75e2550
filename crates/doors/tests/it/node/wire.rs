//! A client that writes HTTP/1.1 by hand, so that it can write it badly.

use super::DEADLINE;
use super::form::{BOUNDARY, Form};
use super::person::{Person, Signature};
use std::net::SocketAddr;
use tidings_core::Timestamp;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// A request.
#[derive(Clone)]
pub struct Ask {
    pub method: &'static str,
    pub path: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Ask {
    pub fn new(method: &'static str, path: &str) -> Self {
        Self { method, path: path.to_owned(), headers: Vec::new(), body: Vec::new() }
    }

    pub fn get(path: &str) -> Self {
        Self::new("GET", path)
    }

    pub fn post(path: &str) -> Self {
        Self::new("POST", path)
    }

    pub fn delete(path: &str) -> Self {
        Self::new("DELETE", path)
    }

    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub fn with(mut self, kind: &str, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self.header("Content-Type", kind)
    }

    pub fn json(self, text: &str) -> Self {
        self.with("application/json", text)
    }

    pub fn form(self, form: Form) -> Self {
        self.form_bytes(form.whole())
    }

    pub fn form_bytes(self, body: Vec<u8>) -> Self {
        self.with(&format!("multipart/form-data; boundary={BOUNDARY}"), body)
    }

    pub fn signed(self, person: &Person, now: Timestamp) -> Self {
        self.with_signature(&person.sign(now))
    }

    pub fn with_signature(self, signature: &Signature) -> Self {
        self.header("Authorization", &signature.header()).header("X-Date", &signature.date)
    }

    pub fn has(&self, name: &str) -> bool {
        self.headers.iter().any(|(found, _)| found.eq_ignore_ascii_case(name))
    }

    /// The head and its empty line.
    pub fn head(&self) -> Vec<u8> {
        let mut head = format!("{} {} HTTP/1.1\r\n", self.method, self.path);
        if !self.has("host") {
            head.push_str("Host: node.example\r\n");
        }
        let framed = self.has("content-length") || self.has("transfer-encoding");
        if !framed && (!self.body.is_empty() || self.method == "POST") {
            head.push_str(&format!("Content-Length: {}\r\n", self.body.len()));
        }
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head.push_str("\r\n");
        head.into_bytes()
    }

    pub fn bytes(&self) -> Vec<u8> {
        [self.head(), self.body.clone()].concat()
    }
}

/// An answer.
pub struct Reply {
    pub status: u16,
    headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    /// The body ended as its length or its last chunk says.
    pub whole: bool,
}

impl Reply {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

/// A connection.
pub struct Wire {
    pub stream: TcpStream,
    unread: Vec<u8>,
}

impl Wire {
    pub async fn open(address: SocketAddr) -> Self {
        Self { stream: TcpStream::connect(address).await.unwrap(), unread: Vec::new() }
    }

    /// Sends all of it, or as much as the node takes before it closes.
    pub async fn send(&mut self, bytes: &[u8]) {
        let _ = timeout(DEADLINE, self.stream.write_all(bytes)).await.expect("the node does not read");
    }

    /// Reads one answer. `head` says that it has no body whatever its length says.
    pub async fn reply(&mut self, head: bool) -> Reply {
        timeout(DEADLINE, self.read_reply(head)).await.expect("no answer")
    }

    /// Whether the node closes the connection without another byte.
    pub async fn ends(&mut self) -> bool {
        self.unread.is_empty() && !timeout(DEADLINE, self.more()).await.expect("the connection stays open")
    }

    async fn more(&mut self) -> bool {
        let mut piece = vec![0; 64 * 1024];
        let count = self.stream.read(&mut piece).await.unwrap_or(0);
        self.unread.extend_from_slice(&piece[..count]);
        count > 0
    }

    async fn line(&mut self) -> String {
        loop {
            if let Some(at) = self.unread.windows(2).position(|pair| pair == b"\r\n") {
                let line = self.unread.drain(..at + 2).collect::<Vec<u8>>();
                return String::from_utf8(line[..at].to_vec()).unwrap();
            }
            assert!(
                self.more().await,
                "the node closed before its answer: {:?}",
                String::from_utf8_lossy(&self.unread)
            );
        }
    }

    async fn take(&mut self, count: usize) -> (Vec<u8>, bool) {
        while self.unread.len() < count && self.more().await {}
        let whole = self.unread.len() >= count;
        let count = count.min(self.unread.len());
        (self.unread.drain(..count).collect(), whole)
    }

    async fn read_reply(&mut self, head: bool) -> Reply {
        let first = self.line().await;
        let status: u16 = first.split(' ').nth(1).unwrap().parse().unwrap();
        let mut headers = Vec::new();
        loop {
            let line = self.line().await;
            let Some((name, value)) = line.split_once(':') else { break };
            headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
        let mut reply = Reply { status, headers, body: Vec::new(), whole: true };
        if head || matches!(status, 100..200 | 204 | 304) {
            return reply;
        }
        if reply.header("transfer-encoding") == Some("chunked") {
            (reply.body, reply.whole) = self.chunks().await;
        } else if let Some(length) = reply.header("content-length") {
            let length = length.parse().unwrap();
            (reply.body, reply.whole) = self.take(length).await;
        } else {
            while self.more().await {}
            reply.body = std::mem::take(&mut self.unread);
        }
        reply
    }

    async fn chunks(&mut self) -> (Vec<u8>, bool) {
        let mut body = Vec::new();
        loop {
            let size = usize::from_str_radix(&self.line().await, 16).unwrap();
            let (piece, whole) = self.take(size + 2).await;
            body.extend_from_slice(&piece[..size.min(piece.len())]);
            if size == 0 || !whole {
                return (body, whole);
            }
        }
    }
}
