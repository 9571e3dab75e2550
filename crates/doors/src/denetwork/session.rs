//! One client's session: a task that answers its requests in order and hands it what its rooms say.
//!
//! Memory is bounded on every side: requests that wait are few and small, what goes out has a mark above which nothing is added,
//! and rooms are read by cursor, so that a client which reads slowly is merely behind.

use super::Denetwork;
use super::history;
use super::limits::Budget;
use super::message::REQUEST_MAX;
use super::meter;
use super::posting::{Ended, Posting};
use super::refusal::{Refused, Status};
use super::reply::{Event, Said};
use super::request::{UNKNOWN, read_count, read_pull, read_room};
use crate::socketio::{self, Incoming};
use crate::websocket::Frame;
use std::collections::VecDeque;
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;
use tidings_core::{StreamName, Timestamp};
use tidings_engine::{Error, Item, Subscriber};

/// Messages that are verified and posted together at most.
const BATCH_MAX: usize = 32;

/// Requests that may wait for an answer before no more are read.
const WAITING_MAX: usize = 2 * BATCH_MAX;

/// Bytes on their way to the client above which nothing is added.
const MARK: usize = 256 * 1024;

/// How long to wait before looking again whether a client that is behind and polls has taken something.
const LOOK_AGAIN: Duration = Duration::from_millis(100);

/// How long to wait after the rooms could not be read.
const AFTER_ERROR: Duration = Duration::from_secs(1);

/// The slot of this door's live frames in the memory tail.
const LIVE: usize = 1;

/// A request that waits.
struct Ask {
    event: Event,
    ack: Option<u64>,
    /// Its argument; empty if there is none.
    argument: Result<String, Refused>,
}

/// Messages that are being stored, with the numbers under which their senders wait.
struct UnderWay {
    acks: Vec<Option<u64>>,
    ended: Pin<Box<dyn Future<Output = Ended> + Send>>,
}

/// What happened next.
enum Next {
    Incoming(Incoming),
    Posted(Ended),
    News(Result<Vec<Arc<Item>>, Error>),
    Looked,
}

struct Session {
    door: Arc<Denetwork>,
    line: socketio::Session,
    subscriber: Subscriber,
    budget: Budget,
    waiting: VecDeque<Ask>,
    under_way: Option<UnderWay>,
}

/// Serves a client until it goes.
pub(super) async fn run(door: Arc<Denetwork>, line: socketio::Session) {
    let (subscriber, budget) = (door.engine.subscriber(), Budget::new(line.address().0));
    let mut session = Session { door, line, subscriber, budget, waiting: VecDeque::new(), under_way: None };
    loop {
        session.work().await;
        match session.next().await {
            Next::Incoming(Incoming::Closed) => return,
            Next::Incoming(Incoming::Event(event)) => session.take_in(&event),
            Next::Posted(ended) => session.acknowledge(ended),
            Next::News(Ok(items)) => session.deliver(&items),
            Next::News(Err(error)) => {
                tracing::error!(%error, "a client's rooms can't be read");
                tokio::time::sleep(AFTER_ERROR).await;
            }
            Next::Looked => {}
        }
    }
}

impl Session {
    async fn next(&mut self) -> Next {
        let (behind, full) = (self.line.queued() >= MARK, self.waiting.len() >= WAITING_MAX);
        let line = &mut self.line;
        // What was sent goes out all the while. Of a client that is behind the line reads nothing by itself, but it notices when
        // that client is gone.
        let heard = poll_fn(|cx| {
            if full && !behind {
                let _ = pin!(line.push()).poll(cx);
            } else if let Poll::Ready(incoming) = pin!(line.event()).poll(cx) {
                return Poll::Ready(Next::Incoming(incoming));
            }
            if behind && line.queued() < MARK { Poll::Ready(Next::Looked) } else { Poll::Pending }
        });
        let posting = async {
            match &mut self.under_way {
                Some(under_way) => under_way.ended.as_mut().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            heard = heard => heard,
            ended = posting => Next::Posted(ended),
            news = self.subscriber.next(), if !behind => Next::News(news.map(|news| news.batch.items)),
            () = tokio::time::sleep(LOOK_AGAIN), if behind => Next::Looked,
        }
    }

    /// Takes a request and all that came with it.
    fn take_in(&mut self, event: &socketio::Event) {
        self.waiting.push_back(Ask::new(event));
        while self.waiting.len() < WAITING_MAX
            && let Some(event) = self.line.event_at_hand()
        {
            self.waiting.push_back(Ask::new(&event));
        }
    }

    /// Answers what waits, one after the other, unless messages are being stored or the client does not read its answers.
    async fn work(&mut self) {
        while self.under_way.is_none() && self.line.queued() < MARK {
            let Some(ask) = self.waiting.pop_front() else { return };
            if ask.event == Event::Message {
                self.messages(ask).await;
            } else {
                let (event, ack) = (ask.event, ask.ack);
                let said = self.answer(ask).await;
                self.reply(event, ack, &said);
            }
        }
    }

    async fn answer(&mut self, ask: Ask) -> Result<Said, Refused> {
        let (door, now) = (Arc::clone(&self.door), self.door.engine.now());
        let settings = door.settings.load();
        self.budget.request(&door.limits, settings.events, now)?;
        let argument = ask.argument?;
        match ask.event {
            Event::Join => self.join(read_room(&argument)?, settings.rooms).await,
            Event::Leave => {
                self.subscriber.leave(&read_room(&argument)?);
                Ok(Said::Success(true))
            }
            Event::Exist | Event::Pull | Event::Count => {
                self.budget.may_miss(&door.limits, now)?;
                self.look_up(ask.event, &argument, now).await
            }
            Event::Message | Event::Unknown => Err(UNKNOWN),
        }
    }

    async fn join(&mut self, room: StreamName, max: usize) -> Result<Said, Refused> {
        if self.subscriber.len() >= max && !self.subscriber.joined(&room) {
            return Err(Refused::too_many("too many rooms on one connection"));
        }
        self.subscriber.join(room).await?;
        Ok(Said::Success(true))
    }

    /// What costs by what is found.
    async fn look_up(&mut self, event: Event, argument: &str, now: Timestamp) -> Result<Said, Refused> {
        let engine = &self.door.engine;
        let (said, items, misses) = match event {
            Event::Pull => {
                let found = history::pull(engine, &read_pull(argument)?).await?;
                meter::pulled(found.items);
                (Said::Page(found.said), found.items, found.misses)
            }
            Event::Count => {
                let found = history::count(engine, &read_count(argument)?).await?;
                (Said::Counts(found.said), found.items, found.misses)
            }
            _ => {
                let there = engine.followed(&read_room(argument)?);
                (Said::Success(there), 1, usize::from(!there))
            }
        };
        let rate = self.door.settings.load().events;
        self.budget.answered(&self.door.limits, rate, items, misses, now);
        Ok(said)
    }

    /// Verifies this message and those that wait right behind it, and begins to store them.
    async fn messages(&mut self, first: Ask) {
        let now = self.door.engine.now();
        let (mut acks, mut passed, mut requests) = (Vec::new(), Vec::new(), Vec::new());
        let mut next = Some(first);
        while let Some(ask) = next {
            let request = self.admit(now).and(ask.argument);
            acks.push(ask.ack);
            passed.push(request.map(|request| requests.push(request)));
            let more = acks.len() < BATCH_MAX && self.waiting.front().is_some_and(|ask| ask.event == Event::Message);
            next = if more { self.waiting.pop_front() } else { None };
        }
        let mut checked = self.door.verifier.verify(requests, now).await.into_iter();
        let mut posting = Posting::default();
        for passed in passed {
            match passed.map(|()| checked.next()) {
                Ok(Some(checked)) => posting.add(checked, |message| {
                    let surely_new = self.door.engine.surely_new(message.id);
                    self.door.limits.may_store(message.wallet, surely_new, now)
                }),
                Ok(None) => posting.refuse(UNKNOWN),
                Err(refused) => posting.refuse(refused),
            }
        }
        self.note_sent(&posting);
        let ended = Box::pin(posting.post(self.door.engine.clone(), now));
        self.under_way = Some(UnderWay { acks, ended });
    }

    fn admit(&mut self, now: Timestamp) -> Result<(), Refused> {
        let (limits, rate) = (&self.door.limits, self.door.settings.load().events);
        self.budget.request(limits, rate, now)?;
        self.budget.message(limits, now)
    }

    /// Leaves them out of what this socket hears, if it has joined their rooms.
    fn note_sent(&mut self, posting: &Posting) {
        let echo = self.door.settings.load().echo;
        for (room, id) in posting.drafts() {
            if !echo && self.subscriber.joined(room) {
                self.subscriber.sent(id);
            }
        }
    }

    /// Answers the messages that were stored, in order.
    fn acknowledge(&mut self, ended: Ended) {
        let Some(UnderWay { acks, .. }) = self.under_way.take() else { return };
        meter::posted(&ended.outcomes);
        ended.forgotten.into_iter().for_each(|id| self.subscriber.unsent(id));
        let now = self.door.engine.now();
        ended.stored.into_iter().for_each(|wallet| self.door.limits.stored(wallet, now));
        for (ack, outcome) in acks.into_iter().zip(ended.outcomes) {
            self.reply(Event::Message, ack, &outcome.map(|_| Said::Success(true)));
        }
    }

    fn reply(&mut self, event: Event, ack: Option<u64>, said: &Result<Said, Refused>) {
        meter::answered(event, said.as_ref().err());
        let Some(ack) = ack else { return };
        let text = self.door.replies.write(event, said, self.door.engine.now());
        self.line.reply_parts(ack, &[text.into()]);
    }

    fn deliver(&mut self, items: &[Arc<Item>]) {
        meter::delivered(items.len());
        for item in items {
            let frame = item.encoded(LIVE, |envelope| {
                let request = envelope.body.as_deref().unwrap_or(b"null");
                socketio::event_frame(Event::Message.name(), request).into_bytes()
            });
            self.line.send(Frame::ready(frame));
        }
    }
}

impl Ask {
    /// Keeps of a request what is needed; of one that is too large, not even that.
    fn new(event: &socketio::Event) -> Self {
        let argument = event.argument().unwrap_or_default();
        let argument = if argument.len() > REQUEST_MAX {
            Err(Refused::new(Status::TooLarge, "the request is larger than 32 KiB"))
        } else {
            Ok(argument.to_owned())
        };
        Self { event: Event::named(event.name()), ack: event.ack(), argument }
    }
}
