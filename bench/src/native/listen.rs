//! Many devices that follow their inbox and some groups while nothing happens.

use std::collections::BTreeMap;
use std::time::Duration;

use super::live::Follower;
use super::village::Village;
use crate::chat::crowd::Crowd;
use crate::chat::idle::Waiting;
use crate::chat::window::Watched;
use crate::clock;
use crate::error::Result;

/// How often the clock is looked at if nothing happens.
const GLANCE: Duration = Duration::from_millis(200);

/// What came of it.
pub(super) struct Outcome {
    /// How many devices were there in the end.
    pub(super) devices: u64,
    /// How long it took to let them all in.
    pub(super) entering: Duration,
    /// Resident memory in KiB: before, when all were in, at the end, and the most of all looks in between.
    pub(super) memory: [Option<u64>; 4],
    /// Processor time that the process took while they were idle.
    pub(super) cpu: Option<Duration>,
    /// What went wrong.
    pub(super) complaints: BTreeMap<String, u64>,
}

/// Lets all devices of the village listen for some time.
pub(super) fn listen(village: &Village, hold: Duration, watched: Watched) -> Result<Outcome> {
    let before = watched.memory()?;
    let begun = clock::now();
    let mut crowd = Crowd::new()?;
    let followers = village.devices.iter().map(|device| Follower::new(village, device, true));
    crowd.enter(village.target, followers.collect())?;
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
        devices: (crowd.lines().len() as u64).saturating_sub(lost),
        entering,
        memory: [before, entered, watched.memory()?, peak],
        cpu: cpu()?.zip(cpu_before).map(|(now, before)| now.saturating_sub(before)),
        complaints: waiting.complaints,
    })
}
