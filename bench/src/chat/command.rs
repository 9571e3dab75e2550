//! The subcommands: what they do and what they show.

use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::time::Duration;

use super::arguments::{Alone, Fan, Idle, Pull, Shape, Soak, Store, Times, View};
use super::entrance::Door;
use super::fan::{Hall, Outcome, Plan, random_place};
use super::idle;
use super::pull;
use super::reference::Reference;
use super::sheet::{self, Cell, Row};
use super::window::Watched;
use crate::error::{Error, Result};

/// So many messages of a channel are at hand: they are not signed, so this costs nothing.
const UNSIGNED: u32 = 80_000_000;
/// How many clients pull at once, one run after the other.
const PULLERS: [usize; 3] = [1, 4, 16];
/// How many messages the one who fills a room has under way.
const FILLING: u32 = 64;
/// How many rounds a long run has.
const ROUNDS: u64 = 20;

impl View {
    /// The process to look at.
    pub(crate) fn watched(&self) -> Watched {
        Watched { pid: self.pid }
    }

    /// Writes the result.
    pub(crate) fn show(&self, rows: &[Row]) -> Result<()> {
        let mut out = io::stdout().lock();
        let written = if self.json { sheet::json(&mut out, rows) } else { sheet::table(&mut out, rows) };
        written.map_err(Error::io("writing the result"))
    }
}

impl Shape {
    fn plan(&self, door: Door, target: SocketAddr, watched: Watched) -> Plan {
        Plan {
            door,
            target,
            clients: self.clients.into(),
            senders: self.senders.min(self.clients).into(),
            under_way: self.under_way.into(),
            size: self.size.into(),
            is_watched: true,
            pace: None,
            messages: UNSIGNED,
            warm_up: Duration::ZERO,
            time: None,
            watched,
        }
    }
}

impl Times {
    fn of(&self, plan: Plan) -> Plan {
        let (warm_up, time) = (Duration::from_secs_f64(self.warm_up), Duration::from_secs_f64(self.seconds));
        Plan { warm_up, time: Some(time), ..plan }
    }
}

/// A room or a channel as fast as it goes, then at a pace.
pub(crate) fn fan(door: Door, fan: &Fan) -> Result<()> {
    let view = &fan.server.view;
    let plan = fan.times.of(fan.shape.plan(door, fan.server.address, view.watched()));
    let messages = if door == Door::Rooms { fan.messages } else { plan.messages };
    let name = if door == Door::Rooms { "room" } else { "channel" };
    let mut rows = vec![talked(name, Plan { messages, ..plan })?];
    if fan.pace > 0 {
        let pace = f64::from(fan.pace) / f64::from(fan.shape.clients.saturating_sub(1));
        let all = (pace * (fan.times.seconds + fan.times.warm_up) * 1.1) as u32 + u32::from(fan.shape.senders);
        let name = format!("{name}, paced {}/s", fan.pace);
        rows.push(talked(&name, Plan { pace: Some(pace), messages: all.min(messages), ..plan })?);
    }
    view.show(&rows)
}

fn talked(what: &str, plan: Plan) -> Result<Row> {
    let outcome = Hall::open(plan, &random_place()?)?.talk()?;
    Ok(row(what, &plan, outcome))
}

/// Messages into a room that nobody watches.
pub(crate) fn store(store: &Store) -> Result<()> {
    let view = &store.server.view;
    let plan = store.times.of(Plan {
        door: Door::Rooms,
        target: store.server.address,
        clients: store.senders.into(),
        senders: store.senders.into(),
        under_way: store.under_way.into(),
        size: store.size.into(),
        is_watched: false,
        pace: None,
        messages: store.messages,
        warm_up: Duration::ZERO,
        time: None,
        watched: view.watched(),
    });
    view.show(&[talked("unwatched room", plan)?])
}

fn row(what: &str, plan: &Plan, outcome: Outcome) -> Row {
    let window = &outcome.window;
    let per_second = |count: u64| count as f64 / window.seconds();
    let counted = if plan.is_watched { window.heard() } else { window.acked() };
    let each = |micros: f64| micros / counted.max(1) as f64;
    let [before, at_end, after] = window.memory_mib();
    let (acks, deliveries) = (&outcome.acks, &outcome.deliveries);
    let cells = vec![
        Cell::count("clients", "clients", plan.clients as u64),
        Cell::new("deliveriesPerSecond", "deliveries/s", per_second(window.heard()), 0),
        Cell::new("messagesPerSecond", "messages/s", per_second(window.acked()), 0),
        Cell::count("lost", "lost", outcome.lost),
        Cell::count("doubled", "doubled", outcome.doubled),
        Cell::count("outOfOrder", "out of order", outcome.late),
        Cell::new("deliveryP50Ms", "delivery p50 ms", deliveries.percentile_ms(50.0), 3),
        Cell::new("deliveryP99Ms", "p99", deliveries.percentile_ms(99.0), 3),
        Cell::new("deliveryMaxMs", "max", deliveries.percentile_ms(100.0), 2),
        Cell::new("ackP50Ms", "ack p50 ms", acks.percentile_ms(50.0), 3),
        Cell::new("ackP99Ms", "p99", acks.percentile_ms(99.0), 3),
        Cell::new("generatorCpuMicros", "generator CPU µs each", each(window.own_cpu_micros()), 3),
        Cell::new("serverCpuMicros", "server CPU µs each", window.cpu_micros().map(each), 3),
        Cell::new("serverMibBefore", "server MiB before", before, 1),
        Cell::new("serverMibAtEnd", "at the end", at_end, 1),
        Cell::new("serverMibAfter", "after", after, 1),
    ];
    let mut notes = vec![format!(
        "{what}: {} deliveries and {} messages in all, {:.1} s measured; making {} messages took {:.1} s.",
        outcome.heard,
        outcome.acked,
        window.seconds(),
        outcome.made,
        outcome.making.as_secs_f64(),
    )];
    if outcome.ran_out {
        notes.push(format!("{what}: the messages made in advance were used up before the time was."));
    }
    Row { what: what.to_owned(), cells, notes, complaints: outcome.complaints }
}

/// Fills a room and pulls it.
pub(crate) fn pull(args: &Pull) -> Result<()> {
    let (target, view) = (args.server.address, &args.server.view);
    let room = random_place()?;
    let watched = view.watched();
    let filling = Plan {
        door: Door::Rooms,
        target,
        clients: 1,
        senders: 1,
        under_way: FILLING,
        size: 750,
        is_watched: false,
        pace: None,
        messages: args.messages,
        warm_up: Duration::ZERO,
        time: None,
        watched,
    };
    let filled = Hall::open(filling, &room)?.talk()?;
    if filled.acked != u64::from(args.messages) {
        let why = filled.complaints.into_keys().next().unwrap_or_default();
        return Err(Error::Unusable(format!("the room could not be filled: {why}")));
    }
    let (warm_up, time) = (Duration::from_secs_f64(args.times.warm_up), Duration::from_secs_f64(args.times.seconds));
    let rows = PULLERS.map(|clients| {
        let plan = pull::Plan { target, clients, messages: args.messages, warm_up, time, watched };
        Ok(pulled(clients, pull::pull(&plan, &room)?))
    });
    view.show(&rows.into_iter().collect::<Result<Vec<_>>>()?)
}

fn pulled(clients: usize, outcome: pull::Outcome) -> Row {
    let window = &outcome.window;
    let each = |micros: f64| micros / window.heard().max(1) as f64;
    let [before, at_end, _] = window.memory_mib();
    let cells = vec![
        Cell::new("messagesPerSecond", "messages/s", window.heard() as f64 / window.seconds(), 0),
        Cell::new("pagesPerSecond", "pages/s", window.acked() as f64 / window.seconds(), 0),
        Cell::new("pageP50Ms", "page p50 ms", outcome.pages.percentile_ms(50.0), 3),
        Cell::new("pageP99Ms", "p99", outcome.pages.percentile_ms(99.0), 3),
        Cell::new("generatorCpuMicros", "generator CPU µs each", each(window.own_cpu_micros()), 3),
        Cell::new("serverCpuMicros", "server CPU µs each", window.cpu_micros().map(each), 3),
        Cell::new("serverMibBefore", "server MiB before", before, 1),
        Cell::new("serverMibAtEnd", "at the end", at_end, 1),
    ];
    Row { what: format!("pulled by {clients}"), cells, notes: Vec::new(), complaints: outcome.complaints }
}

/// Lets very many clients in and measures what they cost.
pub(crate) fn idle(args: &Idle) -> Result<()> {
    let doors = args.doors.open()?;
    let share = args.clients as usize / doors.len();
    let doors: Vec<_> = doors.into_iter().map(|(door, address)| (door, address, share)).collect();
    let hold = Duration::from_secs_f64(args.seconds);
    let outcome = idle::idle(&doors, hold, args.doors.view.watched())?;
    let cells = outcome.cells("clients", hold);
    let row = Row { what: "idle".to_owned(), cells, notes: Vec::new(), complaints: outcome.complaints };
    args.doors.view.show(&[row])
}

/// Sends very many messages, and looks at the memory again and again.
pub(crate) fn soak(args: &Soak) -> Result<()> {
    let mut rows = Vec::new();
    for (door, address) in args.doors.open()? {
        let is_watched = !args.unwatched || door == Door::Channels;
        let listeners = if is_watched { u64::from(args.shape.clients) - 1 } else { 1 };
        let round = u32::try_from(args.count.div_ceil(ROUNDS * listeners)).unwrap_or(u32::MAX);
        let plan = args.shape.plan(door, address, args.doors.view.watched());
        let mut hall = Hall::open(Plan { messages: round, is_watched, ..plan }, &random_place()?)?;
        let (mut heard, mut acked, mut flaws) = (0, 0, 0);
        for number in 1..=ROUNDS {
            let outcome = hall.talk()?;
            (heard, acked) = (heard + outcome.heard, acked + outcome.acked);
            flaws += outcome.lost + outcome.doubled + outcome.late;
            rows.push(soaked(door, number, (heard, acked, flaws), outcome));
            // Long runs show how far they are.
            let _told = writeln!(io::stderr().lock(), "{door:?}: round {number} of {ROUNDS}, {heard} deliveries");
        }
    }
    args.doors.view.show(&rows)
}

fn soaked(door: Door, round: u64, (heard, acked, flaws): (u64, u64, u64), outcome: Outcome) -> Row {
    let window = &outcome.window;
    let [_, at_end, after] = window.memory_mib();
    let cells = vec![
        Cell::count("messages", "messages so far", acked),
        Cell::count("deliveries", "deliveries so far", heard),
        Cell::new("deliveriesPerSecond", "deliveries/s", window.heard() as f64 / window.seconds(), 0),
        Cell::new("messagesPerSecond", "messages/s", window.acked() as f64 / window.seconds(), 0),
        Cell::count("flaws", "lost, doubled, out of order", flaws),
        Cell::new("serverMibAtEnd", "server MiB", at_end, 1),
        Cell::new("serverMibAfter", "after", after, 1),
    ];
    Row { what: format!("{door:?} {round}").to_lowercase(), cells, notes: Vec::new(), complaints: outcome.complaints }
}

/// Runs the reference server until it is killed.
pub(crate) fn reference(args: &Alone) -> Result<()> {
    let mut server = Reference::bind(args.listen)?;
    let address = server.address()?;
    writeln!(io::stdout().lock(), "listening on {address}").map_err(Error::io("writing the address"))?;
    server.serve(|| true)
}
