//! `tidings chat`: the full-screen client and its line mode.

mod app;
mod channel;
mod clean;
mod clock;
mod composer;
mod editor;
mod effect;
mod emoji;
#[cfg(test)]
pub(crate) mod fixture;
mod intent;
mod link;
mod messages;
mod options;
mod palette;
mod picture;
mod plain;
mod qr;
mod run;
mod sheet;
mod slash;
mod target;
mod text;
mod thread;
mod world;

pub(crate) use clock::read_lasting;
pub(crate) use messages::answering;
pub use options::{Colours, Images, Notify, Options, Theme};
pub use plain::Undone;

use crate::driver::Session;

/// Shows conversations until the person ends it or the session ends: as a screen, or line by line if [`Options::plain`] says so.
///
/// An account must be there. The screen takes the terminal and gives it back in every case, also after a panic. The session is
/// left open. Gives the first line of the line mode that was not done: what was wrong was shown already.
///
/// # Errors
///
/// If the terminal, or the standard streams, can't be read or written; with [`std::io::ErrorKind::TimedOut`] if in the line mode not
/// all was sent within [`Options::patience`] of the end of input.
pub async fn run(session: Session, options: Options) -> std::io::Result<Option<Undone>> {
    if options.plain { plain::run(session, options).await } else { run::run(session, options).await.map(|()| None) }
}
