//! Invitations that this person makes.

use super::Client;
use super::conversations::PROFILE_WAIT;
use super::jobs::Job;
use super::purpose::Purpose;
use super::requests::{Ask, Patience, Reply};
use super::turn::Turn;
use crate::command::{Done, Fault, Reason, Secret};
use crate::conversation::Conversation;
use crate::conversation::step::ParcelBody;
use crate::invitation::{Answer, Invitation, InvitationLink, Offer};
use crate::io::{CommandId, Time};
use crate::profile::Name;
use crate::view::{Event, GroupId, Identity, InvitationView};
use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;
use tidings_wire::api::{NewToken, TakenPackages, TokenMade};
use tidings_wire::bytes::Fixed;
use tidings_wire::cbor;
use tidings_wire::signed::Signed;

/// Seconds that an invitation is good for at most, and at least.
const LASTS: (u64, u64) = (60, 30 * 24 * 3600);
/// Most bytes of a note.
const NOTE_MAX: usize = 1024;
/// Most invitations that are open at once.
const OPEN_MAX: usize = 200;

/// The record `invitation/…` of the profile (docs/protocol/profile.md).
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct InvitationRecord {
    #[serde(with = "serde_bytes")]
    pub secret: [u8; 16],
    pub made: Time,
    pub expires: Time,
    pub note: String,
    #[serde(default)]
    pub token: Option<String>,
    /// Seed of the key with which the inviter will post at the other's inbox.
    #[serde(with = "serde_bytes")]
    pub posting: [u8; 32],
    /// The device that made it, which opens it anew if the node has lost it.
    #[serde(with = "serde_bytes")]
    pub device: [u8; 8],
    /// It was made for an introduction, and nobody needs to see it.
    #[serde(default)]
    pub quiet: bool,
}

/// What [`Command::Invite`](crate::command::Command::Invite) says.
pub(crate) struct NewInvitation {
    pub lasts: u64,
    pub note: String,
    pub token: Option<Secret>,
    pub account: bool,
}

/// An invitation that is being made.
pub(crate) struct Inviting {
    command: Option<CommandId>,
    record: InvitationRecord,
}

impl Client {
    /// [`Command::Invite`](crate::command::Command::Invite).
    pub(super) fn invite(
        &mut self,
        turn: &mut Turn<'_>,
        command: CommandId,
        asked: NewInvitation,
    ) -> Result<Option<Done>, Fault> {
        let NewInvitation { lasts, note, token, account } = asked;
        let own = self.account()?;
        if note.len() > NOTE_MAX {
            return Err(Fault::TooLarge("the note".to_owned()));
        }
        if self.invitation_records().len() >= OPEN_MAX {
            return Err(Fault::TooLarge("there are 200 open invitations already; revoke some".to_owned()));
        }
        let device = own.mark();
        let expires = turn.now.saturating_add(lasts.clamp(LASTS.0, LASTS.1) * 1000);
        let record = InvitationRecord {
            secret: turn.bytes(),
            made: turn.now,
            expires,
            note,
            token: token.map(|token| token.0.clone()),
            posting: turn.bytes(),
            device,
            quiet: false,
        };
        let inviting = Inviting { command: Some(command), record };
        if account && inviting.record.token.is_none() {
            self.ask_token(inviting);
        } else {
            self.begin_invitation(turn, inviting);
        }
        Ok(None)
    }

    /// Asks the node for a token with which the one invited can make an account.
    fn ask_token(&mut self, inviting: Inviting) {
        let Some(own) = &self.own else { return };
        let body = NewToken { expires: inviting.record.expires };
        let ask = Ask::new(&own.node, "POST", "/v1/tokens", Purpose::InviteToken(Box::new(inviting))).json(&body);
        let ask = ask.signed(&own.device_key()).patience(Patience::Now);
        self.requests.ask(ask);
    }

    pub(super) fn invite_token(&mut self, turn: &mut Turn<'_>, mut inviting: Inviting, reply: Reply) {
        match reply.read::<TokenMade>() {
            Ok(made) => {
                inviting.record.token = Some(made.token);
                self.begin_invitation(turn, inviting);
            }
            Err(fault) => turn.failed(inviting.command, fault),
        }
    }

    /// An invitation with a secret that both sides have from a common contact.
    pub(super) fn invite_introduced(&mut self, turn: &mut Turn<'_>, secret: [u8; 16], expires: Time) {
        let Some(device) = self.own.as_ref().map(super::state::Own::mark) else { return };
        let posting = turn.bytes();
        let note = String::new();
        let record =
            InvitationRecord { secret, made: turn.now, expires, note, token: None, posting, device, quiet: true };
        self.begin_invitation(turn, Inviting { command: None, record });
    }

    /// Takes packages of the other devices first, if there are any.
    fn begin_invitation(&mut self, turn: &mut Turn<'_>, inviting: Inviting) {
        let Some(own) = &self.own else { return };
        if !own.has_others() {
            return self.open_invitation(turn, inviting, Vec::new());
        }
        let patience = if inviting.command.is_some() { Patience::Now } else { Patience::Always };
        let target = format!("/v1/inboxes/{}/key-packages", own.identity());
        let ask = Ask::new(&own.node, "POST", target, Purpose::InvitePackages(Box::new(inviting)));
        let ask = ask.signed(&own.device_key()).patience(patience);
        self.requests.ask(ask);
    }

    pub(super) fn invite_packages(&mut self, turn: &mut Turn<'_>, inviting: Inviting, reply: Reply) {
        let Some(own) = &self.own else { return };
        let device = own.device_public();
        match reply.read::<TakenPackages>() {
            Ok(taken) => {
                let others = taken.packages.into_iter().filter(|package| package.device != device);
                let packages = others.map(|package| package.package.0).collect();
                self.open_invitation(turn, inviting, packages);
            }
            Err(fault) => turn.failed(inviting.command, fault),
        }
    }

    fn open_invitation(&mut self, turn: &mut Turn<'_>, inviting: Inviting, packages: Vec<Vec<u8>>) {
        let Inviting { command, record } = inviting;
        let id = Invitation(record.secret).exchange_id();
        match self.offer(turn, &record, packages) {
            Ok(offer) => {
                if self.book.set(turn, &Name::Invitation(id), Some(cbor::encode(&record))) {
                    self.owe_profile(turn.now, 0);
                }
                self.upkeep.invites.extend(command.map(|command| (id, command)));
                let (id, offer) = (Fixed(id), ByteBuf::from(offer));
                self.add_job(turn, Job::OpenExchange { id, offer, expires: record.expires });
                turn.show(Event::Changed);
            }
            Err(fault) => turn.failed(command, fault),
        }
    }

    /// The sealed offer.
    fn offer(
        &mut self,
        turn: &mut Turn<'_>,
        record: &InvitationRecord,
        mut packages: Vec<Vec<u8>>,
    ) -> Result<Vec<u8>, Fault> {
        let card = self.own_card(turn, Some(&record.posting))?;
        packages.extend(self.make_package(turn, false));
        let own = self.own.as_ref().ok_or(Fault::NoAccount)?;
        let (devices, incarnation) = (own.list().clone(), own.incarnation);
        let exchange = Invitation(record.secret).exchange_id();
        let offer = Offer { exchange, card, devices, packages, expires: record.expires, incarnation };
        let signed = Signed::sign(offer, &own.secrets.identity_key())?;
        Ok(Invitation(record.secret).seal_offer(&signed, turn.random))
    }

    /// The node has the exchange, or refuses it.
    pub(super) fn exchange_opened(&mut self, turn: &mut Turn<'_>, id: &Fixed<16>, reply: Reply) {
        let command = self.upkeep.invites.remove(&id.0);
        if reply.status() == 409 && command.is_none() {
            // Opened anew at a restored node that had not lost it.
            return;
        }
        match (reply.good(), self.invitation_link(&id.0)) {
            (Ok(_), Some(link)) => turn.done(command, Done::Link(link)),
            (Ok(_), None) => turn.failed(command, Fault::Expired),
            (Err(fault), _) => {
                self.end_invitation(turn, &id.0);
                turn.failed(command, fault);
            }
        }
    }

    fn invitation_link(&self, id: &[u8; 16]) -> Option<Secret> {
        let record: InvitationRecord = self.book.get_as(&Name::Invitation(*id))?;
        let node = self.own.as_ref()?.node.clone();
        let token = record.token.map(Secret);
        Some(InvitationLink { node, secret: Invitation(record.secret), token }.text())
    }

    fn invitation_records(&self) -> Vec<([u8; 16], InvitationRecord)> {
        let ids = self.book.names("invitation/").into_iter().filter_map(|name| match name {
            Name::Invitation(id) => Some(id),
            _ => None,
        });
        ids.filter_map(|id| Some((id, self.book.get_as(&Name::Invitation(id))?))).collect()
    }

    /// Invitations that are open.
    pub fn invitations(&self) -> Vec<InvitationView> {
        let open =
            self.invitation_records().into_iter().filter(|(_, record)| !record.quiet && record.expires > self.now);
        let view = |(id, record): ([u8; 16], InvitationRecord)| {
            Some(InvitationView { id, note: record.note, expires: record.expires, link: self.invitation_link(&id)? })
        };
        open.filter_map(view).collect()
    }

    /// The record goes, and so does the exchange.
    fn end_invitation(&mut self, turn: &mut Turn<'_>, id: &[u8; 16]) {
        if self.book.set(turn, &Name::Invitation(*id), None) {
            self.owe_profile(turn.now, PROFILE_WAIT);
        }
        turn.show(Event::Changed);
    }

    /// [`Command::CancelInvitation`](crate::command::Command::CancelInvitation).
    pub(super) fn cancel_invitation(&mut self, turn: &mut Turn<'_>, id: [u8; 16]) -> Result<Option<Done>, Fault> {
        self.account()?;
        if self.book.get(&Name::Invitation(id)).is_none() {
            return Err(Fault::Unknown("this invitation".to_owned()));
        }
        self.end_invitation(turn, &id);
        self.add_job(turn, Job::DeleteExchange { id: Fixed(id) });
        Ok(Some(Done::Well))
    }

    /// Invitations that have expired go.
    pub(super) fn expire_invitations(&mut self, turn: &mut Turn<'_>) {
        let old = self.invitation_records().into_iter().filter(|(_, record)| record.expires <= turn.now);
        let old: Vec<_> = old.map(|(id, _)| id).collect();
        for id in old {
            self.end_invitation(turn, &id);
        }
    }

    /// The node was restored: the exchanges of this device are opened anew.
    pub(super) fn reopen_exchanges(&mut self, turn: &mut Turn<'_>) {
        let mark = self.own.as_ref().map(super::state::Own::mark);
        let mine = self.invitation_records().into_iter().filter(|(_, record)| Some(record.device) == mark);
        let mine: Vec<_> = mine.collect();
        for (_, record) in mine {
            self.begin_invitation(turn, Inviting { command: None, record });
        }
    }

    /// An exchange of this person has an answer. Whether there is nothing to wait for.
    pub(super) fn exchange_answered(&mut self, turn: &mut Turn<'_>, id: [u8; 16], sealed: &[u8]) -> bool {
        if self.link_requested(turn, &id, sealed) {
            return true;
        }
        let name = Name::Invitation(id);
        let Some(record) = self.book.get_as::<InvitationRecord>(&name) else {
            return self.book.document().records.contains_key(&name.text());
        };
        let Some(me) = self.own.as_ref().map(super::state::Own::identity) else { return true };
        let Ok(answer) = Invitation(record.secret).open_answer(&Fixed(me.0), sealed) else { return true };
        let answer = answer.into_body();
        match self.meet(turn, answer, &record) {
            Ok(_) => {
                self.end_invitation(turn, &id);
                self.add_job(turn, Job::DeleteExchange { id: Fixed(id) });
            }
            Err(fault) => self.warn_of_others(turn, &format!("an answer to your invitation was refused: {fault}")),
        }
        true
    }

    /// Whether this person may answer: not one who is blocked, and to a suggestion only the one who was suggested, since whoever made it
    /// has its secret, too.
    fn may_answer(&self, who: &Identity, record: &InvitationRecord) -> Result<(), Fault> {
        if self.book.contact(who).is_some_and(|(_, contact)| contact.blocked) {
            return Err(Fault::Cannot(Reason::Blocked));
        }
        if record.quiet && self.introduced_identity(&record.secret) != Some(*who) {
            return Err(Fault::Distrust("it is by another person than the one who was suggested".to_owned()));
        }
        Ok(())
    }

    /// Who answered becomes a contact, and the conversation is joined.
    fn meet(&mut self, turn: &mut Turn<'_>, answer: Answer, record: &InvitationRecord) -> Result<GroupId, Fault> {
        let Answer { card, devices, welcome, group, hub, .. } = answer;
        let who = card.identity;
        let theirs = card.posting.ok_or_else(|| Fault::Distrust("the answer brings no posting key".to_owned()))?;
        self.may_answer(&who, record)?;
        let before = self.book.person(&who).cloned();
        let known = self.conversations.get(&group).map(Conversation::other);
        if known.is_some_and(|other| other != Some(who)) {
            return Err(Fault::Distrust("the answer names another conversation".to_owned()));
        }
        self.become_contact(turn, &card, &devices, (record.posting, theirs), group)?;
        let welcome = ParcelBody::Welcome { welcome, group: group.0, hub, turn: 0, number: 0, devices: Vec::new() };
        if known.is_some() {
            return Ok(group);
        }
        let joined = self.make(turn, |scene| {
            let mut joined = Conversation::join(scene, &who, &welcome)?;
            if joined.other() != Some(who) {
                joined.forget(scene)?;
                return Err(Fault::Distrust("the answer opens no conversation of two".to_owned()));
            }
            Ok((joined, ()))
        });
        match joined {
            Ok((group, ())) => Ok(group),
            Err(fault) => {
                let before = super::book::Person {
                    contact: before.and_then(|person| person.contact),
                    ..self.book.person(&who).cloned().unwrap_or_default()
                };
                let _ = self.book.set_person(turn, who, before);
                self.owe_contacts();
                Err(fault)
            }
        }
    }
}
