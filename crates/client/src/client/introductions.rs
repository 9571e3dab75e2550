//! Suggestions of contacts: two who have a contact in common find each other.

use super::Client;
use super::accepting::Accepting;
use super::jobs::Job;
use super::layout::Damage;
use super::purpose::Purpose;
use super::requests::Reply;
use super::turn::Turn;
use crate::command::{Done, Fault};
use crate::content::{Content, Introduce, IntroduceRole};
use crate::conversation::People as _;
use crate::invitation::Invitation;
use crate::io::Time;
use crate::profile::Name;
use crate::records::{Direction, RecordKey, Records, Table};
use crate::view::{Event, Identity, Introduction, IntroductionView, MessageView, Shown};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use tidings_wire::api::{Exchange, ExchangeState};
use tidings_wire::bytes::Fixed;

/// Suggestions that are remembered.
const INTRODUCTIONS_MAX: usize = 200;
/// Most bytes of one.
const INTRODUCTION_BYTES_MAX: usize = 4096;
/// How long the two have to find each other, in milliseconds.
const LASTS: Time = 7 * 24 * 3600 * 1000;
/// The first and the longest wait between looks for the other's offer, in milliseconds.
const LOOK_WAIT: (Time, Time) = (3_000, 5 * 60 * 1000);

/// A suggestion that came.
#[derive(Clone, Serialize, Deserialize)]
struct Suggested {
    identity: Identity,
    name: String,
    /// Whether this side makes the offer.
    offers: bool,
    node: Option<String>,
    by: Identity,
    at: Time,
    followed: bool,
}

/// The record `suggestion/…` of the profile (docs/protocol/profile.md): what was answered.
#[derive(Clone, Copy, Serialize, Deserialize)]
struct SuggestionRecord {
    followed: bool,
    at: Time,
}

/// All of them.
pub(crate) struct Introductions {
    suggested: BTreeMap<[u8; 16], Suggested>,
}

fn place(secret: &[u8; 16]) -> RecordKey {
    RecordKey::new(Table::Own, b"introduction", *secret)
}

impl Introductions {
    /// Reads what was kept.
    pub(super) fn open(records: &dyn Records, damage: &mut Damage) -> Result<Self, Fault> {
        let mut suggested = BTreeMap::new();
        for (order, value) in records.scan(Table::Own, b"introduction", None, Direction::Up, INTRODUCTIONS_MAX)? {
            let Ok(secret) = order.try_into() else { continue };
            suggested.extend(damage.read(&value, INTRODUCTION_BYTES_MAX).map(|found| (secret, found)));
        }
        Ok(Self { suggested })
    }
}

impl Client {
    /// [`Command::Introduce`](crate::command::Command::Introduce).
    pub(super) fn introduce(
        &mut self,
        turn: &mut Turn<'_>,
        first: &Identity,
        second: &Identity,
    ) -> Result<Option<Done>, Fault> {
        self.account()?;
        let secret: [u8; 16] = turn.bytes();
        let groups = [first, second].map(|who| {
            let name = self.book.name(who).unwrap_or_else(|| self.book.own_name(who));
            self.conversation_with(who).ok_or(Fault::Unknown(name))
        });
        let [Ok(to_first), Ok(to_second)] = groups else {
            let fault = groups.into_iter().find_map(Result::err);
            return Err(fault.unwrap_or(Fault::NoAccount));
        };
        if first == second {
            return Err(Fault::Link("these are the same person".to_owned()));
        }
        // The one who answers must know at whose node the offer will be.
        let node = self.book.person(first).and_then(|person| Some(person.card.as_ref()?.node.clone()));
        let sides = [(to_first, second, IntroduceRole::Offer, None), (to_second, first, IntroduceRole::Answer, node)];
        for (group, other, role, node) in sides {
            let name = self.book.own_name(other);
            let content = Content::Introduce(Introduce { identity: *other, name, secret, role, node });
            let sent = self.with(turn, &group, |conversation, scene| conversation.send(scene, content, None));
            sent.ok_or(Fault::NoAccount)??;
        }
        Ok(Some(Done::Well))
    }

    /// A suggestion came.
    pub(super) fn introduced(&mut self, turn: &mut Turn<'_>, by: &Identity, said: Introduce) {
        let me = self.own.as_ref().map(super::state::Own::identity);
        let known = self.introductions.suggested.contains_key(&said.secret);
        if known || Some(said.identity) == me || self.book.contact(by).is_none() {
            return;
        }
        let suggested = Suggested {
            identity: said.identity,
            name: said.name,
            offers: said.role == IntroduceRole::Offer,
            node: said.node,
            by: *by,
            at: turn.now,
            followed: false,
        };
        let all = &mut self.introductions.suggested;
        if all.len() >= INTRODUCTIONS_MAX {
            let oldest = all.iter().min_by_key(|(_, suggested)| suggested.at).map(|(secret, _)| *secret);
            if let Some(oldest) = oldest {
                all.remove(&oldest);
                turn.remove(place(&oldest));
            }
        }
        turn.put(place(&said.secret), &suggested);
        all.insert(said.secret, suggested);
        turn.show(Event::Changed);
    }

    /// Who was suggested with this secret.
    pub(super) fn introduced_identity(&self, secret: &[u8; 16]) -> Option<Identity> {
        self.introductions.suggested.get(secret).map(|suggested| suggested.identity)
    }

    /// Suggestions that can be followed, and those that were and still wait for the other.
    pub fn introductions(&self) -> Vec<IntroductionView> {
        let all = self.introductions.suggested.iter();
        let open = all.filter(|(secret, suggested)| match self.answered_suggestion(secret) {
            _ if self.conversation_with(&suggested.identity).is_some() => false,
            None => true,
            Some(answer) => answer.followed && answer.at.saturating_add(LASTS) > self.now,
        });
        let view = |(secret, suggested): (&[u8; 16], &Suggested)| IntroductionView {
            introduction: Introduction(*secret),
            identity: suggested.identity,
            name: suggested.name.clone(),
            by: suggested.by,
            followed: self.answered_suggestion(secret).is_some(),
        };
        open.map(view).collect()
    }

    /// Says of a message whether the suggestion in it can still be followed.
    pub(super) fn see_suggestion(&self, view: &mut MessageView) {
        if let Shown::Introduction { introduction, open, .. } = &mut view.shown {
            let suggested = self.introductions.suggested.get(&introduction.0);
            let met = suggested.is_some_and(|found| self.conversation_with(&found.identity).is_some());
            *open = *open && suggested.is_some() && !met && self.answered_suggestion(&introduction.0).is_none();
        }
    }

    /// [`Command::AnswerIntroduction`](crate::command::Command::AnswerIntroduction).
    pub(super) fn answer_introduction(
        &mut self,
        turn: &mut Turn<'_>,
        which: &Introduction,
        accept: bool,
    ) -> Result<Option<Done>, Fault> {
        self.account()?;
        let secret = which.0;
        let found = self.introductions.suggested.get(&secret).filter(|_| self.answered_suggestion(&secret).is_none());
        let suggested = found.cloned().ok_or_else(|| Fault::Gone("this suggestion".to_owned()))?;
        let known = self.conversation_with(&suggested.identity).is_some();
        let unknown = || Fault::Link("the suggestion does not say where".to_owned());
        let node = suggested.node.clone().filter(|node| crate::node_url::is_node_url(node));
        if accept && !known && !suggested.offers && node.is_none() {
            return Err(unknown());
        }
        self.note_answer(turn, &secret, accept && !known);
        self.introductions.suggested.insert(secret, Suggested { followed: accept && !known, ..suggested.clone() });
        turn.put(place(&secret), &Suggested { followed: accept && !known, ..suggested.clone() });
        turn.show(Event::Changed);
        if accept && !known {
            self.pursue(turn, secret, &suggested, turn.now);
        }
        Ok(Some(Done::Well))
    }

    /// What was answered to a suggestion, on whichever device.
    fn answered_suggestion(&self, secret: &[u8; 16]) -> Option<SuggestionRecord> {
        self.book.get_as(&Name::Suggestion(Invitation(*secret).exchange_id()))
    }

    /// Lets one's other devices know what was answered.
    fn note_answer(&mut self, turn: &mut Turn<'_>, secret: &[u8; 16], followed: bool) {
        let record = SuggestionRecord { followed, at: turn.now };
        let name = Name::Suggestion(Invitation(*secret).exchange_id());
        if self.book.set(turn, &name, Some(tidings_wire::cbor::encode(&record))) {
            self.owe_profile(turn.now, super::conversations::PROFILE_WAIT);
        }
    }

    /// Begins what brings the two together: the offer, or looking for it.
    fn pursue(&mut self, turn: &mut Turn<'_>, secret: [u8; 16], suggested: &Suggested, since: Time) {
        let until = since.saturating_add(LASTS);
        if suggested.offers {
            self.invite_introduced(turn, secret, until);
        } else if let Some(node) = suggested.node.clone().filter(|node| crate::node_url::is_node_url(node)) {
            self.add_job(turn, Job::Watch { introduction: Fixed(secret), node, tries: 0, until });
            self.tick_jobs(turn);
        }
    }

    /// Goes on at a start with suggestions that this device follows, if it ended in the middle of it.
    pub(super) fn resume_introductions(&mut self, turn: &mut Turn<'_>) {
        let watched: Vec<_> = self
            .jobs
            .all()
            .filter_map(|(_, job)| if let Job::Watch { introduction, .. } = job { Some(introduction.0) } else { None })
            .collect();
        let mine: Vec<_> = self.introductions.suggested.iter().filter(|(_, suggested)| suggested.followed).collect();
        let mut again = Vec::new();
        for (secret, suggested) in mine {
            let Some(answer) = self.answered_suggestion(secret).filter(|answer| answer.followed) else { continue };
            let name = Name::Invitation(Invitation(*secret).exchange_id());
            let begun = watched.contains(secret) || self.book.document().records.contains_key(&name.text());
            let met = self.book.contact(&suggested.identity).is_some();
            if !begun && !met && answer.at.saturating_add(LASTS) > turn.now {
                again.push((*secret, suggested.clone(), answer.at));
            }
        }
        for (secret, suggested, since) in again {
            self.pursue(turn, secret, &suggested, since);
        }
    }

    /// Whether an invitation for a suggestion is being made.
    pub(super) fn invites_others(&self) -> bool {
        self.requests.purposes().any(|purpose| matches!(purpose, Purpose::InvitePackages(_) | Purpose::InviteToken(_)))
    }

    /// Whether the other one has made an offer.
    pub(super) fn watch_answered(
        &mut self,
        turn: &mut Turn<'_>,
        number: u64,
        watch: (Fixed<16>, String, u32, Time),
        reply: Reply,
    ) {
        let (introduction, node, tries, until) = watch;
        let found = reply.read::<Exchange>().ok();
        let found = found.filter(|exchange| exchange.state == ExchangeState::Open && exchange.offer.is_some());
        let suggested = self.introductions.suggested.get(&introduction.0).cloned();
        match (suggested, found) {
            (Some(suggested), Some(exchange)) => {
                self.end_job(turn, number);
                let (secret, from) = (Invitation(introduction.0), Some(suggested.identity));
                // In the same call as the end of the looking, so that a program that ends forgets neither.
                let accepting = Accepting { command: None, node, secret, from };
                if let Err(fault) = self.take_offer(turn, accepting, exchange) {
                    self.warn_of_others(
                        turn,
                        &format!("{} could not be met as was suggested: {fault}", suggested.name),
                    );
                }
            }
            (Some(_), None) if turn.now < until => {
                let wait = LOOK_WAIT.0.checked_shl(tries.min(20)).unwrap_or(LOOK_WAIT.1).min(LOOK_WAIT.1);
                let again = Job::Watch { introduction, node, tries: tries.saturating_add(1), until };
                self.change_job(turn, number, again, turn.now.saturating_add(wait));
            }
            _ => self.end_job(turn, number),
        }
    }
}
