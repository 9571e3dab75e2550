//! What comes from the client, in lines.

use super::{MAX_HEARD, Plain, Question, Undone};
use crate::screen::channel::Line;
use crate::screen::clean;
use crate::screen::effect::{Arrival, Effect, Fetched, Purpose};
use crate::screen::messages::summary;
use crate::screen::text::clip;
use crate::screen::world::{Place, World, cut_off, hindrance};
use tidings_client::command::{Command, Done};
use tidings_client::view::{Delivery, Event, GroupId, MessageId, MessageView};

/// Channels of which something is kept until one goes there.
const MAX_CHANNELS: usize = 64;

impl Plain {
    /// Something came.
    pub(crate) fn arrive(&mut self, arrival: Arrival) {
        match arrival {
            Arrival::Overview(world) => self.overview(*world),
            Arrival::Conversation(_, Some(view)) => self.conversation(*view),
            Arrival::Conversation(_, None) => self.stale = true,
            Arrival::Page { group, messages, limit, .. } => self.page(group, messages, limit),
            Arrival::Message(group, id, message) => self.message(group, id, message.map(|message| *message)),
            Arrival::Found(search, found) if search == self.search => self.found(found),
            Arrival::Found(..) => {}
            Arrival::Done(purpose, done) => self.done(purpose, done),
            Arrival::Fetched(_, _, Ok(fetched)) => self.fetched(fetched),
            Arrival::Fetched(_, _, Err(why)) | Arrival::Failed(why) => {
                self.say(format!("Not done: {}", clean::line(&why)));
                self.not_done(Undone::Deed(clean::line(&why)));
            }
            Arrival::Event(event) => self.event(event),
            Arrival::Ended => self.ended = true,
        }
    }

    fn overview(&mut self, world: World) {
        let first = !self.loaded;
        let before: Vec<String> = self.world.me.iter().flat_map(|me| me.warnings.clone()).collect();
        let reached = self.cut_off().is_none();
        self.world = world;
        self.loaded = true;
        if let Some(why) = self.cut_off().filter(|_| reached) {
            self.say(format!("{why}."));
        }
        let warnings: Vec<String> = self.world.me.iter().flat_map(|me| me.warnings.clone()).collect();
        for warning in warnings.iter().filter(|warning| !before.contains(warning)) {
            self.say(format!("Warning: {}", clean::line(warning)));
        }
        if !first {
            return;
        }
        let unread = self.world.conversations.iter().filter(|one| one.unread > 0).count();
        let count = self.world.conversations.len();
        let conversations = if count == 1 { "conversation" } else { "conversations" };
        self.say(format!(
            "Tidings. {count} {conversations}, {unread} with unread messages. /help shows what can be written."
        ));
        if let Some(group) = self.options.conversation {
            self.go(Place::Conversation(group));
        }
    }

    /// That the node of the open conversation can't be reached.
    fn cut_off(&self) -> Option<String> {
        cut_off(self.world.conversation(&self.group()?)?, &self.world)
    }

    fn conversation(&mut self, view: tidings_client::view::ConversationView) {
        let before = self.world.conversation(&view.id).and_then(|one| hindrance(one, &self.world));
        let id = view.id;
        self.world.update(view);
        let now = self.world.conversation(&id).and_then(|one| hindrance(one, &self.world));
        if before != now
            && let Some(why) = now
        {
            let title = self.world.title(&Place::Conversation(id));
            self.say(format!("{title}: {why}"));
        }
    }

    fn page(&mut self, group: GroupId, messages: Vec<MessageView>, limit: usize) {
        self.oldest = messages.first().map(|message| message.order.clone());
        if messages.is_empty() {
            self.say("No older messages.");
        }
        let short = messages.len() < limit;
        for message in messages {
            self.show_message(group, message);
        }
        if !short {
            self.say("/older shows what was before.");
        }
    }

    /// A message is new, or has changed: only what a person would want to hear is said.
    fn message(&mut self, group: GroupId, id: MessageId, message: Option<MessageView>) {
        let known = self.shown.iter().position(|shown| shown.message.id == id);
        match (known.and_then(|at| self.shown.get(at)).map(|shown| (shown.number, shown.message.clone())), message) {
            (None, Some(message)) => {
                if !self.lines_wait && self.group() == Some(group) {
                    self.sent = self.sent.filter(|sent| *sent == id);
                }
                if self.group() == Some(group) && !message.mine {
                    let command = Command::MarkRead { group, message: Some(id) };
                    self.effects.push(Effect::Command(Purpose::Quiet, command));
                }
                self.show_message(group, message);
            }
            (Some((number, before)), Some(message)) => {
                if message.delivery == Some(Delivery::Failed) && before.delivery != message.delivery {
                    self.not_done(Undone::Deed(format!("message @{number} could not be sent")));
                }
                for line in changes(number, &before, &message, self) {
                    self.say(line);
                }
                self.number(group, message);
            }
            (Some((number, _)), None) => {
                self.say(format!("Message @{number} is gone."));
                self.shown.retain(|shown| shown.message.id != id);
            }
            (None, None) => {}
        }
    }

    fn found(&mut self, found: Vec<(GroupId, MessageView)>) {
        self.say(match found.len() {
            0 => "Nothing was found.".to_owned(),
            1 => "1 message:".to_owned(),
            count => format!("{count} messages, the newest last:"),
        });
        for (group, message) in found.into_iter().rev() {
            self.show_message(group, message);
        }
    }

    fn done(&mut self, purpose: Purpose, done: Done) {
        match (purpose, done) {
            (_, Done::Failed(why)) => {
                self.say(format!("Not done: {why}"));
                return self.not_done(Undone::Fault(why));
            }
            (Purpose::Say(line), _) => self.say(line),
            (Purpose::Dismissed, _) => self.say("The warnings are gone."),
            (Purpose::Said(channel, text), _) => {
                let line = self.channel_line(&channel, &Line { from: "You".to_owned(), text, at: self.now });
                return self.say(line);
            }
            (Purpose::Enter(place, _), _) => self.go(place),
            (Purpose::Link(note), Done::Link(link)) => {
                let whom = if note.is_empty() { String::new() } else { format!(" for {}", clean::line(&note)) };
                self.say(format!("Link{whom}: {}", clean::line(&link.0)));
            }
            (_, Done::Link(link)) => self.say(format!("Link: {}", clean::line(&link.0))),
            (_, Done::Code(code, _)) => {
                self.say(format!("Write this code on the new device, within ten minutes: {}", clean::line(&code.0)));
            }
            (_, Done::Text(text)) => self.say(clean::line(&text.0)),
            (_, Done::Conversation(group)) => {
                self.stale = true;
                self.place = Some(Place::Conversation(group));
                self.say("You are in the conversation now.");
            }
            (Purpose::Sent(group, _), Done::Message(id)) => {
                self.sent = Some(id);
                self.effects.push(Effect::Message(group, id));
                return;
            }
            (Purpose::Quiet, _) => return,
            _ => {}
        }
        self.stale = true;
    }

    fn fetched(&mut self, fetched: Fetched) {
        let name = clean::name(&fetched.name);
        match (fetched.path, fetched.bytes) {
            (Some(path), _) => self.say(format!("Saved as {}.", path.display())),
            (None, Some(bytes)) if fetched.kind.starts_with("text/") => {
                self.say(format!("{name}:"));
                for line in clean::text(&String::from_utf8_lossy(&bytes)).lines().take(500) {
                    self.say(format!("  {line}"));
                }
                self.say(format!("End of {name}."));
            }
            _ => {
                self.say(format!("{name} can't be shown in lines."));
                self.not_done(Undone::Deed(format!("{name} can't be shown in lines")));
            }
        }
    }

    fn event(&mut self, event: Event) {
        match event {
            Event::Changed => self.stale = true,
            Event::Conversation(group) => self.effects.push(Effect::Conversation(group)),
            Event::Message { group, message, new } => {
                let known = self.shown.iter().any(|shown| shown.message.id == message);
                if new || known {
                    self.effects.push(Effect::Message(group, message));
                }
                self.effects.push(Effect::Conversation(group));
            }
            Event::Gone { group, message } => self.message(group, message, None),
            Event::DeviceAsks { request, name, check } => {
                let name = clean::name(&name);
                self.say(format!(
                    "A device that calls itself \"{name}\" wants to be yours. It must show the number {}.",
                    clean::line(&check)
                ));
                self.say("Does it show this number, and have you just added it? yes or no?");
                self.question = Some(Question::Device(request));
            }
            Event::LinkCheck { check } => {
                self.say(format!("The other device must show the number {}.", clean::line(&check)))
            }
            Event::Contact(_) => {
                self.say("You have a new contact.");
                self.stale = true;
            }
            Event::Said { channel, from, text, at } => self.heard(channel, Line { from, text, at }),
            Event::Missed { channel, count } => {
                let text = format!("{count} messages were missed");
                self.heard(channel, Line { from: String::new(), text, at: self.now });
            }
            Event::Connection { node, open } => {
                let state = if open { "Connected to" } else { "No connection to" };
                self.say(format!("{state} {}.", clean::line(&node)));
                self.stale = true;
            }
            Event::Progress { .. } => {}
            Event::Warning(text) => self.say(format!("Warning: {}", clean::line(&text))),
        }
    }

    /// What is said in the channel that one is in is shown; of others it is kept until one goes there.
    fn heard(&mut self, channel: String, line: Line) {
        if self.place == Some(Place::Channel(channel.clone())) {
            let line = self.channel_line(&channel, &line);
            return self.say(line);
        }
        if self.heard.len() >= MAX_CHANNELS && !self.heard.contains_key(&channel) {
            return;
        }
        let heard = self.heard.entry(channel).or_default();
        heard.push_back(line);
        if heard.len() > MAX_HEARD {
            heard.pop_front();
        }
    }
}

/// What has changed of a message, in words.
fn changes(number: u64, before: &MessageView, now: &MessageView, plain: &Plain) -> Vec<String> {
    let who = if now.mine { "You".to_owned() } else { clean::isolated(clean::name(&now.name)) };
    let mut lines = Vec::new();
    if before.shown != now.shown {
        lines.push(match &now.shown {
            tidings_client::view::Shown::Deleted => format!("Message @{number} of {who} was deleted."),
            _ if summary(before) == summary(now) => String::new(),
            _ => format!("{who} changed message @{number}: {}", clean::isolated(summary(now))),
        });
    }
    for (emoji, people) in &now.reactions {
        let old = before
            .reactions
            .iter()
            .find(|(sign, _)| sign == emoji)
            .map(|(_, people)| people.as_slice())
            .unwrap_or_default();
        for person in people.iter().filter(|person| !old.contains(person)) {
            let name = clean::isolated(plain.world.name_of(person));
            let text = clip(&summary(now), 40);
            lines.push(format!("{name} reacted {} to message @{number}: {text}", clip(&clean::line(emoji), 8)));
        }
    }
    if now.delivery == Some(Delivery::Failed) && before.delivery != now.delivery {
        lines.push(format!("Message @{number} could not be sent."));
    }
    lines.retain(|line| !line.is_empty());
    lines
}
