//! Plays many seeds of the simulation: `cargo run --release -p tidings-client --example simulate -- --seeds 1000..3000 [--large] [--trace]`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::print_stderr,
    unreachable_pub,
    reason = "a test program that a developer runs"
)]
#![allow(dead_code, reason = "the node in memory does more than the simulation needs")]

#[path = "../tests/it/model_node/mod.rs"]
mod model_node;
#[path = "../tests/it/simulation/mod.rs"]
mod simulation;

use simulation::{Size, Summary, play};
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

/// What was asked for on the command line.
struct Asked {
    from: u64,
    to: u64,
    size: Option<Size>,
    trace: bool,
    threads: usize,
}

fn asked() -> Option<Asked> {
    let mut asked = Asked { from: 1, to: 1001, size: None, trace: false, threads: 2 };
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        match word.as_str() {
            "--seeds" => {
                let range = words.next()?;
                let (from, to) = range.split_once("..")?;
                (asked.from, asked.to) = (from.parse().ok()?, to.parse().ok()?);
            }
            "--small" => asked.size = Some(Size::Small),
            "--large" => asked.size = Some(Size::Large),
            "--trace" => asked.trace = true,
            "--threads" => asked.threads = words.next()?.parse().ok()?,
            _ => return None,
        }
    }
    Some(asked)
}

/// One of sixteen worlds is large, unless a size was asked for.
fn size_of(asked: &Asked, seed: u64) -> Size {
    asked.size.unwrap_or(if seed.is_multiple_of(16) { Size::Large } else { Size::Small })
}

fn main() -> ExitCode {
    let Some(asked) = asked() else {
        eprintln!("simulate [--seeds FROM..TO] [--small | --large] [--trace] [--threads N]");
        return ExitCode::from(2);
    };
    let next = AtomicU64::new(asked.from);
    let done = Mutex::new((Summary::default(), Vec::new(), 0_u64));
    if !asked.trace {
        std::panic::set_hook(Box::new(|_| {}));
    }
    std::thread::scope(|scope| {
        for _ in 0..asked.threads.max(1) {
            scope.spawn(|| work(&asked, &next, &done));
        }
    });
    let (sum, failed, played) = done.into_inner().unwrap();
    println!(
        "{played} seeds: {} messages, {} requests, {} events, {} crashes of clients, {} restored nodes; longest healing {} virtual minutes",
        sum.said, sum.requests, sum.events, sum.crashes, sum.restores, sum.healed_after
    );
    if failed.is_empty() {
        return ExitCode::SUCCESS;
    }
    println!("{} seeds failed: {failed:?}", failed.len());
    ExitCode::FAILURE
}

fn work(asked: &Asked, next: &AtomicU64, done: &Mutex<(Summary, Vec<u64>, u64)>) {
    loop {
        let seed = next.fetch_add(1, Ordering::Relaxed);
        if seed >= asked.to {
            return;
        }
        let size = size_of(asked, seed);
        let outcome = std::panic::catch_unwind(|| play(seed, size, asked.trace));
        let mut done = done.lock().unwrap();
        done.2 += 1;
        match outcome {
            Ok(one) => add(&mut done.0, &one),
            Err(panicked) => {
                let text = panicked.downcast_ref::<String>().map(String::as_str);
                let text = text.or_else(|| panicked.downcast_ref::<&str>().copied()).unwrap_or("panicked");
                println!("{size:?} seed {seed} failed: {text}");
                done.1.push(seed);
            }
        }
        if done.2.is_multiple_of(100) {
            println!("{} seeds, {} failed", done.2, done.1.len());
        }
    }
}

fn add(sum: &mut Summary, one: &Summary) {
    sum.devices += one.devices;
    sum.said += one.said;
    sum.events += one.events;
    sum.crashes += one.crashes;
    sum.restores += one.restores;
    sum.requests += one.requests;
    sum.healed_after = sum.healed_after.max(one.healed_after);
}
