//! All targets in one program, so that what they are made of is built and linked once: `TIDINGS_FUZZ` names the one to run.
#![no_main]

mod hostile;
#[allow(dead_code, reason = "the tests of the client use all of it")]
#[path = "../../crates/client/tests/it/model_node/mod.rs"]
mod model_node;
mod targets;
#[allow(dead_code, reason = "the tests of the client use all of it")]
#[path = "../../crates/client/tests/it/world/mod.rs"]
mod world;

use std::sync::OnceLock;

fn chosen() -> fn(&[u8]) {
    static CHOSEN: OnceLock<fn(&[u8])> = OnceLock::new();
    *CHOSEN.get_or_init(|| {
        let name = std::env::var("TIDINGS_FUZZ").unwrap_or_default();
        let found = targets::ALL.iter().find(|(one, _)| *one == name);
        found.unwrap_or_else(|| panic!("TIDINGS_FUZZ names no target: {name:?}")).1
    })
}

libfuzzer_sys::fuzz_target!(|data: &[u8]| chosen()(data));
