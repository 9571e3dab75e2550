//! `tidings receive` and `tidings history`.

use super::context::{Common, Context};
use super::json;
use super::outcome::Failure;
use crate::driver::SaveTo;
use crate::media;
use crate::screen::answering;
use crate::show;
use clap::Args;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::HashSet;
use std::path::{Path, PathBuf};
use tidings_client::command::{Command, Fault, Look};
use tidings_client::view::{
    ConversationKind, ConversationView, Event, GroupId, MessageId, MessageView, Shown, Standing,
};

/// Messages that are asked for at once.
const PAGE: usize = 100;

/// Unread messages of one conversation that are shown at most; older ones are in `tidings history`.
const UNREAD_MAX: usize = 10_000;

/// Names that are tried for a file whose own is taken.
const NAMES: u32 = 1000;

/// Arguments of `receive`.
#[derive(Debug, Args, Serialize, Deserialize)]
pub struct Receive {
    /// Go on and show what comes, until you press Ctrl-C.
    #[arg(long, short)]
    pub follow: bool,
    /// Only from this contact, group or room.
    #[arg(long, value_name = "WHOM", allow_hyphen_values = true)]
    pub from: Option<String>,
    /// Save files into this folder. What can be seen once or for a time stays where it is: look at it with `tidings chat`.
    #[arg(long, value_name = "FOLDER")]
    pub save: Option<PathBuf>,
    /// Leave the messages unread.
    #[arg(long)]
    pub keep_unread: bool,
    /// Print a JSON object for each message.
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    #[allow(missing_docs, reason = "clap would show it")]
    pub common: Common,
}

/// Arguments of `history`.
#[derive(Debug, Args, Serialize, Deserialize)]
pub struct History {
    /// Of whom: a contact, a group or a room. Needed unless --search is given.
    #[arg(required_unless_present = "search")]
    pub whom: Option<String>,
    /// How many messages, the newest.
    #[arg(long, short = 'n', value_name = "COUNT", default_value_t = 20)]
    pub limit: usize,
    /// Only messages with this text.
    #[arg(long, value_name = "TEXT")]
    pub search: Option<String>,
    /// Print a JSON object for each message.
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    #[allow(missing_docs, reason = "clap would show it")]
    pub common: Common,
}

/// Shows what was not read, and what comes.
pub(super) async fn run(asked: &Receive, context: &Context) -> Result<(), Failure> {
    let save = asked.save.as_ref().map(|folder| context.output.desk().path(folder));
    if let Some(folder) = &save {
        std::fs::create_dir_all(folder).map_err(|error| Failure::Usage(format!("{}: {error}", folder.display())))?;
    }
    let only = match &asked.from {
        Some(whom) => Some(context.conversation(whom).await?.0),
        None => None,
    };
    let mut events = context.events();
    let mut inside = Inside::of(context).await;
    let caught_up = context.caught_up(only).await;
    let mut reader = Reader { asked, save, context, only, shown: HashSet::new() };
    let unread = reader.unread().await;
    inside.tell(only, context).await?;
    match caught_up {
        Err(failure) if !asked.follow => {
            context.let_out().await;
            return unread.and(Err(failure));
        }
        // It is tried on.
        Err(failure @ (Failure::Unreached(..) | Failure::NoAccount(_))) => context.output.note(failure),
        _ => {}
    }
    unread?;
    if !asked.follow {
        context.settled().await;
        context.let_out().await;
        return Ok(());
    }
    let follow = async {
        while let Some(event) = events.next().await {
            context.restart();
            match event {
                Event::Message { group, message, new: true } => reader.one(group, message).await?,
                // Something may have been missed.
                Event::Changed => {
                    reader.unread().await?;
                    inside.tell(only, context).await?;
                }
                Event::Conversation(group) => {
                    if let Some(one) = context.session.conversation(group).await {
                        inside.tell_of(&one, only, context)?;
                    }
                }
                Event::Warning(text) => context.output.note(show::line(&text)),
                _ => {}
            }
        }
        Err(Failure::Failed(context.session.failure().unwrap_or_else(|| "the client has ended".to_owned())))
    };
    tokio::select! {
        ended = follow => ended,
        () = context.output.desk().interrupted() => Ok(()),
    }
}

/// Conversations that one is in.
struct Inside(HashSet<GroupId>);

impl Inside {
    async fn of(context: &Context) -> Self {
        let all = context.session.conversations().await;
        Self(all.iter().filter(|one| one.standing != Standing::Out).map(|one| one.id).collect())
    }

    /// Says in which of them one is no more, each once, and remembers into which one has come.
    async fn tell(&mut self, only: Option<GroupId>, context: &Context) -> Result<(), Failure> {
        for one in context.session.conversations().await {
            self.tell_of(&one, only, context)?;
        }
        Ok(())
    }

    fn tell_of(&mut self, one: &ConversationView, only: Option<GroupId>, context: &Context) -> Result<(), Failure> {
        if one.standing != Standing::Out {
            self.0.insert(one.id);
        } else if self.0.remove(&one.id) && only.is_none_or(|only| only == one.id) {
            let words = no_longer_in(one);
            context.output.note(&words);
            if context.output.json() {
                context.output.line(json::out(one, &words, context.session.now()))?;
            }
        }
        Ok(())
    }
}

/// That one is in a conversation no more. The node does not say by whose doing.
fn no_longer_in(one: &ConversationView) -> String {
    let why = match one.kind {
        ConversationKind::Group => "somebody removed you, or you have left; ",
        ConversationKind::Pair | ConversationKind::Room => "",
    };
    format!("You are no longer in {}: {why}nothing of it comes any more.", show::line(&one.title))
}

struct Reader<'a> {
    asked: &'a Receive,
    /// Where files go.
    save: Option<PathBuf>,
    context: &'a Context,
    only: Option<GroupId>,
    /// Shown already: an event may come for what was found unread.
    shown: HashSet<MessageId>,
}

impl Reader<'_> {
    /// Shows everything that was not read, in the order in which it was written.
    async fn unread(&mut self) -> Result<(), Failure> {
        let mut found: Vec<(ConversationView, MessageView)> = Vec::new();
        for conversation in self.context.session.conversations().await {
            let wanted = self.only.is_none_or(|only| only == conversation.id);
            if wanted && conversation.unread > 0 {
                let messages = self.unread_in(&conversation).await;
                found.extend(messages.into_iter().map(|message| (conversation.clone(), message)));
            }
        }
        found.sort_by(|(_, one), (_, other)| one.order.cmp(&other.order));
        for (conversation, message) in &found {
            self.show(conversation, message).await?;
        }
        let groups: HashSet<GroupId> = found.iter().map(|(conversation, _)| conversation.id).collect();
        for group in groups {
            self.mark(group, None).await?;
        }
        Ok(())
    }

    async fn unread_in(&self, conversation: &ConversationView) -> Vec<MessageView> {
        let most = usize::try_from(conversation.unread).unwrap_or(UNREAD_MAX).min(UNREAD_MAX);
        let mut found: Vec<MessageView> = Vec::new();
        let mut before = None;
        loop {
            let page = self.context.session.messages(conversation.id, before.take(), PAGE).await;
            let Some(first) = page.first() else { break };
            before = Some(first.order.clone());
            let full = page.len() == PAGE;
            found.extend(page.into_iter().rev().filter(|message| !message.mine && !message.read));
            if !full || found.len() >= most {
                break;
            }
        }
        found
    }

    /// Shows one that came just now.
    async fn one(&mut self, group: GroupId, message: MessageId) -> Result<(), Failure> {
        if self.only.is_some_and(|only| only != group) {
            return Ok(());
        }
        let session = &self.context.session;
        let (Some(conversation), Some(view)) =
            (session.conversation(group).await, session.message(group, message).await)
        else {
            return Ok(());
        };
        self.show(&conversation, &view).await?;
        self.mark(group, Some(message)).await
    }

    async fn mark(&self, group: GroupId, message: Option<MessageId>) -> Result<(), Failure> {
        if !self.asked.keep_unread {
            self.context.command(Command::MarkRead { group, message }).await?;
        }
        Ok(())
    }

    async fn show(&mut self, conversation: &ConversationView, message: &MessageView) -> Result<(), Failure> {
        if message.mine || !self.shown.insert(message.id) {
            return Ok(());
        }
        let saved = self.save(conversation.id, message).await?;
        let mut object = json::message(message, conversation);
        if let (Value::Object(members), Some(path)) = (&mut object, &saved) {
            members.insert("saved".to_owned(), json!(path.display().to_string()));
        }
        let mut text = text_of(conversation, message);
        if let Some(path) = &saved {
            text.push_str(&format!("  saved as {}", path.display()));
        }
        self.context.output.say(&object, text)
    }

    async fn save(&self, group: GroupId, message: &MessageView) -> Result<Option<PathBuf>, Failure> {
        let (Some(folder), Shown::File(file)) = (&self.save, &message.shown) else { return Ok(None) };
        if file.gone || file.look != Look::Keep {
            return Ok(None);
        }
        let name = media::bare_name(&file.name);
        let path =
            free_path(folder, &name).ok_or_else(|| Failure::Failed(format!("{name} is there too often already")))?;
        match self.context.session.open_file(group, message.id, SaveTo::Path(path.clone())).await {
            Ok(_) => Ok(Some(path)),
            Err(fault @ (Fault::Gone(_) | Fault::Offline | Fault::Distrust(_))) => {
                self.context.output.note(format_args!("{name} was not saved: {fault}"));
                Ok(None)
            }
            Err(fault) => Err(fault.into()),
        }
    }
}

fn free_path(folder: &Path, name: &str) -> Option<PathBuf> {
    let (stem, ending) =
        name.rsplit_once('.').map_or((name, String::new()), |(stem, ending)| (stem, format!(".{ending}")));
    let numbered = (2..NAMES).map(|number| format!("{stem} {number}{ending}"));
    let mut names = std::iter::once(name.to_owned()).chain(numbered);
    names.find_map(|name| Some(folder.join(name)).filter(|path| path.symlink_metadata().is_err()))
}

/// A line for people: when, where, who, what. Further lines of a text are indented.
fn text_of(conversation: &ConversationView, message: &MessageView) -> String {
    match conversation.kind {
        ConversationKind::Pair => line_of(message, Some(writer(message)).filter(|_| !is_notice(message))),
        _ => text_with_title(conversation, message),
    }
}

/// A notice says itself who did what.
fn is_notice(message: &MessageView) -> bool {
    matches!(message.shown, Shown::Notice(_))
}

/// Who says it, and to what it answers.
fn writer(message: &MessageView) -> String {
    format!("{}{}", show::line(&message.name), answering(message))
}

fn line_of(message: &MessageView, place: Option<String>) -> String {
    let said = show::said(message).replace('\n', "\n    ");
    let place = place.map(|place| format!("{place}: ")).unwrap_or_default();
    format!("{} {place}{said}", show::instant(message.at))
}

/// The same, and in which conversation it stands, also if that is one of two people.
fn text_with_title(conversation: &ConversationView, message: &MessageView) -> String {
    let (title, name) = (show::line(&conversation.title), writer(message));
    let place = if is_notice(message) { title } else { format!("{title} / {name}") };
    line_of(message, Some(place))
}

/// Shows what is kept here.
pub(super) async fn history(asked: &History, context: &Context) -> Result<(), Failure> {
    let only = match &asked.whom {
        Some(whom) => Some(context.conversation(whom).await?.0),
        None => None,
    };
    let mut found: Vec<(GroupId, MessageView)> = match (&asked.search, only) {
        (Some(text), only) => {
            let all = context.session.search(text.clone(), asked.limit).await;
            all.into_iter().filter(|(group, _)| only.is_none_or(|only| only == *group)).collect()
        }
        (None, Some(group)) => newest(group, asked.limit, context).await,
        (None, None) => Vec::new(),
    };
    found.sort_by(|(_, one), (_, other)| one.order.cmp(&other.order));
    if let (Some(text), true) = (&asked.search, found.is_empty()) {
        context.output.note(format_args!("Nothing that is kept here has all of this: {}", show::line(text)));
    }
    for (group, message) in &found {
        if let Some(conversation) = context.session.conversation(*group).await {
            let text = match only {
                Some(_) => text_of(&conversation, message),
                None => text_with_title(&conversation, message),
            };
            context.output.say(&json::message(message, &conversation), text)?;
        }
    }
    Ok(())
}

async fn newest(group: GroupId, limit: usize, context: &Context) -> Vec<(GroupId, MessageView)> {
    let mut found: Vec<(GroupId, MessageView)> = Vec::new();
    let mut before = None;
    while found.len() < limit {
        let page = context.session.messages(group, before.take(), PAGE.min(limit - found.len())).await;
        let Some(first) = page.first() else { break };
        before = Some(first.order.clone());
        found.extend(page.into_iter().map(|message| (group, message)));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_what_is_answered() {
        let mut message = crate::screen::fixture::message(1, 1, "yes\nof course");
        message.reply = Some((message.id, "shall\u{1b}[2J we go?".to_owned()));
        message.reply_by = Some(crate::screen::fixture::somebody("Bob"));
        let mut one = crate::screen::fixture::conversation(1, "Alice");
        let line = text_of(&one, &message);
        assert!(line.ends_with("Z Alice, answering Bob \"shall[2J we go?\": yes\n    of course"), "{line}");
        (one.kind, one.title) = (ConversationKind::Group, "Club".to_owned());
        assert!(text_of(&one, &message).contains("Z Club / Alice, answering Bob"));
    }

    #[test]
    fn who_is_out_is_told_what_may_have_been() {
        let mut one = crate::screen::fixture::conversation(1, "Club\u{1b}[2J");
        one.kind = ConversationKind::Group;
        let told = "You are no longer in Club[2J: somebody removed you, or you have left; nothing";
        assert!(no_longer_in(&one).starts_with(told), "{}", no_longer_in(&one));
        let object = json::out(&one, &no_longer_in(&one), 0);
        assert_eq!((&object["kind"], &object["at"]), (&json!("notice"), &json!("1970-01-01T00:00:00Z")));
    }

    #[test]
    fn saved_files_replace_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let free = |name| free_path(folder.path(), name).unwrap().file_name().unwrap().to_string_lossy().into_owned();
        assert_eq!(free("a.b.jpg"), "a.b.jpg");
        std::fs::write(folder.path().join("a.b.jpg"), "").unwrap();
        std::os::unix::fs::symlink("nowhere", folder.path().join("a.b 2.jpg")).unwrap();
        assert_eq!(free("a.b.jpg"), "a.b 3.jpg");
        assert_eq!(free("plain"), "plain");
    }
}
