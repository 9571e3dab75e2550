//! What a written command comes to: effects, or something to show. Screen and line mode share this.

mod people;

use super::clean;
use super::clock::lasting;
use super::effect::{Effect, Purpose};
use super::messages::summary;
use super::slash::Slash;
use super::text::clip;
use super::world::{Place, World, role_name};
use tidings_client::command::{Command, Secret};
use tidings_client::view::{ConversationKind, ConversationView, GroupId, Identity, MessageId, MessageView, Shown};

/// Cells that a question shows of the message that it is about.
const SHOWN: usize = 60;

/// What the command is about.
pub(crate) struct Context<'a> {
    /// What is known.
    pub(crate) world: &'a World,
    /// Where the person is.
    pub(crate) place: Option<&'a Place>,
    /// The selected message, or else the last.
    pub(crate) message: Option<&'a MessageView>,
    /// The last text of one's own.
    pub(crate) own: Option<&'a MessageView>,
}

/// What is to be shown.
#[derive(Clone, Debug)]
pub(crate) enum Panel {
    /// Keys and commands.
    Help,
    /// Ask for whom an invitation is.
    Invite,
    /// Open invitations.
    Invitations,
    /// Ask for a link.
    Accept,
    /// Ask where to go.
    Go,
    /// The contacts.
    Contacts,
    /// One contact with its safety number.
    Contact(Identity),
    /// Ask for name and members of a group.
    NewGroup,
    /// Members of a conversation.
    Members(GroupId),
    /// Ask whom to add to a conversation.
    AddMembers(GroupId),
    /// One's own devices.
    Devices,
    /// How far a message has come.
    Info(MessageId),
    /// A search.
    Search {
        /// For what.
        text: String,
        /// In all conversations.
        everywhere: bool,
    },
    /// What the person should know.
    Warnings,
    /// Older messages.
    Older,
    /// Open the file of a message.
    Open(GroupId, MessageId),
    /// Change this message.
    Edit(MessageId),
    /// Answer this message.
    Reply(MessageId),
    /// A question; on yes, these effects.
    Confirm {
        /// What is asked.
        question: String,
        /// What yes is called.
        yes: &'static str,
        /// What then happens.
        effects: Vec<Effect>,
    },
}

/// What comes of a command.
#[derive(Clone, Debug)]
pub(crate) enum Intent {
    /// Do this.
    Do(Vec<Effect>),
    /// Go there.
    Go(Place),
    /// Show this.
    Show(Panel),
}

/// One command whose success is said in a line.
pub(crate) fn said(line: impl Into<String>, command: Command) -> Intent {
    Intent::Do(vec![Effect::Command(Purpose::Say(line.into()), command)])
}

/// One command.
pub(crate) fn quiet(command: Command) -> Intent {
    Intent::Do(vec![Effect::Command(Purpose::Quiet, command)])
}

/// Takes the warnings away that are shown now.
pub(crate) fn dismiss(world: &World) -> Effect {
    let told = world.me.iter().flat_map(|me| me.warnings.clone()).collect();
    Effect::Command(Purpose::Dismissed, Command::DismissWarnings(told))
}

/// What a command comes to. The error is for the person.
pub(crate) fn intend(slash: Slash, context: &Context<'_>) -> Result<Intent, String> {
    match slash {
        Slash::Help => Ok(Intent::Show(Panel::Help)),
        Slash::Invitations => Ok(Intent::Show(Panel::Invitations)),
        Slash::Contacts => Ok(Intent::Show(Panel::Contacts)),
        Slash::Devices => Ok(Intent::Show(Panel::Devices)),
        Slash::Warnings => Ok(Intent::Show(Panel::Warnings)),
        Slash::Dismiss => Ok(Intent::Do(vec![dismiss(context.world)])),
        Slash::Older => Ok(Intent::Show(Panel::Older)),
        Slash::Search(text, everywhere) => Ok(Intent::Show(Panel::Search { text, everywhere })),
        Slash::Go(name) if name.is_empty() => Ok(Intent::Show(Panel::Go)),
        Slash::Go(name) => context.world.find_place(&name).map(Intent::Go),
        Slash::Quit => Ok(Intent::Do(vec![Effect::Quit])),
        Slash::Backup => Ok(said("The backup is written.", Command::BackUp)),
        Slash::AddDevice => Ok(Intent::Do(vec![Effect::Command(Purpose::Code, Command::OfferLink)])),
        Slash::Me(name) => Ok(profile("Your name is changed.", Some(name), None, None, None)),
        Slash::Status(text) => Ok(profile("The line about you is changed.", None, Some(text), None, None)),
        Slash::Receipts(on) => Ok(profile(
            if on { "Others are told what you have read." } else { "Others are not told what you have read." },
            None,
            None,
            Some(on),
            None,
        )),
        Slash::Keep(history) => {
            Ok(profile("This is what the backup keeps from now on.", None, None, None, Some(history)))
        }
        Slash::Join(channel) => {
            let line = format!("You are in #{}. It is public and not encrypted.", clean::name(&channel));
            let purpose = Purpose::Enter(Place::Channel(channel.clone()), line);
            Ok(Intent::Do(vec![Effect::Command(purpose, Command::JoinChannel { channel })]))
        }
        Slash::React(emoji) => react(emoji, context),
        Slash::Reply(text) => reply(text, context),
        Slash::Edit(text) => edit(text, context),
        Slash::Delete => delete(context),
        Slash::Info => Ok(Intent::Show(Panel::Info(message(context)?.id))),
        Slash::Open(path) => open(path, context),
        Slash::Send { path, caption, look } => {
            let (group, reply) = (group(context)?.id, None);
            Ok(Intent::Do(vec![Effect::Attach { group, path, look, caption, reply }]))
        }
        other => people::intend(other, context),
    }
}

fn profile(
    line: &str,
    name: Option<String>,
    statement: Option<String>,
    read_receipts: Option<bool>,
    history: Option<tidings_client::command::KeepHistory>,
) -> Intent {
    said(line, Command::SetProfile { name, picture: None, statement, read_receipts, history })
}

/// The conversation that the person is in.
pub(crate) fn group<'a>(context: &Context<'a>) -> Result<&'a ConversationView, String> {
    match context.place {
        Some(Place::Conversation(id)) => {
            context.world.conversation(id).ok_or_else(|| "this conversation is gone".to_owned())
        }
        Some(Place::Channel(_)) => Err("that can't be done in a public channel".to_owned()),
        None => Err("go to a conversation first: /go NAME".to_owned()),
    }
}

fn message<'a>(context: &Context<'a>) -> Result<&'a MessageView, String> {
    context.message.ok_or_else(|| "there is no message".to_owned())
}

fn react(emoji: String, context: &Context<'_>) -> Result<Intent, String> {
    let emoji = clean::line(&emoji);
    if emoji.len() > 64 || emoji.split_whitespace().count() > 1 {
        return Err("a reaction is one emoji".to_owned());
    }
    Ok(quiet(Command::React { group: group(context)?.id, message: message(context)?.id, emoji }))
}

fn reply(text: String, context: &Context<'_>) -> Result<Intent, String> {
    let (group, reply) = (group(context)?.id, message(context)?.id);
    if text.is_empty() {
        return Ok(Intent::Show(Panel::Reply(reply)));
    }
    let purpose = Purpose::Sent(group, text.clone());
    Ok(Intent::Do(vec![Effect::Command(purpose, Command::SendText { group, text, reply: Some(reply), expire: None })]))
}

fn edit(text: String, context: &Context<'_>) -> Result<Intent, String> {
    let group = group(context)?.id;
    let own = context.message.filter(|message| message.mine && matches!(message.shown, Shown::Text(_))).or(context.own);
    let own = own.ok_or("there is no text of yours to change")?;
    if text.is_empty() {
        return Ok(Intent::Show(Panel::Edit(own.id)));
    }
    Ok(quiet(Command::Edit { group, message: own.id, text }))
}

fn delete(context: &Context<'_>) -> Result<Intent, String> {
    let (group, message) = (group(context)?, message(context)?);
    let me = group.members.iter().find(|member| member.me);
    if !message.mine && me.is_none_or(|me| me.role > 1) {
        return Err(format!("only {} and owners or moderators can delete this", clean::name(&message.name)));
    }
    let command = Command::Delete { group: group.id, message: message.id };
    let whose =
        if message.mine { "your message".to_owned() } else { format!("the message of {}", clean::name(&message.name)) };
    let line = clip(&summary(message), SHOWN);
    Ok(Intent::Show(Panel::Confirm {
        question: format!("Delete {whose} \"{line}\" for everybody?"),
        yes: "Delete",
        effects: vec![Effect::Command(Purpose::Quiet, command)],
    }))
}

fn open(path: Option<std::path::PathBuf>, context: &Context<'_>) -> Result<Intent, String> {
    let (group, message) = (group(context)?.id, message(context)?);
    if !matches!(message.shown, Shown::File(_)) {
        return Err("there is no file in this message".to_owned());
    }
    Ok(match path {
        Some(path) => Intent::Do(vec![Effect::Fetch { group, message: message.id, path: Some(path) }]),
        None => Intent::Show(Panel::Open(group, message.id)),
    })
}

/// A room's link, or why there is none.
fn room_link(context: &Context<'_>) -> Result<Intent, String> {
    let conversation = group(context)?;
    if conversation.kind != ConversationKind::Room {
        return Err("only rooms have a link; groups are joined by being added: /add NAME".to_owned());
    }
    Ok(Intent::Do(vec![Effect::Command(Purpose::Link(String::new()), Command::RoomLink { group: conversation.id })]))
}

/// What is said when disappearing is changed.
fn expire_line(seconds: u32) -> String {
    match seconds {
        0 => "Messages don't disappear.".to_owned(),
        seconds => format!("Messages disappear {} after they were read.", lasting(seconds.into())),
    }
}

/// What is said when a role is changed.
fn role_line(name: &str, role: u8) -> String {
    format!("{name} is {} now.", role_name(role))
}

/// A secret out of what was written.
fn secret(text: Option<String>) -> Option<Secret> {
    text.filter(|text| !text.is_empty()).map(Secret)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::screen::fixture;
    use crate::screen::slash::parse;

    fn run(line: &str, place: Option<Place>) -> Result<Intent, String> {
        let world = fixture::world();
        let messages = fixture::talk();
        let context = Context {
            world: &world,
            place: place.as_ref(),
            message: messages.last(),
            own: messages.iter().rev().find(|message| message.mine),
        };
        intend(parse(line).unwrap(), &context)
    }

    fn here() -> Option<Place> {
        Some(Place::Conversation(fixture::group(1)))
    }

    #[test]
    fn a_command_needs_its_place() {
        assert_eq!(run("/send a.jpg", None).unwrap_err(), "go to a conversation first: /go NAME");
        assert_eq!(run("/leave", None).unwrap_err(), "go to a conversation first: /go NAME");
        let channel = Some(Place::Channel("news".into()));
        assert_eq!(run("/send a.jpg", channel).unwrap_err(), "that can't be done in a public channel");
        assert!(matches!(run("/send a.jpg", here()), Ok(Intent::Do(_))));
    }

    #[test]
    fn an_open_room_keeps_its_passphrase() {
        assert_eq!(run("/unlock horse", here()).unwrap_err(), "this room is open already");
    }

    #[test]
    fn invitations_let_newcomers_in() {
        let Ok(Intent::Do(effects)) = run("/invite Bob", None) else { panic!("nothing is done") };
        assert!(matches!(effects.as_slice(), [Effect::Command(_, Command::Invite { account: true, .. })]));
    }

    #[test]
    fn names_are_found_and_doubts_said() {
        assert!(matches!(run("/go ali", None), Ok(Intent::Go(Place::Conversation(_)))));
        assert_eq!(run("/go #lobby", None).unwrap_err(), "#lobby was not joined: /join #lobby does that");
        assert_eq!(run("/verify zoe", None).unwrap_err(), "no contact is called \"zoe\"");
        assert!(matches!(run("/verify alice", None), Ok(Intent::Show(Panel::Contact(_)))));
        assert!(matches!(run("/verify", here()), Ok(Intent::Show(Panel::Contact(_)))));
    }

    #[test]
    fn what_can_not_be_undone_is_asked() {
        let trip = Some(Place::Conversation(fixture::group(3)));
        assert!(matches!(run("/leave", trip), Ok(Intent::Show(Panel::Confirm { .. }))));
        assert!(run("/leave", here()).is_err_and(|why| why.contains("/forget-contact")));
        assert!(matches!(run("/block alice", None), Ok(Intent::Show(Panel::Confirm { .. }))));
        assert!(matches!(run("/unblock alice", None), Ok(Intent::Do(_))));
    }

    #[test]
    fn every_command_comes_to_something() {
        for entry in super::super::slash::ENTRIES {
            if let Ok(slash) = parse(&format!("/{} alice bob", entry.name)) {
                let world = fixture::world();
                let place = Place::Conversation(fixture::group(1));
                let context = Context { world: &world, place: Some(&place), message: None, own: None };
                if let Err(why) = intend(slash, &context) {
                    assert!(!why.is_empty() && !why.contains("not a command"), "{}: {why}", entry.name);
                }
            }
        }
    }
}
