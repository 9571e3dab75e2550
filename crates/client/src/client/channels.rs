//! Channels of darkchat's clients: public, not encrypted, not kept.

use super::Client;
use super::live::say;
use super::turn::Turn;
use crate::command::{Done, Fault};
use crate::view::Event;
use tidings_wire::live::{FromClient, FromNode};

/// Most bytes of a channel's name, and most channels.
const NAME_MAX: usize = 200;
const CHANNELS_MAX: usize = 50;
/// Most bytes of what is said in one.
const TEXT_MAX: usize = 16 * 1024;

impl Client {
    /// Channels that are followed.
    pub fn channels(&self) -> Vec<String> {
        self.own.as_ref().map(|own| own.channels.clone()).unwrap_or_default()
    }

    pub(super) fn join_channel(&mut self, turn: &mut Turn<'_>, channel: String) -> Result<Option<Done>, Fault> {
        let node = self.account()?.node.clone();
        if channel.is_empty() || channel.len() > NAME_MAX {
            return Err(Fault::TooLarge("the name of a channel".to_owned()));
        }
        if let Some(action) = self.live.join(&node, &channel) {
            turn.act(action);
        }
        if let Some(own) = self.own_mut().filter(|own| !own.channels.contains(&channel)) {
            if own.channels.len() >= CHANNELS_MAX {
                return Err(Fault::TooLarge("fifty channels are followed already".to_owned()));
            }
            own.channels.push(channel);
        }
        turn.show(Event::Changed);
        Ok(Some(Done::Well))
    }

    pub(super) fn leave_channel(&mut self, turn: &mut Turn<'_>, channel: &str) -> Result<Option<Done>, Fault> {
        let node = self.account()?.node.clone();
        if let Some(action) = self.live.leave(&node, channel) {
            turn.act(action);
        }
        if let Some(own) = self.own_mut() {
            own.channels.retain(|known| known != channel);
        }
        turn.show(Event::Changed);
        Ok(Some(Done::Well))
    }

    pub(super) fn say_in_channel(
        &mut self,
        turn: &mut Turn<'_>,
        channel: String,
        text: String,
    ) -> Result<Option<Done>, Fault> {
        let own = self.account()?;
        if !own.channels.contains(&channel) {
            return Err(Fault::Unknown(format!("the channel {channel}")));
        }
        if text.len() > TEXT_MAX {
            return Err(Fault::TooLarge("a text of more than 16 KiB".to_owned()));
        }
        if !self.live.is_open(&own.node) {
            return Err(Fault::Offline);
        }
        turn.act(say(&own.node, &FromClient::Say { channel, text }));
        Ok(Some(Done::Well))
    }

    /// The node says something of a channel.
    pub(super) fn channel_heard(&mut self, turn: &mut Turn<'_>, said: FromNode) {
        let joined = |channel: &String| self.own.as_ref().is_some_and(|own| own.channels.contains(channel));
        match said {
            FromNode::Said { channel, from, text, at } if joined(&channel) => {
                turn.show(Event::Said { channel, from, text, at })
            }
            FromNode::Missed { channel, count } if joined(&channel) => turn.show(Event::Missed { channel, count }),
            FromNode::Channel { channel, joined: false } if joined(&channel) => {
                turn.show(Event::Warning(format!("the channel {channel} can't be joined at your node")));
            }
            _ => {}
        }
    }
}
