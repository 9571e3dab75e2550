//! The mouse.

use super::{App, Focus};
use crate::screen::effect::{Effect, Purpose};
use crate::screen::intent::Panel;
use crate::screen::sheet::Answer;
use crate::screen::target::Target;
use ratatui::crossterm::event::{MouseButton, MouseEvent, MouseEventKind};
use tidings_client::command::Command;
use tidings_client::view::{MessageId, Shown};

/// Rows that one step of the wheel goes.
const WHEEL: usize = 3;

impl App {
    /// The mouse did something.
    pub(crate) fn mouse(&mut self, mouse: MouseEvent) {
        match mouse.kind {
            MouseEventKind::Down(MouseButton::Left) => self.click(mouse.column, mouse.row),
            MouseEventKind::Down(MouseButton::Right) => {
                if let Some((Target::Message(id), _)) = self.targets.at(mouse.column, mouse.row) {
                    let id = *id;
                    self.message_menu(id);
                }
            }
            MouseEventKind::ScrollUp => self.wheel(true, mouse.column, mouse.row),
            MouseEventKind::ScrollDown => self.wheel(false, mouse.column, mouse.row),
            _ => {}
        }
    }

    fn wheel(&mut self, up: bool, column: u16, row: u16) {
        if let Some(sheet) = self.sheets.last_mut() {
            if sheet.rows.is_empty() {
                sheet.scroll = if up { sheet.scroll.saturating_sub(WHEEL) } else { sheet.scroll + WHEEL };
            } else {
                sheet.row = if up { sheet.row.saturating_sub(1) } else { (sheet.row + 1).min(sheet.rows.len() - 1) };
            }
            return;
        }
        if matches!(self.targets.at(column, row), Some((Target::Place(_) | Target::Go, _))) {
            let last = self.places().len().saturating_sub(1);
            self.cursor = if up { self.cursor.saturating_sub(1) } else { (self.cursor + 1).min(last) };
            return;
        }
        self.scroll(up, WHEEL);
    }

    fn click(&mut self, column: u16, row: u16) {
        let Some((target, area)) = self.targets.at(column, row) else { return };
        let target = target.clone();
        match target {
            Target::Place(place) => self.go(place),
            Target::Message(id) => self.click_message(id),
            Target::Open(id) => {
                if let Some(group) = self.group() {
                    self.open_file(group, id);
                }
            }
            Target::Link(link) => self.open_link(&link),
            Target::React(id, emoji) => self.toggle_reaction(id, emoji),
            Target::Jump(id) => self.jump_to_id(id),
            Target::Introduction(introduction, accept) => {
                let command = Command::AnswerIntroduction { introduction, accept };
                self.effects.push(Effect::Command(Purpose::Quiet, command));
            }
            Target::Room(id) => self.join_room(id),
            Target::Unfold(id) => {
                if let Some(thread) = self.thread.as_mut() {
                    thread.unfold(id);
                }
            }
            Target::End => self.go_to_end(),
            Target::Input => {
                self.write_here();
                let cell = |at: u16, from: u16| usize::from(at.saturating_sub(from));
                self.composer.editor.click(cell(row, area.y), cell(column, area.x), self.input_cells);
            }
            Target::Title => self.title_dialog(),
            Target::Go => self.show_panel(Panel::Go),
            Target::Warnings => self.show_panel(Panel::Warnings),
            Target::Choice(index) => {
                self.composer.accept(Some(index), &self.world);
            }
            Target::Nothing => {}
            Target::Outside => {
                if self.sheets.last().is_some_and(|sheet| !sheet.must_answer) {
                    self.close_sheet();
                }
            }
            Target::Row(_) | Target::Button(_) | Target::Field(_) => self.click_sheet(target),
        }
    }

    fn click_sheet(&mut self, target: Target) {
        let Some(sheet) = self.sheets.last_mut() else { return };
        let answer = match target {
            Target::Row(row) => sheet.click_row(row),
            Target::Button(button) => sheet.click_button(button),
            Target::Field(field) => {
                sheet.focus = crate::screen::sheet::Focus::Field(field);
                Answer::Stay
            }
            _ => Answer::Stay,
        };
        self.answered(answer);
    }

    /// The first click selects, the second acts.
    fn click_message(&mut self, id: MessageId) {
        let again = self.thread.as_ref().and_then(|thread| thread.selected()).is_some_and(|selected| selected.id == id);
        if again {
            return self.message_menu(id);
        }
        if let Some(thread) = self.thread.as_mut() {
            thread.select(Some(id));
            self.focus = Focus::Messages;
        }
    }

    fn jump_to_id(&mut self, id: MessageId) {
        let Some(thread) = self.thread.as_mut() else { return };
        if thread.message(&id).is_some() {
            thread.select(Some(id));
            self.focus = Focus::Messages;
        } else {
            self.say(
                crate::screen::palette::Tone::Dim,
                "That message is not loaded; Page Up goes back, Ctrl+F searches",
            );
        }
    }

    fn join_room(&mut self, id: MessageId) {
        let Some(message) = self.thread.as_ref().and_then(|thread| thread.message(&id)) else { return };
        if let Shown::RoomLink { link, .. } = &message.shown {
            let command = Command::Accept { link: link.clone(), passphrase: None };
            self.effects.push(Effect::Command(Purpose::Go, command));
        }
    }
}
