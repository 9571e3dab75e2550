//! `tidings chat`: the full-screen client, or its line mode.

use super::context::{Caller, Common, Context};
use super::outcome::Failure;
use super::output::Output;
use crate::screen::{self, Colours, Images, Notify, Options, Theme, Undone};
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
    let undone = screen::run(context.session.clone(), options).await.map_err(|error| match error.kind() {
        std::io::ErrorKind::TimedOut => Failure::Offline(error.to_string()),
        _ => error.into(),
    })?;
    if context.session.ask(|_, _| ()).await.is_some() {
        // A person has read it; a script has not.
        return undone.filter(|_| !std::io::stdin().is_terminal()).map_or(Ok(()), |undone| Err(failure(undone)));
    }
    // Not the person's doing.
    let why = context.session.failure().unwrap_or_else(|| "the client has ended by a fault of its own".to_owned());
    Err(Failure::Failed(format!("{why}. What was written is kept; `tidings chat` begins anew")))
}

/// What a script is told of the first line that was not done: the exit code is that of a command that fails so.
fn failure(undone: Undone) -> Failure {
    let say = |why: &dyn std::fmt::Display| format!("not all lines were done; the first that was not: {why}");
    match undone {
        Undone::Line(why) => Failure::Usage(say(&why)),
        Undone::Deed(why) => Failure::Failed(say(&why)),
        Undone::Fault(fault) => {
            let text = say(&fault);
            Failure::from(fault).reworded(text)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tidings_client::command::Fault;

    #[test]
    fn what_was_not_done_ends_with_the_code_of_a_command_that_fails_so() {
        let code = |undone| failure(undone).code();
        assert_eq!(code(Undone::Line("no such name".to_owned())), 2);
        assert_eq!(code(Undone::Deed("no such file".to_owned())), 1);
        assert_eq!(code(Undone::Fault(Fault::Role)), 4);
        assert_eq!(code(Undone::Fault(Fault::Offline)), 3);
        assert!(failure(Undone::Fault(Fault::Role)).to_string().starts_with("not all lines were done"));
    }
}
