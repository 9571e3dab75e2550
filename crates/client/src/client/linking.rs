//! Linking a device with a code, both sides.

use super::Client;
use super::account::certify;
use super::purpose::Purpose;
use super::requests::{Ask, Patience, Reply};
use super::turn::Turn;
use crate::command::{Done, Fault, Reason, Secret};
use crate::io::{CommandId, Time};
use crate::link::{LinkCode, LinkReply, LinkRequest, agree_key};
use crate::view::{DeviceRequest, Event};
use ed25519_dalek::SigningKey;
use tidings_wire::api::{Exchange, ExchangeState, NewAnswer, NewExchange, NewReply};
use tidings_wire::bytes::{Blob, Fixed, encode};
use tidings_wire::certificate::DeviceCertificate;
use tidings_wire::device_list::ProvenKey;
use tidings_wire::signed::Signed;
use zeroize::Zeroizing;

/// How long a code is good for, in milliseconds.
const CODE_LASTS: Time = 10 * 60 * 1000;
/// How often the new device looks for the reply, in milliseconds.
const POLL: Time = 2_000;
/// Said of a request to be linked that anybody could have written who knows the code.
const UNPROVEN: &str = "a device that asked to be linked has not shown that its key is its own: make a new code";

/// On an old device: a code that is shown.
struct Offering {
    code: LinkCode,
    expires: Time,
    request: Option<(LinkRequest, String)>,
    /// The new device as it was certified, once the person said yes.
    granted: Option<(CommandId, Signed<DeviceCertificate>)>,
}

/// On a new device: a code that was typed.
struct Asking {
    command: CommandId,
    code: LinkCode,
    device: SigningKey,
    agree: Zeroizing<[u8; 32]>,
    request: LinkRequest,
    check: String,
    until: Time,
    look_at: Option<Time>,
}

/// Linking that goes on. It lasts ten minutes at most, so a restart ends it.
#[derive(Default)]
pub(crate) struct Linking {
    offering: Option<Box<Offering>>,
    asking: Option<Box<Asking>>,
    /// A restoring that ends when the profile was read.
    pub waits_for_profile: Option<CommandId>,
}

impl Linking {
    pub(super) fn next_due(&self) -> Option<Time> {
        let offering = self.offering.as_ref().map(|offering| offering.expires);
        let asking = self.asking.as_ref().map(|asking| asking.look_at.unwrap_or(asking.until).min(asking.until));
        offering.into_iter().chain(asking).min()
    }
}

impl Client {
    /// [`Command::OfferLink`](crate::command::Command::OfferLink).
    pub(super) fn offer_link(&mut self, turn: &mut Turn<'_>, command: CommandId) -> Result<Option<Done>, Fault> {
        let own = self.account()?;
        let code = LinkCode::generate(own.node.clone(), turn.random);
        let expires = turn.now.saturating_add(CODE_LASTS);
        let offer = code.seal_offer(&own.identity(), turn.random);
        let exchange = NewExchange { id: Fixed(code.exchange_id()), offer: Some(Blob(offer)), expires };
        let ask = Ask::new(&own.node, "POST", "/v1/exchanges", Purpose::LinkOpened(command)).json(&exchange);
        let ask = ask.signed(&own.device_key()).patience(Patience::Now);
        self.requests.ask(ask);
        self.linking.offering = Some(Box::new(Offering { code, expires, request: None, granted: None }));
        Ok(None)
    }

    pub(super) fn link_opened(&mut self, turn: &mut Turn<'_>, command: CommandId, reply: Reply) {
        match (reply.good(), &self.linking.offering) {
            (Ok(_), Some(offering)) => turn.done(Some(command), Done::Code(offering.code.text(), offering.expires)),
            (Ok(_), None) => turn.failed(Some(command), Fault::Expired),
            (Err(fault), _) => {
                self.linking.offering = None;
                turn.failed(Some(command), fault);
            }
        }
    }

    /// The answer of an exchange: of a device that asks to be linked? The first one that can be read counts, and one that does not show that
    /// its key is its own ends it: an exchange is answered once.
    pub(super) fn link_requested(&mut self, turn: &mut Turn<'_>, id: &[u8; 16], sealed: &[u8]) -> bool {
        let own = self.own.as_ref().map(|own| Fixed(own.identity().0));
        let Some(offering) = self.linking.offering.as_mut().filter(|offering| offering.code.exchange_id() == *id)
        else {
            return false;
        };
        if let (None, Ok(request)) = (&offering.request, offering.code.open_request(sealed)) {
            if !own.is_some_and(|own| request.proven().holds(&own)) {
                self.linking.offering = None;
                self.add_job(turn, super::jobs::Job::DeleteExchange { id: Fixed(*id) });
                turn.show(Event::Warning(UNPROVEN.to_owned()));
                return true;
            }
            match offering.code.check_number(&request) {
                Ok(check) => {
                    let name = request.name.clone();
                    turn.show(Event::DeviceAsks { request: DeviceRequest(*id), name, check: check.clone() });
                    offering.request = Some((request, check));
                }
                Err(error) => turn.show(Event::Warning(error.to_string())),
            }
        }
        true
    }

    /// Devices that ask to be linked: their names and check numbers.
    pub fn device_requests(&self) -> Vec<(DeviceRequest, String, String)> {
        let asking = self.linking.offering.as_deref().filter(|offering| offering.granted.is_none());
        let found = asking.and_then(|offering| Some((offering, offering.request.as_ref()?)));
        let row = |(offering, (request, check)): (&Offering, &(LinkRequest, String))| {
            (DeviceRequest(offering.code.exchange_id()), request.name.clone(), check.clone())
        };
        found.map(row).into_iter().collect()
    }

    /// [`Command::AnswerLink`](crate::command::Command::AnswerLink).
    pub(super) fn answer_link(
        &mut self,
        turn: &mut Turn<'_>,
        command: CommandId,
        which: &DeviceRequest,
        accept: bool,
    ) -> Result<Option<Done>, Fault> {
        let own = self.account()?;
        let offering = self.linking.offering.as_ref().filter(|offering| offering.code.exchange_id() == which.0);
        let (request, _) = offering.and_then(|offering| offering.request.as_ref()).ok_or(Fault::Expired)?;
        if !accept {
            self.linking.offering = None;
            self.add_job(turn, super::jobs::Job::DeleteExchange { id: Fixed(which.0) });
            return Ok(Some(Done::Well));
        }
        let (list, serial) = own.list().with(request.proven()).map_err(|error| Fault::Refused(error.to_string()))?;
        let certificate = certify(&own.secrets, request.device, serial, turn.now)?;
        if let Some(offering) = &mut self.linking.offering {
            offering.granted = Some((command, certificate));
        }
        self.change_own_list(turn, list)?;
        Ok(None)
    }

    /// The node has the own list as it is here: if a device waits for that, it gets its reply.
    pub(super) fn link_published(&mut self, turn: &mut Turn<'_>) {
        let (Some(own), Some(offering)) = (&self.own, &self.linking.offering) else { return };
        let (Some((_, certificate)), Some((request, _))) = (&offering.granted, &offering.request) else { return };
        if own.owed.devices || self.requests.purposes().any(|purpose| matches!(purpose, Purpose::LinkReplied)) {
            return;
        }
        let serial = own.list().listed(&certificate.device);
        let anew = serial.filter(|serial| *serial != certificate.serial);
        let anew = anew.map(|serial| certify(&own.secrets, certificate.device.0, serial, turn.now));
        let (Some(_), Ok(certificate)) = (serial, anew.unwrap_or_else(|| Ok(certificate.clone()))) else {
            // Another change of the list came between.
            let command =
                self.linking.offering.take().and_then(|offering| offering.granted).map(|(command, _)| command);
            return turn.failed(command, Fault::Cannot(Reason::DevicesChanged));
        };
        let reply = LinkReply {
            secrets: own.secrets.clone(),
            certificate,
            devices: own.list().clone(),
            node: own.node.clone(),
        };
        let Ok(sealed) = offering.code.seal_reply(request, &reply, turn.random) else {
            let command =
                self.linking.offering.take().and_then(|offering| offering.granted).map(|(command, _)| command);
            return turn.failed(command, Fault::Distrust("the new device's key is no good".to_owned()));
        };
        let body = NewReply { reply: Blob(sealed) };
        let target = format!("/v1/exchanges/{}/reply", encode(&offering.code.exchange_id()));
        let ask = Ask::new(&own.node, "PUT", target, Purpose::LinkReplied).json(&body).signed(&own.device_key());
        self.requests.ask(ask);
    }

    pub(super) fn link_replied(&mut self, turn: &mut Turn<'_>, reply: Reply) {
        let command = self.linking.offering.take().and_then(|offering| offering.granted).map(|(command, _)| command);
        match reply.good() {
            Ok(_) => turn.done(command, Done::Well),
            Err(fault) => turn.failed(command, fault),
        }
    }

    /// Whether this device waits to be linked: it would have two accounts otherwise, or the list a device that nobody uses. Fails with
    /// [`Reason::WaitsForLink`].
    pub(super) fn not_being_linked(&self) -> Result<(), Fault> {
        if self.linking.asking.is_some() { Err(Fault::Cannot(Reason::WaitsForLink)) } else { Ok(()) }
    }

    /// [`Command::Link`](crate::command::Command::Link).
    pub(super) fn link(
        &mut self,
        turn: &mut Turn<'_>,
        command: CommandId,
        code: &Secret,
        name: String,
    ) -> Result<Option<Done>, Fault> {
        if self.own.is_some() || self.restoring.is_some() {
            return Err(Fault::HasAccount);
        }
        self.not_being_linked()?;
        let code = LinkCode::parse(code.0.trim()).map_err(|error| Fault::Link(error.to_string()))?;
        let device = SigningKey::from_bytes(&turn.bytes());
        let (agree, public) = agree_key(turn.random);
        // Whose device it is to be, it learns from the offer.
        let request = LinkRequest { device: device.verifying_key().to_bytes(), agree: public, name, proof: [0; 64] };
        let check = code.check_number(&request).map_err(|error| Fault::Link(error.to_string()))?;
        let target = format!("/v1/exchanges/{}", encode(&code.exchange_id()));
        self.requests.ask(Ask::new(&code.node, "GET", target, Purpose::LinkOffer).patience(Patience::Now));
        let until = turn.now.saturating_add(CODE_LASTS);
        self.linking.asking =
            Some(Box::new(Asking { command, code, device, agree, request, check, until, look_at: None }));
        Ok(None)
    }

    /// The other device's offer says whose device this one is to be: it proves that it wants to.
    pub(super) fn link_offered(&mut self, turn: &mut Turn<'_>, reply: Reply) {
        let Some(asking) = &mut self.linking.asking else { return };
        let found = match reply.status() {
            404 | 410 => Err(Fault::Expired),
            _ => reply.read::<Exchange>(),
        };
        let offered = found.and_then(|exchange| match exchange.state {
            ExchangeState::Open => Ok(asking.code.open_offer(&exchange.offer.unwrap_or_default().0)?),
            _ => Err(Fault::Expired),
        });
        match offered {
            Ok(identity) => {
                asking.request.proof = ProvenKey::new(&asking.device, &Fixed(identity.0)).proof.0;
                let answer = NewAnswer { answer: Blob(asking.code.seal_request(&asking.request, turn.random)) };
                let target = format!("/v1/exchanges/{}/answer", encode(&asking.code.exchange_id()));
                let ask = Ask::new(&asking.code.node, "POST", target, Purpose::LinkAnswered).json(&answer);
                self.requests.ask(ask.patience(Patience::Now));
            }
            Err(fault) => self.link_failed(turn, fault),
        }
    }

    pub(super) fn link_answered(&mut self, turn: &mut Turn<'_>, reply: Reply) {
        let Some(asking) = &mut self.linking.asking else { return };
        let fault = match reply.status() {
            200..300 => {
                asking.look_at = Some(turn.now.saturating_add(POLL));
                turn.show(Event::LinkCheck { check: asking.check.clone() });
                return;
            }
            404 | 409 | 410 => Fault::Expired,
            _ => reply.good().err().unwrap_or(Fault::Offline),
        };
        self.link_failed(turn, fault);
    }

    fn link_failed(&mut self, turn: &mut Turn<'_>, fault: Fault) {
        let command = self.linking.asking.take().map(|asking| asking.command);
        turn.failed(command, fault);
    }

    pub(super) fn link_polled(&mut self, turn: &mut Turn<'_>, reply: Reply) {
        let Some(asking) = &mut self.linking.asking else { return };
        asking.look_at = Some(turn.now.saturating_add(POLL));
        if reply.status() == 404 {
            return self.link_failed(turn, Fault::Expired);
        }
        if self.own.is_some() {
            // It came into an account meanwhile, another one or by the phrase as another device: that must not be lost.
            return self.link_failed(turn, Fault::HasAccount);
        }
        let Ok(exchange) = reply.read::<Exchange>() else { return };
        let Some(sealed) = exchange.reply.filter(|_| exchange.state == ExchangeState::Replied) else { return };
        let Some(asking) = self.linking.asking.take() else { return };
        let opened = asking
            .code
            .open_reply(&asking.request, &asking.agree, &sealed.0)
            .map_err(|error| Fault::Distrust(error.to_string()));
        self.linking.waits_for_profile = Some(asking.command);
        let linked = opened.and_then(|reply| self.linked(turn, &asking.device, asking.request.name.clone(), reply));
        match linked {
            Ok(()) => {
                let id = Fixed(asking.code.exchange_id());
                self.add_job(turn, super::jobs::Job::DeleteExchange { id });
            }
            Err(fault) => {
                self.linking.waits_for_profile = None;
                turn.failed(Some(asking.command), fault);
            }
        }
    }

    /// Something changed in an exchange of this account; answers come by the inbox.
    pub(super) fn link_changed(&mut self, turn: &mut Turn<'_>) {
        self.tick_linking(turn);
    }

    pub(super) fn tick_linking(&mut self, turn: &mut Turn<'_>) {
        if self.linking.offering.as_ref().is_some_and(|offering| offering.expires <= turn.now) {
            let command =
                self.linking.offering.take().and_then(|offering| offering.granted).map(|(command, _)| command);
            turn.failed(command, Fault::Expired);
        }
        if self.linking.asking.as_ref().is_some_and(|asking| asking.until <= turn.now) {
            return self.link_failed(turn, Fault::Expired);
        }
        if let Some(asking) =
            self.linking.asking.as_mut().filter(|asking| asking.look_at.is_some_and(|at| at <= turn.now))
        {
            asking.look_at = None;
            let target = format!("/v1/exchanges/{}", encode(&asking.code.exchange_id()));
            let node = asking.code.node.clone();
            self.requests.ask(Ask::new(&node, "GET", target, Purpose::LinkPoll).patience(Patience::Now));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::tests::Alone;

    #[test]
    fn a_request_of_an_unproven_device_ends_the_exchange_before_anybody_is_asked() {
        let mut alone = Alone::new();
        let me = Fixed(alone.client.own.as_ref().unwrap().identity().0);
        let device = SigningKey::from_bytes(&[9; 32]);
        let mut ask = |of: &Fixed<32>| {
            alone.turn(|client, turn| client.offer_link(turn, CommandId(9))).unwrap();
            let code = LinkCode::parse(&alone.client.linking.offering.as_ref().unwrap().code.text().0).unwrap();
            let ProvenKey { key, proof } = ProvenKey::new(&device, of);
            let (_, agree) = agree_key(&mut alone.random);
            let request = LinkRequest { device: key.0, agree, name: "Phone".to_owned(), proof: proof.0 };
            let sealed = code.seal_request(&request, &mut alone.random);
            assert!(alone.turn(|client, turn| client.link_requested(turn, &code.exchange_id(), &sealed)));
            (alone.client.device_requests().len(), alone.client.linking.offering.is_some())
        };
        assert_eq!(ask(&Fixed([7; 32])), (0, false));
        assert_eq!(ask(&me), (1, true));
    }
}
