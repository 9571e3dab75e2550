//! Many clients that only are there.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use super::crowd::{Crowd, Listener};
use super::entrance::{Door, Entrance};
use super::fan::random_place;
use super::sheet::Cell;
use super::wallet::Wallet;
use super::window::Watched;
use crate::clock;
use crate::error::Result;

/// How many clients share a room or a channel.
const EACH: usize = 50;
/// How often the clock is looked at if nothing happens.
const GLANCE: Duration = Duration::from_millis(200);

/// What came of it.
pub(crate) struct Outcome {
    /// How many clients were there in the end.
    pub(crate) clients: u64,
    /// How long it took to let them all in.
    pub(crate) entering: Duration,
    /// Resident memory in KiB: before, when all were in, at the end, and the most of all looks in between.
    pub(crate) memory: [Option<u64>; 4],
    /// Processor time that the process took while they were idle.
    pub(crate) cpu: Option<Duration>,
    /// What went wrong.
    pub(crate) complaints: BTreeMap<String, u64>,
}

impl Outcome {
    /// The columns of it.
    pub(crate) fn cells(&self, clients: &'static str, hold: Duration) -> Vec<Cell> {
        let mib = self.memory.map(|kib| kib.map(|kib| kib as f64 / 1024.0));
        let [before, entered, after, peak] = mib;
        let [_, _, each, each_peak] = self.each();
        let cpu = self.cpu.map(|cpu| cpu.as_secs_f64() * 100.0 / hold.as_secs_f64().max(f64::EPSILON));
        vec![
            Cell::count(clients, clients, self.clients),
            Cell::new("enteringSeconds", "entering s", self.entering.as_secs_f64(), 1),
            Cell::new("serverMibBefore", "server MiB before", before, 1),
            Cell::new("serverMibEntered", "when all are in", entered, 1),
            Cell::new("serverMibAfter", "at the end", after, 1),
            Cell::new("serverMibPeak", "most", peak, 1),
            Cell::new("kibEach", "KiB each, at the end", each, 2),
            Cell::new("kibEachPeak", "KiB each, at most", each_peak, 2),
            Cell::new("serverCpuPercent", "server CPU % of one", cpu, 1),
        ]
    }

    /// KiB that each client costs, at the same moments as the memory.
    pub(crate) fn each(&self) -> [Option<f64>; 4] {
        let [before, ..] = self.memory;
        let each = |kib: u64| Some((kib as f64 - before? as f64) / self.clients.max(1) as f64);
        self.memory.map(|kib| kib.and_then(each))
    }
}

/// Lets so many clients into each of these doors and waits. They answer pings and hear nothing else.
pub(crate) fn idle(doors: &[(Door, SocketAddr, usize)], hold: Duration, watched: Watched) -> Result<Outcome> {
    let enter = |crowd: &mut Crowd| {
        for (door, target, clients) in doors {
            let places = (0..clients.div_ceil(EACH)).map(|_| random_place()).collect::<Result<Vec<_>>>()?;
            let seats = places.iter().flat_map(|place| std::iter::repeat_n(place, EACH)).take(*clients);
            let entrances = seats.map(|place| Ok(Entrance::new(*door, Wallet::random()?, place, true)));
            crowd.enter(*target, entrances.collect::<Result<Vec<_>>>()?)?;
        }
        Ok(())
    };
    wait(enter, hold, watched)
}

/// Waits with those who `enter`, and looks at what they cost.
pub(crate) fn wait(enter: impl FnOnce(&mut Crowd) -> Result<()>, hold: Duration, watched: Watched) -> Result<Outcome> {
    let before = watched.memory()?;
    let begun = clock::now();
    let mut crowd = Crowd::new()?;
    enter(&mut crowd)?;
    let entering = clock::now() - begun;
    let entered = watched.memory()?;
    let cpu = || watched.pid.map(crate::process::cpu_time).transpose();
    let cpu_before = cpu()?;
    let (mut waiting, mut peak) = (Waiting::default(), entered);
    let end = clock::now() + hold;
    while clock::now() < end {
        crowd.turn(GLANCE, &mut waiting)?;
        peak = peak.max(watched.memory()?);
    }
    let lost: u64 = waiting.complaints.values().sum();
    Ok(Outcome {
        clients: (crowd.lines().len() as u64).saturating_sub(lost),
        entering,
        memory: [before, entered, watched.memory()?, peak],
        cpu: cpu()?.zip(cpu_before).map(|(now, before)| now.saturating_sub(before)),
        complaints: waiting.complaints,
    })
}

/// Who only waits: whatever comes is wrong.
#[derive(Default)]
pub(crate) struct Waiting {
    /// What came, or who left, and how often.
    pub(crate) complaints: BTreeMap<String, u64>,
}

impl Listener for Waiting {
    fn frame(&mut self, _place: usize, payload: &[u8], _now: Instant) {
        let shown = String::from_utf8_lossy(payload.get(..100.min(payload.len())).unwrap_or_default());
        *self.complaints.entry(format!("unexpected: {shown}")).or_default() += 1;
    }

    fn lost(&mut self, _place: usize, why: String) {
        *self.complaints.entry(why).or_default() += 1;
    }
}
