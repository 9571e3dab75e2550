//! One's own changes of the group: one at a time, posted under an id that stays, applied when they come along in the stream.

use super::Conversation;
use super::create::{PackageFault, check_package, encoded};
use super::plan::Draft;
use super::scene::Scene;
use super::slot::mls_fault;
use super::state::{Goal, Pending, Phase, Post};
use super::step::{Appended, HubRequest, Step};
use crate::command::Fault;
use crate::entry::{Info, Payload};
use crate::io::Time;
use crate::records::Table;
use crate::view::{Event, Identity};
use std::collections::BTreeSet;
use tidings_mls::{Committed, Include, Plan};
use tidings_wire::api::{EntryKind, NewEntry, TakenPackages};
use tidings_wire::bytes::{Blob, Fixed};
use tidings_wire::cbor;
use tidings_wire::device_list::DeviceList;
use tidings_wire::signed::Signed;

/// Milliseconds between two updates of one's own leaf: 7 days.
pub(super) const UPDATE_EVERY: u64 = 7 * 24 * 3600 * 1000;
/// The longest random wait before committing what somebody else may commit as well, in milliseconds.
const POLITE_WAIT: u64 = 2_000;
/// How long who is an owner again by an old list leaves it to the others to come in, in milliseconds: what they sign then, others refuse.
const STEP_DOWN_WAIT: u64 = 30_000;
/// Milliseconds before a request that got no answer is made again; longer and longer.
pub(super) const POST_AGAIN: u64 = 1_000;
/// Milliseconds after which a request of which nothing was heard is made again: longer than any request takes.
pub(super) const POST_LOST: u64 = 90_000;
/// How often the wait after a commit that the hub did not let this device make is doubled: up to 96 minutes.
const FORBIDDEN_MAX: u32 = 6;
/// Milliseconds before key packages are asked for again.
const PACKAGES_AGAIN: u64 = 10_000;
/// Milliseconds before they are asked for again at a node that refuses, since a new contact may not yet have put the key on the
/// list there; doubled with each of these tries.
const REFUSED_AGAIN: u64 = 1_000;
const REFUSED_TRIES: u32 = 4;
/// Tries before somebody is not added.
const PACKAGES_TRIES: u32 = 12;
/// Most bytes of device lists that go with a welcome.
const LISTS_BYTES_MAX: usize = 16 * 1024;
/// Where the commit on its way and its welcome are kept.
const COMMIT: &[u8] = b"commit";
const WELCOME: &[u8] = b"welcome";
/// Most bytes of them.
pub(super) const IN_FLIGHT_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Why key packages could not be taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Not now.
    Later,
    /// Never; what the node said.
    Never(String),
}

impl Conversation {
    /// Whether this device may change the group now.
    fn may_commit(&self) -> bool {
        let state = &self.state;
        state.in_group()
            && state.incoming.is_none()
            && state.lost.is_none()
            && state.knocks.tries == 0
            && state.cursor >= state.end
            && !state.heal.is_some_and(|heal| heal.out)
    }

    /// Whether all was read and this is not the next turn: a commit for it will not come any more.
    pub(super) fn is_passed(&self, turn: u64) -> bool {
        let state = &self.state;
        turn != state.turn.saturating_add(1)
            && state.lost.is_none()
            && state.cursor >= state.end
            && state.phase == Phase::Member
    }

    pub(super) fn take_turn(&mut self, scene: &mut Scene<'_>) -> Result<(), Fault> {
        self.ask_create(scene)?;
        if self.state.pending.as_ref().is_some_and(|pending| self.is_passed(pending.turn)) {
            self.drop_pending(scene)?;
        }
        if self.state.pending.is_some() {
            return self.post_commit(scene);
        }
        if !self.may_commit() {
            return Ok(());
        }
        self.ask_packages(scene);
        self.be_polite(scene)?;
        let Some(draft) = self.draft(scene)? else { return self.propose_leaving(scene) };
        self.commit(scene, draft)
    }

    /// Whatever others may do as well is done after a random wait.
    fn be_polite(&mut self, scene: &mut Scene<'_>) -> Result<(), Fault> {
        let stale = !self.stale_seats(scene).is_empty();
        let wanted = self.has_proposals(scene)? || stale || self.repairs().is_some() || self.wants_rekey();
        if !wanted {
            if self.state.proposals.due.is_some() {
                self.state().proposals.due = None;
            }
        } else if self.state.proposals.due.is_none() {
            let wait = u64::from(u16::from_be_bytes(scene.draw())) % POLITE_WAIT;
            let first = if self.state.rights.expelled.contains(&self.state.me) { STEP_DOWN_WAIT } else { 0 };
            self.state().proposals.due = Some(scene.now.saturating_add(first).saturating_add(wait));
        }
        Ok(())
    }

    /// Makes the commit and the request for it.
    fn commit(&mut self, scene: &mut Scene<'_>, draft: Draft) -> Result<(), Fault> {
        let turn = self.state.turn.saturating_add(1);
        let changed = draft.roster != *self.state.roster;
        let signer = self.signer(scene.me);
        let plan = Plan {
            add: draft.add.clone(),
            remove: draft.remove.iter().copied().collect(),
            extension: if changed { Some(encoded(&draft.roster)?) } else { None },
            include: if draft.proposals { Include::All } else { Include::None },
        };
        self.group(scene)?;
        let Some(group) = self.group.as_mut() else { return Ok(()) };
        let (epoch, tag) = (group.epoch(), group.tag());
        let committed = match group.commit(&signer, &plan, scene.random) {
            Ok(committed) => committed,
            Err(error) => return self.give_up(scene, &draft.wants, &mls_fault(&error)),
        };
        let mut changes = self.list_changes(&draft.roster);
        self.leave_to_the_leaving(&draft, &mut changes);
        self.put_on_list(&draft, &mut changes);
        let judged = match group_judgement(self.group.as_ref()) {
            Some(judgement) => self.judge(scene, &judgement, &changes.add, &changes.remove, turn),
            None => Err("a commit could not be read again"),
        };
        if let Err(reason) = judged {
            self.group(scene)?.drop_pending().map_err(|error| mls_fault(&error))?;
            return self.give_up(scene, &draft.wants, &Fault::Refused(reason.to_owned()));
        }
        let id: [u8; 16] = scene.draw();
        let payload = Payload { epoch, tag, mls: committed.commit.clone() };
        let key = self.entry_key().ok_or(Fault::Passphrase)?;
        let body = key.seal_entry(&self.state.group, &id, &payload, scene.random);
        let info = self.seal_new_info(scene, &draft, turn, epoch, &committed)?;
        let request = NewEntry {
            id: Fixed(id),
            kind: EntryKind::Commit,
            turn,
            body: Blob(body),
            info: Some(Blob(info)),
            add: changes.add,
            remove: changes.remove,
            notify: false,
        };
        scene.batch.put(self.record(Table::Conversation, COMMIT), cbor::encode(&request));
        if let Some(welcome) = &committed.welcome {
            scene.batch.put(self.record(Table::Conversation, WELCOME), welcome.clone());
        }
        self.state().pending = Some(Pending {
            id: Fixed(id),
            turn,
            wants: draft.wants,
            welcome: draft.welcome,
            salt: draft.salt,
            lost: false,
            placed: false,
            post: Post::default(),
        });
        self.post_commit(scene)
    }

    /// The group info after one's own commit, under the seal that is used then.
    fn seal_new_info(
        &mut self,
        scene: &mut Scene<'_>,
        draft: &Draft,
        turn: u64,
        epoch: u64,
        committed: &Committed,
    ) -> Result<Vec<u8>, Fault> {
        let info = Info { turn, epoch: epoch.saturating_add(1), tag: committed.tag, info: committed.info.clone() };
        let key = self.entry_key_of(&Fixed(draft.roster.seal)).ok_or(Fault::Passphrase)?;
        Ok(key.seal_info(&self.state.group, &info, scene.random))
    }

    /// What can't be done is not wanted any more.
    pub(super) fn give_up(&mut self, scene: &mut Scene<'_>, wants: &[u32], fault: &Fault) -> Result<(), Fault> {
        let state = self.state();
        state.wants.retain(|want| !wants.contains(&want.number));
        // What others propose is tried again, but not at once.
        let at = scene.now.saturating_add(POST_LOST << state.own.forbidden.min(FORBIDDEN_MAX));
        state.proposals.due = Some(at);
        state.update_at = state.update_at.max(at);
        scene.steps.push(Step::Show(Event::Warning(format!("a change of the group was not made: {fault}"))));
        Ok(())
    }

    /// The hub knows this member, and does not let it make the commit: it may have another role on its list than in the roster. Whoever may put
    /// it there with that role does so after a knock.
    pub(super) fn hub_forbids(&mut self, scene: &mut Scene<'_>, reason: String) -> Result<(), Fault> {
        let wants = self.state.pending.as_ref().map(|pending| pending.wants.clone()).unwrap_or_default();
        self.drop_pending(scene)?;
        let times = self.state.own.forbidden.saturating_add(1);
        self.state().own.forbidden = times;
        self.give_up(scene, &wants, &Fault::Refused(reason))?;
        if times > 1 {
            self.knock(scene);
        }
        Ok(())
    }

    fn post_commit(&mut self, scene: &mut Scene<'_>) -> Result<(), Fault> {
        let due = |pending: &Pending| !pending.lost && !pending.placed && pending.post.at <= scene.now;
        if !self.state.pending.as_ref().is_some_and(due) || self.state.lost.is_some() {
            return Ok(());
        }
        let request = scene.get(&self.record(Table::Conversation, COMMIT))?;
        let request = request.and_then(|bytes| cbor::decode(&bytes, IN_FLIGHT_BYTES_MAX).ok());
        match (request, self.state().pending.as_mut()) {
            (Some(request), Some(pending)) => {
                pending.post.at = scene.now.saturating_add(POST_LOST);
                self.ask(scene, HubRequest::Append(request));
                Ok(())
            }
            _ => self.drop_pending(scene),
        }
    }

    /// The hub has answered to one's own commit.
    pub(super) fn commit_appended(&mut self, scene: &mut Scene<'_>, outcome: Appended) -> Result<(), Fault> {
        let now = scene.now;
        let state = self.state();
        let Some(pending) = state.pending.as_mut() else { return Ok(()) };
        match outcome {
            Appended::Placed { number, .. } => {
                pending.placed = true;
                let salt = pending.salt;
                state.end = state.end.max(number);
                if let Some(salt) = salt {
                    self.use_salt(scene, salt);
                }
            }
            Appended::Turn => {
                pending.lost = true;
                state.fetch = Post::default();
                self.fetch_now(scene);
            }
            Appended::Later => pending.post.tried(now, POST_AGAIN),
            // Perhaps it stands there, and the key that this was signed with is known no more.
            Appended::Refused(_) if pending.salt.is_some_and(|salt| salt != state.salt) => {
                pending.placed = true;
                if let Some(salt) = pending.salt {
                    self.use_salt(scene, salt);
                }
            }
            Appended::Refused(reason) => {
                let salt = pending.salt;
                self.key_refused(salt);
                self.hub_forbids(scene, reason)?;
                self.suspect(scene, false);
            }
        }
        Ok(())
    }

    /// Forgets one's own commit: another was first.
    pub(super) fn drop_pending(&mut self, scene: &mut Scene<'_>) -> Result<(), Fault> {
        if let Some(pending) = self.state().pending.take() {
            if let Some(salt) = pending.salt.filter(|salt| !pending.lost && *salt != self.state.salt) {
                // It may stand at the hub all the same, which then knows no other key.
                self.keep_salt(salt);
            }
            let group = self.group(scene)?;
            if group.pending() {
                group.drop_pending().map_err(|error| mls_fault(&error))?;
            }
        }
        self.forget_commit(scene);
        Ok(())
    }

    pub(super) fn forget_commit(&self, scene: &mut Scene<'_>) {
        scene.batch.remove(self.record(Table::Conversation, COMMIT));
        scene.batch.remove(self.record(Table::Conversation, WELCOME));
    }

    /// One's own commit has come along: who was added gets the welcome.
    pub(super) fn commit_done(&mut self, scene: &mut Scene<'_>, pending: &Pending, number: u64) -> Result<(), Fault> {
        let welcome = scene.get(&self.record(Table::Conversation, WELCOME))?;
        if let Some(welcome) = welcome {
            let devices = self.lists_for_newcomers(scene);
            for who in &pending.welcome {
                let body = super::step::ParcelBody::Welcome {
                    welcome: welcome.clone(),
                    group: self.owner(),
                    hub: self.state.hub.clone(),
                    turn: pending.turn,
                    number,
                    devices: devices.clone(),
                };
                scene.steps.push(Step::Parcel(*who, body));
            }
        }
        self.forget_commit(scene);
        let state = self.state();
        state.wants.retain(|want| !pending.wants.contains(&want.number));
        state.update_at = scene.now.saturating_add(UPDATE_EVERY);
        (state.pending, state.own.forbidden) = (None, 0);
        Ok(())
    }

    /// The device lists that say who has removed a device: whoever comes in may know nothing of it, and that device could come in again as
    /// far as they go.
    pub(super) fn lists_for_newcomers(&self, scene: &Scene<'_>) -> Vec<Vec<u8>> {
        let (mut lists, mut bytes) = (Vec::new(), 0usize);
        for member in &self.state.roster.members {
            let removed = |list: &DeviceList| (list.devices.len() as u64).saturating_add(1) < list.next;
            if !scene.people.devices(&member.id).is_some_and(removed) {
                continue;
            }
            let Some(list) = scene.people.signed_devices(&member.id) else { continue };
            bytes = bytes.saturating_add(list.len());
            if bytes > LISTS_BYTES_MAX {
                break;
            }
            lists.push(list);
        }
        lists
    }

    /// Asks for the key packages that wishes need.
    fn ask_packages(&mut self, scene: &mut Scene<'_>) {
        let now = scene.now;
        for want in &mut self.state.wants {
            let who = match &want.goal {
                Goal::Add(who) | Goal::Devices { who, .. } => *who,
                _ => continue,
            };
            if want.packages.is_some() || want.ask_at > now {
                continue;
            }
            want.ask_at = now.saturating_add(POST_LOST);
            self.changed = true;
            scene.steps.push(Step::TakePackages(who));
        }
    }

    /// Key packages were taken, or could not be. They are checked against the device list that comes with them; that list is
    /// handed up.
    pub fn packages(&mut self, scene: &mut Scene<'_>, who: &Identity, taken: Result<TakenPackages, Refusal>) {
        match taken {
            Ok(taken) => match checked_packages(scene, who, &taken) {
                Ok(checked) => {
                    scene.steps.push(Step::DeviceList(*who, taken.devices.0.clone()));
                    self.packages_taken(who, &checked);
                    if !checked.whole {
                        self.packages_again(scene, who, if checked.stale { STALE } else { NONE });
                    }
                }
                Err(fault) => self.packages_refused(scene, who, &fault.to_string()),
            },
            Err(Refusal::Later) => {
                let now = scene.now;
                for want in self.wants_for(who) {
                    want.tries = want.tries.saturating_add(1);
                    want.ask_at = now.saturating_add(PACKAGES_AGAIN.saturating_mul(u64::from(want.tries)));
                }
                let tried_out = self.wants_for(who).any(|want| want.tries > PACKAGES_TRIES);
                if tried_out {
                    self.packages_refused(scene, who, "their node can't be reached");
                }
            }
            Err(Refusal::Never(reason)) => self.packages_again(scene, who, &reason),
        }
        self.settle(scene);
    }

    /// Asks again later, but not for ever.
    fn packages_again(&mut self, scene: &mut Scene<'_>, who: &Identity, reason: &str) {
        let now = scene.now;
        for want in self.wants_for(who).filter(|want| want.packages.is_none()) {
            want.ask_at = now.saturating_add(REFUSED_AGAIN << want.tries.min(REFUSED_TRIES));
            want.tries = want.tries.saturating_add(1);
        }
        let tried_out = self.wants_for(who).any(|want| want.tries > REFUSED_TRIES);
        if tried_out || !scene.people.is_contact(who) {
            self.packages_refused(scene, who, reason);
        }
    }

    fn wants_for<'a>(&'a mut self, who: &'a Identity) -> impl Iterator<Item = &'a mut super::state::Want> {
        let concerns = move |goal: &Goal| match goal {
            Goal::Add(them) | Goal::Devices { who: them, .. } => them == who,
            _ => false,
        };
        self.state().wants.iter_mut().filter(move |want| concerns(&want.goal))
    }

    fn packages_taken(&mut self, who: &Identity, checked: &Checked) {
        let mut packages = Some(checked.packages.clone());
        // Whoever has knocked gets the welcome, and with it the salt of their access key, on the devices that there are packages of; the
        // others have it from these.
        let enough = |goal: &Goal| checked.whole || matches!(goal, Goal::Devices { again: true, .. });
        for want in self.wants_for(who).filter(|want| want.packages.is_none() && enough(&want.goal)) {
            want.packages = packages.take();
        }
    }

    fn packages_refused(&mut self, scene: &mut Scene<'_>, who: &Identity, reason: &str) {
        let name = scene.people.name(who).unwrap_or_else(|| who.to_string());
        let own = *who == self.state.me;
        let mut gone = Vec::new();
        for want in self.wants_for(who).filter(|want| want.packages.is_none()) {
            // Whoever has knocked only needs to be on the hub's list again: then their devices come back by themselves.
            match want.goal {
                Goal::Devices { again: true, .. } => want.packages = Some(Vec::new()),
                _ => gone.push(want.number),
            }
        }
        self.state().wants.retain(|want| !gone.contains(&want.number));
        if !own && !gone.is_empty() {
            scene.steps.push(Step::Show(Event::Warning(format!("{name} could not be added: {reason}"))));
        }
    }

    /// When something of this file is due.
    pub(super) fn turn_due(&self, scene: &Scene<'_>) -> Option<Time> {
        if self.state.phase == Phase::Creating {
            return Some(self.state.fetch.at);
        }
        if let Some(pending) = &self.state.pending {
            return (!pending.lost && !pending.placed).then_some(pending.post.at);
        }
        if !self.may_commit() {
            return None;
        }
        let asks = self.state.wants.iter().filter(|want| want.packages.is_none()).filter_map(|want| match want.goal {
            Goal::Add(_) | Goal::Devices { .. } | Goal::Leave => Some(want.ask_at),
            _ => None,
        });
        [Some(self.state.update_at), self.state.proposals.due]
            .into_iter()
            .flatten()
            .chain(asks)
            .filter(|at| *at > scene.now)
            .min()
    }
}

fn group_judgement(group: Option<&tidings_mls::Group>) -> Option<tidings_mls::Judgement> {
    group?.pending_judgement().ok()
}

const FOREIGN: &str = "the node gives a key package that is of none of their devices, or two of one";
const NONE: &str = "their node has no key package of one of their devices";

fn distrust(what: &str) -> Fault {
    Fault::Distrust(what.to_owned())
}

const STALE: &str = "the key package of one of their devices is an old one";

/// Key packages of somebody that are good.
struct Checked {
    packages: Vec<Blob>,
    /// Whether there is one for each listed device.
    whole: bool,
    /// Whether a listed device has none that is good, but one with a serial that it had before: it gives its node others soon.
    stale: bool,
}

/// Refuses an answer with a package that is of no listed device, or a second one of one.
fn checked_packages(scene: &Scene<'_>, who: &Identity, taken: &TakenPackages) -> Result<Checked, Fault> {
    let list = Signed::<DeviceList>::verify_by(&taken.devices.0, &Fixed(who.0))
        .map_err(|_| distrust("the node shows a device list that is not theirs"))?;
    if let Some(known) = scene.people.devices(who) {
        list.against(known).map_err(|_| distrust("the node shows an old device list"))?;
    }
    let own = scene.me.device.verifying_key().to_bytes();
    let listed: BTreeSet<[u8; 32]> = list.devices.iter().map(|device| device.key.0).filter(|key| *key != own).collect();
    let (mut found, mut packages) = (BTreeSet::new(), Vec::new());
    for package in &taken.packages {
        let checked = match check_package(who, Some(&list), &package.package.0) {
            Err(PackageFault::Removed(device)) if listed.contains(&device) => continue,
            checked => checked.map_err(Fault::from)?,
        };
        if checked.device != own && !(listed.contains(&checked.device) && found.insert(checked.device)) {
            return Err(distrust(FOREIGN));
        }
        packages.push(package.package.clone());
    }
    let whole = found.len() == listed.len();
    Ok(Checked { stale: !whole && packages.len() < taken.packages.len(), packages, whole })
}
