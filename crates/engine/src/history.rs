//! Rooms that are being read, in memory.

use crate::error::Error;
use crate::tail::Item;
use std::sync::Arc;
use tidings_core::{Bound, HistoryQuery, Seq, Store, StreamName, Timestamp};

pub(crate) struct History;

impl History {
    pub(crate) fn new(_budget: usize) -> Self {
        Self
    }

    pub(crate) async fn history(
        &self,
        store: &Arc<dyn Store>,
        room: &StreamName,
        query: &HistoryQuery,
        since: Timestamp,
        _now: Timestamp,
    ) -> Result<Vec<Arc<Item>>, Error> {
        let found = store.history(room.clone(), *query, since).await?;
        Ok(found.into_iter().map(|envelope| Arc::new(Item::new(envelope))).collect())
    }

    pub(crate) async fn count(
        &self,
        store: &Arc<dyn Store>,
        room: &StreamName,
        from: Bound,
        to: Bound,
        since: Timestamp,
        _now: Timestamp,
    ) -> Result<u64, Error> {
        Ok(store.count(room.clone(), from, to, since).await?)
    }

    pub(crate) fn push(&self, _room: &StreamName, _item: &Arc<Item>) {}

    pub(crate) fn remove(&self, _room: &StreamName, _seq: Seq) {}

    pub(crate) fn forget(&self, _room: &StreamName) {}

    pub(crate) fn forget_all(&self) {}
}
