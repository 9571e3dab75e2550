//! Clients of both generations over both transports. A TCP client takes each read for exactly one message, as the real one
//! does, and panics where that dies.

use super::server::{Server, soon};
use secp256k1::{Message, SecretKey, ecdsa};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Secrets of one repeated byte, and their keys (wire/darkchat.md, section 12).
pub const ALICE: (u8, &str) = (0x11, "034f355bdcb7cc0af728ef3cceb9615d90684bb5b2ca5f859ab0f0b704075871aa");
pub const BOB: (u8, &str) = (0x22, "02466d7fcae563e5cb09a0d1870bb580344804617879a14949cf22285f1bae3f27");
pub const CAROL: (u8, &str) = (0x33, "023c72addb4fdf09af94f0c94d7fe92a386a7e70cf8a1d85916386bb2535c7b1b1");

pub const WELCOME: &str = r#"{"type":"success","msg":"Connected to Network"}"#;
pub const SENT: &str = r#"{"type":"success","msg":"MESSAGE SENT"}"#;

pub type Person = (u8, &'static str);

pub fn joined(channel: &str) -> String {
    format!(r#"{{"type":"success","msg":"Connected to channel {channel}"}}"#)
}

pub fn error(text: &str) -> String {
    format!(r#"{{"type":"error","msg":"{text}"}}"#)
}

pub fn sign(person: Person, challenge: &str) -> String {
    let secret = SecretKey::from_secret_bytes([person.0; 32]).unwrap();
    let signature = ecdsa::sign(Message::from_digest(challenge.as_bytes().try_into().unwrap()), &secret);
    signature.serialize_compact().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What a client of 0.2.6 sends.
pub fn old(person: Person, kind: &str, msg: &str, to: &str, channel: &str) -> String {
    format!(
        r#"{{"type":"{kind}","msg":"{msg}","uname":"x","fromPublicKey":"{}","toPublicKey":"{to}","cname":"{channel}"}}"#,
        person.1
    )
}

/// What a client of 0.3 sends.
pub fn new(person: Person, kind: &str, msg: Value, to: Value, channel: Value) -> String {
    format!(
        r#"{{"type":"{kind}","fromPublicKey":"{}","msg":{msg},"uname":null,"toPublicKey":{to},"cname":{channel}}}"#,
        person.1
    )
}

/// What a client of 0.3 says on a channel.
pub fn said(person: Person, channel: &str, text: &str) -> String {
    new(person, "msg", json!(text), Value::Null, json!(channel))
}

/// What a client of 0.3 says to somebody.
pub fn whispered(person: Person, to: Person, text: &str) -> String {
    new(person, "msg", json!(text), json!(to.1), Value::Null)
}

/// A client over TCP.
pub struct Line {
    pub stream: TcpStream,
}

impl Line {
    pub async fn open(server: &Server) -> Self {
        let stream = TcpStream::connect(server.tcp).await.unwrap();
        stream.set_nodelay(true).unwrap();
        Self { stream }
    }

    /// Logged in, with a client of 0.2.6, and in these channels.
    pub async fn old(server: &Server, person: Person, channels: &[&str]) -> Self {
        let mut line = Self::open(server).await;
        let verify = line.ask(&old(person, "connect", "", "", "")).await;
        let signature = sign(person, challenge(&verify));
        assert_eq!(line.ask(&old(person, "verify", &signature, "", "")).await, WELCOME);
        for channel in channels {
            assert_eq!(line.ask(&old(person, "join", "", "", channel)).await, joined(channel));
        }
        line
    }

    pub async fn send(&mut self, text: &str) {
        self.stream.write_all(text.as_bytes()).await.unwrap();
    }

    /// One read; empty at the end.
    pub async fn read(&mut self) -> String {
        let mut read = vec![0; 65_536];
        let count = soon("a read", self.stream.read(&mut read)).await.unwrap_or(0);
        read.truncate(count);
        let text = String::from_utf8(read).unwrap();
        if !text.is_empty() {
            let whole: Result<Value, _> = serde_json::from_str(&text);
            assert!(whole.is_ok_and(|value| !value["msg"].is_null()), "the real client dies of this read: {text}");
        }
        text
    }

    pub async fn ask(&mut self, text: &str) -> String {
        self.send(text).await;
        self.read().await
    }

    /// That nothing has come so far, shown by what is answered to something unrelated.
    pub async fn assert_silent(&mut self, person: Person, channel: &str) {
        assert_eq!(self.ask(&old(person, "join", "", "", channel)).await, joined(channel));
    }
}

/// The challenge in an answer.
pub fn challenge(answer: &str) -> &str {
    let text = answer.strip_prefix(r#"{"type":"verify","msg":""#).unwrap_or_else(|| panic!("{answer}"));
    let text = text.strip_suffix(r#""}"#).unwrap();
    assert_eq!(text.len(), 32);
    text
}

/// A client over WebSocket (RFC 6455).
pub struct Web {
    pub stream: TcpStream,
}

/// A frame that was received.
#[derive(Debug, PartialEq, Eq)]
pub enum Frame {
    Text(String),
    Ping,
    Closed,
    Other(u8),
}

impl Web {
    pub async fn open(server: &Server) -> Self {
        let mut stream = TcpStream::connect(server.web).await.unwrap();
        stream.set_nodelay(true).unwrap();
        let request = "GET /any/path?x=y HTTP/1.1\r\nHost: x\r\nOrigin: http://else.where\r\nConnection: Upgrade\r\n\
                       Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n";
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(soon("the handshake", stream.read_u8()).await.unwrap());
        }
        assert!(head.starts_with(b"HTTP/1.1 101 "), "{}", String::from_utf8_lossy(&head));
        Self { stream }
    }

    /// Logged in, with a client of 0.3, and in these channels.
    pub async fn new(server: &Server, person: Person, channels: &[&str]) -> Self {
        let mut web = Self::open(server).await;
        let null = || Value::Null;
        let verify = web.ask(&new(person, "connect", null(), null(), null())).await;
        let signature = sign(person, challenge(&verify));
        assert_eq!(web.ask(&new(person, "verify", json!(signature), null(), null())).await, WELCOME);
        for channel in channels {
            assert_eq!(web.ask(&new(person, "join", null(), null(), json!(channel))).await, joined(channel));
        }
        web
    }

    pub async fn send(&mut self, text: &str) {
        self.send_frame(1, text.as_bytes()).await;
    }

    pub async fn send_frame(&mut self, kind: u8, payload: &[u8]) {
        self.stream.write_all(&masked(kind, payload)).await.unwrap();
    }

    pub async fn frame(&mut self) -> Frame {
        soon("a frame", async {
            let Ok(kind) = self.stream.read_u8().await else { return Frame::Closed };
            let length = match self.stream.read_u8().await.unwrap() {
                126 => u64::from(self.stream.read_u16().await.unwrap()),
                127 => self.stream.read_u64().await.unwrap(),
                short => u64::from(short),
            };
            let mut payload = vec![0; usize::try_from(length).unwrap()];
            self.stream.read_exact(&mut payload).await.unwrap();
            match kind {
                0x81 => Frame::Text(String::from_utf8(payload).unwrap()),
                0x88 => Frame::Closed,
                0x89 => Frame::Ping,
                other => Frame::Other(other),
            }
        })
        .await
    }

    pub async fn read(&mut self) -> String {
        match self.frame().await {
            Frame::Text(text) => text,
            other => panic!("{other:?}"),
        }
    }

    pub async fn ask(&mut self, text: &str) -> String {
        self.send(text).await;
        self.read().await
    }

    /// That nothing has come so far, shown by what is answered to something unrelated.
    pub async fn assert_silent(&mut self, person: Person, channel: &str) {
        let join = new(person, "join", Value::Null, Value::Null, json!(channel));
        assert_eq!(self.ask(&join).await, joined(channel));
    }
}

/// A client's frame, masked with zeros.
pub fn masked(kind: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![0x80 | kind];
    match payload.len() {
        short @ ..126 => frame.push(0x80 | u8::try_from(short).unwrap()),
        medium @ ..65_536 => {
            frame.push(0x80 | 126);
            frame.extend(u16::try_from(medium).unwrap().to_be_bytes());
        }
        long => {
            frame.push(0x80 | 127);
            frame.extend((long as u64).to_be_bytes());
        }
    }
    frame.extend([0; 4]);
    frame.extend(payload);
    frame
}
