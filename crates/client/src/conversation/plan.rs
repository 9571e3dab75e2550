//! What the next commit is to hold.

use super::Conversation;
use super::create::check_package;
use super::keys::room_key;
use super::scene::Scene;
use super::slot::mls_fault;
use super::state::{Goal, Seat, Want};
use crate::command::Fault;
use crate::io::Time;
use crate::roster::{AccessChanges, MEMBER, MODERATOR, OWNER, Roster, RosterMember, access_changes};
use crate::view::{ConversationKind, Identity};
use std::collections::BTreeSet;
use tidings_wire::api::{Member, Role};
use tidings_wire::bytes::Fixed;

/// Milliseconds after which somebody who leaves proposes it anew if nobody has committed that; doubled each time.
const LEAVE_WAIT: u64 = 10 * 60 * 1000;

/// A commit before it is made.
pub(super) struct Draft {
    pub(super) roster: Roster,
    pub(super) add: Vec<Vec<u8>>,
    pub(super) remove: BTreeSet<u32>,
    /// The wants that it fulfils.
    pub(super) wants: Vec<u32>,
    /// Who gets the welcome.
    pub(super) welcome: Vec<Identity>,
    /// Whether it takes up what others have proposed, and who of them goes.
    pub(super) proposals: bool,
    pub(super) leaving: Vec<Identity>,
    /// Members of whom the hub may know nothing any more.
    pub(super) forgotten: Vec<Identity>,
    /// The salt of one's own new access key, if it brings one.
    pub(super) salt: Option<Fixed<16>>,
    update: bool,
}

impl Draft {
    fn is_empty(&self, before: &Roster) -> bool {
        let changes = self.roster != *before || !self.add.is_empty() || !self.remove.is_empty();
        !changes && !self.proposals && !self.update && self.wants.is_empty()
    }
}

impl Conversation {
    /// What there is to change, if anything.
    pub(super) fn draft(&mut self, scene: &mut Scene<'_>) -> Result<Option<Draft>, Fault> {
        let due = self.state.proposals.due.is_some_and(|at| at <= scene.now);
        let wants = self.state.wants.iter().any(|want| want.goal != Goal::Leave);
        let commits_anyhow = wants || self.state.update_at <= scene.now;
        if !due && self.state.wants.is_empty() && !commits_anyhow {
            return Ok(None);
        }
        // A proposal holds for its epoch only: whoever commits takes it up, since who made it may not be there to make it again.
        let others_due = due || (commits_anyhow && self.has_proposals(scene)?);
        let mut draft = Draft {
            roster: self.state.roster.clone(),
            add: Vec::new(),
            remove: BTreeSet::new(),
            wants: Vec::new(),
            welcome: Vec::new(),
            proposals: false,
            leaving: Vec::new(),
            forgotten: Vec::new(),
            salt: None,
            update: self.state.update_at <= scene.now,
        };
        if others_due {
            self.draft_others(scene, &mut draft)?;
        }
        if !self.behind() {
            for want in self.state.wants.clone() {
                self.draft_want(scene, &want, &mut draft);
            }
        }
        self.draft_rekey(scene, &mut draft);
        if draft.roster != *self.state.roster {
            let mut roster = draft.roster.clone();
            if let Err(why) = self.attest(scene.me, &mut roster).and_then(|()| roster.check()) {
                self.give_up(scene, &draft.wants, &Fault::Refused(why.to_owned()))?;
                return Ok(None);
            }
            draft.roster = roster;
        }
        Ok((!draft.is_empty(&self.state.roster)).then_some(draft))
    }

    /// What anybody may do: take up proposals, take removed devices out, put an old roster right.
    fn draft_others(&mut self, scene: &mut Scene<'_>, draft: &mut Draft) -> Result<(), Fault> {
        let asked = self.proposed_leaves(scene)?;
        if self.has_proposals(scene)? {
            draft.proposals = true;
            let leaving = self.leavers(scene, &asked);
            // A room goes on without the last who stands in its roster: they stay there, without a device.
            let heirs = draft.roster.members.iter().any(|member| !leaving.contains(&member.id));
            draft.leaving = if heirs { leaving } else { Vec::new() };
            draft.roster = draft.roster.without(&draft.leaving);
        }
        let stale = self.stale_seats(scene).to_vec();
        for seat in stale.iter().filter(|seat| !asked.contains(&seat.leaf)) {
            if self.list_is_said(scene, &seat.identity)? {
                draft.remove.insert(seat.leaf);
            }
        }
        if let Some((put_right, out)) = self.repairs() {
            let role = |who: &Identity| put_right.role(who);
            for member in &mut draft.roster.members {
                member.role = role(&member.id).unwrap_or(member.role);
            }
            for who in out {
                self.draft_remove(&who, draft);
            }
        }
        self.drop_empty(scene, draft);
        Ok(())
    }

    /// Whoever has no leaf left and no device that could come back has no place in the roster.
    fn drop_empty(&self, scene: &Scene<'_>, draft: &mut Draft) {
        let emptied: Vec<Identity> = draft.roster.members.iter().map(|member| member.id).collect();
        let gone: Vec<Identity> = emptied
            .into_iter()
            .filter(|who| {
                let mut seats = self.state.seats.iter().filter(|seat| seat.identity == *who).peekable();
                let had = seats.peek().is_some();
                let has_devices = scene.people.devices(who).is_some_and(|list| !list.devices.is_empty());
                had && seats.all(|seat| draft.remove.contains(&seat.leaf)) && !has_devices
            })
            .collect();
        if !gone.is_empty() {
            draft.roster = draft.roster.without(&gone);
        }
    }

    fn draft_remove(&self, who: &Identity, draft: &mut Draft) {
        draft.remove.extend(self.state.seats.iter().filter(|seat| seat.identity == *who).map(|seat| seat.leaf));
        draft.roster = draft.roster.without(&[*who]);
    }

    fn draft_want(&mut self, scene: &mut Scene<'_>, want: &Want, draft: &mut Draft) {
        let role = draft.roster.role(&self.state.me).unwrap_or(u8::MAX);
        match &want.goal {
            Goal::Add(_) | Goal::Devices { .. } => return self.draft_packages(scene, want, draft),
            Goal::Remove(who) => {
                self.draft_remove(who, draft);
            }
            Goal::Role(who, new) => {
                if let Some(member) = draft.roster.members.iter_mut().find(|member| member.id == *who) {
                    member.role = *new;
                }
            }
            Goal::Name(name) => draft.roster.name.clone_from(name),
            Goal::Picture(picture) => draft.roster.picture = picture.as_ref().map(|bytes| bytes.0.clone()),
            Goal::Expire(seconds) => draft.roster.expire = (*seconds > 0).then_some(*seconds),
            Goal::NewSeal => {
                draft.roster.seal = scene.draw();
                // Whoever came by an old link goes with it.
                let strangers =
                    self.state.seats.iter().filter(|seat| self.state.roster.member(&seat.identity).is_none());
                draft.remove.extend(strangers.map(|seat| seat.leaf));
            }
            Goal::Leave => {
                let heir = if role == 0 && self.only_owner() { self.successor() } else { None };
                if let Some(member) = draft.roster.members.iter_mut().find(|member| Some(member.id) == heir) {
                    member.role = 0;
                }
                return;
            }
        }
        draft.wants.push(want.number);
    }

    /// Adds the devices for which there are packages and no leaves.
    fn draft_packages(&mut self, scene: &mut Scene<'_>, want: &Want, draft: &mut Draft) {
        let Some(packages) = &want.packages else { return };
        let (who, again) = match &want.goal {
            Goal::Add(who) => (*who, false),
            Goal::Devices { who, again } => (*who, *again),
            _ => return,
        };
        draft.wants.push(want.number);
        let member = draft.roster.role(&who).is_some();
        if !member && !matches!(want.goal, Goal::Add(_)) {
            return;
        }
        let mut added = false;
        for package in packages {
            let Ok(checked) = check_package(&who, scene.people.devices(&who), &package.0) else { continue };
            let seat = self.state.seats.iter().find(|seat| seat.key.0 == checked.device).copied();
            match seat {
                Some(seat) if seat.mark == self.state.mark || (!again && !draft.remove.contains(&seat.leaf)) => {
                    continue;
                }
                Some(seat) => {
                    draft.remove.insert(seat.leaf);
                }
                None => {}
            }
            if draft.roster.role(&who).is_none() {
                let since = self.state.turn.saturating_add(1);
                let (access, salt) = (checked.access, checked.salt);
                draft.roster.members.push(RosterMember { id: who, access, salt, role: 2, since });
            }
            draft.add.push(package.0.clone());
            added = true;
        }
        if added && !draft.welcome.contains(&who) {
            draft.welcome.push(who);
        }
        if again && !draft.forgotten.contains(&who) {
            draft.forgotten.push(who);
        }
    }

    /// Leaves of devices that the device lists say are removed. Looked for once in a call, as long as the leaves stay the same.
    pub(super) fn stale_seats(&self, scene: &Scene<'_>) -> &[Seat] {
        self.stale.get_or_init(|| {
            if self.is_room() {
                return Vec::new();
            }
            let seats = self.state.seats.iter().filter(|seat| seat.mark != self.state.mark);
            seats.filter(|seat| self.removed(scene, seat)).copied().collect()
        })
    }

    pub(super) fn has_proposals(&mut self, scene: &Scene<'_>) -> Result<bool, Fault> {
        if !self.state.proposals.waiting {
            return Ok(false);
        }
        let leaves = self.proposed_leaves(scene)?;
        let others = self.state.seats.iter().filter(|seat| seat.identity != self.state.me);
        Ok(others.map(|seat| seat.leaf).any(|leaf| leaves.contains(&leaf)))
    }

    /// Leaves that are to go by a proposal.
    fn proposed_leaves(&mut self, scene: &Scene<'_>) -> Result<BTreeSet<u32>, Fault> {
        Ok(self.group(scene)?.proposals().iter().map(|proposal| proposal.removes).collect())
    }

    /// Others whose leaves all go by their own proposals, or because they are removed devices.
    fn leavers(&self, scene: &Scene<'_>, asked: &BTreeSet<u32>) -> Vec<Identity> {
        let people: BTreeSet<Identity> = self.state.seats.iter().map(|seat| seat.identity).collect();
        let seats = |who: Identity| self.state.seats.iter().filter(move |seat| seat.identity == who);
        let leaves = |who: &Identity| {
            seats(*who).any(|seat| asked.contains(&seat.leaf))
                && seats(*who).all(|seat| asked.contains(&seat.leaf) || self.removed(scene, seat))
        };
        people.into_iter().filter(|who| *who != self.state.me && leaves(who)).collect()
    }

    /// What the hub's list gains and loses.
    pub(super) fn list_changes(&self, after: &Roster) -> AccessChanges {
        let mut changes = access_changes(&self.state.roster, after);
        if after.kind == ConversationKind::Room && after.seal != self.state.roster.seal {
            let key = |seal| Fixed(room_key(&self.state.group, &Fixed(seal)).verifying_key().to_bytes());
            changes.add.push(Member { key: key(after.seal), role: Role::Member });
            changes.remove.push(key(self.state.roster.seal));
        }
        changes
    }

    /// Whoever has knocked was not let in by the hub: they go on its list again, if one may put them there.
    pub(super) fn put_on_list(&self, draft: &Draft, changes: &mut AccessChanges) {
        let mine = self.state.roster.role(&self.state.me).unwrap_or(MEMBER);
        let may = |role: u8| mine == OWNER || (mine == MODERATOR && role == MEMBER);
        for who in &draft.forgotten {
            let Some(member) = draft.roster.member(who).filter(|member| may(member.role)) else { continue };
            let listed = draft.roster.access_list().into_iter().find(|listed| listed.key.0 == member.access);
            changes.add.extend(listed.filter(|listed| changes.add.iter().all(|known| known.key != listed.key)));
        }
    }

    /// A plain member can't take others off the hub's list: those who leave do it themselves.
    pub(super) fn leave_to_the_leaving(&self, draft: &Draft, changes: &mut AccessChanges) {
        if self.state.roster.role(&self.state.me).is_some_and(|role| role < 2) {
            return;
        }
        let keys = |who: &Identity| self.state.roster.member(who).map(|member| Fixed(member.access));
        let leaving: Vec<Fixed<32>> = draft.leaving.iter().filter_map(keys).collect();
        changes.remove.retain(|key| !leaving.contains(key));
    }

    /// Says to the others that one goes; they take one out.
    pub(super) fn propose_leaving(&mut self, scene: &mut Scene<'_>) -> Result<(), Fault> {
        if !self.state.wants.iter().any(|want| want.goal == Goal::Leave) || self.state.flight.is_some() {
            return Ok(());
        }
        let signer = self.signer(scene.me);
        let asked = self.proposed_leaves(scene)?;
        // Where all others go, too, nobody needs to be told, and nobody may commit what takes them out themselves.
        let going =
            |who: Identity| self.state.seats.iter().any(|seat| seat.identity == who && asked.contains(&seat.leaf));
        if self.state.seats.iter().all(|seat| seat.identity == self.state.me || going(seat.identity)) {
            return self.go(scene);
        }
        // From the first proposal on nothing more can be said.
        if self.has_to_say(scene) {
            return Ok(());
        }
        let own = self.group(scene)?.own_leaf();
        let mine = self.state.seats.iter().filter(|seat| seat.identity == self.state.me && !asked.contains(&seat.leaf));
        let mut mine: Vec<u32> = mine.map(|seat| seat.leaf).collect();
        // The own leaf last: whoever is out can't propose for the others.
        mine.sort_by_key(|leaf| *leaf == own);
        // How often it was proposed is of no interest, but whether everything stands at the hub.
        let tries = u32::from(mine.is_empty());
        if self.state.wants.iter().any(|want| want.goal == Goal::Leave && want.tries != tries) {
            self.state().wants.iter_mut().filter(|want| want.goal == Goal::Leave).for_each(|want| want.tries = tries);
        }
        if mine.is_empty() {
            return self.leave_again(scene);
        }
        self.leave_until(scene.now);
        let (Some(leaf), Some(group)) = (mine.first(), self.group.as_mut()) else { return Ok(()) };
        let mls = group.propose_remove(*leaf, &signer, scene.random).map_err(|error| mls_fault(&error))?;
        let turn = self.state.turn;
        let request = self.seal_entry(scene, mls, turn)?;
        self.launch_entry(scene, request, 0);
        Ok(())
    }

    /// Nobody has committed for long what was proposed: the hub may have lost it. In the next epoch it is proposed anew.
    fn leave_again(&mut self, scene: &mut Scene<'_>) -> Result<(), Fault> {
        let due = |want: &Want| want.goal == Goal::Leave && want.ask_at <= scene.now;
        if !self.state.wants.iter().any(due) {
            return Ok(());
        }
        self.leave_until(scene.now);
        self.suspect(scene, true);
        self.come_back(scene)
    }

    /// How long one waits for others to commit what is proposed: longer and longer.
    fn leave_until(&mut self, now: Time) {
        for want in self.state().wants.iter_mut().filter(|want| want.goal == Goal::Leave) {
            want.ask_at = now.saturating_add(LEAVE_WAIT.max(now.saturating_sub(want.since)));
        }
    }
}
