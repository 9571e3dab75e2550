//! The dialogs.

mod help;
mod people;

use super::App;
use crate::screen::clean;
use crate::screen::clock::lasting;
use crate::screen::effect::{Effect, Purpose};
use crate::screen::intent::Panel;
use crate::screen::messages::summary;
use crate::screen::palette::Tone;
use crate::screen::sheet::{Act, Choice, Kind, Sheet, choice};
use crate::screen::world::{Place, delivery_words};
use tidings_client::command::Command;
use tidings_client::view::{DeviceRequest, GroupId, MessageId, MessageView};

impl App {
    /// The dialog of a panel; nothing if what it is about is gone.
    pub(crate) fn sheet(&self, panel: Panel) -> Option<Sheet> {
        match panel {
            Panel::Help => Some(help::sheet()),
            Panel::Invite => Some(invite()),
            Panel::Invitations => Some(self.invitations()),
            Panel::Accept => Some(accept("")),
            Panel::Go => {
                let mut sheet = Sheet::new(Kind::Go, "Go to").field("Name", "");
                sheet.rows = self.go_rows("");
                Some(sheet)
            }
            Panel::Contacts => {
                let mut sheet = Sheet::new(Kind::Contacts, "Contacts").field("Name", "");
                sheet.rows = self.contact_rows("");
                Some(sheet)
            }
            Panel::Contact(who) => self.contact_sheet(who),
            Panel::NewGroup => Some(self.new_group()),
            Panel::Members(group) => self.members_sheet(group),
            Panel::AddMembers(group) => self.add_members(group),
            Panel::Devices => Some(self.devices()),
            Panel::Info(id) => self.info(id),
            Panel::Search { text, everywhere } => Some(self.search_sheet(&text, everywhere)),
            Panel::Warnings => Some(self.warnings_sheet()),
            Panel::Confirm { question, yes, effects } => Some(
                Sheet::new(Kind::Confirm, "Sure?")
                    .say(Tone::Text, question)
                    .button("No", Act::Close)
                    .button(yes, Act::Do(effects)),
            ),
            Panel::Older | Panel::Open(..) | Panel::Edit(_) | Panel::Reply(_) => None,
        }
    }

    /// The places whose name has this in it, unread ones first.
    pub(crate) fn go_rows(&self, text: &str) -> Vec<Choice> {
        let wanted = text.trim_start_matches('#').to_lowercase();
        let fits = |name: &str| name.to_lowercase().contains(&wanted);
        let mut found: Vec<_> = self.world.conversations.iter().filter(|one| fits(&one.title)).collect();
        found.sort_by_key(|one| one.unread == 0 || one.muted);
        let conversations = found.into_iter().map(|one| {
            let note = match one.unread {
                0 => String::new(),
                unread => format!("{unread} unread"),
            };
            choice(clean::name(&one.title), note, Act::Go(Place::Conversation(one.id)))
        });
        let channels = self
            .world
            .channels
            .iter()
            .filter(|name| fits(name))
            .map(|name| choice(format!("#{}", clean::name(name)), "public", Act::Go(Place::Channel(name.clone()))));
        conversations.chain(channels).collect()
    }

    /// What was found, in a row.
    pub(crate) fn found_row(&self, group: GroupId, message: MessageView, everywhere: bool) -> Choice {
        let name = if message.mine { "You".to_owned() } else { clean::name(&message.name) };
        let text = format!("{name}: {}", summary(&message));
        let mut note = self.clock.brief(message.at, self.now);
        if everywhere {
            let title: String = self.world.title(&Place::Conversation(group)).chars().take(16).collect();
            note = format!("{title}  {note}");
        }
        choice(text, note, Act::Jump(group, Box::new(message)))
    }

    fn search_sheet(&self, text: &str, everywhere: bool) -> Sheet {
        let within = if everywhere { None } else { self.group() };
        let title = match within {
            Some(group) => format!("Search in {}", self.world.title(&Place::Conversation(group))),
            None => "Search everywhere".to_owned(),
        };
        let mut sheet = Sheet::new(Kind::Search(within), title).field("Words", text);
        if within.is_some() {
            sheet = sheet.button("Everywhere", Act::Show(Panel::Search { text: text.to_owned(), everywhere: true }));
        } else if self.group().is_some() {
            sheet = sheet.button("Here only", Act::Show(Panel::Search { text: text.to_owned(), everywhere: false }));
        }
        sheet.say(Tone::Dim, "At least two letters.")
    }

    fn info(&self, id: MessageId) -> Option<Sheet> {
        let message = self.thread.as_ref()?.message(&id)?;
        let others = self
            .group()
            .and_then(|group| self.world.conversation(&group))
            .map_or(1, |one| one.members.len().saturating_sub(1));
        let mut sheet = Sheet::new(Kind::Info, "Message")
            .say(Tone::Dim, summary(message).chars().take(200).collect::<String>())
            .say(Tone::Text, format!("Written {}", self.clock.full(message.at)));
        if let Some(delivery) = message.delivery {
            sheet = sheet.say(Tone::Text, format!("It is {}.", delivery_words(delivery, others)));
            sheet = sheet
                .say(Tone::Dim, "… waiting   ✓ accepted by the hub   ✓✓ on a device of theirs   ✓✓✓ seen   ✗ not sent");
        } else {
            sheet = sheet.say(Tone::Text, format!("By {}", clean::name(&message.name)));
        }
        if message.edited {
            sheet = sheet.say(Tone::Text, "It was changed; earlier texts are not kept.");
        }
        if let Some(expires) = message.expires {
            let left = expires.saturating_sub(self.now) / 1_000;
            sheet = sheet.say(Tone::Text, format!("It disappears in {}.", lasting(left)));
        }
        for (emoji, people) in &message.reactions {
            let names: Vec<String> = people.iter().take(20).map(|who| self.world.name_of(who)).collect();
            sheet = sheet.say(Tone::Text, format!("{} {}", clean::line(emoji), names.join(", ")));
        }
        Some(sheet.button("Close", Act::Close))
    }

    fn warnings_sheet(&self) -> Sheet {
        let mut sheet = Sheet::new(Kind::Warnings, "What you should know");
        let warnings = self.all_warnings();
        let dismiss = !warnings.is_empty();
        if warnings.is_empty() {
            sheet = sheet.say(Tone::Good, "Nothing: all is as it should be.");
        }
        for warning in warnings {
            sheet = sheet.say(Tone::Warn, format!("• {warning}"));
        }
        if let Some(me) = &self.world.me {
            let backup = match me.backup {
                Some((counter, at)) => {
                    format!("The backup was last written {} (number {counter}).", self.clock.full(at))
                }
                None => "There is no backup yet: /backup".to_owned(),
            };
            sheet = sheet
                .say(Tone::Dim, "")
                .say(Tone::Dim, backup)
                .say(Tone::Dim, format!("Your node: {}", clean::line(&me.node)));
        }
        if dismiss {
            sheet = sheet.button("Dismiss", Act::Do(vec![crate::screen::intent::dismiss(&self.world)]));
        }
        sheet.button("Close", Act::Close)
    }

    fn devices(&self) -> Sheet {
        let rows = self.world.devices.iter().map(|device| {
            let name = clean::name(&device.name);
            let note =
                if device.this { "this device".to_owned() } else { format!("since {}", self.clock.full(device.added)) };
            let act = if device.this {
                Act::Close
            } else {
                let command = Command::RemoveDevice { serial: device.serial };
                Act::Show(Panel::Confirm {
                    question: format!(
                        "Remove {name}? It is taken out of all conversations and reads nothing from then on."
                    ),
                    yes: "Remove",
                    effects: vec![Effect::Command(Purpose::Say("The device is removed.".to_owned()), command)],
                })
            };
            choice(name, note, act)
        });
        let add = Effect::Command(Purpose::Code, Command::OfferLink);
        Sheet::new(Kind::Devices, "Your devices")
            .say(Tone::Dim, "Choose one to remove it.")
            .rows(rows.collect())
            .button("Add a device", Act::Do(vec![add]))
            .button("Close", Act::Close)
    }

    fn invitations(&self) -> Sheet {
        let rows = self.world.invitations.iter().map(|invitation| {
            let left = invitation.expires.saturating_sub(self.now) / 1_000;
            let note = clean::line(&invitation.note);
            let name = if note.is_empty() { "(for nobody by name)".to_owned() } else { note };
            let command = Command::CancelInvitation { id: invitation.id };
            let act = Act::Show(Panel::Confirm {
                question: format!("Revoke the invitation {name}? Its link is of no use from then on."),
                yes: "Revoke",
                effects: vec![Effect::Command(Purpose::Say("Revoked.".to_owned()), command)],
            });
            choice(name, format!("good for {}", lasting(left)), act)
        });
        let rows: Vec<_> = rows.collect();
        let text = if rows.is_empty() { "There are none." } else { "Choose one to revoke it." };
        Sheet::new(Kind::Invitations, "Open invitations")
            .say(Tone::Dim, text)
            .rows(rows)
            .button("New invitation", Act::Show(Panel::Invite))
            .button("Close", Act::Close)
    }

    /// The link that was made.
    pub(crate) fn show_link(&mut self, note: &str, link: &str) {
        let what = match note {
            "" => "Give this link to one person. It can be used once.".to_owned(),
            note => format!("Give this link to {}. It can be used once.", clean::line(note)),
        };
        let room = link.contains("/r#");
        let what = if room { "Whoever has this link can join the room.".to_owned() } else { what };
        let sheet = Sheet::new(Kind::Link, if room { "Link of the room" } else { "Invitation" })
            .say(Tone::Text, what)
            .say(Tone::Text, "")
            .say(Tone::Link, clean::line(link))
            .say(Tone::Text, "")
            .say(Tone::Dim, "What follows the # is secret and is not sent to any server.")
            .qr(link)
            .button("Copy", Act::Copy(link.to_owned()))
            .button("Close", Act::Close);
        self.show(sheet);
    }

    /// The code for a new device.
    pub(crate) fn show_code(&mut self, code: &str, until: u64) {
        let left = until.saturating_sub(self.now) / 1_000;
        let mut sheet = Sheet::new(Kind::Code, "Add a device")
            .say(Tone::Text, "On the new device choose to link it, and write or scan this code:")
            .say(Tone::Text, "")
            .say(Tone::Strong, clean::line(code))
            .say(Tone::Text, "")
            .say(
                Tone::Dim,
                format!(
                    "It is good for {} and for one device. Then both show a number; it must be the same.",
                    lasting(left)
                ),
            )
            .qr(code)
            .button("Close", Act::Close);
        sheet.until = Some(until);
        self.show(sheet);
    }

    /// A device asks to be linked.
    pub(crate) fn show_device(&mut self, request: DeviceRequest, name: &str, check: &str) {
        self.sheets.retain(|sheet| sheet.kind != Kind::Code);
        let answer = |accept, line: &str| {
            let purpose = Purpose::Say(line.to_owned());
            Act::Do(vec![Effect::Command(purpose, Command::AnswerLink { request, accept })])
        };
        let mut sheet = Sheet::new(Kind::DeviceAsks(request), "A device wants to be yours")
            .say(Tone::Text, format!("It calls itself \"{}\" and must show this number:", clean::name(name)))
            .say(Tone::Text, "")
            .say(Tone::Strong, clean::line(check))
            .say(Tone::Text, "")
            .say(
                Tone::Warn,
                "Say no if it shows another number, or if you have not just added a device: it would read everything.",
            )
            .button("No", answer(false, "The device was refused."))
            .button("Yes, it shows this number", answer(true, "The device is yours now."));
        sheet.must_answer = true;
        self.show(sheet);
    }
}

fn invite() -> Sheet {
    Sheet::new(Kind::Invite, "Invite somebody")
        .say(Tone::Dim, "You get a link that one person can use once; who has no account yet gets one at your node.")
        .field("For whom (only you see this)", "")
        .field("Good for how many days", "7")
        .button("Make the link", Act::Submit)
        .button("Cancel", Act::Close)
}

/// Asks for a link, or what to do with this one.
pub(crate) fn accept(link: &str) -> Sheet {
    Sheet::new(Kind::Accept, "Accept an invitation")
        .say(Tone::Dim, "Paste the link that you were given: of a person, or of a room.")
        .field("Link", link)
        .secret("Passphrase, if the room has one")
        .button("Accept", Act::Submit)
        .button("Cancel", Act::Close)
}

/// Asks for the passphrase of a room.
pub(crate) fn unlock(group: GroupId, title: &str) -> Sheet {
    Sheet::new(Kind::Unlock(group), "Locked")
        .say(Tone::Text, format!("{title} has a passphrase."))
        .secret("Passphrase")
        .button("Open", Act::Submit)
        .button("Cancel", Act::Close)
}

/// Asks for a file to send.
pub(crate) fn file() -> Sheet {
    let rows = vec![
        choice("Send it", "", Act::Submit),
        choice("Send a picture that can be seen once", "", Act::Submit),
        choice("Send a picture that can be seen for 10 seconds", "", Act::Submit),
    ];
    Sheet::new(Kind::File, "Send a file")
        .say(Tone::Dim, "Pictures lose their metadata (place, camera) before they leave.")
        .field("Path", "")
        .field("Caption", "")
        .rows(rows)
}
