//! The line mode: one line for each thing that happens, in words, and commands line by line. For pipes and screen readers.

mod events;
mod panels;
mod run;

pub(crate) use run::run;

use super::channel::Line;
use super::clock::Clock;
use super::effect::{Effect, Purpose};
use super::intent::{Context, Intent, Panel, intend};
use super::messages::{answering, summary};
use super::slash::{as_text, is_command, parse};
use super::world::{Place, World, cut_off, hindrance};
use super::{clean, options::Options};
use crate::show;
use std::collections::{BTreeMap, VecDeque};
use tidings_client::command::{Command, Fault};
use tidings_client::view::{DeviceRequest, GroupId, MessageId, MessageView, Shown};

/// Messages that keep the number by which they can be named.
const MAX_NUMBERED: usize = 1_000;
/// Messages that are shown when one goes to a conversation.
const SHOWN: usize = 10;
/// Lines that were said in a channel and not read yet.
const MAX_HEARD: usize = 200;

/// A message that was shown, and its number.
struct Numbered {
    number: u64,
    group: GroupId,
    message: MessageView,
}

/// A question that waits for yes or no.
enum Question {
    /// Whether to do these.
    Do(Vec<Effect>),
    /// Whether this device may be linked.
    Device(DeviceRequest),
}

/// Why a line was not done. What it says was shown already.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Undone {
    /// It is not a command, or names nothing that is there, or nothing was asked.
    Line(String),
    /// It was tried, without the client.
    Deed(String),
    /// It was tried by the client.
    Fault(Fault),
}

/// The line mode. Pure, as the screen is: lines and news come in, lines and [`Effect`]s go out.
pub(crate) struct Plain {
    options: Options,
    clock: Clock,
    now: u64,
    world: World,
    loaded: bool,
    place: Option<Place>,
    shown: VecDeque<Numbered>,
    next: u64,
    /// The message that the command at hand is about.
    chosen: Option<MessageId>,
    /// What was sent last, until something else is shown to who writes: commands without a number are about it.
    sent: Option<MessageId>,
    /// Whether lines wait that were written before what comes now.
    lines_wait: bool,
    question: Option<Question>,
    /// Messages of the open conversation that are to be shown when they come, oldest first.
    oldest: Option<Vec<u8>>,
    search: u64,
    heard: BTreeMap<String, VecDeque<Line>>,
    stale: bool,
    lines: Vec<String>,
    effects: Vec<Effect>,
    undone: Option<Undone>,
    ended: bool,
}

impl Plain {
    /// Knows nothing yet.
    pub(crate) fn new(options: Options, clock: Clock, now: u64) -> Self {
        Self {
            options,
            clock,
            now,
            world: World::default(),
            loaded: false,
            place: None,
            shown: VecDeque::new(),
            next: 1,
            chosen: None,
            sent: None,
            lines_wait: false,
            question: None,
            oldest: None,
            search: 0,
            heard: BTreeMap::new(),
            stale: true,
            lines: Vec::new(),
            effects: Vec::new(),
            undone: None,
            ended: false,
        }
    }

    /// It is this time.
    pub(crate) fn tick(&mut self, now: u64) {
        self.now = now;
    }

    /// Whether it is over.
    pub(crate) fn has_ended(&self) -> bool {
        self.ended
    }

    /// Whether lines may be read: what there is was loaded.
    pub(crate) fn is_ready(&self) -> bool {
        self.loaded
    }

    /// Whether lines wait: whoever wrote them has not seen what comes now.
    pub(crate) fn lines_wait(&mut self, wait: bool) {
        self.lines_wait = wait;
    }

    /// Lines to write.
    pub(crate) fn take_lines(&mut self) -> Vec<String> {
        std::mem::take(&mut self.lines)
    }

    /// What is to be done.
    pub(crate) fn take_effects(&mut self) -> Vec<Effect> {
        if std::mem::take(&mut self.stale) {
            self.effects.push(Effect::Overview);
        }
        std::mem::take(&mut self.effects)
    }

    /// Writes a line.
    fn say(&mut self, line: impl Into<String>) {
        self.lines.push(line.into());
    }

    /// The first that was not done.
    pub(crate) fn undone(&mut self) -> Option<Undone> {
        if let Some(Question::Do(_)) = &self.question {
            self.not_done(Undone::Line("the last question was not answered".to_owned()));
        }
        self.undone.take()
    }

    /// Notes that something was not done.
    fn not_done(&mut self, why: Undone) {
        self.undone.get_or_insert(why);
    }

    fn group(&self) -> Option<GroupId> {
        match self.place {
            Some(Place::Conversation(group)) => Some(group),
            _ => None,
        }
    }

    /// A line was written by the person.
    pub(crate) fn line(&mut self, line: &str) {
        let line = line.trim_end_matches(['\r', '\n']);
        if let Some(question) = self.question.take() {
            return self.answer(question, line);
        }
        let (chosen, line) = self.choose(line);
        self.chosen = chosen;
        if line.trim().is_empty() {
            return;
        }
        let outcome = if is_command(line) { parse(line).and_then(|slash| self.run(slash)) } else { self.write(line) };
        if let Err(why) = outcome {
            self.say(format!("Not done: {why}"));
            self.not_done(Undone::Line(why));
        }
        self.chosen = None;
    }

    /// `@12 …` is about message 12.
    fn choose<'a>(&self, line: &'a str) -> (Option<MessageId>, &'a str) {
        let split = line.strip_prefix('@').and_then(|rest| rest.split_once(' '));
        let Some((number, rest)) = split else { return (None, line) };
        let number: Option<u64> = number.parse().ok();
        match self.shown.iter().find(|shown| Some(shown.number) == number) {
            Some(shown) => (Some(shown.message.id), rest),
            None => (None, line),
        }
    }

    fn answer(&mut self, question: Question, line: &str) {
        let yes = matches!(line.trim().to_lowercase().as_str(), "y" | "yes");
        let no = matches!(line.trim().to_lowercase().as_str(), "n" | "no");
        match question {
            Question::Do(effects) if yes => self.effects.extend(effects),
            Question::Device(request) if yes || no => {
                let purpose =
                    Purpose::Say(if yes { "The device is yours now." } else { "The device was refused." }.to_owned());
                self.effects.push(Effect::Command(purpose, Command::AnswerLink { request, accept: yes }));
            }
            question if !no => {
                self.question = Some(question);
                self.say("Please answer yes or no.");
                self.not_done(Undone::Line("a question was not answered with yes or no".to_owned()));
            }
            _ => self.say("Not done."),
        }
    }

    fn write(&mut self, line: &str) -> Result<(), String> {
        if self.chosen.is_none() && is_answer(line) {
            return Err(format!("nothing was asked; to send the word \"{line}\" itself, put a space before it"));
        }
        let word = line.trim_start();
        let text = if is_answer(word) { word } else { as_text(line) }.to_owned();
        match self.place.clone() {
            None => Err("go to a conversation first: /go NAME".to_owned()),
            Some(Place::Channel(channel)) => {
                self.effects.push(Effect::Command(
                    Purpose::Said(channel.clone(), text.clone()),
                    Command::SayInChannel { channel, text },
                ));
                Ok(())
            }
            Some(Place::Conversation(group)) => {
                let conversation = self.world.conversation(&group).ok_or("this conversation is gone")?;
                if let Some(why) = hindrance(conversation, &self.world) {
                    return Err(why);
                }
                let purpose = Purpose::Sent(group, text.clone());
                let command = Command::SendText { group, text, reply: self.chosen, expire: None };
                self.effects.push(Effect::Command(purpose, command));
                Ok(())
            }
        }
    }

    fn run(&mut self, slash: super::slash::Slash) -> Result<(), String> {
        let here = self.group();
        let in_place = || self.shown.iter().filter(|shown| Some(shown.group) == here).map(|shown| &shown.message);
        let of = |id: Option<MessageId>| id.and_then(|id| in_place().find(|message| message.id == id));
        let sent = of(self.sent);
        let fits = |message: &&MessageView| match &slash {
            super::slash::Slash::Open(_) => matches!(message.shown, Shown::File(_)),
            super::slash::Slash::React(_) | super::slash::Slash::Reply(_) => !message.mine,
            super::slash::Slash::Delete => message.mine,
            _ => true,
        };
        // Older ones may have been shown after newer ones.
        let newest =
            |fits: &dyn Fn(&&MessageView) -> bool| in_place().filter(fits).max_by_key(|message| &message.order);
        let fitting = match &slash {
            super::slash::Slash::Open(_) => sent.filter(fits),
            _ => sent,
        };
        let text = |message: &&MessageView| message.mine && matches!(message.shown, Shown::Text(_));
        let context = Context {
            world: &self.world,
            place: self.place.as_ref(),
            message: of(self.chosen).or(fitting).or_else(|| newest(&fits)),
            own: sent.filter(text).or_else(|| newest(&text)),
        };
        let going = matches!(slash, super::slash::Slash::Go(_));
        let intent = intend(slash, &context);
        if going && intent.is_err() {
            // What comes next was not meant for where one is.
            self.place = None;
        }
        match intent? {
            Intent::Do(effects) => self.effects.extend(effects),
            Intent::Go(place) => self.go(place),
            Intent::Show(panel) => self.show(panel),
        }
        Ok(())
    }

    /// Goes somewhere and shows the last messages there.
    fn go(&mut self, place: Place) {
        let title = self.world.title(&place);
        match &place {
            Place::Conversation(group) => {
                let unread = self.world.conversation(group).map_or(0, |one| one.unread);
                let limit = usize::try_from(unread).unwrap_or(SHOWN).clamp(SHOWN, 100);
                self.say(format!("In {}: {}.", title, self.about(group)));
                self.oldest = None;
                self.effects.push(Effect::Page { group: *group, before: None, limit });
                self.effects.push(Effect::Command(Purpose::Quiet, Command::MarkRead { group: *group, message: None }));
            }
            Place::Channel(name) => {
                self.say(format!("In {title}. It is PUBLIC AND NOT ENCRYPTED: anybody can read along."));
                for line in self.heard.remove(name).unwrap_or_default() {
                    let line = self.channel_line(name, &line);
                    self.say(line);
                }
            }
        }
        self.place = Some(place);
    }

    /// What there is to know of a conversation.
    fn about(&self, group: &GroupId) -> String {
        let Some(one) = self.world.conversation(group) else { return "it is gone".to_owned() };
        let mut words = vec![super::world::kind_words(one.kind, show::inside(one).len())];
        if one.contact.is_some() {
            words.push(if one.verified { "verified" } else { "not verified" }.to_owned());
        }
        if one.unread > 0 {
            words.push(format!("{} unread", one.unread));
        }
        if one.expire > 0 {
            words.push(format!("messages disappear after {}", super::clock::lasting(one.expire.into())));
        }
        words.extend(hindrance(one, &self.world).or_else(|| cut_off(one, &self.world)));
        words.join(", ")
    }

    fn channel_line(&self, channel: &str, line: &Line) -> String {
        let text = clean::isolated(clean::line(&line.text));
        match line.from.as_str() {
            "" => format!("In public channel #{}: {text}.", clean::name(channel)),
            from => format!(
                "{} {} in public channel #{}: {text}",
                self.clock.hour(line.at),
                clean::isolated(clean::name(from)),
                clean::name(channel)
            ),
        }
    }

    /// Shows a message as a line, with its number.
    fn show_message(&mut self, group: GroupId, message: MessageView) {
        let line = self.message_line(group, &message);
        let number = self.number(group, message);
        self.say(format!("{line} (@{number})"));
    }

    fn number(&mut self, group: GroupId, message: MessageView) -> u64 {
        if let Some(known) = self.shown.iter_mut().find(|known| known.message.id == message.id) {
            known.message = message;
            return known.number;
        }
        let number = self.next;
        self.next += 1;
        self.shown.push_back(Numbered { number, group, message });
        if self.shown.len() > MAX_NUMBERED {
            self.shown.pop_front();
        }
        number
    }

    fn message_line(&self, group: GroupId, message: &MessageView) -> String {
        let who = if message.mine { "You".to_owned() } else { clean::isolated(clean::name(&message.name)) };
        let place = Place::Conversation(group);
        let here = self.place.as_ref() == Some(&place);
        let pair = self.world.conversation(&group).is_some_and(|one| one.contact.is_some());
        let place = match (here, pair) {
            (true, _) => String::new(),
            (false, true) if !message.mine => String::new(),
            (false, _) => format!(" in {}", clean::isolated(self.world.title(&place))),
        };
        let mut text = clean::isolated(summary(message));
        if message.edited {
            text.push_str(" (edited)");
        }
        let time = self.clock.hour(message.at);
        let day = if self.clock.day(message.at) == self.clock.day(self.now) {
            String::new()
        } else {
            format!("{}, ", self.clock.day_name(message.at, self.now))
        };
        // A notice says itself who did what.
        let who = match (&message.shown, place.is_empty()) {
            (Shown::Notice(_), true) => return format!("{day}{time} {text}"),
            (Shown::Notice(_), false) => "Notice".to_owned(),
            _ => who,
        };
        format!("{day}{time} {who}{place}{}: {text}", answering(message))
    }

    /// Shows what was asked for, in lines.
    fn show(&mut self, panel: Panel) {
        match panel {
            Panel::Confirm { question, effects, .. } => {
                self.say(format!("{question} yes or no?"));
                self.question = Some(Question::Do(effects));
            }
            other => self.panel(other),
        }
    }
}

/// Whether it answers a question.
fn is_answer(line: &str) -> bool {
    matches!(line.trim_end().to_lowercase().as_str(), "y" | "yes" | "n" | "no")
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
