//! Keys.

use super::{App, Focus};
use crate::screen::effect::Effect;
use crate::screen::intent::Panel;
use crate::screen::palette::Tone;
use crate::screen::sheet::{Act, Kind, Sheet, edit};
use crate::screen::slash::Slash;
use crate::screen::world::Place;
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

impl App {
    /// A key was pressed.
    pub(crate) fn key(&mut self, key: KeyEvent) {
        if key.kind == KeyEventKind::Release {
            return;
        }
        self.attended = true;
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        match key.code {
            KeyCode::Char('q') if control => return self.effects.push(Effect::Quit),
            KeyCode::Char('z') if control => return self.effects.push(Effect::Suspend),
            KeyCode::Char('l') if control => return self.effects.push(Effect::Repaint),
            KeyCode::Char('c') if control => return self.interrupt(),
            _ => {}
        }
        if let Some(sheet) = self.sheets.last_mut() {
            let answer = sheet.key(key);
            return self.answered(answer);
        }
        if self.anywhere(key) {
            return;
        }
        match self.focus {
            Focus::Input => self.input_key(key),
            Focus::List => self.list_key(key),
            Focus::Messages => self.messages_key(key),
        }
    }

    /// Something was pasted.
    pub(crate) fn paste(&mut self, text: &str) {
        if let Some(sheet) = self.sheets.last_mut() {
            let answer = sheet.paste(text);
            return self.answered(answer);
        }
        self.write_here();
        if !self.composer.editor.insert(text) {
            self.say(Tone::Warn, "A message has at most 64 KiB; the rest was left out");
        }
        self.written();
    }

    /// Ctrl+C: first what is written, then the dialog, then the question whether to end.
    fn interrupt(&mut self) {
        if self.sheets.last().is_some_and(|sheet| sheet.kind == Kind::Confirm && sheet.title == "End") {
            return self.effects.push(Effect::Quit);
        }
        if !self.sheets.is_empty() {
            self.close_sheet();
        } else if !self.composer.editor.is_blank() && self.focus == Focus::Input {
            self.composer.take();
        } else {
            let sheet = Sheet::new(Kind::Confirm, "End")
                .say(Tone::Text, "End Tidings? Messages wait at your node until you come back.")
                .button("End", Act::Do(vec![Effect::Quit]))
                .button("Stay", Act::Close);
            self.show(sheet);
        }
    }

    /// Keys that mean the same wherever the keyboard speaks to. False if it is none of them.
    fn anywhere(&mut self, key: KeyEvent) -> bool {
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        let alt = key.modifiers.contains(KeyModifiers::ALT);
        match key.code {
            KeyCode::F(1) => self.show_panel(Panel::Help),
            KeyCode::Char('g') if control => self.show_panel(Panel::Go),
            KeyCode::Char('f') if control => {
                self.show_panel(Panel::Search { text: String::new(), everywhere: self.group().is_none() })
            }
            KeyCode::Char('t') if control => self.title_dialog(),
            KeyCode::Char('o') if control => self.file_dialog(),
            KeyCode::Char('p') if control => self.next_place(false),
            KeyCode::Char('n') if control => self.next_place(true),
            KeyCode::Up if alt => self.next_place(false),
            KeyCode::Down if alt => self.next_place(true),
            KeyCode::Char('a') if alt => self.next_unread(),
            KeyCode::PageUp => self.scroll(true, self.pane.1.saturating_sub(2).max(1)),
            KeyCode::PageDown => self.scroll(false, self.pane.1.saturating_sub(2).max(1)),
            KeyCode::BackTab => self.turn_focus(false),
            KeyCode::Tab if self.composer.completion.is_none() => self.turn_focus(true),
            _ => return false,
        }
        true
    }

    fn turn_focus(&mut self, on: bool) {
        let next = match (self.focus, on) {
            (Focus::Input, true) | (Focus::Messages, false) => Focus::List,
            (Focus::List, true) | (Focus::Input, false) => Focus::Messages,
            (Focus::Messages, true) | (Focus::List, false) => Focus::Input,
        };
        let talking = self.thread.as_ref().is_some_and(|thread| thread.messages().len() > 0);
        match next {
            Focus::Messages if talking => self.select_message(false),
            // Nothing can be selected there.
            Focus::Messages => self.focus = if on { Focus::Input } else { Focus::List },
            Focus::List => {
                self.write_here();
                self.focus = Focus::List;
            }
            Focus::Input => self.write_here(),
        }
    }

    /// Selects the next message; behind the last one is the input line.
    fn select_message(&mut self, down: bool) {
        let Some(thread) = self.thread.as_mut() else { return };
        self.focus = Focus::Messages;
        if !thread.select_next(down) && down {
            self.effects.extend(thread.go_to_end());
            self.focus = Focus::Input;
        }
    }

    fn input_key(&mut self, key: KeyEvent) {
        let line_feed = key.modifiers.intersects(KeyModifiers::ALT | KeyModifiers::SHIFT | KeyModifiers::CONTROL);
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        match key.code {
            KeyCode::Enter if line_feed => self.write_text("\n"),
            KeyCode::Char('j') if control => self.write_text("\n"),
            KeyCode::Enter if self.composer.enter_accepts() => {
                let all = self.composer.suggests_all();
                self.composer.accept(None, &self.world);
                if all {
                    self.enter();
                }
            }
            KeyCode::Enter => self.enter(),
            KeyCode::Tab => {
                self.composer.accept(None, &self.world);
            }
            KeyCode::Up => self.up(),
            KeyCode::Down if self.composer.turn(true) => {}
            KeyCode::Down => {
                self.composer.editor.go_line(true, self.input_cells);
            }
            KeyCode::Esc => self.escape(),
            _ if edit(&mut self.composer.editor, key) => self.written(),
            _ => {}
        }
    }

    fn write_text(&mut self, text: &str) {
        self.composer.editor.insert(text);
        self.written();
    }

    fn up(&mut self) {
        if self.composer.turn(false) || self.composer.editor.go_line(false, self.input_cells) {
            return;
        }
        if self.composer.editor.is_blank() && self.thread.is_none() {
            self.composer.recall();
        } else {
            self.select_message(false);
        }
    }

    /// Escape: puts away what is open, one thing after the other.
    fn escape(&mut self) {
        let put_away = self.composer.dismiss() || self.composer.cancel();
        if put_away {
            return;
        }
        if self.narrow || self.place.is_none() {
            self.focus = Focus::List;
        } else if let Some(thread) = self.thread.as_mut() {
            self.effects.extend(thread.go_to_end());
        }
    }

    fn list_key(&mut self, key: KeyEvent) {
        let places = self.places();
        let last = places.len().saturating_sub(1);
        match key.code {
            KeyCode::Up | KeyCode::Char('k') => self.cursor = self.cursor.saturating_sub(1),
            KeyCode::Down | KeyCode::Char('j') => self.cursor = (self.cursor + 1).min(last),
            KeyCode::Home => self.cursor = 0,
            KeyCode::End => self.cursor = last,
            KeyCode::Enter | KeyCode::Right | KeyCode::Char('l') => {
                if let Some(place) = places.get(self.cursor).cloned() {
                    self.go(place);
                }
            }
            KeyCode::Esc if self.place.is_some() => self.write_here(),
            KeyCode::Char('?') => self.show_panel(Panel::Help),
            KeyCode::Char('i') => self.show_panel(Panel::Invite),
            KeyCode::Char('a') => self.show_panel(Panel::Accept),
            KeyCode::Char('n') => self.show_panel(Panel::NewGroup),
            KeyCode::Char('c') => self.show_panel(Panel::Contacts),
            KeyCode::Char('d') => self.show_panel(Panel::Devices),
            KeyCode::Char('w') => self.show_panel(Panel::Warnings),
            KeyCode::Char('h') => {
                self.show_archived = !self.show_archived;
                self.cursor = 0;
            }
            KeyCode::Char('/') => {
                self.write_here();
                self.write_text("/");
            }
            _ => {}
        }
    }

    fn messages_key(&mut self, key: KeyEvent) {
        match key.code {
            KeyCode::Up | KeyCode::Char('k') => self.select_message(false),
            KeyCode::Down | KeyCode::Char('j') => self.select_message(true),
            KeyCode::Home | KeyCode::Char('g') => {
                let first = self.thread.as_ref().and_then(|thread| thread.messages().next().map(|message| message.id));
                if let (Some(thread), Some(first)) = (self.thread.as_mut(), first) {
                    thread.select(Some(first));
                }
            }
            KeyCode::End | KeyCode::Char('G') => self.go_to_end(),
            KeyCode::Esc => {
                self.go_to_end();
                self.write_here();
            }
            KeyCode::Enter => {
                if let Some(id) = self.thread.as_ref().and_then(|thread| thread.selected()).map(|message| message.id) {
                    self.act_on(id);
                }
            }
            KeyCode::Char('?') => self.show_panel(Panel::Help),
            KeyCode::Char('/') => {
                self.write_here();
                self.write_text("/");
            }
            KeyCode::Char(letter)
                if key.modifiers.difference(KeyModifiers::SHIFT).is_empty() && !self.message_key(letter) =>
            {
                self.say(Tone::Dim, "Esc goes back to writing; m shows what can be done");
            }
            _ => {}
        }
    }

    /// Goes to the newest messages.
    pub(crate) fn go_to_end(&mut self) {
        if let Some(thread) = self.thread.as_mut() {
            self.effects.extend(thread.go_to_end());
        }
    }

    fn next_place(&mut self, down: bool) {
        let places = self.places();
        let now = self.place.as_ref().and_then(|place| places.iter().position(|one| one == place));
        let next = match (now, down) {
            (None, _) => self.cursor,
            (Some(now), true) => now + 1,
            (Some(now), false) => now.saturating_sub(1),
        };
        if let Some(place) = places.get(next).cloned() {
            self.go(place);
        }
    }

    fn next_unread(&mut self) {
        let unread =
            self.world.conversations.iter().find(|one| one.unread > 0 && !one.muted && self.group() != Some(one.id));
        match unread.map(|one| one.id) {
            Some(group) => self.go(Place::Conversation(group)),
            None => self.say(Tone::Dim, "Everything is read"),
        }
    }

    /// Who is in this conversation.
    pub(crate) fn title_dialog(&mut self) {
        let Some(group) = self.group() else { return };
        let contact = self.world.conversation(&group).and_then(|one| one.contact);
        self.show_panel(contact.map_or(Panel::Members(group), Panel::Contact));
    }

    fn file_dialog(&mut self) {
        match self.group() {
            Some(_) => {
                let sheet = super::panels::file();
                self.show(sheet);
            }
            None => {
                if let Err(why) = self.run(Slash::Send {
                    path: Default::default(),
                    caption: String::new(),
                    look: tidings_client::command::Look::Keep,
                }) {
                    self.say(Tone::Warn, why);
                }
            }
        }
    }
}
