//! Requests to a node that may be killed, or have no room, at any moment: an answer counts only when it has arrived whole.

use crate::piqchat::{Inbox, Person};
use crate::process::DEADLINE;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use crypto_box::PublicKey;
use serde_json::Value;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};

/// An answer that arrived whole.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    pub(crate) fn text(&self) -> String {
        format!("{} {}", self.status, String::from_utf8_lossy(&self.body))
    }
}

/// A node as those see it who must reckon with its end.
#[derive(Clone)]
pub(crate) struct Attempts {
    address: SocketAddr,
    public: PublicKey,
}

impl Attempts {
    /// Asks the node for its key; it must run.
    pub(crate) fn at(address: SocketAddr) -> Self {
        let info = Inbox::at(address).info;
        let key: [u8; 32] = STANDARD.decode(info["publicKey"].as_str().unwrap()).unwrap().try_into().unwrap();
        Self { address, public: PublicKey::from(key) }
    }

    /// A signed request with a JSON body or none. `None`: the node went away before the answer was there. Hanging fails.
    pub(crate) fn ask(&self, person: &Person, method: &str, path: &str, body: Option<&Value>) -> Option<Answer> {
        let body = body.map(|body| serde_json::to_vec(body).unwrap()).unwrap_or_default();
        let headers = person.sign(&self.public) + "Content-Type: application/json\r\n";
        self.exchange(method, path, &headers, &body)
    }

    /// The same without a signature.
    pub(crate) fn ask_unsigned(&self, method: &str, path: &str, body: &Value) -> Option<Answer> {
        self.exchange(method, path, "Content-Type: application/json\r\n", &serde_json::to_vec(body).unwrap())
    }

    /// Uploads one form with a content for each recipient.
    pub(crate) fn upload(
        &self,
        from: &Person,
        parcels: &[(String, String)],
        attachment: Option<&[u8]>,
    ) -> Option<Answer> {
        let mut form = b"--x\r\nContent-Disposition: form-data; name=\"type\"\r\n\r\nMEDIA\r\n".to_vec();
        for (to, content) in parcels {
            let part = format!("--x\r\nContent-Disposition: form-data; name=\"recipient\"\r\n\r\n{to} {content}\r\n");
            form.extend_from_slice(part.as_bytes());
        }
        if let Some(bytes) = attachment {
            form.extend_from_slice(
                b"--x\r\nContent-Disposition: form-data; name=\"attachment\"; filename=\"a\"\r\n\r\n",
            );
            form.extend_from_slice(bytes);
            form.extend_from_slice(b"\r\n");
        }
        form.extend_from_slice(b"--x--\r\n");
        let headers = from.sign(&self.public) + "Content-Type: multipart/form-data; boundary=x\r\n";
        self.exchange("POST", "/parcels", &headers, &form)
    }

    fn exchange(&self, method: &str, path: &str, headers: &str, body: &[u8]) -> Option<Answer> {
        match self.try_exchange(method, path, headers, body) {
            Ok(answer) => Some(answer),
            Err(error) if [io::ErrorKind::WouldBlock, io::ErrorKind::TimedOut].contains(&error.kind()) => {
                panic!("{method} {path} hangs")
            }
            Err(_) => None,
        }
    }

    fn try_exchange(&self, method: &str, path: &str, headers: &str, body: &[u8]) -> io::Result<Answer> {
        let mut stream = TcpStream::connect_timeout(&self.address, DEADLINE)?;
        stream.set_read_timeout(Some(DEADLINE))?;
        stream.set_write_timeout(Some(DEADLINE))?;
        let length = body.len();
        let head = format!(
            "{method} /api{path} HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\nContent-Length: {length}\r\n{headers}\r\n"
        );
        // A node that refuses may answer before it has read everything, and then close.
        let sent = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body));
        match read_answer(&mut BufReader::new(stream)) {
            Ok(answer) => Ok(answer),
            Err(error) => Err(sent.err().unwrap_or(error)),
        }
    }
}

fn read_answer(stream: &mut impl BufRead) -> io::Result<Answer> {
    let (mut status, mut length, mut chunked, mut first) = (0, None, false, true);
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let line = line.trim_end().to_lowercase();
        if first {
            status = line.split(' ').nth(1).unwrap().parse().unwrap();
            first = false;
        } else if let Some(value) = line.strip_prefix("content-length: ") {
            length = Some(value.parse().unwrap());
        } else if line == "transfer-encoding: chunked" {
            chunked = true;
        } else if line.is_empty() {
            break;
        }
    }
    let body = if chunked { read_chunks(stream)? } else { read_exactly(stream, length.unwrap_or(0))? };
    Ok(Answer { status, body })
}

fn read_exactly(stream: &mut impl Read, length: usize) -> io::Result<Vec<u8>> {
    let mut body = vec![0; length];
    stream.read_exact(&mut body)?;
    Ok(body)
}

fn read_chunks(stream: &mut impl BufRead) -> io::Result<Vec<u8>> {
    let mut whole = Vec::new();
    loop {
        let mut line = String::new();
        stream.read_line(&mut line)?;
        let length =
            usize::from_str_radix(line.trim_end(), 16).map_err(|_| io::Error::from(io::ErrorKind::UnexpectedEof))?;
        let piece = read_exactly(stream, length + 2)?;
        if length == 0 {
            return Ok(whole);
        }
        whole.extend_from_slice(&piece[..length]);
    }
}

/// Numbers that follow from a printed seed.
pub(crate) struct Dice(tidings_engine::Entropy);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(tidings_engine::Entropy::seeded(seed))
    }

    /// A number below `sides`.
    pub(crate) fn roll(&self, sides: usize) -> usize {
        usize::try_from(u64::from_le_bytes(self.0.bytes()) % u64::try_from(sides).unwrap()).unwrap()
    }
}

/// The seed in the environment, or a new one; printed.
pub(crate) fn printed_seed() -> u64 {
    let given = std::env::vars().find(|(name, _)| name == "TIDINGS_SEED").map(|(_, value)| value.parse().unwrap());
    let seed = given.unwrap_or_else(|| u64::from_le_bytes(tidings_engine::Entropy::System.bytes()));
    println!("TIDINGS_SEED={seed}");
    seed
}

/// Bytes that follow from a number.
pub(crate) fn bytes_of(number: u64, length: usize) -> Vec<u8> {
    let mut state = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut bytes = Vec::with_capacity(length + 8);
    while bytes.len() < length {
        // Marsaglia's xorshift.
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    bytes.truncate(length);
    bytes
}
