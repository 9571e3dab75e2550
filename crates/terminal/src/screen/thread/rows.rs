//! A message in rows of cells.

use super::super::clock::{Clock, lasting, playing, size};
use super::super::palette::{Palette, Tone};
use super::super::picture::{Pictures, Shape};
use super::super::target::Target;
use super::super::text::{clip, part, width, wrap};
use super::super::world::{World, delivery_sign};
use super::super::{clean, link};
use ratatui::style::{Modifier, Style};
use ratatui::text::{Line, Span};
use std::collections::BTreeMap;
use std::ops::Range;
use tidings_client::command::Look as Seen;
use tidings_client::view::{Delivery, FileView, MessageId, MessageView, Shown};

/// Lines of a text that are shown before it is unfolded.
const FOLDED: usize = 30;
/// Lines of a text that are shown at all.
const UNFOLDED: usize = 4_000;
/// Messages of one sender this close together stand under one name (milliseconds).
const TOGETHER: u64 = 10 * 60_000;
/// Cells on the right for the signs of delivery.
const SIGNS: usize = 4;
/// The largest picture within a conversation, in cells.
const PICTURE: (u16, u16) = (40, 12);

/// How messages are to be shown.
pub(crate) struct Look<'a> {
    /// Cells in a row.
    pub(crate) cells: usize,
    /// The colours.
    pub(crate) palette: Palette,
    /// The clock.
    pub(crate) clock: &'a Clock,
    /// Now (milliseconds).
    pub(crate) now: u64,
    /// Names.
    pub(crate) world: &'a World,
    /// Pictures.
    pub(crate) pictures: &'a mut Pictures,
    /// How far files are.
    pub(crate) progress: &'a BTreeMap<MessageId, (u64, u64)>,
    /// This one is selected.
    pub(crate) selected: bool,
    /// This one is shown wholly.
    pub(crate) unfolded: bool,
    /// The unread ones begin here.
    pub(crate) marked: bool,
    /// Nothing is older.
    pub(crate) first: bool,
}

/// One row.
#[derive(Default)]
pub(crate) struct Row {
    /// What it shows.
    pub(crate) line: Line<'static>,
    /// What can be clicked in it, by cells.
    pub(crate) targets: Vec<(Range<u16>, Target)>,
    /// Part of a picture that the terminal draws itself: at which cell, how large, and which of its rows this is.
    pub(crate) picture: Option<(u16, Shape, u16)>,
}

/// The rows of a message, with what stands above it: the day, the unread mark, the sender.
pub(crate) fn message_rows(message: &MessageView, before: Option<&MessageView>, look: &mut Look<'_>) -> Vec<Row> {
    let mut rows = Vec::new();
    let new_day = before.is_none_or(|before| look.clock.day(before.at) != look.clock.day(message.at));
    if look.first {
        rows.push(centred("The beginning. Only those who are in it can read it.", Tone::Dim, look));
    }
    if new_day {
        rows.push(rule(&look.clock.day_name(message.at, look.now), Tone::Dim, look));
    }
    if look.marked {
        rows.push(rule("new", Tone::Warn, look));
    }
    match &message.shown {
        Shown::Notice(notice) => rows.push(centred(&clean::line(&notice.to_string()), Tone::Dim, look)),
        Shown::Gap(count) => {
            let what = if *count == 1 { "1 message".to_owned() } else { format!("{count} messages") };
            let text = format!("{what} of {} could not be had", clean::name(&message.name));
            rows.push(centred(&text, Tone::Warn, look));
        }
        _ => {
            let together = !new_day && !look.marked && before.is_some_and(|before| belongs(before, message));
            if !together {
                rows.push(heading(message, look));
            }
            let same_minute =
                together && before.is_some_and(|before| look.clock.hour(before.at) == look.clock.hour(message.at));
            Body { message, look, rows: &mut rows, time: !same_minute }.write();
        }
    }
    if look.selected {
        let style = look.palette.style(Tone::Selected);
        let above = usize::from(look.first) + usize::from(new_day) + usize::from(look.marked);
        rows.iter_mut().skip(above).for_each(|row| select(row, style, look.cells));
    }
    rows
}

fn select(row: &mut Row, style: Style, cells: usize) {
    let used: usize = row.line.width();
    if row.picture.is_none() {
        row.line.push_span(" ".repeat(cells.saturating_sub(used)));
        for span in &mut row.line.spans {
            span.style = span.style.patch(style);
        }
    }
}

/// Whether a message stands under the same name as the one before.
fn belongs(before: &MessageView, message: &MessageView) -> bool {
    let spoken = !matches!(before.shown, Shown::Notice(_) | Shown::Gap(_));
    spoken && before.sender == message.sender && message.at.saturating_sub(before.at) < TOGETHER
}

fn heading(message: &MessageView, look: &Look<'_>) -> Row {
    let (name, style) = if message.mine {
        ("You".to_owned(), look.palette.style(Tone::Strong))
    } else {
        (clean::name(&message.name), look.palette.name(&message.sender.0))
    };
    let verified = !message.mine && look.world.contact(&message.sender).is_some_and(|contact| contact.verified);
    let mut spans = vec![Span::styled(clean::isolated(clip(&name, look.cells.saturating_sub(12))), style)];
    if verified {
        spans.push(Span::styled(" ✓", look.palette.style(Tone::Good)));
    }
    if gutter(look) < 6 {
        spans.push(Span::styled(format!("  {}", look.clock.hour(message.at)), look.palette.style(Tone::Dim)));
    }
    Row { line: Line::from(spans), ..Row::default() }
}

/// Cells on the left: for the time, where there is room.
fn gutter(look: &Look<'_>) -> usize {
    if look.cells >= 46 { 6 } else { 1 }
}

fn rule(text: &str, tone: Tone, look: &Look<'_>) -> Row {
    let text = clip(text, look.cells.saturating_sub(4));
    let rest = look.cells.saturating_sub(width(&text) + 2);
    let left = rest / 2;
    let line = format!("{} {text} {}", "─".repeat(left), "─".repeat(rest - left));
    Row { line: Line::styled(line, look.palette.style(tone)), ..Row::default() }
}

fn centred(text: &str, tone: Tone, look: &Look<'_>) -> Row {
    let text = clip(text, look.cells.saturating_sub(2));
    let left = look.cells.saturating_sub(width(&text)) / 2;
    let text = format!("{}{}", " ".repeat(left), clean::isolated(text));
    Row { line: Line::styled(text, look.palette.style(tone)), ..Row::default() }
}

/// Writes what a message says.
struct Body<'a, 'b> {
    message: &'a MessageView,
    look: &'a mut Look<'b>,
    rows: &'a mut Vec<Row>,
    time: bool,
}

impl Body<'_, '_> {
    fn write(mut self) {
        let begin = self.rows.len();
        self.reply();
        match &self.message.shown {
            Shown::Text(text) => self.text(&clean::text(text)),
            Shown::File(file) => self.file(file),
            Shown::Introduction { name, introduction, open } => {
                let what = format!("Suggests a contact: {}", clean::name(name));
                let buttons = [
                    ("Accept", Target::Introduction(*introduction, true)),
                    ("Ignore", Target::Introduction(*introduction, false)),
                ];
                self.offer(&what, if *open { &buttons } else { &[] });
            }
            Shown::RoomLink { name, .. } => {
                self.offer(
                    &format!("Anonymous room: {}", clean::name(name)),
                    &[("Join", Target::Room(self.message.id))],
                );
            }
            Shown::Deleted => self.plain("This message was deleted.", Tone::Dim),
            Shown::Newer => self.plain("A message of a newer kind. Update to read it.", Tone::Dim),
            Shown::Gap(_) | Shown::Notice(_) => {}
        }
        self.remarks();
        self.reactions();
        self.signs(begin);
    }

    fn room(&self) -> usize {
        self.look.cells.saturating_sub(gutter(self.look) + SIGNS).max(4)
    }

    fn push(&mut self, mut spans: Vec<Span<'static>>, targets: Vec<(Range<usize>, Target)>) {
        let gutter = gutter(self.look);
        let time = std::mem::take(&mut self.time) && gutter >= 6;
        let start = if time { format!("{} ", self.look.clock.hour(self.message.at)) } else { " ".repeat(gutter) };
        spans.insert(0, Span::styled(start, self.look.palette.style(Tone::Dim)));
        let cell = |at: usize| u16::try_from(at + gutter).unwrap_or(u16::MAX);
        let targets = targets.into_iter().map(|(range, target)| (cell(range.start)..cell(range.end), target)).collect();
        self.rows.push(Row { line: Line::from(spans), targets, picture: None });
    }

    fn plain(&mut self, text: &str, tone: Tone) {
        let style = self.look.palette.style(tone);
        for range in wrap(text, self.room(), FOLDED).0 {
            self.push(vec![Span::styled(clean::isolated(part(text, range).trim_end().to_owned()), style)], Vec::new());
        }
    }

    fn reply(&mut self) {
        let Some((to, line)) = &self.message.reply else { return };
        let text = format!("│ {}", clip(&clean::line(line), self.room().saturating_sub(2)));
        let cells = width(&text);
        let style = self.look.palette.style(Tone::Dim);
        self.push(vec![Span::styled(clean::isolated(text), style)], vec![(0..cells, Target::Jump(*to))]);
    }

    fn text(&mut self, text: &str) {
        let links = link::find(text);
        let lines = if self.look.unfolded { UNFOLDED } else { FOLDED };
        let (ranges, all) = wrap(text, self.room(), lines);
        for range in ranges {
            self.text_line(text, range, &links);
        }
        if !all && self.look.unfolded {
            self.plain("(too long to show)", Tone::Dim);
        } else if !all {
            let hint = "… more: Enter shows it";
            let style = self.look.palette.style(Tone::Link);
            self.push(vec![Span::styled(hint, style)], vec![(0..hint.len(), Target::Unfold(self.message.id))]);
        }
    }

    fn text_line(&mut self, text: &str, range: Range<usize>, links: &[Range<usize>]) {
        let line = part(text, range.clone());
        let end = range.start + line.trim_end().len();
        let turned = line.chars().any(clean::is_right_to_left);
        let (mut spans, mut targets, mut at, mut cells) = (Vec::new(), Vec::new(), range.start, 0);
        if turned {
            spans.push(Span::raw("\u{2068}"));
        }
        let style = self.look.palette.style(Tone::Link);
        for found in links.iter().filter(|found| found.start < end && found.end > range.start) {
            let (from, to) = (found.start.max(range.start), found.end.min(end));
            let before = part(text, at..from);
            spans.push(Span::raw(before.to_owned()));
            cells += width(before);
            let shown = part(text, from..to);
            spans.push(Span::styled(shown.to_owned(), style));
            let wide = width(shown);
            targets.push((cells..cells + wide, Target::Link(part(text, found.clone()).to_owned())));
            cells += wide;
            at = to;
        }
        spans.push(Span::raw(format!("{}{}", part(text, at..end), if turned { "\u{2069}" } else { "" })));
        self.push(spans, targets);
    }

    fn offer(&mut self, what: &str, buttons: &[(&'static str, Target)]) {
        self.plain(what, Tone::Strong);
        if buttons.is_empty() {
            return;
        }
        let style = self.look.palette.style(Tone::Accent);
        let (mut spans, mut targets, mut at) = (Vec::new(), Vec::new(), 0);
        for (label, target) in buttons {
            let text = format!("[{label}]");
            targets.push((at..at + text.len(), target.clone()));
            at += text.len() + 1;
            spans.extend([Span::styled(text, style), Span::raw(" ")]);
        }
        self.push(spans, targets);
    }

    fn file(&mut self, file: &FileView) {
        if self.message.mine && file.look != Seen::Keep {
            // It is not kept here: who sent it can't look at it either.
            let what = if file.look == Seen::Once { "to be seen once" } else { "to be seen for a time" };
            self.plain(&format!("{}, {what}", file_words(file)), Tone::Dim);
        } else if file.gone {
            let what = match file.look {
                Seen::Keep => "The file is gone",
                _ => "Seen, and gone",
            };
            self.plain(&format!("{what}: {}", file_words(file)), Tone::Dim);
        } else {
            self.thumbnail(file);
            self.file_line(file);
        }
        if !file.caption.is_empty() {
            self.text(&clean::text(&file.caption));
        }
    }

    fn file_line(&mut self, file: &FileView) {
        let room = self.room();
        let all = self.look.progress.get(&self.message.id).copied();
        let label = match (file.look, all) {
            (_, Some((done, all))) if done < all => bar(done, all),
            (Seen::Keep, _) => "[Open]".to_owned(),
            _ => "[Look]".to_owned(),
        };
        let words = file_words(file);
        let clipped = clip(&words, room.saturating_sub(width(&label) + 1));
        let at = width(&clipped) + 1;
        let target = (at..at + width(&label), Target::Open(self.message.id));
        let (strong, accent) = (self.look.palette.style(Tone::Strong), self.look.palette.style(Tone::Accent));
        self.push(vec![Span::styled(clipped, strong), Span::raw(" "), Span::styled(label, accent)], vec![target]);
        let how = match file.look {
            Seen::Keep => return,
            Seen::Once => "Can be seen once: it is destroyed everywhere when you have.".to_owned(),
            Seen::Seconds(seconds) => format!("Can be seen for {}, then it is destroyed.", lasting(seconds.into())),
        };
        self.plain(&how, Tone::Warn);
    }

    fn thumbnail(&mut self, file: &FileView) {
        let Some(thumbnail) = &file.thumbnail else { return };
        let room = u16::try_from(self.room()).unwrap_or(u16::MAX).min(PICTURE.0);
        let Some(drawn) = self.look.pictures.small(&self.message.id, thumbnail, (room, PICTURE.1)) else { return };
        let (shape, lines) = (drawn.shape, drawn.lines);
        let at = u16::try_from(gutter(self.look)).unwrap_or_default();
        for (index, line) in (0u16..).zip(lines) {
            self.push(line, vec![(0..usize::from(shape.columns), Target::Open(self.message.id))]);
            if let Some(row) = self.rows.last_mut().filter(|_| drawn.by_terminal) {
                row.picture = Some((at, shape, index));
            }
        }
    }

    /// What else is to say of it, behind the text.
    fn remarks(&mut self) {
        let mut remarks = Vec::new();
        if self.message.edited {
            remarks.push("edited".to_owned());
        }
        if let Some(expires) = self.message.expires {
            let left = expires.saturating_sub(self.look.now) / 1_000;
            remarks.push(format!("disappears in {}", lasting(left)));
        }
        if self.message.delivery == Some(Delivery::Failed) {
            remarks.push("not sent".to_owned());
        }
        if remarks.is_empty() {
            return;
        }
        let tone = if self.message.delivery == Some(Delivery::Failed) { Tone::Bad } else { Tone::Dim };
        let style = self.look.palette.style(tone);
        let text = format!("({})", remarks.join(", "));
        let room = self.room() + gutter(self.look);
        match self.rows.last_mut() {
            Some(row) if row.line.width() + 1 + text.len() <= room && !self.time => {
                row.line.push_span(Span::styled(format!(" {text}"), style));
            }
            _ => self.push(vec![Span::styled(clip(&text, self.look.cells), style)], Vec::new()),
        }
    }

    fn reactions(&mut self) {
        if self.message.reactions.is_empty() {
            return;
        }
        let me = self.look.world.me.as_ref().map(|me| me.identity);
        let (mut spans, mut targets, mut at) = (Vec::new(), Vec::new(), 0);
        for (emoji, people) in self.message.reactions.iter().take(12) {
            let own = me.is_some_and(|me| people.contains(&me));
            let text = format!("{} {}", clip(&clean::line(emoji), 8), people.len());
            let cells = width(&text);
            if at + cells > self.room() {
                break;
            }
            let style = self.look.palette.style(if own { Tone::Accent } else { Tone::Dim });
            targets.push((at..at + cells, Target::React(self.message.id, emoji.clone())));
            spans.extend([Span::styled(text, style), Span::raw("  ")]);
            at += cells + 2;
        }
        self.push(spans, targets);
    }

    /// The sign of delivery, on the right of the first row that the message itself has.
    fn signs(&mut self, begin: usize) {
        let Some(delivery) = self.message.delivery else { return };
        let tone = match delivery {
            Delivery::Failed => Tone::Bad,
            Delivery::Seen(_) => Tone::Good,
            _ => Tone::Dim,
        };
        let sign = delivery_sign(delivery);
        let style = self.look.palette.style(tone);
        let place = self.look.cells.saturating_sub(width(sign));
        let target = Target::Message(self.message.id);
        // A text has its sign beside its last line; what follows it are reactions.
        let last = self.rows.len().checked_sub(1 + usize::from(!self.message.reactions.is_empty()));
        let Some(row) = last.filter(|last| *last >= begin).and_then(|last| self.rows.get_mut(last)) else { return };
        let used = row.line.width();
        if used + 1 + width(sign) <= self.look.cells {
            row.line.push_span(Span::raw(" ".repeat(place - used)));
            row.line.push_span(Span::styled(sign, style.remove_modifier(Modifier::UNDERLINED)));
            row.targets.push((u16::try_from(place).unwrap_or(0)..u16::MAX, target));
        }
    }
}

/// A file in words: `map.pdf, 2.3 MB`.
pub(crate) fn file_words(file: &FileView) -> String {
    if let Some(voice) = file.voice {
        return format!("Voice note, {}", playing(voice));
    }
    let name = clean::name(&file.name);
    match file.look {
        Seen::Keep => format!("{name}, {}", size(file.size)),
        _ if file.kind.starts_with("image/") => "Picture".to_owned(),
        _ => format!("File, {}", size(file.size)),
    }
}

fn bar(done: u64, all: u64) -> String {
    let share = usize::try_from(done.saturating_mul(100) / all.max(1)).unwrap_or(100).min(100);
    format!("[{}{}] {share} %", "█".repeat(share / 10), "░".repeat(10 - share / 10))
}
