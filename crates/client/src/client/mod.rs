//! The client: everything that a person has on one device, driven by inputs, giving actions.
//!
//! What one call changes goes into one [`Action::Save`], before the actions that depend on it. What must reach a node is kept as a job
//! or as something owed until the node has answered, so a crash at any point repeats a request and forgets none.

mod accepting;
mod account;
mod address;
mod answers;
mod archives;
mod book;
mod cards;
mod channels;
mod commands;
mod contacts;
mod conversations;
mod devices;
mod doubts;
mod effects;
mod enrolling;
mod files;
mod groups;
mod home;
mod inbox;
mod introductions;
mod invitations;
mod jobs;
mod layout;
mod linking;
mod lists;
mod lists_told;
mod live;
mod parcels;
mod profile;
mod purpose;
mod push;
mod requests;
mod rooms;
mod state;
mod stream;
#[cfg(test)]
mod tests;
mod turn;
mod upkeep;
mod views;
mod words;

use crate::command::{Done, Fault};
use crate::conversation::Conversation;
use crate::io::{Action, Input, Surroundings, Time};
use crate::records::Records;
use crate::view::{Event, GroupId};
use book::Book;
use conversations::Call;
use enrolling::Restoring;
use files::Files;
use introductions::Introductions;
use jobs::Jobs;
use linking::Linking;
use live::Live;
use purpose::{Known, Purpose};
use requests::Requests;
use state::{Own, Stage};
use std::collections::{BTreeMap, VecDeque};
use turn::Turn;

/// The longest pause before what is due and can't be done is looked at again: two to the power of this, in
/// milliseconds.
const IN_VAIN_MAX: u32 = 12;

/// Everything that a person has on one device.
pub struct Client {
    own: Option<Own>,
    /// The record of `own` is to be written at the end of this call.
    own_changed: bool,
    /// The version of the records stands there.
    same_layout: bool,
    /// What could not be read.
    damage: layout::Damage,
    left_out: layout::LeftOut,
    /// Conversations that could not be read, and are not yet back.
    damaged: Vec<GroupId>,
    book: Book,
    conversations: BTreeMap<GroupId, Conversation>,
    /// When a conversation wants to be called.
    wakes: BTreeMap<GroupId, Time>,
    /// Conversations of the profile that this device is not in, and when it joins them by itself.
    missing: BTreeMap<GroupId, Time>,
    /// What is to be told to conversations once the present call has ended.
    calls: VecDeque<Call>,
    requests: Requests<Purpose>,
    live: Live,
    jobs: Jobs,
    restoring: Option<Box<Restoring>>,
    linking: Linking,
    introductions: Introductions,
    files: Files,
    archives: archives::Archives,
    inbox: inbox::InboxState,
    upkeep: upkeep::Upkeep,
    effects: effects::Effects,
    /// What was asked of [`Action::WakeAt`] last.
    wake: Option<Time>,
    /// How often, one after the other, it was woken for something that could not be done.
    in_vain: u32,
    /// The time of the last call, for views.
    now: Time,
}

impl Client {
    /// Reads what was kept. Only small records are read here; messages and MLS state are read when they are needed.
    /// Fails with [`Fault::Store`].
    pub fn open(records: &dyn Records, now: Time) -> Result<Self, Fault> {
        let same_layout = layout::check(records)?;
        let mut damage = layout::Damage::default();
        let mut own = Own::open(records)?;
        let mark = own.as_ref().map(Own::mark).unwrap_or_default();
        let kept = Conversation::all(records)?;
        let book = Book::open(records, mark, &mut damage)?;
        if let Some(own) = own.as_mut().filter(|_| damage.count > 0 || records.left_out() > 0) {
            // What is missing here stands at the node: it is read before anything is written there.
            own.profile.read = false;
        }
        let mut client = Self {
            book,
            conversations: kept.good.into_iter().map(|found| (found.id(), found)).collect(),
            jobs: Jobs::open(records, &mut damage)?,
            introductions: Introductions::open(records, &mut damage)?,
            files: Files::open(records, &mut damage)?,
            inbox: inbox::InboxState::open(records, &mut damage)?,
            archives: archives::Archives::open(records, &mut damage)?,
            own,
            own_changed: false,
            same_layout,
            damage,
            left_out: layout::LeftOut::default(),
            damaged: kept.damaged,
            wakes: BTreeMap::new(),
            missing: BTreeMap::new(),
            calls: VecDeque::new(),
            requests: Requests::default(),
            live: Live::default(),
            restoring: None,
            linking: Linking::default(),
            upkeep: upkeep::Upkeep::open(records)?,
            effects: effects::Effects::default(),
            wake: None,
            in_vain: 0,
            now,
        };
        client.refresh_oneself();
        Ok(client)
    }

    /// Takes what happened and gives what is to be done: at most one [`Action::Save`], and it comes first.
    pub fn handle(&mut self, input: Input, surroundings: &mut Surroundings<'_>) -> Vec<Action> {
        self.now = surroundings.now;
        if !matches!(input, Input::Tick) {
            self.in_vain = 0;
        }
        let mut turn = Turn::new(surroundings);
        if let Input::Command(id, command) = &input {
            self.effects_begin(*id, command);
        }
        self.take(&mut turn, input);
        self.due(&mut turn);
        self.settle(&mut turn);
        self.say_left_out(&mut turn);
        self.effects_end(&turn);
        if std::mem::take(&mut self.own_changed) {
            match &self.own {
                Some(own) => own.save(&mut turn),
                None => Own::erase(&mut turn),
            }
        }
        if !self.same_layout && !turn.batch.is_empty() {
            layout::write(&mut turn);
            self.same_layout = true;
        }
        self.start(&mut turn);
        turn.finish()
    }

    fn take(&mut self, turn: &mut Turn<'_>, input: Input) {
        match input {
            Input::Started => self.started(turn),
            Input::Tick => self.wake = None,
            Input::Command(id, command) => self.command(turn, id, command),
            Input::Answer(id, answer) => self.request_ended(turn, id, Some(answer)),
            Input::NoAnswer(id) => self.request_ended(turn, id, None),
            Input::Connected { node } => self.live.connected(&node),
            Input::Heard { node, text } => self.heard(turn, &node, &text),
            Input::Disconnected { node } => self.disconnected(turn, &node),
            Input::FileRead { file, offset, bytes } => self.file_read(turn, file, offset, bytes),
            Input::FileWritten { file, worked } => self.file_written(turn, file, worked),
        }
    }

    fn request_ended(&mut self, turn: &mut Turn<'_>, id: crate::io::RequestId, answer: Option<crate::io::HttpAnswer>) {
        if let Some((purpose, reply)) = self.requests.ended(id, answer, turn.now, turn.random) {
            self.answered(turn, purpose, reply);
        }
    }

    fn started(&mut self, turn: &mut Turn<'_>) {
        match self.own.as_ref().map(|own| own.stage.clone()) {
            None | Some(Stage::Removed) => {}
            Some(Stage::Registering { .. }) => self.register(None),
            Some(Stage::Enrolling) => self.publish_devices(turn),
            Some(Stage::Ready) => self.ready(turn),
        }
    }

    /// The account works on this device: begins everything that goes on by itself.
    fn ready(&mut self, turn: &mut Turn<'_>) {
        self.follow_inbox();
        self.start_jobs(turn);
        self.start_files(turn);
        let groups: Vec<_> = self.conversations.keys().copied().collect();
        for group in groups {
            self.with(turn, &group, |conversation, scene| conversation.started(scene));
        }
        self.say_damage(turn);
        self.find_missing(turn.now);
        self.resume_introductions(turn);
    }

    /// Does what was put off within this call: it may lead to more of it, but not without end.
    fn settle(&mut self, turn: &mut Turn<'_>) {
        const CALLS_MAX: usize = 10_000;
        for _ in 0..CALLS_MAX {
            if let Some(purpose) = self.requests.refused() {
                self.answered(turn, purpose, requests::Reply::Later);
            } else if let Some(call) = self.calls.pop_front() {
                self.call(turn, call);
            } else {
                break;
            }
        }
        self.look_who_entered(turn);
        self.pay(turn);
    }

    /// What the time has come for.
    fn due(&mut self, turn: &mut Turn<'_>) {
        let now = turn.now;
        let due: Vec<_> = self.wakes.iter().filter(|(_, at)| **at <= now).map(|(group, _)| *group).collect();
        for group in due {
            self.wakes.remove(&group);
            self.with(turn, &group, |conversation, scene| conversation.tick(scene));
        }
        self.join_missing(turn);
        self.tick_jobs(turn);
        self.tick_linking(turn);
        self.tick_files(turn);
        self.tick_inbox(turn);
        self.tick_archives(turn);
        self.tick_entering(turn);
        self.expire_invitations(turn);
    }

    /// Gives out requests, connections and the next time to wake up.
    fn start(&mut self, turn: &mut Turn<'_>) {
        for action in self.live.start(turn.now) {
            turn.act(action);
        }
        for action in self.requests.start(turn.now, turn.random) {
            turn.act(action);
        }
        let wake = self.next_wake(turn.now);
        if wake != self.wake {
            self.wake = wake;
            wake.into_iter().for_each(|at| turn.act(Action::WakeAt(at)));
        }
    }

    /// What is due and could not be done waits for something else; it is looked at again, but later and later.
    fn next_wake(&mut self, now: Time) -> Option<Time> {
        let times = [
            self.wakes.values().copied().min(),
            self.missing.values().copied().min(),
            self.requests.next_due(now),
            self.live.next_due(),
            self.jobs.next_due(),
            self.linking.next_due(),
            self.files.next_due(),
            self.inbox.next_due(),
            self.upkeep.next_due().filter(|_| !self.packages_held()),
            self.upkeep.entering_until(),
            self.archives.next_due(),
            self.profile_due(),
        ];
        let (overdue, coming): (Vec<Time>, Vec<Time>) = times.into_iter().flatten().partition(|at| *at <= now);
        if overdue.is_empty() {
            self.in_vain = 0;
        } else if self.wake.is_none() {
            self.in_vain = self.in_vain.saturating_add(1).min(IN_VAIN_MAX);
        }
        let again = (!overdue.is_empty()).then(|| now.saturating_add(1 << self.in_vain));
        coming.into_iter().chain(again).min()
    }

    fn is_ready(&self) -> bool {
        self.own.as_ref().is_some_and(|own| own.stage == Stage::Ready)
    }

    /// One's own state, to be changed.
    fn own_mut(&mut self) -> Option<&mut Own> {
        self.own_changed = self.own.is_some();
        self.own.as_mut()
    }

    /// One's own state of an account that works.
    fn account(&self) -> Result<&Own, Fault> {
        self.own.as_ref().filter(|own| own.stage == Stage::Ready).ok_or(Fault::NoAccount)
    }

    /// Tells the person once.
    fn warn(&mut self, turn: &mut Turn<'_>, warning: &str) {
        if self.own_mut().is_some_and(|own| own.warn(warning)) {
            turn.show(Event::Warning(warning.to_owned()));
            turn.show(Event::Changed);
        }
    }

    /// The same of what others did, who may do it as often as they like.
    fn warn_of_others(&mut self, turn: &mut Turn<'_>, warning: &str) {
        if self.own_mut().is_some_and(|own| own.warn_of_others(warning)) {
            turn.show(Event::Warning(warning.to_owned()));
            turn.show(Event::Changed);
        }
    }

    /// What a warning that begins so said is not so any more.
    fn warn_no_more(&mut self, turn: &mut Turn<'_>, beginning: &str) {
        let stands = self.own.as_ref().is_some_and(|own| own.warnings().iter().any(|text| text.starts_with(beginning)));
        if stands && self.own_mut().is_some_and(|own| own.forget_warnings(|text| text.starts_with(beginning))) {
            turn.show(Event::Changed);
        }
    }

    /// [`Command::DismissWarnings`](crate::command::Command::DismissWarnings).
    fn dismiss_warnings(&mut self, turn: &mut Turn<'_>, seen: &[String]) -> Done {
        if self.own_mut().is_some_and(|own| own.forget_warnings(|text| seen.iter().any(|seen| seen == text))) {
            self.left_out_is_known(seen);
            turn.show(Event::Changed);
        }
        Done::Well
    }

    /// What is known of the node now, to judge an answer by that is asked for now.
    fn known(&self) -> Known {
        let Some(own) = &self.own else { return Known::default() };
        let list = if own.owed.devices { 0 } else { own.list().counter };
        Known { profile: own.profile.highest.max(own.profile.at_node), list, doubts: self.upkeep.doubts.heard() }
    }

    /// The document is to be written, not before `wait` milliseconds have passed.
    fn owe_profile(&mut self, now: Time, wait: Time) {
        // What is on its way stays owed until it is answered, or a crash would forget it.
        let on_its_way = self.upkeep.writing_profile && self.upkeep.profile_changes == self.upkeep.profile_writing;
        self.upkeep.profile_changes += 1;
        if let Some(own) = self.own_mut() {
            let at = now.saturating_add(wait);
            own.owed.profile = Some(own.owed.profile.filter(|_| !on_its_way).map_or(at, |owed| owed.min(at)));
        }
    }

    /// Lets those who ask about people know oneself as one is now.
    fn refresh_oneself(&mut self) {
        let Some(own) = &self.own else { return };
        let name = self.book.get_as::<account::MeRecord>(&crate::profile::Name::Me).unwrap_or_default().name;
        self.book.set_mark(own.mark());
        self.book.set_oneself(own.identity(), own.list().clone(), name);
    }
}
