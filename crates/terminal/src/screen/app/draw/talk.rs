//! The open conversation: its title and its messages.

use super::super::{App, Focus};
use crate::screen::clean;
use crate::screen::clock::lasting;
use crate::screen::effect::{Effect, Purpose};
use crate::screen::palette::Tone;
use crate::screen::picture::Placement;
use crate::screen::target::Target;
use crate::screen::text::{clip, fit, part, width, wrap};
use crate::screen::thread::{Look, Placed, Thread};
use crate::screen::world::{Place, kind_words};
use crate::show;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use std::ops::Range;
use tidings_client::command::Command;
use tidings_client::view::{ConversationView, MessageId};

impl App {
    pub(super) fn draw_talk(&mut self, frame: &mut Frame<'_>, area: Rect) {
        let Some(place) = self.place.clone() else { return self.draw_welcome(frame, area) };
        let head = self.draw_head(frame, area, &place);
        let input = self.input_height(area.width, area.height);
        let body = Rect { y: area.y + head, height: area.height.saturating_sub(head + input), ..area };
        match place {
            Place::Conversation(_) => self.draw_messages(frame, body),
            Place::Channel(name) => self.draw_channel(frame, body, &name),
        }
        let below = Rect { y: body.bottom(), height: area.bottom().saturating_sub(body.bottom()), ..area };
        self.draw_input(frame, below, body);
    }

    fn draw_welcome(&mut self, frame: &mut Frame<'_>, area: Rect) {
        let empty = self.loaded && self.world.conversations.is_empty();
        let lines: &[&str] = match () {
            () if !self.loaded => &["Opening…"],
            () if empty => &[
                "Welcome to Tidings.",
                "",
                "Nobody can write to you until you let them.",
                "",
                "i   invite somebody: you get a link and a QR code",
                "a   accept an invitation that you were given",
                "F1  help",
                "",
                "Or write a command here, such as /invite Bob",
            ],
            () => &["Choose a conversation in the list,", "or press Ctrl+G and write its name."],
        };
        let input = self.input_height(area.width, area.height);
        let body = Rect { height: area.height.saturating_sub(input), ..area };
        let top = body.y + body.height.saturating_sub(u16::try_from(lines.len()).unwrap_or(0)) / 3;
        let longest = lines.iter().map(|line| width(line)).max().unwrap_or(0).min(area.width.into());
        let left = (usize::from(area.width) - longest) / 2;
        for (y, line) in (top..body.bottom()).zip(lines) {
            let line = Line::styled(
                clip(&format!("{}{line}", " ".repeat(left)), area.width.into()),
                self.palette.style(Tone::Dim),
            );
            frame.render_widget(line, Rect { y, height: 1, ..area });
        }
        self.draw_input(frame, Rect { y: body.bottom(), height: input, ..area }, body);
    }

    /// The title and what is special about the place. Gives its height.
    fn draw_head(&mut self, frame: &mut Frame<'_>, area: Rect, place: &Place) -> u16 {
        let cells = usize::from(area.width);
        let title = self.world.title(place);
        let conversation = match place {
            Place::Conversation(group) => self.world.conversation(group),
            Place::Channel(_) => None,
        };
        let note = match (conversation, place) {
            (Some(one), _) => self.note(one),
            (None, Place::Channel(_)) => "public channel".to_owned(),
            _ => String::new(),
        };
        let verified = conversation.is_some_and(|one| one.verified);
        let mark = if verified { " ✓ verified" } else { "" };
        let title = clip(&title, cells.saturating_sub(width(mark)));
        let left = cells.saturating_sub(width(&title) + width(mark) + 1);
        let note = if left >= 8 { clip(&note, left) } else { String::new() };
        let blanks = cells.saturating_sub(width(&title) + width(mark) + width(&note));
        let line = Line::from(vec![
            Span::styled(clean::isolated(title), self.palette.style(Tone::Strong)),
            Span::styled(mark, self.palette.style(Tone::Good)),
            Span::raw(" ".repeat(blanks)),
            Span::styled(note, self.palette.style(Tone::Dim)),
        ]);
        let row = Rect { height: 1, ..area };
        frame.render_widget(line, row);
        self.targets.add(row, Target::Title);
        if let Place::Channel(_) = place {
            let text = fit(" PUBLIC, NOT ENCRYPTED: anybody can read along", cells);
            let row = Rect { y: area.y + 1, height: 1, ..area };
            frame.render_widget(Line::styled(text, self.palette.style(Tone::Public)), row);
            return 2;
        }
        1
    }

    /// What there is to say of a conversation beside its title.
    fn note(&self, one: &ConversationView) -> String {
        let mut notes = Vec::new();
        if one.contact.is_none() {
            notes.push(kind_words(one.kind, show::inside(one).len()));
        } else if !one.verified {
            notes.push("not verified".to_owned());
        }
        if one.expire > 0 {
            notes.push(format!("disappears after {}", lasting(one.expire.into())));
        }
        if one.muted {
            notes.push("muted".to_owned());
        }
        notes.join(" · ")
    }

    fn draw_messages(&mut self, frame: &mut Frame<'_>, area: Rect) {
        // The last cell on the right stays free, or wide letters touch the edge.
        let cells = usize::from(area.width).saturating_sub(1);
        self.pane = (cells, area.height.into());
        let selecting = self.focus == Focus::Messages;
        let seen = self.with_thread(|thread, look| {
            if !selecting && thread.selected().is_some() {
                thread.select(None);
            }
            let window = thread.window(area.height.into(), look);
            let wanted = thread.wanted(window.first);
            (window, wanted, thread.is_loading(), thread.below(), thread.at_end())
        });
        let Some((window, wanted, loading, below, at_end)) = seen else { return };
        self.effects.extend(wanted);
        if window.rows.is_empty() {
            let text = if loading { "Loading…" } else { "Nothing was written yet." };
            frame.render_widget(Line::styled(text, self.palette.style(Tone::Dim)), area);
        }
        // What there is stands at the lower edge.
        let missing = usize::from(area.height).saturating_sub(window.rows.len());
        let top = area.y + u16::try_from(missing).unwrap_or(0);
        for (y, placed) in (top..).zip(&window.rows) {
            let row = Rect { y, height: 1, ..area };
            frame.render_widget(&placed.row.line, row);
            self.place_row(row, placed, area);
        }
        if !at_end {
            self.draw_more(frame, area, below);
        }
        self.mark_read(window.last);
    }

    /// What of a row can be clicked, and where its picture goes.
    fn place_row(&mut self, row: Rect, placed: &Placed, area: Rect) {
        self.targets.add(row, Target::Message(placed.message));
        for (range, target) in &placed.row.targets {
            self.targets.add(cells_of(row, range), target.clone());
        }
        // A picture is placed once: where its first row in sight is.
        if let Some((at, shape, above)) = placed.row.picture.filter(|(_, _, part)| *part == 0 || row.y == area.y) {
            let height = (shape.rows - above).min(area.bottom().saturating_sub(row.y));
            let area = Rect { x: row.x + at, y: row.y, width: shape.columns, height };
            self.placements.push(Placement { shape, area, above });
        }
    }

    fn draw_more(&mut self, frame: &mut Frame<'_>, area: Rect, below: usize) {
        let text = if below > 0 { format!(" ↓ {below} newer: End ") } else { " ↓ newer: End ".to_owned() };
        let cells = u16::try_from(width(&text)).unwrap_or(0);
        if area.height == 0 || cells > area.width {
            return;
        }
        let place = Rect { x: area.right() - cells, y: area.bottom() - 1, width: cells, height: 1 };
        frame.render_widget(Line::styled(text, self.palette.style(Tone::Selected)), place);
        self.targets.add(place, Target::End);
    }

    /// Tells the client what was seen, once.
    fn mark_read(&mut self, last: Option<MessageId>) {
        let (Some(group), Some(last)) = (self.group(), last) else { return };
        let unread = self.world.conversation(&group).is_some_and(|one| one.unread > 0);
        if !self.attended || !self.sheets.is_empty() || !unread || self.read == Some(last) {
            return;
        }
        self.read = Some(last);
        let at_end = self.thread.as_ref().is_some_and(Thread::at_end);
        let message = (!at_end).then_some(last);
        self.effects.push(Effect::Command(Purpose::Quiet, Command::MarkRead { group, message }));
    }

    fn draw_channel(&mut self, frame: &mut Frame<'_>, area: Rect, name: &str) {
        let cells = usize::from(area.width).saturating_sub(1);
        self.pane = (cells, area.height.into());
        let Some(channel) = self.channels.get_mut(name) else { return };
        channel.unread = 0;
        let mut rows: Vec<Line<'static>> = Vec::new();
        for line in channel.lines().rev().skip(channel.below) {
            let from = clip(&clean::name(&line.from), 20);
            let text = clean::text(&line.text);
            let (head, style) = match line.from.as_str() {
                "" => (String::new(), self.palette.style(Tone::Warn)),
                _ => (format!("{} {from}: ", self.clock.hour(line.at)), self.palette.style(Tone::Text)),
            };
            let whole = format!("{head}{text}");
            let ranges: Vec<Range<usize>> = wrap(&whole, cells, 20).0;
            let lines = ranges
                .into_iter()
                .map(|range| Line::styled(clean::isolated(part(&whole, range).trim_end().to_owned()), style));
            rows.extend(lines.rev());
            if rows.len() >= area.height.into() {
                break;
            }
        }
        if rows.is_empty() {
            rows.push(Line::styled("Nothing was said since you came.", self.palette.style(Tone::Dim)));
        }
        let lines = rows.into_iter().take(area.height.into());
        for (line, y) in lines.zip((area.y..area.bottom()).rev()) {
            frame.render_widget(line, Rect { y, height: 1, ..area });
        }
    }

    /// Moves the messages.
    pub(in super::super) fn scroll(&mut self, up: bool, rows: usize) {
        if let Some(Place::Channel(name)) = &self.place {
            if let Some(channel) = self.channels.get_mut(name) {
                channel.scroll(up, rows);
            }
            return;
        }
        self.with_thread(|thread, look| thread.scroll(up, rows, look));
        let at_loaded_end = self.thread.as_ref().is_some_and(|thread| thread.below() == 0 && !thread.at_end());
        if !up && at_loaded_end && self.thread.as_ref().is_some_and(|thread| thread.selected().is_none()) {
            // Newer messages are not loaded: the way on leads to the newest.
            self.go_on_if_detached();
        }
    }

    fn go_on_if_detached(&mut self) {
        if let Some(thread) = self.thread.as_mut().filter(|thread| thread.is_detached_at_end()) {
            self.effects.extend(thread.go_to_end());
        }
    }

    /// Works with the thread and with how it is to be shown.
    fn with_thread<T>(&mut self, work: impl FnOnce(&mut Thread, &mut Look<'_>) -> T) -> Option<T> {
        let thread = self.thread.as_mut()?;
        let mut look = Look {
            cells: self.pane.0,
            palette: self.palette,
            clock: &self.clock,
            now: self.now,
            world: &self.world,
            pictures: &mut self.pictures,
            progress: &self.progress,
            selected: false,
            unfolded: false,
            marked: false,
            first: false,
        };
        Some(work(thread, &mut look))
    }
}

/// The cells of a row that a range means.
fn cells_of(row: Rect, range: &Range<u16>) -> Rect {
    let x = row.x.saturating_add(range.start).min(row.right());
    let end = row.x.saturating_add(range.end).min(row.right());
    Rect { x, width: end.saturating_sub(x), ..row }
}
