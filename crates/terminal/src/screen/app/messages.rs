//! What one can do with a message.

use super::{App, Focus};
use crate::screen::clean;
use crate::screen::effect::{Effect, Fetched, Purpose};
use crate::screen::intent::Panel;
use crate::screen::messages::summary;
use crate::screen::palette::Tone;
use crate::screen::picture::decode;
use crate::screen::sheet::{Act, Kind, Sheet, choice};
use crate::screen::slash::Slash;
use crate::screen::world::Place;
use crate::screen::{emoji, link};
use tidings_client::command::{Command, Look};
use tidings_client::view::{GroupId, MessageId, MessageView, Shown};

/// Width and height of a picture that one has asked to see.
const PICTURE_SIDE: u32 = 10_000;
/// Bytes of a text file that are shown.
const MAX_SHOWN: usize = 256 * 1024;

impl App {
    /// The key that acts on a message: opens its file, shows all of it, follows its link.
    pub(crate) fn act_on(&mut self, id: MessageId) {
        let Some(group) = self.group() else { return };
        let Some(message) = self.thread.as_ref().and_then(|thread| thread.message(&id)) else { return };
        match &message.shown {
            Shown::File(_) => self.open_file(group, id),
            Shown::Text(text) => {
                let text = clean::text(text);
                let first = link::find(&text).into_iter().next().and_then(|range| text.get(range)).map(str::to_owned);
                match first {
                    Some(link) => self.open_link(&link),
                    None => {
                        if let Some(thread) = self.thread.as_mut() {
                            thread.unfold(id);
                        }
                    }
                }
            }
            Shown::Introduction { .. } | Shown::RoomLink { .. } => self.message_menu(id),
            _ => self.show_panel(Panel::Info(id)),
        }
    }

    /// All that can be done with a message.
    pub(crate) fn message_menu(&mut self, id: MessageId) {
        let Some(message) = self.thread.as_ref().and_then(|thread| thread.message(&id)) else { return };
        let mut rows = Vec::new();
        if let Shown::Introduction { introduction, open: true, .. } = message.shown {
            let answer = |accept| Effect::Command(Purpose::Quiet, Command::AnswerIntroduction { introduction, accept });
            rows.push(choice("Accept the suggestion", "", Act::Do(vec![answer(true)])));
            rows.push(choice("Ignore the suggestion", "", Act::Do(vec![answer(false)])));
        }
        if let Shown::RoomLink { link, .. } = &message.shown {
            let command = Command::Accept { link: link.clone(), passphrase: None };
            rows.push(choice("Join the room", "", Act::Do(vec![Effect::Command(Purpose::Go, command)])));
        }
        let mut letter = |name: &str, letter: char| rows.push(choice(name, letter, Act::Letter(id, letter)));
        if let Shown::File(file) = &message.shown
            && !file.gone
        {
            letter("Open", 'o');
            if file.look == Look::Keep {
                letter("Save", 's');
            }
        }
        if !matches!(message.shown, Shown::Notice(_) | Shown::Gap(_) | Shown::Deleted) {
            letter("Reply", 'r');
            letter("React", '+');
            if message.mine && matches!(message.shown, Shown::Text(_)) {
                letter("Change", 'e');
            }
            if message.mine || self.may_delete() {
                letter("Delete for everybody", 'd');
            }
        }
        letter("Copy", 'y');
        letter("How far it has come", 'i');
        let sheet = Sheet::new(Kind::Message, "Message")
            .say(Tone::Dim, summary(message))
            .rows(rows)
            .button("Close", Act::Close);
        self.show(sheet);
    }

    /// Whether one may delete what others wrote.
    fn may_delete(&self) -> bool {
        let one = self.group().and_then(|group| self.world.conversation(&group));
        one.is_some_and(|one| one.members.iter().any(|member| member.me && member.role <= 1))
    }

    /// A letter was pressed while a message is selected. False if it means nothing.
    pub(crate) fn message_key(&mut self, letter: char) -> bool {
        let Some(message) = self.thread.as_ref().and_then(|thread| thread.selected()) else { return false };
        let id = message.id;
        match letter {
            'r' => self.begin_reply(id),
            'e' => self.begin_edit(id),
            '+' | ':' => self.react_dialog(id),
            'o' => self.act_on(id),
            'm' => self.message_menu(id),
            'i' => self.show_panel(Panel::Info(id)),
            'y' => {
                let text = copied(message);
                self.effects.push(Effect::Copy(text));
                self.say(Tone::Dim, "Copied");
            }
            's' => self.save_dialog(id),
            'd' => {
                if let Err(why) = self.run(Slash::Delete) {
                    self.say(Tone::Warn, why);
                }
            }
            _ => return false,
        }
        true
    }

    /// Asks for a reaction.
    pub(crate) fn react_dialog(&mut self, id: MessageId) {
        let mut sheet = Sheet::new(Kind::React(id), "React").field("Name of an emoji, or the emoji itself", "");
        sheet.rows = self.reaction_rows(id, "");
        self.show(sheet);
    }

    /// The emoji that are offered for what was written.
    pub(crate) fn reaction_rows(&self, message: MessageId, text: &str) -> Vec<crate::screen::sheet::Choice> {
        let Some(group) = self.group() else { return Vec::new() };
        let act = |emoji: &str| {
            let emoji = emoji.to_owned();
            Act::Do(vec![Effect::Command(Purpose::Quiet, Command::React { group, message, emoji })])
        };
        let mut rows: Vec<_> = if text.is_empty() {
            emoji::ALL
                .iter()
                .filter(|(sign, _)| emoji::QUICK.contains(sign))
                .map(|(sign, name)| choice(*sign, *name, act(sign)))
                .collect()
        } else if text.is_ascii() {
            emoji::matching(text).take(8).map(|(sign, name)| choice(sign, name, act(sign))).collect()
        } else {
            let sign = clean::line(text);
            vec![choice(sign.clone(), "", act(&sign))]
        };
        let own = self.world.me.as_ref().map(|me| me.identity);
        let reacted = self.thread.as_ref().and_then(|thread| thread.message(&message)).is_some_and(|message| {
            message.reactions.iter().any(|(_, people)| own.is_some_and(|own| people.contains(&own)))
        });
        if reacted {
            rows.push(choice("Take yours back", "", act("")));
        }
        rows
    }

    /// Joins in a reaction, or takes one's own back.
    pub(crate) fn toggle_reaction(&mut self, message: MessageId, emoji: String) {
        let Some(group) = self.group() else { return };
        let own = self.world.me.as_ref().map(|me| me.identity);
        let reacted = self.thread.as_ref().and_then(|thread| thread.message(&message)).is_some_and(|message| {
            message
                .reactions
                .iter()
                .any(|(sign, people)| *sign == emoji && own.is_some_and(|own| people.contains(&own)))
        });
        let emoji = if reacted { String::new() } else { emoji };
        self.effects.push(Effect::Command(Purpose::Quiet, Command::React { group, message, emoji }));
    }

    /// Opens the file of a message. What can be seen once is asked for first.
    pub(crate) fn open_file(&mut self, group: GroupId, id: MessageId) {
        let file = match self
            .thread
            .as_ref()
            .and_then(|thread| thread.message(&id))
            .map(|message| (&message.shown, message.mine))
        {
            Some((Shown::File(file), mine)) if !(mine && file.look != Look::Keep) => file.clone(),
            Some((Shown::File(_), _)) => return self.say(Tone::Warn, "Only the others can look at this"),
            _ => return,
        };
        let picture = file.kind.starts_with("image/") && self.pictures.are_shown();
        let text = file.kind.starts_with("text/");
        let look = Effect::Fetch { group, message: id, path: None };
        match file.look {
            _ if file.gone => self.say(Tone::Warn, "It is gone"),
            Look::Keep if picture || text => self.effects.push(look),
            Look::Keep => self.save_dialog(id),
            _ if !picture && !text => {
                self.say(Tone::Warn, "This terminal can't show it; open it on another device. It is still there.");
            }
            how => {
                let question = match how {
                    Look::Seconds(seconds) => {
                        format!("You can look at it for {seconds} seconds. Then it is destroyed everywhere.")
                    }
                    _ => "You can look at it once. It is destroyed everywhere as soon as it is here.".to_owned(),
                };
                let sheet = Sheet::new(Kind::Open(id), "Look now?")
                    .say(Tone::Warn, question)
                    .button("Not now", Act::Close)
                    .button("Look", Act::Do(vec![look]));
                self.show(sheet);
            }
        }
    }

    /// Asks where to put a file.
    pub(crate) fn save_dialog(&mut self, id: MessageId) {
        let Some(message) = self.thread.as_ref().and_then(|thread| thread.message(&id)) else { return };
        let Shown::File(file) = &message.shown else { return };
        if file.look != Look::Keep {
            return self.say(Tone::Warn, "What is to be seen for a time can't be saved");
        }
        // Only the last part of a name that somebody else chose.
        let name = clean::name(&file.name);
        let name = name.rsplit(['/', '\\']).next().unwrap_or_default().trim_start_matches('.').to_owned();
        let sheet = Sheet::new(Kind::Open(id), "Save the file")
            .say(Tone::Dim, crate::screen::thread::file_words(file))
            .field("Where", &name)
            .button("Save", Act::Submit)
            .button("Cancel", Act::Close);
        self.show(sheet);
    }

    /// A file was fetched.
    pub(crate) fn fetched(&mut self, group: GroupId, id: MessageId, fetched: Result<Fetched, String>) {
        self.progress.remove(&id);
        if self.group() == Some(group) {
            self.stale.messages.insert(id);
        }
        let fetched = match fetched {
            Ok(fetched) => fetched,
            Err(why) => return self.say(Tone::Bad, why),
        };
        if let Some(path) = &fetched.path {
            return self.say(Tone::Good, format!("Saved as {}", path.display()));
        }
        let bytes = fetched.bytes.unwrap_or_default();
        let until = match self.thread.as_ref().and_then(|thread| thread.message(&id)).map(|message| &message.shown) {
            Some(Shown::File(file)) => match file.look {
                Look::Seconds(seconds) => Some(self.now + u64::from(seconds) * 1_000),
                _ => None,
            },
            _ => None,
        };
        let mut sheet = Sheet::new(Kind::Viewer(id), clean::name(&fetched.name)).button("Close", Act::Close);
        sheet.until = until;
        if fetched.kind.starts_with("image/") {
            match decode(&bytes, PICTURE_SIDE) {
                Some(decoded) => self.pictures.look_at(Some(decoded)),
                None => sheet = sheet.say(Tone::Warn, "This picture can't be shown."),
            }
        } else {
            let text = bytes.get(..bytes.len().min(MAX_SHOWN)).unwrap_or_default();
            sheet = sheet.say(Tone::Text, clean::text(&String::from_utf8_lossy(text)));
        }
        self.show(sheet);
    }

    /// Asks what to do with a link in a text.
    pub(crate) fn open_link(&mut self, link: &str) {
        if link::is_ours(link) {
            let sheet = super::panels::accept(link);
            return self.show(sheet);
        }
        let sheet = Sheet::new(Kind::Page, "Link")
            .say(Tone::Text, link)
            .button("Open in the browser", Act::Do(vec![Effect::Browse(link.to_owned())]))
            .button("Copy", Act::Copy(link.to_owned()))
            .button("Cancel", Act::Close);
        self.show(sheet);
    }

    /// Goes to a message, wherever it is.
    pub(crate) fn jump(&mut self, group: GroupId, message: &MessageView) {
        self.go(Place::Conversation(group));
        if let Some(thread) = self.thread.as_mut() {
            self.effects.extend(thread.seek(message));
            self.focus = Focus::Messages;
        }
    }
}

/// What is copied of a message.
fn copied(message: &MessageView) -> String {
    match &message.shown {
        Shown::Text(text) => clean::text(text),
        _ => summary(message),
    }
}
