//! Invitations of others.

use super::Client;
use super::book::{Contact, Person};
use super::jobs::Job;
use super::purpose::Purpose;
use super::requests::{Ask, Patience, Reply};
use super::turn::Turn;
use crate::command::{Done, Fault, Reason, Secret};
use crate::conversation::Conversation;
use crate::invitation::{Answer, Invitation, InvitationLink, Link, Offer};
use crate::io::CommandId;
use crate::view::{Event, GroupId, Identity};
use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;
use tidings_wire::api::{Exchange, ExchangeState, NewAnswer};
use tidings_wire::bytes::{Blob, Fixed, encode};
use tidings_wire::signed::Signed;

/// An invitation that is being looked at.
pub(crate) struct Accepting {
    pub command: Option<CommandId>,
    pub node: String,
    pub secret: Invitation,
    /// Only from this person, if it is known who must have made it.
    pub from: Option<Identity>,
}

/// An answer on its way.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct AcceptJob {
    node: String,
    exchange: Fixed<16>,
    sealed: ByteBuf,
    pub group: GroupId,
    contact: Identity,
    /// The hub has the group: the answer may be given.
    ready: bool,
    /// What made them a contact before, which counts again if nothing comes of it.
    #[serde(default)]
    before: Option<Contact>,
    /// How often it was sent. One that was sent before may have arrived although its confirmation did not.
    #[serde(default)]
    sent: u32,
}

impl AcceptJob {
    /// The same, about to be sent once more: kept before it is sent, so that a program that ends meanwhile knows of it.
    pub(super) fn sending(&self) -> Self {
        Self { sent: self.sent.saturating_add(1), ..self.clone() }
    }

    pub(super) fn request(&self, purpose: Purpose) -> Option<Ask<Purpose>> {
        let answer = NewAnswer { answer: Blob(self.sealed.to_vec()) };
        let target = format!("/v1/exchanges/{}/answer", self.exchange);
        self.ready.then(|| Ask::new(&self.node, "POST", target, purpose).json(&answer))
    }
}

impl Client {
    /// [`Command::Accept`](crate::command::Command::Accept).
    pub(super) fn accept(
        &mut self,
        turn: &mut Turn<'_>,
        command: CommandId,
        link: &Secret,
        passphrase: Option<&Secret>,
    ) -> Result<Option<Done>, Fault> {
        self.account()?;
        match Link::parse(link.0.trim()).map_err(|error| Fault::Link(error.to_string()))? {
            Link::Room(link) => self.join_room(turn, command, &link, passphrase),
            Link::Account(_) => Err(Fault::HasAccount),
            Link::Contact(InvitationLink { node, secret, .. }) => {
                self.look_at_offer(Accepting { command: Some(command), node, secret, from: None });
                Ok(None)
            }
        }
    }

    /// Reads the offer of an invitation.
    pub(super) fn look_at_offer(&mut self, accepting: Accepting) {
        let target = format!("/v1/exchanges/{}", encode(&accepting.secret.exchange_id()));
        let node = accepting.node.clone();
        let ask = Ask::new(&node, "GET", target, Purpose::Offer(Box::new(accepting)));
        self.requests.ask(ask.patience(Patience::Now));
    }

    pub(super) fn offer_read(&mut self, turn: &mut Turn<'_>, accepting: Accepting, reply: Reply) {
        let command = accepting.command;
        let result = match reply.status() {
            404 | 410 => Err(Fault::Expired),
            _ => reply.read::<Exchange>().and_then(|exchange| self.take_offer(turn, accepting, exchange)),
        };
        match result {
            Ok(Some(done)) => turn.done(command, done),
            Ok(None) => {}
            Err(fault) => turn.failed(command, fault),
        }
    }

    pub(super) fn take_offer(
        &mut self,
        turn: &mut Turn<'_>,
        accepting: Accepting,
        exchange: Exchange,
    ) -> Result<Option<Done>, Fault> {
        if exchange.state != ExchangeState::Open || exchange.expires <= turn.now {
            return Err(Fault::Expired);
        }
        let sealed = exchange.offer.ok_or(Fault::Expired)?;
        let wrong = |error: &dyn std::fmt::Display| Fault::Distrust(error.to_string());
        let offer = accepting.secret.open_offer(&sealed.0).map_err(|error| wrong(&error))?.into_body();
        let who = offer.card.identity;
        if accepting.from.is_some_and(|from| from != who) {
            return Err(Fault::Distrust("the invitation is by somebody else".to_owned()));
        }
        if offer.expires <= turn.now {
            return Err(Fault::Expired);
        }
        if self.own.as_ref().is_some_and(|own| own.identity() == who) {
            return Err(Fault::Link("this is an invitation of your own".to_owned()));
        }
        if let Some(group) = self.conversation_with(&who) {
            return Ok(Some(Done::Conversation(group)));
        }
        self.answer_offer(turn, accepting, offer).map(|()| None)
    }

    /// The conversation with a contact, if both are in it.
    pub(super) fn conversation_with(&self, who: &Identity) -> Option<GroupId> {
        let group = self.book.contact(who)?.1.conversation?;
        self.conversations.get(&group).filter(|conversation| conversation.has_member(who)).map(Conversation::id)
    }

    /// Makes the contact and the conversation, and the answer that says so.
    fn answer_offer(&mut self, turn: &mut Turn<'_>, accepting: Accepting, offer: Offer) -> Result<(), Fault> {
        let Offer { card, devices, packages, .. } = offer;
        let who = card.identity;
        let theirs = card.posting.ok_or_else(|| Fault::Distrust("the invitation brings no posting key".to_owned()))?;
        let before = self.book.person(&who).cloned();
        // Before there is a group at the hub that nobody would use.
        self.may_become_contact(&who, &devices)?;
        let posting: [u8; 32] = turn.bytes();
        // Known first, so that the devices can be checked against the list.
        let _ = self.book.heard_devices(turn, &who, devices.clone());
        let hub = self.account()?.node.clone();
        let made = self.make(turn, |scene| Conversation::create_pair(scene, &hub, &who, &packages));
        let (group, welcome) = match made {
            Ok(made) => made,
            Err(fault) => {
                let _ = self.book.set_person(turn, who, before.clone().unwrap_or_default());
                return Err(fault);
            }
        };
        self.become_contact(turn, &card, &devices, (posting, theirs), group)?;
        let card = self.own_card(turn, Some(&posting))?;
        let own = self.account()?;
        let exchange = accepting.secret.exchange_id();
        let answer = Answer { exchange, to: Fixed(who.0), card, devices: own.list().clone(), welcome, group, hub };
        let signed = Signed::sign(answer, &own.secrets.identity_key())?;
        let sealed = ByteBuf::from(accepting.secret.seal_answer(&signed, turn.random));
        let before = before.and_then(|person| person.contact);
        let node = accepting.node;
        let job =
            AcceptJob { node, exchange: Fixed(exchange), sealed, group, contact: who, ready: false, before, sent: 0 };
        self.add_job(turn, Job::Accept(Box::new(job)));
        self.upkeep.accepts.extend(accepting.command.map(|command| (group, command)));
        Ok(())
    }

    /// The hub has a new group: an answer that waited for it may go.
    pub(super) fn group_created(&mut self, turn: &mut Turn<'_>, group: &GroupId) {
        for (number, mut job) in self.accept_jobs(group) {
            job.ready = true;
            self.change_job(turn, number, Job::Accept(Box::new(job)), 0);
        }
        self.tick_jobs(turn);
    }

    /// The hub refused a new group.
    pub(super) fn group_refused(&mut self, turn: &mut Turn<'_>, group: &GroupId) {
        for (number, job) in self.accept_jobs(group) {
            self.accept_failed(turn, number, &job, Fault::Cannot(Reason::NoNewConversation));
        }
    }

    fn accept_jobs(&self, group: &GroupId) -> Vec<(u64, AcceptJob)> {
        let of = |(number, job): (u64, &Job)| match job {
            Job::Accept(job) if job.group == *group => Some((number, (**job).clone())),
            _ => None,
        };
        self.jobs.all().filter_map(of).collect()
    }

    pub(super) fn accept_answered(&mut self, turn: &mut Turn<'_>, number: u64, job: AcceptJob, reply: Reply) {
        match reply.status() {
            200..300 => self.accepted(turn, number, &job),
            // Somebody's answer is there. It may be this one, whose confirmation was lost.
            409 => {
                let target = format!("/v1/exchanges/{}", job.exchange);
                self.requests.ask(Ask::new(&job.node, "GET", target, Purpose::WhoseAnswer(number)));
            }
            404 | 410 => self.exchange_gone(turn, number, &job),
            _ => {
                let fault = reply.good().err().unwrap_or(Fault::Offline);
                self.accept_failed(turn, number, &job, fault);
            }
        }
    }

    pub(super) fn whose_answer(&mut self, turn: &mut Turn<'_>, number: u64, reply: Reply) {
        let Some(Job::Accept(job)) = self.jobs.get(number).cloned() else { return };
        match reply.read::<Exchange>() {
            Ok(exchange) if exchange.answer.as_ref().is_some_and(|answer| answer.0 == job.sealed.as_slice()) => {
                self.accepted(turn, number, &job)
            }
            Ok(_) => self.accept_failed(turn, number, &job, Fault::Expired),
            Err(_) => self.exchange_gone(turn, number, &job),
        }
    }

    /// The maker has deleted the exchange: it was answered, or revoked. If this answer was sent before, it is the one that the maker took, as
    /// far as can be known: they count this person as a contact now, and must be heard.
    fn exchange_gone(&mut self, turn: &mut Turn<'_>, number: u64, job: &AcceptJob) {
        if job.sent > 1 {
            self.accepted(turn, number, job);
        } else {
            self.accept_failed(turn, number, job, Fault::Expired);
        }
    }

    fn accepted(&mut self, turn: &mut Turn<'_>, number: u64, job: &AcceptJob) {
        self.end_job(turn, number);
        let command = self.upkeep.accepts.remove(&job.group);
        turn.show(Event::Contact(job.contact));
        turn.done(command, Done::Conversation(job.group));
    }

    fn accept_failed(&mut self, turn: &mut Turn<'_>, number: u64, job: &AcceptJob, fault: Fault) {
        self.end_job(turn, number);
        self.forget_conversation(turn, &job.group);
        match (&job.before, self.book.person(&job.contact).cloned()) {
            (Some(before), Some(person)) => {
                let person = Person { contact: Some(before.clone()), ..person };
                if self.book.set_person(turn, job.contact, person) {
                    self.owe_profile(turn.now, 0);
                }
                self.owe_contacts();
            }
            _ => self.drop_contact(turn, &job.contact),
        }
        let command = self.upkeep.accepts.remove(&job.group);
        turn.show(Event::Changed);
        turn.failed(command, fault);
    }
}
