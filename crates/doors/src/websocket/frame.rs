//! Frames as a server writes them: never masked, never split, so one encoding serves every socket (RFC 6455, section 5.2).

use bytes::{BufMut, Bytes, BytesMut};

/// The bit of a frame that ends its message.
const FINAL: u8 = 0x80;

/// The longest payload whose length fits into the second byte.
const SHORT_MAX: usize = 125;

/// What the second byte says when two, or eight, bytes of length follow.
const TWO_BYTES: u8 = 126;
const EIGHT_BYTES: u8 = 127;

/// Bytes of a control frame's payload at most (section 5.5).
pub(super) const CONTROL_MAX: usize = 125;

/// Bytes of the longest head that a server writes.
const HEAD_MAX: usize = 10;

/// What a frame carries (section 5.2).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Opcode {
    Continuation,
    Text,
    Binary,
    Close,
    Ping,
    Pong,
}

impl Opcode {
    pub(super) fn parse(bits: u8) -> Option<Self> {
        Some(match bits {
            0 => Self::Continuation,
            1 => Self::Text,
            2 => Self::Binary,
            8 => Self::Close,
            9 => Self::Ping,
            10 => Self::Pong,
            _ => return None,
        })
    }

    pub(super) fn is_control(self) -> bool {
        matches!(self, Self::Close | Self::Ping | Self::Pong)
    }

    fn bits(self) -> u8 {
        match self {
            Self::Continuation => 0,
            Self::Text => 1,
            Self::Binary => 2,
            Self::Close => 8,
            Self::Ping => 9,
            Self::Pong => 10,
        }
    }
}

/// Why a connection is closed (section 7.4).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct CloseCode(pub u16);

impl CloseCode {
    /// All is said.
    pub const NORMAL: Self = Self(1000);
    /// The node ends.
    pub const GOING_AWAY: Self = Self(1001);
    /// The peer broke the rules.
    pub const PROTOCOL: Self = Self(1002);
    /// A text that is no UTF-8.
    pub const NOT_UTF8: Self = Self(1007);
    /// The peer did what this node does not allow.
    pub const POLICY: Self = Self(1008);
    /// A message above the limit.
    pub const TOO_LARGE: Self = Self(1009);

    /// Whether a peer may send it.
    pub(super) fn is_sendable(self) -> bool {
        matches!(self.0, 1000..=1003 | 1007..=1014 | 3000..=4999)
    }
}

/// A whole frame as it goes out, made once for all sockets; cloning it copies nothing.
#[derive(Clone, PartialEq, Eq)]
pub struct Frame(Bytes);

impl Frame {
    /// A text message. What is given must be UTF-8; that is the caller's word.
    pub fn text(payload: &[u8]) -> Self {
        Self::joined(Opcode::Text, &[payload])
    }

    /// A text message of several parts. All of them together must be UTF-8; that is the caller's word.
    pub fn text_of(parts: &[&[u8]]) -> Self {
        Self::joined(Opcode::Text, parts)
    }

    /// A binary message.
    pub fn binary(payload: &[u8]) -> Self {
        Self::joined(Opcode::Binary, &[payload])
    }

    /// A ping; what is above 125 bytes is left out.
    pub fn ping(payload: &[u8]) -> Self {
        Self::joined(Opcode::Ping, &[control(payload)])
    }

    /// A pong; what is above 125 bytes is left out.
    pub fn pong(payload: &[u8]) -> Self {
        Self::joined(Opcode::Pong, &[control(payload)])
    }

    /// A close frame. Of the reason, what is above 123 bytes is left out, at the border of a character.
    pub fn close(code: CloseCode, reason: &str) -> Self {
        let end = reason.floor_char_boundary(CONTROL_MAX - 2);
        Self::joined(Opcode::Close, &[&code.0.to_be_bytes(), reason.get(..end).unwrap_or_default().as_bytes()])
    }

    /// The answer to a close frame without a code.
    pub(super) fn close_without_code() -> Self {
        Self::joined(Opcode::Close, &[])
    }

    /// The head of a text message of so many bytes, which must follow.
    pub(super) fn text_head(len: usize) -> Bytes {
        let mut head = BytesMut::with_capacity(HEAD_MAX);
        write_head(&mut head, Opcode::Text, len);
        head.freeze()
    }

    /// A frame out of bytes that [`Frame::into_bytes`] gave, such as those that were kept for further sockets.
    pub fn ready(bytes: Bytes) -> Self {
        Self(bytes)
    }

    /// The whole frame as it goes out.
    pub fn into_bytes(self) -> Bytes {
        self.0
    }

    /// Bytes on the wire.
    #[allow(clippy::len_without_is_empty, reason = "no frame is empty")]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// What it carries; copies nothing.
    pub fn payload(&self) -> Bytes {
        payload(&self.0)
    }

    fn joined(opcode: Opcode, parts: &[&[u8]]) -> Self {
        let len = parts.iter().map(|part| part.len()).sum();
        let mut bytes = BytesMut::with_capacity(HEAD_MAX + len);
        write_head(&mut bytes, opcode, len);
        for part in parts {
            bytes.put_slice(part);
        }
        Self(bytes.freeze())
    }
}

/// What a frame that this node made carries; copies nothing. Empty for what is no such frame.
pub fn payload(frame: &Bytes) -> Bytes {
    let head = match frame.get(1) {
        None => 0,
        Some(&TWO_BYTES) => 4,
        Some(&EIGHT_BYTES) => HEAD_MAX,
        Some(_) => 2,
    };
    if head <= frame.len() { frame.slice(head..) } else { Bytes::new() }
}

fn control(payload: &[u8]) -> &[u8] {
    payload.get(..CONTROL_MAX).unwrap_or(payload)
}

fn write_head(bytes: &mut BytesMut, opcode: Opcode, len: usize) {
    bytes.put_u8(FINAL | opcode.bits());
    match (u8::try_from(len), u16::try_from(len)) {
        (Ok(short), _) if len <= SHORT_MAX => bytes.put_u8(short),
        (_, Ok(two)) => {
            bytes.put_u8(TWO_BYTES);
            bytes.put_u16(two);
        }
        _ => {
            bytes.put_u8(EIGHT_BYTES);
            bytes.put_u64(len as u64);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_have_three_forms() {
        for (len, head) in [
            (0, &[0x81, 0][..]),
            (125, &[0x81, 125]),
            (126, &[0x81, 126, 0, 126]),
            (65_535, &[0x81, 126, 255, 255]),
            (65_536, &[0x81, 127, 0, 0, 0, 0, 0, 1, 0, 0]),
        ] {
            let text = vec![b'x'; len];
            let frame = Frame::text(&text);
            assert_eq!(&frame.0[..head.len()], head);
            assert_eq!(frame.payload(), text);
            assert_eq!(Frame::text_head(len), head);
        }
    }

    #[test]
    fn control_frames_stay_short() {
        assert_eq!(Frame::ping(&[7; 200]).len(), 127);
        assert_eq!(Frame::pong(b"x").into_bytes(), &[0x8A, 1, b'x'][..]);
        let close = Frame::close(CloseCode::GOING_AWAY, &"ä".repeat(100)).into_bytes();
        assert_eq!((close.len(), &close[..4]), (126, &[0x88, 124, 3, 233][..]));
        assert_eq!(Frame::close_without_code().into_bytes(), &[0x88, 0][..]);
    }
}
