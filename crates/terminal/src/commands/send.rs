//! `tidings send`.

use super::context::{Common, Context};
use super::desk::Desk;
use super::hubs;
use super::json;
use super::outcome::Failure;
use crate::driver::Session;
use crate::media::{self, Source};
use crate::show;
use clap::Args;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::path::Path;
use std::time::Duration;
use tidings_client::command::{Attachment, Command, Done, Look};
use tidings_client::view::{ConversationKind, Delivery, Event, GroupId, MessageId, MessageView, Shown, Standing};
use tokio::time::timeout;

/// Bytes of a text at most (docs/protocol/messages.md).
const TEXT_MAX: usize = 64 * 1024;

/// Letters of what looks like the ending of a file's name.
const ENDING_MAX: usize = 5;

/// Arguments of `send`.
#[derive(Debug, Args, Serialize, Deserialize)]
pub struct Send {
    /// To whom: the name of a contact, a group or a room, the beginning of it, or an id.
    pub whom: String,
    /// Words, and names of files; words together are one message, or the caption of the first file. Without any, or for -, what comes
    /// on standard input.
    pub what: Vec<String>,
    /// The files can be seen once.
    #[arg(long, conflicts_with = "seconds")]
    pub once: bool,
    /// The files can be seen for so many seconds from the first look.
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u32).range(1..=86_400))]
    pub seconds: Option<u32>,
    /// Answer this message.
    #[arg(long, value_name = "ID", allow_hyphen_values = true)]
    pub reply: Option<String>,
    /// The text disappears so many seconds after it was read.
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u32).range(1..=31_536_000))]
    pub expire: Option<u32>,
    /// Take everything for words, also what is the name of a file.
    #[arg(long)]
    pub text: bool,
    /// Send standard input as a file of this name.
    #[arg(long, value_name = "NAME", conflicts_with = "text")]
    pub as_file: Option<String>,
    /// Send images exactly as they are, with what they tell of place and time.
    #[arg(long)]
    pub as_it_is: bool,
    /// Don't wait until the node has it.
    #[arg(long)]
    pub no_wait: bool,
    /// Print a JSON object for each message: message, conversation, state.
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    #[allow(missing_docs, reason = "clap would show it")]
    pub common: Common,
}

/// What is to be sent.
struct Load {
    text: Option<String>,
    files: Vec<Source>,
}

/// Sends.
pub(super) async fn run(asked: &Send, context: &Context) -> Result<(), Failure> {
    let load = read(asked, context.output.desk())?;
    let (group, name) = context.conversation(&asked.whom).await?;
    // A device that joined meanwhile could not read it otherwise, and would have to ask for it.
    context.freshen().await;
    fit_to_write(group, &name, context).await?;
    let reply = match &asked.reply {
        Some(id) => Some(answered(id, group, &name, context).await?),
        None => None,
    };
    let mut caption = load.text.unwrap_or_default();
    let mut sent = Vec::new();
    if load.files.is_empty() {
        let command = Command::SendText { group, text: caption, reply, expire: asked.expire };
        sent.push(message(context.command(command).await?)?);
    } else {
        for (nth, source) in load.files.into_iter().enumerate() {
            let look = asked.seconds.map_or(if asked.once { Look::Once } else { Look::Keep }, Look::Seconds);
            let attachment = context.session.attach_source(source, look, std::mem::take(&mut caption)).await?;
            let reply = reply.filter(|_| nth == 0);
            sent.push(send_file(attachment, group, reply, context).await?);
        }
    }
    tell(&sent, group, &name, asked.no_wait, context).await
}

async fn fit_to_write(group: GroupId, name: &str, context: &Context) -> Result<(), Failure> {
    let Some(view) = context.session.conversation(group).await else { return Ok(()) };
    let why = match view.standing {
        Standing::Ready | Standing::Joining | Standing::Behind => return Ok(()),
        Standing::Locked => format!("{name} is locked here: `tidings rooms unlock {}` opens it", show::word(name)),
        Standing::Out => out_of(name, view.kind),
        Standing::KeyChanged(_) => {
            format!("a key in {name} has changed: look at the safety number with `tidings verify` first")
        }
    };
    Err(Failure::Refused(why))
}

/// That one is in a conversation no more, and the way back.
fn out_of(name: &str, kind: ConversationKind) -> String {
    match kind {
        ConversationKind::Pair => format!(
            "the conversation with {name} is over: `tidings invite` makes a link for {name}, which begins a new one"
        ),
        ConversationKind::Group => {
            format!("you are not in {name} any more: an owner or a moderator of it can add you again")
        }
        ConversationKind::Room => {
            format!("you are not in {name} any more: `tidings rooms join LINK` comes back in by its link")
        }
    }
}

/// Sends a file and shows how far it is. The time that is waited counts from the last progress.
async fn send_file(
    attachment: Attachment,
    group: GroupId,
    reply: Option<MessageId>,
    context: &Context,
) -> Result<MessageId, Failure> {
    let name = show::line(&attachment.name);
    context.output.hint(format_args!("sending {name}, {}", show::size(attachment.size)));
    let bar = context.output.bar(&name);
    let mut events = context.events();
    let file = attachment.file;
    let command = Command::SendFile { group, attachment, reply };
    let mut sending = std::pin::pin!(context.session.command(command));
    let done = loop {
        tokio::select! {
            done = &mut sending => break done,
            event = timeout(context.left(), events.next()) => match event {
                // Others may send and fetch at the same time.
                Ok(Some(Event::Progress { file: of, done, all, .. })) if of == file => {
                    context.restart();
                    if let Some(bar) = &bar {
                        bar.show(done, all);
                    }
                }
                Ok(_) => {}
                Err(_) => {
                    let text = format!("{name} could not be brought to the node yet; try again later");
                    return Err(Failure::Offline(text));
                }
            },
        }
    };
    message(done)
}

fn message(done: Done) -> Result<MessageId, Failure> {
    match done {
        Done::Message(id) => Ok(id),
        Done::Failed(fault) => Err(fault.into()),
        _ => Err(Failure::Failed("it was not sent".to_owned())),
    }
}

/// Waits until the hub has what was sent, and says so.
async fn tell(sent: &[MessageId], group: GroupId, name: &str, no_wait: bool, context: &Context) -> Result<(), Failure> {
    for id in sent {
        let state =
            if no_wait { Some(Delivery::Waiting) } else { accepted(&context.session, group, *id, context).await };
        let shown = state.unwrap_or(Delivery::Waiting);
        let object =
            json!({ "message": id.to_string(), "conversation": group.to_string(), "state": json::delivery(shown) });
        if context.output.json() {
            context.output.line(object)?;
        }
        match state {
            Some(Delivery::Failed) => {
                return Err(Failure::Refused(format!("{name} can't be reached: the node refused the message")));
            }
            Some(_) => {}
            None => return Err(kept(group, context).await),
        }
    }
    context.output.hint(if no_wait { "kept" } else { "sent" });
    Ok(())
}

/// Why it is not at its hub.
async fn kept(group: GroupId, context: &Context) -> Failure {
    const KEPT: &str = "the message is kept here and goes out with the next command";
    let unreached = context.unreached(Some(group)).await;
    if unreached.is_empty() {
        return Failure::Offline(format!("the node did not answer; {KEPT}"));
    }
    Failure::Unreached(format!("{}; {KEPT}", hubs::words(&unreached)), unreached)
}

async fn accepted(session: &Session, group: GroupId, id: MessageId, context: &Context) -> Option<Delivery> {
    let looked = context.until(context.left().max(Duration::from_secs(1)), async || {
        let message = session.message(group, id).await?;
        message.delivery.filter(|state| *state != Delivery::Waiting)
    });
    looked.await
}

/// The message that is to be answered. Fails if there is none of this id in the conversation: others would be shown an answer to nothing.
async fn answered(id: &str, group: GroupId, name: &str, context: &Context) -> Result<MessageId, Failure> {
    let found = match MessageId::parse(id.trim()) {
        Some(id) => context.session.message(group, id).await,
        None => None,
    };
    match found {
        Some(message) if is_said(&message) => Ok(message.id),
        _ => Err(Failure::Usage(format!(
            "there is no message {} in {name}: `tidings history {} --json` shows each message with its id, as \"message\"",
            show::word(id),
            show::word(name)
        ))),
    }
}

/// Whether somebody said it. Lines about the conversation are not the same on each device.
fn is_said(message: &MessageView) -> bool {
    !matches!(message.shown, Shown::Notice(_) | Shown::Gap(_))
}

fn read(asked: &Send, desk: &Desk) -> Result<Load, Failure> {
    if let Some(name) = &asked.as_file {
        let bytes = stdin(media::SIZE_MAX, desk)?;
        let text = (!asked.what.is_empty()).then(|| asked.what.join(" "));
        return Ok(Load { text, files: vec![Source::Bytes(name.clone(), bytes)] });
    }
    if asked.what.is_empty() || asked.what == ["-"] {
        if asked.what.is_empty() && desk.seat().typed {
            let how = "say what to send: words, files, or - for what comes on standard input";
            return Err(Failure::Usage(how.to_owned()));
        }
        return Ok(Load { text: Some(text_of(stdin(TEXT_MAX as u64 + 2, desk)?)?), files: Vec::new() });
    }
    let (files, words): (Vec<&String>, Vec<&String>) =
        asked.what.iter().partition(|word| !asked.text && desk.path(Path::new(word)).is_file());
    if let Some(missing) = missing(&asked.what, &words, !files.is_empty()).filter(|_| !asked.text) {
        if desk.path(Path::new(missing)).is_dir() {
            return Err(media::MediaError::NoFile(missing.clone()).into());
        }
        let how = match files.is_empty() {
            true => "to send these words as they are, say --text",
            false => "if it belongs to the caption, put all of that in quotes",
        };
        return Err(Failure::Usage(format!("there is no file {missing}; {how}")));
    }
    if files.is_empty() && (asked.once || asked.seconds.is_some()) {
        return Err(Failure::Usage(
            "only files can be seen once or for a time; a text takes --expire SECONDS".to_owned(),
        ));
    }
    let source = |path: &&String| match asked.as_it_is {
        true => Source::AsIs(desk.path(Path::new(path))),
        false => Source::Path(desk.path(Path::new(path))),
    };
    let words: Vec<&str> = words.into_iter().map(String::as_str).collect();
    let text = (!words.is_empty()).then(|| words.join(" "));
    Ok(Load { text: text.map(fitting).transpose()?, files: files.iter().map(source).collect() })
}

/// The word that is more likely a mistyped file than said: the first of a message, or any beside files.
fn missing<'a>(what: &[String], words: &[&'a String], files: bool) -> Option<&'a String> {
    words.iter().copied().find(|word| (files || what.first() == Some(*word)) && looks_like_file(word))
}

/// Whether a word is more likely a mistyped file than a message.
fn looks_like_file(word: &str) -> bool {
    let ending = word.rsplit_once('.').filter(|(stem, _)| !stem.is_empty()).map(|(_, ending)| ending);
    let like_ending = |ending: &str| {
        let letters =
            ending.chars().all(|c| c.is_ascii_alphanumeric()) && ending.contains(|c: char| c.is_ascii_alphabetic());
        (2..=ENDING_MAX).contains(&ending.len()) && letters
    };
    !word.contains(char::is_whitespace)
        && !word.contains("://")
        && (word.starts_with(['/', '~']) || ending.is_some_and(like_ending))
}

fn stdin(limit: u64, desk: &Desk) -> Result<Vec<u8>, Failure> {
    let bytes = desk.input(limit.saturating_add(1))?;
    if bytes.len() as u64 > limit {
        return Err(Failure::Usage("that is too much for a text: send it with --as-file NAME".to_owned()));
    }
    Ok(bytes)
}

fn text_of(bytes: Vec<u8>) -> Result<String, Failure> {
    let text = String::from_utf8(bytes)
        .map_err(|_| Failure::Usage("standard input is no text (UTF-8): send it with --as-file NAME".to_owned()))?;
    fitting(text.trim_end_matches(['\r', '\n']).to_owned())
}

fn fitting(text: String) -> Result<String, Failure> {
    if text.trim().is_empty() {
        return Err(Failure::Usage("there is nothing to send".to_owned()));
    }
    if text.len() > TEXT_MAX {
        return Err(Failure::Usage("a text has at most 64 KiB: send it as a file".to_owned()));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mistyped_file_is_no_message() {
        for file in ["photo.jpg", "./a/b.txt", "/etc/x", "~/x", "archive.tar.gz"] {
            assert!(looks_like_file(file), "{file}");
        }
        for words in [
            "hello",
            "ok.",
            "see https://a.example/x.html",
            "https://a.example/x.html",
            "and/or",
            ":-)",
            "3.5",
            "14.30",
            ".",
            "ok...",
            "hi there.txt",
        ] {
            assert!(!looks_like_file(words), "{words}");
        }
    }

    #[test]
    fn words_that_are_meant_as_files_are_found() {
        let found = |what: &[&str], files: bool| {
            let what: Vec<String> = what.iter().map(|word| (*word).to_owned()).collect();
            missing(&what, &what.iter().collect::<Vec<_>>(), files).cloned()
        };
        assert_eq!(found(&["nosuch.pdf", "hello"], false).as_deref(), Some("nosuch.pdf"));
        assert_eq!(found(&["see", "notes.txt"], false), None);
        assert_eq!(found(&["see notes.txt"], false), None);
        assert_eq!(found(&["see", "photo2.jpg"], true).as_deref(), Some("photo2.jpg"));
    }

    #[test]
    fn who_is_out_is_told_the_way_back() {
        for (kind, way) in [
            (ConversationKind::Pair, "tidings invite"),
            (ConversationKind::Group, "add you again"),
            (ConversationKind::Room, "tidings rooms join LINK"),
        ] {
            assert!(out_of("Bob", kind).contains(way), "{kind:?}");
        }
    }

    #[test]
    fn only_what_was_said_can_be_answered() {
        let mut message = crate::screen::fixture::message(1, 1, "hello");
        for (shown, said) in [
            (Shown::Deleted, true),
            (Shown::Newer, true),
            (Shown::Gap(1), false),
            (Shown::Notice(tidings_client::view::NoticeView::NotLetIn), false),
        ] {
            message.shown = shown;
            assert_eq!(is_said(&message), said, "{:?}", message.shown);
        }
    }

    #[test]
    fn texts_fit() {
        assert_eq!(text_of(b"hi\r\n\n".to_vec()).unwrap(), "hi");
        assert_eq!(text_of(b"  a\n b \n".to_vec()).unwrap(), "  a\n b ");
        assert!(text_of(vec![0xff]).is_err() && text_of(b"\n \n".to_vec()).is_err());
        assert!(text_of(vec![b'x'; TEXT_MAX + 1]).is_err() && text_of(vec![b'x'; TEXT_MAX]).is_ok());
    }
}
