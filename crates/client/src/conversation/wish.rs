//! What the person wants of a conversation, and whether the role allows it.

use super::Conversation;
use super::scene::Scene;
use super::state::{Goal, Phase, Want};
use super::step::Step;
use crate::command::{Fault, Reason};
use crate::io::Time;
use crate::view::{ConversationKind, Event, Identity};
use tidings_wire::bytes::Blob;

/// Who may do what.
const OWNER: u8 = 0;
const MODERATOR: u8 = 1;
/// Wishes that wait for their turn.
const WANTS_MAX: usize = 1_100;
/// Milliseconds for which what is written waits for those who are being added, so that they can read it, once the hub is there: their
/// nodes may not answer.
const ADDING_MAX: u64 = 10_000;
/// The same where no connection to the hub comes about.
const ADDING_APART_MAX: u64 = 3600 * 1000;

/// A change of the group that the person wants. It is done as soon as the group is this device's to change.
#[derive(Clone, Debug)]
pub enum Wish {
    /// Add contacts.
    Add(Vec<Identity>),
    /// Remove somebody.
    Remove(Identity),
    /// Change a role: 0 owner, 1 moderator, 2 member.
    Role(Identity, u8),
    /// Change what the group shows or how long messages stay. `None` leaves as it is.
    Set {
        /// Its name.
        name: Option<String>,
        /// A small JPEG; empty to have none.
        picture: Option<Vec<u8>>,
        /// Seconds after which messages disappear; zero for never.
        expire: Option<u32>,
    },
    /// Make old links of a room useless.
    NewSeal,
    /// Go.
    Leave,
}

impl Conversation {
    /// Asks for a change. Fails with [`Fault::Role`] if the role does not allow it, and with [`Fault::Unknown`] if it is about
    /// somebody who is not there.
    pub fn wish(&mut self, scene: &mut Scene<'_>, wish: Wish) -> Result<(), Fault> {
        if self.state.phase == Phase::Out {
            return Err(Fault::Cannot(Reason::NoMember));
        }
        if let Wish::Add(who) = &wish
            && let Some(other) = who.iter().find(|who| scene.people.key_changed(who))
        {
            return Err(Fault::KeyChanged(scene.people.name(other).unwrap_or_else(|| other.to_string())));
        }
        let goals = self.goals(wish)?;
        if self.state.wants.len().saturating_add(goals.len()) > WANTS_MAX {
            return Err(Fault::TooLarge("too many changes wait already".to_owned()));
        }
        for goal in goals {
            if goal == Goal::Leave {
                self.state().own.left = true;
                scene.steps.push(Step::Profile);
                scene.steps.push(Step::Show(Event::Changed));
            }
            self.want(scene, goal);
        }
        self.settle(scene);
        Ok(())
    }

    fn goals(&self, wish: Wish) -> Result<Vec<Goal>, Fault> {
        let role = self.state.roster.role(&self.state.me).unwrap_or(u8::MAX);
        let at_least = |needed: u8| if role <= needed { Ok(()) } else { Err(Fault::Role) };
        let role_of =
            |who: &Identity| self.state.roster.role(who).ok_or_else(|| Fault::Unknown("this person".to_owned()));
        match wish {
            Wish::Add(who) => {
                at_least(MODERATOR)?;
                if self.state.kind != ConversationKind::Group {
                    return Err(Fault::Cannot(Reason::GroupsOnly));
                }
                Ok(who.into_iter().filter(|who| self.state.roster.role(who).is_none()).map(Goal::Add).collect())
            }
            Wish::Remove(who) => {
                at_least(MODERATOR)?;
                let stranger = self.is_room() && self.has_member(&who);
                let theirs = if stranger { role_of(&who).unwrap_or(2) } else { role_of(&who)? };
                if theirs <= MODERATOR {
                    at_least(OWNER)?;
                }
                if who == self.state.me || self.state.kind == ConversationKind::Pair {
                    return Err(Fault::Cannot(Reason::LeaveInstead));
                }
                Ok(vec![Goal::Remove(who)])
            }
            Wish::Role(who, new) => {
                at_least(OWNER)?;
                role_of(&who)?;
                if new > 2 || self.state.kind != ConversationKind::Group || (who == self.state.me && self.only_owner())
                {
                    return Err(Fault::Role);
                }
                Ok(vec![Goal::Role(who, new)])
            }
            Wish::Set { name, picture, expire } => {
                at_least(MODERATOR)?;
                let picture = picture.map(|bytes| Goal::Picture((!bytes.is_empty()).then_some(Blob(bytes))));
                Ok([name.map(Goal::Name), picture, expire.map(Goal::Expire)].into_iter().flatten().collect())
            }
            Wish::NewSeal => {
                at_least(OWNER)?;
                Ok(vec![Goal::NewSeal])
            }
            Wish::Leave => Ok(vec![Goal::Leave]),
        }
    }

    /// Whether there is no owner but oneself.
    pub(super) fn only_owner(&self) -> bool {
        let mut owners = self.state.roster.members.iter().filter(|member| member.role == OWNER);
        owners.all(|member| member.id == self.state.me)
    }

    /// Who becomes owner when the last one goes: the first moderator, or else the first member.
    pub(super) fn successor(&self) -> Option<Identity> {
        let others = || self.state.roster.members.iter().filter(|member| member.id != self.state.me);
        others().find(|member| member.role == MODERATOR).or_else(|| others().next()).map(|member| member.id)
    }

    /// Until when a message waits for somebody who is being added: whoever comes in later could never read it. What was written before
    /// they were wanted is not for them. Where nobody else is yet, nobody misses it meanwhile, and it waits until one of them is there.
    pub(super) fn adding_until(&self, seq: u64, now: Time) -> Option<Time> {
        // Whoever goes says what is left to say before they are out.
        if self.state.own.left {
            return None;
        }
        let missing = |goal: &Goal| matches!(goal, Goal::Add(who) if self.state.roster.member(who).is_none());
        let adding = || self.state.wants.iter().filter(|want| missing(&want.goal) && want.after < seq);
        adding().next()?;
        if self.state.seats.iter().all(|seat| seat.identity == self.state.me) {
            return Some(Time::MAX);
        }
        let until = |want: &Want| match self.link.followed {
            true => want.since.max(self.link.followed_at).saturating_add(ADDING_MAX),
            false => want.since.saturating_add(ADDING_APART_MAX),
        };
        adding().filter(|want| want.since <= now).map(until).filter(|until| *until > now).max()
    }

    /// Puts a goal into the queue, unless it is there already; what it replaces goes.
    pub(super) fn want(&mut self, scene: &Scene<'_>, goal: Goal) {
        let kind = std::mem::discriminant(&goal);
        let replaces = |old: &Goal| match (old, &goal) {
            (Goal::Role(a, _), Goal::Role(b, _)) => a == b,
            (Goal::Name(_) | Goal::Picture(_) | Goal::Expire(_), new) => {
                std::mem::discriminant(old) == std::mem::discriminant(new)
            }
            (Goal::Add(a), Goal::Remove(b)) | (Goal::Remove(a), Goal::Add(b)) => a == b,
            (old, new) => old == new && std::mem::discriminant(old) == kind,
        };
        let in_flight = self.state.pending.as_ref().map(|pending| pending.wants.clone()).unwrap_or_default();
        let state = self.state();
        // What waits for somebody goes on waiting, as long as it would have, if they are wanted once more.
        let same = state.wants.iter().find(|want| matches!(goal, Goal::Add(_)) && want.goal == goal);
        let (since, after) = same.map_or((scene.now, state.seq), |want| (want.since, want.after));
        state.wants.retain(|want| in_flight.contains(&want.number) || !replaces(&want.goal));
        let number = state.next_want;
        state.next_want = number.wrapping_add(1);
        state.wants.push(Want { number, goal, packages: None, ask_at: 0, tries: 0, since, after });
        state.wants.truncate(WANTS_MAX);
    }
}
