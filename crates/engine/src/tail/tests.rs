//! The tail against orders of announcement, budgets and lagging readers.

use super::*;
use tidings_core::{EnvelopeId, Label, StreamKind, Timestamp};

fn stream(name: u8) -> StreamName {
    StreamName::named(StreamKind::Room, &[name]).unwrap()
}

fn envelope(seq: i64, size: usize) -> Envelope {
    Envelope {
        id: EnvelopeId::from_bytes([1; 16]),
        seq: Seq::from_number(seq),
        sender: None,
        label: Label::new("x"),
        body: Some(vec![0; size].into()),
        at: Timestamp::EPOCH,
        time: None,
    }
}

fn seqs(tail: &Tail, name: u8, after: i64) -> Option<Vec<i64>> {
    match tail.look(&stream(name), Seq::from_number(after)) {
        Look::Complete(items) => Some(items.iter().map(|item| item.envelope.seq.number()).collect()),
        Look::Unknown(_) => None,
    }
}

fn load(tail: &Tail, name: u8, seqs: &[i64], size: usize) {
    let Look::Unknown(ticket) = tail.look(&stream(name), Seq::START) else { panic!("known already") };
    let items: Vec<_> = seqs.iter().map(|seq| Arc::new(Item::new(envelope(*seq, size)))).collect();
    tail.offer(&stream(name), ticket, &items, Seq::from_number(seqs.last().copied().unwrap_or_default()));
}

fn push(tail: &Tail, envelope: &Envelope) {
    tail.push(&stream(1), &Arc::new(Item::new(envelope.clone())), false);
}

fn followed(tail: &Tail, after: i64) -> Option<(u64, Vec<i64>)> {
    let batch = tail.follow(&stream(1), Seq::from_number(after))?;
    Some((batch.missed, batch.items.iter().map(|item| item.envelope.seq.number()).collect()))
}

#[test]
fn followers_get_the_newest_in_order_and_wait_for_what_is_late() {
    let tail = Tail::new(1 << 20);
    let told = |seq| tail.push(&stream(1), &Arc::new(Item::new(envelope(seq, 10))), true);
    let settled = 8 + i64::try_from(LATE_MAX).unwrap();
    (8..=settled).for_each(told);
    assert_eq!((followed(&tail, 6), followed(&tail, settled)), (None, Some((0, vec![]))));
    told(settled + 3);
    told(settled + 2);
    assert_eq!(followed(&tail, settled - 1), Some((0, vec![settled])));
    assert_eq!(tail.end(&stream(1)), Some(Seq::from_number(settled)));
    told(settled + 1);
    told(7);
    let rest = (settled + 1..=settled + 3).collect();
    assert_eq!(followed(&tail, settled), Some((0, rest)), "each once, and nothing from before");
    for seq in settled + 4..5000 {
        told(seq);
    }
    let (_, newest) = followed(&tail, 4990).unwrap();
    assert_eq!(newest, (4991..5000).collect::<Vec<_>>());
    assert_eq!(followed(&tail, 12), None, "who lags asks the store");
    let (_, some) = followed(&tail, 4500).unwrap();
    assert_eq!(some, (4501..4501 + i64::try_from(FOLLOW_MAX).unwrap()).collect::<Vec<_>>());
    tail.forget_stored();
    assert_eq!((followed(&tail, 4999), tail.lock().bytes), (None, 0));
}

#[test]
fn what_was_announced_before_it_was_kept_is_not_waited_for() {
    let tail = Tail::new(1 << 20);
    let told = |seq, followed| tail.push(&stream(1), &Arc::new(Item::new(envelope(seq, 10))), followed);
    // Somebody begins to follow between the announcements of 5 and of 3.
    told(5, false);
    told(3, true);
    told(6, true);
    assert_eq!(followed(&tail, 2), None, "the store has 3 to 6");
    told(4, true);
    told(7, true);
    assert_eq!(followed(&tail, 6), Some((0, vec![7])));
}

#[test]
fn it_follows_the_store() {
    let tail = Tail::new(1 << 20);
    assert_eq!(seqs(&tail, 1, 0), None);
    load(&tail, 1, &[1, 2], 10);
    push(&tail, &envelope(2, 10));
    push(&tail, &envelope(3, 10));
    tail.remove(&stream(1), Seq::from_number(2));
    assert_eq!(seqs(&tail, 1, 0), Some(vec![1, 3]));
    assert_eq!(seqs(&tail, 1, 1), Some(vec![3]));
    tail.forget(&stream(1));
    assert_eq!(seqs(&tail, 1, 0), None);
}

#[test]
fn places_that_are_announced_out_of_order_are_waited_for() {
    let tail = Tail::new(1 << 20);
    load(&tail, 1, &[1], 10);
    push(&tail, &envelope(4, 10));
    assert_eq!(seqs(&tail, 1, 0), None, "the store is asked while places are missing");
    push(&tail, &envelope(2, 10));
    tail.remove(&stream(1), Seq::from_number(3));
    assert_eq!(seqs(&tail, 1, 0), Some(vec![1, 2, 4]));
    push(&tail, &envelope(3, 10));
    push(&tail, &envelope(2, 10));
    assert_eq!(seqs(&tail, 1, 0), Some(vec![1, 2, 4]), "nothing comes twice, and nothing comes back");
    push(&tail, &envelope(5 + i64::try_from(LATE_MAX).unwrap() + 1, 10));
    assert_eq!(tail.lock().streams.len(), 0);
}

#[test]
fn what_was_taken_before_the_stream_was_read_is_not_waited_for() {
    for kept in [&[][..], &[2]] {
        let tail = Tail::new(1 << 20);
        let Look::Unknown(ticket) = tail.look(&stream(1), Seq::START) else { panic!("known already") };
        let items: Vec<_> = kept.iter().map(|seq| Arc::new(Item::new(envelope(*seq, 10)))).collect();
        tail.offer(&stream(1), ticket, &items, Seq::from_number(3));
        push(&tail, &envelope(4, 10));
        assert_eq!(followed(&tail, 3), Some((0, vec![4])));
        assert_eq!(tail.end(&stream(1)), Some(Seq::from_number(4)));
        assert_eq!(seqs(&tail, 1, 2), Some(vec![4]));
    }
}

#[test]
fn a_live_channel_gives_back_all_its_room() {
    let tail = Tail::new(1 << 20);
    load(&tail, 2, &[1], 10);
    let before = tail.lock().bytes;
    for _ in 0..3 {
        tail.push_live(&stream(1), envelope(0, 1));
        tail.forget(&stream(1));
    }
    assert_eq!(tail.lock().bytes, before);
}

#[test]
fn what_changed_during_a_read_is_not_taken_over() {
    let tail = Tail::new(1 << 20);
    let Look::Unknown(ticket) = tail.look(&stream(1), Seq::START) else { panic!("known already") };
    tail.remove(&stream(1), Seq::from_number(1));
    tail.offer(&stream(1), ticket, &[Arc::new(Item::new(envelope(1, 10)))], Seq::from_number(1));
    assert_eq!(seqs(&tail, 1, 0), None);
}

#[test]
fn the_budget_holds_and_the_least_used_go_first() {
    let tail = Tail::new(64 * 1024);
    for name in 0..40 {
        load(&tail, name, &[1], 1000);
        assert_eq!(seqs(&tail, name, 0), Some(vec![1]));
        assert!(tail.lock().bytes <= 64 * 1024);
    }
    assert_eq!(seqs(&tail, 0, 0), None);
    let too_large: Vec<_> = (1..40).collect();
    load(&tail, 50, &too_large, 1000);
    assert_eq!(seqs(&tail, 50, 0), None);
}

#[test]
fn a_stream_that_outgrows_its_share_is_forgotten() {
    let tail = Tail::new(64 * 1024);
    load(&tail, 1, &[], 0);
    for seq in 1..100 {
        push(&tail, &envelope(seq, 1000));
    }
    assert_eq!(seqs(&tail, 1, 0), None);
    assert_eq!(tail.lock().bytes, 0);
}

#[test]
fn live_readers_learn_what_they_missed() {
    let tail = Tail::new(64 << 20);
    let last = i64::try_from(LIVE_MAX).unwrap() + 10;
    for _ in 0..last {
        tail.push_live(&stream(1), envelope(0, 1));
    }
    let (missed, items) = followed(&tail, 4).unwrap();
    assert_eq!((missed, items.first(), items.len()), (6, Some(&11), FOLLOW_MAX));
    assert_eq!(tail.end(&stream(1)), Some(Seq::from_number(last)));
    assert_eq!(followed(&tail, last), Some((0, vec![])));
    let small = Tail::new(64 << 10);
    for _ in 0..100 {
        small.push_live(&stream(1), envelope(0, 1000));
    }
    assert!(small.lock().bytes <= 16 << 10);
    small.forget_stored();
    assert_eq!(small.end(&stream(1)), Some(Seq::from_number(100)));
}

#[test]
fn an_encoding_is_made_once() {
    let item = Item::new(envelope(1, 1));
    let first = item.encoded(0, |_| Bytes::from_static(b"once"));
    assert_eq!(item.encoded(0, |_| Bytes::from_static(b"twice")), first);
    assert_eq!(item.encoded(ENCODINGS, |_| Bytes::from_static(b"beyond")), "beyond");
}

#[test]
fn a_room_that_comes_back_with_later_places_is_not_waited_for() {
    let tail = Tail::new(1 << 20);
    let told = |seq| tail.push(&stream(1), &Arc::new(Item::new(envelope(seq, 10))), true);
    let last = 2 * i64::try_from(LATE_MAX).unwrap();
    (1..=last).for_each(told);
    // All is past its time; the store deletes the room, and another one was longer.
    (1..=last).for_each(|seq| tail.remove(&stream(1), Seq::from_number(seq)));
    told(last + 100);
    assert_eq!(followed(&tail, last), None, "the store has it");
    assert_eq!(followed(&tail, last + 99), Some((0, vec![last + 100])));
    tail.forget(&stream(1));
    assert_eq!(tail.lock().bytes, 0);
}

#[test]
fn channels_in_which_nothing_is_said_do_not_keep_room_for_others() {
    let budget = 1 << 20;
    let tail = Tail::new(budget);
    let say = |channel: u16, size| {
        let channel = StreamName::named(StreamKind::Channel, &channel.to_be_bytes()).unwrap();
        tail.push_live(&channel, envelope(0, size));
    };
    (0..5000).for_each(|channel| say(channel, 0));
    for channel in (0..4000).cycle().take(20_000) {
        say(channel, 5000);
        assert!(tail.lock().bytes <= budget);
    }
    let inside = tail.lock();
    assert_eq!(inside.streams.len(), 5000);
    assert!(inside.bytes > budget / 2, "{} of {budget} bytes are used", inside.bytes);
}
