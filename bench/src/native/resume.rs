//! Devices that come back after many messages: everything that waits, by pages or on a live connection.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::entries::{Shape, group_of, number_after};
use super::key::{Request, random};
use super::live::Follower;
use super::post::Post;
use super::village::Village;
use crate::chat::crowd::{Crowd, Enter as _, Listener};
use crate::chat::entrance::Step;
use crate::chat::line::Line;
use crate::chat::window::{Watched, Window};
use crate::clock;
use crate::error::{Error, Result};

/// How many pages a device asks for at once, each of another group, as Tidings' clients do.
const LANES: usize = 8;
/// How many entries a page may have.
const PAGE: u32 = 1000;
/// The longest answer that is taken, in bytes; a page has about 1 MiB of bodies.
const MAX_PAGE: usize = 4 * 1024 * 1024;
/// How much is read at once, in bytes.
const READ: usize = 512 * 1024;
/// How often the clock is looked at if nothing happens.
const GLANCE: Duration = Duration::from_millis(50);
/// If nothing comes for so long, nothing will.
const QUIET: Duration = Duration::from_secs(10);
/// In how many bytes at its end a page says where its group ends.
const TAIL: usize = 100;
/// How much of an answer is shown in a complaint, in bytes.
const MAX_SHOWN: usize = 160;

/// What came of it.
pub(super) struct Outcome {
    /// The time it took, and what it cost.
    pub(super) window: Window,
    /// How long each device took, the shortest first.
    pub(super) times: Vec<Duration>,
    /// Messages that never came.
    pub(super) missing: u64,
    /// What else should not be.
    pub(super) complaints: BTreeMap<String, u64>,
}

/// One device, and how far it is.
struct Back {
    /// In each group the number that came last.
    cursors: Vec<u32>,
    /// How many messages came.
    came: u64,
    /// Groups that nobody asks for yet.
    left: Vec<usize>,
    finished: Option<Instant>,
}

/// All devices that come back.
struct Returning<'village> {
    village: &'village Village,
    shape: Shape,
    waiting: u64,
    backs: Vec<Back>,
    posts: Vec<Post>,
    /// For each connection its device and the group it asks for.
    asks: Vec<(usize, usize, Vec<u8>)>,
    followers: Vec<Follower<'village>>,
    follows: Vec<u8>,
    buffer: Vec<u8>,
    last_news: Instant,
    complaints: BTreeMap<String, u64>,
}

/// Reads everything by pages, as so many devices at once.
pub(super) fn by_pages(
    village: &Village,
    shape: &Shape,
    waiting: u64,
    at_once: usize,
    watched: Watched,
) -> Result<Outcome> {
    let mut crowd = Crowd::new()?;
    let mut returning = Returning::new(village, shape, waiting, at_once);
    for place in 0..at_once * LANES {
        let mut post = Post::open(village.target, MAX_PAGE)?;
        crowd.watch(&mut post.socket, place)?;
        returning.posts.push(post);
        returning.asks.push((place / LANES, 0, Vec::new()));
    }
    let from = watched.moment(0, 0)?;
    let begun = clock::now();
    (0..at_once * LANES).try_for_each(|place| returning.ask(place, None))?;
    returning.wait(&mut crowd)?;
    returning.outcome(from, begun, watched)
}

/// The same on one live connection for each device.
pub(super) fn live(
    village: &Village,
    shape: &Shape,
    waiting: u64,
    at_once: usize,
    watched: Watched,
) -> Result<Outcome> {
    let mut returning = Returning::new(village, shape, waiting, at_once);
    let from = watched.moment(0, 0)?;
    let begun = clock::now();
    let mut crowd = Crowd::new()?;
    for _ in 0..at_once {
        crowd.open(village.target, "/v1/live")?;
        let device = village.devices.first().ok_or_else(|| Error::Unusable("nobody is there".to_owned()))?;
        returning.followers.push(Follower::new(village, device, true));
    }
    returning.wait(&mut crowd)?;
    returning.outcome(from, begun, watched)
}

impl<'village> Returning<'village> {
    fn new(village: &'village Village, shape: &Shape, waiting: u64, at_once: usize) -> Self {
        let groups = village.groups.len();
        let back = || Back { cursors: vec![0; groups], came: 0, left: (0..groups).collect(), finished: None };
        Self {
            village,
            shape: shape.clone(),
            waiting,
            backs: (0..at_once).map(|_| back()).collect(),
            posts: Vec::new(),
            asks: Vec::new(),
            followers: Vec::new(),
            follows: Vec::new(),
            buffer: vec![0; READ],
            last_news: clock::now(),
            complaints: BTreeMap::new(),
        }
    }

    fn wait(&mut self, crowd: &mut Crowd) -> Result<()> {
        self.last_news = clock::now();
        while self.backs.iter().any(|back| back.finished.is_none()) && clock::now() < self.last_news + QUIET {
            crowd.turn(GLANCE, self)?;
        }
        Ok(())
    }

    fn outcome(self, from: crate::chat::window::Moment, begun: Instant, watched: Watched) -> Result<Outcome> {
        let came: u64 = self.backs.iter().map(|back| back.came).sum();
        let mut times: Vec<_> = self.backs.iter().filter_map(|back| Some(back.finished? - begun)).collect();
        times.sort_unstable();
        let missing = self.waiting * self.backs.len() as u64 - came;
        let window = Window { from, to: watched.moment(came, 0)?, memory_after: watched.memory()? };
        Ok(Outcome { window, times, missing, complaints: self.complaints })
    }

    /// Asks for the next page of a group, or for the first one of the next group.
    fn ask(&mut self, place: usize, group: Option<usize>) -> Result<()> {
        let village = self.village;
        let (Some((device, asked, request)), Some(post)) = (self.asks.get_mut(place), self.posts.get_mut(place)) else {
            return Ok(());
        };
        let Some(back) = self.backs.get_mut(*device) else { return Ok(()) };
        let Some(group) = group.or_else(|| back.left.pop()) else { return Ok(()) };
        let (Some(known), Some(device)) = (village.groups.get(group), village.devices.first()) else { return Ok(()) };
        let after = back.cursors.get(group).copied().unwrap_or_default();
        let (path, query) = (format!("/v1/groups/{}/entries", known.text), format!("after={after}&limit={PAGE}"));
        (*asked, *request) = (group, Vec::new());
        let asking = Request { method: "GET", path: &path, query: &query, body: None };
        device.access.write(request, &village.host, &asking, random()?);
        if let Err(why) = post.begin(place, clock::now(), request) {
            self.complain(why);
        }
        Ok(())
    }

    /// Takes the entries of some bytes. How many there were.
    fn take(&mut self, device: usize, group: usize, mut bytes: &[u8], now: Instant) -> u32 {
        let (mut count, mut wrong) = (0, 0_u32);
        let Some(back) = self.backs.get_mut(device) else { return 0 };
        let Some(cursor) = back.cursors.get_mut(group) else { return 0 };
        while let Some((found, rest)) = self.shape.next(bytes) {
            wrong += u32::from(!found.is_genuine || found.number != *cursor + 1);
            (*cursor, bytes, count) = (found.number, rest, count + 1);
        }
        back.came += u64::from(count);
        if back.came >= self.waiting && back.finished.is_none() {
            back.finished = Some(now);
        }
        self.last_news = now;
        (0..wrong).for_each(|_| self.complain("altered, or not the next one".to_owned()));
        count
    }

    fn answered(&mut self, place: usize) -> Result<()> {
        let now = clock::now();
        let (Some(post), Some((device, group, _))) = (self.posts.get_mut(place), self.asks.get(place)) else {
            return Ok(());
        };
        let (device, group, status) = (*device, *group, post.answer.status());
        let body = post.answer.body().to_vec();
        let tail = body.get(body.len().saturating_sub(TAIL)..).unwrap_or_default();
        let end = number_after(tail, b"],\"end\":").map(|(end, _)| end);
        let Some(end) = end.filter(|_| status == 200) else {
            let shown = String::from_utf8_lossy(body.get(..MAX_SHOWN.min(body.len())).unwrap_or_default()).into_owned();
            self.complain(format!("{status} {shown}"));
            return Ok(());
        };
        let count = self.take(device, group, &body, now);
        let cursor = self.backs.get(device).and_then(|back| back.cursors.get(group)).copied().unwrap_or_default();
        self.ask(place, Some(group).filter(|_| cursor < end && count > 0))
    }

    fn complain(&mut self, complaint: String) {
        *self.complaints.entry(complaint).or_default() += 1;
    }
}

impl Listener for Returning<'_> {
    fn frame(&mut self, place: usize, payload: &[u8], now: Instant) {
        if let Some((group, rest)) = group_of(payload) {
            let group = self.village.groups.iter().position(|known| known.text.as_bytes() == group);
            if let Some(group) = group {
                self.take(place, group, rest, now);
            }
            return;
        }
        let Some(follower) = self.followers.get_mut(place) else { return };
        match follower.frame(payload) {
            Ok(Step::Say(frames)) => self.follows.extend(frames),
            Ok(Step::Wait | Step::Ready) => {}
            Err(why) => self.complain(why.chars().take(MAX_SHOWN).collect()),
        }
    }

    fn after(&mut self, _place: usize, line: &mut Line, _now: Instant) {
        if !self.follows.is_empty() {
            line.send(&std::mem::take(&mut self.follows));
        }
    }

    fn other(&mut self, place: usize) {
        let Some(post) = self.posts.get_mut(place) else { return };
        let request = self.asks.get(place).map_or(&[][..], |(_, _, request)| request.as_slice());
        let done = post.go_on(request, &mut self.buffer).map(|done| done.is_some());
        let gone_on = match done {
            Ok(true) => self.answered(place).map_err(|error| error.to_string()),
            Ok(false) => Ok(()),
            Err(why) => Err(why),
        };
        if let Err(why) = gone_on {
            self.complain(why);
        }
    }

    fn lost(&mut self, _place: usize, why: String) {
        self.complain(why);
    }
}
