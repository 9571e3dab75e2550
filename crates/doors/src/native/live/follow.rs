//! What a session follows, and who it showed to be to follow it.

use super::super::Native;
use super::super::inbox;
use super::Client;
use super::crowd::Guest;
use ed25519_dalek::{Signature, VerifyingKey};
use std::collections::HashMap;
use tidings_core::group::group_stream;
use tidings_core::presence::{DeviceMark, Presence};
use tidings_core::{Ed25519Key, Seq, StreamName};
use tidings_engine::Subscriber;
use tidings_wire::live::{FOLLOWED_MAX, Followed, FromNode, True};
use tidings_wire::{Code, Fixed};

/// What a client asks to follow.
pub(super) struct Wish {
    pub(super) stream: Followed,
    pub(super) after: u64,
    pub(super) key: Fixed<32>,
    pub(super) signature: Fixed<64>,
    pub(super) device: Option<Fixed<8>>,
}

/// The inbox that is followed.
pub(super) struct Inbox {
    /// By which device.
    pub(super) device: Ed25519Key,
    /// Whose.
    pub(super) identity: Ed25519Key,
    /// Where changes of the account are told.
    pub(super) news: StreamName,
    sent: Sent,
    /// While these live, the device is not pushed to, and counts as connected.
    _held: (Presence, Guest),
}

/// A group that is followed.
struct Group {
    key: Ed25519Key,
    sent: Sent,
    /// Which device follows; while the presence lives, it is not woken.
    device: Option<(DeviceMark, Presence)>,
}

/// Whether something was sent that the client may not have: since the last heartbeat, and before that.
#[derive(Clone, Copy, Default)]
struct Sent {
    lately: bool,
    before: bool,
}

impl Sent {
    /// Something came from the client since the last heartbeat, so it has what was sent before that.
    fn heard(&mut self) {
        self.before = std::mem::take(&mut self.lately);
    }

    fn is_open(self) -> bool {
        self.lately || self.before
    }
}

/// All that one session follows. It holds nothing while nothing is followed.
#[derive(Default)]
pub(super) struct Follows {
    pub(super) inbox: Option<Inbox>,
    groups: HashMap<[u8; 16], Group>,
}

impl Follows {
    /// Whether anything is followed.
    pub(super) fn is_empty(&self) -> bool {
        self.inbox.is_none() && self.groups.is_empty()
    }

    /// The access key by which a group is followed.
    pub(super) fn member(&self, group: &[u8; 16]) -> Option<Ed25519Key> {
        self.groups.get(group).map(|group| group.key)
    }

    /// Something of a stream went out.
    pub(super) fn sent(&mut self, stream: Followed) {
        match stream {
            Followed::Inbox(True) => self.inbox.iter_mut().for_each(|inbox| inbox.sent.lately = true),
            Followed::Group(id) => {
                if let Some(group) = self.groups.get_mut(&id.0) {
                    group.sent.lately = true;
                }
            }
        }
    }

    /// A heartbeat at which something had come from the client since the last one.
    pub(super) fn heard(&mut self) {
        self.inbox.iter_mut().for_each(|inbox| inbox.sent.heard());
        self.groups.values_mut().for_each(|group| group.sent.heard());
    }

    /// The client fell silent. Whatever it may not have, it is pushed to and woken for: while it counted as listening, it was not.
    pub(super) async fn lost(&mut self, door: &Native) {
        let (engine, now) = (&door.engine, door.engine.now());
        let mut outcome = Ok(());
        if let Some(inbox) = self.inbox.take().filter(|inbox| inbox.sent.is_open()) {
            outcome = engine.push_again(inbox.device, now).await;
        }
        for (id, Group { key, sent, device }) in self.groups.drain() {
            if let Some((mark, _presence)) = device.filter(|_| sent.is_open()) {
                outcome = outcome.and(engine.wake_again(id, key, mark, now).await);
            }
        }
        if let Err(error) = outcome {
            tracing::warn!(%error, "a device that fell silent could not be told of what it missed");
        }
    }

    /// Follows a stream from now on, in place of what was followed of it. Gives what to tell the client.
    pub(super) async fn follow(
        &mut self,
        door: &Native,
        subscriber: &mut Subscriber,
        client: &Client,
        challenge: &Fixed<32>,
        wish: Wish,
    ) -> FromNode {
        let stream = wish.stream;
        let key = match verified(door, client, challenge, &wish) {
            Ok(key) => key,
            Err(error) => return FromNode::Refused { stream, error },
        };
        let followed = match stream {
            Followed::Inbox(True) => self.follow_inbox(door, subscriber, key, wish.after).await,
            Followed::Group(id) => self.follow_group(door, subscriber, id.0, key, &wish).await,
        };
        followed.unwrap_or_else(|error| FromNode::Refused { stream, error })
    }

    async fn follow_inbox(
        &mut self,
        door: &Native,
        subscriber: &mut Subscriber,
        device: Ed25519Key,
        after: u64,
    ) -> Result<FromNode, Code> {
        let engine = &door.engine;
        let identity = engine.device_owner(device).await.map_err(code)?.ok_or(Code::NotAccepted)?;
        self.unfollow_inbox(subscriber);
        let most = door.settings.load().connections_per_device;
        let guest = door.crowd.enter(device, most).ok_or(Code::Rate)?;
        let news = engine.account_news(&identity);
        // Followed before it is asked again: a removal in between is told.
        subscriber.join(news.clone()).await.map_err(code)?;
        let held = (engine.following_inbox(device), guest);
        self.inbox = Some(Inbox { device, identity, news, sent: Sent::default(), _held: held });
        let stream = inbox::stream(identity);
        let end = match engine.device_owner(device).await {
            Ok(Some(owner)) if owner == identity => engine.end(&stream).await.map_err(code),
            Ok(_) => Err(Code::NotAccepted),
            Err(error) => Err(code(error)),
        };
        let end = end.inspect_err(|_| self.unfollow_inbox(subscriber))?;
        subscriber.resume(stream, inbox::place(after).min(end));
        Ok(FromNode::Following { stream: Followed::Inbox(True), end: inbox::number(end), turn: None })
    }

    async fn follow_group(
        &mut self,
        door: &Native,
        subscriber: &mut Subscriber,
        id: [u8; 16],
        key: Ed25519Key,
        wish: &Wish,
    ) -> Result<FromNode, Code> {
        if self.groups.len() >= FOLLOWED_MAX && !self.groups.contains_key(&id) {
            return Err(Code::Full);
        }
        let engine = &door.engine;
        let place = engine.group_place(&id, &key).await.map_err(code)?;
        let (end, turn): (Seq, u64) = place.ok_or(Code::NotAccepted)?;
        self.unfollow_group(subscriber, &id);
        let device = wish.device.map(|device| (device.0, engine.following(id, key, device.0)));
        self.groups.insert(id, Group { key, sent: Sent::default(), device });
        subscriber.resume(group_stream(&id), inbox::place(wish.after).min(end));
        Ok(FromNode::Following { stream: wish.stream, end: inbox::number(end), turn: Some(turn) })
    }

    /// Follows it no longer.
    pub(super) fn unfollow(&mut self, subscriber: &mut Subscriber, stream: Followed) {
        match stream {
            Followed::Inbox(True) => self.unfollow_inbox(subscriber),
            Followed::Group(id) => self.unfollow_group(subscriber, &id.0),
        }
    }

    fn unfollow_inbox(&mut self, subscriber: &mut Subscriber) {
        if let Some(inbox) = self.inbox.take() {
            subscriber.leave(&inbox::stream(inbox.identity));
            subscriber.leave(&inbox.news);
        }
    }

    fn unfollow_group(&mut self, subscriber: &mut Subscriber, id: &[u8; 16]) {
        if self.groups.remove(id).is_some() {
            subscriber.leave(&group_stream(id));
        }
    }
}

/// The key that signed the wish. Whoever errs too often must wait.
fn verified(door: &Native, client: &Client, challenge: &Fixed<32>, wish: &Wish) -> Result<Ed25519Key, Code> {
    let now = door.engine.now();
    door.limits.may_guess(client.address, now).map_err(|_| Code::Rate)?;
    let check = || {
        let key = VerifyingKey::from_bytes(&wish.key.0).ok()?;
        let bytes = wish.stream.signed_bytes(challenge, &client.authority);
        key.verify_strict(&bytes, &Signature::from_bytes(&wish.signature.0)).ok()?;
        Ed25519Key::from_bytes(wish.key.0).ok()
    };
    check().ok_or_else(|| {
        door.limits.guessed_wrong(client.address, now);
        Code::Unsigned
    })
}

/// The code for what the engine could not do.
pub(super) fn code(error: tidings_engine::Error) -> Code {
    super::super::answer::Refused::from(error).code()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_sent_is_there_once_something_came_after_the_next_heartbeat() {
        let mut sent = Sent::default();
        assert!(!sent.is_open());
        sent.lately = true;
        sent.heard();
        assert!(sent.is_open(), "what came may have been before it was sent");
        sent.heard();
        assert!(!sent.is_open());
    }
}
