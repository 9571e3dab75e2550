//! Single calls, one after the other, for what has to be set up before anything can be measured.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream, ToSocketAddrs as _};
use std::time::Duration;

use serde_json::Value;

use crate::answer::Answer;
use crate::clock;
use crate::error::{Error, Result};
use crate::lane::CONNECT_TIME;

/// How long an answer may take.
const ANSWER_TIME: Duration = Duration::from_secs(60);
/// The longest answer that is read, in bytes: the list of an inbox with 100,000 parcels.
const MAX_ANSWER: usize = 64 * 1024 * 1024;
/// How often a call is made again because the server asked for patience.
const MAX_TRIES: u32 = 30;
/// The longest wait before trying again.
const MAX_WAIT: Duration = Duration::from_secs(20);

/// A piqchat server, and a connection to it.
pub(crate) struct Caller {
    target: SocketAddr,
    host: String,
    socket: Option<TcpStream>,
}

impl Caller {
    /// A caller for `http://HOST:PORT`. Connects with the first call.
    pub(crate) fn new(url: &str) -> Result<Self> {
        let host = url.strip_prefix("http://").map(|rest| rest.trim_end_matches('/')).unwrap_or_default();
        if host.is_empty() || host.contains('/') {
            return Err(Error::Unusable(format!("{url:?} is not of the form http://HOST:PORT")));
        }
        let with_port = if host.contains(':') { host.to_owned() } else { format!("{host}:80") };
        let mut found = with_port.to_socket_addrs().map_err(Error::io(with_port.clone()))?;
        let target = found.next().ok_or_else(|| Error::Unusable(format!("{with_port} has no address")))?;
        Ok(Self { target, host: host.to_owned(), socket: None })
    }

    /// Where the server is.
    pub(crate) fn target(&self) -> SocketAddr {
        self.target
    }

    /// What goes into the `Host` header.
    pub(crate) fn host(&self) -> &str {
        &self.host
    }

    /// Makes a call with the given header lines and gives the JSON answer, null if it is none.
    ///
    /// # Errors
    /// If the server cannot be reached, answers with something other than a success, or still asks for patience after
    /// [`MAX_TRIES`] calls.
    pub(crate) fn call(&mut self, line: &str, headers: &str, body: Option<&Value>) -> Result<Value> {
        let host = &self.host;
        let mut request = format!("{line} HTTP/1.1\r\nHost: {host}\r\n{headers}");
        match body.map(Value::to_string) {
            Some(body) => request
                .push_str(&format!("Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}", body.len())),
            None => request.push_str("\r\n"),
        }
        for _ in 0..MAX_TRIES {
            let answer = self.exchange(request.as_bytes())?;
            match answer.status() {
                200..=299 => return Ok(serde_json::from_slice(answer.body()).unwrap_or(Value::Null)),
                429 => clock::wait(Duration::from_secs(answer.retry_after().unwrap_or(1)).min(MAX_WAIT)),
                status => {
                    let text = String::from_utf8_lossy(answer.body()).chars().take(200).collect();
                    return Err(Error::Refused { what: without_token(line), status, text });
                }
            }
        }
        Err(Error::Unusable(format!("{}: 429 again and again; raise the server's limits", without_token(line))))
    }

    /// Sends a request over the kept connection or a new one and reads the answer.
    fn exchange(&mut self, request: &[u8]) -> Result<Answer> {
        let kept = self.socket.take();
        let (was_kept, mut socket) = (kept.is_some(), kept.map_or_else(|| self.open(), Ok)?);
        let mut result = talk(&mut socket, request);
        if was_kept && result.is_err() {
            // The server may close an idle connection at any time; what it answers to a new one counts.
            socket = self.open()?;
            result = talk(&mut socket, request);
        }
        let answer = result?;
        if !answer.closes() {
            self.socket = Some(socket);
        }
        Ok(answer)
    }

    fn open(&self) -> Result<TcpStream> {
        let target = self.target;
        let socket = TcpStream::connect_timeout(&target, CONNECT_TIME).map_err(Error::io(format!("{target}")))?;
        socket.set_nodelay(true).map_err(Error::io("no delay"))?;
        socket.set_read_timeout(Some(ANSWER_TIME)).map_err(Error::io("time-out"))?;
        Ok(socket)
    }
}

/// A request line without what comes after the route's name, since tokens are secrets.
fn without_token(line: &str) -> String {
    line.split('/').take(3).collect::<Vec<_>>().join("/")
}

fn talk(socket: &mut TcpStream, request: &[u8]) -> Result<Answer> {
    socket.write_all(request).map_err(Error::io("sending a request"))?;
    let mut answer = Answer::keeping(MAX_ANSWER);
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let count = socket.read(&mut buffer).map_err(Error::io("reading an answer"))?;
        if count == 0 {
            return Err(Error::Http("the connection was closed before its end"));
        }
        if answer.feed(buffer.get(..count).unwrap_or_default())? {
            return Ok(answer);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_plain_addresses_only() {
        assert_eq!(Caller::new("http://127.0.0.1:8080/").unwrap().host(), "127.0.0.1:8080");
        assert_eq!(Caller::new("http://127.0.0.1").unwrap().target().port(), 80);
        for url in ["https://127.0.0.1", "127.0.0.1:80", "http://127.0.0.1/api", "http://"] {
            assert!(Caller::new(url).is_err(), "{url}");
        }
    }

    #[test]
    fn complaints_do_not_show_tokens() {
        assert_eq!(without_token("POST /api/contact-exchange/secret/accept"), "POST /api/contact-exchange");
        assert_eq!(without_token("GET /api/info"), "GET /api/info");
    }
}
