//! Draws the screen. What it costs depends on the size of the window alone.

mod input;
mod list;
mod talk;

use super::{App, Focus};
use crate::screen::palette::Tone;
use crate::screen::sheet::{self, Kind};
use crate::screen::target::Target;
use crate::screen::text::{clip, part, width, wrap};
use crate::screen::world::Place;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

/// Below this width, list and conversation are shown one at a time.
const BESIDE: u16 = 64;
/// Below this size nothing sensible can be shown.
const SMALLEST: (u16, u16) = (20, 6);
/// From this height on a warning may take more than one row.
const ROOMY: u16 = 20;
/// Rows of it at most.
const WARNING_ROWS: usize = 3;

impl App {
    /// Draws everything.
    pub(crate) fn draw(&mut self, frame: &mut Frame<'_>) {
        self.targets.clear();
        self.placements.clear();
        let whole = frame.area();
        if whole.width < SMALLEST.0 || whole.height < SMALLEST.1 {
            frame.render_widget(Line::raw(clip("window too small", whole.width.into())), whole);
            return;
        }
        let mut area = whole;
        area = self.draw_warnings(frame, area);
        let footer = Rect { y: area.bottom() - 1, height: 1, ..area };
        area.height -= 1;
        self.draw_footer(frame, footer);
        self.narrow = whole.width < BESIDE;
        if self.narrow {
            if self.focus == Focus::List || self.place.is_none() && self.composer.editor.text().is_empty() {
                self.draw_list(frame, area);
            } else {
                self.draw_talk(frame, area);
            }
        } else {
            let columns = (area.width * 3 / 10).clamp(24, 38);
            let left = Rect { width: columns, ..area };
            let right = Rect { x: area.x + columns + 1, width: area.width - columns - 1, ..area };
            self.draw_list(frame, left);
            for y in area.y..area.bottom() {
                let line = Rect { x: area.x + columns, y, width: 1, height: 1 };
                frame.render_widget(Line::styled("│", self.palette.style(Tone::Dim)), line);
            }
            self.draw_talk(frame, right);
        }
        self.draw_sheet(frame);
    }

    fn draw_sheet(&mut self, frame: &mut Frame<'_>) {
        let room = (frame.area().width.saturating_sub(4), frame.area().height.saturating_sub(5));
        let Some(sheet) = self.sheets.last_mut() else { return };
        let picture = if matches!(sheet.kind, Kind::Viewer(_)) { self.pictures.large(room) } else { None };
        let by_terminal = picture.as_ref().filter(|drawn| drawn.by_terminal).map(|drawn| drawn.shape);
        sheet::draw(sheet, frame, &self.palette, self.options.theme, picture, &mut self.targets);
        // Nothing shines through a dialog.
        self.placements.clear();
        if let Some(shape) = by_terminal {
            let whole = frame.area();
            let text = u16::try_from(sheet.body.len()).unwrap_or(0);
            let (x, height) = (whole.width.saturating_sub(shape.columns) / 2, shape.rows + text + 4);
            let y = whole.height.saturating_sub(height) / 3 + 1 + text;
            let area = Rect { x, y, width: shape.columns, height: shape.rows };
            self.placements.push(crate::screen::picture::Placement { shape, area, above: 0 });
        }
    }

    /// The first warning above everything, if there are any, and where the rest is.
    fn draw_warnings(&mut self, frame: &mut Frame<'_>, area: Rect) -> Rect {
        let warnings = self.all_warnings();
        let Some(first) = warnings.first() else { return area };
        let more = if warnings.len() > 1 { format!(" (and {} more)", warnings.len() - 1) } else { String::new() };
        let rows = if area.height < ROOMY { 1 } else { WARNING_ROWS };
        let lines = headed(&format!("! {first}"), &format!("{more} · /warnings"), area.width.into(), rows);
        let height = u16::try_from(lines.len()).unwrap_or(1);
        let place = Rect { height, ..area };
        for (y, line) in (place.y..place.bottom()).zip(lines) {
            let row = Rect { y, height: 1, ..area };
            frame.render_widget(Line::styled(line, self.palette.style(Tone::Warn)), row);
        }
        self.targets.add(place, Target::Warnings);
        Rect { y: place.bottom(), height: area.height - height, ..area }
    }

    /// What was just done, or the keys that help now.
    fn draw_footer(&self, frame: &mut Frame<'_>, area: Rect) {
        if let Some((tone, text, _)) = &self.toast {
            let line = Line::styled(clip(text, area.width.into()), self.palette.style(*tone));
            return frame.render_widget(line, area);
        }
        let (key, dim) = (self.palette.style(Tone::Key), self.palette.style(Tone::Dim));
        let mut line = Line::default();
        let mut used = 0;
        for (name, what) in self.hints() {
            let cells = width(name) + 1 + width(what) + 3;
            if used + cells > usize::from(area.width) + 3 {
                break;
            }
            used += cells;
            line.extend([Span::styled(*name, key), Span::styled(format!(" {what}   "), dim)]);
        }
        frame.render_widget(line, area);
    }

    fn hints(&self) -> &'static [(&'static str, &'static str)] {
        if self.sheets.last().is_some() {
            return &[("Tab", "next"), ("Enter", "choose"), ("Esc", "close")];
        }
        match self.focus {
            Focus::List => &[
                ("Enter", "open"),
                ("i", "invite"),
                ("a", "accept"),
                ("Ctrl+F", "search"),
                ("F1", "help"),
                ("Ctrl+Q", "end"),
            ],
            Focus::Messages => {
                &[("r", "reply"), ("+", "react"), ("Enter", "open"), ("m", "more"), ("Esc", "write"), ("F1", "help")]
            }
            Focus::Input => match self.place {
                Some(Place::Channel(_)) => {
                    &[("Enter", "say publicly"), ("Tab", "list"), ("Ctrl+G", "go"), ("F1", "help")]
                }
                _ => &[
                    ("Enter", "send"),
                    ("Up", "select"),
                    ("Tab", "list"),
                    ("/", "commands"),
                    ("Ctrl+G", "go"),
                    ("F1", "help"),
                    ("Ctrl+F", "search"),
                ],
            },
        }
    }
}

/// A text in so many rows, at the end of which the tail always stands.
fn headed(text: &str, tail: &str, cells: usize, rows: usize) -> Vec<String> {
    let all = format!("{text}{tail}");
    let line = |range| part(&all, range).trim_end().to_owned();
    let (ranges, whole) = wrap(&all, cells, rows);
    if whole {
        return ranges.into_iter().map(line).collect();
    }
    let begin = ranges.last().map_or(0, |range| range.start).min(text.len());
    let mut lines: Vec<String> = ranges.into_iter().take(rows.saturating_sub(1)).map(line).collect();
    let left = clip(part(text, begin..text.len()), cells.saturating_sub(width(tail)));
    lines.push(format!("{left}{tail}"));
    lines
}
