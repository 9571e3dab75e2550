//! Whether the roster is one that takes back what was decided later: a hub shows an old branch of the group, or another one
//! (docs/protocol/conversations.md, Signed rosters). Nothing is said then until it is put right.

use super::Conversation;
use super::scene::Me;
use super::state::{TAKEN_MAX, Taken, push_bounded};
use crate::roster::{MEMBER, MODERATOR, OWNER, Pen, Roster, V_STEP_MAX, Weighed};
use crate::view::Identity;
use ed25519_dalek::SigningKey;
use tidings_wire::certificate::DeviceCertificate;
use tidings_wire::signed::Signed;

/// How often a device looks whether others come to its branch before it goes to theirs.
const STAYS: u32 = 4;
/// What is more than each role: that of somebody who was removed.
const NONE: u8 = u8::MAX;

impl Conversation {
    /// Whether somebody has rights in the list of members that they lost in a newer one that was seen here.
    pub(super) fn behind(&self) -> bool {
        !self.state.rights.expelled.is_empty()
    }

    /// Notes who has rights in the roster that are not theirs any more. `came_in`: this device did not see how the roster came about;
    /// then, and as long as somebody has such rights, only the signatures say which one is the newer.
    pub(super) fn note_expelled(&mut self, came_in: bool, before: &Roster) {
        if !came_in && !self.behind() {
            return self.note_taken(before);
        }
        if !came_in && *before == *self.state.roster {
            return;
        }
        let (group, roster) = (self.owner(), self.state.roster.clone());
        let again = match self.state.newest.weigh(&group, &roster) {
            Ok(Weighed::Newer) if !came_in => Vec::new(),
            Ok(Weighed::Newer) => {
                self.note_given_again(&roster);
                self.taken_back(&roster)
            }
            Ok(Weighed::Older) | Err(_) => self.state.newest.excess(&roster),
        };
        self.state().rights.expelled = again;
    }

    /// What was taken from somebody before, and given again while this device was out, is theirs. Who was removed comes back with another
    /// `since`.
    fn note_given_again(&mut self, roster: &Roster) {
        if self.state.newest.roles_known_to(roster) {
            let left =
                |taken: &Taken| taken.role == NONE || roster.role(&taken.id).is_none_or(|role| role > taken.role);
            self.state().rights.taken.retain(left);
        }
    }

    /// Begins anew with a roster that does not follow from the newest one that is known, on the word of an owner by that one, who could have
    /// signed any.
    pub(super) fn begin_with(&mut self, roster: Roster) {
        let state = self.state();
        *state.newest = roster;
        state.rights.expelled.clear();
    }

    /// Who has again what was taken from them here.
    fn taken_back(&self, roster: &Roster) -> Vec<Identity> {
        let has = |taken: &&Taken| {
            roster.member(&taken.id).is_some_and(|member| member.since == taken.since && member.role <= taken.role)
        };
        self.state.rights.taken.iter().filter(has).map(|taken| taken.id).collect()
    }

    /// Remembers whose rights a commit has taken.
    fn note_taken(&mut self, before: &Roster) {
        let after = self.state.roster.clone();
        for member in &before.members {
            let role = after.role(&member.id).unwrap_or(NONE);
            if role == member.role {
                continue;
            }
            let state = self.state();
            state.rights.taken.retain(|taken| taken.id != member.id);
            if role > member.role {
                let lost = if role == NONE { NONE } else { role.saturating_sub(1) };
                push_bounded(
                    &mut state.rights.taken,
                    Taken { id: member.id, since: member.since, role: lost },
                    TAKEN_MAX,
                );
            }
        }
    }

    /// The roster with everybody's rights as they were in the newest one, and who is to go, if one is the one to put it right.
    pub(super) fn repairs(&self) -> Option<(Roster, Vec<Identity>)> {
        let (now, newest) = (&*self.state.roster, &*self.state.newest);
        if self.state.rights.expelled.contains(&self.state.me) {
            return self.step_down();
        }
        let mine = now.role(&self.state.me)?.max(newest.role(&self.state.me)?);
        if mine > MODERATOR {
            return None;
        }
        let (mut put_right, mut out) = (now.clone(), Vec::new());
        for who in &self.state.rights.expelled {
            let role = now.role(who).unwrap_or(MEMBER);
            if *who == self.state.me || (mine == MODERATOR && role != MEMBER) {
                continue;
            }
            let right = newest.role(who).filter(|_| !self.was_removed(who));
            match right {
                Some(right) => put_right
                    .members
                    .iter_mut()
                    .filter(|member| member.id == *who)
                    .for_each(|member| member.role = self.role_left(who, right)),
                None => out.push(*who),
            }
        }
        (put_right != *now || !out.is_empty()).then_some((put_right, out))
    }

    /// Whoever is an owner again, and is none in the newest roster, gives everybody the rights that are theirs by that: perhaps nobody else may.
    fn step_down(&self) -> Option<(Roster, Vec<Identity>)> {
        let (now, newest) = (&*self.state.roster, &*self.state.newest);
        let mut put_right = now.clone();
        for member in put_right.members.iter_mut().filter(|member| !self.was_removed(&member.id)) {
            member.role = newest.role(&member.id).unwrap_or(member.role);
        }
        let others = put_right.members.iter().filter(|member| member.id != self.state.me);
        let owned = others.map(|member| member.role).min() == Some(OWNER);
        let may = now.role(&self.state.me) == Some(OWNER) && owned;
        (may && put_right != *now).then_some((put_right, Vec::new()))
    }

    fn was_removed(&self, who: &Identity) -> bool {
        self.state.rights.taken.iter().any(|taken| taken.id == *who && taken.role == NONE)
    }

    /// The role that somebody has left, after what was taken from them here.
    fn role_left(&self, who: &Identity, role: u8) -> u8 {
        let taken = self.state.rights.taken.iter().find(|taken| taken.id == *who && taken.role < MEMBER);
        taken.map_or(role, |taken| role.max(taken.role.saturating_add(1)))
    }

    /// Completes a roster for a commit of this device: its version is above all that were seen, and who may signs it.
    pub(super) fn attest(&self, me: &Me, roster: &mut Roster) -> Result<(), &'static str> {
        let before = &*self.state.roster;
        let above = self.state.newest.v.max(before.v).saturating_add(1);
        roster.v = above.min(before.v.saturating_add(V_STEP_MAX));
        let staff = before.role(&self.state.me).is_some_and(|role| role <= MODERATOR);
        if staff { self.sign_roster(me, before, roster) } else { roster.attest(before, None) }
    }

    /// Signs a roster that follows `before`.
    pub(super) fn sign_roster(&self, me: &Me, before: &Roster, roster: &mut Roster) -> Result<(), &'static str> {
        let wrong = "this device has no good certificate";
        let verify = |bytes: &[u8]| Signed::<DeviceCertificate>::verify(bytes).map_err(|_| wrong);
        let group = self.owner();
        match &self.state.room {
            Some(room) => {
                let device = SigningKey::from_bytes(&room.device_seed.0);
                roster.attest(before, Some(&Pen { device: &device, certificate: verify(&room.certificate.0)?, group }))
            }
            None => {
                roster.attest(before, Some(&Pen { device: &me.device, certificate: verify(&me.certificate)?, group }))
            }
        }
    }

    /// Whether this device stays where it is though the hub shows another branch: all go to the newer one, and of two with rosters of the same
    /// version to the one with the higher rank, unless those on the other one stay away from it.
    pub(super) fn outranks(&self, shown: &Roster) -> bool {
        let own = &*self.state.roster;
        if self.state.stays >= STAYS || own == shown || self.behind() {
            return false;
        }
        if own.v == shown.v {
            return own.rank() > shown.rank();
        }
        // The others see by what is signed that this one is newer; of what plain members change nothing is.
        *own == *self.state.newest && own.overtakes(&self.owner(), shown)
    }

    /// Whether a roster that this device is shown, and did not see coming about, may be taken for the group's.
    pub(super) fn believes(&self, shown: &Roster) -> Result<(), crate::roster::Unproven> {
        self.state.newest.weigh(&self.owner(), shown).map(|_| ())
    }
}
