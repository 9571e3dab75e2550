//! The list of conversations and channels.

use super::super::{App, Focus};
use crate::screen::clean;
use crate::screen::palette::Tone;
use crate::screen::target::Target;
use crate::screen::text::{clip, fit, width};
use crate::screen::world::Place;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use tidings_client::view::{ConversationView, Standing};

/// Below this height every conversation takes one row instead of two.
const HIGH: u16 = 14;

impl App {
    pub(super) fn draw_list(&mut self, frame: &mut Frame<'_>, area: Rect) {
        let (head, rest) =
            (Rect { height: 1, ..area }, Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area });
        self.draw_list_head(frame, head);
        let places = self.places();
        if places.is_empty() {
            let text = if self.loaded { "No conversations yet" } else { "Opening…" };
            frame.render_widget(Line::styled(clip(text, area.width.into()), self.palette.style(Tone::Dim)), rest);
            return;
        }
        self.targets.add(rest, Target::Nothing);
        let each = if area.height >= HIGH { 2 } else { 1 };
        let room = usize::from(rest.height / each).max(1);
        self.cursor = self.cursor.min(places.len() - 1);
        self.list_scroll = self.list_scroll.clamp((self.cursor + 1).saturating_sub(room), self.cursor);
        self.list_scroll = self.list_scroll.min(places.len().saturating_sub(room));
        let mut y = rest.y;
        for (index, place) in places.iter().enumerate().skip(self.list_scroll).take(room) {
            let item = Rect { y, height: each.min(rest.bottom().saturating_sub(y)), ..rest };
            self.draw_place(frame, item, place, index == self.cursor);
            self.targets.add(item, Target::Place(place.clone()));
            y += each;
        }
    }

    fn draw_list_head(&mut self, frame: &mut Frame<'_>, area: Rect) {
        let (name, connected) = match &self.world.me {
            Some(me) => (clean::name(&me.name), me.connected),
            None => ("Tidings".to_owned(), true),
        };
        let state = match () {
            () if !self.loaded => "",
            () if connected => "online",
            () => "offline",
        };
        let tone = if connected { Tone::Good } else { Tone::Bad };
        let cells = usize::from(area.width);
        let name = fit(&name, cells.saturating_sub(width(state) + 1));
        let line = Line::from(vec![
            Span::styled(clean::isolated(name), self.palette.style(Tone::Strong)),
            Span::raw(" "),
            Span::styled(state, self.palette.style(tone)),
        ]);
        frame.render_widget(line, area);
        self.targets.add(area, Target::Go);
    }

    fn draw_place(&self, frame: &mut Frame<'_>, area: Rect, place: &Place, under_cursor: bool) {
        let open = self.place.as_ref() == Some(place);
        let selected = under_cursor && self.focus == Focus::List;
        let back = if selected { self.palette.style(Tone::Selected) } else { Style::new() };
        let bar = if open { "▌" } else { " " };
        let item = match place {
            Place::Conversation(group) => match self.world.conversation(group) {
                Some(conversation) => self.conversation_item(conversation),
                None => return,
            },
            Place::Channel(name) => self.channel_item(name),
        };
        let cells = usize::from(area.width).saturating_sub(1);
        let accent = self.palette.style(Tone::Accent);
        // In one row, what was not read matters more than when it came.
        let right = if area.height == 1 && !item.count.0.is_empty() { item.count.clone() } else { item.time };
        let upper = self.item_line(&item.name, &item.marks, right, item.name_tone, cells);
        let mut line = Line::from(vec![Span::styled(bar, accent)]);
        line.extend(upper);
        frame.render_widget(line.patch_style(back), Rect { height: 1, ..area });
        if area.height > 1 {
            let lower = self.item_line(&format!(" {}", item.preview), &[], item.count, Tone::Dim, cells);
            let mut line = Line::from(vec![Span::styled(bar, accent)]);
            line.extend(lower);
            frame.render_widget(line.patch_style(back), Rect { y: area.y + 1, height: 1, ..area });
        }
    }

    /// Text, marks behind it, and something on the right.
    fn item_line(
        &self,
        text: &str,
        marks: &[(String, Tone)],
        right: (String, Tone),
        tone: Tone,
        cells: usize,
    ) -> Vec<Span<'static>> {
        let marked: usize = marks.iter().map(|(mark, _)| width(mark) + 1).sum();
        let room = cells.saturating_sub(width(&right.0) + marked + 1);
        let text = clip(text, room);
        let blanks = cells.saturating_sub(width(&text) + marked + width(&right.0));
        let mut spans = vec![Span::styled(clean::isolated(text), self.palette.style(tone))];
        for (mark, tone) in marks {
            spans.push(Span::styled(format!(" {mark}"), self.palette.style(*tone)));
        }
        spans.push(Span::raw(" ".repeat(blanks)));
        spans.push(Span::styled(right.0, self.palette.style(right.1)));
        spans
    }

    fn conversation_item(&self, one: &ConversationView) -> Item {
        let mut marks = Vec::new();
        if one.verified {
            marks.push(("✓".to_owned(), Tone::Good));
        }
        match one.standing {
            Standing::KeyChanged(_) => marks.push(("key!".to_owned(), Tone::Bad)),
            Standing::Locked => marks.push(("locked".to_owned(), Tone::Warn)),
            Standing::Joining => marks.push(("joining".to_owned(), Tone::Dim)),
            Standing::Behind => marks.push(("held".to_owned(), Tone::Warn)),
            Standing::Out => marks.push(("left".to_owned(), Tone::Dim)),
            Standing::Ready => {}
        }
        let count = match (one.unread, one.muted) {
            (0, false) => (String::new(), Tone::Dim),
            (0, true) => ("muted".to_owned(), Tone::Dim),
            (unread, true) => (format!("muted {}", short(unread)), Tone::Dim),
            (unread, false) => (format!("● {}", short(unread)), Tone::Accent),
        };
        let preview = if one.typing.is_empty() { clean::line(&one.preview) } else { "writing…".to_owned() };
        let preview = match self.drafts.get(&Place::Conversation(one.id)) {
            Some(draft) => format!("Draft: {}", clean::line(draft)),
            None => preview,
        };
        Item {
            name: clean::name(&one.title),
            name_tone: if one.unread > 0 && !one.muted { Tone::Strong } else { Tone::Text },
            marks,
            time: (self.clock.brief(one.last_at, self.now), Tone::Dim),
            preview,
            count,
        }
    }

    fn channel_item(&self, name: &str) -> Item {
        let channel = self.channels.get(name);
        let unread = channel.map_or(0, |channel| channel.unread);
        let last = channel.and_then(|channel| channel.lines().next_back());
        let preview = last.map(|line| clean::line(&line.text)).unwrap_or_default();
        Item {
            name: format!("#{}", clean::name(name)),
            name_tone: if unread > 0 { Tone::Strong } else { Tone::Text },
            marks: Vec::new(),
            time: (" public ".to_owned(), Tone::Public),
            preview,
            count: if unread > 0 { (short(unread), Tone::Dim) } else { (String::new(), Tone::Dim) },
        }
    }
}

struct Item {
    name: String,
    name_tone: Tone,
    marks: Vec<(String, Tone)>,
    time: (String, Tone),
    preview: String,
    count: (String, Tone),
}

fn short(count: u64) -> String {
    if count > 999 { "999+".to_owned() } else { count.to_string() }
}
