//! The messages that are sent, and how they are known again: every one carries its sender and number at a fixed place.

use super::entrance::Door;
use super::frame::{self, CLIENT_HEAD};
use super::stamp::Stamp;
use super::wallet::{Wallet, find};
use crate::error::{Error, Result};

/// How many hexadecimal digits name the sender.
const SENDER_DIGITS: usize = 4;
/// How many hexadecimal digits follow with the number.
pub(super) const NUMBER_DIGITS: usize = 8;
/// Both together.
const MARK_DIGITS: usize = SENDER_DIGITS + NUMBER_DIGITS;
/// The acknowledgement number of message 0, so that all have as many digits.
pub(super) const FIRST_ACK: u32 = 10_000_000;
/// How many digits these have.
const ACK_DIGITS: usize = 8;
/// The highest number of a message, as the acknowledgement numbers allow.
pub(super) const MAX_NUMBER: u32 = 89_999_999;
/// The shortest and the longest message, in bytes: a shorter one has no room for its own fields and a longer one does not fit
/// the frames and bodies (wire/denetwork.md, section 4).
pub(crate) const SIZES: std::ops::RangeInclusive<u16> = 600..=4000;
/// What bodies are filled with.
const FILLER: &str = "7c0ffee8deadbeef5a17ab1e0badcafe";

/// Who writes.
#[derive(Clone)]
pub(crate) struct Author {
    pub(super) door: Door,
    pub(super) wallet: Wallet,
    pub(super) number: u16,
    pub(super) place: String,
    /// The length of the JSON text of a message, in bytes.
    pub(super) size: usize,
    /// For rooms.
    stamp: Option<Stamp>,
}

impl Author {
    /// One who writes with this wallet, under this number, to this room or channel.
    pub(super) fn new(door: Door, wallet: &Wallet, number: u16, place: &str, size: usize) -> Result<Self> {
        let stamp = if door == Door::Rooms { Some(Stamp::new(wallet.secret())?) } else { None };
        Ok(Self { door, wallet: wallet.clone(), number, place: place.to_owned(), size, stamp })
    }

    /// The client's whole frame of a message. All of one author's have the same length.
    pub(super) fn frame(&self, number: u32, timestamp: u64) -> Vec<u8> {
        match self.door {
            Door::Rooms => {
                let (id, payload) = (FIRST_ACK + number, self.payload(number, timestamp));
                frame::text(&format!(r#"42{id}["chat-message",{{"payload":{payload}}}]"#))
            }
            Door::Channels => frame::text(&self.line(number)),
        }
    }

    /// A signed message of a room, its members in the order in which clients write them.
    fn payload(&self, number: u32, timestamp: u64) -> String {
        let (room, wallet, sender) = (&self.place, self.wallet.address(), self.number);
        let avatar = format!("https://example.org/{sender:04x}.png");
        let write = |body: &str, hash: &str, sig: &str| {
            format!(
                r#"{{"chatType":2,"messageType":1,"wallet":"{wallet}","fromName":"Sender {sender:04x}","fromAvatar":"{avatar}","roomId":"{room}","body":"{body}","timestamp":{timestamp},"hash":"{hash}","sig":"{sig}"}}"#
            )
        };
        let (no_hash, no_sig) = ("0".repeat(66), "0".repeat(132));
        let body = self.body(number, write("", &no_hash, &no_sig).len());
        let canonical = format!(
            r#"{{"body":"{body}","chatType":2,"fromAvatar":"{avatar}","fromName":"Sender {sender:04x}","messageType":1,"roomId":"{room}","timestamp":{timestamp},"wallet":"{wallet}"}}"#
        );
        let (hash, sig) = self.wallet.seal(&canonical, self.stamp.as_ref());
        write(&body, &hash, &sig)
    }

    /// A message of a channel, as clients of 0.3 write it.
    fn line(&self, number: u32) -> String {
        let (key, channel) = (self.wallet.public_key(), &self.place);
        let write = |body: &str| {
            format!(
                r#"{{"type":"msg","msg":"{body}","fromPublicKey":"{key}","userName":"bench","channelName":"{channel}","uname":"bench","toPublicKey":null,"cname":"{channel}"}}"#
            )
        };
        write(&self.body(number, write("").len()))
    }

    fn body(&self, number: u32, around: usize) -> String {
        let length = self.size.saturating_sub(around).max(MARK_DIGITS);
        let filler = FILLER.chars().cycle().take(length - MARK_DIGITS);
        format!("{:04x}{number:08x}{}", self.number, filler.collect::<String>())
    }
}

/// What a delivered message looks like: as long as every other, with its mark at the same place.
#[derive(Clone, Copy)]
pub(crate) struct Shape {
    door: Door,
    length: usize,
    mark_at: usize,
}

impl Shape {
    /// That of an author's messages.
    pub(crate) fn of(author: &Author) -> Result<Self> {
        let unknown = || Error::Unusable("a message without a mark".to_owned());
        let frame = author.frame(0, 0);
        let delivered = delivered(author.door, &frame);
        let mark_at = find(&delivered, key(author.door)).ok_or_else(unknown)? + key(author.door).len();
        Ok(Self { door: author.door, length: delivered.len(), mark_at })
    }

    /// Sender and number of a delivered message; none if it is something else.
    #[inline]
    pub(crate) fn mark(&self, payload: &[u8]) -> Option<(u16, u32)> {
        let key = key(self.door);
        if payload.len() == self.length
            && let Some(bytes) = payload.get(self.mark_at - key.len()..self.mark_at + MARK_DIGITS)
            && let Some(digits) = bytes.strip_prefix(key)
        {
            return mark(digits);
        }
        if self.door == Door::Rooms && !payload.starts_with(b"42[\"chat-message\"") {
            return None;
        }
        let at = find(payload, key)? + key.len();
        mark(payload.get(at..at + MARK_DIGITS)?)
    }

    /// The key before the mark.
    pub(crate) fn key(&self) -> &'static [u8] {
        key(self.door)
    }
}

/// What comes to the others of a client's frame.
pub(super) fn delivered(door: Door, frame: &[u8]) -> Vec<u8> {
    let payload = frame.get(CLIENT_HEAD..).unwrap_or_default();
    match door {
        Door::Rooms => [b"42", payload.get(2 + ACK_DIGITS..).unwrap_or_default()].concat(),
        Door::Channels => payload.to_vec(),
    }
}

fn key(door: Door) -> &'static [u8] {
    match door {
        Door::Rooms => b"\"body\":\"",
        Door::Channels => b"\"msg\":\"",
    }
}

/// Reads sender and number.
pub(crate) fn mark(digits: &[u8]) -> Option<(u16, u32)> {
    let value = digits.get(..MARK_DIGITS)?.iter().try_fold(0_u64, |value, digit| {
        let digit = match digit {
            b'0'..=b'9' => digit - b'0',
            b'a'..=b'f' => digit - b'a' + 10,
            _ => return None,
        };
        Some(value << 4 | u64::from(digit))
    })?;
    Some(((value >> 32) as u16, value as u32))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn author(door: Door) -> Author {
        let place = "g0x00112233445566778899aabbccddeeff00112233";
        Author::new(door, &Wallet::new([0x11; 32]).unwrap(), 0x1f, place, 750).unwrap()
    }

    #[test]
    fn messages_have_their_size_and_are_known_again() {
        for (door, extra) in [(Door::Rooms, br#"42["chat-message",{"payload":}]"#.len()), (Door::Channels, 0)] {
            let author = author(door);
            let shape = Shape::of(&author).unwrap();
            for number in [0, 1, 0xabcdef, MAX_NUMBER] {
                let payload = delivered(door, &author.frame(number, 1_700_000_000_000));
                assert_eq!(shape.mark(&payload), Some((0x1f, number)));
                assert_eq!(payload.len(), 750 + extra, "{}", String::from_utf8_lossy(&payload));
            }
        }
    }

    #[test]
    fn other_frames_are_no_messages() {
        let shape = Shape::of(&author(Door::Rooms)).unwrap();
        assert_eq!(shape.mark(br#"4310000000[{"status":200,"success":true}]"#), None);
        assert_eq!(shape.mark(br#"42["chat-message",{"payload":{"body":"xyz"}}]"#), None);
        let shape = Shape::of(&author(Door::Channels)).unwrap();
        assert_eq!(shape.mark(br#"{"type":"success","msg":"MESSAGE SENT"}"#), None);
    }

    #[test]
    fn a_room_message_is_what_clients_write() {
        let author = author(Door::Rooms);
        let frame = author.frame(7, 1_700_000_000_000);
        let text = String::from_utf8(frame[CLIENT_HEAD..].to_vec()).unwrap();
        let json: serde_json::Value = serde_json::from_str(text.strip_prefix("4210000007").unwrap()).unwrap();
        let payload = &json[1]["payload"];
        assert_eq!((&payload["chatType"], &payload["timestamp"]), (&2.into(), &1_700_000_000_000_u64.into()));
        // serde_json's map is sorted, so that it writes the canonical form of such a simple object.
        let mut signed = payload.clone();
        signed.as_object_mut().unwrap().retain(|name, _| name != "hash" && name != "sig");
        let (hash, sig) = author.wallet.seal(&signed.to_string(), author.stamp.as_ref());
        assert_eq!((&payload["hash"], &payload["sig"]), (&hash.into(), &sig.into()));
    }
}
