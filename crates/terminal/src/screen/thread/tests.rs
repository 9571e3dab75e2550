//! The window over the history: what is loaded, what is seen.

use super::*;
use crate::screen::clock::Clock;
use crate::screen::fixture::{self, NOW};
use crate::screen::options::{Images, Options};
use crate::screen::palette::Palette;
use crate::screen::picture::Pictures;
use crate::screen::world::World;
use std::collections::BTreeMap;

/// What is needed to lay messages out.
struct Desk {
    clock: Clock,
    world: World,
    pictures: Pictures,
    progress: BTreeMap<MessageId, (u64, u64)>,
}

impl Desk {
    fn new() -> Self {
        let palette = Palette::new(&Options::default());
        Self {
            clock: Clock::utc(),
            world: fixture::world(),
            pictures: Pictures::new(Images::None, palette),
            progress: BTreeMap::new(),
        }
    }

    fn look(&mut self) -> Look<'_> {
        Look {
            cells: 60,
            palette: Palette::new(&Options::default()),
            clock: &self.clock,
            now: NOW,
            world: &self.world,
            pictures: &mut self.pictures,
            progress: &self.progress,
            selected: false,
            unfolded: false,
            marked: false,
            first: false,
        }
    }

    fn seen(&mut self, thread: &mut Thread, height: usize) -> Vec<String> {
        let window = thread.window(height, &mut self.look());
        window.rows.iter().map(|placed| placed.row.line.to_string().trim_end().to_owned()).collect()
    }
}

fn messages(numbers: std::ops::Range<u32>) -> Vec<MessageView> {
    numbers.map(|number| fixture::message(number, 1, &format!("line {number}"))).collect()
}

fn loaded(numbers: std::ops::Range<u32>) -> Thread {
    let (mut thread, _) = Thread::open(fixture::group(1), 0);
    thread.page(None, PAGE, messages(numbers));
    thread
}

#[test]
fn the_newest_is_at_the_bottom() {
    let (mut desk, mut thread) = (Desk::new(), loaded(100..160));
    let seen = desk.seen(&mut thread, 5);
    assert!(seen.last().unwrap().ends_with("line 159"));
    assert_eq!(seen.len(), 5);
}

#[test]
fn scrolling_up_and_down_comes_back() {
    let (mut desk, mut thread) = (Desk::new(), loaded(100..160));
    let first = desk.seen(&mut thread, 7);
    for rows in [1, 5, 2, 9] {
        thread.scroll(true, rows, &mut desk.look());
        desk.seen(&mut thread, 7);
    }
    assert!(!thread.at_end());
    for rows in [9, 2, 5, 1] {
        thread.scroll(false, rows, &mut desk.look());
    }
    assert!(thread.at_end());
    assert_eq!(desk.seen(&mut thread, 7), first);
    // Beyond the beginning there is nothing.
    thread.scroll(true, 10_000, &mut desk.look());
    let top = desk.seen(&mut thread, 7);
    assert_eq!(top.len(), 7);
    assert!(top[0].contains("10 March") || top[0].contains("Today"), "{top:?}");
}

#[test]
fn messages_come_in_their_order_and_once() {
    let mut thread = loaded(0..10);
    thread.put(fixture::message(20, 1, "later"));
    thread.put(fixture::message(15, 1, "between"));
    thread.put(fixture::message(15, 1, "between, changed"));
    let orders: Vec<_> = thread.messages().map(|message| message.order.clone()).collect();
    assert!(orders.is_sorted());
    assert_eq!(thread.messages().len(), 12);
    // Its place is another now, since the hub has taken it.
    let mut moved = fixture::message(15, 1, "between, changed");
    moved.order = 30u32.to_be_bytes().to_vec();
    thread.put(moved);
    assert_eq!(thread.messages().len(), 12);
    assert_eq!(thread.messages().next_back().unwrap().order, 30u32.to_be_bytes());
    thread.gone(&fixture::message(20, 1, "").id);
    assert_eq!(thread.messages().len(), 11);
}

#[test]
fn what_belongs_to_unloaded_history_is_not_shown_out_of_place() {
    let mut thread = loaded(100..160);
    thread.put(fixture::message(5, 1, "old"));
    assert_eq!(thread.messages().len(), 60);
}

#[test]
fn older_pages_join_without_a_hole() {
    let mut thread = loaded(100..160);
    let Some(Effect::Page { before: Some(before), .. }) = thread.wanted(0) else { panic!("nothing is wanted") };
    assert!(thread.wanted(0).is_none(), "once is enough");
    // An answer to another question is dropped.
    thread.page(Some(&50u32.to_be_bytes()), PAGE, messages(0..20));
    assert_eq!(thread.messages().len(), 60);
    thread.page(Some(&before), PAGE, messages(40..100));
    assert_eq!(thread.messages().len(), 120);
    assert!(thread.wanted(0).is_some());
    thread.page(Some(&40u32.to_be_bytes()), PAGE, messages(30..40));
    assert!(thread.wanted(0).is_none(), "that was all");
}

#[test]
fn what_is_kept_is_bounded() {
    let (mut desk, mut thread) = (Desk::new(), loaded(10_000..10_060));
    for page in 0..50u32 {
        thread.scroll(true, 200, &mut desk.look());
        desk.seen(&mut thread, 20);
        let Some(Effect::Page { before: Some(before), .. }) = thread.wanted(0) else { panic!("page {page}") };
        let end = 10_000 - page * 60;
        thread.page(Some(&before), PAGE, messages(end - 60..end));
    }
    assert!(thread.messages().len() <= MAX_KEPT);
    assert!(!thread.at_end());
    assert!(matches!(thread.go_to_end(), Some(Effect::Page { before: None, .. })));
}

#[test]
fn a_message_that_is_not_loaded_is_sought() {
    let (mut desk, mut thread) = (Desk::new(), loaded(1_000..1_060));
    let wanted = fixture::message(500, 1, "line 500");
    let Some(Effect::Page { before: Some(before), limit, .. }) = thread.seek(&wanted) else {
        panic!("it is not sought")
    };
    assert_eq!(before, [&500u32.to_be_bytes()[..], &[0]].concat());
    thread.page(Some(&before), limit, messages(441..501));
    assert_eq!(thread.selected().map(|message| message.id), Some(wanted.id));
    assert!(desk.seen(&mut thread, 10).iter().any(|row| row.contains("line 500")));
    // What is new now does not belong here.
    thread.put(fixture::message(2_000, 1, "new"));
    assert_eq!(thread.messages().len(), 60);
    assert!(thread.is_detached_at_end());
    thread.go_to_end();
    thread.page(None, PAGE, messages(1_000..1_060));
    assert!(thread.at_end());
}

#[test]
fn the_selected_message_is_in_sight() {
    let (mut desk, mut thread) = (Desk::new(), loaded(100..160));
    desk.seen(&mut thread, 10);
    for _ in 0..40 {
        assert!(thread.select_next(false));
        let text = format!("line {}", u32::from_be_bytes(thread.selected().unwrap().order.clone().try_into().unwrap()));
        assert!(desk.seen(&mut thread, 10).iter().any(|row| row.contains(&text)), "{text}");
    }
    for _ in 0..39 {
        assert!(thread.select_next(true));
        desk.seen(&mut thread, 10);
    }
    assert!(!thread.select_next(true), "behind the last one is the input line");
}

#[test]
fn a_long_message_is_folded() {
    let (mut desk, mut thread) = (Desk::new(), loaded(0..1));
    let long = fixture::message(1, 1, &"word ".repeat(10_000));
    thread.put(long.clone());
    let seen = desk.seen(&mut thread, 100);
    assert!(seen.len() < 40 && seen.last().unwrap().contains("Enter shows it"), "{}", seen.len());
    thread.unfold(long.id);
    assert_eq!(desk.seen(&mut thread, 100).len(), 100);
}
