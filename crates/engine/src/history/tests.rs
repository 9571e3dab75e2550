//! Rooms in memory on the real store.

use super::*;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use std::hash::{BuildHasher, RandomState};
use tempfile::TempDir;
use tidings_backends::{Options, SqliteStore};
use tidings_core::ports::Posting;
use tidings_core::{BoxKey, Draft, Envelope, EnvelopeId, Label, Policies, StreamKind};

fn now() -> Timestamp {
    Timestamp::from_millis(1_700_000_000_000)
}

fn room(name: &str) -> StreamName {
    StreamName::named(StreamKind::Room, name.as_bytes()).unwrap()
}

struct House {
    store: Arc<dyn Store>,
    history: History,
    _folder: TempDir,
}

impl House {
    fn new(budget: usize) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(&folder.path().join("tidings.db"), &Options::default()).unwrap();
        Self { store, history: History::new(budget), _folder: folder }
    }

    /// Appends without telling.
    async fn append(&self, to: &StreamName, ids: std::ops::Range<u128>, millis: i64) -> Vec<Arc<Item>> {
        let draft = |id: u128| Draft {
            stream: to.clone(),
            id: EnvelopeId::from_bytes(id.to_be_bytes()),
            label: Label::new("sealed"),
            body: Some(vec![7; 500].into()),
            notify: false,
            time: Some(Timestamp::from_millis(now().millis() + millis)),
        };
        let posting = Posting {
            caller: Caller::Key(BoxKey::from_bytes([7; 32]).unwrap().into()),
            drafts: ids.map(draft).collect(),
            novel: Vec::new(),
            blob: None,
            policies: Arc::new(Policies::default()),
            now: now(),
        };
        let answers = self.store.append(posting).await.unwrap();
        answers.into_iter().map(|answer| Arc::new(Item::new(answer.unwrap()))).collect()
    }

    async fn write(&self, to: &StreamName, ids: std::ops::Range<u128>, millis: i64) {
        for item in self.append(to, ids, millis).await {
            self.history.push(to, &item);
        }
    }

    async fn page(&self, of: &StreamName, query: HistoryQuery, at: Timestamp) -> Vec<Envelope> {
        let items = self.history.history(&self.store, of, &query, Timestamp::EPOCH, at).await.unwrap();
        items.iter().map(|item| item.envelope.clone()).collect()
    }

    /// What memory and store say of all of a room is the same; gives how many messages that are.
    async fn agree(&self, of: &StreamName) -> usize {
        self.agree_at(of, now()).await
    }

    async fn agree_at(&self, of: &StreamName, at: Timestamp) -> usize {
        let stored = self.store.history(of.clone(), ALL, Timestamp::EPOCH).await.unwrap();
        assert_eq!(self.page(of, ALL, at).await, stored);
        let count = self.history.count(&self.store, of, ALL.from, ALL.to, Timestamp::EPOCH, at).await.unwrap();
        assert_eq!(usize::try_from(count).unwrap(), stored.len());
        stored.len()
    }

    fn is_held(&self, name: &StreamName) -> bool {
        self.history.rooms().get(name).is_some_and(|room| room.ask(|_| ()).is_some())
    }

    /// The budget is kept, and the sum is right.
    fn sums_agree(&self) {
        let rooms = self.history.rooms();
        let sum: usize = rooms.iter().map(|(name, room)| room.state().bytes() + overhead(name)).sum();
        assert_eq!(self.history.bytes.load(Ordering::Relaxed), sum);
        assert!(sum <= self.history.budget);
    }
}

#[tokio::test]
async fn a_room_that_was_read_follows_what_happens() {
    let house = House::new(1 << 20);
    let tea = room("tea");
    assert_eq!(house.agree(&tea).await, 0);
    assert!(!house.is_held(&tea), "what is empty takes no memory");
    house.write(&tea, 0..20, 10).await;
    assert_eq!(house.agree(&tea).await, 20);
    assert!(house.is_held(&tea));
    house.write(&tea, 20..25, 5).await;
    assert_eq!(house.agree(&tea).await, 25);
    let taken = house.store.take(tea.clone(), EnvelopeId::from_bytes(3u128.to_be_bytes())).await.unwrap().unwrap();
    house.history.remove(&tea, taken.seq);
    assert_eq!(house.agree(&tea).await, 24);
    let query =
        HistoryQuery { order: Order::Descending, skip: 2, limit: 3, from: Bound::At(now()), to: Bound::Newest(1) };
    let stored = house.store.history(tea.clone(), query, Timestamp::EPOCH).await.unwrap();
    assert_eq!(house.page(&tea, query, now()).await, stored);
    house.sums_agree();
    // Another process writes.
    house.append(&tea, 30..31, 0).await;
    house.history.forget(&tea);
    assert!(!house.is_held(&tea));
    assert_eq!(house.agree(&tea).await, 25);
    house.history.forget_all();
    house.sums_agree();
    assert!(house.history.rooms().is_empty());
}

fn later(seconds: u64) -> Timestamp {
    now().after(Duration::from_secs(seconds))
}

#[tokio::test]
async fn rooms_read_longest_ago_go_for_others_and_idle_ones_go_anyway() {
    let house = House::new(100_000);
    let names: Vec<_> = (0..10).map(|number| room(&format!("room {number}"))).collect();
    for (number, name) in (0..).zip(&names) {
        house.write(name, number * 100..number * 100 + 10, 0).await;
        let at = later(20 * u64::try_from(number).unwrap());
        assert_eq!(house.agree_at(name, at).await, 10);
        assert_eq!(house.agree_at(&names[0], at).await, 10);
        house.sums_agree();
    }
    assert!(house.is_held(&names[0]) && house.is_held(&names[9]) && !house.is_held(&names[1]));
    house.page(&names[9], ALL, now().after(IDLE)).await;
    house.page(&names[9], ALL, now().after(2 * IDLE)).await;
    assert!(house.is_held(&names[9]) && house.history.rooms().len() == 1);
    house.sums_agree();
}

#[tokio::test]
async fn large_rooms_stay_away() {
    let house = House::new(100_000);
    let (large, growing) = (room("large"), room("growing"));
    house.write(&large, 0..70, 0).await;
    assert_eq!(house.agree(&large).await, 70);
    assert!(!house.is_held(&large) && house.history.find(&large, now()).is_some());
    house.write(&growing, 100..120, 0).await;
    house.agree(&growing).await;
    assert!(house.is_held(&growing));
    house.write(&growing, 120..170, 0).await;
    assert!(!house.is_held(&growing), "too large by now");
    assert_eq!(house.agree(&growing).await, 70);
    house.sums_agree();
}

#[tokio::test]
async fn two_rooms_that_have_no_room_together_do_not_drive_each_other_out() {
    let house = House::new(100_000);
    let (one, two) = (room("one"), room("two"));
    house.write(&one, 0..45, 0).await;
    house.write(&two, 100..145, 0).await;
    for _ in 0..3 {
        house.agree(&one).await;
        house.agree(&two).await;
        assert!(house.is_held(&one) && !house.is_held(&two));
    }
    house.agree_at(&two, later(29)).await;
    assert!(!house.is_held(&two), "it is not tried at once");
    house.agree_at(&two, later(31)).await;
    assert!(house.is_held(&two) && !house.is_held(&one), "nobody reads the other any more");
    house.sums_agree();
}

#[tokio::test]
async fn a_reader_that_gives_up_leaves_nothing_behind() {
    // The store answers from another thread, which may be so quick that there is nothing to give up; then once more.
    for _ in 0..100 {
        let house = House::new(1 << 20);
        let tea = room("tea");
        house.write(&tea, 0..5, 0).await;
        {
            let loading = house.history.history(&house.store, &tea, &ALL, Timestamp::EPOCH, now());
            tokio::pin!(loading);
            tokio::select! {
                biased;
                _ = &mut loading => continue,
                () = std::future::ready(()) => {}
            }
            assert_eq!(house.history.rooms().len(), 1);
        }
        assert!(house.history.rooms().is_empty());
        house.sums_agree();
        assert_eq!(house.agree(&tea).await, 5);
        return;
    }
    panic!("no reader could give up in a hundred tries");
}

/// Writers and a remover who tell late, readers, and somebody who forgets: in the end all agree.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_at_once_agree_in_the_end() {
    let seed = RandomState::new().hash_one(0);
    println!("seed {seed}");
    let (house, tea) = (Arc::new(House::new(1 << 22)), room("tea"));
    let mut tasks = Vec::new();
    for writer in 0..4u64 {
        let (house, tea) = (Arc::clone(&house), tea.clone());
        let mut random = StdRng::seed_from_u64(seed.wrapping_add(writer));
        tasks.push(tokio::spawn(async move {
            for number in 0..60 {
                let id = u128::from(writer) * 1000 + number;
                let item = house.append(&tea, id..id + 1, random.random_range(0..50)).await.remove(0);
                for _ in 0..random.random_range(0..20) {
                    tokio::task::yield_now().await;
                }
                let gone = if random.random_bool(0.3) {
                    house.store.take(tea.clone(), item.envelope.id).await.unwrap()
                } else {
                    None
                };
                let removed_first = random.random_bool(0.5);
                if let Some(gone) = gone.as_ref().filter(|_| removed_first) {
                    house.history.remove(&tea, gone.seq);
                }
                house.history.push(&tea, &item);
                if let Some(gone) = gone.filter(|_| !removed_first) {
                    house.history.remove(&tea, gone.seq);
                }
            }
        }));
    }
    for reader in 0..3u64 {
        let (house, tea) = (Arc::clone(&house), tea.clone());
        let mut random = StdRng::seed_from_u64(seed.wrapping_sub(reader));
        tasks.push(tokio::spawn(async move {
            for _ in 0..150 {
                let page = house.page(&tea, ALL, now()).await;
                let order: Vec<_> = page.iter().map(|message| (message.time, message.seq)).collect();
                assert!(order.is_sorted_by(|a, b| a < b), "in order, and none twice");
                if random.random_bool(0.1) {
                    house.history.forget(&tea);
                }
            }
        }));
    }
    for task in tasks {
        task.await.unwrap();
    }
    house.agree(&tea).await;
    assert!(house.is_held(&tea));
    house.agree(&tea).await;
    house.sums_agree();
}
