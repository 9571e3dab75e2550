//! How long a client works at a message, from what a person wrote to what the hub gets and back, in groups of 2, 50 and 500, with
//! everything it keeps: `cargo run --release -p tidings-client --example client_bench`. Ends with 1 if a ceiling is passed in a release
//! build. Records are in memory: what the disk adds is measured where the store is (crates/terminal).

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::disallowed_methods,
    dead_code,
    reason = "a measurement for people, with the world of the tests, of which it needs a part"
)]

#[path = "../tests/it/conversation/hub.rs"]
mod hub;
#[path = "../tests/it/conversation/network.rs"]
mod network;
#[path = "../tests/it/conversation/world.rs"]
mod world;

use std::process::ExitCode;
use std::time::{Duration, Instant};
use tidings_client::conversation::{Conversation, Wish};
use tidings_client::view::{ConversationKind, GroupId};
use tidings_wire::api::Entry;
use world::{HUB, World};

/// How many messages of each kind are measured.
const MESSAGES: usize = 100;
/// A message as long as many are.
const TEXT: &str = "We could meet at the old bridge at half past six, if the weather holds, and walk up from there. I bring the \
                    bread and the cheese, you bring something to drink; tell the others, too, please.";
/// How many messages wait for who was away for a week.
const WAITING: usize = 50_000;
/// How many entries a hub gives at once (docs/protocol/node.md).
const PAGE: usize = 1000;

/// Sealing must not be felt: a tenth of the 100 ms that people take for at once, on a phone ten times slower than what this runs on.
const SEAL_CEILING: Duration = Duration::from_millis(1);
/// Opening likewise.
const OPEN_CEILING: Duration = Duration::from_millis(1);
/// Both in a group of hundreds: the record of a conversation, which says who is in it, is written whole with each message.
const LARGE_CEILING: Duration = Duration::from_millis(3);
/// From how many devices on a group is that large.
const LARGE: usize = 100;
/// Adding the 500th member: a person waits for it once, and half a second passes for a reaction to a tap.
const ADD_CEILING: Duration = Duration::from_millis(500);
/// After a week away everything should be there before one has put the phone down again.
const CATCH_UP_CEILING: Duration = Duration::from_secs(30);

/// What was measured, and whether all of it was below its ceiling.
struct Report {
    holds: bool,
}

impl Report {
    fn times(&mut self, what: &str, mut times: Vec<Duration>, ceiling: Duration) {
        times.sort_unstable();
        let (median, worst) = (times[times.len() / 2], times[times.len() - 1]);
        self.line(what, median, ceiling, &format!("median of {}, worst {:.3} ms", times.len(), ms(worst)));
    }

    fn line(&mut self, what: &str, time: Duration, ceiling: Duration, more: &str) {
        let holds = time <= ceiling;
        self.holds &= holds;
        let verdict = if holds { "" } else { "  ABOVE ITS CEILING" };
        println!("{what:<34} {:>10.3} ms  (ceiling {:>6} ms; {more}){verdict}", ms(time), ceiling.as_millis());
    }
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

/// A world in which a group is made by the first device and read by the second; all others exist, and are away.
fn group_of(size: usize, report: &mut Report) -> (World, GroupId) {
    let mut world = World::new(size as u64);
    for number in 0..size {
        world.person(&format!("Person {number}"), 1);
    }
    (2..size).for_each(|number| world.set_offline(number, true));
    let group = world.make(0, |scene| Conversation::create(scene, HUB, ConversationKind::Group, "Walks", None));
    let last = (size > 2).then(|| world.identity(size - 1));
    let others: Vec<_> = (1..size).map(|number| world.identity(number)).filter(|who| Some(*who) != last).collect();
    for some in others.chunks(50) {
        let some = some.to_vec();
        world.call(0, &group, |conversation, scene| conversation.wish(scene, Wish::Add(some))).unwrap();
        world.run(20_000);
    }
    if let Some(last) = last {
        let since = Instant::now();
        world.call(0, &group, |conversation, scene| conversation.wish(scene, Wish::Add(vec![last]))).unwrap();
        world.run(20_000);
        let ceiling = ADD_CEILING;
        report.line(
            &format!("add member {size}, both sides"),
            since.elapsed(),
            ceiling,
            "from the wish until both have it",
        );
    }
    let device = &world.devices[1];
    let members = device.conversations[&group].view(&device.me, &world.book, world.now).members.len();
    assert_eq!(members, size, "all are in");
    (world, group)
}

/// What of the group is at the hub and not yet at this device.
fn news(world: &World, device: usize, group: &GroupId) -> Vec<Entry> {
    let cursor = world.devices[device].conversations[group].cursor();
    world.hub.groups[&group.0].entries.iter().filter(|entry| entry.number > cursor).cloned().collect()
}

fn read(world: &mut World, group: &GroupId, entries: &[Entry], end: Option<(u64, u64)>) -> Duration {
    let since = Instant::now();
    world.call(1, group, |conversation, scene| conversation.entries(scene, entries, end));
    since.elapsed()
}

fn messages(size: usize, report: &mut Report) {
    let (mut world, group) = group_of(size, report);
    world.set_offline(1, true);
    let (mut sealing, mut opening) = (Vec::new(), Vec::new());
    for _ in 0..MESSAGES {
        let since = Instant::now();
        world.say(0, &group, TEXT).expect("it may be said");
        sealing.push(since.elapsed());
        world.run(10);
        for entry in news(&world, 1, &group) {
            opening.push(read(&mut world, &group, &[entry], None));
        }
    }
    assert_eq!(world.texts(1, &group).len(), MESSAGES);
    let ceiling = |small| if size < LARGE { small } else { LARGE_CEILING };
    report.times(&format!("seal a message, group of {size}"), sealing, ceiling(SEAL_CEILING));
    report.times(&format!("open a message, group of {size}"), opening, ceiling(OPEN_CEILING));
}

fn catch_up(report: &mut Report) {
    let (mut world, group) = group_of(2, report);
    world.set_offline(1, true);
    let since = Instant::now();
    for number in 0..WAITING {
        world.say(0, &group, TEXT).expect("it may be said");
        if number % 8 == 7 {
            world.run(10);
        }
    }
    world.run(1_000);
    println!("{WAITING} messages were written in {:.1} s", since.elapsed().as_secs_f64());
    let all = news(&world, 1, &group);
    assert!(all.len() >= WAITING);
    let end = Some((all[all.len() - 1].number, world.hub.groups[&group.0].turn));
    let mut pages: Vec<Duration> = all.chunks(PAGE).map(|page| read(&mut world, &group, page, end)).collect();
    let took: Duration = pages.iter().sum();
    assert_eq!(world.texts(1, &group).len(), WAITING);
    pages.sort_unstable();
    let more = format!(
        "{:.0} messages/s, longest page of {PAGE} {:.0} ms",
        all.len() as f64 / took.as_secs_f64(),
        ms(pages[pages.len() - 1])
    );
    report.line(&format!("catch up {WAITING} messages"), took, CATCH_UP_CEILING, &more);
}

fn main() -> ExitCode {
    let mut report = Report { holds: true };
    for size in [2, 50, 500] {
        messages(size, &mut report);
    }
    catch_up(&mut report);
    if report.holds || cfg!(debug_assertions) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
