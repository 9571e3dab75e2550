//! As little of darkchat's clients as these tests need: keyless guests, over plain TCP and over WebSocket.

use crate::process::{DEADLINE, Node};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

/// Where a node says that something beside HTTP listens.
pub(crate) fn place(node: &Node, what: &str) -> SocketAddr {
    let line = format!("{what} on ");
    let found = |said: &str| said.lines().find_map(|said| said.strip_prefix(&line)?.parse().ok());
    node.process.wait_for(what, found)
}

pub(crate) fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect_timeout(&address, DEADLINE).unwrap();
    stream.set_read_timeout(Some(DEADLINE)).unwrap();
    stream.set_nodelay(true).unwrap();
    stream
}

/// A client over TCP. The node makes one write for each message; a message that is read in parts is put together.
pub(crate) struct Tcp(TcpStream);

impl Tcp {
    pub(crate) fn open(address: SocketAddr) -> Self {
        Self(connect(address))
    }

    pub(crate) fn say(&mut self, text: &str) {
        self.0.write_all(text.as_bytes()).unwrap();
    }

    /// The next message, which must be a flat object.
    pub(crate) fn hear(&mut self) -> String {
        let mut text = Vec::new();
        while text.last() != Some(&b'}') {
            let mut byte = [0];
            self.0.read_exact(&mut byte).unwrap();
            text.push(byte[0]);
        }
        String::from_utf8(text).unwrap()
    }

    /// Whether the node closes it.
    pub(crate) fn ends(mut self) -> bool {
        self.0.read_to_end(&mut Vec::new()).is_ok()
    }
}

/// Asks for a WebSocket; gives the status.
pub(crate) fn upgrade(stream: &mut (impl Read + Write), path: &str) -> u16 {
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: a.example\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        head.push(byte[0]);
    }
    String::from_utf8(head).unwrap().split(' ').nth(1).unwrap().parse().unwrap()
}

/// A client over WebSocket, which sends messages below 126 bytes and takes what is below 64 KiB.
pub(crate) struct WebSocket<T>(pub(crate) T);

impl WebSocket<TcpStream> {
    pub(crate) fn open(address: SocketAddr, path: &str) -> Self {
        let mut stream = connect(address);
        assert_eq!(upgrade(&mut stream, path), 101);
        Self(stream)
    }
}

impl<T: Read + Write> WebSocket<T> {
    pub(crate) fn say(&mut self, text: &str) {
        // A mask of zeros leaves the text as it is (RFC 6455, section 5.3).
        let mut frame = vec![0x81, 0x80 | u8::try_from(text.len()).unwrap(), 0, 0, 0, 0];
        frame.extend_from_slice(text.as_bytes());
        self.0.write_all(&frame).unwrap();
    }

    /// The next frame: its opcode and what it carries.
    pub(crate) fn hear(&mut self) -> (u8, Vec<u8>) {
        let mut head = [0; 2];
        self.0.read_exact(&mut head).unwrap();
        let mut length = usize::from(head[1]);
        if length == 126 {
            let mut long = [0; 2];
            self.0.read_exact(&mut long).unwrap();
            length = u16::from_be_bytes(long).into();
        }
        let mut payload = vec![0; length];
        self.0.read_exact(&mut payload).unwrap();
        (head[0] & 0x0f, payload)
    }

    pub(crate) fn hear_text(&mut self) -> String {
        let (opcode, payload) = self.hear();
        assert_eq!(opcode, 1, "{payload:?}");
        String::from_utf8(payload).unwrap()
    }
}

/// An acknowledgement number in front of an event, as clients of rooms send it.
pub(crate) fn event(number: u32, name: &str, argument: &str) -> String {
    format!(r#"42{number}["{name}",{argument}]"#)
}
