//! Few talk, many listen: a room or a channel, as fast as it goes or at a given pace.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use super::crowd::{Crowd, Listener};
use super::ears::Ears;
use super::entrance::{Door, Entrance};
use super::letter::Author;
use super::line::Line;
use super::pool::Pool;
use super::speaker::Speaker;
use super::spread::Spread;
use super::wallet::Wallet;
use super::window::{Moment, Watched, Window};
use crate::clock;
use crate::error::Result;

/// How long what is under way may take after the last message was sent.
const DRAIN: Duration = Duration::from_secs(60);
/// If nothing comes for so long while draining, nothing will.
const QUIET: Duration = Duration::from_secs(3);
/// How often the clock is looked at if nothing happens.
const GLANCE: Duration = Duration::from_millis(50);

/// What to do.
#[derive(Clone, Copy)]
pub(crate) struct Plan {
    /// Which protocol.
    pub(crate) door: Door,
    /// Where the server is.
    pub(crate) target: SocketAddr,
    /// How many clients there are.
    pub(crate) clients: usize,
    /// How many of them talk.
    pub(crate) senders: usize,
    /// How many messages each has under way.
    pub(crate) under_way: u32,
    /// Bytes of a message's JSON text.
    pub(crate) size: usize,
    /// Whether anybody listens; rooms only.
    pub(crate) is_watched: bool,
    /// Messages per second of all senders together; none means as fast as the acknowledgements come.
    pub(crate) pace: Option<f64>,
    /// How many messages all senders have together, at most.
    pub(crate) messages: u32,
    /// How long is not counted at the start.
    pub(crate) warm_up: Duration,
    /// How long is measured; none means until the messages end.
    pub(crate) time: Option<Duration>,
    /// The processes whose time and memory are shown.
    pub(crate) watched: Watched,
}

/// What came of it.
pub(crate) struct Outcome {
    /// What happened in the measured time.
    pub(crate) window: Window,
    /// How long making the messages took.
    pub(crate) making: Duration,
    /// How many messages were made.
    pub(crate) made: u64,
    /// Whether the messages were used up before the time was.
    pub(crate) ran_out: bool,
    /// From sending to the acknowledgement.
    pub(crate) acks: Spread,
    /// From the planned time of sending to each delivery, of paced runs.
    pub(crate) deliveries: Spread,
    /// Deliveries of the whole run, warming up and draining included.
    pub(crate) heard: u64,
    /// Messages of the whole run that were acknowledged.
    pub(crate) acked: u64,
    /// Deliveries that never came.
    pub(crate) lost: u64,
    /// Deliveries that came twice.
    pub(crate) doubled: u64,
    /// Deliveries that came after a later one.
    pub(crate) late: u64,
    /// Anything else that should not be, and how often.
    pub(crate) complaints: BTreeMap<String, u64>,
}

/// A room id, or a channel's name, that nobody else uses.
pub(crate) fn random_place() -> Result<String> {
    Ok(Wallet::random()?.address().replacen("0x", "g0x", 1))
}

/// Clients that are in, and may go on for several rounds.
pub(crate) struct Hall {
    plan: Plan,
    authors: Vec<Author>,
    crowd: Crowd,
    next: u32,
}

impl Hall {
    /// Lets everybody into this room or channel.
    pub(crate) fn open(plan: Plan, place: &str) -> Result<Self> {
        let wallets = (0..plan.clients).map(|_| Wallet::random()).collect::<Result<Vec<_>>>()?;
        let author = |(number, wallet)| Author::new(plan.door, wallet, number, place, plan.size);
        let authors = (0..).zip(&wallets).take(plan.senders).map(author).collect::<Result<_>>()?;
        let joins = plan.is_watched || plan.door == Door::Channels;
        let entrances = wallets.into_iter().map(|wallet| Entrance::new(plan.door, wallet, place, joins));
        let mut crowd = Crowd::new()?;
        crowd.enter(plan.target, entrances.collect())?;
        Ok(Self { plan, authors, crowd, next: 0 })
    }

    /// Lets the senders talk and listens to what comes.
    pub(crate) fn talk(&mut self) -> Result<Outcome> {
        let begun = clock::now();
        let each = self.plan.messages.div_ceil(u32::try_from(self.plan.senders.max(1)).unwrap_or(u32::MAX));
        let pools = Pool::make_all(&self.authors, self.next, each)?;
        let making = clock::now() - begun;
        let mut talk = Talk::new(&self.plan, &self.authors, pools, self.next)?;
        talk.ears.begin(clock::now());
        // The timer starts after the plan, never before it, else every message would wait for the next ring.
        if let Some(pace) = self.plan.pace {
            self.crowd.ring_every(Duration::from_secs_f64(1.0 / pace))?;
        }
        let (window, ran_out) = talk.run(&self.plan, &mut self.crowd)?;
        self.next += each;
        let made = u64::from(each) * self.authors.len() as u64;
        Ok(talk.outcome(window, making, made, ran_out))
    }
}

/// One round of talking.
struct Talk {
    speakers: Vec<Speaker>,
    ears: Ears,
    acks: Spread,
    acked: u64,
    complaints: BTreeMap<String, u64>,
    /// How many messages may follow the acknowledgements of the current read.
    freed: u32,
    is_paced: bool,
    is_ending: bool,
    last_news: Instant,
}

impl Talk {
    fn new(plan: &Plan, authors: &[Author], pools: Vec<Pool>, first: u32) -> Result<Self> {
        let now = clock::now();
        let speakers: Vec<Speaker> = pools.into_iter().map(|pool| Speaker::new(plan.door, pool, now)).collect();
        let listeners = if plan.is_watched { plan.clients } else { 0 };
        let pace = plan.pace.map(|pace| (pace, plan.warm_up));
        let ears = Ears::new(authors, listeners, first, pace, now)?;
        Ok(Self {
            speakers,
            ears,
            acks: Spread::new(),
            acked: 0,
            complaints: BTreeMap::new(),
            freed: 0,
            is_paced: plan.pace.is_some(),
            is_ending: false,
            last_news: now,
        })
    }

    /// Runs through warming up, the measured time, and what is under way after it. Also tells whether the messages ran out.
    fn run(&mut self, plan: &Plan, crowd: &mut Crowd) -> Result<(Window, bool)> {
        if !self.is_paced {
            for (speaker, line) in self.speakers.iter_mut().zip(crowd.lines()) {
                speaker.send(line, plan.under_way, clock::now());
            }
        }
        let counted_from = self.ears.begun() + plan.warm_up;
        let deadline = plan.time.map(|time| counted_from + time);
        while clock::now() < counted_from && !self.is_out() {
            crowd.turn(GLANCE.min(plan.warm_up), self)?;
        }
        let from = self.moment(plan)?;
        while deadline.is_none_or(|deadline| clock::now() < deadline) && !self.is_out() {
            crowd.turn(GLANCE, self)?;
        }
        if plan.time.is_none() {
            self.drain(crowd)?;
        }
        let ran_out = plan.time.is_some() && self.is_out();
        let to = self.moment(plan)?;
        self.is_ending = true;
        self.drain(crowd)?;
        Ok((Window { from, to, memory_after: plan.watched.memory()? }, ran_out))
    }

    /// Waits for everything that is still to come.
    fn drain(&mut self, crowd: &mut Crowd) -> Result<()> {
        let given_up = clock::now() + DRAIN;
        self.last_news = clock::now();
        while !self.is_complete() && clock::now() < given_up.min(self.last_news + QUIET) {
            crowd.turn(GLANCE, self)?;
        }
        Ok(())
    }

    fn is_out(&self) -> bool {
        self.speakers.iter().any(Speaker::is_out)
    }

    fn is_complete(&self) -> bool {
        let is_done = |speaker: &Speaker| speaker.unanswered() == 0 && (self.is_ending || speaker.is_out());
        self.speakers.iter().all(is_done) && self.ears.heard() >= self.ears.expected(&self.speakers)
    }

    fn moment(&self, plan: &Plan) -> Result<Moment> {
        plan.watched.moment(self.ears.heard(), self.acked)
    }

    fn outcome(mut self, window: Window, making: Duration, made: u64, ran_out: bool) -> Outcome {
        let unanswered: u64 = self.speakers.iter().map(Speaker::unanswered).sum();
        if unanswered > 0 {
            *self.complaints.entry("never acknowledged".to_owned()).or_default() += unanswered;
        }
        let lost = self.ears.lost(&self.speakers);
        let heard = self.ears.heard();
        let Ears { deliveries, doubled, late, odd, .. } = self.ears;
        let mut complaints = self.complaints;
        complaints.extend(odd.into_iter().map(|(what, count)| (what.to_owned(), count)));
        Outcome {
            window,
            making,
            made,
            ran_out,
            acks: self.acks,
            deliveries,
            heard,
            acked: self.acked,
            lost,
            doubled,
            late,
            complaints,
        }
    }
}

impl Listener for Talk {
    fn frame(&mut self, place: usize, payload: &[u8], now: Instant) {
        self.last_news = now;
        if let Some(mark) = self.ears.mark(payload) {
            self.ears.hear(place, mark, payload, now, &self.speakers);
            return;
        }
        let Some(speaker) = self.speakers.get_mut(place) else {
            return complain(&mut self.complaints, payload);
        };
        match speaker.acknowledged(payload) {
            Some(sent) => {
                (self.acked, self.freed) = (self.acked + 1, self.freed + 1);
                self.acks.add(now.saturating_duration_since(sent));
            }
            None => complain(&mut self.complaints, payload),
        }
    }

    fn after(&mut self, place: usize, line: &mut Line, now: Instant) {
        let freed = std::mem::take(&mut self.freed);
        if freed > 0
            && !self.is_ending
            && !self.is_paced
            && let Some(speaker) = self.speakers.get_mut(place)
        {
            speaker.send(line, freed, now);
        }
    }

    fn tick(&mut self, lines: &mut [Line], now: Instant) {
        if self.is_ending {
            return;
        }
        while let Some((sender, planned)) = self.ears.due(now, &self.speakers) {
            let (Some(speaker), Some(line)) = (self.speakers.get_mut(sender), lines.get_mut(sender)) else { return };
            if !speaker.send(line, 1, planned) {
                return;
            }
        }
    }

    fn lost(&mut self, place: usize, why: String) {
        let who = if place < self.speakers.len() { "a sender" } else { "a listener" };
        *self.complaints.entry(format!("{who}: {why}")).or_default() += 1;
    }
}

/// How many different complaints are kept; further ones are counted together.
const MAX_COMPLAINTS: usize = 20;
/// How much of a frame is shown in a complaint, in bytes.
const MAX_SHOWN: usize = 160;

fn complain(complaints: &mut BTreeMap<String, u64>, payload: &[u8]) {
    let shown = payload.get(..MAX_SHOWN.min(payload.len())).unwrap_or_default();
    let shown = format!("unexpected: {}", String::from_utf8_lossy(shown));
    let is_full = complaints.len() >= MAX_COMPLAINTS && !complaints.contains_key(&shown);
    *complaints.entry(if is_full { "others".to_owned() } else { shown }).or_default() += 1;
}
