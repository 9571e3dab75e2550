//! Who an answer goes to, and what an answer says.

use super::Client;
use super::purpose::Purpose;
use super::requests::Reply;
use super::turn::Turn;
use crate::command::Fault;
use crate::io::HttpAnswer;
use serde::de::DeserializeOwned;
use tidings_wire::Failure;
use tidings_wire::failure::Code;

/// Most characters of a node's own words that are shown.
const WORDS_MAX: usize = 200;

impl Reply {
    /// The answer, if it is one that says yes.
    pub(super) fn good(self) -> Result<HttpAnswer, Fault> {
        match self {
            Self::Later => Err(Fault::Offline),
            Self::Answer(answer) if (200..300).contains(&answer.status) => Ok(answer),
            Self::Answer(answer) => Err(answer.fault()),
        }
    }

    /// What a good answer says.
    pub(super) fn read<T: DeserializeOwned>(self) -> Result<T, Fault> {
        self.good()?.read()
    }

    /// The status; zero without an answer.
    pub(super) fn status(&self) -> u16 {
        match self {
            Self::Later => 0,
            Self::Answer(answer) => answer.status,
        }
    }
}

impl HttpAnswer {
    /// The body as the type that it should be. Fails with [`Fault::Distrust`].
    pub(crate) fn read<T: DeserializeOwned>(&self) -> Result<T, Fault> {
        serde_json::from_slice(&self.body).map_err(|_| Fault::Distrust("the node's answer can't be read".to_owned()))
    }

    /// Why it says no.
    pub(crate) fn code(&self) -> Code {
        serde_json::from_slice::<Failure>(&self.body).map_or(Code::Unknown, |failure| failure.error)
    }

    /// The fault to show for an answer that says no.
    pub(crate) fn fault(&self) -> Fault {
        let words = serde_json::from_slice::<Failure>(&self.body).map(|failure| failure.message).unwrap_or_default();
        let words: String = words.chars().filter(|c| !c.is_control()).take(WORDS_MAX).collect();
        match (self.status, self.code()) {
            (413, _) => Fault::TooLarge(words),
            (_, Code::Answered) => Fault::Expired,
            (status, _) if words.is_empty() => Fault::Refused(format!("status {status}")),
            _ => Fault::Refused(words),
        }
    }
}

impl Client {
    /// Takes the answer of a request to where it was asked.
    pub(super) fn answered(&mut self, turn: &mut Turn<'_>, purpose: Purpose, reply: Reply) {
        match purpose {
            Purpose::Register(command) => self.registered(turn, command, reply),
            Purpose::DeleteAccount(command) => self.account_deleted(turn, command, &reply),
            Purpose::RestoreList => self.restore_list(turn, reply),
            Purpose::PublishDevices => self.devices_published(turn, reply),
            Purpose::ReadDevices(known) => self.devices_read(turn, known, reply),
            Purpose::Account(known) => self.account_read(turn, known, reply),
            Purpose::ReadProfile(known) => self.profile_read(turn, known, reply),
            Purpose::WriteProfile => self.profile_written(turn, reply),
            Purpose::PackagesWaiting => self.packages_waiting(turn, reply),
            Purpose::PutPackages => self.packages_put(turn, reply),
            Purpose::PutContacts => self.contacts_put(reply),
            Purpose::PutPush => self.push_put(reply),
            Purpose::AskHome(command) => Self::home_answered(turn, command, reply),
            Purpose::TestPush(command) => self.push_tested(turn, command, reply),
            Purpose::InboxEnd(after) => self.inbox_end(turn, after, reply),
            Purpose::Taken(number) => self.taken(number, reply),
            Purpose::Job(number) => self.job_answered(turn, number, reply),
            Purpose::Hub(group, asked) => self.hub_answered(turn, &group, asked, reply),
            Purpose::TakePackages(group, identity) => self.packages_taken(turn, &group, &identity, reply),
            Purpose::InviteToken(inviting) => self.invite_token(turn, *inviting, reply),
            Purpose::InvitePackages(inviting) => self.invite_packages(turn, *inviting, reply),
            Purpose::Offer(accepting) => self.offer_read(turn, *accepting, reply),
            Purpose::WhoseAnswer(job) => self.whose_answer(turn, job, reply),
            Purpose::LinkOpened(command) => self.link_opened(turn, command, reply),
            Purpose::LinkOffer => self.link_offered(turn, reply),
            Purpose::LinkAnswered => self.link_answered(turn, reply),
            Purpose::LinkPoll => self.link_polled(turn, reply),
            Purpose::LinkReplied => self.link_replied(turn, reply),
            Purpose::Transfer(number) => self.transfer_answered(turn, number, reply),
            Purpose::Archive => self.archive_answered(turn, reply),
        }
    }
}
