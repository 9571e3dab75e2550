//! What the screen shows and how it answers. Pure: events come in, [`Effect`]s go out; time is given.

mod act;
mod arrive;
mod draw;
mod keys;
mod messages;
mod mouse;
mod panels;
mod send;

use super::channel::Channel;
use super::clock::Clock;
use super::composer::Composer;
use super::effect::Effect;
use super::options::Options;
use super::palette::{Palette, Tone};
use super::picture::{Pictures, Placement};
use super::sheet::Sheet;
use super::target::Targets;
use super::thread::Thread;
use super::world::{Place, World};
use super::{clean, world};
use std::collections::{BTreeMap, BTreeSet};
use tidings_client::view::{GroupId, MessageId};

/// How long a line about what has happened stays (milliseconds).
const TOAST: u64 = 6_000;
/// Warnings that are kept.
const MAX_WARNINGS: usize = 20;
/// Dialogs that may lie above each other.
const MAX_SHEETS: usize = 6;
/// Drafts that are kept.
const MAX_DRAFTS: usize = 200;

/// What the keyboard speaks to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Focus {
    /// The list of conversations.
    List,
    /// The messages.
    Messages,
    /// The input line.
    Input,
}

/// What must be loaded anew.
#[derive(Default)]
struct Stale {
    overview: bool,
    groups: BTreeSet<GroupId>,
    messages: BTreeSet<MessageId>,
}

/// The screen.
pub(crate) struct App {
    /// How it is shown.
    pub(crate) options: Options,
    palette: Palette,
    clock: Clock,
    now: u64,
    world: World,
    loaded: bool,
    place: Option<Place>,
    thread: Option<Thread>,
    channels: BTreeMap<String, Channel>,
    composer: Composer,
    drafts: BTreeMap<Place, String>,
    focus: Focus,
    /// The conversation under the list's cursor.
    cursor: usize,
    list_scroll: usize,
    show_archived: bool,
    sheets: Vec<Sheet>,
    toast: Option<(Tone, String, u64)>,
    warnings: Vec<String>,
    pictures: Pictures,
    progress: BTreeMap<MessageId, (u64, u64)>,
    /// How far files are that are sent into conversations: they have no message yet.
    sending: BTreeMap<GroupId, (u64, u64)>,
    targets: Targets,
    placements: Vec<Placement>,
    effects: Vec<Effect>,
    stale: Stale,
    loading: bool,
    /// Conversations with news to tell of.
    news: BTreeSet<GroupId>,
    told: u64,
    search: u64,
    /// Whether the terminal's window has the person's attention, as far as is known.
    attended: bool,
    typed: u64,
    read: Option<MessageId>,
    /// Cells and rows of the messages when they were last drawn.
    pane: (usize, usize),
    /// The input line's cells.
    input_cells: usize,
    /// There is no room for list and conversation beside each other.
    narrow: bool,
}

impl App {
    /// A screen that knows nothing yet and asks for what there is.
    pub(crate) fn new(options: Options, clock: Clock, now: u64) -> Self {
        let palette = Palette::new(&options);
        Self {
            palette,
            clock,
            now,
            world: World::default(),
            loaded: false,
            place: None,
            thread: None,
            channels: BTreeMap::new(),
            composer: Composer::new(),
            drafts: BTreeMap::new(),
            focus: Focus::List,
            cursor: 0,
            list_scroll: 0,
            show_archived: false,
            sheets: Vec::new(),
            toast: None,
            warnings: Vec::new(),
            pictures: Pictures::new(options.images, palette),
            progress: BTreeMap::new(),
            sending: BTreeMap::new(),
            targets: Targets::default(),
            placements: Vec::new(),
            effects: Vec::new(),
            stale: Stale { overview: true, ..Stale::default() },
            loading: false,
            news: BTreeSet::new(),
            told: 0,
            search: 0,
            attended: true,
            typed: 0,
            read: None,
            pane: (40, 10),
            input_cells: 40,
            narrow: false,
            options,
        }
    }

    /// The time is this now. Whether something that is shown has changed by that.
    pub(crate) fn tick(&mut self, now: u64) -> bool {
        let minute = now / 60_000 != self.now / 60_000;
        let counting =
            self.thread.as_ref().is_some_and(|thread| thread.messages().any(|message| message.expires.is_some()));
        let second = now / 1_000 != self.now / 1_000 && (counting || !self.sheets.is_empty());
        self.now = now;
        let mut changed = minute || second;
        if self.toast.as_ref().is_some_and(|(_, _, until)| *until <= now) {
            self.toast = None;
            changed = true;
        }
        if self.sheets.last().and_then(|sheet| sheet.until).is_some_and(|until| until <= now) {
            self.close_sheet();
            changed = true;
        }
        changed
    }

    /// What is to be done now.
    pub(crate) fn take_effects(&mut self) -> Vec<Effect> {
        if self.stale.overview {
            if !self.loading {
                self.loading = true;
                self.stale.overview = false;
                self.stale.groups.clear();
                self.effects.push(Effect::Overview);
            }
        } else {
            let groups = std::mem::take(&mut self.stale.groups);
            self.effects.extend(groups.into_iter().map(Effect::Conversation));
        }
        let messages = std::mem::take(&mut self.stale.messages);
        if let Some(thread) = &mut self.thread {
            if messages.len() > 40 {
                self.effects.extend(thread.refresh());
            } else {
                let group = thread.group;
                self.effects.extend(messages.into_iter().map(|message| Effect::Message(group, message)));
            }
        }
        if self.effects.iter().any(|effect| matches!(effect, Effect::Attach { .. })) {
            self.say(Tone::Dim, "Preparing the file…");
        }
        std::mem::take(&mut self.effects)
    }

    /// What stands in the window's title.
    pub(crate) fn title(&self) -> String {
        match self.world.unread() {
            0 => "Tidings".to_owned(),
            unread => format!("({unread}) Tidings"),
        }
    }

    /// Pictures that the terminal is to draw by itself, as last drawn.
    pub(crate) fn placements(&self) -> Vec<Placement> {
        self.placements.clone()
    }

    /// The pictures.
    pub(crate) fn pictures(&self) -> &Pictures {
        &self.pictures
    }

    /// Whether the person looks at the window.
    pub(crate) fn attend(&mut self, attended: bool) {
        self.attended = attended;
    }

    /// Says something at the bottom for a while.
    pub(crate) fn say(&mut self, tone: Tone, text: impl Into<String>) {
        self.toast = Some((tone, clean::line(&text.into()), self.now + TOAST));
    }

    fn warn(&mut self, text: &str) {
        let text = clean::line(text);
        if !self.warnings.contains(&text) {
            self.warnings.push(text);
        }
        if self.warnings.len() > MAX_WARNINGS {
            self.warnings.remove(0);
        }
    }

    /// Everything that the person should know, the client's own first.
    fn all_warnings(&self) -> Vec<String> {
        let own = self.world.me.iter().flat_map(|me| &me.warnings).map(|text| clean::line(text));
        own.chain(self.warnings.iter().cloned()).collect()
    }

    fn group(&self) -> Option<GroupId> {
        match self.place {
            Some(Place::Conversation(group)) => Some(group),
            _ => None,
        }
    }

    /// The places in the list, in its order: conversations, then channels.
    fn places(&self) -> Vec<Place> {
        let shown = self
            .world
            .conversations
            .iter()
            .filter(|one| self.show_archived || !one.archived || self.group() == Some(one.id));
        let channels = self.world.channels.iter().cloned().map(Place::Channel);
        shown.map(|one| Place::Conversation(one.id)).chain(channels).collect()
    }

    fn show(&mut self, sheet: Sheet) {
        // The same dialog again takes the place of the first.
        self.sheets.retain(|known| known.kind != sheet.kind);
        if self.sheets.len() >= MAX_SHEETS {
            self.sheets.remove(0);
        }
        self.sheets.push(sheet);
    }

    fn close_sheet(&mut self) {
        if let Some(sheet) = self.sheets.pop()
            && matches!(sheet.kind, super::sheet::Kind::Viewer(_))
        {
            self.pictures.look_at(None);
        }
    }

    /// Goes to a conversation or channel.
    pub(crate) fn go(&mut self, place: Place) {
        self.focus = Focus::Input;
        if self.place.as_ref() == Some(&place) {
            return;
        }
        self.leave();
        self.read = None;
        self.thread = None;
        // It was about where one was.
        self.toast = None;
        match &place {
            Place::Conversation(group) => {
                let conversation = self.world.conversation(group);
                let unread = conversation.map_or(0, |one| one.unread);
                let (thread, load) = Thread::open(*group, unread);
                let standing = conversation.map(|one| one.standing.clone());
                self.thread = Some(thread);
                self.effects.push(load);
                self.stand(*group, standing);
            }
            Place::Channel(name) => self.channels.entry(name.clone()).or_default().unread = 0,
        }
        self.composer.mode = super::composer::Mode::New;
        self.composer.editor.set(self.drafts.remove(&place).as_deref().unwrap_or_default());
        self.cursor = self.places().iter().position(|one| *one == place).unwrap_or(self.cursor);
        self.place = Some(place);
    }

    /// Keeps what was begun for when one comes back.
    fn leave(&mut self) {
        self.composer.cancel();
        self.composer.completion = None;
        let text = self.composer.editor.take();
        let Some(place) = self.place.take() else { return };
        if !text.trim().is_empty() && self.drafts.len() < MAX_DRAFTS {
            self.drafts.insert(place, text);
        }
    }

    /// Shows at once what keeps one from writing and needs an answer.
    fn stand(&mut self, group: GroupId, standing: Option<tidings_client::view::Standing>) {
        use tidings_client::view::Standing;
        match standing {
            Some(Standing::KeyChanged(who)) => self.show_panel(super::intent::Panel::Contact(who)),
            Some(Standing::Locked) => {
                let sheet = panels::unlock(group, &self.world.title(&Place::Conversation(group)));
                self.show(sheet);
            }
            _ => {}
        }
    }

    /// Why nothing can be written here, if nothing can.
    fn hindrance(&self) -> Option<String> {
        let conversation = self.world.conversation(&self.group()?)?;
        world::hindrance(conversation, &self.world)
    }

    /// That what is written here waits, since the conversation's node can't be reached.
    fn cut_off(&self) -> Option<String> {
        let conversation = self.world.conversation(&self.group()?)?;
        world::cut_off(conversation, &self.world)
    }
}

#[cfg(test)]
mod tests;
