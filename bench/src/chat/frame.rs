//! WebSocket frames (RFC 6455, section 5), found where they lie in a buffer.

/// A text frame's number.
pub(crate) const TEXT: u8 = 1;
/// The number of a frame that ends a connection.
pub(crate) const CLOSE: u8 = 8;
/// A ping frame's number.
pub(crate) const PING: u8 = 9;
/// The number of the answer to a ping.
pub(crate) const PONG: u8 = 10;
/// The longest payload that is taken, in bytes; pages of a hundred messages are a quarter of it.
pub(crate) const MAX_PAYLOAD: usize = 448 * 1024;
/// How many bytes stand before the payload of a client's frame with 126 to 65,535 bytes.
pub(crate) const CLIENT_HEAD: usize = 8;

/// Why bytes are no frame that this generator takes.
pub(crate) type Broken = &'static str;

/// One whole message.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Frame<'bytes> {
    /// What kind it is.
    pub(crate) opcode: u8,
    /// What it says. A client's frame is only taken with a mask of zeros, so nothing needs to be changed.
    pub(crate) payload: &'bytes [u8],
}

/// The first frame of the bytes and what follows it; none if it is not there whole.
///
/// # Errors
/// If it is a part of a message, has reserved bits, is too long or is masked in another way than it should be.
pub(crate) fn split(bytes: &[u8], is_clients: bool) -> Result<Option<(Frame<'_>, &[u8])>, Broken> {
    let [first, second, rest @ ..] = bytes else { return Ok(None) };
    if first & 0xf0 != 0x80 {
        return Err("a frame is a part of a message or has reserved bits");
    }
    if (second & 0x80 != 0) != is_clients {
        return Err("a frame of the wrong side, judging by its mask");
    }
    let Some((length, rest)) = length(second & 0x7f, rest) else { return Ok(None) };
    if length > MAX_PAYLOAD as u64 {
        return Err("a frame is too long");
    }
    let Some(rest) = (if is_clients { rest.get(4..) } else { Some(rest) }) else { return Ok(None) };
    let length = usize::try_from(length).unwrap_or(usize::MAX);
    let split = rest.split_at_checked(length);
    Ok(split.map(|(payload, rest)| (Frame { opcode: first & 0x0f, payload }, rest)))
}

fn length(short: u8, rest: &[u8]) -> Option<(u64, &[u8])> {
    match short {
        126 => rest.split_first_chunk().map(|(length, rest)| (u64::from(u16::from_be_bytes(*length)), rest)),
        127 => rest.split_first_chunk().map(|(length, rest)| (u64::from_be_bytes(*length), rest)),
        length => Some((u64::from(length), rest)),
    }
}

/// The head of a frame. A client's has a mask of zeros, so that the payload stays as it is.
pub(crate) fn head(opcode: u8, length: usize, is_clients: bool) -> Vec<u8> {
    let mask: u8 = if is_clients { 0x80 } else { 0 };
    let mut head = vec![0x80 | opcode];
    match (u8::try_from(length), u16::try_from(length)) {
        (Ok(short @ 0..=125), _) => head.push(mask | short),
        (_, Ok(middle)) => {
            head.push(mask | 126);
            head.extend(middle.to_be_bytes());
        }
        _ => {
            head.push(mask | 127);
            head.extend((length as u64).to_be_bytes());
        }
    }
    if is_clients {
        head.extend([0; 4]);
    }
    head
}

/// A client's frame.
pub(crate) fn client(opcode: u8, payload: &[u8]) -> Vec<u8> {
    [&head(opcode, payload.len(), true), payload].concat()
}

/// A client's text frame.
pub(crate) fn text(payload: &str) -> Vec<u8> {
    client(TEXT, payload.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_of_all_lengths_are_found_however_they_are_cut() {
        for is_clients in [false, true] {
            for length in [0, 1, 125, 126, 127, 65_535, 65_536, MAX_PAYLOAD] {
                let payload = vec![b'x'; length];
                let whole = [head(TEXT, length, is_clients), payload.clone(), vec![0x81]].concat();
                let (frame, rest) = split(&whole, is_clients).unwrap().unwrap();
                assert_eq!((frame.opcode, frame.payload, rest), (TEXT, payload.as_slice(), &[0x81_u8][..]));
                for cut in (0..16.min(length)).chain([length.saturating_sub(1)]) {
                    assert_eq!(split(&whole[..cut], is_clients), Ok(None));
                }
            }
        }
        assert_eq!(head(TEXT, 750, true).len(), CLIENT_HEAD);
    }

    #[test]
    fn several_frames_lie_behind_each_other() {
        let bytes = [client(TEXT, b"one"), client(PING, b""), client(TEXT, b"two")].concat();
        let (mut rest, mut found) = (bytes.as_slice(), Vec::new());
        while let Some((frame, after)) = split(rest, true).unwrap() {
            found.push((frame.opcode, frame.payload));
            rest = after;
        }
        assert_eq!(found, [(TEXT, &b"one"[..]), (PING, b""), (TEXT, b"two")]);
    }

    #[test]
    fn what_a_server_must_not_send_is_refused() {
        assert!(split(&client(TEXT, b"masked"), false).is_err());
        assert!(split(&[0x01, 0], false).is_err());
        assert!(split(&[0xc1, 0], false).is_err());
        assert!(split(&[0x81, 127, 0, 0, 0, 1, 0, 0, 0, 0], false).is_err());
    }
}
