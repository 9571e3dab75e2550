//! What clients write on a WebSocket. The first byte says how the stream is cut into pieces, the second how long messages may
//! be. A stream must say the same however it is cut. What good and nearly good frames say, the reader's own tests tell
//! (crates/doors/src/websocket/reader).

use tidings_doors::websocket::{Fault, Piece, Reader};

pub(super) fn run(data: &[u8]) {
    let [cut, limit, stream @ ..] = data else { return };
    let limit = usize::from(*limit) * 4;
    let whole = read(limit, stream, stream.len());
    let cut = read(limit, stream, usize::from(*cut));
    assert!(whole == cut);
    let (pieces, _) = whole;
    let said: usize = pieces.iter().map(len).sum();
    // Each frame has six bytes of head at least.
    assert!(said <= stream.len() && pieces.len() * 6 <= stream.len());
    for piece in &pieces {
        match piece {
            Piece::Text(_) | Piece::Binary(_) => assert!(len(piece) <= limit),
            Piece::Ping(payload) => assert!(payload.len() <= 125),
            Piece::Pong => {}
            Piece::Close(code) => assert!(code.is_none_or(|code| (1000..5000).contains(&code.0))),
        }
    }
}

fn read(limit: usize, stream: &[u8], piece: usize) -> (Vec<Piece>, Option<Fault>) {
    let (mut reader, mut pieces) = (Reader::new(limit), Vec::new());
    for mut input in stream.chunks(piece.max(1)) {
        loop {
            match reader.next(&mut input) {
                Ok(Some(piece)) => pieces.push(piece),
                Ok(None) => break,
                Err(fault) => return (pieces, Some(fault)),
            }
        }
        assert!(input.is_empty());
    }
    (pieces, None)
}

fn len(piece: &Piece) -> usize {
    match piece {
        Piece::Text(text) => text.len(),
        Piece::Binary(bytes) | Piece::Ping(bytes) => bytes.len(),
        Piece::Pong | Piece::Close(_) => 0,
    }
}
