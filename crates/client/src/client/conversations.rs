//! Conversations as the client drives them: their steps become requests, and the answers go back to them.

use super::Client;
use super::jobs::Job;
use super::live::Wanted;
use super::purpose::{AskedHub, Present, Purpose};
use super::requests::{Ask, Patience, Reply};
use super::turn::Turn;
use crate::command::Fault;
use crate::conversation::step::{Appended, HubRequest, Looked, ParcelBody, Step};
use crate::conversation::{Conversation, Forgetful, GivenBack, Me, Refusal, Scene};
use crate::io::Time;
use crate::profile::Name;
use crate::view::{Event, GroupId, Identity};
use tidings_wire::api::{Entries, Entry, Group, NewEntry, Placed, TakenPackages};
use tidings_wire::bytes::Fixed;
use tidings_wire::failure::Code;

/// Entries asked for at once.
const PAGE: u32 = 500;
/// How long a device waits for a welcome before it joins a conversation of its profile by itself, in milliseconds.
const WELCOME_WAIT: Time = 15_000;
/// The wait after a conversation could not be joined, in milliseconds.
const JOIN_AGAIN: Time = 10 * 60 * 1000;
/// How long changes of the profile are gathered, in milliseconds.
pub(super) const PROFILE_WAIT: Time = 2_000;
/// How long changes of read marks are gathered, in milliseconds.
const MARKS_WAIT: Time = 20_000;

/// Something to tell conversations once the present call has ended.
pub(crate) enum Call {
    /// Packages could not even be asked for.
    NoPackages(GroupId, Identity, Refusal),
    /// Somebody's device list is another.
    Devices(Identity),
    /// Somebody's standing as a contact is another.
    Contact(Identity),
    /// A live connection is gone.
    Unfollowed(GroupId, bool),
    /// Perhaps somebody is new in a conversation.
    Members(GroupId),
    /// One is not in it, as somebody had said.
    Unfounded(GroupId),
}

impl Client {
    /// Oneself, as conversations see it.
    pub(super) fn me_scene(&self) -> Option<Me> {
        let own = self.own.as_ref()?;
        Some(Me {
            identity: own.identity(),
            device: own.device_key(),
            certificate: own.certificate.bytes().to_vec(),
            access_root: *own.secrets.access_root(),
            devices: own.list().bytes().to_vec(),
            backup: own.profile.at_node,
            read_receipts: self.settings().read_receipts,
        })
    }

    /// Does something with a conversation, and what it asks for in turn. `None` if there is no such one.
    pub(super) fn with<R>(
        &mut self,
        turn: &mut Turn<'_>,
        group: &GroupId,
        call: impl FnOnce(&mut Conversation, &mut Scene<'_>) -> R,
    ) -> Option<R> {
        let me = self.me_scene()?;
        let mut steps = Vec::new();
        let conversation = self.conversations.get_mut(group)?;
        let result = call(conversation, &mut turn.scene(&me, &self.book, &mut steps));
        self.steps(turn, group, steps);
        Some(result)
    }

    /// Makes a conversation, with what it asks for.
    pub(super) fn make<R>(
        &mut self,
        turn: &mut Turn<'_>,
        make: impl FnOnce(&mut Scene<'_>) -> Result<(Conversation, R), Fault>,
    ) -> Result<(GroupId, R), Fault> {
        let me = self.me_scene().ok_or(Fault::NoAccount)?;
        let mut steps = Vec::new();
        let (conversation, rest) = make(&mut turn.scene(&me, &self.book, &mut steps))?;
        let group = conversation.id();
        self.missing.remove(&group);
        self.conversations.insert(group, conversation);
        self.steps(turn, &group, steps);
        // Before this device's own marks go into the profile.
        if let Some(marks) = self.book.get(&Name::Read(group)).map(<[u8]>::to_vec) {
            self.with(turn, &group, |conversation, scene| conversation.apply_read_marks(scene, &marks));
        }
        self.write_entry(turn, &group);
        self.write_marks(turn, &group);
        self.wake_me(turn, &group);
        self.calls.push_back(Call::Members(group));
        turn.show(Event::Changed);
        Ok((group, rest))
    }

    /// The same with every conversation.
    pub(super) fn with_all(&mut self, turn: &mut Turn<'_>, mut call: impl FnMut(&mut Conversation, &mut Scene<'_>)) {
        let groups: Vec<_> = self.conversations.keys().copied().collect();
        for group in groups {
            self.with(turn, &group, &mut call);
        }
    }

    pub(super) fn call(&mut self, turn: &mut Turn<'_>, call: Call) {
        match call {
            Call::NoPackages(group, who, refusal) => {
                self.with(turn, &group, |conversation, scene| conversation.packages(scene, &who, Err(refusal)));
            }
            Call::Devices(who) => {
                let own = self.own.as_ref().is_some_and(|own| own.identity() == who);
                self.with_all(turn, |conversation, scene| {
                    if own || conversation.has_member(&who) {
                        conversation.devices_changed(scene, &who);
                    }
                });
            }
            Call::Contact(who) => self.with_all(turn, |conversation, scene| {
                if conversation.knows(&who) {
                    conversation.contact_changed(scene, &who);
                }
            }),
            Call::Members(group) => self.greet_members(turn, &group),
            Call::Unfounded(group) => self.forget_word(turn, &group),
            Call::Unfollowed(group, refused) => {
                self.with(turn, &group, |conversation, scene| conversation.unfollowed(scene, refused));
            }
        }
    }

    fn steps(&mut self, turn: &mut Turn<'_>, group: &GroupId, steps: Vec<Step>) {
        let before = self.jobs.origin.replace(*group);
        for step in steps {
            self.step(turn, group, step);
        }
        self.jobs.origin = before;
    }

    fn step(&mut self, turn: &mut Turn<'_>, group: &GroupId, step: Step) {
        match step {
            Step::Hub(request) => self.ask_hub(turn, group, request),
            Step::TakePackages(who) => self.ask_packages(group, &who),
            Step::Parcel(to, body) => self.post_parcel(turn, &to, body),
            Step::Follow(follow) => self.follow_group(turn, group, follow),
            Step::WakeAt(at) => {
                self.wakes.insert(*group, at);
            }
            Step::Profile => self.write_entry(turn, group),
            Step::Hurry => self.hurry(),
            Step::ReadMarks => self.write_marks(turn, group),
            Step::DeviceList(who, list) => self.heard_devices(turn, &who, &list),
            Step::Card(who, card) => self.heard_card(turn, &who, &card),
            Step::Witness(by, profile, devices) => self.witnessed(by, profile, devices, turn.now),
            Step::Introduced(by, _, said) => self.introduced(turn, &by, *said),
            Step::Counter(who, counter) => self.heard_backup(turn, &who, counter),
            Step::DestroyBlob(url, secret) => {
                self.add_job(turn, Job::DestroyBlob { url, secret: Fixed(secret) });
            }
            Step::Unfounded => self.calls.push_back(Call::Unfounded(*group)),
            Step::ForgetFile(message) => self.forget_file(turn, group, &message),
            Step::Show(event) => {
                match &event {
                    Event::Gone { .. } => self.archive_again(turn, group),
                    Event::Message { .. } => self.archive_soon(turn, group),
                    Event::Conversation(_) => self.calls.push_back(Call::Members(*group)),
                    _ => {}
                }
                turn.show(event);
            }
        }
    }

    fn ask_hub(&mut self, turn: &mut Turn<'_>, group: &GroupId, request: HubRequest) {
        let (Some(me), Some(conversation), Ok(own)) = (self.me_scene(), self.conversations.get(group), self.account())
        else {
            return;
        };
        let (key, hub) = (conversation.access_key(&me), conversation.hub().to_owned());
        let purpose = |asked| Purpose::Hub(*group, asked);
        let present = self.present(group);
        let path = format!("/v1/groups/{group}");
        let ask = match request {
            HubRequest::Create(new) => {
                Ask::new(&hub, "POST", "/v1/groups", purpose(AskedHub::Create)).json(&new).signed(&own.device_key())
            }
            HubRequest::Append(entry) => {
                let asked = AskedHub::Append(entry.id, present);
                Ask::new(&hub, "POST", format!("{path}/entries"), purpose(asked)).json::<NewEntry>(&entry).signed(&key)
            }
            HubRequest::Fetch { after } => {
                let target = format!("{path}/entries?after={after}&limit={PAGE}");
                Ask::new(&hub, "GET", target, purpose(AskedHub::Fetch(present))).signed(&key)
            }
            HubRequest::Look => Ask::new(&hub, "GET", path, purpose(AskedHub::Look(present))).signed(&key),
            HubRequest::Leave => {
                let job = Job::LeaveHub { hub, group: *group, key: Fixed(key.to_bytes()) };
                self.add_job(turn, job);
                return;
            }
        };
        self.requests.ask(ask.patience(Patience::Once));
    }

    fn ask_packages(&mut self, group: &GroupId, who: &Identity) {
        match self.mailbox(who) {
            Some((node, key)) => {
                let target = format!("/v1/inboxes/{who}/key-packages");
                let ask = Ask::new(&node, "POST", target, Purpose::TakePackages(*group, *who)).signed(&key);
                self.requests.ask(ask.patience(Patience::Once));
            }
            None => {
                let refusal = Refusal::Never("only contacts can be added".to_owned());
                self.calls.push_back(Call::NoPackages(*group, *who, refusal));
            }
        }
    }

    pub(super) fn packages_taken(&mut self, turn: &mut Turn<'_>, group: &GroupId, who: &Identity, reply: Reply) {
        let taken = match reply.read::<TakenPackages>() {
            Ok(taken) => Ok(taken),
            Err(Fault::Offline) => Err(Refusal::Later),
            Err(fault) => Err(Refusal::Never(fault.to_string())),
        };
        self.with(turn, group, |conversation, scene| conversation.packages(scene, who, taken));
    }

    /// Takes the answer of a hub to the conversation that asked.
    pub(super) fn hub_answered(&mut self, turn: &mut Turn<'_>, group: &GroupId, asked: AskedHub, reply: Reply) {
        let reply = if self.is_outdated(group, asked) { Reply::Later } else { reply };
        let forgetful = self.forgetful(group);
        match asked {
            AskedHub::Create => self.created(turn, group, reply),
            AskedHub::Append(id, _) => {
                let outcome = appended(&reply);
                self.with(turn, group, |conversation, scene| conversation.appended(scene, id.0, outcome));
                self.read_on(group);
            }
            AskedHub::Fetch(_) => {
                let gone = matches!(reply.status(), 403 | 404);
                let read = reply.read::<Entries>();
                let over = read.as_ref().is_ok_and(|found| self.contradicts(group, found.incarnation));
                self.with(turn, group, |conversation, scene| match read {
                    Ok(found) if !over => conversation.fetched(scene, &found),
                    _ => conversation.fetch_failed(scene, gone),
                });
                self.read_on(group);
            }
            AskedHub::Look(_) => {
                let gone = matches!(reply.status(), 403 | 404);
                let looked = match reply.read::<Group>() {
                    Ok(found) if self.contradicts(group, found.incarnation) => Looked::Later,
                    Ok(found) => Looked::Found(Box::new(found)),
                    Err(_) if gone => Looked::NotAccepted(forgetful),
                    Err(_) => Looked::Later,
                };
                self.with(turn, group, |conversation, scene| conversation.hub_state(scene, looked));
            }
        }
    }

    /// What is known of the hub of a conversation, which does not know this member.
    pub(super) fn forgetful(&self, group: &GroupId) -> Forgetful {
        let hub = self.conversations.get(group).map_or("", |conversation| conversation.hub());
        let home = self.own.as_ref().is_some_and(|own| own.node == hub);
        Forgetful { incarnation: self.live.incarnation(hub), home, open: self.live.is_open(hub) }
    }

    /// Which incarnation of its hub is known of a conversation.
    fn present(&self, group: &GroupId) -> Present {
        let found = self.conversations.get(group);
        let said = found.map_or(0, |conversation| self.live.incarnation(conversation.hub()));
        Present { said, read: found.and_then(Conversation::incarnation).unwrap_or(said) }
    }

    /// Whether the hub was restored from a backup since it was asked: numbers and places that it gave before may mean nothing now.
    fn is_outdated(&self, group: &GroupId, asked: AskedHub) -> bool {
        match asked {
            AskedHub::Append(_, then) | AskedHub::Fetch(then) | AskedHub::Look(then) => then != self.present(group),
            AskedHub::Create => false,
        }
    }

    /// Whether this incarnation of the hub is another than that to which there is a connection: one of them is over.
    fn contradicts(&self, group: &GroupId, incarnation: u64) -> bool {
        let hub = self.conversations.get(group).map_or("", |conversation| conversation.hub());
        self.live.is_open(hub) && self.live.incarnation(hub) != incarnation
    }

    /// Entries came on the live connection. Those of another incarnation than that of which the conversation was read last mean nothing.
    pub(super) fn group_entries(&mut self, turn: &mut Turn<'_>, group: &GroupId, entries: &[Entry]) {
        let present = self.present(group);
        if present.said == present.read {
            self.with(turn, group, |conversation, scene| conversation.entries(scene, entries));
            self.read_on(group);
        }
    }

    fn created(&mut self, turn: &mut Turn<'_>, group: &GroupId, reply: Reply) {
        if self.conversations.get(group).is_some_and(Conversation::gives_back) {
            return self.given_back(turn, group, &reply);
        }
        let worked = match &reply {
            Reply::Later => Err(None),
            Reply::Answer(answer) if (200..300).contains(&answer.status) => Ok(()),
            // The node was restored and does not know this device yet; the clock may be right again.
            Reply::Answer(answer) if matches!(answer.code(), Code::NotAccepted | Code::Unsigned) => Err(None),
            Reply::Answer(answer) => Err(Some(answer.fault().to_string())),
        };
        let good = worked.is_ok();
        let never = matches!(worked, Err(Some(_)));
        self.with(turn, group, |conversation, scene| conversation.created(scene, worked));
        if good {
            self.group_created(turn, group);
        } else if never {
            self.group_refused(turn, group);
        }
    }

    fn given_back(&mut self, turn: &mut Turn<'_>, group: &GroupId, reply: &Reply) {
        let outcome = match reply {
            Reply::Answer(answer) if (200..300).contains(&answer.status) => {
                GivenBack::Made(self.forgetful(group).incarnation)
            }
            Reply::Answer(answer) if answer.code() == Code::Exists => GivenBack::Exists,
            _ => GivenBack::Later,
        };
        self.with(turn, group, |conversation, scene| conversation.given_back(scene, outcome));
        if matches!(outcome, GivenBack::Made(_)) {
            self.wake_me(turn, group);
        }
    }

    /// Notes how far a group was read, for the next connection.
    pub(super) fn read_on(&mut self, group: &GroupId) {
        if let Some(conversation) = self.conversations.get(group) {
            self.live.read_group(conversation.hub(), group, conversation.cursor());
        }
    }

    fn follow_group(&mut self, turn: &mut Turn<'_>, group: &GroupId, follow: bool) {
        let Some((hub, wanted)) = self.wanted_group(group) else { return };
        if follow {
            self.live.follow_group(&hub, *group, wanted);
        } else if let Some(action) = self.live.unfollow_group(&hub, group) {
            turn.act(action);
        }
    }

    /// How a conversation is followed, and where.
    fn wanted_group(&self, group: &GroupId) -> Option<(String, Wanted)> {
        let (me, conversation) = (self.me_scene()?, self.conversations.get(group)?);
        // Said only where the hub may wake this device, so that it tells nothing more.
        let device = self.own.as_ref().filter(|own| own.push.is_some()).map(|own| Fixed(own.mark()));
        let wanted = Wanted { key: conversation.access_key(&me), after: conversation.cursor(), device };
        Some((conversation.hub().to_owned(), wanted))
    }

    /// A hub says that a group is followed.
    pub(super) fn group_followed(&mut self, turn: &mut Turn<'_>, group: &GroupId, end: u64, at: u64) {
        let wants = self.conversations.get(group).is_some_and(Conversation::wants_following);
        if let Some((hub, wanted)) = self.wanted_group(group).filter(|_| wants) {
            self.live.following(&hub, *group, wanted);
        }
        let incarnation = self.conversations.get(group).map_or(0, |found| self.live.incarnation(found.hub()));
        self.with(turn, group, |conversation, scene| conversation.followed(scene, incarnation, end, at));
        self.wake_where_refused(turn, group);
        self.read_on(group);
    }

    /// Writes what the profile says of a conversation, if it is another now.
    pub(super) fn write_entry(&mut self, turn: &mut Turn<'_>, group: &GroupId) {
        let Some(conversation) = self.founded(group) else { return };
        let entry = conversation.profile_entry();
        if self.book.set(turn, &Name::Conversation(*group), Some(entry)) {
            self.owe_profile(turn.now, PROFILE_WAIT);
        }
    }

    /// Writes what was read, if it is more now. Not together with the rest: another device may have written more of the one, and knows less of
    /// the other.
    pub(super) fn write_marks(&mut self, turn: &mut Turn<'_>, group: &GroupId) {
        let Some(conversation) = self.founded(group) else { return };
        let marks = conversation.read_marks();
        if self.book.set(turn, &Name::Read(*group), Some(marks)) {
            self.owe_profile(turn.now, MARKS_WAIT);
        }
    }

    /// Notes which conversations of the profile this device is not in. A welcome may be on its way.
    pub(super) fn find_missing(&mut self, now: Time) {
        let first = self.own.as_ref().is_some_and(|own| !own.profile.read);
        let at = if first { now } else { now.saturating_add(WELCOME_WAIT) };
        let names = self.book.names("conversation/").into_iter();
        let groups = names.filter_map(|name| match name {
            Name::Conversation(group) if !self.conversations.contains_key(&group) => Some(group),
            _ => None,
        });
        let groups: Vec<_> = groups.collect();
        for group in groups {
            self.missing.entry(group).or_insert(at);
        }
    }

    /// Joins by itself the conversations whose time has come.
    pub(super) fn join_missing(&mut self, turn: &mut Turn<'_>) {
        if !self.is_ready() {
            return;
        }
        let due: Vec<_> = self.missing.iter().filter(|(_, at)| **at <= turn.now).map(|(group, _)| *group).collect();
        for group in due {
            self.join_known(turn, group);
        }
    }

    /// Joins a conversation that the profile knows.
    pub(super) fn join_known(&mut self, turn: &mut Turn<'_>, group: GroupId) {
        self.missing.remove(&group);
        let Some(entry) = self.book.get(&Name::Conversation(group)).map(<[u8]>::to_vec) else { return };
        match self.make(turn, |scene| Ok((Conversation::rejoin(scene, group, &entry)?, ()))) {
            Ok(_) => self.restore_history(turn, &group),
            Err(_) => {
                self.missing.insert(group, turn.now.saturating_add(JOIN_AGAIN));
            }
        }
    }

    /// A parcel brought a welcome.
    pub(super) fn welcomed(
        &mut self,
        turn: &mut Turn<'_>,
        from: &Identity,
        welcome: &ParcelBody,
    ) -> Result<GroupId, Fault> {
        let ParcelBody::Welcome { group, .. } = welcome else { return Err(Fault::Distrust("no welcome".to_owned())) };
        let group = GroupId(*group);
        self.find_known(turn, group)?;
        self.forget_word(turn, &group);
        if self.conversations.contains_key(&group) {
            let done = self.with(turn, &group, |conversation, scene| conversation.welcomed(scene, from, welcome));
            return done.unwrap_or(Err(Fault::NoAccount)).map(|()| group);
        }
        let joined = self.make(turn, |scene| Ok((Conversation::join(scene, from, welcome)?, ())));
        self.upkeep.packages_used(turn.now);
        joined.map(|(group, ())| {
            self.restore_history(turn, &group);
            group
        })
    }
}

fn appended(reply: &Reply) -> Appended {
    let answer = match reply {
        Reply::Later => return Appended::Later,
        Reply::Answer(answer) => answer,
    };
    match (answer.status, answer.read::<Placed>(), answer.code()) {
        (200..300, Ok(placed), _) => Appended::Placed { number: placed.number, at: placed.at },
        (200..300, Err(_), _) => Appended::Later,
        (409, _, Code::Turn) => Appended::Turn,
        // The disk of the hub may have room again, the clock may be right again.
        (401 | 507, _, _) => Appended::Later,
        _ => Appended::Refused(answer.fault().to_string()),
    }
}
