//! One who talks: what was sent, and what of it is acknowledged.

use std::time::Instant;

use super::entrance::Door;
use super::letter::FIRST_ACK;
use super::line::Line;
use super::pool::Pool;
use super::wallet::find;

/// Of so many messages under way the times of sending are remembered.
const REMEMBERED: usize = 4096;

/// A sender.
pub(super) struct Speaker {
    door: Door,
    pool: Pool,
    first: u32,
    acked: u32,
    /// When each was sent, by its number.
    times: Vec<Instant>,
}

impl Speaker {
    /// One that sends what is in the pool.
    pub(super) fn new(door: Door, pool: Pool, now: Instant) -> Self {
        let first = pool.next();
        Self { door, pool, first, acked: 0, times: vec![now; REMEMBERED] }
    }

    /// Sends the next so many. False if there were not as many left.
    pub(super) fn send(&mut self, line: &mut Line, count: u32, time: Instant) -> bool {
        let end = self.pool.next().saturating_add(count);
        while self.pool.next() < end {
            let from = self.pool.next();
            let frames = self.pool.take(end - from);
            if frames.is_empty() {
                return false;
            }
            line.send(frames);
            for number in from..self.pool.next() {
                if let Some(slot) = self.times.get_mut(number as usize % REMEMBERED) {
                    *slot = time;
                }
            }
        }
        true
    }

    /// When that was sent which this acknowledges; none if it is something else, or too old to be remembered.
    pub(super) fn acknowledged(&mut self, payload: &[u8]) -> Option<Instant> {
        let number = match self.door {
            Door::Rooms => acknowledged_number(payload)?,
            // These have no numbers, so they must come in order.
            Door::Channels if is_sent(payload) => self.first + self.acked,
            Door::Channels => return None,
        };
        if !(self.first..self.pool.next()).contains(&number) || (self.pool.next() - number) as usize > REMEMBERED {
            return None;
        }
        self.acked += 1;
        self.times.get(number as usize % REMEMBERED).copied()
    }

    /// How many messages were sent.
    pub(super) fn sent(&self) -> u32 {
        self.pool.next() - self.first
    }

    /// The number after the last that was sent.
    pub(super) fn next(&self) -> u32 {
        self.pool.next()
    }

    /// How many are not acknowledged.
    pub(super) fn unanswered(&self) -> u64 {
        self.sent().saturating_sub(self.acked).into()
    }

    /// Whether there is nothing left to send.
    pub(super) fn is_out(&self) -> bool {
        self.pool.is_empty()
    }

    /// Whether a delivered message is to the byte what was sent under that number.
    pub(super) fn is_genuine(&self, number: u32, payload: &[u8]) -> bool {
        self.pool.is_genuine(number, payload)
    }
}

/// Which message a reply of a room says yes to: `43`, the number, and an object with `success`.
fn acknowledged_number(payload: &[u8]) -> Option<u32> {
    let (digits, reply) = payload.strip_prefix(b"43")?.split_at_checked(8)?;
    find(reply, b"\"success\":true")?;
    std::str::from_utf8(digits).ok()?.parse::<u32>().ok()?.checked_sub(FIRST_ACK)
}

fn is_sent(payload: &[u8]) -> bool {
    payload == br#"{"type":"success","msg":"MESSAGE SENT"}"#
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_acknowledgements() {
        let yes = br#"4310000042[{"serverId":"x","version":"1.0","status":200,"success":true}]"#;
        assert_eq!(acknowledged_number(yes), Some(42));
        for no in [&br#"4310000042[{"status":429,"success":false}]"#[..], br#"42["chat-message",{}]"#, b"43", b""] {
            assert_eq!(acknowledged_number(no), None);
        }
        assert!(is_sent(br#"{"type":"success","msg":"MESSAGE SENT"}"#));
        assert!(!is_sent(br#"{"type":"error","msg":"JOIN CHANNEL FIRST"}"#));
    }
}
