//! Reading HTTP/1.1 answers, only as far as a load generator must: status, length, where the next one begins.

use crate::error::{Error, Result};

/// The longest head of an answer that is read, in bytes.
const MAX_HEAD: usize = 16 * 1024;
/// The longest line that tells the size of a chunk, in bytes.
const MAX_CHUNK_LINE: usize = 256;

/// How far the current answer has come.
enum Stage {
    Head,
    /// So many bytes of the body are missing.
    Body(u64),
    ChunkSize,
    /// So many bytes of the chunk and its line end are missing.
    Chunk(u64),
    /// The lines after the last chunk, up to an empty one.
    Trailer,
    Done,
}

/// One answer, fed piece by piece. Make it once per connection and [`Answer::reset`] it for each request.
pub(crate) struct Answer {
    stage: Stage,
    line: Vec<u8>,
    status: u16,
    length: u64,
    closes: bool,
    retry_after: Option<u64>,
    keep: usize,
    body: Vec<u8>,
}

impl Answer {
    /// A reader that keeps the first so many bytes of each body and counts the rest.
    pub(crate) fn keeping(keep: usize) -> Self {
        Self {
            stage: Stage::Head,
            line: Vec::new(),
            status: 0,
            length: 0,
            closes: false,
            retry_after: None,
            keep,
            body: Vec::new(),
        }
    }

    /// Forgets the last answer and begins the next.
    pub(crate) fn reset(&mut self) {
        self.stage = Stage::Head;
        self.line.clear();
        self.body.clear();
        (self.status, self.length, self.closes, self.retry_after) = (0, 0, false, None);
    }

    /// Takes the next bytes. `Ok(true)` once the answer is complete; bytes after its end are an error, since no request is
    /// sent before the last one is answered.
    pub(crate) fn feed(&mut self, mut bytes: &[u8]) -> Result<bool> {
        while !bytes.is_empty() {
            bytes = match self.stage {
                Stage::Head => self.take_head(bytes)?,
                Stage::Body(missing) => {
                    let (rest, missing) = self.take_body(bytes, missing, missing);
                    self.stage = if missing == 0 { Stage::Done } else { Stage::Body(missing) };
                    rest
                }
                Stage::ChunkSize => self.take_chunk_size(bytes)?,
                Stage::Chunk(missing) => {
                    // The two bytes of the line end are no part of the body.
                    let (rest, missing) = self.take_body(bytes, missing, missing.saturating_sub(2));
                    self.stage = if missing == 0 { Stage::ChunkSize } else { Stage::Chunk(missing) };
                    rest
                }
                Stage::Trailer => self.take_trailer(bytes)?,
                Stage::Done => return Err(Error::Http("there are bytes behind the answer")),
            };
        }
        Ok(self.is_done())
    }

    /// Whether nothing of the answer has come yet.
    pub(crate) fn is_untouched(&self) -> bool {
        matches!(self.stage, Stage::Head) && self.line.is_empty()
    }

    /// Whether the answer is complete.
    pub(crate) fn is_done(&self) -> bool {
        matches!(self.stage, Stage::Done)
    }

    /// The status code, zero before the head is complete.
    pub(crate) fn status(&self) -> u16 {
        self.status
    }

    /// Length of the body so far, in bytes.
    pub(crate) fn length(&self) -> u64 {
        self.length
    }

    /// Whether the server will close the connection after this answer.
    pub(crate) fn closes(&self) -> bool {
        self.closes
    }

    /// Seconds to wait before trying again, if the server named a number.
    pub(crate) fn retry_after(&self) -> Option<u64> {
        self.retry_after
    }

    /// The beginning of the body, as much as is kept.
    pub(crate) fn body(&self) -> &[u8] {
        &self.body
    }

    fn take_head<'bytes>(&mut self, bytes: &'bytes [u8]) -> Result<&'bytes [u8]> {
        // The usual case, a head in one piece, is read where it lies.
        if self.line.is_empty()
            && let Some((head, rest)) = split_after(bytes, b"\r\n\r\n")
        {
            self.read_head(head)?;
            return Ok(rest);
        }
        let before = self.line.len();
        self.line.extend_from_slice(bytes);
        let whole = std::mem::take(&mut self.line);
        let Some((head, _)) = split_after(&whole, b"\r\n\r\n") else {
            if whole.len() > MAX_HEAD {
                return Err(Error::Http("its head is too long"));
            }
            self.line = whole;
            return Ok(&[]);
        };
        let used = head.len().saturating_sub(before);
        self.read_head(head)?;
        Ok(bytes.get(used..).unwrap_or_default())
    }

    fn read_head(&mut self, head: &[u8]) -> Result<()> {
        let head = std::str::from_utf8(head).map_err(|_| Error::Http("its head is no text"))?;
        let mut lines = head.split("\r\n");
        let status = lines.next().and_then(|line| line.strip_prefix("HTTP/1.")).and_then(|line| line.get(2..5));
        self.status = status.and_then(|code| code.parse().ok()).ok_or(Error::Http("it has no status line"))?;
        let (mut length, mut chunked) = (None, false);
        for (name, value) in lines.filter_map(|line| line.split_once(':')) {
            let value = value.trim();
            if name.eq_ignore_ascii_case("content-length") {
                length = Some(value.parse().map_err(|_| Error::Http("its length is no number"))?);
            } else if name.eq_ignore_ascii_case("transfer-encoding") {
                chunked = value.eq_ignore_ascii_case("chunked");
            } else if name.eq_ignore_ascii_case("connection") {
                self.closes = value.eq_ignore_ascii_case("close");
            } else if name.eq_ignore_ascii_case("retry-after") {
                self.retry_after = value.parse().ok();
            }
        }
        self.stage = match (self.status, length) {
            (100..=199, _) => Stage::Head,
            (204 | 304, _) | (_, Some(0)) => Stage::Done,
            _ if chunked => Stage::ChunkSize,
            (_, Some(length)) => Stage::Body(length),
            (_, None) => return Err(Error::Http("it has neither a length nor chunks")),
        };
        Ok(())
    }

    /// Takes what is there of `missing` bytes, the first `counted` of which belong to the body. Gives the bytes after them
    /// and how many are still missing.
    fn take_body<'bytes>(&mut self, bytes: &'bytes [u8], missing: u64, counted: u64) -> (&'bytes [u8], u64) {
        let here = usize::try_from(missing).unwrap_or(usize::MAX).min(bytes.len());
        let (taken, rest) = bytes.split_at(here);
        let of_body = usize::try_from(counted).unwrap_or(usize::MAX).min(here);
        self.length += of_body as u64;
        let kept = self.keep.saturating_sub(self.body.len()).min(of_body);
        self.body.extend_from_slice(taken.get(..kept).unwrap_or_default());
        (rest, missing - here as u64)
    }

    fn take_chunk_size<'bytes>(&mut self, bytes: &'bytes [u8]) -> Result<&'bytes [u8]> {
        let Some((line, rest)) = self.take_line(bytes)? else { return Ok(&[]) };
        let digits = line.split(|byte| *byte == b';').next().unwrap_or_default().trim_ascii();
        let size = std::str::from_utf8(digits).ok().and_then(|digits| u64::from_str_radix(digits, 16).ok());
        let size = size.filter(|size| *size < u64::MAX / 2).ok_or(Error::Http("a chunk has no size"))?;
        self.stage = if size == 0 { Stage::Trailer } else { Stage::Chunk(size + 2) };
        Ok(rest)
    }

    fn take_trailer<'bytes>(&mut self, bytes: &'bytes [u8]) -> Result<&'bytes [u8]> {
        let Some((line, rest)) = self.take_line(bytes)? else { return Ok(&[]) };
        if line.trim_ascii().is_empty() {
            self.stage = Stage::Done;
        }
        Ok(rest)
    }

    /// A line with its end, possibly begun earlier, and what follows it.
    fn take_line<'bytes>(&mut self, bytes: &'bytes [u8]) -> Result<Option<(Vec<u8>, &'bytes [u8])>> {
        if let Some((end, rest)) = split_after(bytes, b"\n") {
            self.line.extend_from_slice(end);
            return Ok(Some((std::mem::take(&mut self.line), rest)));
        }
        self.line.extend_from_slice(bytes);
        if self.line.len() > MAX_CHUNK_LINE {
            return Err(Error::Http("a line between its chunks is too long"));
        }
        Ok(None)
    }
}

/// Everything up to the end of the first occurrence of `mark`, and the rest.
pub(crate) fn split_after<'bytes>(bytes: &'bytes [u8], mark: &[u8]) -> Option<(&'bytes [u8], &'bytes [u8])> {
    let place = bytes.windows(mark.len()).position(|window| window == mark)?;
    bytes.split_at_checked(place + mark.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Feeds the bytes in pieces of every length and gives what was read.
    fn read_in_every_way(bytes: &[u8]) -> (u16, u64, Vec<u8>, bool) {
        let mut results = (1..=bytes.len()).map(|size| {
            let mut answer = Answer::keeping(1000);
            let mut done = false;
            for piece in bytes.chunks(size) {
                assert!(!done, "done before the end with pieces of {size}");
                done = answer.feed(piece).unwrap();
            }
            assert!(done, "not done with pieces of {size}");
            (answer.status(), answer.length(), answer.body().to_vec(), answer.closes())
        });
        let first = results.next().unwrap();
        assert!(results.all(|result| result == first));
        first
    }

    #[test]
    fn reads_answers_of_each_kind() {
        let table: [(&str, (u16, &str, bool)); 7] = [
            ("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nOK", (200, "OK", false)),
            ("HTTP/1.1 200 OK\r\ncontent-length:0\r\nconnection: Close\r\n\r\n", (200, "", true)),
            ("HTTP/1.1 204 No Content\r\nx: y\r\n\r\n", (204, "", false)),
            ("HTTP/1.0 404 Not Found\r\nCONTENT-LENGTH: 9\r\n\r\nNot Found", (404, "Not Found", false)),
            ("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 Created\r\nContent-Length: 1\r\n\r\n!", (201, "!", false)),
            (
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nA;x=y\r\n0123456789\r\n0\r\n\r\n",
                (200, "abc0123456789", false),
            ),
            ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n\n\r\n0\r\na: b\r\n\r\n", (200, "\n", false)),
        ];
        for (text, (status, body, closes)) in table {
            let read = read_in_every_way(text.as_bytes());
            assert_eq!(read, (status, body.len() as u64, body.as_bytes().to_vec(), closes), "{text:?}");
        }
    }

    #[test]
    fn refuses_what_is_no_answer() {
        let table = [
            "SSH-2.0-x\r\n\r\n",
            "HTTP/1.1 abc\r\n\r\n",
            "HTTP/1.1 200 OK\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nab",
        ];
        for text in table {
            assert!(Answer::keeping(10).feed(text.as_bytes()).is_err(), "{text:?}");
        }
        assert!(Answer::keeping(10).feed(&vec![b'a'; MAX_HEAD + 1]).is_err());
    }

    #[test]
    fn keeps_only_the_beginning_and_starts_again() {
        let mut answer = Answer::keeping(3);
        assert!(answer.is_untouched());
        assert!(answer.feed(b"HTTP/1.1 429 No\r\nRetry-After: 7\r\nContent-Length: 5\r\n\r\nabcde").unwrap());
        assert_eq!((answer.body(), answer.length(), answer.retry_after()), (&b"abc"[..], 5, Some(7)));
        answer.reset();
        assert!(answer.is_untouched());
        assert!(answer.feed(b"HTTP/1.1 204 No\r\n\r\n").unwrap());
        assert_eq!((answer.body(), answer.status(), answer.retry_after()), (&b""[..], 204, None));
    }
}
