//! `tidings chat`: the full-screen client, or its line mode.

use super::context::{Caller, Common, Context};
use super::outcome::Failure;
use super::output::Output;
use crate::screen::{self, Colours, Images, Notify, Options, Theme};
use clap::Args;
use std::io::IsTerminal as _;
use std::time::Duration;

/// Arguments of `chat`.
#[derive(Debug, Args)]
pub struct Chat {
    /// Open this conversation: the name of a contact, a group or a room.
    pub whom: Option<String>,
    /// Lines instead of a screen: for screen readers and pipes. So it is by itself where there is no terminal.
    #[arg(long)]
    pub plain: bool,
    /// How many colours to use (none, 16, 256, full), if the terminal does not say it rightly.
    #[arg(long, value_name = "COUNT")]
    pub colours: Option<Colours>,
    /// How to draw pictures: none, blocks, kitty, iterm, sixel.
    #[arg(long, value_name = "HOW")]
    pub images: Option<Images>,
    /// How to tell of new messages: off, bell, osc9, osc777, osc99.
    #[arg(long, value_name = "HOW")]
    pub notify: Option<Notify>,
    /// Let notifications say who wrote what.
    #[arg(long)]
    pub notify_text: bool,
    /// Leave the mouse to the terminal, for selecting text.
    #[arg(long)]
    pub no_mouse: bool,
    /// The terminal's background: dark, light, unknown.
    #[arg(long, value_name = "WHICH")]
    pub theme: Option<Theme>,
    #[command(flatten)]
    #[allow(missing_docs, reason = "clap would show it")]
    pub common: Common,
}

/// Opens it.
pub(super) async fn show(asked: &Chat, caller: &Caller, context: &Context) -> Result<(), Failure> {
    let conversation = match &asked.whom {
        Some(whom) => Some(context.conversation(whom).await?.0),
        None => None,
    };
    let plain = asked.plain || !Output::is_read_by_person() || !std::io::stdin().is_terminal();
    let found = Options::detect(&|name| caller.variable(name).map(str::to_owned));
    let options = Options {
        plain,
        conversation,
        colours: asked.colours.unwrap_or(found.colours),
        images: asked.images.unwrap_or(found.images),
        notify: asked.notify.unwrap_or(found.notify),
        notify_text: asked.notify_text,
        mouse: !asked.no_mouse,
        theme: asked.theme.unwrap_or(found.theme),
        patience: Duration::from_secs(asked.common.timeout),
        ..found
    };
    screen::run(context.session.clone(), options).await.map_err(|error| match error.kind() {
        std::io::ErrorKind::TimedOut => Failure::Offline(error.to_string()),
        _ => error.into(),
    })?;
    if context.session.ask(|_, _| ()).await.is_some() {
        return Ok(());
    }
    // Not the person's doing.
    let why = context.session.failure().unwrap_or_else(|| "the client has ended by a fault of its own".to_owned());
    Err(Failure::Failed(format!("{why}. What was written is kept; `tidings chat` begins anew")))
}
