//! Things that must reach a node, kept until the node has answered.

use super::accepting::AcceptJob;
use super::layout::Damage;
use super::purpose::Purpose;
use super::requests::{Ask, Reply};
use super::turn::Turn;
use super::{Client, address};
use crate::command::Fault;
use crate::io::Time;
use crate::records::{Direction, RecordKey, Records, Table};
use crate::view::{GroupId, Identity};
use ed25519_dalek::SigningKey;
use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;
use std::collections::BTreeMap;
use tidings_wire::api::{NewExchange, NewParcel};
use tidings_wire::bytes::{Blob, Fixed, encode};

/// Most jobs that are kept.
const JOBS_MAX: usize = 50_000;
/// Most bytes of one.
const JOB_BYTES_MAX: usize = 4 * 1024 * 1024;
/// How long a parcel is offered to a node that does not accept it, and anything to a node that can't be reached, in milliseconds.
const PARCEL_LASTS: Time = 30 * 24 * 3600 * 1000;
/// When a welcome is posted again, in milliseconds after it was made, the last time first.
pub(super) const WELCOME_WAITS: [Time; 2] = [24 * 3600 * 1000, 3600 * 1000];
/// The first and the longest wait before a refused parcel is offered again, in milliseconds.
const REFUSED_WAIT: (Time, Time) = (5_000, 6 * 3600 * 1000);

/// Something that must reach a node.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) enum Job {
    /// A parcel for somebody's inbox.
    Parcel {
        to: Identity,
        id: Fixed<16>,
        /// Sealed.
        body: ByteBuf,
        /// Whether it should be told by push.
        notify: bool,
        /// How often it was refused, or taken and is to be posted once more: nobody waits for what comes then.
        refused: u32,
        since: Time,
        /// How often it is posted once more after it was taken.
        #[serde(default)]
        again: u8,
        /// When that is due next; 0 if it was not taken yet.
        #[serde(default)]
        due: Time,
    },
    /// A blob that is to be gone.
    DestroyBlob { url: String, secret: Fixed<16> },
    /// An exchange is opened at the home node.
    OpenExchange { id: Fixed<16>, offer: ByteBuf, expires: Time },
    /// An exchange is over.
    DeleteExchange { id: Fixed<16> },
    /// One's own key is taken off a hub's list.
    LeaveHub { hub: String, group: GroupId, key: Fixed<32> },
    /// The answer to an invitation.
    Accept(Box<AcceptJob>),
    /// The one who was introduced waits for the other's offer.
    Watch { introduction: Fixed<16>, node: String, tries: u32, until: Time },
    /// Where a hub says that something came.
    Wake { hub: String, group: GroupId, key: Fixed<32>, url: Option<String> },
    /// The home node gives an address for that.
    WakeAddress { group: GroupId },
}

struct Kept {
    job: Job,
    /// A request for it is under way.
    asked: bool,
    /// It was answered since this client was opened.
    answered: bool,
    not_before: Time,
    /// The conversation that it came of, if that is known.
    origin: Option<GroupId>,
    /// When it was first found again at a start.
    since: Option<Time>,
}

impl Kept {
    fn new(job: Job, origin: Option<GroupId>) -> Self {
        let not_before = if let Job::Parcel { due, .. } = &job { *due } else { 0 };
        Self { job, asked: false, answered: false, not_before, origin, since: None }
    }

    /// Whether a person would want to wait for it.
    fn urgent(&self) -> bool {
        match &self.job {
            Job::Parcel { refused, .. } => *refused == 0,
            Job::Watch { .. } => !self.answered,
            // One that was refused waits until the hub accepts this device.
            Job::Wake { .. } => self.not_before < Time::MAX,
            _ => true,
        }
    }
}

/// All jobs.
pub(crate) struct Jobs {
    kept: BTreeMap<u64, Kept>,
    /// The conversation whose steps are being done.
    pub(super) origin: Option<GroupId>,
}

fn place(number: u64) -> RecordKey {
    RecordKey::new(Table::Own, b"job", number.to_be_bytes())
}

/// When a job was first found again at a start.
fn since_place(number: u64) -> RecordKey {
    RecordKey::new(Table::Own, b"job since", number.to_be_bytes())
}

impl Jobs {
    /// Reads what was kept.
    pub(super) fn open(records: &dyn Records, damage: &mut Damage) -> Result<Self, Fault> {
        let mut kept = BTreeMap::new();
        for (order, value) in records.scan(Table::Own, b"job", None, Direction::Up, JOBS_MAX)? {
            let Ok(number) = order.try_into().map(u64::from_be_bytes) else { continue };
            let Some(job) = damage.read(&value, JOB_BYTES_MAX) else { continue };
            kept.insert(number, Kept::new(job, None));
        }
        for (order, value) in records.scan(Table::Own, b"job since", None, Direction::Up, JOBS_MAX)? {
            let Ok(number) = order.try_into().map(u64::from_be_bytes) else { continue };
            let since = value.as_slice().try_into().ok().map(u64::from_be_bytes);
            if let Some(job) = kept.get_mut(&number) {
                job.since = since;
            }
        }
        Ok(Self { kept, origin: None })
    }

    /// One of them.
    pub(super) fn get(&self, number: u64) -> Option<&Job> {
        self.kept.get(&number).map(|kept| &kept.job)
    }

    /// All of them.
    pub(super) fn all(&self) -> impl Iterator<Item = (u64, &Job)> {
        self.kept.iter().map(|(number, kept)| (*number, &kept.job))
    }

    /// What a hub was to be told that did not accept the key, if anything: where it wakes this device.
    pub(super) fn refused_wake(&self, group: &GroupId) -> Option<Option<String>> {
        self.kept.values().find_map(|kept| match &kept.job {
            Job::Wake { group: of, url, .. } if of == group && kept.not_before == Time::MAX => Some(url.clone()),
            _ => None,
        })
    }

    /// When one may be asked again.
    pub(super) fn next_due(&self) -> Option<Time> {
        let waits = |kept: &&Kept| !kept.asked && kept.not_before > 0 && kept.not_before < Time::MAX;
        self.kept.values().filter(waits).map(|kept| kept.not_before).min()
    }

    /// Whether a person would want to wait for what came of a conversation.
    pub(super) fn urgent_of(&self, group: &GroupId) -> bool {
        self.kept.values().any(|kept| kept.origin.as_ref() == Some(group) && kept.urgent())
    }
}

/// What comes of a job after an answer.
pub(crate) enum After {
    /// It is over.
    Over,
    /// It is asked again at this time.
    Again(Time),
}

impl Client {
    /// Begins a job: it is kept now and asked for as soon as may be.
    pub(super) fn add_job(&mut self, turn: &mut Turn<'_>, job: Job) -> u64 {
        let number = self.own_mut().map_or(0, |own| {
            own.next_job += 1;
            own.next_job
        });
        if self.jobs.kept.len() < JOBS_MAX {
            turn.put(place(number), &job);
            let origin = self.jobs.origin;
            self.jobs.kept.insert(number, Kept::new(job, origin));
        }
        number
    }

    /// Changes a job, and asks for it no earlier than at `not_before`.
    pub(super) fn change_job(&mut self, turn: &mut Turn<'_>, number: u64, job: Job, not_before: Time) {
        turn.put(place(number), &job);
        let (answered, origin) = self.jobs.kept.get(&number).map_or((false, None), |kept| (kept.answered, kept.origin));
        self.jobs.kept.insert(number, Kept { answered, not_before, ..Kept::new(job, origin) });
    }

    /// Ends a job.
    pub(super) fn end_job(&mut self, turn: &mut Turn<'_>, number: u64) {
        if let Some(kept) = self.jobs.kept.remove(&number) {
            turn.remove(place(number));
            kept.since.into_iter().for_each(|_| turn.remove(since_place(number)));
        }
    }

    /// Everything that was kept is asked for again.
    pub(super) fn start_jobs(&mut self, turn: &mut Turn<'_>) {
        for (number, kept) in &mut self.jobs.kept {
            kept.asked = false;
            if kept.since.is_none() {
                kept.since = Some(turn.now);
                turn.batch.put(since_place(*number), turn.now.to_be_bytes().to_vec());
            }
        }
        self.end_old_jobs(turn);
        self.tick_jobs(turn);
    }

    /// What could not be brought to its node for so long is given up: the node is gone.
    fn end_old_jobs(&mut self, turn: &mut Turn<'_>) {
        let old = |kept: &Kept| kept.since.is_some_and(|since| turn.now.saturating_sub(since) >= PARCEL_LASTS);
        let home = |job: &Job| {
            matches!(job, Job::OpenExchange { .. } | Job::Accept(_) | Job::Watch { .. } | Job::WakeAddress { .. })
        };
        let old = self.jobs.kept.iter().filter(|(_, kept)| old(kept) && !home(&kept.job));
        let old: Vec<_> = old.map(|(number, _)| *number).collect();
        old.into_iter().for_each(|number| self.end_job(turn, number));
    }

    /// Whether a person would want to wait for a job that is left, and its node can be reached as far as is known.
    pub(super) fn jobs_urgent(&self) -> bool {
        self.jobs.kept.values().any(|kept| kept.urgent() && !self.waits_for_node(&kept.job))
    }

    /// The same of one job.
    pub(super) fn job_is_urgent(&self, number: u64) -> bool {
        self.jobs.kept.get(&number).is_some_and(|kept| kept.urgent() && !self.waits_for_node(&kept.job))
    }

    /// Whether a node is somebody else's and could not be reached when it was last tried.
    pub(super) fn is_away(&self, node: &str) -> bool {
        self.own.as_ref().is_some_and(|own| own.node != node) && self.requests.is_away(node)
    }

    fn waits_for_node(&self, job: &Job) -> bool {
        let node = match job {
            Job::Parcel { to, .. } => self.mailbox(to).map(|(node, _)| node),
            Job::LeaveHub { hub, .. } | Job::Wake { hub, .. } => Some(hub.clone()),
            Job::DestroyBlob { url, .. } => address::split_url(url).map(|(node, _)| node),
            _ => None,
        };
        node.is_some_and(|node| self.is_away(&node))
    }

    /// Asks for the jobs whose time has come.
    pub(super) fn tick_jobs(&mut self, turn: &mut Turn<'_>) {
        if !self.is_ready() {
            return;
        }
        let due = |kept: &Kept| !kept.asked && kept.not_before <= turn.now;
        let due: Vec<_> = self.jobs.kept.iter().filter(|(_, kept)| due(kept)).map(|(number, _)| *number).collect();
        for number in due {
            let Some(job) = self.jobs.get(number).cloned() else { continue };
            match self.job_request(number, &job) {
                Some(ask) => {
                    self.requests.ask(ask);
                    if let Some(kept) = self.jobs.kept.get_mut(&number) {
                        kept.asked = true;
                        if let Job::Accept(accept) = &mut kept.job {
                            **accept = accept.sending();
                            turn.put(place(number), &kept.job);
                        }
                    }
                }
                None if matches!(job, Job::Accept(_)) => {}
                None => self.end_job(turn, number),
            }
        }
    }

    fn job_request(&self, number: u64, job: &Job) -> Option<Ask<Purpose>> {
        let own = self.account().ok()?;
        let (purpose, device) = (Purpose::Job(number), own.device_key());
        Some(match job {
            Job::Parcel { to, id, body, notify, .. } => {
                let (node, key) = self.mailbox(to)?;
                let target = format!("/v1/inboxes/{to}/parcels");
                let parcel = NewParcel { id: *id, body: Blob(body.to_vec()), notify: *notify };
                Ask::new(&node, "POST", target, purpose).json(&parcel).signed(&key)
            }
            Job::DestroyBlob { url, secret } => {
                let (node, path) = address::split_url(url)?;
                Ask::new(&node, "DELETE", path, purpose).header("tidings-delete", encode(&secret.0))
            }
            Job::OpenExchange { id, offer, expires } => {
                let exchange = NewExchange { id: *id, offer: Some(Blob(offer.to_vec())), expires: *expires };
                Ask::new(&own.node, "POST", "/v1/exchanges", purpose).json(&exchange).signed(&device)
            }
            Job::DeleteExchange { id } => {
                Ask::new(&own.node, "DELETE", format!("/v1/exchanges/{id}"), purpose).signed(&device)
            }
            Job::LeaveHub { hub, group, key } => {
                let target = format!("/v1/groups/{group}/members/self");
                Ask::new(hub, "DELETE", target, purpose).signed(&SigningKey::from_bytes(&key.0))
            }
            Job::Accept(accept) => return accept.request(purpose),
            Job::Watch { introduction, node, .. } => {
                let id = crate::invitation::Invitation(introduction.0).exchange_id();
                Ask::new(node, "GET", format!("/v1/exchanges/{}", encode(&id)), purpose)
            }
            Job::Wake { hub, group, key, url } => {
                let wake = tidings_wire::api::NewWake { url: url.clone(), device: Fixed(own.mark()) };
                let target = format!("/v1/groups/{group}/wake");
                Ask::new(hub, "PUT", target, purpose).json(&wake).signed(&SigningKey::from_bytes(&key.0))
            }
            // One for each group, so that hubs can't see by it who is the same.
            Job::WakeAddress { .. } => Ask::new(&own.node, "POST", "/v1/wakes", purpose).signed(&device),
        })
    }

    /// The node where somebody gets parcels, and the key that may post there.
    pub(super) fn mailbox(&self, who: &Identity) -> Option<(String, SigningKey)> {
        let own = self.own.as_ref()?;
        if own.identity() == *who {
            return Some((own.node.clone(), own.device_key()));
        }
        let (person, contact) = self.book.contact(who)?;
        let node = person.card.as_ref()?.node.clone();
        Some((node, SigningKey::from_bytes(&contact.posting)))
    }

    pub(super) fn job_answered(&mut self, turn: &mut Turn<'_>, number: u64, reply: Reply) {
        let Some(kept) = self.jobs.kept.get_mut(&number) else { return };
        kept.asked = false;
        kept.answered = true;
        let job = kept.job.clone();
        let status = reply.status();
        let after = match job {
            Job::Parcel { again, since, .. } if again > 0 && (200..300).contains(&status) => {
                return self.post_once_more(turn, number, again, since);
            }
            Job::Parcel { refused, since, .. } => parcel_after(status, refused, since, turn.now),
            Job::Accept(accept) => return self.accept_answered(turn, number, *accept, reply),
            Job::Watch { introduction, node, tries, until } => {
                return self.watch_answered(turn, number, (introduction, node, tries, until), reply);
            }
            Job::OpenExchange { id, .. } => {
                self.exchange_opened(turn, &id, reply);
                After::Over
            }
            Job::WakeAddress { group } => {
                self.wake_address(turn, &group, reply);
                after(status, turn.now)
            }
            // It may not know the key just now, as while others put it back on its list: see `wake_where_refused`.
            Job::Wake { .. } if matches!(status, 401 | 403) => After::Again(Time::MAX),
            Job::DestroyBlob { .. } | Job::DeleteExchange { .. } | Job::LeaveHub { .. } | Job::Wake { .. } => {
                after(status, turn.now)
            }
        };
        match after {
            After::Over => self.end_job(turn, number),
            After::Again(at) => self.again(turn, number, at),
        }
    }

    /// What was taken is posted again later: the node may have lost it by then.
    fn post_once_more(&mut self, turn: &mut Turn<'_>, number: u64, left: u8, since: Time) {
        let wait = WELCOME_WAITS.get(usize::from(left).saturating_sub(1)).copied().unwrap_or_default();
        let at = since.saturating_add(wait).max(turn.now);
        if let Some(Kept { job: Job::Parcel { again, due, .. }, .. }) = self.jobs.kept.get_mut(&number) {
            (*again, *due) = (again.saturating_sub(1), at);
        }
        self.again(turn, number, at);
    }

    fn again(&mut self, turn: &mut Turn<'_>, number: u64, at: Time) {
        let Some(kept) = self.jobs.kept.get_mut(&number) else { return };
        kept.not_before = at;
        if let Job::Parcel { refused, .. } = &mut kept.job {
            *refused = refused.saturating_add(1);
        }
        turn.put(place(number), &kept.job);
    }
}

fn after(status: u16, now: Time) -> After {
    // Whatever the node says for good ends it; it was not answered at all when there is no status.
    if status == 0 { After::Again(now.saturating_add(REFUSED_WAIT.0)) } else { After::Over }
}

/// A parcel that is not accepted is offered again, since the other side may not yet have put the key on its list.
fn parcel_after(status: u16, refused: u32, since: Time, now: Time) -> After {
    let (first, longest) = REFUSED_WAIT;
    match status {
        0 | 401 | 403 | 404 | 507 if now.saturating_sub(since) < PARCEL_LASTS => {
            After::Again(now.saturating_add(first.checked_shl(refused.min(20)).unwrap_or(longest).min(longest)))
        }
        _ => After::Over,
    }
}
