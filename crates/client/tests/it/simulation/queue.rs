//! What is to happen, in the order of time; what happens at the same time in an order that the seed decides.

use std::cmp::Ordering;
use std::collections::BinaryHeap;
use tidings_client::io::{HttpRequest, Input, RequestId};

/// Something that will happen.
pub enum Event {
    /// A request reaches its node. `answer_in`: how long its answer takes; `None` if that is lost.
    Arrive { device: usize, life: u32, id: RequestId, request: HttpRequest, answer_in: Option<u64> },
    /// Something reaches a client, if it still lives the same life.
    Input { device: usize, life: u32, input: Input },
    /// The time that a client asked for.
    Tick { device: usize, life: u32, wake: u64 },
    /// A live connection reaches its node.
    Connect { device: usize, life: u32, node: String },
    /// A text reaches a node.
    Say { device: usize, node: String, line: u64, text: String },
    /// A text reaches a client.
    Hear { device: usize, node: String, line: u64, text: String },
    /// A client starts again.
    Start { device: usize, life: u32 },
    /// A node is there again.
    Return { node: String },
    /// Somebody does something.
    Act,
    /// Something goes wrong.
    Trouble,
}

struct Item {
    at: u64,
    tie: u32,
    number: u64,
    event: Event,
}

impl PartialEq for Item {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Item {}

impl PartialOrd for Item {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Item {
    /// The earliest is the greatest, for the heap.
    fn cmp(&self, other: &Self) -> Ordering {
        (other.at, other.tie, other.number).cmp(&(self.at, self.tie, self.number))
    }
}

/// The queue.
#[derive(Default)]
pub struct Queue {
    items: BinaryHeap<Item>,
    number: u64,
}

impl Queue {
    /// Puts something in.
    pub fn put(&mut self, at: u64, tie: u32, event: Event) {
        self.number += 1;
        self.items.push(Item { at, tie, number: self.number, event });
    }

    /// When the next thing happens.
    pub fn next_at(&self) -> Option<u64> {
        self.items.peek().map(|item| item.at)
    }

    /// What happens next, and when.
    pub fn take(&mut self) -> Option<(u64, Event)> {
        self.items.pop().map(|item| (item.at, item.event))
    }
}
