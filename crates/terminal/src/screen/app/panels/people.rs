//! Dialogs about people: contacts, members, groups.

use super::super::App;
use crate::screen::clean;
use crate::screen::effect::{Effect, Purpose};
use crate::screen::intent::Panel;
use crate::screen::palette::Tone;
use crate::screen::sheet::{Act, Choice, Kind, Sheet, choice};
use crate::screen::world::{kind_words, role_name};
use crate::show;
use tidings_client::command::Command;
use tidings_client::view::{ContactView, ConversationKind, GroupId, Identity, Standing};

impl App {
    /// The contacts whose name has this in it.
    pub(crate) fn contact_rows(&self, text: &str) -> Vec<Choice> {
        let wanted = text.to_lowercase();
        let fitting = self.world.contacts.iter().filter(|contact| contact.name.to_lowercase().contains(&wanted));
        let row = |contact: &ContactView| {
            let mut row =
                choice(clean::name(&contact.name), state_of(contact), Act::Show(Panel::Contact(contact.identity)));
            row.tone = if contact.key_changed { Tone::Bad } else { Tone::Text };
            row
        };
        fitting.map(row).collect()
    }

    /// One contact: who it is, and the safety number.
    pub(crate) fn contact_sheet(&self, who: Identity) -> Option<Sheet> {
        let contact = self.world.contact(&who)?;
        let name = clean::name(&contact.name);
        let title = if contact.key_changed { format!("The key of {name} has changed") } else { name.clone() };
        let mut sheet = Sheet::new(Kind::Contact(who), title);
        if contact.key_changed {
            let text = format!(
                "This may be {name} with a new phrase, or somebody in between. Nothing is sent until you have looked at it. \
                 Compare the number below with {name}, in person or by telephone."
            );
            sheet = sheet.say(Tone::Bad, text).say(Tone::Text, "");
        }
        sheet = sheet.say(Tone::Dim, format!("{} · {}", clean::line(&contact.node), state_of(contact)));
        if contact.own_name != contact.name {
            sheet = sheet.say(Tone::Dim, format!("calls itself {}", clean::name(&contact.own_name)));
        }
        sheet =
            sheet.say(Tone::Text, "").say(Tone::Text, "Safety number: the same on both sides if nobody is in between.");
        for row in digits(&contact.safety_number) {
            sheet = sheet.say(Tone::Strong, row);
        }
        sheet = sheet.qr(&contact.safety_code);
        Some(contact_buttons(sheet, contact, &name))
    }

    /// Who is in a conversation.
    pub(crate) fn members_sheet(&self, group: GroupId) -> Option<Sheet> {
        let conversation = self.world.conversation(&group)?;
        let inside = show::inside(conversation);
        let kind = kind_words(conversation.kind, inside.len());
        let gone = if conversation.standing == Standing::Out { "you are not in it any more · " } else { "" };
        let rows = inside.iter().map(|member| {
            let name = if member.me { "You".to_owned() } else { clean::name(&member.name) };
            let devices =
                if member.devices == 1 { "1 device".to_owned() } else { format!("{} devices", member.devices) };
            let note = match conversation.kind {
                ConversationKind::Pair => devices,
                _ => format!("{} · {devices}", role_name(member.role)),
            };
            let mut row = choice(name, note, Act::Member(group, member.identity));
            row.key = member.identity.0.to_vec();
            row
        });
        let mut sheet = Sheet::new(Kind::Members(group), clean::name(&conversation.title))
            .say(Tone::Dim, format!("{gone}{kind} · hub {}", clean::line(&conversation.hub)))
            .rows(rows.collect());
        if conversation.kind == ConversationKind::Group {
            sheet = sheet.button("Add", Act::Show(Panel::AddMembers(group)));
        }
        if conversation.kind == ConversationKind::Room {
            let link = Effect::Command(Purpose::Link(String::new()), Command::RoomLink { group });
            sheet = sheet.button("Link", Act::Do(vec![link]));
        }
        Some(sheet.button("Close", Act::Close))
    }

    /// What can be done with a member.
    pub(crate) fn member_sheet(&self, group: GroupId, who: Identity) -> Option<Sheet> {
        let conversation = self.world.conversation(&group)?;
        let member = conversation.members.iter().find(|member| member.identity == who)?;
        let mine = conversation.members.iter().find(|member| member.me).map_or(2, |member| member.role);
        let name = if member.me { "You".to_owned() } else { clean::name(&member.name) };
        let mut rows = Vec::new();
        if self.world.contact(&who).is_some() {
            rows.push(choice("Show contact and safety number", "", Act::Show(Panel::Contact(who))));
        }
        if mine == 0 && conversation.kind != ConversationKind::Pair {
            for role in (0..3u8).filter(|role| *role != member.role) {
                let command = Command::SetRole { group, member: who, role };
                let purpose = Purpose::Say(format!("{name}: {} now.", role_name(role)));
                rows.push(choice(
                    format!("Make {}", role_name(role)),
                    "",
                    Act::Do(vec![Effect::Command(purpose, command)]),
                ));
            }
        }
        if !member.me && mine < member.role && conversation.kind != ConversationKind::Pair {
            let command = Command::RemoveMember { group, member: who };
            let mut row = choice(
                "Remove from this conversation",
                "",
                Act::Show(Panel::Confirm {
                    question: format!("Remove {name}? From then on {name} reads nothing that is written here."),
                    yes: "Remove",
                    effects: vec![Effect::Command(Purpose::Say("Removed.".to_owned()), command)],
                }),
            );
            row.tone = Tone::Bad;
            rows.push(row);
        }
        Some(
            Sheet::new(Kind::Member(group, who), name)
                .say(Tone::Dim, role_name(member.role))
                .rows(rows)
                .button("Close", Act::Close),
        )
    }

    /// Whom to add.
    pub(crate) fn add_members(&self, group: GroupId) -> Option<Sheet> {
        let conversation = self.world.conversation(&group)?;
        let inside: Vec<Identity> = conversation.members.iter().map(|member| member.identity).collect();
        let sheet = Sheet::new(Kind::AddMembers(group), "Add members").rows(self.markable(&inside));
        Some(sheet.button("Add", Act::Submit).button("Cancel", Act::Close))
    }

    /// A new group.
    pub(crate) fn new_group(&self) -> Sheet {
        let rows = self.markable(&[]);
        let hint = if rows.is_empty() {
            "You have no contacts yet; they can be added later."
        } else {
            "Space marks who is in it from the beginning."
        };
        Sheet::new(Kind::NewGroup, "New group")
            .say(Tone::Dim, hint)
            .field("Name of the group", "")
            .rows(rows)
            .button("Make it", Act::Submit)
            .button("Cancel", Act::Close)
    }

    fn markable(&self, without: &[Identity]) -> Vec<Choice> {
        let contacts =
            self.world.contacts.iter().filter(|contact| !contact.blocked && !without.contains(&contact.identity));
        let row = |contact: &ContactView| {
            let mut row = choice(clean::name(&contact.name), state_of(contact), Act::Toggle);
            (row.marked, row.key) = (Some(false), contact.identity.0.to_vec());
            row
        };
        contacts.map(row).collect()
    }
}

fn contact_buttons(sheet: Sheet, contact: &ContactView, name: &str) -> Sheet {
    let who = contact.identity;
    let verify = |verified, line: String| {
        Act::Do(vec![Effect::Command(Purpose::Say(line), Command::SetVerified { contact: who, verified })])
    };
    let mut sheet = sheet;
    if contact.key_changed {
        sheet = sheet.button("Later", Act::Close).button("It fits", verify(true, format!("{name} is verified.")));
        let question = format!("Write to {name} without having compared the number?");
        let effects = vec![Effect::Command(Purpose::Quiet, Command::SetVerified { contact: who, verified: false })];
        return sheet.button("Write anyway", Act::Show(Panel::Confirm { question, yes: "Write anyway", effects }));
    }
    sheet = if contact.verified {
        sheet
            .button("Close", Act::Close)
            .button("Not verified", verify(false, format!("{name} is not verified any more.")))
    } else {
        sheet.button("Close", Act::Close).button("Verified: it fits", verify(true, format!("{name} is verified.")))
    };
    if contact.blocked {
        let command = Command::SetBlocked { contact: who, blocked: false };
        let purpose = Purpose::Say(format!("You hear from {name} again."));
        return sheet.button("Unblock", Act::Do(vec![Effect::Command(purpose, command)]));
    }
    sheet
}

/// What there is to say about a contact in a word or two.
fn state_of(contact: &ContactView) -> String {
    let words = [
        (contact.key_changed, "key changed"),
        (contact.verified && !contact.key_changed, "verified"),
        (contact.blocked, "blocked"),
    ];
    let said: Vec<&str> = words.iter().filter(|(is, _)| *is).map(|(_, word)| *word).collect();
    if said.is_empty() { "not verified".to_owned() } else { said.join(", ") }
}

/// Sixty digits in rows of four groups of five.
pub(crate) fn digits(number: &str) -> Vec<String> {
    let digits: Vec<char> = number.chars().filter(char::is_ascii_digit).collect();
    digits
        .chunks(20)
        .map(|row| row.chunks(5).map(|group| group.iter().collect::<String>()).collect::<Vec<_>>().join(" "))
        .collect()
}
