//! Rooms: kept for a time, followed by many, read by the time their messages were written.

use crate::house::{DEADLINE, House, bob, next};
use futures_util::FutureExt as _;
use std::sync::Arc;
use std::time::Duration;
use tidings_core::{Bound, Caller, Draft, Envelope, HistoryQuery, Order, Refusal, StreamKind, StreamName, Timestamp};
use tidings_engine::{Post, Settings, Subscriber};

const DAY: Duration = Duration::from_secs(86_400);

fn room(name: &str) -> StreamName {
    StreamName::named(StreamKind::Room, name.as_bytes()).unwrap()
}

impl House {
    fn written_at(&self, to: &StreamName, text: &str, time: Timestamp) -> Draft {
        Draft { time: Some(time), notify: false, ..self.draft(to, text) }
    }

    async fn append(&self, drafts: Vec<Draft>) -> Vec<Result<Envelope, Refusal>> {
        let post = Post { caller: Caller::Key(bob()), drafts, joined: None, blob: None };
        self.engine.accept(post, self.now()).await.unwrap()
    }

    async fn write(&self, to: &StreamName, text: &str, time: Timestamp) -> Result<(), Refusal> {
        self.append(vec![self.written_at(to, text, time)]).await.pop().unwrap().map(|_| ())
    }

    /// Lets the filter learn what is stored, in the background as at start.
    async fn know_stored(&self) {
        let engine = self.engine.clone();
        tokio::spawn(async move { engine.run_known_ids().await });
        // Whether it has learned is seen from outside by nothing but speed, so a few turns must do.
        tokio::task::yield_now().await;
    }

    /// The texts of a room from its oldest to its newest.
    async fn all(&self, of: &StreamName) -> Vec<String> {
        let query =
            HistoryQuery { from: Bound::Oldest, to: Bound::Newest(0), order: Order::Ascending, skip: 0, limit: 1000 };
        let items = self.engine.history(of, &query).await.unwrap();
        let text = |body: &[u8]| String::from_utf8(body.to_vec()).unwrap();
        items.iter().map(|item| text(item.envelope.body.as_deref().unwrap())).collect()
    }
}

async fn read(reader: &mut Subscriber, count: usize) -> Vec<String> {
    let mut texts = Vec::new();
    while texts.len() < count {
        let (missed, more) = next(reader).await;
        assert_eq!(missed, 0, "rooms lose nothing");
        texts.extend(more);
    }
    texts
}

#[tokio::test]
async fn who_follows_hears_what_comes_from_now_on_and_can_read_the_rest() {
    let house = House::new();
    let tea = room("tea");
    house.write(&tea, "before", house.now()).await.unwrap();
    let (mut one, mut two) = (house.join(&tea).await, house.join(&tea).await);
    assert!(!two.join(tea.clone()).await.unwrap() && two.len() == 1);
    house.write(&tea, "now", house.now()).await.unwrap();
    house.write(&room("other"), "elsewhere", house.now()).await.unwrap();
    assert_eq!((read(&mut one, 1).await, read(&mut two, 1).await), (vec!["now".to_owned()], vec!["now".to_owned()]));
    assert_eq!(house.all(&tea).await, ["before", "now"]);
    assert!(house.engine.followed(&tea) && two.leave(&tea) && house.engine.followed(&tea));
    drop(one);
    assert!(!house.engine.followed(&tea));
}

#[tokio::test]
async fn a_message_is_taken_in_once_whether_the_filter_knows_it_or_not() {
    let house = House::new();
    let tea = room("tea");
    let draft = house.written_at(&tea, "once", house.now());
    let answers = house.append(vec![draft.clone(), draft.clone()]).await;
    assert!(answers[0].is_ok() && answers[1] == Err(Refusal::Duplicate));
    house.know_stored().await;
    assert_eq!(house.append(vec![draft]).await, [Err(Refusal::Duplicate)]);
    assert_eq!(house.all(&tea).await, ["once"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_who_post_one_at_a_time_wins() {
    let house = Arc::new(House::new());
    house.know_stored().await;
    let tea = room("tea");
    for round in 0..50 {
        let draft = house.written_at(&tea, &round.to_string(), house.now());
        let posts: Vec<_> = (0..8)
            .map(|_| {
                let (house, draft) = (Arc::clone(&house), draft.clone());
                tokio::spawn(async move { house.append(vec![draft]).await.pop().unwrap().is_ok() })
            })
            .collect();
        let mut taken = 0;
        for post in posts {
            taken += u32::from(post.await.unwrap());
        }
        assert_eq!(taken, 1);
    }
    assert_eq!(house.all(&tea).await.len(), 50);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_followers_of_many_writers_miss_nothing_whatever_memory_there_is() {
    for tail_bytes in [0, 40_000, 16 << 20] {
        let house = Arc::new(House::with(Settings { tail_bytes, ..Settings::default() }));
        let tea = room("tea");
        let mut readers = Vec::new();
        for _ in 0..10 {
            let mut reader = house.join(&tea).await;
            readers.push(tokio::spawn(async move { read(&mut reader, 400).await }));
        }
        let mut late = house.join(&tea).await;
        let writers: Vec<_> = (0..8)
            .map(|writer| {
                let (house, tea) = (Arc::clone(&house), tea.clone());
                tokio::spawn(async move {
                    for number in 0..25 {
                        let text = |part| format!("{writer} {}", 2 * number + part);
                        let drafts = [0, 1].map(|part| house.written_at(&tea, &text(part), house.now())).to_vec();
                        assert!(house.append(drafts).await.iter().all(Result::is_ok));
                    }
                })
            })
            .collect();
        for writer in writers {
            writer.await.unwrap();
        }
        let expected = read(&mut late, 400).await;
        for writer in 0..8 {
            let own: Vec<_> = expected.iter().filter(|text| text.starts_with(&format!("{writer} "))).collect();
            assert_eq!(
                own,
                (0..50).map(|number| format!("{writer} {number}")).collect::<Vec<_>>().iter().collect::<Vec<_>>()
            );
        }
        for reader in readers {
            assert_eq!(tokio::time::timeout(DEADLINE, reader).await.unwrap().unwrap(), expected);
        }
    }
}

#[tokio::test]
async fn age_counts_from_the_earlier_moment_and_idle_rooms_are_purged() {
    let house = House::new();
    let (tea, idle) = (room("tea"), room("idle"));
    let now = house.now();
    house.write(&idle, "last words", now).await.unwrap();
    house.write(&tea, "slipped in late", now.before(80 * DAY)).await.unwrap();
    house.write(&tea, "of a fast clock", now.after(Duration::from_secs(3600))).await.unwrap();
    let ancient = house.written_at(&tea, "ancient", now.before(90 * DAY + Duration::from_millis(1)));
    assert_eq!(house.append(vec![ancient]).await, [Err(Refusal::TooOld)]);
    assert_eq!(house.all(&tea).await, ["slipped in late", "of a fast clock"]);
    house.pass(11 * DAY);
    assert_eq!(house.all(&tea).await, ["of a fast clock"], "it is not shown, even before it is deleted");
    assert_eq!(house.engine.sweep(house.now()).await.unwrap().envelopes, 1);
    assert_eq!(house.engine.sweep(house.now()).await.unwrap().envelopes, 0);
    house.pass(80 * DAY);
    assert_eq!(house.engine.sweep(house.now()).await.unwrap().envelopes, 2, "the fast clock gained nothing");
    assert!(house.all(&tea).await.is_empty() && house.all(&idle).await.is_empty());
    house.write(&idle, "again", house.now()).await.unwrap();
    assert_eq!(house.all(&idle).await, ["again"]);
}

#[tokio::test]
async fn a_room_has_a_budget_and_what_is_in_it_stays() {
    let mut settings = Settings::default();
    settings.policies.room.stream.bytes = 100;
    let house = House::with(settings);
    let tea = room("tea");
    let size = house.written_at(&tea, "12345678901234567890", house.now()).size();
    for _ in 0..100 / size {
        house.write(&tea, "12345678901234567890", house.now()).await.unwrap();
    }
    assert_eq!(house.write(&tea, "12345678901234567890", house.now()).await, Err(Refusal::StreamFull));
    house.write(&room("other"), "12345678901234567890", house.now()).await.unwrap();
    assert_eq!(house.all(&tea).await.len(), usize::try_from(100 / size).unwrap());
}

#[tokio::test]
async fn who_joins_again_after_giving_up_misses_nothing_from_then_on() {
    let house = House::new();
    let tea = room("tea");
    house.write(&tea, "before", house.now()).await.unwrap();
    let mut reader = house.engine.subscriber();
    drop(reader.join(tea.clone()).now_or_never());
    assert!(!reader.join(tea.clone()).await.unwrap(), "followed since the first time");
    house.write(&tea, "after", house.now()).await.unwrap();
    assert_eq!(read(&mut reader, 1).await, ["after"]);
}
