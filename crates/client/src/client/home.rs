//! Questions to the home node whose answers are shown and nothing else.

use super::Client;
use super::purpose::Purpose;
use super::requests::{Ask, Patience, Reply};
use super::turn::Turn;
use crate::command::{Done, Fault, HomeQuestion, Secret};
use crate::io::CommandId;

/// Most bytes of an answer: a thousand accounts and all settings.
const ANSWER_BYTES_MAX: usize = 1 << 20;

/// Length of what is kept of an invitation's token, in base64url.
const TOKEN_CHARS: usize = 43;

impl Client {
    /// [`Command::AskHome`](crate::command::Command::AskHome).
    pub(super) fn ask_home(&mut self, command: CommandId, question: &HomeQuestion) -> Result<Option<Done>, Fault> {
        let own = self.account()?;
        let (method, target) = match question {
            HomeQuestion::Known => ("GET", "/v1/account/known".to_owned()),
            HomeQuestion::Overview => ("GET", "/v1/owner".to_owned()),
            HomeQuestion::Findings => ("GET", "/v1/owner/findings".to_owned()),
            HomeQuestion::Invite => ("POST", "/v1/owner/invitations".to_owned()),
            HomeQuestion::Withdraw(id) if is_token(id) => ("DELETE", format!("/v1/owner/invitations/{id}")),
            HomeQuestion::Withdraw(_) => return Err(Fault::Unknown("this invitation".to_owned())),
        };
        let ask = Ask::new(&own.node, method, target, Purpose::AskHome(command)).signed(&own.device_key());
        self.requests.ask(ask.patience(Patience::Now));
        Ok(None)
    }

    pub(super) fn home_answered(turn: &mut Turn<'_>, command: CommandId, reply: Reply) {
        turn.done(Some(command), text(reply).map_or_else(Done::Failed, |text| Done::Text(Secret(text))));
    }
}

fn text(reply: Reply) -> Result<String, Fault> {
    let body = reply.good()?.body;
    if body.len() > ANSWER_BYTES_MAX {
        return Err(Fault::TooLarge("the node's answer".to_owned()));
    }
    String::from_utf8(body).map_err(|_| Fault::Distrust("the node's answer can't be read".to_owned()))
}

fn is_token(id: &str) -> bool {
    id.len() == TOKEN_CHARS && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
}
