//! What all listeners hear: nothing lost, doubled, late or altered, and how long it took.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::letter::{Author, Shape};
use super::order::{Seen, Track};
use super::speaker::Speaker;
use super::spread::Spread;
use crate::error::{Error, Result};

/// Of so many messages one is compared to the byte with what was sent.
const COMPARED: u32 = 64;

/// Which message is sent when.
struct Pace {
    /// Between one message and the next, whoever sends it.
    interval: f64,
    warm_up: Duration,
}

/// The listeners.
pub(super) struct Ears {
    shape: Shape,
    senders: usize,
    listeners: usize,
    /// One for each listener and, within these, for each sender.
    tracks: Vec<Track>,
    first: u32,
    heard: u64,
    begun: Instant,
    pace: Option<Pace>,
    /// From the planned sending to each delivery.
    pub(super) deliveries: Spread,
    /// Deliveries that came twice.
    pub(super) doubled: u64,
    /// Deliveries that came after a later one.
    pub(super) late: u64,
    /// What else should not be.
    pub(super) odd: BTreeMap<&'static str, u64>,
}

impl Ears {
    /// Listeners to these authors, whose numbers begin with `first`. A pace is messages per second and for how long they are
    /// not counted.
    pub(super) fn new(
        authors: &[Author],
        listeners: usize,
        first: u32,
        pace: Option<(f64, Duration)>,
        now: Instant,
    ) -> Result<Self> {
        let author = authors.first().ok_or_else(|| Error::Unusable("nobody talks".to_owned()))?;
        let senders = authors.len();
        Ok(Self {
            shape: Shape::of(author)?,
            senders,
            listeners,
            tracks: (0..listeners * senders).map(|_| Track::from(first)).collect(),
            first,
            heard: 0,
            begun: now,
            pace: pace.map(|(pace, warm_up)| Pace { interval: 1.0 / pace, warm_up }),
            deliveries: Spread::new(),
            doubled: 0,
            late: 0,
            odd: BTreeMap::new(),
        })
    }

    /// From now on messages are due.
    pub(super) fn begin(&mut self, now: Instant) {
        self.begun = now;
    }

    /// Since when messages are due.
    pub(super) fn begun(&self) -> Instant {
        self.begun
    }

    /// Sender and number, if this is a message.
    #[inline]
    pub(super) fn mark(&self, payload: &[u8]) -> Option<(u16, u32)> {
        self.shape.mark(payload)
    }

    /// Takes a message that came to the listener in this place.
    #[inline]
    pub(super) fn hear(
        &mut self,
        place: usize,
        (sender, number): (u16, u32),
        payload: &[u8],
        now: Instant,
        speakers: &[Speaker],
    ) {
        let sender = usize::from(sender);
        let known = speakers.get(sender).filter(|speaker| sender != place && number < speaker.next());
        let track = self.tracks.get_mut(place * self.senders + sender);
        let (Some(speaker), Some(track)) = (known, track) else {
            *self.odd.entry("deliveries to the sender, or of what nobody sent").or_default() += 1;
            return;
        };
        if number % COMPARED == 0 && !speaker.is_genuine(number, payload) {
            *self.odd.entry("altered deliveries").or_default() += 1;
        }
        match track.see(number) {
            Seen::Onward => {}
            Seen::Late => self.late += 1,
            Seen::Again => {
                self.doubled += 1;
                return;
            }
        }
        self.heard += 1;
        if let Some(pace) = &self.pace {
            let place = f64::from(number.saturating_sub(self.first)) * self.senders as f64 + sender as f64;
            let planned = Duration::from_secs_f64((place + 1.0) * pace.interval);
            if planned >= pace.warm_up {
                self.deliveries.add(now.saturating_duration_since(self.begun + planned));
            }
        }
    }

    /// The sender whose turn it is and when it was, if that is over.
    pub(super) fn due(&self, now: Instant, speakers: &[Speaker]) -> Option<(usize, Instant)> {
        let sent: u64 = speakers.iter().map(|speaker| u64::from(speaker.sent())).sum();
        let pace = self.pace.as_ref()?;
        let planned = self.begun + Duration::from_secs_f64((sent + 1) as f64 * pace.interval);
        (planned <= now).then(|| ((sent % self.senders.max(1) as u64) as usize, planned))
    }

    /// How many deliveries there were.
    pub(super) fn heard(&self) -> u64 {
        self.heard
    }

    /// How many there must be.
    pub(super) fn expected(&self, speakers: &[Speaker]) -> u64 {
        let sent: u64 = speakers.iter().map(|speaker| u64::from(speaker.sent())).sum();
        sent * self.listeners.saturating_sub(1) as u64
    }

    /// How many never came.
    pub(super) fn lost(&self, speakers: &[Speaker]) -> u64 {
        let tracks = self.tracks.chunks(self.senders.max(1)).enumerate();
        let lost = tracks.flat_map(|(place, tracks)| {
            let of_others = tracks.iter().zip(speakers).enumerate().filter(move |(sender, _)| *sender != place);
            of_others.map(|(_, (track, speaker))| track.lost(speaker.next()))
        });
        lost.sum()
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::super::entrance::Door;
    use super::super::letter::delivered;
    use super::super::line::Line;
    use super::super::pool::Pool;
    use super::super::wallet::Wallet;
    use super::*;
    use crate::clock;

    /// Two senders that sent ten messages each, and what of the first one's comes to others.
    fn scene() -> (Vec<Author>, Vec<Speaker>, Vec<Vec<u8>>) {
        let wallet = Wallet::new([0x11; 32]).unwrap();
        let author = |number| Author::new(Door::Rooms, &wallet, number, "room", 750).unwrap();
        let authors = vec![author(0), author(1)];
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut line = Line::open(listener.local_addr().unwrap(), "/").unwrap();
        let now = clock::now();
        let pools = Pool::make_all(&authors, 64, 10).unwrap();
        let frame = |pool: &mut Pool| delivered(Door::Rooms, pool.take(1));
        let mut first = pools[0].clone();
        let texts = (0..10).map(|_| frame(&mut first)).collect();
        let mut speakers: Vec<Speaker> = pools.into_iter().map(|pool| Speaker::new(Door::Rooms, pool, now)).collect();
        speakers.iter_mut().for_each(|speaker| assert!(speaker.send(&mut line, 10, now)));
        (authors, speakers, texts)
    }

    #[test]
    fn flaws_are_noticed() {
        let (authors, speakers, texts) = scene();
        let now = clock::now();
        let mut ears = Ears::new(&authors, 3, 64, None, now).unwrap();
        let mut hear = |place: usize, text: &[u8]| {
            let mark = ears.mark(text).unwrap();
            ears.hear(place, mark, text, now, &speakers);
        };
        // The third listener gets 0, 2, 1, 1, 4 and misses 3 and 5 to 9; the sender must not get its own.
        [0, 2, 1, 1, 4].iter().for_each(|index| hear(2, &texts[*index]));
        hear(0, &texts[5]);
        let mut unsent = texts[9].clone();
        let at = unsent.windows(12).position(|window| window == b"000000000049").unwrap();
        unsent[at..at + 12].copy_from_slice(b"0000000000ff");
        hear(1, &unsent);
        assert_eq!((ears.heard(), ears.late, ears.doubled), (4, 1, 1));
        assert_eq!(ears.odd.values().sum::<u64>(), 2);
        // 6 of the first sender and 10 of the second are missing at the third, 10 of each other at the first two.
        assert_eq!(ears.lost(&speakers), 16 + 10 + 10);
        assert_eq!(ears.expected(&speakers), 40);
    }

    #[test]
    fn altered_messages_are_noticed() {
        let (authors, speakers, mut texts) = scene();
        let now = clock::now();
        let mut ears = Ears::new(&authors, 3, 64, None, now).unwrap();
        let last = texts[0].len() - 20;
        texts[0][last] ^= 1;
        let mark = ears.mark(&texts[0]).unwrap();
        ears.hear(2, mark, &texts[0], now, &speakers);
        assert_eq!(ears.odd.get("altered deliveries"), Some(&1));
    }
}
