//! Whole runs against the server that only passes entries on.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use super::live;
use super::reference::Reference;
use super::talk::{Hall, Outcome, Plan};
use super::village::Village;
use crate::chat::window::Watched;

struct Running {
    address: SocketAddr,
    goes_on: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Running {
    fn start() -> Self {
        let mut server = Reference::bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let (address, goes_on) = (server.address().unwrap(), Arc::new(AtomicBool::new(true)));
        let seen = Arc::clone(&goes_on);
        let thread = std::thread::spawn(move || server.serve(|| seen.load(Ordering::Acquire)).unwrap());
        Self { address, goes_on, thread: Some(thread) }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.goes_on.store(false, Ordering::Release);
        self.thread.take().unwrap().join().unwrap();
    }
}

fn plan() -> Plan {
    let (warm_up, time) = (Duration::ZERO, Duration::from_secs(60));
    Plan { pace: None, messages: 300, size: 200, connections: 5, warm_up, time, watched: Watched { pid: None } }
}

fn assert_flawless(outcome: &Outcome) {
    assert_eq!(outcome.flaws, [0, 0, 0]);
    assert!(outcome.complaints.is_empty(), "{:?}", outcome.complaints);
}

#[test]
fn every_message_reaches_all_of_its_group_in_every_round() {
    let server = Running::start();
    let village = Village::settle(server.address, 20, 6, 2).unwrap();
    let mut hall = Hall::open(&village).unwrap();
    let members: usize = village.groups.iter().map(|group| group.members.len()).sum();
    for _ in 0..2 {
        let outcome = hall.talk(&plan()).unwrap();
        assert_flawless(&outcome);
        assert_eq!(outcome.all, (300, 50 * members as u64));
        assert!(outcome.ran_out && outcome.accepted.percentile_ms(50.0).is_some());
    }
    let (pace, time) = (Some(500.0), Duration::from_millis(400));
    let paced = hall.talk(&Plan { pace, time, warm_up: Duration::from_millis(100), ..plan() }).unwrap();
    assert_flawless(&paced);
    // 250 messages are due in half a second; a busy machine may end it a little later.
    assert!((240..=300).contains(&paced.all.0), "{}", paced.all.0);
    assert!(paced.deliveries.percentile_ms(50.0).is_some_and(|p50| p50 > 0.0));
}

#[test]
fn devices_that_only_listen_stay() {
    let server = Running::start();
    let village = Village::settle(server.address, 30, 3, 1).unwrap();
    let watched = Watched { pid: Some(std::process::id()) };
    let outcome = live::listen(&village, Duration::from_millis(50), watched).unwrap();
    assert!(outcome.complaints.is_empty(), "{:?}", outcome.complaints);
    assert_eq!(outcome.clients, 30);
}
