//! The input line, with what is above it: who is writing, what is answered, suggestions.

use super::super::{App, Focus};
use crate::screen::clean;
use crate::screen::clock::size;
use crate::screen::composer::Mode;
use crate::screen::palette::Tone;
use crate::screen::target::Target;
use crate::screen::text::{clip, fit, part, width};
use crate::screen::world::Place;
use ratatui::Frame;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::Clear;

/// Rows of text that are shown at most.
const MAX_ROWS: usize = 8;
/// Cells before the text.
const PROMPT: u16 = 2;

impl App {
    /// Rows that the input needs: a line above it, and the text.
    pub(super) fn input_height(&mut self, columns: u16, rows: u16) -> u16 {
        self.input_cells = usize::from(columns.saturating_sub(PROMPT + 1)).max(1);
        let lines = self.composer.editor.laid(self.input_cells).lines.len();
        let most = MAX_ROWS.min(usize::from(rows / 3).max(1));
        1 + u16::try_from(lines.clamp(1, most)).unwrap_or(1)
    }

    pub(super) fn draw_input(&mut self, frame: &mut Frame<'_>, area: Rect, above: Rect) {
        if area.height < 2 {
            return;
        }
        let rule = Rect { height: 1, ..area };
        self.draw_rule(frame, rule);
        let text = Rect { y: area.y + 1, height: area.height - 1, ..area };
        self.draw_text(frame, text);
        self.draw_choices(frame, above);
    }

    /// The line above the text says what Enter will do, or what keeps one from writing.
    fn draw_rule(&self, frame: &mut Frame<'_>, area: Rect) {
        let cells = usize::from(area.width);
        let (text, tone) = match &self.composer.mode {
            Mode::Reply(_, line) => (format!("Reply to {line} (Esc: don't)"), Tone::Accent),
            Mode::Edit(_) => ("Change your message (Esc: don't)".to_owned(), Tone::Accent),
            Mode::New => match self.hindrance().or_else(|| self.cut_off()) {
                Some(why) => (why, Tone::Warn),
                None => (self.writing(), Tone::Dim),
            },
        };
        let text = clip(&text, cells.saturating_sub(5));
        let dim = self.palette.style(Tone::Dim);
        let mut line = Line::styled("─", dim);
        if !text.is_empty() {
            line.push_span(Span::styled(format!(" {} ", clean::isolated(text)), self.palette.style(tone)));
        }
        let rest = cells.saturating_sub(line.width());
        line.push_span(Span::styled("─".repeat(rest), dim));
        frame.render_widget(line, area);
    }

    /// Who is writing.
    fn writing(&self) -> String {
        let Some(one) = self.group().and_then(|group| self.world.conversation(&group)) else { return String::new() };
        if let Some((done, all)) = self.sending.get(&one.id).copied() {
            return format!("Sending a file: {} % of {}", done.saturating_mul(100) / all.max(1), size(all));
        }
        let names: Vec<String> = one.typing.iter().take(3).map(|who| self.world.name_of(who)).collect();
        match names.as_slice() {
            [] => String::new(),
            [one] => format!("{one} is writing…"),
            several => format!("{} are writing…", several.join(", ")),
        }
    }

    fn draw_text(&mut self, frame: &mut Frame<'_>, area: Rect) {
        let focused = self.focus == Focus::Input && self.sheets.is_empty();
        let tone = if focused { Tone::Accent } else { Tone::Dim };
        let public = matches!(self.place, Some(Place::Channel(_)));
        let prompt = if public { "# " } else { "› " };
        frame.render_widget(
            Line::styled(prompt, self.palette.style(if public { Tone::Public } else { tone })),
            Rect { height: 1, ..area },
        );
        let text = Rect { x: area.x + PROMPT, width: area.width.saturating_sub(PROMPT), ..area };
        self.targets.add(text, Target::Input);
        let editor = &self.composer.editor;
        if editor.text().is_empty() {
            let hint = match &self.place {
                Some(Place::Channel(_)) => "Say something in public",
                Some(Place::Conversation(_)) => "Write a message",
                None => "/ for commands",
            };
            frame.render_widget(Line::styled(clip(hint, text.width.into()), self.palette.style(Tone::Dim)), text);
        }
        let laid = editor.laid(self.input_cells);
        let rows = usize::from(text.height);
        let above = (laid.row + 1).saturating_sub(rows);
        let style =
            if crate::screen::slash::is_command(editor.text()) { self.palette.style(Tone::Key) } else { Style::new() };
        for (y, range) in (text.y..text.bottom()).zip(laid.lines.iter().skip(above)) {
            let line = part(editor.text(), range.clone()).trim_end_matches('\n').to_owned();
            frame.render_widget(Line::styled(line, style), Rect { y, height: 1, ..text });
        }
        if focused {
            let column = u16::try_from(laid.column).unwrap_or(0).min(text.width.saturating_sub(1));
            let row = u16::try_from(laid.row - above).unwrap_or(0).min(text.height.saturating_sub(1));
            frame.set_cursor_position(Position { x: text.x + column, y: text.y + row });
        }
    }

    /// Suggestions, above the input.
    fn draw_choices(&mut self, frame: &mut Frame<'_>, above: Rect) {
        let Some((completion, chosen)) = self.composer.completion.clone() else { return };
        if self.focus != Focus::Input || !self.sheets.is_empty() {
            return;
        }
        let rows = completion.choices.len().min(above.height.into());
        let names = completion.choices.iter().map(|(text, _)| width(text)).max().unwrap_or(0) + 2;
        let wide = completion.choices.iter().map(|(_, about)| names + width(about) + 2).max().unwrap_or(0);
        let columns = u16::try_from(wide).unwrap_or(u16::MAX).min(above.width);
        let top = above.bottom() - u16::try_from(rows).unwrap_or(0);
        for (y, (index, (text, about))) in (top..above.bottom()).zip(completion.choices.iter().enumerate()) {
            let row = Rect { x: above.x, y, width: columns, height: 1 };
            frame.render_widget(Clear, row);
            let line = fit(&format!(" {}{about}", fit(text, names)), columns.into());
            let tone = if index == chosen { Tone::Selected } else { Tone::Key };
            frame.render_widget(Line::styled(line, self.palette.style(tone)), row);
            self.targets.add(row, Target::Choice(index));
        }
    }
}
