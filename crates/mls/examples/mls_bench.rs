//! How long a device works at groups of 2, 50 and 500, and how much it writes: `cargo run --release -p tidings-mls --example mls_bench`.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a measurement for people"
)]

use rand::SeedableRng;
use rand::rngs::StdRng;
use std::time::{Duration, Instant};
use tidings_mls::{Group, MadePackage, Plan, Received, Signer, make_package};

const ROUNDS: usize = 20;
const TEXT: &[u8] = &[b'x'; 200];

struct Device {
    signer: Signer,
    random: StdRng,
    made: Option<MadePackage>,
    group: Option<Group>,
}

impl Device {
    fn new(number: usize) -> Self {
        let mut seed = [7; 32];
        seed[..8].copy_from_slice(&number.to_be_bytes());
        // As long as a signed device certificate.
        let signer = Signer::new(&seed, vec![number as u8; 190]);
        Self { signer, random: StdRng::from_seed(seed), made: None, group: None }
    }

    fn package(&mut self) -> Vec<u8> {
        let made = make_package(&self.signer, false, &[7; 48], &mut self.random).unwrap();
        let package = made.package.clone();
        self.made = Some(made);
        package
    }

    fn join(&mut self, welcome: &[u8]) {
        let made = self.made.take().unwrap();
        self.group = Some(Group::join(welcome, &made.reference, &made.record).unwrap());
    }

    fn group(&mut self) -> &mut Group {
        self.group.as_mut().unwrap()
    }

    fn written(&mut self) -> usize {
        let changes = self.group().take_changes();
        changes.iter().map(|change| change.key.len() + change.value.as_ref().map_or(0, Vec::len)).sum()
    }

    fn seal(&mut self) -> Vec<u8> {
        self.group.as_mut().unwrap().seal(TEXT, &self.signer, &mut self.random).unwrap()
    }

    fn commit(&mut self, plan: &Plan) -> tidings_mls::Committed {
        self.group.as_mut().unwrap().commit(&self.signer, plan, &mut self.random).unwrap()
    }

    fn apply(&mut self, commit: &[u8]) {
        let Ok(Received::Commit(staged)) = self.group().receive(commit) else { unreachable!() };
        self.group().apply(*staged).unwrap();
    }
}

/// The time and what was written, over all rounds.
#[derive(Default)]
struct Row {
    times: Vec<Duration>,
    written: Vec<usize>,
}

impl Row {
    fn add(&mut self, since: Instant, written: usize) {
        self.times.push(since.elapsed());
        self.written.push(written);
    }

    fn print(&mut self, name: &str) {
        self.times.sort();
        self.written.sort();
        let (half, last) = (self.times.len() / 2, self.times.len() - 1);
        println!(
            "  {name:<28} {:>9.3} ms median {:>9.3} ms worst  {:>8} B written, {:>8} B worst",
            self.times[half].as_secs_f64() * 1e3,
            self.times[last].as_secs_f64() * 1e3,
            self.written[half],
            self.written[last],
        );
    }
}

/// A group of so many, of which three devices are looked at: the maker and the last two to join.
fn group_of(size: usize) -> [Device; 3] {
    let mut maker = Device::new(0);
    maker.group = Some(Group::create(&[1; 16], &maker.signer, vec![0; 60 * size], &mut maker.random).unwrap());
    let mut others: Vec<Device> = (1..size).map(Device::new).collect();
    let add = others.iter_mut().map(Device::package).collect();
    let committed = maker.commit(&Plan { add, ..Plan::default() });
    maker.group().merge_pending().unwrap();
    let mut last = others.pop().unwrap();
    let mut before = others.pop().unwrap_or_else(|| Device::new(size));
    last.join(committed.welcome.as_ref().unwrap());
    if before.made.is_some() {
        before.join(committed.welcome.as_ref().unwrap());
    }
    [maker, before, last]
}

fn messages(sender: &mut Device, reader: &mut Device) {
    let (mut sealing, mut opening) = (Row::default(), Row::default());
    for _ in 0..ROUNDS * 5 {
        let since = Instant::now();
        let message = sender.seal();
        let written = sender.written();
        sealing.add(since, written);
        let since = Instant::now();
        assert!(matches!(reader.group().receive(&message), Ok(Received::Message { .. })));
        let written = reader.written();
        opening.add(since, written);
    }
    sealing.print("seal 200 bytes");
    opening.print("open");
}

fn changes(maker: &mut Device, reader: &mut Device, size: usize) {
    let [mut adding, mut following, mut joining, mut removing, mut updating, mut followed, mut external] =
        std::array::from_fn(|_| Row::default());
    for round in 0..ROUNDS {
        let mut new = Device::new(10_000 + round);
        let add = vec![new.package()];
        let since = Instant::now();
        let committed = maker.commit(&Plan { add, extension: Some(vec![1; 60 * size]), ..Plan::default() });
        maker.group().merge_pending().unwrap();
        adding.add(since, maker.written());
        let since = Instant::now();
        reader.apply(&committed.commit);
        following.add(since, reader.written());
        let since = Instant::now();
        new.join(&committed.welcome.unwrap());
        joining.add(since, new.written());
        let leaf = new.group().own_leaf();
        let since = Instant::now();
        let committed = maker.commit(&Plan { remove: vec![leaf], ..Plan::default() });
        maker.group().merge_pending().unwrap();
        removing.add(since, maker.written());
        reader.apply(&committed.commit);
        let since = Instant::now();
        let committed = reader.commit(&Plan::default());
        reader.group().merge_pending().unwrap();
        updating.add(since, reader.written());
        let since = Instant::now();
        maker.apply(&committed.commit);
        followed.add(since, maker.written());
        let since = Instant::now();
        let (mut group, back) = Group::join_external(&committed.info, &reader.signer, &mut reader.random).unwrap();
        external.add(since, group.take_changes().iter().filter_map(|change| change.value.as_ref()).map(Vec::len).sum());
        reader.group = Some(group);
        maker.apply(&back.commit);
    }
    adding.print("add one (commit, merge)");
    following.print("follow an add");
    joining.print("join by welcome");
    removing.print("remove one");
    updating.print("update");
    followed.print("follow an update");
    external.print("come back by external commit");
}

fn main() {
    for size in [2, 50, 500] {
        let since = Instant::now();
        let [mut maker, mut before, mut last] = group_of(size);
        println!("{size} devices (made in {:.1} ms)", since.elapsed().as_secs_f64() * 1e3);
        maker.written();
        last.written();
        messages(&mut maker, &mut last);
        if size > 2 {
            before.written();
            changes(&mut maker, &mut last, size);
            messages(&mut maker, &mut last);
        }
    }
}
