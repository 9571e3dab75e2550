//! Commands about people and the conversations they are in.

use super::{Context, Intent, Panel, expire_line, group, quiet, role_line, room_link, said, secret};
use crate::screen::clean;
use crate::screen::effect::{Effect, Purpose};
use crate::screen::slash::Slash;
use crate::screen::world::{Place, kind_words};
use tidings_client::command::{Command, Secret};
use tidings_client::view::{ContactView, ConversationKind, ConversationView, Identity, Standing};

/// What a command comes to.
pub(crate) fn intend(slash: Slash, context: &Context<'_>) -> Result<Intent, String> {
    match slash {
        Slash::Invite { note, .. } if note.is_empty() => Ok(Intent::Show(Panel::Invite)),
        Slash::Invite { note, days } => Ok(invite(note, days)),
        Slash::Accept { link: None, .. } => Ok(Intent::Show(Panel::Accept)),
        Slash::Accept { link: Some(link), passphrase } => Ok(accept(link, passphrase)),
        Slash::Verify(name) => Ok(Intent::Show(Panel::Contact(contact(&name, context)?.identity))),
        Slash::Block(name, blocked) => block(contact(&name, context)?, blocked),
        Slash::Rename(name, new) => {
            let contact = context.world.find_contact(&name)?.identity;
            Ok(said("Renamed.", Command::RenameContact { contact, name: new }))
        }
        Slash::ForgetContact(name) => {
            let contact = context.world.find_contact(&name)?;
            let question =
                format!("Remove {} from your contacts? They can't write to you any more.", clean::name(&contact.name));
            Ok(ask(question, "Remove", said_effect("Removed.", Command::RemoveContact { contact: contact.identity })))
        }
        Slash::Introduce(first, second) => {
            let (first, second) = (context.world.find_contact(&first)?, context.world.find_contact(&second)?);
            let line = format!("{} and {} are asked.", clean::name(&first.name), clean::name(&second.name));
            Ok(said(line, Command::Introduce { first: first.identity, second: second.identity }))
        }
        Slash::Group(_, members) if members.is_empty() => Ok(Intent::Show(Panel::NewGroup)),
        Slash::Group(name, members) => {
            let members = contacts(&members, context)?;
            Ok(go(Command::CreateGroup { name, members }))
        }
        Slash::Room(name, passphrase) => Ok(go(Command::CreateRoom { name, passphrase: secret(passphrase) })),
        other => in_conversation(other, context),
    }
}

fn in_conversation(slash: Slash, context: &Context<'_>) -> Result<Intent, String> {
    if let (Slash::Leave, Some(Place::Channel(channel))) = (&slash, context.place) {
        return Ok(said("You have left.", Command::LeaveChannel { channel: channel.clone() }));
    }
    let conversation = group(context)?;
    let group = conversation.id;
    match slash {
        Slash::Members => Ok(Intent::Show(Panel::Members(group))),
        Slash::Link => room_link(context),
        Slash::Add(names) => {
            if conversation.kind == ConversationKind::Pair {
                return Err("two people stay two; make a group: /group NAME MEMBER…".to_owned());
            }
            Ok(said("Added.", Command::AddMembers { group, members: contacts(&names, context)? }))
        }
        Slash::Remove(name) => {
            let (member, name) = member(&name, context)?;
            let question = format!("Remove {name} from this conversation?");
            Ok(ask(question, "Remove", said_effect("Removed.", Command::RemoveMember { group, member })))
        }
        Slash::Role(name, role) => {
            let (member, name) = member(&name, context)?;
            Ok(said(role_line(&name, role), Command::SetRole { group, member, role }))
        }
        Slash::Title(name) => {
            Ok(said("Renamed.", Command::SetGroup { group, name: Some(name), picture: None, expire: None }))
        }
        Slash::Expire(seconds) => {
            let command = Command::SetGroup { group, name: None, picture: None, expire: Some(seconds) };
            Ok(said(expire_line(seconds), command))
        }
        Slash::Leave => leave(conversation),
        Slash::Forget => {
            // What can't be come into, or not believed, can be given up.
            let over = matches!(conversation.standing, Standing::Out | Standing::Behind | Standing::Joining);
            if !over && conversation.kind != ConversationKind::Pair {
                return Err("leave it first: /leave".to_owned());
            }
            let question = format!("Delete {} and all its messages here?", clean::name(&conversation.title));
            Ok(ask(question, "Delete", said_effect("Deleted.", Command::Forget { group })))
        }
        Slash::Mute => {
            let line = if conversation.muted { "No longer muted." } else { "Muted." };
            Ok(said(line, Command::SetConversation { group, muted: Some(!conversation.muted), archived: None }))
        }
        Slash::Archive => {
            let line = if conversation.archived { "Back in the list." } else { "Out of sight; search still finds it." };
            Ok(said(line, Command::SetConversation { group, muted: None, archived: Some(!conversation.archived) }))
        }
        Slash::Unlock(_) if !matches!(conversation.standing, Standing::Locked | Standing::Joining) => {
            Err("this room is open already".to_owned())
        }
        Slash::Unlock(passphrase) => Ok(quiet(Command::Unlock { group, passphrase: Secret(passphrase) })),
        _ => Err("this can't be done here".to_owned()),
    }
}

/// Leaves a group or room, if the person is sure.
fn leave(conversation: &ConversationView) -> Result<Intent, String> {
    if conversation.kind == ConversationKind::Pair {
        let instead = "two people stay two: /forget-contact NAME ends the conversation for both, /block drops what they send, /archive \
            puts it out of sight";
        return Err(instead.to_owned());
    }
    let kind = kind_words(conversation.kind, conversation.members.len());
    let question = format!("Leave {} ({kind})?", clean::name(&conversation.title));
    let command = Command::Leave { group: conversation.id };
    Ok(ask(question, "Leave", said_effect("You have left.", command)))
}

/// Makes an invitation.
pub(crate) fn invite(note: String, days: u64) -> Intent {
    let command = Command::Invite { lasts: days * 86_400, note: note.clone(), token: None, account: true };
    Intent::Do(vec![Effect::Command(Purpose::Link(note), command)])
}

/// Accepts a link.
pub(crate) fn accept(link: String, passphrase: Option<String>) -> Intent {
    go(Command::Accept { link: Secret(link), passphrase: secret(passphrase) })
}

fn go(command: Command) -> Intent {
    Intent::Do(vec![Effect::Command(Purpose::Go, command)])
}

fn said_effect(line: &str, command: Command) -> Effect {
    Effect::Command(Purpose::Say(line.to_owned()), command)
}

fn ask(question: String, yes: &'static str, effect: Effect) -> Intent {
    Intent::Show(Panel::Confirm { question, yes, effects: vec![effect] })
}

fn block(contact: &ContactView, blocked: bool) -> Result<Intent, String> {
    let name = clean::name(&contact.name);
    let command = Command::SetBlocked { contact: contact.identity, blocked };
    if !blocked {
        return Ok(said(format!("You hear from {name} again."), command));
    }
    let question = format!("Block {name}? What they send is dropped silently; they don't learn of it.");
    Ok(ask(question, "Block", said_effect("Blocked.", command)))
}

/// The contact that is named, or the one that one talks to.
fn contact<'a>(name: &str, context: &Context<'a>) -> Result<&'a ContactView, String> {
    if !name.is_empty() {
        return context.world.find_contact(name);
    }
    let here = group(context)?;
    let changed = match &here.standing {
        Standing::KeyChanged(who) => Some(*who),
        _ => None,
    };
    let who = changed.or(here.contact).ok_or("whom? Write the name after the command")?;
    context.world.contact(&who).ok_or_else(|| "this is no contact of yours".to_owned())
}

fn contacts(names: &[String], context: &Context<'_>) -> Result<Vec<Identity>, String> {
    names.iter().map(|name| context.world.find_contact(name).map(|contact| contact.identity)).collect()
}

/// A member of this conversation by the beginning of its name.
fn member(name: &str, context: &Context<'_>) -> Result<(Identity, String), String> {
    let conversation = group(context)?;
    let wanted = name.to_lowercase();
    let exact = conversation.members.iter().filter(|member| member.name.to_lowercase() == wanted).collect::<Vec<_>>();
    let begun = conversation
        .members
        .iter()
        .filter(|member| member.name.to_lowercase().starts_with(&wanted))
        .collect::<Vec<_>>();
    match (exact.as_slice(), begun.as_slice()) {
        ([member], _) | ([], [member]) => Ok((member.identity, clean::name(&member.name))),
        ([], []) => Err(format!("no member is called \"{}\"", clean::line(name))),
        _ => Err(format!("several members are called \"{}\"", clean::line(name))),
    }
}
