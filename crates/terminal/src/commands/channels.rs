//! `tidings channels join`, `say` and `leave`: public channels of darkchat's clients.

use super::context::{Common, Context};
use super::outcome::Failure;
use crate::show;
use clap::{Args, Subcommand};
use serde::{Deserialize, Serialize};
use serde_json::json;
use tidings_client::command::Command;
use tidings_client::view::Event;

/// What is to be done with a channel, and for which profile.
#[derive(Debug, Args)]
pub struct Channel {
    #[command(subcommand)]
    #[allow(missing_docs, reason = "clap would show it")]
    pub action: ChannelAction,
}

/// What can be done with channels.
#[derive(Debug, Subcommand, Serialize, Deserialize)]
pub enum ChannelAction {
    /// Join a public channel at your node. What is said there is not encrypted, and kept by nobody.
    Join {
        /// Its name.
        channel: String,
        /// Show what is said there, until you press Ctrl-C.
        #[arg(long, short)]
        follow: bool,
        #[command(flatten)]
        #[allow(missing_docs, reason = "clap would show it")]
        common: Common,
    },
    /// Say something in a channel. Everybody can read it.
    Say {
        /// Its name.
        channel: String,
        /// What.
        #[arg(required = true)]
        text: Vec<String>,
        #[command(flatten)]
        #[allow(missing_docs, reason = "clap would show it")]
        common: Common,
    },
    /// Leave a channel.
    Leave {
        /// Its name.
        channel: String,
        #[command(flatten)]
        #[allow(missing_docs, reason = "clap would show it")]
        common: Common,
    },
}

impl ChannelAction {
    fn channel(&self) -> &str {
        match self {
            Self::Join { channel, .. } | Self::Say { channel, .. } | Self::Leave { channel, .. } => channel,
        }
    }

    /// Whose profile it is for.
    pub fn common(&self) -> &Common {
        match self {
            Self::Join { common, .. } | Self::Say { common, .. } | Self::Leave { common, .. } => common,
        }
    }
}

/// A channel's name as it is, also if it was written as it is shown: `#lobby`.
fn name(text: &str) -> String {
    text.strip_prefix('#').unwrap_or(text).to_owned()
}

/// Does it.
pub(super) async fn run(action: &ChannelAction, context: &Context) -> Result<(), Failure> {
    if name(action.channel()).trim().is_empty() {
        return Err(Failure::Usage("which channel? Say its name, such as lobby".to_owned()));
    }
    // Channels are live: nothing is said without a connection.
    let connected = async || context.session.me().await.filter(|me| me.connected).map(drop);
    if context.until(context.left(), connected).await.is_none() {
        return Err(tidings_client::command::Fault::Offline.into());
    }
    match action {
        ChannelAction::Join { channel, follow, .. } => {
            let channel = &name(channel);
            let mut events = context.events();
            context.command(Command::JoinChannel { channel: channel.clone() }).await?;
            context.output.note("What is said here is public and not encrypted.");
            if !follow {
                return context.done(&format!(
                    "Joined #{0}, for as long as a tidings of this profile runs, such as `tidings chat`. To listen here: `tidings \
                     channels join {1} --follow`.",
                    show::line(channel),
                    show::word(channel)
                ));
            }
            let hear = async {
                while let Some(event) = events.next().await {
                    hear(&event, channel, context)?;
                }
                Ok(())
            };
            tokio::select! {
                ended = hear => ended,
                () = context.output.desk().interrupted() => Ok(()),
            }
        }
        ChannelAction::Say { channel, text, .. } => {
            let channel = name(channel);
            let joined = context.session.channels().await.contains(&channel);
            if !joined {
                context.command(Command::JoinChannel { channel: channel.clone() }).await?;
            }
            let text = text.join(" ");
            context.command(Command::SayInChannel { channel: channel.clone(), text }).await?;
            if !joined {
                context.command(Command::LeaveChannel { channel }).await?;
            }
            context.done("Said.")
        }
        ChannelAction::Leave { channel, .. } => {
            context.command(Command::LeaveChannel { channel: name(channel) }).await?;
            context.done("You have left.")
        }
    }
}

fn hear(event: &Event, followed: &str, context: &Context) -> Result<(), Failure> {
    match event {
        Event::Said { channel, from, text, at } if channel == followed => {
            let object = json!({ "channel": channel, "from": from, "text": text, "at": show::instant(*at) });
            context
                .output
                .say(&object, format_args!("{} {}: {}", show::instant(*at), show::line(from), show::line(text)))
        }
        Event::Missed { channel, count } if channel == followed => {
            let object = json!({ "channel": channel, "missed": count });
            context.output.say(&object, format_args!("({count} missed)"))
        }
        _ => Ok(()),
    }
}
