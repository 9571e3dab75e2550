//! Runs a script over many connections from few threads, as cheaply as it can: the generator shares its processors with the
//! server. Each thread waits for its connections with one `epoll`, edge-triggered.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use mio::{Events, Interest, Poll, Token};

use crate::clock;
use crate::error::{Error, Result};
use crate::figures::{Figures, Tally};
use crate::lane::{Lane, Progress};
use crate::script::Script;

/// How many bytes are read at once. Large enough for a list or a good part of a download.
const READ_SIZE: usize = 256 * 1024;
/// How long requests under way may go on after the measured time.
const DRAIN_TIME: Duration = Duration::from_secs(30);
/// How long a script without a time of its own may take.
const MAX_UNTIMED: Duration = Duration::from_secs(600);
/// So many lost connections in a row, without any answer between them, end a run.
const MAX_LOST_IN_A_ROW: u32 = 200;

/// How a script is to be run.
#[derive(Clone, Copy)]
pub(crate) struct Plan {
    /// Where the server is.
    pub(crate) target: SocketAddr,
    /// How many connections are open at once.
    pub(crate) connections: usize,
    /// How many threads drive them.
    pub(crate) threads: usize,
    /// How long is not counted at the start.
    pub(crate) warm_up: Duration,
    /// How long is measured after that; none means until the script ends.
    pub(crate) time: Option<Duration>,
}

impl Plan {
    /// The same without warming up and without an end in time, for preparing.
    pub(crate) fn untimed(self) -> Self {
        Self { warm_up: Duration::ZERO, time: None, ..self }
    }

    /// The same over another number of connections.
    pub(crate) fn over(self, connections: usize) -> Self {
        Self { connections, threads: self.threads.min(connections), ..self }
    }
}

/// The moments of a run.
#[derive(Clone, Copy)]
struct Moments {
    counted_from: Instant,
    deadline: Option<Instant>,
    given_up: Instant,
}

/// Runs the script and gives its figures.
///
/// # Errors
/// If the server cannot be reached or keeps hanging up. Requests that fail are counted instead.
pub(crate) fn drive(plan: Plan, script: &Script) -> Result<Figures> {
    let threads = plan.threads.clamp(1, plan.connections.max(1));
    let mut crews = Vec::new();
    for thread in 0..threads {
        let lanes = plan.connections / threads + usize::from(thread < plan.connections % threads);
        crews.push(Crew::connect(plan.target, lanes, script)?);
    }
    let start = clock::now();
    let counted_from = start + plan.warm_up;
    let deadline = plan.time.map(|time| counted_from + time);
    let given_up = deadline.map_or(start + MAX_UNTIMED, |deadline| deadline + DRAIN_TIME);
    let moments = Moments { counted_from, deadline, given_up };
    let results: Vec<Result<Crew<'_>>> = std::thread::scope(|scope| {
        let crews = crews.into_iter().map(|crew| scope.spawn(move || crew.work(moments)));
        let running: Vec<_> = crews.collect();
        let crashed = || Err(Error::Unusable("a thread of the generator crashed".to_owned()));
        running.into_iter().map(|crew| crew.join().unwrap_or_else(|_| crashed())).collect()
    });
    let (mut tally, mut last) = (Tally::default(), counted_from);
    for crew in results {
        let crew = crew?;
        last = last.max(crew.last);
        tally.merge(crew.tally);
    }
    let ended_early = script.take().is_none();
    let end = deadline.filter(|deadline| !ended_early || *deadline < last).unwrap_or(last);
    Ok(tally.figures(end - counted_from))
}

/// The connections of one thread.
struct Crew<'script> {
    target: SocketAddr,
    script: &'script Script,
    poll: Poll,
    lanes: Vec<Lane>,
    buffer: Vec<u8>,
    tally: Tally,
    last: Instant,
    lost_in_a_row: u32,
}

impl<'script> Crew<'script> {
    fn connect(target: SocketAddr, lanes: usize, script: &'script Script) -> Result<Self> {
        let poll = Poll::new().map_err(Error::io("epoll"))?;
        let lanes = (0..lanes).map(|_| Lane::open(target)).collect::<Result<Vec<_>>>()?;
        let buffer = vec![0; READ_SIZE];
        let (tally, last) = (Tally::default(), clock::now());
        let mut crew = Self { target, script, poll, lanes, buffer, tally, last, lost_in_a_row: 0 };
        (0..crew.lanes.len()).try_for_each(|place| crew.register(place))?;
        Ok(crew)
    }

    fn register(&mut self, place: usize) -> Result<()> {
        let Some(lane) = self.lanes.get_mut(place) else { return Ok(()) };
        let interest = Interest::READABLE | Interest::WRITABLE;
        self.poll.registry().register(&mut lane.socket, Token(place), interest).map_err(Error::io("epoll"))
    }

    /// Sends and reads until the script or the time has ended and nothing is under way.
    fn work(mut self, moments: Moments) -> Result<Self> {
        let mut events = Events::with_capacity(self.lanes.len().max(1));
        (0..self.lanes.len()).try_for_each(|place| self.begin(place, moments, clock::now()))?;
        while self.lanes.iter().any(|lane| lane.begun.is_some()) {
            let left = moments.given_up.saturating_duration_since(clock::now());
            if left.is_zero() {
                let unanswered = self.lanes.iter().filter(|lane| lane.begun.is_some()).count();
                (0..unanswered).for_each(|_| self.tally.complain("no answer in time".to_owned()));
                break;
            }
            match self.poll.poll(&mut events, Some(left)) {
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
                polled => polled.map_err(Error::io("epoll"))?,
            }
            for event in &events {
                self.go_on(event.token().0, event.is_readable() || event.is_error(), moments)?;
            }
        }
        Ok(self)
    }

    /// Begins the next request of a lane, unless there is none or the time is over.
    fn begin(&mut self, place: usize, moments: Moments, now: Instant) -> Result<()> {
        let Some(lane) = self.lanes.get_mut(place) else { return Ok(()) };
        lane.begun = None;
        if moments.deadline.is_some_and(|deadline| now >= deadline) {
            return Ok(());
        }
        let Some(request) = self.script.take() else { return Ok(()) };
        match lane.begin(self.script, request, now) {
            Progress::Lost(reason) => self.lose(place, reason, moments),
            Progress::Waiting | Progress::Answered => Ok(()),
        }
    }

    fn go_on(&mut self, place: usize, can_read: bool, moments: Moments) -> Result<()> {
        let Some(lane) = self.lanes.get_mut(place) else { return Ok(()) };
        match lane.go_on(self.script, can_read, &mut self.buffer) {
            Progress::Waiting => Ok(()),
            Progress::Lost(_) if lane.begun.is_none() => Ok(()),
            Progress::Lost(reason) => self.lose(place, reason, moments),
            Progress::Answered => self.finish(place, moments),
        }
    }

    /// Counts an answer and goes on with the next request.
    fn finish(&mut self, place: usize, moments: Moments) -> Result<()> {
        let Some(lane) = self.lanes.get_mut(place) else { return Ok(()) };
        let now = clock::now();
        let is_counted = now >= moments.counted_from && moments.deadline.is_none_or(|deadline| now <= deadline);
        match (self.script.complaint(&lane.answer), lane.begun) {
            (Some(complaint), _) => self.tally.complain(complaint),
            (None, Some(begun)) if is_counted => self.tally.succeed(now - begun),
            (None, _) => {}
        }
        (self.lost_in_a_row, self.last) = (0, now);
        if !lane.can_go_on() {
            self.reopen(place)?;
        }
        self.begin(place, moments, now)
    }

    /// Counts a lost connection, opens another one and goes on with the next request.
    fn lose(&mut self, place: usize, reason: String, moments: Moments) -> Result<()> {
        self.lost_in_a_row += 1;
        if self.lost_in_a_row > MAX_LOST_IN_A_ROW {
            return Err(Error::Unusable(format!("the server keeps losing connections: {reason}")));
        }
        self.tally.complain(reason);
        self.reopen(place)?;
        self.begin(place, moments, clock::now())
    }

    fn reopen(&mut self, place: usize) -> Result<()> {
        if let Some(lane) = self.lanes.get_mut(place) {
            *lane = Lane::open(self.target)?;
        }
        self.register(place)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::trivial::{self, Trivial};

    fn plan(server: &Trivial) -> Plan {
        let target = server.address();
        Plan { target, connections: 7, threads: 2, warm_up: Duration::ZERO, time: None }
    }

    fn requests(count: usize, body: usize) -> Script {
        let head = format!("POST / HTTP/1.1\r\nContent-Length: {body}\r\n\r\n").into_bytes();
        Script::once(vec![head; count]).with_tail(Arc::from(vec![7; body]))
    }

    #[test]
    fn each_request_is_sent_and_counted_once() {
        let server = Trivial::start(trivial::answer("200 OK", b"fine")).unwrap();
        let figures = drive(plan(&server), &requests(3000, 10).expecting(4)).unwrap();
        assert_eq!((figures.count, figures.failed(), server.served()), (3000, 0, 3000));
    }

    #[test]
    fn large_requests_and_answers_go_through_whole() {
        let size = 3_000_000;
        let server = Trivial::start(trivial::answer("200 OK", &vec![1; size])).unwrap();
        let figures = drive(plan(&server), &requests(40, size).expecting(size as u64)).unwrap();
        assert_eq!((figures.count, figures.failed(), server.served()), (40, 0, 40));
    }

    #[test]
    fn refusals_are_counted_and_shown() {
        let server = Trivial::start(trivial::answer("403 Forbidden", b"no")).unwrap();
        let figures = drive(plan(&server), &requests(20, 0)).unwrap();
        assert_eq!((figures.count, figures.complaints.get("403 no")), (0, Some(&20)));
    }

    #[test]
    fn connections_that_close_are_opened_again() {
        let server = Trivial::start(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n".to_vec()).unwrap();
        let figures = drive(plan(&server), &requests(50, 0)).unwrap();
        assert_eq!((figures.count, figures.failed()), (50, 0));
    }

    #[test]
    fn a_run_ends_in_time() {
        let server = Trivial::start(trivial::answer("200 OK", b"")).unwrap();
        let plan = Plan { time: Some(Duration::from_millis(30)), warm_up: Duration::from_millis(10), ..plan(&server) };
        let figures = drive(plan, &requests(1, 100).again_and_again()).unwrap();
        assert!(figures.count > 0 && (figures.seconds - 0.03).abs() < 0.000_1, "{} s", figures.seconds);
        assert!(figures.count as u64 <= server.served());
    }

    #[test]
    fn a_server_that_hangs_up_ends_the_run() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let target = listener.local_addr().unwrap();
        std::thread::spawn(move || listener.incoming().flatten().for_each(drop));
        let plan = Plan { target, connections: 2, threads: 1, warm_up: Duration::ZERO, time: None };
        assert!(drive(plan, &requests(10_000, 0)).is_err());
    }
}
