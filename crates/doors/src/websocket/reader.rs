//! Frames as clients write them, from bytes that come in any pieces (RFC 6455, section 5).

use super::frame::{CONTROL_MAX, CloseCode, Opcode};
use super::mask::Mask;

/// Bytes of a client's longest head: two, eight of length, four of the mask.
const HEAD_MAX: usize = 14;

/// Bytes that are set aside at once for a payload of which only the length has come: a client that announces much and
/// sends nothing costs no more.
const AHEAD_MAX: usize = 16 * 1024;

/// What a client has said.
#[derive(PartialEq, Eq)]
pub enum Piece {
    /// A whole text message.
    Text(String),
    /// A whole binary message.
    Binary(Vec<u8>),
    /// A ping, whose payload the pong must carry.
    Ping(Vec<u8>),
    /// A pong.
    Pong,
    /// The client wants to end, and may say why.
    Close(Option<CloseCode>),
}

/// What a client did wrong.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Fault {
    /// It broke the rules of framing.
    #[error("broke the rules of WebSocket framing")]
    Protocol,
    /// A text that is no UTF-8.
    #[error("sent a text that is no UTF-8")]
    NotUtf8,
    /// A message above the limit.
    #[error("sent a message above the limit")]
    TooLarge,
}

impl Fault {
    /// The code to close with (section 7.4.1).
    pub fn code(self) -> CloseCode {
        match self {
            Self::Protocol => CloseCode::PROTOCOL,
            Self::NotUtf8 => CloseCode::NOT_UTF8,
            Self::TooLarge => CloseCode::TOO_LARGE,
        }
    }
}

/// Puts messages together. It holds what is incomplete, and nothing between messages.
pub struct Reader {
    limit: usize,
    head: PartialHead,
    frame: Option<Head>,
    message: Vec<u8>,
    kind: Option<Opcode>,
    control: Vec<u8>,
}

/// The bytes of a head that has not come whole.
#[derive(Default)]
struct PartialHead {
    bytes: [u8; HEAD_MAX],
    len: u8,
}

/// A frame whose payload is under way.
#[derive(Clone, Copy)]
struct Head {
    opcode: Opcode,
    last: bool,
    left: usize,
    mask: Mask,
}

impl Reader {
    /// Reads messages of up to `limit` bytes, fragments together.
    pub fn new(limit: usize) -> Self {
        let head = PartialHead::default();
        Self { limit, head, frame: None, message: Vec::new(), kind: None, control: Vec::new() }
    }

    /// Takes messages of up to `limit` bytes from the next frame on.
    pub(super) fn set_limit(&mut self, limit: usize) {
        self.limit = limit;
    }

    /// Whether a message has begun and not ended.
    pub(super) fn is_unfinished(&self) -> bool {
        self.kind.is_some()
    }

    /// Bytes that have come of a message without its end.
    pub(super) fn held(&self) -> usize {
        self.message.capacity()
    }

    /// Takes bytes off `input` until something is whole or nothing is left. After a fault it must not be asked again.
    pub fn next(&mut self, input: &mut &[u8]) -> Result<Option<Piece>, Fault> {
        loop {
            let head = match self.frame.take() {
                Some(head) => head,
                None => match self.head.take(input)? {
                    Some(head) => self.open(head)?,
                    None => return Ok(None),
                },
            };
            if let Some(open) = self.read(head, input) {
                self.frame = Some(open);
                return Ok(None);
            }
            if let Some(piece) = self.close(head)? {
                return Ok(Some(piece));
            }
        }
    }

    /// Whether a new frame fits to those before it.
    fn open(&mut self, head: Head) -> Result<Head, Fault> {
        if head.opcode.is_control() {
            return if head.last && head.left <= CONTROL_MAX { Ok(head) } else { Err(Fault::Protocol) };
        }
        if self.kind.is_some() != (head.opcode == Opcode::Continuation) {
            return Err(Fault::Protocol);
        }
        if head.left > self.limit.saturating_sub(self.message.len()) {
            return Err(Fault::TooLarge);
        }
        self.kind.get_or_insert(head.opcode);
        Ok(head)
    }

    /// Reads payload; gives the frame back if more of it must come.
    fn read(&mut self, mut head: Head, input: &mut &[u8]) -> Option<Head> {
        let target = if head.opcode.is_control() { &mut self.control } else { &mut self.message };
        let (now, later) = input.split_at_checked(head.left).unwrap_or((*input, &[]));
        *input = later;
        let start = target.len();
        if head.last && head.left == now.len() {
            target.reserve_exact(now.len());
        } else {
            target.reserve(head.left.min(AHEAD_MAX));
        }
        target.extend_from_slice(now);
        head.mask.apply(target.get_mut(start..).unwrap_or_default());
        head.left -= now.len();
        (head.left > 0).then_some(head)
    }

    /// What the end of a frame completes.
    fn close(&mut self, head: Head) -> Result<Option<Piece>, Fault> {
        Ok(Some(match head.opcode {
            Opcode::Ping => Piece::Ping(std::mem::take(&mut self.control)),
            Opcode::Pong => {
                self.control = Vec::new();
                Piece::Pong
            }
            Opcode::Close => Piece::Close(parse_close(&std::mem::take(&mut self.control))?),
            _ if !head.last => return Ok(None),
            _ => {
                let message = std::mem::take(&mut self.message);
                match self.kind.take() {
                    Some(Opcode::Text) => Piece::Text(String::from_utf8(message).map_err(|_| Fault::NotUtf8)?),
                    _ => Piece::Binary(message),
                }
            }
        }))
    }
}

impl PartialHead {
    /// The next head, if it has come whole.
    fn take(&mut self, input: &mut &[u8]) -> Result<Option<Head>, Fault> {
        if self.len == 0
            && let Some((head, rest)) = parse_head(input)?
        {
            *input = rest;
            return Ok(Some(head));
        }
        while let Some((first, rest)) = input.split_first() {
            *input = rest;
            if let Some(place) = self.bytes.get_mut(usize::from(self.len)) {
                *place = *first;
                self.len += 1;
            }
            if let Some((head, _)) = parse_head(self.bytes.get(..usize::from(self.len)).unwrap_or_default())? {
                self.len = 0;
                return Ok(Some(head));
            }
        }
        Ok(None)
    }
}

/// A head at the beginning of `bytes` and what follows it, `None` if it has not come whole.
fn parse_head(bytes: &[u8]) -> Result<Option<(Head, &[u8])>, Fault> {
    let [first, second, rest @ ..] = bytes else { return Ok(None) };
    // No extension gives the reserved bits a meaning, and clients must mask.
    if first & 0x70 != 0 || second & 0x80 == 0 {
        return Err(Fault::Protocol);
    }
    let opcode = Opcode::parse(first & 0x0F).ok_or(Fault::Protocol)?;
    let (len, rest) = match second & 0x7F {
        126 => match rest.split_first_chunk() {
            Some((len, rest)) => (u64::from(u16::from_be_bytes(*len)), rest),
            None => return Ok(None),
        },
        127 => match rest.split_first_chunk() {
            Some((len, rest)) => (u64::from_be_bytes(*len), rest),
            None => return Ok(None),
        },
        len => (u64::from(len), rest),
    };
    let Some((key, rest)) = rest.split_first_chunk() else { return Ok(None) };
    if len > i64::MAX as u64 {
        return Err(Fault::Protocol);
    }
    let left = usize::try_from(len).map_err(|_| Fault::TooLarge)?;
    Ok(Some((Head { opcode, last: first & 0x80 != 0, left, mask: Mask::new(*key) }, rest)))
}

/// The payload of a close frame: nothing, or a code and a reason (section 5.5.1).
fn parse_close(payload: &[u8]) -> Result<Option<CloseCode>, Fault> {
    let Some((code, reason)) = payload.split_first_chunk() else {
        return if payload.is_empty() { Ok(None) } else { Err(Fault::Protocol) };
    };
    let code = CloseCode(u16::from_be_bytes(*code));
    if !code.is_sendable() {
        return Err(Fault::Protocol);
    }
    std::str::from_utf8(reason).map_err(|_| Fault::NotUtf8)?;
    Ok(Some(code))
}

#[cfg(test)]
mod tests;
