//! Frames made before the clock starts, so that sending one is a write of bytes that are there.

use super::entrance::Door;
use super::frame::CLIENT_HEAD;
use super::letter::{Author, MAX_NUMBER, NUMBER_DIGITS, Shape, delivered};
use crate::clock;
use crate::error::{Error, Result};

/// How many frames of a channel are kept. They are not signed, so the same bytes get new numbers again and again.
const RING: u32 = 1024;
/// On so many threads messages are signed: more than there are processors, so that all stay busy to the end.
const THREADS: usize = 16;
/// Signed messages may be at most an hour old, and are a millisecond apart.
const MAX_SIGNED: u32 = 3_000_000;

/// The frames of one author.
#[cfg_attr(test, derive(Clone))]
pub(crate) struct Pool {
    door: Door,
    frames: Vec<u8>,
    /// The length of each.
    stride: usize,
    /// Where the number stands in each.
    number_at: usize,
    /// The number of the first.
    first: u32,
    /// How many are there.
    kept: u32,
    /// The number of the next to be taken, and where the numbers end.
    next: u32,
    end: u32,
}

impl Pool {
    /// Makes the frames with these numbers. Those of a room are signed: this takes its time.
    fn make(author: &Author, first: u32, count: u32) -> Result<Self> {
        let kept = match author.door {
            Door::Rooms => count,
            Door::Channels => count.min(RING),
        };
        let end = first.saturating_add(count);
        if (author.door == Door::Rooms && count > MAX_SIGNED) || end > MAX_NUMBER {
            return Err(Error::Unusable(format!("{count} messages of one sender are too many")));
        }
        let oldest = clock::unix_millis().saturating_sub(count.into());
        let mut frames = Vec::new();
        let mut stride = 0;
        for index in 0..kept {
            let frame = author.frame(first + index, oldest + u64::from(index));
            stride = frame.len();
            frames.reserve_exact(if index == 0 { stride * kept as usize } else { 0 });
            frames.extend(frame);
        }
        let shape = Shape::of(author)?;
        let at = super::wallet::find(frames.get(..stride).unwrap_or_default(), shape.key()).unwrap_or_default();
        let number_at = at + shape.key().len() + 4;
        Ok(Self { door: author.door, frames, stride, number_at, first, kept, next: first, end })
    }

    /// Pools for all authors, made on all processors.
    pub(crate) fn make_all(authors: &[Author], first: u32, count: u32) -> Result<Vec<Self>> {
        let share = authors.len().div_ceil(THREADS).max(1);
        let crashed = |_| Err(Error::Unusable("a thread that signs crashed".to_owned()));
        std::thread::scope(|scope| {
            let make = |authors: &[Author]| authors.iter().map(|author| Self::make(author, first, count)).collect();
            let chunks = authors.chunks(share).map(|authors| scope.spawn(move || make(authors)));
            let running: Vec<_> = chunks.collect();
            let pools: Result<Vec<Vec<Self>>> =
                running.into_iter().map(|chunk| chunk.join().unwrap_or_else(crashed)).collect();
            Ok(pools?.into_iter().flatten().collect())
        })
    }

    /// The frames of the next so many messages, in one piece and so perhaps fewer; empty when there are none left.
    pub(crate) fn take(&mut self, wanted: u32) -> &[u8] {
        let place = (self.next - self.first) % self.kept.max(1);
        let count = wanted.min(self.kept - place).min(self.end - self.next);
        let from = place as usize * self.stride;
        let to = from + count as usize * self.stride;
        if self.next - self.first >= self.kept {
            for (number, place) in (self.next..).zip(place..place + count) {
                let at = place as usize * self.stride + self.number_at;
                if let Some(digits) = self.frames.get_mut(at..at + NUMBER_DIGITS) {
                    digits.copy_from_slice(format!("{number:08x}").as_bytes());
                }
            }
        }
        self.next += count;
        self.frames.get(from..to).unwrap_or_default()
    }

    /// The number after the last that was taken.
    pub(crate) fn next(&self) -> u32 {
        self.next
    }

    /// Whether all were taken.
    pub(crate) fn is_empty(&self) -> bool {
        self.next >= self.end
    }

    /// Whether a delivered message is to the byte what was sent under that number.
    pub(crate) fn is_genuine(&self, number: u32, payload: &[u8]) -> bool {
        let Some(index) = number.checked_sub(self.first) else { return false };
        let from = (index % self.kept.max(1)) as usize * self.stride;
        let Some(frame) = self.frames.get(from..from + self.stride) else { return false };
        match self.door {
            Door::Rooms => delivered(self.door, frame) == payload,
            // The number was compared already, and the frame may have another by now.
            Door::Channels => {
                let at = self.number_at - CLIENT_HEAD;
                let around = |bytes: &[u8]| {
                    bytes.split_at_checked(at).map(|(before, after)| {
                        (before.to_vec(), after.get(NUMBER_DIGITS..).unwrap_or_default().to_vec())
                    })
                };
                around(frame.get(CLIENT_HEAD..).unwrap_or_default()) == around(payload)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::frame;
    use super::super::wallet::Wallet;
    use super::*;

    fn author(door: Door) -> Author {
        Author::new(door, &Wallet::new([0x11; 32]).unwrap(), 3, "room", 750).unwrap()
    }

    #[test]
    fn every_number_is_taken_once_and_genuine() {
        for (door, count) in [(Door::Rooms, 20), (Door::Channels, 3000)] {
            let (mut pool, shape) = (Pool::make(&author(door), 100, count).unwrap(), Shape::of(&author(door)).unwrap());
            let mut numbers = Vec::new();
            while !pool.is_empty() {
                let mut bytes = pool.take(7).to_vec();
                while let Some((frame, rest)) = frame::split(&bytes, true).unwrap() {
                    let payload = delivered(door, &frame::client(frame::TEXT, frame.payload));
                    let (sender, number) = shape.mark(&payload).unwrap();
                    assert_eq!(sender, 3);
                    assert!(pool.is_genuine(number, &payload), "{number}");
                    let mut altered = payload.clone();
                    *altered.last_mut().unwrap() ^= 1;
                    assert!(!pool.is_genuine(number, &altered));
                    numbers.push(number);
                    bytes = rest.to_vec();
                }
            }
            assert_eq!(numbers, (100..100 + count).collect::<Vec<_>>());
            assert!(pool.take(1).is_empty());
        }
    }
}
