//! The subcommands: what they do and what they show.

use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::time::Duration;

use super::arguments::{Alone, Conversations, Listen, Resume};
use super::entries::Shape;
use super::live;
use super::reference::Reference;
use super::resume;
use super::talk::{self, Hall, Outcome, Plan};
use super::village::Village;
use crate::chat::sheet::{Cell, Row};
use crate::clock;
use crate::error::{Error, Result};

/// A node takes nothing that is dated before its second second.
const STARTING: Duration = Duration::from_millis(2200);

fn settle(target: SocketAddr, devices: usize, groups: usize, each: usize) -> Result<Village> {
    clock::wait(STARTING);
    Village::settle(target, devices, groups, each)
}

/// Messages at a pace and as fast as they go, while all devices listen.
pub(crate) fn conversations(args: &Conversations) -> Result<()> {
    let view = &args.server.view;
    let village = settle(args.server.address, args.devices as usize, args.groups as usize, args.each.into())?;
    let mut hall = Hall::open(&village)?;
    let plan = Plan {
        pace: None,
        messages: args.messages,
        size: args.size,
        connections: args.connections.into(),
        warm_up: Duration::from_secs_f64(args.times.warm_up),
        time: Duration::from_secs_f64(args.times.seconds),
        watched: view.watched(),
    };
    let mut rows = Vec::new();
    if args.pace > 0 {
        let pace = f64::from(args.pace);
        let all = pace * (args.times.seconds + args.times.warm_up) * 1.02;
        let paced = Plan { pace: Some(pace), messages: all as u32 + 1, ..plan };
        rows.push(row(&format!("paced {}/s", args.pace), args, &paced, hall.talk(&paced)?));
    }
    if args.messages > 0 {
        rows.push(row("as fast as it goes", args, &plan, hall.talk(&plan)?));
    }
    view.show(&rows)
}

fn row(what: &str, args: &Conversations, plan: &Plan, outcome: Outcome) -> Row {
    let window = &outcome.window;
    let per_second = |count: u64| count as f64 / window.seconds();
    let each = |micros: f64| micros / window.acked().max(1) as f64;
    let [before, at_end, after] = window.memory_mib();
    let (accepted, deliveries) = (&outcome.accepted, &outcome.deliveries);
    let [lost, doubled, late] = outcome.flaws;
    let cells = vec![
        Cell::count("devices", "devices", args.devices.into()),
        Cell::new("messagesPerSecond", "messages/s", per_second(window.acked()), 0),
        Cell::new("deliveriesPerSecond", "deliveries/s", per_second(window.heard()), 0),
        Cell::count("lost", "lost", lost),
        Cell::count("doubled", "doubled", doubled),
        Cell::count("outOfOrder", "out of order", late),
        Cell::new("acceptedP50Ms", "accepted p50 ms", accepted.percentile_ms(50.0), 2),
        Cell::new("acceptedP99Ms", "p99", accepted.percentile_ms(99.0), 2),
        Cell::new("acceptedMaxMs", "max", accepted.percentile_ms(100.0), 1),
        Cell::new("deliveryP50Ms", "delivery p50 ms", deliveries.percentile_ms(50.0), 2),
        Cell::new("deliveryP99Ms", "p99", deliveries.percentile_ms(99.0), 2),
        Cell::new("deliveryMaxMs", "max", deliveries.percentile_ms(100.0), 1),
        Cell::new("generatorCpuMicros", "generator CPU µs per message", each(window.own_cpu_micros()), 1),
        Cell::new("serverCpuMicros", "node CPU µs per message", window.cpu_micros().map(each), 1),
        Cell::new("serverMibBefore", "node MiB before", before, 1),
        Cell::new("serverMibAtEnd", "at the end", at_end, 1),
        Cell::new("serverMibAfter", "after", after, 1),
    ];
    let mut notes = vec![format!(
        "{what}: {} messages and {} deliveries in all, {:.1} s measured, over {} connections; signing {} messages took {:.1} s.",
        outcome.all.0,
        outcome.all.1,
        window.seconds(),
        plan.connections,
        plan.messages,
        outcome.signing.as_secs_f64(),
    )];
    if outcome.ran_out {
        notes.push(format!("{what}: the messages made in advance were used up before the time was."));
    }
    Row { what: what.to_owned(), cells, notes, complaints: outcome.complaints }
}

/// What devices cost that only listen.
pub(crate) fn listen(args: &Listen) -> Result<()> {
    let devices = args.devices as usize;
    let groups = devices.div_ceil(10);
    let village = settle(args.server.address, devices, groups, args.each.into())?;
    let hold = Duration::from_secs_f64(args.seconds);
    let outcome = live::listen(&village, hold, args.server.view.watched())?;
    let mut cells = outcome.cells("devices", hold);
    cells.insert(1, Cell::count("groupsEach", "groups each, beside the inbox", args.each.into()));
    let [_, _, each, _] = outcome.each();
    let row = Row { what: "listening".to_owned(), cells, notes: Vec::new(), complaints: outcome.complaints };
    args.server.view.show(&[row])?;
    match each.filter(|each| *each > args.most) {
        Some(each) => Err(Error::Unusable(format!("a live connection costs {each:.2} KiB; {} are allowed", args.most))),
        None => Ok(()),
    }
}

/// How long devices take that were away while many messages came.
pub(crate) fn resume(args: &Resume) -> Result<()> {
    let watched = args.server.view.watched();
    let waiting = u64::from(args.waiting);
    let mut rows = Vec::new();
    for groups in &args.groups {
        let groups = usize::from(*groups);
        let village = settle(args.server.address, 1, groups, groups)?;
        let shape = Shape::new(args.size)?;
        village.make(talk::written(&village, &shape, args.waiting)?, "messages")?;
        for at_once in &args.at_once {
            let devices = usize::from(*at_once);
            let what = |how: &str| format!("{groups} groups, {devices} at once, {how}");
            let outcome = resume::by_pages(&village, &shape, waiting, devices, watched)?;
            rows.push(resumed(what("by pages"), args.waiting, outcome));
            let outcome = resume::live(&village, &shape, waiting, devices, watched)?;
            rows.push(resumed(what("live"), args.waiting, outcome));
        }
    }
    args.server.view.show(&rows)
}

fn resumed(what: String, waiting: u32, outcome: resume::Outcome) -> Row {
    let window = &outcome.window;
    let seconds = |time: Option<&Duration>| time.map(Duration::as_secs_f64);
    let last = seconds(outcome.times.last());
    let each = |micros: f64| micros / window.heard().max(1) as f64;
    let [before, at_end, _] = window.memory_mib();
    let cells = vec![
        Cell::count("waiting", "waiting", waiting.into()),
        Cell::new("firstSeconds", "first has all after s", seconds(outcome.times.first()), 2),
        Cell::new("lastSeconds", "last", last, 2),
        Cell::new("messagesPerSecond", "messages/s", last.map(|last| window.heard() as f64 / last), 0),
        Cell::count("missing", "missing", outcome.missing),
        Cell::new("generatorCpuMicros", "generator CPU µs per message", each(window.own_cpu_micros()), 2),
        Cell::new("serverCpuMicros", "node CPU µs per message", window.cpu_micros().map(each), 2),
        Cell::new("serverMibBefore", "node MiB before", before, 1),
        Cell::new("serverMibAtEnd", "at the end", at_end, 1),
    ];
    Row { what, cells, notes: Vec::new(), complaints: outcome.complaints }
}

/// Runs the server that only passes entries on until it is killed.
pub(crate) fn reference(args: &Alone) -> Result<()> {
    let mut server = Reference::bind(args.listen)?;
    let address = server.address()?;
    writeln!(io::stdout().lock(), "listening on {address}").map_err(Error::io("writing the address"))?;
    server.serve(|| true)
}
