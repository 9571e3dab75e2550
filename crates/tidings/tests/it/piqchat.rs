//! As much of a piqchat client as the tests of imports and backups need, over plain sockets.

use crate::process::DEADLINE;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use crypto_box::aead::Aead as _;
use crypto_box::{PublicKey, SalsaBox, SecretKey};
use serde_json::Value;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use tidings_core::Timestamp;
use tidings_engine::{Clock, Entropy};

/// Now.
pub(crate) fn now() -> Timestamp {
    Clock::System.now()
}

/// Somebody with a key.
#[derive(Clone)]
pub(crate) struct Person {
    secret: SecretKey,
    /// The public key in base64.
    pub(crate) id: String,
}

impl Person {
    /// The same person for the same number.
    pub(crate) fn numbered(number: u64) -> Self {
        let mut bytes = [0x5a; 32];
        // The first bits of a secret do not count (RFC 7748, section 5).
        bytes[8..16].copy_from_slice(&number.to_le_bytes());
        let secret = SecretKey::from(bytes);
        let id = STANDARD.encode(secret.public_key().as_bytes());
        Self { secret, id }
    }

    /// The headers of a signature made now.
    pub(crate) fn sign(&self, server: &PublicKey) -> String {
        let date = now().to_string();
        let nonce: [u8; 24] = Entropy::System.bytes();
        let sealed = SalsaBox::new(server, &self.secret).encrypt(&nonce.into(), date.as_bytes()).unwrap();
        let signature = STANDARD.encode([nonce.as_slice(), &sealed].concat());
        format!(
            "Authorization: Signature keyId=\"{}\",headers=\"x-date\",signature=\"{signature}\"\r\nX-Date: {date}\r\n",
            self.id
        )
    }
}

/// A node as its clients see it.
#[derive(Clone)]
pub(crate) struct Inbox {
    address: SocketAddr,
    public: PublicKey,
    pub(crate) info: Value,
}

/// An id as a part of a path.
pub(crate) fn escaped(id: &str) -> String {
    id.replace('+', "%2B").replace('/', "%2F").replace('=', "%3D")
}

impl Inbox {
    pub(crate) fn at(address: SocketAddr) -> Self {
        let (status, body) = exchange(address, "GET", "/api/info", "", b"");
        assert_eq!(status, 200);
        let info: Value = serde_json::from_slice(&body).unwrap();
        let key: [u8; 32] = STANDARD.decode(info["publicKey"].as_str().unwrap()).unwrap().try_into().unwrap();
        Self { address, public: PublicKey::from(key), info }
    }

    /// A signed request; gives status and body.
    pub(crate) fn ask(&self, person: &Person, method: &str, path: &str, body: Option<&Value>) -> (u16, Vec<u8>) {
        let body = body.map(|body| serde_json::to_vec(body).unwrap()).unwrap_or_default();
        let headers = person.sign(&self.public) + "Content-Type: application/json\r\n";
        exchange(self.address, method, &format!("/api{path}"), &headers, &body)
    }

    /// The same without a signature.
    pub(crate) fn ask_unsigned(&self, method: &str, path: &str, body: &Value) -> (u16, Vec<u8>) {
        let body = serde_json::to_vec(body).unwrap();
        exchange(self.address, method, &format!("/api{path}"), "Content-Type: application/json\r\n", &body)
    }

    /// A signed request that must be answered with JSON.
    pub(crate) fn json(&self, person: &Person, path: &str) -> Value {
        let (status, body) = self.ask(person, "GET", path, None);
        assert_eq!(status, 200, "{path}: {}", String::from_utf8_lossy(&body));
        serde_json::from_slice(&body).unwrap()
    }

    /// Sends a parcel; gives the status.
    pub(crate) fn send(&self, from: &Person, to: &Person, content: &str, attachment: Option<&[u8]>) -> u16 {
        let mut form = Vec::new();
        let mut field = |name: &str, value: &str| {
            let part = format!("--x\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
            form.extend_from_slice(part.as_bytes());
        };
        field("type", "MEDIA");
        field("recipient", &format!("{} {content}", to.id));
        if let Some(bytes) = attachment {
            let head = "--x\r\nContent-Disposition: form-data; name=\"attachment\"; filename=\"a\"\r\n\r\n";
            form.extend_from_slice(head.as_bytes());
            form.extend_from_slice(bytes);
            form.extend_from_slice(b"\r\n");
        }
        form.extend_from_slice(b"--x--\r\n");
        let headers = from.sign(&self.public) + "Content-Type: multipart/form-data; boundary=x\r\n";
        exchange(self.address, "POST", "/api/parcels", &headers, &form).0
    }

    /// Makes an account with an invitation's link.
    pub(crate) fn join(&self, link: &str, person: &Person) {
        let token = link.split_once("contact-exchange%2F").unwrap().1.split_once("%2Faccept").unwrap().0;
        let body = serde_json::json!({ "userUuid": person.id, "encryptedContact": "x" });
        let (status, said) = self.ask_unsigned("POST", &format!("/contact-exchange/{token}/accept"), &body);
        assert_eq!(status, 200, "{}", String::from_utf8_lossy(&said));
    }
}

fn exchange(address: SocketAddr, method: &str, path: &str, headers: &str, body: &[u8]) -> (u16, Vec<u8>) {
    let mut stream = TcpStream::connect_timeout(&address, DEADLINE).unwrap();
    stream.set_read_timeout(Some(DEADLINE)).unwrap();
    let length = body.len();
    let head = format!(
        "{method} {path} HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\nContent-Length: {length}\r\n{headers}\r\n"
    );
    stream.write_all(&[head.as_bytes(), body].concat()).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    let end = answer.windows(4).position(|window| window == b"\r\n\r\n").unwrap();
    let head = String::from_utf8_lossy(&answer[..end]).to_lowercase();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    let body = answer[end + 4..].to_vec();
    (status, if head.contains("transfer-encoding: chunked") { unchunk(&body) } else { body })
}

fn unchunk(mut body: &[u8]) -> Vec<u8> {
    let mut whole = Vec::new();
    loop {
        let end = body.windows(2).position(|window| window == b"\r\n").unwrap();
        let length = usize::from_str_radix(std::str::from_utf8(&body[..end]).unwrap(), 16).unwrap();
        if length == 0 {
            return whole;
        }
        whole.extend_from_slice(&body[end + 2..end + 2 + length]);
        body = &body[end + 4 + length..];
    }
}
