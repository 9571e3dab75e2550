//! Pages and counts of rooms (wire/denetwork.md, sections 7 and 8).

use super::refusal::Refused;
use super::reply::{PageOf, write_list};
use super::request::{CountOption, Pull, REVERSED};
use std::io::Write as _;
use std::sync::Arc;
use tidings_core::{Bound, HistoryQuery, Order, StreamName, Timestamp};
use tidings_engine::{Engine, Error, Item};

/// Messages that a page may have beyond its size, to complete a group of the same millisecond.
const GROUP_MAX: usize = 256;

/// What was found, and what it costs.
pub(super) struct Found<T> {
    /// It.
    pub(super) said: T,
    /// Messages given, or rooms counted.
    pub(super) items: usize,
    /// Rooms in which nothing was found.
    pub(super) misses: usize,
}

/// Gives a page.
pub(super) async fn pull(engine: &Engine, pull: &Pull) -> Result<Found<PageOf>, Refused> {
    if reversed(engine, pull).await? {
        return Err(REVERSED);
    }
    let items = page(engine, pull).await?;
    let members = engine.count(&pull.room, Bound::Oldest, Bound::Newest(0)).await?;
    let full = items.len() >= pull.query.limit;
    let page_key = items.last().filter(|_| full).map_or(0, |item| time(item).millis());
    let found = items.len();
    let said = PageOf { room: pull.room.clone(), items, page_key, members };
    Ok(Found { said, items: found, misses: usize::from(members == 0) })
}

/// Whether the end is before the beginning, where one of them is a message and not a moment.
async fn reversed(engine: &Engine, pull: &Pull) -> Result<bool, Error> {
    let Pull { room, query } = pull;
    let (begin, end) = match (query.from, query.to) {
        (Bound::Newest(_), Bound::At(end)) => (moment(engine, room, query.from).await?, Some(end)),
        (Bound::At(begin), Bound::Oldest) => (Some(begin), moment(engine, room, query.to).await?),
        (Bound::Newest(_), Bound::Oldest) => {
            (moment(engine, room, query.from).await?, moment(engine, room, query.to).await?)
        }
        _ => return Ok(false),
    };
    Ok(begin.zip(end).is_some_and(|(begin, end)| end < begin))
}

/// When the message at a bound was written.
async fn moment(engine: &Engine, room: &StreamName, bound: Bound) -> Result<Option<Timestamp>, Error> {
    let query = HistoryQuery { from: bound, to: bound, order: Order::Ascending, skip: 0, limit: 1 };
    Ok(engine.history(room, &query).await?.first().map(|item| time(item)))
}

/// The messages of a page. Clients go back by asking for what is older than the oldest they have seen, so that a page which
/// ends among messages of one millisecond would hide the others of it from them: these are added (section 13, row 11).
async fn page(engine: &Engine, pull: &Pull) -> Result<Vec<Arc<Item>>, Error> {
    let (query, size) = (pull.query, pull.query.limit);
    if query.order == Order::Ascending {
        return engine.history(&pull.room, &query).await;
    }
    let mut items = engine.history(&pull.room, &HistoryQuery { limit: size + 1, ..query }).await?;
    let next = if items.len() > size { items.pop() } else { None };
    let (Some(next), Some(last)) = (next, items.last().cloned()) else { return Ok(items) };
    if time(&next) == time(&last) {
        let skip = query.skip.saturating_add(u64::try_from(size).unwrap_or(u64::MAX));
        let rest = engine.history(&pull.room, &HistoryQuery { skip, limit: GROUP_MAX, ..query }).await?;
        // What came meanwhile has moved the others on, so that some may be there again.
        let in_group = |item: &Arc<Item>| time(item) == time(&last) && item.envelope.seq < last.envelope.seq;
        items.extend(rest.into_iter().filter(in_group));
    }
    Ok(items)
}

fn time(item: &Item) -> Timestamp {
    item.envelope.time.unwrap_or(item.envelope.at)
}

/// Counts rooms; gives a JSON array with an object for each option, in order.
pub(super) async fn count(engine: &Engine, options: &[CountOption]) -> Result<Found<Vec<u8>>, Error> {
    let mut found = Found { said: b"[".to_vec(), items: 0, misses: 0 };
    for (at, option) in options.iter().enumerate() {
        let (count, newest) = match &option.room {
            Some(room) => (engine.count(room, option.from, option.to).await?, newest(engine, room, option).await?),
            None => (0, Vec::new()),
        };
        found.items += 1 + newest.len();
        found.misses += usize::from(count == 0 && newest.is_empty());
        let comma = if at > 0 { "," } else { "" };
        let _ = write!(found.said, "{comma}{{\"channel\":\"{}\",\"count\":{count}", option.channel);
        if option.last.is_some() {
            found.said.extend_from_slice(b",\"lastElementList\":");
            match &option.room {
                Some(room) => write_list(room, &newest, &mut found.said),
                None => found.said.extend_from_slice(b"[]"),
            }
        }
        found.said.push(b'}');
    }
    found.said.push(b']');
    Ok(found)
}

/// The newest messages of the whole room that an option asks for, the oldest of them first.
async fn newest(engine: &Engine, room: &StreamName, option: &CountOption) -> Result<Vec<Arc<Item>>, Error> {
    let Some(limit) = option.last else { return Ok(Vec::new()) };
    let query = HistoryQuery { from: Bound::Oldest, to: Bound::Newest(0), order: Order::Descending, skip: 0, limit };
    let mut newest = engine.history(room, &query).await?;
    newest.reverse();
    Ok(newest)
}
