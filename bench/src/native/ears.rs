//! What all devices hear: every entry of their groups, once, in order and unaltered, and how long it took.

use std::collections::{BTreeMap, HashMap};
use std::time::{Duration, Instant};

use super::entries::{Found, Shape, group_of};
use super::village::Village;
use crate::chat::order::{Seen, Track};
use crate::chat::spread::Spread;
use crate::clock;

/// How many different complaints are kept; further ones are counted together.
const MAX_COMPLAINTS: usize = 20;
/// How much of a text is shown in a complaint, in bytes.
const MAX_SHOWN: usize = 160;

/// One group as its listeners know it.
struct Room {
    listeners: u64,
    /// The number given last, as far as anybody said it.
    end: u32,
}

/// All listeners, over all rounds.
pub(super) struct Ears {
    rooms: Vec<Room>,
    known: HashMap<[u8; 22], usize>,
    /// For each line its groups, and how far it is in each.
    tracks: Vec<Vec<(usize, Track)>>,
    shape: Option<Shape>,
    /// The number that each message of this round got in its group; 0 while nobody has said it.
    placed: Vec<u32>,
    /// Seconds between one message and the next.
    interval: Option<f64>,
    warm_up: Duration,
    begun: Instant,
    /// When something came last.
    pub(super) last_news: Instant,
    /// Deliveries of this round.
    pub(super) heard: u64,
    /// Deliveries that came twice.
    pub(super) doubled: u64,
    /// Deliveries that came after a later one.
    pub(super) late: u64,
    /// From the planned time of sending to each delivery.
    pub(super) deliveries: Spread,
    /// What else should not be.
    pub(super) complaints: BTreeMap<String, u64>,
}

impl Ears {
    /// Listeners to groups that are empty.
    pub(super) fn new(village: &Village) -> Self {
        let key = |text: &str| text.as_bytes().try_into().unwrap_or([0; 22]);
        let tracks = |groups: &Vec<usize>| groups.iter().map(|group| (*group, Track::from(1))).collect();
        let now = clock::now();
        Self {
            rooms: village.groups.iter().map(|group| Room { listeners: group.members.len() as u64, end: 0 }).collect(),
            known: village.groups.iter().enumerate().map(|(place, group)| (key(&group.text), place)).collect(),
            tracks: village.devices.iter().map(|device| tracks(&device.groups)).collect(),
            shape: None,
            placed: Vec::new(),
            interval: None,
            warm_up: Duration::ZERO,
            begun: now,
            last_news: now,
            heard: 0,
            doubled: 0,
            late: 0,
            deliveries: Spread::new(),
            complaints: BTreeMap::new(),
        }
    }

    /// A new round with so many messages of this shape.
    pub(super) fn begin(&mut self, shape: Shape, messages: usize, interval: Option<f64>, warm_up: Duration) {
        (self.shape, self.placed, self.interval) = (Some(shape), vec![0; messages], interval);
        (self.warm_up, self.heard, self.doubled, self.late) = (warm_up, 0, 0, 0);
    }

    /// From now on messages are due.
    pub(super) fn start(&mut self, now: Instant) {
        self.begun = now;
    }

    /// Whether there is a plan for when to send.
    pub(super) fn is_paced(&self) -> bool {
        self.interval.is_some()
    }

    /// When a message is to be sent.
    pub(super) fn planned(&self, index: usize) -> Option<Instant> {
        Some(self.begun + Duration::from_secs_f64((index as f64 + 1.0) * self.interval?))
    }

    /// Whether what was to be sent then counts.
    pub(super) fn is_counted(&self, planned: Instant) -> bool {
        planned >= self.begun + self.warm_up
    }

    /// The node said which number a message has.
    pub(super) fn accepted(&mut self, index: usize, number: u32) {
        if !self.place(index, number) {
            self.complain("a message has two numbers".to_owned());
        }
        let room = index % self.rooms.len().max(1);
        if let Some(room) = self.rooms.get_mut(room) {
            room.end = room.end.max(number);
        }
    }

    fn place(&mut self, index: usize, number: u32) -> bool {
        match self.placed.get_mut(index) {
            Some(slot) if *slot == 0 => {
                *slot = number;
                true
            }
            slot => slot.is_some_and(|slot| *slot == number),
        }
    }

    /// Takes a text that came to a listener.
    pub(super) fn hear(&mut self, line: usize, payload: &[u8], now: Instant) {
        self.last_news = now;
        let found = group_of(payload).and_then(|(group, rest)| Some((*self.known.get(group)?, rest)));
        let (Some((room, mut rest)), Some(shape)) = (found, self.shape.take()) else {
            let shown = payload.get(..MAX_SHOWN.min(payload.len())).unwrap_or_default();
            return self.complain(format!("unexpected: {}", String::from_utf8_lossy(shown)));
        };
        while let Some((found, behind)) = shape.next(rest) {
            self.entry(line, room, &found, now);
            rest = behind;
        }
        self.shape = Some(shape);
    }

    fn entry(&mut self, line: usize, room: usize, found: &Found, now: Instant) {
        let index = found.index as usize;
        if index % self.rooms.len().max(1) != room || !found.is_genuine || !self.place(index, found.number) {
            self.complain("altered, or in a place that is not its own".to_owned());
        }
        let tracks = self.tracks.get_mut(line);
        let track = tracks.and_then(|tracks| tracks.iter_mut().find(|(group, _)| *group == room));
        match track.map(|(_, track)| track.see(found.number)) {
            Some(Seen::Onward) => {}
            Some(Seen::Late) => self.late += 1,
            Some(Seen::Again) => {
                self.doubled += 1;
                return;
            }
            None => return self.complain("of a group that was not followed".to_owned()),
        }
        self.heard += 1;
        if let Some(planned) = self.planned(index).filter(|planned| self.is_counted(*planned)) {
            self.deliveries.add(now.saturating_duration_since(planned));
        }
    }

    /// How many deliveries of what was accepted are missing.
    pub(super) fn missing(&self) -> u64 {
        let accepted = self.placed.iter().enumerate().filter(|(_, number)| **number > 0);
        let rooms = self.rooms.len().max(1);
        let expected: u64 =
            accepted.filter_map(|(index, _)| self.rooms.get(index % rooms)).map(|room| room.listeners).sum();
        if expected > self.heard {
            return expected - self.heard;
        }
        let all = self.tracks.iter().flatten();
        all.filter_map(|(group, track)| Some(track.lost(self.rooms.get(*group)?.end + 1))).sum()
    }

    /// Counts what should not be.
    pub(super) fn complain(&mut self, complaint: String) {
        let is_full = self.complaints.len() >= MAX_COMPLAINTS && !self.complaints.contains_key(&complaint);
        *self.complaints.entry(if is_full { "others".to_owned() } else { complaint }).or_default() += 1;
    }
}
