//! Ids that are stored in rooms: a Bloom filter that stands before the exact look-up. It is trusted only when it says no. Should
//! it ever be wrong then, the store still finds the id when it inserts it.

use crate::Engine;
use crate::error::Error;
use fastbloom::BloomFilter;
use std::collections::VecDeque;
use std::hash::RandomState;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tidings_core::{EnvelopeId, Store, StreamKind, Timestamp};
use tokio::sync::Notify;

/// Part of the new ids that the filter takes for known ones when it holds as many as it was made for.
const FALSE_POSITIVES: f64 = 0.001;

/// Ids that the smallest filter is made for; it has 180 kB.
const IDS_MIN: usize = 100_000;

/// Bytes of the largest filter. It holds nine million ids at the rate above; with more of them the rate grows. While one is
/// rebuilt there are two.
const BYTES_MAX: usize = 16 << 20;

/// How many times what is stored a new filter is made for.
const ROOM_TO_GROW: usize = 2;

/// The newest ids, which a new filter begins with: the store may not show yet what was announced to the old one.
const RECENT_MAX: usize = 8192;

/// Ids read at a time.
const PAGE: usize = 2000;

/// After how many new ids the published count is brought up to date.
const PUBLISH_EVERY: usize = 1024;

/// After a failure, how long until the filter is built again.
const AGAIN_AFTER: Duration = Duration::from_secs(30);

/// Which ids may be stored already.
pub(crate) struct Known {
    state: Mutex<State>,
    full: Notify,
    ids_min: usize,
    bytes_max: usize,
}

#[derive(Default)]
struct State {
    /// Says maybe to all that is stored. None until it was built for the first time.
    filter: Option<Filter>,
    /// Its successor, while it is filled.
    next: Option<Filter>,
    recent: VecDeque<EnvelopeId>,
}

struct Filter {
    /// With a secret hash function: senders choose ids, and must not be able to fill the filter.
    bits: BloomFilter<RandomState>,
    /// Ids in it, about.
    ids: usize,
    /// Ids that it is made for.
    capacity: usize,
}

impl Filter {
    fn new(capacity: usize, bytes_max: usize) -> Self {
        let wanted = fastbloom::optimal_size(capacity, FALSE_POSITIVES);
        let bits = BloomFilter::with_num_bits(wanted.min(bytes_max.saturating_mul(8)));
        Self { bits: bits.hasher(RandomState::new()).expected_items(capacity), ids: 0, capacity }
    }

    /// Puts an id in. True if it was certainly not in it.
    fn insert(&mut self, id: EnvelopeId) -> bool {
        let new = !self.bits.insert(&id);
        self.ids += usize::from(new);
        new
    }

    fn extend(&mut self, ids: impl IntoIterator<Item = EnvelopeId>) {
        for id in ids {
            self.insert(id);
        }
    }

    fn is_full(&self) -> bool {
        self.ids >= self.capacity
    }

    fn publish(&self) {
        metrics::gauge!("tidings_known_ids").set(as_float(self.ids));
        metrics::gauge!("tidings_known_ids_bytes").set(as_float(self.bits.num_bits() / 8));
    }
}

/// What gauges take; exact for all counts that occur here.
fn as_float(number: usize) -> f64 {
    u32::try_from(number).map_or(f64::INFINITY, f64::from)
}

impl Default for Known {
    fn default() -> Self {
        Self::sized(IDS_MIN, BYTES_MAX)
    }
}

impl Known {
    fn sized(ids_min: usize, bytes_max: usize) -> Self {
        Self { state: Mutex::default(), full: Notify::new(), ids_min, bytes_max }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether an id is certainly not stored, without noting it.
    pub(crate) fn lacks(&self, id: EnvelopeId) -> bool {
        self.lock().filter.as_ref().is_some_and(|filter| !filter.bits.contains(&id))
    }

    /// Notes an id that is about to be stored. True if it is certainly not stored already; false means maybe. If storing it
    /// fails, it stays noted, which does no harm.
    pub(crate) fn novel(&self, id: EnvelopeId) -> bool {
        let mut state = self.lock();
        if state.recent.len() >= RECENT_MAX {
            state.recent.pop_front();
        }
        state.recent.push_back(id);
        if let Some(next) = &mut state.next {
            next.insert(id);
        }
        let novel = state.filter.as_mut().is_some_and(|filter| {
            let novel = filter.insert(id);
            if novel && filter.ids == filter.capacity {
                self.full.notify_one();
            }
            if novel && filter.ids.is_multiple_of(PUBLISH_EVERY) {
                filter.publish();
            }
            novel
        });
        drop(state);
        if !novel {
            metrics::counter!("tidings_known_ids_maybe_total").increment(1);
        }
        novel
    }

    /// Counts an id that was called maybe and was new after all. Before the filter is built that says nothing of it.
    pub(crate) fn was_false(&self) {
        if self.lock().filter.is_some() {
            metrics::counter!("tidings_known_ids_false_positives_total").increment(1);
        }
    }

    /// Builds the filter from what is stored, and again with more room whenever it holds what it was made for, for ever.
    pub(crate) async fn run(&self, store: &Arc<dyn Store>) {
        loop {
            match self.rebuild(store).await {
                // More may have come meanwhile than it was made for.
                Ok(()) if self.is_full() => {}
                Ok(()) => self.full.notified().await,
                Err(error) => {
                    tracing::warn!(%error, "the ids of rooms could not be read; all are looked up until then");
                    tokio::time::sleep(AGAIN_AFTER).await;
                }
            }
        }
    }

    fn is_full(&self) -> bool {
        self.lock().filter.as_ref().is_some_and(Filter::is_full)
    }

    /// Fills a new filter, made for twice what is stored, and puts it in the place of the old one.
    async fn rebuild(&self, store: &Arc<dyn Store>) -> Result<(), Error> {
        // The moment only matters for other counts.
        let stored = store.statistics(Timestamp::EPOCH).await?.room_messages;
        let stored = usize::try_from(stored).unwrap_or(usize::MAX);
        let capacity = stored.saturating_mul(ROOM_TO_GROW).max(self.ids_min);
        self.begin(Filter::new(capacity, self.bytes_max));
        let mut after = None;
        loop {
            let page = store.ids(StreamKind::Room, after, PAGE).await?;
            let mut state = self.lock();
            if let Some(next) = &mut state.next {
                next.extend(page.ids);
            }
            after = page.next;
            if after.is_none() {
                state.filter = state.next.take();
                state.filter.iter().for_each(Filter::publish);
                return Ok(());
            }
        }
    }

    /// From now on, whatever is noted is in the new filter, too.
    fn begin(&self, mut next: Filter) {
        let mut state = self.lock();
        next.extend(state.recent.iter().copied());
        state.next = Some(next);
    }
}

impl Engine {
    /// Whether no message of this id is in any room, for certain. False means that there may be one.
    pub fn surely_new(&self, id: EnvelopeId) -> bool {
        self.inner.known.lacks(id)
    }

    /// Learns which ids are stored, so that appending to a room need not look up what is new, and keeps the filter large enough,
    /// for ever. Until it has learnt them, and without this, every id is looked up.
    pub async fn run_known_ids(&self) {
        self.inner.known.run(&self.inner.store).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tempfile::TempDir;
    use tidings_backends::{Options, SqliteStore};
    use tidings_core::ports::Posting;
    use tidings_core::{BoxKey, Caller, Draft, Label, Policies, StreamName};

    /// Spreads numbers as random ones are.
    fn id(number: u64) -> EnvelopeId {
        let spread = u128::from(number).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835);
        EnvelopeId::from_bytes((spread ^ spread >> 61).to_be_bytes())
    }

    fn store() -> (Arc<dyn Store>, TempDir) {
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(&folder.path().join("tidings.db"), &Options::default()).unwrap();
        (store, folder)
    }

    async fn keep(store: &Arc<dyn Store>, ids: impl Iterator<Item = EnvelopeId>) {
        let stream = StreamName::named(StreamKind::Room, b"tea").unwrap();
        let draft =
            |id| Draft { stream: stream.clone(), id, label: Label::new(""), body: None, notify: false, time: None };
        let posting = Posting {
            caller: Caller::Key(BoxKey::from_bytes([7; 32]).unwrap().into()),
            drafts: ids.map(draft).collect(),
            novel: Vec::new(),
            blob: None,
            policies: Arc::new(Policies::default()),
            now: Timestamp::from_millis(1_700_000_000_000),
        };
        assert!(store.append(posting).await.unwrap().iter().all(Result::is_ok));
    }

    #[test]
    fn nothing_is_certain_before_the_filter_is_built() {
        let known = Known::default();
        assert!(!known.novel(id(1)) && !known.novel(id(2)));
    }

    #[tokio::test]
    async fn what_is_stored_or_was_noted_is_never_called_new() {
        let (store, _folder) = store();
        keep(&store, (0..5000).map(id)).await;
        let known = Known::default();
        known.novel(id(9000));
        known.rebuild(&store).await.unwrap();
        assert!((0..5000).chain([9000]).all(|number| !known.novel(id(number))));
        let new = (10_000..20_000).filter(|number| known.novel(id(*number))).count();
        assert!(new > 9950, "only {new} of 10000 new ids were known to be new");
        assert!((10_000..20_000).all(|number| !known.novel(id(number))), "each only once");
    }

    #[tokio::test]
    async fn what_is_noted_while_the_filter_is_built_is_in_it() {
        let (store, _folder) = store();
        keep(&store, (0..10).map(id)).await;
        let known = Known::default();
        known.rebuild(&store).await.unwrap();
        assert!(known.novel(id(20)), "its append is under way");
        known.begin(Filter::new(100, BYTES_MAX));
        assert!(known.novel(id(21)));
        let mut state = known.lock();
        state.filter = state.next.take();
        drop(state);
        assert!(!known.novel(id(20)) && !known.novel(id(21)));
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_full_filter_is_built_anew_with_more_room() {
        let (store, _folder) = store();
        let known = Arc::new(Known::sized(1000, BYTES_MAX));
        let (running, kept) = (Arc::clone(&known), Arc::clone(&store));
        let task = tokio::spawn(async move { running.run(&kept).await });
        let until = async |enough: &dyn Fn(&Filter) -> bool| {
            let there = async || {
                while !known.lock().filter.as_ref().is_some_and(enough) {
                    tokio::task::yield_now().await;
                }
            };
            tokio::time::timeout(Duration::from_secs(30), there()).await.unwrap();
        };
        until(&|filter| filter.capacity == 1000).await;
        keep(&store, (0..1100).map(id)).await;
        let new = (0..1100).filter(|number| known.novel(id(*number))).count();
        // With the thousandth it begins to be built anew, from a store that has them all.
        assert!(new > 980, "{new}");
        until(&|filter| filter.capacity == 2200).await;
        assert!((0..1100).all(|number| !known.novel(id(number))));
        task.abort();
    }

    #[test]
    fn the_rate_of_false_positives_is_as_designed_and_the_size_is_bounded() {
        let mut filter = Filter::new(IDS_MIN, BYTES_MAX);
        assert!((0..100_000).map(id).filter(|id| !filter.insert(*id)).count() < 100);
        assert!(filter.bits.num_bits() / 8 < 200_000);
        let wrong = (1_000_000..1_200_000).filter(|number| filter.bits.contains(&id(*number))).count();
        println!("{wrong} of 200000 new ids were taken for known ones");
        assert!((100..400).contains(&wrong), "{wrong} of 200000, where 200 are expected");
        assert!((0..100_000).all(|number| filter.bits.contains(&id(number))));
        let large = Filter::new(usize::MAX / 64, BYTES_MAX);
        assert!(large.bits.num_bits() / 8 <= BYTES_MAX);
    }
}
