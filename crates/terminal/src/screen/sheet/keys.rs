//! How a dialog answers keys.

use super::{Act, Focus, Sheet};
use crate::screen::editor::{Editor, Move};
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// What a key did.
pub(crate) enum Answer {
    /// Nothing more.
    Stay,
    /// What is written in a field has changed.
    Changed,
    /// This is to happen.
    Act(Act),
}

impl Sheet {
    /// A key was pressed.
    pub(crate) fn key(&mut self, key: KeyEvent) -> Answer {
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        match key.code {
            KeyCode::Esc if self.must_answer => Answer::Stay,
            KeyCode::Esc => Answer::Act(Act::Close),
            KeyCode::Tab => self.turn(true),
            KeyCode::BackTab => self.turn(false),
            KeyCode::Enter => self.enter(),
            KeyCode::Up | KeyCode::Down | KeyCode::PageUp | KeyCode::PageDown => self.vertical(key.code),
            KeyCode::Char('p' | 'n') if control => {
                self.vertical(if key.code == KeyCode::Char('p') { KeyCode::Up } else { KeyCode::Down })
            }
            _ => match self.focus {
                Focus::Field(field) => self.write(field, key),
                _ => self.letter(key.code),
            },
        }
    }

    /// Something was pasted.
    pub(crate) fn paste(&mut self, text: &str) -> Answer {
        let Focus::Field(field) = self.focus else { return Answer::Stay };
        let Some(field) = self.fields.get_mut(field) else { return Answer::Stay };
        field.editor.insert(text.replace(['\r', '\n'], " ").trim());
        Answer::Changed
    }

    /// A row was clicked.
    pub(crate) fn click_row(&mut self, row: usize) -> Answer {
        self.row = row;
        self.focus = if self.fields.is_empty() { Focus::Rows } else { self.focus };
        self.choose()
    }

    /// A button was clicked.
    pub(crate) fn click_button(&mut self, button: usize) -> Answer {
        self.buttons.get(button).map_or(Answer::Stay, |button| Answer::Act(button.act.clone()))
    }

    fn order(&self) -> Vec<Focus> {
        let fields = (0..self.fields.len()).map(Focus::Field);
        let rows = (!self.rows.is_empty()).then_some(Focus::Rows);
        fields.chain(rows).chain((0..self.buttons.len()).map(Focus::Button)).collect()
    }

    fn turn(&mut self, on: bool) -> Answer {
        let order = self.order();
        let now = order.iter().position(|focus| *focus == self.focus).unwrap_or(0);
        let next = if on { now + 1 } else { now + order.len().max(1) - 1 };
        if let Some(focus) = order.get(next % order.len().max(1)) {
            self.focus = *focus;
        }
        Answer::Stay
    }

    fn enter(&mut self) -> Answer {
        match self.focus {
            Focus::Button(button) => self.click_button(button),
            Focus::Rows => self.choose(),
            // A field that filters rows: the chosen row. Marked rows are for the button.
            Focus::Field(_) if self.rows.first().is_some_and(|row| row.marked.is_none()) => self.choose(),
            Focus::Field(field) if field + 1 < self.fields.len() => self.turn(true),
            Focus::Field(_) => self.click_button(0),
        }
    }

    fn choose(&mut self) -> Answer {
        let Some(row) = self.rows.get(self.row) else { return Answer::Stay };
        match row.act {
            Act::Toggle => self.toggle(),
            ref act => Answer::Act(act.clone()),
        }
    }

    fn toggle(&mut self) -> Answer {
        if let Some(marked) = self.rows.get_mut(self.row).and_then(|row| row.marked.as_mut()) {
            *marked = !*marked;
        }
        Answer::Stay
    }

    fn vertical(&mut self, code: KeyCode) -> Answer {
        let (down, steps) = match code {
            KeyCode::Up => (false, 1),
            KeyCode::Down => (true, 1),
            KeyCode::PageUp => (false, self.page),
            _ => (true, self.page),
        };
        if self.rows.is_empty() {
            self.scroll = if down { self.scroll + steps } else { self.scroll.saturating_sub(steps) };
            return Answer::Stay;
        }
        // Rows that are marked have the focus themselves; others follow the field above them.
        if self.rows.first().is_some_and(|row| row.marked.is_some()) || self.fields.is_empty() {
            self.focus = Focus::Rows;
        }
        let last = self.rows.len() - 1;
        self.row = if down { (self.row + steps).min(last) } else { self.row.saturating_sub(steps) };
        Answer::Stay
    }

    /// Outside of fields a letter presses the button that begins with it, and a blank marks.
    fn letter(&mut self, code: KeyCode) -> Answer {
        match code {
            KeyCode::Char(' ') if self.focus == Focus::Rows => self.choose(),
            KeyCode::Left => self.turn(false),
            KeyCode::Right => self.turn(true),
            KeyCode::Char(letter) => {
                let begins =
                    |label: &str| label.chars().next().is_some_and(|first| first.eq_ignore_ascii_case(&letter));
                match self.buttons.iter().position(|button| begins(button.label)) {
                    Some(button) => self.click_button(button),
                    None => Answer::Stay,
                }
            }
            _ => Answer::Stay,
        }
    }

    fn write(&mut self, field: usize, key: KeyEvent) -> Answer {
        let Some(field) = self.fields.get_mut(field) else { return Answer::Stay };
        if edit(&mut field.editor, key) { Answer::Changed } else { Answer::Stay }
    }
}

/// The keys that every line understands. False if it is none of them.
pub(crate) fn edit(editor: &mut Editor, key: KeyEvent) -> bool {
    let control = key.modifiers.contains(KeyModifiers::CONTROL);
    let word = control || key.modifiers.contains(KeyModifiers::ALT);
    match key.code {
        KeyCode::Left if word => editor.go(Move::WordLeft),
        KeyCode::Right if word => editor.go(Move::WordRight),
        KeyCode::Left => editor.go(Move::Left),
        KeyCode::Right => editor.go(Move::Right),
        KeyCode::Home if control => editor.go(Move::Start),
        KeyCode::End if control => editor.go(Move::Finish),
        KeyCode::Home => editor.go(Move::Home),
        KeyCode::End => editor.go(Move::End),
        KeyCode::Backspace if word => editor.remove(Move::WordLeft),
        KeyCode::Backspace => editor.remove(Move::Left),
        KeyCode::Delete if word => editor.remove(Move::WordRight),
        KeyCode::Delete => editor.remove(Move::Right),
        KeyCode::Char(letter) if control => return edit_with_control(editor, letter),
        KeyCode::Char('b') if word => editor.go(Move::WordLeft),
        KeyCode::Char('f') if word => editor.go(Move::WordRight),
        KeyCode::Char('d') if word => editor.remove(Move::WordRight),
        KeyCode::Char(_) if word => return false,
        KeyCode::Char(letter) => {
            editor.insert(letter.encode_utf8(&mut [0; 4]));
        }
        _ => return false,
    }
    true
}

fn edit_with_control(editor: &mut Editor, letter: char) -> bool {
    match letter {
        'a' => editor.go(Move::Home),
        'e' => editor.go(Move::End),
        'b' => editor.go(Move::Left),
        'h' => editor.remove(Move::Left),
        'd' => editor.remove(Move::Right),
        'w' => editor.remove(Move::WordLeft),
        'u' => editor.remove(Move::Home),
        'k' => editor.remove(Move::End),
        'y' => editor.paste_back(),
        _ => return false,
    }
    true
}
