//! How a device comes onto a live connection: the node's challenge, one signed `follow` for the inbox and each group, and its yes.

use std::time::Duration;

use super::entries::number_after;
use super::key::unb64;
use super::village::{Device, Village};
use crate::chat::crowd::{Crowd, Enter};
use crate::chat::entrance::Step;
use crate::chat::frame;
use crate::chat::idle::{self, Outcome};
use crate::chat::wallet::find;
use crate::chat::window::Watched;
use crate::error::Result;

/// Lets all devices of the village follow their inbox and their groups for some time in which nothing happens.
pub(super) fn listen(village: &Village, hold: Duration, watched: Watched) -> Result<Outcome> {
    let enter = |crowd: &mut Crowd| {
        let followers = village.devices.iter().map(|device| Follower::new(village, device, true));
        crowd.enter(village.target, followers.collect())
    };
    idle::wait(enter, hold, watched)
}

/// A device on its way in.
pub(super) struct Follower<'village> {
    village: &'village Village,
    device: &'village Device,
    inbox: bool,
    /// How many yeses are missing; none before the challenge came.
    missing: Option<usize>,
}

impl<'village> Follower<'village> {
    /// One that follows its groups, and its inbox if it should.
    pub(super) fn new(village: &'village Village, device: &'village Device, inbox: bool) -> Self {
        Self { village, device, inbox, missing: None }
    }

    /// The follows that answer a challenge, as frames, and how many they are.
    pub(super) fn follows(&self, hello: &[u8]) -> Option<(Vec<u8>, usize)> {
        let name = b"\"challenge\":\"";
        let challenge = unb64::<32>(hello.get(find(hello, name)? + name.len()..)?.get(..43)?)?;
        let host = &self.village.host;
        let (mut frames, mut count) = (Vec::new(), 0);
        if self.inbox {
            let (key, signature) = (self.device.key.id(), self.device.key.follow(&challenge, host, b"inbox"));
            let text = format!(r#"{{"follow":{{"inbox":true,"after":0,"key":"{key}","signature":"{signature}"}}}}"#);
            frames.extend(frame::text(&text));
            count += 1;
        }
        let mark = self.device.key.mark();
        for group in self.device.groups.iter().filter_map(|group| self.village.groups.get(*group)) {
            let access = &self.device.access;
            let signature = access.follow(&challenge, host, &[b"group", group.id.as_slice()].concat());
            let (id, key) = (&group.text, access.id());
            let text = format!(
                r#"{{"follow":{{"group":"{id}","after":0,"key":"{key}","signature":"{signature}","device":"{mark}"}}}}"#
            );
            frames.extend(frame::text(&text));
            count += 1;
        }
        Some((frames, count))
    }
}

impl Enter for Follower<'_> {
    fn path(&self) -> &'static str {
        "/v1/live"
    }

    fn frame(&mut self, payload: &[u8]) -> std::result::Result<Step, String> {
        let refused = || String::from_utf8_lossy(payload).into_owned();
        match self.missing {
            None if payload.starts_with(b"{\"hello\":") => {
                let (frames, count) = self.follows(payload).ok_or_else(refused)?;
                self.missing = Some(count);
                Ok(if count == 0 { Step::Ready } else { Step::Say(frames) })
            }
            Some(missing) if payload.starts_with(b"{\"following\":") => {
                let end = number_after(payload, b"\"end\":").map(|(end, _)| end);
                self.missing = Some(missing.saturating_sub(1));
                match (end, missing) {
                    (None, _) => Err(refused()),
                    (_, 1) => Ok(Step::Ready),
                    _ => Ok(Step::Wait),
                }
            }
            _ => Err(refused()),
        }
    }
}
