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
