//! Fills a new database with many people and waiting parcels, to measure a node that has them:
//! `cargo run --release -p tidings-backends --example seed FILE ACCOUNTS WAITING`. Every tenth parcel has 1 KiB attached.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, clippy::print_stdout, reason = "it prepares measurements")]

use std::path::PathBuf;
use std::time::SystemTime;
use tidings_backends::sqlite::import::{ImportedAccount, Importer};
use tidings_core::{BlobContent, BoxKey, Draft, EnvelopeId, Key, Label, StreamName, Timestamp};

/// Items in one transaction.
const BATCH: u64 = 100_000;

/// Spreads numbers as random ones are.
fn spread(number: u64) -> u64 {
    let mut n = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    n = (n ^ (n >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    n ^ (n >> 32)
}

fn person(number: u64) -> Key {
    let words = [spread(number), number, spread(number + 1), 7];
    let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
    Key::Box(BoxKey::from_bytes(bytes.try_into().unwrap()).unwrap())
}

fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
    Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap())
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let path = PathBuf::from(arguments.next().unwrap());
    let accounts: u64 = arguments.next().unwrap().parse().unwrap();
    let waiting: u64 = arguments.next().unwrap().parse().unwrap();
    let (now, mut importer) = (now(), Importer::open(&path, BATCH.try_into().unwrap()).unwrap());
    for number in 0..accounts {
        let contacts = (0..5).map(|n| person((number + n) % accounts)).collect();
        let (key, seen_at) = (Some(person(number)), Some(now));
        let number = i64::try_from(number + 1).unwrap();
        importer.insert_account(ImportedAccount { number, key, seen_at, contacts, ..Default::default() }).unwrap();
    }
    for number in 0..waiting {
        let to = number * accounts / waiting;
        let draft = Draft {
            stream: StreamName::inbox(&person(to)),
            id: EnvelopeId::from_bytes((u128::from(spread(number)) << 64 | u128::from(number)).to_be_bytes()),
            label: Label::new("MEDIA"),
            body: Some(vec![b'x'; 200].into()),
            notify: false,
            time: None,
        };
        let blob = number.is_multiple_of(10).then(|| BlobContent::Inline(vec![7; 1024]));
        importer.insert_envelope(draft, Some(person((to + 1) % accounts)), now, blob).unwrap();
    }
    importer.finish().unwrap();
    println!("{accounts} accounts, {waiting} waiting parcels, {} MiB", std::fs::metadata(&path).unwrap().len() >> 20);
}
