//! Whole runs against the reference server.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use super::entrance::Door;
use super::fan::{Hall, Outcome, Plan, random_place};
use super::reference::Reference;
use super::window::Watched;
use super::{idle, pull};

const NOBODY: Watched = Watched { pid: None };

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

fn plan(server: &Running, door: Door) -> Plan {
    Plan {
        door,
        target: server.address,
        clients: 6,
        senders: 3,
        under_way: 4,
        size: 750,
        is_watched: true,
        pace: None,
        messages: 300,
        warm_up: Duration::ZERO,
        time: None,
        watched: NOBODY,
    }
}

fn assert_flawless(outcome: &Outcome) {
    assert_eq!((outcome.lost, outcome.doubled, outcome.late), (0, 0, 0));
    assert!(outcome.complaints.is_empty(), "{:?}", outcome.complaints);
}

#[test]
fn every_message_reaches_everybody_else_in_every_round() {
    let server = Running::start();
    for door in [Door::Rooms, Door::Channels] {
        let mut hall = Hall::open(plan(&server, door), &random_place().unwrap()).unwrap();
        for _ in 0..3 {
            let outcome = hall.talk().unwrap();
            assert_flawless(&outcome);
            assert_eq!((outcome.acked, outcome.heard, outcome.window.acked()), (300, 5 * 300, 300));
            assert!(outcome.acks.percentile_ms(50.0).is_some() && outcome.deliveries.percentile_ms(50.0).is_none());
        }
    }
}

#[test]
fn a_paced_run_keeps_its_pace_and_measures_each_delivery() {
    let server = Running::start();
    let time = Some(Duration::from_millis(400));
    let paced = Plan { pace: Some(500.0), time, warm_up: Duration::from_millis(100), ..plan(&server, Door::Rooms) };
    let outcome = Hall::open(paced, &random_place().unwrap()).unwrap().talk().unwrap();
    assert_flawless(&outcome);
    // 250 messages are due in half a second; a busy machine may end it a little later.
    assert!((240..300).contains(&outcome.acked), "{}", outcome.acked);
    assert_eq!(outcome.heard, 5 * outcome.acked);
    assert!(outcome.deliveries.percentile_ms(50.0).is_some_and(|p50| p50 > 0.0));
}

#[test]
fn messages_that_run_out_end_the_run() {
    let server = Running::start();
    let timed = Plan { time: Some(Duration::from_secs(60)), ..plan(&server, Door::Rooms) };
    let outcome = Hall::open(timed, &random_place().unwrap()).unwrap().talk().unwrap();
    assert_flawless(&outcome);
    assert!(outcome.ran_out && outcome.heard == 5 * outcome.acked && outcome.acked >= 100);
}

#[test]
fn a_room_that_nobody_watched_is_pulled_whole() {
    let (server, room) = (Running::start(), random_place().unwrap());
    let filling = Plan { is_watched: false, clients: 1, senders: 1, messages: 250, ..plan(&server, Door::Rooms) };
    let outcome = Hall::open(filling, &room).unwrap().talk().unwrap();
    assert_flawless(&outcome);
    assert_eq!((outcome.acked, outcome.heard), (250, 0));
    let (warm_up, time) = (Duration::from_millis(20), Duration::from_millis(100));
    let pulling = pull::Plan { target: server.address, clients: 3, messages: 250, warm_up, time, watched: NOBODY };
    let outcome = pull::pull(&pulling, &room).unwrap();
    assert!(outcome.complaints.is_empty(), "{:?}", outcome.complaints);
    assert!(outcome.window.heard() > 0 && outcome.window.acked() > 0);
    let fewer = pull::Plan { messages: 350, ..pulling };
    assert!(pull::pull(&fewer, &room).is_ok_and(|outcome| !outcome.complaints.is_empty()), "the last page is missing");
}

#[test]
fn idle_clients_stay() {
    let server = Running::start();
    let doors = [(Door::Rooms, server.address, 120), (Door::Channels, server.address, 70)];
    let outcome = idle::idle(&doors, Duration::from_millis(50), Watched { pid: Some(std::process::id()) }).unwrap();
    assert!(outcome.complaints.is_empty(), "{:?}", outcome.complaints);
    assert_eq!(outcome.clients, 190);
    assert!(outcome.memory.iter().all(Option::is_some) && outcome.cpu.is_some());
}

#[test]
fn a_server_that_is_none_is_told() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let target = listener.local_addr().unwrap();
    let hung_up = std::thread::spawn(move || drop(listener.accept()));
    let server = Running::start();
    assert!(Hall::open(Plan { target, ..plan(&server, Door::Rooms) }, "g0x").is_err());
    hung_up.join().unwrap();
}
