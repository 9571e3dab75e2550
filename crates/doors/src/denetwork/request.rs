//! What clients ask for beside sending messages (wire/denetwork.md, sections 2, 7 and 8).

use super::json::{Kind, Value};
use super::message::{read_message, read_request, room_of};
use super::refusal::Refused;
use super::reply::Event;
use tidings_core::{Bound, HistoryQuery, Order, StreamKind, StreamName, Timestamp};

/// Messages on a page if nothing else is asked for, or something that is not possible.
const PAGE_DEFAULT: u8 = 30;

/// Messages on a page at most.
const PAGE_MAX: u8 = 100;

/// Rooms that may be counted at once.
const OPTIONS_MAX: usize = 500;

/// The newest messages that are given beside a count at most.
const LAST_MAX: f64 = 3.0;

/// An event of another name.
pub(super) const UNKNOWN: Refused = Refused::bad("there is no such event");

/// A stretch that ends before it begins.
pub(super) const REVERSED: Refused = Refused::bad("endTimestamp is before startTimestamp");

/// A page of a room.
pub(super) struct Pull {
    /// The room.
    pub(super) room: StreamName,
    /// Which page.
    pub(super) query: HistoryQuery,
}

/// One room to be counted.
pub(super) struct CountOption {
    /// Its name as it was sent, still in JSON but without quotes.
    pub(super) channel: Box<str>,
    /// The room; none if nothing can have this name.
    pub(super) room: Option<StreamName>,
    /// From where.
    pub(super) from: Bound,
    /// Up to where.
    pub(super) to: Bound,
    /// How many of the newest messages are asked for beside the count.
    pub(super) last: Option<usize>,
}

/// Reads the argument of any event, without doing anything. Fails with what the client is to be told.
pub fn read_event(event: &str, argument: &str, now: Timestamp) -> Result<(), Refused> {
    match Event::named(event) {
        Event::Join | Event::Leave | Event::Exist => read_room(argument).map(drop),
        Event::Message => read_message(argument, now).map(drop),
        Event::Pull => read_pull(argument).map(drop),
        Event::Count => read_count(argument).map(drop),
        Event::Unknown => Err(UNKNOWN),
    }
}

/// Reads the argument of `room-join`, `room-leave` and `room-exist`.
pub(super) fn read_room(request: &str) -> Result<StreamName, Refused> {
    room_of(read_request(request)?.root())
}

/// Reads the argument of `pull-message`.
pub(super) fn read_pull(request: &str) -> Result<Pull, Refused> {
    let document = read_request(request)?;
    let root = document.root();
    let room = room_of(root)?;
    let wrong = Refused::bad("startTimestamp and endTimestamp must be numbers, at least -1");
    let moment = |name| root.member(name).and_then(Value::number).filter(|moment| *moment >= -1.0).ok_or(wrong);
    let (start, end) = (moment("startTimestamp")?, moment("endTimestamp")?);
    if start > 0.0 && end > 0.0 && start > end {
        return Err(REVERSED);
    }
    let (order, skip, limit) = page(root.member("pagination"));
    Ok(Pull { room, query: HistoryQuery { from: from(start), to: to(end), order, skip, limit } })
}

/// Order, messages before the page, and messages on it. Nothing in here is refused.
fn page(pagination: Option<Value<'_, '_>>) -> (Order, u64, usize) {
    let number = |name| pagination.and_then(|pagination| pagination.member(name)).and_then(Value::number);
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "rounds down and stops at the ends, as meant"
    )]
    let whole = |number: f64| number as u64;
    let size = number("pageSize").map(whole).and_then(|size| u8::try_from(size).ok());
    let size = size.filter(|size| (1..=PAGE_MAX).contains(size)).unwrap_or(PAGE_DEFAULT);
    let before = number("pageNo").map_or(0, whole).saturating_sub(1);
    let order = if number("order") == Some(2.0) { Order::Descending } else { Order::Ascending };
    (order, before.saturating_mul(u64::from(size)), usize::from(size))
}

/// Where a stretch begins: 0 is the oldest message, -1 the newest, and so on back.
fn from(moment: f64) -> Bound {
    bound(moment, moment.ceil())
}

/// Where it ends, with the same numbers.
fn to(moment: f64) -> Bound {
    bound(moment, moment.floor())
}

fn bound(moment: f64, rounded: f64) -> Bound {
    #[allow(clippy::cast_possible_truncation, reason = "stops at the ends, as meant")]
    let whole = |number: f64| number as i64;
    if moment > 0.0 {
        return Bound::At(Timestamp::from_millis(whole(rounded)));
    }
    match whole(moment) {
        0 => Bound::Oldest,
        back => Bound::Newest(back.unsigned_abs() - 1),
    }
}

/// Reads the argument of `count-message`.
pub(super) fn read_count(request: &str) -> Result<Vec<CountOption>, Refused> {
    let document = read_request(request)?;
    let options = document.root().member("options").filter(|options| options.kind() == Kind::Array);
    let options: Vec<_> = options.ok_or(Refused::bad("options must be an array"))?.elements().collect();
    if options.len() > OPTIONS_MAX {
        return Err(Refused::bad("options has more than 500 elements"));
    }
    options.into_iter().map(count_option).collect()
}

fn count_option(option: Value<'_, '_>) -> Result<CountOption, Refused> {
    let channel =
        option.member("channel").filter(|channel| channel.kind() == Kind::String && !channel.raw().is_empty());
    let channel = channel.ok_or(Refused::bad("channel must be a text that is not empty"))?;
    let number = |name| option.member(name).and_then(Value::number);
    let start = number("startTimestamp").unwrap_or(0.0);
    if start < 0.0 {
        return Err(Refused::bad("startTimestamp must be at least 0"));
    }
    let last = number("lastElement");
    if last.is_some_and(|last| last <= 0.0) {
        return Err(Refused::bad("lastElement must be above 0"));
    }
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "from 1 to 3")]
    let last = last.map(|last| last.ceil().min(LAST_MAX) as usize);
    let end = number("endTimestamp").unwrap_or(-1.0);
    // The form of the name is not checked: a room of any other name is an empty one.
    let room = if channel.escaped() { None } else { StreamName::named(StreamKind::Room, channel.raw().as_bytes()) };
    Ok(CountOption { channel: channel.raw().into(), room, from: from(start), to: to(end), last })
}

#[cfg(test)]
mod tests {
    use super::super::signing::ROOM;
    use super::*;

    fn pull(rest: &str) -> Result<HistoryQuery, (u16, &'static str)> {
        let read = read_pull(&format!("{{\"roomId\":\"{ROOM}\",{rest}}}"));
        read.map(|pull| pull.query).map_err(|refused| (refused.status.code(), refused.reason))
    }

    fn at(millis: i64) -> Bound {
        Bound::At(Timestamp::from_millis(millis))
    }

    #[test]
    fn moments_of_a_pull() {
        let bounds = |start: &str, end: &str| {
            pull(&format!("\"startTimestamp\":{start},\"endTimestamp\":{end}")).map(|query| (query.from, query.to))
        };
        assert_eq!(bounds("0", "-1"), Ok((Bound::Oldest, Bound::Newest(0))));
        assert_eq!(bounds("-1", "0"), Ok((Bound::Newest(0), Bound::Oldest)));
        assert_eq!(bounds("5", "5"), Ok((at(5), at(5))));
        assert_eq!(bounds("4.5", "5.5"), Ok((at(5), at(5))));
        assert_eq!(bounds("1", "1e300"), Ok((at(1), at(i64::MAX))));
        assert_eq!(bounds("6", "5"), Err((400, "endTimestamp is before startTimestamp")));
        for (start, end) in [("-2", "0"), ("0", "-1.5"), ("\"0\"", "0"), ("0", "null"), ("0", "[]")] {
            let wrong = "startTimestamp and endTimestamp must be numbers, at least -1";
            assert_eq!(bounds(start, end), Err((400, wrong)), "{start} {end}");
        }
        assert!(pull("\"startTimestamp\":0").is_err());
    }

    #[test]
    fn pages_of_a_pull() {
        let page = |pagination: &str| {
            let query = pull(&format!("\"startTimestamp\":0,\"endTimestamp\":-1,\"pagination\":{pagination}")).unwrap();
            (query.order == Order::Descending, query.skip, query.limit)
        };
        assert_eq!(page("{}"), (false, 0, 30));
        assert_eq!(page("5"), (false, 0, 30));
        assert_eq!(page(r#"{"pageNo":3,"pageSize":10,"order":2}"#), (true, 20, 10));
        assert_eq!(page(r#"{"pageNo":2.9,"pageSize":10.9,"order":1}"#), (false, 10, 10));
        for no in ["0", "1", "-7", "0.5", "\"4\"", "null"] {
            assert_eq!(page(&format!(r#"{{"pageNo":{no}}}"#)), (false, 0, 30), "{no}");
        }
        for (size, limit) in
            [("1", 1), ("100", 100), ("101", 30), ("0", 30), ("-1", 30), ("1e9", 30), ("\"5\"", 30), ("0.9", 30)]
        {
            assert_eq!(page(&format!(r#"{{"pageSize":{size}}}"#)).2, limit, "{size}");
        }
        for order in ["0", "3", "\"2\"", "true"] {
            assert!(!page(&format!(r#"{{"order":{order}}}"#)).0, "{order}");
        }
        assert_eq!(page(r#"{"pageNo":1e300}"#).1, u64::MAX);
    }

    #[test]
    fn options_of_a_count() {
        let count = |options: &str| read_count(&format!("{{\"options\":{options}}}"));
        let one = |option: &str| {
            let option = count(&format!("[{option}]")).map_err(|refused| refused.reason)?.pop().unwrap();
            Ok::<_, &str>((option.from, option.to, option.last))
        };
        assert_eq!(one(r#"{"channel":"x"}"#), Ok((Bound::Oldest, Bound::Newest(0), None)));
        assert_eq!(
            one(r#"{"channel":"x","startTimestamp":7,"endTimestamp":-3,"lastElement":9}"#),
            Ok((at(7), Bound::Newest(2), Some(3)))
        );
        assert_eq!(
            one(r#"{"channel":"x","startTimestamp":"7","endTimestamp":null,"lastElement":"1"}"#),
            Ok((Bound::Oldest, Bound::Newest(0), None))
        );
        assert_eq!(one(r#"{"channel":"x","lastElement":2}"#).unwrap().2, Some(2));
        assert_eq!(one(r#"{"channel":"x","startTimestamp":-1}"#), Err("startTimestamp must be at least 0"));
        assert_eq!(one(r#"{"channel":"x","lastElement":0}"#), Err("lastElement must be above 0"));
        for channel in ["{}", r#"{"channel":""}"#, r#"{"channel":5}"#, "5", "null"] {
            assert_eq!(one(channel), Err("channel must be a text that is not empty"), "{channel}");
        }
        assert!(count("[]").is_ok_and(|options| options.is_empty()));
        assert_eq!(count("{}").err().map(|refused| refused.status.code()), Some(400));
        let many = |count: usize| format!("[{}]", vec!["{\"channel\":\"x\"}"; count].join(","));
        assert!(count(&many(500)).is_ok());
        assert_eq!(count(&many(501)).err().map(|refused| refused.status.code()), Some(400));
    }
}
