//! Members post into their groups, and everybody listens: at a pace, or as fast as the node says yes.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::ears::Ears;
use super::entries::{Shape, number_after};
use super::live::Follower;
use super::post::{Post, UnderWay};
use super::stack::Stack;
use super::village::Village;
use crate::chat::crowd::{Crowd, Listener};
use crate::chat::line::Line;
use crate::chat::spread::Spread;
use crate::chat::window::{Moment, Watched, Window};
use crate::clock;
use crate::error::{Error, Result};

/// How long what is under way may take after the last message was sent.
const DRAIN: Duration = Duration::from_secs(60);
/// If nothing comes for so long while draining, nothing will.
const QUIET: Duration = Duration::from_secs(3);
/// How often the clock is looked at if nothing happens.
const GLANCE: Duration = Duration::from_millis(50);
/// How much of an answer is kept, in bytes.
const KEPT: usize = 200;
/// How much is read of answers at once, in bytes.
const READ: usize = 16 * 1024;

/// What to do.
#[derive(Clone, Copy)]
pub(super) struct Plan {
    /// Messages per second; none means as fast as answers come.
    pub(super) pace: Option<f64>,
    /// How many messages are signed in advance.
    pub(super) messages: u32,
    /// Bytes of a message's sealed body.
    pub(super) size: u16,
    /// Over how many connections they are posted.
    pub(super) connections: usize,
    /// How long is not counted at the start.
    pub(super) warm_up: Duration,
    /// How long is measured.
    pub(super) time: Duration,
    /// The process whose time and memory are shown.
    pub(super) watched: Watched,
}

/// What came of it.
pub(super) struct Outcome {
    /// What happened in the measured time.
    pub(super) window: Window,
    /// How long signing took.
    pub(super) signing: Duration,
    /// Whether the messages were used up before the time was.
    pub(super) ran_out: bool,
    /// From the planned time of sending to the yes.
    pub(super) accepted: Spread,
    /// From the planned time of sending to each delivery, of paced runs.
    pub(super) deliveries: Spread,
    /// Messages of the whole run that were accepted, and deliveries.
    pub(super) all: (u64, u64),
    /// Deliveries that never came, that came twice, and that came after a later one.
    pub(super) flaws: [u64; 3],
    /// Anything else that should not be, and how often.
    pub(super) complaints: BTreeMap<String, u64>,
}

/// Everybody at their places.
pub(super) struct Hall<'village> {
    village: &'village Village,
    crowd: Crowd,
    ears: Ears,
}

impl<'village> Hall<'village> {
    /// Lets all devices follow their inbox and their groups.
    pub(super) fn open(village: &'village Village) -> Result<Self> {
        let mut crowd = Crowd::new()?;
        let followers = village.devices.iter().map(|device| Follower::new(village, device, true));
        crowd.enter(village.target, followers.collect())?;
        Ok(Self { village, crowd, ears: Ears::new(village) })
    }

    /// Posts and listens.
    pub(super) fn talk(&mut self, plan: &Plan) -> Result<Outcome> {
        let begun = clock::now();
        let shape = Shape::new(plan.size)?;
        let stack = written(self.village, &shape, plan.messages)?;
        let signing = clock::now() - begun;
        self.ears.begin(shape, stack.len(), plan.pace.map(|pace| 1.0 / pace), plan.warm_up);
        let posts = (0..plan.connections).map(|place| {
            let mut post = Post::open(self.village.target, KEPT)?;
            self.crowd.watch(&mut post.socket, place)?;
            Ok(post)
        });
        let posts = posts.collect::<Result<Vec<_>>>()?;
        let mut talk = Talk::new(&mut self.ears, posts, stack);
        let (window, ran_out) = talk.run(plan, &mut self.crowd)?;
        Ok(talk.outcome(window, signing, ran_out))
    }
}

/// So many messages, signed, for all groups in turn and by all their members in turn.
pub(super) fn written(village: &Village, shape: &Shape, messages: u32) -> Result<Stack> {
    let mut stack = Stack::new()?;
    for index in 0..messages {
        let place = index as usize;
        let group = place.checked_rem(village.groups.len()).and_then(|group| village.groups.get(group));
        let turn = place / village.groups.len().max(1);
        let found = group.and_then(|group| Some((group, village.speaker(group, turn)?)));
        let (group, key) = found.ok_or_else(|| Error::Unusable("a group has nobody in it".to_owned()))?;
        shape.push(&mut stack, index, group, key, &village.host);
    }
    Ok(stack)
}

/// One round of talking.
struct Talk<'hall> {
    ears: &'hall mut Ears,
    stack: Stack,
    posts: Vec<Post>,
    /// Connections that wait for something to be due.
    idle: Vec<usize>,
    /// Which message is next.
    next: usize,
    buffer: Vec<u8>,
    is_paced: bool,
    is_ending: bool,
    accepted: Spread,
    acked: u64,
}

impl<'hall> Talk<'hall> {
    fn new(ears: &'hall mut Ears, posts: Vec<Post>, stack: Stack) -> Self {
        let (idle, buffer) = ((0..posts.len()).collect(), vec![0; READ]);
        let (accepted, is_paced) = (Spread::new(), ears.is_paced());
        Self { ears, stack, posts, idle, next: 0, buffer, is_paced, is_ending: false, accepted, acked: 0 }
    }

    /// Runs through warming up, the measured time, and what is under way after it. Also tells whether the messages ran out.
    fn run(&mut self, plan: &Plan, crowd: &mut Crowd) -> Result<(Window, bool)> {
        let begun = clock::now();
        self.ears.start(begun);
        // The timer starts after the plan, never before it, else every message would wait for the next ring.
        if let Some(pace) = plan.pace {
            crowd.ring_every(Duration::from_secs_f64(1.0 / pace))?;
        }
        self.go_on(begun);
        let counted_from = begun + plan.warm_up;
        let deadline = counted_from + plan.time;
        while clock::now() < counted_from && !self.is_out() {
            crowd.turn(GLANCE.min(plan.warm_up), self)?;
        }
        let from = self.moment(plan)?;
        while clock::now() < deadline && !self.is_out() {
            crowd.turn(GLANCE, self)?;
        }
        let (ran_out, to) = (self.is_out(), self.moment(plan)?);
        self.is_ending = true;
        let given_up = clock::now() + DRAIN;
        self.ears.last_news = clock::now();
        while !self.is_complete() && clock::now() < given_up.min(self.ears.last_news + QUIET) {
            crowd.turn(GLANCE, self)?;
        }
        Ok((Window { from, to, memory_after: plan.watched.memory()? }, ran_out))
    }

    fn is_out(&self) -> bool {
        self.next >= self.stack.len()
    }

    fn is_complete(&self) -> bool {
        self.idle.len() == self.posts.len() && self.ears.missing() == 0
    }

    fn moment(&self, plan: &Plan) -> Result<Moment> {
        plan.watched.moment(self.ears.heard, self.acked)
    }

    /// Sends what is due on connections that have nothing to do.
    fn go_on(&mut self, now: Instant) {
        while !self.is_ending && self.next < self.stack.len() {
            let planned = self.ears.planned(self.next).unwrap_or(now);
            let Some(place) = self.idle.pop_if(|_| planned <= now) else { return };
            let Some(post) = self.posts.get_mut(place) else { return };
            if let Err(why) = post.begin(self.next, planned, self.stack.get(self.next)) {
                self.ears.complain(why);
            }
            self.next += 1;
        }
    }

    fn take(&mut self, place: usize, done: UnderWay, now: Instant) {
        let Some(post) = self.posts.get(place) else { return };
        let number = number_after(post.answer.body(), b"\"number\":").filter(|_| post.answer.status() == 201);
        match number {
            Some((number, _)) => {
                self.acked += 1;
                self.ears.accepted(done.index, number);
                if self.ears.is_counted(done.planned) {
                    self.accepted.add(now.saturating_duration_since(done.planned));
                }
            }
            None => {
                self.ears.complain(format!("{} {}", post.answer.status(), String::from_utf8_lossy(post.answer.body())))
            }
        }
        self.idle.push(place);
        self.go_on(now);
    }

    fn outcome(self, window: Window, signing: Duration, ran_out: bool) -> Outcome {
        let unanswered = self.posts.len() - self.idle.len();
        (0..unanswered).for_each(|_| self.ears.complain("never answered".to_owned()));
        let flaws = [self.ears.missing(), self.ears.doubled, self.ears.late];
        let deliveries = std::mem::replace(&mut self.ears.deliveries, Spread::new());
        let complaints = std::mem::take(&mut self.ears.complaints);
        let all = (self.acked, self.ears.heard);
        Outcome { window, signing, ran_out, accepted: self.accepted, deliveries, all, flaws, complaints }
    }
}

impl Listener for Talk<'_> {
    fn frame(&mut self, place: usize, payload: &[u8], now: Instant) {
        self.ears.hear(place, payload, now);
    }

    fn tick(&mut self, _lines: &mut [Line], now: Instant) {
        if self.is_paced {
            self.go_on(now);
        }
    }

    fn other(&mut self, place: usize) {
        let Some(post) = self.posts.get_mut(place) else { return };
        let request = post.under_way.map_or(&[][..], |under_way| self.stack.get(under_way.index));
        match post.go_on(request, &mut self.buffer) {
            Ok(Some(done)) => self.take(place, done, clock::now()),
            Ok(None) => {}
            Err(why) => self.ears.complain(format!("a sender: {why}")),
        }
    }

    fn lost(&mut self, _place: usize, why: String) {
        self.ears.complain(format!("a listener: {why}"));
    }
}
