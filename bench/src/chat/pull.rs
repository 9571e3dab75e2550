//! History: a room is filled, then pulled page by page.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use super::crowd::{Crowd, Listener};
use super::entrance::{Door, Entrance};
use super::frame;
use super::letter::{FIRST_ACK, mark};
use super::line::Line;
use super::spread::Spread;
use super::wallet::{Wallet, find};
use super::window::{Watched, Window};
use crate::clock;
use crate::error::{Error, Result};

/// How many messages a page has: the most there may be (wire/denetwork.md, section 7).
pub(super) const PAGE: u32 = 100;
/// What stands before the mark of a message.
const KEY: &[u8] = b"\"body\":\"";
/// How many digits the mark has.
const MARK: usize = 12;
/// How often the clock is looked at if nothing happens.
const GLANCE: Duration = Duration::from_millis(20);

/// What to do.
#[derive(Clone, Copy)]
pub(crate) struct Plan {
    /// Where the server is.
    pub(crate) target: SocketAddr,
    /// How many pull at once, each one page at a time.
    pub(crate) clients: usize,
    /// How many messages are in the room, written by one sender in order.
    pub(crate) messages: u32,
    /// How long is not counted at the start.
    pub(crate) warm_up: Duration,
    /// How long is measured.
    pub(crate) time: Duration,
    /// The processes whose time and memory are shown.
    pub(crate) watched: Watched,
}

/// What came of it.
pub(crate) struct Outcome {
    /// What happened in the measured time: messages are counted as heard, pages as acknowledged.
    pub(crate) window: Window,
    /// From asking for a page to having it.
    pub(crate) pages: Spread,
    /// What went wrong.
    pub(crate) complaints: BTreeMap<String, u64>,
}

/// Pulls the room for the planned time.
pub(crate) fn pull(plan: &Plan, room: &str) -> Result<Outcome> {
    let mut crowd = Crowd::new()?;
    let entrance = |_| Ok(Entrance::new(Door::Rooms, Wallet::random()?, room, false));
    crowd.enter(plan.target, (0..plan.clients).map(entrance).collect::<Result<Vec<_>>>()?)?;
    let now = clock::now();
    let mut readers = Readers {
        requests: (1..=plan.messages.div_ceil(PAGE)).map(|page| request(room, page)).collect(),
        messages: plan.messages,
        at: vec![(0, now); plan.clients],
        is_due: false,
        heard: 0,
        turned: 0,
        pages: Spread::new(),
        complaints: BTreeMap::new(),
    };
    for (place, line) in crowd.lines().iter_mut().enumerate() {
        readers.ask(place, line, now);
    }
    let counted_from = now + plan.warm_up;
    while clock::now() < counted_from {
        crowd.turn(GLANCE, &mut readers)?;
    }
    readers.pages = Spread::new();
    let from = plan.watched.moment(readers.heard, readers.turned)?;
    while clock::now() < counted_from + plan.time && readers.complaints.is_empty() {
        crowd.turn(GLANCE, &mut readers)?;
    }
    let to = plan.watched.moment(readers.heard, readers.turned)?;
    if readers.turned == 0 {
        let why = readers.complaints.into_keys().next().unwrap_or_default();
        return Err(Error::Unusable(format!("no page came: {why}")));
    }
    let window = Window { from, to, memory_after: plan.watched.memory()? };
    Ok(Outcome { window, pages: readers.pages, complaints: readers.complaints })
}

fn request(room: &str, page: u32) -> Vec<u8> {
    let id = FIRST_ACK + page;
    frame::text(&format!(
        r#"42{id}["pull-message",{{"roomId":"{room}","startTimestamp":0,"endTimestamp":-1,"pagination":{{"pageNo":{page},"pageSize":{PAGE},"order":1}}}}]"#
    ))
}

struct Readers {
    requests: Vec<Vec<u8>>,
    messages: u32,
    /// The index of the page that each waits for, and since when.
    at: Vec<(usize, Instant)>,
    /// Whether the page came in the current read.
    is_due: bool,
    heard: u64,
    turned: u64,
    pages: Spread,
    complaints: BTreeMap<String, u64>,
}

impl Readers {
    fn ask(&mut self, place: usize, line: &mut Line, now: Instant) {
        let Some((page, since)) = self.at.get_mut(place) else { return };
        *since = now;
        if let Some(request) = self.requests.get(*page) {
            line.send(request);
        }
    }
}

impl Listener for Readers {
    fn frame(&mut self, place: usize, payload: &[u8], now: Instant) {
        let Some((page, since)) = self.at.get_mut(place) else { return };
        let first = u32::try_from(*page).unwrap_or(u32::MAX).saturating_mul(PAGE);
        let wanted = PAGE.min(self.messages.saturating_sub(first));
        let is_answer = payload
            .strip_prefix(b"43")
            .is_some_and(|rest| rest.starts_with((FIRST_ACK as usize + *page + 1).to_string().as_bytes()));
        if !is_answer || !is_page(payload, first, wanted) {
            let shown = String::from_utf8_lossy(payload.get(..200.min(payload.len())).unwrap_or_default());
            *self.complaints.entry(format!("page {}: {shown}", *page + 1)).or_default() += 1;
            return;
        }
        self.pages.add(now.saturating_duration_since(*since));
        (self.heard, self.turned) = (self.heard + u64::from(wanted), self.turned + 1);
        *page = (*page + 1) % self.requests.len().max(1);
        self.is_due = true;
    }

    fn after(&mut self, place: usize, line: &mut Line, now: Instant) {
        if std::mem::take(&mut self.is_due) {
            self.ask(place, line, now);
        }
    }

    fn lost(&mut self, _place: usize, why: String) {
        *self.complaints.entry(why).or_default() += 1;
    }
}

/// Whether a reply has exactly these messages of sender 0, in order. All are equally long, so that after the first two nothing needs
/// to be searched.
fn is_page(payload: &[u8], first: u32, count: u32) -> bool {
    let (mut at, mut stride) = (0, 0);
    for number in first..first + count {
        let expected = at + stride;
        let is_there = stride > 0 && payload.get(expected..expected + KEY.len()) == Some(KEY);
        let place = if is_there {
            expected
        } else {
            let from = if number == first { 0 } else { at + KEY.len() };
            let Some(found) = payload.get(from..).and_then(|rest| find(rest, KEY)) else { return false };
            from + found
        };
        let digits = payload.get(place + KEY.len()..place + KEY.len() + MARK).unwrap_or_default();
        if mark(digits) != Some((0, number)) {
            return false;
        }
        (stride, at) = (if number == first { 0 } else { place - at }, place);
    }
    payload.get(at + KEY.len()..).is_some_and(|rest| find(rest, KEY).is_none())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(numbers: &[u32]) -> Vec<u8> {
        let items: Vec<String> =
            numbers.iter().map(|number| format!(r#"{{"body":"0000{number:08x}abc","hash":""}}"#)).collect();
        format!("4310000001[{{\"list\":[{}]}}]", items.join(",")).into_bytes()
    }

    #[test]
    fn pages_must_be_whole_and_in_order() {
        assert!(is_page(&page(&[5, 6, 7, 8]), 5, 4));
        for wrong in [&[5, 6, 7][..], &[5, 6, 7, 8, 9], &[5, 7, 6, 8], &[5, 6, 6, 8], &[]] {
            assert!(!is_page(&page(wrong), 5, 4), "{wrong:?}");
        }
    }
}
