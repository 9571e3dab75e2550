//! What comes from the client.

use super::{App, Focus};
use crate::screen::channel::Line;
use crate::screen::clean;
use crate::screen::effect::{Arrival, Effect, Purpose};
use crate::screen::palette::Tone;
use crate::screen::sheet::Kind;
use crate::screen::world::{Place, World};
use std::collections::BTreeMap;
use tidings_client::command::Done;
use tidings_client::view::{ConversationView, Event, GroupId, MessageId, MessageView};

/// Notifications come at most this often (milliseconds).
const NOTIFY_EVERY: u64 = 2_000;
/// Channels whose lines are kept.
const MAX_CHANNELS: usize = 64;
/// Files whose progress is shown.
const MAX_PROGRESS: usize = 64;

impl App {
    /// Something came.
    pub(crate) fn arrive(&mut self, arrival: Arrival) {
        match arrival {
            Arrival::Overview(world) => self.overview(*world),
            Arrival::Conversation(group, view) => self.conversation(group, view.map(|view| *view)),
            Arrival::Page { group, before, limit, messages } => {
                if let Some(thread) = self.thread.as_mut().filter(|thread| thread.group == group) {
                    thread.page(before.as_deref(), limit, messages);
                }
            }
            Arrival::Message(group, id, message) => self.message(group, id, message.map(|message| *message)),
            Arrival::Found(search, found) if search == self.search => self.found(found),
            Arrival::Found(..) => {}
            Arrival::Done(purpose, done) => self.done(purpose, done),
            Arrival::Fetched(group, message, fetched) => self.fetched(group, message, fetched),
            Arrival::Event(event) => self.event(event),
            Arrival::Failed(why) => self.say(Tone::Bad, why),
            Arrival::Ended => self.effects.push(Effect::Quit),
        }
    }

    fn overview(&mut self, world: World) {
        let first = !self.loaded;
        let at = self.places().get(self.cursor).cloned();
        self.world = world;
        (self.loaded, self.loading) = (true, false);
        if let Some(Place::Conversation(group)) = self.place
            && self.world.conversation(&group).is_none()
        {
            self.leave();
            self.thread = None;
            self.focus = Focus::List;
        }
        let places = self.places();
        // The cursor stays with its conversation when others move.
        let kept = at.and_then(|at| places.iter().position(|place| *place == at));
        self.cursor = kept.unwrap_or(self.cursor).min(places.len().saturating_sub(1));
        if let Some(group) = self.options.conversation.filter(|_| first) {
            self.go(Place::Conversation(group));
        }
        for group in std::mem::take(&mut self.news) {
            if let Some(view) = self.world.conversation(&group).cloned() {
                self.notify(&view);
            }
        }
        self.refresh_sheets();
    }

    fn conversation(&mut self, group: GroupId, view: Option<ConversationView>) {
        let Some(view) = view else {
            self.stale.overview = true;
            return;
        };
        if self.news.remove(&group) {
            self.notify(&view);
        }
        let before = self.world.conversation(&group).map(|one| one.standing.clone());
        let standing = view.standing.clone();
        let at = self.places().get(self.cursor).cloned();
        self.world.update(view);
        self.cursor = at.and_then(|at| self.places().iter().position(|place| *place == at)).unwrap_or(self.cursor);
        if self.group() == Some(group) && before.as_ref() != Some(&standing) {
            self.stand(group, Some(standing));
        }
        self.refresh_sheets();
    }

    fn notify(&mut self, view: &ConversationView) {
        let looking = self.attended && self.group() == Some(view.id);
        if view.muted || looking || self.now < self.told + NOTIFY_EVERY {
            return;
        }
        self.told = self.now;
        let text = format!("{}: {}", clean::name(&view.title), clean::line(&view.preview));
        self.effects.push(Effect::Notify(if self.options.notify_text { text } else { String::new() }));
    }

    fn message(&mut self, group: GroupId, id: MessageId, message: Option<MessageView>) {
        let attended = self.attended;
        let Some(thread) = self.thread.as_mut().filter(|thread| thread.group == group) else { return };
        match message {
            Some(message) => {
                if !attended && !message.read && !message.mine {
                    thread.mark_unread(message.id);
                }
                thread.put(message);
            }
            None => {
                thread.gone(&id);
                self.pictures.forget(&id);
            }
        }
    }

    fn done(&mut self, purpose: Purpose, done: Done) {
        match (purpose, done) {
            (purpose, Done::Failed(why)) => {
                self.say(Tone::Bad, why.to_string());
                if let Purpose::Sent(group, text) = purpose
                    && self.group() == Some(group)
                {
                    self.composer.put_back(&text);
                }
                return;
            }
            (Purpose::Say(line), _) => self.say(Tone::Good, line),
            (Purpose::Dismissed, _) => self.warnings.clear(),
            (Purpose::Said(channel, text), _) => {
                return self.heard(channel, Line { from: "You".to_owned(), text, at: self.now }, 0);
            }
            (Purpose::Enter(place, line), _) => {
                self.go(place);
                self.say(Tone::Warn, line);
            }
            (_, Done::Conversation(group)) => self.go(Place::Conversation(group)),
            (Purpose::Link(note), Done::Link(link)) => self.show_link(&note, &link.0),
            (_, Done::Code(code, until)) => self.show_code(&code.0, until),
            (_, Done::Text(text)) => self.say(Tone::Good, text.0.clone()),
            (Purpose::Sent(group, _), Done::Message(id)) => {
                if self.group() == Some(group) {
                    self.stale.messages.insert(id);
                }
                self.stale.groups.insert(group);
                return;
            }
            _ => {}
        }
        self.stale.overview = true;
    }

    fn event(&mut self, event: Event) {
        // What is being loaded may be of the time before this.
        self.stale.overview |= self.loading;
        match event {
            Event::Changed => self.missed_something(),
            Event::Conversation(group) => {
                self.stale.groups.insert(group);
            }
            Event::Message { group, message, new } => self.message_event(group, message, new),
            Event::Gone { group, message } => {
                self.message(group, message, None);
                self.progress.remove(&message);
                self.stale.groups.insert(group);
            }
            Event::DeviceAsks { request, name, check } => self.show_device(request, &name, &check),
            Event::LinkCheck { check } => self.say(Tone::Strong, format!("The other device must show {check}")),
            Event::Contact(identity) => {
                self.stale.overview = true;
                let name = self.world.name_of(&identity);
                if self.world.contact(&identity).is_none() {
                    self.say(Tone::Good, "You have a new contact.");
                } else {
                    self.say(Tone::Good, format!("{name} is your contact now."));
                }
                self.sheets.retain(|sheet| sheet.kind != Kind::Link);
            }
            Event::Said { channel, from, text, at } => self.heard(channel, Line { from, text, at }, 1),
            Event::Missed { channel, count } => {
                let text = format!("{count} messages were missed");
                self.heard(channel, Line { from: String::new(), text, at: self.now }, count);
            }
            Event::Connection { node, open } => self.connection(&node, open),
            Event::Progress { group, message: None, done, all, .. } => moved(&mut self.sending, group, (done, all)),
            Event::Progress { message: Some(message), done, all, .. } => {
                moved(&mut self.progress, message, (done, all));
            }
            Event::Warning(text) => self.warn(&text),
        }
    }

    /// Anything may have changed.
    fn missed_something(&mut self) {
        self.stale.overview = true;
        if let Some(thread) = self.thread.as_mut() {
            self.effects.extend(thread.refresh());
        }
    }

    fn message_event(&mut self, group: GroupId, message: MessageId, new: bool) {
        if self.group() == Some(group) {
            self.stale.messages.insert(message);
        }
        if new {
            self.news.insert(group);
        }
        self.stale.groups.insert(group);
    }

    fn heard(&mut self, channel: String, line: Line, count: u64) {
        if !self.channels.contains_key(&channel) && self.channels.len() >= MAX_CHANNELS {
            return;
        }
        let open = self.place == Some(Place::Channel(channel.clone()));
        let heard = self.channels.entry(channel).or_default();
        heard.push(line);
        if !open {
            heard.unread = heard.unread.saturating_add(count);
        }
    }

    fn connection(&mut self, node: &str, open: bool) {
        if let Some(me) = self.world.me.as_mut().filter(|me| me.node == node) {
            me.connected = open;
        }
        // Whether conversations there are cut off.
        self.stale.overview = true;
    }
}

/// A file is so far now; whole, it is under way no more.
fn moved<K: Ord>(all: &mut BTreeMap<K, (u64, u64)>, which: K, share: (u64, u64)) {
    if share.0 >= share.1 {
        all.remove(&which);
    } else if all.len() < MAX_PROGRESS || all.contains_key(&which) {
        all.insert(which, share);
    }
}
