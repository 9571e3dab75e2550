//! Requests under way: signing, trying again, and what each one was for.

use super::address;
use crate::io::{Action, HttpAnswer, HttpRequest, RequestId, Time};
use ed25519_dalek::SigningKey;
use rand::Rng;
use std::collections::{BTreeMap, VecDeque};
use tidings_wire::bytes::Fixed;
use tidings_wire::signature::{Parts, sign};

/// Requests to one node that go on beside each other.
const IN_FLIGHT_MAX: usize = 8;
/// Requests that wait; beyond that they end as if there was no answer.
const WAITING_MAX: usize = 20_000;
/// The first wait after a failure, in milliseconds; it doubles with each.
const FIRST_WAIT: Time = 1_000;
/// The longest wait, in milliseconds.
const LONGEST_WAIT: Time = 5 * 60 * 1000;
/// A wait, in milliseconds, that somebody who waits for an answer bears, and how many of them.
const SOON: Time = 2_500;
const SOON_TRIES: u32 = 3;
/// Clocks that differ by more than this, in milliseconds, are corrected for.
const CLOCK_SLACK: Time = 60 * 1000;

/// How often a request is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Patience {
    /// At once and once: somebody waits for it.
    Now,
    /// Once, when the node answers at all.
    Once,
    /// Until there is an answer that is not "later".
    Always,
}

/// A request before it is signed.
pub(crate) struct Ask<P> {
    pub node: String,
    pub method: &'static str,
    /// Path and query.
    pub target: String,
    pub body: Option<Vec<u8>>,
    /// Beside those of the signature and `content-type`.
    pub headers: Vec<(&'static str, String)>,
    /// Who signs.
    pub key: Option<SigningKey>,
    pub patience: Patience,
    /// What it is for.
    pub purpose: P,
}

impl<P> Ask<P> {
    /// A request without a body or signature, made again until it is answered.
    pub(super) fn new(node: &str, method: &'static str, target: impl Into<String>, purpose: P) -> Self {
        Self {
            node: node.to_owned(),
            method,
            target: target.into(),
            body: None,
            headers: Vec::new(),
            key: None,
            patience: Patience::Always,
            purpose,
        }
    }

    /// With a JSON body.
    pub(super) fn json<T: serde::Serialize>(mut self, body: &T) -> Self {
        // Types of the wire have text keys only, which always can be written.
        self.body = Some(serde_json::to_vec(body).unwrap_or_default());
        self.headers.push(("content-type", "application/json".to_owned()));
        self
    }

    /// With this header.
    pub(super) fn header(mut self, name: &'static str, value: String) -> Self {
        self.headers.push((name, value));
        self
    }

    /// Signed.
    pub(super) fn signed(mut self, key: &SigningKey) -> Self {
        self.key = Some(key.clone());
        self
    }

    /// Asked so often.
    pub(super) fn patience(mut self, patience: Patience) -> Self {
        self.patience = patience;
        self
    }
}

/// What became of a request.
pub(crate) enum Reply {
    /// An answer that is not "later".
    Answer(HttpAnswer),
    /// None, or "later", and the request is not made again.
    Later,
}

struct Waiting<P> {
    ask: Ask<P>,
    not_before: Time,
    tries: u32,
}

#[derive(Default)]
struct NodeState {
    flying: usize,
    /// Failures to reach it, one after the other.
    failures: u32,
    not_before: Time,
    /// How far its clock is ahead of this one, in milliseconds.
    ahead: i64,
}

/// All requests that wait or are under way.
pub(crate) struct Requests<P> {
    next: u64,
    flying: BTreeMap<RequestId, Waiting<P>>,
    waiting: VecDeque<Waiting<P>>,
    nodes: BTreeMap<String, NodeState>,
    /// What ends without having been made.
    refused: Vec<P>,
}

impl<P> Default for Requests<P> {
    fn default() -> Self {
        Self { next: 1, flying: BTreeMap::new(), waiting: VecDeque::new(), nodes: BTreeMap::new(), refused: Vec::new() }
    }
}

impl<P> Requests<P> {
    /// Has a request made.
    pub(super) fn ask(&mut self, ask: Ask<P>) {
        if self.waiting.len() >= WAITING_MAX {
            self.refused.push(ask.purpose);
            return;
        }
        let waiting = Waiting { ask, not_before: 0, tries: 0 };
        match waiting.ask.patience {
            Patience::Now => self.waiting.push_front(waiting),
            Patience::Once | Patience::Always => self.waiting.push_back(waiting),
        }
    }

    /// What could not even wait.
    pub(super) fn refused(&mut self) -> Option<P> {
        self.refused.pop()
    }

    /// Purposes of all requests that wait or are under way.
    pub(super) fn purposes(&self) -> impl Iterator<Item = &P> {
        self.flying.values().chain(&self.waiting).map(|waiting| &waiting.ask.purpose)
    }

    /// Whether such a request waits to be made. One that is under way may have been answered before what is to be asked for now.
    pub(super) fn waits(&self, such: impl Fn(&P) -> bool) -> bool {
        self.waiting.iter().any(|waiting| such(&waiting.ask.purpose))
    }

    /// The node can be reached: what waits for it need not wait longer.
    pub(super) fn reached(&mut self, node: &str) {
        if let Some(state) = self.nodes.get_mut(node) {
            state.failures = 0;
            state.not_before = 0;
        }
    }

    /// Whether a node could not be reached when it was last tried, more than once.
    pub(super) fn is_away(&self, node: &str) -> bool {
        self.nodes.get(node).is_some_and(|state| state.failures > 1)
    }

    /// A request has ended. `None`: unknown, or it is made again.
    pub(super) fn ended(
        &mut self,
        id: RequestId,
        answer: Option<HttpAnswer>,
        now: Time,
        random: &mut dyn Rng,
    ) -> Option<(P, Reply)> {
        let mut waiting = self.flying.remove(&id)?;
        let state = self.nodes.entry(waiting.ask.node.clone()).or_default();
        state.flying = state.flying.saturating_sub(1);
        let Some(answer) = answer else {
            state.failures = state.failures.saturating_add(1);
            state.not_before = now.saturating_add(back_off(state.failures, random));
            return self.later(waiting);
        };
        (state.failures, state.not_before) = (0, 0);
        if let Some(ahead) = clock_difference(&answer, now).filter(|ahead| ahead.abs_diff(state.ahead) > CLOCK_SLACK) {
            state.ahead = ahead;
            if waiting.tries == 0 {
                waiting.tries = 1;
                self.waiting.push_front(waiting);
                return None;
            }
        }
        if !matches!(answer.status, 429 | 500 | 502 | 503 | 504) {
            return Some((waiting.ask.purpose, Reply::Answer(answer)));
        }
        waiting.tries = waiting.tries.saturating_add(1);
        let asked: Option<Time> = answer
            .header("retry-after")
            .and_then(|value| value.parse::<u32>().ok())
            .map(|seconds| Time::from(seconds) * 1000);
        let wait = back_off(waiting.tries, random).max(asked.unwrap_or_default()).min(LONGEST_WAIT);
        waiting.not_before = now.saturating_add(wait);
        if waiting.ask.patience == Patience::Now && wait <= SOON && waiting.tries < SOON_TRIES {
            // A node that has just started, or is busy for a moment: whoever waits for it waits as long.
            self.waiting.push_back(waiting);
            return None;
        }
        self.later(waiting)
    }

    fn later(&mut self, waiting: Waiting<P>) -> Option<(P, Reply)> {
        if waiting.ask.patience == Patience::Always {
            self.waiting.push_back(waiting);
            return None;
        }
        Some((waiting.ask.purpose, Reply::Later))
    }

    /// Signs and gives out what may be made now.
    pub(super) fn start(&mut self, now: Time, random: &mut dyn Rng) -> Vec<Action> {
        let mut actions = Vec::new();
        let mut left = VecDeque::new();
        while let Some(waiting) = self.waiting.pop_front() {
            let state = self.nodes.entry(waiting.ask.node.clone()).or_default();
            let urgent = waiting.ask.patience == Patience::Now;
            let may = state.flying < IN_FLIGHT_MAX && now >= waiting.not_before && (urgent || now >= state.not_before);
            if !may {
                left.push_back(waiting);
                continue;
            }
            state.flying += 1;
            let id = RequestId(self.next);
            self.next += 1;
            actions.push(Action::Request(id, signed(&waiting.ask, now.saturating_add_signed(state.ahead), random)));
            self.flying.insert(id, waiting);
        }
        self.waiting = left;
        actions
    }

    /// When something that waits may be made; requests that wait for others to end don't count.
    pub(super) fn next_due(&self, now: Time) -> Option<Time> {
        let due = |waiting: &Waiting<P>| {
            let state = self.nodes.get(&waiting.ask.node)?;
            let node = if waiting.ask.patience == Patience::Now { 0 } else { state.not_before };
            Some(waiting.not_before.max(node)).filter(|at| *at > now || state.flying < IN_FLIGHT_MAX)
        };
        self.waiting.iter().filter_map(due).min()
    }
}

/// A wait after so many failures, between half and the whole of its bound.
pub(crate) fn back_off(failures: u32, random: &mut dyn Rng) -> Time {
    let whole = FIRST_WAIT.checked_shl(failures.saturating_sub(1).min(20)).unwrap_or(LONGEST_WAIT).min(LONGEST_WAIT);
    let half = whole / 2;
    half + u64::from(random.next_u32()) % (half + 1)
}

/// How far the node's clock is ahead, if it refused a signature: `Date` says what the time is there (RFC 9110, 6.6.1).
fn clock_difference(answer: &HttpAnswer, now: Time) -> Option<i64> {
    let at = (answer.status == 401).then(|| answer.header("date")).flatten().and_then(read_date)?;
    i64::try_from(at).ok()?.checked_sub(i64::try_from(now).ok()?)
}

/// Milliseconds since 1970 of an IMF-fixdate such as `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110, 5.6.7).
fn read_date(text: &str) -> Option<Time> {
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let mut words = text.split_once(", ")?.1.strip_suffix(" GMT")?.split(' ');
    let day: u64 = words.next()?.parse().ok().filter(|day| (1..=31).contains(day))?;
    let month = words.next()?;
    let month = u64::try_from(MONTHS.iter().position(|name| *name == month)?).ok()? + 1;
    let year: u64 = words.next()?.parse().ok().filter(|year| (1970..=9999).contains(year))?;
    let mut clock = words.next()?.split(':').map(|part| part.parse::<u64>().ok().filter(|part| *part < 61));
    let (hours, minutes, seconds) = (clock.next()??, clock.next()??, clock.next()??);
    // Days from a civil date, with years that begin in March.
    let years = if month > 2 { year } else { year - 1 };
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let days = (365 * years + years / 4 - years / 100 + years / 400 + of_year).checked_sub(719_468)?;
    Some((days * 86_400 + hours * 3600 + minutes * 60 + seconds) * 1000)
}

fn signed<P>(ask: &Ask<P>, now: Time, random: &mut dyn Rng) -> HttpRequest {
    let mut headers = ask.headers.clone();
    if let Some(key) = &ask.key {
        let (path, query) = ask.target.split_once('?').unwrap_or((&ask.target, ""));
        let authority = address::host(&ask.node);
        let mut nonce = [0; 16];
        random.fill_bytes(&mut nonce);
        let parts = Parts { method: ask.method, authority, path, query, body: ask.body.as_deref() };
        let made = sign(key, &parts, now / 1000, &Fixed(nonce));
        headers.extend(made.content_digest.map(|digest| ("content-digest", digest)));
        headers.push(("signature-input", made.input));
        headers.push(("signature", made.signature));
    }
    HttpRequest {
        node: ask.node.clone(),
        method: ask.method,
        target: ask.target.clone(),
        headers,
        body: ask.body.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng as _;
    use rand::rngs::StdRng;

    fn answer(status: u16, headers: &[(&str, &str)]) -> Option<HttpAnswer> {
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Some(HttpAnswer { status, headers, body: Vec::new() })
    }

    #[test]
    fn a_date_is_read() {
        assert_eq!(read_date("Sun, 06 Nov 1994 08:49:37 GMT"), Some(784_111_777_000));
        assert_eq!(read_date("Thu, 29 Feb 2024 00:00:00 GMT"), Some(1_709_164_800_000));
        assert_eq!(read_date("Thu, 01 Jan 1970 00:00:00 GMT"), Some(0));
        for bad in ["", "Sun, 06 Nov 1994", "Sun, 06 Foo 1994 08:49:37 GMT", "Sun, 06 Nov 1 08:49:37 GMT"] {
            assert_eq!(read_date(bad), None, "{bad}");
        }
    }

    fn ids(actions: &[Action]) -> Vec<RequestId> {
        let id = |action: &Action| if let Action::Request(id, _) = action { Some(*id) } else { None };
        actions.iter().filter_map(id).collect()
    }

    #[test]
    fn a_patient_request_is_made_again_with_another_signature_and_others_are_not() {
        let mut random = StdRng::from_seed([1; 32]);
        let mut requests = Requests::default();
        let key = SigningKey::from_bytes(&[3; 32]);
        requests.ask(Ask::new("https://n", "GET", "/v1/inbox?after=0", 'a').signed(&key));
        requests.ask(Ask::new("https://n", "GET", "/x", 'o').patience(Patience::Once));
        let first = requests.start(1_000_000, &mut random);
        let [one, other] = ids(&first)[..] else { panic!("two requests") };
        assert!(requests.ended(one, None, 1_000_000, &mut random).is_none());
        assert!(matches!(requests.ended(other, answer(503, &[]), 1_000_000, &mut random), Some(('o', Reply::Later))));
        // The second answer showed that the node is there.
        let again = requests.start(1_000_001, &mut random);
        let [Action::Request(id, again)] = &again[..] else { panic!("one request") };
        let [Action::Request(_, before), ..] = &first[..] else { panic!("a request") };
        assert!(again.target == before.target && again.headers != before.headers);
        assert!(requests.ended(*id, answer(429, &[("retry-after", "30")]), 1_000_002, &mut random).is_none());
        assert_eq!(requests.next_due(1_000_002), Some(1_030_002));
        assert!(requests.start(1_030_001, &mut random).is_empty());
        let last = ids(&requests.start(1_030_002, &mut random))[0];
        assert!(matches!(
            requests.ended(last, answer(200, &[]), 1_030_003, &mut random),
            Some(('a', Reply::Answer(_)))
        ));
        assert_eq!(requests.next_due(1_030_003), None);
    }

    #[test]
    fn a_node_that_is_away_is_asked_more_and_more_seldom_and_few_at_a_time() {
        let mut random = StdRng::from_seed([1; 32]);
        let mut requests = Requests::default();
        for number in 0..20 {
            requests.ask(Ask::new("https://n", "GET", "/", number));
        }
        let mut now = 0;
        let flying = ids(&requests.start(now, &mut random));
        assert_eq!(flying.len(), IN_FLIGHT_MAX);
        for id in flying {
            assert!(requests.ended(id, None, now, &mut random).is_none());
        }
        let mut waits = Vec::new();
        for _ in 0..12 {
            let due = requests.next_due(now).unwrap();
            waits.push(due - now);
            now = due;
            let one = ids(&requests.start(now, &mut random));
            for id in one {
                assert!(requests.ended(id, None, now, &mut random).is_none());
            }
        }
        assert!(
            waits.iter().all(|wait| *wait <= LONGEST_WAIT) && *waits.last().unwrap() >= LONGEST_WAIT / 2,
            "{waits:?}"
        );
        requests.reached("https://n");
        assert_eq!(requests.start(now, &mut random).len(), IN_FLIGHT_MAX);
    }
}
