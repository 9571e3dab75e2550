//! Sends what is written: as a message, a change, or a command.

use super::{App, Focus};
use crate::screen::composer::Mode;
use crate::screen::effect::{Effect, Purpose};
use crate::screen::intent::{Context, Panel, intend};
use crate::screen::palette::Tone;
use crate::screen::slash::{Slash, as_text, is_command, parse};
use crate::screen::world::Place;
use tidings_client::command::Command;
use tidings_client::view::{Shown, Standing};

/// The others are told at most this often that the person is writing (milliseconds).
const TYPING_EVERY: u64 = 4_000;

impl App {
    /// Enter in the input line.
    pub(crate) fn enter(&mut self) {
        if self.composer.editor.is_blank() {
            return;
        }
        if is_command(self.composer.editor.text()) {
            return self.enter_command();
        }
        let Some(place) = self.place.clone() else {
            self.say(Tone::Warn, "Go to a conversation first: Ctrl+G, or choose one in the list");
            return;
        };
        match place {
            Place::Channel(channel) => {
                let text = as_text(self.composer.take().trim_end()).to_owned();
                self.effects.push(Effect::Command(
                    Purpose::Said(channel.clone(), text.clone()),
                    Command::SayInChannel { channel, text },
                ));
            }
            Place::Conversation(group) => {
                if let Some(why) = self.hindrance() {
                    self.say(Tone::Warn, why);
                    let standing = self.world.conversation(&group).map(|one| one.standing.clone());
                    if !matches!(standing, Some(Standing::Joining | Standing::Behind)) {
                        self.stand(group, standing);
                    }
                    return;
                }
                self.send_text(group);
            }
        }
    }

    fn send_text(&mut self, group: tidings_client::view::GroupId) {
        let text = as_text(self.composer.take().trim_end()).to_owned();
        let mode = std::mem::replace(&mut self.composer.mode, Mode::New);
        let purpose = Purpose::Sent(group, text.clone());
        let command = match mode {
            Mode::New => Command::SendText { group, text, reply: None, expire: None },
            Mode::Reply(message, _) => Command::SendText { group, text, reply: Some(message), expire: None },
            Mode::Edit(message) => Command::Edit { group, message, text },
        };
        self.effects.push(Effect::Command(purpose, command));
        if let Some(thread) = self.thread.as_mut() {
            thread.forget_mark();
            self.effects.extend(thread.go_to_end());
        }
    }

    fn enter_command(&mut self) {
        let line = self.composer.editor.text().to_owned();
        match parse(&line).and_then(|slash| self.run(slash)) {
            Ok(()) => {
                self.composer.take();
            }
            // The line stays, to be mended.
            Err(why) => self.say(Tone::Warn, why),
        }
    }

    /// Does a command.
    pub(crate) fn run(&mut self, slash: Slash) -> Result<(), String> {
        let thread = self.thread.as_ref();
        let last = || thread.and_then(|thread| thread.messages().next_back());
        // Files are opened, and everything else is said, of the newest message that it fits.
        let fits = |slash: &Slash| match slash {
            Slash::Open(_) => {
                thread.and_then(|thread| thread.messages().rfind(|one| matches!(one.shown, Shown::File(_))))
            }
            Slash::React(_) | Slash::Reply(_) => {
                thread.and_then(|thread| thread.messages().rfind(|one| !one.mine)).or_else(last)
            }
            Slash::Delete => thread.and_then(|thread| thread.messages().rfind(|one| one.mine)),
            _ => last(),
        };
        let selected = thread.and_then(|thread| thread.selected());
        let own =
            thread.and_then(|thread| thread.messages().rfind(|one| one.mine && matches!(one.shown, Shown::Text(_))));
        let context =
            Context { world: &self.world, place: self.place.as_ref(), message: selected.or_else(|| fits(&slash)), own };
        let intent = intend(slash, &context)?;
        self.do_intent(intent);
        Ok(())
    }

    /// The text in the input line has changed.
    pub(crate) fn written(&mut self) {
        self.composer.changed(&self.world);
        let plain = !self.composer.editor.text().starts_with('/') && !self.composer.editor.is_blank();
        if let Some(group) = self.group()
            && plain
            && self.now >= self.typed + TYPING_EVERY
            && self.hindrance().is_none()
        {
            self.typed = self.now;
            self.effects.push(Effect::Command(Purpose::Quiet, Command::Typing { group }));
        }
    }

    /// Begins to answer a message.
    pub(crate) fn begin_reply(&mut self, id: tidings_client::view::MessageId) {
        let Some(message) = self.thread.as_ref().and_then(|thread| thread.message(&id)) else { return };
        let line = crate::screen::messages::summary(message);
        let name = if message.mine { "You".to_owned() } else { crate::screen::clean::name(&message.name) };
        self.composer.mode = Mode::Reply(id, format!("{name}: {line}"));
        self.write_here();
    }

    /// Begins to change a message.
    pub(crate) fn begin_edit(&mut self, id: tidings_client::view::MessageId) {
        let Some(message) = self.thread.as_ref().and_then(|thread| thread.message(&id)) else { return };
        let Shown::Text(text) = &message.shown else { return };
        if !message.mine {
            self.say(Tone::Warn, "Only your own messages can be changed");
            return;
        }
        let text = text.clone();
        self.composer.editor.set(&text);
        self.composer.mode = Mode::Edit(id);
        self.write_here();
    }

    /// Gives the keyboard to the input line.
    pub(crate) fn write_here(&mut self) {
        self.focus = Focus::Input;
        if let Some(thread) = self.thread.as_mut() {
            thread.select(None);
        }
    }

    /// Shows a dialog for a panel, or does what it asks for.
    pub(crate) fn show_panel(&mut self, panel: Panel) {
        match panel {
            Panel::Reply(id) => self.begin_reply(id),
            Panel::Edit(id) => self.begin_edit(id),
            Panel::Open(group, message) => self.open_file(group, message),
            Panel::Older => self.say(Tone::Dim, "Page Up shows older messages"),
            other => {
                if let Some(sheet) = self.sheet(other) {
                    self.show(sheet);
                }
            }
        }
    }
}
