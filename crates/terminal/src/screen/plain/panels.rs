//! What was asked for, in lines.

use super::{Plain, SHOWN};
use crate::screen::clean;
use crate::screen::clock::lasting;
use crate::screen::effect::Effect;
use crate::screen::intent::Panel;
use crate::screen::messages::summary;
use crate::screen::slash::ENTRIES;
use crate::screen::world::{delivery_words, role_name};
use crate::show;
use tidings_client::command::Look;
use tidings_client::view::{ConversationKind, GroupId, Identity, MessageId, Shown, Standing};

impl Plain {
    pub(super) fn panel(&mut self, panel: Panel) {
        match panel {
            Panel::Help => self.help(),
            Panel::Invite => self.say("For whom? Write it: /invite NAME"),
            Panel::Accept => self.say("Write the link: /accept LINK"),
            Panel::NewGroup => self.say("Write its name and who is in it: /group NAME MEMBER MEMBER"),
            Panel::AddMembers(_) => self.say("Whom? /add NAME"),
            Panel::Go => self.places(),
            Panel::Contacts => self.contacts(),
            Panel::Contact(who) => self.contact(who),
            Panel::Members(group) => self.members(group),
            Panel::Invitations => self.invitations(),
            Panel::Devices => self.devices(),
            Panel::Info(id) => self.info(id),
            Panel::Search { text, .. } if text.is_empty() => self.say("For what? /search WORDS"),
            Panel::Search { text, .. } => {
                self.search += 1;
                self.effects.push(Effect::Search(self.search, text));
            }
            Panel::Warnings => self.warnings(),
            Panel::Older => self.older(),
            Panel::Open(group, message) => self.open(group, message),
            Panel::Edit(_) => self.say("Write the new text: /edit TEXT"),
            Panel::Reply(_) => self.say("Write the answer: /reply TEXT"),
            Panel::Confirm { .. } => {}
        }
    }

    fn help(&mut self) {
        self.say("A line is sent to the conversation that you are in. A line that begins with / is a command:");
        for entry in ENTRIES {
            let line = format!("/{} {}: {}", entry.name, entry.arguments, entry.about).replace(" :", ":");
            self.say(line);
        }
        self.say("@12 before a line says that it is about message 12: @12 /react 👍, or @12 yes, to answer it.");
        self.say("// begins a text with a slash. A space before yes or no sends the word where nothing is asked.");
    }

    fn places(&mut self) {
        let mut lines: Vec<String> = Vec::new();
        for one in self.world.conversations.iter().filter(|one| !one.archived) {
            let unread = if one.unread > 0 { format!(", {} unread", one.unread) } else { String::new() };
            let verified = if one.verified { ", verified" } else { "" };
            let title = clean::isolated(clean::name(&one.title));
            lines.push(format!("{title}{verified}{unread}: {}", clean::isolated(clean::line(&one.preview))));
        }
        lines
            .extend(self.world.channels.iter().map(|name| format!("#{}, public and not encrypted", clean::name(name))));
        if lines.is_empty() {
            lines.push("No conversations yet. /invite NAME makes an invitation, /accept LINK accepts one.".to_owned());
        }
        self.lines.append(&mut lines);
    }

    fn contacts(&mut self) {
        let mut lines: Vec<String> = Vec::new();
        for contact in &self.world.contacts {
            let state = if contact.key_changed {
                "KEY CHANGED"
            } else if contact.verified {
                "verified"
            } else {
                "not verified"
            };
            let blocked = if contact.blocked { ", blocked" } else { "" };
            let name = clean::isolated(clean::name(&contact.name));
            lines.push(format!("{name}, {state}{blocked}, at {}", clean::line(&contact.node)));
        }
        if lines.is_empty() {
            lines.push("No contacts yet.".to_owned());
        }
        self.lines.append(&mut lines);
    }

    fn contact(&mut self, who: Identity) {
        let Some(contact) = self.world.contact(&who) else { return };
        let name = clean::isolated(clean::name(&contact.name));
        let digits: Vec<char> = contact.safety_number.chars().filter(char::is_ascii_digit).collect();
        let groups: Vec<String> = digits.chunks(5).map(|group| group.iter().collect()).collect();
        let state = if contact.key_changed {
            "The key has CHANGED: nothing is sent until you have compared the number."
        } else if contact.verified {
            "You have compared it before: verified."
        } else {
            "Not verified yet."
        };
        self.lines.push(format!("{name}. {state}"));
        self.lines.push(format!("The safety number is {}.", groups.join(" ")));
        self.lines.push("Compare it in person or by telephone. Is it the same on both sides? yes or no?".to_owned());
        let command = tidings_client::command::Command::SetVerified { contact: who, verified: true };
        let purpose = crate::screen::effect::Purpose::Say(format!("{name} is verified."));
        self.question = Some(super::Question::Do(vec![Effect::Command(purpose, command)]));
    }

    fn members(&mut self, group: GroupId) {
        let Some(one) = self.world.conversation(&group) else { return };
        if one.standing == Standing::Out {
            self.lines.push("You are not in it any more; so far as is known here, these are:".to_owned());
        }
        for member in show::inside(one) {
            let name = if member.me { "You".to_owned() } else { clean::isolated(clean::name(&member.name)) };
            // In a conversation of two, roles give nobody anything.
            let role = match one.kind {
                ConversationKind::Pair => String::new(),
                _ => format!("{}, ", role_name(member.role)),
            };
            self.lines.push(format!("{name}, {role}devices: {}", member.devices));
        }
    }

    fn invitations(&mut self) {
        if self.world.invitations.is_empty() {
            return self.say("There are no open invitations.");
        }
        for invitation in &self.world.invitations {
            let left = lasting(invitation.expires.saturating_sub(self.now) / 1_000);
            self.lines.push(format!(
                "For {}, good for {left}: {}",
                clean::line(&invitation.note),
                clean::line(&invitation.link.0)
            ));
        }
    }

    fn devices(&mut self) {
        for device in &self.world.devices {
            let this = if device.this { " (this device)" } else { "" };
            self.lines.push(format!(
                "{}: {}{this}, since {}",
                device.serial,
                clean::name(&device.name),
                self.clock.full(device.added)
            ));
        }
    }

    fn info(&mut self, id: MessageId) {
        let Some(shown) = self.shown.iter().find(|shown| shown.message.id == id) else { return };
        let others = self.world.conversation(&shown.group).map_or(1, |one| one.members.len().saturating_sub(1));
        let state =
            shown.message.delivery.map_or(String::new(), |delivery| format!(", {}", delivery_words(delivery, others)));
        let line = format!(
            "Message @{}, written {}{state}: {}",
            shown.number,
            self.clock.full(shown.message.at),
            clean::isolated(summary(&shown.message))
        );
        self.say(line);
    }

    fn warnings(&mut self) {
        let warnings: Vec<String> =
            self.world.me.iter().flat_map(|me| &me.warnings).map(|text| clean::line(text)).collect();
        if warnings.is_empty() {
            self.say("No warnings.");
        }
        self.lines.extend(warnings);
    }

    fn older(&mut self) {
        match (self.group(), self.oldest.clone()) {
            (Some(group), Some(before)) => {
                self.effects.push(Effect::Page { group, before: Some(before), limit: SHOWN })
            }
            (Some(_), None) => self.say("No older messages."),
            (None, _) => self.say("Go to a conversation first: /go NAME"),
        }
    }

    fn open(&mut self, group: GroupId, id: MessageId) {
        let Some(shown) = self.shown.iter().find(|shown| shown.message.id == id) else { return };
        let Shown::File(file) = &shown.message.shown else { return };
        let text = file.kind.starts_with("text/");
        let look = Effect::Fetch { group, message: id, path: None };
        match (file.look, text) {
            _ if file.gone => self.say("It is gone."),
            (Look::Keep, true) => self.effects.push(look),
            (Look::Keep, false) => self.say("Write where to save it: /open PATH"),
            (_, true) => {
                self.say("It is destroyed everywhere once you have seen it. Look now? yes or no?");
                self.question = Some(super::Question::Do(vec![look]));
            }
            (_, false) => self.say("It can't be shown in lines; open it on another device. It is still there."),
        }
    }
}
