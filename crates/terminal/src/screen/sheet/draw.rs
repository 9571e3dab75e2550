//! Draws a dialog over everything else.

use super::{Focus, Sheet};
use crate::screen::clean;
use crate::screen::options::Theme;
use crate::screen::palette::{Palette, Tone};
use crate::screen::picture::Drawn;
use crate::screen::target::{Target, Targets};
use crate::screen::text::{clip, part, width, wrap};
use ratatui::Frame;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, BorderType, Clear};

/// The widest dialog without a picture.
const WIDEST: u16 = 72;
/// Lines that a paragraph may take.
const MAX_LINES: usize = 2_000;

/// Draws it. `picture` is what a viewer shows.
pub(crate) fn draw(
    sheet: &mut Sheet,
    frame: &mut Frame<'_>,
    palette: &Palette,
    theme: Theme,
    picture: Option<Drawn>,
    targets: &mut Targets,
) {
    let whole = frame.area();
    targets.add(whole, Target::Outside);
    let mut plan = Plan::of(sheet, whole, palette, theme, picture);
    let area = plan.area(whole);
    frame.render_widget(Clear, area);
    let block =
        Block::bordered().border_type(BorderType::Rounded).border_style(palette.style(Tone::Dim)).title(Line::styled(
            format!(" {} ", clip(&clean::line(&sheet.title), usize::from(area.width).saturating_sub(6))),
            palette.style(Tone::Strong),
        ));
    let inner = block.inner(area);
    frame.render_widget(block, area);
    // A click beside what can be clicked does nothing.
    targets.add(area, Target::Nothing);
    let mut pen = Pen { frame, palette, targets, area: inner };
    if let Some((lines, columns)) = plan.beside.take() {
        pen.beside(lines, columns);
    }
    pen.write(sheet, &plan);
}

/// What is drawn, and how much room it takes.
struct Plan {
    text: Vec<Line<'static>>,
    /// A QR code on the left, if there is room.
    beside: Option<(Vec<Line<'static>>, u16)>,
    width: u16,
    text_width: usize,
    height: u16,
}

impl Plan {
    fn of(sheet: &Sheet, whole: Rect, palette: &Palette, theme: Theme, picture: Option<Drawn>) -> Self {
        let width = whole.width.saturating_sub(2).min(WIDEST);
        let controls = sheet.fields.len() * 2 + usize::from(!sheet.buttons.is_empty()) * 2;
        let mut plan =
            Self { text: Vec::new(), beside: None, width, text_width: usize::from(width).saturating_sub(4), height: 0 };
        let mut note = None;
        if let Some(qr) = &sheet.qr {
            let (columns, rows) = qr.cells();
            let lines = qr.lines(palette.colours(), theme);
            // Beside the text if that has room enough, or else below it.
            if whole.width >= columns + 34 && whole.height >= rows + 2 {
                plan.width = (columns + 5 + 40).min(whole.width);
                plan.text_width = usize::from(plan.width - columns - 5);
                plan.beside = Some((lines, columns));
                plan.height = rows + 2;
            } else if whole.width >= columns + 4 && usize::from(whole.height) >= usize::from(rows) + controls + 12 {
                plan.text = lines.into_iter().map(|line| line.centered()).collect();
            } else {
                note = Some("Make the window larger to see the QR code.");
            }
        }
        let mut text = paragraphs(sheet, plan.text_width, palette);
        text.append(&mut plan.text);
        if let Some(note) = note {
            text.push(Line::styled(note, palette.style(Tone::Dim)));
        }
        if let Some(drawn) = picture {
            plan.width = plan.width.max(drawn.shape.columns + 4).min(whole.width);
            plan.text_width = usize::from(plan.width) - 4;
            text.extend(drawn.lines.into_iter().map(Line::from));
        }
        plan.text = text;
        let rows = sheet.rows.len() + usize::from(!sheet.rows.is_empty() && !plan.text.is_empty());
        let needed = plan.text.len() + controls + rows + 2;
        plan.height = plan.height.max(u16::try_from(needed).unwrap_or(u16::MAX)).min(whole.height);
        plan
    }

    fn area(&self, whole: Rect) -> Rect {
        Rect {
            x: whole.x + (whole.width.saturating_sub(self.width)) / 2,
            y: whole.y + (whole.height.saturating_sub(self.height)) / 3,
            width: self.width.min(whole.width),
            height: self.height,
        }
    }
}

fn paragraphs(sheet: &Sheet, cells: usize, palette: &Palette) -> Vec<Line<'static>> {
    let mut lines = Vec::new();
    for (tone, text) in &sheet.body {
        let style = palette.style(*tone);
        for range in wrap(text, cells, MAX_LINES).0 {
            lines.push(Line::styled(clean::isolated(part(text, range).trim_end().to_owned()), style));
        }
    }
    lines
}

/// Draws part after part from above to below.
struct Pen<'a, 'b> {
    frame: &'a mut Frame<'b>,
    palette: &'a Palette,
    targets: &'a mut Targets,
    area: Rect,
}

impl Pen<'_, '_> {
    fn beside(&mut self, lines: Vec<Line<'static>>, columns: u16) {
        for (row, line) in (self.area.y..self.area.bottom()).zip(lines) {
            self.frame.render_widget(line, Rect { y: row, height: 1, width: columns, ..self.area });
        }
        let used = (columns + 1).min(self.area.width);
        self.area.x += used;
        self.area.width -= used;
    }

    /// The next rows of what is left.
    fn take(&mut self, rows: usize) -> Rect {
        let rows = u16::try_from(rows).unwrap_or(u16::MAX).min(self.area.height);
        let taken = Rect { height: rows, ..self.area };
        self.area.y += rows;
        self.area.height -= rows;
        Rect { x: taken.x + 1, width: taken.width.saturating_sub(2), ..taken }
    }

    fn write(&mut self, sheet: &mut Sheet, plan: &Plan) {
        let buttons = usize::from(!sheet.buttons.is_empty());
        let controls = sheet.fields.len() * 2 + buttons * 2;
        let room = usize::from(self.area.height).saturating_sub(controls);
        let wanted = sheet.rows.len().min(room.saturating_sub(plan.text.len().min(room / 2)));
        let gap = usize::from(!sheet.rows.is_empty() && !plan.text.is_empty());
        let text_rows = plan.text.len().min(room.saturating_sub(wanted + gap));
        sheet.page = text_rows.max(wanted).saturating_sub(1).max(1);
        self.text(sheet, plan, text_rows);
        self.fields(sheet);
        if gap > 0 && self.area.height > 1 {
            self.take(1);
        }
        let rows = usize::from(self.area.height).saturating_sub(buttons * 2).min(sheet.rows.len().max(1));
        self.rows(sheet, rows);
        self.buttons(sheet);
    }

    fn text(&mut self, sheet: &mut Sheet, plan: &Plan, rows: usize) {
        let area = self.take(rows);
        let most = plan.text.len().saturating_sub(rows);
        if sheet.rows.is_empty() {
            sheet.scroll = sheet.scroll.min(most);
        }
        let above = if sheet.rows.is_empty() { sheet.scroll } else { 0 };
        for (row, line) in (area.y..area.bottom()).zip(plan.text.iter().skip(above)) {
            self.frame.render_widget(line.clone(), Rect { y: row, height: 1, ..area });
        }
        if most > 0 && area.height > 0 {
            let hint = if above < most { " ↓ more " } else { " ↑ " };
            let x = area.right().saturating_sub(u16::try_from(width(hint)).unwrap_or(0));
            let place = Rect { x, y: area.bottom() - 1, width: area.right() - x, height: 1 };
            self.frame.render_widget(Line::styled(hint, self.palette.style(Tone::Key)), place);
        }
    }

    fn fields(&mut self, sheet: &Sheet) {
        for (index, field) in sheet.fields.iter().enumerate() {
            let focused = sheet.focus == Focus::Field(index);
            let label = self.take(1);
            let tone = if focused { Tone::Accent } else { Tone::Dim };
            self.frame
                .render_widget(Line::styled(clip(&field.label, label.width.into()), self.palette.style(tone)), label);
            let area = self.take(1);
            if area.height == 0 {
                return;
            }
            self.targets.add(area, Target::Field(index));
            let cells = usize::from(area.width).saturating_sub(3);
            let (before, after) =
                field.editor.text().split_at_checked(field.editor.cursor()).unwrap_or((field.editor.text(), ""));
            let hidden =
                |text: &str| if field.secret { "•".repeat(text.chars().count()) } else { text.replace('\n', " ") };
            let (before, after) = (tail(&hidden(before), cells), hidden(after));
            let column = u16::try_from(width(&before)).unwrap_or(0);
            let line = format!("{before}{after}");
            let shown = clip(&line, cells.saturating_add(1));
            let prompt = Span::styled("› ", self.palette.style(tone));
            self.frame.render_widget(Line::from(vec![prompt, Span::raw(shown)]), area);
            if focused {
                self.frame.set_cursor_position(Position {
                    x: (area.x + 2 + column).min(area.right().saturating_sub(1)),
                    y: area.y,
                });
            }
        }
    }

    fn rows(&mut self, sheet: &mut Sheet, rows: usize) {
        let area = self.take(rows);
        let rows = usize::from(area.height);
        if sheet.rows.is_empty() || rows == 0 {
            return;
        }
        sheet.scroll = sheet.scroll.clamp((sheet.row + 1).saturating_sub(rows), sheet.row);
        let shown = sheet.rows.iter().enumerate().skip(sheet.scroll);
        for (y, (index, row)) in (area.y..area.bottom()).zip(shown) {
            let place = Rect { y, height: 1, ..area };
            let chosen = index == sheet.row && !matches!(sheet.focus, Focus::Button(_));
            let style = self.palette.style(row.tone).patch(if chosen {
                self.palette.style(Tone::Selected)
            } else {
                Style::new()
            });
            let mark = match row.marked {
                Some(true) => "[x] ",
                Some(false) => "[ ] ",
                None if chosen => "› ",
                None => "  ",
            };
            let cells = usize::from(area.width);
            let note = clip(&row.note, cells / 2);
            let text = clip(&row.text, cells.saturating_sub(width(&note) + width(mark) + 1));
            let blanks = cells.saturating_sub(width(mark) + width(&text) + width(&note));
            let line = format!("{mark}{}{}{note}", clean::isolated(text), " ".repeat(blanks));
            self.frame.render_widget(Line::styled(line, style), place);
            self.targets.add(place, Target::Row(index));
        }
    }

    fn buttons(&mut self, sheet: &Sheet) {
        if sheet.buttons.is_empty() {
            return;
        }
        // At the lower edge, whatever is above.
        let y = self.area.bottom().saturating_sub(1);
        let mut x = self.area.x + 1;
        for (index, button) in sheet.buttons.iter().enumerate() {
            let label = format!("[ {} ]", button.label);
            let cells = u16::try_from(width(&label)).unwrap_or(0);
            if x + cells > self.area.right() || self.area.height == 0 {
                return;
            }
            let focused = sheet.focus == Focus::Button(index);
            let style = self.palette.style(Tone::Accent).patch(if focused {
                self.palette.style(Tone::Selected)
            } else {
                Style::new()
            });
            let place = Rect { x, y, width: cells, height: 1 };
            self.frame.render_widget(Line::styled(label, style), place);
            self.targets.add(place, Target::Button(index));
            x += cells + 1;
        }
    }
}

/// The end of a text that fits.
fn tail(text: &str, cells: usize) -> String {
    let mut start = 0;
    let mut used = width(text);
    for (at, c) in text.char_indices() {
        if used <= cells {
            start = at;
            break;
        }
        used -= width(c.encode_utf8(&mut [0; 4])).min(used);
        start = at + c.len_utf8();
    }
    part(text, start..text.len()).to_owned()
}
