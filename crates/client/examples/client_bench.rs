//! How long a client works at a message, from what a person wrote to what the hub gets and back, in groups of 2, 50 and 500, with
//! everything it keeps: `cargo run --release -p tidings-client --example client_bench [messages | catch-up]`. Prints markdown, and ends
//! with 1 if a ceiling is passed in a release build. What counts is the processor time of the one thread, which other programs on the
//! machine hardly change; the time by the clock stands beside. Records are in memory: what the disk adds is measured where the store is
//! (crates/terminal).

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
#[path = "../tests/it/watched.rs"]
mod watched;
#[path = "../tests/it/conversation/world.rs"]
mod world;

use std::process::ExitCode;
use std::time::{Duration, Instant};
use tidings_client::conversation::{Conversation, Wish};
use tidings_client::records::{Direction, MemoryRecords, Page, RecordKey, Records, RecordsError, Table};
use tidings_client::view::{ConversationKind, GroupId};
use tidings_wire::api::{Entries, Entry};
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

/// Sealing and opening must not be felt: at most a tenth of the 100 ms that people take for at once, on a phone ten times slower than what
/// this runs on.
const MESSAGE_CEILING: Duration = Duration::from_millis(1);
/// Adding the 500th member: a person waits for it once, and half a second passes for a reaction to a tap.
const ADD_CEILING: Duration = Duration::from_millis(500);
/// After a week away everything should be there before one has put the phone down again.
const CATCH_UP_CEILING: Duration = Duration::from_secs(30);

/// What was measured, and whether all of it was below its ceiling.
struct Report {
    holds: bool,
}

impl Report {
    fn new() -> Self {
        println!("| what | ceiling, ms | processor, ms | clock, ms | | |");
        println!("|---|---:|---:|---:|---|---|");
        Self { holds: true }
    }

    fn times(&mut self, what: &str, mut times: Vec<Spent>, ceiling: Duration) {
        times.sort_unstable_by_key(|spent| spent.clock);
        let clock = times[times.len() / 2].clock;
        times.sort_unstable_by_key(|spent| spent.processor);
        let (median, worst) = (times[times.len() / 2].processor, times[times.len() - 1].processor);
        let more = format!("median of {}, worst {:.3}", times.len(), ms(worst));
        self.line(what, Spent { processor: median, clock }, ceiling, &more);
    }

    fn line(&mut self, what: &str, spent: Spent, ceiling: Duration, more: &str) {
        let holds = spent.processor <= ceiling;
        self.holds &= holds;
        let verdict = if holds { "holds" } else { "**passed**" };
        let (processor, clock) = (ms(spent.processor), ms(spent.clock));
        println!("| {what} | {} | {processor:.3} | {clock:.3} | {verdict} | {more} |", ceiling.as_millis());
    }
}

/// What something took.
#[derive(Clone, Copy, Default)]
struct Spent {
    processor: Duration,
    clock: Duration,
}

/// A beginning.
struct Since(Duration, Instant);

impl Since {
    fn now() -> Self {
        Self(processor(), Instant::now())
    }

    fn spent(&self) -> Spent {
        Spent { processor: processor().saturating_sub(self.0), clock: self.1.elapsed() }
    }
}

/// The processor time of this thread.
fn processor() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

/// The resident memory of this process, in MiB.
fn resident() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or_default();
    line.trim().trim_end_matches(" kB").parse::<f64>().unwrap_or_default() / 1024.0
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
        let since = Since::now();
        world.call(0, &group, |conversation, scene| conversation.wish(scene, Wish::Add(vec![last]))).unwrap();
        world.run(20_000);
        let more = "from the wish until both have it";
        report.line(&format!("add member {size}, both sides"), since.spent(), ADD_CEILING, more);
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

/// As it comes.
fn read(world: &mut World, group: &GroupId, entry: Entry) -> Spent {
    let since = Since::now();
    world.call(1, group, |conversation, scene| conversation.entries(scene, &[entry]));
    since.spent()
}

/// An answer of the hub.
fn read_page(world: &mut World, group: &GroupId, page: &Entries) -> Spent {
    let since = Since::now();
    world.call(1, group, |conversation, scene| conversation.fetched(scene, page));
    since.spent()
}

fn messages(size: usize, report: &mut Report) {
    let (mut world, group) = group_of(size, report);
    world.set_offline(1, true);
    let (mut sealing, mut opening) = (Vec::new(), Vec::new());
    for _ in 0..MESSAGES {
        let since = Since::now();
        world.say(0, &group, TEXT).expect("it may be said");
        sealing.push(since.spent());
        world.run(10);
        for entry in news(&world, 1, &group) {
            opening.push(read(&mut world, &group, entry));
        }
    }
    assert_eq!(world.texts(1, &group).len(), MESSAGES);
    report.times(&format!("seal a message, group of {size}"), sealing, MESSAGE_CEILING);
    report.times(&format!("open a message, group of {size}"), opening, MESSAGE_CEILING);
}

fn catch_up(report: &mut Report) {
    let (mut world, group) = group_of(2, report);
    world.set_offline(1, true);
    for number in 0..WAITING {
        world.say(0, &group, TEXT).expect("it may be said");
        if number % 8 == 7 {
            world.run(10);
        }
    }
    world.run(1_000);
    let all = news(&world, 1, &group);
    assert!(all.len() >= WAITING);
    let (end, turn, incarnation) = (all[all.len() - 1].number, world.hub.groups[&group.0].turn, world.hub.incarnation);
    let page = |entries: &[Entry]| Entries { entries: entries.to_vec(), end, turn, incarnation };
    let answers: Vec<Entries> = all.chunks(PAGE).map(page).collect();
    let before = resident();
    let pages: Vec<Spent> = answers.iter().map(|page| read_page(&mut world, &group, page)).collect();
    let more_memory = resident() - before;
    let took = Spent {
        processor: pages.iter().map(|page| page.processor).sum(),
        clock: pages.iter().map(|page| page.clock).sum(),
    };
    assert_eq!(world.texts(1, &group).len(), WAITING);
    let longest = pages.iter().map(|page| page.processor).max().unwrap_or_default();
    let more = format!(
        "{:.0} messages/s, longest page of {PAGE} {:.0} ms; {more_memory:.0} MiB more resident, the records themselves among them",
        all.len() as f64 / took.processor.as_secs_f64(),
        ms(longest)
    );
    report.line(&format!("catch up {WAITING} messages"), took, CATCH_UP_CEILING, &more);
}

fn main() -> ExitCode {
    let only = std::env::args().nth(1);
    let wanted = |part: &str| only.as_deref().is_none_or(|only| only == part);
    let mut report = Report::new();
    if wanted("messages") {
        for size in [2, 50, 500] {
            messages(size, &mut report);
        }
    }
    if wanted("catch-up") {
        catch_up(&mut report);
    }
    if report.holds || cfg!(debug_assertions) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
