//! What two processes of one person say to each other over the socket of a profile: frames of a kind, a length and a body.

use std::io::{self, Read, Write};

/// Bytes of a body at most; longer output and input go in several frames.
pub(super) const BODY_MAX: usize = 1024 * 1024;

/// Bytes of output or input in one frame.
pub(super) const PIECE: usize = 64 * 1024;

/// What a frame is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// From who asks: what is to be done, in JSON.
    Errand,
    /// For standard output.
    Out,
    /// For standard error.
    Error,
    /// A question to the person, with what is shown of it; answered by `Answer` or `Refusal`.
    Line,
    /// The same, and what is typed is not shown.
    Secret,
    /// So many bytes of standard input are wanted (eight bytes, big-endian); answered by `Input` frames, of which the last is empty.
    Read,
    /// What was answered.
    Answer,
    /// Why nothing was answered.
    Refusal,
    /// From standard input.
    Input,
    /// The exit code, one byte.
    End,
    /// The process that did it ends before it was done.
    Left,
    /// To who asks, before anything else: now it may say what is to be done.
    Ready,
    /// How far a transfer is: bytes done and of how many (eight bytes each, big-endian), and its name; nothing at its end.
    Progress,
}

const KINDS: [Kind; 13] = [
    Kind::Errand,
    Kind::Out,
    Kind::Error,
    Kind::Line,
    Kind::Secret,
    Kind::Read,
    Kind::Answer,
    Kind::Refusal,
    Kind::Input,
    Kind::End,
    Kind::Left,
    Kind::Ready,
    Kind::Progress,
];

/// Writes a frame.
pub(super) fn write(to: &mut impl Write, kind: Kind, body: &[u8]) -> io::Result<()> {
    let too_long = || io::Error::new(io::ErrorKind::InvalidInput, "too much to hand over");
    let length = u32::try_from(body.len()).ok().filter(|_| body.len() <= BODY_MAX).ok_or_else(too_long)?;
    let number = KINDS.iter().position(|known| *known == kind).and_then(|at| u8::try_from(at).ok());
    let mut head = vec![number.unwrap_or(u8::MAX)];
    head.extend(length.to_be_bytes());
    to.write_all(&head)?;
    to.write_all(body)?;
    to.flush()
}

/// Reads a frame. `None` at the end.
pub(super) fn read(from: &mut impl Read) -> io::Result<Option<(Kind, Vec<u8>)>> {
    let mut head = [0; 5];
    if let Err(error) = from.read_exact(&mut head) {
        return if error.kind() == io::ErrorKind::UnexpectedEof { Ok(None) } else { Err(error) };
    }
    let [number, a, b, c, d] = head;
    let length = usize::try_from(u32::from_be_bytes([a, b, c, d])).unwrap_or(usize::MAX);
    let kind = KINDS.get(usize::from(number)).copied().filter(|_| length <= BODY_MAX);
    let kind = kind.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "that is no frame"))?;
    let mut body = vec![0; length];
    from.read_exact(&mut body)?;
    Ok(Some((kind, body)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_come_as_they_were_sent() {
        let mut bytes = Vec::new();
        for kind in KINDS {
            write(&mut bytes, kind, b"body").unwrap();
        }
        let mut from = bytes.as_slice();
        for kind in KINDS {
            assert_eq!(read(&mut from).unwrap(), Some((kind, b"body".to_vec())));
        }
        assert_eq!(read(&mut from).unwrap(), None);
        assert!(write(&mut Vec::new(), Kind::Out, &vec![0; BODY_MAX + 1]).is_err());
        assert!(read(&mut [99, 0, 0, 0, 0].as_slice()).is_err());
        assert!(read(&mut [0, 255, 0, 0, 0].as_slice()).is_err());
        assert!(read(&mut [1, 0, 0, 0, 9, 1].as_slice()).is_err());
    }
}
