//! Another server as the real one of 0.2 is: it takes each read for one message, loses two that come in one, and dies of what
//! is no JSON. Here it panics.

use super::server::{DEADLINE, listener, soon};
use serde_json::Value;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, timeout};

pub const SEPARATOR: &str = "**@#@";

pub struct Neighbour {
    pub listener: TcpListener,
    pub port: u16,
}

/// A link to it, greeted.
pub struct Link {
    pub stream: TcpStream,
}

/// A relayed message.
#[derive(Debug, PartialEq, Eq, Clone)]
pub struct Relay {
    pub channel: String,
    pub id: String,
    pub json: String,
}

impl Neighbour {
    pub async fn new() -> Self {
        let listener = listener().await;
        let port = listener.local_addr().unwrap().port();
        Self { listener, port }
    }

    /// Is called, and gives what the caller says its port is.
    pub async fn called(&self) -> (Link, u16) {
        let (stream, _) = soon("a call", self.listener.accept()).await.unwrap();
        let mut link = Link { stream };
        let greeting = link.read().await;
        let port = greeting.strip_prefix("connect**@#@").unwrap_or_else(|| panic!("{greeting}")).parse().unwrap();
        link.write("ok").await;
        (link, port)
    }

    /// Calls.
    pub async fn call(&self, address: SocketAddr) -> Link {
        let mut link = Link { stream: TcpStream::connect(address).await.unwrap() };
        link.write(&format!("connect**@#@{}", self.port)).await;
        assert_eq!(link.read().await, "ok");
        link
    }
}

impl Link {
    pub async fn write(&mut self, text: &str) {
        self.stream.write_all(text.as_bytes()).await.unwrap();
    }

    /// One read; empty at the end.
    pub async fn read(&mut self) -> String {
        let mut read = vec![0; 65_536];
        let count = soon("a read", self.stream.read(&mut read)).await.unwrap_or(0);
        read.truncate(count);
        String::from_utf8(read).unwrap()
    }

    /// The next advert or relay, split as the real server splits.
    pub async fn parts(&mut self) -> Vec<String> {
        let read = self.read().await;
        assert!(!read.is_empty(), "the link has ended");
        let parts: Vec<String> = read.split(SEPARATOR).map(str::to_owned).collect();
        match &parts[..] {
            [peer, name] if peer == "peer" => {
                let pieces: Vec<&str> = name.split(':').collect();
                assert!(pieces.len() == 2 && pieces[1].parse::<u16>().is_ok(), "dies of {read}");
            }
            [_, _, json] => {
                let value: Value = serde_json::from_str(json).unwrap_or_else(|error| panic!("dies of {read}: {error}"));
                assert!(value.is_object(), "dies of {read}");
                let to = value["toPublicKey"].as_str().unwrap_or_default();
                assert!(!["toString", "constructor", "__proto__", "valueOf"].contains(&to), "dies of {read}");
            }
            _ => panic!("is lost: {read}"),
        }
        parts
    }

    pub async fn relay(&mut self) -> Relay {
        let parts = self.parts().await;
        let [channel, id, json] = &parts[..] else { panic!("no relay: {parts:?}") };
        Relay { channel: channel.clone(), id: id.clone(), json: json.clone() }
    }

    pub async fn send(&mut self, channel: &str, id: &str, json: &str) {
        self.write(&[channel, id, json].join(SEPARATOR)).await;
    }

    /// That nothing comes for so long.
    pub async fn assert_quiet(&mut self, moment: Duration) {
        assert!(moment < DEADLINE);
        let begun = Instant::now();
        if timeout(moment, self.stream.readable()).await.is_ok() {
            panic!("after {:?}: {}", begun.elapsed(), self.read().await);
        }
    }
}
