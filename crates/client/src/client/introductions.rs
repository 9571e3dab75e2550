//! Suggestions of contacts: two who have a contact in common find each other.

use super::Client;
use super::accepting::Accepting;
use super::jobs::Job;
use super::requests::Reply;
use super::turn::{Turn, read};
use crate::command::{Done, Fault};
use crate::content::{Content, Introduce, IntroduceRole};
use crate::conversation::People as _;
use crate::invitation::Invitation;
use crate::io::Time;
use crate::records::{Direction, RecordKey, Records, Table};
use crate::view::{Event, Identity, Introduction, IntroductionView};
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
const LOOK_WAIT: (Time, Time) = (3_000, 3600 * 1000);

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

/// All of them.
pub(crate) struct Introductions {
    suggested: BTreeMap<[u8; 16], Suggested>,
}

fn place(secret: &[u8; 16]) -> RecordKey {
    RecordKey::new(Table::Own, b"introduction", *secret)
}

impl Introductions {
    /// Reads what was kept.
    pub(super) fn open(records: &dyn Records) -> Result<Self, Fault> {
        let mut suggested = BTreeMap::new();
        for (order, value) in records.scan(Table::Own, b"introduction", None, Direction::Up, INTRODUCTIONS_MAX)? {
            let Ok(secret) = order.try_into() else { continue };
            suggested.insert(secret, read(&value, INTRODUCTION_BYTES_MAX)?);
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

    /// Suggestions that can be followed.
    pub fn introductions(&self) -> Vec<IntroductionView> {
        let open = self.introductions.suggested.iter().filter(|(_, suggested)| !suggested.followed);
        let view = |(secret, suggested): (&[u8; 16], &Suggested)| IntroductionView {
            introduction: Introduction(*secret),
            identity: suggested.identity,
            name: suggested.name.clone(),
            by: suggested.by,
        };
        open.map(view).collect()
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
        let found = self.introductions.suggested.get_mut(&secret).filter(|suggested| !suggested.followed);
        let suggested = found.ok_or_else(|| Fault::Gone("this suggestion".to_owned()))?;
        suggested.followed = true;
        let suggested = suggested.clone();
        turn.put(place(&secret), &suggested);
        turn.show(Event::Changed);
        if !accept || self.conversation_with(&suggested.identity).is_some() {
            return Ok(Some(Done::Well));
        }
        let until = turn.now.saturating_add(LASTS);
        if suggested.offers {
            self.invite_introduced(turn, secret, until);
        } else {
            let unknown = || Fault::Link("the suggestion does not say where".to_owned());
            let node = suggested.node.filter(|node| crate::node_url::is_node_url(node)).ok_or_else(unknown)?;
            self.add_job(turn, Job::Watch { introduction: Fixed(secret), node, tries: 0, until });
            self.tick_jobs(turn);
        }
        Ok(Some(Done::Well))
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
        let open = reply
            .read::<Exchange>()
            .is_ok_and(|exchange| exchange.state == ExchangeState::Open && exchange.offer.is_some());
        let suggested = self.introductions.suggested.get(&introduction.0).cloned();
        match suggested {
            Some(suggested) if open => {
                self.end_job(turn, number);
                let secret = Invitation(introduction.0);
                self.look_at_offer(Accepting { command: None, node, secret, from: Some(suggested.identity) });
            }
            Some(_) if turn.now < until => {
                let wait = LOOK_WAIT.0.checked_shl(tries.min(20)).unwrap_or(LOOK_WAIT.1).min(LOOK_WAIT.1);
                let again = Job::Watch { introduction, node, tries: tries.saturating_add(1), until };
                self.change_job(turn, number, again, turn.now.saturating_add(wait));
            }
            _ => self.end_job(turn, number),
        }
    }
}
