//! Pushes: where they go, whether they come, and how hubs elsewhere wake this device.

use super::Client;
use super::jobs::Job;
use super::purpose::Purpose;
use super::requests::{Ask, Patience, Reply};
use super::state::Push;
use super::turn::Turn;
use crate::command::{Done, Fault, PushSubscription};
use crate::io::CommandId;
use crate::view::GroupId;
use tidings_wire::api::{NewPush, PushTest, WakeUrl};
use tidings_wire::bytes::Fixed;

/// Most bytes of an endpoint.
const ENDPOINT_MAX: usize = 2048;
/// Most characters of what a push service says.
const WORDS_MAX: usize = 200;

impl Client {
    /// [`Command::SetPush`](crate::command::Command::SetPush).
    pub(super) fn set_push(
        &mut self,
        turn: &mut Turn<'_>,
        asked: Option<PushSubscription>,
    ) -> Result<Option<Done>, Fault> {
        self.account()?;
        if asked.as_ref().is_some_and(|push| {
            push.endpoint.len() > ENDPOINT_MAX || push.p256dh.len() > 200 || push.auth.0.len() > 100
        }) {
            return Err(Fault::TooLarge("the push subscription".to_owned()));
        }
        let push = asked.map(|push| Push { endpoint: push.endpoint, p256dh: push.p256dh, auth: push.auth.0.clone() });
        let wakes = push.is_some();
        if let Some(own) = self.own_mut() {
            own.push = push;
            own.owed.push = true;
        }
        self.upkeep.push_again = true;
        let groups: Vec<_> = self.conversations.keys().copied().collect();
        for group in groups {
            if wakes {
                self.wake_me(turn, &group);
            } else {
                self.wake_me_not(turn, &group);
            }
        }
        Ok(Some(Done::Well))
    }

    pub(super) fn pay_push(&mut self) {
        let Some(own) = self.own.as_ref().filter(|own| own.owed.push) else { return };
        if self.requests.purposes().any(|purpose| matches!(purpose, Purpose::PutPush)) {
            return;
        }
        let key = own.device_key();
        let ask = match &own.push {
            Some(Push { endpoint, p256dh, auth }) => {
                let push = NewPush { endpoint: endpoint.clone(), p256dh: p256dh.clone(), auth: auth.clone() };
                Ask::new(&own.node, "PUT", "/v1/push", Purpose::PutPush).json(&push)
            }
            None => Ask::new(&own.node, "DELETE", "/v1/push", Purpose::PutPush),
        };
        self.requests.ask(ask.signed(&key));
        self.upkeep.push_again = false;
    }

    pub(super) fn push_put(&mut self, _reply: Reply) {
        // What the node refuses is not offered again before the person asks.
        let again = self.upkeep.push_again;
        if let Some(own) = self.own_mut().filter(|_| !again) {
            own.owed.push = false;
        }
    }

    /// [`Command::TestPush`](crate::command::Command::TestPush).
    pub(super) fn test_push(&mut self, command: CommandId) -> Result<Option<Done>, Fault> {
        let own = self.account()?;
        let ask = Ask::new(&own.node, "POST", "/v1/push/test", Purpose::TestPush(command)).signed(&own.device_key());
        self.requests.ask(ask.patience(Patience::Now));
        Ok(None)
    }

    pub(super) fn push_tested(&mut self, turn: &mut Turn<'_>, command: CommandId, reply: Reply) {
        let done = match reply.read::<PushTest>() {
            Ok(PushTest { outcome, message }) => {
                Done::Push(outcome, message.chars().filter(|c| !c.is_control()).take(WORDS_MAX).collect())
            }
            Err(fault) => Done::Failed(fault),
        };
        turn.done(Some(command), done);
    }

    /// Lets the hub of a group wake this device, if it has pushes. It is kept until the hub knows.
    pub(super) fn wake_me(&mut self, turn: &mut Turn<'_>, group: &GroupId) {
        if self.own.as_ref().is_some_and(|own| own.push.is_some()) {
            self.forget_wakes(turn, group);
            self.add_job(turn, Job::WakeAddress { group: *group });
        }
    }

    /// The home node may have forgotten the addresses at which hubs wake this device.
    pub(super) fn wake_me_anew(&mut self, turn: &mut Turn<'_>) {
        let groups: Vec<_> = self.conversations.keys().copied().collect();
        groups.iter().for_each(|group| self.wake_me(turn, group));
    }

    /// What was to be told to the hub before counts no more.
    pub(super) fn forget_wakes(&mut self, turn: &mut Turn<'_>, group: &GroupId) {
        let of = |job: &Job| match job {
            Job::WakeAddress { group } | Job::Wake { group, .. } => Some(*group),
            _ => None,
        };
        let old: Vec<u64> =
            self.jobs.all().filter(|(_, job)| of(job) == Some(*group)).map(|(number, _)| number).collect();
        old.into_iter().for_each(|number| self.end_job(turn, number));
    }

    /// The home node has answered with an address.
    pub(super) fn wake_address(&mut self, turn: &mut Turn<'_>, group: &GroupId, reply: Reply) {
        let (Ok(wake), Some(view)) = (reply.read::<WakeUrl>(), self.conversation(group)) else { return };
        let url = (!view.muted).then_some(wake.url);
        self.tell_wake(turn, group, url);
    }

    /// The hub of a group accepts this device: it is told what it has refused to hear before.
    pub(super) fn wake_where_refused(&mut self, turn: &mut Turn<'_>, group: &GroupId) {
        if let Some(url) = self.jobs.refused_wake(group) {
            self.forget_wakes(turn, group);
            self.tell_wake(turn, group, url);
        }
    }

    /// The hub of a group does not wake this device any more.
    fn wake_me_not(&mut self, turn: &mut Turn<'_>, group: &GroupId) {
        self.forget_wakes(turn, group);
        self.tell_wake(turn, group, None);
    }

    /// Tells a hub where to say that something came for this device, or nowhere.
    fn tell_wake(&mut self, turn: &mut Turn<'_>, group: &GroupId, url: Option<String>) {
        let (Some(me), Some(conversation)) = (self.me_scene(), self.conversations.get(group)) else { return };
        let (hub, key) = (conversation.hub().to_owned(), Fixed(conversation.access_key(&me).to_bytes()));
        self.add_job(turn, Job::Wake { hub, group: *group, key, url });
    }
}
