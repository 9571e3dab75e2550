//! What a polling client posts: packets of Engine.IO 4, one after the other.

/// What stands between two packets.
const SEPARATOR: char = '\x1e';
pub(super) const SEPARATOR_BYTES: &[u8] = b"\x1e";

/// A packet of Engine.IO.
#[derive(Clone, PartialEq, Eq)]
pub enum Piece {
    /// A text, with its type in front.
    Text(String),
    /// An attachment; what it holds is not looked at.
    Binary,
}

/// A body that is read packet by packet.
pub struct Payload {
    text: String,
    at: usize,
}

impl Payload {
    /// The packets of a body.
    pub fn new(text: String) -> Self {
        Self { text, at: 0 }
    }
}

impl Iterator for Payload {
    type Item = Piece;

    fn next(&mut self) -> Option<Piece> {
        let rest = self.text.get(self.at..)?;
        let packet = rest.split_once(SEPARATOR).map_or(rest, |(packet, _)| packet);
        // Beyond the end when this was the last.
        self.at += packet.len() + SEPARATOR_BYTES.len();
        Some(if packet.starts_with('b') { Piece::Binary } else { Piece::Text(packet.to_owned()) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packets_are_told_apart() {
        let texts = |body: &str| -> Vec<String> {
            let name = |piece| match piece {
                Piece::Text(text) => text,
                Piece::Binary => "binary".to_owned(),
            };
            Payload::new(body.to_owned()).map(name).collect()
        };
        assert_eq!(texts("4hello\x1e2\x1ebAQID\x1e4ä"), ["4hello", "2", "binary", "4ä"]);
        assert_eq!(texts("3"), ["3"]);
        assert_eq!(texts(""), [""]);
        assert_eq!(texts("\x1e3"), ["", "3"]);
    }
}
