//! A client's connection: Socket.IO over a WebSocket, written by hand.

use crate::node::DEADLINE;
use serde_json::{Value, json};
use std::collections::{HashMap, VecDeque};
use std::net::SocketAddr;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

pub struct Line {
    stream: TcpStream,
    buffer: Vec<u8>,
    next_ack: u64,
    replies: HashMap<u64, Value>,
    /// In the order in which they came.
    pub acknowledged: Vec<u64>,
    /// Requests as they were delivered, with the text they came in.
    pub delivered: VecDeque<(Value, String)>,
}

impl Line {
    pub async fn open(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        let mut line = Self {
            stream,
            buffer: Vec::new(),
            next_ack: 0,
            replies: HashMap::new(),
            acknowledged: Vec::new(),
            delivered: VecDeque::new(),
        };
        let request = "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\n\
            Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
        line.stream.write_all(request.as_bytes()).await.unwrap();
        timeout(DEADLINE, line.begin()).await.unwrap();
        line
    }

    async fn begin(&mut self) {
        let end = loop {
            if let Some(at) = self.buffer.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
                break at + 4;
            }
            self.more().await;
        };
        assert!(self.buffer.starts_with(b"HTTP/1.1 101"), "{}", String::from_utf8_lossy(&self.buffer));
        self.buffer.drain(..end);
        assert!(self.frame().await.starts_with("0{"));
        self.write("40").await;
        assert!(self.frame().await.starts_with("40{"));
    }

    async fn more(&mut self) {
        let read = self.stream.read_buf(&mut self.buffer).await.unwrap();
        assert!(read > 0, "the server closed the connection");
    }

    /// The next text.
    async fn frame(&mut self) -> String {
        loop {
            if let Some((head, len)) = self.head()
                && self.buffer.len() >= head + len
            {
                assert_eq!(self.buffer[0], 0x81, "a whole text");
                let text = String::from_utf8(self.buffer[head..head + len].to_vec()).unwrap();
                self.buffer.drain(..head + len);
                return text;
            }
            self.more().await;
        }
    }

    fn head(&self) -> Option<(usize, usize)> {
        let bytes = &self.buffer;
        match *bytes.get(1)? {
            126 => Some((4, usize::from(u16::from_be_bytes(bytes.get(2..4)?.try_into().unwrap())))),
            127 => Some((10, usize::try_from(u64::from_be_bytes(bytes.get(2..10)?.try_into().unwrap())).unwrap())),
            len => Some((2, usize::from(len))),
        }
    }

    /// Sends a packet as it is.
    pub async fn write(&mut self, text: &str) {
        const MASK: [u8; 4] = [1, 2, 3, 4];
        let mut frame = vec![0x81];
        match text.len() {
            len @ 0..126 => frame.push(0x80 | u8::try_from(len).unwrap()),
            len @ 126..65_536 => {
                frame.push(0x80 | 126);
                frame.extend(u16::try_from(len).unwrap().to_be_bytes());
            }
            len => {
                frame.push(0x80 | 127);
                frame.extend((len as u64).to_be_bytes());
            }
        }
        frame.extend(MASK);
        frame.extend(text.bytes().zip(MASK.iter().cycle()).map(|(byte, mask)| byte ^ mask));
        self.stream.write_all(&frame).await.unwrap();
    }

    /// Takes what comes next.
    async fn step(&mut self) {
        let frame = self.frame().await;
        if frame == "2" {
            self.write("3").await;
        } else if let Some(event) = frame.strip_prefix("42") {
            let event: Value = serde_json::from_str(event).unwrap();
            assert_eq!(event[0], "chat-message");
            self.delivered.push_back((event[1].clone(), frame));
        } else if let Some(reply) = frame.strip_prefix("43") {
            let (ack, reply) = reply.split_at(reply.find('[').unwrap());
            let ack = ack.parse().unwrap();
            let Value::Array(mut reply) = serde_json::from_str(reply).unwrap() else { panic!("{reply}") };
            assert_eq!(reply.len(), 1, "one object");
            self.acknowledged.push(ack);
            assert!(self.replies.insert(ack, reply.remove(0)).is_none(), "one reply to each request");
        } else {
            panic!("unexpected: {frame}");
        }
    }

    /// Sends a request whose argument is this text; gives its number.
    pub async fn emit(&mut self, event: &str, argument: &str) -> u64 {
        self.next_ack += 1;
        let ack = self.next_ack;
        let comma = if argument.is_empty() { "" } else { "," };
        self.write(&format!("42{ack}[\"{event}\"{comma}{argument}]")).await;
        ack
    }

    /// The reply to a request.
    pub async fn reply(&mut self, ack: u64) -> Value {
        let waiting = async {
            while !self.replies.contains_key(&ack) {
                self.step().await;
            }
        };
        timeout(DEADLINE, waiting).await.expect("every request has a reply");
        self.replies.remove(&ack).unwrap()
    }

    pub async fn ask_text(&mut self, event: &str, argument: &str) -> Value {
        let ack = self.emit(event, argument).await;
        self.reply(ack).await
    }

    pub async fn ask(&mut self, event: &str, argument: &Value) -> Value {
        self.ask_text(event, &argument.to_string()).await
    }

    /// Asks what must succeed.
    pub async fn done(&mut self, event: &str, argument: &Value) {
        let reply = self.ask(event, argument).await;
        assert_eq!((&reply["status"], &reply["success"]), (&json!(200), &json!(true)), "{event} {reply}");
    }

    pub async fn join(&mut self, room: &str) {
        self.done("room-join", &json!({"roomId": room})).await;
    }

    /// What is delivered next.
    pub async fn hear(&mut self) -> Value {
        let waiting = async {
            while self.delivered.is_empty() {
                self.step().await;
            }
        };
        timeout(DEADLINE, waiting).await.expect("it is delivered");
        self.delivered.pop_front().unwrap().0
    }

    /// That a request of this very text is delivered next.
    pub async fn heard(&mut self, text: &str) {
        while self.delivered.is_empty() {
            timeout(DEADLINE, self.step()).await.expect("it is delivered");
        }
        assert_eq!(self.delivered.pop_front().unwrap().1, format!("42[\"chat-message\",{text}]"));
    }

    /// The reply to the only request under way, as it came.
    pub async fn reply_text(&mut self, ack: u64) -> String {
        let frame = timeout(DEADLINE, self.frame()).await.unwrap();
        frame.strip_prefix(&format!("43{ack}")).unwrap().to_owned()
    }

    /// That nothing was delivered up to now: what was sent before this question would be here before its answer.
    pub async fn heard_nothing(&mut self) {
        self.ask("room-exist", &json!({"roomId": super::wallet::room(999)})).await;
        assert!(self.delivered.is_empty(), "{:?}", self.delivered);
    }

    pub async fn pull(&mut self, room: &str, start: i64, end: i64, pagination: Value) -> Value {
        let request = json!({"roomId": room, "startTimestamp": start, "endTimestamp": end, "pagination": pagination});
        self.ask("pull-message", &request).await
    }
}
